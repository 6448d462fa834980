"""Advances and interim payments against the limits of their funder."""

import datetime as dt
from decimal import Decimal

from funding.financing import legal
from funding.financing.plan import (
    GRANT,
    HUNDRED,
    Source,
)
from funding.financing.verdicts import (
    Case,
    Check,
    Status,
    euros,
    percents,
    settle,
    worst,
)

# The décret on State investment grants; other funders have their own règlement.
STATE = "etat"


def payment_limits(case: Case) -> list[Check]:
    """Advance and interim payments (décret 2018-514, art. 12, or the program’s own limits)."""
    sources = [s for s in case.plan.of_kind(GRANT) if s.advance_rate or s.interim_rate]
    return [one_payment(case, source) for source in sources]


def one_payment(case: Case, source: Source) -> Check:
    day = case.day(source)
    advance, interim = payment_rows(case, source, day)
    first = source.advance_rate or Decimal(0)
    both = first + (source.interim_rate or Decimal(0))
    statuses = [settle(None if advance is None else first <= advance.value, sure(advance))]
    if source.interim_rate:
        statuses.append(settle(None if interim is None else both <= interim.value, sure(interim)))
    worth = None if source.amount is None else source.amount * first / HUNDRED
    text = f"Avance de {percents(first)}, soit {euros(worth)}"
    if source.interim_rate:
        text += f" ; {percents(both)} avec l’acompte"
    text += ". "
    if advance is None:
        text += "Aucune limite connue pour ce financeur : voyez son règlement."
    else:
        most = None if source.amount is None else source.amount * advance.value / HUNDRED
        text += f"Plafond de l’avance : {percents(advance.value)}, soit {euros(most)}"
        text += f" ; avec les acomptes : {percents(interim.value)}." if interim else "."
    status = case.dated(worst(statuses), source)
    return Check(
        f"payment-{source.key}",
        f"Avance et acompte : {source.label}",
        status,
        text + (case.undated(source) if advance else ""),
        advance.reference if advance else "Règlement du financeur",
        (
            ("avance", percents(first)),
            ("avance et acomptes", percents(both)),
            ("plafond de l’avance", percents(advance.value if advance else None)),
        ),
        source.label if status is Status.BREACH else "",
    )


def payment_rows(case: Case, source: Source, day: dt.date):
    """Rows of the advance and of the cumulated payments of a source."""
    return limits_of(
        source.program.legal_code if source.program else "",
        source.funder,
        day,
        months=case.plan.months,
        guaranteed=source.advance_is_guaranteed,
    )


def limits_of(
    program: str, funder: str, day: dt.date, *, months: int | None, guaranteed: bool
) -> tuple[legal.Limit | None, legal.Limit | None]:
    """Rows of the advance and of the cumulated payments; the program’s own come first."""
    own = (
        legal.limit(f"payment.advance.{program}", day),
        legal.limit(f"payment.interim.{program}", day),
    )
    if own[0] is not None:
        return own
    if funder != STATE:
        return None, None
    long = legal.limit("payment.long_months", day)
    is_long = bool(long and months is not None and months > long.value)
    return (
        legal.limit(f"payment.advance{'_guaranteed' if guaranteed else ''}", day),
        legal.limit(f"payment.interim{'_long' if is_long else ''}", day),
    )


def months_begun(first: dt.date, last: dt.date) -> int:
    """Months from a day to another, one that is begun counted whole: a project of 48 months and a
    day lasts more than 48 months."""
    months = (last.year - first.year) * 12 + last.month - first.month
    return max(months + (last.day > first.day), 0)


def sure(row: legal.Limit | None) -> bool:
    return row is not None and row.is_sure
