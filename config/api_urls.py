from django.contrib.auth.decorators import login_not_required
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import SimpleRouter

from actions.api import ActionViewSet
from crm.api.contacts import ContactViewSet
from crm.api.docs import docs
from crm.api.errors import NotFound
from crm.api.organisations import OrganisationViewSet
from funding.api import ApplicationViewSet, ProgramViewSet, ProjectViewSet
from funding.match_api import MatchViewSet

router = SimpleRouter()
router.register("organisations", OrganisationViewSet, "organisation")
router.register("contacts", ContactViewSet, "contact")
router.register("projects", ProjectViewSet, "project")
router.register("applications", ApplicationViewSet, "application")
router.register("actions", ActionViewSet, "action")
router.register("programs", ProgramViewSet, "program")
router.register("matches", MatchViewSet, "match")

app_name = "api"
urlpatterns = [
    path("", login_not_required(RedirectView.as_view(pattern_name="api:docs")), name="root"),
    path("docs/", docs, name="docs"),
    path("schema/", SpectacularAPIView.as_view(authentication_classes=[]), name="schema"),
    path("", include(router.urls)),
    re_path("", NotFound.as_view(), name="not_found"),
]
