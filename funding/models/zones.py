from django.db import models
from django.db.models import Q
from django.utils import timezone

from funding.eligibility import wording

WHOLE, PARTIAL, OUTSIDE = "whole", "partial", "outside"


class ZoneListQuerySet(models.QuerySet):
    def on(self, day):
        """In force that day, both ends included."""
        return self.filter(
            Q(valid_until=None) | Q(valid_until__gte=day), valid_from__lte=day
        ).order_by("pk")


class ZoneList(models.Model):
    """The communes of a zone (AFR, ZFRR, QPV) as one published list gives them.

    `communes` maps a code to whole, partial or outside: a zone that cuts a commune says nothing of
    an address, and a commune that no list names is unknown. A list that is complete for some
    départements names them in `covers`: their other communes are then outside."""

    code = models.CharField(
        "zone", max_length=10, choices=[(code, label) for code, label in wording.ZONES.items()]
    )
    source = models.CharField("source", max_length=300)
    valid_from = models.DateField("en vigueur depuis le")
    valid_until = models.DateField("en vigueur jusqu’au", null=True, blank=True)
    communes = models.JSONField("communes", default=dict)
    covers = models.JSONField("complète pour les départements", default=list, blank=True)
    loaded_at = models.DateTimeField(default=timezone.now)

    objects = ZoneListQuerySet.as_manager()

    class Meta:
        verbose_name = "liste de communes d’une zone"
        verbose_name_plural = "listes de communes des zones"
        ordering = ["code", "-valid_from", "pk"]
        constraints = [
            models.UniqueConstraint(name="zone_list_once", fields=["code", "source", "valid_from"]),
            models.CheckConstraint(
                name="zone_list_ends_after_it_starts",
                condition=Q(valid_until=None) | Q(valid_until__gte=models.F("valid_from")),
                violation_error_message="La fin de validité précède son début.",
            ),
        ]

    def __str__(self):
        return f"{self.get_code_display()}, {self.source}"

    def says(self, commune, departement):
        """Whole, partial or outside; None when the list says nothing of this commune."""
        outside = OUTSIDE if departement in self.covers else None
        return self.communes.get(commune, outside)


_lists = {}


def lists_on(day):
    """The lists in force, thousands of communes each, read again only when they change."""
    found = list(ZoneList.objects.on(day).values_list("pk", "loaded_at"))
    wanted = [pk for pk, loaded_at in found if (pk, loaded_at) not in _lists]
    if wanted:
        _lists.update(
            {(one.pk, one.loaded_at): one for one in ZoneList.objects.filter(pk__in=wanted)}
        )
    return [_lists[key] for key in found if key in _lists]


def zones_of(lists, commune, departement):
    """{zone: inside or not} of a commune, with the list that says so; nothing when in doubt."""
    said = {}
    for one in lists:
        if answer := one.says(commune, departement):
            said.setdefault(one.code, []).append((answer, one))
    return {
        code: (answers[0][0] == WHOLE, answers[0][1])
        for code, answers in said.items()
        if len({answer for answer, _ in answers}) == 1 and answers[0][0] != PARTIAL
    }
