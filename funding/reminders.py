"""What falls due on files beside filing and decision: one list for pages and reports."""

import datetime
from dataclasses import dataclass, field

from django.db.models import Q
from django.utils import timezone

from funding.appraisal import calendar, payments, pieces, statuses
from funding.models import (
    ApplicationPiece,
    ApplicationStep,
    Correction,
    GrantAgreement,
    Tranche,
)


@dataclass(frozen=True, order=True)
class Reminder:
    on: datetime.date
    kind: str
    text: str
    application: int
    icon: str = field(default="clock", compare=False)


CORRECTION, PIECE = "Correction à rendre", "Pièce qui expire"
STEP, END = "Étape d’un dossier", "Fin de convention"
ASK = {
    payments.ADVANCE: "Avance à demander",
    payments.INTERIM: "Acompte à demander",
    payments.FINAL: "Solde à demander",
}
KINDS = frozenset({CORRECTION, PIECE, STEP, END, *ASK.values()})


def reminders(applications, *, today=None):
    """Corrections, pieces, steps, tranches, ends of agreement: at most six queries, any files."""
    today = today or timezone.localdate()
    scope = Q(application__in=applications.order_by().values("pk"))
    yield from corrections(scope)
    yield from expiring_pieces(scope, today)
    yield from next_steps(scope)
    yield from tranches(scope)
    yield from ends(scope)


def corrections(scope):
    for row in Correction.objects.filter(scope, answered_on=None, due_on__isnull=False):
        yield Reminder(row.due_on, CORRECTION, str(row), row.application_id, "pencil")


def expiring_pieces(scope, today):
    """Those received for a file still to send, that its funder will no longer take that day."""
    rows = ApplicationPiece.objects.filter(
        scope,
        application__status__in=statuses.NOT_FILED,
        received_on__isnull=False,
        expires_on__isnull=False,
    ).select_related("application")
    for row in rows:
        if row.state(row.application.due_on, today=today) in {pieces.EXPIRING, pieces.EXPIRED}:
            yield Reminder(row.expires_on, PIECE, row.label, row.application_id, "doc")


def next_steps(scope):
    """The first step left of each file that has a day to be filed by."""
    rows = ApplicationStep.objects.filter(
        scope, application__status__in=statuses.NOT_FILED, application__due_on__isnull=False
    ).select_related("application")
    by_file = {}
    for row in rows:
        by_file.setdefault(row.application, []).append(row)
    for application, steps in by_file.items():
        rules = [
            calendar.Step(row.pk, row.label, row.days, row.position, row.done_on is not None)
            for row in steps
        ]
        left = [
            dated
            for dated in calendar.backwards(rules, application.due_on)
            if not dated.step.is_done
        ]
        if left:
            first = left[0]
            yield Reminder(first.ends_on, STEP, first.step.label, application.pk, "flag")


def tranches(scope):
    rows = Tranche.objects.filter(scope, state=Tranche.State.PLANNED, due_on__isnull=False)
    for row in rows:
        yield Reminder(row.due_on, ASK[row.kind], row.note, row.application_id, "coins")


def ends(scope):
    """The end of an agreement whose balance is not paid yet."""
    settled = Tranche.objects.filter(kind=payments.FINAL, state=payments.PAID)
    rows = (
        GrantAgreement.objects.filter(scope)
        .exclude(application__in=settled.values("application"))
        .prefetch_related("amendments")
    )
    for row in rows:
        if row.current_end:
            yield Reminder(row.current_end, END, row.number, row.application_id, "flag")
