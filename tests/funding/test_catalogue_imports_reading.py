"""What each source says → values and criteria. Tables; no page."""

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funding.catalogue_imports import aides_territoires, data_gouv, mission_transition
from funding.catalogue_imports.cleaning import items, plain, shortened, web_address
from funding.catalogue_imports.drafts import Draft
from funding.catalogue_imports.places import Places
from funding.catalogue_imports.similar import Namesakes
from funding.catalogue_imports.values import Problem, day, percent, terms, whole
from funding.eligibility import Rules, Verdict, Window
from funding.merge import merge
from tests.funding.catalogues import SHEET, gouv, territoires, transition

PLACES = Places(
    [("76", "Occitanie"), ("53", "Bretagne")],
    [("32", "Gers"), ("82", "Tarn-et-Garonne"), ("40", "Landes")],
    [("243200425", "CC Imaginaire"), ("200030548", "CC Double"), ("200030549", "CC Double")],
)


def values_of(module, row):
    return module.read(row, PLACES).finish()


def read(module, row):
    return {row["kind"]: row for row in values_of(module, row)["criteria"]}


def said(module, row):
    """The conditions left to a person, in full."""
    criteria = values_of(module, row)["criteria"]
    return [c["text"].replace("\u00a0", " ") for c in criteria if c["kind"] == "text"]


# ── Text without markup ──


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ("<p>Un <b>deux</b></p><p>trois</p>", "Un deux\n\ntrois"),
        ("<ul><li>a</li><li>b</li></ul>", "– a\n– b"),
        ("<ol><li>un<li>deux</ol>fin", "1. un\n2. deux\nfin"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ('<a href="https://a.fr/x">ici</a>', "ici (https://a.fr/x)"),
        ('<a href="https://a.fr">https://a.fr</a>', "https://a.fr"),
        ('<a href="javascript:alert(1)">ici</a>', "ici"),
        ('<a href="data:text/html,x">ici</a>', "ici"),
        ("<script>alert(1)</script>reste", "reste"),
        ("<script>jamais fermé", "jamais fermé"),
        ("<!-- jamais fermé <p>reste", "jamais fermé\n\nreste"),
        ("<img src=x onerror=alert(1)>reste", "reste"),
        ("effectif <PME et <10 salariés", "effectif <PME et <10 salariés"),
        ("a &lt;b&gt; &amp;lt; &lol9;", "a <b> &lt; &lol9;"),
        ("**gras** et [lien](https://a.fr/b)", "gras et lien (https://a.fr/b)"),
        ("[mal](javascript:alert)", "mal"),
        ("## Titre\n* un\n• deux", "Titre\n– un\n– deux"),
        ("invi\u200bsible \u202eet retourné\x00", "invisible et retourné"),
        ("a\r\n\r\n\r\n\r\nb", "a\n\nb"),
    ],
)
def test_markup_becomes_plain_text_with_lists_and_addresses(received, expected):
    assert plain(received) == expected


@given(st.text(alphabet="<>/&;!-abp ilscrt=\"'\n[]()*", max_size=300))
def test_no_text_received_can_hold_a_tag_or_break_the_reader(received):
    found = plain(received)
    assert plain(f"{received}<b>Fin</b>").endswith("Fin") or "<" in found
    assert "\n\n\n" not in found


def test_an_endless_text_is_cut_and_read_quickly():
    for unit in ("<ul><li>", "<script", "<!--", "[a](", "**a", "&", "<p>"):
        assert len(plain(unit * 60_000)) <= 110_000


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://exemple.fr/a ", "https://exemple.fr/a"),
        ("HTTP://exemple.fr", "HTTP://exemple.fr"),
        ("ftp://exemple.fr", ""),
        ("//exemple.fr", ""),
        ("https://", ""),
        ("https://a b", ""),
        ("http://[mal", ""),
    ],
)
def test_only_web_addresses_are_kept(address, expected):
    assert web_address(address) == expected


def test_lines_and_cuts():
    assert items("Un\n– deux\n3. trois\n\n") == ["Un", "deux", "trois"]
    assert shortened("Une phrase. Une autre qui est longue.", 20) == "Une phrase."
    assert shortened("sansespaceaucunetlong", 10).endswith("…")


