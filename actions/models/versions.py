"""The plan as it was voted: a dated snapshot that never changes."""

from django.db import models
from django.db.models import Max
from django.urls import reverse

from actions.models.agenda import Decision
from actions.models.meetings import Meeting
from actions.models.plans import ActionPlan
from crm.freezing import FrozenQuerySet, FrozenRows, Issued

NBSP = "\u00a0"


class PlanVersionQuerySet(FrozenQuerySet):
    def visible_to(self, viewer):
        return self.filter(plan__in=ActionPlan.objects.visible_to(viewer))

    def light(self):
        """Without the rows, which weigh."""
        return self.select_related("meeting", "plan__territory").defer("content")

    def next_number(self, plan):
        return (self.filter(plan=plan).aggregate(last=Max("number"))["last"] or 0) + 1


class PlanVersion(Issued):
    """`drawn_on` is the day of its figures, `voted_on` the day of the vote."""

    plan = models.ForeignKey(ActionPlan, models.PROTECT, related_name="versions")
    voted_on = models.DateField("votée le")
    voted_by = models.CharField("votée par", max_length=200)
    meeting = models.ForeignKey(
        Meeting, models.PROTECT, null=True, related_name="plan_versions", verbose_name="réunion"
    )
    decision = models.ForeignKey(
        Decision, models.PROTECT, null=True, related_name="plan_versions", verbose_name="décision"
    )
    note = models.TextField("note", blank=True)

    objects = PlanVersionQuerySet.as_manager()

    class Meta:
        verbose_name = "version du plan"
        verbose_name_plural = "versions du plan"
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(name="plan_version_number_once", fields=["plan", "number"]),
            FrozenRows(name="plan_version_is_frozen"),
        ]

    def __str__(self):
        return f"Version n°{NBSP}{self.number} du {self.voted_on:%d/%m/%Y}"

    def get_absolute_url(self):
        return reverse("actions:plan_version", args=[self.pk])
