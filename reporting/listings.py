"""A list of a report before any form of it is written: what a page, a sheet and a slide share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from django.conf import settings

from reporting.columns import Column, plain
from reporting.workbook import INK, unknown_of


@dataclass
class Listing:
    """`name` is that of the sheet, which formulas refer to; `link` gives the path behind a row,
    which stands on the column `linked`. The other fields are those of `Book.table`."""

    name: str
    columns: list[Column]
    rows: list
    title: str = ""
    note: str = ""
    empty: str = "Aucune ligne à ce jour."
    total: str = ""
    ask: bool = False
    tab: str = INK
    freeze: int = 0
    head_height: float = 32
    least: float = 17
    linked: str = ""
    link: Callable | None = field(default=None, repr=False)

    def __post_init__(self):
        self.rows = list(self.rows)
        self.title = self.title or self.name

    @cached_property
    def values(self):
        """By column, then by row: each value is computed once for all the forms."""
        return [[plain(column.value(row)) for row in self.rows] for column in self.columns]

    @cached_property
    def links(self):
        """The whole address behind each row, for a file that leaves the site."""
        return [f"{settings.SITE_URL}{self.link(row)}" for row in self.rows] if self.link else []

    @property
    def totals(self):
        """Known sums of the columns that add up; None where nothing is known or nothing adds up."""
        found = []
        for column, values in zip(self.columns, self.values, strict=True):
            known = [value for value in values if value is not None] if column.total else []
            found.append(sum(known) if known else None)
        return found

    @property
    def unknown(self):
        """How many cells each column still asks for; None for those that ask nothing."""
        return [
            unknown_of(self.columns, self.values, column) if column.asks else None
            for column in self.columns
        ]

    def write(self, book):
        """The list as a sheet of its own; where it was written."""
        sheet = book.sheet(self.name, title=self.title, note=self.note, tab=self.tab)
        book.widths(sheet, self.columns)
        return book.table(
            sheet, self.columns, self.rows, values=self.values, ask=self.ask, total=self.total,
            freeze=self.freeze, empty=self.empty, head_height=self.head_height, least=self.least,
            linked=self.linked, links=self.links,
        )  # fmt: skip