# ── Values ──


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ("31/12/2027", "2027-12-31"),
        ("1/2/2027", "2027-02-01"),
        ("04/07/24", "2024-07-04"),
        ("2027-12-31", "2027-12-31"),
        ("2027-12-30T23:00:00.000Z", "2027-12-31"),
        ("2027-06-30T22:00:00Z", "2027-07-01"),
        ("2027-06-30T21:59:59Z", "2027-06-30"),
        ("2027-06-30 00:00:00", "2027-06-30"),
        ("", None),
        (None, None),
    ],
)
def test_days(received, expected):
    assert day(received, "date") == expected


@pytest.mark.parametrize("received", ["31/02/2027", "demain", "01/01/0001", "2027-13-01", 12, []])
def test_what_is_no_day_is_refused_by_name(received):
    with pytest.raises(Problem, match="date"):
        day(received or "[]", "date")


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ("50 000 €", {"aid_max": "50000"}),
        ("Jusqu’à 50\u202f000 € HT", {"aid_max": "50000"}),
        ("1,5 M€", {"aid_max": "1500000"}),
        ("30 %", {"rate_max": "30"}),
        ("jusqu'à 70%", {"rate_max": "70"}),
        ("de 5 000 € HT à 200 000 € HT", {"aid_min": "5000", "aid_max": "200000"}),
        ("entre 10 et 20 %", {"rate_min": "10", "rate_max": "20"}),
        ("jusqu'à 70% du coût de l'étude", {}),
        ("80 %, dans un maximum de 18 000 €", {}),
        ("selon projet", {}),
        ("120 %", {}),
        ("de 20 000 € à 5 000 €", {}),
        ("", {}),
    ],
)
def test_only_certain_amounts_are_read(received, expected):
    assert terms(received) == expected


def test_numbers_may_be_texts_and_absurd_ones_are_refused():
    assert whole("250", "x") == whole(250, "x") == whole("2 50", "x") == 250
    assert whole("", "x") is None
    assert percent("40 %", "x") == percent(40, "x") == "40"
    for bad in ("dix", True, -1, 2.5, "1e999", "NaN"):
        with pytest.raises(Problem):
            whole(bad, "x")
    with pytest.raises(Problem, match="120"):
        percent(120, "taux")


# ── Mission Transition ──


def test_structured_limits_become_rules_and_free_text_stays_to_be_judged():
    criteria = read(mission_transition, transition())
    assert criteria["beneficiary"]["accepted"] == ["company"]
    assert criteria["headcount"]["min"] == 20
    assert criteria["place"]["regions"] == ["76"]
    assert criteria["naf"]["accepted"] == ["C"]
    assert criteria["age"]["min_years"] == 3
    assert criteria["fact"]["expected"] is False
    assert said(mission_transition, transition()) == [
        "Avoir réalisé un bilan matière de moins de 2 ans"
    ]


@pytest.mark.parametrize("key", ["allowedRegion", "allowedNafSections", "minEmployees"])
def test_a_free_text_is_never_a_silent_yes(key):
    """With every fact that a machine can know, the program is still to be confirmed."""
    row = transition()
    del row["eligibilityData"]["company"][key]
    rules = Rules.parse(values_of(mission_transition, row)["criteria"], Window("open"))
    assert rules.assess({}, dt.date(2026, 11, 22)).verdict is not Verdict.ELIGIBLE
    assert any(criterion.kind == "text" for criterion in rules.criteria)


def conditions(**said):
    base = transition()["conditions d'éligibilité"]
    return {"conditions d'éligibilité": {**base, **said}}


@pytest.mark.parametrize(
    ("line", "limits", "text"),
    [
        ("Plus de 50 salariés", {"min": 51}, None),
        ("Au moins 50 salariés", {"min": 50}, None),
        ("Moins de 250 salariés", {"max": 249}, None),
        ("De 10 à 249 salariés", {"min": 10, "max": 249}, None),
        ("Toutes tailles", None, None),
        ("PME au sens européen", None, "Taille : PME au sens européen"),
    ],
)
def test_a_size_written_for_certain_is_a_rule(line, limits, text):
    row = transition(**conditions(**{"taille de l'entreprise": [line]}))
    del row["eligibilityData"]["company"]["minEmployees"]
    headcount = read(mission_transition, row).get("headcount")
    found = headcount and {name: headcount[name] for name in ("min", "max") if name in headcount}
    assert found == limits
    assert (text in said(mission_transition, row)) is bool(text)


