"""What an indicator may read from the data. Each app registers the measures of what it owns:

    # funding/apps.py, in ready()
    measures.register(Measure("aid_granted", "Aides accordées", …))

`rows(viewer, since)` begins with `visible_to(viewer)` and gives the rows of one list page, which
opens them by `?measure=…`; the figure counts these rows, or sums a column of theirs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, IntegerField, OuterRef, Q, Subquery, Sum
from django.urls import reverse
from django.utils.http import urlencode

from crm.models import Interaction, Organisation, Project, Stage


@dataclass(frozen=True)
class Measure:
    key: str
    label: str
    unit: str
    definition: str
    method: str
    rows: Callable
    list_name: str
    nouns: str  # what the rows are: « projet,projets »
    column: str = ""  # summed; without one, the rows are counted
    lacks: str = ""  # what a row without its column is said to be: « sans montant »
    unproved: Q | None = None  # the rows whose column has no evidence
    has_period: bool = False  # what happened since a date, where the others are of today

    def url(self, *, since=None, within=""):
        asked = {"measure": self.key}
        if self.has_period and since:
            asked["since"] = since.isoformat()
        if within:
            asked["within"] = within
        return f"{reverse(self.list_name)}?{urlencode(asked)}"


@dataclass(frozen=True)
class Reading:
    """A figure of today: `value` is None when no row tells it, `unknown` do not, of `count`."""

    measure: Measure
    value: Decimal | int | None
    count: int
    unknown: int
    unproved: int


@dataclass(frozen=True)
class Scope:
    """A part of the rows, by what an upper app knows: « fiche-12 » is the scope « fiche » of 12.

    `narrow(rows, viewer, pk)` keeps those of it; `name(viewer, pk)` is how people call it.
    """

    kind: str
    narrow: Callable
    name: Callable

    def of(self, pk):
        return f"{self.kind}-{pk}"


_measures, _scopes = {}, {}


def register(*measures):
    _measures.update({measure.key: measure for measure in measures})


def register_scope(scope):
    _scopes[scope.kind] = scope


def every():
    return list(_measures.values())


def get(key):
    """None for a measure that is registered no more: its dated values stay."""
    return _measures.get(key)


def choices(list_name=""):
    return [
        (measure.key, measure.label) for measure in every() if list_name in ("", measure.list_name)
    ]


def scope_of(within):
    """(scope, pk) of « fiche-12 », or None when it says nothing."""
    kind, _, pk = within.partition("-")
    known = pk.isascii() and pk.isdecimal() and len(pk) < 19
    return (_scopes[kind], int(pk)) if known and kind in _scopes else None


def rows_of(measure, viewer, *, since=None, within=""):
    """The rows behind a figure, that the viewer may read."""
    rows = measure.rows(viewer, since if measure.has_period else None)
    if within:
        scope, pk = scope_of(within)
        rows = scope.narrow(rows, viewer, pk)
    return rows


def read(measure, viewer, territory, *, since=None, within=""):
    """The figure of today in a territory, in one query."""
    rows = rows_of(measure, viewer, since=since, within=within).filter(territory=territory)
    columns = {"count": Count("pk")}
    if measure.column:
        empty = Q(**{measure.column: None})
        columns |= {"value": Sum(measure.column), "unknown": Count("pk", filter=empty)}
    if measure.unproved is not None:
        columns["unproved"] = Count("pk", filter=~empty & measure.unproved)
    found = rows.order_by().aggregate(**columns)
    value = found.get("value", found["count"])
    return Reading(
        measure, value, found["count"], found.get("unknown", 0), found.get("unproved", 0)
    )


def companies(viewer):
    return Organisation.objects.visible_to(viewer).filter(kind=Organisation.Kind.COMPANY)


def exchanges(viewer, since, **criteria):
    found = Interaction.objects.visible_to(viewer).filter(**criteria)
    return found.filter(happened_on__gte=since) if since else found


def visited(viewer, since):
    visits = exchanges(viewer, since, kind=Interaction.Kind.VISIT)
    return companies(viewer).filter(pk__in=visits.values("organisation"))


def met(viewer, since):
    found = exchanges(viewer, since)
    return companies(viewer).filter(pk__in=found.values("organisation"))


def with_exchanges(viewer, since):
    """Every organisation, companies or not, each with how many exchanges it had."""
    found = exchanges(viewer, since)
    counted = found.filter(organisation=OuterRef("pk")).order_by().values("organisation")
    return (
        Organisation.objects.visible_to(viewer)
        .filter(pk__in=found.values("organisation"))
        .annotate(
            exchange_count=Subquery(
                counted.annotate(n=Count("pk")).values("n"), output_field=IntegerField()
            )
        )
    )


def kept(viewer, since=None):
    """What was not closed without result: under way, paused or done."""
    lost = Q(stage__kind=Stage.Kind.CLOSED, stage__is_done=False)
    return Project.objects.visible_to(viewer).exclude(lost)


def followed(viewer, since=None):
    return Project.objects.visible_to(viewer).open()


def done(viewer, since=None):
    return Project.objects.visible_to(viewer).filter(stage__is_done=True)


def observed(column):
    """Projects where a count was made: the others have nothing to observe yet."""
    return lambda viewer, since: Project.objects.visible_to(viewer).exclude(**{column: None})


COMPANIES, PROJECTS = "entreprise,entreprises", "projet,projets"
ORGANISATION_LIST, PROJECT_LIST = "crm:organisation_list", "crm:project_list"
KEPT = (
    "Projets en cours, suspendus ou achevés\u00a0; ceux qui ont été clos sans suite n’y sont pas."
)
NOT_ADDED = "Le prévu et le constaté ne s’additionnent pas."


def planned_jobs(key, what):
    column = f"jobs_{key}_planned"
    return Measure(
        column,
        f"Emplois {what}, prévus",
        "ETP",
        f"Emplois {what} que les porteurs annoncent. {KEPT}",
        f"Somme de ce que disent les projets, déclarée par les porteurs. {NOT_ADDED}",
        kept,
        PROJECT_LIST,
        PROJECTS,
        column=column,
        lacks="sans nombre d’emplois",
    )


def observed_jobs(key, what):
    column = f"jobs_{key}_observed"
    return Measure(
        column,
        f"Emplois {what}, constatés",
        "ETP",
        f"Emplois {what} qui ont été comptés, à tout stade du projet.",
        f"Somme des décomptes, preuve à l’appui. {NOT_ADDED}",
        observed(column),
        PROJECT_LIST,
        PROJECTS,
        column=column,
        unproved=Q(jobs_evidence=""),
    )


register(
    Measure(
        "companies_visited",
        "Entreprises visitées",
        "entreprises",
        "Entreprises où une visite au moins a été notée.",
        "Une entreprise compte une fois, quel que soit le nombre de visites.",
        visited,
        ORGANISATION_LIST,
        COMPANIES,
        has_period=True,
    ),
    Measure(
        "companies_met",
        "Entreprises rencontrées",
        "entreprises",
        "Entreprises avec qui un échange a été noté\u00a0: visite, appel, réunion ou courriel.",
        "Une entreprise compte une fois, quel que soit le nombre d’échanges.",
        met,
        ORGANISATION_LIST,
        COMPANIES,
        has_period=True,
    ),
    Measure(
        "exchanges",
        "Échanges notés",
        "échanges",
        "Visites, appels, réunions et courriels notés avec toutes les organisations.",
        "Chaque échange compte une fois\u00a0; les lignes sont les organisations rencontrées.",
        with_exchanges,
        ORGANISATION_LIST,
        "organisation,organisations",
        column="exchange_count",
        has_period=True,
    ),
    Measure(
        "projects_followed",
        "Projets suivis",
        "projets",
        "Projets ni achevés ni clos, ceux qui sont suspendus compris.",
        "Un projet compte une fois.",
        followed,
        PROJECT_LIST,
        PROJECTS,
    ),
    Measure(
        "projects_done",
        "Projets achevés",
        "projets",
        "Projets à une étape qui dit le projet achevé.",
        "Un projet compte une fois.",
        done,
        PROJECT_LIST,
        PROJECTS,
    ),
    Measure(
        "investment_planned",
        "Investissement prévu",
        "€ HT",
        f"Investissement prévu par les projets. {KEPT}",
        "Somme des montants connus, déclarés par les porteurs.",
        kept,
        PROJECT_LIST,
        PROJECTS,
        column="planned_investment",
        lacks="sans montant",
    ),
    planned_jobs("created", "créés"),
    planned_jobs("maintained", "maintenus"),
    observed_jobs("created", "créés"),
    observed_jobs("maintained", "maintenus"),
    Measure(
        "land_need",
        "Besoin foncier",
        "m²",
        f"Surface que les projets cherchent. {KEPT}",
        "Somme des surfaces connues, déclarées par les porteurs.",
        kept,
        PROJECT_LIST,
        PROJECTS,
        column="land_need_m2",
        lacks="sans surface",
    ),
)
