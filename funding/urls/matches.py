from django.urls import path

from funding.views import matches

urlpatterns = [
    path("financements/projet/<int:pk>/", matches.project_panel, name="project_panel"),
    path("financements/projet/<int:pk>/questions/", matches.question_panel, name="question_panel"),
    path("financements/projet/<int:pk>/repondre/", matches.answer, name="answer"),
    path("financements/reponses/<int:pk>/retirer/", matches.forget, name="forget"),
]
