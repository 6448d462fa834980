"""One column of a list: the same object heads the HTML table, the workbook and the CSV."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone

# A spreadsheet runs a cell that starts so as a formula.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Column:
    """`format` is text, wrap, code, upright, date, month, money, integer, number or percent.

    `total` sums the column under the table.
    `asks` counts the empty cells under the table, where an empty cell is a fact to ask for: all of
    them, or those of the rows where another column says so: ("Statut", "Accepté").
    `name` is the stable heading of a return, which machines read.
    """

    label: str
    value: Callable
    format: str = "text"
    width: float = 14
    total: bool = False
    asks: bool | tuple[str, str] = False
    name: str = ""


def plain(value):
    """A cell as a spreadsheet takes it: unknown is None, never 0 or an empty string."""
    if type(value) is str:  # most of them
        return value or None
    if value is None or value == "":
        return None
    if isinstance(value, datetime.datetime):
        return timezone.localtime(value).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float, Decimal, datetime.date)):
        return value
    return str(value)


def french(value):
    """A cell as a French CSV takes it, never a formula: « 1234,50 », « 22/11/2026 »."""
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, datetime.date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, (Decimal, float)):
        return f"{value:f}".replace(".", ",")
    if isinstance(value, int):
        return str(value)
    return f"'{value}" if value.startswith(DANGEROUS) else value
