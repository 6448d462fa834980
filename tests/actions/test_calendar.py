import datetime as dt

import pytest
from pytest_django.asserts import assertContains

from actions.calendar import Event, calendar, escaped, folded
from tests.actions.factories import AgendaItemFactory, MeetingFactory
from tests.crm.factories import ProjectFactory

NOW = dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC)
DAY = dt.date(2026, 12, 10)


def lines(content):
    """What a diary reads: unfolded, one property a line."""
    return content.decode().replace("\r\n ", "").split("\r\n")


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "said"),
    [
        (None, None, ["DTSTART;VALUE=DATE:20261210"]),
        (dt.time(9, 30), None, ["DTSTART:20261210T083000Z"]),
        (dt.time(9, 30), dt.time(11, 0), ["DTSTART:20261210T083000Z", "DTEND:20261210T100000Z"]),
    ],
)
def test_hours_are_those_of_paris_and_none_is_made_up(starts_at, ends_at, said):
    event = Event("1@x", DAY, "COPIL", starts_at, ends_at)
    found = [line for line in lines(calendar([event], now=NOW)) if line.startswith("DT")]
    assert found == ["DTSTAMP:20261122T093000Z", *said]


def test_summer_time_is_known():
    event = Event("1@x", dt.date(2026, 7, 1), "COPIL", dt.time(9, 30))
    assert b"DTSTART:20260701T073000Z" in calendar([event], now=NOW)


def test_separators_and_line_ends_are_escaped():
    assert escaped("Gimont; salle 1, étage\\2\r\nfin") == "Gimont\\; salle 1\\, étage\\\\2\\nfin"


def test_a_long_line_is_folded_by_octets_and_never_within_a_character():
    line = "DESCRIPTION:" + "é" * 200
    pieces = folded(line).split("\r\n")
    assert all(len(piece.encode()) <= 75 for piece in pieces)
    assert all(piece.startswith(" ") for piece in pieces[1:])
    assert "".join([pieces[0], *(piece[1:] for piece in pieces[1:])]) == line


def test_a_carriage_return_writes_no_property():
    event = Event("1@x", DAY, "COPIL\r\nATTENDEE:mailto:a@b.fr")
    assert not any(line.startswith("ATTENDEE") for line in lines(calendar([event], now=NOW)))


def test_a_control_character_that_was_pasted_spoils_no_feed():
    event = Event("1@x", DAY, "COPIL\x07 de\x1b janvier\x7f", text="un\x0bdeux\x00")
    content = calendar([event], now=NOW).decode()
    assert not [one for one in content if one not in "\r\n" and not one.isprintable()]


@pytest.mark.django_db
def test_the_file_of_a_meeting_holds_the_points_that_its_reader_may_read(sign_in, territory):
    meeting = MeetingFactory(territory=territory, title="COPIL de janvier", place="Gimont")
    AgendaItemFactory(meeting=meeting, title="Lettre au préfet")
    secret = ProjectFactory(territory=territory)
    AgendaItemFactory(meeting=meeting, project=secret, title="Rachat discret")
    response = sign_in("elected").get(f"{meeting.get_absolute_url()}reunion.ics")
    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert 'filename="copil-de-janvier.ics"' in response.headers["Content-Disposition"]
    said = lines(response.content)
    assert "SUMMARY:COPIL de janvier" in said
    assert "DESCRIPTION:1. Lettre au préfet (décision)" in said
    assert f"URL:http://testserver{meeting.get_absolute_url()}" in said


@pytest.mark.django_db
def test_a_change_of_the_meeting_is_a_later_revision(officer_client, territory):
    meeting = MeetingFactory(territory=territory)
    meeting.save_over(meeting.version)
    content = officer_client.get(f"{meeting.get_absolute_url()}reunion.ics").content
    assert "SEQUENCE:1" in lines(content)
    assertContains(officer_client.get(meeting.get_absolute_url()), "reunion.ics")
