"""The conventions that the territory signs with those who pay, and what they bind each to.

A convention is a `Contract`; a marché, which a fiche pays for, is a `PublicContract`.
"""

import contextlib

from django.db import IntegrityError, models, transaction
from django.db.models import F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from actions.models.budget import FIRST_YEAR, LAST_YEAR, YEAR, without_lost
from actions.models.editing import Removable, RemovalRefused, Versioned, removed
from actions.models.plans import Action
from crm.fields import MoneyField
from crm.models import Framework, Organisation, Territory

WITH_CONTRACT = "retiré avec sa convention"


# What a convention holds, in an order that finds what it names.
PARTS = ("parties", "amendments", "commitments", "payments", "evaluations", "documents")


class ContractQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(territory__in=Territory.objects.visible_to(viewer))

    def with_end(self):
        """`last_end` is the end that the last amendment to speak of it says."""
        return self.annotate(last_end=amended("ends_on"))

    def with_money(self):
        """`last_amount` after the amendments; what was planned and received, None if unknown."""
        return self.annotate(
            last_amount=amended("amount"),
            received_total=paid("amount_received"),
            planned_total=paid("amount_planned"),
        )

    def for_list(self):
        """Everything a row displays, in a fixed number of queries."""
        return (
            self.with_end()
            .with_money()
            .select_related("territory")
            .prefetch_related("parties__organisation")
        )


def amended(name):
    """What the last amendment that speaks of it says, or else the contract itself."""
    spoken = Amendment.objects.filter(contract=OuterRef("pk")).exclude(**{f"new_{name}": None})
    last = spoken.order_by("-number").values(f"new_{name}")[:1]
    return Coalesce(Subquery(last), F(name))


def paid(name):
    """A sum of the payments by contract, on its own: a join would count a row many times."""
    rows = Payment.objects.filter(contract=OuterRef("pk")).order_by().values("contract")
    return Subquery(rows.annotate(total=Sum(name)).values("total"))


class Contract(Versioned, Removable):
    """A convention: who signs what with whom, until when, for how much."""

    class Kind(models.TextChoices):
        TI = "ti", "Contrat Territoire d’industrie"
        COT = "cot", "Contrat d’objectif territorial (ADEME)"
        FRAME = "cadre", "Convention-cadre"
        GRANT = "subvention", "Convention de financement"
        OTHER = "autre", "Autre convention"

    territory = models.ForeignKey(Territory, models.CASCADE, related_name="contracts")
    kind = models.CharField("nature", max_length=12, choices=Kind)
    title = models.CharField("intitulé", max_length=200)
    reference = models.CharField("référence", max_length=60, blank=True)
    # Codes of frameworks: the fiches that they count are those of the convention.
    frameworks = models.JSONField("cadres qui comptent les fiches", default=list, blank=True)
    subject = models.TextField("objet", blank=True)
    signed_on = models.DateField("signée le", null=True, blank=True)
    starts_on = models.DateField("prend effet le", null=True, blank=True)
    ends_on = models.DateField("fin d’origine", null=True, blank=True)
    amount = MoneyField("montant d’origine")
    is_evaluated = models.BooleanField(
        "une évaluation chaque année",
        default=False,
        help_text="une fiche par année, discutée en dialogue de gestion",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    history = HistoricalRecords(excluded_fields=["version"])
    objects = ContractQuerySet.as_manager()

    class Meta:
        verbose_name = "convention"
        ordering = ["-signed_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="contract_ends_after_it_starts",
                condition=Q(starts_on=None) | Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                violation_error_message="La fin de la convention précède sa prise d’effet.",
            )
        ]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("actions:contract", args=[self.pk])

    @property
    def counted_in(self):
        """The frameworks of the convention, in the order of the list; one query."""
        return Framework.objects.filter(pk__in=self.frameworks)

    @property
    def end(self):
        return self._amended("ends_on")

    @property
    def current_amount(self):
        return self._amended("amount")

    def _amended(self, name):
        said = [getattr(one, f"new_{name}") for one in self.amendments.all()]
        return next((value for value in reversed(said) if value is not None), getattr(self, name))

    def years(self, *, today=None):
        """The calendar years in force, past ones and this one; none while its dates are unknown."""
        start, end = self.starts_on or self.signed_on, self.end
        this_year = (today or timezone.localdate()).year
        if start is None:
            return []
        return list(range(start.year, min(end.year if end else this_year, this_year) + 1))

    def next_amendment_number(self):
        return max((one.number for one in self.amendments.all()), default=0) + 1

    def why_it_stays(self):
        if any(evaluation.sheets.exists() for evaluation in self.evaluations.all()):
            return "Une évaluation de cette convention est figée : elle fait preuve, et reste."
        return ""

    @property
    def parts(self):
        """What goes and comes back with it, in an order that finds what it names."""
        return [row for name in PARTS for row in getattr(self, name).all()]

    @transaction.atomic
    def remove(self):
        """Its parties, amendments, commitments, payments and drafts go, and come back, with it."""
        if reason := self.why_it_stays():
            raise RemovalRefused(reason)
        for part in self.parts:
            part._change_reason = WITH_CONTRACT
            part.delete()
        return super().remove()

    @classmethod
    @transaction.atomic
    def restore(cls, trace):
        """With what left with it, not what was removed piece by piece before."""
        contract = super().restore(trace)
        for name in PARTS:
            model = getattr(cls, name).rel.related_model
            parts = removed(model).filter(contract=trace.id, history_change_reason=WITH_CONTRACT)
            for part in parts:
                # What its organisation took away with it does not come back.
                with contextlib.suppress(IntegrityError), transaction.atomic():
                    model.restore(part)
        return contract


class OfContractQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(contract__in=Contract.objects.visible_to(viewer))


class OfContract(Versioned, Removable):
    """A part of a convention, edited over the version that was read."""

    created_at = models.DateTimeField(auto_now_add=True)

    objects = OfContractQuerySet.as_manager()

    class Meta:
        abstract = True


class Party(OfContract):
    """An organisation that signs."""

    class Role(models.TextChoices):
        HOLDER = "porteur", "Porteur"
        FUNDER = "financeur", "Financeur"
        SIGNATORY = "signataire", "Signataire"
        PARTNER = "partenaire", "Partenaire associé"

    contract = models.ForeignKey(Contract, models.CASCADE, related_name="parties")
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="contract_parties", verbose_name="organisme"
    )
    # As it was called when the row was last written: what was signed does not follow a renaming.
    name = models.CharField("nom", max_length=200, editable=False)
    role = models.CharField("rôle", max_length=10, choices=Role, default=Role.SIGNATORY)
    quality = models.CharField(
        "représenté par",
        max_length=120,
        blank=True,
        help_text="la fonction de qui signe, par exemple « sa présidente »",
    )
    amount = MoneyField("montant apporté")

    history = HistoricalRecords(excluded_fields=["version"])

    class Meta:
        verbose_name = "partie"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                name="party_once_a_contract",
                fields=["contract", "organisation"],
                violation_error_message="Cet organisme est déjà partie à la convention.",
            )
        ]

    def __str__(self):
        return self.name

    def save(self, *args, **kwargs):
        self.name = self.organisation.name[:200]
        super().save(*args, **kwargs)

    @classmethod
    def restore(cls, trace):
        if not Organisation.objects.filter(pk=trace.organisation_id).exists():
            raise IntegrityError("the organisation was deleted since")
        return super().restore(trace)

    @property
    def signs(self):
        return self.role != self.Role.PARTNER


