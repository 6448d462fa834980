"""Ceilings of aid, by tables: one source, then those on the same costs."""

from decimal import Decimal as D

import pytest

from funding.financing import plan as p
from funding.financing.checks import check
from funding.financing.verdicts import Doubt
from tests.funding.money import (
    BREACH,
    CIRCULAR,
    CONFORM,
    EXPIRED,
    IN_FORCE,
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
    ("size", "amount", "granted_on", "expected"),
    [
        # RGEC (règl. 651/2014) art. 47: 40 % for a large firm, 50 % for a medium one, 60 % small.
        ("large", 400_000, IN_FORCE, CONFORM),
        ("large", 400_001, IN_FORCE, BREACH),
        ("medium", 500_000, IN_FORCE, CONFORM),
        ("medium", 510_000, IN_FORCE, BREACH),
        ("small", 600_000, IN_FORCE, CONFORM),
        ("micro", 600_000, IN_FORCE, CONFORM),
        ("mid_cap", 450_000, IN_FORCE, BREACH),
        # The size is unknown: sure only where every size agrees.
        (None, 400_000, IN_FORCE, CONFORM),
        (None, 500_000, IN_FORCE, TO_CHECK),
        (None, 610_000, IN_FORCE, BREACH),
        # RGEC ends on 31/12/2026: a later grant answers « à vérifier » either way.
        ("medium", 100_000, EXPIRED, TO_CHECK),
        ("medium", 900_000, EXPIRED, TO_CHECK),
        # Nobody said when it would be granted.
        ("medium", 100_000, None, TO_CHECK),
        ("medium", None, IN_FORCE, TO_CHECK),
    ],
)
def test_ceiling_by_regime_and_size(size, amount, granted_on, expected):
    found = plan(
        source(amount=amount, scheme=CIRCULAR), granted_on=granted_on, holder=p.Holder(size=size)
    )
    assert answer(found, "ceiling").status is expected


@pytest.mark.parametrize(("amount", "size"), [(100_000, "medium"), (500_000, "large")])
def test_a_rule_nobody_read_never_settles(amount, size):
    """Art. 17 (10 % medium, closed to large firms) is background knowledge, marked K."""
    found = plan(source(amount=amount, scheme=SME), holder=p.Holder(size=size))
    assert answer(found, "ceiling").status is TO_CHECK


@pytest.mark.parametrize(
    ("line", "size", "granted_on", "doubt"),
    [
        ({"amount": 90_000, "scheme": SME}, "medium", IN_FORCE, Doubt.UNREAD),
        # It would be over the ceiling that nobody read: not a matter of reading only.
        ({"amount": 110_000, "scheme": SME}, "medium", IN_FORCE, None),
        ({"amount": 100_000, "scheme": CIRCULAR}, "medium", EXPIRED, Doubt.UNREAD),
        ({"amount": 900_000, "scheme": CIRCULAR}, "medium", EXPIRED, None),
        ({"amount": 100_000, "scheme": CIRCULAR}, "medium", None, Doubt.UNDATED),
        ({"amount": 500_000, "scheme": CIRCULAR}, None, IN_FORCE, None),
        ({"amount": None, "scheme": CIRCULAR}, "medium", None, None),
        ({"amount": 100_000, "scheme": None}, "medium", IN_FORCE, None),
    ],
)
def test_a_doubt_tells_what_only_waits_for_a_reading_or_a_day(line, size, granted_on, doubt):
    found = plan(source(**line), granted_on=granted_on, holder=p.Holder(size=size))
    one = answer(found, "ceiling")
    assert (one.status, one.doubt) == (TO_CHECK, doubt)


def test_what_is_settled_bears_no_doubt():
    for amount in (100_000, 900_000):
        found = plan(source(amount=amount, scheme=CIRCULAR), holder=p.Holder(size="medium"))
        assert answer(found, "ceiling").doubt is None


def test_an_expired_text_is_told_with_its_last_day():
    found = answer(plan(source(scheme=CIRCULAR), granted_on=EXPIRED), "ceiling")
    assert "31/12/2026" in found.text


def test_no_regime_no_certainty():
    assert answer(plan(source(scheme=None)), "ceiling").status is TO_CHECK


def test_the_tightest_ceiling_is_named():
    aid = program(rate_max=D(60), aid_max=D(200_000), reference="Fiche P35b, 12/06/2026")
    found = answer(plan(source(amount=300_000, scheme=CIRCULAR, program=aid)), "ceiling")
    assert found.status is BREACH
    assert "montant maximum de Aide P1" in found.text
    assert "100\u00a0000\u00a0€" in found.text  # how much too much
    assert "P35b" in found.reference
    assert found.source == "Source 1"


