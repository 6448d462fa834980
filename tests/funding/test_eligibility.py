import datetime as dt
import subprocess
import sys
from decimal import Decimal as D
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funding.eligibility import (
    GROUPS,
    Answers,
    Fact,
    Interval,
    Rules,
    Verdict,
    Window,
    possible_sizes,
    wording,
)
from tests.funding.criteria import (
    AFR,
    AGE,
    ASSOCIATION,
    AUDIT,
    BALANCE,
    BANDS,
    BEFORE,
    BOOL,
    COMPANY,
    COSTS,
    CREATED,
    DIAGNOSIS,
    EQUITY,
    FEW_JOBS,
    HEADCOUNT,
    IN_TI,
    INDUSTRY,
    JOBS,
    KIND_ROWS,
    LARGER,
    LOCAL_AFR,
    MET,
    NAF_2025,
    NBSP,
    NO_QUOTA,
    NO_SCI,
    NOT_MET,
    NOT_SO,
    NOT_STARTED,
    NUMBER,
    OCCITANIE,
    OWNER,
    PERMANENT,
    QUOTA,
    SITE,
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
    answer_of,
    facts_of,
    result_of,
)
from tests.funding.strategies import known_facts, programs


@pytest.mark.parametrize("row", KIND_ROWS, ids=lambda row: row["kind"])
def test_without_any_fact_each_kind_is_unknown_and_asks(row):
    result = result_of(row)
    assert result.answer is UNKNOWN
    assert result.question.sentence.endswith(f"{NBSP}?") or "question" in row
    assert result.rule
    assert result.found
    assert result.source == ""


