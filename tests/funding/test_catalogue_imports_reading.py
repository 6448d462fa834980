"""What each source says → values and criteria. Tables; no page."""

import datetime as dt
import json

import pytest

from funding.catalogue_imports import (
    aides_territoires,
    data_gouv,
    entries,
    mission_transition,
    reading,
)
from funding.catalogue_imports.drafts import Draft
from funding.catalogue_imports.places import Places
from funding.catalogue_imports.values import Problem
from funding.eligibility import Rules, Verdict, Window
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


def sizes(*lines):
    told = {"taille de l'entreprise": list(lines), "autres critères d'éligibilité": []}
    row = transition(eligibilityData={}, **conditions(**told))
    limits = read(mission_transition, row).get("headcount", {})
    return limits.get("min"), limits.get("max"), said(mission_transition, row)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["Plus de 10 salariés", "Moins de 250 salariés"], (11, 249, [])),
        (["Moins de 250 salariés", "Plus de 10 salariés"], (11, 249, [])),
        (["Plus de 10 salariés", "Plus de 10 salariés"], (11, None, [])),
        (
            ["De 10 à 49 salariés", "De 50 à 249 salariés"],
            (None, None, ["Taille : De 10 à 49 salariés", "Taille : De 50 à 249 salariés"]),
        ),
        (
            ["Moins de 5 salariés", "Plus de 10 salariés"],
            (None, None, ["Taille : Moins de 5 salariés", "Taille : Plus de 10 salariés"]),
        ),
        (["Moins de 0 salariés"], (None, None, ["Taille : Moins de 0 salariés"])),
        (["Entre 50 et 10 salariés"], (None, None, ["Taille : Entre 50 et 10 salariés"])),
    ],
)
def test_no_line_on_the_size_is_lost(lines, expected):
    assert sizes(*lines) == expected


def test_two_rules_of_a_key_are_both_kept():
    draft = Draft()
    draft.sectors(["C"], [], "Secteurs")
    draft.sectors([], ["10"], "Secteurs")
    assert [row["key"] for row in draft.criteria] == ["naf", "naf_2"]


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("Le projet ne doit pas avoir commencé avant la demande d’aide", False),
        ("Les travaux ne doivent pas avoir démarré avant le dépôt du dossier.", False),
        ("Le projet ne doit pas avoir débuté et doit coûter plus de 50 000 €", True),
        ("Le projet ne doit pas avoir commencé avant l’accord de la Région", True),
    ],
)
def test_what_follows_the_incentive_effect_is_kept(line, rest):
    row = transition(**conditions(**{"autres critères d'éligibilité": [line]}))
    assert "not_started" in read(mission_transition, row)
    assert said(mission_transition, row) == ([line] if rest else [])


@pytest.mark.parametrize(
    ("lines", "regions", "texts"),
    [
        (["Occitanie", "Bretagne"], ["53", "76"], []),
        (["Occitanie"], ["76"], []),
        (["France entière", "Bretagne"], None, []),
        (
            ["Occitanie", "Bretagne", "Hors métropoles"],
            None,
            ["Lieu : Occitanie, Bretagne", "Lieu : Hors métropoles"],
        ),
    ],
)
def test_several_places_are_one_rule(lines, regions, texts):
    told = {"secteur géographique": lines, "autres critères d'éligibilité": []}
    row = transition(eligibilityData={}, **conditions(**told))
    assert read(mission_transition, row).get("place", {}).get("regions") == regions
    assert said(mission_transition, row) == texts


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
    with pytest.raises(Problem, match="taux de subvention maximum.» vaut 140"):
        values_of(aides_territoires, territoires(subvention_rate_upper_bound=140))


def test_an_aid_alone_with_lists_of_its_own_is_one_aid():
    aid = territoires(programs=["Fonds vert", "France 2030"])
    found = reading.read("aide.json", json.dumps(aid).encode(), max_rows=10)
    assert (found.origin, found.rows) == (reading.AIDES_TERRITOIRES, [(1, aid)])
    page = {"count": 7, "results": [aid]}
    found = reading.read("page.json", json.dumps(page).encode(), max_rows=10)
    assert (found.rows, found.is_partial) == ([(1, aid)], True)


def test_an_aid_without_audiences_keeps_its_title_and_says_what_is_missing():
    aid = territoires()
    del aid["targeted_audiences"]
    found = reading.read("aide.json", json.dumps([aid]).encode(), max_rows=10)
    (entry,) = entries.read_all(found, PLACES)
    assert (entry["reasons"], entry["name"]) == ([], aid["name"])
    assert any("Aucun bénéficiaire" in warning for warning in entry["warnings"])
    untitled = {**aid, "name": "", "name_initial": ""}
    found = reading.read("aide.json", json.dumps([untitled]).encode(), max_rows=10)
    (entry,) = entries.read_all(found, PLACES)
    assert "titre manque" in entry["reasons"][0]


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


# ── What all of them share ──


def test_a_condition_written_twice_is_one():
    draft = Draft()
    draft.text("Être à jour")
    draft.text("être à jour.")
    assert len(draft.criteria) == 1
