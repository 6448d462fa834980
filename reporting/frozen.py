"""Cells as JSON keeps them without losing a cent, and as a page reads them back."""

import datetime
from decimal import Decimal

from reporting.columns import plain


def frozen(value):
    """Amounts and dates as text; the unknown stays None."""
    value = plain(value)
    if isinstance(value, datetime.datetime):
        value = value.date()
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    return value


def thawed(value, form):
    """A cell as a page formats it."""
    if value is None:
        return None
    if form in {"money", "integer", "number", "percent"}:
        return Decimal(value)
    if form == "month":
        return f"{datetime.date.fromisoformat(value):%m/%Y}"
    return datetime.date.fromisoformat(value) if form == "date" else value


def heads(columns):
    return [
        {"label": column.label.strip(), "format": column.format, "width": column.width}
        for column in columns
    ]


def section(listing):
    """One list with its rows, its totals and what each column still has to be told."""
    rows = [[frozen(value) for value in row] for row in zip(*listing.values, strict=True)]
    has_total = rows and listing.total
    return {
        "key": listing.name,
        "title": listing.title,
        "note": listing.note,
        "empty": listing.empty,
        "columns": heads(listing.columns),
        "rows": rows,
        "totals": [frozen(value) for value in listing.totals] if has_total else None,
        "unknown": listing.unknown if has_total else None,
    }
