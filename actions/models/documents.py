"""Files joined to a fiche, a convention or a meeting: the bytes are kept in the database."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from simple_history.models import HistoricalRecords

from actions.models.contracts import Contract
from actions.models.editing import Removable, Versioned
from actions.models.meetings import Meeting
from actions.models.plans import Action
from crm.freezing import FrozenRow, FrozenRows, fingerprint
from crm.models import Role

MAX_BYTES = 10 * 1024 * 1024


class StoredFile(FrozenRow):
    """The bytes as they were received: never changed, and kept when the document is removed."""

    content = models.BinaryField("octets")
    size = models.PositiveIntegerField("taille")
    sha256 = models.CharField("empreinte", max_length=64)

    class Meta:
        verbose_name = "fichier gardé"
        verbose_name_plural = "fichiers gardés"
        constraints = [FrozenRows(name="stored_file_is_frozen")]

    def __str__(self):
        return self.sha256

    @classmethod
    def keep(cls, content):
        return cls.objects.create(content=content, size=len(content), sha256=fingerprint(content))


class DocumentQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        """Whoever reads what it is joined to; one kept for the team, the team alone."""
        mine = self.filter(
            Q(action__in=Action.objects.visible_to(viewer))
            | Q(contract__in=Contract.objects.visible_to(viewer))
            | Q(meeting__in=Meeting.objects.visible_to(viewer))
        )
        team = viewer.territories_as(Role.OFFICER, Role.MANAGER)
        return mine.filter(
            Q(is_for_team=False)
            | Q(action__plan__territory__in=team)
            | Q(contract__territory__in=team)
            | Q(meeting__territory__in=team)
        )

    def for_list(self):
        """Without the bytes."""
        return self.select_related("file", "by").defer("file__content")


class Document(Versioned, Removable):
    class Kind(models.TextChoices):
        DELIBERATION = "deliberation", "Délibération"
        CONTRACT = "convention", "Convention ou avenant signé"
        REPORT = "rapport", "Rapport, étude, bilan"
        MINUTES = "compte_rendu", "Compte rendu"
        EVIDENCE = "preuve", "Preuve, justificatif"
        SUPPORT = "support", "Support de présentation"
        OTHER = "autre", "Autre"

    action = models.ForeignKey(
        Action, models.CASCADE, null=True, blank=True, related_name="documents"
    )
    contract = models.ForeignKey(
        Contract, models.CASCADE, null=True, blank=True, related_name="documents"
    )
    meeting = models.ForeignKey(
        Meeting, models.CASCADE, null=True, blank=True, related_name="documents"
    )
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+")
    name = models.CharField("nom du fichier", max_length=200)
    content_type = models.CharField("type", max_length=100)
    title = models.CharField("intitulé", max_length=200)
    kind = models.CharField("nature", max_length=12, choices=Kind, default=Kind.OTHER)
    dated_on = models.DateField("date du document", null=True, blank=True)
    is_for_team = models.BooleanField(
        "réservé à l’équipe",
        default=False,
        help_text="sinon, qui lit la page lit aussi le document",
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    history = HistoricalRecords(excluded_fields=["version"])
    objects = DocumentQuerySet.as_manager()

    class Meta:
        verbose_name = "document"
        ordering = ["-dated_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="document_is_joined_to_one_thing",
                condition=(
                    Q(action__isnull=False, contract=None, meeting=None)
                    | Q(action=None, contract__isnull=False, meeting=None)
                    | Q(action=None, contract=None, meeting__isnull=False)
                ),
            )
        ]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("actions:document", args=[self.pk])

    @property
    def owner(self):
        return self.action or self.contract or self.meeting
