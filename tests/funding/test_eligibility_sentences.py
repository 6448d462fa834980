import datetime as dt
from decimal import Decimal as D

import pytest

from funding.eligibility import (
    Fact,
    Interval,
    Rules,
    Verdict,
    Window,
    parse_criterion,
    wording,
)
from tests.funding.criteria import (
    AFR,
    AGE,
    ASSOCIATION,
    AUDIT,
    BANDS,
    BOOL,
    COMPANY,
    COSTS,
    CREATED,
    DIAGNOSIS,
    EQUITY,
    HEADCOUNT,
    IN_TI,
    INDUSTRY,
    JOBS,
    LARGER,
    LOCAL_AFR,
    NBSP,
    NO_QUOTA,
    NO_SCI,
    NOT_SO,
    NOT_STARTED,
    NUMBER,
    OCCITANIE,
    OWNER,
    PERMANENT,
    QUOTA,
    SME,
    STAGE,
    STARTS,
    STUDY,
    TEXT,
    THEMES,
    TODAY,
    TOMORROW,
    TURNOVER,
    UNKNOWN,
    YESTERDAY,
    facts_of,
    result_of,
)


@pytest.mark.parametrize(
    ("of_project", "of_action"),
    [
        ("Le projet se situe-t-il en AFR ?", "L’action se situe-t-elle en AFR ?"),
        ("Quel est le temps de retour du projet ?", "Quel est le temps de retour de l’action ?"),
        ("L’EPCI a-t-il soutenu ce projet ?", "L’EPCI a-t-il soutenu cette action ?"),
        ("Ajoute-t-il au projet ?", "Ajoute-t-il à l’action ?"),
        (
            "Est-ce rempli : « Le projet dure-t-il ? » ?",
            "Est-ce rempli : « Le projet dure-t-il ? » ?",
        ),
        ("Quel est l’effectif ?", "Quel est l’effectif ?"),
    ],
)
def test_a_question_is_put_about_an_action_in_its_own_words(of_project, of_action):
    assert wording.of_action(of_project) == of_action


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (COMPANY, "Porteur : entreprise ou EPCI"),
        (NO_SCI, "Forme juridique : hors entrepreneur individuel et SCI"),
        (ASSOCIATION, "Forme juridique : association, hors association non déclarée"),
        (SME, "Taille européenne : PME"),
        (LARGER, "Taille européenne : entreprise de taille intermédiaire ou grande entreprise"),
        (
            {"kind": "size", "accepted": ["micro", "small", "medium", "mid_cap"]},
            "Taille européenne : PME ou ETI",
        ),
        (HEADCOUNT, "Effectif de 20 à 250 salariés"),
        ({"kind": "headcount", "min": 1}, "Effectif d’au moins 1 salarié"),
        (
            {"kind": "headcount", "max": 49, "scope": "site"},
            "Effectif du site de 49 salariés au plus",
        ),
        (TURNOVER, "Chiffre d’affaires de 100 à 50 000 000 €"),
        (EQUITY, "Fonds propres d’au moins 0,50 €"),
        (AGE, "Entreprise créée il y a 1 à 5 ans"),
        ({"kind": "age", "min_years": 3}, "Entreprise créée depuis 3 ans au moins"),
        (INDUSTRY, "Secteur (NAF rév. 2) : B ou C, hors 10.1"),
        (
            {"kind": "naf", "vintage": "rev2", "accepted": list("BCDE")},
            "Secteur (NAF rév. 2) : B à E",
        ),
        (OCCITANIE, "Lieu : région Occitanie ou département 47"),
        (IN_TI, "Lieu : dans un Territoire d’industrie"),
        (AFR, "Lieu : en zone d’aide à finalité régionale (AFR)"),
        (THEMES, "Au moins un thème parmi : décarbonation ou eau"),
        (STAGE, "Étape du projet : qualifié ou en montage"),
        ({"kind": "eligible_costs", "min": 400_000}, "Assiette d’au moins 400 000 €"),
        (COSTS, "Assiette de 400 000 à 3 000 000 €"),
        (STARTS, "Démarrage du 01/01/2027 au 31/12/2027"),
        (AUDIT, "Audit énergétique réalisé il y a 4 ans au plus"),
        (STUDY, "Étude de faisabilité réalisée avant la demande"),
        (DIAGNOSIS, "Autodiagnostic réalisé il y a 2 ans au plus"),
        (CREATED, "Emplois créés : de 5 à 20,5 emplois"),
        (JOBS, "Emplois créés ou maintenus : au moins 10 emplois"),
        (OWNER, "Bâtiment : propriétaire ou crédit-bail immobilier"),
        (QUOTA, "Site soumis aux quotas d’émission de gaz à effet de serre (SEQE-UE)"),
        (NO_QUOTA, "Site hors quotas d’émission de gaz à effet de serre (SEQE-UE)"),
        (
            {**COSTS, "label": "Coût d'au moins 400 000 € : sans le foncier"},
            "Coût d’au moins 400 000 € : sans le foncier",
        ),
    ],
)
def test_rules_read_as_french_sentences(row, rule):
    assert result_of(row).rule.replace(NBSP, " ") == rule


