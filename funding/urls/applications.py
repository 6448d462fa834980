from django.urls import path

from funding.views import application_rows, applications, demarche, points

FILE = "financements/dossiers/<int:pk>"
ROW = "financements/dossiers/<str:kind>/<int:pk>"

urlpatterns = [
    path(
        "financements/projet/<int:pk>/dossiers/",
        applications.application_panel,
        name="application_panel",
    ),
    path(
        "financements/projet/<int:pk>/dossiers/nouveau/",
        applications.application_new,
        name="application_new",
    ),
    path(
        "financements/action/<int:pk>/dossiers/",
        applications.action_application_panel,
        name="action_application_panel",
    ),
    path(
        "financements/action/<int:pk>/dossiers/nouveau/",
        applications.action_application_new,
        name="action_application_new",
    ),
    path("financements/dossiers/", applications.application_list, name="application_list"),
    path(f"{FILE}/", applications.application, name="application"),
    path(f"{FILE}/modifier/", applications.application_edit, name="application_edit"),
    path(f"{FILE}/statut/", applications.application_move, name="application_move"),
    path(
        f"{FILE}/statut/<int:move_pk>/annuler/",
        applications.application_move_undo,
        name="application_move_undo",
    ),
    path(f"{FILE}/instances/", points.application_points, name="application_points"),
    path(
        f"{FILE}/instances/<int:item>/rattacher/",
        points.application_point_attach,
        name="application_point_attach",
    ),
    path(
        f"{FILE}/instances/<int:item>/detacher/",
        points.application_point_detach,
        name="application_point_detach",
    ),
    path(f"{FILE}/preparer/", applications.application_prepare, name="application_prepare"),
    path(f"{FILE}/demarche/", demarche.application_demarche, name="application_demarche"),
    path(
        f"{FILE}/demarche/appliquer/",
        demarche.application_demarche_apply,
        name="application_demarche_apply",
    ),
    path(
        f"{FILE}/ajouter/<str:kind>/",
        application_rows.application_row_new,
        name="application_row_new",
    ),
    path(f"{ROW}/", application_rows.application_row_edit, name="application_row_edit"),
    path(f"{ROW}/fait/", application_rows.application_row_done, name="application_row_done"),
    path(f"{ROW}/a-faire/", application_rows.application_row_undone, name="application_row_undone"),
    path(f"{ROW}/retirer/", application_rows.application_row_remove, name="application_row_remove"),
    path(
        f"{ROW}/retablir/", application_rows.application_row_restore, name="application_row_restore"
    ),
]
