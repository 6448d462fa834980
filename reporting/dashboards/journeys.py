"""What each project went through, from its history of moves: two queries for all of them."""

import datetime
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from django.utils import timezone

from crm.models import StageChange
from reporting.dashboards.stays import Move, kept, stays


@dataclass(frozen=True)
class Journey:
    project: int
    opened_on: datetime.date
    stage: str
    stage_since: datetime.date
    investment: Decimal | None
    moves: tuple

    @cached_property
    def stays(self):
        return stays(self.opened_on, self.stage, self.stage_since, self.moves)


def journeys(projects):
    """{id: journey} of a queryset of projects."""
    projects = projects.order_by()
    moves = {}
    rows = StageChange.objects.filter(project__in=projects.values("pk")).order_by("at", "pk")
    for pk, at, before, after in rows.values_list("project", "at", "from_stage", "to_stage"):
        moves.setdefault(pk, []).append(Move(timezone.localdate(at), before, after))
    return {
        pk: Journey(pk, *rest, tuple(kept(moves.get(pk, []))))
        for pk, *rest in projects.values_list(
            "pk", "opened_on", "stage", "stage_since", "planned_investment"
        )
    }
