"""Code lists that a manager can extend. A code is stable: it is what exports and the API carry."""

from django.db import models
from django.db.models import Q

from crm.models.territories import Territory


class ReferenceQuerySet(models.QuerySet):
    def of(self, territory):
        """The shared rows and those this territory added, the retired ones left out."""
        return self.filter(Q(territory=None) | Q(territory=territory), is_active=True)

    def visible_to(self, viewer):
        return self.filter(
            Q(territory=None) | Q(territory__in=Territory.objects.visible_to(viewer))
        )


class Reference(models.Model):
    code = models.CharField("code", max_length=40, primary_key=True)
    label = models.CharField("libellé", max_length=160)
    short_label = models.CharField("libellé court", max_length=60, blank=True)
    position = models.PositiveSmallIntegerField("ordre", default=100)
    territory = models.ForeignKey(
        Territory,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="ajouté par le territoire",
    )
    is_active = models.BooleanField("proposé dans les listes", default=True)

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["position", "label"]

    def __str__(self):
        return self.label

    @property
    def short(self):
        return self.short_label or self.label


class NationalPriority(Reference):
    class Meta(Reference.Meta):
        verbose_name = "axe national"
        verbose_name_plural = "axes nationaux"


class LocalPriority(Reference):
    class Meta(Reference.Meta):
        verbose_name = "action prioritaire locale"
        verbose_name_plural = "actions prioritaires locales"


class Sector(Reference):
    class Meta(Reference.Meta):
        verbose_name = "filière"


class Theme(Reference):
    """What a project is about, in the words that funding programs use too."""

    class Meta(Reference.Meta):
        verbose_name = "thème"


class Health(Reference):
    class Tone(models.TextChoices):
        OK = "ok", "Favorable"
        WARN = "warn", "Vigilance"
        BAD = "bad", "Alerte"

    tone = models.CharField("ton", max_length=4, choices=Tone)

    class Meta(Reference.Meta):
        verbose_name = "météo"


class MeetingKind(Reference):
    class Meta(Reference.Meta):
        verbose_name = "type d’instance"
        verbose_name_plural = "types d’instance"


class Framework(Reference):
    """A contract or a reference grid that counts the actions of the plan under its own codes."""

    class Meta(Reference.Meta):
        verbose_name = "cadre"


class Stage(Reference):
    class Kind(models.TextChoices):
        PIPELINE = "pipeline", "Étape du parcours"
        PAUSED = "paused", "Suspendu"
        CLOSED = "closed", "Clos"

    kind = models.CharField("nature", max_length=10, choices=Kind, default=Kind.PIPELINE)
    meaning = models.CharField("ce que l’étape veut dire", max_length=250, blank=True)
    requires = models.JSONField("ce que l’étape demande", default=list, blank=True)
    is_done = models.BooleanField("le projet est achevé", default=False)
    warn_days = models.PositiveSmallIntegerField("ancienneté à surveiller (jours)", null=True)
    late_days = models.PositiveSmallIntegerField("ancienneté anormale (jours)", null=True)

    class Meta(Reference.Meta):
        verbose_name = "étape"

    @property
    def needs_reason(self):
        return self.kind != self.Kind.PIPELINE

    @property
    def needs_revisit(self):
        """A pause without a date to look again is an abandonment nobody decided."""
        return self.kind == self.Kind.PAUSED
