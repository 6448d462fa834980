import datetime

import pytest
from pytest_django.asserts import assertContains, assertTemplateUsed

from actions.models import Decision
from crm.models import FollowUp, Role
from tests.actions.factories import AgendaItemFactory, MeetingFactory

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 11, 22)


@pytest.fixture
def item(territory):
    return AgendaItemFactory(meeting=MeetingFactory(territory=territory, held_on=TODAY))


def note(client, item, gesture="noter", **said):
    item.refresh_from_db()
    data = {"version": item.version, "geste": gesture} | said
    return client.post(f"/instances/points/{item.pk}/seance/", data)


def test_notes_are_kept_and_read_with_the_point(officer_client, item):
    response = note(officer_client, item, notes="La Région demande un délai.")
    assert response.url == f"/instances/{item.meeting.pk}/seance/#point-{item.pk}"
    for url in (response.url, item.meeting.get_absolute_url()):
        assertContains(officer_client.get(url), "La Région demande un délai.")
    assert not Decision.objects.exists()


def test_a_decision_is_recorded_with_its_notes_and_its_follow_up(officer_client, item):
    said = {"notes": "Débat", "text": "Signer", "responsible": "Mme Sol", "due_on": "2026-12-31"}
    page = officer_client.get(note(officer_client, item, "consigner", **said).url)
    item.refresh_from_db()
    assert (item.notes, item.decision.text) == ("Débat", "Signer")
    assert FollowUp.objects.get().title == "Mme Sol\u00a0: Signer"
    assertContains(page, "Signer")
    response = note(officer_client, item, notes="Débat, suite")
    assert response.status_code == 302  # notes go on, the decision stays
    assert Decision.objects.get().text == "Signer"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [({"text": ""}, "obligatoire"), ({"due_on": "2026-01-01"}, "précède la réunion")],
)
def test_a_refused_decision_writes_nothing_and_keeps_what_was_typed(
    officer_client, item, said, sentence
):
    said = {"notes": "Débat", "text": "Signer", "responsible": "Mme Sol"} | said
    response = note(officer_client, item, "consigner", **said)
    assertContains(response, sentence, status_code=422)
    assertContains(response, "Débat", status_code=422)
    assertContains(response, "Mme Sol", status_code=422)
    item.refresh_from_db()
    assert item.notes == ""
    assert not Decision.objects.exists()


def test_a_decision_half_typed_is_not_lost_when_notes_are_saved(officer_client, item):
    response = note(officer_client, item, notes="Débat", text="Signer peut-être")
    assertContains(response, "décision à consigner")
    assertContains(response, "Signer peut-être")
    assert not Decision.objects.exists()


def test_the_slower_of_two_is_told_and_keeps_what_was_typed(officer_client, item):
    stale = item.version
    note(officer_client, item, notes="Débat")
    response = note(officer_client, item, "consigner", notes="Autre", text="Non", version=stale)
    assertContains(response, "a changé par ailleurs", status_code=409)
    assertContains(response, "Autre", status_code=409)
    item.refresh_from_db()
    assert item.notes == "Débat"
    assert not Decision.objects.exists()


def test_htmx_gets_the_point_alone(htmx_client, officer_client, item):
    htmx_client.force_login(officer_client.user)
    response = note(htmx_client, item, notes="Débat", text="Signer")
    assertTemplateUsed(response, "actions/_live_point.html")
    assert response.content.count(b"<html") == 0
    assertContains(response, "Noté")
    assertContains(response, "Signer")
    # What it sends back is at the version that was just written.
    response = note(htmx_client, item, "consigner", notes="Débat", text="Signer")
    assertContains(response, "Décidé")


def test_nothing_is_noted_before_the_day_nor_by_readers(sign_in, territory, item):
    client = sign_in(Role.OFFICER)
    later = MeetingFactory(territory=territory, held_on=datetime.date(2027, 1, 14))
    page = client.get(f"/instances/{later.pk}/seance/", follow=True)
    assertContains(page, "le jour de la réunion")
    assertContains(page, 'class="toast" role="alert"')
    point = AgendaItemFactory(meeting=later)
    for gesture in ("noter", "consigner"):
        response = note(client, point, gesture, notes="x", text="Oui")
        assertContains(response, "pas encore eu lieu", status_code=400)
    point.refresh_from_db()
    assert point.notes == ""
    waiting = AgendaItemFactory(meeting=None, territory=territory)
    assert note(client, waiting, notes="x").status_code == 404
    for role in (Role.ELECTED, Role.READER):
        client = sign_in(role)
        assert client.get(f"/instances/{item.meeting.pk}/seance/").status_code == 403
        assert note(client, item, notes="x").status_code == 403


def test_live_page_costs_the_same_for_one_point_and_many(officer_client, item, assert_flat_queries):
    def add(count):
        AgendaItemFactory.create_batch(count, meeting=item.meeting)

    url = f"/instances/{item.meeting.pk}/seance/"
    assert_flat_queries(lambda: officer_client.get(url), add)
