from django.urls import path

from crm.views.pending import pending

urlpatterns = [
    path("importer/", pending, name="import_list"),
    path("importer/<uuid:token>/colonnes/", pending, name="import_columns"),
    path("importer/<uuid:token>/", pending, name="import_preview"),
    path("importer/<uuid:token>/valider/", pending, name="import_commit"),
    path("importer/<uuid:token>/refus.csv", pending, name="import_refused"),
    path("importer/<uuid:token>/annuler/", pending, name="import_undo"),
]
