"""From bytes to cells, from headings to columns, from cells to values, without any page."""

import contextlib
import datetime
import io
import zipfile
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.imports import columns, values
from crm.imports.reading import Unreadable, read
from crm.imports.refusals import harmless
from tests.crm.factories import siren, siret

TODAY = datetime.date(2026, 11, 22)


def table(data, name="f.csv", max_rows=100):
    return read(name, data, max_rows=max_rows)


def workbook(*rows, sheets=()):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for title in sheets:
        book.create_sheet(title).append(["autre chose"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# ── Files ──


@pytest.mark.parametrize(
    ("codec", "label"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8 avec BOM"),
        ("cp1252", "cp1252 (Windows)"),
        ("utf-16", "UTF-16"),
    ],
)
@pytest.mark.parametrize(
    ("mark", "named"), [(";", "point-virgule"), (",", "virgule"), ("\t", "tabulation")]
)
def test_each_encoding_and_delimiter_is_read_and_said(codec, label, mark, named):
    text = f"Raison sociale{mark}Commune\r\nMénuiserie Œuvre{mark}Fleurance\r\n"
    found = table(text.encode(codec))
    assert found.header == ["Raison sociale", "Commune"]
    assert found.rows == [(2, ["Ménuiserie Œuvre", "Fleurance"])]
    assert found.how == ["CSV", label, named]


def test_an_encoding_that_fits_nothing_is_refused_rather_than_guessed():
    with pytest.raises(Unreadable, match=r"f\.csv.*ni en UTF-8 ni en cp1252"):
        table(b"Nom;Ville\nM\x81nuiserie;Auch\n")


def test_decimal_commas_do_not_pass_for_a_delimiter():
    found = table("Nom;CA\nA;21 667,00 €\nB;1,5\nC;2,5\n".encode())
    assert found.header == ["Nom", "CA"]


def test_title_lines_and_blank_lines_keep_the_numbers_of_the_sheet():
    found = table(b"Liste des entreprises;;\n\nRaison sociale;SIRET;Ville\n\nA;1;X\n")
    assert found.rows == [(5, ["A", "1", "X"])]
    assert "1 ligne de titre" in found.warnings[0]


def test_quoted_cells_may_hold_lines_and_nuls_are_dropped():
    found = table(b'Nom;Ville\r\n"Atelier\r\ndu bois";Auch\x00\r\nB;Condom\r\n')
    assert found.rows == [(2, ["Atelier\r\ndu bois", "Auch"]), (3, ["B", "Condom"])]
    assert "nuls retirés" in found.warnings[0]


def test_an_open_quote_is_refused():
    with pytest.raises(Unreadable, match="jamais refermé"):
        table(b'Nom;Ville\nA;"Auch\nB;Condom\nC;Vic\n')


def test_ragged_rows_are_squared():
    found = table(b"Nom;Ville;CP\nA\nB;X;1;;;\nC;X;1;;trop\n")
    assert [len(cells) for _, cells in found.rows] == [3, 3, 5]


def test_workbook_cells_become_text():
    data = workbook(
        ["Nom", "SIRET", "Date de création", "CA"],
        ["A", 12345678901234, datetime.date(2020, 1, 31), 21667.5],
        ["B", None, None, None],
    )
    found = table(data, "f.xlsx")
    assert found.rows == [
        (2, ["A", "12345678901234", "2020-01-31", "21667.5"]),
        (3, ["B", "", "", ""]),
    ]
    assert found.how == ["tableur", "feuille « Sheet »"]


def test_other_sheets_are_named_as_left_aside():
    found = table(workbook(["Nom"], ["A"], sheets=["Notes"]), "f.xlsx")
    assert "Notes" in found.warnings[0]


def test_workbook_under_a_csv_name_is_read_for_what_it_is():
    assert table(workbook(["Nom"], ["A"]), "f.csv").rows == [(2, ["A"])]


def test_zip_bomb_is_not_opened():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 210_000_000)
    with pytest.raises(Unreadable, match="démesuré"):
        table(out.getvalue(), "bombe.xlsx")


def test_one_far_cell_is_refused_rather_than_unfolded():
    book = openpyxl.Workbook()
    book.active["A1"] = "Nom"
    book.active["XFD1048576"] = "loin"
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(Unreadable, match="très loin"):
        table(out.getvalue(), "loin.xlsx")


def test_binary_that_decodes_is_not_taken_for_text():
    with pytest.raises(Unreadable, match="n’est pas un tableau"):
        table(bytes(range(1, 32)) * 20)


# ── Headings ──


@pytest.mark.parametrize(
    ("heading", "code"),
    [
        ("Raison sociale", "name"),
        ("DÉNOMINATION", "name"),
        ("Nom de l’entreprise", "name"),
        ("Entreprise", "name"),
        ("denominationUniteLegale", "name"),
        ("nom_beneficiaire_principal", "name"),
        ("Enseigne", "site_name"),
        ("N° SIRET", "siret"),
        ("siren", "siren"),
        ("Code APE", "naf_rev2"),
        ("NAF", "naf_rev2"),
        ("Libellé NAF", ""),
        ("Effectif", "headcount"),
        ("Nb salariés", "headcount"),
        ("Tranche effectif", "workforce_band"),
        ("trancheEffectifsEtablissement", "workforce_band"),
        ("CP", "postal_code"),
        ("Ville", "commune"),
        ("code_commune", "commune_code"),
        ("Code INSEE", "commune_code"),
        ("code_departement", ""),
        ("Adresse", "address"),
        ("Adresse mail", "contact_email"),
        ("CA 2024", "turnover"),
        ("Chiffre d'affaires (k€)", "turnover"),
        ("Date de création", "created_on"),
        ("Filière", "sectors"),
        ("Site web", "website"),
        ("Prénom du contact", "contact_first_name"),
        ("Fonction", "contact_position"),
        ("Tél.", "contact_phone"),
        ("nom_du_projet", ""),
        ("montant_engage", ""),
        ("Obs.", ""),
    ],
)
def test_french_headings_are_recognised(heading, code):
    assert columns.recognise(heading) == code


def guess(*header, rows=()):
    found = columns.guess(list(header), [(n, list(cells)) for n, cells in enumerate(rows, 2)])
    return [found.get(index, "") for index, _ in enumerate(header)]


def test_the_latest_year_wins_a_field():
    assert guess("Nom", "CA 2022", "CA 2024", "CA 2023") == ["name", "", "turnover", ""]


def test_name_beside_first_name_is_a_persons():
    assert guess("Entreprise", "Nom", "Prénom") == [
        "name",
        "contact_last_name",
        "contact_first_name",
    ]


def test_an_activity_in_words_is_not_taken_for_a_naf_code():
    rows = [("A", "Conserverie"), ("B", "Menuiserie")]
    assert guess("Nom", "Activité principale", rows=rows) == ["name", ""]
    rows = [("A", "10.39A"), ("B", "1623Z")]
    assert guess("Nom", "Activité principale", rows=rows) == ["name", "naf_rev2"]


def test_headcount_is_the_sites_when_a_siren_has_several_lines():
    rows = [("A", siret(1, 1), "4"), ("A", siret(1, 2), "9")]
    assert guess("Nom", "SIRET", "Effectif", rows=rows)[2] == "site_headcount"
    assert guess("Nom", "SIRET", "Effectif", rows=rows[:1])[2] == "headcount"


# ── Values ──


def said(parse, text, *args):
    remarks = []
    return parse(text, remarks.append, *args), " ".join(remarks)


@pytest.mark.parametrize("text", ["NULL", "n/a", "N.C.", "-", " ", "n.d.", "Non renseigné", "#N/A"])
def test_what_says_nothing_is_empty(text):
    assert values.clean(text) == ""


def test_identifiers_are_cleaned():
    spaced = f"{siret(1)[:3]}\u00a0{siret(1)[3:6]} {siret(1)[6:]}"
    assert said(values.siret, spaced) == (siret(1), "")
    assert said(values.siret, f"{siret(1)}.0") == (siret(1), "")


def test_a_lost_leading_zero_is_put_back_and_said():
    whole = siret(5480540)
    value, remark = said(values.siret, whole[1:])
    assert value == whole
    assert "zéro" in remark
    with pytest.raises(ValueError, match="13 chiffres au lieu de 14"):
        values.siret(siret(15480540)[1:], print)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("9,00E+13", "notation scientifique"),
        ("1.23457E+13", "notation scientifique"),
        ("12345678900011", "clé de contrôle"),
        ("00000000000000", "n’existe pas"),
        ("ABC", "que des chiffres"),
    ],
)
def test_wrong_siret_is_refused_with_its_reason(text, why):
    with pytest.raises(ValueError, match=why):
        values.siret(text, print)