TRUTH_TABLE = [
    (COMPANY, {"beneficiary": "company"}, MET),
    (COMPANY, {"beneficiary": "epci"}, MET),
    (COMPANY, {"beneficiary": "association"}, NOT_MET),
    (NO_SCI, {"legal_form": "5710"}, MET),
    (NO_SCI, {"legal_form": "6540"}, NOT_MET),
    (NO_SCI, {"legal_form": "65"}, UNKNOWN),
    (ASSOCIATION, {"legal_form": "9220"}, MET),
    (ASSOCIATION, {"legal_form": "9210"}, NOT_MET),
    (ASSOCIATION, {"legal_form": "5710"}, NOT_MET),
    (ASSOCIATION, {"legal_form": "92"}, UNKNOWN),
    (ASSOCIATION, {"legal_form": "9"}, UNKNOWN),
    (SME, {"eu_size": "small"}, MET),
    (SME, {"eu_size": "large"}, NOT_MET),
    (SME, {"eu_size": "small", "headcount": Interval.exactly(300)}, MET),
    (SME, {"headcount": Interval.exactly(42)}, UNKNOWN),
    (SME, {"headcount": BANDS["31"]}, UNKNOWN),
    (SME, {"headcount": BANDS["32"]}, UNKNOWN),
    (SME, {"headcount": BANDS["53"]}, NOT_MET),
    (SME, {"insee_category": "GE"}, UNKNOWN),
    (SME, {"turnover": D(50_000_001)}, UNKNOWN),
    (SME, {"turnover": D(50_000_001), "balance_sheet": D(43_000_000)}, UNKNOWN),
    (SME, {"turnover": D(50_000_001), "balance_sheet": D(43_000_001)}, UNKNOWN),
    (SME, {"turnover": D(1_500_000_001), "balance_sheet": D(2_000_000_001)}, NOT_MET),
    (LARGER, {"headcount": BANDS["32"]}, UNKNOWN),
    (LARGER, {"headcount": BANDS["53"]}, MET),
    (LARGER, {"eu_size": "small"}, NOT_MET),
    (LARGER, {"headcount": Interval.exactly(249)}, UNKNOWN),
    (HEADCOUNT, {"headcount": Interval.exactly(20)}, MET),
    (HEADCOUNT, {"headcount": Interval.exactly(250)}, MET),
    (HEADCOUNT, {"headcount": Interval.exactly(19)}, NOT_MET),
    (HEADCOUNT, {"headcount": Interval.exactly(251)}, NOT_MET),
    (HEADCOUNT, {"site_headcount": Interval.exactly(42)}, UNKNOWN),
    (SITE, {"site_headcount": Interval.exactly(42)}, MET),
    (SITE, {"site_headcount": Interval.exactly(19)}, NOT_MET),
    (SITE, {"headcount": Interval.exactly(42)}, UNKNOWN),
    (TURNOVER, {"turnover": D(100)}, MET),
    (TURNOVER, {"turnover": D("99.99")}, NOT_MET),
    (TURNOVER, {"turnover": D(50_000_000)}, MET),
    (TURNOVER, {"turnover": D("50000000.01")}, NOT_MET),
    (BALANCE, {"balance_sheet": D(0)}, MET),
    (BALANCE, {"balance_sheet": D(43_000_001)}, NOT_MET),
    (EQUITY, {"equity": D("0.5")}, MET),
    (EQUITY, {"equity": D(-10)}, NOT_MET),
    (AGE, {"created_on": dt.date(2025, 11, 22)}, MET),
    (AGE, {"created_on": dt.date(2025, 11, 23)}, NOT_MET),
    (AGE, {"created_on": dt.date(2021, 11, 22)}, MET),
    (AGE, {"created_on": dt.date(2021, 11, 21)}, NOT_MET),
    (INDUSTRY, {"naf_rev2": "10.39A"}, MET),
    (INDUSTRY, {"naf_rev2": "1039A"}, MET),
    (INDUSTRY, {"naf_rev2": "10.13A"}, NOT_MET),
    (INDUSTRY, {"naf_rev2": "46.31Z"}, NOT_MET),
    (INDUSTRY, {"naf_rev2": "10"}, UNKNOWN),
    (INDUSTRY, {"naf_2025": "10.39A"}, UNKNOWN),
    (NAF_2025, {"naf_2025": "20.42Y"}, MET),
    (NAF_2025, {"naf_2025": "99.00Y"}, MET),
    (NAF_2025, {"naf_2025": "20.41Y"}, NOT_MET),
    (NAF_2025, {"naf_rev2": "20.42Z"}, UNKNOWN),
    (OCCITANIE, {"region": "76"}, MET),
    (OCCITANIE, {"departement": "47"}, MET),
    (OCCITANIE, {"region": "75"}, UNKNOWN),
    (OCCITANIE, {"region": "75", "departement": "47"}, MET),
    (OCCITANIE, {"region": "75", "departement": "33"}, NOT_MET),
    (IN_TI, {"in_ti": True}, MET),
    (IN_TI, {"in_ti": False}, NOT_MET),
    (AFR, {"zone__afr": True}, MET),
    (AFR, {"zone__afr": False}, NOT_MET),
    (AFR, {"zone__zfrr": True}, UNKNOWN),
    (LOCAL_AFR, {"commune": "32132", "zone__afr": True}, MET),
    (LOCAL_AFR, {"commune": "32132"}, UNKNOWN),
    (LOCAL_AFR, {"zone__afr": False}, NOT_MET),
    (LOCAL_AFR, {"commune": "32160", "epci": "200042372", "zone__afr": True}, MET),
    (LOCAL_AFR, {"commune": "32160", "epci": "200023620", "zone__afr": True}, NOT_MET),
    (THEMES, {"themes": frozenset({"deca", "inv"})}, MET),
    (THEMES, {"themes": frozenset({"inv"})}, NOT_MET),
    (THEMES, {"themes": frozenset()}, UNKNOWN),
    (STAGE, {"stage": "en_montage"}, MET),
    (STAGE, {"stage": "realise"}, NOT_MET),
    (NOT_STARTED, {"first_commitment_on": TOMORROW}, MET),
    (NOT_STARTED, {"first_commitment_on": TODAY}, UNKNOWN),
    (NOT_STARTED, {"first_commitment_on": TODAY, "filings": {}}, NOT_MET),
    (NOT_STARTED, {"first_commitment_on": YESTERDAY, "filings": {"P02": BEFORE}}, NOT_MET),
    (COSTS, {"eligible_costs": D(400_000)}, MET),
    (COSTS, {"eligible_costs": D("399999.99")}, NOT_MET),
    (COSTS, {"eligible_costs": D(3_000_000)}, MET),
    (COSTS, {"eligible_costs": D("3000000.01")}, NOT_MET),
    (STARTS, {"starts_on": dt.date(2027, 1, 1)}, MET),
    (STARTS, {"starts_on": dt.date(2027, 12, 31)}, MET),
    (STARTS, {"starts_on": dt.date(2026, 12, 31)}, NOT_MET),
    (STARTS, {"starts_on": dt.date(2028, 1, 1)}, NOT_MET),
    (AUDIT, {"study__energy_audit": dt.date(2022, 11, 22)}, MET),
    (AUDIT, {"study__energy_audit": dt.date(2022, 11, 21)}, NOT_MET),
    (AUDIT, {"study__energy_audit": TODAY}, MET),
    (AUDIT, {"study__energy_audit": TOMORROW}, NOT_MET),
    (AUDIT, {"study__energy_audit": False}, NOT_MET),
    (AUDIT, {"study__energy_audit": True}, UNKNOWN),
    (STUDY, {"study__feasibility": dt.date(1990, 1, 1)}, MET),
    (STUDY, {"study__feasibility": True}, MET),
    (STUDY, {"study__feasibility": False}, NOT_MET),
    (BOOL, {"annex_one": True}, MET),
    (BOOL, {"annex_one": False}, NOT_MET),
    (NOT_SO, {"annex_one": False}, MET),
    (NOT_SO, {"annex_one": True}, NOT_MET),
    (NUMBER, {"heat": D(1000)}, MET),
    (NUMBER, {"heat": D("999.9")}, NOT_MET),
    (DIAGNOSIS, {"study__self_diagnosis": dt.date(2024, 11, 22)}, MET),
    (DIAGNOSIS, {"study__self_diagnosis": dt.date(2024, 11, 21)}, NOT_MET),
    (DIAGNOSIS, {"study__self_diagnosis": True}, UNKNOWN),
    (CREATED, {"jobs_created_planned": D(5)}, MET),
    (CREATED, {"jobs_created_planned": D("4.9")}, NOT_MET),
    (CREATED, {"jobs_created_planned": D("20.5")}, MET),
    (CREATED, {"jobs_created_planned": D("20.6")}, NOT_MET),
    (CREATED, {"jobs_maintained_planned": D(10)}, UNKNOWN),
    (JOBS, {"jobs_created_planned": D(4), "jobs_maintained_planned": D(6)}, MET),
    (JOBS, {"jobs_created_planned": D(4), "jobs_maintained_planned": D(5)}, NOT_MET),
    (JOBS, {"jobs_maintained_planned": D(10)}, MET),
    (JOBS, {"jobs_created_planned": D(4)}, UNKNOWN),
    (FEW_JOBS, {"jobs_created_planned": D(10)}, UNKNOWN),
    (FEW_JOBS, {"jobs_created_planned": D(11)}, NOT_MET),
    (FEW_JOBS, {"jobs_created_planned": D(0), "jobs_maintained_planned": D(1)}, MET),
    (OWNER, {"premises_tenure": "leasing"}, MET),
    (OWNER, {"premises_tenure": "tenant"}, NOT_MET),
    (QUOTA, {"ets_site": True}, MET),
    (QUOTA, {"ets_site": False}, NOT_MET),
    (NO_QUOTA, {"ets_site": False}, MET),
    (NO_QUOTA, {"ets_site": True}, NOT_MET),
    (TEXT, {"judgement__tested": True}, MET),
    (TEXT, {"judgement__tested": False}, NOT_MET),
    (TEXT, {"judgement__other": True}, UNKNOWN),
]


