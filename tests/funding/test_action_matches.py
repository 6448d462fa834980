import datetime
import re

import pytest
from django.urls import reverse
from django.utils.html import strip_tags

from actions.models import Action
from crm.models import Commune, Epci, Role
from funding import action_facts
from funding.action_facts import ActionFactReader, matches_of_action, with_facts
from funding.eligibility import Verdict
from funding.models import DeclaredFact, Program
from funding.models.subjects import ActionSubject
from tests.actions.factories import ActionFactory
from tests.crm.factories import OrganisationFactory, UserFactory
from tests.funding.factories import ApplicationFactory, FinancingPlanFactory, ProgramFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(territory):
    return UserFactory(territory=territory)


@pytest.fixture
def action(territory):
    pilot = OrganisationFactory(territory=territory, kind="epci")
    return ActionFactory(territory=territory, pilot=pilot, budget_planned=40_000)


def text(response):
    page = strip_tags(response.content.decode()).replace("\u00a0", " ")
    return re.sub(r"\s+", " ", page)


def facts_of(action):
    fetched = with_facts(Action.objects.all()).get(pk=action.pk)
    return ActionFactReader().facts_of(ActionSubject(fetched))


def only(action, viewer, criterion):
    """The one match of an action with a program that has this criterion alone."""
    ProgramFactory(criteria=[{"key": "x", **criterion}])
    [match] = matches_of_action(action, viewer)
    return match


EPCI = {"kind": "beneficiary", "accepted": ["epci"]}
COMPANY = {"kind": "beneficiary", "accepted": ["company"]}
HOUSING = {"kind": "themes", "any": ["log"]}
COSTS = {"kind": "eligible_costs", "min": 30_000}
STAGE = {"kind": "stage", "accepted": ["en_realisation"]}
FACT = {"kind": "fact", "type": "bool", "expected": True}
LETTER = {**FACT, "fact": "support_letter", "label": "Lettre de soutien"}
DUES = {**FACT, "fact": "up_to_date_contributions", "label": "À jour de ses contributions"}
TI = {"kind": "place", "in_ti": True}


@pytest.mark.parametrize(
    ("criterion", "verdict"),
    [
        (EPCI, Verdict.ELIGIBLE),
        (COMPANY, Verdict.NOT_ELIGIBLE),
        (HOUSING, Verdict.ELIGIBLE),
        (COSTS, Verdict.ELIGIBLE),
        (TI, Verdict.ELIGIBLE),
        (STAGE, Verdict.TO_CONFIRM),
    ],
)
def test_rules_of_projects_judge_an_action(action, officer, criterion, verdict):
    assert only(action, officer, criterion).verdict is verdict


@pytest.mark.parametrize(
    ("criterion", "fields"),
    [
        (EPCI, {"pilot": None}),
        (COSTS, {"budget_planned": None}),
        (HOUSING, {"priority_id": "montage"}),
        (STAGE, {"status": "bloque"}),
        (LETTER, {}),
    ],
)
def test_what_a_fiche_does_not_say_stays_to_confirm(action, officer, criterion, fields):
    Action.objects.filter(pk=action.pk).update(**fields)
    match = only(action, officer, criterion)
    assert match.verdict is Verdict.TO_CONFIRM
    assert match.assessment.questions


def test_status_tells_a_stage_only_when_it_is_clear(action):
    stages = {}
    for status in Action.Status:
        Action.objects.filter(pk=action.pk).update(status=status)
        fact = facts_of(action).get("stage")
        stages[status.value] = fact and fact.value
    assert stages == {
        "a_venir": None,
        "en_cours": "en_realisation",
        "en_retard": "en_realisation",
        "en_pause": None,
        "bloque": None,
        "abandonne": None,
        "termine": "realise",
    }


