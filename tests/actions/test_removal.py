"""What is removed comes back whole; what proves or decides stays."""

import pytest
from pytest_django.asserts import assertContains, assertNotContains

from actions.models import AgendaItem, Indicator, IndicatorValue, Milestone
from tests.actions.factories import (
    ActionFactory,
    AgendaItemFactory,
    DecisionFactory,
    IndicatorFactory,
    IndicatorValueFactory,
    MeetingFactory,
    MilestoneFactory,
)
from tests.crm.factories import ReviewRequestFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def action(territory):
    return ActionFactory(territory=territory)


def remove(client, kind, row):
    url = f"/plan/retirer/{kind}/{row.pk}/"
    assertContains(client.get(url), "Garder")
    return client.post(url, follow=True)


def undo(client, kind, model):
    trace = model.history.filter(history_type="-").first()
    assert client.post(f"/plan/retablir/{kind}/{trace.pk}/").status_code == 302
    assert client.post(f"/plan/retablir/{kind}/{trace.pk}/").status_code == 302  # twice is once


def test_milestone_is_removed_and_comes_back(officer_client, action):
    milestone = MilestoneFactory(action=action, label="Convention signée")
    assertContains(remove(officer_client, "jalon", milestone), "Annuler")
    assert not Milestone.objects.exists()
    assertContains(officer_client.get(action.get_absolute_url()), "élément retiré")
    undo(officer_client, "jalon", Milestone)
    assert Milestone.objects.get() == milestone
    assertNotContains(officer_client.get(action.get_absolute_url()), "élément retiré")


def test_indicator_leaves_and_comes_back_with_the_values_that_left_with_it(officer_client, action):
    indicator = IndicatorFactory(action=action)
    first, second = IndicatorValueFactory.create_batch(2, indicator=indicator)
    remove(officer_client, "valeur", first)
    remove(officer_client, "indicateur", indicator)
    assert not IndicatorValue.objects.exists()
    undo(officer_client, "indicateur", Indicator)
    assert list(indicator.values.all()) == [second]


def test_undecided_point_is_removed_and_comes_back(officer_client, territory):
    item = AgendaItemFactory(meeting=MeetingFactory(territory=territory))
    remove(officer_client, "point", item)
    undo(officer_client, "point", AgendaItem)
    assert AgendaItem.objects.get().meeting == item.meeting


def test_what_decides_or_proves_stays_and_says_why(officer_client, territory, action):
    meeting = MeetingFactory(territory=territory)
    decided = DecisionFactory(item=AgendaItemFactory(meeting=meeting)).item
    asked = ReviewRequestFactory(project__territory=territory)
    disputed = AgendaItemFactory(meeting=meeting, review_request=asked)
    reached = MilestoneFactory(action=action, done_on="2026-10-01")
    for kind, row, why in (
        ("point", decided, "La décision sur ce point est consignée"),
        ("point", disputed, "désaccord du binôme"),
        ("jalon", reached, "Ce jalon est atteint"),
    ):
        response = officer_client.post(f"/plan/retirer/{kind}/{row.pk}/")
        assertContains(response, why, status_code=409)
        row.refresh_from_db()


@pytest.mark.parametrize("page", ["meeting", "point"])
def test_second_of_two_edits_is_told_and_overwrites_nothing(officer_client, territory, page):
    meeting = MeetingFactory(territory=territory, title="COPIL")
    item = AgendaItemFactory(meeting=meeting, title="Point")
    url = (
        f"/instances/{meeting.pk}/modifier/"
        if page == "meeting"
        else f"/instances/points/{item.pk}/"
    )
    fields = {"kind": "copil", "held_on": "2027-01-14"}
    if page == "point":
        fields = {"kind": "decision", "meeting": meeting.pk}
    officer_client.post(url, fields | {"title": "Premier", "version": 1})
    response = officer_client.post(url, fields | {"title": "Second", "version": 1})
    assertContains(response, "Second", status_code=409)
    assertContains(response, "rien de votre saisie n’a été écrit", status_code=409)
    row = meeting if page == "meeting" else item
    row.refresh_from_db()
    assert row.title == "Premier"
    again = officer_client.post(url, fields | {"title": "Second", "version": row.version})
    assert again.status_code == 302


def test_points_of_a_past_meeting_keep_their_order(officer_client, territory):
    past = MeetingFactory(territory=territory, held_on="2026-11-01")
    first, last = AgendaItemFactory.create_batch(2, meeting=past)
    assertNotContains(officer_client.get(past.get_absolute_url()), "Descendre")
    officer_client.post(f"/instances/points/{first.pk}/descendre/")
    assert list(past.items.all()) == [first, last]


def test_a_milestone_is_edited_over_what_was_read_and_never_once_reached(officer_client, action):
    milestone = MilestoneFactory(action=action, label="Convention signée")
    url = f"/plan/jalons/{milestone.pk}/modifier/"
    fields = {"label": "Convention votée", "due_on": "2027-01-31", "version": milestone.version}
    assert officer_client.post(url, fields).url == f"{action.get_absolute_url()}#jalons"
    fields["label"] = "Autre"
    assertContains(officer_client.post(url, fields), "a changé par ailleurs", status_code=409)
    officer_client.post(f"/plan/jalons/{milestone.pk}/")
    milestone.refresh_from_db()
    fields["version"] = milestone.version
    assertContains(officer_client.post(url, fields), "Ce jalon est atteint", status_code=422)
    milestone.refresh_from_db()
    assert milestone.label == "Convention votée"


def test_a_new_part_of_a_fiche_is_taken_back_by_one_click(officer_client, action):
    fields = {"label": "Convention signée", "due_on": "2027-01-31"}
    page = officer_client.post(f"/plan/{action.pk}/jalons/", fields, follow=True)
    assertContains(page, f'action="/plan/retirer/jalon/{Milestone.objects.get().pk}/"')


def test_a_point_that_moves_keeps_what_a_colleague_wrote_meanwhile(territory):
    meeting = MeetingFactory(territory=territory)
    stale = AgendaItemFactory(meeting=None, territory=territory, title="Lettre")
    AgendaItem.objects.filter(pk=stale.pk).update(title="Lettre au préfet")
    stale.put_on(meeting)
    assert AgendaItem.objects.get().title == "Lettre au préfet"