def test_a_size_that_contradicts_the_structured_one_is_kept_as_text():
    row = transition(**conditions(**{"taille de l'entreprise": ["Plus de 250 salariés"]}))
    assert read(mission_transition, row)["headcount"]["min"] == 20
    assert "Taille : Plus de 250 salariés" in said(mission_transition, row)


def company(**fields):
    return {
        "eligibilityData": {"company": {**transition()["eligibilityData"]["company"], **fields}}
    }


def test_an_unknown_region_makes_the_place_plain_text_with_a_warning():
    row = transition(**company(allowedRegion=["Occitanie", "Atlantide"]))
    draft = mission_transition.read(row, PLACES)
    assert "Atlantide" in draft.warnings[0]
    assert "place" not in {row["kind"] for row in draft.criteria}
    assert "Lieu : Occitanie, Atlantide" in said(mission_transition, row)


def test_every_region_of_the_source_has_a_code():
    names = ["Provence-Alpes-Côte d'Azur", "Ile-de-France", "La Réunion", "Nouvelle-Calédonie"]
    place = read(mission_transition, transition(**company(allowedRegion=names)))["place"]
    assert place["regions"] == ["04", "11", "93"]
    assert place["departements"] == ["988"]


def test_an_unknown_sector_makes_the_sectors_plain_text():
    row = transition(**company(allowedNafSections=["C", "Z9"]))
    assert "naf" not in read(mission_transition, row)
    assert "Secteurs : C et Z9" in said(mission_transition, row)


def test_the_building_of_the_holder_is_a_rule():
    row = transition(**company(ownsBuildings=True))
    assert read(mission_transition, row)["ownership"]["accepted"] == ["owner"]


def test_every_sector_allowed_is_no_limit():
    row = transition(**company(allowedNafSections=list("ABCDEFGHIJKLMNOPQRSTU")))
    assert "naf" not in read(mission_transition, row)


def test_a_program_after_the_schema_is_read_too():
    row = transition(
        **{
            "types bénéficiaire": ["Entreprises privées", "Agriculteurs"],
            "conditions d'éligibilité": {
                "secteur d'activité": {"description": [], "secteurs exclus": ["02", "09.10Z"]},
                "taille de l'entreprise": {
                    "description": ["Toutes tailles"],
                    "catégorie d'entreprise": ["PME"],
                    "effectif maximum": 249,
                },
                "nombre d'années d'activité": {
                    "description": [],
                    "maximum d'années d'activité": 8,
                },
            },
        },
        eligibilityData={},
    )
    criteria = read(mission_transition, row)
    assert criteria["naf"]["excluded"] == ["02", "09.10Z"]
    assert criteria["headcount"]["max"] == 249
    assert criteria["age"]["max_years"] == 8
    assert criteria["size"]["accepted"] == ["medium", "micro", "small"]
    assert "Catégories d’entreprise : PME (TPE non citées)" in said(mission_transition, row)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"titre": ""}, "titre manque"),
        ({"opérateur de contact": None}, "financeur"),
        ({"fin de validité": "01/01/2026"}, "ferme avant"),
        ({"fin de validité": "bientôt"}, "bientôt"),
        (company(minEmployees="300", maxEmployees="20"), "dépasse"),
        (company(minEmployees="beaucoup"), "beaucoup"),
        ({"eligibilityData": []}, "eligibilityData"),
    ],
)
def test_a_broken_program_is_refused_with_a_sentence(fields, sentence):
    with pytest.raises(Problem, match=sentence):
        values_of(mission_transition, transition(**fields))


def test_suspended_and_incentive_effect():
    started = "L'opération ne doit pas avoir commencé ni donné lieu à des engagements fermes"
    row = transition(
        **{"aide temporairement indisponible": "oui"},
        **conditions(**{"autres critères d'éligibilité": [started]}),
    )
    values = values_of(mission_transition, row)
    assert values["state"] == "suspended"
    assert values["incentive_effect"] is True
    assert read(mission_transition, row)["not_started"]["label"] == started


# ── data.gouv ──


