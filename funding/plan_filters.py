"""The filters of the list of financing plans; the balance is told by the rules, not by SQL."""

import django_filters
from django.db.models import OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from crm import search
from crm.filters import FilterSet
from crm.filters.base import OrderingFilter, SinceFilter
from funding.financing.plan import STATES
from funding.models import CostLine, FinancingPlan
from funding.plan_facts import PlanReader


class PlanFilter(FilterSet):
    q = django_filters.CharFilter(label="Recherche", method="search")
    state = django_filters.MultipleChoiceFilter(
        label="Équilibre", choices=list(STATES.items()), method="in_state"
    )
    about = django_filters.ChoiceFilter(
        label="À propos de",
        choices=[("project", "Un projet"), ("action", "Une fiche action")],
        method="of_kind",
    )
    updated_from = django_filters.DateFilter(
        label="Modifié à partir du", field_name="updated_at", lookup_expr="date__gte"
    )
    updated_since = SinceFilter(label="Modifié depuis")
    order = OrderingFilter(
        label="Trier par",
        empty_label="Dernière modification, la plus récente d’abord",
        field_labels={
            "subject_title": "Projet ou action",
            "known_uses": "Emplois",
            "updated_at": "Dernière modification",
        },
        fields=[
            ("subject_title", "subject"),
            ("known_uses", "uses"),
            ("updated_at", "updated_at"),
        ],
    )

    class Meta:
        model = FinancingPlan
        fields = []

    def filter_queryset(self, queryset):
        costs = CostLine.objects.order_by().filter(plan=OuterRef("pk")).values("plan")
        return super().filter_queryset(
            queryset.alias(
                subject_title=Coalesce("project__title", "action__title"),
                known_uses=Subquery(costs.annotate(sum=Sum("amount")).values("sum")),
            )
        )

    def search(self, plans, name, value):
        """Each word in the project or in the action."""
        for word in search.normalise(value).split():
            plans = plans.filter(
                Q(project__search__contains=word) | Q(action__search__contains=word)
            )
        return plans

    def of_kind(self, plans, name, value):
        return plans.exclude(**{value: None})

    def in_state(self, plans, name, value):
        if not value:
            return plans
        viewer = self.request.user
        kept = [
            plan.pk
            for plan in plans
            if PlanReader(plan.subject, viewer).sums(plan).balance.state in value
        ]
        return plans.filter(pk__in=kept)
