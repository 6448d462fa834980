"""The dashboards as people read them: their history, their filters, their files, their map."""

import csv
import datetime as dt
import io
import re
from decimal import Decimal

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from crm.models import Confidentiality, Project, Role, Stage, StageChange
from reporting import dashboards, readings
from reporting.models import IndustrialJobs
from tests.crm.factories import (
    InteractionFactory,
    OrganisationFactory,
    ProjectFactory,
    UserFactory,
)
from tests.funding.factories import ApplicationFactory

pytestmark = pytest.mark.django_db

DASHBOARD = reverse("reporting:dashboard")
MAP = reverse("reporting:dashboard_map")
TODAY = dt.date(2026, 11, 23)


def text(response):
    return re.sub(r"\s+", " ", strip_tags(response.content.decode()))


def rows_url(key):
    return reverse("reporting:dashboard_rows", args=[key])


def at(day):
    return timezone.make_aware(dt.datetime.combine(day, dt.time(10)))


@pytest.fixture
def officer(territory):
    return UserFactory(territory=territory, role=Role.OFFICER)


@pytest.fixture
def lived(territory):
    """lived("detecte", (day, "qualifie"), …, investment={day: amount}): a project with its past."""

    def make(first, *moves, opened_on=dt.date(2026, 1, 10), investment=None, **fields):
        amounts = sorted((investment or {opened_on: None}).items())
        project = ProjectFactory(
            territory=territory, stage_id=first, opened_on=opened_on, stage_since=opened_on,
            planned_investment=amounts[0][1], **fields,
        )  # fmt: skip
        project.history.update(history_date=at(amounts[0][0]))
        for day, amount in amounts[1:]:
            project.planned_investment = amount
            project._history_date = at(day)
            project.save()
        for day, stage in moves:
            StageChange.objects.create(
                project=project, from_stage=project.stage, to_stage_id=stage, at=at(day)
            )
            project.stage, project.stage_since = Stage.objects.get(pk=stage), day
        Project.objects.filter(pk=project.pk).update(
            stage=project.stage, stage_since=project.stage_since
        )
        return project

    return make


def board(viewer, territory, **asked):
    return dashboards.Board(viewer, territory, dashboards.Asked(**asked), today=TODAY)


def line(chart, code):
    return next(one for one in chart.rows if one.code == code)


# Time in stage and conversion ------------------------------------------------------------------


def test_time_in_stage_is_the_median_of_the_passages_of_the_period(officer, territory, lived):
    for days in (10, 20, 60):
        lived("detecte", (dt.date(2026, 1, 10) + dt.timedelta(days), "qualifie"))
    lived("detecte", (dt.date(2024, 3, 1), "qualifie"), opened_on=dt.date(2024, 1, 1))
    lived("detecte", opened_on=dt.date(2026, 11, 3))
    found = line(dashboards.one("durees", board(officer, territory)), "detecte")
    assert (found.value("ended"), found.value("median")) == (3, 20)
    assert (found.value("current"), found.value("age")) == (1, 20)


def test_move_taken_back_and_catching_up_count_in_no_duration(officer, territory, lived):
    day = dt.date(2026, 5, 4)
    lived("detecte", (day, "qualifie"), (day, "detecte"), (dt.date(2026, 6, 10), "qualifie"))
    lived("detecte", (dt.date(2026, 1, 10), "qualifie"), (dt.date(2026, 1, 20), "en_montage"))
    chart = dashboards.one("durees", board(officer, territory))
    assert line(chart, "detecte").value("ended") == 1
    assert (
        line(chart, "detecte").value("median") == (dt.date(2026, 6, 10) - dt.date(2026, 1, 10)).days
    )
    assert any("saisies de rattrapage" in note for note in chart.notes)


