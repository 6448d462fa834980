"""What falls due on a territory: one list for the home page, its ruler and the workbook."""

import datetime
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from django.urls import reverse

from actions.contract_dates import dues
from actions.models import Meeting, Milestone
from crm.models import Stage
from crm.templatetags.french import euros, plural
from funding.eligibility import Window
from funding.models import Application
from funding.reminders import reminders
from reporting.rows import with_names


@dataclass(frozen=True)
class Deadline:
    """`kind` is the French word of a list; `whom` the company or body concerned."""

    on: datetime.date
    kind: str
    title: str
    detail: str
    url: str
    whom: str = ""
    reference: str = ""
    amount: Decimal | None = None
    icon: str = "clock"

    def days(self, today):
        return (self.on - today).days


def deadlines(figures):
    """A fixed number of queries, whatever the rows; only what the viewer of `figures` may read."""
    found = [
        *programs_closing(figures),
        *applications(figures),
        *of_files(figures),
        *next_steps(figures),
        *milestones(figures),
        *contracts(figures),
        *meetings(figures),
        *reviews(figures),
        *follow_ups(figures),
    ]
    return sorted(found, key=lambda deadline: (deadline.on, deadline.kind, deadline.title))


def next_closing(program, today):
    """The next day to file by, as the rules of eligibility read the window of the program."""
    days = tuple(datetime.date.fromisoformat(row["on"]) for row in program.deadlines)
    window = Window(program.state, program.opens_on, program.closes_on, days)
    return window.next_deadline(today)


def not_filed(figures):
    return [row for row in figures.live_applications if row.status in Application.NOT_FILED]


def programs_closing(figures):
    """One line for each program that closes with files still to send, with what is at stake."""
    waiting = sorted(not_filed(figures), key=lambda row: (row.program.name, row.program_id))
    for program, group in groupby(waiting, key=lambda row: row.program):
        closes_on = next_closing(program, figures.today)
        if closes_on is None:
            continue
        rows = list(group)
        amounts = [row.amount_requested for row in rows if row.amount_requested is not None]
        stake = f", {euros(sum(amounts))} à demander" if amounts else ""
        yield Deadline(
            closes_on,
            "Clôture d’un dispositif",
            program.name,
            f"{program.funder} · {plural(len(rows), 'dossier,dossiers')} à déposer{stake}",
            program.get_absolute_url(),
            whom=", ".join(sorted({row.holder.name for row in rows if row.holder})),
            amount=sum(amounts) if amounts else None,
            icon="coins",
        )


def applications(figures):
    for row in figures.live_applications:
        if row.status in Application.NOT_FILED and row.due_on:
            yield _of_application(row, row.due_on, "Dossier à déposer", "doc")
        elif row.status not in Application.NOT_FILED and row.decision_expected_on:
            yield _of_application(row, row.decision_expected_on, "Décision attendue", "coins")


def of_files(figures):
    """Corrections, pieces, steps, payments to ask, ends of agreements."""
    found = list(reminders(figures.applications, today=figures.today))
    asked = {row.application for row in found}
    files = with_names(figures.applications.filter(pk__in=asked)).in_bulk() if asked else {}
    for row in found:
        file = files[row.application]
        yield Deadline(
            row.on,
            row.kind,
            row.text or file.program.name,
            " · ".join(
                str(part) for part in (file.holder, file.subject.title, file.program.funder) if part
            ),
            file.get_absolute_url(),
            whom=file.holder.name if file.holder else "",
            reference=file.subject_code,
            icon=row.icon,
        )


def _of_application(row, on, kind, icon):
    return Deadline(
        on,
        kind,
        row.program.name,
        " · ".join(str(part) for part in (row.holder, row.subject.title) if part),
        row.get_absolute_url(),
        whom=row.holder.name if row.holder else "",
        reference=row.subject_code,
        amount=row.amount_requested,
        icon=icon,
    )


def next_steps(figures):
    """Next steps of active projects, and the day to look again at those on pause."""
    projects = figures.projects.open().exclude(next_step_on=None, revisit_on=None)
    shown = "reference", "title", "holder", "stage", "next_step", "next_step_on", "revisit_on"
    for project in projects.only(*shown).prefetch_related("holder", "stage"):
        paused = project.stage.kind == Stage.Kind.PAUSED
        on = project.revisit_on if paused else project.next_step_on
        if on is None:
            continue
        yield Deadline(
            on,
            "Projet à revoir" if paused else "Prochaine étape",
            project.title if paused else project.next_step or "Prochaine étape à préciser",
            f"{project.holder} · {project.stage}"
            if paused
            else f"{project.holder} · {project.title}",
            project.get_absolute_url(),
            whom=project.holder.name,
            reference=project.reference,
            icon="pause" if paused else "projects",
        )


def milestones(figures):
    rows = Milestone.objects.filter(
        action__in=figures.actions.unfinished(), done_on=None
    ).select_related("action__pilot")
    for row in rows:
        yield Deadline(
            row.due_on,
            "Jalon du plan d’actions",
            row.label,
            f"{row.action.code} · {row.action.title}",
            row.action.get_absolute_url(),
            whom=row.action.pilot.name if row.action.pilot else "",
            reference=row.action.code,
            icon="flag",
        )


def contracts(figures):
    """Payments to ask, evaluations they wait for, commitments and ends of conventions."""
    for row in dues(figures.viewer, figures.territory, today=figures.today):
        yield Deadline(
            row.on,
            row.kind,
            row.title,
            row.contract.title,
            row.contract.get_absolute_url(),
            whom=row.whom,
            reference=row.contract.reference,
            amount=row.amount,
            icon=row.icon,
        )


def meetings(figures):
    rows = Meeting.objects.visible_to(figures.viewer).filter(territory=figures.territory)
    for row in rows.upcoming(today=figures.today):
        yield Deadline(
            row.held_on, "Réunion", row.title, row.place, row.get_absolute_url(), icon="gavel"
        )


def reviews(figures):
    for row in figures.waiting_reviews:
        if row.due_on:
            yield Deadline(
                row.due_on,
                "Avis du binôme",
                row.question,
                f"{row.project.holder} · {row.project.title}",
                row.project.get_absolute_url(),
                whom=row.project.holder.name,
                reference=row.project.reference,
                icon="hand",
            )


def follow_ups(figures):
    for row in figures.follow_ups:
        subject = row.project or row.organisation
        yield Deadline(
            row.due_on,
            "Relance",
            row.title,
            " · ".join(str(part) for part in (row.organisation, row.project) if part),
            subject.get_absolute_url() if subject else reverse("crm:follow_up_list"),
            whom=row.organisation.name if row.organisation else "",
            reference=row.project.reference if row.project else "",
            icon="bell",
        )
