"""The import journey through the pages: upload, columns, preview, commit, undo."""

import datetime
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from crm.models import Contact, ImportBatch, Organisation, Role, Site
from tests.crm.factories import (
    InteractionFactory,
    OrganisationFactory,
    SiteFactory,
    TerritoryFactory,
    UserFactory,
    siren,
    siret,
)

pytestmark = pytest.mark.django_db
LIST = "/importer/"
HEADER = "Raison sociale;SIRET;Commune;Effectif;CA 2024;Nom du contact;Courriel"


def companies(*lines, header=HEADER):
    return "\r\n".join([header, *lines]).encode()


def upload(client, data, name="entreprises.csv"):
    return client.post(LIST, {"file": SimpleUploadedFile(name, data)})


def start(client, data, name="entreprises.csv"):
    """Upload and keep the columns as they were guessed; return the batch."""
    response = upload(client, data, name)
    assert response.status_code == 302, response.context["form"].errors
    return ImportBatch.objects.get()


def url(batch, name="import_preview"):
    return reverse(f"crm:{name}", args=[batch.token])


def commit(client, batch, **data):
    page = client.get(url(batch))
    form = page.context["form"]
    sent = {"source": "CCI, novembre", "digest": form["digest"].value(), **data}
    return client.post(url(batch, "import_commit"), sent)


PEYROLADE = f"Conserverie Peyrolade;{siret(1)};Fleurance;42;21 667,00 €;Lafforgue;s@exemple.fr"
LAUZERAL = f"Menuiserie Lauzéral;{siret(2)};Lectoure;;;;"


def test_officer_imports_a_file_and_finds_the_companies(officer_client):
    batch = start(officer_client, companies(PEYROLADE, LAUZERAL))
    page = officer_client.get(url(batch))
    assert page.context["plan"].counts == {
        "read": 2,
        "created": 2,
        "updated": 0,
        "unchanged": 0,
        "refused": 0,
    }
    assert not Organisation.objects.exists()

    response = commit(officer_client, batch)

    assert response.status_code == 302
    company = Organisation.objects.get(siren=siren(1))
    assert company.headcount == 42
    assert str(company.turnover) == "21667.00"
    assert company.source_of("turnover") == "CCI, novembre, 2024"
    assert company.sites.get().commune_id == "32132"
    assert company.contacts.get().email == "s@exemple.fr"
    assert company.history.get().history_user == officer_client.user
    assert Organisation.objects.search("menuiserie lauzeral").exists()


def test_second_import_of_the_same_file_changes_nothing(officer_client):
    data = companies(PEYROLADE, LAUZERAL)
    batch = start(officer_client, data)
    commit(officer_client, batch)
    upload(officer_client, data)
    again = ImportBatch.objects.first()
    counts = officer_client.get(url(again)).context["plan"].counts
    assert counts["unchanged"] == counts["read"] == 2

    history = Organisation.history.count()
    commit(officer_client, again)
    assert Organisation.history.count() == history


def test_known_company_is_updated_and_empty_cells_erase_nothing(officer_client, territory):
    known = OrganisationFactory(
        territory=territory, siren=siren(1), name="Peyrolade", headcount=38, website="https://p.fr"
    )
    SiteFactory(organisation=known, siret=siret(1), commune_id="32132")
    batch = start(officer_client, companies(f"PEYROLADE;{siret(1)};;42;;;"))
    page = officer_client.get(url(batch))
    (row,) = page.context["rows"]
    assert [(c.label, c.before, c.after) for c in row.changes] == [("Effectif", "38", "42")]
    assert '<span class="was">38</span>' in page.content.decode()

    commit(officer_client, batch)
    known.refresh_from_db()
    assert (known.headcount, known.name, known.website) == (42, "Peyrolade", "https://p.fr")


def test_columns_are_corrected_before_the_preview(officer_client):
    batch = start(officer_client, companies("A;1", header="Nom;Truc"))
    page = officer_client.get(url(batch, "import_columns"))
    assert "Truc" in page.content.decode()
    response = officer_client.post(
        url(batch, "import_columns"), {"c0": "name", "c1": "headcount", "accepts_outside": "on"}
    )
    assert response.status_code == 302
    batch.refresh_from_db()
    assert batch.mapping == {"0": "name", "1": "headcount"}
    assert batch.accepts_outside


