"""The rows of the reports, each list read in a fixed number of queries."""

from django.db.models import Prefetch

from actions.models import Indicator
from funding.models import Application, with_money


def project_rows(figures):
    """Every project of the reading, in the order of the pipeline, in a fixed number of queries."""
    rows = with_money(figures.projects.for_list()).select_related(
        "territory", "holder", "site__commune__epci", "site__commune__departement",
        "commune__epci", "commune__departement", "stage", "health", "sector", "owner",
        "paused_from",
    ).prefetch_related(
        Prefetch("applications", Application.objects.select_related("program__funder"))
    )  # fmt: skip
    return sorted(rows, key=lambda row: (row.stage.position, row.stage.label, row.reference))


def action_rows(figures):
    return list(
        figures.actions.for_list().prefetch_related(
            Prefetch("indicators", Indicator.objects.prefetch_related("values")), "epcis"
        )
    )


def application_rows(figures):
    return sorted(
        figures.applications.for_list(),
        key=lambda row: (row.program.funder.short_name, row.project.reference, row.pk),
    )
