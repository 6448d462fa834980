from django.urls import path

from funding.views import plan_lines, plans

PLAN = "financements/plans/<int:pk>/"
LINE = "financements/plans/lignes/<slug:kind>/<int:pk>/"

urlpatterns = [
    path("financements/plans/", plans.plan_list, name="plan_list"),
    path("financements/projet/<int:pk>/plan/", plans.plan_panel, name="plan_panel"),
    path("financements/projet/<int:pk>/plan/nouveau/", plans.plan_new, name="plan_new"),
    path("financements/fiche/<int:pk>/plan/", plans.action_plan_panel, name="action_plan_panel"),
    path(
        "financements/fiche/<int:pk>/plan/nouveau/", plans.action_plan_new, name="action_plan_new"
    ),
    path(PLAN, plans.plan, name="plan"),
    path(f"{PLAN}modifier/", plans.plan_edit, name="plan_edit"),
    path(f"{PLAN}dupliquer/", plans.plan_duplicate, name="plan_duplicate"),
    path(f"{PLAN}choisir/", plans.plan_choose, name="plan_choose"),
    path(f"{PLAN}retirer/", plans.plan_remove, name="plan_remove"),
    path("financements/plans/retablir/<int:pk>/", plans.plan_restore, name="plan_restore"),
    path(f"{PLAN}dispositifs/", plans.plan_programs, name="plan_programs"),
    path(f"{PLAN}<slug:kind>/nouvelle/", plan_lines.line_new, name="line_new"),
    path(LINE, plan_lines.line_edit, name="line_edit"),
    path(f"{LINE}montant/", plan_lines.line_amount, name="line_amount"),
    path(f"{LINE}retirer/", plan_lines.line_remove, name="line_remove"),
    path(f"{LINE}retablir/", plan_lines.line_restore, name="line_restore"),
]
