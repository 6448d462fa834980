"""A chart as data: what a page draws, a table shows, a spreadsheet writes and a pack takes."""

from dataclasses import dataclass, field
from decimal import Decimal

from crm.templatetags.french import MINUS, NBSP, decimal, euros, number
from reporting.columns import Column


@dataclass(frozen=True)
class Head:
    """A column of figures; those that are `drawn` are the series of the chart.

    `format` is integer, money, number, percent or days. `asks` says that a figure may lack rows.
    """

    key: str
    label: str
    format: str = "integer"
    drawn: bool = False
    asks: bool = False
    width: float = 14


@dataclass(frozen=True)
class Cell:
    """A figure, the address of its rows, how many rows do not say theirs, and what it rests on.

    `value` is None when nobody knows it, or when there is nothing to tell.
    """

    value: Decimal | int | None = None
    url: str = ""
    unknown: int = 0
    unknown_url: str = ""
    note: str = ""


@dataclass(frozen=True)
class Line:
    code: str
    label: str
    cells: dict = field(default_factory=dict)
    url: str = ""

    def value(self, key):
        return self.cells[key].value


@dataclass(frozen=True)
class Chart:
    """`lines` in the order of the drawing; `total`, under the table, is never drawn.

    `kind` is bars, or months for a line each month. With a `common` scale, the series compare.
    `notes` say what bites in reading it; `empty` is the sentence instead of a drawing.
    """

    key: str
    title: str
    by: str
    said: str
    heads: tuple
    lines: list
    total: Line | None = None
    kind: str = "bars"
    common: bool = False
    notes: tuple = ()
    empty: str = ""

    @property
    def drawn(self):
        return [head for head in self.heads if head.drawn]

    @property
    def labels(self):
        return [line.label for line in self.lines]

    def values(self, key):
        return [line.value(key) for line in self.lines]

    @property
    def series(self):
        """(label, format, values) of each series, for a native chart."""
        return [(head.label, head.format, self.values(head.key)) for head in self.drawn]

    @property
    def bars(self):
        """What `reporting.charts.bars` draws: the first series, its amounts in full."""
        head = self.drawn[0]
        return [
            (line.label, cell.value, full(cell, head), cell.unknown)
            for line in self.lines
            for cell in (line.cells[head.key],)
        ]

    @property
    def rows(self):
        """All that the table shows: the lines, then the total."""
        return [*self.lines, *([self.total] if self.total else [])]

    @property
    def columns(self):
        """The table as a spreadsheet takes it; what is unknown has a column of its own."""
        found = [Column(self.by, lambda line: line.label, "text", 34)]
        for head in self.heads:
            found.append(column(head))
            if head.asks:
                found.append(asked(head))
        return found


def column(head):
    form = "number" if head.format == "days" else head.format
    return Column(
        head.label, lambda line: line.cells[head.key].value, form, head.width, name=head.key
    )


def asked(head):
    return Column(
        f"{head.label}, à confirmer",
        lambda line: line.cells[head.key].unknown,
        "integer",
        12,
        name=f"{head.key}_unknown",
    )


def written(value, form):
    """A figure with its unit, in full: « 1 234 567 € », « 33,3 % », « 45 j »."""
    if value is None:
        return ""
    if form == "money":
        return euros(value)
    unit = {"percent": f"{NBSP}%", "days": f"{NBSP}j"}.get(form, "")
    return f"{decimal(value)}{unit}"


def full(cell, head):
    """« 5 400 000 € + 1 à confirmer », « 2 à confirmer », « 33 % (4 sur 12) »."""
    said = written(cell.value, head.format)
    if cell.unknown:
        to_ask = f"{cell.unknown} à confirmer"
        said = f"{said} + {to_ask}" if said else to_ask
    return f"{said or 'rien'} ({cell.note})" if cell.note else said or "rien"


def short(cell, head):
    """The same where there is little room: « 5,4 M€ »."""
    if cell.value is None:
        return "à confirmer" if cell.unknown else "–"
    if head.format != "money":
        return written(cell.value, head.format)
    value = abs(Decimal(cell.value))
    for unit, size in (("M€", 1_000_000), ("k€", 1_000)):
        if value >= size:
            scaled = Decimal(cell.value) / size
            places = 1 if value < 100 * size and unit == "M€" else 0
            text = number(scaled, places).removesuffix(",0")
            return f"{text}{NBSP}{unit}".replace("-", MINUS)
    return euros(cell.value)
