"""What changed in a fiche, in words: labels and values as the interface shows them."""

import datetime
from dataclasses import dataclass
from decimal import Decimal

from crm.fields import MoneyField
from crm.templatetags.french import day, decimal, euros

HIDDEN = {"position", "provenance"}


@dataclass(frozen=True)
class Change:
    label: str
    old: str
    new: str


def between(before, after):
    """The changes from a history row to a later one; two rows cost one query a relation changed."""
    delta = after.diff_against(before, foreign_keys_are_objs=True)
    model = after.instance_type
    fields = [(model._meta.get_field(change.field), change) for change in delta.changes]
    return [
        Change(str(field.verbose_name), written(field, change.old), written(field, change.new))
        for field, change in fields
        if field.editable and field.name not in HIDDEN
    ]


def written(field, value):
    if value is None or value == "":
        return "vide"
    if field.flatchoices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, Decimal):
        return euros(value) if isinstance(field, MoneyField) else decimal(value)
    if isinstance(value, datetime.date):
        return day(value)
    text = str(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def recent(history, count=6):
    """The last saves, newest first, each with who, when and what; the creation has no change."""
    rows = list(history.select_related("history_user")[: count + 1])
    pairs = zip(rows, [*rows[1:], None], strict=True)
    saves = [(row, between(before, row) if before else []) for row, before in pairs]
    return [(row, changes) for row, changes in saves if changes or row.history_type == "+"][:count]
