from funding.models.applications import Application, ApplicationQuerySet, with_money
from funding.models.facts import DeclaredFact, DeclaredFactQuerySet
from funding.models.programs import STALE_AFTER, Funder, Program, ProgramQuerySet

__all__ = [
    "STALE_AFTER",
    "Application",
    "ApplicationQuerySet",
    "DeclaredFact",
    "DeclaredFactQuerySet",
    "Funder",
    "Program",
    "ProgramQuerySet",
    "with_money",
]
