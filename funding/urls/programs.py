from django.urls import path

from funding.views import programs

urlpatterns = [
    path("financements/", programs.program_list, name="program_list"),
    path("financements/dispositifs/<int:pk>/", programs.program, name="program"),
    path("financements/classement/", programs.ranking_help, name="ranking_help"),
]
