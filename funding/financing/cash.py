"""The money of a plan month by month: what goes out, what comes in, how low it falls.

A cost is spread evenly over its months, those of its dates, else those of its year; a source comes
as an advance, an interim payment and a balance on their dates, at the amount of the plan. What has
no date or no amount is not placed: it is listed, never guessed.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from funding.appraisal import payments as instalments
from funding.financing.following import left_to_come
from funding.financing.plan import CENT, HUNDRED, ZERO, Cost, Plan, Source

# Beyond that, a date is a slip of the keyboard and a page would never end.
LONGEST = 180


@dataclass(frozen=True, slots=True)
class Month:
    """`on` is its first day; euros out and in, both positive; `balance` at the end of the month."""

    on: dt.date
    spent: Decimal
    received: Decimal
    balance: Decimal


@dataclass(frozen=True, slots=True)
class Cash:
    """`unplaced` are the (label, euros or None) that no date puts anywhere."""

    months: tuple[Month, ...]
    unplaced_costs: tuple[tuple[str, Decimal | None], ...]
    unplaced_sources: tuple[tuple[str, Decimal | None], ...]
    is_too_long: bool = False

    @property
    def lowest(self) -> Month | None:
        """The first of the lowest months."""
        return min(self.months, key=lambda month: (month.balance, month.on), default=None)

    @property
    def gap(self) -> Decimal | None:
        """Euros to bridge until the subsidies come; None when no month can be drawn or when
        something is left without a date, for the lowest point is then not known."""
        if self.lowest is None or self.unplaced_costs or self.unplaced_sources:
            return None
        return max(-self.lowest.balance, ZERO)


def first_day(day: dt.date) -> dt.date:
    return day.replace(day=1)


def following(month: dt.date) -> dt.date:
    return dt.date(month.year + month.month // 12, month.month % 12 + 1, 1)


def months_between(first: dt.date, last: dt.date) -> list[dt.date]:
    """First days of the months from `first` to `last`, both included."""
    months, month = [], first_day(first)
    while month <= last and month.year < dt.MAXYEAR:
        months.append(month)
        month = following(month)
    return months


def spread(amount: Decimal, months: list[dt.date]) -> dict[dt.date, Decimal]:
    """Even parts to the cent; the last month takes what rounding leaves."""
    part = (amount / len(months)).quantize(CENT, ROUND_HALF_UP)
    parts = dict.fromkeys(months, part)
    parts[months[-1]] = amount - part * (len(months) - 1)
    return parts


def spending(cost: Cost) -> dict[dt.date, Decimal] | None:
    """{month: euros} of one cost, None when its amount or its dates are unknown."""
    if cost.amount is None:
        return None
    first, last = cost.starts_on or cost.ends_on, cost.ends_on or cost.starts_on
    if first is None and cost.year is not None:
        first, last = dt.date(cost.year, 1, 1), dt.date(cost.year, 12, 31)
    months = months_between(first, last)[: LONGEST + 1] if first and last else []
    return spread(cost.amount, months) if months else None


def payments(source: Source) -> list[tuple[dt.date, Decimal]] | None:
    """(day, euros) of the advance, the interim payment and the balance of one source.

    None when its amount or one of the dates it needs is unknown."""
    if source.instalments:
        return told_by_its_file(source)
    if source.amount is None or source.paid_on is None:
        return None
    due, left = [], source.amount
    for rate, on in (
        (source.advance_rate, source.advance_on),
        (source.interim_rate, source.interim_on),
    ):
        if rate:
            if on is None:
                return None
            part = min((source.amount * rate / HUNDRED).quantize(CENT, ROUND_HALF_UP), left)
            due.append((on, part))
            left -= part
    return [*due, (source.paid_on, left)]


def told_by_its_file(source: Source) -> list[tuple[dt.date, Decimal]] | None:
    """What was paid on its day, what is announced on the day that the plan expects."""
    expected = {
        instalments.ADVANCE: source.advance_on,
        instalments.INTERIM: source.interim_on,
        instalments.FINAL: source.paid_on,
    }
    due = [(one.on or expected[one.kind], one.amount) for one in source.instalments]
    if source.amount is None:
        return None
    if left := left_to_come(source.amount, source.instalments):
        due.append((source.paid_on, left))
    return None if any(None in pair for pair in due) else due


def cash(plan: Plan) -> Cash:
    """Every month from the first movement to the last."""
    spent, received = defaultdict(Decimal), defaultdict(Decimal)
    unplaced_costs, unplaced_sources = [], []
    for cost in plan.costs:
        if (parts := spending(cost)) is None:
            unplaced_costs.append((cost.label, cost.amount))
            continue
        for month, amount in parts.items():
            spent[month] += amount
    for source in plan.resources:
        if (due := payments(source)) is None:
            unplaced_sources.append((source.label, source.amount))
            continue
        for on, amount in due:
            received[first_day(on)] += amount
    moved = spent.keys() | received.keys()
    span = months_between(min(moved), max(moved))[: LONGEST + 1] if moved else []
    months, level = [], ZERO
    for month in span[:LONGEST]:
        level += received[month] - spent[month]
        months.append(Month(month, spent[month], received[month], level))
    return Cash(tuple(months), tuple(unplaced_costs), tuple(unplaced_sources), len(span) > LONGEST)