def test_two_columns_for_one_field_are_refused_with_a_sentence(officer_client):
    batch = start(officer_client, companies("A;B", header="Nom;Truc"))
    response = officer_client.post(url(batch, "import_columns"), {"c0": "name", "c1": "name"})
    assert response.status_code == 422
    assert "ignorez l’une des deux" in response.content.decode()


def test_columns_without_any_name_are_refused(officer_client):
    batch = start(officer_client, companies("A;B", header="Nom;Truc"))
    response = officer_client.post(url(batch, "import_columns"), {"c0": "", "c1": ""})
    assert response.status_code == 422
    assert "nom, du SIREN ou du SIRET" in response.content.decode()


def test_double_submit_commits_once(officer_client):
    batch = start(officer_client, companies(PEYROLADE))
    digest = officer_client.get(url(batch)).context["form"]["digest"].value()
    for _ in range(2):
        data = {"source": "CCI", "digest": digest}
        response = officer_client.post(url(batch, "import_commit"), data)
        assert response.status_code == 302
    assert Organisation.objects.count() == 1


def test_import_stops_when_the_records_changed_since_the_preview(officer_client, territory):
    batch = start(officer_client, companies(PEYROLADE))
    digest = officer_client.get(url(batch)).context["form"]["digest"].value()
    OrganisationFactory(territory=territory, siren=siren(1), name="Conserverie Peyrolade")

    data = {"source": "CCI", "digest": digest}
    response = officer_client.post(url(batch, "import_commit"), data)

    assert response.status_code == 409
    assert "Rien n’a été importé" in response.content.decode()
    assert Organisation.objects.get().headcount is None
    fresh = response.context["form"]["digest"].value()
    assert (
        officer_client.post(url(batch, "import_commit"), data | {"digest": fresh}).status_code
        == 302
    )
    assert Organisation.objects.get().headcount == 42


def test_source_is_asked_for(officer_client):
    batch = start(officer_client, companies(PEYROLADE))
    response = commit(officer_client, batch, source="")
    assert response.status_code == 422
    assert "d’où viennent" in response.content.decode()
    assert not Organisation.objects.exists()


def test_refused_rows_come_back_as_a_harmless_file(officer_client):
    batch = start(
        officer_client,
        companies("=cmd();9,00E+13;Fleurance;;;;", "@x;12;Lectoure;-3;;;", PEYROLADE),
    )
    before = officer_client.get(url(batch, "import_refused")).content
    commit(officer_client, batch)
    after = officer_client.get(url(batch, "import_refused"))
    assert after.content == before
    lines = after.content.decode("utf-8-sig").splitlines()
    assert lines[0] == f"{HEADER};Motif du refus"
    assert lines[1].startswith("'=cmd();9,00E+13;Fleurance")
    assert "notation scientifique" in lines[1]
    assert lines[2].startswith("'@x;12;Lectoure;'-3")
    assert len(lines) == 3
    assert "attachment" in after.headers["Content-Disposition"]


def test_refused_rows_can_be_mended_and_imported_again(officer_client):
    batch = start(officer_client, companies(f"+Vert;{siret(3)};Fleuranse;;;;"))
    refused = officer_client.get(url(batch, "import_refused")).content
    assert "Vouliez-vous dire « Fleurance »" in refused.decode().replace("\u00a0", " ")
    upload(officer_client, refused.replace(b"Fleuranse", b"Fleurance"), "refus.csv")
    again = ImportBatch.objects.first()
    commit(officer_client, again)
    assert Organisation.objects.get().name == "+Vert"


def test_only_the_refused_cells_stay_after_the_import(officer_client):
    batch = start(officer_client, companies(PEYROLADE, "X;123;Fleurance;;;;"))
    commit(officer_client, batch)
    batch.refresh_from_db()
    assert [line for line, _ in batch.rows] == [3]
    page = officer_client.get(url(batch)).content.decode()
    assert "3 chiffres au lieu de 14" in page


@pytest.mark.parametrize("fate", ["created", "updated", "unchanged", "refused"])
def test_preview_filters_by_fate_and_pages(officer_client, fate):
    lines = [f"Atelier {n};{siret(n + 1)};Fleurance;;;;" for n in range(60)]
    batch = start(officer_client, companies(*lines, "X;123;Fleurance;;;;"))
    page = officer_client.get(url(batch), {"lignes": fate, "page": "2"})
    assert page.status_code == 200
    assert {row.fate for row in page.context["rows"]} <= {fate}
    assert f'href="?lignes={fate}" aria-current="page"' in page.content.decode()