def test_conversion_follows_those_who_entered_in_the_period(officer, territory, lived):
    lived("detecte", (dt.date(2026, 2, 1), "qualifie"))
    lived("detecte", (dt.date(2026, 2, 1), "en_montage"))  # skips a stage
    lived("detecte", (dt.date(2026, 2, 1), "abandonne"))
    lived("detecte", (dt.date(2026, 2, 1), "en_pause"))
    lived("detecte", opened_on=dt.date(2024, 1, 1))  # entered before the period
    chart = dashboards.one("passages", board(officer, territory))
    found = line(chart, "detecte")
    assert [found.value(name) for name in ("entered", "further", "waiting", "stopped")] == [
        4,
        2,
        1,
        1,
    ]
    assert found.value("rate") == Decimal("50.0")
    assert found.cells["rate"].note == "2 sur 4"
    assert any("Moins de 5 projets" in note for note in chart.notes)


def test_project_resumed_after_a_pause_enters_no_stage_anew(officer, territory, lived):
    lived(
        "detecte",
        (dt.date(2024, 2, 1), "qualifie"),
        (dt.date(2025, 2, 1), "en_pause"),
        (dt.date(2026, 5, 1), "qualifie"),
        opened_on=dt.date(2024, 1, 1),
    )
    assert (
        line(dashboards.one("passages", board(officer, territory)), "qualifie").value("entered")
        == 0
    )


# The trend -------------------------------------------------------------------------------------


def test_each_month_shows_the_portfolio_as_it_was_then(officer, territory, lived):
    lived(
        "detecte",
        (dt.date(2026, 8, 5), "en_realisation"),
        (dt.date(2026, 10, 5), "realise"),
        opened_on=dt.date(2026, 6, 15),
        investment={
            dt.date(2026, 6, 15): None,
            dt.date(2026, 7, 20): 100,
            dt.date(2026, 9, 1): 300,
        },
    )
    chart = dashboards.one("evolution", board(officer, territory))
    assert [one.code for one in chart.lines] == [f"2026-{month:02d}" for month in range(6, 12)]
    assert chart.values("open") == [1, 1, 1, 1, 0, 0]
    assert chart.values("investment") == [None, 100, 100, 300, None, None]
    assert [one.cells["investment"].unknown for one in chart.lines] == [1, 0, 0, 0, 0, 0]
    assert chart.values("done") == [0, 0, 0, 0, 1, 1]
    assert "tenu depuis juin 2026" in chart.said.replace("\xa0", " ")


def test_a_month_ends_at_midnight_here_and_a_paused_project_is_still_open(
    officer, territory, lived
):
    """31 October, 23:30 in London is the first of November here: October does not know it."""
    project = lived("detecte", opened_on=dt.date(2026, 9, 1), investment={dt.date(2026, 9, 1): 100})
    late = dt.datetime(2026, 10, 31, 23, 30, tzinfo=dt.UTC)
    StageChange.objects.create(
        project=project, from_stage_id="detecte", to_stage_id="abandonne", at=late
    )
    project.stage_id, project.planned_investment = "abandonne", 900
    project._history_date = late
    project.save()
    lived(
        "detecte",
        (dt.date(2026, 9, 30), "en_pause"),
        opened_on=dt.date(2026, 9, 1),
        investment={dt.date(2026, 9, 1): 7},
    )
    chart = dashboards.one("evolution", board(officer, territory))
    assert chart.values("open") == [2, 2, 1]
    assert chart.values("investment") == [107, 107, 7]


def test_project_is_in_no_month_before_its_first_history_row(officer, territory, lived):
    """Opened long ago on paper, known since March: nobody guesses what was known before."""
    lived("detecte", opened_on=dt.date(2020, 1, 1), investment={dt.date(2026, 3, 2): 50})
    lived("detecte", opened_on=dt.date(2026, 1, 5))
    chart = dashboards.one("evolution", board(officer, territory))
    assert chart.values("open")[:3] == [1, 1, 2]


def test_trend_says_so_where_there_is_no_history(officer, territory):
    chart = dashboards.one("evolution", board(officer, territory))
    assert chart.empty == "Aucun historique pendant cette période."
    assert chart.lines == []


def test_past_months_cost_three_queries_whatever_their_number(
    officer, territory, lived, django_assert_num_queries
):
    for _ in range(3):
        lived("detecte", (dt.date(2026, 8, 5), "qualifie"), investment={dt.date(2024, 1, 5): 1})
    one = board(officer, territory, since=dt.date(2020, 1, 1))
    assert one.journeys
    assert one.every_stage
    with django_assert_num_queries(1):
        assert len(dashboards.one("evolution", one).lines) == 35


