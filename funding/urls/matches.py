from django.urls import path

from funding.views import action_matches, decisions, matches, portfolio, targets

DECISION = "financements/decisions/<int:pk>/"

urlpatterns = [
    path("financements/projet/<int:pk>/", matches.project_panel, name="project_panel"),
    path("financements/action/<int:pk>/", action_matches.action_panel, name="action_panel"),
    path("financements/projet/<int:pk>/questions/", matches.question_panel, name="question_panel"),
    path("financements/projet/<int:pk>/repondre/", matches.answer, name="answer"),
    path("financements/projet/<int:pk>/retirer/", matches.forget, name="forget"),
    path("financements/projet/<int:pk>/remettre/<str:fact>/", matches.restore, name="restore"),
    path("financements/projet/<int:pk>/retenir/", decisions.retain, name="retain"),
    path("financements/projet/<int:pk>/ecarter/", decisions.dismiss, name="dismiss"),
    path(f"{DECISION}annuler/", decisions.undo, name="decision_undo"),
    path(f"{DECISION}revoquer/", decisions.revoke, name="decision_revoke"),
    path(f"{DECISION}remettre/", decisions.renew, name="decision_renew"),
    path(f"{DECISION}monter/", decisions.move, {"way": "monter"}, name="decision_up"),
    path(f"{DECISION}descendre/", decisions.move, {"way": "descendre"}, name="decision_down"),
    path("financements/informations/", portfolio.information_list, name="information_list"),
    path(
        "financements/informations/<int:pk>/repondre/",
        portfolio.information_answer,
        name="information_answer",
    ),
    path(
        "financements/entreprise/<int:pk>/informations/",
        portfolio.holder_panel,
        name="holder_informations",
    ),
    path(
        "financements/entreprise/projet/<int:pk>/repondre/",
        portfolio.holder_answer,
        name="holder_answer",
    ),
    path("financements/dispositifs/<int:pk>/cibles/", targets.target_list, name="target_list"),
]