def test_unknown_fate_is_a_bad_request(officer_client):
    batch = start(officer_client, companies(PEYROLADE))
    assert officer_client.get(url(batch), {"lignes": "n-importe"}).status_code == 400


def test_an_unfinished_file_is_forgotten_on_demand(officer_client):
    batch = start(officer_client, companies(PEYROLADE))
    officer_client.post(url(batch, "import_discard"))
    assert not ImportBatch.objects.exists()


def test_a_finished_import_is_not_forgotten(officer_client):
    batch = start(officer_client, companies(PEYROLADE))
    commit(officer_client, batch)
    officer_client.post(url(batch, "import_discard"))
    assert ImportBatch.objects.exists()


# ── Undo ──


def test_undo_takes_back_what_nobody_touched(officer_client, territory):
    known = OrganisationFactory(
        territory=territory, siren=siren(1), name="Conserverie Peyrolade", headcount=38
    )
    batch = start(officer_client, companies(PEYROLADE, LAUZERAL))
    response = commit(officer_client, batch)
    assert "Annuler" in officer_client.get(response.url).content.decode()

    officer_client.post(url(batch, "import_undo"))

    known.refresh_from_db()
    assert (known.headcount, known.turnover, known.provenance) == (38, None, {})
    assert list(Organisation.objects.all()) == [known]
    assert not Site.objects.exists()
    assert not Contact.objects.exists()
    page = officer_client.get(url(batch)).content.decode()
    assert "Tout est revenu comme avant" in page


def test_undo_keeps_what_served_since_and_says_so(officer_client, territory):
    known = OrganisationFactory(territory=territory, siren=siren(1), name="Conserverie Peyrolade")
    batch = start(officer_client, companies(PEYROLADE, LAUZERAL, f"Neuve;{siret(3)};Moissac;;;;"))
    commit(officer_client, batch)
    visited = Organisation.objects.get(siren=siren(2))
    InteractionFactory(organisation=visited)
    known.refresh_from_db()
    known.headcount = 50
    known.save()

    officer_client.post(url(batch, "import_undo"))

    known.refresh_from_db()
    assert known.headcount == 50
    assert known.turnover is None
    assert set(Organisation.objects.all()) == {known, visited}
    assert visited.sites.exists()
    page = officer_client.get(url(batch)).content.decode()
    assert "Menuiserie Lauzéral" in page
    assert "effectif changé depuis" in page


def test_undo_removes_the_site_and_the_sectors_added_to_a_known_company(officer_client, territory):
    known = OrganisationFactory(territory=territory, siren=siren(1), name="A")
    SiteFactory(organisation=known, siret=siret(1, 1), commune_id="32132")
    data = f"A;{siret(1, 2)};Lectoure;Agroalimentaire;Sylvie"
    batch = start(officer_client, companies(data, header="Nom;SIRET;Ville;Filière;Contact"))
    commit(officer_client, batch)
    assert known.sites.count() == 2
    assert known.sectors.count() == 1

    officer_client.post(url(batch, "import_undo"))

    known.refresh_from_db()
    assert known.sites.get().siret == siret(1, 1)
    assert not known.sectors.exists()
    assert not known.contacts.exists()
    assert known.provenance == {}
    before, after = known.history.all()[1], known.history.first()
    assert (before.sectors.count(), after.sectors.count()) == (1, 0)


def test_undo_is_refused_after_two_days(officer_client):
    batch = start(officer_client, companies(PEYROLADE))
    commit(officer_client, batch)
    ImportBatch.objects.update(committed_at=timezone.now() - datetime.timedelta(hours=49))
    response = officer_client.post(url(batch, "import_undo"))
    assert response.status_code == 409
    assert "ne peut plus être annulé" in response.content.decode()
    assert Organisation.objects.exists()


def test_undo_twice_is_refused(officer_client):
    batch = start(officer_client, companies(PEYROLADE))
    commit(officer_client, batch)
    assert officer_client.post(url(batch, "import_undo")).status_code == 302
    assert officer_client.post(url(batch, "import_undo")).status_code == 409


# ── Who may ──

ROUTES = ["import_columns", "import_preview", "import_refused"]
VERBS = ["import_commit", "import_undo", "import_discard"]