# Money, jobs, equity ---------------------------------------------------------------------------


def test_planned_and_observed_jobs_never_add_up(officer, territory, lived):
    lived("detecte", jobs_created_planned=10, jobs_created_observed=4)
    chart = dashboards.one("emplois", board(officer, territory))
    created = line(chart, "created")
    assert (created.value("planned"), created.value("observed")) == (10, 4)
    assert chart.total is None


def test_investment_is_committed_once_its_first_firm_commitment_is_past(officer, territory, lived):
    for amount, first in ((100, None), (200, dt.date(2026, 11, 1)), (400, dt.date(2027, 1, 1))):
        lived("detecte", investment={dt.date(2026, 1, 10): amount}, first_commitment_on=first)
    lived("realise", investment={dt.date(2026, 1, 10): 800})
    lived("abandonne", investment={dt.date(2026, 1, 10): 1600})
    total = dashboards.one("investissement", board(officer, territory)).total
    assert [total.value(name) for name in ("planned", "committed", "done")] == [1500, 1000, 800]


def test_epci_is_told_per_thousand_jobs_only_where_they_are_known(officer, territory, lived):
    lived("detecte", commune_id="32132")
    lived("detecte", commune_id="82112")
    epci = {"territory": territory, "epci_id": "243200391", "source": "INSEE"}
    IndustrialJobs.objects.create(**epci, year=2021, jobs=9000)
    IndustrialJobs.objects.create(**epci, year=2022, jobs=2000)
    chart = dashboards.one("epci", board(officer, territory))
    known, unknown = line(chart, "243200391"), line(chart, "200066322")
    assert (known.value("jobs"), known.value("projects_per")) == (2000, Decimal("0.5"))
    assert (unknown.value("projects_per"), unknown.cells["projects_per"].unknown) == (None, 1)
    assert any("inconnus pour 1 EPCI sur 2" in note.replace("\xa0", " ") for note in chart.notes)


# Who reads what --------------------------------------------------------------------------------


def test_reader_finds_what_is_open_to_partners_and_is_told_so(sign_in, territory):
    for level in (Confidentiality.INTERNAL, Confidentiality.PARTNERS):
        project = ProjectFactory(territory=territory, confidentiality=level)
        InteractionFactory(organisation=project.holder, project=project)
    response = sign_in(Role.READER).get(DASHBOARD)
    shown = text(response)
    assert "Chiffres ouverts aux partenaires" in shown
    assert "votre lecture ne les montre pas" in shown
    charts = {chart.key: chart for chart, _, _ in response.context["charts"]}
    assert line(charts["etapes"], "detecte").value("count") == 1
    assert sum(charts["evolution"].values("open")) == 1
    assert charts["visites"].lines == []
    assert set(charts["epci"].values("visits")) == {None}
    officer = text(sign_in(Role.OFFICER).get(DASHBOARD))
    assert "Chiffres ouverts aux partenaires" not in officer


def test_pack_for_partners_reads_what_a_reader_reads(territory, officer):
    for level in Confidentiality:
        ProjectFactory(territory=territory, confidentiality=level, planned_investment=1)
    reader = UserFactory(territory=territory, role=Role.READER)
    partners = readings.reading(readings.PARTNERS, territory)
    for mine, theirs in zip(
        *(dashboards.every(board(viewer, territory)) for viewer in (reader, partners)), strict=True
    ):
        assert mine == theirs
    assert line(dashboards.one("etapes", board(partners, territory)), "detecte").value("count") == 2


def test_figures_are_those_of_one_territory(officer_client):
    project = ProjectFactory(confidentiality="public", planned_investment=1)
    ApplicationFactory(project=project)
    InteractionFactory(organisation=project.holder)
    for address in (DASHBOARD, MAP):
        assert project.title not in text(officer_client.get(address))
    charts = {chart.key: chart for chart, _, _ in officer_client.get(DASHBOARD).context["charts"]}
    assert charts["investissement"].empty
    assert charts["aides"].empty
    assert charts["visites"].empty
    assert charts["evolution"].empty


