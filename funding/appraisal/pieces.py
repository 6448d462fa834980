"""Pieces of a file and how long funders take them for fresh.

The templates are data (`funding/data/pieces.json`): what the programs usually ask, each with its
confidence; the rules of the funder on the day of the application prevail.
"""

import calendar
import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent.parent / "data"
MISSING, RECEIVED, EXPIRING, EXPIRED = "missing", "received", "expiring", "expired"
# How holders of projects are told apart here: who has a council does not have a Kbis.
COMPANY, AUTHORITY = "company", "authority"


@dataclass(frozen=True, slots=True)
class Template:
    """One usual piece. Empty `holders`, `funders` and `programs` mean all of them."""

    code: str
    label: str
    validity_months: int | None = None
    is_required: bool = True
    holders: frozenset[str] = frozenset()
    funders: frozenset[str] = frozenset()
    programs: frozenset[str] = frozenset()
    confidence: str = "K"
    note: str = ""

    def is_for(self, *, holder: str, funder: str, program: str) -> bool:
        if self.holders and holder not in self.holders:
            return False
        if not self.funders and not self.programs:
            return True
        return funder in self.funders or program in self.programs


@cache
def templates() -> tuple[Template, ...]:
    """The shipped templates in the order of the file, read once."""
    rows = json.loads((DATA / "pieces.json").read_text(encoding="utf-8"))["pieces"]
    return tuple(parse(row) for row in rows)


def parse(row: dict) -> Template:
    return Template(
        code=row["code"],
        label=row["label"],
        validity_months=row.get("validity_months"),
        is_required=row.get("required", True),
        holders=frozenset(row.get("holders", ())),
        funders=frozenset(row.get("funders", ())),
        programs=frozenset(row.get("programs", ())),
        confidence=row["confidence"],
        note=row.get("note", ""),
    )


def usual(*, holder: str, funder: str, program: str) -> list[Template]:
    """What this funder usually asks of this kind of holder for this program."""
    return [one for one in templates() if one.is_for(holder=holder, funder=funder, program=program)]


def expiry(issued_on: dt.date | None, months: int | None) -> dt.date | None:
    """The last day on which a piece is taken; None when it never expires, or nobody knows.

    « moins de 3 mois » counts by months: dated 30/11, a piece is refused from 28/02 (or 29/02) on.
    """
    if issued_on is None or not months:
        return None
    years, month = divmod(issued_on.month - 1 + months, 12)
    year, month = issued_on.year + years, month + 1
    if year > dt.MAXYEAR:
        return None
    last = calendar.monthrange(year, month)[1]
    return dt.date(year, month, min(issued_on.day, last)) - dt.timedelta(days=1)


def state(
    received_on: dt.date | None,
    expires_on: dt.date | None,
    *,
    day: dt.date | None,
    today: dt.date,
) -> str:
    """Missing, received, expired, or « expiring »: good today, no longer on the filing `day`."""
    if received_on is None:
        return MISSING
    if expires_on is not None and expires_on < today:
        return EXPIRED
    if expires_on is not None and day is not None and expires_on < day:
        return EXPIRING
    return RECEIVED


def tally(states: Iterable[str]) -> dict[str, int]:
    """How many in each state, all four named."""
    states = list(states)
    return {name: states.count(name) for name in (MISSING, RECEIVED, EXPIRING, EXPIRED)}
