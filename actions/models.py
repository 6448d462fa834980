from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from crm import search
from crm.fields import MoneyField
from crm.models import (
    Epci,
    Health,
    LocalPriority,
    MeetingKind,
    NationalPriority,
    Organisation,
    Project,
    ReviewRequest,
    Territory,
)


class ActionPlanQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(territory__in=Territory.objects.visible_to(viewer))


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


class ActionQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(plan__territory__in=Territory.objects.visible_to(viewer))

    def current(self):
        return self.filter(plan__is_current=True)

    def unfinished(self):
        return self.exclude(status__in=[Action.Status.DONE, Action.Status.DROPPED])

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


class Action(models.Model):
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
        validators=[MaxValueValidator(100, "L’avancement va de 0 à 100 %.")],
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
    version = models.PositiveIntegerField(default=1, editable=False)
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


class Milestone(models.Model):
    action = models.ForeignKey(Action, models.CASCADE, related_name="milestones")
    label = models.CharField("jalon", max_length=200)
    due_on = models.DateField("prévu le")
    done_on = models.DateField("atteint le", null=True, blank=True)

    class Meta:
        verbose_name = "jalon"
        verbose_name_plural = "jalons"
        ordering = ["due_on", "pk"]

    def __str__(self):
        return self.label

    @property
    def is_late(self):
        return self.done_on is None and self.due_on < timezone.localdate()


class Indicator(models.Model):
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

    class Meta:
        verbose_name = "indicateur"
        ordering = ["pk"]

    def __str__(self):
        return self.label

    @property
    def latest(self):
        """The most recent value; reads the prefetched values where there are some."""
        return max(self.values.all(), key=lambda value: (value.observed_on, value.pk), default=None)


class IndicatorValue(models.Model):
    indicator = models.ForeignKey(Indicator, models.CASCADE, related_name="values")
    value = models.DecimalField("valeur", max_digits=14, decimal_places=2)
    observed_on = models.DateField("date")
    evidence = models.CharField("preuve", max_length=250, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "valeur d’indicateur"
        verbose_name_plural = "valeurs d’indicateur"
        ordering = ["observed_on", "pk"]

    def __str__(self):
        return f"{self.indicator} : {self.value} {self.indicator.unit}"


class MeetingQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(territory__in=Territory.objects.visible_to(viewer))

    def upcoming(self, *, today=None):
        return self.filter(held_on__gte=today or timezone.localdate()).order_by("held_on", "pk")

    def past(self, *, today=None):
        return self.filter(held_on__lt=today or timezone.localdate()).order_by("-held_on", "-pk")


class Meeting(models.Model):
    territory = models.ForeignKey(Territory, models.CASCADE, related_name="meetings")
    kind = models.ForeignKey(
        MeetingKind, models.PROTECT, related_name="meetings", verbose_name="instance"
    )
    title = models.CharField("intitulé", max_length=200)
    held_on = models.DateField("date")
    starts_at = models.TimeField("heure", null=True, blank=True)
    place = models.CharField("lieu", max_length=200, blank=True)
    attendance = models.TextField("présents", blank=True)
    notes = models.TextField("notes", blank=True)

    history = HistoricalRecords()
    objects = MeetingQuerySet.as_manager()

    class Meta:
        verbose_name = "réunion"
        ordering = ["-held_on", "-pk"]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("actions:meeting", args=[self.pk])


class AgendaItemQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        """A point about a project is read by those who may read the project."""
        return self.filter(
            Q(project=None) | Q(project__in=Project.objects.visible_to(viewer)),
            territory__in=Territory.objects.visible_to(viewer),
        )

    def to_decide(self):
        return self.filter(kind=AgendaItem.Kind.DECISION, decision=None)


class AgendaItem(models.Model):
    """A point of a meeting; without a meeting yet, it waits for the next committee."""

    class Kind(models.TextChoices):
        INFORMATION = "information", "Information"
        OPINION = "avis", "Avis"
        DECISION = "decision", "Décision"

    territory = models.ForeignKey(Territory, models.CASCADE, related_name="agenda_items")
    meeting = models.ForeignKey(
        Meeting,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="items",
        verbose_name="réunion",
    )
    project = models.ForeignKey(
        Project,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="agenda_items",
        verbose_name="projet",
    )
    action = models.ForeignKey(
        Action,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="agenda_items",
        verbose_name="fiche action",
    )
    review_request = models.OneToOneField(
        ReviewRequest, models.SET_NULL, null=True, blank=True, related_name="agenda_item"
    )
    kind = models.CharField("nature", max_length=12, choices=Kind, default=Kind.DECISION)
    title = models.CharField("point", max_length=200)
    question = models.TextField("question posée", blank=True)
    recommendation = models.TextField("proposition", blank=True)
    amount = MoneyField("montant en jeu")
    position = models.PositiveSmallIntegerField("ordre", default=100)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AgendaItemQuerySet.as_manager()

    class Meta:
        verbose_name = "point d’ordre du jour"
        verbose_name_plural = "points d’ordre du jour"
        ordering = ["position", "pk"]

    def __str__(self):
        return self.title


class Decision(models.Model):
    """What a meeting decided on a point. Never edited: a later one supersedes it."""

    item = models.OneToOneField(AgendaItem, models.CASCADE, related_name="decision")
    text = models.TextField("décision")
    responsible = models.CharField("qui", max_length=120, blank=True)
    due_on = models.DateField("pour le", null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "décision"
        ordering = ["-at", "-pk"]

    def __str__(self):
        return self.text[:80]
