"""What an « entreprise unique » received, and what it may still receive, on a given day."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from funding.financing import deminimis
from funding.models.ledger import ReceivedAid, aids_of, firms_of

GENERAL = ReceivedAid.Regulation.GENERAL


@dataclass(frozen=True)
class Step:
    """On `day`, `freed` euros leave the window; `room` is then left if nothing else is granted."""

    day: dt.date
    freed: Decimal | None
    room: Decimal | None


class Position:
    """The ledger of one organisation under one regulation, on `day`. Three queries, all told."""

    def __init__(self, organisation, day, regulation=GENERAL):
        self.organisation, self.day, self.regulation = organisation, day, regulation
        self.undertaking, self.firms = firms_of(organisation)
        self.on_record = list(aids_of(organisation).for_list()) if self.firms else []

    @cached_property
    def granted(self):
        return [aid.granted for aid in self.on_record]

    @cached_property
    def window(self):
        """The aids that count, the latest first."""
        counted = deminimis.counted(self.granted, self.day, self.regulation)
        kept = {id(aid) for aid in counted}
        pairs = zip(self.on_record, self.granted, strict=True)
        return [aid for aid, granted in pairs if id(granted) in kept]

    @cached_property
    def others(self):
        """On record, and out of this window: too old, to come, or under another rule."""
        counted = {aid.pk for aid in self.window}
        return [aid for aid in self.on_record if aid.pk not in counted]

    @property
    def since(self):
        """The first day of the window."""
        return deminimis.three_years_before(self.day) + dt.timedelta(days=1)

    @cached_property
    def ceiling(self):
        return deminimis.ceiling(self.day, self.regulation)

    @cached_property
    def received(self):
        """None as soon as an amount of the window is unknown."""
        return deminimis.received(aid.granted for aid in self.window)

    @cached_property
    def room(self):
        return deminimis.room(self.granted, self.day, regulation=self.regulation)

    @property
    def is_full(self):
        return self.room == 0

    @property
    def is_over(self):
        return (
            self.received is not None
            and self.ceiling is not None
            and self.received > self.ceiling.value
        )

    @property
    def unknown_count(self):
        return sum(aid.amount is None for aid in self.window)

    @property
    def is_sure(self):
        """The firms were declared, every amount is known, and the ceiling was read in a text."""
        declared = self.undertaking is not None and self.undertaking.declared_on is not None
        return declared and self.room is not None and self.ceiling.is_sure

    @cached_property
    def steps(self):
        """The days when room reopens, the nearest first."""
        days = sorted({deminimis.leaves_on(aid.granted_on) for aid in self.window})
        return [Step(day, self._freed(day), self._room(day)) for day in days]

    def _freed(self, day):
        return deminimis.received(
            aid.granted for aid in self.window if deminimis.leaves_on(aid.granted_on) == day
        )

    def _room(self, day):
        # The ceiling of today: nobody knows that of later texts.
        if self.ceiling is None:
            return None
        return deminimis.room(self.granted, day, self.ceiling.value, regulation=self.regulation)
