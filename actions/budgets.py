"""The budget of a fiche as a table by year. Pure: no Django; an unknown sum is None, never 0.

Amounts are Decimals, in euros or in full-time equivalents, which are never added to each other.
"""

from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

NAMES = ("planned", "committed", "spent")
EUROS, FTE = "eur", "etp"


@dataclass(frozen=True)
class Sum:
    """What is known adds up to `value`, None when nothing is; `unknown` lines do not say."""

    value: Decimal | None
    unknown: int


@dataclass(frozen=True)
class Sums:
    planned: Sum
    committed: Sum
    spent: Sum


@dataclass(frozen=True)
class Table:
    """`years` is a list of (year, its lines, euros, full-time equivalents)."""

    years: list
    euros: Sums | None
    fte: Sums | None


def total(amounts) -> Sum:
    known = [amount for amount in amounts if amount is not None]
    return Sum(sum(known, Decimal(0)) if known else None, len(amounts) - len(known))


def sums(lines, unit) -> Sums | None:
    """None when no line is in that unit."""
    mine = [line for line in lines if line.unit == unit]
    return (
        Sums(*(total([getattr(line, name) for line in mine]) for name in NAMES)) if mine else None
    )


def table(lines) -> Table:
    """Of lines sorted by year: anything with `year`, `unit` and the three amounts."""
    years = [(year, list(rows)) for year, rows in groupby(lines, key=lambda line: line.year)]
    return Table(
        [(year, rows, sums(rows, EUROS), sums(rows, FTE)) for year, rows in years],
        sums(lines, EUROS),
        sums(lines, FTE),
    )
