"""The geometry of an indicator’s chart. Pure: no Django; numbers become SVG text here.

Coordinates are written with a point and one decimal, as SVG wants whatever the locale.
"""

import datetime
from dataclasses import dataclass
from decimal import Decimal

from actions.indicators import Goal, way

WIDTH, HEIGHT = 360, 170
LEFT, RIGHT, TOP, BOTTOM = 52, 300, 26, 142


@dataclass(frozen=True)
class Mark:
    """A place in the drawing, in its units, and what is written there."""

    x: str
    y: str
    label: Decimal | int | None = None


@dataclass(frozen=True)
class Chart:
    years: list[Mark]
    levels: list[Mark]
    points: list[Mark]
    line: str
    path: str
    steps: list[Mark]  # the targets by year, on the way
    target: Mark | None


def draw(goal: Goal, values: list[tuple[datetime.date, Decimal]]) -> Chart | None:
    """A chart of the dated values (one a day, oldest first), with the path to the target if known.

    None when there is nothing to draw: not one value and no path.
    """
    path = way(goal)
    if not values and len(path) < 2:
        return None
    place = scale(values + path)
    points = [place(on, value) for on, value in values]
    has_path = len(path) >= 2
    given = {datetime.date(year, 12, 31) for year, _ in goal.steps}
    ends = {goal.baseline_on, goal.target_on}
    return Chart(
        years=years(values + path, place),
        levels=levels(values + path, place),
        points=points,
        line=" ".join(f"{point.x},{point.y}" for point in points),
        path="M" + "L".join(f"{m.x} {m.y}" for m in (place(*p) for p in path)) if has_path else "",
        steps=[place(on, value) for on, value in path if on in given - ends],
        target=place(*path[-1]) if path and path[-1] == (goal.target_on, goal.target) else None,
    )


def span(dated):
    """First and last day and lowest and highest value; never empty, and zero is always in it."""
    days = [on for on, _ in dated]
    amounts = [value for _, value in dated] + [Decimal(0)]
    first = datetime.date(min(days).year, 1, 1)
    last = datetime.date(max(days).year, 12, 31)
    low, high = min(amounts), max(amounts)
    return first, last, low, high if high > low else low + 1


def scale(dated):
    first, last, low, high = span(dated)
    length = (last - first).days

    def place(on, value):
        x = LEFT + (RIGHT - LEFT) * (on - first).days / length
        y = BOTTOM - (BOTTOM - TOP) * float((value - low) / (high - low))
        return Mark(f"{x:.1f}", f"{y:.1f}", value)

    return place


def years(dated, place):
    """The start of each year, at most five of them, so that labels never touch."""
    first, last, _, _ = span(dated)
    count = last.year - first.year + 1
    step = -(-count // 5)
    shown = range(first.year, last.year + 1, step)
    return [Mark(place(datetime.date(y, 1, 1), Decimal(0)).x, str(BOTTOM), y) for y in shown]


def levels(dated, place):
    first, _, low, high = span(dated)
    return [place(first, value) for value in (low, (low + high) / 2, high)]
