import datetime as dt
from decimal import Decimal as D

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from crm.models import Commune, Project, Role, Theme
from funding.eligibility import Answer, Verdict
from funding.matching import Matcher, matches_of
from funding.models import DeclaredFact
from tests.crm.factories import OrganisationFactory, ProjectFactory, SiteFactory
from tests.funding.factories import ProgramFactory

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 22)
AUDIT = {
    "kind": "prior_study",
    "key": "audit",
    "study": "energy_audit",
    "question": "De quand date l’audit énergétique ?",
}
TURNOVER = {"kind": "turnover", "key": "turnover", "max": "10000000"}


@pytest.fixture
def project(territory):
    holder = OrganisationFactory(territory=territory, headcount=42)
    SiteFactory(organisation=holder, commune=Commune.objects.get(pk="32132"))
    project = ProjectFactory(
        territory=territory,
        holder=holder,
        eligible_costs=D("500000"),
        first_commitment_on=dt.date(2027, 3, 1),
        confidentiality="partenaires",
    )
    project.themes.set(Theme.objects.filter(pk__in=["deca", "agro"]))
    return project


def panel(client, project, **query):
    return client.get(reverse("funding:project_panel", args=[project.pk]), query)


def reply(client, project, fact, value, **data):
    url = reverse("funding:answer", args=[project.pk])
    return client.post(url, {"fact": fact, "value": value, **data})


def verdict_of(project, viewer):
    return [match.verdict for match in matches_of(project, viewer, today=TODAY)]


def test_facts_come_from_the_records_with_their_source(officer_client, project):
    ProgramFactory(
        criteria=[
            {"kind": "headcount", "key": "h", "min": 20, "max": 250},
            {"kind": "naf", "key": "naf", "vintage": "rev2", "accepted": ["C"]},
            {"kind": "place", "key": "ti", "in_ti": True},
            {"kind": "place", "key": "region", "regions": ["76"]},
            {"kind": "themes", "key": "themes", "any": ["deca"]},
            {"kind": "not_started", "key": "not_started"},
            {"kind": "eligible_costs", "key": "costs", "min": "100000"},
        ]
    )
    match = matches_of(project, officer_client.user, today=TODAY)[0]
    assert match.verdict is Verdict.ELIGIBLE
    found = {result.key: result.found for result in match.assessment.results}
    assert "42" in found["h"]
    assert "500" in found["costs"]


def test_an_answer_in_place_settles_the_verdict(officer_client, project):
    ProgramFactory(criteria=[TURNOVER])
    assert verdict_of(project, officer_client.user) == [Verdict.TO_CONFIRM]

    response = reply(officer_client, project, "turnover", "9 400 000,50")

    assertRedirects(
        response, f"{project.get_absolute_url()}#financements", fetch_redirect_response=False
    )
    project.holder.refresh_from_db()
    assert project.holder.turnover == D("9400000.50")
    assert "saisi par" in project.holder.source_of("turnover")
    assert verdict_of(project, officer_client.user) == [Verdict.ELIGIBLE]


def test_an_answer_with_letters_is_refused_naming_it_and_writes_nothing(officer_client, project):
    ProgramFactory(criteria=[TURNOVER])
    response = reply(officer_client, project, "turnover", "beaucoup")
    assertContains(response, "«\u00a0beaucoup\u00a0» n’est pas un nombre", status_code=422)
    project.holder.refresh_from_db()
    assert project.holder.turnover is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"value": "2025-05-12"}, Verdict.ELIGIBLE),
        ({"value": "", "done": "non"}, Verdict.NOT_ELIGIBLE),
    ],
)
def test_a_study_is_dated_or_said_not_done(officer_client, project, data, expected):
    ProgramFactory(criteria=[AUDIT])
    reply(officer_client, project, "study:energy_audit", **data)
    assert verdict_of(project, officer_client.user) == [expected]


def test_a_judgement_holds_for_its_program_only(officer_client, project):
    text = {"kind": "text", "key": "ambition", "text": "Le projet est ambitieux."}
    first = ProgramFactory(criteria=[text], code="A1")
    ProgramFactory(criteria=[text], code="A2")
    reply(officer_client, project, f"judgement:{first.code}:ambition", "oui")
    verdicts = {
        match.program.code: match.verdict
        for match in matches_of(project, officer_client.user, today=TODAY)
    }
    assert verdicts == {"A1": Verdict.ELIGIBLE, "A2": Verdict.TO_CONFIRM}


def test_a_fact_about_the_holder_serves_all_its_projects(officer_client, project):
    fact = {
        "kind": "fact",
        "key": "difficulty",
        "fact": "in_difficulty",
        "type": "bool",
        "expected": False,
        "label": "Entreprise qui n’est pas en difficulté",
        "question": "L’entreprise est-elle en difficulté ?",
    }
    ProgramFactory(criteria=[fact])
    reply(officer_client, project, "in_difficulty", "non")
    other = ProjectFactory(territory=project.territory, holder=project.holder)
    assert verdict_of(other, officer_client.user) == [Verdict.ELIGIBLE]


