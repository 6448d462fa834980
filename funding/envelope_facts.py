"""What an envelope may pay: the files under way, and the projects and actions without one.

Everything is read once for any number of envelopes of a territory, in a fixed number of queries.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from actions.models import Action
from crm.models import Project
from funding.financing import envelope as rules
from funding.models import Application, SourceLine

FILE, PROJECT, ACTION = "dossier", "projet", "fiche"
# A source that a plan still hopes for.
HOPED = (SourceLine.State.IDEA, SourceLine.State.TO_FILE, SourceLine.State.REQUESTED)
AID = (SourceLine.Kind.GRANT, SourceLine.Kind.ADVANCE)


@dataclass(frozen=True)
class Candidate:
    """A file, or a project or action that has none: what it asks or its plan expects."""

    key: str
    subject: Project | Action
    file: Application | None = None
    expected: Decimal | None = None

    @property
    def amount(self):
        return self.file.amount_requested if self.file else self.expected

    @property
    def holder(self):
        return self.subject.pilot if self.is_action else self.subject.holder

    @property
    def is_action(self):
        return isinstance(self.subject, Action)

    @property
    def is_gone(self):
        """The file was answered since it was chosen."""
        return self.file is not None and self.file.status in Application.FINAL


@dataclass(frozen=True)
class Choice:
    """A candidate that an envelope keeps: its place, its amount, what is left for it."""

    candidate: Candidate
    share: rules.Share
    typed: Decimal | None = None
    raw: str = ""  # what was typed and is no amount
    refusal: str = ""


@dataclass
class Reading:
    """An envelope with its choices served in order, and what else it could pay."""

    envelope: object
    choices: list
    others: list
    lost: int = 0  # choices that no longer exist or that the reader may not see
    spending: rules.Spending = field(default=None)

    @cached_property
    def projects(self):
        """The projects kept, each once, whatever the number of their files."""
        kept = [one.candidate for one in self.choices if not one.candidate.is_action]
        return {one.subject.pk: one.subject for one in kept}

    @property
    def jobs(self):
        """Full-time equivalents that the projects kept plan to create; None if nobody says."""
        return total(project.jobs_created_planned for project in self.projects.values())

    @property
    def jobs_unknown(self):
        return sum(one.jobs_created_planned is None for one in self.projects.values())

    @property
    def aid_per_job(self):
        """Euros for each job planned by the projects kept; None while one amount or job lacks."""
        amounts = [one.share.amount for one in self.choices if not one.candidate.is_action]
        if None in amounts or self.jobs_unknown or not self.jobs:
            return None
        return (sum(amounts) / self.jobs).quantize(Decimal(1))

    def choice(self, key):
        return next((one for one in self.choices if one.candidate.key == key), None)


def total(values):
    known = [value for value in values if value is not None]
    return sum(known) if known else None


class EnvelopeReader:
    """Reads the envelopes of a territory as `viewer` does."""

    def __init__(self, viewer, territory):
        self.viewer, self.territory = viewer, territory

    @cached_property
    def files(self):
        rows = Application.objects.visible_to(self.viewer).in_territory(self.territory)
        return {f"{FILE}-{row.pk}": row for row in rows.for_list().defer("notes")}

    @cached_property
    def subjects(self):
        """Projects and actions still open, by key."""
        projects = Project.objects.visible_to(self.viewer).filter(territory=self.territory).open()
        actions = Action.objects.visible_to(self.viewer).current().unfinished()
        actions = actions.filter(plan__territory=self.territory).select_related("pilot")
        return {
            **{f"{PROJECT}-{row.pk}": row for row in projects.select_related("holder")},
            **{f"{ACTION}-{row.pk}": row for row in actions},
        }

    @cached_property
    def hopes(self):
        """{key of a subject: [(funder, amount)]} of what the plan chosen still hopes for."""
        lines = SourceLine.objects.visible_to(self.viewer).filter(
            plan__is_chosen=True, kind__in=AID
        )
        found = defaultdict(list)
        for line in lines.select_related("plan", "program").with_files():
            if (current := line.current).state in HOPED:
                plan, funder = line.plan, line.program and line.program.funder_id
                about = (PROJECT, plan.project_id) if plan.project_id else (ACTION, plan.action_id)
                found["{}-{}".format(*about)].append((funder, current.amount))
        return found

    def expected(self, key, funder):
        """The aid that a plan expects, of that funder if one is named; None if any is unknown."""
        amounts = [amount for who, amount in self.hopes[key] if funder in (None, who)]
        return sum(amounts) if amounts and None not in amounts else None

    def candidate(self, key, funder=None):
        if file := self.files.get(key):
            return Candidate(key, file.subject, file)
        subject = self.subjects.get(key)
        return Candidate(key, subject, expected=self.expected(key, funder)) if subject else None

    @cached_property
    def live(self):
        """{key of a subject: its files without an answer yet}, the latest opened first."""
        found = defaultdict(list)
        for file in sorted(self.files.values(), key=lambda file: -file.pk):
            if file.status not in Application.FINAL:
                found[subject_key(file)].append(file)
        return found

    def kept(self, envelope):
        """{key: euros typed or None} of what the envelope keeps, in order.

        A project or an action kept before its file opened is now kept by that file: counted under
        both keys, the same aid would be paid twice.
        """
        found = {}
        for key in envelope.keys:
            files = [
                file
                for file in self.live[key]
                if envelope.funder_id in (None, file.program.funder_id)
            ]
            found.setdefault(f"{FILE}-{files[0].pk}" if files else key, envelope.amount_of(key))
        return found

    def reading(self, envelope, refused=None):
        """`refused` are {key: (what was typed, why it is no amount)} of a form sent back."""
        refused = refused or {}
        typed = self.kept(envelope)
        found = [self.candidate(key, envelope.funder_id) for key in typed]
        kept = [one for one in found if one]
        amounts = [(one.key, one.amount if typed[one.key] is None else typed[one.key])
                   for one in kept]  # fmt: skip
        spending = rules.spend(envelope.amount, amounts)
        choices = [
            Choice(one, share, typed[one.key], *refused.get(one.key, ()))
            for one, share in zip(kept, spending.shares, strict=True)
        ]
        return Reading(
            envelope,
            choices,
            self.others(envelope, {one.key for one in kept}),
            len(found) - len(kept),
            spending,
        )

    def others(self, envelope, kept):
        """Live files of the funder, then what has none; what is kept stands elsewhere."""
        funder = envelope.funder_id
        live = {
            f"{FILE}-{file.pk}": file
            for files in self.live.values()
            for file in files
            if funder in (None, file.program.funder_id)
        }
        with_file = {subject_key(file) for file in live.values()}
        bare = [key for key in self.subjects if key not in with_file]
        others = [self.candidate(key, funder) for key in [*live, *bare] if key not in kept]
        return sorted(others, key=lambda one: (one.file is None, one.amount is None,
                                               -(one.amount or 0), one.subject.title))  # fmt: skip


def subject_key(file):
    return f"{PROJECT}-{file.project_id}" if file.project_id else f"{ACTION}-{file.action_id}"


def compared(readings):
    """(candidate, [its choice in each envelope or None]) of whatever one of them keeps."""
    found = {one.candidate.key: one.candidate for reading in readings for one in reading.choices}
    return [
        (candidate, [reading.choice(key) for reading in readings])
        for key, candidate in found.items()
    ]
