"""Financing plans: one with a scenario, one that lacks money, one over its ceiling, an EPCI’s."""

from config.demo.files import read, values_of
from config.demo.projects import remember
from funding.models import Application, CostLine, FinancingPlan, Program, SourceLine

COST = ("label", "category", "amount", "eligible", "eligible_amount", "vat_rate", "year")
SOURCE = (
    "kind",
    "label",
    "funder_label",
    "basis",
    "rate",
    "amount",
    "equivalent",
    "state",
    "confidence",
    "advance_rate",
    "interim_rate",
)
DATES = ("filed_on", "granted_on", "advance_on", "interim_on", "paid_on")


def load(world):
    """Write every plan with its lines; the first scenario of each is the chosen one."""
    programs = {program.code: program for program in Program.objects.all()}
    for row in read("plans"):
        plan = opened(row, world)
        costs = {line["label"]: cost(plan, line, world) for line in row["costs"]}
        for line in row["sources"]:
            source(plan, line, costs, programs, world)
        for other in row.get("scenarios", []):
            refused = plan.sources.filter(label__in=other["refused"]).values_list("pk", flat=True)
            copy = plan.duplicate(other["name"], by=plan.created_by, refused=set(refused))
            copy.notes = other.get("notes", "")
            copy.save()


def opened(row, world):
    project = world.projects[row["project"]] if "project" in row else None
    plan = FinancingPlan(
        project=project,
        action=None if project else world.actions[row["action"]],
        is_chosen=True,
        granted_on=world.clock.exact(row.get("granted_on")),
        created_by=world.people["agent"],
        **values_of(FinancingPlan, row, ("name", "vat_basis", "notes")),
    )
    remember(plan, world.clock.at(row["day"], 16), world.people["agent"])
    return plan


def cost(plan, row, world):
    line = CostLine(
        plan=plan,
        starts_on=world.clock.exact(row.get("starts_on")),
        ends_on=world.clock.exact(row.get("ends_on")),
        **values_of(CostLine, row, COST),
    )
    remember(line, plan.history.first().history_date, plan.created_by)
    return line


def source(plan, row, costs, programs, world):
    program = programs.get(row.get("program"))
    line = SourceLine(
        plan=plan,
        program=program,
        scheme_id=row.get("scheme"),
        application=file_of(plan, program),
        aided=[costs[label].pk for label in row.get("aided", [])],
        **{name: world.clock.exact(row[name]) for name in DATES if name in row},
        **values_of(SourceLine, row, SOURCE),
    )
    remember(line, plan.history.first().history_date, plan.created_by)
    return line


def file_of(plan, program):
    if program is None:
        return None
    return Application.objects.of(plan.subject).filter(program=program).first()
