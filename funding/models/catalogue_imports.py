from django.db import models
from django.db.models import Q

from crm.models import Role, Territory
from crm.models.imports import Received
from funding.models.programs import Program


class CatalogueImportQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        """Managers see those of their territories, and those of the server’s own command."""
        territories = viewer.territories_as(Role.MANAGER)
        mine = Q(territory=None) | Q(territory__in=territories)
        return self.filter(mine) if territories else self.none()

    def for_list(self):
        """Without the programs, which weigh as much as the file."""
        return self.select_related("created_by").defer("entries", "outcome", "undo")


class CatalogueImport(Received):
    """A catalogue received: each program as it was read, what was decided, what became of it.

    Once it is imported the entries go: the programs hold them.
    """

    territory = models.ForeignKey(
        Territory, models.CASCADE, null=True, related_name="catalogue_imports"
    )
    origin = models.CharField("catalogue", max_length=20, choices=Program.Origin)
    reading = models.JSONField("comment le fichier a été lu", default=dict)
    published_on = models.DateField("date du catalogue")
    entries = models.JSONField("dispositifs", default=list)
    choices = models.JSONField("décisions", default=dict)
    outcome = models.JSONField("compte rendu", default=dict)
    undo = models.JSONField("ce qu’il faut pour annuler", default=dict)

    objects = CatalogueImportQuerySet.as_manager()

    class Meta(Received.Meta):
        verbose_name = "import de catalogue"
        verbose_name_plural = "imports de catalogue"

    @property
    def source(self):
        """What each version says of where it comes from."""
        return f"{self.get_origin_display()}, catalogue du {self.published_on:%d/%m/%Y}"


class CatalogueLink(models.Model):
    """A program of ours that a manager recognised in another catalogue, which never rewrites it.

    `said` is what that catalogue last said, to tell what it changes.
    """

    program = models.ForeignKey(Program, models.CASCADE, related_name="catalogue_links")
    origin = models.CharField("catalogue", max_length=20, choices=Program.Origin)
    external_id = models.CharField("identifiant chez la source", max_length=200)
    said = models.JSONField("valeurs reçues", default=dict)

    class Meta:
        verbose_name = "rattachement à un catalogue"
        verbose_name_plural = "rattachements à un catalogue"
        ordering = ["origin", "external_id"]
        constraints = [
            models.UniqueConstraint(
                name="one_link_an_external_id", fields=["origin", "external_id"]
            )
        ]

    def __str__(self):
        return f"{self.program} : {self.get_origin_display()}"
