"""Legal figures are dated rows of `funding/data/legal.json`, never constants of the code.

A row holds from a day to a day, both included, with its reference and its confidence (see
`funding/data/README.md`): « V » and « V2 » were read, « K » and « TBV » were not, and a rule that
was not read never makes a plan conform.
"""

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent.parent / "data" / "legal.json"
READ = frozenset({"V", "V2"})


@dataclass(frozen=True, slots=True)
class Limit:
    """One figure of law: euros, a percent or a count, as its rule says."""

    rule: str
    value: Decimal
    starts_on: dt.date
    ends_on: dt.date | None
    reference: str
    confidence: str
    note: str = ""

    @property
    def is_sure(self) -> bool:
        """Read at a source, primary or secondary."""
        return self.confidence in READ

    def holds_on(self, day: dt.date) -> bool:
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)


def parse(row: dict) -> Limit:
    """A row of the file; ValueError or KeyError when it is wrong."""
    until = row.get("until")
    limit = Limit(
        rule=row["rule"],
        value=Decimal(row["value"]),
        starts_on=dt.date.fromisoformat(row["from"]),
        ends_on=None if until is None else dt.date.fromisoformat(until),
        reference=row["reference"],
        confidence=row["confidence"],
        note=row.get("note", ""),
    )
    if limit.ends_on is not None and limit.ends_on < limit.starts_on:
        raise ValueError(f"{limit.rule}\u00a0: la fin précède le début")
    return limit


@cache
def limits() -> dict[str, tuple[Limit, ...]]:
    """{rule: its rows, the oldest first}, read once."""
    rows: dict[str, list[Limit]] = {}
    for row in json.loads(FILE.read_text(encoding="utf-8")):
        rows.setdefault(row["rule"], []).append(parse(row))
    return {rule: tuple(sorted(found, key=lambda r: r.starts_on)) for rule, found in rows.items()}


def limit(rule: str, on: dt.date, rows: Iterable[Limit] | None = None) -> Limit | None:
    """The row of `rule` in force on that day; None (« à vérifier ») when there is none."""
    known = limits().get(rule, ()) if rows is None else rows
    return next((row for row in known if row.rule == rule and row.holds_on(on)), None)


def last_known(rule: str, on: dt.date) -> Limit | None:
    """The row in force on that day, else the last one before it, to say what it was."""
    before = [row for row in limits().get(rule, ()) if row.starts_on <= on]
    return before[-1] if before else None
