"""Reports as they were issued: figures, rows and files that never change again."""

import hashlib
import json

from django.conf import settings
from django.db import models
from django.db.models import Max, Q
from django.urls import reverse
from django.utils import timezone

from actions.models import Meeting
from crm.models import READABLE, Territory
from reporting import readings
from reporting.freezing import FrozenQuerySet, FrozenRow, FrozenRows

NBSP = "\u00a0"


def fingerprint(content):
    """SHA-256 of bytes, or of JSON whatever the order in which a database keeps its keys."""
    if not isinstance(content, bytes):
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        content = text.encode()
    return hashlib.sha256(content).hexdigest()


class Readers(models.TextChoices):
    """For whom an edition is made; each reads what a level of `reporting.readings` may read."""

    ELECTED = "elus", "Élus"
    TECHNICIANS = "techniciens", "Techniciens"

    @property
    def level(self):
        return readings.COMMITTEE if self == Readers.ELECTED else readings.PARTNERS

    def reading(self, territory):
        return readings.reading(self.level, territory)

    @classmethod
    def open_to(cls, role):
        """Those whose editions hold nothing that this role may not read."""
        mine = READABLE.get(role, set())
        return [one for one in cls if READABLE[readings.LEVELS[one.level][-1]] <= mine]


class EditionQuerySet(FrozenQuerySet):
    def visible_to(self, viewer):
        """Whoever may read all that the readers of the edition may."""
        readable = Q(pk__in=[])
        for territory, role in viewer.grants:
            readable |= Q(territory=territory, readers__in=Readers.open_to(role))
        return self.filter(readable)

    def for_list(self):
        """Without what weighs: neither the rows nor the bytes of the files."""
        files = EditionFile.objects.defer("content")
        return (
            self.select_related("meeting", "territory")
            .defer("content")
            .prefetch_related(models.Prefetch("files", files))
        )

    def next_number(self, territory, report):
        same = self.filter(territory=territory, report=report)
        return (same.aggregate(last=Max("number"))["last"] or 0) + 1

    def last_for(self, territory, report, readers):
        """What the next edition for the same readers is compared with, or None."""
        same = self.filter(territory=territory, report=report, readers=readers)
        return same.order_by("-number").first()


class Edition(FrozenRow):
    class Report(models.TextChoices):
        COMMITTEE = "comite", "Dossier du comité"

    territory = models.ForeignKey(Territory, models.PROTECT, related_name="editions")
    report = models.CharField("rapport", max_length=12, choices=Report, default=Report.COMMITTEE)
    meeting = models.ForeignKey(
        Meeting,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="editions",
        verbose_name="réunion",
    )
    readers = models.CharField("lecteurs", max_length=12, choices=Readers)
    title = models.CharField("intitulé", max_length=200)
    number = models.PositiveIntegerField("numéro")
    drawn_on = models.DateField("chiffres au")
    issued_at = models.DateTimeField("émise le", default=timezone.now)
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    issuer = models.CharField("émise par", max_length=200)
    previous = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="+", verbose_name="édition précédente"
    )
    content = models.JSONField("chiffres et lignes")
    sha256 = models.CharField("empreinte du contenu", max_length=64)
    app_version = models.CharField("version d’Établi", max_length=20)

    objects = EditionQuerySet.as_manager()

    class Meta:
        verbose_name = "édition"
        ordering = ["-issued_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                name="edition_number_once", fields=["territory", "report", "number"]
            ),
            FrozenRows(name="edition_is_frozen"),
        ]

    def __str__(self):
        return f"{self.title}, édition n°{NBSP}{self.number}"

    def get_absolute_url(self):
        return reverse("reporting:edition", args=[self.pk])

    @property
    def is_intact(self):
        """Whether the rows are those whose fingerprint was taken on the day of the issue."""
        return fingerprint(self.content) == self.sha256


class EditionFile(FrozenRow):
    """A form of an edition, byte for byte as it was handed out."""

    class Kind(models.TextChoices):
        XLSX = "xlsx", "Classeur xlsx"
        PDF = "pdf", "PDF"

    edition = models.ForeignKey(Edition, models.PROTECT, related_name="files")
    kind = models.CharField("forme", max_length=4, choices=Kind)
    name = models.CharField("nom", max_length=120)
    content = models.BinaryField("octets")
    size = models.PositiveIntegerField("taille")
    sha256 = models.CharField("empreinte", max_length=64)

    class Meta:
        verbose_name = "fichier d’une édition"
        verbose_name_plural = "fichiers d’une édition"
        ordering = ["-kind"]
        constraints = [
            models.UniqueConstraint(name="edition_file_once", fields=["edition", "kind"]),
            FrozenRows(name="edition_file_is_frozen"),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("reporting:edition_file", args=[self.edition_id, self.kind])

    @property
    def is_intact(self):
        return fingerprint(bytes(self.content)) == self.sha256
