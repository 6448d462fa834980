"""What Démarche numérique says of a dossier: its number, its state and its dates.

Read from the JSON of its GraphQL API, whatever wraps it. Nothing else is read: the applicant, the
instructors, the answers and the messages stay where they are.
"""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from zoneinfo import ZoneInfo

from funding.appraisal import statuses
from funding.appraisal.calendar import YEARS

PARIS = ZoneInfo("Europe/Paris")
# The five values of its enum `DossierState`; a draft is never given.
STATES = frozenset(
    {
        statuses.IN_CONSTRUCTION,
        statuses.APPRAISAL,
        statuses.ACCEPTED,
        statuses.REFUSED,
        statuses.DISMISSED,
    }
)
QUERY = """query getDossier($dossierNumber: Int!) {
  dossier(number: $dossierNumber) {
    number state dateDepot datePassageEnConstruction datePassageEnInstruction dateTraitement
    datePrevisionnelleDecisionSVASVR
  }
}"""
DEPTH = 6


class Unreadable(Exception):
    """A French sentence: why the answer tells nothing of this dossier."""


@dataclass(frozen=True, slots=True)
class Dossier:
    """Days are those of Paris: an instant of the API may fall the day before in UTC."""

    number: int
    state: str
    filed_on: dt.date | None = None
    in_construction_on: dt.date | None = None
    received_on: dt.date | None = None
    decided_on: dt.date | None = None
    decision_expected_on: dt.date | None = None

    def as_json(self) -> dict:
        return {
            name: value.isoformat() if isinstance(value, dt.date) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, row: dict) -> "Dossier":
        days = {
            field.name: row[field.name] and dt.date.fromisoformat(row[field.name])
            for field in fields(cls)
            if field.name.endswith("_on")
        }
        return cls(number=row["number"], state=row["state"], **days)

    @property
    def state_since(self) -> dt.date | None:
        """The day of the state it is in."""
        if self.state == statuses.IN_CONSTRUCTION:
            return self.in_construction_on or self.filed_on
        return self.received_on if self.state == statuses.APPRAISAL else self.decided_on


def read(text: str, number: int | None = None) -> Dossier:
    """The dossier of that number, or the only one of the answer; Unreadable otherwise."""
    try:
        answer = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        raise Unreadable("Ce texte n’est pas du JSON.") from None
    return pick(answer, number)


def pick(answer: object, number: int | None = None) -> Dossier:
    found = list(dossiers(answer))
    if not found:
        said = refusal(answer)
        raise Unreadable(
            f"Démarche numérique a répondu\u00a0: «\u00a0{said}\u00a0»."
            if said
            else "Aucun dossier dans cette réponse\u00a0: il faut un numéro et un état."
        )
    if number is not None:
        found = [row for row in found if whole(row.get("number")) == number]
        if not found:
            raise Unreadable(f"Le dossier n° {number} n’est pas dans cette réponse.")
    if len(found) > 1:
        raise Unreadable(
            f"Cette réponse contient {len(found)} dossiers\u00a0: notez d’abord le numéro du vôtre."
        )
    return parse(found[0])


def dossiers(answer: object, depth: int = 0) -> Iterator[dict]:
    """The dossiers of an answer: bare, under « data », in the nodes of a demarche, in a list."""
    if depth > DEPTH:
        return
    if isinstance(answer, list):
        for row in answer:
            yield from dossiers(row, depth + 1)
    elif isinstance(answer, dict):
        if "state" in answer and "number" in answer:
            yield answer
            return
        for key in ("data", "dossier", "demarche", "groupeInstructeur", "dossiers", "nodes"):
            yield from dossiers(answer.get(key), depth + 1)


def refusal(answer: object) -> str:
    """The first error of a GraphQL answer, shortened, or nothing."""
    errors = answer.get("errors") if isinstance(answer, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    message = first.get("message") if isinstance(first, dict) else None
    return " ".join(message.split())[:120] if isinstance(message, str) else ""


def parse(row: dict) -> Dossier:
    number, state = whole(row.get("number")), row.get("state")
    if number is None:
        raise Unreadable("Le numéro du dossier n’est pas un nombre.")
    if not isinstance(state, str) or state not in STATES:
        raise Unreadable(f"L’état «\u00a0{str(state)[:40]}\u00a0» n’est pas de Démarche numérique.")
    return Dossier(
        number=number,
        state=state,
        filed_on=local_day(row, "dateDepot") or local_day(row, "datePassageEnConstruction"),
        in_construction_on=local_day(row, "datePassageEnConstruction"),
        received_on=local_day(row, "datePassageEnInstruction"),
        decided_on=local_day(row, "dateTraitement"),
        decision_expected_on=local_day(row, "datePrevisionnelleDecisionSVASVR"),
    )


def whole(value: object) -> int | None:
    """A number as JSON or as text has it; what no column can hold is none."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value)
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        return None
    return int(text)


def local_day(row: dict, key: str) -> dt.date | None:
    """The day in Paris of an ISO instant, or of an ISO date; Unreadable names the field."""
    value = row.get(key)
    if value in (None, ""):
        return None
    try:
        instant = dt.datetime.fromisoformat(value)
        day = (instant.astimezone(PARIS) if instant.tzinfo else instant).date()
        if day.year in YEARS:
            return day
        raise ValueError(day)
    except (TypeError, ValueError, OverflowError):
        raise Unreadable(
            f"La date «\u00a0{key}\u00a0» n’est pas lisible\u00a0: {str(value)[:30]}."
        ) from None
