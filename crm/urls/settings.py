from django.urls import path

from crm.views.pending import pending

urlpatterns = [
    path("reglages/", pending, name="settings"),
    path("reglages/listes/<slug:kind>/", pending, name="setting_references"),
    path("reglages/listes/<slug:kind>/<str:code>/", pending, name="setting_reference"),
    path("reglages/equipe/", pending, name="setting_team"),
    path("reglages/equipe/<int:pk>/", pending, name="setting_member"),
    path("reglages/jetons/", pending, name="setting_tokens"),
    path("reglages/jetons/<int:pk>/revoquer/", pending, name="setting_token_revoke"),
    path("composants/", pending, name="components"),
]
