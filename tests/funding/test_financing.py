"""Legal cases of a financing plan, by tables. Each row says the text it stands on."""

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funding.financing import legal
from funding.financing import plan as p
from funding.financing.checks import check
from tests.funding.money import (
    AUTHORITY,
    BREACH,
    CIRCULAR,
    COMPANY,
    CONFORM,
    EXPIRED,
    IN_FORCE,
    NO_AID,
    NOT_CONCERNED,
    REGIONAL,
    SMALL_AID,
    SME,
    TO_CHECK,
    TODAY,
    answer,
    cost,
    plan,
    program,
    source,
)


@pytest.mark.parametrize(
    ("started", "filed", "expected"),
    [
        # Règl. 651/2014 art. 6: the application comes first, strictly.
        (dt.date(2027, 3, 1), dt.date(2027, 2, 15), CONFORM),
        (dt.date(2027, 3, 1), dt.date(2027, 3, 1), BREACH),
        (dt.date(2027, 3, 1), dt.date(2027, 3, 2), BREACH),
        # Signed already, and nothing is filed.
        (dt.date(2026, 11, 20), None, BREACH),
        (dt.date(2027, 3, 1), None, TO_CHECK),
        (None, dt.date(2027, 2, 15), TO_CHECK),
    ],
)
def test_incentive_effect(started, filed, expected):
    found = plan(source(scheme=CIRCULAR, filed_on=filed), first_commitment_on=started)
    assert answer(found, "incentive_effect").status is expected


def test_a_file_already_requested_was_filed_some_day():
    found = plan(
        source(scheme=CIRCULAR, state="requested"), first_commitment_on=dt.date(2026, 11, 20)
    )
    assert answer(found, "incentive_effect").status is TO_CHECK


@pytest.mark.parametrize(
    ("started", "expected"), [(dt.date(2026, 11, 20), BREACH), (dt.date(2027, 1, 10), TO_CHECK)]
)
def test_a_planned_day_that_has_passed_filed_nothing(started, expected):
    late = source(scheme=CIRCULAR, state="to_file", filed_on=dt.date(2026, 11, 2))
    found = answer(plan(late, first_commitment_on=started), "incentive_effect")
    assert found.status is expected
    assert ("pas encore déposée" in found.text) is (expected is BREACH)
    done = plan(replace(late, state="requested"), first_commitment_on=started)
    assert answer(done, "incentive_effect").status is CONFORM


@pytest.mark.parametrize(
    ("said", "sure", "granted_on", "expected"),
    [
        # A program that says so, read at its source, holds beyond the regulation.
        (True, True, EXPIRED, BREACH),
        (True, False, EXPIRED, TO_CHECK),
        # FIPU, tax credits: the program says it does not ask for it.
        (False, True, IN_FORCE, NOT_CONCERNED),
    ],
)
def test_incentive_effect_of_a_program(said, sure, granted_on, expected):
    aid = program(incentive_effect=said, is_sure=sure)
    found = plan(
        source(scheme=CIRCULAR, program=aid, filed_on=dt.date(2027, 3, 2)),
        first_commitment_on=dt.date(2027, 3, 1),
        granted_on=granted_on,
    )
    assert answer(found, "incentive_effect").status is expected


def aid(amount, day, siren="000000019"):
    return p.GrantedAid(siren, None if amount is None else D(amount), day)


@pytest.mark.parametrize(
    ("past", "asked", "expected"),
    [
        # Règl. 2023/2831 art. 3: 300 000 € over three years rolling to the day.
        ((), 300_000, CONFORM),
        ((), 300_001, BREACH),
        ((aid(250_000, dt.date(2024, 12, 18)),), 50_000, CONFORM),
        ((aid(250_000, dt.date(2024, 12, 18)),), 50_001, BREACH),
        # Three years before 17/12/2026 to the day: it has just left the window.
        ((aid(250_000, dt.date(2023, 12, 17)),), 300_000, CONFORM),
        ((aid(None, dt.date(2025, 1, 1)),), 10_000, TO_CHECK),
        ((aid(None, dt.date(2025, 1, 1)), aid(250_000, dt.date(2025, 1, 2))), 50_000, TO_CHECK),
        # What is known is too much already.
        ((aid(None, dt.date(2025, 1, 1)), aid(250_000, dt.date(2025, 1, 2))), 50_001, BREACH),
        # Nobody has looked: only what the plan itself asks can be too much.
        (None, 10_000, TO_CHECK),
        (None, 300_001, BREACH),
        ((), None, TO_CHECK),
    ],
)
def test_de_minimis(past, asked, expected):
    found = plan(source(amount=asked, scheme=SMALL_AID), holder=p.Holder(size="small", aids=past))
    assert answer(found, "de_minimis").status is expected