def test_perimeter_says_what_all_its_communes_share(action, territory):
    one = Epci.objects.get(name__icontains="Lomagne")
    action.epcis.set([one])
    facts = facts_of(action)
    departements = set(Commune.objects.filter(epci=one).values_list("departement", flat=True))
    assert facts["epci"].value == one.pk
    assert {facts["departement"].value} == departements
    action.epcis.set(territory.epcis.all())
    facts = facts_of(action)
    # Two départements of one région.
    assert facts["departement"].value == {"32", "82"}
    assert facts["epci"].value == set(territory.epcis.values_list("pk", flat=True))
    assert facts["region"].value == "76"
    assert facts["in_ti"].value is True


@pytest.mark.parametrize(
    ("places", "verdict", "found"),
    [
        ({"departements": ["32", "82"]}, Verdict.ELIGIBLE, "Départements 32 et 82"),
        ({"departements": ["32", "31"]}, Verdict.TO_CONFIRM, "Départements 32 et 82"),
        ({"departements": ["31"]}, Verdict.NOT_ELIGIBLE, "Départements 32 et 82"),
        ({"regions": ["53"]}, Verdict.NOT_ELIGIBLE, "Région Occitanie"),
        ({"regions": ["53"], "departements": ["32"]}, Verdict.TO_CONFIRM, "Région Occitanie"),
        ({"communes": ["32132"]}, Verdict.TO_CONFIRM, "Communes 32132"),
        ({"communes": ["35238"]}, Verdict.NOT_ELIGIBLE, "Communes 32132"),
        ({"epcis": ["243500139"]}, Verdict.NOT_ELIGIBLE, "Lomagne"),
    ],
)
def test_a_rule_of_place_holds_when_the_whole_perimeter_is_inside(
    action, officer, places, verdict, found
):
    match = only(action, officer, {"kind": "place", **places})
    assert match.verdict is verdict
    result = next(one for one in match.assessment.results if one.kind == "place")
    assert found in result.found
    many = action_facts.verdicts(Action.objects.all(), Program.objects.all())
    assert many.verdict(action.pk, match.program.pk) is verdict


def test_what_is_asked_of_a_place_partly_inside_is_which_part(action, officer):
    match = only(action, officer, {"kind": "place", "departements": ["32", "31"]})
    [question] = match.assessment.questions
    said = question.sentence.replace("\u00a0", " ")
    assert said == "Sur quelle partie de son périmètre l’action porte-t-elle ?"


def test_a_perimeter_one_of_whose_epci_has_no_commune_known_is_outside_of_nothing(action, officer):
    Commune.objects.filter(epci__name__icontains="Lomagne").update(epci=None)
    assert {"departement", "region", "commune"}.isdisjoint(facts_of(action))
    match = only(action, officer, {"kind": "place", "regions": ["53"]})
    assert match.verdict is Verdict.TO_CONFIRM


def test_questions_of_an_action_say_the_action(officer_client, action):
    place = {"kind": "place", "zone": "afr"}
    jobs = {"kind": "jobs", "min": 5}
    heat = {**FACT, "fact": "heat", "label": "Chaleur", "question": "Le projet en produit-il ?"}
    rows = [{"key": f"c{n}", **row} for n, row in enumerate((place, jobs, heat))]
    ProgramFactory(criteria=rows)
    for url in (
        reverse("funding:action_question_panel", args=[action.pk]),
        reverse("funding:information_list"),
    ):
        asked = text(officer_client.get(url))
        assert "Combien d’emplois créés l’action prévoit-elle ?" in asked
        assert "L’action se situe-t-elle en zone d’aide" in asked
        assert "L’action en produit-elle ?" in asked
        assert "le projet" not in asked.lower()


def test_a_part_of_an_action_has_its_perimeter(action):
    one = Epci.objects.get(name__icontains="Lomagne")
    action.epcis.set([one])
    part = ActionFactory(territory=action.plan.territory, parent=action, pilot=action.pilot)
    fact = facts_of(part)["epci"]
    assert (fact.value, fact.source) == (one.pk, "périmètre de l’action dont elle fait partie")


def test_without_a_perimeter_that_of_the_territory_holds(action):
    fact = facts_of(action)["region"]
    assert (fact.value, fact.source) == ("76", "périmètre du territoire")


