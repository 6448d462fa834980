"""For a program, the projects and companies it fits, as a call list."""

import csv
import io

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from crm.models import Confidentiality, Interest, Role
from funding.matching import matches_of
from tests.crm.factories import (
    ContactFactory,
    OrganisationFactory,
    ProjectFactory,
    SiteFactory,
    TerritoryFactory,
)
from tests.funding.factories import ApplicationFactory, MatchDecisionFactory, ProgramFactory

pytestmark = pytest.mark.django_db
HEADCOUNT = {"kind": "headcount", "key": "h", "min": 20}
COSTS = {"kind": "eligible_costs", "key": "costs", "min": "100000"}
COMPANY = {"kind": "beneficiary", "key": "b", "accepted": ["company"]}


@pytest.fixture
def program(db):
    return ProgramFactory(criteria=[COMPANY, HEADCOUNT, COSTS], rate_max="40")


def company(territory, **fields):
    holder = OrganisationFactory(territory=territory, **fields)
    SiteFactory(organisation=holder, commune_id="32132")
    return holder


def project_of(holder, **fields):
    fields = {"confidentiality": Confidentiality.PUBLIC, **fields}
    return ProjectFactory(territory=holder.territory, holder=holder, **fields)


def targets(client, program, **query):
    return client.get(reverse("funding:target_list", args=[program.pk]), query)


def rows(client, program, **query):
    return [
        (row.name, row.verdict.code)
        for row in targets(client, program, **query).context["page"].object_list
    ]


def exported(client, program, kind="csv", **query):
    response = client.get(reverse("reporting:targets_export", args=[program.pk, kind]), query)
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(response.getvalue().decode("utf-8-sig")), delimiter=";"))


def test_a_competitor_of_a_member_of_the_pair_is_not_said_to_have_no_project(
    sign_in, territory, program
):
    rival = company(territory, name="Rivale", headcount=50)
    project_of(rival, title="Ligne", eligible_costs=500_000)
    client = sign_in(Role.INDUSTRIALIST)
    assert rows(client, program) == [("Ligne", "eligible")]
    Interest.objects.create(user=client.user, organisation=rival, kind=Interest.Kind.RIVAL)
    assert rows(client, program) == []


def test_projects_then_companies_each_with_what_is_missing(officer_client, territory, program):
    project_of(company(territory, headcount=50), title="Prêt", eligible_costs=500_000)
    project_of(company(territory, headcount=50), title="À chiffrer")
    company(territory, name="Sans projet", headcount=50)
    company(territory, name="Inconnue")
    company(territory, name="Trop petite", headcount=3)
    page = targets(officer_client, program)
    assert rows(officer_client, program) == [
        ("Prêt", "eligible"),
        ("À chiffrer", "to_confirm"),
        ("Sans projet", "to_confirm"),
        ("Inconnue", "to_confirm"),
    ]
    assertContains(page, "Quelle est l’assiette du projet")
    assertContains(page, "Quel est l’effectif de l’entreprise")
    by_name = {row.name: row for row in page.context["page"].object_list}
    assert by_name["Sans projet"].missing == []
    assert by_name["Sans projet"].later == 1  # the costs, which only a project tells


def test_a_project_has_the_verdict_of_its_page(officer_client, territory, program):
    for costs in (None, 50_000, 500_000):
        project_of(company(territory, headcount=50), eligible_costs=costs)
    found = {
        row.project: row.verdict
        for row in targets(officer_client, program).context["page"].object_list
    }
    for project, verdict in found.items():
        [match] = matches_of(project, officer_client.user)
        assert match.verdict == verdict
    assert len(found) == 2


def test_the_team_gets_whom_to_call(officer_client, territory, program):
    holder = company(territory, headcount=50)
    ContactFactory(organisation=holder, last_name="Autre")
    ContactFactory(
        organisation=holder, first_name="Nora", last_name="Vidal", is_main=True,
        email="nora@exemple.test", phone="05 00 00 00 01",
    )  # fmt: skip
    [row] = exported(officer_client, program)
    assert (row["Contact"], row["Courriel"]) == ("Nora Vidal", "nora@exemple.test")
    assert row["Téléphone"] == "05 00 00 00 01"
    assertContains(targets(officer_client, program), "mailto:nora@exemple.test")


