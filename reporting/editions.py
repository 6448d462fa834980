"""From figures to an edition: what is frozen of a report, and how a page reads it back.

The rows are those that the workbook was written from, in their order; a page that shows an edition
reads this content and nothing else, so that it says the same whatever became of the data.
"""

import datetime
import tomllib
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from operator import itemgetter

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from actions.models import Decision, Milestone
from funding.models import Application, with_money
from reporting import charts, committee
from reporting.columns import Column, plain
from reporting.edition_pdf import pdf
from reporting.figures import Figures
from reporting.headlines import headlines
from reporting.models import Edition, EditionFile, fingerprint
from reporting.rows import with_names
from reporting.since import compare
from reporting.views.reports import (
    FUNDERS,
    PRIORITIES,
    STAGES,
    funder_bar,
    overlap,
    priority_lines,
    project_bar,
    stage_lines,
)

FORMAT = 1
COMMITTEE = Edition.Report.COMMITTEE


class NumberTaken(Exception):
    """Someone issued an edition under this number in the meantime."""


@cache
def app_version():
    with (settings.BASE_DIR / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["project"]["version"]


# From figures to content -------------------------------------------------------------------


@dataclass(frozen=True)
class Pack:
    """The content of a report and its workbook: what an issue keeps, and a draft shows."""

    content: dict
    book: bytes
    drawn_on: datetime.date
    previous: Edition | None


def build(territory, readers, *, meeting=None, today=None, stamp=committee.DRAFT):
    """The pack as its readers may read it: with their rights, and never those of who asks."""
    figures = Figures(readers.reading(territory), territory, today)
    before = Edition.objects.last_for(territory, COMMITTEE, readers)
    traced = trace(figures)
    since = since_edition(before, traced, figures.today)
    book = committee.draw(figures, stamp=stamp, meeting=meeting, since=since)
    content = {
        "format": FORMAT,
        "territory": {
            "name": territory.name,
            "code": territory.code,
            "period": territory.period,
            "lead_body": territory.lead_body,
            "is_demo": territory.is_demo,
        },
        "meeting": meeting and {"title": str(meeting), "held_on": meeting.held_on.isoformat()},
        "readers": {"label": figures.viewer.label, "note": figures.viewer.note},
        "withheld": committee.withheld(figures),
        "headlines": [headline(line) for line in headlines(figures)],
        "charts": chart_rows(figures),
        "since": since,
        "sections": [section(table, *book.said[table.sheet]) for table in book.tables],
        "definitions": [list(pair) for pair in committee.DEFINITIONS],
        "trace": traced,
    }
    return Pack(content, book.content, figures.today, before)


def headline(line):
    return {
        "key": line.key,
        "label": line.label,
        "value": frozen(line.value),
        "format": line.format,
        "meaning": line.meaning,
        "unknown": line.unknown,
    }


def chart_rows(figures):
    """The three breakdowns of the reports page: the bars as they are drawn, and their table."""
    funders = [(line, "") for line in figures.by_funder]
    total = [(figures.total, "")]
    stages, priorities = stage_lines(figures), priority_lines(figures)
    found = [
        ("Projets et investissement prévu par étape", STAGES, stages, [], project_bar, ""),
        (
            "Investissement prévu par axe national", PRIORITIES, priorities, total, project_bar,
            overlap(figures),
        ),
        ("Aides demandées par financeur", FUNDERS, funders, [], funder_bar, ""),
    ]  # fmt: skip
    return [
        {
            "title": title,
            "foot": foot,
            "bars": [[one[0], frozen(one[1]), *one[2:]] for one in map(bar, lines)],
            "columns": heads(columns),
            "rows": [
                [frozen(column.value(line)) for column in columns] for line, _ in (*lines, *last)
            ],
            "has_total": bool(last),
        }
        for title, columns, lines, last, bar, foot in found
    ]


def section(table, title, note):
    """One table of the workbook, with its totals and what each column still has to be told."""
    rows = [list(row) for row in zip(*table.values, strict=True)]
    return {
        "key": table.sheet,
        "title": title,
        "note": note,
        "empty": table.empty,
        "columns": heads(table.columns),
        "rows": [[frozen(value) for value in row] for row in rows],
        "totals": totals(table) if rows and table.has_total else None,
        "unknown": unknown(table) if rows and table.has_total else None,
    }


def heads(columns):
    return [
        {"label": column.label.strip(), "format": column.format, "width": column.width}
        for column in columns
    ]


def totals(table):
    """Known sums of the columns that add up; None where nothing is known or nothing adds up."""
    found = []
    for column, values in zip(table.columns, table.values, strict=True):
        known = [value for value in values if value is not None] if column.total else []
        found.append(frozen(sum(known)) if known else None)
    return found


def unknown(table):
    return [table.unknown(column) if column.asks else None for column in table.columns]


def frozen(value):
    """A cell as JSON keeps it without losing a cent: amounts and dates as text."""
    value = plain(value)
    if isinstance(value, datetime.datetime):
        value = value.date()
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    return value


def trace(figures):
    """What identifies the rows, for the next edition to say what changed (`reporting.since`)."""
    projects = with_money(figures.projects).select_related("holder", "stage").order_by("pk")
    files = with_names(figures.applications.order_by("pk"))
    return {
        "projects": [
            {
                "id": row.pk,
                "reference": row.reference,
                "title": row.title,
                "holder": row.holder.name,
                "stage": row.stage.short,
                "position": row.stage.position,
                "kind": str(row.stage.kind),
                "is_done": row.stage.is_done,
                "stage_since": row.stage_since.isoformat(),
                "warn_after": row.stage.warn_days,
                "next_step": row.next_step,
                "next_step_on": frozen(row.next_step_on),
                "investment": frozen(row.planned_investment),
            }
            for row in projects
        ],
        "files": [
            {
                "id": row.pk,
                "reference": row.subject_code,
                "title": row.subject.title,
                "program": row.program.name,
                "is_accepted": row.status == Application.Status.ACCEPTED,
                "granted": frozen(row.amount_granted),
                "paid": frozen(row.amount_paid),
            }
            for row in files
        ],
        "promises": [*milestones(figures), *decisions(figures)],
    }


def milestones(figures):
    rows = Milestone.objects.filter(action__in=figures.actions).select_related("action")
    for row in rows.order_by("pk"):
        yield {
            "id": f"jalon-{row.pk}",
            "reference": row.action.code,
            "title": row.label,
            "due_on": row.due_on.isoformat(),
            "done_on": frozen(row.done_on),
            "is_live": not row.action.is_finished,
        }


def decisions(figures):
    """Decisions with a date, as their follow-up stands; one without is no promise of a day."""
    rows = Decision.objects.visible_to(figures.viewer).filter(item__territory=figures.territory)
    rows = rows.exclude(follow_up=None).select_related("follow_up", "item__meeting")
    live = set(rows.live().values_list("pk", flat=True))
    for row in rows.order_by("pk"):
        yield {
            "id": f"decision-{row.pk}",
            "reference": str(row.item.meeting or "Décision"),
            "title": row.text,
            "due_on": row.follow_up.due_on.isoformat(),
            "done_on": frozen(row.follow_up.done_at),
            "is_live": row.pk in live,
        }


def since_edition(before, traced, on):
    """What changed since an edition, or None when there is none to compare with."""
    if before is None:
        return None
    return {
        "number": before.number,
        "title": before.title,
        "drawn_on": f"{before.drawn_on:%d/%m/%Y}",
        "changes": compare(before.content["trace"], traced, on=on),
    }


# Issuing -----------------------------------------------------------------------------------


@transaction.atomic
def issue(territory, readers, *, by, title, number, meeting=None, today=None, at=None):
    """Freeze the pack under `number`; NumberTaken when someone was faster."""
    today = today or timezone.localdate()
    stamp = stamp_of(number, today)
    pack = build(territory, readers, meeting=meeting, today=today, stamp=stamp)
    said = {"territory": territory, "readers": readers, "meeting": meeting, "title": title}
    return keep(pack, **said, number=number, issued_by=by, issued_at=at or timezone.now())


def stamp_of(number, drawn_on):
    """What stands on every sheet of an edition."""
    return f"Édition n°\u00a0{number} du {drawn_on:%d/%m/%Y}"


@transaction.atomic
def keep(pack, *, number, **facts):
    """Write a pack that was built: the edition, then its files."""
    what = f"edition-{number}-{facts['readers'].value}"
    try:
        with transaction.atomic():
            edition = Edition.objects.create(
                report=COMMITTEE,
                number=number,
                drawn_on=pack.drawn_on,
                issuer=str(facts["issued_by"]),
                previous=pack.previous,
                content=pack.content,
                sha256=fingerprint(pack.content),
                app_version=app_version(),
                **facts,
            )
    except IntegrityError:
        raise NumberTaken from None
    stamp = stamp_of(number, pack.drawn_on)
    forms = {
        EditionFile.Kind.XLSX: pack.book,
        EditionFile.Kind.PDF: pdf(Reading(pack.content), title=edition.title, stamp=stamp),
    }
    for kind, content in forms.items():
        EditionFile.objects.create(
            edition=edition,
            kind=kind,
            name=committee.file_name(facts["territory"], what, pack.drawn_on, kind.value),
            content=content,
            size=len(content),
            sha256=fingerprint(content),
        )
    return edition


# From content to page ----------------------------------------------------------------------


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
    unknown: list = field(default_factory=list)


class Reading:
    """The page of an edition, from its frozen content alone; of a draft, from one just built."""

    def __init__(self, content):
        self.content = content
        self.since = with_amounts(content["since"])
        self.headlines = [(read_headline(line), "") for line in content["headlines"]]
        self.charts = [read_chart(chart) for chart in content["charts"]]
        sheets = [
            read_sheet(one, f"table-{number}")
            for number, one in enumerate(content["sections"], start=1)
        ]
        self.decide = next(sheet for sheet in sheets if sheet.key == "À décider")
        apart = {"À décider", committee.SINCE}
        self.sheets = [sheet for sheet in sheets if sheet.key not in apart]

    @property
    def definitions(self):
        return self.content["definitions"]


@dataclass(frozen=True)
class Shown:
    """A headline read back."""

    label: str
    meaning: str
    value: object
    format: str
    unknown: int | None


def read_headline(line):
    value = thawed(line["value"], line["format"])
    return Shown(line["label"], line["meaning"], value, line["format"], line["unknown"])


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
    return [
        Line([thawed(value, column.format) for value, column in zip(row, columns, strict=True)])
        for row in rows
    ]


def thawed(value, form):
    """A cell as a page formats it."""
    if value is None:
        return None
    if form in {"money", "integer", "number", "percent"}:
        return Decimal(value)
    if form == "month":
        return f"{datetime.date.fromisoformat(value):%m/%Y}"
    return datetime.date.fromisoformat(value) if form == "date" else value


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


def between(before, after):
    """What changed between two editions for the same readers, from their frozen rows."""
    return with_amounts(since_edition(before, after.content["trace"], after.drawn_on))
