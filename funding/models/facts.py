from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from simple_history.models import HistoricalRecords

from actions.models import Action
from crm.models import Organisation, Project


class DeclaredFactQuerySet(models.QuerySet):
    def visible_to(self, viewer):
        return self.filter(
            Q(project__in=Project.objects.visible_to(viewer))
            | Q(organisation__in=Organisation.objects.visible_to(viewer))
            | Q(action__in=Action.objects.visible_to(viewer))
        )


class DeclaredFact(models.Model):
    """An answer that no field holds: a study’s date, annex I, a support letter, a difficulty…

    About a project, about a collective action, or about the organisation that carries them and then
    true of all that it carries. `value` is a JSON scalar: true, false, "250000.00", "2024-05-12".
    A person’s judgement on a plain-text condition is the fact « judgement:<program code>:<criterion
    key> », whose value says which text was read: {"met": true, "text": "<digest>", "version": 3}.
    Its history keeps who judged what, and when.
    """

    project = models.ForeignKey(
        Project, models.CASCADE, null=True, blank=True, related_name="declared_facts"
    )
    organisation = models.ForeignKey(
        Organisation, models.CASCADE, null=True, blank=True, related_name="declared_facts"
    )
    action = models.ForeignKey(
        Action, models.CASCADE, null=True, blank=True, related_name="declared_facts"
    )
    key = models.CharField("information", max_length=120)
    value = models.JSONField("valeur")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    observed_on = models.DateField("noté le", default=timezone.localdate)

    history = HistoricalRecords()
    objects = DeclaredFactQuerySet.as_manager()

    class Meta:
        verbose_name = "information déclarée"
        verbose_name_plural = "informations déclarées"
        ordering = ["key"]
        constraints = [
            models.UniqueConstraint(name="one_fact_a_project", fields=["project", "key"]),
            models.UniqueConstraint(
                name="one_fact_an_organisation", fields=["organisation", "key"]
            ),
            models.UniqueConstraint(name="one_fact_an_action", fields=["action", "key"]),
            models.CheckConstraint(
                name="fact_of_one_thing",
                condition=Q(project__isnull=False, organisation=None, action=None)
                | Q(project=None, organisation__isnull=False, action=None)
                | Q(project=None, organisation=None, action__isnull=False),
            ),
        ]

    def __str__(self):
        return f"{self.key} : {self.value}"
