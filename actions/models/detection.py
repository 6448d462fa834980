"""What was decided of a collective project that was detected."""

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from simple_history.models import HistoricalRecords

from actions.collective.detection import Decided
from actions.models.plans import Action
from crm.models import Role, Territory


class ClusterDecisionQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        """The working memory of the team, as the exchanges that it comes from."""
        return self.filter(territory__in=viewer.territories_as(Role.OFFICER, Role.MANAGER))

    def in_force(self):
        return self.filter(ended_at=None)


class ClusterDecision(models.Model):
    """Accepted, watched or dismissed, by whom and when. Another one replaces it; it is undone by an
    end, never by an erasure. The companies it was about tell which cluster it is about."""

    class Choice(models.TextChoices):
        ACCEPTED = "acceptee", "Retenu"
        WATCHED = "surveillee", "Surveillé"
        DISMISSED = "ecartee", "Écarté"

    territory = models.ForeignKey(Territory, models.CASCADE, related_name="cluster_decisions")
    # The code of a theme, or « flux-12 »: what the flow 12 looks for.
    need = models.CharField("besoin", max_length=40)
    choice = models.CharField("décision", max_length=10, choices=Choice)
    reason = models.CharField("motif", max_length=250, blank=True)
    said = models.CharField("ce qui a été détecté", max_length=400)
    companies = models.JSONField("entreprises", default=list)
    # All that was known of the need that day, near or far: the rest is what came since.
    heard_companies = models.JSONField(default=list)
    heard_facts = models.JSONField(default=list)
    action = models.ForeignKey(
        Action,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="cluster_decisions",
        verbose_name="fiche",
    )
    replaces = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="successors"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField("décidé le", default=timezone.now)
    ended_at = models.DateTimeField("annulé ou remplacé le", null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    history = HistoricalRecords()
    objects = ClusterDecisionQuerySet.as_manager()

    class Meta:
        verbose_name = "suite donnée à un projet collectif détecté"
        verbose_name_plural = "suites données aux projets collectifs détectés"
        ordering = ["-decided_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="cluster_dismissed_with_a_reason",
                condition=~Q(choice="ecartee") | ~Q(reason=""),
                violation_error_message="Dites pourquoi ce projet collectif est écarté.",
            )
        ]

    def __str__(self):
        return self.said

    @property
    def is_watched(self):
        return self.choice == self.Choice.WATCHED

    @property
    def as_decided(self):
        return Decided(
            self.pk,
            self.need,
            frozenset(self.companies),
            frozenset(self.heard_companies),
            frozenset(self.heard_facts),
        )

    @transaction.atomic
    def undo(self, *, by, at=None):
        """True if it was in force: what it replaced is in force again."""
        if not self._end(by=by, at=at):
            return False
        if self.replaces_id:
            before = ClusterDecision.objects.filter(pk=self.replaces_id)
            before.update(ended_at=None, ended_by=None)
        return True

    @transaction.atomic
    def replace(self, new, *, at=None):
        """True if this one was in force; `new` then is."""
        if not self._end(by=new.by, at=at):
            return False
        new.replaces = self
        new.save()
        return True

    def _end(self, *, by, at):
        """Of two people, one ends it."""
        rows = ClusterDecision.objects.in_force().filter(pk=self.pk)
        return bool(rows.update(ended_at=at or timezone.now(), ended_by=by))
