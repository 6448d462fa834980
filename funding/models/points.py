from django.db import models
from simple_history.models import HistoricalRecords

from actions.models import AgendaItem
from actions.models.editing import Removable
from funding.models.applications import Application


class ApplicationPointQuerySet(models.QuerySet):
    def with_application(self):
        """All that a point displays of its file."""
        return self.select_related("application__program")

    def attach(self, item, application):
        """One file a point; None takes it away."""
        row = self.filter(item=item).first()
        if application is None:
            if row:
                row.delete()
            return
        row = row or self.model(item=item)
        if row.application_id != application.pk:
            row.application = application
            row.save()


class ApplicationPoint(Removable):
    """The file that a point of an agenda is about, whenever the two were brought together."""

    item = models.ForeignKey(AgendaItem, models.CASCADE, related_name="application_points")
    application = models.ForeignKey(
        Application, models.CASCADE, related_name="points", verbose_name="dossier"
    )

    history = HistoricalRecords()
    objects = ApplicationPointQuerySet.as_manager()

    class Meta:
        verbose_name = "dossier d’un point"
        verbose_name_plural = "dossiers des points"
        constraints = [models.UniqueConstraint(name="one_application_a_point", fields=["item"])]

    def __str__(self):
        return self.label

    @property
    def thing(self):
        return self.application

    @property
    def label(self):
        return f"Dossier {self.application.program.name}"

    def get_absolute_url(self):
        return self.application.get_absolute_url()
