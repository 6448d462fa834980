"""The whole pipeline in plain words, for who has two minutes."""

from dataclasses import dataclass, field

from crm.models import Stage

# What a stage of the shared list means to somebody who is not of the trade.
WORDS = {
    "detecte": "Repérés, à rencontrer",
    "qualifie": "Rencontrés, le besoin est connu",
    "en_montage": "Cherchent leur financement",
    "depose": "Ont demandé une aide",
    "en_instruction": "Aide à l’étude chez le financeur",
    "accorde": "Aide accordée, travaux à lancer",
    "en_realisation": "Travaux en cours",
    "realise": "Achevés",
}


@dataclass
class Chapter:
    stage: Stage
    projects: list = field(default_factory=list)

    @property
    def title(self):
        return WORDS.get(self.stage.pk, self.stage.label)

    @property
    def investment(self):
        """The sum of what is known, None when nothing is."""
        known = [p.planned_investment for p in self.projects if p.planned_investment is not None]
        return sum(known) if known else None

    @property
    def unknown(self):
        return sum(project.planned_investment is None for project in self.projects)


def urgency(project):
    """What is in trouble first, then what has a date, the nearest first, then the largest."""
    tones = {"bad": 0, "warn": 1}
    return (
        tones.get(project.health.tone, 2) if project.health_id else 2,
        project.next_step_on is None,
        project.next_step_on or project.opened_on,
        -(project.planned_investment or 0),
        project.pk,
    )


def chapters(projects):
    """The projects that move, a chapter a stage, the nearest to its end first; then the paused."""
    by_stage = {}
    for project in sorted(projects, key=urgency):
        by_stage.setdefault(project.stage, []).append(project)
    order = sorted(by_stage, key=lambda stage: (stage.kind != Stage.Kind.PIPELINE, -stage.position))
    return [Chapter(stage, by_stage[stage]) for stage in order]
