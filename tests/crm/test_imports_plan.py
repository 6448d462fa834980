"""What becomes of each row: who is recognised, what is refused and why, and nothing twice."""

import datetime

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.imports.commit import commit, plan_of, receive
from crm.models import (
    Contact,
    FormerCommune,
    ImportBatch,
    NafCode,
    Organisation,
    Sector,
    Site,
)
from tests.crm.factories import (
    CommuneFactory,
    EpciFactory,
    OrganisationFactory,
    SiteFactory,
    siren,
    siret,
)

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 11, 22)


@pytest.fixture
def batch(territory):
    """batch("Nom;Ville", "A;Fleurance") → a saved batch, its columns guessed."""

    def make(header, *lines, **fields):
        made = receive("f.csv", "\n".join([header, *lines]).encode(), territory)
        for name, value in fields.items():
            setattr(made, name, value)
        made.save()
        return made

    return make


@pytest.fixture
def rows(batch):
    return lambda *lines, **fields: plan_of(batch(*lines, **fields), today=TODAY).rows


def plain(text):
    return text.replace("\u00a0", " ")


def reasons(row):
    return plain(" ".join(row.reasons))


def remarks(row):
    return plain(" ".join(row.remarks))


# ── Who is recognised ──


def test_siret_then_siren_then_name_in_the_commune(territory, rows):
    by_siret = OrganisationFactory(territory=territory, siren=siren(1), name="A")
    SiteFactory(organisation=by_siret, siret=siret(1))
    OrganisationFactory(territory=territory, siren=siren(2), name="B")
    by_name = OrganisationFactory(territory=territory, siren=None, name="Bœuf d’Été")
    SiteFactory(organisation=by_name, siret=None, commune_id="32132")
    found = rows(
        "Nom;SIREN;SIRET;Commune",
        f"A;;{siret(1)};",
        f"B;{siren(2)};;",
        "BOEUF D'ETE;;;Fleurance",
        "Bœuf d’été;;;Lectoure",
    )
    assert [row.fate for row in found] == ["unchanged", "unchanged", "unchanged", "created"]


def test_several_sites_of_one_siren_are_one_organisation(batch):
    made = batch(
        "Nom;SIRET;Commune",
        f"Coop;{siret(1, 1)};Fleurance",
        f"Coop;{siret(1, 2)};Lectoure",
    )
    plan = commit(made)
    assert plan.counts["created"] == 2
    assert Organisation.objects.get().sites.count() == 2


def test_a_company_without_siren_gains_the_one_of_the_file(territory, batch):
    known = OrganisationFactory(territory=territory, siren=None, name="Peyrolade")
    SiteFactory(organisation=known, siret=None, commune_id="32132")
    commit(batch("Nom;SIRET;Commune", f"PEYROLADE;{siret(1)};Fleurance"))
    known.refresh_from_db()
    assert known.siren == siren(1)
    assert known.sites.get().siret == siret(1)


def test_namesakes_are_not_told_apart_by_chance(territory, rows):
    for _ in range(2):
        known = OrganisationFactory(territory=territory, name="Martin")
        SiteFactory(organisation=known, commune_id="32132")
    (row,) = rows("Nom;Ville", "Martin;Fleurance")
    assert "2 entreprises portent ce nom : donnez le SIREN." in reasons(row)


def test_same_siret_twice_is_one_company_or_a_question(rows):
    one, again, other = rows(
        "Nom;SIRET;Effectif", f"A;{siret(1)};4", f"A;{siret(1)};4", f"A;{siret(1)};9"
    )
    assert (one.fate, again.fate, other.fate) == ("created", "unchanged", "refused")
    assert "ligne 2" in remarks(again)
    assert "déjà à la ligne 2" in reasons(other)


def test_each_contact_may_have_its_own_line(batch):
    made = batch(
        "Nom;SIRET;Contact;Courriel",
        f"A;{siret(1)};Sylvie;s@exemple.fr",
        f"A;{siret(1)};Marc;m@exemple.fr",
    )
    commit(made)
    assert Contact.objects.filter(organisation__siren=siren(1)).count() == 2


