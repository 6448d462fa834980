from actions.models.meetings import AgendaItem, AlreadyDecided, Decision, Meeting
from actions.models.plans import (
    Action,
    ActionPlan,
    EditConflict,
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
]
