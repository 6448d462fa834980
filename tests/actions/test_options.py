"""A point offers options, one of them proposed; the decision keeps one, or none."""

import datetime
from decimal import Decimal

import pytest
from pytest_django.asserts import assertContains

from actions.models import AgendaItem, AgendaOption
from tests.actions.factories import AgendaItemFactory, AgendaOptionFactory, MeetingFactory
from tests.crm.factories import ProjectFactory

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 11, 22)
NEW = "/instances/points/nouveau/"


@pytest.fixture
def item(territory):
    meeting = MeetingFactory(territory=territory, held_on=TODAY)
    return AgendaItemFactory(meeting=meeting, title="Atelier")


def options(*rows, kept=()):
    """The fields of the form: (label, amount, proposed?) for each option, those kept first."""
    data = {"options-TOTAL_FORMS": len(rows), "options-INITIAL_FORMS": len(kept)}
    for number, (label, amount, is_proposed) in enumerate(rows):
        data[f"options-{number}-label"] = label
        data[f"options-{number}-amount"] = amount
        if number < len(kept):
            data[f"options-{number}-id"] = kept[number].pk
        if is_proposed:
            data[f"options-{number}-is_recommended"] = "on"
    return data


def fields(item, **more):
    said = {"title": item.title, "kind": "decision", "meeting": item.meeting_id}
    return said | {"version": item.version} | more


def test_a_point_is_written_with_its_options(officer_client, item):
    rows = [("Lombez", "445 000", True), ("Reporter", "", False), ("", "", False)]
    said = {"title": "Quai", "kind": "decision", "meeting": item.meeting_id}
    said |= {"concerned": "CC du Savès"} | options(*rows)
    page = officer_client.post(NEW, said, follow=True)
    assertContains(page, "Lombez")
    assertContains(page, "proposée")
    assertContains(page, "445\u00a0000\u00a0€")
    assertContains(page, "Concerne CC du Savès")
    point = AgendaItem.objects.get(title="Quai")
    found = list(point.options.values_list("label", "amount", "is_recommended"))
    assert found == [("Lombez", Decimal(445000), True), ("Reporter", None, False)]
    officer_client.post(NEW, said)  # sent twice
    assert AgendaOption.objects.count() == 2


def test_the_proposal_moves_from_one_option_to_the_other(officer_client, item):
    first = AgendaOptionFactory(item=item, label="A", is_recommended=True)
    second = AgendaOptionFactory(item=item, label="B")
    rows = options(("A", "", False), ("B", "5", True), kept=[first, second])
    response = officer_client.post(f"/instances/points/{item.pk}/", fields(item) | rows)
    assert response.status_code == 302
    item.refresh_from_db()
    assert item.recommended == second
    item.refresh_from_db()
    rows = options(("A", "", False), ("B", "5", True), kept=[first, second])
    rows["options-0-DELETE"] = "on"
    officer_client.post(f"/instances/points/{item.pk}/", fields(item) | rows)
    assert list(item.options.all()) == [second]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([("A", "", True), ("B", "", True)], "Une seule option est proposée"),
        ([("A", "cher", False)], "n’est pas un nombre"),
        ([("x" * 251, "", False)], "250"),
        ([("", "12", False)], "est obligatoire"),
    ],
)
def test_a_refused_option_writes_nothing_and_keeps_what_was_typed(
    officer_client, item, rows, sentence
):
    said = fields(item, title="Atelier neuf") | options(*rows)
    response = officer_client.post(f"/instances/points/{item.pk}/", said)
    assertContains(response, sentence, status_code=422)
    assertContains(response, "Atelier neuf", status_code=422)
    item.refresh_from_db()
    assert item.title == "Atelier"
    assert not AgendaOption.objects.exists()


