"""Addresses of the import of a plan."""

from django.urls import path

from actions.views import imports

BATCH = "plan/importer/<uuid:token>"
urlpatterns = [
    path("plan/importer/", imports.plan_imports, name="plan_imports"),
    path(f"{BATCH}/colonnes/", imports.plan_import_columns, name="plan_import_columns"),
    path(f"{BATCH}/", imports.plan_import, name="plan_import"),
    path(f"{BATCH}/annuler/", imports.plan_import_undo, name="plan_import_undo"),
    path(f"{BATCH}/abandonner/", imports.plan_import_discard, name="plan_import_discard"),
    path(f"{BATCH}/refus.csv", imports.plan_import_refused, name="plan_import_refused"),
]
