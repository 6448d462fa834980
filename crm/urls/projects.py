from django.urls import path

from crm.views import board, projects

urlpatterns = [
    path("projets/", board.project_board, name="project_board"),
    path("projets/liste/", projects.project_list, name="project_list"),
    path("projets/nouveau/", projects.project_new, name="project_new"),
    path("projets/<int:pk>/", projects.project, name="project"),
    path("projets/<int:pk>/modifier/", projects.project_edit, name="project_edit"),
    path("projets/<int:pk>/etape/", board.project_move, name="project_move"),
    path("projets/<int:pk>/etape/annuler/", board.project_move_undo, name="project_move_undo"),
    path("projets/<int:pk>/suite/", projects.project_next_step, name="project_next_step"),
    path("projets/<int:pk>/historique/", projects.project_history, name="project_history"),
]