@pytest.mark.parametrize("role", [Role.ELECTED, Role.INDUSTRIALIST, Role.READER])
def test_nobody_else_reads_a_contact(sign_in, territory, program, role):
    holder = company(territory, headcount=50)
    ContactFactory(organisation=holder, last_name="Vidal", email="nora@exemple.test")
    client = sign_in(role)
    assertNotContains(targets(client, program), "Vidal")
    [row] = exported(client, program)
    assert "Contact" not in row
    assert "nora@exemple.test" not in row.values()


def test_a_hidden_project_is_not_told(sign_in, territory, program):
    project_of(
        company(territory, headcount=50, name="Usine"),
        title="Secret",
        eligible_costs=500_000,
        confidentiality=Confidentiality.INTERNAL,
    )
    client = sign_in(Role.READER)
    assert rows(client, program) == [("Usine", "to_confirm")]
    assertNotContains(targets(client, program), "Secret")


def test_another_territory_is_not_a_target(officer_client, program):
    elsewhere = TerritoryFactory(perimeter=True)
    project_of(company(elsewhere, headcount=50), eligible_costs=500_000)
    assert rows(officer_client, program) == []
    assertContains(targets(officer_client, program), "Ni projet ni organisation")


def test_filters_and_order_serve_the_page_and_the_file(officer_client, territory, program):
    project_of(company(territory, headcount=50, name="A"), title="B", eligible_costs=500_000)
    company(territory, headcount=50, name="Zinc")
    assert rows(officer_client, program, kind="project") == [("B", "eligible")]
    assert rows(officer_client, program, verdict="to_confirm") == [("Zinc", "to_confirm")]
    assert [name for name, _ in rows(officer_client, program, order="-name")] == ["Zinc", "B"]
    assert rows(officer_client, program, q="zin") == [("Zinc", "to_confirm")]
    [row] = exported(officer_client, program, kind="csv", verdict="eligible")
    assert row["Projet"] == "B"


@pytest.mark.parametrize("query", [{"verdict": "x"}, {"order": "x"}, {"horoscope": "1"}])
def test_a_refused_filter_shows_and_exports_nothing(officer_client, territory, program, query):
    company(territory, headcount=50)
    page = targets(officer_client, program, **query)
    assert page.status_code == 400
    assert page.context["page"].object_list == []
    url = reverse("reporting:targets_export", args=[program.pk, "xlsx"])
    assert officer_client.get(url, query).status_code == 400


def test_what_was_set_aside_is_no_target(officer_client, territory, program):
    project = project_of(company(territory, headcount=50), eligible_costs=500_000)
    MatchDecisionFactory(project=project, program=program, dismissed=True)
    assert rows(officer_client, program) == []
    assertContains(targets(officer_client, program), "l’équipe l’a écarté")


def test_a_file_already_open_is_told(officer_client, territory, program):
    project = project_of(company(territory, headcount=50), eligible_costs=500_000)
    ApplicationFactory(project=project, program=program)
    assertContains(targets(officer_client, program), "Dossier\u00a0: à déposer")


def test_a_program_for_public_bodies_is_offered_to_them(officer_client, territory):
    program = ProgramFactory(
        criteria=[{"kind": "beneficiary", "key": "b", "accepted": ["commune"]}]
    )
    company(territory)
    OrganisationFactory(territory=territory, kind="commune", name="Fleurance")
    assert rows(officer_client, program) == [("Fleurance", "eligible")]


def test_a_program_that_a_local_version_replaced_has_no_target_here(
    officer_client, territory, program
):
    project_of(company(territory))
    company(territory)
    local = ProgramFactory(national=program, territory=territory, criteria=program.criteria)
    assert rows(officer_client, program) == []
    assertContains(targets(officer_client, program), "ne s’applique pas")
    assert len(rows(officer_client, local)) == 2
    page = officer_client.get(program.get_absolute_url())
    assert page.context["matches"] == []


def test_cost_does_not_grow_with_targets(officer_client, territory, program, assert_flat_queries):
    def add(count):
        for _ in range(count):
            project = project_of(company(territory, headcount=50))
            ApplicationFactory(project=project, program=program)
            ContactFactory(organisation=company(territory))

    assert_flat_queries(lambda: targets(officer_client, program), add)