def test_reader_reaches_the_dashboards_from_home_and_from_the_reports(sign_in, territory):
    client = sign_in(Role.READER)
    for page in (reverse("reporting:today"), reverse("reporting:reports")):
        content = client.get(page).content.decode()
        assert f'href="{DASHBOARD}"' in content
        assert f'href="{MAP}"' in content
    assert f'href="{DASHBOARD}"' not in sign_in(Role.ELECTED).get("/").content.decode()


# Filters and addresses -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"toto": "1"}, "toto"),
        ({"epci": "999999999"}, "EPCI"),
        ({"priority": "rien"}, "Axe national"),
        ({"since": "demain"}, "Du"),
        ({"since": "2026-05-01", "until": "2026-04-01"}, "commence après sa fin"),
        ({"since": "2999-01-01"}, "commence après sa fin"),
        ({"since": "1900-01-01"}, "dix ans"),
        ({"until": "0001-01-01"}, "trop ancienne"),
    ],
)
def test_refused_filter_shows_no_figure_and_says_why(officer_client, query, said):
    for address in (DASHBOARD, MAP, reverse("reporting:dashboard_export", args=["aides", "csv"])):
        response = officer_client.get(address, query)
        assert response.status_code == 400, address
        assert said in text(response).replace("\xa0", " ")
    assert officer_client.get(DASHBOARD, query).context["charts"] == []
    refused = officer_client.get(
        rows_url("emplois"), query | {"line": "created", "figure": "planned"}
    )
    assert refused.status_code == 400


@pytest.mark.parametrize(
    ("key", "line", "figure", "status"),
    [
        ("rien", "total", "planned", 404),
        ("investissement", "rien", "planned", 400),
        ("investissement", "total", "rien", 400),
        ("investissement", "total", "planned' OR 1=1", 400),
        ("etapes", "detecte", "count", 400),  # the list of projects shows these
        ("evolution", "1999-01", "open", 400),
        ("evolution", "²", "open", 400),
        ("visites", "2026-99", "visits", 400),
        ("communes", "99999", "projects", 400),
        ("investissement", "", "", 302),
    ],
)
def test_rows_of_a_figure_that_does_not_exist_are_a_sentence(
    officer_client, territory, key, line, figure, status
):
    ProjectFactory(territory=territory)
    response = officer_client.get(rows_url(key), {"line": line, "figure": figure})
    assert response.status_code == status


def test_filters_follow_to_the_lists_to_the_rows_and_to_the_files(officer_client, territory):
    ProjectFactory(territory=territory, commune_id="32132", sector_id="autre", planned_investment=5)
    response = officer_client.get(DASHBOARD, {"epci": "243200391", "since": "2026-01-01"})
    charts = {chart.key: chart for chart, _, _ in response.context["charts"]}
    listed = line(charts["etapes"], "detecte").cells["count"].url
    assert "epci=243200391" in listed
    assert "since" not in listed
    behind = line(charts["investissement"], "autre").cells["planned"].url
    assert "epci=243200391&since=2026-01-01" in behind
    assert "tableaux/etapes.xlsx?epci=243200391&amp;since=2026-01-01" in response.content.decode()
    page = text(officer_client.get(behind))
    assert "EPCI : CC de la Lomagne Gersoise" in page.replace("\xa0", " ")


def test_page_of_rows_says_the_figure_and_the_way_back(officer_client, territory):
    for amount in (1000, 234):
        ProjectFactory(territory=territory, planned_investment=amount)
    query = {"line": "total", "figure": "planned"}
    response = officer_client.get(rows_url("investissement"), query)
    assert "2 projets, total 1 234 €" in text(response).replace("\xa0", " ")
    assert f'href="{DASHBOARD}?#investissement"' in response.content.decode() or (
        f'href="{DASHBOARD}#investissement"' in response.content.decode()
    )


