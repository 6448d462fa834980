import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone
from simple_history.models import HistoricalRecords

from crm.models.organisations import Organisation
from crm.models.references import Theme
from crm.models.territories import Role, Territory


class InteractionQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        """The working memory of the team: officers and managers only."""
        territories = viewer.territories_as(Role.OFFICER, Role.MANAGER)
        return self.filter(organisation__territory__in=territories)

    def for_list(self):
        """Everything one line of a timeline displays."""
        return self.select_related("organisation", "project", "by").prefetch_related(
            "needs", "contacts"
        )


class Interaction(models.Model):
    class Kind(models.TextChoices):
        VISIT = "visit", "Visite"
        CALL = "call", "Appel"
        MEETING = "meeting", "Réunion"
        EMAIL = "email", "Courriel"

    organisation = models.ForeignKey(
        Organisation, models.CASCADE, related_name="interactions", verbose_name="organisation"
    )
    project = models.ForeignKey(
        "crm.Project",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="interactions",
        verbose_name="projet",
    )
    kind = models.CharField("type", max_length=8, choices=Kind, default=Kind.VISIT)
    happened_on = models.DateField("date", default=timezone.localdate)
    summary = models.TextField("ce qui s’est dit")
    needs = models.ManyToManyField(Theme, blank=True, related_name="+", verbose_name="besoins")
    contacts = models.ManyToManyField(
        "crm.Contact", blank=True, related_name="interactions", verbose_name="personnes"
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="interactions"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    history = HistoricalRecords()
    objects = InteractionQuerySet.as_manager()

    class Meta:
        verbose_name = "échange"
        ordering = ["-happened_on", "-pk"]

    def __str__(self):
        return f"{self.get_kind_display()}, {self.organisation}, {self.happened_on:%d/%m/%Y}"


class FollowUpQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        territories = viewer.territories_as(Role.OFFICER, Role.MANAGER)
        return self.filter(territory__in=territories)

    def pending(self):
        return self.filter(done_at=None)

    def due(self, *, today=None, within=0):
        """Late, due today, or due within so many days."""
        limit = (today or timezone.localdate()) + datetime.timedelta(days=within)
        return self.pending().filter(due_on__lte=limit)

    def for_list(self):
        """Everything one row displays."""
        return self.select_related("organisation", "project", "owner")


class FollowUp(models.Model):
    """A promise with a date: what must be done, by whom, for which company or project."""

    territory = models.ForeignKey(Territory, models.CASCADE, related_name="follow_ups")
    organisation = models.ForeignKey(
        Organisation,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="follow_ups",
        verbose_name="organisation",
    )
    project = models.ForeignKey(
        "crm.Project",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="follow_ups",
        verbose_name="projet",
    )
    interaction = models.ForeignKey(
        Interaction, models.SET_NULL, null=True, blank=True, related_name="follow_ups"
    )
    title = models.CharField("à faire", max_length=200)
    due_on = models.DateField("échéance")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="follow_ups",
        verbose_name="par",
    )
    done_at = models.DateTimeField("fait le", null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = FollowUpQuerySet.as_manager()

    class Meta:
        verbose_name = "relance"
        ordering = ["due_on", "pk"]

    def __str__(self):
        return self.title

    def mark_done(self, *, by, at=None):
        """True if it was still to do: a second click changes nothing."""
        at = at or timezone.now()
        return bool(
            FollowUp.objects.filter(pk=self.pk, done_at=None).update(done_at=at, done_by=by)
        )

    def reopen(self):
        return bool(FollowUp.objects.filter(pk=self.pk).update(done_at=None, done_by=None))
