"""Eligibility, one project at a time and all of them at once, against the least that could answer.

The bulk figures are those of a process of its own, from its first query to the last verdict: CPU
seconds, and the most memory it ever took over what it held before."""

import datetime as dt
import json
import random
import resource
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

PROGRAMS = 1_000
CRITERIA = 8
PROJECTS = 50_000
TODAY = dt.date(2026, 11, 22)
THEMES = ("deca", "eau", "agro", "emp", "inv", "num", "form", "log")
CODES = 64


def measures():
    yield one_project()
    yield all_projects()


def one_project():
    from funding import ranking
    from funding.eligibility import Answers, Fact, Interval, Rules, Window

    chance = random.Random(1)
    window = Window("open")
    rules = [Rules.parse(criteria(chance), window) for _ in range(PROGRAMS)]
    facts = {
        "beneficiary": Fact("company"),
        "headcount": Fact(Interval(20, 49)),
        "turnover": Fact(Decimal("9400000")),
        "naf_rev2": Fact("10.39A"),
        "region": Fact("76"),
        "departement": Fact("32"),
        "themes": Fact(frozenset({"deca", "agro"})),
        "filings": Fact({}),
        "eligible_costs": Fact(Decimal("1760000")),
    }
    numbers = [[chance.random() for _ in range(CRITERIA)] for _ in range(PROGRAMS)]

    def ours():
        given = Answers(facts, TODAY)
        for program in rules:
            ranking.rank(program.assess_by(given), eligible_costs=Decimal("1760000"))

    def floor():
        for program in numbers:
            min([number > 0.5 for number in program])

    sentence = f"one project × {PROGRAMS} programs × {CRITERIA} criteria, assessed and ranked"
    milliseconds = best(ours) * 1000
    return f"{sentence} ({milliseconds:.1f} ms of CPU) / bare comparisons", best(ours) / best(floor)


def all_projects():
    fill(random.Random(2))
    found = [alone() for _ in range(3)]
    cpu, floor = min(one["cpu"] for one in found), min(one["floor"] for one in found)
    sentence = (
        f"{PROJECTS} projects × {PROGRAMS} programs × {CRITERIA} criteria, from the database to "
        f"verdicts with reasons ({cpu:.2f} s of CPU, {found[0]['mib']:.0f} MiB over idle) / "
        f"bare numpy ({floor:.2f} s)"
    )
    return sentence, cpu / floor


def alone():
    """The bulk verdicts and their floor, in a process that has done nothing else."""
    code = "from tests.bench import matching; matching.judge_all()"
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    return json.loads(answer.stdout)


def judge_all():
    import django

    django.setup()
    from crm.models import Project
    from funding import bulk
    from funding.models import Program

    Project.objects.first()
    idle, start = most_memory(), time.process_time()
    found = bulk.verdicts(Project.objects.all(), Program.objects.all(), TODAY)
    cpu, mib = time.process_time() - start, most_memory() - idle
    assert len(found) == PROJECTS * PROGRAMS
    del found
    print(json.dumps({"cpu": cpu, "mib": mib, "floor": bare_numpy()}))


