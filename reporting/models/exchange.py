"""Projects that come from another tool, and the file that brought them."""

from django.db import models

from crm.models import Project, Role, Territory
from crm.models.imports import Received


class ProjectImportQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(territory__in=viewer.territories_as(Role.OFFICER, Role.MANAGER))


class ProjectImport(Received):
    """A file of the exchange format of projects: kept unwritten until its preview was read."""

    territory = models.ForeignKey(Territory, models.CASCADE, related_name="project_imports")
    header = models.JSONField("titres de colonnes", default=list)
    rows = models.JSONField("lignes", default=list)
    undo = models.JSONField("ce qu’il faut pour annuler", default=dict)

    objects = ProjectImportQuerySet.as_manager()

    class Meta(Received.Meta):
        verbose_name = "import de projets"
        verbose_name_plural = "imports de projets"


class ExchangedProject(models.Model):
    """The identifier under which another tool knows a project."""

    project = models.OneToOneField(Project, models.CASCADE, related_name="exchanged")
    territory = models.ForeignKey(Territory, models.CASCADE, related_name="+")
    identifier = models.UUIDField("identifiant d’échange")

    class Meta:
        verbose_name = "projet échangé"
        verbose_name_plural = "projets échangés"
        constraints = [
            models.UniqueConstraint(
                name="exchanged_once_a_territory", fields=["territory", "identifier"]
            )
        ]

    def __str__(self):
        return str(self.identifier)
