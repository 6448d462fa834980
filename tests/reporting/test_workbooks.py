import io
import shutil
import subprocess
from decimal import Decimal

import openpyxl
import pytest
from django.core.management import CommandError, call_command

from crm.models import Confidentiality, NationalPriority
from reporting import committee, national, readings
from reporting.completeness import Completeness
from reporting.figures import Figures
from reporting.headlines import headlines
from tests.crm.factories import (
    PartnerTokenFactory,
    ProjectFactory,
    ReviewRequestFactory,
)
from tests.funding.factories import ApplicationFactory
from tests.reporting.conftest import TODAY, answer, fill

pytestmark = pytest.mark.django_db
SHEETS = [
    "Lisez-moi",
    "Synthèse",
    "À décider",
    "Projets",
    "Plan d’actions",
    "Indicateurs",
    "Points, un par un",
    "Échéances",
    "Financements",
    "Plans de financement",
    "Lignes des plans",
    "Avis du binôme",
    "Informations manquantes",
]


def opened(content, **options):
    return openpyxl.load_workbook(io.BytesIO(content), **options)


@pytest.fixture
def for_committee(territory):
    return readings.reading("comite", territory)


@pytest.fixture
def for_partners(territory):
    return readings.reading("partenaires", territory)


def values(sheet):
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def found(sheet, label, column=1):
    """The cell beside a label of the first column: None when it is empty."""
    return next(row[column] for row in values(sheet) if row[0] == label)


def same(cell, figure):
    return (cell or 0) == pytest.approx(float(figure or 0)) and (cell in {None, ""}) == (
        figure is None
    )


@pytest.mark.parametrize("seed", range(3))
def test_committee_workbook_says_the_figures_of_the_page(territory, for_committee, seed):
    fill(territory, seed)
    figures = Figures(for_committee, territory, TODAY)
    summary = opened(committee.workbook(for_committee, today=TODAY), data_only=True)["Synthèse"]

    for line in headlines(figures):
        assert same(found(summary, line.label), line.value), line
        assert (found(summary, line.label, 2) or 0) == (line.unknown or 0), line
    for line in [*figures.by_stage, *figures.by_priority]:
        if line.count:
            assert found(summary, line.label) == line.count
            assert same(found(summary, line.label, 2), line.investment)
    for line in figures.by_funder:
        assert same(found(summary, line.label, 2), line.requested)
        assert same(found(summary, line.label, 4), line.granted)


@pytest.mark.parametrize("seed", range(3))
def test_return_says_the_figures_of_the_page(territory, for_partners, seed):
    fill(territory, seed)
    figures = Figures(for_partners, territory, TODAY)
    book = opened(national.workbook(for_partners, today=TODAY), data_only=True)
    heads, _, *rows = values(book["Remontée"])
    rows = [dict(zip(heads, row, strict=True)) for row in rows if row[2] == "projet"]
    counted = [row for row in rows if row["compte"] == 1]
    assert len(rows) == figures.projects.count()
    assert len(counted) == figures.total.count

    totals = book["Totaux par axe"]
    for line in [*figures.by_priority, figures.total]:
        label = "Total, chaque projet une fois" if line is figures.total else line.label
        assert found(totals, label) == line.count
        for i, (name, field) in enumerate(national.SUMS.items(), start=3):
            assert same(found(totals, label, i), getattr(line, field)), (label, name)
    for name, field in national.SUMS.items():
        known = sum(Decimal(str(row[name])) for row in counted if row[name] is not None)
        assert known == (getattr(figures.total, field) or 0)


