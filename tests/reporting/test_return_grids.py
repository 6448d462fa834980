"""A manager writes the grid of a return, publishes it in versions, and nobody edits those."""

import pytest
from django.urls import reverse

from crm.models import Role
from reporting.models import ReturnMapping, fingerprint
from reporting.returns import fields, grids
from reporting.returns.records import PROJECTS
from tests.crm.factories import ProjectFactory, TerritoryFactory, UserFactory
from tests.reporting.factories import ReturnMappingFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(sign_in):
    return sign_in(Role.MANAGER)


@pytest.fixture
def own(territory):
    return ReturnMappingFactory(territory=territory)


def edit(client, own, do, **said):
    own.refresh_from_db()
    url = reverse("reporting:grid_edit", args=[own.code])
    return client.post(url, {"do": do, "seen": own.version, "sheet": "projets"} | said)


def labels(own, sheet="projets"):
    own.refresh_from_db()
    return [column["label"] for column in grids.sheet_in(own.draft, sheet)["columns"]]


# On screen --------------------------------------------------------------------------------------


def test_a_manager_adapts_a_shared_grid_without_touching_it(manager, territory):
    shared = ReturnMapping.objects.get(territory=None, code="cot")
    before = fingerprint(shared.current.content)
    manager.post(reverse("reporting:grid_start", args=["cot"]))
    manager.post(reverse("reporting:grid_start", args=["cot"]))  # a double click
    own = ReturnMapping.objects.get(territory=territory, code="cot")
    assert own.draft == own.current.content == shared.current.content
    assert (own.draft_by, own.versions.count()) == (manager.user, 1)
    edit(manager, own, "column_remove:pilote", sheet="actions")
    shared.refresh_from_db()
    assert fingerprint(shared.current.content) == before
    elsewhere = TerritoryFactory(perimeter=True)
    assert ReturnMapping.objects.of(elsewhere).get(code="cot") == shared


def test_a_manager_adds_a_return_of_their_own(manager, territory):
    url = reverse("reporting:return_new")
    said = {"name": "Comité de bassin d’emploi", "recipient": "autre", "start": "region"}
    response = manager.post(url, said)
    own = ReturnMapping.objects.get(territory=territory)
    assert response.url == reverse("reporting:grid_edit", args=[own.code])
    assert manager.get(own.get_absolute_url()).status_code == 200
    assert manager.post(url, said).status_code == 422
    for name, value in (("name", "«»"), ("name", "Envois"), ("start", "rien"), ("recipient", "x")):
        other = said | {"name": "Autre"} | {name: value}
        assert manager.post(url, other).status_code == 422
    elsewhere = TerritoryFactory(perimeter=True)
    assert own not in ReturnMapping.objects.of(elsewhere)


def test_columns_are_added_moved_and_removed_by_buttons(manager, own):
    first, second, *_ = labels(own)
    assert edit(manager, own, "column_down:reference").status_code == 302
    assert labels(own)[:2] == [second, first]
    edit(manager, own, "column_up:reference")
    edit(manager, own, "column_up:reference")  # at the edge it stays
    assert labels(own)[:2] == [first, second]
    edit(manager, own, "column_add", source="attribution")
    assert labels(own)[-1] == "Notre part"
    edit(manager, own, "column_add", source="attribution")
    own.refresh_from_db()
    keys = [column["key"] for column in grids.sheet_in(own.draft, "projets")["columns"]]
    assert keys[-2:] == ["attribution", "attribution_2"]
    edit(manager, own, "column_remove:attribution_2")
    assert labels(own).count("Notre part") == 1


def test_after_a_move_the_focus_stays_on_its_button(manager, own):
    response = edit(manager, own, "column_down:reference")
    page = manager.get(response.url).content.decode()
    assert "autofocus" in page
    assert page.count("autofocus") == 1