@pytest.mark.parametrize(
    ("text", "unit", "euros"),
    [
        ("21 667,00 €", 1, "21667.00"),
        ("21\u00a0667,00\u202f€", 1, "21667.00"),
        ("21667.5", 1, "21667.50"),
        ("1.234.567,89", 1, "1234567.89"),
        ("1.234.567", 1, "1234567"),
        ("1,234,567.89", 1, "1234567.89"),
        ("9,4 M€", 1, "9400000"),
        ("350 k€", 1, "350000"),
        ("350", 1000, "350000"),
        ("1,250", 1000, "1250"),
        ("0", 1, "0"),
    ],
)
def test_amounts_as_the_french_type_them(text, unit, euros):
    assert said(values.amount, text, unit)[0] == Decimal(euros)


@pytest.mark.parametrize("text", ["12 000 dollars", "douze", "-5", "21.667", "21,667", "1e6"])
def test_unreadable_or_ambiguous_amounts_are_refused(text):
    with pytest.raises(ValueError, match=r"attendu|négatif|Écrivez"):
        values.amount(text, print)


@pytest.mark.parametrize(
    ("text", "number"),
    [("42", 42), ("42.0", 42), ("42 salariés", 42), ("1 200", 1200), ("env. 40", None)],
)
def test_headcounts(text, number):
    assert values.count(text, print) == number


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("20 à 49 salariés", (20, 49)),
        ("10-19", (10, 19)),
        ("de 1 000 à 1 999", (1000, 1999)),
        ("10 000 et plus", (10000, None)),
        ("42", None),
    ],
)
def test_bands(text, bounds):
    assert values.band_bounds(text) == bounds


