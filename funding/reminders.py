"""What falls due on files beside filing and decision: one list for pages and reports."""

import datetime
from dataclasses import dataclass, field

from django.db.models import Q
from django.utils import timezone

from funding.appraisal import payments, pieces, statuses
from funding.filing import FilingReader
from funding.models import (
    Application,
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
    """Corrections, pieces, steps, tranches, ends of agreement: at most eight queries, any files."""
    today = today or timezone.localdate()
    scope = Q(application__in=applications.order_by().values("pk"))
    yield from corrections(scope)
    yield from expiring_pieces(scope, today)
    yield from next_steps(scope, today)
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


def next_steps(scope, today):
    """The first step left of each file still to send, as its own page reads the calendar."""
    files = Application.objects.filter(
        pk__in=ApplicationStep.objects.filter(scope).values("application"),
        status__in=statuses.NOT_FILED,
    )
    for file in files.select_related("program").prefetch_related("steps", "pieces"):
        if found := FilingReader(file, viewer=None, today=today).next_step:
            dated = found[0]
            yield Reminder(dated.ends_on, STEP, dated.step.label, file.pk, "flag")


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
