"""How long a funder takes, learnt from its past files: medians in calendar days, with their count.

An estimate, always shown as one: a handful of files says little, and says so.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

FEW = 5  # under which the page says how few


@dataclass(frozen=True, slots=True)
class Past:
    """The known dates of one past file."""

    filed_on: dt.date | None = None
    received_on: dt.date | None = None
    decided_on: dt.date | None = None
    paid_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Delay:
    """A median over `count` files."""

    days: int
    count: int

    @property
    def is_thin(self) -> bool:
        return self.count < FEW


@dataclass(frozen=True, slots=True)
class Delays:
    """None where no past file tells."""

    completeness: Delay | None = None
    decision: Delay | None = None
    payment: Delay | None = None
    # From filing to decision, for the files whose completeness nobody dated.
    whole: Delay | None = None

    @property
    def is_known(self) -> bool:
        return any((self.completeness, self.decision, self.payment, self.whole))


def delay(pairs: Iterable[tuple[dt.date | None, dt.date | None]]) -> Delay | None:
    """The median of the pairs whose two dates are known and in order, rounded up to a day."""
    days = [(end - start).days for start, end in pairs if start and end and end >= start]
    return Delay(-int(-median(days) // 1), len(days)) if days else None


def learn(files: Iterable[Past]) -> Delays:
    files = list(files)
    return Delays(
        completeness=delay((one.filed_on, one.received_on) for one in files),
        decision=delay((one.received_on, one.decided_on) for one in files),
        payment=delay((one.decided_on, one.paid_on) for one in files),
        whole=delay((one.filed_on, one.decided_on) for one in files),
    )


@dataclass(frozen=True, slots=True)
class Estimate:
    """A day, and how many past files it rests on at the least."""

    on: dt.date
    count: int

    @property
    def is_thin(self) -> bool:
        return self.count < FEW


def expected_decision(
    delays: Delays, filed_on: dt.date | None, received_on: dt.date | None
) -> Estimate | None:
    """When the funder should decide, from the last date known; None when nothing tells."""
    if received_on and delays.decision:
        return Estimate(received_on + dt.timedelta(delays.decision.days), delays.decision.count)
    if filed_on and delays.whole:
        return Estimate(filed_on + dt.timedelta(delays.whole.days), delays.whole.count)
    return None


def expected_payment(delays: Delays, decided_on: dt.date | None) -> Estimate | None:
    """When the first payment should come; None when nothing tells."""
    if decided_on is None or delays.payment is None:
        return None
    return Estimate(decided_on + dt.timedelta(delays.payment.days), delays.payment.count)