@pytest.mark.parametrize(("row", "values", "expected"), TRUTH_TABLE)
def test_each_kind_answers_met_not_met_or_unknown(row, values, expected):
    assert answer_of(row, **values) is expected


def test_the_table_above_gives_every_kind_each_of_its_answers():
    for row in KIND_ROWS:
        answers = {expected for tested, _, expected in TRUTH_TABLE if tested is row}
        assert {MET, NOT_MET} <= answers, row


@pytest.mark.parametrize(
    ("band", "limits", "expected"),
    [
        ("12", {"max": 19}, NOT_MET),
        ("11", {"max": 19}, MET),
        ("31", {"max": 249}, MET),
        ("32", {"max": 249}, NOT_MET),
        ("32", {"max": 499}, MET),
        ("32", {"max": 500}, MET),
        ("41", {"max": 500}, UNKNOWN),
        ("41", {"max": 499}, NOT_MET),
        ("11", {"min": 15}, UNKNOWN),
        ("11", {"min": 10}, MET),
        ("11", {"min": 20}, NOT_MET),
        ("11", {"min": 12, "max": 15}, UNKNOWN),
        ("53", {"max": 4_999}, NOT_MET),
        ("53", {"max": 20_000}, UNKNOWN),
        ("53", {"min": 250}, MET),
        ("00", {"min": 1}, NOT_MET),
        ("01", {"min": 1}, MET),
    ],
)
def test_a_workforce_band_against_a_limit(band, limits, expected):
    assert answer_of({"kind": "headcount", **limits}, headcount=BANDS[band]) is expected