def test_long_list_of_rows_comes_by_pages(officer_client, territory):
    holder = OrganisationFactory(territory=territory)
    for _ in range(101):
        ProjectFactory(territory=territory, holder=holder, planned_investment=1)
    query = {"line": "total", "figure": "planned"}
    first = officer_client.get(rows_url("investissement"), query)
    assert "101 projets, total 101" in text(first).replace("\xa0", " ")
    second = officer_client.get(rows_url("investissement"), query | {"page": 2})
    assert len(second.context["page"].object_list) == 1


# Drawings --------------------------------------------------------------------------------------


def test_each_drawing_has_a_name_a_description_and_no_style(officer_client, territory, lived):
    lived("detecte", (dt.date(2026, 8, 5), "qualifie"), sector_id="autre", commune_id="32132")
    for address in (DASHBOARD, MAP):
        content = officer_client.get(address).content.decode()
        drawings = re.findall(r"<svg [^>]*role=\"group\".*?</svg>", content, re.DOTALL)
        assert drawings
        for drawing in drawings:
            title, described = re.search(r'aria-labelledby="(\S+) (\S+)"', drawing).groups()
            assert f'<title id="{title}">' in drawing
            assert f'<desc id="{described}">' in drawing
        assert " style=" not in content
        ids = re.findall(r' id="([^"]+)"', content)
        assert len(ids) == len(set(ids))


def test_bar_opens_the_rows_that_its_figure_opens(officer_client, territory):
    ProjectFactory(territory=territory, stage_id="qualifie", planned_investment=5_400_000)
    ProjectFactory(territory=territory, stage_id="qualifie")
    content = officer_client.get(DASHBOARD).content.decode().replace("\xa0", " ")
    address = f"{reverse('crm:project_list')}?stage=qualifie"
    name = "Qualifié, investissement prévu : 5 400 000 € + 1 à confirmer"
    assert f'<a href="{address}" aria-label="{name}">' in content


# Files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", dashboards.KEYS)
def test_file_of_a_chart_holds_its_table(officer_client, territory, lived, key):
    project = lived("detecte", (dt.date(2026, 8, 5), "qualifie"), commune_id="32132")
    ApplicationFactory(project=project, amount_requested=1)
    InteractionFactory(organisation=project.holder, happened_on=timezone.localdate())
    chart = dashboards.one(key, dashboards.Board(officer_client.user, territory))
    response = officer_client.get(reverse("reporting:dashboard_export", args=[key, "xlsx"]))
    sheet = openpyxl.load_workbook(io.BytesIO(response.content)).active
    rows = list(sheet.iter_rows(values_only=True))
    assert list(rows[0]) == [column.label for column in chart.columns]
    assert [row[0] for row in rows[1:]] == [one.label for one in chart.rows]
    answer = officer_client.get(reverse("reporting:dashboard_export", args=[key, "csv"]))
    lines = list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig")), delimiter=";"))
    assert len(lines) == len(rows)


def test_file_neutralises_a_name_that_would_be_a_formula(officer_client, territory):
    epci = territory.epcis.get(pk="243200391")
    epci.name = "=cmd()"
    epci.save()
    url = reverse("reporting:dashboard_export", args=["epci", "csv"])
    assert "'=cmd()" in officer_client.get(url).getvalue().decode()


def test_rows_behind_a_figure_leave_as_a_file_under_the_same_filters(officer_client, territory):
    for commune in ("32132", "82112"):
        ProjectFactory(
            territory=territory, commune_id=commune, title=f"=A{commune}", planned_investment=7
        )
    url = reverse("reporting:dashboard_rows_export", args=["investissement", "csv"])
    query = {"line": "total", "figure": "planned", "epci": "243200391"}
    lines = officer_client.get(url, query).getvalue().decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert ";'=A32132;" in lines[1]
    assert officer_client.get(url).status_code == 400
    assert officer_client.get(url.replace("csv", "pdf"), query).status_code == 404


def test_file_of_another_kind_or_chart_does_not_exist(officer_client):
    for arguments in (["aides", "pdf"], ["rien", "csv"]):
        url = reverse("reporting:dashboard_export", args=arguments)
        assert officer_client.get(url).status_code == 404
