"""Stages in the words of the interministerial schema of local-authority projects.

Source: « Projets de collectivités », schema 0.1.0: phase (Idée, Étude, Opération) and phaseStatut
(En cours, En retard, En pause, Bloqué, Abandonné, Terminé). A stage that a territory added has no
equivalent: None, and the return lists it among what is missing.
"""

from django.utils import timezone

from crm.models import Stage

PHASES = {
    "detecte": "Idée",
    "qualifie": "Idée",
    "en_montage": "Étude",
    "depose": "Étude",
    "en_instruction": "Étude",
    # Granted, but works have not started: still a study.
    "accorde": "Étude",
    "en_realisation": "Opération",
    "realise": "Opération",
}
PIPELINE = list(PHASES)


def farthest_stage(project):
    """The code of the pipeline stage a project is in, or was in when it was paused or closed."""
    return project.paused_from_id or project.stage_id


def phase(project):
    return PHASES.get(farthest_stage(project))


def phase_status(project, *, today=None):
    """En retard when the planned end has passed; a pause says so itself."""
    today = today or timezone.localdate()
    if project.stage.is_done:
        return "Terminé"
    if project.stage.kind == Stage.Kind.CLOSED:
        return "Abandonné"
    if project.stage.kind == Stage.Kind.PAUSED:
        return "Bloqué" if project.stage_id == "bloque" else "En pause"
    return "En retard" if project.ends_on and project.ends_on < today else "En cours"


def situation(project):
    """The one word a committee sorts by: En cours, Suspendu, Réalisé or Clos."""
    if project.stage.is_done:
        return "Réalisé"
    return {
        Stage.Kind.PIPELINE: "En cours",
        Stage.Kind.PAUSED: "Suspendu",
        Stage.Kind.CLOSED: CLOSED,
    }[project.stage.kind]


CLOSED = "Clos"
