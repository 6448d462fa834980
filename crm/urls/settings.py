from django.urls import path

from crm.views import brands, components, settings, team, tokens

urlpatterns = [
    path("reglages/", settings.index, name="settings"),
    path("reglages/listes/<slug:kind>/", settings.references, name="setting_references"),
    path("reglages/listes/<slug:kind>/<str:code>/", settings.reference, name="setting_reference"),
    path("reglages/equipe/", team.team, name="setting_team"),
    path("reglages/equipe/<int:pk>/", team.member, name="setting_member"),
    path("reglages/equipe/<int:pk>/retirer/", team.remove, name="setting_member_remove"),
    path("reglages/equipe/<int:pk>/inviter/", team.invite, name="setting_member_invite"),
    path("invitation/<uidb64>/<token>/", team.FirstPassword.as_view(), name="first_password"),
    path("reglages/logo/", brands.brand, name="setting_brand"),
    path("logo.png", brands.logo, name="logo"),
    path("reglages/jetons/", tokens.tokens, name="setting_tokens"),
    path("reglages/jetons/<int:pk>/revoquer/", tokens.revoke, name="setting_token_revoke"),
    path("composants/", components.components, name="components"),
]
