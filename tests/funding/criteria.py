"""Criteria of the catalogue and shorthands for the tests of eligibility."""

import datetime as dt

from funding.eligibility import (
    Answer,
    Fact,
    Interval,
    Rules,
    Window,
    parse_criterion,
)

TODAY = dt.date(2026, 11, 22)
YESTERDAY, TOMORROW = TODAY - dt.timedelta(1), TODAY + dt.timedelta(1)
BEFORE = TODAY - dt.timedelta(30)
PERMANENT = Window("open")
MET, UNKNOWN, NOT_MET = Answer.MET, Answer.UNKNOWN, Answer.NOT_MET
NBSP = "\u00a0"

BANDS = {
    "00": Interval(0, 0),
    "01": Interval(1, 2),
    "03": Interval(6, 9),
    "11": Interval(10, 19),
    "12": Interval(20, 49),
    "21": Interval(50, 99),
    "31": Interval(200, 249),
    "32": Interval(250, 499),
    "41": Interval(500, 999),
    "53": Interval(10_000, None),
}


def facts_of(**values):
    """study__energy_audit=… stands for the key study:energy_audit."""
    return {key.replace("__", ":"): Fact(value) for key, value in values.items()}


def answer_of(row, today=TODAY, **values):
    return parse_criterion({"key": "tested", **row}).evaluate(facts_of(**values), today)


def result_of(row, facts=None, window=PERMANENT):
    assessment = Rules.parse([{"key": "tested", **row}], window).assess(facts or {}, TODAY)
    return next(result for result in assessment.results if result.key == "tested")


# At least one criterion of each kind.
COMPANY = {"kind": "beneficiary", "accepted": ["company", "epci"]}
NO_SCI = {"kind": "legal_form", "excluded": ["1000", "6540"]}
ASSOCIATION = {"kind": "legal_form", "accepted": ["92"], "excluded": ["9210"]}
SME = {"kind": "size", "accepted": ["micro", "small", "medium"]}
LARGER = {"kind": "size", "accepted": ["mid_cap", "large"]}
HEADCOUNT = {"kind": "headcount", "min": 20, "max": 250}
SITE = {"kind": "headcount", "min": 20, "max": 250, "scope": "site"}
TURNOVER = {"kind": "turnover", "min": 100, "max": 50_000_000}
BALANCE = {"kind": "balance_sheet", "max": 43_000_000}
EQUITY = {"kind": "equity", "min": "0.5"}
AGE = {"kind": "age", "min_years": 1, "max_years": 5}
INDUSTRY = {"kind": "naf", "vintage": "rev2", "accepted": ["B", "C"], "excluded": ["10.1"]}
NAF_2025 = {"kind": "naf", "vintage": "2025", "accepted": ["V", "20.42Y"]}
OCCITANIE = {"kind": "place", "regions": ["76"], "departements": ["47"]}
IN_TI = {"kind": "place", "in_ti": True}
AFR = {"kind": "place", "zone": "afr"}
LOCAL_AFR = {"kind": "place", "communes": ["32132"], "epcis": ["200042372"], "zone": "afr"}
THEMES = {"kind": "themes", "any": ["deca", "eau"]}
STAGE = {"kind": "stage", "accepted": ["qualifie", "en_montage"]}
NOT_STARTED = {"kind": "not_started"}
COSTS = {"kind": "eligible_costs", "min": 400_000, "max": 3_000_000}
STARTS = {"kind": "starts", "from": "2027-01-01", "to": "2027-12-31"}
AUDIT = {"kind": "prior_study", "study": "energy_audit", "max_years": 4}
STUDY = {"kind": "prior_study", "study": "feasibility"}
BOOL = {"kind": "fact", "fact": "annex_one", "type": "bool", "expected": True, "label": "Annexe I"}
NOT_SO = {**BOOL, "expected": False, "question": "Le produit est-il à l'annexe I ?"}
NUMBER = {
    "kind": "fact",
    "fact": "heat",
    "type": "number",
    "min": 1000,
    "unit": "MWh",
    "label": "C",
}
DIAGNOSIS = {"kind": "self_assessment", "assessment": "self_diagnosis", "max_years": 2}
CREATED = {"kind": "jobs", "min": 5, "max": "20.5"}
JOBS = {"kind": "jobs", "min": 10, "count": "total"}
FEW_JOBS = {"kind": "jobs", "min": 1, "max": 10, "count": "total"}
OWNER = {"kind": "ownership", "accepted": ["owner", "leasing"]}
QUOTA = {"kind": "emissions_quota", "expected": True}
NO_QUOTA = {"kind": "emissions_quota", "expected": False}
TEXT = {"kind": "text", "text": "Courrier de soutien du territoire."}
KIND_ROWS = [
    *(COMPANY, NO_SCI, ASSOCIATION, SME, LARGER, HEADCOUNT, SITE, TURNOVER, BALANCE, EQUITY, AGE),
    *(INDUSTRY, NAF_2025, OCCITANIE, IN_TI, AFR, LOCAL_AFR, THEMES, STAGE, NOT_STARTED, COSTS),
    *(STARTS, AUDIT, STUDY, BOOL, NOT_SO, NUMBER, TEXT),
    *(DIAGNOSIS, CREATED, JOBS, FEW_JOBS, OWNER, QUOTA, NO_QUOTA),
]
