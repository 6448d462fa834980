"""What is said of a fiche over time, and what other frameworks call it."""

from django.conf import settings
from django.db import models
from simple_history.models import HistoricalRecords

from actions.models.editing import Removable, Versioned
from actions.models.plans import Action, OfActionQuerySet
from crm.models import Framework


class ProgressNote(models.Model):
    """What was noted of a fiche one day. Never edited: a later note corrects an earlier one."""

    action = models.ForeignKey(Action, models.CASCADE, related_name="notes")
    noted_on = models.DateField("date")
    text = models.TextField("note")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OfActionQuerySet.as_manager()

    class Meta:
        verbose_name = "note de suivi"
        verbose_name_plural = "notes de suivi"
        ordering = ["-noted_on", "-pk"]

    def __str__(self):
        return f"{self.noted_on:%d/%m/%Y}"

    def save(self, *args, **kwargs):
        if self.pk and not self._state.adding:
            raise TypeError("a progress note is never edited")
        super().save(*args, **kwargs)


class FrameworkCode(Versioned, Removable):
    """Where a framework (CRTE, COT, LEADER…) counts a fiche, in its own code and words."""

    action = models.ForeignKey(Action, models.CASCADE, related_name="framework_codes")
    framework = models.ForeignKey(Framework, models.PROTECT, related_name="+", verbose_name="cadre")
    code = models.CharField("code dans ce cadre", max_length=30)
    title = models.CharField("intitulé dans ce cadre", max_length=250, blank=True)

    history = HistoricalRecords(excluded_fields=["version"])
    objects = OfActionQuerySet.as_manager()

    class Meta:
        verbose_name = "inscription dans un cadre"
        verbose_name_plural = "inscriptions dans les cadres"
        ordering = ["framework__position", "code", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="framework_code_once_an_action", fields=["action", "framework", "code"]
            )
        ]

    def __str__(self):
        return f"{self.framework.short} {self.code}"
