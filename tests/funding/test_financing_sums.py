"""Balance, cash and the de minimis window: arithmetic, without the law."""

import datetime as dt
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funding.financing import deminimis as dm
from funding.financing import plan as p
from funding.financing.cash import cash, months_between
from funding.financing.drawing import bars, curve


def cost(key, amount, **fields):
    return p.Cost(key, f"Dépense {key}", None if amount is None else D(amount), **fields)


def source(key, amount, kind=p.OWN, **fields):
    return p.Source(key, f"Source {key}", kind, None if amount is None else D(amount), **fields)


def plan(costs, sources, **fields):
    return p.Plan(costs=tuple(costs), sources=tuple(sources), **fields)


@pytest.mark.parametrize(
    ("uses", "sources", "gap", "balanced"),
    [
        ([100], [60, 40], 0, True),
        ([100], [60, 30], -10, False),
        ([100], [60, 50], 10, False),
        # One amount is unknown: nobody can say that it balances, nor by how much it does not.
        ([100, None], [100], None, None),
        ([100], [100, None], None, None),
        ([], [], None, None),
        ([100], [], None, None),
    ],
)
def test_balance(uses, sources, gap, balanced):
    found = plan(
        [cost(i, amount) for i, amount in enumerate(uses)],
        [source(i, amount) for i, amount in enumerate(sources)],
    )
    balance = p.balance(found)
    assert balance.gap == gap
    assert balance.is_balanced is balanced


def test_a_guarantee_brings_no_money_and_a_refusal_neither():
    found = plan(
        [cost(1, 100)],
        [
            source(1, 100),
            source(2, 80, p.GUARANTEE),
            source(3, 50, p.GRANT, state=p.REFUSED),
            source(4, None, p.GRANT, state=p.REFUSED),
        ],
    )
    assert p.balance(found).is_balanced is True


def test_leverage_and_aid_per_job():
    found = plan([cost(1, 1_850_000)], [source(1, 466_000, p.GRANT)], jobs=D(7))
    assert p.leverage(found) == D("4.0")
    assert p.aid_per_job(found) == D(66_571)


@pytest.mark.parametrize(
    ("uses", "grant", "jobs"), [(None, 10, 1), (100, None, 1), (100, 0, 1), (100, 10, None)]
)
def test_unknown_or_nothing_gives_no_ratio(uses, grant, jobs):
    jobs = None if jobs is None else D(jobs)
    found = plan([cost(1, uses)], [source(1, grant, p.GRANT)], jobs=jobs)
    assert p.leverage(found) is None or p.aid_per_job(found) is None


@pytest.mark.parametrize(
    ("basis", "rate", "ceiling", "amount"),
    [
        (D(520_000), D(50), None, D(260_000)),
        (D(520_000), D(50), D(200_000), D(200_000)),
        (None, D(50), D(200_000), None),
        (D(520_000), None, None, None),
    ],
)
def test_an_amount_is_rate_times_basis_at_most_the_ceiling(basis, rate, ceiling, amount):
    assert p.computed_amount(basis, rate, ceiling) == amount


def test_cash_falls_until_the_balance_is_paid():
    grant = source(
        2,
        60_000,
        p.GRANT,
        advance_rate=D(30),
        advance_on=dt.date(2027, 1, 15),
        interim_rate=D(50),
        interim_on=dt.date(2027, 3, 20),
        paid_on=dt.date(2027, 6, 30),
    )
    spent = cost(1, 90_000, starts_on=dt.date(2027, 1, 1), ends_on=dt.date(2027, 3, 31))
    found = cash(plan([spent], [source(1, 30_000, paid_on=dt.date(2027, 1, 1)), grant]))
    balances = {month.on: month.balance for month in found.months}
    assert balances == {
        dt.date(2027, 1, 1): D(18_000),
        dt.date(2027, 2, 1): D(-12_000),
        dt.date(2027, 3, 1): D(-12_000),
        dt.date(2027, 4, 1): D(-12_000),
        dt.date(2027, 5, 1): D(-12_000),
        dt.date(2027, 6, 1): D(0),
    }
    assert found.lowest.on == dt.date(2027, 2, 1)
    assert found.gap == D(12_000)


def test_a_year_alone_is_spread_over_its_months():
    found = cash(plan([cost(1, 120_000, year=2027)], []))
    assert [month.spent for month in found.months] == [D(10_000)] * 12


@pytest.mark.parametrize(
    ("costs", "sources"),
    [
        ([cost(1, None, year=2027)], []),
        ([cost(1, 100)], []),
        ([cost(1, 100, year=2027)], [source(1, 100)]),
        ([cost(1, 100, year=2027)], [source(1, None, paid_on=dt.date(2027, 1, 1))]),
        (
            [cost(1, 100, year=2027)],
            [source(1, 100, advance_rate=D(30), paid_on=dt.date(2027, 1, 1))],
        ),
    ],
)
def test_what_has_no_date_or_amount_is_listed_and_the_gap_stays_unknown(costs, sources):
    found = cash(plan(costs, sources))
    assert len(found.unplaced_costs) + len(found.unplaced_sources) == 1
    assert found.gap is None


