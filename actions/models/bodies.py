"""Who sits in the bodies of a territory, and who was there on the day."""

from collections import Counter
from functools import cached_property

from django.conf import settings
from django.db import models, transaction
from django.db.models import Count, Q
from django.urls import reverse
from simple_history.models import HistoricalRecords

from actions import quorum
from actions.models.editing import EditConflict, Removable, Versioned
from actions.models.meetings import Meeting
from crm.models import Contact, MeetingKind, Territory
from crm.templatetags.french import plural


class BodyQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(territory__in=Territory.objects.visible_to(viewer))

    def of(self, territory, kind):
        """The body of that kind; a new one, not saved, when nothing was said of it yet."""
        found = self.filter(territory=territory, kind=kind).first()
        return found or Body(territory=territory, kind=kind)


class Body(Versioned):
    """A kind of meeting as one territory holds it: its members, and its quorum."""

    class Quorum(models.TextChoices):
        NONE = quorum.NONE, "Aucun quorum"
        THIRD = "tiers", "Un tiers au moins"
        HALF = "moitie", "La moitié au moins"
        MAJORITY = "majorite", "Plus de la moitié"
        TWO_THIRDS = "deux_tiers", "Deux tiers au moins"

    territory = models.ForeignKey(Territory, models.CASCADE, related_name="bodies")
    kind = models.ForeignKey(
        MeetingKind, models.PROTECT, related_name="bodies", verbose_name="instance"
    )
    quorum = models.CharField(
        "quorum", max_length=12, choices=Quorum, blank=True, help_text="des membres qui ont voix"
    )
    counts_represented = models.BooleanField("une personne représentée compte", default=False)
    rule_source = models.CharField(
        "où c’est écrit",
        max_length=200,
        blank=True,
        help_text="règlement intérieur, convention, délibération, avec sa date",
    )

    history = HistoricalRecords(excluded_fields=["version"])
    objects = BodyQuerySet.as_manager()

    class Meta:
        verbose_name = "instance"
        constraints = [
            models.UniqueConstraint(
                name="body_once_a_territory",
                fields=["territory", "kind"],
                violation_error_message="Cette instance est déjà décrite.",
            )
        ]

    def __str__(self):
        return str(self.kind)

    def get_absolute_url(self):
        return reverse("actions:body", args=[self.kind_id])


class SeatQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(body__territory__in=Territory.objects.visible_to(viewer))

    def on(self, day):
        """The members on that day; those of whom no date is known have always sat."""
        return self.filter(
            Q(joined_on=None) | Q(joined_on__lte=day), Q(left_on=None) | Q(left_on__gt=day)
        )

    def for_list(self):
        return self.select_related("contact__organisation", "user").order_by(
            "-has_voice", "quality", "pk"
        )

    def counted(self, day):
        """{kind: (members, those with a voice)} of the bodies of these seats on that day."""
        rows = self.on(day).order_by().values("body__kind")
        counts = rows.annotate(members=Count("pk"), voices=Count("pk", filter=Q(has_voice=True)))
        return {row["body__kind"]: (row["members"], row["voices"]) for row in counts}


