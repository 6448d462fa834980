from decimal import Decimal

import pytest

from crm.models import NationalPriority, Project, Role, Stage
from reporting import readings
from reporting.figures import Figures
from tests.crm.factories import (
    InteractionFactory,
    OrganisationFactory,
    ProjectFactory,
    ReviewRequestFactory,
    UserFactory,
)
from tests.funding.factories import ApplicationFactory, FunderFactory, ProgramFactory
from tests.reporting.conftest import TODAY, answer, fill

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(territory):
    return UserFactory(territory=territory)


@pytest.fixture
def figures(officer, territory):
    return Figures(officer, territory, TODAY)


def test_an_unknown_amount_is_not_zero(territory, figures):
    ProjectFactory(territory=territory, planned_investment=None)
    assert figures.portfolio.investment is None
    assert figures.portfolio.unknown == 1


def test_known_amounts_are_added_and_the_unknown_counted(territory, figures):
    for amount in (100_000, None, 50_000):
        ProjectFactory(territory=territory, planned_investment=amount)
    detected = figures.by_stage[0]
    assert (detected.count, detected.investment, detected.unknown) == (3, 150_000, 1)


def test_project_of_two_priorities_is_in_both_and_once_in_the_total(territory, figures):
    both = ProjectFactory(territory=territory, planned_investment=100_000)
    both.priorities.set(NationalPriority.objects.all()[:2])
    ProjectFactory(territory=territory, planned_investment=30_000)

    shares = [line.investment for line in figures.by_priority if line.count]
    assert shares == [100_000, 100_000, 30_000]
    assert figures.total.investment == 130_000
    assert figures.overlap == {"count": 1, "investment": 100_000}


def test_closed_project_is_listed_by_stage_but_not_counted(territory, figures):
    lost = Stage.objects.get(pk="perdu")
    ProjectFactory(territory=territory, stage=lost, planned_investment=900_000)
    assert {line.code: line.count for line in figures.by_stage}["perdu"] == 1
    assert figures.total.count == 0
    assert figures.by_priority[-1].investment is None


def test_two_files_of_a_project_do_not_count_its_investment_twice(territory, figures):
    project = ProjectFactory(territory=territory, planned_investment=100_000)
    for code in ("ademe", "region"):
        program = ProgramFactory(funder=FunderFactory(code=code, short_name=code))
        ApplicationFactory(project=project, program=program, amount_requested=40_000)
    assert figures.total.investment == 100_000
    assert [line.requested for line in figures.by_funder] == [40_000, 40_000]
    assert figures.aid["requested"] == figures.total.requested == 80_000


def test_planned_and_observed_jobs_are_never_added(territory, figures):
    ProjectFactory(territory=territory, jobs_created_planned=10, jobs_created_observed=4)
    assert dict(figures.jobs) == {
        "Emplois créés, prévus": Decimal(10),
        "Emplois créés, constatés": Decimal(4),
        "Emplois maintenus, prévus": None,
        "Emplois maintenus, constatés": None,
    }


def test_companies_met_are_counted_once_and_only_for_the_team(territory, officer, figures):
    company = OrganisationFactory(territory=territory)
    for _ in range(2):
        InteractionFactory(organisation=company)
    InteractionFactory(organisation=OrganisationFactory(territory=territory, kind="epci"))
    assert figures.companies_met == 1
    reader = UserFactory(territory=territory, role=Role.READER)
    assert Figures(reader, territory, TODAY).companies_met is None


def test_review_shows_only_once_both_have_answered(territory, figures, pair):
    request = ReviewRequestFactory(project=ProjectFactory(territory=territory))
    answer(request, pair, elected="agree")
    assert figures.reviews == []
    answer(request, pair, industrialist="disagree")
    assert Figures(figures.viewer, territory, TODAY).reviews == [request]


@pytest.mark.parametrize("seed", range(4))
def test_breakdowns_agree_with_each_other(territory, figures, seed):
    fill(territory, seed)
    by_stage, total = figures.by_stage, figures.total
    assert sum(line.count for line in by_stage) == figures.projects.count()
    closed = set(Stage.objects.filter(kind="closed").values_list("pk", flat=True))
    kept = [line for line in by_stage if line.code not in closed]
    assert sum(line.investment or 0 for line in kept) == (total.investment or 0)
    by_priority = sum(line.investment or 0 for line in figures.by_priority)
    assert by_priority - figures.overlap["investment"] == (total.investment or 0)
    for name in ("requested", "granted", "paid"):
        known = sum(getattr(line, name) or 0 for line in figures.by_funder)
        assert known == (figures.aid[name] or 0)


def test_figures_are_those_of_one_territory(figures):
    ProjectFactory(confidentiality="public", planned_investment=100_000)
    assert figures.total.count == 0


@pytest.mark.parametrize(
    ("code", "levels"),
    [
        ("comite", {"binome", "partenaires", "public"}),
        ("partenaires", {"partenaires", "public"}),
    ],
)
def test_reading_never_holds_an_internal_project(territory, code, levels):
    for level in ("interne", "binome", "partenaires", "public"):
        ProjectFactory(territory=territory, confidentiality=level)
    reading = readings.reading(code, territory)
    seen = Project.objects.visible_to(reading).values_list("confidentiality", flat=True)
    assert set(seen) == levels
    hidden = Figures(reading, territory, TODAY).withheld
    assert set(hidden) == {"interne", "binome", "partenaires", "public"} - levels


@pytest.mark.parametrize(
    ("role", "codes"),
    [
        (Role.OFFICER, ["comite", "partenaires"]),
        (Role.MANAGER, ["comite", "partenaires"]),
        (Role.READER, ["partenaires"]),
    ],
)
def test_nobody_draws_more_than_they_read(territory, role, codes):
    viewer = UserFactory(territory=territory, role=role)
    assert [reading.code for reading in readings.open_to(viewer, territory)] == codes


def test_what_an_accepted_file_was_paid_is_a_fact_to_ask_for(territory, figures):
    project = ProjectFactory(territory=territory, confidentiality="public")
    for status, paid in (("accepte", None), ("accepte", 500), ("depose", None)):
        ApplicationFactory(project=project, status=status, amount_paid=paid)
    assert (figures.aid["paid"], figures.aid["paid_unknown"]) == (500, 1)
    assert sum(line.paid_unknown for line in figures.by_funder) == 1
