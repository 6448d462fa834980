from django.urls import path

from funding.views import applications, matches, programs

app_name = "funding"
urlpatterns = [
    path("financements/", programs.program_list, name="program_list"),
    path("financements/dispositifs/<int:pk>/", programs.program, name="program"),
    path("financements/classement/", programs.ranking_help, name="ranking_help"),
    path("financements/projet/<int:pk>/", matches.project_panel, name="project_panel"),
    path("financements/projet/<int:pk>/questions/", matches.question_panel, name="question_panel"),
    path("financements/projet/<int:pk>/repondre/", matches.answer, name="answer"),
    path("financements/reponses/<int:pk>/retirer/", matches.forget, name="forget"),
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