class Seat(Versioned, Removable):
    """A standing member: a contact, or someone with an account; whoever leaves keeps a row."""

    body = models.ForeignKey(Body, models.CASCADE, related_name="seats")
    contact = models.ForeignKey(
        Contact,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="seats",
        verbose_name="contact",
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="seats",
        verbose_name="compte",
    )
    quality = models.CharField(
        "en qualité de", max_length=160, help_text="par exemple «\u00a0vice-présidente\u00a0»"
    )
    has_voice = models.BooleanField("a voix délibérative", default=True)
    joined_on = models.DateField("membre depuis le", null=True, blank=True)
    left_on = models.DateField("n’est plus membre depuis le", null=True, blank=True)

    history = HistoricalRecords(excluded_fields=["version"])
    objects = SeatQuerySet.as_manager()

    class Meta:
        verbose_name = "membre"
        ordering = ["-has_voice", "quality", "pk"]
        constraints = [
            models.CheckConstraint(
                name="seat_of_one_person",
                condition=Q(contact=None, user__isnull=False) | Q(contact__isnull=False, user=None),
                violation_error_message="Choisissez un contact ou un compte, l’un des deux.",
            ),
            models.UniqueConstraint(
                name="contact_sits_once",
                fields=["body", "contact"],
                violation_error_message="Cette personne siège déjà dans cette instance.",
            ),
            models.UniqueConstraint(
                name="user_sits_once",
                fields=["body", "user"],
                violation_error_message="Cette personne siège déjà dans cette instance.",
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def name(self):
        if self.user_id:
            return str(self.user)
        return f"{self.contact}, {self.contact.organisation.name}"

    @property
    def email(self):
        """Where to write, in small letters; an empty string when nobody knows."""
        return (self.user.email if self.user_id else self.contact.email).lower()

    def why_it_stays(self):
        count = self.attendances.count()
        if not count:
            return ""
        sheets = plural(count, "feuille de présence,feuilles de présence")
        return f"Cette personne figure sur {sheets}\u00a0: notez plutôt la date de son départ."


class AttendanceQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(meeting__in=Meeting.objects.visible_to(viewer))


class Attendance(Removable):
    """One member at one meeting. Name, quality and voice are those of the day, and stay."""

    class Status(models.TextChoices):
        PRESENT = quorum.PRESENT, "Présent"
        REPRESENTED = quorum.REPRESENTED, "Représenté"
        EXCUSED = quorum.EXCUSED, "Excusé"
        ABSENT = quorum.ABSENT, "Absent"

    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="sheet")
    seat = models.ForeignKey(
        Seat, models.SET_NULL, null=True, blank=True, related_name="attendances"
    )
    name = models.CharField("nom", max_length=330)
    quality = models.CharField("qualité", max_length=160)
    has_voice = models.BooleanField("voix délibérative", default=True)
    status = models.CharField("présence", max_length=10, choices=Status, blank=True)
    represented_by = models.CharField("représenté par", max_length=160, blank=True)

    history = HistoricalRecords()
    objects = AttendanceQuerySet.as_manager()

    class Meta:
        verbose_name = "présence"
        ordering = ["-has_voice", "quality", "pk"]
        constraints = [
            models.UniqueConstraint(name="attends_once", fields=["meeting", "seat"]),
            models.CheckConstraint(
                name="represented_by_someone",
                condition=Q(represented_by="") | Q(status=quorum.REPRESENTED),
            ),
        ]

    def __str__(self):
        return self.name


class Sheet:
    """The attendance sheet of a meeting: what was noted, else its members, with nothing noted.

    Three queries. The rule is the body’s until the sheet is first saved, then the meeting keeps it.
    """

    def __init__(self, meeting):
        self.meeting = meeting
        self.body = Body.objects.of(meeting.territory, meeting.kind)
        self.recorded = list(meeting.sheet.all())

    @property
    def is_recorded(self):
        return bool(self.recorded)

    @property
    def lines(self):
        return self.recorded or self.expected

    def every_line(self):
        """What was noted and, to complete it, those who sat on that day and are not on it."""
        return self.recorded + self.expected

    @cached_property
    def expected(self):
        """The members of that day who are not on it yet."""
        noted = {line.seat_id for line in self.recorded}
        seats = Seat.objects.filter(body=self.body.pk).on(self.meeting.held_on).for_list()
        return [
            Attendance(
                meeting=self.meeting,
                seat=seat,
                name=seat.name,
                quality=seat.quality,
                has_voice=seat.has_voice,
            )
            for seat in seats
            if seat.pk not in noted
        ]

    @property
    def tally(self):
        """(status, how many), in the order of the statuses; what nobody noted comes last."""
        found = Counter(line.status for line in self.lines)
        labels = [*Attendance.Status.choices, ("", "À noter")]
        return [(label, found[status]) for status, label in labels if found[status]]

    @property
    def rule(self):
        return self.meeting.quorum or self.body.quorum

    @property
    def rule_label(self):
        return Body.Quorum(self.rule).label if self.rule else ""

    @property
    def has_no_quorum(self):
        return self.rule == quorum.NONE

    @property
    def counts_represented(self):
        kept = self.meeting.quorum_counts_represented
        return self.body.counts_represented if kept is None else kept

    @property
    def count(self):
        statuses = [line.status for line in self.lines if line.has_voice]
        return quorum.count(self.rule, statuses, counts_represented=self.counts_represented)

    @transaction.atomic
    def remove(self, reason, version):
        """Forget what was noted and the rule of that day, over the version that was read.

        `reason` is what `restore` finds the lines by.
        """
        meeting = self.meeting
        meeting.quorum, meeting.quorum_counts_represented = "", None
        meeting.save_over(version)
        for line in self.recorded:
            line._change_reason = reason
            line.delete()

    @transaction.atomic
    def restore(self, traces):
        """Put back the lines of `traces`; IntegrityError when one was noted anew since."""
        for trace in traces:
            Attendance.restore(trace)
        self.keep_rule()
        self.meeting.save_over(self.meeting.version)

    def keep_rule(self):
        """The rule of the body becomes that of this meeting, if none is kept yet."""
        if not self.meeting.quorum and self.body.quorum:
            self.meeting.quorum = self.body.quorum
            self.meeting.quorum_counts_represented = self.body.counts_represented

    @transaction.atomic
    def save_over(self, lines, version):
        """Write every line, with the rule of that day; EditConflict if the meeting has changed."""
        meeting = self.meeting
        self.keep_rule()
        meeting.save_over(version)
        named = {line.seat_id for line in lines if line.seat_id}
        seats = Seat.objects.select_for_update().filter(pk__in=named)
        if named - set(seats.values_list("pk", flat=True)):
            raise EditConflict  # a member was removed in the meantime
        before = {line.pk: (line.status, line.represented_by) for line in meeting.sheet.all()}
        for line in lines:
            if before.get(line.pk) != (line.status, line.represented_by):
                line.save()
