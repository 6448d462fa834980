import io
import re

import openpyxl
import pytest
from django.urls import reverse

from crm.models import Role
from crm.templatetags.french import euros
from reporting import readings
from reporting.figures import Figures
from tests.crm.factories import ProjectFactory
from tests.funding.factories import ApplicationFactory, ProgramFactory
from tests.reporting.conftest import fill

pytestmark = pytest.mark.django_db
REPORTS = "/rapports/"


def text(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.mark.parametrize("role", [Role.ELECTED, Role.INDUSTRIALIST])
@pytest.mark.parametrize("name", ["reports", "committee_workbook", "national_return"])
def test_pair_does_not_draw_reports(sign_in, role, name):
    assert sign_in(role).get(reverse(f"reporting:{name}")).status_code == 403


@pytest.mark.parametrize("role", [Role.OFFICER, Role.MANAGER, Role.READER])
@pytest.mark.parametrize("name", ["reports", "national_return"])
def test_team_and_readers_draw_reports(sign_in, role, name):
    assert sign_in(role).get(reverse(f"reporting:{name}")).status_code == 200


def test_reader_draws_the_committee_workbook_at_their_own_level_only(sign_in):
    client = sign_in(Role.READER)
    address = reverse("reporting:committee_workbook")
    assert client.get(address, {"lecture": "comite"}).status_code == 403
    assert client.get(address, {"lecture": "partenaires"}).status_code == 200


def test_level_that_does_not_exist_is_refused_in_french(officer_client):
    response = officer_client.get(reverse("reporting:committee_workbook"), {"lecture": "tous"})
    assert response.status_code == 400
    assert "Lecteurs" in text(response)


@pytest.mark.parametrize("level", ["comite", "partenaires"])
def test_page_and_workbook_of_a_level_say_the_same_figures(officer_client, territory, level):
    fill(territory, 3)
    figures = Figures(readings.reading(level, territory), territory)
    page = officer_client.get(REPORTS, {"lecture": level})
    shown = {line.label: line.value for line, _ in page.context["headlines"]}
    content = officer_client.get(reverse("reporting:committee_workbook"), {"lecture": level})
    book = openpyxl.load_workbook(io.BytesIO(content.content), data_only=True)
    cells = {row[0]: row[1] for row in book["Synthèse"].iter_rows(values_only=True)}
    for label, value in shown.items():
        assert (cells[label] or 0) == pytest.approx(float(value or 0)), label
    if figures.portfolio.investment:
        assert euros(figures.portfolio.investment) in page.content.decode()


def test_each_number_opens_the_list_it_counts(officer_client, territory):
    fill(territory, 4)
    page = officer_client.get(REPORTS)
    for line, address in page.context["headlines"]:
        if line.key in {"open", "done"}:
            assert officer_client.get(address).context["totals"]["count"] == line.value
        if line.key == "investment":
            assert officer_client.get(address).context["totals"]["investment"] == line.value
    for _, _, lines, _ in page.context["charts"][:2]:
        for line, address in lines:
            if address:
                totals = officer_client.get(address).context["totals"]
                assert (totals["count"], totals["investment"]) == (line.count, line.investment)
    for line, address in page.context["charts"][2][2]:
        totals = officer_client.get(address).context["totals"]
        assert (totals["count"], totals["requested"]) == (line.count, line.requested)


def test_page_says_what_is_missing_and_where_to_mend_it(officer_client, territory):
    project = ProjectFactory(territory=territory)
    page = officer_client.get(REPORTS)
    assert "Axe national" in text(page)
    assert reverse("crm:project_edit", args=[project.pk]) in page.content.decode()


def test_reader_is_led_to_the_record_and_not_to_its_form(sign_in, territory):
    project = ProjectFactory(territory=territory, confidentiality="public")
    page = sign_in(Role.READER).get(REPORTS).content.decode()
    assert project.get_absolute_url() in page
    assert reverse("crm:project_edit", args=[project.pk]) not in page


def test_reader_sees_only_their_level(sign_in, territory):
    ProjectFactory(territory=territory, confidentiality="interne", title="Secret de fabrique")
    page = sign_in(Role.READER).get(REPORTS)
    assert "Secret de fabrique" not in text(page)
    assert page.context["figures"].portfolio.count == 0


def test_empty_territory_has_a_page_and_workbooks(officer_client):
    assert "Aucun dossier à ce jour" in text(officer_client.get(REPORTS))
    for name in ("committee_workbook", "national_return"):
        response = officer_client.get(reverse(f"reporting:{name}"))
        assert response["Content-Disposition"].endswith('.xlsx"')


def test_a_name_with_an_ampersand_prints_and_escapes(officer_client, territory):
    program = ProgramFactory(funder__short_name="Bois & Cie", funder__code="bois")
    ApplicationFactory(project=ProjectFactory(territory=territory), program=program)
    assert "Bois &amp; Cie" in officer_client.get(REPORTS).content.decode()
