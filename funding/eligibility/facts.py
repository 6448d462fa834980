"""What is known of a project and of its holder, each fact with where it comes from."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import Any

from funding.eligibility import wording


class Answer(IntEnum):
    """Ordered, so that the answer of several conditions is their minimum."""

    NOT_MET = 0
    UNKNOWN = 1
    MET = 2

    @property
    def label(self):
        return ("Non remplie", "À confirmer", "Remplie")[self]


# Members looked up once: in an evaluation the look-up would cost as much as the test.
NOT_MET, UNKNOWN, MET = Answer


@dataclass(frozen=True, slots=True)
class Interval:
    """Whole numbers from `low` to `high`, both included; `high` None is unbounded."""

    low: int
    high: int | None

    def __post_init__(self):
        if self.high is not None and self.high < self.low:
            raise ValueError(f"Intervalle vide : de {self.low} à {self.high}.")

    @classmethod
    def exactly(cls, value: int) -> "Interval":
        return cls(value, value)

    @property
    def is_exact(self):
        return self.low == self.high

    def within(self, minimum: int | None, maximum: int | None) -> Answer:
        """MET when every value is inside the limits, NOT_MET when none is, else UNKNOWN."""
        low, high = self.low, self.high
        if maximum is not None and low > maximum:
            return NOT_MET
        if minimum is not None and high is not None and high < minimum:
            return NOT_MET
        if minimum is not None and low < minimum:
            return UNKNOWN
        if maximum is not None and (high is None or high > maximum):
            return UNKNOWN
        return MET


@dataclass(frozen=True, slots=True)
class Fact:
    """A value and its origin. An unknown fact is an absent key, never a Fact of None.

    `source` reads as « SIRENE » or « projet »; `as_of` is the year (int) or the day it holds for.
    `label` replaces a bare code in sentences: « Fleurance (32132) »."""

    value: Any
    source: str = ""
    as_of: dt.date | int | None = None
    label: str = ""

    def __post_init__(self):
        if self.value is None:
            raise ValueError("Un fait inconnu est une clé absente, pas une valeur vide.")

    @property
    def origin(self):
        """« SIRENE, 2024 », « projet, saisi le 19/11/2026 »."""
        if self.as_of is None:
            return self.source
        when = str(self.as_of)
        if isinstance(self.as_of, dt.date):
            when = f"saisi le {wording.day(self.as_of)}"
        return f"{self.source}, {when}" if self.source else when


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person judged of a plain-text condition, the value of a fact « judgement:… ».

    `text` is the digest of the condition as it was read, `version` that of its program."""

    is_met: bool
    text: str
    version: int | None = None


# The key of what is a collective action and not a project: no rule reads it, the questions do.
COLLECTIVE = "collective"
# A key that is absent is a fact that is unknown.
Facts = Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask, and how: the answer is stored as the fact `fact`.

    `input` is amount, integer, date, yes_no or choice; or record, for what is not typed in place
    but completed on the record itself (commune, NAF, legal form, themes, stage). `prefill` is a
    choice that what we know suggests, to be read over with the `warning` that goes with it."""

    fact: str
    sentence: str
    input: str
    choices: tuple[tuple[str, str], ...] = ()
    unit: str = ""
    prefill: str = ""
    warning: str = ""


def anniversary(date: dt.date, count: int) -> dt.date:
    """The same day `count` years later; 29 February falls on the 28th in a common year."""
    try:
        return date.replace(year=date.year + count)
    except ValueError:
        return date.replace(year=date.year + count, day=28)


def anniversary_days(today: dt.date, counts: Iterable[int]) -> set[dt.date]:
    """The days around `counts` years before today: an anniversary is past, or not, on each side.

    One day too many tells apart what is alike, which is harmless, and spares 29 February."""
    past = [anniversary(today, -count) for count in counts if count < today.year - 1]
    return {day + dt.timedelta(step) for day in past for step in (-1, 0, 1)}


def known(*limits: Any) -> list[Any]:
    """The limits that are set."""
    return [limit for limit in limits if limit is not None]


def between(value: Any, minimum: Any, maximum: Any) -> Answer:
    """MET or NOT_MET for an exact value, limits included."""
    if (minimum is not None and value < minimum) or (maximum is not None and value > maximum):
        return NOT_MET
    return MET


def show(value: Any) -> str:
    """A fact of any type, in French."""
    if isinstance(value, bool):
        return "Oui" if value else "Non"
    if isinstance(value, int | Decimal):
        return wording.number(value)
    if isinstance(value, dt.date):
        return wording.day(value)
    return str(value)
