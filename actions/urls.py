from django.urls import path

from actions.views import agenda, fiches, followup, links, meetings, plan, removal

app_name = "actions"
urlpatterns = [
    path("plan/", plan.plan, name="plan"),
    path("plan/tableau/", plan.action_list, name="action_list"),
    path("plan/ouvrir/", plan.plan_new, name="plan_new"),
    path("plan/en-cours/", plan.plan_edit, name="plan_edit"),
    path("plan/nouvelle/", fiches.action_new, name="action_new"),
    path("plan/<int:pk>/", fiches.action, name="action"),
    path("plan/<int:pk>/modifier/", fiches.action_edit, name="action_edit"),
    path("plan/<int:pk>/jalons/", followup.milestone_new, name="milestone_new"),
    path("plan/jalons/<int:pk>/", followup.milestone_done, name="milestone_done"),
    path("plan/jalons/<int:pk>/rouvrir/", followup.milestone_reopen, name="milestone_reopen"),
    path("plan/jalons/<int:pk>/modifier/", followup.milestone_edit, name="milestone_edit"),
    path("plan/<int:pk>/indicateurs/", followup.indicator_new, name="indicator_new"),
    path("plan/indicateurs/<int:pk>/modifier/", followup.indicator_edit, name="indicator_edit"),
    path(
        "plan/indicateurs/<int:pk>/valeurs/",
        followup.indicator_value_new,
        name="indicator_value_new",
    ),
    path("plan/<int:pk>/liens/", links.action_link, name="action_link"),
    path(
        "plan/<int:pk>/liens/<slug:kind>/<int:target>/",
        links.action_link_add,
        name="action_link_add",
    ),
    path(
        "plan/<int:pk>/liens/<slug:kind>/<int:target>/retirer/",
        links.action_unlink,
        name="action_unlink",
    ),
    path("plan/projet/<int:pk>/", links.project_panel, name="project_panel"),
    path("plan/organisation/<int:pk>/", links.organisation_panel, name="organisation_panel"),
    path("instances/", meetings.meeting_list, name="meeting_list"),
    path("instances/nouvelle/", meetings.meeting_new, name="meeting_new"),
    path("instances/<int:pk>/", meetings.meeting, name="meeting"),
    path("instances/<int:pk>/modifier/", meetings.meeting_edit, name="meeting_edit"),
    path("instances/points/nouveau/", agenda.agenda_item_new, name="agenda_item_new"),
    path("instances/points/<int:pk>/", agenda.agenda_item_edit, name="agenda_item_edit"),
    path(
        "instances/points/<int:pk>/monter/",
        agenda.agenda_item_move,
        {"step": -1},
        name="agenda_item_up",
    ),
    path(
        "instances/points/<int:pk>/descendre/",
        agenda.agenda_item_move,
        {"step": 1},
        name="agenda_item_down",
    ),
    path(
        "instances/points/<int:pk>/inscrire/<int:meeting>/",
        agenda.agenda_item_place,
        name="agenda_item_place",
    ),
    path(
        "instances/points/<int:pk>/retirer/",
        agenda.agenda_item_withdraw,
        name="agenda_item_withdraw",
    ),
    path("plan/retirer/<slug:kind>/<int:pk>/", removal.remove, name="remove"),
    path("plan/retablir/<slug:kind>/<int:pk>/", removal.restore, name="restore"),
    path("instances/points/<int:pk>/decision/", agenda.decision_new, name="decision_new"),
]
