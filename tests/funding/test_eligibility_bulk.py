"""What is judged by tables is what the page judges one by one."""

import datetime as dt
from decimal import Decimal as D

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funding.eligibility import Answer, Fact, Interval, Rules, Verdict
from funding.eligibility.bulk import Amounts, Column, Judged, Table
from funding.eligibility.classes import EACH, Beginnings, Codes, Members, Spans, Steps
from tests.funding.criteria import (
    BEFORE,
    COSTS,
    NOT_STARTED,
    PERMANENT,
    STAGE,
    TODAY,
    TURNOVER,
    YESTERDAY,
    facts_of,
)
from tests.funding.strategies import OPEN, WINDOWS, known_facts, programs


def rules(*rows, scope=""):
    keyed = [{"key": f"c{number}", **row} for number, row in enumerate(rows)]
    return Rules.parse(keyed, PERMANENT, scope=scope)


def judged(projects, *catalogue):
    return Judged(catalogue, Table.of(projects), TODAY)


@settings(max_examples=300)
@given(
    projects=st.lists(known_facts(), max_size=6),
    catalogue=st.lists(programs(windows=OPEN) | programs(windows=WINDOWS), min_size=1, max_size=6),
)
def test_bulk_gives_each_pair_the_verdict_and_the_answers_of_the_page(projects, catalogue):
    bulk = judged(projects, *catalogue)
    counts = {verdict: [0] * len(catalogue) for verdict in Verdict}
    for row, facts in enumerate(projects):
        for column, one in enumerate(catalogue):
            page = one.assess(facts, TODAY)
            assert bulk.answers(row, column) == page.answers
            assert bulk.verdict(row, column) is page.verdict
            counts[page.verdict][column] += 1
            reason = bulk.reason(row, column)
            if page.verdict is Verdict.ELIGIBLE or len(one.criteria) == 1:
                assert reason is None or page.answers[0] is not Answer.MET
            else:
                assert reason is one.criteria[page.answers.index(min(page.answers))]
    assert bulk.counts().tolist() == [counts[verdict] for verdict in Verdict]


def test_two_criteria_that_differ_by_their_name_only_are_judged_once():
    catalogue = [rules({**COSTS, "key": f"k{n}", "label": f"Au moins {n}"}) for n in range(50)]
    bulk = judged([facts_of(eligible_costs=D(500_000)), {}], *catalogue)
    assert len(bulk.units) == 2  # the costs, and the dates that read nothing
    assert {bulk.verdict(0, n) for n in range(50)} == {Verdict.ELIGIBLE}
    assert {bulk.verdict(1, n) for n in range(50)} == {Verdict.TO_CONFIRM}


def test_a_commitment_is_compared_with_the_filing_of_that_program_only():
    known = {"first_commitment_on": YESTERDAY, "filings": {"P01": BEFORE}}
    rows = [rules(NOT_STARTED, scope=scope) for scope in ("P01", "P02")]
    bulk = judged([facts_of(**known)], *rows)
    assert [bulk.verdict(0, n) for n in (0, 1)] == [Verdict.ELIGIBLE, Verdict.NOT_ELIGIBLE]


def test_a_program_of_a_hundred_criteria_still_tells_which_one_refuses():
    many = [{**TURNOVER, "key": f"t{n}"} for n in range(99)]
    one = rules(*many, STAGE)
    bulk = judged([facts_of(turnover=D(200), stage="realise")], one)
    assert bulk.verdict(0, 0) is Verdict.NOT_ELIGIBLE
    assert bulk.reason(0, 0).kind == "stage"


def test_more_combinations_than_one_table_holds_are_cut_in_groups(monkeypatch):
    monkeypatch.setattr("funding.eligibility.bulk.JOINED", 2)
    projects = [
        facts_of(eligible_costs=D(n), turnover=D(60_000_000 * (n % 2)), stage="qualifie")
        for n in (1, 400_000, 4_000_000)
    ]
    one = rules(COSTS, TURNOVER, STAGE)
    bulk = judged(projects, one)
    assert [bulk.verdict(n, 0) for n in range(3)] == [
        one.assess(facts, TODAY).verdict for facts in projects
    ]


def test_nothing_to_judge_is_not_an_error():
    assert judged([], rules(COSTS)).counts().tolist() == [[0], [0], [0]]
    assert judged([{}]).cells.shape == (1, 0)


@given(
    numbers=st.lists(st.none() | st.decimals(-100, 100, places=2), max_size=30),
    marks=st.sets(st.decimals(-100, 100, places=3), max_size=5),
)
def test_amounts_are_classed_as_their_decimals_are(numbers, marks):
    one = Column.of(numbers).classed(Steps(marks))
    two = Amounts.of([number and float(number) for number in numbers]).classed(Steps(marks))
    for row, number in enumerate(numbers):
        kept = {one.facts[one.codes[row]], two.facts[two.codes[row]]}
        if number is None:
            assert kept == {None}
        else:
            ways = {Steps(marks).class_of(fact.value) for fact in kept}
            assert ways == {Steps(marks).class_of(number)}


@pytest.mark.parametrize(
    ("way", "alike", "apart"),
    [
        (Steps({D(10)}), (D(11), D("10.01")), (D(9), D(10))),
        (Spans({9}), (Interval(20, 30), Interval(21, 48)), (Interval(9, 9), Interval(9, 10))),
        (Spans({9}), (Interval(30, None), Interval(31, None)), (Interval(9, 9), Interval(9, None))),
        (Codes({"32", "82"}), ("47", "31"), ("32", "82")),
        (Codes({"32"}), ({"32", "47"}, {"32", "82"}), ({"32", "47"}, {"47", "82"})),
        (Codes({"32", "47"}), ("82", "31"), ({"32", "47"}, {"32", "47", "82"})),
        (Members({"eau"}), ({"eau", "inv"}, {"eau"}), (set(), {"inv"})),
        (Beginnings({"10", "103"}), ("10.39A", "10.32Z"), ("10.39A", "10.13A")),
        (Beginnings({"103"}), ("11", "46.31Z"), ("10", "11")),
        (EACH, ("a", "a"), ("a", "b")),
    ],
)  # fmt: skip
def test_values_that_no_rule_tells_apart_are_one_class(way, alike, apart):
    alike, apart = (
        [frozenset(value) if isinstance(value, set) else value for value in values]
        for values in (alike, apart)
    )
    assert way.class_of(alike[0]) == way.class_of(alike[1])
    assert way.class_of(apart[0]) != way.class_of(apart[1])


def test_ways_that_do_not_mix_keep_every_value_apart():
    assert Steps({1}).merge([Codes({"a"})]) is EACH
    assert Steps({1}).merge([Steps({dt.date(2026, 1, 1)})]) is EACH
    assert Steps({1}).merge([Steps({2})]).points == [1, 2]


def test_what_is_replaced_is_known_otherwise_of_these_projects_only():
    column = Column.of(["a", "b", "a"]).replaced({2: Fact("c")})
    assert [column.facts[code].value for code in column.codes] == ["a", "b", "c"]
    amounts = Amounts.of([1.5, None]).replaced({1: Fact(D(3))})
    assert [amounts.facts[code].value for code in amounts.codes] == [D("1.50"), D(3)]
