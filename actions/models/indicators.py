from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from simple_history.models import HistoricalRecords

from actions.models.editing import Removable, Versioned, removed
from actions.models.plans import Action, OfActionQuerySet
from crm.templatetags.french import decimal, plural

WITH_INDICATOR = "retirée avec son indicateur"


def quantity(label, **options):
    return models.DecimalField(label, max_digits=14, decimal_places=2, **options)


class Indicator(Versioned, Removable):
    """What says whether a fiche succeeds; its values are typed, or read from the data."""

    class Direction(models.TextChoices):
        UP = "up", "à augmenter"
        DOWN = "down", "à réduire"

    class Scope(models.TextChoices):
        TERRITORY = "territory", "tout le territoire"
        ACTION = "action", "les entreprises et les projets de la fiche"

    action = models.ForeignKey(Action, models.CASCADE, related_name="indicators")
    label = models.CharField("indicateur", max_length=200)
    unit = models.CharField("unité", max_length=40)
    direction = models.CharField("sens", max_length=4, choices=Direction, default=Direction.UP)
    definition = models.CharField("définition", max_length=500, blank=True)
    method = models.CharField("méthode", max_length=250, blank=True)
    # A key of `crm.measures`; empty when people type the values.
    measure = models.CharField("calculé à partir des données", max_length=40, blank=True)
    scope = models.CharField(
        "périmètre du calcul", max_length=10, choices=Scope, default=Scope.TERRITORY
    )
    counted_from = models.DateField("compté depuis le", null=True, blank=True)
    baseline = quantity("valeur de départ", null=True, blank=True)
    baseline_on = models.DateField("date de départ", null=True, blank=True)
    target = quantity("cible", null=True, blank=True)
    target_on = models.DateField("échéance de la cible", null=True, blank=True)

    history = HistoricalRecords(excluded_fields=["version"])
    objects = OfActionQuerySet.as_manager()

    class Meta:
        verbose_name = "indicateur"
        ordering = ["pk"]

    def __str__(self):
        return self.label

    @transaction.atomic
    def remove(self):
        """Its values and its targets by year go with it, and come back with it."""
        for part in [*self.values.all(), *self.targets.all()]:
            part._change_reason = WITH_INDICATOR
            part.delete()
        return super().remove()

    @classmethod
    @transaction.atomic
    def restore(cls, trace):
        """With what left with it, not what was removed piece by piece before."""
        indicator = super().restore(trace)
        for model in (IndicatorValue, IndicatorTarget):
            parts = removed(model).filter(indicator=trace.id)
            for part in parts.filter(history_change_reason=WITH_INDICATOR):
                model.restore(part)
        return indicator

    @property
    def latest(self):
        """The most recent value; reads the prefetched values where there are some."""
        return max(self.values.all(), key=lambda value: (value.observed_on, value.pk), default=None)

    @transaction.atomic
    def freeze(self, reading, *, by, today=None):
        """Keep today’s figure of the data as a dated value, once a day as long as it stays.

        None when the data do not tell it: an unknown is not written as a value.
        """
        if reading.value is None:
            return None
        on = today or timezone.localdate()
        Indicator.objects.select_for_update().get(pk=self.pk)
        fields = {
            "value": reading.value,
            "observed_on": on,
            "quality": IndicatorValue.Quality.COMPUTED,
            "evidence": evidence_of(reading, on),
        }
        return self.values.filter(**fields).first() or self.values.create(by=by, **fields)


def evidence_of(reading, on):
    """« calculé le 22/11/2026 sur 42 projets, dont 3 sans montant »."""
    noun = plural(reading.count, reading.measure.nouns)
    text = f"calculé le {on:%d/%m/%Y} sur {noun}"
    lacks = [
        f"{decimal(count)} {words}"
        for count, words in (
            (reading.unknown, reading.measure.lacks),
            (reading.unproved, "sans preuve"),
        )
        if count
    ]
    return f"{text}, dont {' et '.join(lacks)}" if lacks else text


class OfIndicatorQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(indicator__in=Indicator.objects.visible_to(viewer))


class IndicatorTarget(Versioned, Removable):
    """Where the indicator must be at the end of a year, on its way to the target."""

    indicator = models.ForeignKey(Indicator, models.CASCADE, related_name="targets")
    year = models.PositiveSmallIntegerField("année")
    value = quantity("cible de l’année")

    history = HistoricalRecords(excluded_fields=["version"])
    objects = OfIndicatorQuerySet.as_manager()

    class Meta:
        verbose_name = "cible annuelle"
        verbose_name_plural = "cibles annuelles"
        ordering = ["year"]
        constraints = [
            models.UniqueConstraint(
                name="one_target_a_year",
                fields=["indicator", "year"],
                violation_error_message="Cette année a déjà sa cible : modifiez-la.",
            )
        ]

    def __str__(self):
        return f"{self.year} : {decimal(self.value)}"


class IndicatorValue(Removable):
    class Quality(models.TextChoices):
        MEASURED = "mesure", "Mesuré"
        ESTIMATED = "estime", "Estimé"
        DECLARED = "declare", "Déclaré"
        COMPUTED = "calcule", "Calculé"

    indicator = models.ForeignKey(Indicator, models.CASCADE, related_name="values")
    value = quantity("valeur")
    observed_on = models.DateField("date")
    quality = models.CharField("qualité", max_length=8, choices=Quality, blank=True)
    evidence = models.CharField("preuve", max_length=250, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    history = HistoricalRecords()
    objects = OfIndicatorQuerySet.as_manager()

    class Meta:
        verbose_name = "valeur d’indicateur"
        verbose_name_plural = "valeurs d’indicateur"
        ordering = ["observed_on", "pk"]

    def __str__(self):
        return f"{self.indicator} : {self.value} {self.indicator.unit}"
