"""The rows of the reports, each list read in a fixed number of queries."""

from django.db.models import Prefetch, Q

from actions.models import Action, Indicator
from crm.models import NationalPriority, Organisation, Project
from funding.models import Application, FinancingPlan, with_money
from funding.plan_facts import PlanReader

# What is the same for many rows is fetched once and shared, not joined to each.
HOLDERS = Prefetch("holder", Organisation.objects.only("name"))


def project_rows(figures):
    """Every project of the reading, in the order of the pipeline, in a fixed number of queries."""
    rows = with_money(figures.projects.for_list()).select_related(
        "territory", "holder", "site__commune__epci", "site__commune__departement",
        "commune__epci", "commune__departement", "stage", "health", "sector", "owner",
        "paused_from",
    ).prefetch_related(
        Prefetch("applications", Application.objects.select_related("program__funder"))
    )  # fmt: skip
    return in_order(rows)


def committee_rows(figures, amounts):
    """The same projects with only what the committee reads of them: a third of the cost."""
    rows = with_money(figures.projects).only(
        "reference", "title", "holder", "site", "commune", "stage", "health", "planned_investment",
        "next_step", "next_step_on", *amounts,
    ).prefetch_related(
        HOLDERS, "stage", "health", "commune", "site__commune",
        Prefetch("priorities", NationalPriority.objects.all(), to_attr="axes"),
    )  # fmt: skip
    return in_order(rows)


def in_order(rows):
    return sorted(rows, key=lambda row: (row.stage.position, row.stage.label, row.reference))


def action_rows(figures):
    """The fiches with what a row says of them; a sub-action is told with its fiche."""
    return list(
        figures.actions.once()
        .for_list()
        .prefetch_related(
            Prefetch("indicators", Indicator.objects.prefetch_related("values")), "epcis"
        )
    )


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