@pytest.mark.parametrize(
    ("row", "values", "found"),
    [
        (COMPANY, {"beneficiary": "epci"}, "EPCI"),
        (NO_SCI, {"legal_form": "5710"}, "SAS"),
        (NO_SCI, {"legal_form": "3120"}, "Catégorie juridique 3120"),
        (SME, {"eu_size": "medium"}, "Moyenne entreprise"),
        (SME, {"headcount": Interval.exactly(1)}, "1 salarié"),
        (SME, {"turnover": D(8_000_000)}, "Chiffre d’affaires de 8 000 000 €"),
        (HEADCOUNT, {"headcount": BANDS["53"]}, "Au moins 10 000 salariés"),
        (EQUITY, {"equity": D("-1234.5")}, "−1 234,50 €"),
        (AGE, {"created_on": dt.date(1987, 3, 1)}, "Créée le 01/03/1987"),
        (INDUSTRY, {"naf_rev2": "10.39A"}, "10.39A (NAF rév. 2)"),
        (
            IN_TI,
            {"commune": "32132", "in_ti": False},
            "Commune 32132, hors d’un Territoire d’industrie",
        ),
        (THEMES, {"themes": frozenset({"inv"})}, "Aucun thème commun : investissement productif"),
        (NOT_STARTED, {"first_commitment_on": TODAY}, "Premier engagement pris le 22/11/2026"),
        (NOT_STARTED, {"first_commitment_on": TOMORROW}, "Premier engagement prévu le 23/11/2026"),
        (NOT_STARTED, {}, "Date du premier engagement inconnue"),
        (AUDIT, {}, "Date de l’audit énergétique inconnue"),
        (AUDIT, {"study__energy_audit": False}, "Audit énergétique non réalisé"),
        (AUDIT, {"study__energy_audit": TOMORROW}, "Audit énergétique prévu le 23/11/2026"),
        (NUMBER, {"heat": D("1200.50")}, "1 200,5 MWh"),
        (BOOL, {"annex_one": True}, "Oui"),
        (INDUSTRY, {"naf_2025": "20.42Y"}, "Code NAF rév. 2 inconnu (20.42Y en NAF 2025)"),
        (CREATED, {"jobs_created_planned": D("2.5")}, "Emplois prévus : 2,5 créés"),
        (
            JOBS,
            {"jobs_created_planned": D(2), "jobs_maintained_planned": D(8)},
            "Emplois prévus : 2 créés et 8 maintenus",
        ),
        (JOBS, {"jobs_created_planned": D(2)}, "Emplois prévus : 2 créés, le reste inconnu"),
        (JOBS, {}, "Nombre d’emplois inconnu"),
        (OWNER, {"premises_tenure": "linked_sci"}, "Loué à une SCI des mêmes associés"),
        (
            QUOTA,
            {"ets_site": False},
            "Site hors quotas d’émission de gaz à effet de serre (SEQE-UE)",
        ),
        (
            NOT_STARTED,
            {"first_commitment_on": TODAY, "filings": {}},
            "Premier engagement pris le 22/11/2026, aucune demande déposée connue",
        ),
        (
            NOT_STARTED,
            {"first_commitment_on": TODAY, "filings": {"": YESTERDAY}},
            "Premier engagement pris le 22/11/2026, demande déposée le 21/11/2026",
        ),
    ],
)
def test_found_says_the_value_or_that_it_is_unknown(row, values, found):
    assert result_of(row, facts_of(**values)).found.replace(NBSP, " ") == found


@pytest.mark.parametrize(
    ("fact", "origin"),
    [
        (Fact(1, "SIRENE", 2024), "SIRENE, 2024"),
        (Fact(1, "projet", dt.date(2026, 11, 19)), "projet, saisi le 19/11/2026"),
        (Fact(1, "visite du 05/11/2026"), "visite du 05/11/2026"),
        (Fact(1), ""),
    ],
)
def test_a_fact_says_where_it_comes_from(fact, origin):
    assert fact.origin == origin


