"""Addresses of the versions of the plan."""

from django.urls import path

from actions.views import versions

urlpatterns = [
    path("plan/versions/", versions.plan_versions, name="plan_versions"),
    path("plan/versions/voter/", versions.plan_vote, name="plan_vote"),
    path("plan/versions/<int:pk>/", versions.plan_version, name="plan_version"),
    path("plan/versions/<int:pk>/changements/", versions.plan_changes, name="plan_changes"),
]
