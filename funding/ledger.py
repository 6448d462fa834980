"""What an « entreprise unique » received, and what it may still receive, on a given day."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from django.db.models import Prefetch, Q

from crm.models import Organisation
from crm.search import normalise
from funding.financing import deminimis, plan
from funding.models.applications import Application
from funding.models.ledger import ReceivedAid, firms_of
from funding.models.plans import SourceLine

GENERAL = ReceivedAid.Regulation.GENERAL


@dataclass(frozen=True)
class Unrecorded:
    """A granted file that the ledger does not hold. `regulation` is empty when it may be de minimis
    or another regime: somebody must look."""

    application: Application
    regulation: str


@dataclass(frozen=True)
class Step:
    """On `day`, `freed` euros leave the window; `room` is then left if nothing else is granted."""

    day: dt.date
    freed: Decimal | None
    room: Decimal | None


class Position:
    """The ledger of one organisation under one regulation, on `day`. Five queries, all told."""

    def __init__(self, organisation, day, regulation=GENERAL):
        self.organisation, self.day, self.regulation = organisation, day, regulation
        self.undertaking, self.firms = firms_of(organisation)
        self.sirens = [siren for siren, _ in self.firms]
        aids = ReceivedAid.objects.filter(territory=organisation.territory_id).of(self.sirens)
        self.on_record = list(aids.for_list()) if self.firms else []

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

    @cached_property
    def apart(self):
        """De minimis aids of the same years that fill the window of another regulation."""
        since = self.since
        return [
            aid
            for aid in self.others
            if since <= aid.granted_on <= self.day and aid.regulation != deminimis.OUTSIDE
        ]

    @cached_property
    def unrecorded(self):
        """Files granted to these firms, de minimis for sure or perhaps, not on record yet."""
        found = granted_files(self.organisation, self.sirens)
        return [
            Unrecorded(file, regulation)
            for file in found
            if (regulation := regulation_of(file)) != deminimis.OUTSIDE
        ]

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
    def are_firms_declared(self):
        return self.undertaking is not None and self.undertaking.declared_on is not None

    @property
    def doubts(self):
        """Why the ledger may not hold everything, in words."""
        return deminimis.doubts(self.are_firms_declared, len(self.unrecorded))

    @property
    def is_sure(self):
        """It holds everything, every amount is known, and the ceiling was read in a text."""
        return not self.doubts and self.room is not None and self.ceiling.is_sure

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


def granted_files(organisation, sirens):
    """Files of these firms that were accepted under a basis or a plan that speaks of de minimis,
    and that no aid of the ledger comes from; two queries."""
    territory = organisation.territory_id
    firms = Organisation.objects.filter(
        Q(pk=organisation.pk) | Q(territory=territory, siren__in=sirens)
    )
    lines = SourceLine.objects.filter(scheme__isnull=False).select_related("scheme", "plan")
    planned = lines.filter(scheme__kind=plan.DE_MINIMIS, application__isnull=False)
    return (
        Application.objects.filter(
            Q(project__holder__in=firms, project__territory=territory)
            | Q(action__pilot__in=firms, action__plan__territory=territory),
            Q(program__legal_basis__icontains="minimis") | Q(pk__in=planned.values("application")),
            status=Application.Status.ACCEPTED,
            received_aid=None,
        )
        .exclude(amount_granted=None, decided_on=None)
        .for_list()
        .prefetch_related(Prefetch("source_lines", lines, to_attr="planned_lines"))
    )


def regulation_of(file):
    """That of its line in the plan, the chosen one first, else of the legal basis of its program
    when de minimis stands alone in it; empty when it may be another."""
    for line in sorted(file.planned_lines, key=lambda line: (not line.plan.is_chosen, line.pk)):
        is_minimis = line.scheme.kind == plan.DE_MINIMIS
        return deminimis.GENERAL if is_minimis else deminimis.OUTSIDE
    basis = normalise(file.program.legal_basis)
    return deminimis.regulation_named(basis) if deminimis.is_alone(basis) else ""
