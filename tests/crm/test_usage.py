"""What is limited is counted by the database, for all server processes, without a name."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import timezone

from crm.models import Usage

NOW = dt.datetime(2026, 11, 23, 10, 59, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
WHO = "ines@exemple.fr"


def spend(what="lost-password", who=WHO, *, after=dt.timedelta(0)):
    return Usage.objects.spend(what, who, window=HOUR, now=NOW + after)


@pytest.mark.django_db
def test_the_window_begins_with_the_first_time():
    assert spend() == (1, HOUR)
    assert spend(after=HOUR / 4) == (2, HOUR * 3 / 4)
    assert spend(after=HOUR * 0.99)[0] == 3
    assert spend(after=HOUR) == (1, HOUR)
    assert spend(after=HOUR * 1.5) == (2, HOUR / 2)


@pytest.mark.django_db
def test_each_who_and_what_has_a_count_of_its_own():
    assert [spend()[0] for _ in range(2)] == [1, 2]
    assert spend(who="luc@exemple.fr")[0] == 1
    assert spend("api")[0] == 1
    assert spend()[0] == 3


@pytest.mark.django_db
def test_the_count_names_nobody():
    spend()
    [row] = Usage.objects.values()
    assert "ines" not in str(row)
    assert "lost-password" not in str(row)


@pytest.mark.django_db
def test_what_has_ended_is_forgotten_when_someone_comes():
    for name in ("a", "b"):
        spend(who=name)
    spend(who="c", after=HOUR / 2)
    spend(who="d", after=HOUR)
    assert Usage.objects.count() == 2


@pytest.mark.skipif(
    connection.vendor == "sqlite", reason="threads would share the connection of a memory database"
)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("past", [None, timezone.now() - HOUR], ids=["new", "ended"])
def test_twelve_at_once_are_counted_once_each(past):
    if past:
        Usage.objects.spend("api", WHO, window=HOUR / 2, now=past)

    def one(_):
        try:
            return Usage.objects.spend("api", WHO, window=HOUR)[0]
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        assert sorted(threads.map(one, range(12))) == list(range(1, 13))
