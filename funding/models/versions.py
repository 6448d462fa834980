"""What a program said, from which day to which: rows that are added and never rewritten."""

import datetime

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone


class ProgramVersionQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        territories = [territory for territory, _ in viewer.grants]
        mine = Q(program__territory=None) | Q(program__territory__in=territories)
        return self.filter(mine) if territories else self.none()

    def in_force(self, day):
        """Those that apply on `day`: one at most for each program."""
        return self.filter(applies_from__lte=day).filter(
            Q(applies_until=None) | Q(applies_until__gte=day)
        )

    def announced(self, *, today=None):
        """Published, and not yet applied: their day has not come."""
        today = today or timezone.localdate()
        return self.filter(applies_from__gt=today).effective()

    def effective(self):
        """Without those replaced or withdrawn before they applied for a whole day."""
        return self.exclude(applies_until__lt=F("applies_from"))

    def unwatched(self):
        """Applied, and not yet compared with what they replace."""
        return self.filter(watched_at=None, applied_at__isnull=False)

    def apply_due(self, *, today=None):
        """Apply every announced version whose day has come; return how many.

        Idempotent, and safe when two requests do it at once: the first to claim a row applies it.
        """
        today = today or timezone.localdate()
        due = self.filter(applied_at=None, applies_from__lte=today)
        count = 0
        for version in due.order_by("applies_from", "number"):
            count += version.apply(today=today)
        return count


class ProgramVersion(models.Model):
    """All that a program said between two days, included, and who published it from what source.

    A version that was replaced before it applied for a whole day keeps its row, with an empty
    period: it ends the day before it begins.
    """

    class Origin(models.TextChoices):
        MANUAL = "manuel", "Saisi à l’écran"
        SHIPPED = "établi", "Catalogue d’Établi"
        MISSION_TRANSITION = "mission-transition", "Mission Transition écologique"
        DATA_GOUV = "data-gouv", "data.gouv.fr"
        AIDES_TERRITOIRES = "aides-territoires", "Aides-territoires"

    program = models.ForeignKey(
        "funding.Program", models.CASCADE, related_name="versions", verbose_name="dispositif"
    )
    number = models.PositiveIntegerField("numéro")
    applies_from = models.DateField("s’applique à partir du")
    applies_until = models.DateField("jusqu’au", null=True, blank=True)
    values = models.JSONField("valeurs")
    source = models.CharField("source", max_length=300)
    note = models.TextField("précision", blank=True)
    origin = models.CharField("origine", max_length=20, choices=Origin, default=Origin.MANUAL)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    applied_at = models.DateTimeField(null=True, editable=False)
    # When `funding.watch` told what it changes for the projects.
    watched_at = models.DateTimeField(null=True, editable=False)

    objects = ProgramVersionQuerySet.as_manager()

    class Meta:
        verbose_name = "version de dispositif"
        verbose_name_plural = "versions de dispositif"
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(name="one_version_a_number", fields=["program", "number"]),
            models.UniqueConstraint(
                name="one_last_version_a_program",
                fields=["program"],
                condition=Q(applies_until=None),
            ),
        ]
        indexes = [
            models.Index(
                name="version_to_apply", fields=["applies_from"], condition=Q(applied_at=None)
            ),
            models.Index(
                name="version_to_watch", fields=["applied_at"], condition=Q(watched_at=None)
            ),
        ]

    def __str__(self):
        return f"{self.program}, version {self.number}"

    @property
    def is_replaced(self):
        """Replaced or withdrawn before it applied for a whole day."""
        return self.applies_until is not None and self.applies_until < self.applies_from

    def is_announced(self, *, today=None):
        return not self.is_replaced and self.applies_from > (today or timezone.localdate())

    def is_in_force(self, *, today=None):
        today = today or timezone.localdate()
        return self.applies_from <= today and (
            self.applies_until is None or today <= self.applies_until
        )

    def close(self, day):
        """Let `day` be the first on which another version applies."""
        self.applies_until = day - datetime.timedelta(days=1)
        self.save(update_fields=["applies_until"])

    @transaction.atomic
    def apply(self, *, today=None):
        """Write these values on the row of the program, once; False when it was done already."""
        unapplied = ProgramVersion.objects.filter(pk=self.pk, applied_at=None)
        if not unapplied.update(applied_at=timezone.now()):
            return False
        if self.is_in_force(today=today):
            self.program.take(self)
        return True


class ProgramCheck(models.Model):
    """Someone read the source again on that day, and nothing had changed.

    `before` is what the row said of its last check, so that a click by mistake is undone.
    """

    version = models.ForeignKey(ProgramVersion, models.CASCADE, related_name="checks")
    on = models.DateField("vérifié le")
    source = models.CharField("source", max_length=300)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    before = models.JSONField("état précédent", default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "vérification de dispositif"
        verbose_name_plural = "vérifications de dispositif"
        ordering = ["-created_at", "-pk"]

    def __str__(self):
        return f"{self.version.program}, vérifié le {self.on:%d/%m/%Y}"
