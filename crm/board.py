"""The projects of a list, laid out by stage."""

from dataclasses import dataclass, field

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber

from crm import gates
from crm.models import Project, Stage

CARDS = 25  # shown in a lane; the rest is one link away, in the table
KINDS = list(Stage.Kind)
GATHERED = {Stage.Kind.PAUSED: "En pause ou bloqué", Stage.Kind.CLOSED: "Clos"}


@dataclass
class Card:
    project: object
    moves: list
    exits: dict


@dataclass
class Lane:
    key: str
    label: str
    stages: list
    totals: dict
    cards: list = field(default_factory=list)

    @property
    def codes(self):
        return [stage.pk for stage in self.stages]

    @property
    def is_folded(self):
        return self.key == Stage.Kind.CLOSED

    @property
    def hidden(self):
        return self.totals["count"] - len(self.cards)


def lane_key(stage):
    return stage.kind if stage.kind in GATHERED else stage.pk


def empty_lanes(projects, stages):
    """A lane a stage, then the paused and the closed together; sums of all that is filtered."""
    by_stage = projects.totals_by_stage()
    lanes = {}
    for stage in stages:
        key = lane_key(stage)
        label = GATHERED.get(key, stage.label)
        lane = lanes.setdefault(
            key, Lane(key, label, [], {"count": 0, "investment": None, "unknown": 0})
        )
        lane.stages.append(stage)
        add(lane.totals, by_stage.get(stage.pk))
    return lanes


def add(totals, more):
    if more:
        totals["count"] += more["count"]
        totals["unknown"] += more["unknown"]
        if more["investment"] is not None:
            totals["investment"] = (totals["investment"] or 0) + more["investment"]


def lanes(projects, stages):
    """The lanes with their first cards, in a number of queries that the rows do not change."""
    found = empty_lanes(projects, stages)
    ranked = gates.with_gates(projects.for_list()).annotate(
        place_in_stage=Window(
            RowNumber(), partition_by=F("stage"), order_by=projects.query.order_by
        )
    )
    for project in ranked.filter(place_in_stage__lte=CARDS):
        lane = found.get(lane_key(project.stage))
        if lane and len(lane.cards) < CARDS:
            lane.cards.append(card(project, stages))
    return list(found.values())


def card(project, stages):
    return Card(project, gates.choices(project, stages), gates.exits(project, stages))


def stages_of(territory):
    """Its stages, pipeline first, with the retired ones that still hold projects."""
    held = Project.objects.filter(territory=territory).values("stage")
    offered = Stage.objects.of(territory).values("pk")
    found = Stage.objects.filter(Q(pk__in=offered) | Q(pk__in=held))
    return sorted(found, key=lambda stage: (KINDS.index(stage.kind), stage.position))
