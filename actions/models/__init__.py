from actions.models.bodies import Attendance, Body, Seat, Sheet
from actions.models.budget import BudgetLine, PublicContract
from actions.models.editing import EditConflict, RemovalRefused, removed
from actions.models.indicators import Indicator, IndicatorTarget, IndicatorValue
from actions.models.meetings import (
    AgendaItem,
    AlreadyDecided,
    AlreadySuperseded,
    Decision,
    Meeting,
)
from actions.models.plans import (
    Action,
    ActionPlan,
    FrameworkCode,
    Milestone,
    ProgressNote,
    Referent,
    TooDeep,
)

__all__ = [
    "Action",
    "ActionPlan",
    "AgendaItem",
    "AlreadyDecided",
    "AlreadySuperseded",
    "Attendance",
    "Body",
    "BudgetLine",
    "Decision",
    "EditConflict",
    "FrameworkCode",
    "Indicator",
    "IndicatorTarget",
    "IndicatorValue",
    "Meeting",
    "Milestone",
    "ProgressNote",
    "PublicContract",
    "Referent",
    "RemovalRefused",
    "TooDeep",
    "Seat",
    "Sheet",
    "removed",
]