@pytest.mark.parametrize("role", [Role.ELECTED, Role.INDUSTRIALIST, Role.READER])
def test_who_only_reads_cannot_import(sign_in, territory, role):
    client = sign_in(role)
    batch = ImportBatch.objects.create(territory=territory, file_name="x.csv")
    assert client.get(LIST).status_code == 403
    assert upload(client, companies(PEYROLADE)).status_code == 403
    assert {client.get(url(batch, name)).status_code for name in ROUTES} == {403}
    assert {client.post(url(batch, name)).status_code for name in VERBS} == {403}


def test_batches_of_another_territory_do_not_exist(officer_client):
    batch = ImportBatch.objects.create(
        territory=TerritoryFactory(perimeter=True), file_name="secret.csv"
    )
    assert {officer_client.get(url(batch, name)).status_code for name in ROUTES} == {404}
    assert {officer_client.post(url(batch, name)).status_code for name in VERBS} == {404}
    assert "secret.csv" not in officer_client.get(LIST).content.decode()


def test_manager_imports_too(sign_in):
    assert sign_in(Role.MANAGER).get(LIST).status_code == 200


def test_companies_of_another_territory_are_left_alone(officer_client):
    elsewhere = OrganisationFactory(siren=siren(1), headcount=7)
    batch = start(officer_client, companies(PEYROLADE))
    commit(officer_client, batch)
    elsewhere.refresh_from_db()
    assert elsewhere.headcount == 7
    assert Organisation.objects.filter(siren=siren(1)).count() == 2


# ── Cost ──


def test_preview_costs_the_same_for_fifty_rows(officer_client, assert_flat_queries):
    def add(count):
        lines = [f"Atelier {n};{siret(n + 1)};Fleurance;{n};;N{n};" for n in range(count + 1)]
        upload(officer_client, companies(*lines))

    assert_flat_queries(lambda: officer_client.get(url(ImportBatch.objects.first())), add)


def test_list_of_imports_costs_the_same_for_many(officer_client, territory, assert_flat_queries):
    def add(count):
        for n in range(count):
            ImportBatch.objects.create(
                territory=territory,
                file_name=f"{n}.csv",
                created_by=UserFactory(territory=territory),
                committed_at=timezone.now(),
                counts={"created": 1, "updated": 0, "refused": 2},
            )

    assert_flat_queries(lambda: officer_client.get(LIST), add)


def test_model_file_is_understood_column_by_column(officer_client):
    from crm.imports.columns import TARGETS, recognise

    response = officer_client.get("/importer/modele.csv")
    headings = response.content.decode("utf-8-sig").strip().split(";")
    assert [recognise(heading) for heading in headings] == [target.code for target in TARGETS]


# ── Refused files ──


def xlsx(rows):
    import openpyxl

    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("vide.csv", b"", "vide"),
        ("vide.csv", b"\r\n \r\n", "vide"),
        ("plaquette.csv", b"%PDF-1.7 blah", "un PDF"),
        ("photo.csv", b"\x89PNG\r\n\x1a\n", "une image"),
        ("titres.csv", HEADER.encode(), "que des titres"),
        ("autre.csv", b"pomme;poire\n1;2\n", "aucune colonne reconnue"),
        ("page.xls", b"<html><table>", "une page web"),
        ("casse.xlsx", b"PK\x03\x04 rien", "abîmé"),
        ("vide.xlsx", xlsx([]), "vide"),
        ("titres.xlsx", xlsx([["Nom", "SIRET"]]), "que des titres"),
    ],
)
def test_unreadable_file_is_refused_with_a_sentence_that_names_it(officer_client, name, data, said):
    response = upload(officer_client, data, name)
    assert response.status_code == 422
    (error,) = response.context["form"].errors["file"]
    assert said in error
    assert name in error
    assert not ImportBatch.objects.exists()


def test_too_large_a_file_is_refused_before_being_read(officer_client, settings):
    settings.IMPORT_MAX_BYTES = 100
    response = upload(officer_client, companies(PEYROLADE, LAUZERAL), "gros.csv")
    assert response.status_code == 422
    assert "gros.csv" in response.context["form"].errors["file"][0]


def test_too_many_rows_are_refused(officer_client, settings):
    settings.IMPORT_MAX_ROWS = 3
    response = upload(officer_client, companies(*["A;;;;;;"] * 4), "long.csv")
    assert response.status_code == 422
    assert "trop de lignes" in response.context["form"].errors["file"][0]
    assert upload(officer_client, companies(*["A;;;;;;"] * 3)).status_code == 302


def test_no_file_at_all_is_a_sentence(officer_client):
    response = officer_client.post(LIST)
    assert response.status_code == 422
    assert "Choisissez un fichier" in response.content.decode()
