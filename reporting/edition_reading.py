"""An edition read back: its page and its files show this, and nothing that is read from the data.

A page that shows an edition says the same whatever became of the data since.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from operator import itemgetter

from crm.templatetags.french import euros
from reporting import charts
from reporting.columns import Column
from reporting.frozen import thawed
from reporting.gaps import by_field

DECIDE, CHANGES = "À décider", "Depuis la dernière édition"
PLAN, DEADLINES = "Plan d’actions", "Échéances"
UNSAID = {"Question": "Question posée", "Proposition": "Proposition"}
OF_PLAN = {"plan", "indicators"}
# What the elected are shown; the rest is in the annex and in the workbook.
ESSENTIAL_CHARTS = {"stages", "plan"}
ESSENTIALS = {
    "open", "investment", "jobs_created_planned", "jobs_created_observed", "requested", "granted",
    "paid", "actions",
}  # fmt: skip
# Those of the body of the pack; the others are its annex.
APART = {DECIDE, CHANGES, PLAN, DEADLINES, "Indicateurs"}


@dataclass(frozen=True)
class Line:
    """A row read back; the total comes last, under the code that the tables of the house know."""

    values: list
    code: str = ""


@dataclass(frozen=True)
class Sheet:
    title: str
    note: str
    empty: str
    columns: list
    lines: list
    count: int
    key: str = ""
    anchor: str = ""
    chart: object = None
    kind: str = ""
    bars: list = field(default_factory=list)
    unknown: list = field(default_factory=list)


@dataclass(frozen=True)
class Point:
    """One point of the committee, with amounts as numbers."""

    number: int
    title: str
    kind: str
    to_decide: bool
    held: str | None
    question: str | None
    recommendation: str | None
    amount: Decimal | None
    decision: str | None
    about: str | None
    url: str
    facts: list
    files: list
    missing: list
    lines: list
    options: list = field(default_factory=list)

    @property
    def anchor(self):
        return f"point-{self.number}"

    @property
    def unsaid(self):
        """What a committee must be told and is not; a question that these readers may not read is
        not among it."""
        lacks = {gap["field"] for gap in self.missing if gap["nature"] == "point"}
        return {label for label in ("Question", "Proposition") if UNSAID[label] in lacks}

    @property
    def at_stake(self):
        """« en jeu : 12 000 € »; a point that asks for no decision may be about no money."""
        if self.amount is None and not self.to_decide:
            return ""
        amount = euros(self.amount) if self.amount is not None else "à confirmer"
        return f"en jeu\u00a0: {amount}"


@dataclass(frozen=True)
class Shown:
    """A headline read back."""

    key: str
    label: str
    meaning: str
    value: object
    format: str
    unknown: int | None


class Reading:
    """The page of an edition, from its frozen content alone; of a draft, from one just built."""

    def __init__(self, content):
        self.content = content
        self.since = with_amounts(content["since"])
        headlines = [read_headline(line) for line in content["headlines"]]
        self.headlines = [
            (line, "") for line in headlines if not self.is_short or line.key in ESSENTIALS
        ]
        found = [read_chart(chart) for chart in content["charts"]]
        shown = [chart for chart in found if not self.is_short or chart.kind in ESSENTIAL_CHARTS]
        self.portfolio = [chart for chart in shown if chart.kind not in OF_PLAN]
        self.plan_charts = [chart for chart in shown if chart.kind in OF_PLAN]
        self.other_charts = [chart for chart in found if chart not in shown]
        self.sheets = [
            read_sheet(one, f"table-{number}")
            for number, one in enumerate(content["sections"], start=1)
        ]
        self.points = [read_point(point) for point in content.get("points", [])]
        self.missing = content.get("missing", [])

    def sheet(self, key):
        return next((sheet for sheet in self.sheets if sheet.key == key), None)

    @property
    def decide(self):
        return self.sheet(DECIDE)

    @property
    def plan(self):
        return self.sheet(PLAN)

    @property
    def indicators(self):
        return self.sheet("Indicateurs")

    @property
    def deadlines(self):
        return self.sheet(DEADLINES)

    @property
    def annex(self):
        return [sheet for sheet in self.sheets if sheet.key not in APART]

    @property
    def charts(self):
        return [*self.portfolio, *self.plan_charts]

    @property
    def is_short(self):
        return self.content.get("is_short", False)

    @property
    def to_decide(self):
        return [point for point in self.points if point.to_decide]

    @property
    def waiting(self):
        """How many points wait for a decision without being of this committee."""
        return max(0, self.decide.count - len(self.to_decide)) if self.points else 0

    @property
    def perimeter(self):
        return self.content.get("perimeter") or {"label": "Tout le territoire", "told": ""}

    @property
    def colour(self):
        return self.content.get("brand", {}).get("colour")

    @property
    def missing_of_projects(self):
        return by_field([gap for gap in self.missing if gap["nature"] == "projet"])

    @property
    def missing_of_plan(self):
        return by_field([gap for gap in self.missing if gap["nature"] == "action"])

    @property
    def definitions(self):
        return self.content["definitions"]

    @property
    def contents(self):
        """(anchor, words, count) of each part, in the order of the page."""
        found = [
            ("decide", "À décider", len(self.to_decide) or self.decide.count),
            ("depuis", "Depuis la dernière édition", None),
            ("portefeuille", "Portefeuille", None),
            ("plan", "Plan et indicateurs", None),
            ("points", "Points, un par un", len(self.points)),
            ("echeances", "Échéances", self.deadlines.count if self.deadlines else 0),
            ("annexe", "Annexe", None),
        ]
        return [one for one in found if one[0] != "points" or one[2]]


def read_headline(line):
    value = thawed(line["value"], line["format"])
    return Shown(
        line["key"], line["label"], line["meaning"], value, line["format"], line["unknown"]
    )


def read_chart(chart):
    columns = read_columns(chart["columns"])
    lines = read_lines(chart["rows"], columns)
    if chart["has_total"]:
        lines[-1] = Line(lines[-1].values, "total")
    drawn = [
        (label, None if value is None else Decimal(value), text, unknown)
        for label, value, text, unknown in chart["bars"]
    ]
    return Sheet(
        chart["title"],
        chart["foot"],
        "Aucun dossier à ce jour.",
        columns,
        [(line, "") for line in lines],
        len(lines),
        chart=charts.bars(chart["title"], drawn),
        kind=chart.get("kind", ""),
        bars=drawn,
    )


def read_sheet(section, anchor):
    columns = read_columns(section["columns"])
    lines = read_lines(section["rows"], columns)
    count = len(lines)
    if section["totals"]:
        [total] = read_lines([section["totals"]], columns)
        lines.append(Line(total.values, "total"))
    return Sheet(
        section["title"],
        section["note"],
        section["empty"],
        columns,
        [(line, "") for line in lines],
        count,
        section["key"],
        anchor,
        unknown=[
            (column["label"], number)
            for column, number in zip(section["columns"], section["unknown"] or [], strict=False)
            if number
        ],
    )


def read_columns(heads):
    return [
        Column(
            head["label"],
            lambda line, at=itemgetter(i): at(line.values),
            head["format"],
            head["width"],
        )
        for i, head in enumerate(heads)
    ]


def read_lines(rows, columns):
    formats = [column.format for column in columns]
    return [Line([*map(thawed, row, formats)]) for row in rows]


def read_point(point):
    return Point(**point | {"amount": thawed(point["amount"], "money")})


def with_amounts(since):
    """The changes with amounts as numbers, which templates write."""
    if since is None:
        return None
    return since | {
        "changes": [
            change
            | {
                "amount": thawed(change["amount"], "money"),
                "rows": [
                    row | {"amount": thawed(row["amount"], "money")} for row in change["rows"]
                ],
            }
            for change in since["changes"]
        ]
    }
