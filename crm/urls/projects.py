from django.urls import path

from crm.views.pending import pending

urlpatterns = [
    path("projets/", pending, name="project_board"),
    path("projets/liste/", pending, name="project_list"),
    path("projets/nouveau/", pending, name="project_new"),
    path("projets/<int:pk>/", pending, name="project"),
    path("projets/<int:pk>/modifier/", pending, name="project_edit"),
    path("projets/<int:pk>/etape/", pending, name="project_move"),
    path("projets/<int:pk>/suite/", pending, name="project_next_step"),
    path("projets/<int:pk>/historique/", pending, name="project_history"),
]
