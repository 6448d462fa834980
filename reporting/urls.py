from django.urls import path

from reporting.views import exports, reports, today

app_name = "reporting"
urlpatterns = [
    path("", today.today, name="today"),
    path("rapports/", reports.reports, name="reports"),
    path("rapports/copil.xlsx", reports.committee_workbook, name="committee_workbook"),
    path("rapports/remontee.xlsx", reports.national_return, name="national_return"),
    path("rapports/entreprises.<str:kind>", exports.organisations, name="organisations_export"),
    path("rapports/projets.<str:kind>", exports.projects, name="projects_export"),
    path("rapports/dossiers.<str:kind>", exports.applications, name="applications_export"),
]
