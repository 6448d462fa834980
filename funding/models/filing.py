"""What a file needs before it is complete: pieces, steps counted back from the filing day, and the
corrections that its funder asks for."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from simple_history.models import HistoricalRecords

from actions.models.editing import Removable, Versioned
from crm import search
from funding.appraisal import calendar, pieces
from funding.models.applications import Application


class OfApplicationQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(application__in=Application.objects.visible_to(viewer))

    def for_edit(self):
        return self.select_related(
            "application__program__funder",
            "application__project__territory",
            "application__action__plan__territory",
        )


class OfApplication(Versioned, Removable):
    """A row of a file, edited and removed on its own."""

    created_at = models.DateTimeField(auto_now_add=True)

    objects = OfApplicationQuerySet.as_manager()

    class Meta:
        abstract = True

    def get_absolute_url(self):
        return self.application.get_absolute_url()


class ApplicationPiece(OfApplication):
    """A document to provide. `expires_on` is the last day on which a funder still takes it."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="pieces")
    code = models.CharField(max_length=40, blank=True, editable=False)
    label = models.CharField("pièce", max_length=150)
    is_required = models.BooleanField("obligatoire", default=True)
    validity_months = models.PositiveSmallIntegerField(
        "durée de validité (mois)",
        null=True,
        blank=True,
        validators=[MaxValueValidator(120, "Une pièce vaut au plus 120 mois.")],
    )
    issued_on = models.DateField("datée du", null=True, blank=True)
    received_on = models.DateField("reçue le", null=True, blank=True)
    expires_on = models.DateField("valable jusqu’au", null=True, blank=True)
    note = models.CharField("précision", max_length=250, blank=True)
    position = models.PositiveSmallIntegerField(default=0, editable=False)

    history = HistoricalRecords(excluded_fields=["version"])

    class Meta:
        verbose_name = "pièce"
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="one_piece_of_a_kind_a_file",
                fields=["application", "code"],
                condition=~Q(code=""),
            ),
        ]

    def __str__(self):
        return self.label

    def state(self, day=None, *, today=None):
        """Missing, received, or expired on `day` (see `funding.appraisal.pieces`)."""
        return pieces.state(
            self.received_on, self.expires_on, day=day, today=today or timezone.localdate()
        )


class ApplicationStep(OfApplication):
    """One step before filing: how many working days it takes, and when it was done."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="steps")
    code = models.CharField(max_length=40, blank=True, editable=False)
    label = models.CharField("étape", max_length=150)
    days = models.PositiveSmallIntegerField(
        "durée (jours ouvrés)",
        validators=[
            MinValueValidator(1, "Une étape dure au moins un jour."),
            MaxValueValidator(250, "Une étape dure au plus 250 jours ouvrés."),
        ],
    )
    done_on = models.DateField("faite le", null=True, blank=True)
    position = models.PositiveSmallIntegerField("rang", default=0)

    history = HistoricalRecords(excluded_fields=["version"])

    class Meta:
        verbose_name = "étape du dépôt"
        verbose_name_plural = "étapes du dépôt"
        ordering = ["position", "pk"]

    def __str__(self):
        return self.label


def prepare(application):
    """Add the usual pieces and steps that the file does not have yet; return how many."""
    usual = pieces.usual(
        holder=application.holder_kind,
        funder=application.program.funder_id,
        program=application.program.legal_code,
    )
    has = set(application.pieces.values_list("code", flat=True))
    rows = [
        ApplicationPiece(
            application=application,
            code=one.code,
            label=one.label,
            is_required=one.is_required,
            validity_months=one.validity_months,
            note=one.note,
            position=position,
        )
        for position, one in enumerate(usual)
        if one.code not in has
    ]
    rows += asked_before(application, position=len(usual))
    ApplicationPiece.objects.bulk_create(rows, ignore_conflicts=True)
    has = set(application.steps.values_list("code", flat=True))
    steps = [
        ApplicationStep(
            application=application,
            code=one.key,
            label=one.label,
            days=one.days,
            position=one.rank,
        )
        for one in calendar.usual_steps(application.holder_kind)
        if one.key not in has
    ]
    ApplicationStep.objects.bulk_create(steps)
    return len(rows) + len(steps)


def asked_before(application, *, position):
    """What somebody added by hand to the latest file of this program here, else of its funder, and
    that this file does not have: it will be asked again."""
    program = application.program
    added = ApplicationPiece.objects.filter(
        code="",
        application__program__funder=program.funder_id,
        application__in=Application.objects.in_territory(application.territory),
    ).exclude(application=application)
    is_same = models.Case(
        models.When(application__program=program.pk, then=1),
        default=0,
        output_field=models.IntegerField(),
    )
    model = added.order_by(is_same.desc(), "-application").values("application")[:1]
    has = {search.normalise(piece.label) for piece in application.pieces.all()}
    return [
        ApplicationPiece(
            application=application,
            label=piece.label,
            is_required=piece.is_required,
            validity_months=piece.validity_months,
            note=piece.note,
            position=position,
        )
        for piece in added.filter(application__in=model)
        if search.normalise(piece.label) not in has
    ]


class Correction(OfApplication):
    """« À corriger »: what the funder asks again, by when, and when it was answered."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="corrections")
    text = models.TextField("ce qui est demandé", max_length=2000)
    asked_on = models.DateField("demandée le")
    due_on = models.DateField("à rendre le", null=True, blank=True)
    answered_on = models.DateField("répondue le", null=True, blank=True)
    answer = models.TextField("réponse", max_length=2000, blank=True)

    history = HistoricalRecords(excluded_fields=["version"])

    class Meta:
        verbose_name = "demande de correction"
        verbose_name_plural = "demandes de correction"
        ordering = ["answered_on", "due_on", "pk"]

    def __str__(self):
        return self.text if len(self.text) <= 60 else f"{self.text[:59]}…"
