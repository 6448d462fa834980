"""The calendar of a file counted back from its filing day, in working days.

Steps of the same rank go on side by side, those of a higher rank wait for them.
"""

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from funding.appraisal.pieces import DATA

DAY = dt.timedelta(days=1)
YEARS = range(2000, 2101)  # a year outside is a slip, and no calendar counts from it
WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)
# Code du travail, art. L3133-1: those whose date does not move.
FIXED = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
DONE, LATE, NOW, AHEAD = "done", "late", "now", "ahead"


@dataclass(frozen=True, slots=True)
class Step:
    """`days` are working days; `key` is what the caller knows it by."""

    key: object
    label: str
    days: int
    rank: int
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class Dated:
    """A step with the last days on which it may start and end."""

    step: Step
    starts_on: dt.date
    ends_on: dt.date

    def state(self, today: dt.date) -> str:
        """Done, late (its last day is past), « now » (it should be going on) or ahead."""
        if self.step.is_done:
            return DONE
        if self.ends_on < today:
            return LATE
        return NOW if self.starts_on <= today else AHEAD


@cache
def usual_steps(holder: str) -> tuple[Step, ...]:
    """The shipped steps for this kind of holder, in order."""
    rows = json.loads((DATA / "pieces.json").read_text(encoding="utf-8"))["steps"]
    return tuple(
        Step(row["code"], row["label"], row["days"], row["rank"])
        for row in rows
        if holder in row.get("holders", [holder])
    )


def easter(year: int) -> dt.date:
    """Easter Sunday of the Gregorian calendar (Butcher)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return dt.date(year, month, day + 1)


@cache
def holidays(year: int) -> frozenset[dt.date]:
    """The eleven public holidays of a year in metropolitan France, Alsace-Moselle apart."""
    sunday = easter(year)
    moving = (sunday + DAY, sunday + 39 * DAY, sunday + 50 * DAY)
    return frozenset([*(dt.date(year, month, day) for month, day in FIXED), *moving])


def is_working(day: dt.date) -> bool:
    return day.weekday() < 5 and day not in holidays(day.year)


def on_or_before(day: dt.date) -> dt.date:
    """That day if people work, else the last working day before it."""
    while not is_working(day):
        day -= DAY
    return day


def back(day: dt.date, days: int) -> dt.date:
    """`days` working days before a working day."""
    for _ in range(days):
        day = on_or_before(day - DAY)
    return day


def backwards(steps: Iterable[Step], filing_on: dt.date) -> list[Dated]:
    """Each step with its latest days for the file to go on `filing_on`, the first step first."""
    ranked = sorted(steps, key=lambda step: step.rank)
    groups = [list(group) for _, group in groupby(ranked, key=lambda step: step.rank)]
    dated, end = [], on_or_before(filing_on)
    for group in reversed(groups):
        rows = [Dated(step, back(end, step.days - 1), end) for step in group]
        dated = rows + dated
        end = back(min(row.starts_on for row in rows), 1)
    return dated


def working_days(first: dt.date, last: dt.date) -> int:
    """How many working days from `first` to `last`, both included."""
    span = (last - first).days + 1
    return sum(is_working(first + n * DAY) for n in range(max(span, 0)))


def missing_days(steps: Iterable[Step], filing_on: dt.date, today: dt.date) -> int:
    """Working days that lack for what is not done to be done in time; 0 when there are enough."""
    left = sorted((step for step in steps if not step.is_done), key=lambda step: step.rank)
    needed = sum(
        max(step.days for step in group) for _, group in groupby(left, key=lambda step: step.rank)
    )
    return max(needed - working_days(today, filing_on), 0)


def in_words(day: dt.date, today: dt.date) -> str:
    """« mardi 1er décembre », with its year when it is not that of today."""
    number = "1er" if day.day == 1 else str(day.day)
    words = f"{WEEKDAYS[day.weekday()]} {number} {MONTHS[day.month - 1]}"
    return words if day.year == today.year else f"{words} {day.year}"