def test_sheets_are_added_moved_renamed_and_removed(manager, own, territory):
    said = {"title": "Nos dossiers", "rows": "files", "sheet": "", "note": ""}
    assert edit(manager, own, "sheet_add", **said).status_code == 302
    own.refresh_from_db()
    assert [sheet["title"] for sheet in own.draft["sheets"]][-1] == "Nos dossiers"
    key = own.draft["sheets"][-1]["key"]
    edit(manager, own, "sheet_up", sheet=key)
    own.refresh_from_db()
    assert own.draft["sheets"][-2]["key"] == key
    url = reverse("reporting:grid_sheet", args=[own.code, key])
    said = {"title": "Financements", "note": "Tous", "seen": own.version}
    assert manager.post(url, said).status_code == 302
    edit(manager, own, "sheet_remove", sheet="entreprises")
    own.refresh_from_db()
    assert {sheet["title"] for sheet in own.draft["sheets"]} == {
        "Projets", "Aides par financeur", "Financements",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"title": "Projets"}, "Deux feuilles"),
        ({"title": "A/B"}, "tableur refuse"),
        ({"title": ""}, "obligatoire"),
        ({"frameworks": ["cae"]}, "Un cadre ne compte"),
        ({"rows": "files", "by_epci": "on"}, "par EPCI"),
        ({"rows": "rien"}, "valide"),
    ],
)
def test_a_refused_sheet_says_why(manager, own, said, why):
    response = edit(manager, own, "sheet_add", **{"title": "Neuve", "rows": "projects"} | said)
    assert response.status_code == 422
    assert why in response.content.decode()


def test_a_column_takes_the_words_and_the_codes_of_the_recipient(manager, own, territory):
    ProjectFactory(territory=territory, confidentiality="public", stage_id="en_montage")
    edit(manager, own, "column_add", source="etape_code")
    own.refresh_from_db()
    url = reverse("reporting:grid_column", args=[own.code, "projets", "etape_code"])
    page = manager.get(url)
    codes = [code for code, _ in page.context["form"].codes]
    said = {
        "label": "Avancement",
        "name": "avancement_region",
        "format": "text",
        "required": "on",
        "seen": own.version,
        f"code_{codes.index('en_montage')}": "2 - Ingénierie",
    }
    assert manager.post(url, said).status_code == 302
    own.refresh_from_db()
    column = grids.column_in(own.draft, "projets", "etape_code")
    assert (column["label"], column["required"]) == ("Avancement", True)
    assert column["codes"] == {"en_montage": "2 - Ingénierie"}
    preview = manager.get(reverse("reporting:grid_edit", args=[own.code])).content.decode()
    assert "2 - Ingénierie" in preview  # on the territory’s real rows


@pytest.mark.parametrize(
    ("name", "value"),
    [("label", ""), ("name", "Étape"), ("name", "intitule"), ("format", "money")],
)
def test_a_refused_column_keeps_what_was_typed(manager, own, name, value):
    url = reverse("reporting:grid_column", args=[own.code, "projets", "reference"])
    said = {"label": "Numéro", "name": "numero", "format": "code", "definition": "Le numéro",
            "seen": own.version}  # fmt: skip
    response = manager.post(url, said | {name: value})
    assert response.status_code == 422
    assert "Le numéro" in response.content.decode()


def test_two_managers_who_write_at_once_are_told(manager, own):
    first = own.version
    edit(manager, own, "column_down:reference")
    url = reverse("reporting:grid_edit", args=[own.code])
    said = {"do": "column_remove:reference", "sheet": "projets", "seen": first}
    response = manager.post(url, said)
    assert response.status_code == 409
    assert "la grille a bougé" in response.content.decode()
    assert "Référence" in labels(own)


@pytest.mark.parametrize(
    "said",
    [
        {"do": "explode"},
        {"do": ""},
        {"do": "column_add", "source": "mot_de_passe"},
        {"do": "column_add", "source": "dossier_statut"},
    ],
)
def test_a_change_that_does_not_exist_is_refused(manager, own, said):
    assert edit(manager, own, said.pop("do"), **said).status_code == 400


@pytest.mark.parametrize("do", ["column_up:rien", "column_remove:rien"])
def test_a_column_that_is_gone_is_a_conflict(manager, own, do):
    assert edit(manager, own, do).status_code == 409


# Published --------------------------------------------------------------------------------------


