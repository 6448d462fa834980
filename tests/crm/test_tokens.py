import datetime
import io

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from crm.models import PartnerToken, Role
from crm.models.tokens import digest
from tests.crm.factories import PartnerTokenFactory, TerritoryFactory

PAGE = reverse("crm:setting_tokens")


def asked(**fields):
    until = timezone.localdate() + datetime.timedelta(days=90)
    wanted = {"partner": "ADEME", "scopes": ["projects:read"], "expires_on": until.isoformat()}
    return wanted | fields


def secret_of(page):
    """The secret as the page shows it, in the field one copies it from."""
    content = page.content.decode()
    return content.split('id="secret"')[1].split('value="')[1].split('"')[0]


def test_an_officer_issues_a_token_that_opens_the_api(officer_client, client, territory):
    page = officer_client.post(PAGE, asked(), follow=True)
    token = PartnerToken.objects.get()
    assert token.territory == territory
    assert token.created_by == officer_client.user
    secret = secret_of(page)
    assert f"Authorization: Token {secret}" in page.content.decode()
    client.logout()
    answer = client.get("/api/v1/projects/", headers={"Authorization": f"Token {secret}"})
    assert answer.status_code == 200


def test_the_secret_is_shown_once_and_stored_nowhere(officer_client):
    secret = secret_of(officer_client.post(PAGE, asked(), follow=True))
    token = PartnerToken.objects.get()
    assert token.digest == digest(secret)
    assert secret not in str(token.__dict__)
    assert secret not in officer_client.get(PAGE).content.decode()
    assert secret not in str(dict(officer_client.session))


def test_a_form_sent_twice_makes_one_token(officer_client):
    officer_client.post(PAGE, asked())
    page = officer_client.post(PAGE, asked(), follow=True)
    assert PartnerToken.objects.count() == 1
    assert digest(secret_of(page)) == PartnerToken.objects.get().digest


def test_the_same_partner_may_have_a_second_token_later(officer_client):
    with time_machine.travel(timezone.now()) as clock:
        officer_client.post(PAGE, asked())
        clock.shift(datetime.timedelta(minutes=2))
        officer_client.post(PAGE, asked())
    assert PartnerToken.objects.count() == 2


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"scopes": []}, "Choisissez au moins une portée."),
        ({"scopes": ["tout:lire"]}, "tout:lire"),
        ({"partner": " "}, "obligatoire"),
        ({"expires_on": "2020-01-01"}, "Cette date est passée"),
        ({"expires_on": "2099-01-01"}, "deux ans au plus"),
        ({"expires_on": "bientôt"}, "Écrivez une date"),
    ],
)
def test_a_refused_form_says_why_and_keeps_what_was_typed(officer_client, fields, said):
    response = officer_client.post(PAGE, asked(partner="DREETS Occitanie") | fields)
    assert response.status_code == 422
    page = response.content.decode()
    assert said in page
    assert "partner" in fields or "DREETS Occitanie" in page
    assert not PartnerToken.objects.exists()


def test_a_token_works_until_the_end_of_its_last_day(officer_client):
    day = timezone.localdate() + datetime.timedelta(days=10)
    page = officer_client.post(PAGE, asked(expires_on=day.isoformat()), follow=True)
    expires_at = timezone.localtime(PartnerToken.objects.get().expires_at)
    assert expires_at.date() == day + datetime.timedelta(days=1)
    assert (expires_at.hour, expires_at.minute) == (0, 0)
    assert f"{day:%d/%m/%Y}" in page.content.decode()


def test_the_list_tells_the_state_of_each_token(officer_client, territory):
    now = timezone.now()
    PartnerTokenFactory(territory=territory, partner="ADEME")
    PartnerTokenFactory(territory=territory, expires_at=now + datetime.timedelta(days=10))
    PartnerTokenFactory(territory=territory, expires_at=now - datetime.timedelta(days=1))
    PartnerTokenFactory(territory=territory).revoke()
    rows = officer_client.get(PAGE).context["tokens"]
    assert [row["state"] for row in rows] == ["Révoqué", "Expiré", "Expire bientôt", "Actif"]


def test_revoking_asks_first_and_holds(officer_client, territory):
    token = PartnerTokenFactory(territory=territory, partner="Région Occitanie")
    url = reverse("crm:setting_token_revoke", args=[token.pk])
    assert "Région Occitanie" in officer_client.get(url).content.decode()
    token.refresh_from_db()
    assert token.is_live
    page = officer_client.post(url, follow=True)
    token.refresh_from_db()
    assert not token.is_live
    assert "est révoqué" in page.content.decode()
    assert "était déjà révoqué" in officer_client.post(url, follow=True).content.decode()


def test_another_territory_s_token_does_not_exist(officer_client):
    token = PartnerTokenFactory(territory=TerritoryFactory(perimeter=True))
    url = reverse("crm:setting_token_revoke", args=[token.pk])
    assert officer_client.get(url).status_code == 404
    assert officer_client.post(url).status_code == 404
    assert token.hint not in officer_client.get(PAGE).content.decode()


@pytest.mark.parametrize("role", [Role.ELECTED, Role.INDUSTRIALIST, Role.READER])
def test_others_neither_see_nor_issue_tokens(sign_in, role):
    client = sign_in(role)
    assert client.get(PAGE).status_code == 403
    assert client.post(PAGE, asked()).status_code == 403
    assert not PartnerToken.objects.exists()


def test_the_list_costs_the_same_for_many_tokens(officer_client, territory, assert_flat_queries):
    def add(n):
        PartnerTokenFactory.create_batch(n, territory=territory, by=officer_client.user)

    assert_flat_queries(lambda: officer_client.get(PAGE), add)


def test_the_last_use_is_written_once_a_minute(territory, django_assert_num_queries):
    token = PartnerTokenFactory(territory=territory)
    now = timezone.now()
    token.touch(now=now)
    token.refresh_from_db()
    assert token.last_used_at == now
    with django_assert_num_queries(0):
        token.touch(now=now + datetime.timedelta(seconds=30))
    token.touch(now=now + datetime.timedelta(seconds=61))
    token.refresh_from_db()
    assert token.last_used_at == now + datetime.timedelta(seconds=61)


def create_token(*arguments):
    out, err = io.StringIO(), io.StringIO()
    call_command("create_token", *arguments, stdout=out, stderr=err)
    return out.getvalue().strip(), err.getvalue()


def test_the_command_prints_a_secret_that_works(client, territory):
    secret, said = create_token(
        "--partner", "Bpifrance", "--territory", territory.code,
        "--scope", "projects:read", "--scope", "programs:read", "--days", "30",
    )  # fmt: skip
    token = PartnerToken.objects.get()
    assert token.scopes == ["programs:read", "projects:read"]
    assert token.expires_at.date() == (timezone.now() + datetime.timedelta(days=30)).date()
    assert "Bpifrance" in said
    header = {"Authorization": f"Token {secret}"}
    assert client.get("/api/v1/programs/", headers=header).status_code == 200
    assert client.get("/api/v1/actions/", headers=header).status_code == 403


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (["--territory", "ti-0000"], "ti-0000"),
        (["--scope", "tout:lire"], "tout:lire"),
        (["--days", "0"], "--days"),
        (["--days", "800"], "--days"),
        (["--partner", " "], "--partner"),
    ],
)
def test_the_command_refuses_in_a_sentence(territory, changed, said):
    arguments = ["--partner", "X", "--territory", territory.code, "--scope", "projects:read"]
    with pytest.raises(CommandError, match=said):
        create_token(*arguments, *changed)
    assert not PartnerToken.objects.exists()
