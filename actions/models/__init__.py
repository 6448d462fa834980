from actions.models.agenda import (
    AgendaItem,
    AgendaOption,
    AlreadyDecided,
    AlreadySuperseded,
    Decision,
)
from actions.models.bodies import Attendance, Body, Seat, Sheet
from actions.models.budget import BudgetLine, PublicContract
from actions.models.contracts import Amendment, Commitment, Contract, Party, Payment
from actions.models.detection import ClusterDecision
from actions.models.documents import Document, StoredFile
from actions.models.editing import EditConflict, RemovalRefused, removed
from actions.models.evaluations import Evaluation, EvaluationFile, EvaluationSheet
from actions.models.feeds import CalendarLink
from actions.models.flows import (
    Flow,
    MoveRefused,
    SitePoint,
    SomeoneMoved,
    Synergy,
    SynergySaving,
)
from actions.models.imports import PlanImport
from actions.models.indicators import Indicator, IndicatorTarget, IndicatorValue
from actions.models.invitations import Invitation
from actions.models.meetings import Meeting
from actions.models.notes import FrameworkCode, ProgressNote
from actions.models.plans import Action, ActionPlan, Milestone, TooDeep
from actions.models.referents import Referent
from actions.models.versions import PlanVersion

__all__ = [
    "Action",
    "ActionPlan",
    "AgendaItem",
    "AgendaOption",
    "AlreadyDecided",
    "AlreadySuperseded",
    "Amendment",
    "Attendance",
    "Body",
    "BudgetLine",
    "CalendarLink",
    "ClusterDecision",
    "Commitment",
    "Contract",
    "Decision",
    "Document",
    "EditConflict",
    "Evaluation",
    "EvaluationFile",
    "EvaluationSheet",
    "Flow",
    "FrameworkCode",
    "Indicator",
    "IndicatorTarget",
    "IndicatorValue",
    "Invitation",
    "Meeting",
    "Milestone",
    "MoveRefused",
    "Party",
    "Payment",
    "PlanImport",
    "PlanVersion",
    "ProgressNote",
    "PublicContract",
    "Referent",
    "RemovalRefused",
    "Seat",
    "Sheet",
    "SitePoint",
    "SomeoneMoved",
    "StoredFile",
    "Synergy",
    "SynergySaving",
    "TooDeep",
    "removed",
]
