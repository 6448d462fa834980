"""The plan as it was voted: frozen, compared, read again and exported."""

import datetime
import io

import openpyxl
import pytest
from django.db import IntegrityError, connection, transaction
from pytest_django.asserts import assertContains, assertNotContains

from actions.models import Action, ActionPlan, PlanVersion
from actions.snapshots import compare, snapshot
from crm.freezing import IsFrozen, fingerprint
from crm.models import LocalPriority, Role
from tests.actions.factories import (
    ActionFactory,
    ActionPlanFactory,
    AgendaItemFactory,
    BudgetLineFactory,
    DecisionFactory,
    FrameworkCodeFactory,
    IndicatorFactory,
    IndicatorTargetFactory,
    MeetingFactory,
    MilestoneFactory,
)
from tests.crm.factories import ContactFactory, OrganisationFactory, UserFactory

pytestmark = pytest.mark.django_db
VOTED = datetime.date(2026, 6, 18)


@pytest.fixture
def plan(territory):
    plan = ActionPlanFactory(territory=territory, title="Plan d’actions, version 2")
    ActionFactory(plan=plan, code="LOG-1", title="Logements", progress=20, budget_planned=1000)
    ActionFactory(plan=plan, code="ECI-1", title="Chaleur")
    return plan


def ballot(client, **said):
    """Open the page, then vote what it showed."""
    page = client.get("/plan/versions/voter/")
    initial = page.context["form"].initial
    sent = {key: initial[key] for key in ("title", "number", "digest")}
    return sent | {"voted_by": "Conseil syndical", "voted_on": "2026-06-18"} | said


def vote(client, **said):
    return client.post("/plan/versions/voter/", ballot(client, **said))


def test_a_version_is_voted_once_with_who_and_when(officer_client, plan):
    sent = ballot(officer_client, note="À l’unanimité.")
    for _ in range(2):  # sent twice
        assert officer_client.post("/plan/versions/voter/", sent).status_code == 302
    version = PlanVersion.objects.get()
    assert (version.number, version.voted_on, version.voted_by) == (1, VOTED, "Conseil syndical")
    assert ActionPlan.objects.get().adopted_on == VOTED
    page = officer_client.get(version.get_absolute_url())
    for words in ("LOG-1", "1\u00a0000\u00a0€", "À l’unanimité."):
        assertContains(page, words)
    assertContains(officer_client.get("/plan/versions/"), "Conseil syndical")


def test_a_vote_in_a_meeting_takes_its_date_and_its_name(officer_client, plan):
    meeting = MeetingFactory(territory=plan.territory, title="COPIL n° 6", held_on=VOTED)
    decision = DecisionFactory(item=AgendaItemFactory(meeting=meeting))
    sent = {"voted_by": "", "voted_on": "", "decision": decision.pk}
    assert vote(officer_client, **sent).status_code == 302
    version = PlanVersion.objects.get()
    assert (version.meeting, version.decision, version.voted_on) == (meeting, decision, VOTED)
    assert "COPIL n° 6" in version.voted_by


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"voted_by": ""}, "Dites qui a voté"),
        ({"voted_on": ""}, "Dites quand elle a été votée"),
        ({"voted_on": "2027-01-01"}, "On ne fige pas un vote à venir."),
        ({"title": ""}, "est obligatoire"),
        ({"meeting": "²"}, "Sélectionnez un choix valide"),
    ],
)
def test_a_refused_vote_says_why_and_freezes_nothing(officer_client, plan, said, why):
    response = vote(officer_client, note="Gardée", **said)
    assertContains(response, why, status_code=422)
    assertContains(response, "Gardée", status_code=422)
    assert not PlanVersion.objects.exists()


def test_a_decision_of_another_meeting_is_refused(officer_client, plan):
    meeting = MeetingFactory(territory=plan.territory, held_on=VOTED)
    decision = DecisionFactory(
        item=AgendaItemFactory(meeting=MeetingFactory(territory=plan.territory, held_on=VOTED))
    )
    response = vote(officer_client, meeting=meeting.pk, decision=decision.pk)
    assertContains(response, "dans une autre réunion", status_code=422)


def test_a_plan_that_moved_during_the_vote_is_not_frozen(officer_client, plan):
    sent = ballot(officer_client, note="Gardée")
    Action.objects.filter(code="LOG-1").update(progress=90)
    response = officer_client.post("/plan/versions/voter/", sent)
    assertContains(response, "rien n’a été figé", status_code=409)
    assertContains(response, "Gardée", status_code=409)
    assert not PlanVersion.objects.exists()


def test_a_version_never_changes_whatever_happens_to_the_plan(officer_client, plan):
    vote(officer_client)
    version = PlanVersion.objects.get()
    book = f"/rapports/plan/versions/{version.pk}.xlsx"
    before = rows_of(officer_client.get(book))
    Action.objects.update(title="Autre chose", budget_planned=5)
    LocalPriority.objects.update(label="Axe renommé")
    again = PlanVersion.objects.get()
    assert again.is_intact
    assertContains(officer_client.get(version.get_absolute_url()), "Logements")
    assert rows_of(officer_client.get(book)) == before
    for change in (version.save, version.delete):
        with pytest.raises(IsFrozen):
            change()
    with pytest.raises(IsFrozen):
        PlanVersion.objects.update(title="x")
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE actions_planversion SET title = 'x'")


