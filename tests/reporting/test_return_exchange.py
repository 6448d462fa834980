"""Projects to other tools and from them: schema 0.1.0, no person, row by row, undone."""

import csv
import io
import json
import uuid
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from actions.models import FrameworkCode
from crm.models import Project, Role
from reporting.exchange import schema
from reporting.models import ExchangedProject, ProjectImport
from tests.actions.factories import ActionFactory
from tests.crm.factories import (
    InteractionFactory,
    ProjectFactory,
    SiteFactory,
    TerritoryFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
CSV = reverse("reporting:exchange_projects", args=["csv"])
JSON = reverse("reporting:exchange_projects", args=["json"])
FICHES = reverse("reporting:exchange_fiches")
NEW = reverse("reporting:exchange_new")


@pytest.fixture
def site(territory):
    return SiteFactory(organisation__territory=territory)


def line(**said):
    return {"nom": "Ligne de séchage", "phase": "Étude", "phaseStatut": "En cours"} | said


def upload(client, *rows, follow=True):
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, names)
    writer.writeheader()
    writer.writerows(rows)
    file = SimpleUploadedFile("projets.csv", out.getvalue().encode())
    return client.post(NEW, {"file": file}, follow=follow)


def commit(client, page):
    url = page.request["PATH_INFO"]
    return client.post(url, {"digest": page.context["plan"].digest}, follow=True)


def rows_of(client):
    return list(csv.DictReader(io.StringIO(client.get(CSV).content.decode())))


# Out --------------------------------------------------------------------------------------------


def test_a_project_leaves_in_the_words_of_the_schema_and_names_nobody(officer_client, territory):
    site = SiteFactory(organisation__territory=territory, commune_id="32132")
    project = ProjectFactory(
        territory=territory, holder=site.organisation, site=site, confidentiality="partenaires",
        stage_id="en_montage", title="Séchoir", planned_investment=Decimal("125000.50"),
        owner=UserFactory(first_name="Zoé", last_name="Nommée"),
    )  # fmt: skip
    [row] = json.loads(officer_client.get(JSON).content)
    assert list(row) == list(schema.FIELDS)
    assert row["nom"] == "Séchoir"
    assert (row["phase"], row["phaseStatut"]) == ("Étude", "En cours")
    assert row["budgetPrevisionnel"] == 125001
    assert row["porteurCodeSiret"] == site.siret
    assert row["collectiviteIds"] == ["32132", site.commune.epci_id]
    assert uuid.UUID(row["id"])
    assert "Nommée" not in officer_client.get(JSON).content.decode()
    again = json.loads(officer_client.get(JSON).content)
    assert again[0]["id"] == row["id"]
    [line] = rows_of(officer_client)
    assert line["collectiviteIds"] == f"32132|{site.commune.epci_id}"
    assert line["id"] == row["id"]
    assert project.reference not in row["nom"]


def test_no_project_beyond_the_partners_level_leaves(officer_client, territory):
    for level in ("interne", "binome"):
        ProjectFactory(territory=territory, confidentiality=level)
    assert json.loads(officer_client.get(JSON).content) == []
    assert rows_of(officer_client) == []


def test_a_typed_formula_leaves_as_text(officer_client, territory):
    ProjectFactory(territory=territory, confidentiality="public", title="=1+1")
    assert rows_of(officer_client)[0]["nom"] == "'=1+1"


def test_a_fiche_leaves_with_its_plans_and_its_parent(officer_client, territory):
    fiche = ActionFactory(territory=territory, title="Logement", status="en_retard")
    ActionFactory(plan=fiche.plan, parent=fiche, title="Foyer")
    FrameworkCode.objects.create(action=fiche, framework_id="crte", code="C-2", title="Loger")
    whole, part = sorted(json.loads(officer_client.get(FICHES).content), key=lambda f: f["nom"],
                         reverse=True)  # fmt: skip
    assert (whole["nom"], whole["statut"], whole["parentExternalId"]) == (
        "Logement", "En retard", None,
    )  # fmt: skip
    assert part["parentExternalId"] == whole["externalId"]
    assert {"externalId": "crte-C-2", "nom": "Loger", "type": "CRTE"} in whole["plans"]


