from actions.models.editing import EditConflict, RemovalRefused, removed
from actions.models.meetings import AgendaItem, AlreadyDecided, Decision, Meeting
from actions.models.plans import (
    Action,
    ActionPlan,
    Indicator,
    IndicatorValue,
    Milestone,
)

__all__ = [
    "Action",
    "ActionPlan",
    "AgendaItem",
    "AlreadyDecided",
    "Decision",
    "EditConflict",
    "Indicator",
    "IndicatorValue",
    "Meeting",
    "Milestone",
    "RemovalRefused",
    "removed",
]
