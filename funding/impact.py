"""How many projects a program lets through, before and after a change of its rules."""

from dataclasses import dataclass

import numpy as np

from crm.models import Project
from funding.bulk import Reading, facts_read
from funding.eligibility import Verdict
from funding.eligibility.bulk import Judged

SHOWN = 8


@dataclass(frozen=True)
class Line:
    verdict: Verdict
    before: int | None  # None for a new program
    after: int

    @property
    def gap(self):
        """« +3 », « −3 », nothing when it is the same."""
        change = 0 if self.before is None else self.after - self.before
        return f"{change:+d}".replace("-", "−") if change else ""


@dataclass(frozen=True)
class Impact:
    lines: list[Line]
    moved: int  # projects whose verdict changes
    examples: list  # (project, verdict before, verdict after), some of them
    count: int

    @property
    def more(self):
        return self.moved - len(self.examples)


def measure(before, after, projects, today):
    """The verdicts of every project of a queryset under two sets of Rules, `before` maybe None.

    A fixed number of queries: the columns that the rules read, then the projects shown."""
    rules = [after] if before is None else [after, before]
    reading = Reading(projects, facts_read(rules, today), today)
    verdicts = Judged(rules, reading.table(), today).cells >> 6
    new, old = verdicts[:, 0], verdicts[:, -1]
    moved = np.flatnonzero(new != old).tolist()
    lines = [
        Line(
            verdict,
            None if before is None else int((old == verdict).sum()),
            int((new == verdict).sum()),
        )
        for verdict in sorted(Verdict, reverse=True)
    ]
    shown = {reading.projects[row]: row for row in moved[:SHOWN]}
    found = Project.objects.filter(pk__in=shown).select_related("holder").order_by("title")
    examples = [
        (project, Verdict(int(old[shown[project.pk]])), Verdict(int(new[shown[project.pk]])))
        for project in found
    ]
    return Impact(lines, len(moved), examples, len(reading.projects))
