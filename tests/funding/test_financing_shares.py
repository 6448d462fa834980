"""Who brings how much, and what excludes what, by tables. Each row says its text."""

import datetime as dt
from decimal import Decimal as D

import pytest

from funding.financing import plan as p
from tests.funding.money import (
    AUTHORITY,
    BREACH,
    COMPANY,
    CONFORM,
    NO_AID,
    REGIONAL,
    TO_CHECK,
    answer,
    cost,
    plan,
    program,
    source,
)


@pytest.mark.parametrize(
    ("own", "grants", "expected"),
    [
        # CGCT L1111-10 III: 20 % of public financing. 178 000 of 890 000 is 20 %.
        # From 20 to 30 % it depends on L1111-9: a field with a lead authority asks for 30 %.
        ((178_000,), (712_000,), TO_CHECK),
        ((299_999,), (700_000,), TO_CHECK),
        ((300_000,), (700_000,), CONFORM),
        ((177_999,), (712_001,), BREACH),
        # Private money is out of the sum: 15 % of the cost may be 20 % of public financing.
        ((150_000,), (600_000,), TO_CHECK),
        ((None,), (600_000,), TO_CHECK),
        ((260_000, None), (600_000,), CONFORM),
        ((150_000,), (600_000, None), TO_CHECK),
        ((100_000,), (600_000, None), BREACH),
    ],
)
def test_local_authority_brings_a_fifth_of_public_financing(own, grants, expected):
    sources = [source(i, p.OWN, amount) for i, amount in enumerate(own)]
    sources += [source(9 + i, amount=amount, scheme=NO_AID) for i, amount in enumerate(grants)]
    sources.append(source(99, p.PRIVATE, 250_000))
    found = plan(*sources, holder=AUTHORITY)
    assert answer(found, "local_authority").status is expected


def test_a_loan_of_the_authority_is_its_own_money():
    found = plan(source(1, p.BANK_LOAN, 300_000), source(2, amount=700_000), holder=AUTHORITY)
    assert answer(found, "local_authority").status is CONFORM


@pytest.mark.parametrize(
    ("leader", "other", "holder", "own", "expected"),
    [
        # PSN 77.05, Occitanie: 1 € of other public money brings 4 € of LEADER; floor 10 000 €.
        (40_000, 10_000, COMPANY, 0, CONFORM),
        (40_001, 10_000, COMPANY, 0, BREACH),
        (9_999, 10_000, COMPANY, 0, BREACH),
        (40_000, None, COMPANY, 0, TO_CHECK),
        # A firm’s own money is no public money; an authority’s is.
        (40_000, 0, COMPANY, 100_000, BREACH),
        (40_000, 0, AUTHORITY, 10_000, CONFORM),
    ],
)
def test_leader_and_other_public_money(leader, other, holder, own, expected):
    found = plan(
        source(1, amount=leader, funder="ue_leader"),
        source(2, amount=other),
        source(3, p.OWN, own),
        holder=holder,
    )
    assert answer(found, "leader").status is expected


def test_leader_after_2027_is_to_check():
    found = plan(
        source(1, amount=40_000, funder="ue_leader"), source(2), granted_on=dt.date(2028, 2, 1)
    )
    assert answer(found, "leader").status is TO_CHECK


def test_afr_own_contribution_is_a_rule_to_read():
    """Règl. 651/2014 art. 14: 25 % free of public aid, known but not read."""
    found = plan(source(1, amount=900_000, scheme=REGIONAL), source(2, p.OWN, 100_000))
    contribution = answer(found, "own_contribution")
    assert contribution.status is TO_CHECK
    assert "10\u00a0%" in contribution.text


@pytest.mark.parametrize(
    ("bank", "expected"), [(500_000, CONFORM), (499_999, BREACH), (None, TO_CHECK)]
)
def test_pret_vert_asks_for_as_much_from_a_bank(bank, expected):
    found = plan(
        source(1, p.PUBLIC_LOAN, 500_000, program=program("P49")), source(2, p.BANK_LOAN, bank)
    )
    assert answer(found, "match").status is expected


@pytest.mark.parametrize(
    ("equity", "expected"), [(500_000, CONFORM), (499_999, BREACH), (None, TO_CHECK)]
)
def test_a_loan_within_the_equity(equity, expected):
    holder = p.Holder(size="small", equity=None if equity is None else D(equity))
    found = plan(source(1, p.PUBLIC_LOAN, 500_000, program=program("P53")), holder=holder)
    assert answer(found, "equity").status is expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({1}, {2}, CONFORM),
        ({1}, {1, 2}, BREACH),  # règl. 2021/1060, art. 63
        (set(), {1}, TO_CHECK),  # nobody said which costs
    ],
)
def test_one_european_fund_on_a_cost(first, second, expected):
    found = plan(
        source(1, funder="ue_feder", costs=frozenset(first)),
        source(2, funder="ue_feader", costs=frozenset(second)),
        costs=(cost(1), cost(2)),
    )
    assert answer(found, "eu_funds").status is expected


@pytest.mark.parametrize("sides", [({"P2"}, set()), (set(), {"P1"})])
def test_programs_that_exclude_each_other(sides):
    one, other = (
        program(code, incompatible_with=frozenset(excluded))
        for code, excluded in zip(("P1", "P2"), sides, strict=True)
    )
    found = plan(source(1, program=one, state="granted"), source(2, program=other))
    clash = answer(found, "exclusions")
    assert clash.status is BREACH
    assert clash.source == "Source 2"


def test_european_programs_exclude_each_other_on_a_cost_only():
    one, other = (program(code, incompatible_with=frozenset({"P1", "P2"})) for code in ("P1", "P2"))
    found = plan(
        source(1, program=one, funder="ue_feder"), source(2, program=other, funder="ue_leader")
    )
    assert answer(found, "exclusions").status is CONFORM
