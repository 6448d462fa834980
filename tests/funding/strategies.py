"""Random programs and random facts, some of them missing, for the properties of eligibility."""

import datetime as dt

from hypothesis import strategies as st

from funding.eligibility import Fact, Interval, Rules, Window, possible_sizes
from tests.funding.criteria import BANDS, KIND_ROWS, TODAY

INTERVALS = st.sampled_from(list(BANDS.values())) | st.integers(0, 600).map(Interval.exactly)
DAYS = st.dates(dt.date(2015, 1, 1), dt.date(2030, 1, 1)) | st.dates(
    dt.date(2026, 10, 1), dt.date(2026, 12, 31)
)
AMOUNTS = st.decimals(0, 60_000_000, places=2)


def places(*codes):
    """One place, or the several of a collective action."""
    return st.sampled_from(codes) | st.sets(st.sampled_from(codes), min_size=2).map(frozenset)


SCOPES = st.sampled_from(["P01", "P02"])
VALUES = {
    "beneficiary": st.sampled_from(["company", "epci", "association"]),
    "legal_form": st.sampled_from(["5710", "6540", "9220", "92", "1000"]),
    "headcount": INTERVALS,
    "site_headcount": INTERVALS,
    "turnover": AMOUNTS,
    "balance_sheet": AMOUNTS,
    "equity": AMOUNTS,
    "created_on": DAYS,
    "naf_rev2": st.sampled_from(["10.39A", "10.13A", "46.31Z", "10"]),
    "naf_2025": st.sampled_from(["20.42Y", "99.00Y", "10.39Y"]),
    "commune": places("32132", "32160"),
    "epci": places("200042372", "200023620"),
    "departement": places("32", "47", "82"),
    "region": places("76", "75"),
    "in_ti": st.booleans(),
    "zone:afr": st.booleans(),
    "themes": st.sets(st.sampled_from(["deca", "inv", "eau"])).map(frozenset),
    "stage": st.sampled_from(["detecte", "qualifie", "realise"]),
    "first_commitment_on": DAYS,
    "filings": st.dictionaries(SCOPES, DAYS),
    "eligible_costs": AMOUNTS,
    "starts_on": DAYS,
    "study:energy_audit": DAYS | st.booleans(),
    "study:feasibility": DAYS | st.booleans(),
    "study:self_diagnosis": DAYS | st.booleans(),
    "jobs_created_planned": st.decimals(0, 30, places=1),
    "jobs_maintained_planned": st.decimals(0, 30, places=1),
    "premises_tenure": st.sampled_from(["owner", "tenant"]),
    "ets_site": st.booleans(),
    "annex_one": st.booleans(),
    "heat": AMOUNTS,
    "judgement:tested": st.booleans(),
}
WINDOWS = st.builds(
    Window,
    state=st.sampled_from(["open", "upcoming", "closed", "suspended", "to_check"]),
    closes_on=st.none() | DAYS,
    deadlines=st.lists(DAYS, max_size=3).map(tuple),
)
OPEN = st.just(Window("open"))


@st.composite
def known_facts(draw):
    """Coherent facts: a declared size that contradicts the headcount is for a person to correct."""
    values = draw(st.fixed_dictionaries({}, optional=VALUES))
    facts = {key: Fact(value) for key, value in values.items()}
    if draw(st.booleans()):
        sizes = sorted(possible_sizes(facts, TODAY))
        facts["eu_size"] = Fact(draw(st.sampled_from(sizes)))
    return facts


@st.composite
def programs(draw, windows=WINDOWS):
    rows = draw(st.lists(st.sampled_from(KIND_ROWS), max_size=4))
    confidences = st.sampled_from(["V", "V2", "V", "V", "K", "TBV"])
    rows = [
        {**row, "key": f"c{index}", "confidence": draw(confidences)}
        for index, row in enumerate(rows)
    ]
    return Rules.parse(rows, draw(windows), scope=draw(SCOPES))
