from django.urls import path

from funding.views import applications

urlpatterns = [
    path(
        "financements/projet/<int:pk>/dossiers/",
        applications.application_panel,
        name="application_panel",
    ),
    path(
        "financements/projet/<int:pk>/dossiers/nouveau/",
        applications.application_new,
        name="application_new",
    ),
    path("financements/dossiers/", applications.application_list, name="application_list"),
    path("financements/dossiers/<int:pk>/", applications.application, name="application"),
]
