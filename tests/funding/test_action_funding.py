"""A collective action seeks money as a project does: answers, decisions, watch, missing facts."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from actions.models import Action
from crm.models import Role
from funding import action_facts, answers
from funding.action_facts import matches_of_action
from funding.eligibility import Verdict
from funding.models import DeclaredFact, MatchDecision, Program
from funding.models.subjects import ActionSubject
from tests.actions.factories import ActionFactory
from tests.crm.factories import OrganisationFactory, ProjectFactory, TerritoryFactory, UserFactory
from tests.funding.factories import FinancingPlanFactory, MatchDecisionFactory, ProgramFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
ELIGIBLE, TO_CONFIRM, NOT_ELIGIBLE = Verdict.ELIGIBLE, Verdict.TO_CONFIRM, Verdict.NOT_ELIGIBLE
EPCI = {"kind": "beneficiary", "key": "who", "accepted": ["epci"]}
TEXT = {"kind": "text", "key": "ambition", "text": "Le projet est ambitieux."}
COSTS = {"kind": "eligible_costs", "key": "costs", "min": 30_000}
STARTED = {"kind": "not_started", "key": "started"}
LETTER = {
    "kind": "fact", "key": "letter", "fact": "support_letter", "type": "bool", "expected": True,
    "label": "Lettre de soutien", "question": "L’EPCI a-t-il écrit une lettre ?",
}  # fmt: skip
DUES = {
    "kind": "fact", "key": "dues", "fact": "up_to_date_contributions", "type": "bool",
    "expected": True, "label": "À jour", "question": "Le pilote est-il à jour ?",
}  # fmt: skip


@pytest.fixture
def pilot(territory):
    return OrganisationFactory(territory=territory, kind="epci")


@pytest.fixture
def action(territory, pilot):
    return make_action(territory, pilot)


def make_action(territory, pilot, **fields):
    return ActionFactory(territory=territory, pilot=pilot, **{"budget_planned": 40_000, **fields})


def send(client, name, action, **data):
    return client.post(reverse(f"funding:action_{name}", args=[action.pk]), data, headers=HTMX)


def answer(client, action, fact, value, **data):
    return send(client, "answer", action, fact=fact, value=value, **data)


def panel(client, action):
    return client.get(reverse("funding:action_panel", args=[action.pk]))


def asked(client, action):
    page = client.get(reverse("funding:action_question_panel", args=[action.pk]))
    return [card["one"].fact for card in page.context["questions"]["top"]]


def verdict(client, action):
    """The only verdict of the action, that the vectorised rules give too."""
    [match] = matches_of_action(action, client.user)
    found = action_facts.verdicts(Action.objects.filter(pk=action.pk), Program.objects.all())
    assert found.verdict(action.pk, match.program.pk) == match.verdict
    return match.verdict


def test_what_is_true_of_the_pilot_is_answered_once_for_all_its_actions(
    officer_client, action, territory, pilot
):
    other = make_action(territory, pilot)
    ProgramFactory(criteria=[EPCI, DUES])
    assert verdict(officer_client, other) is TO_CONFIRM
    response = answer(officer_client, action, "up_to_date_contributions", "oui")
    assertContains(response, "Aucune information ne manque")
    assert DeclaredFact.objects.get().organisation == pilot
    assert verdict(officer_client, other) is ELIGIBLE


def test_the_rest_is_answered_for_the_action_alone(officer_client, action, territory, pilot):
    other = make_action(territory, pilot)
    ProgramFactory(criteria=[EPCI, LETTER])
    answer(officer_client, action, "support_letter", "oui")
    assert DeclaredFact.objects.get().action == action
    assert verdict(officer_client, action) is ELIGIBLE
    assert asked(officer_client, other) == ["support_letter"]


def test_the_budget_is_written_on_the_fiche_and_can_be_taken_back(officer_client, action):
    Action.objects.update(budget_planned=None)
    ProgramFactory(criteria=[COSTS])
    assert asked(officer_client, action) == ["eligible_costs"]
    response = answer(officer_client, action, "eligible_costs", "36 000,50")
    assertContains(response, "1\u00a0réponse donnée")
    fiche = Action.objects.get()
    assert (str(fiche.budget_planned), fiche.version) == ("36000.50", action.version + 1)
    assert verdict(officer_client, action) is ELIGIBLE
    send(officer_client, "forget", action, fact="eligible_costs", seen="36000.50")
    assert Action.objects.get().budget_planned is None
    url = reverse("funding:action_restore", args=[action.pk, "eligible_costs"])
    officer_client.post(url, headers=HTMX)
    assert str(Action.objects.get().budget_planned) == "36000.50"


def test_a_fact_that_a_fiche_has_no_field_for_is_kept_beside_it(officer_client, action):
    ProgramFactory(criteria=[STARTED])
    assert asked(officer_client, action) == ["first_commitment_on"]
    answer(officer_client, action, "first_commitment_on", "2026-01-15")
    assert DeclaredFact.objects.get().value == "2026-01-15"
    [given] = answers.given(ActionSubject(action))
    assert given.said == "15/01/2026"


def test_an_edit_of_the_fiche_is_no_longer_an_answer(officer_client, action):
    Action.objects.update(budget_planned=None)
    ProgramFactory(criteria=[COSTS])
    answer(officer_client, action, "eligible_costs", "36000")
    fiche = Action.objects.get()
    url = reverse("actions:action_edit", args=[action.pk])
    form = officer_client.get(url).context["form"]
    data = {name: form[name].value() or "" for name in form.fields}
    data |= {"budget_planned": "50000", "epcis": [], "themes": [], "national_priorities": []}
    assert officer_client.post(url, data).status_code == 302
    assert answers.given(ActionSubject(Action.objects.get())) == []
    assert Action.objects.get().version == fiche.version + 1


@pytest.mark.parametrize(
    ("fact", "value", "status", "said"),
    [
        ("eligible_costs", "beaucoup", 422, "n’est pas un nombre"),
        ("eligible_costs", "-3", 422, "supérieur"),
        ("eligible_costs", "9" * 15, 422, "chiffres"),
        ("support_letter", "peut-être", 422, "choix"),
        ("support_letter", "", 422, "oui ou par non"),
        ("horoscope", "oui", 409, "n’est plus demandée"),
    ],
)
def test_a_wrong_answer_says_why_and_writes_nothing(
    officer_client, action, fact, value, status, said
):
    Action.objects.update(budget_planned=None)
    ProgramFactory(criteria=[COSTS, LETTER])
    response = answer(officer_client, action, fact, value)
    assertContains(response, said, status_code=status)
    assert not DeclaredFact.objects.exists()
    assert Action.objects.get().budget_planned is None


def test_without_a_pilot_what_concerns_it_waits_for_one(officer_client, action):
    Action.objects.update(pilot=None)
    ProgramFactory(criteria=[DUES])
    page = officer_client.get(reverse("funding:action_question_panel", args=[action.pk]))
    assertContains(page, reverse("actions:action_edit", args=[action.pk]))
    assertNotContains(page, 'name="value"')
    response = answer(officer_client, action, "up_to_date_contributions", "oui")
    assertContains(response, "désignez-le d’abord", status_code=409)
    assert not DeclaredFact.objects.exists()


def test_an_answer_about_a_project_is_not_one_of_the_action(officer_client, territory, action):
    """They may bear the same number."""
    project = ProjectFactory(territory=territory, pk=action.pk, holder=action.pilot)
    DeclaredFact.objects.create(project=project, key="support_letter", value=True)
    ProgramFactory(criteria=[EPCI, LETTER])
    assert verdict(officer_client, action) is TO_CONFIRM
    assert answers.given(ActionSubject(action)) == []
    assert answers.judgements(action.pk, of="action") == {}


def test_a_plain_text_condition_is_judged_for_the_action(officer_client, action):
    ProgramFactory(code="A1", criteria=[EPCI, TEXT], version=3)
    answer(officer_client, action, "judgement:A1:ambition", "oui")
    assert verdict(officer_client, action) is ELIGIBLE
    assertContains(panel(officer_client, action), "version 3")
    answer(officer_client, action, "judgement:A1:ambition", "non")
    assert verdict(officer_client, action) is NOT_ELIGIBLE
    said = answers.judgements(action.pk, of="action")[action.pk, "judgement:A1:ambition"]
    assert [one.is_met for one in said] == [False, True]


def test_a_fact_is_of_one_thing_only(action, pilot, territory):
    project = ProjectFactory(territory=territory)
    for about in (
        {},
        {"action": action, "organisation": pilot},
        {"project": project, **{"action": action}},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            DeclaredFact.objects.create(key="x", value=True, **about)
    DeclaredFact.objects.create(action=action, key="x", value=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        DeclaredFact.objects.create(action=action, key="x", value=False)


def test_facts_and_decisions_of_an_action_stay_in_its_territory(territory, action):
    DeclaredFact.objects.create(action=action, key="x", value=True)
    MatchDecisionFactory(project=None, action=action)
    mine = UserFactory(territory=territory, role=Role.READER)
    stranger = UserFactory(territory=TerritoryFactory(name="Ailleurs", perimeter=True))
    for model in (DeclaredFact, MatchDecision):
        assert model.objects.visible_to(mine).count() == 1
        assert model.objects.visible_to(stranger).count() == 0


@pytest.mark.parametrize("role", [Role.READER, Role.ELECTED, Role.INDUSTRIALIST])
def test_others_read_and_do_not_answer_nor_decide(sign_in, action, role):
    program = ProgramFactory(criteria=[EPCI, LETTER])
    client = sign_in(role)
    assertNotContains(panel(client, action), "Écarter")
    assert answer(client, action, "support_letter", "oui").status_code == 403
    assert send(client, "retain", action, program=program.pk).status_code == 403
    assert not MatchDecision.objects.exists()


def test_an_action_declares_themes_beyond_its_axes(officer_client, action):
    ProgramFactory(criteria=[{"kind": "themes", "key": "t", "any": ["num"]}])
    assert verdict(officer_client, action) is NOT_ELIGIBLE
    url = reverse("actions:action_edit", args=[action.pk])
    assertContains(officer_client.get(url), "Autres thèmes")
    action.themes.set(["num"])
    assert verdict(officer_client, action) is ELIGIBLE
    [match] = matches_of_action(action, officer_client.user)
    assert match.assessment.facts["themes"].source == "axes et thèmes de la fiche action"
    assertContains(officer_client.get(action.get_absolute_url()), "Autres thèmes")


def test_a_program_is_set_aside_with_its_reason_and_comes_back(officer_client, action):
    program = ProgramFactory(criteria=[EPCI])
    send(officer_client, "dismiss", action, program=program.pk, reason="had")
    page = panel(officer_client, action)
    assert (page.context["live"], len(page.context["dismissed"])) == (0, 1)
    assertContains(page, "Aide déjà obtenue")
    decision = MatchDecision.objects.get()
    assert (decision.action, decision.project) == (action, None)
    officer_client.post(reverse("funding:decision_revoke", args=[decision.pk]), headers=HTMX)
    assert panel(officer_client, action).context["live"] == 1
    officer_client.post(reverse("funding:decision_renew", args=[decision.pk]), headers=HTMX)
    assert MatchDecision.objects.live().get().action == action


def test_the_shortlist_of_an_action_leads_to_its_file_and_its_plan(officer_client, action):
    first, second = ProgramFactory.create_batch(2, criteria=[EPCI])
    plan = FinancingPlanFactory(project=None, action=action)
    for program in (first, second):
        send(officer_client, "retain", action, program=program.pk)
    up = reverse("funding:decision_up", args=[MatchDecision.objects.get(program=second).pk])
    officer_client.post(up)
    page = panel(officer_client, action)
    assert [line.match.program for line in page.context["retained"]] == [second, first]
    file = reverse("funding:action_application_new", args=[action.pk])
    line = reverse("funding:line_new", args=[plan.pk, "ressource"])
    for address in (file, line):
        assertContains(page, f"{address}?dispositif={first.pk}")
    programs = officer_client.get(reverse("funding:plan_programs", args=[plan.pk]))
    assert [match.program for match in programs.context["matches"]] == [second, first]


def test_what_is_set_aside_is_not_proposed_to_the_plan(officer_client, action):
    program = ProgramFactory(criteria=[EPCI])
    plan = FinancingPlanFactory(project=None, action=action)
    MatchDecisionFactory(project=None, action=action, program=program, dismissed=True)
    page = officer_client.get(reverse("funding:plan_programs", args=[plan.pk]))
    assert page.context["matches"] == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"reason": ""}, "Dites pourquoi"),
        ({"reason": "other"}, "Écrivez la raison"),
        ({"program": "²"}, "n’est pas au catalogue"),
    ],
)
def test_a_decision_that_is_refused_says_why(officer_client, action, data, said):
    program = ProgramFactory(criteria=[EPCI])
    response = send(
        officer_client, "dismiss", action, **{"program": program.pk, "reason": "theme", **data}
    )
    assertContains(response, said, status_code=422)
    assert not MatchDecision.objects.exists()


def test_one_live_decision_for_an_action_and_a_program(action):
    program = ProgramFactory()
    MatchDecisionFactory(project=None, action=action, program=program)
    with pytest.raises(IntegrityError), transaction.atomic():
        MatchDecisionFactory(project=None, action=action, program=program, dismissed=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        MatchDecisionFactory(action=action)


def test_a_program_said_expired_for_an_action_is_told_to_who_keeps_it(sign_in, action):
    program = ProgramFactory(verified_on="2026-01-01")
    MatchDecisionFactory(
        project=None, action=action, program=program, kind="dismissed", reason="expired"
    )
    url = reverse("funding:program", args=[program.pk])
    assertContains(sign_in(Role.MANAGER).get(url), "Signalé expiré")
