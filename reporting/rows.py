"""The rows of the reports, each list read in a fixed number of queries."""

from django.db.models import Prefetch, Q

from actions.models import Action, Indicator
from crm.models import Organisation, Project
from funding.models import Application, FinancingPlan, with_money
from funding.plan_facts import PlanReader

# What is the same for many rows is fetched once and shared, not joined to each.
HOLDERS = Prefetch("holder", Organisation.objects.only("name"))


# What the pack, and what is missing from it, read beside a project.
BESIDE = (
    "holder", "site__commune__epci", "commune__epci", "stage", "health", "priorities",
    Prefetch("applications", Application.objects.defer("notes").prefetch_related("program")),
)  # fmt: skip


def pack_rows(figures):
    """Every project of the reading, in the order of the pipeline, in a fixed number of queries."""
    return in_order(with_money(figures.projects).defer("need").prefetch_related(*BESIDE))


def project_rows(figures):
    """The same with all that a return may say of them."""
    rows = with_money(figures.projects).prefetch_related(
        *BESIDE, "territory", "site__commune__departement", "commune__departement", "sector",
        "owner", "paused_from", "themes", "applications__program__funder",
    )  # fmt: skip
    return in_order(rows)


def in_order(rows):
    return sorted(rows, key=lambda row: (row.stage.position, row.stage.label, row.reference))


def action_rows(figures, actions=None):
    """The fiches with what a row says of them; a sub-action is told with its fiche."""
    return list(
        (figures.actions.once() if actions is None else actions)
        .for_list()
        .prefetch_related(
            Prefetch("indicators", Indicator.objects.prefetch_related("values")), "epcis"
        )
    )


def plan_rows(figures):
    """The fiches, each followed by its sub-actions, which say `is_part`: they count in it."""
    rows = figures.actions.for_list().prefetch_related(
        Prefetch("indicators", Indicator.objects.prefetch_related("values", "targets")), "epcis"
    )
    parts, fiches = {}, []
    found = {row.pk for row in rows}
    for row in rows:
        row.is_part = row.parent_id in found
        if row.is_part:
            parts.setdefault(row.parent_id, []).append(row)
        else:
            fiches.append(row)
    return [row for fiche in fiches for row in (fiche, *parts.get(fiche.pk, []))]


def application_rows(figures):
    """Every file the reading may see, by funder, with only what a row says of its subject."""
    return sorted(
        with_names(figures.applications),
        key=lambda row: (row.program.funder.short_name, row.subject_code, row.pk),
    )


def with_names(applications):
    """Files with the names of their project or action, holder, program and funder; read once."""
    projects = Project.objects.only("reference", "title", "holder").prefetch_related(HOLDERS)
    pilots = Prefetch("pilot", Organisation.objects.only("name"))
    actions = Action.objects.only("code", "title", "pilot").prefetch_related(pilots)
    return applications.defer("notes").prefetch_related(
        Prefetch("project", projects), Prefetch("action", actions), "program__funder"
    )


def plan_readings(figures):
    """The chosen plan of each project and fiche, read as its page reads it; by code."""
    plans = FinancingPlan.objects.chosen().filter(
        Q(project__in=figures.projects) | Q(action__in=figures.actions)
    )
    lists = {}
    readings = [
        PlanReader(plan.subject, figures.viewer, today=figures.today, zone_lists=lists).reading(
            plan
        )
        for plan in plans.with_lines()
    ]
    return sorted(readings, key=lambda one: (one.plan.subject_code, one.plan.pk))