def test_de_minimis_says_when_room_reopens():
    past = (aid(260_000, dt.date(2025, 3, 14)),)
    found = plan(source(amount=50_000, scheme=SMALL_AID), holder=p.Holder(aids=past))
    assert "14/03/2028" in answer(found, "de_minimis").text


def test_an_aid_of_the_plan_already_in_the_ledger_counts_once():
    past = (aid(200_000, dt.date(2026, 5, 1)),)
    granted = source(
        amount=200_000, scheme=SMALL_AID, state="granted", granted_on=dt.date(2026, 5, 1)
    )
    assert answer(plan(granted, holder=p.Holder(aids=past)), "de_minimis").status is CONFORM


@pytest.mark.parametrize(
    ("fields", "months", "expected"),
    [
        # Décret 2018-514 art. 12: 30 %, or 60 % guaranteed; 80 % with interim, 90 % past 48 months.
        ({"advance_rate": D(30)}, None, CONFORM),
        ({"advance_rate": D(31)}, None, BREACH),
        ({"advance_rate": D(60), "advance_is_guaranteed": True}, None, CONFORM),
        ({"advance_rate": D(30), "interim_rate": D(50)}, None, CONFORM),
        ({"advance_rate": D(30), "interim_rate": D(60)}, 48, BREACH),
        ({"advance_rate": D(30), "interim_rate": D(60)}, 49, CONFORM),
    ],
)
def test_advance_and_interim_payments_of_the_state(fields, months, expected):
    found = plan(source(funder="etat", **fields), months=months)
    assert answer(found, "payment").status is expected


def test_a_program_has_its_own_advance():
    """DECARB FLASH: 15 % (cahier des charges 2025-2027)."""
    found = plan(
        source(funder="etat", program=program("P14"), advance_rate=D(30)), granted_on=EXPIRED
    )
    advance = answer(found, "payment")
    assert advance.status is BREACH
    assert "15\u00a0%" in advance.text


def test_the_advance_of_another_funder_is_to_check():
    found = plan(source(funder="region_occitanie", advance_rate=D(30)))
    assert answer(found, "payment").status is TO_CHECK


amounts = st.one_of(st.none(), st.integers(0, 2_000_000))
lines = st.builds(
    source,
    key=st.integers(1, 9),
    kind=st.sampled_from([p.OWN, p.BANK_LOAN, p.PUBLIC_LOAN, p.GRANT, p.ADVANCE, p.GUARANTEE]),
    amount=amounts,
    equivalent=st.one_of(st.none(), st.integers(0, 100_000).map(D)),
    scheme=st.sampled_from([None, CIRCULAR, SME, SMALL_AID, NO_AID, REGIONAL]),
    funder=st.sampled_from(["", "etat", "ue_leader", "ue_feder", "region_occitanie"]),
    costs=st.sets(st.integers(1, 3)).map(frozenset),
    granted_on=st.one_of(st.none(), st.dates(dt.date(2020, 1, 1), dt.date(2032, 1, 1))),
)
plans = st.builds(
    plan,
    lines,
    lines,
    lines,
    costs=st.tuples(st.builds(cost, st.just(1), amounts), st.builds(cost, st.just(2), amounts)),
    granted_on=st.one_of(st.none(), st.just(IN_FORCE), st.just(EXPIRED)),
    holder=st.sampled_from([COMPANY, AUTHORITY, p.Holder()]),
)


@given(plans)
def test_every_plan_is_argued_without_a_fault(found):
    checks = check(found, TODAY)
    assert len({(one.code, one.title) for one in checks if one.code == "de_minimis"}) == 1
    assert all(one.text and one.reference for one in checks)


@given(plans)
def test_without_a_day_of_grant_nothing_dated_conforms(found):
    dateless = p.Plan(
        costs=found.costs,
        sources=tuple(
            p.Source(
                s.key, s.label, s.kind, s.amount, s.equivalent, s.scheme, costs=s.costs,
                funder=s.funder,
            )
            for s in found.sources
        ),
        holder=found.holder,
    )  # fmt: skip
    dated = ("ceiling", "cumul", "de_minimis", "local_authority", "leader", "equity")
    for one in check(dateless, TODAY):
        assert not (one.code.startswith(dated) and one.status is CONFORM), one


def test_every_row_of_the_legal_table_is_whole():
    for rule, rows in legal.limits().items():
        for row in rows:
            assert row.reference, rule
            assert row.confidence in {"V", "V2", "K", "TBV"}, rule
            assert row.value >= 0, rule
        for before, after in zip(rows, rows[1:], strict=False):
            assert before.ends_on is not None, rule
            assert before.ends_on < after.starts_on, rule


def test_the_schemes_name_ceilings_that_exist():
    path = legal.FILE.parent / "schemes.json"
    for row in json.loads(path.read_text(encoding="utf-8")):
        if row["ceiling"]:
            rules = {f"intensity.{row['ceiling']}.{size}" for size in ("small", "medium")}
            assert rules <= set(legal.limits()), row["code"]
