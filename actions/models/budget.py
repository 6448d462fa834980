"""The money and the time of a fiche, year by year, and the public contracts it pays for."""

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Q, Sum
from simple_history.models import HistoricalRecords

from actions.models.editing import Removable, Versioned
from actions.models.plans import BUDGETS, Action, OfActionQuerySet
from crm.fields import MoneyField
from crm.models import Organisation

FIRST_YEAR, LAST_YEAR = 2000, 2100
YEAR = [
    MinValueValidator(FIRST_YEAR, "Écrivez une année, par exemple 2026."),
    MaxValueValidator(LAST_YEAR, "Écrivez une année, par exemple 2026."),
]


class BudgetLine(Versioned, Removable):
    """What one source gives one year: in euros, or in full-time equivalents, never added."""

    class Nature(models.TextChoices):
        INVESTMENT = "investissement", "Investissement"
        OPERATION = "fonctionnement", "Fonctionnement"

    class Unit(models.TextChoices):
        EUROS = "eur", "€"
        FTE = "etp", "ETP"

    action = models.ForeignKey(Action, models.CASCADE, related_name="budget_lines")
    year = models.PositiveSmallIntegerField("année", validators=YEAR)
    nature = models.CharField("nature", max_length=14, choices=Nature)
    unit = models.CharField("unité", max_length=3, choices=Unit, default=Unit.EUROS)
    planned = MoneyField("prévu")
    committed = MoneyField("engagé")
    spent = MoneyField("dépensé")
    funder = models.ForeignKey(
        Organisation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="funded_budget_lines",
        verbose_name="financeur",
    )
    source = models.CharField("autre source", max_length=120, blank=True)
    label = models.CharField("objet", max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    history = HistoricalRecords(excluded_fields=["version"])
    objects = OfActionQuerySet.as_manager()

    class Meta:
        verbose_name = "ligne de budget"
        verbose_name_plural = "lignes de budget"
        ordering = ["year", "unit", "-nature", "pk"]
        constraints = [
            models.CheckConstraint(
                name="fte_are_an_operation",
                condition=~Q(unit="etp") | Q(nature="fonctionnement"),
                violation_error_message="Des ETP sont du fonctionnement.",
            ),
            models.CheckConstraint(
                name="budget_line_names_one_source",
                condition=Q(funder=None) | Q(source=""),
                violation_error_message="Choisissez un financeur, ou écrivez une autre source.",
            ),
        ]

    def __str__(self):
        what = f"{self.year}, {self.get_nature_display().lower()}"
        return f"{what}, {self.source_name}" if self.source_name else what

    @property
    def source_name(self):
        """Who pays, or an empty string when it is not known."""
        return str(self.funder) if self.funder_id else self.source

    @property
    def is_time(self):
        return self.unit == self.Unit.FTE

    @classmethod
    def restore(cls, trace):
        return super().restore(without_lost(trace, "funder"))

    @transaction.atomic
    def save(self, *args, **kwargs):
        super().save(*args, **kwargs)
        count_budget(self.action_id)

    @transaction.atomic
    def delete(self, *args, **kwargs):
        gone = super().delete(*args, **kwargs)
        count_budget(self.action_id)
        return gone


def without_lost(trace, name):
    """An organisation that was deleted since does not come back with the row that named it."""
    kept = Organisation.objects.filter(pk=getattr(trace, f"{name}_id")).exists()
    if not kept:
        setattr(trace, f"{name}_id", None)
    return trace


@transaction.atomic
def count_budget(action_id):
    """Keep the totals of the fiche where they are read: what its lines add up to, in euros.

    An amount that no line tells is unknown. What was typed comes back with the last line gone.
    """
    action = Action.objects.select_for_update().filter(pk=action_id).first()
    if action is None:  # it takes its lines with it
        return
    fields = [f"budget_{name}" for name in BUDGETS]
    before = [getattr(action, field) for field in [*fields, "typed_budget"]]
    if action.budget_lines.exists():
        if action.typed_budget is None:
            action.typed_budget = {field: text_of(getattr(action, field)) for field in fields}
        sums = {field: Sum(name) for field, name in zip(fields, BUDGETS, strict=True)}
        euros = action.budget_lines.filter(unit=BudgetLine.Unit.EUROS).order_by()
        totals = euros.aggregate(**sums)
    elif action.typed_budget is not None:
        totals = {field: amount_of(text) for field, text in action.typed_budget.items()}
        action.typed_budget = None
    else:
        return
    for field, total in totals.items():
        setattr(action, field, total)
        action.provenance.pop(field, None)
    if before != [getattr(action, field) for field in [*fields, "typed_budget"]]:
        action.save(update_fields=[*fields, "typed_budget", "provenance", "updated_at"])


def text_of(amount):
    return None if amount is None else str(amount)


def amount_of(text):
    return None if text is None else Decimal(text)


class PublicContract(Versioned, Removable):
    """A public contract (marché) that the fiche pays for."""

    action = models.ForeignKey(Action, models.CASCADE, related_name="public_contracts")
    title = models.CharField("objet du marché", max_length=200)
    provider = models.ForeignKey(
        Organisation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="public_contracts",
        verbose_name="prestataire",
    )
    provider_label = models.CharField("autre prestataire", max_length=200, blank=True)
    amount = MoneyField("montant HT")
    notified_on = models.DateField("notifié le", null=True, blank=True)
    ends_on = models.DateField("fin du marché", null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    history = HistoricalRecords(excluded_fields=["version"])
    objects = OfActionQuerySet.as_manager()

    class Meta:
        verbose_name = "marché"
        verbose_name_plural = "marchés"
        ordering = ["notified_on", "pk"]
        constraints = [
            models.CheckConstraint(
                name="contract_ends_after_it_is_notified",
                condition=Q(notified_on=None)
                | Q(ends_on=None)
                | Q(ends_on__gte=models.F("notified_on")),
                violation_error_message="La fin du marché précède sa notification.",
            ),
            models.CheckConstraint(
                name="contract_names_one_provider",
                condition=Q(provider=None) | Q(provider_label=""),
                violation_error_message="Choisissez un prestataire, ou écrivez son nom.",
            ),
        ]

    def __str__(self):
        return self.title

    @classmethod
    def restore(cls, trace):
        return super().restore(without_lost(trace, "provider"))

    @property
    def provider_name(self):
        return str(self.provider) if self.provider_id else self.provider_label
