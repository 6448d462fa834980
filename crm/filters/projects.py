import django_filters
from django import forms
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Length, Substr

from crm import measures
from crm.fields import AmountField
from crm.filters.base import OrderingFilter, SinceFilter
from crm.filters.measured import MeasureFilter
from crm.filters.organisations import CommuneFilter
from crm.models import (
    Confidentiality,
    Epci,
    Health,
    NationalPriority,
    Organisation,
    Project,
    Role,
    Sector,
    Stage,
    Territory,
    Theme,
    User,
)

ME, NOBODY = "moi", "personne"
UNKNOWN = {
    "investment": ("Investissement", Q(planned_investment=None)),
    "eligible_costs": ("Assiette", Q(eligible_costs=None)),
    "jobs": ("Emplois créés, prévus", Q(jobs_created_planned=None)),
}


def scoped(model):
    """The rows of `model` that the viewer may see: a dropdown names nobody else’s."""
    return lambda request: (
        model.objects.visible_to(request.user) if request else model.objects.all()
    )


def epcis(request):
    if request is None:
        return Epci.objects.all()
    return Epci.objects.filter(
        territories__in=Territory.objects.visible_to(request.user)
    ).distinct()


class CodesFilter(django_filters.ModelMultipleChoiceFilter):
    """Several codes of a list, any of them."""

    def __init__(self, model, **options):
        super().__init__(queryset=scoped(model), distinct=False, **options)
        self.field_name = options["field_name"]


class AmountFilter(django_filters.NumberFilter):
    """No more digits than the column holds: the database refuses the rest with an error."""

    field_class = AmountField

    def __init__(self, *args, **kwargs):
        super().__init__(*args, max_digits=14, decimal_places=2, **kwargs)


class ProjectFilter(MeasureFilter):
    """The one filter of projects: board, table, exports and API."""

    list_name = measures.PROJECT_LIST

    q = django_filters.CharFilter(label="Recherche", method="by_text")
    stage = CodesFilter(
        Stage, field_name="stage", label="Étape", widget=forms.CheckboxSelectMultiple
    )
    health = django_filters.ModelChoiceFilter(label="Météo", queryset=scoped(Health))
    priority = django_filters.ModelChoiceFilter(
        label="Axe national", queryset=scoped(NationalPriority), method="by_priority"
    )
    sector = django_filters.ModelChoiceFilter(label="Filière", queryset=scoped(Sector))
    theme = django_filters.ModelChoiceFilter(
        label="Thème", queryset=scoped(Theme), method="by_theme"
    )
    epci = django_filters.ModelChoiceFilter(label="EPCI", queryset=epcis, method="by_epci")
    commune = CommuneFilter(label="Commune", method="by_commune")
    owner = django_filters.ChoiceFilter(label="Suivi par", empty_label="Tous", method="by_owner")
    confidentiality = django_filters.ChoiceFilter(
        label="Confidentialité", empty_label="Tous", choices=Confidentiality.choices
    )
    min_investment = AmountFilter(
        label="Investissement, au moins", field_name="planned_investment", lookup_expr="gte"
    )
    max_investment = AmountFilter(
        label="Investissement, au plus", field_name="planned_investment", lookup_expr="lte"
    )
    unknown = django_filters.ChoiceFilter(
        label="À confirmer",
        empty_label="Tous",
        choices=[(key, label) for key, (label, _) in UNKNOWN.items()],
        method="by_unknown",
    )
    without_next_step = django_filters.ChoiceFilter(
        label="Sans prochaine étape",
        empty_label="Tous",
        choices=[("true", "oui")],
        method="by_next_step",
    )
    silent = django_filters.ChoiceFilter(
        label="Silencieux depuis",
        empty_label="Tous",
        choices=[(str(days), f"{days}\u00a0jours") for days in (30, 60, 90, 180)],
        method="by_silence",
    )
    holder = django_filters.ModelChoiceFilter(
        label="Porteur", queryset=scoped(Organisation), widget=forms.HiddenInput
    )
    updated_since = SinceFilter(label="Modifié depuis")
    order = OrderingFilter(
        label="Tri",
        fields={
            "next_step_on": "next_step_on",
            "planned_investment": "planned_investment",
            "eligible_costs": "eligible_costs",
            "stage_since": "stage_since",
            "stage__position": "stage",
            "title_key": "title",
            "holder__search": "holder",
            "reference": "reference",
            "opened_on": "opened_on",
            "updated_at": "updated_at",
        },
    )

    DEFAULT_ORDER = [F("next_step_on").asc(nulls_last=True), "-opened_on", "-pk"]
    SORTS = [
        ("", "Échéance la plus proche"),
        ("-planned_investment", "Montant le plus élevé"),
        ("stage_since", "Ancienneté dans l’étape"),
        ("stage", "Étape"),
        ("title", "Intitulé"),
        ("holder", "Porteur"),
        ("-reference", "Référence la plus récente"),
        ("-updated_at", "Modification la plus récente"),
    ]

    class Meta:
        model = Project
        fields = []

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.filters["owner"].extra["choices"] = self._owners()
        # None for the API and its schema: a commune is then looked for everywhere.
        self.filters["commune"].extra["territory"] = getattr(self.request, "territory", None)

    def _owners(self):
        people = User.objects.filter(memberships__role__in=[Role.OFFICER, Role.MANAGER])
        if self.request is not None:
            territories = [territory for territory, _ in self.request.user.grants]
            people = people.filter(memberships__territory__in=territories)
        # A partner’s machine has no colleagues: it is told nobody’s name.
        people = people.distinct() if isinstance(getattr(self.request, "user", None), User) else []
        return [
            (ME, "Moi"),
            (NOBODY, "Personne"),
            *[(str(person.pk), str(person)) for person in people],
        ]

    def filter_queryset(self, projects):
        # `search` starts with the reference: what follows sorts titles without case or accents.
        projects = projects.annotate(title_key=Substr("search", Length("reference") + 2))
        return super().filter_queryset(projects.order_by(*self.DEFAULT_ORDER))

    @property
    def sorts(self):
        """(address, label, whether it is the one in use) of each way to sort."""
        for order, label in self.SORTS:
            query = self.data.copy()
            query.pop("page", None)
            query["order"] = order
            yield query.urlencode(), label, order == self.order

    def by_text(self, projects, name, value):
        return projects.search(value)

    def by_priority(self, projects, name, value):
        rows = Project.priorities.through.objects.filter(nationalpriority=value)
        return projects.filter(Exists(rows.filter(project=OuterRef("pk"))))

    def by_theme(self, projects, name, value):
        rows = Project.themes.through.objects.filter(theme=value)
        return projects.filter(Exists(rows.filter(project=OuterRef("pk"))))

    def by_epci(self, projects, name, value):
        return projects.in_epcis([value])

    def by_commune(self, projects, name, value):
        return projects.filter(Q(commune=value) | Q(commune=None, site__commune=value))

    def by_owner(self, projects, name, value):
        if value == NOBODY:
            return projects.filter(owner=None)
        if value == ME:
            mine = getattr(self.request, "user", None)
            return projects.filter(owner=mine) if isinstance(mine, User) else projects.none()
        return projects.filter(owner=value)

    def by_unknown(self, projects, name, value):
        return projects.filter(UNKNOWN[value][1])

    def by_next_step(self, projects, name, value):
        return projects.without_next_step()

    def by_silence(self, projects, name, value):
        return projects.silent(days=int(value))
