"""The one filter of the register of decisions: page and export."""

import django_filters

from actions import ties
from actions.models import AgendaItem, Decision
from crm.filters import FilterSet
from crm.finders import holds
from crm.models import MeetingKind
from crm.search import normalise

SUBJECTS = [("projet", "Un projet"), ("fiche", "Une fiche")]
FREE = "autre"


def bodies(request):
    """The kinds of meeting that decided something here."""
    mine = AgendaItem.objects.visible_to(request.user).filter(territory=request.territory)
    held = mine.exclude(decision=None).values("meeting__kind")
    return MeetingKind.objects.visible_to(request.user).filter(pk__in=held)


class DecisionFilter(FilterSet):
    q = django_filters.CharFilter(label="Recherche", method="by_text")
    body = django_filters.ModelChoiceFilter(
        label="Instance", field_name="item__meeting__kind", queryset=bodies
    )
    state = django_filters.ChoiceFilter(label="État", choices=Decision.State, empty_label="Tous")
    about = django_filters.ChoiceFilter(label="Porte sur", empty_label="Tout", method="by_subject")
    responsible = django_filters.ChoiceFilter(label="Qui", empty_label="Tous")
    since = django_filters.DateFilter(
        label="Décidée depuis le", field_name="item__meeting__held_on", lookup_expr="gte"
    )
    until = django_filters.DateFilter(
        label="Décidée jusqu’au", field_name="item__meeting__held_on", lookup_expr="lte"
    )

    class Meta:
        model = Decision
        fields = []

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        mine = Decision.objects.visible_to(self.request.user)
        named = mine.filter(item__territory=self.request.territory).exclude(responsible="")
        names = set(named.order_by().values_list("responsible", flat=True))
        self.filters["responsible"].extra["choices"] = [
            (name, name) for name in sorted(names, key=normalise)
        ]
        self.filters["about"].extra["choices"] = [
            *SUBJECTS,
            *((tie.key, f"Un {tie.label.lower()}") for tie in ties.every()),
            (FREE, "Autre chose"),
        ]

    def by_subject(self, decisions, name, value):
        if value == FREE:
            return decisions.filter(item__project=None, item__action=None)
        relation = {"projet": "project", "fiche": "action"}.get(value)
        relation = relation or next(tie.relation for tie in ties.every() if tie.key == value)
        items = AgendaItem.objects.exclude(**{relation: None})
        return decisions.filter(item__in=items.values("pk"))

    def by_text(self, decisions, name, value):
        """In the point, the decision and who carries it; a territory decides a few times a year."""
        words = normalise(value).split()
        rows = decisions.order_by().values_list(
            "pk", "item__title", "text", "responsible", "item__meeting__title"
        )
        found = [pk for pk, *texts in rows if holds(words, *texts)]
        return decisions.filter(pk__in=found)
