"""The returns: what they list, what they lack, what is frozen when they are sent."""

import datetime
import io
from decimal import Decimal

import openpyxl
import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from actions.models import FrameworkCode
from crm.models import Project, Role
from reporting import national, readings
from reporting.completeness import Completeness
from reporting.figures import Figures
from reporting.freezing import IsFrozen
from reporting.models import ReturnMapping, Sending, SendingFile, fingerprint
from reporting.returns import fields, grids, grids_in_force, sending
from reporting.returns.checks import Check
from reporting.returns.drawing import Return
from reporting.returns.shipped import NATIONAL, shipped
from tests.actions.factories import ActionFactory, IndicatorFactory
from tests.crm.factories import ProjectFactory, SiteFactory, TerritoryFactory, UserFactory
from tests.funding.factories import ApplicationFactory
from tests.reporting.conftest import TODAY, fill

pytestmark = pytest.mark.django_db
CODES = [code for code, *_ in shipped()]


@pytest.fixture
def by(territory):
    return UserFactory(territory=territory, role=Role.OFFICER)


def drawn(territory, code="nationale"):
    return sending.drawn(grids_in_force.of(territory, code), territory, today=TODAY)


def send(territory, by, code="nationale", **more):
    version = grids_in_force.of(territory, code)
    number = Sending.objects.next_number(territory, code)
    said = {"sent_on": TODAY, "sent_to": "DREETS", "today": TODAY, "number": number} | more
    return sending.send(version, territory, by=by, **said)


def opened(content, **options):
    return openpyxl.load_workbook(io.BytesIO(bytes(content)), **options)


def main_of(response):
    """The page without the menus around it, which follow the data."""
    text = response.content.decode()
    return text[text.index("<main") : text.index("</main>")]


def values(sheet):
    return [list(row) for row in sheet.iter_rows(values_only=True)]


# The shipped grids ------------------------------------------------------------------------------


def test_five_grids_come_with_the_house_and_none_is_said_official():
    mappings = ReturnMapping.objects.filter(territory=None)
    assert [mapping.code for mapping in mappings] == CODES
    for mapping in mappings:
        assert not mapping.current.is_official
        assert grids.faults(mapping.current.content) == []
        for sheet in mapping.current.content["sheets"]:
            assert all(fields.get(column["source"]) for column in sheet["columns"])


def test_a_second_migration_writes_nothing_and_a_new_grid_makes_a_version():
    from reporting.returns.install import install

    install(None)
    mapping = ReturnMapping.objects.get(code="cot")
    assert mapping.versions.count() == 1
    mapping.versions.create(
        number=2, content={"names": False, "by_axis": False, "sheets": []}, applies_from=TODAY,
        publisher="Établi",
    )  # fmt: skip
    install(None)
    assert mapping.versions.count() == 3
    assert mapping.versions.first().content["sheets"]


def test_the_names_of_the_national_return_never_change(territory):
    book = opened(national.workbook(readings.reading("partenaires", territory), today=TODAY))
    names = [cell.value for cell in book["Remontée"][1]]
    expected = NATIONAL.split()
    at = expected.index("axe_each")
    axes = ["axe_competences", "axe_transition", "axe_innovation", "axe_foncier"]
    assert names == [*expected[:at], *axes, *expected[at + 1 :]]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("seed", [None, 1, 4])
def test_each_return_opens_as_a_workbook_that_says_what_it_is_worth(territory, code, seed):
    if seed is not None:
        fill(territory, seed)
    version = grids_in_force.of(territory, code)
    book = opened(sending.workbook(version, territory, today=TODAY))
    readme = str(values(book["Lisez-moi"]))
    assert "Grille proposée par Établi" in readme
    assert "Manques" in book.sheetnames
    assert "non envoyé" in book.worksheets[1].oddHeader.center.text


def test_a_return_shows_no_more_than_a_partner_reads(territory):
    for level in ("interne", "binome"):
        ProjectFactory(territory=territory, confidentiality=level, title=f"Secret {level}")
    for code in CODES:
        version = grids_in_force.of(territory, code)
        book = opened(sending.workbook(version, territory, today=TODAY))
        assert "Secret" not in str([values(sheet) for sheet in book])


