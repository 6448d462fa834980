from django.urls import path

from crm.views.pending import pending

app_name = "funding"
urlpatterns = [
    path("financements/", pending, name="program_list"),
    path("financements/dispositifs/<int:pk>/", pending, name="program"),
    path("financements/projet/<int:pk>/", pending, name="project_panel"),
    path("financements/projet/<int:pk>/repondre/", pending, name="answer"),
    path("financements/projet/<int:pk>/dossiers/", pending, name="application_panel"),
    path("financements/projet/<int:pk>/dossiers/nouveau/", pending, name="application_new"),
    path("financements/dossiers/", pending, name="application_list"),
    path("financements/dossiers/<int:pk>/", pending, name="application"),
]
