from django.urls import path

from funding.views import decisions, groups, matches, portfolio, targets

DECISION = "financements/decisions/<int:pk>/"
PROJECT, ACTION = {"kind": "project"}, {"kind": "action"}


def twins(route, view, name):
    """The same view about a project and about a collective action."""
    return [
        path(f"financements/projet/<int:pk>/{route}", view, PROJECT, name=name),
        path(f"financements/action/<int:pk>/{route}", view, ACTION, name=f"action_{name}"),
    ]


urlpatterns = [
    path("financements/projet/<int:pk>/", matches.subject_panel, PROJECT, name="project_panel"),
    path("financements/action/<int:pk>/", matches.subject_panel, ACTION, name="action_panel"),
    *twins("questions/", matches.question_panel, "question_panel"),
    *twins("repondre/", matches.answer, "answer"),
    *twins("retirer/", matches.forget, "forget"),
    *twins("remettre/<str:fact>/", matches.restore, "restore"),
    *twins("retenir/", decisions.retain, "retain"),
    *twins("ecarter/", decisions.dismiss, "dismiss"),
    path(f"{DECISION}annuler/", decisions.undo, name="decision_undo"),
    path(f"{DECISION}revoquer/", decisions.revoke, name="decision_revoke"),
    path(f"{DECISION}remettre/", decisions.renew, name="decision_renew"),
    path(f"{DECISION}monter/", decisions.move, {"way": "monter"}, name="decision_up"),
    path(f"{DECISION}descendre/", decisions.move, {"way": "descendre"}, name="decision_down"),
    path("financements/informations/", portfolio.information_list, name="information_list"),
    *twins("information/", portfolio.information_answer, "information_answer"),
    path(
        "financements/entreprise/<int:pk>/informations/",
        portfolio.holder_panel,
        name="holder_informations",
    ),
    *twins("porteur/", portfolio.holder_answer, "holder_answer"),
    path("financements/groupes/", groups.group_programs, name="group_programs"),
    path("financements/dispositifs/<int:pk>/cibles/", targets.target_list, name="target_list"),
]
