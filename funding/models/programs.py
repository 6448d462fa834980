import datetime

from django.db import models
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from crm import search
from crm.fields import MoneyField

STALE_AFTER = datetime.timedelta(days=183)


class Funder(models.Model):
    code = models.CharField("code", max_length=30, primary_key=True)
    name = models.CharField("nom", max_length=150)
    short_name = models.CharField("nom court", max_length=60)
    kind = models.CharField("nature", max_length=20)

    class Meta:
        verbose_name = "financeur"
        ordering = ["short_name"]

    def __str__(self):
        return self.short_name


class ProgramQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        """The shipped catalogue is public information: all who belong somewhere may read it."""
        return self if viewer.grants else self.none()

    def current(self, *, today=None):
        """Not closed, and not past its closing date."""
        today = today or timezone.localdate()
        return self.exclude(state=Program.State.CLOSED).exclude(closes_on__lt=today)

    def for_list(self):
        return self.select_related("funder")

    def search(self, text):
        return search.search(self, text)


class Program(models.Model):
    """A funding program (dispositif), as verified on a date from a source."""

    class State(models.TextChoices):
        OPEN = "open", "Ouvert"
        UPCOMING = "upcoming", "À venir"
        CLOSED = "closed", "Fermé"
        SUSPENDED = "suspended", "Suspendu"
        TO_CHECK = "to_check", "À vérifier"

    class Recurrence(models.TextChoices):
        PERMANENT = "permanent", "Permanent"
        YEARLY = "yearly", "Annuel"
        ROLLING = "rolling", "Au fil de l’eau"
        CALL = "call", "Appel à projets"
        ONE_OFF = "one_off", "Ponctuel"

    class Confidence(models.TextChoices):
        READ = "V", "Lu à la source"
        SECONDARY = "V2", "Source secondaire"
        KNOWN = "K", "À vérifier"
        UNCERTAIN = "TBV", "Incertain"

    code = models.CharField("code", max_length=20, unique=True)
    name = models.CharField("nom", max_length=250)
    funder = models.ForeignKey(
        Funder, models.PROTECT, related_name="programs", verbose_name="financeur"
    )
    operator = models.CharField("opérateur", max_length=150, blank=True)
    portal = models.CharField("où déposer", max_length=200, blank=True)
    instruments = models.JSONField("instruments", default=list)
    summary = models.TextField("en bref")
    beneficiaries_note = models.TextField("bénéficiaires", blank=True)
    eligible_costs_note = models.TextField("dépenses éligibles", blank=True)
    excluded_costs_note = models.TextField("dépenses exclues", blank=True)
    conditions_note = models.TextField("autres conditions", blank=True)
    scope_level = models.CharField("échelle", max_length=12)
    scope_label = models.CharField("territoire", max_length=200)
    themes = models.JSONField("thèmes", default=list)
    rate_min = models.DecimalField("taux minimum", max_digits=5, decimal_places=2, null=True)
    rate_max = models.DecimalField("taux maximum", max_digits=5, decimal_places=2, null=True)
    rates_by_size = models.JSONField("taux par taille", null=True)
    rate_on_project = models.BooleanField("taux appliqué à l’assiette du projet", default=True)
    rate_note = models.TextField("précisions sur le taux", blank=True)
    costs_min = MoneyField("assiette minimum")
    costs_max = MoneyField("assiette maximum")
    aid_min = MoneyField("aide minimum")
    aid_max = MoneyField("aide maximum")
    opens_on = models.DateField("ouvre le", null=True, blank=True)
    closes_on = models.DateField("ferme le", null=True, blank=True)
    deadlines = models.JSONField("relèves", default=list)
    recurrence = models.CharField("périodicité", max_length=10, choices=Recurrence, blank=True)
    state = models.CharField("état", max_length=10, choices=State)
    legal_basis = models.CharField("base juridique", max_length=300, blank=True)
    incentive_effect = models.BooleanField("demande avant tout engagement", null=True)
    incompatible_with = models.JSONField("exclut", default=list)
    source = models.CharField("source", max_length=300)
    confidence = models.CharField("fiabilité", max_length=3, choices=Confidence)
    verified_on = models.DateField("vérifié le", null=True, blank=True)
    uncertain = models.JSONField("champs à vérifier", default=list)
    criteria = models.JSONField("critères", default=list)
    search = models.TextField(editable=False)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    history = HistoricalRecords(excluded_fields=["search"])
    objects = ProgramQuerySet.as_manager()

    class Meta:
        verbose_name = "dispositif"
        ordering = ["funder__short_name", "name", "pk"]

    def __str__(self):
        return self.name

    def save(self, *args, **kwargs):
        self.search = search.normalise(f"{self.name} {self.funder} {self.operator} {self.summary}")
        super().save(*args, **kwargs)

    def get_absolute_url(self):
        return reverse("funding:program", args=[self.pk])

    @property
    def is_uncertain(self):
        """The row as a whole must not look certain."""
        return self.confidence in {self.Confidence.KNOWN, self.Confidence.UNCERTAIN}

    def is_stale(self, *, today=None):
        """Not verified for six months, or nobody knows when it was."""
        today = today or timezone.localdate()
        return self.verified_on is None or self.verified_on < today - STALE_AFTER