def test_a_row_of_the_csv():
    values = values_of(data_gouv, gouv())
    assert values["funder"] == "Caisse des Ateliers"
    assert values["operator"] == "Relais des Ateliers"
    assert (values["opens_on"], values["closes_on"]) == ("2026-02-01", "2027-12-31")
    assert values["aid_max"] == "80000"
    assert values["instruments"] == ["loan"]
    criteria = read(data_gouv, gouv())
    assert criteria["beneficiary"]["accepted"] == ["association", "company"]
    assert criteria["place"] == {
        "kind": "place",
        "key": "place",
        "regions": ["76"],
        "departements": ["40"],
    }
    assert said(data_gouv, gouv()) == ["Secteur : Industrie", "Être à jour de ses cotisations"]


@pytest.mark.parametrize(
    ("codes", "without", "place", "text"),
    [
        ("PAYS-99100", "", None, None),
        ("REG-76|REG-53", "REG-53", {"regions": ["76"]}, None),
        ("REG-76", "DEP-32", {"regions": ["76"]}, "Hors de : Gers"),
        ("COM-32132", "", {"communes": ["32132"]}, None),
        ("EPCI-243200425", "", {"epcis": ["243200425"]}, None),
        ("REG-76|ZONE-1", "", None, "Lieu : Occitanie, ZONE-1"),
        ("", "", None, "Lieu : Territoire non précisé par la source"),
    ],
)
def test_geographic_codes(codes, without, place, text):
    row = gouv(eligibilite_geographique=codes, eligibilite_geographique_exclusions=without)
    found = read(data_gouv, row).get("place")
    assert found == (place and {"kind": "place", "key": "place", **place})
    assert (text in said(data_gouv, row)) is bool(text)


def test_france_without_overseas_is_said_with_codes():
    row = gouv(
        eligibilite_geographique="PAYS-99100",
        eligibilite_geographique_exclusions="REG-01|REG-02|REG-03|REG-04|REG-06",
    )
    place = read(data_gouv, row)["place"]
    assert "76" in place["regions"]
    assert "01" not in place["regions"]


@pytest.mark.parametrize("holders", ["", "pas du json", "[]", '[{"siren": "1"}]'])
def test_a_row_without_a_readable_funder_is_refused(holders):
    with pytest.raises(Problem, match="porteurs"):
        values_of(data_gouv, gouv(porteurs=holders))


def test_unknown_words_of_a_list_are_kept_as_text_with_a_warning():
    row = gouv(cibles="professionnels|martiens", types_aides="prêt|troc")
    draft = data_gouv.read(row, PLACES)
    assert len(draft.warnings) == 2
    assert "Bénéficiaires : professionnels, martiens" in said(data_gouv, row)
    assert "beneficiary" not in read(data_gouv, row)


# ── Aides-territoires ──


def test_an_answer_of_the_api():
    values = values_of(aides_territoires, territoires())
    assert (values["rate_min"], values["rate_max"]) == ("10", "40")
    assert values["recurrence"] == "one_off"
    assert values["portal"] == "https://exemple.fr/halles"
    assert "alert" not in json.dumps(values)
    criteria = read(aides_territoires, territoires())
    assert criteria["beneficiary"]["accepted"] == ["commune", "epci", "petr"]
    assert criteria["place"]["regions"] == ["76"]
    assert said(aides_territoires, territoires()) == [
        "Halle vacante depuis 2 ans",
        "Avis de l'architecte",
        "Avancement du projet : Réflexion / conception, Mise en œuvre / réalisation",
    ]


def test_a_row_of_the_spreadsheet():
    row = aides_territoires.from_cells(SHEET)
    values = values_of(aides_territoires, row)
    assert (values["rate_min"], values["rate_max"]) == ("10", "22")
    assert values["opens_on"] == "2026-07-04"
    assert values["recurrence"] == "call"
    assert values["instruments"] == ["grant", "loan"]
    assert "Lieu : Périmètre n° 71016 d’Aides-territoires" in said(aides_territoires, row)


