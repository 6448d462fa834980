import datetime

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import IntegrityError, models, transaction
from django.db.models import Avg, Count, IntegerField, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from actions.models.editing import Removable, Versioned
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
SILENT = datetime.timedelta(days=365)


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


class ActionPlan(Versioned):
    territory = models.ForeignKey(Territory, models.CASCADE, related_name="action_plans")
    title = models.CharField("titre", max_length=200)
    starts_on = models.DateField("début", null=True, blank=True)
    ends_on = models.DateField("fin", null=True, blank=True)
    adopted_on = models.DateField("adopté le", null=True, blank=True)
    is_current = models.BooleanField("plan en cours", default=True)

    history = HistoricalRecords(excluded_fields=["version"])
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
        return self.filter(indicators=None)

    def without_note(self, *, today=None):
        """Unfinished fiches of which nothing was noted for a year; one begun since is left out."""
        since = (today or timezone.localdate()) - SILENT
        silent = self.unfinished().exclude(notes__noted_on__gt=since)
        return silent.exclude(starts_on__gt=since)

    def with_partner(self, organisation):
        return self.filter(
            Q(pk__in=organisation.partnered_actions.values("pk"))
            | Q(pk__in=organisation.financed_actions.values("pk"))
        )

    def in_epcis(self, epcis):
        """Those of one of these EPCI; a fiche that names none is of the whole territory."""
        named = Action.epcis.through.objects.order_by()
        there = named.filter(epci__in=epcis)
        return self.filter(Q(pk__in=there.values("action")) | ~Q(pk__in=named.values("action")))

    def whole(self):
        """The fiches that may have sub-actions."""
        return self.filter(parent=None)

    def once(self):
        """Without the sub-actions whose fiche is here too: what a fiche says includes them.

        A sum over these rows counts no euro twice, whatever filter chose them.
        """
        return self.filter(Q(parent=None) | ~Q(parent__in=self.order_by().values("pk")))

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
            self.select_related("plan__territory", "priority", "health", "pilot", "owner", "parent")
            .prefetch_related(
                "partners", "financial_partners", "national_priorities", "organisations"
            )
            .with_next_milestone()
        )

    def search(self, text):
        return search.search(self, text)

    def totals(self):
        """Count, mean progress and, for each budget, its sum; what is unknown is counted apart.

        A sub-action counts in its fiche, whose budget includes its own; `sub_count` of them do.

        A sum is None when nothing is known: `planned` goes with `planned_unknown`.
        """
        alone = self._alone()
        parts = alone.aggregate(rows=Count("pk"))["rows"]
        totals = alone.once().aggregate(**sums())
        return {**totals, "sub_count": parts - totals["count"]}

    def totals_by_priority(self):
        """{code of the local priority: totals}; a priority without a fiche is absent."""
        return self._totals_by("priority")

    def totals_by_status(self):
        return self._totals_by("status")

    def totals_by_pilot(self):
        return self._totals_by("pilot")

    def _totals_by(self, name):
        rows = self._alone().once().values(name).annotate(**sums())
        return {row[name]: row for row in rows}

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


class TooDeep(Exception):
    """A sub-action would have sub-actions."""


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

    class Importance(models.TextChoices):
        HIGH = "elevee", "Élevée"
        MEDIUM = "moyenne", "Moyenne"
        LOW = "basse", "Basse"

    class Maturity(models.TextChoices):
        IDEA = "idee", "Idée"
        STUDY = "etude", "À l’étude"
        READY = "prete", "Prête à démarrer"
        RUNNING = "engagee", "Engagée"

    plan = models.ForeignKey(ActionPlan, models.CASCADE, related_name="actions")
    parent = models.ForeignKey(
        "self",
        models.RESTRICT,
        null=True,
        blank=True,
        related_name="sub_actions",
        verbose_name="sous-action de",
    )
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
        Organisation,
        blank=True,
        related_name="partnered_actions",
        verbose_name="partenaires techniques",
    )
    financial_partners = models.ManyToManyField(
        Organisation,
        blank=True,
        related_name="financed_actions",
        verbose_name="partenaires financiers",
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
    # Empty is « not said »: neither is a state of the fiche that one may guess.
    importance = models.CharField(
        "niveau de priorité", max_length=8, choices=Importance, blank=True, default=""
    )
    maturity = models.CharField("maturité", max_length=8, choices=Maturity, blank=True, default="")
    blockers = models.TextField("freins", blank=True)
    unblocked_by = models.TextField("ce qui lèverait le frein", blank=True)
    to_alert = models.ForeignKey(
        Organisation,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="à alerter",
    )
    budget_planned = MoneyField("budget prévu")
    budget_committed = MoneyField("budget engagé")
    budget_spent = MoneyField("budget dépensé")
    # What was typed, kept while the three amounts are the totals of the budget lines.
    typed_budget = models.JSONField(null=True, editable=False)
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
            models.CheckConstraint(
                name="action_is_no_part_of_itself",
                condition=Q(parent=None) | ~Q(parent=models.F("pk")),
                violation_error_message="Une fiche n’est pas sa propre sous-action.",
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

    @transaction.atomic
    def move_to(self, status, *, seen):
        """False, and nothing written, if the fiche is no longer at the status that was seen."""
        rows = Action.objects.filter(pk=self.pk, status=seen)
        if not rows.update(status=status, version=models.F("version") + 1):
            return False
        self.refresh_from_db()
        self.provenance.pop("status", None)
        self.save()
        return True

    def check_one_level(self):
        """Raise TooDeep if the fiche is a part of a part, or a part that has parts."""
        if self.parent_id and (self.parent.parent_id or self.sub_actions.exists()):
            raise TooDeep

    def carry_priority(self):
        """A sub-action stands under the local priority of its fiche."""
        for part in self.sub_actions.exclude(priority=self.priority_id):
            part.priority_id = self.priority_id
            part.save_over(part.version)

    def link(self, relation, subject):
        """`relation` is « projects », « organisations », « partners », « financial_partners »."""
        getattr(self, relation).add(subject)
        self.touch()

    def unlink(self, relation, subject):
        getattr(self, relation).remove(subject)
        self.touch()


class OfActionQuerySet(models.QuerySet):
    """The parts of a fiche are read by those who read the fiche."""

    def visible_to(self, viewer):
        return self.filter(action__in=Action.objects.visible_to(viewer))


class MilestoneQuerySet(OfActionQuerySet):
    def late(self, *, today=None):
        return self.filter(done_on=None, due_on__lt=today or timezone.localdate())


class Milestone(Versioned, Removable):
    action = models.ForeignKey(Action, models.CASCADE, related_name="milestones")
    label = models.CharField("jalon", max_length=200)
    due_on = models.DateField("prévu le")
    done_on = models.DateField("atteint le", null=True, blank=True)

    history = HistoricalRecords(excluded_fields=["version"])
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
        if not rows.update(done_on=done_on, version=models.F("version") + 1):
            return False
        self.refresh_from_db()
        self.save()
        return True

    def why_it_stays(self):
        if self.done_on:
            return "Ce jalon est atteint : il fait preuve. Si c’est une erreur, rouvrez-le d’abord."
        return ""