def test_a_published_version_is_dated_noted_and_the_one_in_force(manager, own):
    edit(manager, own, "column_remove:besoin")
    own.refresh_from_db()
    url = reverse("reporting:grid_publish", args=[own.code])
    said = {
        "applies_from": "2027-01-01",
        "note": "Courriel de la Région",
        "is_official": "on",
        "seen": own.version,
    }
    assert manager.post(url, said).status_code == 302
    own.refresh_from_db()
    version = own.current
    assert (version.number, version.note, version.is_official) == (2, "Courriel de la Région", True)
    assert (version.published_by, own.draft) == (manager.user, None)
    page = manager.get(reverse("reporting:grid", args=[own.code])).content.decode()
    assert "colonne « Description » retirée" in page.replace("\u00a0", " ")
    # Given by the recipient: no longer said to be a proposal.
    page = manager.get(reverse("reporting:return", args=[own.code])).content.decode()
    assert "proposée par Établi" not in page


def test_a_version_with_a_fault_is_not_published(manager, own):
    for sheet in ("projets", "aides", "entreprises"):
        edit(manager, own, "sheet_remove", sheet=sheet)
    own.refresh_from_db()
    url = reverse("reporting:grid_publish", args=[own.code])
    said = {"applies_from": "2027-01-01", "note": "Vide", "seen": own.version}
    response = manager.post(url, said)
    assert response.status_code == 422
    assert "aucune feuille" in response.content.decode()
    assert own.versions.count() == 1


def test_a_draft_is_dropped_and_the_version_stays(manager, own):
    url = reverse("reporting:grid_discard", args=[own.code])
    manager.post(url, {"seen": own.version})
    own.refresh_from_db()
    assert own.draft is None
    assert own.versions.count() == 1


def test_an_officer_reads_the_grid_and_does_not_write_it(officer_client, territory):
    assert officer_client.get(reverse("reporting:grid", args=["cot"])).status_code == 200
    assert officer_client.post(reverse("reporting:grid_start", args=["cot"])).status_code == 403


def test_a_stranger_does_not_write_this_territory_s_grid(client, own):
    elsewhere = TerritoryFactory(perimeter=True)
    client.force_login(UserFactory(territory=elsewhere, role=Role.MANAGER))
    assert client.get(reverse("reporting:grid_edit", args=[own.code])).status_code == 404
    page = client.get(reverse("reporting:return_list")).content.decode()
    assert "en cours d’écriture" not in page


# Pure -------------------------------------------------------------------------------------------


def test_what_changes_between_two_grids_is_said_in_words():
    base = {"names": False, "by_axis": False, "sheets": []}
    columns = [grids.column_of(fields.get(name)) for name in ("reference", "intitule", "epci")]
    before, key = grids.with_sheet(base, "Projets", PROJECTS, columns)
    after = grids.with_moved_column(before, key, "epci", -1)
    after = grids.with_changed_column(after, key, "intitule", label="Nom", required=True)
    after = grids.without_column(after, key, "reference")
    after, _ = grids.with_column(after, key, fields.get("commune"))
    after = grids.with_changed_sheet(after, key, title="Nos projets")
    after, _ = grids.with_sheet(after, "Autre", PROJECTS, columns)
    said = "\n".join(grids.differences(before, after)).replace("\u00a0", " ")
    for words in (
        "« Autre » ajoutée", "s’appelait « Projets »", "« Référence » retirée",
        "« Commune » ajoutée", "« Nom », changé : libellé, caractère obligatoire", "autre ordre",
    ):  # fmt: skip
        assert words in said
    assert grids.differences(before, before) == []


def test_a_grid_that_names_what_the_house_forgot_still_opens(territory, officer_client):
    own = ReturnMappingFactory(territory=territory, code="crte", name="CRTE")
    grid = own.current.content
    grid["sheets"][0]["columns"][0]["source"] = "n_existe_plus"
    own.versions.create(number=2, content=grid, applies_from="2026-01-01", publisher="Nous")
    for name in ("return", "return_file", "grid", "return_check"):
        assert officer_client.get(reverse(f"reporting:{name}", args=["crte"])).status_code == 200
