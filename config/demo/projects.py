"""Projects, lived through: opened, edited, moved along the pipeline, with their files."""

from decimal import Decimal
from itertools import chain

from config.demo.files import link, read, values_of
from crm.models import Project, Stage, StageChange
from funding.matching import parsed_rules
from funding.models import Application, Program

TEXTS = ("title", "need", "lead_source", "confidentiality", "health_note", "blockers", "next_step")
NUMBERS = (
    "planned_investment",
    "eligible_costs",
    "jobs_created_planned",
    "jobs_maintained_planned",
    "jobs_method",
    "land_need_m2",
)
DATES = ("next_step_on", "starts_on", "ends_on", "first_commitment_on")
AMOUNTS = ("amount_requested", "amount_granted", "amount_paid")
APPLICATION_DATES = ("filed_on", "received_on", "decided_on", "decision_expected_on")


def load(world):
    """Write all of them; return the projects by short name."""
    rows = sorted(read("projects"), key=lambda row: row["path"][0]["day"])
    stages = Stage.objects.in_bulk()
    programs = {program.code: program for program in Program.objects.all()}
    changes, files = [], []
    projects = {}
    for row in rows:
        project = opened(row, world)
        projects[row["key"]] = project
        for event in sorted(chain(row.get("edits", []), row["path"][1:]), key=lambda e: e["day"]):
            if "stage" in event:
                changes.append(moved(project, event, stages, row, world))
            else:
                edited(project, event, world)
        files += [
            filed(project, application, programs, world)
            for application in row.get("applications", [])
        ]
    date_rows(rows, projects, world)
    StageChange.objects.bulk_update(changes, ["at"])
    Application.objects.bulk_update(files, ["created_at", "updated_at"])
    return projects


def opened(row, world):
    """Open the project as it was known on its first day; its history starts that day."""
    first = row["path"][0]
    project = Project(
        territory=world.territory,
        holder=world.organisations[row["holder"]],
        site=None if "commune" in row else world.sites.get(row["holder"]),
        commune_id=row.get("commune"),
        sector_id=row["sector"],
        health_id=row.get("health"),
        owner=world.people[row["owner"]],
        created_by=world.people[row["owner"]],
        stage_id=first["stage"],
        stage_since=world.clock.day(first["day"]),
        opened_on=world.clock.day(first["day"]),
        **{name: world.clock.day(row[name]) for name in DATES if name in row},
        **values_of(Project, row, TEXTS + NUMBERS) | observed_jobs(row, world),
    )
    note_sources(project, row, world)
    for edit in reversed(row.get("edits", [])):
        for name, (before, _) in edit["changes"].items():
            set_field(project, name, before)
    project.skip_history_when_saving = True
    project.save()
    del project.skip_history_when_saving
    link(Project.priorities, [(project.pk, code) for code in row["priorities"]])
    link(Project.themes, [(project.pk, code) for code in row["themes"]])
    # The one row of history is written after the links, so that it holds them.
    remember(project, world.clock.at(first["day"], 11), world.people[row["owner"]])
    project.history.update(history_type="+")
    return project


def observed_jobs(row, world):
    """Jobs seen, never without how, when and the evidence."""
    if "observed" not in row:
        return {}
    observed = row["observed"]
    return {
        "jobs_created_observed": Decimal(observed["created"]),
        "jobs_maintained_observed": Decimal(observed["maintained"])
        if "maintained" in observed
        else None,
        "jobs_method": observed["method"],
        "jobs_evidence": observed["evidence"],
        "jobs_observed_on": world.clock.day(observed["on"]),
    }


def note_sources(project, row, world):
    told_on = world.clock.day(row["path"][min(1, len(row["path"]) - 1)]["day"])
    declared = ["planned_investment", "jobs_created_planned", "starts_on", "first_commitment_on"]
    known = [name for name in declared if getattr(project, name) is not None]
    project.note_source(known, "déclaré par le porteur", told_on)
    if project.eligible_costs is not None:
        last = [edit["day"] for edit in row.get("edits", []) if "eligible_costs" in edit["changes"]]
        quoted_on = world.clock.day(last[-1]) if last else told_on
        project.note_source(["eligible_costs"], "devis et études", quoted_on)


def set_field(project, name, value):
    field = Project._meta.get_field(name)
    if value is None and not field.null:
        value = ""
    setattr(project, name, None if value is None else field.to_python(value))


def remember(record, at, by, reason="", **options):
    """Save with a history row of that day and that person, not of the loading."""
    record._history_date, record._history_user, record._change_reason = at, by, reason
    record.save(**options)
    for name in ("_history_date", "_history_user", "_change_reason"):
        delattr(record, name)


def edited(project, edit, world):
    for name, (_, after) in edit["changes"].items():
        set_field(project, name, after)
    at = world.clock.at(edit["day"], 11, 12)
    remember(
        project, at, world.people[edit["by"]], edit["reason"], update_fields=list(edit["changes"])
    )


def moved(project, step, stages, row, world):
    change = project.move_to(
        stages[step["stage"]],
        by=world.people[row["owner"]],
        reason=step.get("reason", ""),
        revisit_on=world.clock.day(step.get("revisit_on")),
        today=world.clock.day(step["day"]),
    )
    change.at = world.clock.at(step["day"], 14, 30)
    return change


def date_rows(rows, projects, world):
    for row in rows:
        project = projects[row["key"]]
        days = [step["day"] for step in row["path"] + row.get("edits", [])]
        project.created_at = world.clock.at(min(days), 11)
        project.updated_at = world.clock.at(max(days), 17)
    Project.objects.bulk_update(projects.values(), ["created_at", "updated_at"])


def filed(project, row, programs, world):
    """A file as it went: prepared, filed, then where it stands, each with its history."""
    known = [row[name] for name in ("decided_on", "received_on", "filed_on") if name in row]
    start = row.get("filed_on", -2) - 12
    application = Application(
        project=project,
        program=programs[row["program"]],
        created_by=project.owner,
        due_on=aimed(world.clock.exact(row.get("due_on")), programs[row["program"]], world),
        **values_of(Application, row, ("amount_requested", "notes")),
    )
    application.status = Application.Status.DRAFT if known else row["status"]
    remember(application, world.clock.at(start, 15), project.owner)
    if known:
        application.status = Application.Status.FILED
        application.filed_on = world.clock.day(row["filed_on"])
        application.reference = row.get("reference", "")
        remember(application, world.clock.at(row["filed_on"], 17, 20), project.owner, "dépôt")
        finish(application, row)
        for name in APPLICATION_DATES:
            setattr(application, name, world.clock.day(row.get(name)))
        remember(application, world.clock.at(known[0], 17, 40), project.owner)
    application.created_at = world.clock.at(start, 15)
    application.updated_at = world.clock.at(known[0] if known else start, 17, 40)
    return application


def aimed(day, program, world):
    """The day a file aims at: so many days from today, and never past the next known closing."""
    closing = parsed_rules(program).window.next_deadline(world.clock.today)
    return min(day, closing) if day and closing else day


def finish(application, row):
    application.status = row["status"]
    for name, value in values_of(Application, row, AMOUNTS).items():
        setattr(application, name, value)
