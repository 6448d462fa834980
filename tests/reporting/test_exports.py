import csv
import io

import openpyxl
import pytest
from django.urls import reverse

from crm.models import Role
from tests.actions.factories import ActionFactory, MilestoneFactory
from tests.crm.factories import OrganisationFactory, ProjectFactory
from tests.funding.factories import ApplicationFactory

pytestmark = pytest.mark.django_db
EXPORTS = ["organisations_export", "projects_export", "applications_export", "actions_export"]


def content(response):
    return response.getvalue() if response.streaming else response.content


def rows_of(response):
    text = content(response).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def sheet_of(response):
    return openpyxl.load_workbook(io.BytesIO(content(response))).active


def export(client, name, kind="csv", **filters):
    return client.get(reverse(f"reporting:{name}", args=[kind]), filters)


def test_export_has_exactly_the_filtered_rows(officer_client, territory):
    ProjectFactory(territory=territory, title="Ligne de séchage")
    ProjectFactory(territory=territory, title="Quai réfrigéré")
    rows = rows_of(export(officer_client, "projects_export", q="sechage"))
    assert [row["Intitulé"] for row in rows] == ["Ligne de séchage"]


def test_csv_and_workbook_have_the_same_rows(officer_client, territory):
    for n in range(3):
        ProjectFactory(territory=territory, title=f"Projet {n}")
    csv_titles = [row["Intitulé"] for row in rows_of(export(officer_client, "projects_export"))]
    sheet = sheet_of(export(officer_client, "projects_export", "xlsx"))
    assert [row[1] for row in sheet.iter_rows(min_row=2, values_only=True)] == csv_titles


def test_unknown_amount_is_an_empty_cell(officer_client, territory):
    ProjectFactory(territory=territory, planned_investment=None, jobs_created_planned=0)
    [row] = rows_of(export(officer_client, "projects_export"))
    assert row["Investissement prévu HT"] == ""
    assert row["Emplois créés, prévus"] == "0,0"


def test_amounts_and_dates_are_written_in_french(officer_client, territory):
    ProjectFactory(territory=territory, planned_investment="1234567.50", starts_on="2026-11-22")
    [row] = rows_of(export(officer_client, "projects_export"))
    assert (row["Investissement prévu HT"], row["Début"]) == ("1234567,50", "22/11/2026")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_cell_that_looks_like_a_formula_is_neutralised(officer_client, territory, start):
    title = f"{start}HYPERLINK(1)"
    ProjectFactory(territory=territory, title=title)
    [row] = rows_of(export(officer_client, "projects_export"))
    assert row["Intitulé"] == f"'{title}"
    cell = sheet_of(export(officer_client, "projects_export", "xlsx"))["B2"]
    assert cell.data_type == "s"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_refused_filter_is_a_400_in_french_and_no_row(officer_client, territory, kind):
    ProjectFactory(territory=territory, title="Ligne de séchage")
    response = export(officer_client, "projects_export", kind, stage="nulle_part")
    assert response.status_code == 400
    assert "Étape" in response.content.decode()
    assert "Ligne de séchage" not in response.content.decode()


@pytest.mark.parametrize("name", EXPORTS)
def test_unknown_kind_of_file_is_not_found(officer_client, name):
    assert export(officer_client, name, "pdf").status_code == 404


@pytest.mark.parametrize("name", EXPORTS)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_file_name_says_the_territory_and_the_day(officer_client, territory, name, kind):
    header = export(officer_client, name, kind)["Content-Disposition"]
    assert territory.code in header
    assert header.endswith(f'.{kind}"')


@pytest.mark.parametrize("name", EXPORTS)
def test_stranger_gets_no_row_of_another_territory(officer_client, name):
    application = ApplicationFactory(project__confidentiality="public")
    OrganisationFactory(territory=application.project.territory)
    assert rows_of(export(officer_client, name)) == []


def test_reader_exports_only_what_they_read(sign_in, territory):
    ProjectFactory(territory=territory, confidentiality="binome")
    shared = ProjectFactory(territory=territory, confidentiality="partenaires")
    rows = rows_of(export(sign_in(Role.READER), "projects_export"))
    assert [row["Référence"] for row in rows] == [shared.reference]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_plan_costs_the_same_queries_for_many_fiches(
    officer_client, territory, assert_flat_queries, kind
):
    def add(count):
        for _ in range(count):
            action = ActionFactory(territory=territory, pilot=OrganisationFactory())
            action.partners.add(OrganisationFactory(territory=territory))
            MilestoneFactory(action=action)

    add(1)
    assert_flat_queries(lambda: export(officer_client, "actions_export", kind), add)


def test_plan_is_exported_as_it_is_filtered_and_never_to_a_stranger(officer_client, territory):
    ActionFactory(territory=territory, code="A1", title="Navette")
    ActionFactory(territory=territory, code="B2", title="Logement")
    ActionFactory(code="C3")
    rows = rows_of(export(officer_client, "actions_export", q="logement"))
    assert [row["Code"] for row in rows] == ["B2"]
    assert len(rows_of(export(officer_client, "actions_export"))) == 2