def rows_of(response):
    book = openpyxl.load_workbook(io.BytesIO(response.content))
    return {name: list(book[name].iter_rows(values_only=True)) for name in book.sheetnames}


def test_what_changed_is_told_in_words(officer_client, plan):
    log, eci = Action.objects.order_by("-code")
    reached = MilestoneFactory(action=log, label="Bilan", due_on=datetime.date(2026, 9, 1))
    late = MilestoneFactory(action=log, label="Bail", due_on=datetime.date(2026, 8, 1))
    line = BudgetLineFactory(action=eci, year=2026, planned=100, source="Région")
    indicator = IndicatorFactory(action=log, label="Logements mobilisés", target=40)
    target = IndicatorTargetFactory(indicator=indicator, year=2026, value=12)
    vote(officer_client)
    version = PlanVersion.objects.get()
    pilot = OrganisationFactory(territory=plan.territory, name="PETR")
    Action.objects.filter(pk=log.pk).update(
        code="LOG-01", progress=35, pilot=pilot, starts_on=datetime.date(2026, 1, 5)
    )
    log.partners.add(pilot)
    reached.mark_reached(today=datetime.date(2026, 9, 3))
    late.due_on = datetime.date(2026, 12, 1)
    late.save()
    line.planned = 250
    line.save()
    target.value = 15
    target.save()
    FrameworkCodeFactory(action=log, framework_id="crte", code="2.3")
    ActionFactory(plan=plan, code="FON-1", title="Friches")
    page = officer_client.get(f"/plan/versions/{version.pk}/changements/")
    found = page.context["comparison"]
    assert [row["code"] for row in found.entered] == ["FON-1"]
    assert found.left == []
    told = {one.fiche["code"]: one for one in found.changed}
    assert [(change.label, change.old, change.new) for change in told["LOG-01"].fields] == [
        ("code", "LOG-1", "LOG-01"),
        ("avancement", "20\u00a0%", "35\u00a0%"),
        ("pilote", "vide", "PETR"),
        ("début", "vide", "05/01/2026"),
    ]
    assert told["LOG-01"].parts == [
        "partenaires techniques : ajouté PETR",
        "cadres : ajouté CRTE 2.3",
        "jalon « Bilan » : atteint le 03/09/2026",
        "jalon « Bail » : échéance 01/08/2026 → 01/12/2026",
        "indicateur « Logements mobilisés » : cible 2026 12 → 15 logements",
    ]
    assert "prévu 100\u00a0€ → 250\u00a0€" in told["ECI-1"].parts[0]
    assert ("Fiches", "2", "3") in [(one.label, one.old, one.new) for one in found.totals]
    assertContains(page, "Ce qui a changé depuis la version votée le 18/06/2026")


def test_two_versions_compare_and_a_fiche_that_left_is_told(officer_client, plan):
    vote(officer_client)
    Action.objects.get(code="ECI-1").delete()
    vote(officer_client, title="Version 3")
    second, first = PlanVersion.objects.all()
    page = officer_client.get(f"/plan/versions/{first.pk}/changements/?avec={second.pk}")
    assert [row["code"] for row in page.context["comparison"].left] == ["ECI-1"]
    now = officer_client.get(f"/plan/versions/{second.pk}/changements/")
    assertContains(now, "Rien n’a changé")
    for wrong in (f"?avec={first.pk}", "?avec=²", "?autre=1"):
        url = f"/plan/versions/{second.pk}/changements/{wrong}"
        assert officer_client.get(url).status_code == 400


def test_a_contact_is_frozen_by_its_organisation_alone(officer_client, plan):
    contact = ContactFactory(organisation__territory=plan.territory, last_name="Duthil")
    action = Action.objects.get(code="LOG-1")
    action.referents.create(role=Role.ELECTED, contact=contact)
    vote(officer_client)
    content = str(PlanVersion.objects.get().content)
    assert contact.organisation.name in content
    assert "Duthil" not in content


def test_the_same_plan_draws_the_same_snapshot(plan):
    one, two = snapshot(plan), snapshot(ActionPlan.objects.get())
    assert fingerprint(one) == fingerprint(two)
    assert compare(one, two).is_empty


def test_readers_read_versions_and_vote_none(sign_in, officer_client, plan):
    vote(officer_client)
    version = PlanVersion.objects.get()
    reader = sign_in(Role.READER)
    assertNotContains(reader.get("/plan/versions/"), "Voter cette version")
    assert reader.get(version.get_absolute_url()).status_code == 200
    assert reader.get(f"/rapports/plan/versions/{version.pk}.xlsx").status_code == 200
    assert reader.get("/plan/versions/voter/").status_code == 403


def test_a_stranger_finds_no_version(client, officer_client, plan):
    vote(officer_client)
    version = PlanVersion.objects.get()
    client.force_login(UserFactory(territory=MeetingFactory().territory, role=Role.MANAGER))
    for url in (
        version.get_absolute_url(),
        f"/plan/versions/{version.pk}/changements/",
        f"/rapports/plan/versions/{version.pk}.xlsx",
    ):
        assert client.get(url).status_code == 404
    assert client.get("/plan/versions/voter/").status_code == 404  # no plan of their own
