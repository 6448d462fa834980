from django.urls import path

from actions import contract_urls, import_urls, version_urls
from actions.collective import ecology_urls
from actions.views import (
    agenda,
    bodies,
    decisions,
    feeds,
    fiches,
    followup,
    invitations,
    links,
    live,
    meetings,
    notes,
    parts,
    plan,
    plan_views,
    removal,
    table,
)

# A part of a fiche is added and edited alike: its address, its kind, the name of its routes.
PARTS = [
    ("jalons", "jalon", "milestone"),
    ("indicateurs", "indicateur", "indicator"),
    ("budget", "budget", "budget_line"),
    ("marches", "marche", "public_contract"),
    ("cadres", "cadre", "framework_code"),
]

app_name = "actions"
urlpatterns = [
    *(
        path(f"plan/<int:pk>/{where}/", parts.part_new, {"kind": kind}, name=f"{name}_new")
        for where, kind, name in PARTS
    ),
    *(
        path(
            f"plan/{where}/<int:pk>/modifier/", parts.part_edit, {"kind": kind}, name=f"{name}_edit"
        )
        for where, kind, name in PARTS
    ),
    path("plan/", plan.plan, name="plan"),
    path("plan/tableau/", plan.action_list, name="action_list"),
    path("plan/statuts/", plan_views.plan_board, name="plan_board"),
    path("plan/calendrier/", plan_views.plan_calendar, name="plan_calendar"),
    path("plan/pilotes/", plan_views.plan_pilots, name="plan_pilots"),
    path("plan/partenaires/", plan_views.plan_partners, name="plan_partners"),
    path("plan/<int:pk>/statut/", plan_views.action_move, name="action_move"),
    path("plan/<int:pk>/case/<slug:name>/", table.action_cell, name="action_cell"),
    path("plan/lot/", table.plan_bulk, name="plan_bulk"),
    path("plan/lot/<uuid:key>/annuler/", table.plan_bulk_undo, name="plan_bulk_undo"),
    path("plan/ouvrir/", plan.plan_new, name="plan_new"),
    path("plan/en-cours/", plan.plan_edit, name="plan_edit"),
    path("plan/nouvelle/", fiches.action_new, name="action_new"),
    path("plan/<int:pk>/", fiches.action, name="action"),
    path("plan/<int:pk>/modifier/", fiches.action_edit, name="action_edit"),
    path("plan/jalons/<int:pk>/", followup.milestone_done, name="milestone_done"),
    path("plan/jalons/<int:pk>/rouvrir/", followup.milestone_reopen, name="milestone_reopen"),
    path(
        "plan/indicateurs/<int:pk>/valeurs/",
        followup.indicator_value_new,
        name="indicator_value_new",
    ),
    path("plan/indicateurs/<int:pk>/relever/", followup.indicator_freeze, name="indicator_freeze"),
    path(
        "plan/indicateurs/<int:pk>/cibles/",
        followup.indicator_target_new,
        name="indicator_target_new",
    ),
    path(
        "plan/cibles/<int:pk>/modifier/",
        followup.indicator_target_edit,
        name="indicator_target_edit",
    ),
    path("plan/<int:pk>/notes/", notes.note_new, name="note_new"),
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
    *contract_urls.urlpatterns,
    *version_urls.urlpatterns,
    *import_urls.urlpatterns,
    *ecology_urls.urlpatterns,
    path("instances/", meetings.meeting_list, name="meeting_list"),
    path("instances/nouvelle/", meetings.meeting_new, name="meeting_new"),
    path("instances/<int:pk>/", meetings.meeting, name="meeting"),
    path("instances/<int:pk>/modifier/", meetings.meeting_edit, name="meeting_edit"),
    path("instances/<int:pk>/reunion.ics", meetings.meeting_calendar, name="meeting_calendar"),
    path("instances/<int:pk>/invitations/", invitations.invitations, name="invitations"),
    path("instances/<int:pk>/annuler/", invitations.meeting_cancel, name="meeting_cancel"),
    path("instances/<int:pk>/maintenir/", invitations.meeting_keep, name="meeting_keep"),
    path("instances/<int:pk>/points/liberer/", invitations.meeting_release, name="meeting_release"),
    path("instances/agenda/", feeds.feed_panel, name="feed_panel"),
    path("instances/agenda/<int:pk>/revoquer/", feeds.feed_revoke, name="feed_revoke"),
    path("instances/agenda/<str:secret>.ics", feeds.feed, name="feed"),
    path("instances/<int:pk>/seance/", live.live, name="meeting_live"),
    path("instances/points/<int:pk>/seance/", live.live_point, name="agenda_item_live"),
    path("instances/<int:pk>/presences/", bodies.attendance, name="attendance"),
    path("instances/<int:pk>/presences/effacer/", bodies.sheet_remove, name="sheet_remove"),
    path(
        "instances/<int:pk>/presences/<uuid:key>/remettre/",
        bodies.sheet_restore,
        name="sheet_restore",
    ),
    path("instances/membres/", bodies.body_list, name="body_list"),
    path("instances/membres/<slug:kind>/", bodies.body, name="body"),
    path("instances/membres/<slug:kind>/quorum/", bodies.body_edit, name="body_edit"),
    path("instances/membres/<slug:kind>/nouveau/", bodies.seat_new, name="seat_new"),
    path("instances/membre/<int:pk>/", bodies.seat_edit, name="seat_edit"),
    path("instances/decisions/", decisions.decision_list, name="decision_list"),
    path("instances/decisions/<int:pk>/", decisions.decision, name="decision"),
    path("instances/projet/<int:pk>/", decisions.project_points, name="project_points"),
    path(
        "instances/organisation/<int:pk>/",
        decisions.organisation_points,
        name="organisation_points",
    ),
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
