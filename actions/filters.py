import django_filters
from django import forms
from django.db.models import Q

from actions.models import Action, FrameworkCode
from crm.filters import FilterSet
from crm.filters.base import OrderingFilter, SinceFilter
from crm.models import Framework, LocalPriority, Organisation, User

WATCH = {
    "late_milestone": ("Jalon en retard", lambda actions: actions.with_late_milestone()),
    "without_note": ("Sans note depuis un an", lambda actions: actions.without_note()),
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


def frameworks(request):
    viewer = viewer_of(request)
    return Framework.objects.visible_to(viewer) if viewer else Framework.objects.none()


def partners(request):
    """Only those who take part in something, with their skills or their money."""
    viewer = viewer_of(request)
    if not viewer:
        return Organisation.objects.none()
    mine = Action.objects.visible_to(viewer)
    roles = [Action.partners.through, Action.financial_partners.through]
    linked = Q()
    for through in roles:
        rows = through.objects.filter(action__in=mine.values("pk"))
        linked |= Q(pk__in=rows.values("organisation"))
    return Organisation.objects.visible_to(viewer).filter(linked)


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
    partner = django_filters.ModelChoiceFilter(
        label="Partenaire", queryset=partners, method="partnered"
    )
    framework = django_filters.ModelMultipleChoiceFilter(
        label="Cadre", queryset=frameworks, widget=forms.CheckboxSelectMultiple, method="counted_in"
    )
    importance = django_filters.MultipleChoiceFilter(
        label="Niveau de priorité",
        choices=Action.Importance,
        distinct=False,
        widget=forms.CheckboxSelectMultiple,
    )
    maturity = django_filters.MultipleChoiceFilter(
        label="Maturité",
        choices=Action.Maturity,
        distinct=False,
        widget=forms.CheckboxSelectMultiple,
    )
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

    def partnered(self, actions, name, organisation):
        if not organisation:
            return actions
        return actions.with_partner(organisation)

    def counted_in(self, actions, name, wanted):
        """By any of the frameworks that are ticked."""
        codes = FrameworkCode.objects.filter(framework__in=wanted)
        return actions.filter(pk__in=codes.values("action")) if wanted else actions

    def watched(self, actions, name, wanted):
        """All of what is ticked: late *and* without a pilot."""
        for one in wanted:
            actions = WATCH[one][1](actions)
        return actions
