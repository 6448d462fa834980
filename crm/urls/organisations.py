from django.urls import path

from crm.views import interactions, organisations, search

urlpatterns = [
    path("recherche/", search.search, name="search"),
    path("entreprises/", organisations.organisation_list, name="organisation_list"),
    path("entreprises/nouvelle/", organisations.organisation_new, name="organisation_new"),
    path("entreprises/noms/", interactions.organisation_names, name="organisation_names"),
    path("entreprises/<int:pk>/", organisations.organisation, name="organisation"),
    path(
        "entreprises/<int:pk>/modifier/", organisations.organisation_edit, name="organisation_edit"
    ),
    path("entreprises/<int:pk>/etablissements/nouveau/", organisations.site_new, name="site_new"),
    path("etablissements/<int:pk>/", organisations.site_edit, name="site_edit"),
    path("entreprises/<int:pk>/contacts/nouveau/", organisations.contact_new, name="contact_new"),
    path("contacts/<int:pk>/", organisations.contact_edit, name="contact_edit"),
    path("contacts/<int:pk>/supprimer/", organisations.contact_delete, name="contact_delete"),
    path("echanges/nouveau/", interactions.interaction_new, name="interaction_new"),
    path("echanges/nouveau/liens/", interactions.interaction_links, name="interaction_links"),
    path("echanges/<int:pk>/", interactions.interaction_edit, name="interaction_edit"),
    path("relances/", interactions.follow_up_list, name="follow_up_list"),
    path("relances/nouvelle/", interactions.follow_up_new, name="follow_up_new"),
    path("relances/<int:pk>/", interactions.follow_up_edit, name="follow_up_edit"),
    path("relances/<int:pk>/fait/", interactions.follow_up_done, name="follow_up_done"),
    path("relances/<int:pk>/a-refaire/", interactions.follow_up_reopen, name="follow_up_reopen"),
]
