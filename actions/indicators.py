"""How far an indicator is from its target. Pure: no Django; every unknown is None, never 0.

Values, baselines and targets are Decimals in the indicator’s own unit; dates are datetime.date.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

UP, DOWN = "up", "down"


@dataclass(frozen=True)
class Goal:
    """Where an indicator starts from and where it must be, by when."""

    baseline: Decimal | None
    target: Decimal | None
    direction: str = UP
    baseline_on: date | None = None
    target_on: date | None = None
    steps: tuple[tuple[int, Decimal], ...] = ()  # (year, where to be at its end)


@dataclass(frozen=True)
class Year:
    """A line of the table beside the chart."""

    year: int
    expected: Decimal | None  # at the end of the year, or at the target’s own date
    is_set: bool  # a target was given for that year, where the others lie on the line between
    value: Decimal | None  # the last one observed in the year
    observed_on: date | None
    standing: str


LONGEST = 15  # years told one by one


def way(goal: Goal) -> list[tuple[date, Decimal]]:
    """The points of the path, oldest first: baseline, targets by year, target; those known.

    A year’s target before the baseline or after the target is not on the way. Nothing when the
    target precedes the baseline.
    """
    start = [(goal.baseline_on, goal.baseline)]
    end = [(goal.target_on, goal.target)]
    start, end = ([point for point in points if None not in point] for points in (start, end))
    if start and end and end[0][0] <= start[0][0]:
        return []
    steps = [(date(year, 12, 31), value) for year, value in sorted(goal.steps)]
    between = [
        (on, value)
        for on, value in steps
        if (not start or on > start[0][0]) and (not end or on < end[0][0])
    ]
    return start + between + end


def progress(goal: Goal, value: Decimal | None) -> Decimal | None:
    """Share of the way from the baseline to the target: 0.5 at half way, over 1 past the target.

    Negative when the value went the wrong way. None when a term is missing, or when the baseline
    is the target: there is no way to go.
    """
    if None in (goal.baseline, goal.target, value) or goal.baseline == goal.target:
        return None
    return (value - goal.baseline) / (goal.target - goal.baseline)


def expected(goal: Goal, on: date) -> Decimal | None:
    """The value on the path on that day, straight between two of its points; None without a path.

    Before the path it is the baseline, after it the target; before a first target alone, unknown.
    """
    points = way(goal)
    if len(points) < 2:
        return None
    (first_on, first), (last_on, last) = points[0], points[-1]
    if on <= first_on:
        return first if on == first_on or first_on == goal.baseline_on else None
    if on >= last_on:
        return last
    after = next(n for n, (day, _) in enumerate(points) if day >= on)
    (from_on, start), (to_on, end) = points[after - 1], points[after]
    return start + (end - start) * (on - from_on).days / (to_on - from_on).days


def reached(goal: Goal, value: Decimal | None) -> bool | None:
    """Whether the target is met, in the direction that counts; None when either is unknown."""
    if goal.target is None or value is None:
        return None
    return value <= goal.target if goal.direction == DOWN else value >= goal.target


def standing(goal: Goal, value: Decimal | None, on: date | None) -> str:
    """« reached », « on_path », « off_path » or « unknown », for a value observed on that day."""
    if reached(goal, value):
        return "reached"
    path = expected(goal, on) if on and value is not None else None
    if path is None:
        return "unknown"
    ahead = value <= path if goal.direction == DOWN else value >= path
    return "on_path" if ahead else "off_path"


def percent(share: Decimal | None) -> int | None:
    """Whole percent, rounded down so that 99.6 % is never shown as reached; None stays None."""
    return None if share is None else int(share * 100 // 1)


def by_year(goal: Goal, values: list[tuple[date, Decimal]]) -> list[Year]:
    """Each year of the path and of the values (one a day, oldest first): where to be, where it is.

    Beyond fifteen years, only those that hold a target or a value.
    """
    points, seen = way(goal), {}
    for on, value in values:
        seen[on.year] = (on, value)
    told = {on.year for on, _ in points} | set(seen)
    if not told:
        return []
    whole = range(min(told), max(told) + 1)
    return [
        year_of(goal, points, year, *seen.get(year, (None, None)))
        for year in (whole if len(whole) <= LONGEST else sorted(told))
    ]


def legible(value: Decimal | None) -> Decimal | None:
    """A value between two targets, as precise as one reads it."""
    if value is None:
        return None
    return round(value, 2 if abs(value) < 10 else 1 if abs(value) < 1000 else 0)


def year_of(goal, points, year, observed_on, value):
    given = {on: value for on, value in points if on.year == year and on != goal.baseline_on}
    end = max(given, default=date(year, 12, 31))
    within = points and points[0][0] <= end and year <= points[-1][0].year
    return Year(
        year=year,
        expected=given.get(end, legible(expected(goal, end)) if within else None),
        is_set=bool(given),
        value=value,
        observed_on=observed_on,
        standing=standing(goal, value, observed_on),
    )
