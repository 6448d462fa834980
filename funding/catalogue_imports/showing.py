"""What an import changes, in the words of the page, short enough to be compared."""

from dataclasses import dataclass

from funding import differences
from funding.models import Funder

LONG, AROUND = 140, 40
NOTES = {"summary"}


@dataclass(frozen=True)
class Change:
    label: str
    before: str
    after: str


class Showing:
    """Loads the names of the funders once."""

    def __init__(self, coming):
        self.funders = dict(Funder.objects.values_list("code", "short_name"))
        self.funders |= {code: funder.short_name for code, funder in coming.items()}

    def changes(self, pairs):
        """A Change for each (field, before, after); "" for nothing."""
        return [
            Change(differences.label(name), *self.both(name, *states)) for name, *states in pairs
        ]

    def both(self, name, before, after):
        before, after = self.shown(name, before), self.shown(name, after)
        if len(before) <= LONG and len(after) <= LONG:
            return before, after
        # Two long texts are shown from a little before the place where they part.
        start = next(
            (at for at, (a, b) in enumerate(zip(before, after, strict=False)) if a != b),
            min(len(before), len(after)),
        )
        start = max(0, start - AROUND)
        return cut(before, start), cut(after, start)

    def shown(self, name, value):
        if value in (None, "", []):
            return ""
        if name == "funder":
            return self.funders.get(value, value)
        if isinstance(value, list):
            names = differences.LABELS.get(name, {})
            return ", ".join(str(names.get(code, code)) for code in value)
        if name in NOTES or name.endswith("_note"):
            return " ".join(value.split())
        return str(differences.said(name, value))


def cut(text, start):
    end = start + LONG
    return f"{'…' if start and text else ''}{text[start:end]}{'…' if end < len(text) else ''}"
