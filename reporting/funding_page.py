"""The figures of funding as their page shows them: each with the address of its rows."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from crm.templatetags.french import euros
from funding.aid_counts import MEASURES
from reporting import charts
from reporting.columns import Column

AMOUNTS = [
    Column(word.capitalize(), lambda line, name=name: getattr(line, name), "money", 16, name=name)
    for name, word in MEASURES.items()
]
COLUMNS = [
    Column("Dossiers", lambda line: line.count, "integer", 10, name="count"),
    *AMOUNTS,
    Column("Taux de succès", lambda line: line.success_rate, "percent", 12, name="decided"),
    Column("Taux en euros", lambda line: line.euro_rate, "percent", 12, name="priced"),
    Column("Délai médian (j)", lambda line: line.median_days, "number", 12, name="timed"),
]
BESIDE = {"page", "among", "order", "status"}


@dataclass(frozen=True)
class Cell:
    """One figure, the list of its rows, what it is a share of, and how many rows do not say."""

    column: Column
    line: object
    url: str = ""
    note: str = ""
    unknown: int = 0
    unknown_url: str = ""


@dataclass(frozen=True)
class Breakdown:
    key: str
    title: str
    by: str
    rows: list
    chart: charts.Bars | None = None
    foot: str = ""


class Page:
    """Figures and their addresses, under the filters that `query` (of the page) holds."""

    def __init__(self, figures, query):
        self.figures = figures
        self.kept = {
            name: values
            for name, values in query.lists()
            if name not in BESIDE and any(value.strip() for value in values)
        }

    def address(self, line, *among):
        """The list of the files of a line, under the filters of the page."""
        filters = self.kept | line.opens
        both = [code for code in (filters.get("among"), *among) if code]
        filters = {name: value for name, value in filters.items() if name != "among"}
        query = urlencode(filters | ({"among": both} if both else {}), doseq=True)
        return f"{reverse('funding:application_list')}{'?' if query else ''}{query}"

    def cells(self, line):
        return [self.cell(column, line) for column in COLUMNS]

    def cell(self, column, line):
        name = column.name
        if name == "count":
            return Cell(column, line, self.address(line))
        url = "" if column.value(line) is None else self.address(line, name)
        unknown, asked = {
            "decided": (0, ""),
            "priced": (line.unpriced, "unpriced"),
            "timed": (line.untimed, "untimed"),
        }.get(name) or (getattr(line, f"{name}_unknown"), f"{name}_unknown")
        to_ask = self.address(line, asked) if unknown else ""
        return Cell(column, line, url, note(name, line), unknown, to_ask)

    @property
    def total(self):
        return self.cells(self.figures.total)

    @property
    def breakdowns(self):
        figures = self.figures
        return [
            self.breakdown("financeur", "Par financeur", "Financeur", figures.by_funder),
            self.breakdown("epci", "Par EPCI", "EPCI", figures.by_epci, "EPCI"),
            self.breakdown("axe", "Par axe national", "Axe", figures.by_priority, "axes"),
            self.breakdown(
                "depot", "Par année de dépôt", "Déposés en", figures.by_filing_year, chart=False
            ),
            self.breakdown(
                "decision",
                "Par année de décision",
                "Décidés en",
                figures.by_decision_year,
                chart=False,
            ),
        ]

    def breakdown(self, key, title, by, lines, several="", *, chart=True):
        again = sum(line.count for line in lines) - self.figures.total.count
        return Breakdown(
            key,
            title,
            by,
            [(line, self.cells(line)) for line in lines],
            charts.bars(title, map(bar, lines)) if chart and lines else None,
            overlap(again, several) if several else "",
        )


def bar(line):
    """Asked, and within it granted and paid."""
    text = charts.known(line.requested, line.requested_unknown)
    if line.granted is not None:
        text = f"{euros(line.requested or 0)} → {euros(line.granted)}"
    values = (line.granted or 0, line.paid or 0)
    return line.label, line.requested, text, line.requested_unknown, *values


def note(name, line):
    """What a share is a share of."""
    if name == "decided":
        return f"{line.accepted} sur {line.decided}" if line.decided else "aucune décision"
    if name == "priced" and line.priced_requested:
        return f"de {euros(line.priced_requested)}"
    if name == "timed" and line.timed:
        return f"sur {line.timed} dossier{'s' if line.timed > 1 else ''}"
    return ""


def overlap(again, several):
    """Files that stand in two lines: the lines then add up to more than the total."""
    if again <= 0:
        return ""
    times = "une fois de plus" if again == 1 else f"{again} fois de plus"
    return (
        f"Des dossiers relèvent de plusieurs {several} et y sont comptés {times} ; "
        "le total compte chaque dossier une fois."
    )
