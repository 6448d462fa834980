"""Each figure of the dashboards opens exactly its rows, under random filters."""

import datetime
import random
from decimal import Decimal

import pytest
from django.http import QueryDict
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from actions.models import Action
from crm.filters.organisations import OrganisationFilter
from crm.filters.projects import ProjectFilter
from crm.models import (
    Confidentiality,
    NationalPriority,
    Organisation,
    Project,
    Role,
    Stage,
    StageChange,
    Theme,
)
from funding.filters import ApplicationFilter
from funding.models import Application
from reporting import dashboards
from reporting.dashboards import places
from reporting.figures import Figures
from tests.actions.factories import ActionFactory
from tests.crm.factories import (
    InteractionFactory,
    OrganisationFactory,
    ProjectFactory,
    SiteFactory,
    UserFactory,
)
from tests.funding.factories import ApplicationFactory, FunderFactory, ProgramFactory
from tests.reporting.conftest import maybe

pytestmark = pytest.mark.django_db

DASHBOARD = reverse("reporting:dashboard")


def some_days_ago(draw, most):
    return timezone.localdate() - datetime.timedelta(days=draw.randrange(most))


def fill_board(territory, seed, projects=10):
    """A territory of any shape: places, axes, moves, visits, files and fiches, or none of them."""
    draw = random.Random(seed)
    communes, epcis = list(territory.communes), list(territory.epcis.all())
    stages = list(Stage.objects.all())
    priorities, themes = list(NationalPriority.objects.all()), list(Theme.objects.all()[:3])
    programs = [
        ProgramFactory(funder=FunderFactory(code=code, name=code, short_name=code.upper()))
        for code in ("ademe", "etat")
    ]
    for _ in range(projects):
        holder = OrganisationFactory(territory=territory)
        site = None
        if draw.random() < 0.7:
            site = SiteFactory(organisation=holder, commune=maybe(draw, *communes))
        project = ProjectFactory(
            territory=territory,
            holder=holder,
            site=site,
            commune=maybe(draw, *communes),
            sector_id=maybe(draw, "agroalimentaire", "autre"),
            confidentiality=draw.choice(list(Confidentiality)),
            opened_on=some_days_ago(draw, 600),
            planned_investment=maybe(draw, Decimal("125000.50"), Decimal(0), Decimal(3_000_000)),
            first_commitment_on=maybe(draw, some_days_ago(draw, 90), timezone.localdate()),
            jobs_created_planned=maybe(draw, Decimal("2.5"), Decimal(12)),
            jobs_created_observed=maybe(draw, Decimal(3)),
        )
        project.priorities.set(draw.sample(priorities, draw.choice([0, 1, 2])))
        project.themes.set(draw.sample(themes, draw.choice([0, 1])))
        walk(project, draw, stages)
        for _ in range(draw.choice([0, 1, 3])):
            InteractionFactory(
                organisation=holder,
                project=maybe(draw, project),
                kind=draw.choice(["visit", "visit", "call"]),
                happened_on=some_days_ago(draw, 500),
            )
        fill_file(draw, programs, {"project": project})
    for _ in range(3):
        action = ActionFactory(
            territory=territory,
            budget_planned=maybe(draw, Decimal(15_000)),
            budget_spent=maybe(draw, Decimal(1_000)),
            progress=maybe(draw, 0, 40),
            status=draw.choice(list(Action.Status)),
        )
        action.epcis.set(draw.sample(epcis, draw.choice([0, 1, 2])))
        action.national_priorities.set(draw.sample(priorities, draw.choice([0, 1])))
        fill_file(draw, programs, {"project": None, "action": action})


def fill_file(draw, programs, subject):
    for _ in range(draw.choice([0, 1, 2])):
        ApplicationFactory(
            **subject,
            program=draw.choice(programs),
            status=draw.choice([*Application.Status, "accepte", "accepte"]),
            amount_requested=maybe(draw, Decimal("45000.25"), Decimal(10_000)),
            amount_granted=maybe(draw, Decimal(30_000)),
            amount_paid=maybe(draw, Decimal(5_000)),
        )


def walk(project, draw, stages):
    """A few moves in the past, whatever the pipeline allows, each on its day."""
    days = sorted(some_days_ago(draw, 500) for _ in range(draw.choice([0, 1, 3])))
    for day in days:
        after = draw.choice([stage for stage in stages if stage != project.stage])
        at = timezone.make_aware(datetime.datetime.combine(day, datetime.time(10)))
        StageChange.objects.create(project=project, from_stage=project.stage, to_stage=after, at=at)
        project.stage, project.stage_since = after, day
    project.save()


def filters_of(territory, draw):
    """A query of any filters of the page."""
    epcis, today = list(territory.epcis.all()), timezone.localdate()
    found = {
        "epci": maybe(draw, *(epci.pk for epci in epcis)),
        "priority": maybe(draw, NationalPriority.objects.first().pk),
        "theme": maybe(draw, Theme.objects.first().pk),
        "since": maybe(draw, (today - datetime.timedelta(days=300)).isoformat()),
        "until": maybe(draw, (today - datetime.timedelta(days=20)).isoformat()),
    }
    return {name: value for name, value in found.items() if value}


def requested(url, user, territory):
    request = RequestFactory().get(url)
    request.user, request.territory = user, territory
    return request