def test_the_cot_counts_its_actions_alone_under_its_own_code_and_words(territory):
    counted = ActionFactory(territory=territory, title="Boucles locales", status="en_retard")
    ActionFactory(territory=territory, title="Ailleurs")
    FrameworkCode.objects.create(
        action=counted, framework_id="eci", code="3.2.1", title="Écologie industrielle"
    )
    FrameworkCode.objects.create(action=counted, framework_id="cae", code="2.4")
    FrameworkCode.objects.create(action=counted, framework_id="crte", code="C-9")
    IndicatorFactory(action=counted, label="Tonnes évitées")
    actions, indicators = drawn(territory, "cot").sheets
    names = [column.name for column in actions.columns]
    said = [dict(zip(names, row.cells, strict=True)) for row in actions.rows]
    assert [(row["cadre"], row["cadre_code"], row["cadre_intitule"]) for row in said] == [
        ("CAE", "2.4", "Boucles locales"),
        ("ECi", "3.2.1", "Écologie industrielle"),
    ]
    assert {row["statut"] for row in said} == {"En cours"}  # their word for « En retard »
    assert [row.record.title for row in indicators.rows] == ["Tonnes évitées"]
    # Two codes, one fiche: its budget counts once.
    assert len(actions.counted()) == 1


def test_each_epci_gets_its_sheet_and_what_nobody_placed_is_apart(territory):
    ProjectFactory(territory=territory, confidentiality="public", commune_id="32132", title="Ici")
    ProjectFactory(territory=territory, confidentiality="public", commune_id="82112", title="Là")
    ProjectFactory(territory=territory, confidentiality="public", title="Nulle part")
    sheets = {sheet.title: sheet for sheet in drawn(territory, "epci").sheets}
    said = {title: [row.record.title for row in sheet.rows] for title, sheet in sheets.items()}
    assert said == {
        "Lomagne Gersoise": ["Ici"],
        "Terres des Confluences": ["Là"],
        "EPCI à confirmer": ["Nulle part"],
    }


@pytest.mark.parametrize("code", CODES)
def test_the_totals_of_each_sheet_are_those_of_the_figures(territory, code):
    fill(territory, 3)
    shown = drawn(territory, code)
    figures = Figures(readings.reading("partenaires", territory), territory, TODAY)
    total = figures.total
    known = {
        "investissement_prevu": total.investment,
        "assiette_eligible": total.eligible,
        "aides_demandees": total.requested,
        "aides_accordees": total.granted,
        "emplois_crees_prevus": total.jobs_created_planned,
        "dossier_demande": figures.aid["requested"],
        "dossier_accorde": figures.aid["granted"],
        "financeur_demande": figures.aid["requested"],
    }
    found = {}
    for sheet in shown.sheets:
        for column, _, value, _ in sheet.totals():
            found[column.source.key] = (found.get(column.source.key) or 0) + (value or 0)
    assert {key: found[key] for key in known if key in found} == {
        key: value or 0 for key, value in known.items() if key in found
    }


def test_what_nobody_can_know_yet_is_not_to_be_confirmed(territory):
    """An observed job before the end, an aid that nobody asked for: nothing, and no unknown."""
    for stage in ("en_montage", "realise"):
        ProjectFactory(territory=territory, confidentiality="public", stage_id=stage)
    asked = ProjectFactory(territory=territory, confidentiality="public", stage_id="depose")
    ApplicationFactory(project=asked, amount_requested=None)
    [sheet] = drawn(territory).sheets
    unknown = {column.source.key: count for column, _, _, count in sheet.totals()}
    assert unknown["investissement_prevu"] == 3
    assert unknown["emplois_crees_constates"] == 1
    assert unknown["aides_demandees"] == 1
    assert unknown["aides_accordees"] == 0


def test_a_command_writes_any_return(territory, tmp_path, capsys):
    out = tmp_path / "cot.xlsx"
    call_command("return", "--territory", territory.code, "--mapping", "cot", "--out", str(out))
    assert "Actions du COT" in openpyxl.load_workbook(out).sheetnames
    assert "COT" in capsys.readouterr().out


# What is missing --------------------------------------------------------------------------------


def found(territory, code="nationale"):
    check = Check(drawn(territory, code))
    return {(one.kind, one.field) for lacking in check.records for one in lacking.findings}


