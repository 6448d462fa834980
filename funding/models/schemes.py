"""The State aid regimes that one may give to a source of a plan."""

import json
from pathlib import Path

from django.db import models, transaction

from funding.financing import plan as rules
from funding.models.programs import Program

SCHEMES = Path(__file__).parent.parent / "data" / "schemes.json"


class AidSchemeQuerySet(models.QuerySet):
    @transaction.atomic
    def load_shipped(self):
        """Create or update the regimes shipped with the product, from `funding/data`."""
        for row in json.loads(SCHEMES.read_text(encoding="utf-8")):
            self.update_or_create(code=row["code"], defaults=row)


class AidScheme(models.Model):
    """A State aid regime and its article, with the days between which it holds."""

    class Kind(models.TextChoices):
        EXEMPTED = rules.EXEMPTED, "Exempté"
        DE_MINIMIS = rules.DE_MINIMIS, "De minimis"
        NO_AID = rules.NO_AID, "Pas une aide d’État"

    code = models.CharField("code", max_length=30, primary_key=True)
    number = models.CharField("numéro", max_length=30, blank=True)
    label = models.CharField("objet", max_length=120)
    kind = models.CharField("nature", max_length=12, choices=Kind)
    ceiling = models.CharField("règle du plafond", max_length=60, blank=True)
    starts_on = models.DateField("en vigueur du", null=True, blank=True)
    ends_on = models.DateField("au", null=True, blank=True)
    reference = models.CharField("référence", max_length=200)
    confidence = models.CharField("fiabilité", max_length=3, choices=Program.Confidence)

    objects = AidSchemeQuerySet.as_manager()

    class Meta:
        verbose_name = "régime d’aide"
        verbose_name_plural = "régimes d’aide"
        ordering = ["number", "code"]

    def __str__(self):
        label = self.label[:1].lower() + self.label[1:]
        return f"{self.number}, {label}" if self.number else self.label

    def as_rule(self):
        return rules.Scheme(
            code=self.code,
            label=str(self),
            kind=self.kind,
            ceiling=f"intensity.{self.ceiling}" if self.ceiling else "",
            starts_on=self.starts_on,
            ends_on=self.ends_on,
            reference=self.reference,
            is_sure=self.confidence in {Program.Confidence.READ, Program.Confidence.SECONDARY},
        )
