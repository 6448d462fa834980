"""Every route, as anonymous, as a stranger to the territory and as each role.

A route that is not in tests/routes.py fails: whoever adds one says who may use it.
"""

import pytest
from django.db import transaction
from django.urls import URLPattern, get_resolver, reverse

from crm.models import PartnerToken, Role
from tests.crm.factories import (
    PartnerTokenFactory,
    TerritoryFactory,
    UserFactory,
)
from tests.routes import API, BY_LINK, DATA, GET, PUBLIC, ROUTES, SHARED
from tests.world import one_of_each

pytestmark = pytest.mark.django_db


def names(entries, namespace=""):
    for entry in entries:
        if isinstance(entry, URLPattern):
            yield namespace + (entry.name or "")
        else:
            inner = f"{entry.namespace}:" if entry.namespace else namespace
            yield from names(entry.url_patterns, inner)


def test_every_route_says_who_may_use_it():
    known = set(ROUTES) | PUBLIC | {f"{name}-{kind}" for name in API for kind in ("list", "detail")}
    assert set(names(get_resolver().url_patterns)) <= known


@pytest.fixture
def world(territory):
    return one_of_each(territory)


def call(client, name, world):
    method, _, thing = ROUTES[name]
    url = reverse(name, args=world[thing] if thing else [])
    # Each call starts from the same world, whatever the one before did to it.
    with transaction.atomic():
        response = getattr(client, method)(url, DATA.get(name, {}))
        transaction.set_rollback(True)
    return response


def test_anonymous_is_sent_to_sign_in(client, world):
    for name in ROUTES:
        response = call(client, name, world)
        assert response.status_code == 302, name
        assert response.url.startswith("/connexion/"), name


@pytest.mark.parametrize("role", list(Role))
def test_each_role_opens_what_is_theirs_and_nothing_else(sign_in, world, role):
    wrong = {}
    for name, (_, allowed, _) in ROUTES.items():
        if name in {"crm:sign_out", "crm:switch_territory"}:
            continue
        client = sign_in(role)
        status = call(client, name, world).status_code
        may = status not in {403, 404} and status < 500
        if may is not (role in allowed):
            wrong[name] = status
    assert wrong == {}


def test_a_stranger_finds_none_of_the_territory_s_things(client, world):
    elsewhere = TerritoryFactory(name="Ailleurs", perimeter=True)
    client.force_login(UserFactory(territory=elsewhere, role=Role.MANAGER))
    wrong = {}
    for name, (_, _, thing) in ROUTES.items():
        if thing and thing not in SHARED and thing != "reference":
            status = call(client, name, world).status_code
            if status != 404:
                wrong[name] = status
    assert wrong == {}


def test_someone_without_a_role_only_gets_a_sentence(client, world):
    client.force_login(UserFactory())
    for name, (method, _, _) in ROUTES.items():
        if name != "crm:sign_out" and method == GET:
            assert call(client, name, world).status_code in {403, 404}, name


@pytest.mark.parametrize("name", sorted(PUBLIC - BY_LINK - {"crm:components"}))
def test_public_routes_tell_nothing_of_a_territory(client, world, name):
    response = client.get(reverse(name), follow=True)
    assert response.status_code in {200, 404}
    assert b"Bresse" not in response.content


@pytest.mark.parametrize("name", API)
def test_api_refuses_anonymous_strangers_and_other_scopes(client, world, name):
    urls = [reverse(f"{name}-list")]
    if name != "api:match":
        urls.append(reverse(f"{name}-detail", args=world[name.removeprefix("api:")]))
    stranger = PartnerTokenFactory(scopes=[API[name]])
    narrow = PartnerToken.objects.exclude(pk=stranger.pk).get()
    for url in urls:
        assert client.get(url).status_code == 401
    other = PartnerTokenFactory(territory=narrow.territory, scopes=["contacts:read"])
    if name != "api:contact":
        for url in urls:
            headers = {"Authorization": f"Token {other.secret}"}
            assert client.get(url, headers=headers).status_code == 403
    headers = {"Authorization": f"Token {stranger.secret}"}
    if name != "api:program":
        assert client.get(urls[0], headers=headers).json()["count"] == 0
        assert all(client.get(url, headers=headers).status_code == 404 for url in urls[1:])
