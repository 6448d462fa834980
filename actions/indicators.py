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


def progress(goal: Goal, value: Decimal | None) -> Decimal | None:
    """Share of the way from the baseline to the target: 0.5 at half way, over 1 past the target.

    Negative when the value went the wrong way. None when a term is missing, or when the baseline
    is the target: there is no way to go.
    """
    if None in (goal.baseline, goal.target, value) or goal.baseline == goal.target:
        return None
    return (value - goal.baseline) / (goal.target - goal.baseline)


def expected(goal: Goal, on: date) -> Decimal | None:
    """The value on the straight path from baseline to target on that day; None without a path.

    Before the path it is the baseline, after it the target.
    """
    if None in (goal.baseline, goal.target, goal.baseline_on, goal.target_on):
        return None
    if goal.target_on <= goal.baseline_on:
        return None
    length = (goal.target_on - goal.baseline_on).days
    done = min(max((on - goal.baseline_on).days, 0), length)
    return goal.baseline + (goal.target - goal.baseline) * done / length


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