@pytest.mark.parametrize(
    ("values", "excluded"),
    [
        ({}, set()),
        ({"headcount": Interval.exactly(9)}, set()),
        ({"headcount": Interval(9, 12)}, set()),
        ({"headcount": Interval.exactly(10)}, set()),
        ({"headcount": BANDS["21"]}, {"micro"}),
        ({"headcount": Interval.exactly(252)}, {"micro", "small"}),
        ({"headcount": BANDS["53"]}, {"micro", "small", "medium"}),
        ({"turnover": D(60_000_000)}, set()),
        ({"turnover": D(60_000_000), "balance_sheet": D(11_000_000)}, {"micro"}),
        ({"headcount": Interval.exactly(252), "eu_size": "mid_cap"}, {*wording.SME}),
    ],
)
def test_sizes_that_the_facts_exclude(values, excluded):
    """Beyond a limit this year, a firm keeps the size just below until a second year says so."""
    excluded = {*excluded, "large"} if "eu_size" in values else excluded
    assert possible_sizes(facts_of(**values), TODAY) == wording.SIZES.keys() - excluded


def test_born_on_29_february_is_a_year_old_on_the_28th():
    row = {"kind": "age", "min_years": 1}
    created = dt.date(2024, 2, 29)
    assert answer_of(row, dt.date(2025, 2, 27), created_on=created) is NOT_MET
    assert answer_of(row, dt.date(2025, 2, 28), created_on=created) is MET


@pytest.mark.parametrize("confidence", ["K", "TBV"])
@pytest.mark.parametrize("costs", ["100", "500000"])
def test_an_uncertain_rule_gives_no_certain_answer_and_asks_nothing_known(confidence, costs):
    row = {**COSTS, "confidence": confidence}
    result = result_of(row, {"eligible_costs": Fact(D(costs))})
    assert result.answer is UNKNOWN
    assert result.rule_to_check
    assert result.question is None
    assert result_of(row).question.fact == "eligible_costs"


@pytest.mark.parametrize("confidence", ["V", "V2"])
def test_a_verified_rule_answers(confidence):
    result = result_of({**COSTS, "confidence": confidence}, {"eligible_costs": Fact(D(500_000))})
    assert result.answer is MET
    assert not result.rule_to_check


@pytest.mark.parametrize(
    ("window", "expected", "found"),
    [
        (Window("open"), MET, "Ouvert, sans date de clôture"),
        (Window("open", closes_on=TODAY), MET, "Ouvert, clôture le 22/11/2026 (J-0)"),
        (Window("open", closes_on=YESTERDAY), NOT_MET, "Fermé depuis le 21/11/2026"),
        (Window("closed"), NOT_MET, "Dispositif fermé"),
        (Window("closed", closes_on=TOMORROW), NOT_MET, "Dispositif fermé"),
        (Window("suspended"), NOT_MET, "Dispositif suspendu"),
        (Window("to_check"), UNKNOWN, "Ouverture à vérifier auprès du financeur"),
        (Window("to_check", closes_on=YESTERDAY), NOT_MET, "Fermé depuis le 21/11/2026"),
        (Window("upcoming", opens_on=TOMORROW), MET, "Ouvre le 23/11/2026"),
        (Window("open", opens_on=TOMORROW), MET, "Ouvre le 23/11/2026"),
        (Window("upcoming"), MET, "Ouverture annoncée, date inconnue"),
        (
            Window("open", deadlines=(YESTERDAY, TODAY)),
            MET,
            "Ouvert, prochaine relève le 22/11/2026 (J-0)",
        ),
        (
            Window("open", deadlines=(YESTERDAY,)),
            UNKNOWN,
            "Dernière relève connue le 21/11/2026, prochaine relève inconnue",
        ),
        (
            Window("open", deadlines=(YESTERDAY,), closes_on=TOMORROW),
            MET,
            "Ouvert, clôture le 23/11/2026 (J-1)",
        ),
    ],
)
def test_dates_follow_from_the_window(window, expected, found):
    assessment = Rules.parse([], window).assess({}, TODAY)
    (result,) = assessment.results
    assert (result.kind, result.group, result.answer) == ("dates", "calendrier", expected)
    assert result.found == found
    assert result.question is None
    assert result.rule_to_check is (window.state == "to_check" and expected is UNKNOWN)


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ({"eligible_costs": D(500_000), "stage": "qualifie"}, Verdict.ELIGIBLE),
        ({"eligible_costs": D(500_000)}, Verdict.TO_CONFIRM),
        ({"eligible_costs": D(500_000), "stage": "realise"}, Verdict.NOT_ELIGIBLE),
        ({"stage": "realise"}, Verdict.NOT_ELIGIBLE),
        ({}, Verdict.TO_CONFIRM),
    ],
)
def test_the_verdict_is_the_worst_answer(values, verdict):
    rows = [{**COSTS, "key": "costs"}, {**STAGE, "key": "stage"}]
    assert Rules.parse(rows, PERMANENT).assess(facts_of(**values), TODAY).verdict is verdict


