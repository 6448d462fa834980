from django.db import models

from crm.models import Territory
from crm.models.imports import ImportBatchQuerySet, Received


class PlanImportQuerySet(models.QuerySet):
    visible_to = ImportBatchQuerySet.visible_to


class PlanImport(Received):
    """A plan received as a spreadsheet: its cells as text until they are written.

    Once it is imported only the refused rows stay here.
    """

    territory = models.ForeignKey(Territory, models.CASCADE, related_name="plan_imports")
    reading = models.JSONField("comment le fichier a été lu", default=dict)
    header = models.JSONField("titres de colonnes", default=list)
    rows = models.JSONField("lignes", default=list)
    mapping = models.JSONField("correspondance des colonnes", default=dict)
    columns_confirmed = models.BooleanField("colonnes relues par quelqu’un", default=False)
    undo = models.JSONField("ce qu’il faut pour annuler", default=dict)

    objects = PlanImportQuerySet.as_manager()

    class Meta(Received.Meta):
        verbose_name = "import du plan"
        verbose_name_plural = "imports du plan"

    @property
    def reason(self):
        """What the history of each fiche says of this import."""
        return f"import {self.token.hex[:8]} : {self.file_name}"[:100]
