"""What a grant comes to and how it is paid: decimal euros, rates in percents, unknown is None."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from funding.financing.payments import limits_of, sure
from funding.financing.verdicts import Check, Status, euros, percents, settle

ADVANCE, INTERIM, FINAL = "advance", "interim_payment", "final_payment"
PAID, REJECTED = "versee", "rejetee"
CENT = Decimal("0.01")
HUNDRED = Decimal(100)


def final_grant(
    granted: Decimal | None, rate: Decimal | None, accepted_costs: Decimal | None
) -> Decimal | None:
    """min(granted, rate × accepted costs), to the cent.

    The usual clause of a convention: the rate holds on what was spent and accepted, and the amount
    granted is a ceiling. None while one of the three is unknown.
    """
    if granted is None or rate is None or accepted_costs is None:
        return None
    return min(granted, (rate * accepted_costs / HUNDRED).quantize(CENT, ROUND_HALF_UP))


@dataclass(frozen=True, slots=True)
class Payment:
    """One tranche; `amount` in euros is what was paid once it is, what is planned before."""

    kind: str
    state: str
    amount: Decimal | None


def total(payments: Iterable[Payment], *kinds: str) -> Decimal | None:
    """The sum of the tranches of these kinds that were not rejected; None when one is unknown."""
    amounts = [one.amount for one in payments if one.kind in kinds and one.state != REJECTED]
    return None if None in amounts else sum(amounts, Decimal(0))


def left_to_pay(due: Decimal | None, payments: Iterable[Payment]) -> Decimal | None:
    """What is due and not paid; negative when too much was paid (to give back); None if unknown."""
    paid = [one.amount for one in payments if one.state == PAID]
    return None if due is None or None in paid else due - sum(paid, Decimal(0))


def limits(
    granted: Decimal | None,
    payments: Iterable[Payment],
    *,
    program: str,
    funder: str,
    day: dt.date,
    months: int | None = None,
    guaranteed: bool = False,
) -> list[Check]:
    """The advance, then the advance and interim payments together, against the dated limits of the
    program or, for the State, of the décret 2018-514 (art. 12); « à vérifier » where none is known.
    """
    payments = list(payments)
    kinds = {one.kind for one in payments if one.state != REJECTED}
    rows = limits_of(program, funder, day, months=months, guaranteed=guaranteed)
    found = []
    if ADVANCE in kinds:
        found.append(one_limit("Avance", rows[0], total(payments, ADVANCE), granted))
    if INTERIM in kinds:
        both = total(payments, ADVANCE, INTERIM)
        found.append(one_limit("Avance et acomptes", rows[1], both, granted))
    return found


def one_limit(title, row, amount, granted) -> Check:
    if row is None:
        text = "Aucune limite connue pour ce financeur\u00a0: voyez la convention."
        return Check(f"limit-{title}", title, Status.TO_CHECK, text, "Règlement du financeur")
    most = None if granted is None else (granted * row.value / HUNDRED).quantize(CENT)
    holds = None if amount is None or most is None else amount <= most
    text = f"{euros(amount)} pour un plafond de {percents(row.value)}, soit {euros(most)}."
    return Check(
        f"limit-{title}", title, settle(holds, sure(row)), text, row.reference,
        (("versé ou prévu", euros(amount)), ("plafond", euros(most))),
    )  # fmt: skip