# In ---------------------------------------------------------------------------------------------


def test_a_file_is_read_row_by_row_before_anything_is_written(officer_client, site):
    page = upload(
        officer_client,
        line(porteurCodeSiret=site.siret, budgetPrevisionnel="420000",
             dateDebutPrevisionnelle="2027-03-01", id=str(uuid.uuid4())),
        line(nom="Sans porteur"),
        line(nom="", porteurCodeSiret=site.siret),
        line(nom="Phase inventée", porteurCodeSiret=site.siret, phase="Rêve"),
        line(nom="Budget flou", porteurCodeSiret=site.siret, budgetPrevisionnel="beaucoup"),
        line(nom="Inconnu", porteurCodeSiret="00000000000018"),
    )  # fmt: skip
    plan = page.context["plan"]
    assert plan.counts == {"read": 6, "created": 1, "updated": 0, "unchanged": 0, "refused": 5}
    assert [row.line for row in plan.of_fate("refused")] == [3, 4, 5, 6, 7]
    assert not Project.objects.exists()
    done = commit(officer_client, page)
    project = Project.objects.get()
    assert (project.title, project.stage_id, project.confidentiality) == (
        "Ligne de séchage", "en_montage", "interne",
    )  # fmt: skip
    assert (project.planned_investment, str(project.starts_on)) == (420_000, "2027-03-01")
    assert project.holder == site.organisation
    assert "fichier projets.csv" in project.source_of("planned_investment")
    assert "5 lignes refusées" in done.content.decode().replace("\u00a0", " ")
    token = ProjectImport.objects.get().token
    refused = officer_client.get(reverse("reporting:exchange_refused", args=[token]))
    assert "Phase inventée" in refused.content.decode("utf-8-sig")


def test_what_comes_back_is_recognised_and_completes_nothing_twice(officer_client, site):
    given = str(uuid.uuid4())
    said = line(porteurCodeSiret=site.siret, id=given)
    commit(officer_client, upload(officer_client, said))
    again = upload(officer_client, said)
    assert again.context["plan"].counts["unchanged"] == 1
    more = upload(officer_client, said | {"budgetPrevisionnel": "90000"})
    assert more.context["plan"].counts["updated"] == 1
    commit(officer_client, more)
    assert Project.objects.get().planned_investment == 90_000
    Project.objects.update(confidentiality="public")
    [row] = rows_of(officer_client)
    assert row["id"] == given  # kept for the tool that gave it


def test_our_own_export_comes_back_unchanged(officer_client, site):
    for n in range(3):
        ProjectFactory(
            territory=site.organisation.territory, holder=site.organisation, site=site,
            confidentiality="public", title=f"Projet {n}", need="Un besoin",
            planned_investment=Decimal("1000.40"), stage_id="qualifie",
        )  # fmt: skip
    file = SimpleUploadedFile("retour.csv", officer_client.get(CSV).content)
    page = officer_client.post(NEW, {"file": file}, follow=True)
    assert page.context["plan"].counts["unchanged"] == 3


def test_a_blank_cell_erases_nothing(officer_client, site):
    project = ProjectFactory(
        territory=site.organisation.territory, holder=site.organisation, title="Ligne de séchage",
        need="Sécher",
    )  # fmt: skip
    said = line(porteurCodeSiret=site.siret, description="", budgetPrevisionnel="5")
    commit(officer_client, upload(officer_client, said))
    project.refresh_from_db()
    assert (project.need, project.planned_investment) == ("Sécher", 5)