def test_the_question_can_be_worded_by_the_catalogue():
    result = result_of({**NOT_SO})
    assert result.question.fact == "annex_one"
    assert result.question.sentence == f"Le produit est-il à l’annexe I{NBSP}?"


def test_prose_of_the_catalogue_is_typeset():
    typed = "Coût  d'au moins 1 400 000 € : « oui » en 2026, 20 salariés ?"
    assert wording.typeset(typed) == (
        f"Coût d’au moins 1{NBSP}400{NBSP}000{NBSP}€{NBSP}: «{NBSP}oui{NBSP}» en 2026, "
        f"20{NBSP}salariés{NBSP}?"
    )


def test_a_straddling_band_asks_for_the_exact_headcount():
    facts = {"headcount": Fact(BANDS["11"], "SIRENE", 2024)}
    result = result_of({"kind": "headcount", "min": 15}, facts)
    assert result.found == f"De 10 à 19{NBSP}salariés"
    assert result.source == "SIRENE, 2024"
    assert result.question.fact == "headcount"
    assert result.question.input == "integer"
    assert result.question.sentence == (
        f"Quel est l’effectif exact de l’entreprise (tranche connue{NBSP}: "
        f"de 10 à 19{NBSP}salariés){NBSP}?"
    )


def test_insee_category_only_words_the_question_on_size():
    facts = {"insee_category": Fact("PME", "SIRENE", 2024)}
    result = result_of(SME, facts)
    assert result.answer is UNKNOWN
    assert f"catégorie INSEE{NBSP}: PME, à confirmer" in result.question.sentence
    assert result.source == "SIRENE, 2024"


@pytest.mark.parametrize(
    ("values", "size"),
    [
        ({}, ""),
        ({"insee_category": "GE"}, "large"),
        ({"insee_category": "ETI"}, "mid_cap"),
        ({"insee_category": "PME"}, ""),
        ({"insee_category": "PME", "headcount": Interval.exactly(9)}, "micro"),
        ({"insee_category": "PME", "headcount": Interval.exactly(10)}, "small"),
        ({"insee_category": "PME", "headcount": BANDS["12"]}, "small"),
        ({"insee_category": "PME", "headcount": Interval(20, 99)}, ""),
        ({"insee_category": "PME", "headcount": BANDS["31"]}, "medium"),
        ({"insee_category": "PME", "headcount": BANDS["32"]}, ""),
        ({"insee_category": "PME", "headcount": BANDS["53"]}, ""),
        ({"headcount": Interval.exactly(9)}, ""),
    ],
)
def test_the_size_is_prefilled_from_insee_and_never_taken_for_granted(values, size):
    result = result_of(SME, facts_of(**values))
    asked = result.question
    if asked is None:
        assert values["headcount"].low >= 250
        return
    assert result.answer is UNKNOWN
    assert asked.prefill == size
    assert "entreprises liées" in asked.warning


def test_place_asks_for_the_commune_before_the_zone():
    assert result_of(LOCAL_AFR).question.fact == "commune"
    known = facts_of(commune="32132")
    assert result_of(LOCAL_AFR, known).question.fact == "zone:afr"
    assert result_of(IN_TI, known).question.fact == "in_ti"