def test_a_contact_is_recognised_whatever_the_order_of_the_name(territory, batch):
    company = OrganisationFactory(territory=territory, siren=siren(1), name="A")
    known = company.contacts.create(first_name="Sylvie", last_name="Lafforgue", email="s@a.fr")
    commit(
        batch(
            "SIREN;Contact;Courriel;Tél",
            f"{siren(1)};LAFFORGUE Sylvie;S@A.fr;05 63 01 02 03",
            f"{siren(1)};;s@a.fr;",
            f"{siren(1)};Marc;s@a.fr;",
        )
    )
    known.refresh_from_db()
    assert (known.first_name, known.last_name) == ("Sylvie", "Lafforgue")
    assert known.phone == "05 63 01 02 03"
    assert {contact.last_name for contact in company.contacts.all()} == {"Lafforgue", "Marc"}


def test_a_nameless_address_gives_way_to_the_name_that_comes(territory, batch):
    OrganisationFactory(territory=territory, siren=siren(1), name="A")
    commit(batch("SIREN;Contact;Courriel", f"{siren(1)};;s@a.fr", f"{siren(1)};Sylvie;s@a.fr"))
    assert Contact.objects.get().last_name == "Sylvie"


def test_a_line_without_a_name_takes_it_from_another_of_its_siren(rows):
    nameless, named = rows("Nom;SIRET;Commune", f";{siret(1, 1)};Fleurance", f"Coop;{siret(1, 2)};")
    assert (nameless.fate, named.fate) == ("created", "created")


def test_siren_of_another_company_is_refused(territory, rows):
    (row,) = rows("Nom;SIREN;SIRET", f"A;{siren(2)};{siret(1)}")
    assert "n’est pas un établissement du SIREN" in reasons(row)


def test_siret_held_by_a_company_of_another_siren_is_refused(territory, rows):
    SiteFactory(
        organisation=OrganisationFactory(territory=territory, siren=siren(9)), siret=siret(1)
    )
    (row,) = rows("Nom;SIRET", f"A;{siret(1)}")
    assert "qui a un autre SIREN" in reasons(row)


def test_contradicting_lines_keep_the_first_and_say_so(rows):
    _, other = rows("Nom;SIRET;CA", f"A;{siret(1, 1)};1 000,00", f"A;{siret(1, 2)};2 000,00")
    assert "la ligne 2 dit « 1 000 € »" in remarks(other)


# ── Values in their place ──


def test_everything_lands_where_it_belongs(territory, batch):
    NafCode.objects.create(code="10.39A", label="Légumes", level="sous-classe", section="C")
    sector = Sector.objects.get(pk="agroalimentaire")
    header = "Raison sociale;SIRET;Enseigne;APE;Effectif;CA 2023 (k€);Date de création;Filière;"
    header += "Ville;CP;Adresse;Site web;Contact;Fonction;Email;Tél"
    commit(
        batch(
            header,
            f"A;{siret(1)};Chez A;1039a;20 à 49 salariés;350;31/01/2020;agroalimentaire;"
            "FLEURANCE CEDEX;32500;1 rue X;a.fr;Mme Sylvie LAFFORGUE;DG;s@a.fr;563010203",
        )
    )
    company, site = Organisation.objects.get(), Site.objects.get()
    contact = Contact.objects.get()
    assert (company.turnover, company.created_on) == (350_000, datetime.date(2020, 1, 31))
    assert (company.website, list(company.sectors.all())) == ("https://a.fr", [sector])
    assert company.source_of("turnover") == "fichier f.csv, 2023"
    assert list(company.history.get().sectors.values_list("sector", flat=True)) == [sector.pk]
    assert (site.name, site.naf_rev2, site.workforce_band_id) == ("Chez A", "10.39A", "12")
    assert (site.commune_id, site.postal_code, site.address) == ("32132", "32500", "1 rue X")
    assert (contact.first_name, contact.last_name, contact.position) == (
        "Sylvie",
        "LAFFORGUE",
        "DG",
    )
    assert contact.phone == "05 63 01 02 03"


