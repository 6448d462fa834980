"""Reports as they were issued: figures, rows and files that never change again."""

from django.db import models
from django.db.models import Max, Q
from django.urls import reverse

from actions.models import Meeting
from crm.models import PAIR, READABLE, Project, Territory
from crm.models.interests import rivals_of
from reporting import readings
from reporting.freezing import FrozenQuerySet, FrozenRows, Issued, IssuedFile, NeverDeleted

NBSP = "\u00a0"


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
        """Whoever may read all that the readers of the edition may.

        A member of the pair opens none that tells of a competitor: it was issued before they
        declared it, or for readers from whom nothing of it is hidden.
        """
        readable = Q(pk__in=[])
        for territory, role in viewer.grants:
            readable |= Q(territory=territory, readers__in=Readers.open_to(role))
        return self.filter(readable).exclude(pk__in=self._about_rivals_of(viewer))

    def _about_rivals_of(self, viewer):
        """Ids, from the frozen rows; nothing is asked for who sits in no pair."""
        pair = [territory for territory, role in viewer.grants if role in PAIR]
        if not pair:
            return []
        hidden = Project.objects.filter(territory__in=pair, holder__in=rivals_of(viewer))
        hidden = set(hidden.values_list("pk", flat=True))
        if not hidden:
            return []
        rows = Edition.objects.filter(territory__in=pair).order_by()
        told = rows.values_list("pk", "content__trace__projects")
        return [pk for pk, projects in told if hidden & {one["id"] for one in projects or []}]

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

    def alike(self, edition):
        """Those that say the same things to the same people: they compare with one another."""
        return self.filter(
            territory=edition.territory,
            report=edition.report,
            readers=edition.readers,
            perimeter=edition.perimeter,
        )

    def last_for(self, territory, report, readers, perimeter=""):
        """What the next edition for the same readers is compared with, or None."""
        next_one = Edition(territory=territory, report=report, readers=readers, perimeter=perimeter)
        return self.alike(next_one).order_by("-number").first()


class Edition(Issued):
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
    # The codes of some EPCI, as `reporting.perimeters` writes them; nothing for the whole.
    perimeter = models.CharField("périmètre", max_length=600, blank=True)
    previous = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="+", verbose_name="édition précédente"
    )

    objects = EditionQuerySet.as_manager()

    class Meta:
        verbose_name = "édition"
        ordering = ["-issued_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                name="edition_number_once", fields=["territory", "report", "number"]
            ),
            FrozenRows(name="edition_is_frozen"),
            NeverDeleted(name="edition_is_never_deleted"),
        ]

    def __str__(self):
        return f"{self.title}, édition n°{NBSP}{self.number}"

    def get_absolute_url(self):
        return reverse("reporting:edition", args=[self.pk])


class EditionFile(IssuedFile):
    """A form of an edition, byte for byte as it was handed out."""

    class Kind(models.TextChoices):
        XLSX = "xlsx", "Classeur xlsx"
        PDF = "pdf", "PDF"
        PPTX = "pptx", "Diaporama pptx"

    edition = models.ForeignKey(Edition, models.PROTECT, related_name="files")
    kind = models.CharField("forme", max_length=4, choices=Kind)

    class Meta:
        verbose_name = "fichier d’une édition"
        verbose_name_plural = "fichiers d’une édition"
        ordering = ["-kind"]
        constraints = [
            models.UniqueConstraint(name="edition_file_once", fields=["edition", "kind"]),
            FrozenRows(name="edition_file_is_frozen"),
            NeverDeleted(name="edition_file_is_never_deleted"),
        ]

    def get_absolute_url(self):
        return reverse("reporting:edition_file", args=[self.edition_id, self.kind])
