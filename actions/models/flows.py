"""What goes in and out of a site, and what two sites do of it together."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import DecimalField, F, OuterRef, Q, Subquery, Sum
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from actions.collective import flow_matching
from actions.models.editing import Removable, Versioned
from actions.models.plans import Action
from crm.models import Project, Role, Site, Territory
from crm.templatetags.french import decimal


class SitePoint(models.Model):
    """Where a site is, exactly; without it, the middle of its commune stands for it."""

    site = models.OneToOneField(
        Site, models.CASCADE, primary_key=True, related_name="point", verbose_name="établissement"
    )
    latitude = models.FloatField(
        "latitude", validators=[MinValueValidator(-90), MaxValueValidator(90)]
    )
    longitude = models.FloatField(
        "longitude", validators=[MinValueValidator(-180), MaxValueValidator(180)]
    )
    source = models.CharField("source", max_length=120)
    noted_on = models.DateField("relevé le", default=timezone.localdate)

    history = HistoricalRecords()

    class Meta:
        verbose_name = "position d’un établissement"
        verbose_name_plural = "positions des établissements"

    def __str__(self):
        return f"{self.latitude}, {self.longitude}"


class FlowQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        """Whose flow it is: the team only. The others read pistes and synergies, without names."""
        mine = viewer.territories_as(Role.OFFICER, Role.MANAGER)
        return self.filter(site__organisation__territory__in=mine)

    def matched_for(self, viewer):
        """Those of the territories where the viewer belongs: to be matched, and shown by their
        kind, quantity, season and filière, never by whose they are."""
        return self.filter(site__organisation__territory__in=Territory.objects.visible_to(viewer))

    def in_territory(self, territory):
        return self.filter(site__organisation__territory=territory)

    def running(self):
        """Those of a site that is not closed."""
        return self.filter(site__closed_on=None)

    def for_list(self):
        """Everything one line displays and the matching reads, but the outline of its commune."""
        return self.select_related("site__organisation__territory", "site__commune", "site__point")


class Flow(Versioned, Removable):
    """Something a site gives out or looks for. What is unknown stays empty and is asked."""

    class Direction(models.TextChoices):
        OUT = "out", "Le site le rejette ou le propose"
        IN = "in", "Le site en a besoin"

    class Kind(models.TextChoices):
        HEAT = "heat", "Chaleur"
        WATER = "water", "Eau"
        MATTER = "matter", "Matière"
        PACKAGING = "packaging", "Emballages"
        TRANSPORT = "transport", "Transport"
        SPACE = "space", "Surfaces"
        SKILLS = "skills", "Compétences"

    class Unit(models.TextChoices):
        MWH = "MWh", "MWh"
        KWH = "kWh", "kWh"
        GJ = "GJ", "GJ"
        T = "t", "tonnes"
        KG = "kg", "kg"
        M3 = "m3", "m³"
        L = "l", "litres"
        UNITS = "unites", "unités"
        PALLETS = "palettes", "palettes"
        TRIPS = "trajets", "trajets"
        M2 = "m2", "m²"
        DAYS = "jours", "jours"
        HOURS = "heures", "heures"

    class Per(models.TextChoices):
        YEAR = "year", "par an"
        MONTH = "month", "par mois d’activité"

    class Source(models.TextChoices):
        MEASURED = "measured", "Mesuré"
        DECLARED = "declared", "Déclaré par l’entreprise"
        ESTIMATED = "estimated", "Estimé"

    site = models.ForeignKey(
        Site, models.CASCADE, related_name="flows", verbose_name="établissement"
    )
    direction = models.CharField("sens", max_length=3, choices=Direction)
    kind = models.CharField("nature", max_length=10, choices=Kind)
    label = models.CharField("de quoi s’agit-il", max_length=120)
    description = models.TextField("précisions", blank=True)
    quantity = models.DecimalField(
        "quantité",
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0, "Une quantité ne peut pas être négative.")],
    )
    unit = models.CharField("unité", max_length=8, choices=Unit, blank=True)
    per = models.CharField("rythme", max_length=5, choices=Per, default=Per.YEAR)
    months = models.JSONField("mois", default=list, blank=True)  # from 1 to 12; none: not known
    temperature = models.DecimalField(
        "température (°C)", max_digits=6, decimal_places=1, null=True, blank=True
    )
    quality = models.CharField("qualité", max_length=250, blank=True)
    source = models.CharField("comment le sait-on", max_length=9, choices=Source, blank=True)
    known_on = models.DateField("à quelle date", null=True, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    history = HistoricalRecords(excluded_fields=["version"])
    objects = FlowQuerySet.as_manager()

    class Meta:
        verbose_name = "flux"
        verbose_name_plural = "flux"
        ordering = ["direction", "kind", "label", "pk"]
        constraints = [
            models.CheckConstraint(
                name="flow_quantity_has_a_unit",
                condition=Q(quantity=None) | ~Q(unit=""),
                violation_error_message="Choisissez l’unité de cette quantité.",
            ),
            models.CheckConstraint(
                name="flow_temperature_is_of_heat",
                condition=Q(temperature=None) | Q(kind="heat"),
                violation_error_message="Seule la chaleur a une température.",
            ),
        ]

    def __str__(self):
        return self.label

    @property
    def territory(self):
        return self.site.organisation.territory

    @property
    def is_out(self):
        return self.direction == self.Direction.OUT

    @property
    def period(self):
        """« de mai à septembre », or nothing when the months are not known."""
        return flow_matching.period(frozenset(self.months))

    @property
    def rhythm(self):
        """« par an », or nothing for what does not flow."""
        return "" if self.kind in flow_matching.STANDING else self.get_per_display()

    @property
    def per_year(self):
        """(quantity a year, base unit), (None, "") when it cannot be told."""
        return flow_matching.annual(self.quantity, self.unit, self.per, self.months, self.kind)

    @property
    def is_followed(self):
        return Synergy.objects.filter(Q(source=self.pk) | Q(need=self.pk)).exists()

    def why_it_stays(self):
        if self.is_followed:
            return "Une synergie suivie repose sur ce flux\u00a0: il reste. Corrigez-le plutôt."
        return ""


class SynergyQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        """Whoever belongs there follows them; who takes part is told by `shows_names`."""
        return self.filter(territory__in=Territory.objects.visible_to(viewer))

    def in_service(self):
        return self.filter(status=Synergy.Status.RUNNING)

    def kept(self):
        return self.exclude(status=Synergy.Status.DROPPED)

    def with_both_agreements(self):
        return self.filter(source_agreed_on__isnull=False, need_agreed_on__isnull=False)

    def of_organisation(self, organisation):
        return self.filter(
            Q(source__site__organisation=organisation) | Q(need__site__organisation=organisation)
        )

    def with_savings(self):
        """`planned_mwh`, `observed_mwh` and so on: a sum of what is known, else None."""
        return self.annotate(
            **{
                f"{nature}_{unit}": saved(nature, unit)
                for nature in SynergySaving.Nature.values
                for unit in SynergySaving.Unit.values
            }
        )

    def for_list(self):
        """Everything a row displays, in a fixed number of queries."""
        return self.select_related(
            "territory",
            "source__site__organisation", "source__site__commune", "source__site__point",
            "need__site__organisation", "need__site__commune", "need__site__point",
            "action", "project",
        )  # fmt: skip


def saved(nature, unit):
    rows = SynergySaving.objects.filter(synergy=OuterRef("pk"), nature=nature, unit=unit)
    summed = rows.order_by().values("synergy").annotate(total=Sum("amount")).values("total")
    return Subquery(summed, output_field=DecimalField(max_digits=18, decimal_places=2))


class MoveRefused(Exception):
    """A French sentence: why a synergy does not go there."""


class SomeoneMoved(MoveRefused):
    """It is no longer at the status that was read."""


class Synergy(Versioned):
    """What one site gives out and another uses, from the first clue to the service."""

    class Status(models.TextChoices):
        FOUND = "detectee", "Détectée"
        STUDY = "etude", "À l’étude"
        AGREED = "accordee", "Accordée"
        RUNNING = "en_service", "En service"
        DROPPED = "abandonnee", "Abandonnée"

    # Where each goes from where it is.
    NEXT = {
        Status.FOUND: (Status.STUDY, Status.DROPPED),
        Status.STUDY: (Status.AGREED, Status.FOUND, Status.DROPPED),
        Status.AGREED: (Status.RUNNING, Status.STUDY, Status.DROPPED),
        Status.RUNNING: (Status.AGREED, Status.DROPPED),
        Status.DROPPED: (Status.FOUND,),
    }
    # What supposes that the two sites know of each other.
    TOGETHER = (Status.STUDY, Status.AGREED, Status.RUNNING)

    territory = models.ForeignKey(Territory, models.CASCADE, related_name="synergies")
    source = models.ForeignKey(
        Flow, models.PROTECT, related_name="given", verbose_name="flux rejeté ou proposé"
    )
    need = models.ForeignKey(Flow, models.PROTECT, related_name="taken", verbose_name="besoin")
    status = models.CharField("état", max_length=10, choices=Status, default=Status.FOUND)
    status_since = models.DateField("dans cet état depuis", default=timezone.localdate)
    reason = models.CharField("motif", max_length=250, blank=True)
    source_agreed_on = models.DateField("accord du site qui propose", null=True, blank=True)
    source_agreed_by = models.CharField("donné par", max_length=120, blank=True)
    need_agreed_on = models.DateField("accord du site qui cherche", null=True, blank=True)
    need_agreed_by = models.CharField("donné par", max_length=120, blank=True)
    notes = models.TextField("ce qui se prépare", blank=True)
    action = models.ForeignKey(
        Action,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="synergies",
        verbose_name="fiche action",
    )
    project = models.ForeignKey(
        Project,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="synergies",
        verbose_name="projet",
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    history = HistoricalRecords(excluded_fields=["version"])
    objects = SynergyQuerySet.as_manager()

    class Meta:
        verbose_name = "synergie"
        ordering = ["-updated_at", "-pk"]
        constraints = [
            models.UniqueConstraint(name="synergy_once_a_pair", fields=["source", "need"]),
            models.CheckConstraint(
                name="synergy_dropped_with_a_reason",
                condition=~Q(status="abandonnee") | ~Q(reason=""),
                violation_error_message="Dites pourquoi la synergie est abandonnée.",
            ),
            models.CheckConstraint(
                name="synergy_goes_on_with_both_agreements",
                condition=Q(status__in=["detectee", "abandonnee"])
                | Q(source_agreed_on__isnull=False, need_agreed_on__isnull=False),
                violation_error_message="L’accord des deux sites est nécessaire.",
            ),
        ]

    def __str__(self):
        return f"{self.source.get_kind_display()}\u00a0: piste n°\u00a0{self.pk}"

    def get_absolute_url(self):
        return reverse("actions:synergy", args=[self.pk])

    @property
    def is_agreed(self):
        """Both sides agreed that their names be shown to each other."""
        return bool(self.source_agreed_on and self.need_agreed_on)

    def is_told_by(self, action):
        """Whether a fiche names the company of one of the two sites."""
        sides = Flow.objects.filter(pk__in=[self.source_id, self.need_id])
        return action.organisations.filter(pk__in=sides.values("site__organisation")).exists()

    @property
    def is_dropped(self):
        return self.status == self.Status.DROPPED

    @property
    def moves(self):
        """Where it may go from here, as far as the agreements allow."""
        return [
            self.Status(status)
            for status in self.NEXT[self.status]
            if self.is_agreed or status not in self.TOGETHER
        ]

    @property
    def gains(self):
        """([« 7 000 m³ d’eau »…] planned a year, the same observed) of a row `with_savings`."""
        return [
            [
                f"{decimal(amount)}\u00a0{unit.label}"
                for unit in SynergySaving.Unit
                if (amount := getattr(self, f"{nature}_{unit}")) is not None
            ]
            for nature in SynergySaving.Nature
        ]

    def touch(self):
        """A gain of it changed: whoever reads what changed since a date is told."""
        Synergy.objects.filter(pk=self.pk).update(updated_at=timezone.now())

    def refuse(self, status, reason=""):
        """Raise MoveRefused with the sentence that says why it does not go there."""
        if status not in self.NEXT[self.status]:
            wanted = self.Status(status).label if status in self.Status.values else status
            raise MoveRefused(
                f"On ne passe pas de «\u00a0{self.get_status_display()}\u00a0» à "
                f"«\u00a0{wanted}\u00a0»."
            )
        if status in self.TOGETHER and not self.is_agreed:
            raise MoveRefused("Il manque l’accord de l’un des deux sites.")
        if status == self.Status.DROPPED and not reason:
            raise MoveRefused("Dites pourquoi la synergie est abandonnée.")

    def move_to(self, status, *, seen, reason="", today=None):
        """Go on, back or stop; MoveRefused says why not."""
        if self.status != seen:
            raise SomeoneMoved(f"Elle est déjà passée à «\u00a0{self.get_status_display()}\u00a0».")
        self.refuse(status, reason)
        self._change(
            status=status,
            reason=reason if status == self.Status.DROPPED else "",
            status_since=today or timezone.localdate(),
        )

    def agree(self, side, *, on, by):
        """`side` is « source » or « need »; a date to come is refused by its form. What was kept of
        an agreement is withdrawn before another one, never written over."""
        if getattr(self, f"{side}_agreed_on"):
            raise SomeoneMoved("L’accord de ce site est déjà noté.")
        self._change(**{f"{side}_agreed_on": on, f"{side}_agreed_by": by})

    def withdraw(self, side):
        """Names are hidden again at once; a synergy that lives on them has to go back first, and a
        fiche that names one of the two sites lets it go."""
        if self.status in self.TOGETHER:
            raise MoveRefused(
                "Ramenez d’abord la synergie à «\u00a0Détectée\u00a0», ou abandonnez-la."
            )
        told = {"action": None} if self.action and self.is_told_by(self.action) else {}
        self._change(**{f"{side}_agreed_on": None, f"{side}_agreed_by": "", **told})

    @transaction.atomic
    def _change(self, **values):
        """Only over the status that was read; the save keeps who did it."""
        before = {"pk": self.pk, "version": self.version}
        values["version"] = F("version") + 1
        if not Synergy.objects.filter(**before).update(**values):
            raise SomeoneMoved("Quelqu’un vient de la modifier\u00a0: relisez-la.")
        self.refresh_from_db()
        self.save()


class SynergySavingQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(synergy__in=Synergy.objects.visible_to(viewer))


class SynergySaving(Removable):
    """So many MWh a year that were hoped for, or that were counted in one year: never added."""

    class Nature(models.TextChoices):
        PLANNED = "planned", "Prévu par an"
        OBSERVED = "observed", "Constaté"

    class Unit(models.TextChoices):
        EUROS = "eur", "€"
        TONNES = "t", "t de matières"
        MWH = "mwh", "MWh"
        M3 = "m3", "m³ d’eau"
        CARBON = "tco2e", "tCO₂e"

    synergy = models.ForeignKey(Synergy, models.CASCADE, related_name="savings")
    nature = models.CharField("nature", max_length=8, choices=Nature)
    unit = models.CharField("unité", max_length=5, choices=Unit)
    year = models.PositiveSmallIntegerField("année", null=True, blank=True)
    amount = models.DecimalField(
        "gain",
        max_digits=14,
        decimal_places=2,
        validators=[MinValueValidator(0, "Un gain ne peut pas être négatif.")],
    )
    evidence = models.CharField("preuve ou méthode", max_length=250, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    history = HistoricalRecords()
    objects = SynergySavingQuerySet.as_manager()

    class Meta:
        verbose_name = "gain d’une synergie"
        verbose_name_plural = "gains des synergies"
        ordering = ["unit", "nature", "year", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="saving_planned_once_a_unit",
                fields=["synergy", "unit"],
                condition=Q(nature="planned"),
            ),
            models.UniqueConstraint(
                name="saving_observed_once_a_year",
                fields=["synergy", "unit", "year"],
                condition=Q(nature="observed"),
            ),
            models.CheckConstraint(
                name="saving_observed_has_year_and_evidence",
                condition=Q(nature="planned", year=None)
                | (Q(nature="observed", year__isnull=False) & ~Q(evidence="")),
            ),
        ]

    def __str__(self):
        return f"{self.get_nature_display()} ({self.get_unit_display()})"
