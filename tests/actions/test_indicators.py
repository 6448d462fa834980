import datetime
from decimal import Decimal

import pytest

from actions.charts import draw
from actions.indicators import (
    DOWN,
    UP,
    Goal,
    by_year,
    expected,
    percent,
    progress,
    reached,
    standing,
    way,
)

START, END = datetime.date(2024, 1, 1), datetime.date(2028, 1, 1)
HALF = datetime.date(2026, 1, 1)


def goal(baseline=0, target=40, direction=UP, baseline_on=START, target_on=END, steps=()):
    decimals = [None if value is None else Decimal(value) for value in (baseline, target)]
    steps = tuple((year, Decimal(value)) for year, value in steps)
    return Goal(*decimals, direction, baseline_on, target_on, steps)


@pytest.mark.parametrize(
    ("baseline", "target", "value", "share"),
    [
        (0, 40, 14, "0.35"),
        (0, 40, 50, "1.25"),
        (0, 40, -4, "-0.1"),
        (900, 600, 750, "0.5"),
        (10, 10, 10, None),
        (None, 40, 14, None),
        (0, None, 14, None),
        (0, 40, None, None),
    ],
)
def test_progress_is_the_share_of_the_way(baseline, target, value, share):
    value = None if value is None else Decimal(value)
    found = progress(goal(baseline, target), value)
    assert found == (None if share is None else Decimal(share))


@pytest.mark.parametrize(
    ("on", "value"),
    [(START, 0), (END, 40), (datetime.date(2020, 1, 1), 0), (datetime.date(2030, 1, 1), 40)],
)
def test_path_is_straight_and_stays_at_its_ends(on, value):
    assert expected(goal(), on) == value


def test_path_is_half_way_at_half_time():
    assert round(expected(goal(), HALF), 1) == 20


@pytest.mark.parametrize(
    "missing", [{"baseline": None}, {"target": None}, {"baseline_on": None}, {"target_on": None}]
)
def test_path_needs_both_ends(missing):
    assert expected(goal(**missing), HALF) is None


def test_path_that_ends_before_it_starts_is_no_path():
    assert expected(goal(baseline_on=END, target_on=START), HALF) is None


@pytest.mark.parametrize(
    ("direction", "target", "value", "met"),
    [
        (UP, 40, 40, True),
        (UP, 40, 39, False),
        (DOWN, 600, 600, True),
        (DOWN, 600, 601, False),
        (UP, None, 40, None),
        (UP, 40, None, None),
    ],
)
def test_target_is_met_in_the_direction_that_counts(direction, target, value, met):
    value = None if value is None else Decimal(value)
    assert reached(goal(target=target, direction=direction), value) is met


@pytest.mark.parametrize(
    ("fields", "value", "word"),
    [
        ({}, 40, "reached"),
        ({}, 25, "on_path"),
        ({}, 10, "off_path"),
        ({"baseline": 900, "target": 600, "direction": DOWN}, 700, "on_path"),
        ({"baseline": 900, "target": 600, "direction": DOWN}, 800, "off_path"),
        ({"target_on": None}, 10, "unknown"),
        ({"target": None}, 10, "unknown"),
        ({}, None, "unknown"),
    ],
)
def test_standing_compares_the_last_value_with_the_path(fields, value, word):
    value = None if value is None else Decimal(value)
    assert standing(goal(**fields), value, HALF) == word


@pytest.mark.parametrize(
    ("share", "shown"), [("0.996", 99), ("1", 100), ("-0.1", -10), (None, None)]
)
def test_percent_is_never_rounded_up(share, shown):
    assert percent(None if share is None else Decimal(share)) == shown


def test_chart_puts_values_between_the_axis_and_the_top():
    chart = draw(goal(), [(START, Decimal(4)), (HALF, Decimal(40))])
    assert [(mark.x, mark.y) for mark in chart.points][0] == ("52.0", "130.4")
    assert chart.points[1].y == "26.0"
    assert chart.path.startswith("M52.0 142.0L")
    assert chart.target.label == 40
    assert [mark.label for mark in chart.levels] == [0, 20, 40]


def test_chart_shows_at_most_five_years():
    chart = draw(goal(baseline_on=datetime.date(2010, 1, 1)), [])
    assert len(chart.years) <= 5


def test_nothing_to_draw_without_a_value_or_a_path():
    assert draw(goal(target=None), []) is None


def test_one_value_alone_is_drawn():
    chart = draw(goal(baseline=None, target=None), [(HALF, Decimal(0))])
    assert chart.line == "52.0,142.0"
    assert chart.path == ""
    assert chart.target is None


def test_path_goes_through_the_targets_by_year():
    bent = goal(steps=[(2026, 10), (2025, 4)])
    assert [int(value) for _, value in way(bent)] == [0, 4, 10, 40]
    assert expected(bent, datetime.date(2025, 12, 31)) == 4
    assert round(expected(bent, datetime.date(2026, 7, 1)), 1) == 7
    assert standing(bent, Decimal(9), datetime.date(2026, 12, 31)) == "off_path"
    assert standing(goal(), Decimal(9), datetime.date(2026, 12, 31)) == "off_path"
    assert standing(bent, Decimal(10), datetime.date(2026, 12, 31)) == "on_path"


@pytest.mark.parametrize("year", [2023, 2028, 2030])
def test_a_year_outside_the_path_bends_nothing(year):
    assert way(goal(steps=[(year, 1)])) == way(goal())


def test_two_targets_by_year_are_a_path_of_their_own():
    free = goal(None, None, baseline_on=None, target_on=None, steps=[(2025, 4), (2026, 10)])
    assert expected(free, datetime.date(2025, 12, 31)) == 4
    assert expected(free, START) is None
    assert reached(free, Decimal(50)) is None


def test_table_tells_each_year_with_what_was_expected_and_seen():
    rows = by_year(
        goal(steps=[(2025, 4)]), [(HALF, Decimal(3)), (HALF.replace(month=6), Decimal(12))]
    )
    assert [(row.year, row.is_set, row.value) for row in rows] == [
        (2024, False, None),
        (2025, True, None),
        (2026, False, 12),
        (2027, False, None),
        (2028, True, None),
    ]
    assert (rows[1].expected, rows[-1].expected) == (4, 40)
    assert rows[2].standing == "on_path"
    assert rows[1].standing == "unknown"


def test_table_of_a_century_tells_only_the_years_that_hold_something():
    rows = by_year(goal(baseline_on=datetime.date(1926, 1, 1)), [(HALF, Decimal(3))])
    assert [row.year for row in rows] == [1926, 2026, 2028]


def test_chart_marks_the_targets_by_year():
    chart = draw(goal(steps=[(2025, 4), (2026, 10)]), [])
    assert [mark.label for mark in chart.steps] == [4, 10]
    assert chart.path.count("L") == 3
