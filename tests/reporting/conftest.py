import datetime
import random
from decimal import Decimal

import pytest

from actions.models import Action
from crm.models import Confidentiality, NationalPriority, Project, Role, Stage
from funding.models import Application, SourceLine
from tests.actions.factories import ActionFactory
from tests.crm.factories import (
    ProjectFactory,
    UserFactory,
)
from tests.funding.factories import (
    ApplicationFactory,
    CostLineFactory,
    FinancingPlanFactory,
    FunderFactory,
    ProgramFactory,
    SourceLineFactory,
)

TODAY = datetime.date(2026, 11, 22)


def maybe(draw, *values):
    """One of `values`, or nothing: what nobody has said yet."""
    return draw.choice([None, *values])


def fill(territory, seed, projects=12):
    """A territory of any shape: every stage, confidentiality and gap may come up."""
    draw = random.Random(seed)
    stages, priorities = list(Stage.objects.all()), list(NationalPriority.objects.all())
    programs = [
        ProgramFactory(funder=FunderFactory(code=code, name=code, short_name=code.upper()))
        for code in ("ademe", "region", "etat")
    ]
    for _ in range(projects):
        stage = draw.choice(stages)
        project = ProjectFactory(
            territory=territory,
            stage=stage,
            confidentiality=draw.choice(list(Confidentiality)),
            planned_investment=maybe(draw, Decimal("125000.50"), Decimal(0), Decimal(3_000_000)),
            eligible_costs=maybe(draw, Decimal(80_000)),
            jobs_created_planned=maybe(draw, Decimal("2.5"), Decimal(0), Decimal(12)),
            jobs_created_observed=maybe(draw, Decimal(3)),
            jobs_maintained_planned=maybe(draw, Decimal(20)),
            next_step_on=maybe(draw, TODAY),
        )
        project.priorities.set(draw.sample(priorities, draw.choice([0, 1, 1, 2])))
        for _ in range(draw.choice([0, 1, 2])):
            ApplicationFactory(
                project=project,
                program=draw.choice(programs),
                status=draw.choice(list(Application.Status)),
                amount_requested=maybe(draw, Decimal("45000.25"), Decimal(10_000)),
                amount_granted=maybe(draw, Decimal(30_000)),
                amount_paid=maybe(draw, Decimal(5_000)),
            )
    for _ in range(draw.choice([0, 3])):
        ActionFactory(territory=territory, budget_planned=maybe(draw, Decimal(15_000)))
    for subject in (*Project.objects.all(), *Action.objects.all()):
        if draw.random() < 0.5:
            add_plan(subject, draw)


def add_plan(subject, draw):
    """A plan of any shape: empty, unbalanced, refused, without dates or amounts."""
    kind = "project" if isinstance(subject, Project) else "action"
    plan = FinancingPlanFactory(**{"project": None, kind: subject})
    for _ in range(draw.choice([0, 1, 3])):
        CostLineFactory(plan=plan, amount=maybe(draw, Decimal("1000.10"), 2000), year=2027)
    for _ in range(draw.choice([0, 2, 4])):
        SourceLineFactory(
            plan=plan,
            kind=draw.choice(list(SourceLine.Kind)),
            state=draw.choice(list(SourceLine.State)),
            amount=maybe(draw, Decimal("1000.10"), 2000),
            paid_on=maybe(draw, TODAY),
        )


def answer(request, pair, **answers):
    for role, user in zip((Role.ELECTED, Role.INDUSTRIALIST), pair, strict=True):
        if role.value in answers:
            request.answer(by=user, role=role, answer=answers[role.value], comment="Une ligne.")


@pytest.fixture
def pair(territory):
    return (
        UserFactory(territory=territory, role=Role.ELECTED),
        UserFactory(territory=territory, role=Role.INDUSTRIALIST),
    )
