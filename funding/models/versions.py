"""What a program said, from which day to which: rows that are added and never rewritten."""

import datetime

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import DataError, IntegrityError, models, transaction
from django.db.models import F, Q
from django.utils import timezone

from crm.templatetags.french import day as said_day

# What the row of a program refuses of a version that was allowed on the day it was announced.
UNWRITABLE = (IntegrityError, DataError, ValidationError, ObjectDoesNotExist)


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

    def later_than(self, version):
        later = self.effective().filter(applies_from__gt=version.applies_from)
        return later.order_by("applies_from")

    def unwatched(self):
        """Applied, and not yet compared with what they replace."""
        return self.filter(watched_at=None, applied_at__isnull=False)

    def apply_due(self, *, today=None):
        """Apply every announced version whose day has come; return how many.

        Idempotent, and safe when two requests do it at once: the first to claim a row applies it.
        Every read of the catalogue asks for it: what cannot be written is set aside, never raised.
        """
        today = today or timezone.localdate()
        due = self.effective().filter(applied_at=None, applies_from__lte=today)
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
    # The fields that this version was published to say; it has the others from the one before.
    # None for a version that is older than this column: it says where they differ.
    changed = models.JSONField("champs modifiés", null=True, editable=False)
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

    def own(self, before):
        """The names of the fields that it says itself; `before` is the version it follows."""
        if self.changed is not None:
            return set(self.changed)
        return {name for name in self.values if self.values[name] != before.values.get(name)}

    @property
    def before(self):
        """The version that it takes over from."""
        return self.program.versions.effective().get(
            applies_until=self.applies_from - datetime.timedelta(days=1)
        )

    @transaction.atomic
    def apply(self, *, today=None):
        """Write these values on the row of the program, once; False when it was done already, or
        when the row cannot hold them: the version is then set aside."""
        unapplied = ProgramVersion.objects.effective().filter(pk=self.pk, applied_at=None)
        if not unapplied.update(applied_at=timezone.now()):
            return False
        return self.settle(today or timezone.localdate())

    def settle(self, today):
        """The same for a version that nobody else may apply meanwhile."""
        version = self
        while version.is_in_force(today=today) and not version.write():
            version = version.set_aside(today)
        return version == self

    def write(self):
        """Whether the row of the program now says this; it is left as it was otherwise."""
        if self.program.version == self.number:
            return True
        try:
            with transaction.atomic():
                self.program.take(self)
        except UNWRITABLE:
            self.program.refresh_from_db()
            return False
        return True

    def set_aside(self, today):
        """Keep the row and say why; return the version that goes on in its place."""
        before, _ = self.withdraw()
        said = (
            f"Mise de côté le {said_day(today)}\u00a0: le catalogue ne peut plus tenir ces valeurs."
        )
        self.note = "\n".join(filter(None, [self.note, said]))
        self.applied_at = None
        self.save(update_fields=["note", "applied_at"])
        return before

    @transaction.atomic
    def withdraw(self):
        """It will not apply, and what follows forgets what it said.

        Return the version before, which goes on, and those announced for later that changed."""
        self.refresh_from_db(fields=["applies_until", "values"])
        before, until = self.before, self.applies_until
        later = owned([before, self, *self.program.versions.later_than(self)])[2:]
        own = self.own(before)
        self.close(self.applies_from)
        before.applies_until = until
        before.save(update_fields=["applies_until"])
        return before, carry(later, own, before.values)


def owned(versions):
    """(version, the names of the fields that it says itself), from versions that follow."""
    pairs, before = [], None
    for version in versions:
        pairs.append((version, version.own(before) if before else set(version.values)))
        before = version
    return pairs


def carry(later, names, values):
    """These fields stay so in what is announced for later, up to the version that says else.

    `later` as `owned` gives them; return those that changed."""
    names, touched = set(names), []
    for version, own in later:
        names -= own
        moved = {name for name in names if version.values.get(name) != values.get(name)}
        if moved:
            version.values |= {name: values[name] for name in moved}
            version.save(update_fields=["values"])
            touched.append(version)
    return touched


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
    note = models.TextField("précision", blank=True)
    before = models.JSONField("état précédent", default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "vérification de dispositif"
        verbose_name_plural = "vérifications de dispositif"
        ordering = ["-created_at", "-pk"]

    def __str__(self):
        return f"{self.version.program}, vérifié le {self.on:%d/%m/%Y}"
