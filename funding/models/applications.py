from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Count, OuterRef, Q, Subquery, Sum
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from actions.models import Action, EditConflict
from actions.models.editing import Versioned
from crm.fields import MoneyField
from crm.models import Organisation, Project
from funding.aid_counts import SUMS
from funding.appraisal import pieces, statuses
from funding.financing.following import Progress
from funding.models.programs import Program
from funding.models.subjects import EITHER, SubjectQuerySet


class ApplicationQuerySet(SubjectQuerySet):
    def for_program(self, program):
        """A local version and its national program are one: a file of either is a file of both."""
        one = program.filed_as
        return self.filter(Q(program=one) | Q(program__national=one))

    def live(self):
        return self.exclude(status__in=Application.FINAL)

    def for_list(self):
        return self.select_related(
            "program__funder",
            "project__holder",
            "project__territory",
            "project__stage",
            "action__pilot",
            "action__plan__territory",
        )

    def totals(self):
        """Asked, granted, committed and paid over known amounts, and how many do not say theirs."""
        return self.order_by().aggregate(count=Count("pk"), **SUMS)


class Application(Versioned):
    """A file (dossier): one project, or one collective action, and one program."""

    class Status(models.TextChoices):
        TO_FILE = statuses.TO_FILE, "À déposer"
        DRAFT = statuses.DRAFT, "Brouillon"
        FILED = statuses.FILED, "Déposé"
        IN_CONSTRUCTION = statuses.IN_CONSTRUCTION, "En construction"
        INCOMPLETE = statuses.INCOMPLETE, "Incomplet"
        COMPLETE = statuses.COMPLETE, "Complet"
        APPRAISAL = statuses.APPRAISAL, "En instruction"
        ADJOURNED = statuses.ADJOURNED, "Ajourné"
        WAITING_LIST = statuses.WAITING_LIST, "Liste d’attente"
        ACCEPTED = statuses.ACCEPTED, "Accepté"
        REFUSED = statuses.REFUSED, "Refusé"
        DISMISSED = statuses.DISMISSED, "Classé sans suite"
        WITHDRAWN = statuses.WITHDRAWN, "Retiré"

    NOT_FILED, FINAL, RECEIVED = statuses.NOT_FILED, statuses.FINAL, statuses.RECEIVED

    project = models.ForeignKey(
        Project,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="applications",
        verbose_name="projet",
    )
    action = models.ForeignKey(
        Action,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="applications",
        verbose_name="action",
    )
    program = models.ForeignKey(
        Program, models.PROTECT, related_name="applications", verbose_name="dispositif"
    )
    status = models.CharField("statut", max_length=16, choices=Status, default=Status.TO_FILE)
    reference = models.CharField("référence du dossier", max_length=60, blank=True)
    # Known only for the files of Démarche numérique, whose own moves they then follow.
    dossier_number = models.PositiveBigIntegerField(
        "numéro sur Démarche numérique", null=True, blank=True
    )
    amount_requested = MoneyField("montant demandé")
    amount_granted = MoneyField("montant accordé")
    # Follows the agreement, once there is one with an amount; the next two follow the tranches.
    amount_committed = MoneyField("montant engagé")
    amount_justified = MoneyField("dépenses justifiées")
    amount_paid = MoneyField("montant versé")
    due_on = models.DateField("à déposer le", null=True, blank=True)
    filed_on = models.DateField("déposé le", null=True, blank=True)
    received_on = models.DateField("complétude ou accusé de réception le", null=True, blank=True)
    decided_on = models.DateField("décision le", null=True, blank=True)
    decision_expected_on = models.DateField("décision attendue le", null=True, blank=True)
    notes = models.TextField("notes", blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    history = HistoricalRecords(excluded_fields=["version"])
    objects = ApplicationQuerySet.as_manager()

    class Meta:
        verbose_name = "dossier"
        ordering = ["project", "action", "pk"]
        constraints = [
            models.CheckConstraint(
                name="application_of_a_project_or_of_an_action",
                condition=EITHER,
            ),
            models.CheckConstraint(
                name="application_decided_after_filed",
                condition=Q(filed_on=None)
                | Q(decided_on=None)
                | Q(decided_on__gte=models.F("filed_on")),
                violation_error_message="La décision précède le dépôt.",
            ),
        ]

    def __str__(self):
        return f"{self.program}, {self.subject}"

    def get_absolute_url(self):
        return reverse("funding:application", args=[self.pk])

    @property
    def subject(self):
        return self.project or self.action

    @property
    def territory(self):
        return self.project.territory if self.project_id else self.action.plan.territory

    @property
    def holder(self):
        """Who asks: the holder of the project, the pilot of the action if there is one."""
        return self.project.holder if self.project_id else self.action.pilot

    @property
    def subject_code(self):
        return self.project.reference if self.project_id else self.action.code

    @property
    def holder_kind(self):
        """« company » or « authority »: who has a council does not give a Kbis."""
        company = self.holder is not None and self.holder.kind == Organisation.Kind.COMPANY
        return pieces.COMPANY if company else pieces.AUTHORITY

    @property
    def on_demarche(self):
        return self.dossier_number is not None

    @property
    def is_filed(self):
        return self.status not in self.NOT_FILED

    def progress(self):
        """How far it has come, as the financing plan that counts on it reads it."""
        agreement = getattr(self, "agreement", None)
        return Progress(
            status=self.status,
            amount_requested=self.amount_requested,
            amount_granted=self.amount_granted,
            amount_committed=self.amount_committed,
            amount_paid=self.amount_paid,
            final_grant=agreement and agreement.final_grant,
            is_agreed=agreement is not None,
            due_on=self.due_on,
            filed_on=self.filed_on,
            decided_on=self.decided_on,
            decision_expected_on=self.decision_expected_on,
            instalments=tuple(
                row.as_instalment() for row in self.tranches.all() if not row.is_rejected
            ),
        )

    @classmethod
    def allowed(cls, before, after, *, on_demarche=False):
        """Whether a file may go from a status to another, or stay (see `funding.appraisal`)."""
        return before == after or after in statuses.moves(before, on_demarche=on_demarche)

    def next_statuses(self):
        return [
            self.Status(status)
            for status in statuses.moves(self.status, on_demarche=self.on_demarche)
        ]

    def why_it_stays(self):
        """A French sentence when the status cannot change at all, else nothing."""
        if self.status == self.Status.ACCEPTED and hasattr(self, "agreement"):
            return "Le dossier est conventionné\u00a0: retirez d’abord la convention."
        return ""

    def why_not_on(self, status, on):
        """A French sentence when the file cannot go to `status` on that day, else nothing."""
        if self.filed_on and on < self.filed_on and status not in self.NOT_FILED:
            what = "La décision" if status in self.FINAL else "Ce changement"
            return f"{what} précède le dépôt du {self.filed_on:%d/%m/%Y}."
        last = self.moves.first() if self.pk else None
        if last and on < last.on:
            return f"Le changement précédent est du {last.on:%d/%m/%Y}\u00a0: celui-ci le suit."
        return ""

    def why_not(self, status, on):
        """The same, with what the status and its machine do not allow on any day."""
        before, after = self.get_status_display(), self.Status(status).label
        if status not in self.next_statuses():
            return f"Le dossier «\u00a0{self.program}\u00a0» ne passe pas de " + (
                f"«\u00a0{before}\u00a0» à «\u00a0{after}\u00a0»."
            )
        return self.why_it_stays() or self.why_not_on(status, on)

    @transaction.atomic
    def move_to(self, status, *, on, by, note="", source="", **values):
        """Change the status, date the step it stands for, and keep who did it.

        The slower of two people gets an EditConflict. `values` are amounts told with the move.
        """
        dated = statuses.date_of(status)
        # What was filed, then received, was so on its first day, whatever is appraised again.
        if dated == "decided_on" or (dated and getattr(self, dated) is None):
            values = {dated: on} | values
        if status in {self.Status.INCOMPLETE, self.Status.IN_CONSTRUCTION}:
            values = {"received_on": None} | values
        if self.status in statuses.DECIDED and status not in statuses.DECIDED:
            gone = ("decided_on", "amount_granted", "amount_committed")
            values = dict.fromkeys(gone) | values
        before = {name: as_text(getattr(self, name)) for name in ("status", *values)}
        move = ApplicationMove(
            application=self,
            before=before,
            from_status=self.status,
            to_status=status,
            on=on,
            by=by,
            note=note,
            source=source,
        )
        found = Application.objects.filter(pk=self.pk, version=self.version, status=self.status)
        if not found.update(version=models.F("version") + 1):
            raise EditConflict
        self.version += 1
        self.status = status
        for name, value in values.items():
            setattr(self, name, value)
        self.save()
        move.trace = self.history.values_list("history_id", flat=True).first()
        move.save()
        return move

    def _is_as_left_by(self, move):
        """Whether what an undo would give back is still what the move wrote."""
        left = self.history.filter(history_id=move.trace).first() or self
        return self.status == move.to_status and all(
            getattr(left, name) == getattr(self, name) for name in move.before
        )

    @transaction.atomic
    def undo_move(self, move):
        """Give the file back what the last move took; ValidationError once something followed."""
        if self.moves.first() != move or not self._is_as_left_by(move):
            raise ValidationError("Le dossier a changé depuis\u00a0: ce changement reste.")
        if hasattr(self, "agreement"):
            raise ValidationError(
                "Le dossier est conventionné\u00a0: retirez d’abord la convention."
            )
        for name, value in move.before.items():
            setattr(self, name, self._meta.get_field(name).to_python(value))
        move.delete()
        self.save_over(self.version)

    def take_agreement(self):
        """What is committed is the amount of the agreement as amended; without an agreement,
        or once it no longer says its amount, nobody knows any more."""
        file = Application.objects.select_related("agreement").get(pk=self.pk)
        agreement = getattr(file, "agreement", None)
        amount = agreement and agreement.current_amount
        if agreement is None or amount is not None or agreement.has_told(file.amount_committed):
            self._take(amount_committed=amount)

    def take_payments(self):
        """What is paid and justified are sums of the tranches, once there are any; without one any
        more, what is paid is again what was typed before the first."""
        rows = list(self.tranches.all())
        justified = [row.justified_costs for row in rows if row.justified_costs is not None]
        self._take(
            amount_paid=sum((row.amount_paid or 0 for row in rows if row.is_paid), Decimal(0))
            if rows
            else self._paid_before_tranches(),
            amount_justified=sum(justified) if justified else None,
        )

    def _paid_before_tranches(self):
        live, began = set(), None
        for trace in self.tranches.model.history.filter(application_id=self.pk).order_by(
            "history_date", "history_id"
        ):
            if trace.history_type == "-":
                live.discard(trace.id)
                continue
            if not live:
                began = trace.history_date
            live.add(trace.id)
        before = began and self.history.filter(history_date__lt=began).first()
        return before.amount_paid if before else None

    def _take(self, **values):
        """Save these columns, with their row of history, when they changed."""
        fresh = Application.objects.get(pk=self.pk)
        changed = {name: new for name, new in values.items() if getattr(fresh, name) != new}
        for name, value in changed.items():
            setattr(fresh, name, value)
            setattr(self, name, value)
        if changed:
            fresh.save(update_fields=[*changed, "updated_at"])


class ApplicationMove(models.Model):
    """One change of status: when it happened, who noted it, and what to put back to undo it."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="moves")
    from_status = models.CharField("de", max_length=16, choices=Application.Status)
    to_status = models.CharField("à", max_length=16, choices=Application.Status)
    on = models.DateField("le")
    note = models.CharField("précision", max_length=300, blank=True)
    source = models.CharField("source", max_length=60, blank=True)
    before = models.JSONField(default=dict, editable=False)
    # The row of history that this move wrote, told once on the page.
    trace = models.BigIntegerField(null=True, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "changement de statut"
        verbose_name_plural = "changements de statut"
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.get_from_status_display()} → {self.get_to_status_display()}"


def as_text(value):
    """As JSON keeps it: a date or an amount by its text, nothing by nothing."""
    return value if value is None else str(value)


def with_money(projects):
    """Annotate crm projects with amounts asked, granted and paid: a subquery each, no fan-out."""

    def total(field):
        rows = Application.objects.filter(project=OuterRef("pk")).order_by().values("project")
        return Subquery(rows.annotate(total=Sum(field)).values("total"))

    return projects.annotate(
        requested_total=total("amount_requested"),
        granted_total=total("amount_granted"),
        paid_total=total("amount_paid"),
    )