def test_an_obligatory_cell_that_is_empty_is_told_with_where_it_is_filled(territory):
    project = ProjectFactory(
        territory=territory, confidentiality="public", stage_id="qualifie", site=None
    )
    check = Check(drawn(territory, "region"))
    [lacking] = [one for one in check.records if one.record.of == project]
    urls = {one.field: one.url for one in lacking.findings}
    edit = reverse("crm:project_edit", args=[project.pk])
    assert urls["Filière"] == f"{edit}#id_sector"
    assert urls["Investissement prévu"] == f"{edit}#id_planned_investment"
    assert len([one for one in lacking.findings if one.field == "Filière"]) == 1


def test_a_code_without_translation_is_told_and_leaves_its_cell_empty(territory):
    action = ActionFactory(territory=territory, status="bloque")
    FrameworkCode.objects.create(action=action, framework_id="eci", code="1")
    shared = ReturnMapping.objects.get(code="cot")
    grid = shared.current.content
    codes = {"en_cours": "En cours"}
    grid = grids.with_changed_column(grid, "actions", "etape_code", codes=codes)
    shown = Return(grid, readings.reading("partenaires", territory), name="COT", today=TODAY)
    assert ("Code", "Statut") in {
        (one.kind, one.field) for lacking in Check(shown).records for one in lacking.findings
    }
    at, _ = shown.sheets[0].column("etape_code")
    assert shown.sheets[0].rows[0].cells[at] is None


def test_what_contradicts_itself_is_told(territory):
    project = ProjectFactory(
        territory=territory, confidentiality="public", stage_id="en_montage",
        planned_investment=1000, jobs_created_observed=3,
    )  # fmt: skip
    ApplicationFactory(project=project, amount_requested=4000, amount_granted=2000)
    kinds = found(territory)
    assert ("Incohérence", "Aides accordées") in kinds
    assert ("Incohérence", "Emplois constatés") in kinds


def test_a_return_does_not_ask_for_what_it_has_no_column_of(territory):
    ProjectFactory(territory=territory, confidentiality="public", stage_id="en_montage")
    assert ("Manque", "Assiette éligible") in found(territory)
    assert ("Manque", "Assiette éligible") not in found(territory, "epci")


def test_a_job_counted_in_two_projects_is_told_with_both(territory):
    site = SiteFactory(organisation__territory=territory)
    same = {
        "territory": territory, "holder": site.organisation, "site": site,
        "confidentiality": "public", "jobs_created_planned": 4,
    }  # fmt: skip
    one = ProjectFactory(**same, starts_on=datetime.date(2026, 1, 1))
    other = ProjectFactory(**same, ends_on=datetime.date(2027, 1, 1))
    later = ProjectFactory(**same, starts_on=datetime.date(2028, 1, 1),
                           ends_on=datetime.date(2029, 1, 1))  # fmt: skip
    Project.objects.filter(pk=one.pk).update(ends_on=datetime.date(2026, 12, 31))
    Project.objects.filter(pk=other.pk).update(starts_on=datetime.date(2026, 2, 1))
    gaps = Completeness(
        Figures(readings.reading("partenaires", territory), territory, TODAY)
    ).gaps()
    told = {gap.reference: gap.why for gap in gaps if gap.field == "Emplois comptés deux fois"}
    assert set(told) == {one.reference, other.reference}
    assert other.reference in told[one.reference]
    assert one.reference in told[other.reference]
    assert later.reference not in str(told)


def test_the_check_page_leads_to_the_form_and_a_reader_to_the_record(sign_in, territory):
    project = ProjectFactory(territory=territory, confidentiality="public")
    url = reverse("reporting:return_check", args=["nationale"])
    edit = reverse("crm:project_edit", args=[project.pk])
    assert edit in sign_in(Role.OFFICER).get(url).content.decode()
    page = sign_in(Role.READER).get(url).content.decode()
    assert edit not in page
    assert project.get_absolute_url() in page


# Sent, then for ever ----------------------------------------------------------------------------


def test_what_was_sent_is_the_same_whatever_becomes_of_the_data(officer_client, territory, by):
    fill(territory, 2)
    one = send(territory, by)
    file = one.files.get()
    page = main_of(officer_client.get(one.get_absolute_url()))
    handed = officer_client.get(file.get_absolute_url()).content
    assert fingerprint(handed) == file.sha256 == fingerprint(bytes(file.content))
    Project.objects.update(title="Tout autre chose", planned_investment=1)
    for project in Project.objects.all()[:3]:
        project.delete()
    assert officer_client.get(file.get_absolute_url()).content == handed
    assert main_of(officer_client.get(one.get_absolute_url())) == page
    assert Sending.objects.get(pk=one.pk).is_intact