class Amendment(OfContract):
    """An avenant: what it changes of the end and of the amount replaces what stood before."""

    contract = models.ForeignKey(Contract, models.CASCADE, related_name="amendments")
    number = models.PositiveSmallIntegerField("numéro")
    signed_on = models.DateField("signé le", null=True, blank=True)
    subject = models.CharField("objet", max_length=250)
    new_ends_on = models.DateField("nouvelle fin", null=True, blank=True)
    new_amount = MoneyField("nouveau montant total")

    history = HistoricalRecords(excluded_fields=["version"])

    class Meta:
        verbose_name = "avenant"
        ordering = ["number", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="amendment_number_once",
                fields=["contract", "number"],
                violation_error_message="Cette convention a déjà un avenant de ce numéro.",
            )
        ]

    def __str__(self):
        return f"Avenant n°\u00a0{self.number}"


class Commitment(OfContract):
    """What a party binds itself to."""

    class State(models.TextChoices):
        TO_DO = "a_tenir", "À tenir"
        ONGOING = "en_cours", "En cours"
        KEPT = "tenu", "Tenu"
        BROKEN = "non_tenu", "Non tenu"

    OPEN = (State.TO_DO, State.ONGOING)

    contract = models.ForeignKey(Contract, models.CASCADE, related_name="commitments")
    organisation = models.ForeignKey(
        Organisation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="commitments",
        verbose_name="qui s’engage",
    )
    text = models.CharField("à quoi", max_length=250)
    amount = MoneyField("montant")
    due_on = models.DateField("pour le", null=True, blank=True)
    state = models.CharField("état", max_length=8, choices=State, default=State.TO_DO)
    action = models.ForeignKey(
        Action,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="commitments",
        verbose_name="fiche action",
    )

    history = HistoricalRecords(excluded_fields=["version"])

    class Meta:
        verbose_name = "engagement"
        ordering = ["due_on", "pk"]

    def __str__(self):
        return self.text

    @classmethod
    def restore(cls, trace):
        if not Action.objects.filter(pk=trace.action_id).exists():
            trace.action_id = None
        return super().restore(without_lost(trace, "organisation"))

    @property
    def is_open(self):
        return self.state in self.OPEN

    @property
    def is_late(self):
        return bool(self.is_open and self.due_on and self.due_on < timezone.localdate())


class Payment(OfContract):
    """A versement: planned, then asked, then received; it may hang on the evaluation of a year."""

    contract = models.ForeignKey(Contract, models.CASCADE, related_name="payments")
    label = models.CharField("versement", max_length=120, help_text="avance, acompte 2026, solde")
    funder = models.ForeignKey(
        Organisation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="contract_payments",
        verbose_name="qui verse",
    )
    amount_planned = MoneyField("prévu")
    due_on = models.DateField("à demander pour le", null=True, blank=True)
    condition = models.CharField("condition", max_length=200, blank=True)
    evaluation_year = models.PositiveSmallIntegerField(
        "sur l’évaluation de l’année", null=True, blank=True, validators=YEAR
    )
    amount_asked = MoneyField("demandé")
    asked_on = models.DateField("demandé le", null=True, blank=True)
    amount_received = MoneyField("reçu")
    received_on = models.DateField("reçu le", null=True, blank=True)

    history = HistoricalRecords(excluded_fields=["version"])

    class Meta:
        verbose_name = "versement"
        ordering = ["due_on", "pk"]
        constraints = [
            models.CheckConstraint(
                name="payment_evaluation_is_a_year",
                condition=Q(evaluation_year=None)
                | Q(evaluation_year__gte=FIRST_YEAR, evaluation_year__lte=LAST_YEAR),
            )
        ]

    def __str__(self):
        return self.label

    @classmethod
    def restore(cls, trace):
        return super().restore(without_lost(trace, "funder"))

    @property
    def state(self):
        """(word, tone): as far as it is known to have gone."""
        if self.received_on or self.amount_received is not None:
            return "Reçu", "ok"
        if self.asked_on or self.amount_asked is not None:
            return "Demandé", "warn"
        if self.due_on and self.due_on < timezone.localdate():
            return "À demander, en retard", "bad"
        return "Prévu", "unknown"

    @property
    def is_open(self):
        return not (self.received_on or self.amount_received is not None)

    @property
    def is_to_ask(self):
        return self.is_open and not (self.asked_on or self.amount_asked is not None)
