from funding.models.applications import (
    Application,
    ApplicationMove,
    ApplicationQuerySet,
    with_money,
)
from funding.models.catalogue_imports import CatalogueImport, CatalogueLink
from funding.models.decisions import DecisionChanged, MatchDecision
from funding.models.envelopes import Envelope
from funding.models.facts import DeclaredFact, DeclaredFactQuerySet
from funding.models.filing import ApplicationPiece, ApplicationStep, Correction, prepare
from funding.models.grants import Amendment, GrantAgreement, Tranche
from funding.models.ledger import LedgerImport, ReceivedAid, Undertaking, UndertakingFirm
from funding.models.plans import CostLine, FinancingPlan, SourceLine
from funding.models.points import ApplicationPoint
from funding.models.programs import STALE_AFTER, Funder, Program, ProgramQuerySet
from funding.models.related_firms import CountedFirm, FirmAccounts
from funding.models.schemes import AidScheme
from funding.models.versions import ProgramCheck, ProgramVersion, ProgramVersionQuerySet
from funding.models.watch import DigestSubscription, WatchNotice, WatchNoticeQuerySet
from funding.models.zones import ZoneList

__all__ = [
    "STALE_AFTER",
    "AidScheme",
    "Amendment",
    "Application",
    "ApplicationMove",
    "ApplicationPiece",
    "ApplicationPoint",
    "ApplicationQuerySet",
    "ApplicationStep",
    "CatalogueImport",
    "CatalogueLink",
    "Correction",
    "CostLine",
    "CountedFirm",
    "DecisionChanged",
    "DeclaredFact",
    "DeclaredFactQuerySet",
    "DigestSubscription",
    "Envelope",
    "FinancingPlan",
    "FirmAccounts",
    "Funder",
    "GrantAgreement",
    "LedgerImport",
    "MatchDecision",
    "Program",
    "ProgramCheck",
    "ProgramQuerySet",
    "ProgramVersion",
    "ProgramVersionQuerySet",
    "ReceivedAid",
    "SourceLine",
    "Tranche",
    "Undertaking",
    "UndertakingFirm",
    "WatchNotice",
    "WatchNoticeQuerySet",
    "ZoneList",
    "prepare",
    "with_money",
]
