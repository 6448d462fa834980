import datetime
import io
import random
import re
from decimal import Decimal

import openpyxl
import pytest
from django.http import QueryDict
from django.urls import reverse
from django.utils.html import strip_tags

from crm.models import Confidentiality, NationalPriority, Role
from funding.filters import ApplicationFilter
from funding.models import Application
from reporting.funding_figures import AidLine, FundingFigures
from tests.actions.factories import ActionFactory
from tests.crm.factories import ProjectFactory, SiteFactory
from tests.funding.factories import ApplicationFactory, FunderFactory, ProgramFactory
from tests.reporting.conftest import maybe

pytestmark = pytest.mark.django_db

PAGE = "/rapports/financements/"


def text(response):
    return re.sub(r"\s+", " ", strip_tags(response.content.decode()))


def figures():
    return FundingFigures(Application.objects.all())


def fill_files(territory, seed, projects=10):
    """Files of every status, with or without their amounts, dates, place and priorities."""
    draw = random.Random(seed)
    epcis, communes = list(territory.epcis.all()), list(territory.communes)
    priorities = list(NationalPriority.objects.all()[:3])
    programs = [
        ProgramFactory(funder=FunderFactory(code=code, name=code, short_name=code.upper()))
        for code in ("ademe", "region", "etat")
    ]
    for _ in range(projects):
        project = ProjectFactory(
            territory=territory,
            confidentiality=draw.choice(list(Confidentiality)),
            commune=maybe(draw, *communes),
        )
        if draw.random() < 0.5:
            project.site = SiteFactory(organisation=project.holder, commune=draw.choice(communes))
            project.save()
        project.priorities.set(draw.sample(priorities, draw.choice([0, 1, 2])))
        action = ActionFactory(territory=territory)
        action.epcis.set(draw.sample(epcis, draw.choice([0, 1, 2])))
        action.national_priorities.set(draw.sample(priorities, draw.choice([0, 1, 2])))
        for subject in ({"project": project}, {"project": None, "action": action}):
            for _ in range(draw.choice([0, 1, 2])):
                fill_file(draw, draw.choice(programs), subject)


def fill_file(draw, program, subject):
    filed_on = maybe(draw, datetime.date(2025, 3, 1), datetime.date(2026, 1, 5))
    later = datetime.timedelta(days=draw.choice([10, 80, 400]))
    ApplicationFactory(
        **subject,
        program=program,
        status=draw.choice([*Application.Status, "accepte", "accepte", "refuse"]),
        filed_on=filed_on,
        decided_on=maybe(draw, (filed_on or datetime.date(2026, 2, 1)) + later),
        amount_requested=maybe(draw, Decimal("45000.25"), Decimal(0), Decimal(10_000)),
        amount_granted=maybe(draw, Decimal(30_000)),
        amount_committed=maybe(draw, Decimal(28_000)),
        amount_paid=maybe(draw, Decimal(5_000)),
    )


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    "filters", [{}, {"funder": "ademe"}, {"filed_in": 2026}, {"epci": "null"}, {"priority": "…"}]
)
def test_each_figure_opens_exactly_its_rows(officer_client, territory, seed, filters):
    fill_files(territory, seed)
    if "priority" in filters:
        filters = {"priority": NationalPriority.objects.first().pk}
    page = officer_client.get(PAGE, filters).context["page"]
    every = [page.total, *(cells for part in page.breakdowns for _, cells in part.rows)]
    for cells in every:
        for cell in cells:
            check_cell(cell)


def rows_of(url):
    """The totals that the list of files shows at an address."""
    path, _, query = url.partition("?")
    assert path == reverse("funding:application_list")
    filterset = ApplicationFilter(QueryDict(query), queryset=Application.objects.all())
    assert filterset.is_valid(), filterset.errors
    return filterset.qs.totals()


