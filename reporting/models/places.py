"""How many industrial jobs a place has: what other figures are told against."""

from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from simple_history.models import HistoricalRecords

from actions.models.editing import Removable, Versioned
from crm.models import Departement, Epci, Territory


class IndustrialJobsQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(territory__in=Territory.objects.visible_to(viewer))

    def latest(self, territory, kind):
        """{EPCI or département: what is known of it} of the latest year that someone noted."""
        known = self.filter(territory=territory, **{f"{kind}__isnull": False})
        return {getattr(one, f"{kind}_id"): one for one in known.order_by("year", "pk")}


class IndustrialJobs(Versioned, Removable):
    """Of an EPCI or of a part of a département, with its year and its source: never guessed."""

    territory = models.ForeignKey(Territory, models.CASCADE, related_name="industrial_jobs")
    epci = models.ForeignKey(Epci, models.PROTECT, null=True, blank=True, related_name="+")
    departement = models.ForeignKey(
        Departement, models.PROTECT, null=True, blank=True, related_name="+"
    )
    year = models.PositiveSmallIntegerField(
        "année",
        validators=[
            MinValueValidator(1990, "L’année compte quatre chiffres, à partir de 1990."),
            MaxValueValidator(2100, "L’année compte quatre chiffres, jusqu’à 2100."),
        ],
    )
    jobs = models.PositiveIntegerField(
        "emplois industriels", validators=[MaxValueValidator(10_000_000, "C’est trop d’emplois.")]
    )
    source = models.CharField("source", max_length=200)
    noted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    noted_at = models.DateTimeField("noté le", default=timezone.now)

    history = HistoricalRecords(excluded_fields=["version"])
    objects = IndustrialJobsQuerySet.as_manager()

    class Meta:
        verbose_name = "emplois industriels d’un lieu"
        verbose_name_plural = "emplois industriels des lieux"
        ordering = ["-year", "pk"]
        constraints = [
            models.CheckConstraint(
                name="industrial_jobs_of_one_place",
                condition=Q(epci=None, departement__isnull=False)
                | Q(departement=None, epci__isnull=False),
            ),
            models.UniqueConstraint(
                name="industrial_jobs_once_an_epci", fields=["territory", "epci", "year"]
            ),
            models.UniqueConstraint(
                name="industrial_jobs_once_a_departement",
                fields=["territory", "departement", "year"],
            ),
        ]

    def __str__(self):
        return f"{self.epci or self.departement}, {self.year}"

    def per_thousand(self, value):
        """A figure of the place for 1,000 of its jobs; None of an unknown figure, or of no job."""
        if value is None or not self.jobs:
            return None
        places = Decimal(1) if value > 1000 else Decimal("0.1")
        return (Decimal(value) * 1000 / self.jobs).quantize(places)
