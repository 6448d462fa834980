"""What a plan shows, kept with its batch: turning a page does not read 20 000 rows again.

A kept preview may age without harm: the commit plans afresh, and refuses when its digest is no
longer the one that was shown.
"""

from dataclasses import dataclass

from crm.imports.commit import plan_of
from crm.imports.drafts import Change
from crm.imports.plan import REFUSED


@dataclass(frozen=True)
class Line:
    line: int
    fate: str
    title: str
    subtitle: str
    changes: list
    reasons: list
    remarks: list


class Preview:
    def __init__(self, kept):
        self.counts, self.digest, self.rows = kept["counts"], kept["digest"], kept["rows"]

    @property
    def kept(self):
        """How many rows the commit takes in."""
        return self.counts["read"] - self.counts[REFUSED]

    def of_fate(self, fate):
        """The rows as they were kept; `lines` draws those of one page."""
        return [row for row in self.rows if not fate or row[1] == fate]

    def reasons(self):
        """{line: sentences} of the refused rows."""
        return {row[0]: row[5] for row in self.of_fate(REFUSED)}


def lines(rows):
    return [
        Line(*facts, [Change(*change) for change in changes], reasons, remarks)
        for *facts, changes, reasons, remarks in rows
    ]


def plan_afresh(batch):
    """The preview of the moment, which the next pages are read from."""
    plan = plan_of(batch)
    rows = [
        [
            row.line,
            row.fate,
            row.title,
            row.subtitle,
            [[change.label, change.before, change.after] for change in row.changes],
            row.reasons,
            row.remarks,
        ]
        for row in plan.rows
    ]
    batch.preview = {"counts": plan.counts, "digest": plan.digest, "rows": rows}
    batch.save(update_fields=["preview"])
    return Preview(batch.preview)


def last_shown(batch):
    return Preview(batch.preview) if batch.preview else plan_afresh(batch)
