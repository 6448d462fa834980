"""A version announced for a day to come: it applies then, is withdrawn, or is set aside."""

import datetime as dt

import pytest

from crm.models import Role
from funding import catalogue
from funding.models import Program, ProgramVersion
from tests.crm.factories import UserFactory
from tests.funding.factories import FunderFactory
from tests.funding.test_versions import DAY, NEW, TODAY, publish, refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def program(db):
    FunderFactory()
    published = publish(None, NEW, on=dt.date(2026, 3, 1))
    return published.program


def test_a_future_version_is_announced_and_does_not_apply_yet(program):
    version = publish(program, {"rate_max": 50}, on=TODAY + 10 * DAY)
    assert program.rate_max == 40
    assert version.is_announced(today=TODAY)
    assert list(program.versions.announced(today=TODAY)) == [version]


def test_it_applies_when_its_day_comes_once(program):
    publish(program, {"rate_max": 50}, on=TODAY + 10 * DAY)
    due = ProgramVersion.objects
    assert due.apply_due(today=TODAY + 9 * DAY) == 0
    assert due.apply_due(today=TODAY + 10 * DAY) == 1
    assert due.apply_due(today=TODAY + 10 * DAY) == 0
    program.refresh_from_db()
    assert (program.rate_max, program.version) == (50, 2)


def test_no_read_may_show_the_rules_of_yesterday(program, territory):
    """Whatever ran or did not run at night, `visible_to` applies what is due."""
    publish(program, {"rate_max": 50}, on=TODAY + 10 * DAY)
    viewer = UserFactory(territory=territory, role=Role.READER)
    ProgramVersion.objects.filter(number=2).update(applies_from=dt.date(2020, 1, 1))
    ProgramVersion.objects.filter(number=1).update(applies_until=dt.date(2019, 12, 31))
    assert Program.objects.visible_to(viewer).get(pk=program.pk).rate_max == 50


def test_a_version_that_was_skipped_by_a_long_absence_is_not_applied(program):
    publish(program, {"rate_max": 50}, on=TODAY + 10 * DAY)
    publish(program, {"rate_max": 60}, on=TODAY + 20 * DAY)
    ProgramVersion.objects.apply_due(today=TODAY + 30 * DAY)
    program.refresh_from_db()
    assert (program.rate_max, program.version) == (60, 3)


def test_what_changes_now_stays_changed_in_what_is_announced(program):
    publish(program, {"rate_max": 50}, on=TODAY + 10 * DAY)
    publish(program, {"portal": "guichet.example", "rate_max": 45})
    ProgramVersion.objects.apply_due(today=TODAY + 10 * DAY)
    program.refresh_from_db()
    assert (program.portal, program.rate_max) == ("guichet.example", 50)


def test_an_announced_version_can_be_withdrawn(program):
    version = publish(program, {"rate_max": 50}, on=TODAY + 10 * DAY)
    catalogue.withdraw(version)
    assert ProgramVersion.objects.apply_due(today=TODAY + 20 * DAY) == 0
    program.refresh_from_db()
    assert program.rate_max == 40
    assert program.as_of(TODAY + 20 * DAY).rate_max == 40


def test_what_makes_an_announced_version_impossible_is_refused(program):
    publish(program, {"rate_min": 30}, on=TODAY + 10 * DAY)
    errors = refused(program, {"rate_max": 10})
    assert f"La version annoncée du {TODAY + 10 * DAY:%d/%m/%Y}" in errors["rate_min"][0]
    assert "dépasse le taux maximum" in errors["rate_min"][0]
    publish(program, {"opens_on": "2027-03-01"}, on=TODAY + 20 * DAY)
    assert refused(program, {"closes_on": "2026-12-31"}).keys() == {"opens_on"}


def test_an_announced_version_that_cannot_be_written_is_set_aside_and_no_read_fails(
    program, territory, time_machine
):
    version = publish(program, {"rate_min": 30}, on=TODAY + 10 * DAY)
    later = publish(program, {"name": "Plus tard"}, on=TODAY + 20 * DAY)
    version.values |= {"rate_min": "50"}  # as a former release could leave it
    version.save(update_fields=["values"])
    time_machine.move_to(dt.datetime.combine(TODAY + 11 * DAY, dt.time(8), dt.UTC))
    read = Program.objects.visible_to(UserFactory(territory=territory)).get()
    assert (read.rate_min, read.version) == (None, 1)
    version.refresh_from_db()
    assert version.is_replaced
    assert "Mise de côté le 03/12/2026" in version.note
    assert read.as_of(TODAY + 11 * DAY).rate_min is None
    assert ProgramVersion.objects.apply_due(today=TODAY + 11 * DAY) == 0
    assert ProgramVersion.objects.apply_due(today=TODAY + 21 * DAY) == 1
    later.refresh_from_db()
    program.refresh_from_db()
    assert (program.name, program.version, program.rate_min) == ("Plus tard", 3, None)


def test_what_is_withdrawn_is_not_said_later_either(program):
    late = publish(program, {"state": "closed"}, on=TODAY + 30 * DAY)
    early = publish(program, {"summary": "Autre", "rate_max": 50}, on=TODAY + 20 * DAY)
    own = publish(program, {"rate_max": 60}, on=TODAY + 40 * DAY)
    late.refresh_from_db()
    assert (late.values["summary"], late.values["rate_max"]) == ("Autre", "50")
    catalogue.withdraw(early)
    late.refresh_from_db()
    own.refresh_from_db()
    assert (late.values["summary"], late.values["rate_max"]) == ("Pour essayer.", "40")
    assert late.values["state"] == "closed"
    assert (own.values["summary"], own.values["rate_max"]) == ("Pour essayer.", "60")


def test_what_a_later_version_says_itself_outlives_a_withdrawal_that_said_the_same(program):
    late = publish(program, {"rate_max": 50}, on=TODAY + 30 * DAY)
    early = publish(program, {"rate_max": 50}, on=TODAY + 20 * DAY)
    catalogue.withdraw(early)
    late.refresh_from_db()
    assert late.values["rate_max"] == "50"


def test_a_withdrawal_that_breaks_a_later_version_is_refused(program):
    early = publish(program, {"rate_max": 60}, on=TODAY + 20 * DAY)
    publish(program, {"rate_min": 50}, on=TODAY + 30 * DAY)
    with pytest.raises(catalogue.AnnouncedRefused):
        catalogue.withdraw(early)
    early.refresh_from_db()
    assert not early.is_replaced


def test_a_withdrawn_version_is_not_what_the_next_one_is_compared_with(program):
    withdrawn = publish(program, {"rate_max": 50}, on=TODAY + 10 * DAY)
    catalogue.withdraw(withdrawn)
    ProgramVersion.objects.apply_due(today=TODAY + 11 * DAY)
    withdrawn.refresh_from_db()
    assert withdrawn.applied_at is None