@pytest.mark.parametrize(
    "hostile",
    [
        {"options-TOTAL_FORMS": "²", "options-INITIAL_FORMS": "0"},
        {"options-TOTAL_FORMS": "100000", "options-INITIAL_FORMS": "0"},
        {"options-TOTAL_FORMS": "1", "options-INITIAL_FORMS": "1", "options-0-id": "9" * 30},
        {"options-TOTAL_FORMS": "1", "options-INITIAL_FORMS": "1", "options-0-id": "abc"},
        {"options-TOTAL_FORMS": "-1", "options-INITIAL_FORMS": "-1"},
    ],
)
def test_hostile_options_are_refused(officer_client, item, hostile):
    response = officer_client.post(f"/instances/points/{item.pk}/", fields(item) | hostile)
    assert response.status_code in {302, 422}


def test_an_option_of_another_point_is_not_taken(officer_client, item):
    theirs = AgendaOptionFactory(label="Ailleurs")
    rows = options(("Pris", "", False), kept=[theirs])
    officer_client.post(f"/instances/points/{item.pk}/", fields(item) | rows)
    theirs.refresh_from_db()
    assert theirs.label == "Ailleurs"


def test_the_slower_of_two_keeps_the_options_that_were_typed(officer_client, item):
    stale = fields(item)
    item.save_over(item.version)
    said = stale | options(("Lombez", "", True))
    response = officer_client.post(f"/instances/points/{item.pk}/", said)
    assertContains(response, "Lombez", status_code=409)
    assert not AgendaOption.objects.exists()


def test_a_decision_keeps_an_option_and_its_words(officer_client, item):
    kept = AgendaOptionFactory(item=item, label="Quai de Lombez")
    other = AgendaOptionFactory()
    url = f"/instances/points/{item.pk}/decision/"
    for pk in (other.pk, "²", "9" * 30):
        assert officer_client.post(url, {"option": pk, "text": "Oui"}).status_code == 422
    response = officer_client.post(url, {"option": "", "text": ""})
    assertContains(response, "choisissez une option", status_code=422)
    officer_client.post(url, {"option": kept.pk})
    decision = AgendaItem.objects.get(pk=item.pk).decision
    assert (decision.option, decision.text) == (kept, "Quai de Lombez")


def test_a_decision_in_other_words_names_the_option(officer_client, item):
    kept = AgendaOptionFactory(item=item, label="Quai de Lombez")
    said = {"option": kept.pk, "text": "Signer le marché", "geste": "consigner", "version": 1}
    officer_client.post(f"/instances/points/{item.pk}/seance/", said)
    page = officer_client.get(item.meeting.get_absolute_url())
    assertContains(page, "Option retenue\u00a0: Quai de Lombez")


def test_a_point_with_a_proposed_option_is_prepared(officer_client, item):
    url = item.meeting.get_absolute_url()
    assertContains(officer_client.get(url), "pas de proposition")
    AgendaOptionFactory(item=item, is_recommended=True)
    assert officer_client.get(url).context["unprepared"] == 0


def test_a_point_is_removed_and_comes_back_with_its_options(officer_client, item):
    AgendaOptionFactory(item=item, label="Lombez", is_recommended=True)
    trace = item.remove()
    assert not AgendaOption.objects.exists()
    officer_client.post(f"/plan/retablir/point/{trace.pk}/")
    assert AgendaOption.objects.get().label == "Lombez"


def test_a_meeting_costs_the_same_for_one_option_and_many(
    officer_client, item, assert_flat_queries
):
    def add(count):
        for point in AgendaItemFactory.create_batch(count, meeting=item.meeting):
            AgendaOptionFactory.create_batch(2, item=point)

    for path in ("", "seance/"):
        url = f"{item.meeting.get_absolute_url()}{path}"
        assert_flat_queries(lambda url=url: officer_client.get(url), add)


def test_a_project_takes_its_points_and_what_was_decided_with_it(territory, item):
    project = ProjectFactory(territory=territory)
    point = AgendaItemFactory(meeting=item.meeting, project=project)
    point.decide("Oui", by=None, option=AgendaOptionFactory(item=point))
    project.delete()
    assert not AgendaOption.objects.exists()
