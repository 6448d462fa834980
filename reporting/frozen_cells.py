"""Cells read back from rows that were frozen as JSON: dates and amounts are text there."""

import datetime
from decimal import Decimal


def said(name):
    return lambda row: row[name]


def joined(name):
    return lambda row: ", ".join(row[name])


def amount(name):
    return lambda row: Decimal(row[name]) if row[name] is not None else None


def on(name):
    return lambda row: datetime.date.fromisoformat(row[name]) if row[name] else None
