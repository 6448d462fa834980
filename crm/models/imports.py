import uuid

from django.conf import settings
from django.db import models

from crm.models.territories import Role, Territory


class ImportBatchQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(territory__in=viewer.territories_as(Role.OFFICER, Role.MANAGER))


class ImportBatch(models.Model):
    """A spreadsheet received: its cells as text, how its columns were read, what became of it."""

    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    territory = models.ForeignKey(Territory, models.CASCADE, related_name="imports")
    file_name = models.CharField("fichier", max_length=200)
    header = models.JSONField("titres de colonnes", default=list)
    rows = models.JSONField("lignes", default=list)
    mapping = models.JSONField("correspondance des colonnes", default=dict)
    counts = models.JSONField("résultat", default=dict)
    undo = models.JSONField("ce qu’il faut pour annuler", default=dict)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    committed_at = models.DateTimeField("importé le", null=True)
    undone_at = models.DateTimeField("annulé le", null=True)

    objects = ImportBatchQuerySet.as_manager()

    class Meta:
        verbose_name = "import"
        ordering = ["-created_at"]

    def __str__(self):
        return self.file_name