def test_a_program_not_verified_breaks_nothing_for_sure():
    aid = program(aid_max=D(200_000), is_sure=False)
    found = answer(plan(source(amount=300_000, scheme=CIRCULAR, program=aid)), "ceiling")
    assert found.status is TO_CHECK


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        # 300 000 + 200 000 = 50 % of a million: the ceiling of a medium firm, art. 47.
        ({"amount": 200_000, "scheme": CIRCULAR}, CONFORM),
        ({"amount": 200_001, "scheme": CIRCULAR}, BREACH),
        # De minimis has no intensity but adds up (règl. 2023/2831, art. 5).
        ({"amount": 250_000, "scheme": SMALL_AID}, BREACH),
        # A loan counts for its gross grant equivalent, not for its face value.
        ({"kind": p.PUBLIC_LOAN, "amount": 900_000, "equivalent": D(50_000),
          "scheme": CIRCULAR}, CONFORM),
        ({"kind": p.PUBLIC_LOAN, "amount": 900_000, "equivalent": None,
          "scheme": CIRCULAR}, TO_CHECK),
        ({"kind": p.GUARANTEE, "amount": 900_000, "equivalent": D(210_000),
          "scheme": CIRCULAR}, BREACH),
        ({"amount": 10_000, "scheme": None}, TO_CHECK),
        # Whatever the regimes, aids do not pass the cost itself.
        ({"amount": 710_000, "scheme": None}, BREACH),
    ],
)  # fmt: skip
def test_aids_on_the_same_costs(second, expected):
    found = plan(source(amount=300_000, scheme=CIRCULAR), source(2, **second))
    assert answer(found, "cumul").status is expected


def test_a_refused_source_counts_for_nothing():
    found = plan(
        source(amount=300_000, scheme=CIRCULAR),
        source(2, amount=900_000, scheme=CIRCULAR, state=p.REFUSED),
    )
    assert [one for one in check(found, TODAY) if one.code.startswith("cumul")] == []


def test_aids_on_separate_costs_do_not_add_up():
    costs = (cost(1, 500_000), cost(2, 500_000))
    found = plan(
        source(amount=250_000, scheme=CIRCULAR, costs=frozenset({1})),
        source(2, amount=250_000, scheme=CIRCULAR, costs=frozenset({2})),
        costs=costs,
    )
    assert not any(one.code.startswith("cumul") for one in check(found, TODAY))


def test_an_overlap_is_judged_on_the_costs_it_covers():
    """Both fit the whole, but not the one machine they share."""
    costs = (cost(1, 400_000), cost(2, 600_000))
    found = plan(
        source(1, amount=150_000, scheme=CIRCULAR, costs=frozenset({1}), state="granted"),
        source(2, amount=100_000, scheme=CIRCULAR, costs=frozenset({1})),
        source(3, amount=100_000, scheme=CIRCULAR, costs=frozenset({2})),
        costs=costs,
    )
    over = answer(found, "cumul")
    assert over.status is BREACH
    assert over.source == "Source 2"  # the one already granted came first
    assert over.code == "cumul-1"


def test_a_small_group_over_its_ceiling_is_told_although_the_whole_is_not():
    costs = (cost(1, 100_000), cost(2, 900_000))
    found = plan(
        source(1, amount=40_000, scheme=CIRCULAR, costs=frozenset({1}), state="granted"),
        source(2, amount=20_000, scheme=CIRCULAR, costs=frozenset({1})),
        source(3, amount=200_000, scheme=CIRCULAR, costs=frozenset({1, 2})),
        costs=costs,
    )
    statuses = {one.code: one.status for one in check(found, TODAY) if "cumul" in one.code}
    assert statuses == {"cumul-1": BREACH, "cumul-1-2": CONFORM}


def test_many_overlaps_stay_a_short_list():
    costs = tuple(cost(key, 100_000) for key in range(12))
    aids = [
        source(key, amount=1_000, scheme=CIRCULAR, costs=frozenset({key, (key + 1) % 12}))
        for key in range(12)
    ]
    found = [one for one in check(plan(*aids, costs=costs), TODAY) if "cumul" in one.code]
    assert [one.status for one in found] == [CONFORM]


def test_only_the_eligible_part_of_a_cost_counts():
    costs = (cost(1, 500_000, eligible="part", eligible_amount=D(200_000)),)
    found = plan(source(amount=110_000, scheme=CIRCULAR), costs=costs)
    assert answer(found, "ceiling").status is BREACH
