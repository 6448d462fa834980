"""Months of a period. Pure: no Django."""

import calendar
import datetime

NAMES = ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.",
         "déc."]  # fmt: skip


def of(since, until):
    """The first day of each month of the period, both ends included."""
    first, last = since.year * 12 + since.month - 1, until.year * 12 + until.month - 1
    return [datetime.date(month // 12, month % 12 + 1, 1) for month in range(first, last + 1)]


def back(day, count):
    """The first day of the earliest of `count` months that end with that of `day`."""
    month = day.year * 12 + day.month - count
    return datetime.date(month // 12, month % 12 + 1, 1)


def end_of(month):
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


def code(month):
    return f"{month:%Y-%m}"


def label(month):
    """« nov. 2026 »"""
    return f"{NAMES[month.month - 1]} {month.year}"


def read(text):
    """The month of a code, or None: an address may say anything."""
    try:
        return datetime.datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 (a month)
    except ValueError:
        return None
