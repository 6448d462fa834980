from django.urls import path

from reporting.views import (
    envelopes,
    exports,
    funding,
    ledger,
    plans,
    reports,
    targets,
    today,
    watch,
)

app_name = "reporting"
urlpatterns = [
    path("", today.today, name="today"),
    path("rapports/", reports.reports, name="reports"),
    path("rapports/copil.xlsx", reports.committee_workbook, name="committee_workbook"),
    path("rapports/remontee.xlsx", reports.national_return, name="national_return"),
    path("rapports/financements/", funding.funding, name="funding"),
    path("rapports/financements.xlsx", funding.funding_workbook, name="funding_workbook"),
    path("rapports/plans.<str:kind>", plans.plans, name="plans_export"),
    path("rapports/plans/<int:pk>.xlsx", plans.plan, name="plan_workbook"),
    path("rapports/enveloppes.<str:kind>", envelopes.envelopes_export, name="envelopes_export"),
    path("rapports/entreprises.<str:kind>", exports.organisations, name="organisations_export"),
    path("rapports/projets.<str:kind>", exports.projects, name="projects_export"),
    path("rapports/dossiers.<str:kind>", exports.applications, name="applications_export"),
    path("rapports/dispositifs.<str:kind>", exports.programs, name="programs_export"),
    path("rapports/aides-recues.<str:kind>", ledger.received_aids, name="aids_export"),
    path(
        "rapports/registre/<int:pk>/declaration.pdf",
        ledger.minimis_declaration,
        name="minimis_declaration",
    ),
    path("rapports/veille.<str:kind>", watch.notices, name="watch_export"),
    path("rapports/clotures.<str:kind>", watch.closings, name="closing_export"),
    path("rapports/actions.<str:kind>", exports.actions, name="actions_export"),
    path("rapports/dispositifs/<int:pk>/cibles.<str:kind>", targets.targets, name="targets_export"),
]