def test_return_has_what_a_partner_reads_by_the_api(client, territory, for_partners):
    fill(territory, 5)
    token = PartnerTokenFactory(territory=territory, scopes=["projects:read"])
    answer = client.get(
        "/api/v1/projects/?page_size=100", headers={"Authorization": f"Token {token.secret}"}
    ).json()
    book = opened(national.workbook(for_partners, today=TODAY), data_only=True)
    heads, _, *rows = values(book["Remontée"])
    rows = [dict(zip(heads, row, strict=True)) for row in rows if row[2] == "projet"]
    assert answer["count"] == len(rows)
    assert {row["reference"]: row["investissement_prevu"] for row in rows} == {
        row["reference"]: row["planned_investment"] and float(row["planned_investment"])
        for row in answer["results"]
    }


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
@pytest.mark.parametrize("filled", [True, False])
def test_libreoffice_computes_what_the_workbooks_show(
    territory, for_committee, for_partners, tmp_path, filled
):
    if filled:
        fill(territory, 1)
    contents = {
        "copil": committee.workbook(for_committee, today=TODAY),
        "remontee": national.workbook(for_partners, today=TODAY),
    }
    for name, content in contents.items():
        # openpyxl drops the cached values: LibreOffice has to compute each formula.
        opened(content).save(tmp_path / f"{name}.xlsx")
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    subprocess.run(
        ["soffice", profile, "--headless", "--convert-to", "xlsx", "--outdir",
         str(tmp_path / "out"), *map(str, tmp_path.glob("*.xlsx"))],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    for name, content in contents.items():
        formulas, cached = opened(content), opened(content, data_only=True)
        computed = openpyxl.load_workbook(tmp_path / "out" / f"{name}.xlsx", data_only=True)
        checked = 0
        for sheet in formulas:
            for row in sheet.iter_rows():
                for cell in row:
                    if cell.data_type == "f":
                        here = cached[sheet.title][cell.coordinate].value or 0
                        there = computed[sheet.title][cell.coordinate].value or 0
                        assert there == pytest.approx(here), (sheet.title, cell.coordinate)
                        checked += 1
        assert checked > 40


def test_committee_workbook_is_set_to_be_printed(territory, for_committee):
    fill(territory, 2)
    book = opened(committee.workbook(for_committee, today=TODAY))
    assert book.sheetnames == SHEETS
    for sheet in book:
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        # One page wide is what a workbook says by saying nothing.
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
        assert "22/11/2026" in sheet.oddFooter.left.text
        assert "&P" in sheet.oddFooter.right.text
    projects = book["Projets"]
    assert projects.freeze_panes == "C5"
    assert projects.print_title_rows == "$4:$4"
    assert projects.auto_filter.ref.startswith("A4:")
    assert len(book["Synthèse"]._charts) == 4
    money = next(cell for cell in projects[5] if "€" in cell.number_format)
    assert money.number_format.endswith("#,##0\u00a0€")


def test_unknown_amount_is_an_empty_cell_in_the_workbook(territory, for_committee):
    ProjectFactory(territory=territory, confidentiality="public", planned_investment=None)
    book = opened(committee.workbook(for_committee, today=TODAY), data_only=True)
    heads, row, *_ = values(book["Projets"])[3:]
    assert row[heads.index("Investissement prévu")] is None
    assert found(book["Synthèse"], "Investissement prévu, projets en cours") is None
    assert found(book["Synthèse"], "Investissement prévu, projets en cours", 2) == 1


def test_workbook_withholds_internal_projects_and_says_how_many(territory, for_committee):
    ProjectFactory(territory=territory, confidentiality="interne", title="Secret de fabrique")
    ProjectFactory(territory=territory, confidentiality="binome", title="Ligne de séchage")
    book = opened(committee.workbook(for_committee, today=TODAY))
    text = " ".join(str(cell) for sheet in book for row in values(sheet) for cell in row)
    assert "Secret de fabrique" not in text
    assert "Ligne de séchage" in text
    assert "1 projet est écarté" in found(book["Lisez-moi"], "Non montré")


def test_answer_alone_is_in_no_workbook(territory, for_committee, pair):
    project = ProjectFactory(territory=territory, confidentiality="binome")
    request = ReviewRequestFactory(project=project, question="Signer la lettre ?")
    answer(request, pair, elected="disagree")
    sheet = opened(committee.workbook(for_committee, today=TODAY))["Avis du binôme"]
    assert "Une ligne." not in str(values(sheet))
    answer(request, pair, industrialist="agree")
    sheet = opened(committee.workbook(for_committee, today=TODAY))["Avis du binôme"]
    assert "Pas d’accord" in str(values(sheet))


def test_demonstration_says_so_on_the_first_sheet(territory, for_committee):
    territory.is_demo = True
    sheet = opened(committee.workbook(for_committee, today=TODAY))["Lisez-moi"]
    assert "fictives" in str(values(sheet))
    assert "FICTIVES" in sheet.oddFooter.center.text


def test_typed_formula_stays_text(territory, for_committee):
    ProjectFactory(territory=territory, confidentiality="public", title='=HYPERLINK("http://x")')
    sheet = opened(committee.workbook(for_committee, today=TODAY))["Projets"]
    assert sheet["B5"].data_type == "s"


def test_return_lists_what_is_missing_with_a_link_to_its_row(territory, for_partners):
    project = ProjectFactory(
        territory=territory, confidentiality="public", planned_investment=10, eligible_costs=20
    )
    gaps = Completeness(Figures(for_partners, territory, TODAY)).gaps()
    assert ("Incohérence", "Assiette éligible") in {(gap.kind, gap.field) for gap in gaps}
    assert ("Manque", "Axe national") in {(gap.kind, gap.field) for gap in gaps}
    sheet = opened(national.workbook(for_partners, today=TODAY))["Manques"]
    assert sheet["A5"].value == project.reference
    assert sheet["A5"].hyperlink.location == "'Remontée'!E3"


def test_complete_project_lacks_nothing_that_it_has(territory, for_partners):
    project = ProjectFactory(territory=territory, confidentiality="public")
    project.priorities.set(NationalPriority.objects.all()[:1])
    fields = {gap.field for gap in Completeness(Figures(for_partners, territory, TODAY)).gaps()}
    assert "Axe national" not in fields
    # A lead is not asked for the amounts of a qualified project.
    assert "Investissement prévu" not in fields


def test_aid_above_the_eligible_costs_is_told(territory, for_partners):
    project = ProjectFactory(
        territory=territory, confidentiality=Confidentiality.PUBLIC, eligible_costs=1000
    )
    ApplicationFactory(project=project, amount_requested=1500)
    gaps = Completeness(Figures(for_partners, territory, TODAY)).gaps()
    assert "Les aides demandées dépassent l’assiette éligible." in {gap.why for gap in gaps}


@pytest.mark.parametrize(
    ("command", "sheet"), [("copil_pack", "Synthèse"), ("national_return", "Remontée")]
)
def test_command_writes_the_workbook(territory, tmp_path, command, sheet, capsys):
    out = tmp_path / "rapport.xlsx"
    call_command(command, "--territory", territory.code, "--out", str(out))
    assert sheet in openpyxl.load_workbook(out).sheetnames
    assert territory.name in capsys.readouterr().out


def test_command_names_the_territory_it_does_not_know(territory, tmp_path):
    with pytest.raises(CommandError, match="ti-0000"):
        call_command("copil_pack", "--territory", "ti-0000", "--out", str(tmp_path / "x.xlsx"))


def test_partners_are_not_told_that_the_pair_disagrees(for_partners, for_committee, pair):
    project = ProjectFactory(
        territory=for_partners.territory, confidentiality=Confidentiality.PARTNERS
    )
    request = ReviewRequestFactory(project=project)
    answer(request, pair, elected="agree", industrialist="disagree")
    told = "désaccord ou à discuter"
    for level, is_told in ((for_committee, True), (for_partners, False)):
        rows = values(opened(committee.workbook(level, today=TODAY))["À décider"])
        assert any(told in row for row in rows) is is_told
