from django.urls import path

from crm.views.pending import pending

app_name = "actions"
urlpatterns = [
    path("plan/", pending, name="plan"),
    path("plan/nouvelle/", pending, name="action_new"),
    path("plan/<int:pk>/", pending, name="action"),
    path("plan/<int:pk>/modifier/", pending, name="action_edit"),
    path("plan/<int:pk>/jalons/", pending, name="milestone_new"),
    path("plan/jalons/<int:pk>/", pending, name="milestone_done"),
    path("plan/<int:pk>/indicateurs/", pending, name="indicator_new"),
    path("plan/indicateurs/<int:pk>/valeurs/", pending, name="indicator_value_new"),
    path("plan/<int:pk>/liens/", pending, name="action_link"),
    path("plan/projet/<int:pk>/", pending, name="project_panel"),
    path("plan/organisation/<int:pk>/", pending, name="organisation_panel"),
    path("instances/", pending, name="meeting_list"),
    path("instances/nouvelle/", pending, name="meeting_new"),
    path("instances/<int:pk>/", pending, name="meeting"),
    path("instances/<int:pk>/modifier/", pending, name="meeting_edit"),
    path("instances/points/nouveau/", pending, name="agenda_item_new"),
    path("instances/points/<int:pk>/", pending, name="agenda_item_edit"),
    path("instances/points/<int:pk>/decision/", pending, name="decision_new"),
]
