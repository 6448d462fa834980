import datetime as dt
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funding.eligibility import Fact, Rules, Verdict, Window
from funding.ranking import (
    RULE_VERSION,
    aid_sentence,
    days_left,
    expected_aid,
    rank,
)

TODAY = dt.date(2026, 11, 22)
NBSP = "\u00a0"
COSTS = {"kind": "eligible_costs", "key": "costs", "min": 1000}
TURNOVER = {"kind": "turnover", "key": "turnover", "max": 10_000_000}
AUDIT = {"kind": "prior_study", "key": "audit", "study": "energy_audit", "max_years": 4}


def assess(*rows, window=None, today=TODAY, **values):
    facts = {key: Fact(value) for key, value in values.items()}
    return Rules.parse(rows, window or Window("open")).assess(facts, today)


def in_days(count):
    return TODAY + dt.timedelta(count)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"rate_min": D(30), "rate_max": D(50)}, ("300000", "500000")),
        ({"rate_min": D(40)}, None),  # « au moins 40 % » does not say how much
        ({"rate_min": D(40), "ceiling": D(600_000)}, ("400000", "600000")),
        ({"rate_min": D(40), "ceiling": D(5_000_000)}, ("400000", "1000000")),
        ({"rate_min": D(40), "ceiling": D(300_000)}, ("300000", "300000")),
        ({"rate_max": D(80)}, (None, "800000")),  # « jusqu’à 80 % » does not say from how much
        ({"rate_max": D(80), "floor": D(900_000)}, ("0", "0")),
        ({"rate_min": D(30), "rate_max": D(50), "ceiling": D(350_000)}, ("300000", "350000")),
        ({"rate_min": D(30), "rate_max": D(50), "ceiling": D(200_000)}, ("200000", "200000")),
        ({"rate_min": D(30), "rate_max": D(50), "floor": D(300_000)}, ("300000", "500000")),
        ({"rate_min": D(30), "rate_max": D(50), "floor": D(300_001)}, ("0", "500000")),
        ({"rate_min": D(30), "rate_max": D(50), "floor": D(600_000)}, ("0", "0")),
        (dict.fromkeys(("rate_min", "rate_max"), D("33.333333")), ("333333.33", "333333.33")),
        ({}, None),
        ({"ceiling": D(10_000)}, None),
        ({"floor": D(10_000)}, None),
        ({"floor": D(4000), "ceiling": D(4000)}, ("4000", "4000")),
        ({"floor": D(50_000), "ceiling": D(5_000_000)}, ("50000", "1000000")),
        ({"floor": D(2_000_000), "ceiling": D(5_000_000)}, ("0", "0")),
    ],
)
def test_expected_aid_on_a_million(arguments, expected):
    aid = expected_aid(D(1_000_000), **arguments)
    assert aid == (expected and tuple(bound and D(bound) for bound in expected))


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({"small"}, ("500", "500")),
        ({"medium"}, ("250", "400")),
        ({"small", "medium"}, ("250", "500")),
        ({"small", "medium", "large"}, ("250", "500")),
        (None, ("250", "500")),
        ({"micro"}, ("500", "500")),
        ({"mid_cap"}, ("100", "100")),
        ({"large"}, ("100", "100")),
    ],
)
def test_expected_aid_by_size_falls_back_on_the_general_rate(sizes, expected):
    rates = {"small": D(50), "medium": (D(25), D(40))}
    aid = expected_aid(D(1000), D(10), D(10), rates_by_size=rates, sizes=sizes)
    assert aid == tuple(map(D, expected))


def test_a_mid_cap_takes_the_rate_of_large_firms():
    rates = {"small": D(50), "medium": D(40), "large": D(30)}
    sizes = {"medium", "mid_cap", "large"}
    assert expected_aid(D(1000), rates_by_size=rates, sizes=sizes) == (D(300), D(400))


def test_expected_aid_is_unknown_without_costs_or_without_a_rate_for_the_size():
    assert expected_aid(None, rate_min=D(40)) is None
    assert expected_aid(D(0), rate_min=D(40)) is None
    assert expected_aid(D(1000), rates_by_size={"small": D(50)}, sizes={"large"}) is None
    assert expected_aid(None, floor=D(4000), ceiling=D(4000)) == (D(4000), D(4000))


EUROS = st.decimals(1, 10_000_000, places=2)
RATES = st.none() | st.decimals(0, 100, places=1)


@given(
    costs=EUROS,
    rates=st.tuples(RATES, RATES),
    limits=st.tuples(st.none() | EUROS, st.none() | EUROS),
)
def test_expected_aid_stays_in_order_under_the_costs_and_the_ceiling(costs, rates, limits):
    rate_min, rate_max = sorted(rates) if None not in rates else rates
    floor, ceiling = sorted(limits) if None not in limits else limits
    aid = expected_aid(costs, rate_min, rate_max, floor=floor, ceiling=ceiling)
    if aid is not None:
        low, high = aid
        assert 0 <= (low or 0) <= high
        assert low is not None or rate_min is None
        if ceiling is not None:
            assert high <= ceiling
        if rate_min is not None or rate_max is not None:
            assert high <= costs


