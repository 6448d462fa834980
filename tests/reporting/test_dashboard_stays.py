"""Passages in the stages, cohorts, months, classes of a map: rules without a database."""

import datetime as dt

import pytest

from reporting.dashboards import months, outline
from reporting.dashboards.chart import Cell, Head, full, short
from reporting.dashboards.stays import (
    Move,
    first_stay,
    kept,
    stage_on,
    stays,
    went_further,
)


def day(number):
    return dt.date(2026, 1, number)


A_TO_B, B_TO_A = Move(day(5), "a", "b"), Move(day(5), "b", "a")
B_TO_C = Move(day(9), "b", "c")


@pytest.mark.parametrize(
    ("moves", "left"),
    [
        ([], []),
        ([A_TO_B], [A_TO_B]),
        ([A_TO_B, B_TO_A], []),
        ([A_TO_B, B_TO_A, A_TO_B], [A_TO_B]),
        ([A_TO_B, Move(day(6), "b", "a")], [A_TO_B, Move(day(6), "b", "a")]),
        ([A_TO_B, B_TO_C, Move(day(9), "c", "b")], [A_TO_B]),
        ([A_TO_B, B_TO_C, Move(day(9), "c", "b"), B_TO_A], []),
    ],
)
def test_move_taken_back_on_its_day_never_happened(moves, left):
    assert kept(moves) == left


def test_passages_run_from_the_opening_to_today():
    found = stays(day(1), "c", day(9), [A_TO_B, B_TO_C])
    assert [(one.stage, one.days(day(20)), one.towards) for one in found] == [
        ("a", 4, "b"),
        ("b", 4, "c"),
        ("c", 11, ""),
    ]


def test_project_that_never_moved_is_still_where_it_opened():
    (only,) = stays(day(1), "a", day(3), [])
    assert (only.stage, only.left_on, only.days(day(4))) == ("a", None, 1)


def test_passage_noted_before_the_opening_lasts_no_day():
    first, _ = stays(day(8), "b", day(5), [A_TO_B])
    assert first.days() == 0


@pytest.mark.parametrize(
    ("on", "stage"), [(day(1), "a"), (day(4), "a"), (day(5), "b"), (day(8), "b"), (day(30), "c")]
)
def test_stage_of_a_past_day_follows_the_moves(on, stage):
    assert stage_on(on, "c", [A_TO_B, B_TO_C]) == stage


def test_stage_without_any_move_is_that_of_today():
    assert stage_on(day(1), "a", []) == "a"


POSITIONS = {"a": 1, "b": 2, "c": 3}


@pytest.mark.parametrize(
    ("path", "stage", "further"),
    [
        ("ab", "a", True),
        ("ac", "a", True),
        ("axa", "a", False),
        ("axb", "a", True),
        ("ba", "b", False),
        ("bab", "b", False),
        ("aba", "a", True),
        ("ax", "a", False),
        ("c", "c", False),
    ],
)
def test_going_further_is_reaching_a_later_stage_of_the_pipeline(path, stage, further):
    moves = [
        Move(day(n + 2), before, after)
        for n, (before, after) in enumerate(zip(path, path[1:], strict=False))
    ]
    found = stays(day(1), path[-1], day(20), moves)
    at, _ = first_stay(found, stage)
    assert went_further(found, at, POSITIONS) is further


def test_months_of_a_period_cross_the_year_and_hold_both_ends():
    found = months.of(dt.date(2025, 11, 30), dt.date(2026, 2, 1))
    assert [months.code(one) for one in found] == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert months.end_of(dt.date(2028, 2, 1)) == dt.date(2028, 2, 29)
    assert months.label(found[1]) == "déc. 2025"
    assert months.back(dt.date(2026, 11, 23), 12) == dt.date(2025, 12, 1)
    assert months.back(dt.date(2026, 1, 31), 1) == dt.date(2026, 1, 1)


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "toto", "2026-1-1", "²026-01"])
def test_month_that_is_none_is_none(text):
    assert months.read(text) is None


@pytest.mark.parametrize(
    ("values", "bounds"),
    [
        ([], []),
        ([0, None], []),
        ([3], [(3, 3)]),
        ([1, 1, 2], [(1, 1), (2, 2)]),
        ([4, 1, 3, 2], [(1, 1), (2, 2), (3, 3), (4, 4)]),
        ([1, 2, 3, 4, 5, 6, 7, 800], [(1, 2), (3, 4), (5, 6), (7, 800)]),
    ],
)
def test_classes_of_a_map_hold_every_value_once(values, bounds):
    found = outline.steps(values)
    assert [(step.low, step.high) for step in found] == bounds
    for value in filter(None, values):
        assert sum(step.holds(value) for step in found) == 1
    assert len({step.css for step in found}) == len(found)


SQUARES = {
    "a": [[[(0.0, 44.0), (1.0, 44.0), (1.0, 45.0), (0.0, 45.0)]]],
    "b": [[[(1.0, 44.0), (2.0, 44.0), (2.0, 45.0), (1.0, 45.0)]]],
}


def test_map_keeps_proportions_and_puts_the_north_up():
    sheet = outline.draw(SQUARES)
    west, east = sheet.areas["a"], sheet.areas["b"]
    assert west.x < east.x
    assert west.y == east.y
    # At 44.5° of latitude a degree of longitude is 0.71 of a degree of latitude.
    assert west.width / west.height == pytest.approx(0.713, abs=0.01)
    north = outline.draw(SQUARES | {"c": [[[(0.0, 46.0), (1.0, 46.0), (1.0, 47.0)]]]})
    assert north.areas["c"].y < north.areas["a"].y


def test_border_between_two_groups_is_drawn_and_within_a_group_is_not():
    apart = outline.draw(SQUARES, {"a": "one", "b": "two"}).borders
    together = outline.draw(SQUARES, {"a": "one", "b": "one"}).borders
    assert apart.count("M") == 7
    assert together.count("M") == 6


def test_map_of_nothing_is_no_map():
    assert outline.draw({}) is None
    assert outline.draw({"a": []}) is None


def test_map_of_one_point_does_not_divide_by_zero():
    assert outline.draw({"a": [[[(1.0, 44.0), (1.0, 44.0), (1.0, 44.0)]]]}).height >= 8


def test_grid_has_a_square_for_each_commune():
    blocks, height = outline.grid([("Lomagne", ["a"] * 40), ("Savès", ["b"])])
    assert [len(block.squares) for block in blocks] == [40, 1]
    places = {(square.x, square.y) for block in blocks for square in block.squares}
    assert len(places) == 41
    assert max(y for _, y in places) < height


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1_260_000, "1,3 M€"),
        (2_000_000, "2 M€"),
        (120_400_000, "120 M€"),
        (45_600, "46 k€"),
        (12, "12 €"),
        (0, "0 €"),
        (None, "–"),
    ],
)
def test_amount_is_short_where_there_is_little_room(value, text):
    assert short(Cell(value), Head("x", "X", "money")).replace("\xa0", " ") == text


def test_unknown_is_said_and_never_zero():
    head = Head("x", "X", "money")
    assert short(Cell(None, unknown=2), head) == "à confirmer"
    assert full(Cell(None, unknown=2), head) == "2 à confirmer"
    assert full(Cell(10, unknown=1), head).replace("\xa0", " ") == "10 € + 1 à confirmer"