def test_a_slip_of_the_keyboard_draws_no_endless_page():
    far = cost(1, 100, starts_on=dt.date(2027, 1, 1), ends_on=dt.date(9999, 12, 31))
    found = cash(plan([far], []))
    assert found.is_too_long
    assert len(found.months) == 180


money = st.one_of(st.none(), st.integers(0, 10**9))
days = st.one_of(st.none(), st.dates(dt.date(2025, 1, 1), dt.date(2032, 1, 1)))


@given(
    st.lists(st.builds(cost, st.integers(1, 5), money, starts_on=days), max_size=4),
    st.lists(st.builds(source, st.integers(1, 5), money, paid_on=days), max_size=4),
)
def test_cash_ends_at_what_was_placed(costs, sources):
    found = cash(plan(costs, sources))
    placed = p.known(c.amount for c in costs if c.starts_on) if costs else D(0)
    brought = p.known(s.amount for s in sources if s.paid_on)
    if found.months:
        assert found.months[-1].balance == brought - placed
        drawn = curve(found)
        assert len(drawn.line.split()) == len(found.months)
        assert drawn.levels
    bars(plan(costs, sources))


def aid(amount, *day):
    return dm.GrantedAid("000000019", None if amount is None else D(amount), dt.date(*day))


@pytest.mark.parametrize(
    ("granted_on", "day", "counts"),
    [
        # Règl. 2023/2831: three years rolling to the day of the new grant.
        (dt.date(2021, 1, 30), dt.date(2024, 1, 30), False),
        (dt.date(2021, 1, 31), dt.date(2024, 1, 30), True),
        (dt.date(2024, 1, 30), dt.date(2024, 1, 30), True),
        (dt.date(2024, 1, 31), dt.date(2024, 1, 30), False),
        (dt.date(2024, 2, 29), dt.date(2027, 2, 28), True),
        (dt.date(2024, 2, 29), dt.date(2027, 3, 1), False),
        (dt.date(2025, 2, 28), dt.date(2028, 2, 29), False),
    ],
)
def test_the_window_slides_to_the_day(granted_on, day, counts):
    assert bool(dm.counted([dm.GrantedAid("1", D(1), granted_on)], day)) is counts


def test_room_and_the_day_it_reopens():
    aids = [aid(87_600, 2024, 3, 14), aid(200_000, 2025, 5, 1)]
    day = dt.date(2026, 11, 22)
    assert dm.room(aids, day) == D(12_400)
    assert dm.reopens_on(aids, day, wanted=D(12_400)) == day
    assert dm.reopens_on(aids, day, wanted=D(50_000)) == dt.date(2027, 3, 14)
    assert dm.reopens_on(aids, day, wanted=D(300_001)) is None
    assert dm.next_release(aids, day) == (dt.date(2027, 3, 14), D(87_600))


@pytest.mark.parametrize(
    ("aids", "day"),
    [
        ([aid(None, 2025, 1, 1)], dt.date(2026, 11, 22)),
        ([], dt.date(2031, 1, 1)),  # the regulation ends on 31/12/2030
    ],
)
def test_room_stays_unknown(aids, day):
    assert dm.room(aids, day) is None
    assert dm.reopens_on(aids, day) is None


dated = st.dates(dt.date(2024, 1, 1), dt.date(2028, 12, 31))
aids = st.lists(
    st.builds(dm.GrantedAid, st.just("1"), st.integers(0, 300_000).map(D), dated), max_size=6
)


@given(aids, dated, st.integers(1, 300_000))
def test_room_reopens_on_the_first_day_that_fits(received, day, wanted):
    limit = D(300_000)
    reopens = dm.reopens_on(received, day, limit, wanted=D(wanted))
    already = [one for one in received if one.granted_on <= day]
    assert dm.room(already, reopens, limit) >= wanted
    if reopens > day:
        assert dm.room(already, reopens - dt.timedelta(days=1), limit) < wanted


def test_months_follow_each_other_over_years():
    months = months_between(dt.date(2026, 11, 30), dt.date(2027, 2, 1))
    assert [month.month for month in months] == [11, 12, 1, 2]


@given(
    st.decimals(0, 10**9, places=2),
    st.decimals(0, 100, places=2),
)
def test_an_amount_without_vat_comes_back_to_the_cent(amount, rate):
    assert p.without_vat(p.with_vat(amount, rate), rate) == amount


def test_vat_is_unknown_with_its_rate():
    assert p.with_vat(D("100"), None) is None
    assert p.without_vat(None, D("20")) is None
    assert p.with_vat(D("0.25"), D("10")) == D("0.28")  # halves go up


def test_a_colour_whose_amounts_are_not_all_known_has_no_share():
    costs = (p.Cost(1, "Four", D("100")),)
    own, grant = (
        p.Source(1, "Fonds propres", p.OWN, D("40")),
        p.Source(2, "Région", p.GRANT, D("30")),
    )
    shares = {part.label: part.share for part in bars(p.Plan(costs, (own, grant))).key}
    assert shares == {"éligible": None, "fonds propres": 40, "aides encore à décider": 30}
    other = p.Source(3, "État", p.GRANT, None)
    shares = {part.label: part.share for part in bars(p.Plan(costs, (own, grant, other))).key}
    assert shares["aides encore à décider"] is None
    assert shares["fonds propres"] == 40
