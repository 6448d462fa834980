"""The calendar of the bodies as a subscription, by a secret address that its owner revokes."""

import datetime

import pytest
from pytest_django.asserts import assertContains, assertNotContains

from actions.models import CalendarLink
from crm.models import Confidentiality, Membership, Role
from tests.actions.factories import AgendaItemFactory, CalendarLinkFactory, MeetingFactory
from tests.actions.test_calendar import lines
from tests.crm.factories import ProjectFactory, TerritoryFactory, UserFactory

pytestmark = pytest.mark.django_db
PANEL = "/instances/agenda/"


def feed(client, link):
    return client.get(f"{PANEL}{link.secret}.ics")


@pytest.fixture
def link(territory):
    return CalendarLinkFactory(user=UserFactory(territory=territory, role=Role.ELECTED))


def test_the_address_opens_without_signing_in_what_its_owner_may_read(client, territory, link):
    meeting = MeetingFactory(territory=territory, title="COPIL de janvier", place="Gimont")
    AgendaItemFactory(meeting=meeting, title="Lettre au préfet")
    secret = ProjectFactory(territory=territory, confidentiality=Confidentiality.INTERNAL)
    AgendaItemFactory(meeting=meeting, project=secret, title="Rachat discret")
    MeetingFactory(title="Comité d’ailleurs")
    response = feed(client, link)
    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert "no-store" in response.headers["Cache-Control"]
    said = lines(response.content)
    assert [line for line in said if line.startswith("SUMMARY")] == ["SUMMARY:COPIL de janvier"]
    assert "DESCRIPTION:1. Lettre au préfet (décision)" in said
    assert "METHOD:PUBLISH" in said
    link.refresh_from_db()
    assert link.last_used_at


def test_all_the_territories_of_a_person_are_in_one_feed(client, link):
    elsewhere = TerritoryFactory(perimeter=True)
    Membership.objects.create(user=link.user, territory=elsewhere, role=Role.READER)
    MeetingFactory(territory=elsewhere, title="Comité d’ailleurs")
    assert "SUMMARY:Comité d’ailleurs" in lines(feed(client, link).content)


def test_who_has_left_reads_nothing_more_by_their_address(client, territory, link):
    MeetingFactory(territory=territory, title="COPIL de janvier")
    assert "SUMMARY:COPIL de janvier" in lines(feed(client, link).content)
    Membership.objects.filter(user=link.user).delete()
    assert "BEGIN:VEVENT" not in lines(feed(client, link).content)


def test_what_becomes_internal_leaves_the_feed(client, territory, link):
    project = ProjectFactory(territory=territory, confidentiality=Confidentiality.PUBLIC)
    AgendaItemFactory(
        meeting=MeetingFactory(territory=territory), project=project, title="Rachat discret"
    )
    assert "Rachat discret" in feed(client, link).content.decode()
    project.confidentiality = Confidentiality.INTERNAL
    project.save()
    assert "Rachat discret" not in feed(client, link).content.decode()


def test_what_was_held_lately_stays_and_what_is_called_off_says_so(client, territory, link):
    for day, title in (("2026-03-01", "Récent"), ("2024-03-01", "Ancien")):
        MeetingFactory(territory=territory, title=title, held_on=day)
    gone = MeetingFactory(territory=territory, title="Annulé")
    gone.cancel("Salle prise", version=gone.version)
    said = lines(feed(client, link).content)
    assert "SUMMARY:Récent" in said
    assert "SUMMARY:Ancien" not in said
    assert said.count("STATUS:CANCELLED") == 1


def test_a_revoked_address_an_unknown_one_and_a_closed_account_open_nothing(client, link):
    assert client.get(f"{PANEL}{'x' * 43}.ics").status_code == 404
    link.user.is_active = False
    link.user.save()
    assert feed(client, link).status_code == 404
    link.user.is_active = True
    link.user.save()
    assert feed(client, link).status_code == 200
    assert link.revoke()
    assert not link.revoke()
    assert feed(client, link).status_code == 404


def test_the_secret_is_shown_once_and_kept_nowhere(officer_client, territory):
    page = officer_client.post(PANEL, {"name": "mon téléphone"}, follow=True)
    secret = page.context["address"].rpartition("/")[2].removesuffix(".ics")
    assertContains(page, secret)
    assertContains(page, f"webcal://testserver{PANEL}{secret}.ics")
    assertNotContains(officer_client.get(PANEL), secret)
    link = CalendarLink.objects.get()
    assert secret not in (link.digest, link.name)
    officer_client.logout()
    assert officer_client.get(f"{PANEL}{secret}.ics").status_code == 200


def test_a_second_click_creates_no_second_address(officer_client):
    for _ in range(2):
        officer_client.post(PANEL, {"name": "mon téléphone"})
    assert CalendarLink.objects.count() == 1
    assertContains(officer_client.post(PANEL, {"name": ""}), "est obligatoire", status_code=422)
    assertContains(officer_client.post(PANEL, {"name": "x" * 61}), "60", status_code=422)


def test_the_account_lists_one_s_own_addresses_and_revokes_them(officer_client, link):
    mine = CalendarLinkFactory(user=officer_client.user, name="agenda de la mairie")
    assertContains(officer_client.get("/compte/"), PANEL)
    page = officer_client.get(PANEL)
    assert list(page.context["links"]) == [mine]
    assert officer_client.post(f"{PANEL}{link.pk}/revoquer/").status_code == 404
    page = officer_client.post(f"{PANEL}{mine.pk}/revoquer/", follow=True)
    assertContains(page, "ne reçoit plus rien")
    assert feed(officer_client, mine).status_code == 404
    assert feed(officer_client, link).status_code == 200


def test_htmx_gets_the_panel_with_the_new_address(htmx_client, officer_client):
    htmx_client.force_login(officer_client.user)
    response = htmx_client.post(PANEL, {"name": "mon téléphone"})
    assertContains(response, ".ics")
    assert b"<html" not in response.content


def test_a_feed_costs_the_same_for_one_meeting_and_many(
    client, territory, link, assert_flat_queries
):
    def add(count):
        for meeting in MeetingFactory.create_batch(count, territory=territory):
            AgendaItemFactory.create_batch(2, meeting=meeting)

    assert_flat_queries(lambda: feed(client, link), add)


def test_a_reading_is_noted_once_an_hour(link, time_machine, django_assert_num_queries):
    link.touch()
    link.refresh_from_db()
    with django_assert_num_queries(0):
        link.touch()
    time_machine.move_to(datetime.datetime(2026, 11, 22, 11, tzinfo=datetime.UTC), tick=False)
    with django_assert_num_queries(1):
        link.touch()
