import django_filters
from django.db.models import Q

from actions.models import Action
from crm.filters import FilterSet
from crm.filters.base import OrderingFilter
from crm.models import Project
from funding import watch
from funding.eligibility import Verdict
from funding.models import Program, WatchNotice
from funding.models.subjects import seeking_actions

VERDICTS = {verdict.code: verdict for verdict in Verdict}
NEW = "new"
KINDS = [
    ("eligible", "Devient éligible"),
    ("to_confirm", "Devient à confirmer"),
    ("not_eligible", "Devient non éligible"),
    (NEW, "Nouveau dispositif"),
]
LIVE = [("eligible", "Éligible"), ("to_confirm", "À confirmer")]


def watched_programs(request):
    visible = Program.objects.visible_to(request.user) if request else Program.objects.none()
    return visible.filter(pk__in=WatchNotice.objects.order_by().values("program"))


def watched_projects(request):
    visible = Project.objects.visible_to(request.user) if request else Project.objects.none()
    return visible.filter(pk__in=WatchNotice.objects.order_by().values("project"))


def watched_actions(request):
    visible = Action.objects.visible_to(request.user) if request else Action.objects.none()
    return visible.filter(pk__in=WatchNotice.objects.order_by().values("action"))


def dated_programs(request):
    if not request:
        return Program.objects.none()
    programs = Program.objects.visible_to(request.user).for_territory(request.territory)
    return programs.current().exclude(closes_on=None, deadlines=[])


def open_projects(request):
    return Project.objects.visible_to(request.user).open() if request else Project.objects.none()


def open_actions(request):
    visible = Action.objects.visible_to(request.user) if request else Action.objects.none()
    return visible.filter(pk__in=seeking_actions())


class WatchFilter(FilterSet):
    q = django_filters.CharFilter(label="Recherche", method="search")
    kind = django_filters.MultipleChoiceFilter(
        label="Changement", choices=KINDS, method="of_kind", distinct=False
    )
    seen = django_filters.BooleanFilter(label="Déjà vu", method="is_seen")
    stakes = django_filters.BooleanFilter(
        label="Avec un dossier, un plan ou retenu", method="has_stakes"
    )
    program = django_filters.ModelMultipleChoiceFilter(
        label="Dispositif", queryset=watched_programs
    )
    project = django_filters.ModelMultipleChoiceFilter(label="Projet", queryset=watched_projects)
    action = django_filters.ModelMultipleChoiceFilter(label="Action", queryset=watched_actions)
    noticed_from = django_filters.DateFilter(
        label="À partir du", field_name="noticed_at", lookup_expr="date__gte"
    )
    order = OrderingFilter(
        label="Trier par",
        empty_label="À voir d’abord, puis date",
        field_labels={
            "noticed_at": "Date",
            "program__name": "Dispositif",
            "subject_title": "Projet ou action",
            "verdict_after": "Verdict",
        },
        fields=[
            ("noticed_at", "noticed_at"),
            ("program__name", "program"),
            ("subject_title", "project"),
            ("verdict_after", "verdict"),
        ],
    )

    class Meta:
        model = WatchNotice
        fields = []

    def search(self, notices, name, value):
        return notices.search(value)

    def of_kind(self, notices, name, values):
        """A new program is a kind of its own, whatever it says."""
        if not values:
            return notices
        after = [VERDICTS[value] for value in values if value != NEW]
        wanted = Q(verdict_after__in=after, verdict_before__isnull=False)
        return notices.filter(wanted | Q(verdict_before=None) if NEW in values else wanted)

    def is_seen(self, notices, name, value):
        return notices.filter(seen_at__isnull=False) if value else notices.unseen()

    def has_stakes(self, notices, name, value):
        wanted = Q(has_application=True) | Q(is_planned=True) | Q(is_retained=True)
        return notices.filter(wanted if value else ~wanted)


class ClosingFilter(FilterSet):
    """Programs that close soon; the project or the action narrows what is asked of each."""

    q = django_filters.CharFilter(label="Recherche", method="search")
    within = django_filters.NumberFilter(
        label="D’ici (jours)", method="as_it_is", min_value=0, max_value=60
    )
    program = django_filters.ModelChoiceFilter(
        label="Dispositif", queryset=dated_programs, method="only"
    )
    project = django_filters.ModelChoiceFilter(
        label="Projet", queryset=open_projects, method="as_it_is"
    )
    action = django_filters.ModelChoiceFilter(
        label="Action", queryset=open_actions, method="as_it_is"
    )
    verdict = django_filters.ChoiceFilter(label="Verdict", choices=LIVE, method="as_it_is")

    class Meta:
        model = Program
        fields = []

    def search(self, programs, name, value):
        return programs.search(value)

    def only(self, programs, name, value):
        return programs.filter(pk=value.pk)

    def as_it_is(self, programs, name, value):
        """Read by `closings`, which asks the programs of their dates and of who may apply."""
        return programs

    def closings(self, viewer, territory):
        """What is left of `watch.closing` with these filters; nothing when one is refused."""
        if not self.is_valid():
            return []
        asked = self.form.cleaned_data
        project, action = asked.get("project"), asked.get("action")
        projects = Project.objects.filter(territory=territory)
        actions = Action.objects.filter(plan__territory=territory)
        if project or action:
            projects = projects.filter(pk=project and project.pk)
            actions = actions.filter(pk=action and action.pk)
        within = asked.get("within")
        days = watch.WITHIN if within is None else int(within)
        found = watch.closing(
            viewer, territory, days=days, programs=self.qs, projects=projects, actions=actions
        )
        verdict = VERDICTS.get(asked.get("verdict"))
        return found if verdict is None else [row for one in found if (row := one.only(verdict))]