def test_a_judgement_belongs_to_its_program():
    rules = Rules.parse([{**TEXT, "key": "letter"}], PERMANENT, scope="P01")
    (question,) = rules.assess({}, TODAY).questions
    assert question.fact == "judgement:P01:letter"
    met = rules.assess({question.fact: Fact(True)}, TODAY)
    assert met.verdict is Verdict.ELIGIBLE


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([], "objet JSON"),
        ({}, "sans genre"),
        ({"kind": "headcount"}, "sans clé"),
        ({"kind": "colour", "key": "k"}, "genre inconnu « colour »"),
        ({"kind": "dates", "key": "k"}, "genre inconnu"),
        ({"kind": "headcount", "key": "k"}, "il faut « min » ou « max »"),
        ({"kind": "headcount", "key": "k", "min": "20"}, "« min » doit être un entier"),
        ({"kind": "headcount", "key": "k", "min": True}, "« min » doit être un entier"),
        ({"kind": "headcount", "key": "k", "min": -1}, "« min » doit être un entier"),
        ({"kind": "headcount", "key": "k", "min": 5, "max": 4}, "« min » dépasse « max »"),
        ({"kind": "headcount", "key": "k", "min": 5, "scope": "group"}, "valeurs possibles"),
        ({"kind": "headcount", "key": "k", "min": 5, "mx": 4}, "paramètre inconnu .* « mx »"),
        ({"kind": "not_started", "key": "k", "a": 1, "b": 2}, "paramètres inconnus"),
        ({"kind": "turnover", "key": "k", "max": "beaucoup"}, "« max » doit être un nombre"),
        ({"kind": "turnover", "key": "k", "max": float("inf")}, "« max » doit être un nombre"),
        ({"kind": "size", "key": "k"}, "« accepted » doit être une liste"),
        ({"kind": "size", "key": "k", "accepted": []}, "« accepted » doit être une liste"),
        ({"kind": "size", "key": "k", "accepted": ["tiny"]}, "code inconnu .* « tiny »"),
        ({"kind": "beneficiary", "key": "k", "accepted": "company"}, "doit être une liste"),
        ({"kind": "legal_form", "key": "k"}, "il faut « accepted » ou « excluded »"),
        ({"kind": "naf", "key": "k", "accepted": ["C"]}, "« vintage » doit être un texte"),
        ({"kind": "naf", "key": "k", "vintage": "rev2"}, "il faut « accepted »"),
        ({"kind": "naf", "key": "k", "vintage": "rev2", "accepted": ["V"]}, "pas de section V"),
        ({"kind": "naf", "key": "k", "vintage": "rev2", "accepted": ["1039A"]}, "code inconnu"),
        ({"kind": "place", "key": "k"}, "aucun lieu"),
        ({"kind": "place", "key": "k", "in_ti": False}, "que true"),
        ({"kind": "place", "key": "k", "zone": "moon"}, "valeurs possibles"),
        ({"kind": "age", "key": "k", "min_years": 9000}, "« min_years » dépasse 500 ans"),
        ({"kind": "jobs", "key": "k"}, "il faut « min » ou « max »"),
        ({"kind": "jobs", "key": "k", "min": 1, "count": "saved"}, "valeurs possibles"),
        ({"kind": "ownership", "key": "k", "accepted": ["squat"]}, "code inconnu .* « squat »"),
        ({"kind": "emissions_quota", "key": "k"}, "« expected » doit être true ou false"),
        ({"kind": "self_assessment", "key": "k", "assessment": "duerp"}, "valeurs possibles"),
        ({"kind": "starts", "key": "k", "from": "01/01/2027"}, "AAAA-MM-JJ"),
        ({"kind": "prior_study", "key": "k", "study": "x"}, "« label »"),
        ({"kind": "fact", "key": "k", "fact": "x"}, "« type » doit être un texte"),
        ({"kind": "fact", "key": "k", "fact": "x", "type": "date"}, "valeurs possibles"),
        ({**BOOL, "key": "k", "label": None}, "« label » doit être un texte"),
        ({**BOOL, "key": "k", "expected": False}, "« question » doit être un texte"),
        ({**BOOL, "key": "k", "expected": None}, "« expected » doit être true ou false"),
        ({"kind": "text", "key": "k"}, "« text » doit être un texte"),
        ({"kind": "not_started", "key": "k", "confidence": "sure"}, "valeurs possibles"),
    ],
)
def test_a_wrong_row_is_refused_with_a_sentence(row, message):
    with pytest.raises(ValueError, match=message.replace(" ", r"\s")) as refusal:
        parse_criterion(row)
    assert str(refusal.value).endswith(".")


def test_a_repeated_key_is_refused():
    with pytest.raises(ValueError, match="répétée"):
        Rules.parse([{**COSTS, "key": "k"}, {**STAGE, "key": "k"}], PERMANENT)
    with pytest.raises(ValueError, match="liste"):
        Rules.parse({}, PERMANENT)


def test_an_unknown_fact_is_an_absent_key():
    with pytest.raises(ValueError, match="clé absente"):
        Fact(None)
    with pytest.raises(ValueError, match="Intervalle vide"):
        Interval(5, 4)


@pytest.mark.parametrize(
    "arguments",
    [
        {"state": "ouvert"},
        {"state": "open", "opens_on": TODAY, "closes_on": YESTERDAY},
    ],
)
def test_a_wrong_window_is_refused(arguments):
    with pytest.raises(ValueError, match=r"inconnu|ferme avant"):
        Window(**arguments)
