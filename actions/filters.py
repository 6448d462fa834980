import django_filters
from django import forms

from actions.models import Action
from crm.filters import FilterSet
from crm.filters.base import OrderingFilter, SinceFilter
from crm.models import LocalPriority, Organisation, User

WATCH = {
    "late_milestone": ("Jalon en retard", lambda actions: actions.with_late_milestone()),
    "without_pilot": ("Sans pilote", lambda actions: actions.without_pilot()),
    "without_indicator": ("Sans indicateur", lambda actions: actions.without_indicator()),
}


def viewer_of(request):
    """Who reads; None while the API’s schema is drawn, when there is no request."""
    return getattr(request, "user", None)


def priorities(request):
    viewer = viewer_of(request)
    return LocalPriority.objects.visible_to(viewer) if viewer else LocalPriority.objects.none()


def pilots(request):
    """Only those who pilot something: the list stays short where companies are thousands."""
    viewer = viewer_of(request)
    if not viewer:
        return Organisation.objects.none()
    mine = Action.objects.visible_to(viewer).exclude(pilot=None)
    return Organisation.objects.visible_to(viewer).filter(pk__in=mine.values("pilot"))


def owners(request):
    viewer = viewer_of(request)
    if not viewer:
        return User.objects.none()
    mine = Action.objects.visible_to(viewer).exclude(owner=None)
    return User.objects.filter(pk__in=mine.values("owner"))


class ActionFilter(FilterSet):
    q = django_filters.CharFilter(label="Code ou intitulé", method="search")
    priority = django_filters.ModelMultipleChoiceFilter(
        label="Action prioritaire",
        queryset=priorities,
        distinct=False,
        widget=forms.CheckboxSelectMultiple,
    )
    status = django_filters.MultipleChoiceFilter(
        label="Statut",
        choices=Action.Status,
        distinct=False,
        widget=forms.CheckboxSelectMultiple,
    )
    pilot = django_filters.ModelChoiceFilter(label="Pilote", queryset=pilots)
    owner = django_filters.ModelChoiceFilter(label="Suivie par", queryset=owners)
    watch = django_filters.MultipleChoiceFilter(
        label="À surveiller",
        choices=[(name, label) for name, (label, _) in WATCH.items()],
        widget=forms.CheckboxSelectMultiple,
        method="watched",
    )
    updated_since = SinceFilter(label="Modifiée depuis")
    order = OrderingFilter(
        fields=[
            ("code", "code"),
            ("title", "title"),
            ("priority__position", "priority"),
            ("pilot__name", "pilot"),
            ("status", "status"),
            ("progress", "progress"),
            ("starts_on", "starts_on"),
            ("ends_on", "ends_on"),
            ("next_milestone_on", "next_milestone"),
            ("budget_planned", "budget_planned"),
            ("budget_spent", "budget_spent"),
            ("updated_at", "updated_at"),
        ]
    )

    class Meta:
        model = Action
        fields = ["priority", "status", "pilot", "owner"]

    def search(self, actions, name, value):
        return actions.search(value)

    def watched(self, actions, name, wanted):
        """All of what is ticked: late *and* without a pilot."""
        for one in wanted:
            actions = WATCH[one][1](actions)
        return actions
