"""Addresses of the collective projects detected and of industrial ecology."""

from django.urls import path, register_converter

from actions.views import detection, flows, synergies


class Side:
    regex = "source|besoin"

    def to_python(self, value):
        return value

    def to_url(self, value):
        return value


register_converter(Side, "side")
SYNERGY = "plan/ecologie/synergies/<int:pk>/"

urlpatterns = [
    path("plan/detection/", detection.clusters, name="detection"),
    path("plan/detection/resume/", detection.detection_panel, name="detection_panel"),
    path("plan/detection/suite/", detection.detection_decide, name="detection_decide"),
    path("plan/detection/suite/<int:pk>/annuler/", detection.detection_undo, name="detection_undo"),
    path("plan/detection/proposer/", detection.detection_propose, name="detection_propose"),
    path("plan/ecologie/", synergies.match_list, name="match_list"),
    path(
        "plan/ecologie/suivre/<int:source>/<int:need>/",
        synergies.synergy_follow,
        name="synergy_follow",
    ),
    path("plan/ecologie/synergies/", synergies.synergy_list, name="synergy_list"),
    path(SYNERGY, synergies.synergy, name="synergy"),
    path(f"{SYNERGY}modifier/", synergies.synergy_edit, name="synergy_edit"),
    path(f"{SYNERGY}etat/", synergies.synergy_move, name="synergy_move"),
    path(f"{SYNERGY}accord/<side:side>/", synergies.synergy_agree, name="synergy_agree"),
    path(f"{SYNERGY}gains/", synergies.saving_new, name="saving_new"),
    path("plan/ecologie/gains/<int:pk>/", synergies.saving_edit, name="saving_edit"),
    path("plan/ecologie/gains/<int:pk>/retirer/", synergies.saving_remove, name="saving_remove"),
    path("plan/ecologie/gains/<int:pk>/retablir/", synergies.saving_restore, name="saving_restore"),
    path("plan/ecologie/organisation/<int:pk>/", flows.flow_panel, name="flow_panel"),
    path("plan/ecologie/organisation/<int:pk>/flux/", flows.flow_new, name="flow_new"),
    path("plan/ecologie/flux/<int:pk>/", flows.flow_edit, name="flow_edit"),
    path("plan/ecologie/flux/<int:pk>/retirer/", flows.flow_remove, name="flow_remove"),
    path("plan/ecologie/flux/<int:pk>/retablir/", flows.flow_restore, name="flow_restore"),
    path(
        "plan/ecologie/etablissements/<int:pk>/position/",
        flows.site_point_edit,
        name="site_point_edit",
    ),
]
