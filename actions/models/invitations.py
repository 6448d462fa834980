from django.conf import settings
from django.db import models

from actions.models.bodies import Seat
from actions.models.meetings import Meeting


class InvitationQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(meeting__in=Meeting.objects.visible_to(viewer))

    def asked(self):
        """Those who still expect a meeting."""
        return self.filter(method=Invitation.Method.REQUEST)


class Invitation(models.Model):
    """What one member was last told of a meeting, by mail."""

    class Method(models.TextChoices):
        REQUEST = "request", "Invitation"
        CANCEL = "cancel", "Annulation"

    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="invitations")
    seat = models.ForeignKey(Seat, models.SET_NULL, null=True, related_name="+")
    name = models.CharField("nom", max_length=330)
    email = models.EmailField("courriel")
    method = models.CharField("message", max_length=7, choices=Method)
    # Of the meeting as it was told: another one since, and the member must be told.
    told = models.TextField("ce qui a été dit")
    sequence = models.PositiveIntegerField("révision")
    # Who calls the meeting stays the same, or diaries take an update for another meeting.
    organizer = models.EmailField("organisateur")
    sent_at = models.DateTimeField("envoyé le")
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = "invitation"
        ordering = ["sent_at", "pk"]
        constraints = [
            models.UniqueConstraint(name="invited_once", fields=["meeting", "email"]),
        ]

    def __str__(self):
        return f"{self.name}, {self.get_method_display().lower()}"
