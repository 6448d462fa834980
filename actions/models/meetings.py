from django.db import models, transaction
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from actions.models.editing import Versioned
from actions.models.plans import count_of
from crm.models import MeetingKind, Territory

STEP = 10  # between two points of an agenda


class MeetingQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(territory__in=Territory.objects.visible_to(viewer))

    def kept(self):
        """Those that were not called off."""
        return self.filter(cancelled_at=None)

    def called_off(self):
        return self.exclude(cancelled_at=None)

    def upcoming(self, *, today=None):
        return self.kept().from_day(today or timezone.localdate())

    def from_day(self, day):
        return self.filter(held_on__gte=day).order_by("held_on", "pk")

    def past(self, *, today=None):
        return self.filter(held_on__lt=today or timezone.localdate()).order_by("-held_on", "-pk")

    def next_committee(self, territory, *, today=None):
        """The next local steering committee, where what waits for a decision is put, or None."""
        committees = self.filter(territory=territory, kind=Meeting.COMMITTEE)
        return committees.upcoming(today=today).first()

    def with_points(self, points):
        """How many of these points, and how many of them were decided."""
        return self.annotate(
            point_count=count_of(points, "meeting"),
            decision_count=count_of(points.exclude(decision=None), "meeting"),
        )


class Meeting(Versioned):
    COMMITTEE = "copil"

    territory = models.ForeignKey(Territory, models.CASCADE, related_name="meetings")
    kind = models.ForeignKey(
        MeetingKind, models.PROTECT, related_name="meetings", verbose_name="instance"
    )
    title = models.CharField("intitulé", max_length=200)
    held_on = models.DateField("date")
    starts_at = models.TimeField("heure", null=True, blank=True)
    ends_at = models.TimeField("fin prévue", null=True, blank=True)
    place = models.CharField("lieu", max_length=200, blank=True)
    attendance = models.TextField("autres personnes présentes", blank=True)
    notes = models.TextField("notes", blank=True)
    cancelled_at = models.DateTimeField("annulée le", null=True, editable=False)
    cancelled_because = models.CharField("motif", max_length=200, blank=True, editable=False)
    # The rule of the day, kept with the attendance sheet: the body may change it later.
    quorum = models.CharField(max_length=12, blank=True, editable=False)
    quorum_counts_represented = models.BooleanField(null=True, editable=False)

    history = HistoricalRecords(excluded_fields=["version"])
    objects = MeetingQuerySet.as_manager()

    class Meta:
        verbose_name = "réunion"
        ordering = ["-held_on", "-pk"]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("actions:meeting", args=[self.pk])

    def is_past(self, *, today=None):
        return self.held_on < (today or timezone.localdate())

    @property
    def is_cancelled(self):
        return self.cancelled_at is not None

    def has_begun(self, *, today=None):
        """From its day on, it is noted and it decides."""
        return not self.is_cancelled and self.held_on <= (today or timezone.localdate())

    def why_it_is_held(self):
        """A French sentence when the meeting may not be called off, else nothing."""
        if self.has_decisions():
            return "Des décisions y sont consignées\u00a0: la réunion a eu lieu."
        return ""

    def cancel(self, reason, *, version, now=None):
        """Call it off, over the version that was read: EditConflict if it has changed."""
        self.cancelled_at, self.cancelled_because = now or timezone.now(), reason
        self.save_over(version)

    @transaction.atomic
    def keep(self):
        """The meeting is held after all; False if it was. What someone else wrote since stays."""
        self.refresh_from_db(from_queryset=Meeting.objects.select_for_update())
        if not self.is_cancelled:
            return False
        self.cancelled_at, self.cancelled_because = None, ""
        self.save_over(self.version)
        return True

    def has_decisions(self):
        return self.pk is not None and self.items.exclude(decision=None).exists()

    def previous(self):
        """The meeting of the same kind just before this one, or None."""
        same = Meeting.objects.filter(territory=self.territory_id, kind=self.kind_id)
        return same.kept().past(today=self.held_on).first()

    def next_position(self):
        last = self.items.aggregate(last=Max("position"))["last"] or 0
        return last + STEP
