"""Eligibility against the least that could answer: one comparison for each criterion."""

import datetime as dt
import random
import time
from decimal import Decimal

PROGRAMS = 1_000
CRITERIA = 8
TODAY = dt.date(2026, 11, 22)


def measures():
    from funding import ranking
    from funding.eligibility import Fact, Interval, Rules, Window

    chance = random.Random(1)
    window = Window("open")
    rules = [Rules.parse(criteria(chance), window) for _ in range(PROGRAMS)]
    facts = {
        "beneficiary": Fact("company"),
        "headcount": Fact(Interval(20, 49)),
        "turnover": Fact(Decimal("9400000")),
        "naf_rev2": Fact("10.39A"),
        "region": Fact("76"),
        "themes": Fact(frozenset({"deca", "agro"})),
        "eligible_costs": Fact(Decimal("1760000")),
    }
    numbers = [[chance.random() for _ in range(CRITERIA)] for _ in range(PROGRAMS)]

    def ours():
        for program in rules:
            ranking.rank(program.assess(facts, TODAY), eligible_costs=Decimal("1760000"))

    def floor():
        for program in numbers:
            min([number > 0.5 for number in program])

    sentence = f"one project × {PROGRAMS} programs × {CRITERIA} criteria, assessed and ranked"
    milliseconds = best(ours) * 1000
    yield f"{sentence} ({milliseconds:.1f} ms of CPU) / bare comparisons", best(ours) / best(floor)


def criteria(chance):
    return [
        {"kind": "beneficiary", "key": "b", "accepted": ["company"]},
        {"kind": "headcount", "key": "h", "min": chance.choice([1, 10]), "max": 250},
        {"kind": "turnover", "key": "t", "max": chance.choice(["10000000", "50000000"])},
        {"kind": "naf", "key": "n", "vintage": "rev2", "accepted": chance.choice([["C"], ["10"]])},
        {"kind": "place", "key": "p", "regions": ["76"]},
        {"kind": "themes", "key": "th", "any": chance.choice([["deca"], ["eau"]])},
        {"kind": "not_started", "key": "s"},
        {"kind": "eligible_costs", "key": "c", "min": chance.choice(["100000", "3000000"])},
    ]


def best(work, times=7):
    """The least CPU over several runs: what the machine does beside only ever adds."""
    spent = []
    for _ in range(times):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return min(spent)
