import os
from dataclasses import dataclass, field

import pytest
from django.db import connection, reset_queries
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


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """A thread of the live server may outlive its test; PostgreSQL drops no database in use."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


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


@dataclass(frozen=True)
class Cost:
    count: int
    size: int  # of a response, in bytes
    sql: str = field(repr=False)


@pytest.fixture
def cost_of():
    """cost_of(get) → what a call asks of the database; a response is read to its end."""

    def measure(get, statuses=(200,)):
        reset_queries()  # the log holds so many, and a walk of all routes asks more
        with CaptureQueriesContext(connection) as queries:
            response = get()
            size = 0
            if hasattr(response, "status_code"):
                # A page that sends elsewhere shows nothing: only the caller may expect it.
                assert response.status_code in statuses
                content = response.getvalue() if response.streaming else response.content
                size = len(content)
        return Cost(len(queries), size, "\n".join(query["sql"] for query in queries))

    return measure


FEW, MANY = 1, 50


@pytest.fixture
def assert_flat_queries(cost_of):
    """assert_flat_queries(get, add): what `get` asks costs the same for one row and for fifty.

    `add(count)` makes that many more rows, with everything that the page shows of each.
    """

    def check(get, add):
        add(FEW)
        get()  # warm caches
        few = cost_of(get)
        add(MANY - FEW)
        many = cost_of(get)
        assert many.count == few.count, many.sql

    return check