def test_dates():
    for text in ("31/01/2020", "31-01-2020", "2020-01-31", "2020-01-31 00:00:00"):
        assert values.past_date(text, print, TODAY) == datetime.date(2020, 1, 31)
    for text in ("31/02/2020", "01/02/98", "bientôt", "01/01/2030", "43831"):
        with pytest.raises(ValueError, match="date"):
            values.past_date(text, print, TODAY)
    value, remark = said(values.past_date, "1998", TODAY)
    assert value is None
    assert "l’année seule" in remark


@pytest.mark.parametrize("text", ["1039A", "10.39A", "10.39 a", "1039a Transformation de légumes"])
def test_naf_codes_are_normalised(text):
    assert values.naf(text, print) == "10.39A"


def test_people_are_split_only_when_capitals_tell():
    assert values.person("Mme Sylvie LAFFORGUE") == ("Sylvie", "LAFFORGUE")
    assert values.person("Sylvie Lafforgue") == ("", "Sylvie Lafforgue")


def test_formulas_are_shown_as_text_and_read_back():
    for cell in ("=1+1", "+33 5", "-2", "@x"):
        assert harmless(cell) == f"'{cell}"
    assert values.clean("'+33 5") == "+33 5"
    assert siren(1)  # an identifier is no formula
    assert harmless(siren(1)) == siren(1)


STARTS = st.sampled_from([b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"Nom;Ville\n"])


@given(start=STARTS, end=st.binary())
def test_any_bytes_are_read_or_refused_with_a_sentence(start, end):
    with contextlib.suppress(Unreadable):
        assert table(start + end).rows
