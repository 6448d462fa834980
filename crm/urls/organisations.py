from django.urls import path

from crm.views.pending import pending

urlpatterns = [
    path("recherche/", pending, name="search"),
    path("entreprises/", pending, name="organisation_list"),
    path("entreprises/nouvelle/", pending, name="organisation_new"),
    path("entreprises/<int:pk>/", pending, name="organisation"),
    path("entreprises/<int:pk>/modifier/", pending, name="organisation_edit"),
    path("entreprises/<int:pk>/etablissements/nouveau/", pending, name="site_new"),
    path("etablissements/<int:pk>/", pending, name="site_edit"),
    path("entreprises/<int:pk>/contacts/nouveau/", pending, name="contact_new"),
    path("contacts/<int:pk>/", pending, name="contact_edit"),
    path("contacts/<int:pk>/supprimer/", pending, name="contact_delete"),
    path("echanges/nouveau/", pending, name="interaction_new"),
    path("echanges/<int:pk>/", pending, name="interaction_edit"),
    path("relances/", pending, name="follow_up_list"),
    path("relances/nouvelle/", pending, name="follow_up_new"),
    path("relances/<int:pk>/fait/", pending, name="follow_up_done"),
    path("relances/<int:pk>/a-refaire/", pending, name="follow_up_reopen"),
]
