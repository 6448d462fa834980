from decimal import Decimal

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models import F
from django.urls import reverse
from simple_history.models import HistoricalRecords

from actions.models import EditConflict
from actions.models.editing import Removable, Versioned
from crm.fields import MoneyField
from crm.models import Role, Territory
from funding.models.programs import Funder


class EnvelopeQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        """A scenario is the team’s: who may lose money in it does not read it."""
        teams = viewer.territories_as(Role.OFFICER, Role.MANAGER)
        return self.filter(territory__in=teams)


class Envelope(Versioned, Removable):
    """A scenario: an amount, and the files and projects it would pay, in order of priority."""

    territory = models.ForeignKey(Territory, models.CASCADE, related_name="envelopes")
    title = models.CharField("intitulé", max_length=120)
    amount = MoneyField(
        "montant de l’enveloppe",
        null=False,
        blank=False,
        validators=[MinValueValidator(Decimal("0.01"), "Une enveloppe contient de l’argent.")],
    )
    funder = models.ForeignKey(
        Funder,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="financeur",
        help_text="Ses dossiers seuls sont alors proposés.",
    )
    notes = models.TextField("notes", blank=True)
    # Rows {"key": "dossier-12", "amount": "1000.00"} in order, and not a relation: a scenario is
    # copied and put back whole. Without an amount, that of the file or of the plan is followed.
    choices = models.JSONField("choix", default=list, blank=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    history = HistoricalRecords(excluded_fields=["version"])
    objects = EnvelopeQuerySet.as_manager()

    class Meta:
        verbose_name = "enveloppe"
        ordering = ["-updated_at", "-pk"]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("funding:envelope", args=[self.pk])

    @property
    def keys(self):
        return [choice["key"] for choice in self.choices]

    def amount_of(self, key):
        """The amount typed for this choice; None where that of its file or plan is followed."""
        typed = next((one.get("amount") for one in self.choices if one["key"] == key), None)
        return None if typed is None else Decimal(typed)

    @transaction.atomic
    def choose(self, keys, amounts, *, version):
        """Keep these choices in this order, with the amounts typed, or raise EditConflict."""
        choices = [
            {"key": key, "amount": None if amounts.get(key) is None else str(amounts[key])}
            for key in keys
        ]
        found = Envelope.objects.filter(pk=self.pk, version=version)
        if not found.update(version=F("version") + 1):
            raise EditConflict
        self.version, self.choices = version + 1, choices
        self.save()
