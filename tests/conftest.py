import os

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, settings

from crm.models import Role
from tests.crm.factories import TerritoryFactory, UserFactory

# No test is a timed assertion, and CI tries the same examples each time.
settings.register_profile(
    "house",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("CI") == "true",
)
settings.load_profile("house")


@pytest.fixture(autouse=True)
def _no_leftover_throttle():
    from django.core.cache import cache

    cache.clear()


@pytest.fixture
def htmx_client():
    return Client(headers={"HX-Request": "true"})


@pytest.fixture
def territory(db):
    """A small territory: two EPCI, three communes in two départements, and the code lists."""
    return TerritoryFactory(name="Bresse", perimeter=True)


@pytest.fixture
def sign_in(client, territory):
    """sign_in(Role.ELECTED) → the test client, signed in with that role in `territory`."""

    def sign(role=Role.OFFICER, **fields):
        client.user = UserFactory(territory=territory, role=role, **fields)
        client.force_login(client.user)
        return client

    return sign


@pytest.fixture
def officer_client(sign_in):
    return sign_in(Role.OFFICER)


@pytest.fixture
def assert_flat_queries():
    """Fail when a page costs more queries for many rows than for one."""

    def count(get):
        with CaptureQueriesContext(connection) as queries:
            response = get()
        if hasattr(response, "status_code"):
            assert response.status_code == 200
            if getattr(response, "streaming", False):
                b"".join(response.streaming_content)
        return len(queries), [query["sql"] for query in queries]

    def check(get, add_rows):
        get()  # warm caches
        few, _ = count(get)
        add_rows()
        many, sql = count(get)
        assert many == few, "\n".join(sql)

    return check
