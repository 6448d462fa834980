"""The one filter of the synergies: page, export, and the rows behind a measure."""

import django_filters
from django import forms
from django.db.models import Q, Sum

from actions.models import Action, Flow, Synergy, SynergySaving
from crm.filters.measured import MeasureFilter


def fiches(request):
    """Only those that a synergy of the territory is for."""
    followed = Synergy.objects.visible_to(request.user).filter(territory=request.territory)
    return Action.objects.visible_to(request.user).filter(pk__in=followed.values("action"))


class SynergyFilter(MeasureFilter):
    list_name = "actions:synergy_list"
    status = django_filters.MultipleChoiceFilter(
        label="État",
        choices=Synergy.Status,
        distinct=False,
        widget=forms.CheckboxSelectMultiple,
    )
    kind = django_filters.MultipleChoiceFilter(
        label="Nature",
        field_name="source__kind",
        choices=Flow.Kind,
        distinct=False,
        widget=forms.CheckboxSelectMultiple,
    )
    action = django_filters.ModelChoiceFilter(label="Fiche action", queryset=fiches)
    agreed = django_filters.BooleanFilter(label="Accord des deux sites", method="by_agreement")

    class Meta:
        model = Synergy
        fields = []

    def by_agreement(self, synergies, name, value):
        both = Q(source_agreed_on__isnull=False, need_agreed_on__isnull=False)
        return synergies.filter(both if value else ~both)


def totals(synergies):
    """[(unit, planned a year, observed)] of what is known, as the measures count it: nothing more
    is hoped of those that were given up; what they saved was saved."""
    rows = Synergy.objects.filter(pk__in=synergies.order_by().values("pk"))
    going_on = ~Q(status=Synergy.Status.DROPPED)
    only = {SynergySaving.Nature.PLANNED: going_on, SynergySaving.Nature.OBSERVED: None}
    sums = (
        rows.with_savings()
        .order_by()
        .aggregate(
            **{
                f"all_{nature}_{unit}": Sum(f"{nature}_{unit}", filter=only[nature])
                for nature in SynergySaving.Nature.values
                for unit in SynergySaving.Unit.values
            }
        )
    )
    return [
        (unit, sums[f"all_planned_{unit.value}"], sums[f"all_observed_{unit.value}"])
        for unit in SynergySaving.Unit
    ]