def most_memory():
    """The most this process ever held, in MiB. Linux tells it in KiB, in a file that the process
    before `exec` has no part in; elsewhere, the kernel of Apple counts bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def bare_numpy():
    """Codes already in memory → answers by table → the least of them, and nothing else."""
    import numpy as np

    chance = np.random.default_rng(3)
    tables = chance.integers(0, 3, (PROGRAMS, CRITERIA, CODES)).astype(np.uint8)
    codes = chance.integers(0, CODES, (CRITERIA, PROJECTS))
    least = np.empty((PROGRAMS, PROJECTS), np.uint8)
    answers = np.empty(PROJECTS, np.uint8)
    start = time.process_time()
    for program in range(PROGRAMS):
        np.take(tables[program, 0], codes[0], out=least[program], mode="clip")
        for criterion in range(1, CRITERIA):
            np.take(tables[program, criterion], codes[criterion], out=answers, mode="clip")
            np.minimum(least[program], answers, out=least[program])
    return time.process_time() - start


def fill(chance):
    """Holders with a site each and a project each; half of the facts are missing."""
    from crm.models import (
        Commune,
        NafCode,
        Organisation,
        Project,
        Site,
        Stage,
        Theme,
        WorkforceBand,
    )
    from crm.reference_data import load_all
    from funding.models import Program
    from tests.crm.factories import TerritoryFactory
    from tests.funding.factories import FunderFactory

    load_all()
    territory, funder = TerritoryFactory(perimeter=True), FunderFactory()
    communes = chance.sample(list(Commune.objects.values_list("pk", flat=True)), 3_000)
    nafs = list(
        NafCode.objects.filter(code__regex=r"^\d\d\.\d\d[A-Z]$").values_list("code", flat=True)
    )
    bands = list(WorkforceBand.objects.values_list("pk", flat=True))
    stage = Stage.objects.get(pk="qualifie")

    def maybe(value):
        return value if chance.random() < 0.5 else None

    def euros(most):
        return Decimal(chance.randrange(most * 100)) / 100

    holders = Organisation.objects.bulk_create(
        (
            Organisation(
                territory=territory,
                name=f"Atelier {number}",
                search=f"atelier {number}",
                headcount=maybe(chance.randrange(600)),
                turnover=maybe(euros(60_000_000)),
            )
            for number in range(PROJECTS)
        ),
        batch_size=1000,
    )
    sites = Site.objects.bulk_create(
        (
            Site(
                organisation=holder,
                is_head_office=True,
                commune_id=chance.choice(communes),
                naf_rev2=chance.choice(nafs),
                workforce_band_id=maybe(chance.choice(bands)),
            )
            for holder in holders
        ),
        batch_size=1000,
    )
    projects = Project.objects.bulk_create(
        (
            Project(
                territory=territory,
                reference=f"B-{number}",
                title=f"Projet {number}",
                holder=holder,
                site=maybe(site),
                stage=stage,
                eligible_costs=maybe(euros(5_000_000)),
                first_commitment_on=maybe(TODAY + dt.timedelta(chance.randrange(-300, 300))),
            )
            for number, (holder, site) in enumerate(zip(holders, sites, strict=True))
        ),
        batch_size=1000,
    )
    themes = list(Theme.objects.filter(territory=None))
    chosen = Project.themes.through
    chosen.objects.bulk_create(
        (
            chosen(project=project, theme=theme)
            for project in projects
            for theme in chance.sample(themes, chance.choice([0, 1, 2, 3]))
        ),
        batch_size=1000,
    )
    Program.objects.bulk_create(
        Program(
            code=f"B{number}",
            name=f"Aide {number}",
            funder=funder,
            summary="Pour mesurer.",
            state="open",
            criteria=criteria(chance),
        )
        for number in range(PROGRAMS)
    )


def criteria(chance):
    """Eight criteria of eight kinds; few programs of the thousand have two of them alike."""
    sections = sorted(chance.sample("ABCDEFGHIJKLMNOPQRS", chance.choice([1, 2, 4])))
    place = chance.choice(
        [
            {"regions": chance.sample(["76", "75", "84", "93", "11"], 2)},
            {"departements": chance.sample(["32", "82", "47", "31", "33"], 2)},
            {"regions": ["76"], "in_ti": True},
        ]
    )
    return [
        {"kind": "beneficiary", "key": "b", "accepted": ["company"]},
        {
            "kind": "headcount",
            "key": "h",
            "min": chance.choice([1, 5, 10, 20]),
            "max": chance.choice([49, 249, 250, 499, 5000]),
        },
        {"kind": "turnover", "key": "t", "max": chance.choice(["10000000", "50000000"])},
        {"kind": "naf", "key": "n", "vintage": "rev2", "accepted": [*sections, "10"]},
        {"kind": "place", "key": "p", **place},
        {"kind": "themes", "key": "th", "any": chance.sample(THEMES, chance.choice([1, 2, 3]))},
        {"kind": "not_started", "key": "s"},
        {
            "kind": "eligible_costs",
            "key": "c",
            "min": chance.choice(["10000", "100000", "400000", "3000000"]),
        },
    ]


def best(work, times=7):
    """The least CPU over several runs: what the machine does beside only ever adds."""
    spent = []
    for _ in range(times):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return min(spent)
