"""A grid and a reading → the sheets of a return, as its page and its workbook say them."""

from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from reporting.columns import plain
from reporting.figures import Figures
from reporting.returns import fields
from reporting.returns.records import BY_EPCI, Context, Record

UNPLACED = "EPCI à confirmer"
SEPARATOR = ", "
NUMBERS = {"money", "integer", "number"}


@dataclass(frozen=True)
class DrawnColumn:
    """One column of a sheet as it is written; a spread one is of one code."""

    key: str
    name: str
    label: str
    format: str
    width: float
    required: bool
    unit: str
    definition: str
    source: fields.Source
    codes: dict
    code: str | None = None

    @property
    def is_summed(self):
        return self.source.is_summed and self.format in NUMBERS

    def concerns(self, record):
        return record.kind in self.source.of

    def asks(self, record):
        """Whether an empty cell of this row is an unknown, rather than nothing to say yet."""
        return self.source.expects is None or self.source.expects(record.of)


@dataclass
class Row:
    record: Record
    cells: list


@dataclass(frozen=True)
class Untold:
    """A code of ours that the grid does not translate."""

    record: Record
    column: DrawnColumn
    code: str


@dataclass
class DrawnSheet:
    key: str
    title: str
    note: str
    columns: list
    rows: list = field(default_factory=list)

    def column(self, source):
        """The first column of a source, with its place; (None, None) when the sheet has none."""
        found = ((at, one) for at, one in enumerate(self.columns) if one.source.key == source)
        return next(found, (None, None))

    def counted(self):
        """The rows that enter the totals, each thing once: a fiche with two codes is one fiche,
        and a sub-action is told within its fiche."""
        seen, kept = set(), []
        here = {row.record.of.pk for row in self.rows if row.record.kind == fields.ACTION}
        for row in self.rows:
            record = row.record
            thing = record.key.removesuffix(record.part)
            is_part = record.kind == fields.ACTION and record.of.parent_id in here
            if record.is_counted and not is_part and thing not in seen:
                seen.add(thing)
                kept.append(row)
        return kept

    def totals(self):
        """[(column, place, sum of what is known or None, rows that should say it and do not)]."""
        rows, found = self.counted(), []
        for at, column in enumerate(self.columns):
            if column.is_summed:
                mine = [row for row in rows if column.concerns(row.record)]
                known = [row.cells[at] for row in mine if row.cells[at] is not None]
                total = sum(known, Decimal(0)) if known else None
                asked = [row for row in mine if row.cells[at] is None and column.asks(row.record)]
                found.append((column, at, total, len(asked)))
        return found


class Return:
    """A return of a territory as a reading may read it, on the day of the figures."""

    def __init__(self, grid, reading, *, name, today=None, limit=None):
        self.grid, self.reading, self.name = grid, reading, name
        self.territory = reading.territory
        self.figures = Figures(reading, self.territory, today)
        self.context = Context(self.figures)
        self.limit = limit
        self.untold = []

    @cached_property
    def sheets(self):
        return [drawn for sheet in self.grid["sheets"] for drawn in self._draw(sheet)]

    def _draw(self, sheet):
        columns = [one for column in sheet["columns"] for one in self._columns(column)]
        records = self.context.records(sheet)
        if sheet["by_epci"] and sheet["rows"] in BY_EPCI:
            yield from self._by_epci(sheet, columns, records)
        else:
            yield self._sheet(sheet["key"], sheet["title"], sheet["note"], columns, records)

    def _by_epci(self, sheet, columns, records):
        """A sheet an EPCI, in their order, then what nobody placed."""
        titles = set()
        for epci in self.territory.epcis.order_by("name"):
            mine = [one for one in records if one.is_everywhere or epci.pk in one.epcis]
            title = sheet_title(epci.short_name, titles)
            note = f"{epci.name}. {sheet['note']}".strip()
            yield self._sheet(f"{sheet['key']}-{epci.pk}", title, note, columns, mine)
        inside = set(self.territory.epcis.values_list("pk", flat=True))
        rest = [one for one in records if not one.is_everywhere and not inside & set(one.epcis)]
        if rest:
            note = "Sans commune connue, ou hors du territoire : à compléter."
            yield self._sheet(f"{sheet['key']}-", UNPLACED, note, columns, rest)

    def _sheet(self, key, title, note, columns, records):
        drawn = DrawnSheet(key, title, note, columns)
        for record in records[: self.limit]:
            self.context.part = f"{record.of.pk}{record.part}" if record.part else ""
            drawn.rows.append(Row(record, [self._cell(one, record) for one in columns]))
        return drawn

    def _columns(self, column):
        source = fields.get(column["source"])
        if source is None:  # an old grid names what Établi no longer reads
            return []
        said = {
            "source": source,
            "codes": column["codes"],
            "width": source.width,
            **{name: column[name] for name in ("required", "unit", "definition", "format")},
        }
        if not source.is_spread:
            return [DrawnColumn(column["key"], column["name"], column["label"], **said)]
        return [
            DrawnColumn(
                f"{column['key']}:{code}",
                f"{column['name']}_{code}",
                column["codes"].get(code) or f"{column['label']} : {short}",
                code=code,
                **said,
            )
            for code, short in self._spread(source)
        ]

    def _spread(self, source):
        """The priorities of the figures: those of the territory, and the retired ones in use."""
        if source.key == "axe_each":
            return [(priority.pk, priority.short) for priority in self.figures.priorities]
        return source.codes(self.territory)

    def _cell(self, column, record):
        value = column.source.read(record, self.context)
        if column.code is not None:
            return None if value is None else int(column.code in value)
        if isinstance(value, list):
            told = [self._told(column, record, one) for one in value]
            return plain(SEPARATOR.join(one for one in told if one))
        return plain(self._told(column, record, value))

    def _told(self, column, record, value):
        """In the words of the recipient, where the grid translates our codes."""
        if not column.codes or value in (None, ""):
            return value
        told = column.codes.get(str(value))
        if not told:
            self.untold.append(Untold(record, column, str(value)))
        return told or None


def sheet_title(name, taken):
    """A name that a spreadsheet takes, once."""
    base = "".join(" " if sign in "[]:*?/\\" else sign for sign in name).strip("' ")[:28]
    title, number = base, 1
    while title.casefold() in taken:
        number += 1
        title = f"{base[:26]} {number}"
    taken.add(title.casefold())
    return title
