from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import IntegrityError, models, transaction
from django.db.models import Avg, Count, IntegerField, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from actions.models.editing import Removable, Versioned, removed
from crm import search
from crm.fields import MoneyField
from crm.models import (
    Epci,
    Health,
    LocalPriority,
    NationalPriority,
    Organisation,
    Project,
    Provenance,
    Territory,
    Theme,
)

BUDGETS = ["planned", "committed", "spent"]
WITH_INDICATOR = "retirée avec son indicateur"


class ActionPlanQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(territory__in=Territory.objects.visible_to(viewer))

    def current(self):
        return self.filter(is_current=True)

    def open_for(self, territory):
        """The current plan of the territory, created once if there is none."""
        try:
            with transaction.atomic():
                return self.get_or_create(
                    territory=territory,
                    is_current=True,
                    defaults={"title": f"Plan d’actions {territory.period}"},
                )[0]
        except IntegrityError:  # someone else’s click came between the look and the write
            return self.get(territory=territory, is_current=True)


class ActionPlan(models.Model):
    territory = models.ForeignKey(Territory, models.CASCADE, related_name="action_plans")
    title = models.CharField("titre", max_length=200)
    starts_on = models.DateField("début", null=True, blank=True)
    ends_on = models.DateField("fin", null=True, blank=True)
    adopted_on = models.DateField("adopté le", null=True, blank=True)
    is_current = models.BooleanField("plan en cours", default=True)

    objects = ActionPlanQuerySet.as_manager()

    class Meta:
        verbose_name = "plan d’actions"
        verbose_name_plural = "plans d’actions"
        ordering = ["-is_current", "-starts_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="one_current_plan_a_territory",
                fields=["territory"],
                condition=Q(is_current=True),
            )
        ]

    def __str__(self):
        return self.title


def count_of(rows, key):
    """How many `rows` each outer row has, by their `key`; a subquery multiplies no line."""
    counted = rows.filter(**{key: OuterRef("pk")}).order_by().values(key)
    counted = counted.annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


class ActionQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(plan__territory__in=Territory.objects.visible_to(viewer))

    def current(self):
        return self.filter(plan__is_current=True)

    def unfinished(self):
        return self.exclude(status__in=[Action.Status.DONE, Action.Status.DROPPED])

    def with_late_milestone(self, *, today=None):
        late = Milestone.objects.late(today=today)
        return self.filter(pk__in=late.values("action"))

    def without_pilot(self):
        return self.filter(pilot=None)

    def without_indicator(self):
        return self.exclude(pk__in=Indicator.objects.values("action"))

    def with_links(self, viewer):
        """How many companies and projects take part, without the projects hidden from `viewer`."""
        readable = Project.objects.visible_to(viewer)
        projects = Action.projects.through.objects.filter(project__in=readable)
        return self.annotate(
            organisation_count=count_of(Action.organisations.through.objects.all(), "action"),
            project_count=count_of(projects, "action"),
        )

    def with_next_milestone(self):
        upcoming = Milestone.objects.filter(action=OuterRef("pk"), done_on=None).order_by("due_on")
        return self.annotate(
            next_milestone=Subquery(upcoming.values("label")[:1]),
            next_milestone_on=Subquery(upcoming.values("due_on")[:1]),
        )

    def for_list(self):
        """Everything a row displays, in a fixed number of queries."""
        return (
            self.select_related("plan__territory", "priority", "health", "pilot", "owner")
            .prefetch_related("partners", "national_priorities", "organisations")
            .with_next_milestone()
        )

    def search(self, text):
        return search.search(self, text)

    def totals(self):
        """Count, mean progress and, for each budget, its sum; what is unknown is counted apart.

        A sum is None when nothing is known: `planned` goes with `planned_unknown`.
        """
        return self._alone().aggregate(**sums())

    def totals_by_priority(self):
        """{code of the local priority: totals}; a priority without a fiche is absent."""
        rows = self._alone().values("priority").annotate(**sums())
        return {row["priority"]: row for row in rows}

    def _alone(self):
        """The same fiches without the joins of the filters, which would inflate a sum."""
        return Action.objects.filter(pk__in=self.order_by().values("pk")).order_by()