def test_what_the_pilot_answered_counts_for_its_actions(action, officer):
    DeclaredFact.objects.create(
        organisation=action.pilot, key="up_to_date_contributions", value=True
    )
    assert facts_of(action)["up_to_date_contributions"].value is True


def test_filing_of_the_action_is_known_to_the_incentive_effect(action):
    file = ApplicationFactory(project=None, action=action, filed=True)
    filed = facts_of(action)["filings"].value
    assert filed == {str(file.program.pk): datetime.date(2026, 6, 1)}


def test_page_of_an_action_asks_for_its_panels(officer_client, action):
    page = officer_client.get(action.get_absolute_url()).content.decode()
    names = ("panel", "question_panel", "watch_panel", "plan_panel", "application_panel")
    for name in (f"action_{name}" for name in names):
        assert reverse(f"funding:{name}", args=[action.pk]) in page


def test_panel_shows_what_fits_and_opens_a_file(officer_client, action):
    program = ProgramFactory(name="Aide au logement", criteria=[{"key": "x", **EPCI}])
    excluded = ProgramFactory(name="Aide aux usines", criteria=[{"key": "x", **COMPANY}])
    response = officer_client.get(reverse("funding:action_panel", args=[action.pk]))
    address = reverse("funding:action_application_new", args=[action.pk])
    assert f"{address}?dispositif={program.pk}" in response.content.decode()
    assert "1 éligible" in text(response)
    assert excluded.name not in text(response)
    others = officer_client.get(response.context["to"]["panel"], {"vue": "non-eligibles"})
    assert excluded.name in text(others)
    opened = officer_client.get(f"{address}?dispositif={program.pk}")
    assert opened.context["form"]["program"].value() == program.pk


def test_plan_of_an_action_takes_a_source_from_its_matches(officer_client, action):
    program = ProgramFactory(
        criteria=[{"key": "x", **EPCI}], rate_max=50, rate_on_project=True, aid_max=None
    )
    plan = FinancingPlanFactory(project=None, action=action)
    page = officer_client.get(reverse("funding:plan_programs", args=[plan.pk]))
    assert [match.program for match in page.context["matches"]] == [program]
    form = officer_client.get(
        reverse("funding:line_new", args=[plan.pk, "ressource"]), {"dispositif": program.pk}
    )
    assert form.context["form"]["program"].value() == program.pk


def test_without_pilot_the_panel_says_why_nothing_is_certain(officer_client, action):
    Action.objects.update(pilot=None)
    ProgramFactory(criteria=[{"key": "x", **EPCI}])
    page = officer_client.get(reverse("funding:action_panel", args=[action.pk]))
    assert "Pilote à désigner" in text(page)


@pytest.mark.parametrize(
    ("criteria", "words"),
    [
        ([], "Le catalogue est vide"),
        ([COMPANY], "ne s’adresse à ce genre de pilote"),
        ([{**COSTS, "min": 90_000}], "aucun ne convient à cette fiche"),
    ],
)
def test_when_nothing_fits_the_panel_says_which_nothing(officer_client, action, criteria, words):
    for criterion in criteria:
        ProgramFactory(criteria=[{"key": "x", **criterion}])
    page = officer_client.get(reverse("funding:action_panel", args=[action.pk]))
    assert words in text(page)


def test_reader_sees_the_panel_and_opens_nothing(sign_in, action):
    ProgramFactory(criteria=[{"key": "x", **EPCI}])
    page = sign_in(Role.READER).get(reverse("funding:action_panel", args=[action.pk]))
    assert "Ouvrir un dossier" not in text(page)


def test_cost_is_flat(officer_client, action, assert_flat_queries):
    url = reverse("funding:action_panel", args=[action.pk])

    def add(count):
        for _ in range(count):
            program = ProgramFactory(criteria=[{"key": "x", **EPCI}])
            ApplicationFactory(project=None, action=action, program=program, filed=True)

    assert_flat_queries(lambda: officer_client.get(url), add)
