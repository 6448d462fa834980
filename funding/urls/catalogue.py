from django.urls import path

from funding.views import catalogue

urlpatterns = [
    path("financements/dispositifs/nouveau/", catalogue.new, name="catalogue_new"),
    path("financements/dispositifs/noms/", catalogue.program_names, name="program_names"),
    path("financements/dispositifs/<int:pk>/modifier/", catalogue.edit, name="catalogue_edit"),
    path(
        "financements/dispositifs/<int:pk>/versions/",
        catalogue.versions,
        name="catalogue_versions",
    ),
    path("financements/dispositifs/<int:pk>/verifie/", catalogue.verify, name="catalogue_verify"),
    path(
        "financements/verifications/<int:pk>/annuler/",
        catalogue.unverify,
        name="catalogue_unverify",
    ),
    path("financements/versions/<int:pk>/retirer/", catalogue.withdraw, name="catalogue_withdraw"),
]
