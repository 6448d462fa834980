"""What is owed to those who pay: the grid of each return, its dated versions, what was sent."""

from django.conf import settings
from django.db import models
from django.db.models import Max, Q
from django.urls import reverse
from django.utils import timezone

from actions.models import EditConflict
from actions.models.editing import Versioned
from crm.freezing import FrozenQuerySet, FrozenRow, FrozenRows, Issued, IssuedFile
from crm.models import Role, Territory

NBSP = "\u00a0"


class ReturnMappingQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        """The grids that all territories share, and those of the viewer’s."""
        mine = Territory.objects.visible_to(viewer)
        return self.filter(Q(territory=None) | Q(territory__in=mine))

    def of(self, territory):
        """One grid a return: the territory’s own, else the shared one."""
        own = self.filter(territory=territory)
        return self.filter(
            Q(territory=territory) | Q(territory=None) & ~Q(code__in=own.values("code"))
        )


class ReturnMapping(Versioned):
    """The grid of a return: its versions are never edited, what is being written is `draft`."""

    class Recipient(models.TextChoices):
        NATIONAL = "national", "Programme national"
        REGION = "region", "Région"
        STATE = "etat", "Préfecture, SGAR (CRTE)"
        ADEME = "ademe", "ADEME (COT)"
        EPCI = "epci", "EPCI"
        OTHER = "autre", "Autre destinataire"

    territory = models.ForeignKey(
        Territory, models.CASCADE, null=True, blank=True, related_name="return_mappings"
    )
    code = models.SlugField("code", max_length=40)
    name = models.CharField("nom", max_length=120)
    recipient = models.CharField("destinataire", max_length=10, choices=Recipient)
    position = models.PositiveSmallIntegerField("ordre", default=100)
    draft = models.JSONField("grille en cours d’écriture", null=True, blank=True)
    draft_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    draft_at = models.DateTimeField("modifiée le", null=True)

    objects = ReturnMappingQuerySet.as_manager()

    class Meta:
        verbose_name = "remontée"
        ordering = ["position", "name", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="return_code_once_a_territory", fields=["territory", "code"]
            ),
            models.UniqueConstraint(
                name="shared_return_code_once", fields=["code"], condition=Q(territory=None)
            ),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("reporting:return", args=[self.code])

    @property
    def current(self):
        """The version in force; reads the prefetched versions where there are some."""
        return max(self.versions.all(), key=lambda one: one.number, default=None)

    def write_draft(self, content, *, by, seen):
        """Keep what is being written, unless someone wrote since it was read: EditConflict."""
        self.draft, self.draft_by, self.draft_at = content, by, timezone.now()
        self.save_over(seen)

    def publish(self, content, *, by, seen, applies_from, note, is_official):
        """A new version, never to be edited; EditConflict when the draft is not the one read."""
        rows = ReturnMapping.objects.filter(pk=self.pk, version=seen)
        empty = {"draft": None, "draft_by": None, "draft_at": None}
        if not rows.update(**empty, version=models.F("version") + 1):
            raise EditConflict
        self.refresh_from_db()
        last = self.versions.aggregate(last=Max("number"))["last"] or 0
        return self.versions.create(
            number=last + 1,
            content=content,
            applies_from=applies_from,
            note=note,
            is_official=is_official,
            published_by=by,
            publisher=str(by) if by else "Établi",
        )


class MappingVersion(FrozenRow):
    """A grid as it was published."""

    mapping = models.ForeignKey(ReturnMapping, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField("numéro")
    content = models.JSONField("feuilles et colonnes")
    applies_from = models.DateField("applicable à partir du")
    note = models.CharField("ce qui change", max_length=250, blank=True)
    is_official = models.BooleanField("grille donnée par le destinataire", default=False)
    published_at = models.DateTimeField("publiée le", default=timezone.now)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    publisher = models.CharField("publiée par", max_length=200)

    objects = FrozenQuerySet.as_manager()

    class Meta:
        verbose_name = "version d’une grille"
        verbose_name_plural = "versions d’une grille"
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(name="mapping_number_once", fields=["mapping", "number"]),
            FrozenRows(name="mapping_version_is_frozen"),
        ]

    def __str__(self):
        return f"{self.mapping}, version {self.number}"


class SendingQuerySet(FrozenQuerySet):
    def visible_to(self, viewer):
        """Who may report reads what was sent: it holds nothing that a partner may not read."""
        roles = Role.OFFICER, Role.MANAGER, Role.READER
        return self.filter(territory__in=viewer.territories_as(*roles))

    def of(self, territory, code):
        """Whatever grid the territory used for this return."""
        return self.filter(territory=territory, code=code)

    def for_list(self):
        """Without what weighs: neither the rows nor the bytes of the files."""
        files = SendingFile.objects.defer("content")
        return self.select_related("mapping_version__mapping").defer("content").prefetch_related(
            models.Prefetch("files", files)
        )  # fmt: skip

    def next_number(self, territory, code):
        return (self.of(territory, code).aggregate(last=Max("number"))["last"] or 0) + 1


class Sending(Issued):
    """A return as it was sent."""

    territory = models.ForeignKey(Territory, models.PROTECT, related_name="sendings")
    mapping_version = models.ForeignKey(MappingVersion, models.PROTECT, related_name="+")
    # The return, whatever grid it was drawn with: what it is compared by.
    code = models.SlugField("remontée", max_length=40)
    sent_on = models.DateField("envoyée le")
    sent_to = models.CharField("à qui", max_length=200)
    note = models.TextField("note", max_length=1000, blank=True)
    previous = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="+", verbose_name="envoi précédent"
    )

    objects = SendingQuerySet.as_manager()

    class Meta:
        verbose_name = "envoi"
        ordering = ["-sent_on", "-number"]
        constraints = [
            models.UniqueConstraint(
                name="sending_number_once", fields=["territory", "code", "number"]
            ),
            FrozenRows(name="sending_is_frozen"),
        ]

    def __str__(self):
        return f"{self.title}, envoi n°{NBSP}{self.number}"

    def get_absolute_url(self):
        return reverse("reporting:sending", args=[self.pk])


class SendingFile(IssuedFile):
    """The file that was sent, byte for byte."""

    sending = models.ForeignKey(Sending, models.PROTECT, related_name="files")

    class Meta:
        verbose_name = "fichier d’un envoi"
        verbose_name_plural = "fichiers d’un envoi"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(name="one_file_a_sending", fields=["sending"]),
            FrozenRows(name="sending_file_is_frozen"),
        ]

    def get_absolute_url(self):
        return reverse("reporting:sending_file", args=[self.sending_id])
