from django.urls import path

from crm.views import imports

urlpatterns = [
    path("importer/", imports.import_list, name="import_list"),
    path("importer/modele.csv", imports.import_model, name="import_model"),
    path("importer/<uuid:token>/colonnes/", imports.import_columns, name="import_columns"),
    path("importer/<uuid:token>/", imports.import_preview, name="import_preview"),
    path("importer/<uuid:token>/valider/", imports.import_commit, name="import_commit"),
    path("importer/<uuid:token>/refus.csv", imports.import_refused, name="import_refused"),
    path("importer/<uuid:token>/annuler/", imports.import_undo, name="import_undo"),
    path("importer/<uuid:token>/abandonner/", imports.import_discard, name="import_discard"),
]