def check_cell(cell):
    """The rows that a figure opens count and add up to the figure; so do those it lacks."""
    line, name = cell.line, cell.column.name
    if cell.unknown_url:
        assert rows_of(cell.unknown_url)["count"] == cell.unknown
    if not cell.url:
        return
    totals = rows_of(cell.url)
    if name == "count":
        assert totals["count"] == line.count
    elif name == "decided":
        assert totals["count"] == line.decided
    elif name == "priced":
        assert (totals["count"], totals["requested"]) == (line.priced, line.priced_requested)
    elif name == "timed":
        assert totals["count"] == len(line.days) == line.timed
    else:
        assert totals[name] == cell.column.value(line)


def test_list_that_a_figure_opens_says_what_it_shows(officer_client, territory):
    fill_files(territory, 0)
    page = officer_client.get(PAGE).context["page"]
    cell = next(cell for cell in page.total if cell.column.name == "granted")
    response = officer_client.get(cell.url)
    assert response.context["totals"]["granted"] == page.figures.total.granted
    assert "Seulement : montant accordé connu" in text(response).replace("\xa0", " ")


@pytest.mark.parametrize("seed", range(3))
def test_breakdowns_add_up_to_the_total(territory, seed):
    fill_files(territory, seed)
    found = figures()
    for lines in (found.by_funder, found.by_filing_year, found.by_decision_year):
        assert sum(line.count for line in lines) == found.total.count
        for name in ("requested", "granted", "committed", "paid"):
            known = sum(getattr(line, name) or 0 for line in lines)
            assert known == (getattr(found.total, name) or 0)
    for lines in (found.by_epci, found.by_priority):
        assert sum(line.count for line in lines) >= found.total.count


def test_reader_finds_only_what_they_may_read(sign_in, territory):
    for level, amount in ((Confidentiality.INTERNAL, 900_000), (Confidentiality.PUBLIC, 40_000)):
        project = ProjectFactory(territory=territory, confidentiality=level)
        ApplicationFactory(project=project, amount_requested=amount)
    assert sign_in(Role.READER).get(PAGE).context["page"].figures.total.requested == 40_000
    assert sign_in(Role.OFFICER).get(PAGE).context["page"].figures.total.requested == 940_000


def test_figures_are_those_of_one_territory(officer_client):
    ApplicationFactory(project=ProjectFactory(confidentiality="public"), amount_requested=1)
    assert officer_client.get(PAGE).context["page"].figures.total.count == 0


@pytest.mark.parametrize(
    ("statuses", "rate"),
    [
        ([], None),
        (["depose", "brouillon"], None),
        (["accepte"], Decimal(100)),
        (["accepte", "refuse", "sans_suite"], Decimal("33.3")),
        (["accepte", "retire", "en_instruction"], Decimal(100)),
        (["refuse"], Decimal(0)),
    ],
)
def test_success_is_what_was_accepted_of_what_was_decided(territory, statuses, rate):
    for status in statuses:
        ApplicationFactory(project=ProjectFactory(territory=territory), status=status)
    assert figures().total.success_rate == rate


def test_rate_in_euros_leaves_out_the_files_that_do_not_say_and_tells_how_many(territory):
    for status, asked, granted in (
        ("accepte", 100, 60),
        ("accepte", 500, None),
        ("accepte", None, 40),
        ("refuse", 100, None),
        ("refuse", None, None),
        ("depose", 900, None),
    ):
        ApplicationFactory(
            project=ProjectFactory(territory=territory),
            status=status,
            amount_requested=asked,
            amount_granted=granted,
        )
    total = figures().total
    assert total.euro_rate == 30
    assert (total.decided, total.priced, total.unpriced) == (5, 2, 3)


def test_what_a_refused_file_was_once_granted_is_no_success(territory):
    ApplicationFactory(
        project=ProjectFactory(territory=territory),
        status="refuse",
        amount_requested=100,
        amount_granted=80,
    )
    assert figures().total.euro_rate == 0


