"""The yearly evaluation of a convention: prepared, discussed, then frozen as evidence."""

from django.db import models, transaction
from django.db.models import Max, Q
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from actions.models.budget import FIRST_YEAR, LAST_YEAR, YEAR
from actions.models.contracts import Contract, OfContract, Payment
from actions.models.editing import EditConflict
from actions.models.meetings import Meeting
from crm.freezing import FrozenQuerySet, FrozenRows, Issued, IssuedFile

MANAGEMENT = "dialogue_gestion"  # the kind of meeting where an evaluation is discussed


class Evaluation(OfContract):
    """What is written of a year; its figures are read from the plan, never typed."""

    contract = models.ForeignKey(Contract, models.CASCADE, related_name="evaluations")
    year = models.PositiveSmallIntegerField("année évaluée", validators=YEAR)
    meeting = models.ForeignKey(
        Meeting,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="evaluations",
        verbose_name="dialogue de gestion",
    )
    went_well = models.TextField("ce qui a bien marché", blank=True)
    difficulties = models.TextField("difficultés rencontrées", blank=True)
    adjustments = models.TextField("ajustements pour la suite", blank=True)
    # {key of a figure: what is said of it}: a figure may be commented, never overwritten.
    comments = models.JSONField("commentaires", default=dict, blank=True)
    # A frozen evaluation opens again only to be corrected, which its next sheet says.
    is_open = models.BooleanField("en préparation", default=True, editable=False)
    corrects = models.CharField("motif de la rectification", max_length=250, blank=True)

    history = HistoricalRecords(excluded_fields=["version"])

    class Meta:
        verbose_name = "évaluation annuelle"
        verbose_name_plural = "évaluations annuelles"
        ordering = ["-year", "-pk"]
        constraints = [
            models.UniqueConstraint(
                name="evaluation_once_a_year",
                fields=["contract", "year"],
                violation_error_message="Cette année a déjà son évaluation.",
            ),
            models.CheckConstraint(
                name="evaluation_is_of_a_year",
                condition=Q(year__gte=FIRST_YEAR, year__lte=LAST_YEAR),
            ),
        ]

    def __str__(self):
        return f"Évaluation {self.year}"

    def get_absolute_url(self):
        return reverse("actions:evaluation", args=[self.pk])

    @property
    def payments(self):
        """The payments that hang on it."""
        return Payment.objects.filter(contract=self.contract_id, evaluation_year=self.year)

    @property
    def latest_sheet(self):
        return max(self.sheets.all(), key=lambda sheet: sheet.number, default=None)

    def why_it_stays(self):
        if self.sheets.exists():
            return "Cette évaluation est figée : elle fait preuve, et reste."
        return ""

    def why_it_waits(self, *, today=None):
        """A French sentence: what is missing before it may be frozen, or nothing."""
        today = today or timezone.localdate()
        if self.meeting is None:
            return "Choisissez d’abord le dialogue de gestion où la fiche a été discutée."
        if self.meeting.held_on > today:
            return (
                f"Le dialogue de gestion se tient le {self.meeting.held_on:%d/%m/%Y} : "
                "la fiche se fige une fois discutée."
            )
        return ""

    def next_number(self):
        return (self.sheets.aggregate(last=Max("number"))["last"] or 0) + 1

    @transaction.atomic
    def close(self, version):
        """No more edits, over the version that was read; EditConflict if it changed meanwhile."""
        if not self.is_open:
            raise EditConflict
        self.is_open = False
        self.save_over(version)

    @transaction.atomic
    def reopen(self, reason, version):
        """To correct what was frozen, which stays; EditConflict if someone did it already."""
        if self.is_open:
            raise EditConflict
        self.is_open, self.corrects = True, reason
        self.save_over(version)


class EvaluationSheetQuerySet(FrozenQuerySet):
    def visible_to(self, viewer):
        return self.filter(evaluation__in=Evaluation.objects.visible_to(viewer))


class EvaluationSheet(Issued):
    """An evaluation as it was frozen; a correction is another sheet, beside the first."""

    evaluation = models.ForeignKey(Evaluation, models.PROTECT, related_name="sheets")

    objects = EvaluationSheetQuerySet.as_manager()

    class Meta:
        verbose_name = "fiche d’évaluation figée"
        verbose_name_plural = "fiches d’évaluation figées"
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                name="evaluation_sheet_number_once", fields=["evaluation", "number"]
            ),
            FrozenRows(name="evaluation_sheet_is_frozen"),
        ]

    def __str__(self):
        return f"{self.title}, fiche n°\u00a0{self.number}"

    def get_absolute_url(self):
        return reverse("actions:evaluation_sheet", args=[self.pk])


class EvaluationFile(IssuedFile):
    class Kind(models.TextChoices):
        PDF = "pdf", "PDF à signer"
        XLSX = "xlsx", "Classeur xlsx"

    sheet = models.ForeignKey(EvaluationSheet, models.PROTECT, related_name="files")
    kind = models.CharField("forme", max_length=4, choices=Kind)

    class Meta:
        verbose_name = "fichier d’une fiche d’évaluation"
        verbose_name_plural = "fichiers d’une fiche d’évaluation"
        ordering = ["kind"]
        constraints = [
            models.UniqueConstraint(name="evaluation_file_once", fields=["sheet", "kind"]),
            FrozenRows(name="evaluation_file_is_frozen"),
        ]

    def get_absolute_url(self):
        return reverse("reporting:evaluation_file", args=[self.sheet_id, self.kind])
