import datetime
import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from crm.models.territories import Role, Territory

UNDO_HOURS = 48


class ImportBatchQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(territory__in=viewer.territories_as(Role.OFFICER, Role.MANAGER))

    def with_columns_read(self):
        """Those whose columns someone has read and confirmed, the latest first."""
        return self.filter(columns_confirmed=True).order_by("-created_at", "-pk")

    def for_list(self):
        """Without the cells, which weigh as much as the file."""
        return self.select_related("created_by").defer("rows", "undo", "refusals", "preview")


class Received(models.Model):
    """A file received: kept unwritten until someone has read its preview, then taken back within
    two days if need be."""

    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    file_name = models.CharField("fichier", max_length=200)
    counts = models.JSONField("résultat", default=dict)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    committed_at = models.DateTimeField("importé le", null=True)
    undone_at = models.DateTimeField("annulé le", null=True)

    class Meta:
        abstract = True
        ordering = ["-created_at", "-pk"]

    def __str__(self):
        return self.file_name

    @property
    def undo_until(self):
        return self.committed_at and self.committed_at + datetime.timedelta(hours=UNDO_HOURS)

    def can_be_undone(self, *, now=None):
        if not self.committed_at or self.undone_at:
            return False
        return (now or timezone.now()) < self.undo_until


class ImportBatch(Received):
    """A spreadsheet received: its cells as text, how its columns were read, what became of it.

    Once it is imported only the refused rows stay here: personal data is not kept twice.
    """

    territory = models.ForeignKey(Territory, models.CASCADE, related_name="imports")
    reading = models.JSONField("comment le fichier a été lu", default=dict)
    header = models.JSONField("titres de colonnes", default=list)
    rows = models.JSONField("lignes", default=list)
    mapping = models.JSONField("correspondance des colonnes", default=dict)
    columns_confirmed = models.BooleanField("colonnes relues par quelqu’un", default=False)
    accepts_outside = models.BooleanField("communes hors du territoire acceptées", default=False)
    source = models.CharField("origine notée sur chaque fiche", max_length=120, blank=True)
    preview = models.JSONField("aperçu montré", default=dict)
    refusals = models.JSONField("motifs des refus", default=list)
    undo = models.JSONField("ce qu’il faut pour annuler", default=dict)

    objects = ImportBatchQuerySet.as_manager()

    class Meta(Received.Meta):
        verbose_name = "import"

    @property
    def reason(self):
        """What the history of each row says of this import; the token tells two of them apart."""
        return f"Import {self.file_name[:80]} ({self.token.hex[:8]})"