def test_time_to_decision_is_a_median_with_its_count(territory):
    filed = datetime.date(2026, 1, 1)
    for days in (10, 30, 200):
        ApplicationFactory(
            project=ProjectFactory(territory=territory),
            status="accepte",
            filed_on=filed,
            decided_on=filed + datetime.timedelta(days=days),
        )
    ApplicationFactory(project=ProjectFactory(territory=territory), status="refuse")
    total = figures().total
    assert (total.median_days, total.timed, total.untimed) == (30, 3, 1)


def test_an_unknown_amount_is_said_and_never_nought(officer_client, territory):
    project = ProjectFactory(territory=territory)
    ApplicationFactory(project=project, amount_requested=None)
    response = officer_client.get(PAGE)
    total = response.context["page"].figures.total
    assert (total.requested, total.requested_unknown) == (None, 1)
    assert "à confirmer" in text(response)


def test_a_file_about_two_epci_is_in_each_and_once_in_the_total(officer_client, territory):
    action = ActionFactory(territory=territory)
    action.epcis.set(territory.epcis.all())
    ApplicationFactory(project=None, action=action, amount_requested=10_000)
    response = officer_client.get(PAGE)
    page = response.context["page"]
    assert [line.requested for line in page.figures.by_epci] == [10_000] * territory.epcis.count()
    assert page.figures.total.requested == 10_000
    assert "une fois de plus" in text(response)


def test_workbook_says_the_same_as_the_page(officer_client, territory):
    fill_files(territory, 1)
    page = officer_client.get(PAGE, {"funder": "ademe"}).context["page"]
    response = officer_client.get(reverse("reporting:funding_workbook"), {"funder": "ademe"})
    book = openpyxl.load_workbook(io.BytesIO(response.content))
    readme = {row[0]: row[1] for row in book["Lisez-moi"].iter_rows(values_only=True)}
    assert readme["Filtres"] == "Financeur\u00a0: ADEME"
    rows = list(book["Par financeur"].iter_rows(values_only=True))
    heads = next(row for row in rows if "Demandé" in row)
    total = dict(zip(heads, rows[-1], strict=True))
    line = page.figures.total
    assert total["Dossiers"] == line.count
    assert total["Demandé"] == pytest.approx(float(line.requested))
    assert total["Demandé, à confirmer"] == line.requested_unknown
    # A title and a heading stand over the rows.
    assert book["Dossiers"].max_row - 4 == line.count


@pytest.mark.parametrize("name", ["reporting:funding", "reporting:funding_workbook"])
@pytest.mark.parametrize(
    "filters",
    [{"filed_in": "hier"}, {"filed_in": "99999"}, {"epci": "x"}, {"couleur": "bleu"}],
)
def test_a_filter_that_is_not_understood_is_refused(officer_client, territory, name, filters):
    ApplicationFactory(project=ProjectFactory(territory=territory))
    response = officer_client.get(reverse(name), filters)
    assert response.status_code == 400


def test_without_a_file_the_page_says_what_to_do(officer_client):
    assert "Aucun dossier à ce jour" in text(officer_client.get(PAGE))


def test_a_line_without_decision_has_no_rate():
    line = AidLine("Vide")
    assert (line.success_rate, line.euro_rate, line.median_days) == (None, None, None)


def test_cost_is_flat(officer_client, territory, assert_flat_queries):
    program = ProgramFactory()

    def add(count):
        for _ in range(count):
            project = ProjectFactory(territory=territory, commune_id="32132")
            project.priorities.set(NationalPriority.objects.all()[:2])
            ApplicationFactory(project=project, program=program, granted=True)
            action = ActionFactory(territory=territory)
            action.epcis.set(territory.epcis.all())
            ApplicationFactory(project=None, action=action, program=program, granted=True)

    assert_flat_queries(lambda: officer_client.get(PAGE), add)
    address = reverse("reporting:funding_workbook")
    assert_flat_queries(lambda: officer_client.get(address), add)
