from django.urls import include, path

urlpatterns = [
    path("", include("crm.urls")),
    path("", include("actions.urls")),
    path("", include("funding.urls")),
    path("", include("reporting.urls")),
    path("api/v1/", include("config.api_urls")),
]
