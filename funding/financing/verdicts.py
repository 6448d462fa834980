"""The answer of a check: conforme, non conforme, à vérifier or sans objet, and what it rests on."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from funding.eligibility import wording
from funding.financing.plan import Plan, Source


class Status(StrEnum):
    BREACH = "non_conforme"
    TO_CHECK = "a_verifier"
    CONFORM = "conforme"
    NOT_CONCERNED = "sans_objet"

    @property
    def label(self) -> str:
        return LABELS[self]


LABELS = {
    Status.BREACH: "Non conforme",
    Status.TO_CHECK: "À vérifier",
    Status.CONFORM: "Conforme",
    Status.NOT_CONCERNED: "Sans objet",
}


class Doubt(StrEnum):
    """Why a rule that holds is still to check: the day of grant is unknown, or the text was not
    read at its source or has expired. It weighs less than a fact that is missing."""

    UNDATED = "a_dater"
    UNREAD = "a_relire"


ORDER = [Status.BREACH, Status.TO_CHECK, *Doubt, Status.CONFORM, Status.NOT_CONCERNED]


@dataclass(frozen=True, slots=True)
class Check:
    """One rule applied to a plan. `figures` are the (label, value) it used, `source` the line that
    breaks it, `asks` the fact whose answer would settle it (« equity », « size »…). A status that
    is a Doubt reads TO_CHECK, and `doubt` keeps it."""

    code: str
    title: str
    status: Status
    text: str
    reference: str
    figures: tuple[tuple[str, str], ...] = ()
    source: str = ""
    asks: str = ""
    doubt: Doubt | None = None

    def __post_init__(self) -> None:
        if isinstance(self.status, Doubt):
            object.__setattr__(self, "doubt", self.status)
            object.__setattr__(self, "status", Status.TO_CHECK)


def settle(holds: bool | None, sure: bool = True) -> Status | Doubt:
    """None is unknown; a rule that was not read, or is expired, settles nothing either way."""
    if holds is None or not (holds or sure):
        return Status.TO_CHECK
    if not holds:
        return Status.BREACH
    return Status.CONFORM if sure else Doubt.UNREAD


def worst(statuses: Iterable[Status | Doubt]) -> Status | Doubt:
    """A breach before a doubt, a doubt before a yes."""
    return min(statuses, key=ORDER.index, default=Status.NOT_CONCERNED)


def all_or_none(outcomes: Iterable[bool | None]) -> bool | None:
    """True when it holds in every case, False when in none, else None."""
    outcomes = set(outcomes)
    return outcomes.pop() if len(outcomes) == 1 else None


@dataclass(frozen=True, slots=True)
class Case:
    """A plan, looked at on a day: what every check receives."""

    plan: Plan
    today: dt.date

    def day(self, *sources: Source) -> dt.date:
        """The last day of grant among these sources; today while nobody has said when."""
        days = [source.granted_on or self.plan.granted_on for source in sources]
        return max((day for day in days if day), default=self.plan.granted_on or self.today)

    def knows_day(self, *sources: Source) -> bool:
        return all(source.granted_on or self.plan.granted_on for source in sources) and bool(
            sources or self.plan.granted_on
        )

    def dated(self, status: Status | Doubt, *sources: Source) -> Status | Doubt:
        """A rule holds on the day of grant: without that day, nothing conforms for sure."""
        if status is Status.CONFORM and not self.knows_day(*sources):
            return Doubt.UNDATED
        return status

    def undated(self, *sources: Source) -> str:
        """The sentence to add when the day of grant is unknown."""
        if self.knows_day(*sources):
            return ""
        return f" Règle lue au {wording.day(self.day(*sources))}, faute de date d’octroi prévue."


def euros(value: Decimal | None) -> str:
    return "à confirmer" if value is None else wording.amount(value)


def percents(value: Decimal | None) -> str:
    return "à confirmer" if value is None else f"{wording.number(value)}{wording.NBSP}%"


def names(sources: Iterable[Source]) -> str:
    return wording.listing([source.label for source in sources], "et")


def least_advanced(sources: Iterable[Source]) -> Source:
    """The one to blame: the last to come, on which one may still act."""
    return min(sources, key=lambda source: (source.certainty, -source.key))


def not_concerned(code: str, title: str, text: str, reference: str) -> Check:
    return Check(code, title, Status.NOT_CONCERNED, text, reference)
