from django.urls import path

from crm.views.pending import pending

app_name = "reporting"
urlpatterns = [
    path("", pending, name="today"),
    path("rapports/", pending, name="reports"),
    path("rapports/copil.xlsx", pending, name="committee_workbook"),
    path("rapports/remontee.xlsx", pending, name="national_return"),
    path("rapports/entreprises.<str:kind>", pending, name="organisations_export"),
    path("rapports/projets.<str:kind>", pending, name="projects_export"),
    path("rapports/dossiers.<str:kind>", pending, name="applications_export"),
]