@pytest.mark.parametrize(
    ("aid", "sentence"),
    [
        (None, "à confirmer"),
        ((D("260000.00"), D("312000.00")), "260 000 à 312 000 €"),
        ((D(0), D(80_000)), "jusqu’à 80 000 €"),
        ((None, D(80_000)), "jusqu’à 80 000 €"),
        ((D(4000), D(4000)), "4 000 €"),
        ((D(0), D(0)), "0 €"),
        ((D("10.50"), D(20)), "10,50 à 20 €"),
    ],
)
def test_aid_as_a_sentence(aid, sentence):
    assert aid_sentence(aid).replace(NBSP, " ") == sentence


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (Window("open"), None),
        (Window("open", closes_on=TODAY), 0),
        (Window("open", closes_on=in_days(-1)), None),
        (Window("open", closes_on=in_days(39), deadlines=(in_days(-3), in_days(12))), 12),
        (Window("open", closes_on=in_days(6), deadlines=(in_days(-3),)), 6),
        (Window("open", deadlines=(in_days(-3),)), None),
        (Window("closed", closes_on=in_days(6)), None),
        (Window("suspended", deadlines=(in_days(6),)), None),
    ],
)
def test_days_left_to_the_next_deadline(window, expected):
    assert days_left(window, TODAY) == expected


def parts(ranked):
    return {
        reason.part: (reason.points, reason.sentence.replace(NBSP, " "))
        for reason in ranked.reasons
    }


def test_a_rank_shows_each_part_of_its_score():
    window = Window("open", closes_on=in_days(39))
    ranked = rank(
        assess(COSTS, window=window, eligible_costs=D(520_000)),
        aid=(D(260_000), D(312_000)),
        eligible_costs=D(520_000),
        shared_themes={"deca", "eau"},
    )
    assert parts(ranked) == {
        "verdict": (40, "Éligible : 2 critères remplis, aucun à confirmer, aucun non rempli"),
        "cover": (14, "Couvre 50 à 60 % du coût"),
        "themes": (20, "Thèmes communs : décarbonation et eau"),
        "time": (15, "Ouvert, clôture le 31/12/2026 (J-39)"),
    }
    assert ranked.score == sum(points for points, _ in parts(ranked).values()) == 89
    assert ranked.days_left == 39
    assert ranked.version == RULE_VERSION


def test_what_is_unknown_costs_points_and_says_so():
    ranked = rank(assess(COSTS, TURNOVER, AUDIT))
    assert parts(ranked) == {
        "verdict": (20, "À confirmer : 1 critère rempli, 3 à confirmer, aucun non rempli"),
        "unknown": (-4, "3 critères à confirmer"),
        "cover": (0, "Aide à confirmer"),
        "themes": (0, "Aucun thème commun"),
        "time": (8, "Ouvert, sans date de clôture"),
    }


@pytest.mark.parametrize(
    ("window", "points"),
    [
        (Window("open", closes_on=in_days(14)), 4),
        (Window("open", closes_on=in_days(15)), 15),
        (Window("open", closes_on=in_days(45)), 15),
        (Window("open", closes_on=in_days(46)), 12),
        (Window("open", closes_on=in_days(120)), 12),
        (Window("open", closes_on=in_days(121)), 9),
        (Window("open"), 8),
        (Window("upcoming", opens_on=in_days(1)), 5),
        (Window("upcoming", opens_on=TODAY), 8),
        (Window("upcoming"), 5),
        (Window("to_check", closes_on=in_days(20)), 0),
        (Window("open", deadlines=(in_days(-1),)), 0),
        (Window("closed"), 0),
    ],
)
def test_time_left_counts_most_when_near_yet_feasible(window, points):
    assert rank(assess(window=window)).points["time"] == points


@pytest.mark.parametrize(
    ("aid", "costs", "is_repayable", "points", "sentence"),
    [
        ((D(50), D(50)), D(100), False, 13, "Couvre 50 % du coût"),
        ((D(0), D(80)), D(100), False, 10, "Couvre jusqu’à 80 % du coût"),
        ((None, D(80)), D(100), False, 10, "Couvre jusqu’à 80 % du coût"),
        ((None, D(80)), D(100), True, 5, "Couvre jusqu’à 80 % du coût, à rembourser"),
        ((D(200), D(200)), D(100), False, 25, "Couvre 100 % du coût"),
        ((D(100), D(100)), D(100), True, 13, "Couvre 100 % du coût, à rembourser"),
        ((D(0), D(0)), D(100), False, 0, "Aide inférieure au minimum versé"),
        ((D(4000), D(4000)), None, False, 0, "Aide : 4 000 €, part du coût inconnue"),
    ],
)
def test_the_share_of_the_cost_counts_and_half_when_it_is_paid_back(
    aid, costs, is_repayable, points, sentence
):
    ranked = rank(assess(), aid=aid, eligible_costs=costs, is_repayable=is_repayable)
    assert parts(ranked)["cover"] == (points, sentence)


def test_more_than_two_shared_themes_count_as_two():
    assert rank(assess(), shared_themes={"deca"}).points["themes"] == 10
    assert rank(assess(), shared_themes={"deca", "eau", "inv"}).points["themes"] == 20


def test_not_eligible_come_last_and_the_closest_first():
    costs = {"eligible_costs": D(1)}
    two_unmet = rank(assess(COSTS, {**COSTS, "key": "again"}, **costs), shared_themes={"eau"})
    one_unmet = rank(assess(COSTS, **costs))
    to_confirm = rank(assess(COSTS))
    eligible = rank(assess(COSTS, eligible_costs=D(2000)))
    ranked = [two_unmet, one_unmet, to_confirm, eligible]
    assert sorted(ranked, key=lambda one: one.sort_key) == [
        eligible,
        to_confirm,
        one_unmet,
        two_unmet,
    ]
    assert two_unmet.assessment.verdict is Verdict.NOT_ELIGIBLE
