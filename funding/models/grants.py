"""From the agreement to the balance: convention, amendments, and each payment."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from crm.fields import MoneyField
from funding.appraisal import payments
from funding.financing.plan import Instalment
from funding.models.applications import Application
from funding.models.filing import OfApplication, OfApplicationQuerySet
from funding.models.plans import PercentField


class CountedInFile(OfApplication):
    """A row that its file keeps a sum of, counted again after each save, removal and return."""

    class Meta:
        abstract = True

    def count_in(self, application):
        raise NotImplementedError

    def clean(self):
        """There is no grant to agree on, to amend or to pay before the decision."""
        super().clean()
        if self._state.adding and self.application.status != Application.Status.ACCEPTED:
            raise ValidationError("Le dossier n’est pas accepté\u00a0: notez d’abord la décision.")

    def save(self, *args, **kwargs):
        super().save(*args, **kwargs)
        self.count_in(self.application)

    def delete(self, *args, **kwargs):
        application = self.application
        gone = super().delete(*args, **kwargs)
        self.count_in(application)
        return gone


class GrantAgreement(CountedInFile):
    """The convention, or the arrêté that stands for it."""

    application = models.OneToOneField(Application, models.CASCADE, related_name="agreement")
    number = models.CharField("numéro", max_length=60, blank=True)
    signed_on = models.DateField("signée le", null=True, blank=True)
    starts_on = models.DateField("dépenses prises en compte du", null=True, blank=True)
    ends_on = models.DateField("fin de la convention", null=True, blank=True)
    amount = MoneyField("montant conventionné")
    rate = PercentField("taux de la subvention")
    eligible_costs = MoneyField("dépense subventionnable")
    accepted_costs = MoneyField("dépense réelle retenue")
    advance_is_guaranteed = models.BooleanField("avance garantie à première demande", default=False)
    notes = models.TextField("notes", blank=True, max_length=5000)

    history = HistoricalRecords(excluded_fields=["version"])

    class Meta:
        verbose_name = "convention"
        constraints = [
            models.CheckConstraint(
                name="agreement_ends_after_it_is_signed",
                condition=Q(signed_on=None)
                | Q(ends_on=None)
                | Q(ends_on__gte=models.F("signed_on")),
                violation_error_message="La fin de la convention précède sa signature.",
            ),
        ]

    def __str__(self):
        return f"Convention {self.number}" if self.number else "Convention"

    def count_in(self, application):
        application.take_agreement()

    def why_it_stays(self):
        if self.amendments.exists():
            return "La convention a des avenants\u00a0: retirez-les d’abord."
        return ""

    @property
    def current_end(self):
        """The end after the last prorogation."""
        return self._amended("ends_on")

    @property
    def current_amount(self):
        return self._amended("amount")

    def _amended(self, name):
        """The value of the last amendment that gives one, else that of the agreement."""
        given = [
            value
            for amendment in self.amendments.all()
            if (value := getattr(amendment, name)) is not None
        ]
        return given[-1] if given else getattr(self, name)

    def has_told(self, amount):
        """It was once the amount of this agreement, or of one of its amendments."""
        amendments = Amendment.history.filter(agreement_id=self.pk)
        rows = (self.history.filter(amount=amount), amendments.filter(amount=amount))
        return amount is not None and any(found.exists() for found in rows)

    @property
    def final_grant(self):
        """min(granted, rate × accepted costs); None while one of the three is unknown."""
        return payments.final_grant(self.current_amount, self.rate, self.accepted_costs)


class AmendmentQuerySet(OfApplicationQuerySet):
    def visible_to(self, viewer):
        return self.filter(agreement__application__in=Application.objects.visible_to(viewer))

    def for_edit(self):
        return self.select_related(
            "agreement__application__program__funder",
            "agreement__application__project__territory",
            "agreement__application__action__plan__territory",
        )


class Amendment(CountedInFile):
    """An avenant: more time, another amount, another object."""

    class Kind(models.TextChoices):
        EXTENSION = "prorogation", "Prorogation"
        AMOUNT = "montant", "Montant"
        OBJECT = "objet", "Objet"

    agreement = models.ForeignKey(GrantAgreement, models.CASCADE, related_name="amendments")
    kind = models.CharField("nature", max_length=12, choices=Kind)
    signed_on = models.DateField("signé le")
    ends_on = models.DateField("nouvelle fin", null=True, blank=True)
    amount = MoneyField("nouveau montant")
    note = models.CharField("objet", max_length=300, blank=True)

    history = HistoricalRecords(excluded_fields=["version"])
    objects = AmendmentQuerySet.as_manager()

    class Meta:
        verbose_name = "avenant"
        ordering = ["signed_on", "pk"]

    def __str__(self):
        return f"Avenant de {self.get_kind_display().lower()}"

    @property
    def application(self):
        return self.agreement.application

    def count_in(self, application):
        application.take_agreement()


class Tranche(CountedInFile):
    """One payment of the grant, from planned to paid."""

    class Kind(models.TextChoices):
        ADVANCE = payments.ADVANCE, "Avance"
        INTERIM = payments.INTERIM, "Acompte"
        FINAL = payments.FINAL, "Solde"

    class State(models.TextChoices):
        PLANNED = "prevue", "Prévue"
        REQUESTED = "demandee", "Demandée"
        JUSTIFIED = "justifiee", "Justifiée"
        SETTLED = "liquidee", "Liquidée"
        PAID = payments.PAID, "Versée"
        REJECTED = payments.REJECTED, "Rejetée"

    application = models.ForeignKey(Application, models.CASCADE, related_name="tranches")
    kind = models.CharField("nature", max_length=16, choices=Kind)
    state = models.CharField("état", max_length=10, choices=State, default=State.PLANNED)
    amount = MoneyField("montant prévu")
    due_on = models.DateField("à demander avant le", null=True, blank=True)
    requested_on = models.DateField("demandée le", null=True, blank=True)
    justified_costs = MoneyField("dépenses justifiées")
    justified_on = models.DateField("justifiée le", null=True, blank=True)
    settled_on = models.DateField("liquidée le", null=True, blank=True)
    amount_paid = MoneyField("montant versé")
    paid_on = models.DateField("versée le", null=True, blank=True)
    note = models.CharField("précision", max_length=250, blank=True)

    history = HistoricalRecords(excluded_fields=["version"])

    class Meta:
        verbose_name = "tranche"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="paid_tranche_says_when_and_how_much",
                condition=~Q(state="versee") | Q(amount_paid__isnull=False, paid_on__isnull=False),
                violation_error_message="Une tranche versée a son montant et sa date.",
            ),
        ]

    def __str__(self):
        return self.get_kind_display()

    @property
    def is_paid(self):
        return self.state == self.State.PAID

    @property
    def is_rejected(self):
        return self.state == self.State.REJECTED

    def count_in(self, application):
        application.take_payments()

    def as_instalment(self):
        return Instalment(
            kind=self.kind,
            amount=self.amount_paid if self.is_paid else self.amount,
            on=self.paid_on if self.is_paid else None,
            is_paid=self.is_paid,
        )

    def as_rule(self):
        return payments.Payment(
            kind=self.kind,
            state=self.state,
            amount=self.amount_paid if self.is_paid else self.amount,
        )