def test_an_unasked_fact_is_not_written(officer_client, project):
    ProgramFactory()
    response = reply(officer_client, project, "anything", "oui")
    assert response.status_code in {302, 409}
    assert not DeclaredFact.objects.exists()


def test_an_answer_can_be_taken_back(officer_client, project):
    ProgramFactory(criteria=[AUDIT])
    reply(officer_client, project, "study:energy_audit", "2025-05-12")
    officer_client.post(reverse("funding:forget", args=[DeclaredFact.objects.get().pk]))
    assert verdict_of(project, officer_client.user) == [Verdict.TO_CONFIRM]


def test_panel_ranks_and_explains(officer_client, project):
    ProgramFactory(name="Aide sûre", rate_max=D("40"), closes_on=TODAY + dt.timedelta(days=4000))
    ProgramFactory(name="Aide à confirmer", criteria=[TURNOVER])
    ProgramFactory(
        name="Aide d’ailleurs",
        criteria=[{"kind": "place", "key": "region", "regions": ["53"]}],
    )
    page = panel(officer_client, project).content.decode()
    assert page.index("Aide sûre") < page.index("Aide à confirmer")
    assert "Aide d’ailleurs" not in page
    refused = panel(officer_client, project, vue="non-eligibles")
    assertContains(refused, "Aide d’ailleurs")
    assertNotContains(refused, "Aide sûre")


@pytest.mark.parametrize(
    ("programs", "text"),
    [
        ([], "Le catalogue est vide"),
        (
            [[{"kind": "place", "key": "region", "regions": ["53"]}]],
            "ne couvre ce lieu",
        ),
        (
            [[{"kind": "headcount", "key": "h", "min": 500}]],
            "aucun ne convient",
        ),
        ([[TURNOVER]], "Aucun verdict certain"),
    ],
)
def test_the_four_kinds_of_empty_say_which_they_are(officer_client, project, programs, text):
    for criteria in programs:
        ProgramFactory(criteria=criteria)
    assertContains(panel(officer_client, project), text)


def test_a_closed_program_is_never_proposed(officer_client, project):
    ProgramFactory(name="Aide fermée", state="closed")
    page = panel(officer_client, project)
    assertNotContains(page, "Aide fermée")


def test_the_rate_of_a_study_is_not_applied_to_the_whole_project(officer_client, project):
    ProgramFactory(name="Étude", rate_max=D("80"), rate_on_project=False)
    ProgramFactory(name="Investissement", rate_max=D("80"))
    aids = {
        match.program.name: match.rank.aid
        for match in matches_of(project, officer_client.user, today=TODAY)
    }
    assert aids == {"Étude": None, "Investissement": (D("0"), D("400000.00"))}


def test_uncertain_rule_never_gives_a_certain_verdict(officer_client, project):
    ProgramFactory(criteria=[{"kind": "headcount", "key": "h", "max": 250, "confidence": "TBV"}])
    match = matches_of(project, officer_client.user, today=TODAY)[0]
    assert match.verdict is Verdict.TO_CONFIRM
    result = next(r for r in match.assessment.results if r.key == "h")
    assert result.answer is Answer.UNKNOWN
    assert result.rule_to_check


@pytest.mark.parametrize("role", [Role.ELECTED, Role.INDUSTRIALIST, Role.READER])
def test_readers_see_the_verdicts_but_do_not_answer(sign_in, project, role):
    ProgramFactory(criteria=[TURNOVER])
    client = sign_in(role)
    assert panel(client, project).status_code == 200
    assert reply(client, project, "turnover", "1").status_code == 403


def test_the_project_of_another_territory_is_not_found(officer_client):
    assert panel(officer_client, ProjectFactory()).status_code == 404


def test_cost_does_not_grow_with_programs_or_facts(officer_client, project, assert_flat_queries):
    ProgramFactory()

    def add():
        ProgramFactory.create_batch(5, criteria=[AUDIT, TURNOVER])
        SiteFactory.create_batch(3, organisation=project.holder)

    assert_flat_queries(lambda: panel(officer_client, project), add)


def test_matching_many_projects_costs_what_one_costs(
    officer_client, project, territory, assert_flat_queries
):
    from funding.facts import with_facts

    ProgramFactory.create_batch(2)

    def match_all():
        matcher = Matcher(officer_client.user, today=TODAY)
        return [matcher.matches(one) for one in with_facts(Project.objects.all())]

    assert_flat_queries(match_all, lambda: ProjectFactory.create_batch(5, territory=territory))
