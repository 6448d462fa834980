"""What a source of a plan takes from the file it is bound to, and what it keeps of its own.

A file that moves moves the plan with it: nothing of what it tells is stored in the plan. What the
file does not tell (an amount that nobody asked yet, a day of payment to come) stays as typed.
"""

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal

from funding.appraisal import payments, statuses
from funding.financing.plan import REFUSED, Instalment, known

IDEA, TO_FILE, REQUESTED, GRANTED, AGREED, PAID = (
    "idea",
    "to_file",
    "requested",
    "granted",
    "agreed",
    "paid",
)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a file has come. Euros and days are None when unknown; `amount_committed` is that of
    the agreement as amended, `final_grant` the least of it and of rate × accepted costs."""

    status: str
    amount_requested: Decimal | None = None
    amount_granted: Decimal | None = None
    amount_committed: Decimal | None = None
    amount_paid: Decimal | None = None
    final_grant: Decimal | None = None
    is_agreed: bool = False
    due_on: dt.date | None = None
    filed_on: dt.date | None = None
    decided_on: dt.date | None = None
    decision_expected_on: dt.date | None = None
    instalments: tuple[Instalment, ...] = ()

    @property
    def amount_due(self) -> Decimal | None:
        """Euros that the funder owes once it has said yes, as the last text that says so."""
        told = (self.final_grant, self.amount_committed, self.amount_granted)
        return next((amount for amount in told if amount is not None), None)

    @property
    def settled_on(self) -> dt.date | None:
        finals = (one for one in self.instalments if one.kind == payments.FINAL and one.is_paid)
        return max((one.on for one in finals if one.on), default=None)

    @property
    def is_settled(self) -> bool:
        """The final payment has come; without instalments, all that was due is paid."""
        if self.instalments:
            return any(one.kind == payments.FINAL and one.is_paid for one in self.instalments)
        paid, due = self.amount_paid, self.amount_due
        return paid is not None and due is not None and paid >= due > 0

    @property
    def state(self) -> str:
        """The state of the source in its plan."""
        if self.status == statuses.ACCEPTED:
            return PAID if self.is_settled else AGREED if self.is_agreed else GRANTED
        if self.status in {statuses.REFUSED, statuses.DISMISSED}:
            return REFUSED
        if self.status == statuses.WITHDRAWN:
            return IDEA
        return TO_FILE if self.status in statuses.NOT_FILED else REQUESTED


@dataclass(frozen=True, slots=True)
class Current:
    """Where a source stands. `told` names what the file tells; the rest was typed in the plan."""

    state: str
    amount: Decimal | None = None
    filed_on: dt.date | None = None
    granted_on: dt.date | None = None
    paid_on: dt.date | None = None
    instalments: tuple[Instalment, ...] = ()
    told: frozenset[str] = frozenset()


def follow(typed: Current, file: Progress) -> Current:
    """What was typed, under what the file tells."""
    told = {"state": file.state}
    if file.status == statuses.ACCEPTED:
        # Once it is decided, what was hoped for says nothing any more.
        told["amount"] = file.amount_due
    elif file.amount_requested is not None:
        told["amount"] = file.amount_requested
    # What was withdrawn was never filed: it will be another day.
    if file.status != statuses.WITHDRAWN:
        days = {
            "filed_on": file.filed_on or file.due_on,
            "granted_on": file.decided_on or file.decision_expected_on,
            "paid_on": file.settled_on,
        }
        told |= {name: day for name, day in days.items() if day is not None}
    if file.instalments:
        told["instalments"] = file.instalments
    return replace(typed, **told, told=frozenset(told))


def left_to_come(amount: Decimal, instalments: tuple[Instalment, ...]) -> Decimal:
    """Euros that no instalment announces yet; nothing after the final one, whatever it paid."""
    if any(one.kind == payments.FINAL for one in instalments):
        return Decimal(0)
    return max(amount - known(one.amount for one in instalments), Decimal(0))