def test_a_program_without_criteria_is_to_confirm():
    assessment = Rules.parse([], PERMANENT).assess({}, TODAY)
    assert assessment.verdict is Verdict.TO_CONFIRM
    assert assessment.summary == "Aucun critère au catalogue"
    assert assessment.questions == []


def test_results_come_in_the_fixed_order_of_groups():
    rows = [{**row, "key": f"c{index}"} for index, row in enumerate(KIND_ROWS)]
    groups = [result.group for result in Rules.parse(rows, PERMANENT).assess({}, TODAY).results]
    assert groups == sorted(groups, key=GROUPS.index)
    assert set(groups) == set(GROUPS)


def test_questions_name_each_missing_fact_once():
    rows = [
        {"kind": "headcount", "key": "at_least", "min": 20},
        {"kind": "headcount", "key": "at_most", "max": 250},
        {**COSTS, "key": "costs"},
    ]
    assessment = Rules.parse(rows, PERMANENT).assess({}, TODAY)
    assert [question.fact for question in assessment.questions] == ["headcount", "eligible_costs"]
    assert assessment.summary == (f"1{NBSP}critère rempli, 3{NBSP}à confirmer, aucun non rempli")


def test_eligibility_needs_no_django():
    code = "import sys, funding.eligibility, funding.ranking; sys.exit('django' in sys.modules)"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


@settings(deadline=None, max_examples=400)
@given(rules=programs(), facts=known_facts(), data=st.data())
def test_removing_a_fact_never_yields_a_better_verdict(rules, facts, data):
    before = rules.assess(facts, TODAY)
    gone = data.draw(st.sets(st.sampled_from(sorted(facts)))) if facts else set()
    after = rules.assess({key: facts[key] for key in facts.keys() - gone}, TODAY)
    # Each answer stays or becomes unknown, so that a certain answer is never made of ignorance.
    for old, new in zip(before.answers, after.answers, strict=True):
        assert new in (old, UNKNOWN)
    assert after.verdict in (before.verdict, Verdict.TO_CONFIRM)
    if before.verdict is not Verdict.ELIGIBLE:
        assert after.verdict is not Verdict.ELIGIBLE


@settings(deadline=None, max_examples=200)
@given(rules=programs(), facts=known_facts(), data=st.data())
def test_adding_a_true_fact_only_settles_what_was_unknown(rules, facts, data):
    """From nothing known, fact after fact in any order, no certain answer is ever taken back."""
    known, answers = {}, rules.assess({}, TODAY).answers
    for key in data.draw(st.permutations(sorted(facts))):
        known = {**known, key: facts[key]}
        assessment = rules.assess(known, TODAY)
        for before, after in zip(answers, assessment.answers, strict=True):
            assert before in (after, UNKNOWN)
        answers = assessment.answers
    assert answers == rules.assess(facts, TODAY).answers


@settings(deadline=None)
@given(catalogue=st.lists(programs(), max_size=5), facts=known_facts())
def test_answers_shared_between_programs_are_those_of_each_alone(catalogue, facts):
    shared = Answers(facts, TODAY)
    for rules in catalogue:
        together = rules.assess_by(shared)
        assert together.answers == rules.assess(facts, TODAY).answers


@settings(deadline=None)
@given(rules=programs(), facts=known_facts())
def test_an_unrelated_fact_changes_nothing(rules, facts):
    more = {**facts, "unheard_of": Fact(True), "zone:qpv": Fact(False)}
    assert rules.assess(more, TODAY).answers == rules.assess(facts, TODAY).answers


@settings(deadline=None)
@given(rules=programs(), facts=known_facts())
def test_expired_is_never_eligible_and_every_sentence_can_be_read(rules, facts):
    assessment = rules.assess(facts, TODAY)
    closing = rules.window.closes_on
    if rules.window.state in ("closed", "suspended") or (closing and closing < TODAY):
        assert assessment.verdict is Verdict.NOT_ELIGIBLE
    for result in assessment.results:
        assert result.rule
        assert result.found
        if result.answer is not UNKNOWN:
            assert result.question is None
        elif result.kind != "dates" and not result.rule_to_check:
            assert result.question.fact


@settings(deadline=None)
@given(rules=programs(), facts=known_facts())
def test_an_uncertain_program_is_never_eligible(rules, facts):
    if any(criterion.is_uncertain for criterion in rules.criteria):
        assert rules.assess(facts, TODAY).verdict is not Verdict.ELIGIBLE