@pytest.mark.parametrize(
    ("text", "code", "year"), [("12", "12", 2024), ("1", "01", 2024), ("10-19", "11", 2024)]
)
def test_bands_by_code_or_bounds_keep_their_year(rows, batch, text, code, year):
    commit(batch("Nom;Tranche effectif 2024", f"A;{text}"))
    site = Site.objects.get()
    assert (site.workforce_band_id, site.workforce_year) == (code, year)


def test_a_new_band_without_a_year_forgets_the_old_year(territory, batch):
    site = SiteFactory(
        organisation=OrganisationFactory(territory=territory, siren=siren(1)),
        siret=siret(1),
        workforce_band_id="11",
        workforce_year=2020,
    )
    commit(batch("SIRET;Tranche effectif", f"{siret(1)};12"))
    site.refresh_from_db()
    assert (site.workforce_band_id, site.workforce_year) == ("12", None)


@pytest.mark.parametrize(
    ("heading", "text", "why"),
    [
        ("NAF", "99.99Z", "n’est pas dans la NAF"),
        ("Effectif", "une dizaine", "nombre entier"),
        ("CA", "beaucoup", "un montant est attendu"),
        ("CA", "#REF!", "erreur de formule"),
        ("Email", "arobase", "adresse électronique"),
        ("Site web", "a..fr", "adresse de site"),
        ("CP", "Fleurance", "cinq chiffres"),
        ("Date de création", "hier", "une date est attendue"),
    ],
)
def test_unreadable_cell_refuses_the_row_naming_column_and_value(rows, heading, text, why):
    (row,) = rows(f"Nom;{heading}", f"A;{text}")
    assert row.fate == "refused"
    assert f"{heading} « {text} »" in reasons(row)
    assert why in reasons(row)


def test_too_many_cells_and_totals_are_refused(rows):
    long, total = rows("Nom;Ville", "A;Fleurance;2;3", "TOTAL;")
    assert "Plus de cellules" in reasons(long)
    assert "un total" in reasons(total)


def test_unknown_company_without_a_name_is_refused(rows):
    (row,) = rows("SIRET", siret(1))
    assert "Le nom manque" in reasons(row)


def test_too_long_a_name_is_refused(rows):
    (row,) = rows("Nom", "A" * 300)
    assert "300 caractères, 200 au plus" in reasons(row)


# ── Places ──


@pytest.mark.parametrize(
    "place",
    ["Fleurance", "FLEURANCE", "32500 Fleurance", "Fleurance (32)", "fleurance cedex 3"],
)
def test_communes_by_name(rows, place):
    (row,) = rows("Nom;Ville", f"A;{place}")
    assert row.values["commune"].pk == "32132"


def test_commune_by_insee_code(rows):
    (row,) = rows("Nom;Code INSEE", "A;32132")
    assert row.values["commune"].pk == "32132"


def test_code_and_name_that_disagree_are_refused(rows):
    (row,) = rows("Nom;Code INSEE;Ville", "A;32132;Lectoure")
    assert "celui de Fleurance" in reasons(row)


def test_former_commune_becomes_the_current_one_and_says_so(rows):
    FormerCommune.objects.create(
        code="32999", name="Aiguillon", commune_id="32132", search="aiguillon"
    )
    by_name, by_code = rows("Nom;Ville;Code INSEE", "A;Aiguillon;", "B;;32999")
    assert {row.values["commune"].pk for row in (by_name, by_code)} == {"32132"}
    assert "Aiguillon a fusionné : c’est Fleurance" in remarks(by_name)


def test_unknown_commune_is_refused_with_a_suggestion(rows):
    (row,) = rows("Nom;Ville", "A;Fleuranse")
    assert reasons(row) == "Commune « Fleuranse » inconnue. Vouliez-vous dire « Fleurance » ?"


def test_commune_of_elsewhere_is_refused_unless_accepted(rows):
    CommuneFactory(code="31555", name="Toulouse", epci=EpciFactory(), postal_codes="31000")
    (row,) = rows("Nom;Ville", "A;Toulouse")
    assert reasons(row) == "Commune « Toulouse » hors du territoire."
    (row,) = rows("Nom;Ville", "A;Toulouse", accepts_outside=True)
    assert row.fate == "created"
    assert "hors du territoire" in remarks(row)


