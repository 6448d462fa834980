import datetime
import random
from decimal import Decimal

import pytest

from crm.models import Confidentiality, NationalPriority, Role, Stage
from funding.models import Application
from tests.actions.factories import ActionFactory, AgendaItemFactory, MeetingFactory
from tests.crm.factories import (
    InteractionFactory,
    ProjectFactory,
    ReviewRequestFactory,
    SiteFactory,
    UserFactory,
)
from tests.funding.factories import ApplicationFactory, FunderFactory, ProgramFactory

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


def add_rows(territory, count=12):
    """One more of everything that the pages and the workbooks show."""
    for _ in range(count):
        project = ProjectFactory(
            territory=territory, confidentiality="public", next_step="Visite", next_step_on=TODAY
        )
        SiteFactory(organisation=project.holder)
        project.priorities.set(NationalPriority.objects.all()[:2])
        ApplicationFactory(project=project, due_on=TODAY, amount_requested=1000)
        InteractionFactory(organisation=project.holder, project=project)
        ReviewRequestFactory(project=project)
        ActionFactory(territory=territory)
        AgendaItemFactory(meeting=MeetingFactory(territory=territory), project=project)