def sums():
    columns = {
        "count": Count("pk"),
        "mean_progress": Avg("progress"),
        "progress_unknown": Count("pk", filter=Q(progress=None)),
    }
    for name in BUDGETS:
        columns[name] = Sum(f"budget_{name}")
        columns[f"{name}_unknown"] = Count("pk", filter=Q(**{f"budget_{name}": None}))
    return columns


class Action(Versioned, Provenance):
    """A fiche action of the territory’s plan."""

    class Status(models.TextChoices):
        # The seven statuses of the shared schema of local-authority projects.
        UPCOMING = "a_venir", "À venir"
        ONGOING = "en_cours", "En cours"
        LATE = "en_retard", "En retard"
        PAUSED = "en_pause", "En pause"
        BLOCKED = "bloque", "Bloqué"
        DROPPED = "abandonne", "Abandonné"
        DONE = "termine", "Terminé"

    plan = models.ForeignKey(ActionPlan, models.CASCADE, related_name="actions")
    code = models.CharField("code", max_length=20)
    title = models.CharField("intitulé", max_length=200)
    priority = models.ForeignKey(
        LocalPriority, models.PROTECT, related_name="actions", verbose_name="action prioritaire"
    )
    national_priorities = models.ManyToManyField(
        NationalPriority, blank=True, related_name="actions", verbose_name="axes nationaux"
    )
    # Beside those that its axes tell of: what the funding programs it looks for are about.
    themes = models.ManyToManyField(
        Theme, blank=True, related_name="+", verbose_name="autres thèmes"
    )
    context = models.TextField("contexte", blank=True)
    objectives = models.TextField("objectifs", blank=True)
    pilot = models.ForeignKey(
        Organisation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="piloted_actions",
        verbose_name="pilote",
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="owned_actions",
        verbose_name="suivie par",
    )
    partners = models.ManyToManyField(
        Organisation, blank=True, related_name="partnered_actions", verbose_name="partenaires"
    )
    beneficiaries = models.CharField("bénéficiaires", max_length=250, blank=True)
    epcis = models.ManyToManyField(
        Epci, blank=True, related_name="+", verbose_name="périmètre (EPCI)"
    )
    starts_on = models.DateField("début", null=True, blank=True)
    ends_on = models.DateField("fin", null=True, blank=True)
    status = models.CharField("statut", max_length=10, choices=Status, default=Status.UPCOMING)
    progress = models.PositiveSmallIntegerField(
        "avancement (%)",
        null=True,
        blank=True,
        validators=[MaxValueValidator(100, "L’avancement va de 0 à 100.")],
    )
    health = models.ForeignKey(
        Health, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="météo"
    )
    blockers = models.TextField("freins", blank=True)
    budget_planned = MoneyField("budget prévu")
    budget_committed = MoneyField("budget engagé")
    budget_spent = MoneyField("budget dépensé")
    organisations = models.ManyToManyField(
        Organisation, blank=True, related_name="actions", verbose_name="entreprises participantes"
    )
    projects = models.ManyToManyField(
        Project, blank=True, related_name="actions", verbose_name="projets liés"
    )
    search = models.TextField(editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    history = HistoricalRecords(excluded_fields=["search", "version"])
    objects = ActionQuerySet.as_manager()

    class Meta:
        verbose_name = "fiche action"
        verbose_name_plural = "fiches action"
        ordering = ["priority__position", "code", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="action_code_once_a_plan",
                fields=["plan", "code"],
                violation_error_message="Une fiche de ce plan porte déjà ce code.",
            ),
            models.CheckConstraint(
                name="action_ends_after_it_starts",
                condition=Q(starts_on=None)
                | Q(ends_on=None)
                | Q(ends_on__gte=models.F("starts_on")),
                violation_error_message="La fin de l’action précède son début.",
            ),
        ]

    def __str__(self):
        return self.title

    def save(self, *args, **kwargs):
        self.search = search.normalise(f"{self.code} {self.title}")
        super().save(*args, **kwargs)

    def get_absolute_url(self):
        return reverse("actions:action", args=[self.pk])

    @property
    def is_finished(self):
        return self.status in {self.Status.DONE, self.Status.DROPPED}

    def touch(self):
        """Tell whoever reads what changed since a date that a part of the fiche changed."""
        Action.objects.filter(pk=self.pk).update(updated_at=timezone.now())

    def link(self, relation, subject):
        """`relation` is « projects », « organisations » or « partners »."""
        getattr(self, relation).add(subject)
        self.touch()

    def unlink(self, relation, subject):
        getattr(self, relation).remove(subject)
        self.touch()


class MilestoneQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(action__in=Action.objects.visible_to(viewer))

    def late(self, *, today=None):
        return self.filter(done_on=None, due_on__lt=today or timezone.localdate())


class Milestone(Removable):
    action = models.ForeignKey(Action, models.CASCADE, related_name="milestones")
    label = models.CharField("jalon", max_length=200)
    due_on = models.DateField("prévu le")
    done_on = models.DateField("atteint le", null=True, blank=True)

    history = HistoricalRecords()
    objects = MilestoneQuerySet.as_manager()

    class Meta:
        verbose_name = "jalon"
        verbose_name_plural = "jalons"
        ordering = ["due_on", "pk"]

    def __str__(self):
        return self.label

    @property
    def is_late(self):
        return self.done_on is None and self.due_on < timezone.localdate()

    @transaction.atomic
    def mark_reached(self, *, today=None):
        """True if it was still to reach: a second click keeps the first date."""
        untouched = Milestone.objects.filter(pk=self.pk, done_on=None)
        return self._date(untouched, today or timezone.localdate())

    @transaction.atomic
    def reopen(self):
        return self._date(Milestone.objects.filter(pk=self.pk).exclude(done_on=None), None)

    def _date(self, rows, done_on):
        """Only over the state that was expected; the save writes who did it."""
        if not rows.update(done_on=done_on):
            return False
        self.refresh_from_db()
        self.save()
        return True

    def why_it_stays(self):
        if self.done_on:
            return "Ce jalon est atteint : il fait preuve. Si c’est une erreur, rouvrez-le d’abord."
        return ""


class IndicatorQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(action__in=Action.objects.visible_to(viewer))


class Indicator(Removable):
    class Direction(models.TextChoices):
        UP = "up", "à augmenter"
        DOWN = "down", "à réduire"

    action = models.ForeignKey(Action, models.CASCADE, related_name="indicators")
    label = models.CharField("indicateur", max_length=200)
    unit = models.CharField("unité", max_length=40)
    direction = models.CharField("sens", max_length=4, choices=Direction, default=Direction.UP)
    method = models.CharField("méthode", max_length=250, blank=True)
    baseline = models.DecimalField(
        "valeur de départ", max_digits=14, decimal_places=2, null=True, blank=True
    )
    baseline_on = models.DateField("date de départ", null=True, blank=True)
    target = models.DecimalField("cible", max_digits=14, decimal_places=2, null=True, blank=True)
    target_on = models.DateField("échéance de la cible", null=True, blank=True)

    history = HistoricalRecords()
    objects = IndicatorQuerySet.as_manager()

    class Meta:
        verbose_name = "indicateur"
        ordering = ["pk"]

    def __str__(self):
        return self.label

    @transaction.atomic
    def remove(self):
        """Its values go with it, and come back with it."""
        for value in self.values.all():
            value._change_reason = WITH_INDICATOR
            value.delete()
        return super().remove()

    @classmethod
    @transaction.atomic
    def restore(cls, trace):
        """With the values that left with it, not those removed one by one before."""
        indicator = super().restore(trace)
        values = removed(IndicatorValue).filter(indicator=trace.id)
        for value in values.filter(history_change_reason=WITH_INDICATOR):
            IndicatorValue.restore(value)
        return indicator

    @property
    def latest(self):
        """The most recent value; reads the prefetched values where there are some."""
        return max(self.values.all(), key=lambda value: (value.observed_on, value.pk), default=None)


class IndicatorValueQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(indicator__in=Indicator.objects.visible_to(viewer))


class IndicatorValue(Removable):
    indicator = models.ForeignKey(Indicator, models.CASCADE, related_name="values")
    value = models.DecimalField("valeur", max_digits=14, decimal_places=2)
    observed_on = models.DateField("date")
    evidence = models.CharField("preuve", max_length=250, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    history = HistoricalRecords()
    objects = IndicatorValueQuerySet.as_manager()

    class Meta:
        verbose_name = "valeur d’indicateur"
        verbose_name_plural = "valeurs d’indicateur"
        ordering = ["observed_on", "pk"]

    def __str__(self):
        return f"{self.indicator} : {self.value} {self.indicator.unit}"