def value_behind(client, url, key):
    """What the rows that an address opens count or add up to."""
    path, _, query = url.partition("?")
    user = client.user
    territory = user.memberships.get().territory
    request = requested(url, user, territory)
    if path == reverse("crm:project_list"):
        rows = Project.objects.visible_to(user).filter(territory=territory)
        filterset = ProjectFilter(QueryDict(query), queryset=rows, request=request)
        assert filterset.is_valid(), filterset.errors
        return filterset.qs.totals()[{"investment": "investment"}.get(key, "count")]
    if path == reverse("funding:application_list"):
        rows = Application.objects.visible_to(user).in_territory(territory)
        filterset = ApplicationFilter(QueryDict(query), queryset=rows, request=request)
        assert filterset.is_valid(), filterset.errors
        return filterset.qs.totals()[key]
    if path == reverse("crm:organisation_list"):
        rows = Organisation.objects.visible_to(user).filter(territory=territory).for_list(user)
        filterset = OrganisationFilter(QueryDict(query), queryset=rows, request=request)
        assert filterset.is_valid(), filterset.errors
        return filterset.qs.totals()["count"]
    response = client.get(url)
    assert response.status_code == 200, url
    return response.context["found"].value


@pytest.mark.parametrize("role", [Role.OFFICER, Role.READER])
@pytest.mark.parametrize("seed", range(3))
def test_each_figure_opens_exactly_its_rows(sign_in, territory, seed, role):
    fill_board(territory, seed)
    client = sign_in(role)
    query = filters_of(territory, random.Random(seed * 7 + 1)) if seed else {}
    response = client.get(DASHBOARD, query)
    assert response.status_code == 200
    board = response.context["board"]
    charts = [chart for chart, _, _ in response.context["charts"]]
    charts += [places.communes(board), places.epcis(board)]
    seen = 0
    for chart in charts:
        for line in chart.rows:
            for head in chart.heads:
                cell = line.cells[head.key]
                where = f"{chart.key} {line.label} {head.key} {query}"
                if cell.unknown_url:
                    key = "count"
                    assert value_behind(client, cell.unknown_url, key) == cell.unknown, where
                if cell.url:
                    seen += 1
                    check(client, chart, head, cell, where)
    assert seen > 20


def check(client, chart, head, cell, where):
    if head.key == "rate":
        return  # it opens those that it counts, of which the note says the number
    found = value_behind(client, cell.url, head.key)
    if head.format == "percent":
        found = Decimal(found).quantize(Decimal("0.1"))
    assert found == cell.value, where


def test_figures_without_filters_are_those_of_the_reports_page(officer_client, territory):
    fill_board(territory, 4)
    figures = Figures(officer_client.user, territory)
    board = dashboards.Board(officer_client.user, territory)
    by_stage = dashboards.one("etapes", board)
    assert by_stage.values("count") == [
        line.count for line in figures.by_stage if line.code in {one.code for one in by_stage.lines}
    ]
    assert dashboards.one("investissement", board).total.value("planned") == (
        figures.total.investment
    )
    aid = dashboards.one("aides", board).total
    assert [aid.value(name) for name in ("requested", "granted", "paid")] == [
        figures.aid[name] for name in ("requested", "granted", "paid")
    ]
    jobs = dict(figures.jobs)
    line = dashboards.one("emplois", board).lines[0]
    assert line.value("planned") == jobs["Emplois créés, prévus"]
    assert line.value("observed") == jobs["Emplois créés, constatés"]
    plan = dashboards.one("plan", board).total
    assert plan.value("count") == figures.plan["count"]
    assert plan.value("planned") == figures.plan["planned"]


def test_last_month_of_the_trend_is_the_portfolio_of_today(officer_client, territory):
    fill_board(territory, 5)
    board = dashboards.Board(officer_client.user, territory)
    last = dashboards.one("evolution", board).lines[-1]
    assert last.value("open") == board.portfolio.count
    assert last.value("investment") == board.portfolio.investment
    assert last.cells["investment"].unknown == board.portfolio.unknown


def test_what_an_epci_lacks_and_what_all_have_add_up_to_the_total(officer_client, territory):
    fill_board(territory, 6)
    board = dashboards.Board(officer_client.user, territory)
    equity = dashboards.one("epci", board)
    assert sum(equity.values("projects")) == board.total.count
    assert sum(equity.values("visits")) == board.visits.count()
    for chart in (places.communes(board), places.epcis(board)):
        assert sum(chart.values("projects")) == board.total.count
        known = sum(value or 0 for value in chart.values("investment"))
        assert known == (board.total.investment or 0)


def test_pack_finds_labels_values_and_bars_of_every_chart(officer_client, territory):
    fill_board(territory, 7)
    reader = UserFactory(territory=territory, role=Role.READER)
    for viewer in (officer_client.user, reader):
        for chart in dashboards.every(dashboards.Board(viewer, territory)):
            if chart.empty:
                continue
            assert chart.title
            assert chart.said
            for _, _, values in chart.series:
                assert len(values) == len(chart.labels)
            for (label, value, text, unknown), line in zip(chart.bars, chart.lines, strict=True):
                assert (label, bool(text)) == (line.label, True)
                assert value is None or value >= 0
                assert unknown >= 0
            table = [[column.value(line) for column in chart.columns] for line in chart.rows]
            assert len(table) == len(chart.rows)