@pytest.mark.parametrize(
    ("name", "scale", "place", "text"),
    [
        ("France", "Pays", None, None),
        ("Europe", "Continent", None, None),
        ("Gers", "Département", {"departements": ["32"]}, None),
        ("CC Imaginaire", "EPCI", {"epcis": ["243200425"]}, None),
        ("CC Double", "EPCI", None, "Lieu : CC Double"),
        ("Communes littorales", "Ad-hoc", None, "Lieu : Communes littorales"),
        ("Adour-Garonne", "Bassin hydrographique", None, "Lieu : Adour-Garonne"),
        ("Gers", "Commune", None, "Lieu : Gers"),
    ],
)
def test_perimeters(name, scale, place, text):
    row = territoires(perimeter=name, perimeter_scale=scale)
    found = read(aides_territoires, row).get("place")
    assert found == (place and {"kind": "place", "key": "place", **place})
    assert (text in said(aides_territoires, row)) is bool(text)


def test_an_aid_that_ends_one_day_without_saying_when_is_to_be_checked():
    row = territoires(submission_deadline=None)
    assert values_of(aides_territoires, row)["state"] == "to_check"
    row = territoires(submission_deadline=None, recurrence="Permanente")
    assert values_of(aides_territoires, row)["state"] == "open"


def test_rates_out_of_order_or_above_the_whole_are_refused():
    for fields in (
        {"subvention_rate_lower_bound": 50},
        {"subvention_rate_upper_bound": 140},
    ):
        with pytest.raises(Problem, match="taux"):
            values_of(aides_territoires, territoires(**fields))


def test_a_long_eligibility_is_one_condition_to_read_in_full():
    row = territoires(eligibility=f"<p>{'Une phrase longue. ' * 60}</p>")
    (first, *_) = said(aides_territoires, row)
    assert first.endswith("(texte complet dans les autres conditions)")
    assert (
        "Une phrase longue. Une phrase longue."
        in values_of(aides_territoires, row)["conditions_note"]
    )


def test_audiences_that_mean_only_some_firms_stay_to_be_confirmed():
    row = territoires(targeted_audiences=["Agriculteurs"])
    assert read(aides_territoires, row)["beneficiary"]["accepted"] == ["company"]
    assert "Bénéficiaires : Agriculteurs" in said(aides_territoires, row)


# ── What a person corrected; who looks like whom ──

SAME = [{"key": "a", "min": 1}, {"key": "b"}]


@pytest.mark.parametrize(
    ("last", "standing", "theirs", "fresh", "changed", "kept"),
    [
        ("1", "1", "1", None, 0, 0),
        ("1", "1", "2", "2", 1, 0),
        ("1", "3", "2", None, 0, 1),
        ("1", "3", "1", None, 0, 1),
        ("1", "2", "2", None, 0, 0),
    ],
)
def test_only_what_still_says_what_was_imported_is_overwritten(
    last, standing, theirs, fresh, changed, kept
):
    found = merge({"x": last}, {"x": standing}, {"x": theirs})
    assert found.fresh.get("x") == fresh
    assert (len(found.changed), len(found.kept)) == (changed, kept)


def test_criteria_are_merged_by_key():
    ours = [{"key": "a", "min": 5}, {"key": "b"}, {"key": "mine"}]
    theirs = [{"key": "a", "min": 2}, {"key": "c"}]
    found = merge({"criteria": SAME}, {"criteria": ours}, {"criteria": theirs})
    assert found.fresh["criteria"] == [{"key": "a", "min": 5}, {"key": "c"}, {"key": "mine"}]
    assert found.kept == [
        ("criteria", {"key": "a", "min": 5}, {"key": "a", "min": 2}),
        ("criteria", {"key": "mine"}, None),
    ]


@pytest.mark.parametrize(
    ("name", "funder", "found"),
    [
        ("Fonds Chaleur", "ademe", "Fonds chaleur"),
        ("Le fonds chaleur", "autre", "Fonds chaleur"),
        ("Fonds vert recyclage foncier", "etat", "Fonds vert – Recyclage foncier (friches)"),
        ("Aide au conseil", "ademe", None),
        ("Prêt vert", "bpifrance", None),
    ],
)
def test_likeness(name, funder, found):
    ours = [
        ("Fonds chaleur", "ademe"),
        ("Fonds vert – Recyclage foncier (friches)", "etat"),
        ("Prêt croissance", "bpifrance"),
    ]
    namesakes = Namesakes([(name, name, funder) for name, funder in ours])
    assert namesakes.of(name, funder) == found


def test_a_condition_written_twice_is_one():
    draft = Draft()
    draft.text("Être à jour")
    draft.text("être à jour.")
    assert len(draft.criteria) == 1