def test_nobody_changes_a_sending_nor_a_published_grid(territory, by):
    one = send(territory, by)
    for row in (one, one.files.get(), one.mapping_version):
        with pytest.raises(IsFrozen):
            row.save()
        with pytest.raises(IsFrozen):
            row.delete()
    for table in ("reporting_sending", "reporting_sendingfile", "reporting_mappingversion"):
        with (
            pytest.raises(IntegrityError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE {table} SET content = content")
    assert SendingFile.objects.count() == 1


def test_a_sent_workbook_says_so_on_each_sheet(territory, by):
    book = opened(send(territory, by).files.get().content)
    assert all("Envoi n°" in sheet.oddHeader.center.text for sheet in book)


def test_what_changed_since_the_last_sending(territory, by):
    stays = ProjectFactory(
        territory=territory, confidentiality="public", planned_investment=Decimal(100)
    )
    gone = ProjectFactory(territory=territory, confidentiality="public")
    first = send(territory, by)
    Project.objects.filter(pk=stays.pk).update(planned_investment=Decimal(250))
    Project.objects.filter(pk=gone.pk).update(confidentiality="interne")
    new = ProjectFactory(territory=territory, confidentiality="public")
    second = send(territory, by)
    assert second.previous == first
    [change] = sending.between(first, second.content["sheets"])
    assert [row["reference"] for row in change["entered"]] == [new.reference]
    assert [row["reference"] for row in change["left"]] == [gone.reference]
    [row] = change["changed"]
    assert row["reference"] == stays.reference
    cell = next(cell for cell in row["cells"] if cell["label"] == "Investissement prévu")
    assert (cell["before"], cell["after"]) == (100, 250)
    totals = {cell["label"]: (cell["before"], cell["after"]) for cell in change["totals"]}
    assert totals["Investissement prévu"] == (100, 250)


def test_a_territory_that_adapts_its_grid_still_compares_with_what_it_sent(territory, by):
    first = send(territory, by)
    shared = ReturnMapping.objects.get(code="nationale")
    own = ReturnMapping.objects.create(
        territory=territory, code="nationale", name="La nôtre", recipient="national"
    )
    own.versions.create(
        number=1, content=shared.current.content, applies_from=TODAY, publisher="Nous"
    )  # fmt: skip
    second = send(territory, by)
    assert second.mapping_version.mapping == own
    assert second.previous == first


def test_an_officer_sends_a_return_and_a_second_click_is_told(officer_client, territory):
    fill(territory, 1)
    url = reverse("reporting:return_send", args=["region"])
    page = officer_client.get(url)
    said = {
        "sent_on": timezone.localdate().isoformat(),
        "sent_to": "Maison de Région",
        "note": "",
        "number": page.context["number"],
        "version": page.context["version"].pk,
    }
    response = officer_client.post(url, said, follow=True)
    assert "Maison de Région" in response.content.decode()
    assert Sending.objects.count() == 1
    again = officer_client.post(url, said)
    assert again.status_code == 409
    assert "Rien n’a été noté" in again.content.decode()
    assert Sending.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("sent_on", "2099-01-01"), ("sent_on", ""), ("sent_to", ""), ("number", "0"),
     ("version", "999999"), ("version", "²")],
)  # fmt: skip
def test_a_refused_sending_keeps_what_was_typed(officer_client, territory, name, value):
    url = reverse("reporting:return_send", args=["region"])
    page = officer_client.get(url)
    said = {"sent_on": "2026-01-05", "sent_to": "La Région", "note": "Deux feuilles",
            "number": 1, "version": page.context["version"].pk}  # fmt: skip
    response = officer_client.post(url, said | {name: value})
    assert response.status_code == 422
    assert "Deux feuilles" in response.content.decode()
    assert not Sending.objects.exists()


def test_a_stranger_never_reads_a_sending(client, territory, by):
    one = send(territory, by)
    elsewhere = TerritoryFactory(perimeter=True)
    client.force_login(UserFactory(territory=elsewhere, role=Role.MANAGER))
    for url in (one.get_absolute_url(), one.files.get().get_absolute_url()):
        assert client.get(url).status_code == 404