@pytest.mark.parametrize(
    ("phase", "status", "stage"),
    [
        ("Idée", "En cours", "detecte"),
        ("Étude", "En retard", "en_montage"),
        ("opération", "en cours", "en_realisation"),
        ("Opération", "Terminé", "realise"),
        ("Étude", "Abandonné", "abandonne"),
        ("Étude", "En pause", "en_montage"),
        ("", "", "detecte"),
    ],
)
def test_a_phase_opens_the_project_at_its_stage(officer_client, site, phase, status, stage):
    said = line(porteurCodeSiret=site.siret, phase=phase, phaseStatut=status)
    commit(officer_client, upload(officer_client, said))
    assert Project.objects.get().stage_id == stage


def test_no_person_of_the_file_is_kept(officer_client, site):
    said = line(porteurCodeSiret=site.siret, porteurReferentEmail="zoe@exemple.fr",
                porteurReferentNom="Nommée")  # fmt: skip
    page = upload(officer_client, said)
    assert page.context["plan"].ignored == ["porteurReferentEmail", "porteurReferentNom"]
    commit(officer_client, page)
    assert "zoe@exemple.fr" not in str(ProjectImport.objects.values_list("rows", flat=True)[0])


def test_an_import_is_undone_but_for_what_has_served(officer_client, site):
    known = ProjectFactory(
        territory=site.organisation.territory, holder=site.organisation, title="Connu",
        planned_investment=1,
    )  # fmt: skip
    page = upload(
        officer_client,
        line(nom="Oublié", porteurCodeSiret=site.siret),
        line(nom="Travaillé", porteurCodeSiret=site.siret),
        line(nom="Connu", porteurCodeSiret=site.siret, budgetPrevisionnel="700"),
    )
    commit(officer_client, page)
    worked = Project.objects.get(title="Travaillé")
    InteractionFactory(organisation=site.organisation, project=worked)
    known.refresh_from_db()
    assert known.planned_investment == 700
    token = ProjectImport.objects.get().token
    url = reverse("reporting:exchange_undo", args=[token])
    said = officer_client.post(url, follow=True).content.decode().replace("\u00a0", " ")
    assert "1 projet a servi depuis et reste" in said
    known.refresh_from_db()
    assert known.planned_investment == 1
    assert set(Project.objects.values_list("title", flat=True)) == {"Connu", "Travaillé"}
    assert "ne peut plus être annulé" in officer_client.post(url, follow=True).content.decode()


def test_what_was_not_shown_is_not_written(officer_client, site):
    page = upload(officer_client, line(porteurCodeSiret=site.siret))
    ProjectFactory(
        territory=site.organisation.territory, holder=site.organisation, title="Ligne de séchage"
    )
    response = commit(officer_client, page)
    assert response.status_code == 409
    assert Project.objects.count() == 1


def test_a_second_click_writes_nothing_more(officer_client, site):
    page = upload(officer_client, line(porteurCodeSiret=site.siret))
    commit(officer_client, page)
    commit(officer_client, page)
    assert Project.objects.count() == 1


def test_the_same_identifier_twice_in_a_file_is_refused_with_its_line(officer_client, site):
    given = str(uuid.uuid4())
    page = upload(
        officer_client,
        line(nom="Un", porteurCodeSiret=site.siret, id=given),
        line(nom="Deux", porteurCodeSiret=site.siret, id=given),
    )
    [refused] = page.context["plan"].of_fate("refused")
    assert (refused.line, "ligne 2" in refused.reasons[0]) == (3, True)


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4", b"rien;du;tout\n1;2;3\n"])
def test_a_file_that_is_not_one_is_refused_in_a_sentence(officer_client, content, territory):
    file = SimpleUploadedFile("projets.csv", content)
    response = officer_client.post(NEW, {"file": file})
    assert response.status_code == 422
    assert not ProjectImport.objects.exists()


def test_a_stranger_never_sees_an_import(client, officer_client, site):
    upload(officer_client, line(porteurCodeSiret=site.siret))
    token = ProjectImport.objects.get().token
    client.force_login(
        UserFactory(territory=TerritoryFactory(perimeter=True), role=Role.MANAGER)
    )  # fmt: skip
    assert client.get(reverse("reporting:exchange_import", args=[token])).status_code == 404
    assert not ExchangedProject.objects.exists()
