"""The rows behind a figure, for the figures that no list of the product can show."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from crm.models import Project
from reporting.columns import Column

PROJECTS, FILES, VISITS = "projet,projets", "dossier,dossiers", "visite,visites"
ACTIONS, STAYS = "fiche,fiches", "passage,passages"


@dataclass(frozen=True)
class Row:
    url: str
    values: tuple


@dataclass(frozen=True)
class Rows:
    """`value` is the figure, reckoned again from the rows that are shown."""

    nouns: str
    columns: list
    rows: list
    how: str  # count, sum, median or mean of the last column

    @property
    def known(self):
        return [row.values[-1] for row in self.rows if row.values[-1] is not None]

    @property
    def value(self):
        if self.how == "count":
            return len(self.rows)
        return REDUCE[self.how](self.known) if self.known else None


def mean(values):
    return sum(values) / len(values)


REDUCE = {"sum": sum, "median": median, "mean": mean}


def columns(*heads):
    """`heads` are (label, format); the values of a row come in that order."""
    return [
        Column(label, lambda row, i=i: row.values[i], form, 26 if form == "text" else 14)
        for i, (label, form) in enumerate(heads)
    ]


PROJECT_HEADS = (
    ("Référence", "code"),
    ("Projet", "text"),
    ("Porteur", "text"),
    ("Étape", "text"),
    ("Commune", "text"),
)


def project_values(project):
    place = project.place
    return (
        project.reference,
        project.title,
        project.holder.name,
        project.stage.short,
        place.name if place else None,
    )


def read(projects):
    """Projects with all that a row says of them, in a fixed number of queries."""
    return projects.select_related("holder", "stage", "commune", "site__commune").order_by(
        "reference", "pk"
    )


def of_projects(projects, head=("Investissement prévu HT", "money"), amount="planned_investment",
                how="count"):  # fmt: skip
    """The projects of a queryset, with what is summed as the last column."""
    read_amount = amount if isinstance(amount, Callable) else lambda one: getattr(one, amount)
    found = [
        Row(one.get_absolute_url(), (*project_values(one), read_amount(one)))
        for one in read(projects)
    ]
    return Rows(PROJECTS, columns(*PROJECT_HEADS, head), found, how)


def of_stays(pairs, stages, today, how):
    """Passages in a stage: (id of the project, passage)."""
    pairs = list(pairs)
    projects = read(Project.objects.filter(pk__in={pk for pk, _ in pairs})).in_bulk()
    names = {code: stage.short for code, stage in stages.items()}
    heads = (
        *PROJECT_HEADS,
        ("Entré le", "date"),
        ("Sorti le", "date"),
        ("Vers", "text"),
        ("Jours", "integer"),
    )
    found = [
        Row(
            projects[pk].get_absolute_url(),
            (
                *project_values(projects[pk]),
                stay.entered_on,
                stay.left_on,
                names.get(stay.towards, stay.towards) or None,
                stay.days(today),
            ),
        )
        for pk, stay in sorted(pairs, key=lambda pair: (pair[1].entered_on, pair[0]))
    ]
    return Rows(STAYS, columns(*heads), found, how)


def of_files(files, head, amount, how="sum"):
    found = [
        Row(
            one.get_absolute_url(),
            (
                one.subject_code,
                one.subject.title,
                one.program.funder.short_name,
                one.program.name,
                one.get_status_display(),
                getattr(one, amount),
            ),
        )
        for one in files.for_list()
    ]
    heads = (
        ("Projet ou fiche", "code"),
        ("Intitulé", "text"),
        ("Financeur", "text"),
        ("Dispositif", "text"),
        ("Statut", "text"),
        (head, "money"),
    )
    return Rows(FILES, columns(*heads), found, how)


def of_visits(visits, how="count"):
    found = [
        Row(
            one.organisation.get_absolute_url(),
            (
                one.happened_on,
                one.organisation.name,
                one.project.title if one.project else None,
                str(one.by) if one.by else None,
            ),
        )
        for one in visits.select_related("organisation", "project", "by").order_by(
            "happened_on", "pk"
        )
    ]
    heads = (("Date", "date"), ("Organisation", "text"), ("Projet", "text"), ("Par", "text"))
    return Rows(VISITS, columns(*heads), found, how)


def of_actions(actions, head, amount, form, how):
    found = [
        Row(
            one.get_absolute_url(),
            (one.code, one.title, one.get_status_display(), getattr(one, amount)),
        )
        for one in actions.order_by("code", "pk")
    ]
    heads = (("Code", "code"), ("Fiche", "text"), ("Statut", "text"), (head, form))
    return Rows(ACTIONS, columns(*heads), found, how)


def of_organisations(visits):
    """The organisations visited, each once, with its number of visits."""
    found, count = {}, {}
    for one in visits.select_related("organisation").order_by("organisation__search", "pk"):
        found[one.organisation_id] = one.organisation
        count[one.organisation_id] = count.get(one.organisation_id, 0) + 1
    rows = [
        Row(one.get_absolute_url(), (one.name, one.get_kind_display(), count[pk]))
        for pk, one in found.items()
    ]
    heads = (("Organisation", "text"), ("Nature", "text"), ("Visites", "integer"))
    return Rows("organisation,organisations", columns(*heads), rows, "count")


def of_companies(companies):
    rows = [
        Row(one.get_absolute_url(), (one.name, one.siren))
        for one in companies.order_by("search", "pk")
    ]
    heads = (("Entreprise", "text"), ("SIREN", "code"))
    return Rows("entreprise,entreprises", columns(*heads), rows, "count")