def test_namesake_communes_are_told_apart_by_the_postal_code(rows, territory):
    CommuneFactory(
        code="32900", name="Moissac", epci_id="243200391", postal_codes="32990", departement_id="32"
    )
    alone, told = rows("Nom;Ville;CP", "A;Moissac;", "B;Moissac;82200")
    assert "donnez le code INSEE" in reasons(alone)
    assert told.values["commune"].pk == "82112"


def test_postal_code_alone_leaves_the_commune_to_confirm(rows):
    inside, outside = rows("Nom;CP", "A;32500", "B;75001")
    assert "à confirmer" in remarks(inside)
    assert "commune" not in inside.values
    assert "hors du territoire" in reasons(outside)


# ── Nothing twice ──

NAMES = st.sampled_from(["Atelier", "ATELIER", "Coop", "Ferme", ""])
PLACES = st.sampled_from(["", "", "Fleurance", "Lectoure", "Moissac", "Nulle-Part"])
NUMBERS = st.sampled_from(["", *[siret(n, nic) for n in (1, 2) for nic in (1, 2)], "12"])
SIRENS = st.sampled_from(["", "", siren(1), siren(2), siren(3)])
COUNTS = st.sampled_from(["", "4", "9", "20 à 49", "x"])
PEOPLE = st.sampled_from(["", "Sylvie", "Marc"])
MAILS = st.sampled_from(["", "", "s@exemple.fr", "m@exemple.fr"])
LINES = st.tuples(NAMES, SIRENS, NUMBERS, PLACES, COUNTS, PEOPLE, MAILS, COUNTS)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(lines=st.lists(LINES, min_size=1, max_size=9))
def test_what_is_announced_is_written_and_the_same_file_again_writes_nothing(territory, lines):
    header = "Raison sociale;SIREN;SIRET;Commune;Effectif;Contact;Email;Effectif site"
    data = "\n".join([header, *(";".join(line) for line in lines), "Témoin;;;Moissac;;;;"]).encode()
    Organisation.objects.all().delete()

    first = receive("f.csv", data, territory)
    first.save()
    announced = plan_of(first)
    digest, counts = announced.digest, announced.counts
    written = commit(first, expected=digest)
    assert written.counts == counts
    opened = sum(row.fate == "created" for row in announced.rows)
    assert Organisation.objects.count() <= opened
    history = [model.history.count() for model in (Organisation, Site, Contact)]

    again = receive("f.csv", data, territory)
    again.save()
    second = commit(again)
    assert second.counts["created"] == second.counts["updated"] == 0
    assert history == [model.history.count() for model in (Organisation, Site, Contact)]


# ── By command ──


def test_command_prints_the_counts_of_the_page(territory, tmp_path, capsys):
    file = tmp_path / "entreprises.csv"
    file.write_bytes(f"Nom;SIRET;Ville\nÉA;{siret(1)};Fleurance\nB;12;Lectoure\n".encode("cp1252"))
    options = {"territory": territory.code}

    call_command("import_companies", str(file), **options, dry_run=True)
    said = capsys.readouterr().out
    assert "2 lignes lues : 1 créée, 0 mise à jour, 0 inchangée, 1 refusée." in plain(said)
    assert "Ligne 3 refusée" in said
    assert "Rien n’est écrit" in said
    assert not ImportBatch.objects.exists()

    call_command("import_companies", str(file), **options)
    assert Organisation.objects.get().name == "ÉA"
    call_command("import_companies", str(file), **options)
    assert "0 créée, 0 mise à jour, 1 inchangée" in plain(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("data", "code", "why"),
    [
        (b"%PDF-1.4", None, "un PDF"),
        (b"Ville\nAuch\n", None, "ni nom, ni SIREN"),
        (b"Nom\nA\n", "ti-rien", "Aucun territoire ti-rien"),
        (None, None, "ne peut pas être lu"),
    ],
)
def test_command_refuses_with_a_sentence(territory, tmp_path, data, code, why):
    file = tmp_path / "f.csv"
    if data:
        file.write_bytes(data)
    with pytest.raises(CommandError, match=why):
        call_command("import_companies", str(file), territory=code or territory.code)
