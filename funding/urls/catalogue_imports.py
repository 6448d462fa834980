from django.urls import path

from funding.views import catalogue_imports as views

HERE = "financements/catalogue/imports/"

urlpatterns = [
    path(HERE, views.catalogue_import_list, name="catalogue_import_list"),
    path(f"{HERE}aides-territoires/", views.catalogue_import_fetch, name="catalogue_import_fetch"),
    path(f"{HERE}<uuid:token>/", views.catalogue_import, name="catalogue_import"),
    path(
        f"{HERE}<uuid:token>/decider/",
        views.catalogue_import_choose,
        name="catalogue_import_choose",
    ),
    path(
        f"{HERE}<uuid:token>/importer/",
        views.catalogue_import_commit,
        name="catalogue_import_commit",
    ),
    path(f"{HERE}<uuid:token>/annuler/", views.catalogue_import_undo, name="catalogue_import_undo"),
    path(
        f"{HERE}<uuid:token>/oublier/",
        views.catalogue_import_discard,
        name="catalogue_import_discard",
    ),
]
