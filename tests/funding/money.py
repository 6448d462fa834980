"""The pieces of a plan as the pure rules read them, and the answer of one check."""

import datetime as dt
from decimal import Decimal as D

from funding.financing import plan as p
from funding.financing.checks import check
from funding.financing.verdicts import Status

TODAY = dt.date(2026, 11, 22)
IN_FORCE, EXPIRED = dt.date(2026, 12, 17), dt.date(2027, 4, 1)
COMPANY = p.Holder(size="medium")
AUTHORITY = p.Holder(is_company=False, is_local_authority=True)
CIRCULAR = p.Scheme(
    "SA.111726-47", "SA.111726", p.EXEMPTED, "intensity.circular_economy", reference="art. 47"
)
SME = p.Scheme("SA.111728-17", "SA.111728", p.EXEMPTED, "intensity.sme_investment")
REGIONAL = p.Scheme("SA.119559", "SA.119559", p.EXEMPTED, "intensity.regional_c")
SMALL_AID = p.Scheme("de-minimis", "De minimis", p.DE_MINIMIS)
NO_AID = p.Scheme("none", "Aucun", p.NO_AID)
CONFORM, BREACH, TO_CHECK, NOT_CONCERNED = (
    Status.CONFORM,
    Status.BREACH,
    Status.TO_CHECK,
    Status.NOT_CONCERNED,
)


def cost(key=1, amount=1_000_000, **fields):
    amount = None if amount is None else D(amount)
    return p.Cost(key, f"Machine {key}", amount, **fields)


def source(key=1, kind=p.GRANT, amount=100_000, **fields):
    amount = None if amount is None else D(amount)
    return p.Source(key, fields.pop("label", f"Source {key}"), kind, amount, **fields)


def program(code="P1", **fields):
    return p.ProgramRules(code, f"Aide {code}", **fields)


MILLION = (cost(),)


def plan(*sources, costs=MILLION, granted_on=IN_FORCE, holder=COMPANY, **fields):
    return p.Plan(costs=costs, sources=sources, holder=holder, granted_on=granted_on, **fields)


def answer(found, code):
    """The check whose code is, or begins with, `code`."""
    checks = [one for one in check(found, TODAY) if one.code.startswith(code)]
    assert len(checks) == 1, [one.code for one in checks]
    return checks[0]
