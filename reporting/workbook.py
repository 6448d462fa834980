"""Workbooks of the house: formats, a sheet under its title, print set-up, totals that add up.

Cached values go with each formula, so that a preview which does not compute shows the figures.
"""

import datetime
from dataclasses import dataclass, field
from decimal import Decimal
from io import BytesIO

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name, xl_range_abs, xl_rowcol_to_cell

from reporting.columns import plain

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

INK, INK_2, BRICK = "#1D2A39", "#475465", "#A94A28"
BAND, BAND_BRICK, HAIR = "#F4F1EA", "#F9ECE3", "#CFC7B8"
PLOTS = ("#1D2A39", "#50637A", "#8496A9", "#B9C4CF")
FONT = "Calibri"
NBSP = "\u00a0"
# A comma in a format groups by whatever the reader’s software uses; this says French to those
# that would otherwise follow the language of the machine.
FRENCH = "[$-40C]"

# No cell of a received text may become a formula or a link.
OPTIONS = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "remove_timezone": True,
    "default_date_format": "dd/mm/yyyy",
}

KINDS = {
    "text": {"align": "left", "indent": 1},
    "wrap": {"align": "left", "indent": 1, "text_wrap": True},
    "code": {"num_format": "@", "align": "left", "indent": 1},
    "upright": {"align": "center"},
    "date": {"num_format": "dd/mm/yyyy", "align": "center"},
    "month": {"num_format": "mm/yyyy", "align": "center"},
    "money": {"num_format": f"{FRENCH}#,##0{NBSP}€"},
    "integer": {"num_format": f"{FRENCH}#,##0"},
    "number": {"num_format": f"{FRENCH}General"},
    "percent": {"num_format": f"0{NBSP}\\%"},
    # Of what is unknown, nought is the quiet answer.
    "unknown": {"num_format": "#,##0;;–"},
}
HEADS = {
    "upright": {
        "rotation": 90,
        "align": "center",
        "valign": "bottom",
        "text_wrap": False,
        "indent": 0,
        "font_size": 9,
        "bold": False,
    },
    "date": {"align": "center", "indent": 0},
    "month": {"align": "center", "indent": 0},
} | dict.fromkeys(("money", "integer", "number", "percent"), {"align": "right", "indent": 0})
ROLES = {
    "cell": {"valign": "vcenter", "bottom": 1, "bottom_color": HAIR},
    "head": {
        "bold": True, "font_color": "#FFFFFF", "bg_color": INK, "text_wrap": True,
        "valign": "vcenter", "border": 1, "border_color": INK,
    },
    "ask": {
        "bold": True, "font_color": "#FFFFFF", "bg_color": BRICK, "text_wrap": True,
        "valign": "vcenter", "border": 1, "border_color": BRICK,
    },
    "total": {"bold": True, "bg_color": BAND, "top": 1, "top_color": INK, "valign": "vcenter"},
    "blank": {"italic": True, "bg_color": BAND, "font_color": INK_2, "valign": "vcenter"},
    "title": {"bold": True, "font_size": 16, "font_color": INK},
    "heading": {"bold": True, "font_size": 12, "font_color": INK, "bottom": 1, "bottom_color": INK},
    "note": {"font_color": INK_2, "valign": "top"},
    "warning": {
        "bold": True, "font_color": BRICK, "bg_color": BAND_BRICK, "text_wrap": True,
        "valign": "vcenter",
    },
    "link": {
        "valign": "vcenter", "bottom": 1, "bottom_color": HAIR, "font_color": INK, "underline": 1,
    },
    "plain": {"valign": "top"},
}  # fmt: skip

# The same kinds for lists that are worked on rather than printed.
FORMATS = KINDS | {"head": ROLES["head"]}


@dataclass
class Table:
    """Where a table was written: what formulas of other sheets refer to (rows from zero)."""

    sheet: str
    columns: list
    first: int
    last: int
    left: int = 0
    index: dict = field(default_factory=dict)
    values: list = field(default_factory=list)
    empty: str = ""
    has_total: bool = False

    def column(self, label):
        """The absolute range of a column, « 'Projets'!$L$5:$L$44 »; one empty row if none."""
        at = self.left + self.index[label]
        cells = xl_range_abs(self.first, at, max(self.first, self.last), at)
        return f"'{self.sheet}'!{cells}"

    def unknown(self, column):
        return unknown_of(self.columns, self.values, column)


def unknown_of(columns, values, column):
    """How many cells of a column that asks are empty, where it asks."""
    cells = values[columns.index(column)]
    if column.asks is True:
        return cells.count(None)
    name, wanted = column.asks
    others = next(
        other for one, other in zip(columns, values, strict=True) if name in {one.label, one.name}
    )
    return sum(
        value is None and other == wanted for value, other in zip(cells, others, strict=True)
    )


class Book:
    """A workbook in memory; `with Book(...) as book:` then `book.content`.

    `stamp` says on each sheet what the file is worth: a draft, or which edition.
    """

    def __init__(
        self, *, heading, confidentiality, drawn_on, title, subject="", stamp="", accent=None
    ):
        self.buffer = BytesIO()
        self.heading = heading
        self.confidentiality = confidentiality
        self.drawn_on = drawn_on
        self.stamp = stamp
        # The colour of the territory, for the titles; what needs a decision keeps the brick.
        self.accent = accent or INK
        self.book = xlsxwriter.Workbook(self.buffer, {"in_memory": True, **OPTIONS})
        self.book.set_properties({"title": title, "subject": subject, "author": "Établi"})
        # Software that trusts the cache shows the cached values; the others compute anew.
        self.book.set_calc_mode("auto")
        self._formats = {}

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.book.close()

    @property
    def content(self):
        return self.buffer.getvalue()

    def format(self, role="cell", kind="text", **extra):
        key = (role, kind, *sorted(extra.items()))
        if key not in self._formats:
            base = {"font_name": FONT, "font_size": 10, "font_color": INK}
            spec = base | KINDS[kind] | ROLES[role] | extra
            if role == "title":
                spec["font_color"] = self.accent
            self._formats[key] = self.book.add_format(spec)
        return self._formats[key]

    def sheet(self, name, *, title="", note="", tab=INK, paper=9):
        """A sheet set to print: A4 landscape, one page wide, who, when and page n/N."""
        sheet = self.book.add_worksheet(name)
        sheet.hide_gridlines(2)
        sheet.set_tab_color(tab)
        sheet.set_landscape()
        sheet.set_paper(paper)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4, top=0.65, bottom=0.6)
        said = [_printed(text) for text in (self.heading, name)]
        stamp = f'&C&"{FONT},Bold"&14&K{BRICK[1:]}{_printed(self.stamp)}' if self.stamp else ""
        sheet.set_header(f"&L&9{said[0]}{stamp}&R&9{said[1]}")
        sheet.set_footer(
            f"&L&8Édité le {self.drawn_on:%d/%m/%Y}&C&8{_printed(self.confidentiality)}"
            f"&R&8Page &P / &N"
        )
        if title:
            sheet.write_string(0, 0, self.stamped(title), self.format("title"))
            sheet.set_row(0, 24)
        if note:
            sheet.write_string(1, 0, note, self.format("note"))
        return sheet

    def stamped(self, title):
        """The title on screen, where no header of the print is seen."""
        return f"{title} · {self.stamp}" if self.stamp else title

    def table(
        self, sheet, columns, rows, *, row=3, left=0, ask=False, total="", filters=True, freeze=0,
        empty="Aucune ligne à ce jour.", head_height=32, least=17, values=None, linked="", links=(),
    ):  # fmt: skip
        """Write heads, rows and totals; return where they stand.

        `freeze` columns stay in sight with the heads, which are repeated on each page; `least` is
        the least height of a row, in points; `values`, by column, spare computing them again;
        `links` are the addresses behind the cells of the column `linked`.
        """
        rows = list(rows)
        at = Table(sheet.get_name(), columns, row + 1, row + len(rows), left)
        at.index = {column.name or column.label: i for i, column in enumerate(columns)}
        at.index |= {column.label: i for i, column in enumerate(columns)}
        sheet.set_row(row, head_height)
        for i, column in enumerate(columns):
            form = self.format("ask" if ask else "head", **HEADS.get(column.format, {}))
            sheet.write_string(row, left + i, column.label, form)
        if values is None:
            values = [[plain(column.value(item)) for item in rows] for column in columns]
        at.values, at.empty, at.has_total = values, empty, bool(total)
        self._rows(sheet, columns, values, row + 1, left, least)
        if links:
            column, form = left + at.index[linked], self.format("link")
            for i, (value, url) in enumerate(zip(values[at.index[linked]], links, strict=True)):
                sheet.write_url(row + 1 + i, column, url, form, str(value or url))
        if not rows:
            sheet.write_string(row + 1, left, empty, self.format("note", italic=True))
        if filters and rows:
            sheet.autofilter(row, left, row + len(rows), left + len(columns) - 1)
        if freeze:
            sheet.freeze_panes(row + 1, freeze)
            sheet.repeat_rows(row)
        if total and rows:
            self._totals(sheet, at, values, total)
        return at

    def widths(self, sheet, columns, left=0):
        for i, column in enumerate(columns):
            sheet.set_column(left + i, left + i, column.width)

    def _rows(self, sheet, columns, values, first, left, least):
        heights = [1] * len(values[0])
        for i, (column, cells) in enumerate(zip(columns, values, strict=True), start=left):
            form = self.format("cell", column.format)
            for at, value in enumerate(cells, start=first):
                write(sheet, at, i, value, form)
            if column.format == "wrap":
                lines = (_lines(value, column.width) for value in cells)
                heights = [*map(max, heights, lines)]
        for at, lines in enumerate(heights, start=first):
            sheet.set_row(at, max(least, 4 + 13 * lines))

    def _totals(self, sheet, at, values, label):
        """SUBTOTAL follows the filters of the reader; below, what is still to be known."""
        total, blank = at.last + 1, at.last + 2
        asks = [column for column in at.columns if column.asks]
        for i, (column, cells) in enumerate(zip(at.columns, values, strict=True)):
            place = xl_range_abs(at.first, at.left + i, at.last, at.left + i)
            form = self.format("total", column.format)
            if column.total:
                known = sum(value for value in cells if value is not None)
                sheet.write_formula(total, at.left + i, f"=SUBTOTAL(9,{place})", form, known)
            else:
                sheet.write_blank(total, at.left + i, None, form)
            if column.asks:
                form = self.format(
                    "blank",
                    "integer",
                    num_format='+ # "à confirmer";;"complet"',
                    align="right",
                    font_size=9,
                )
                formula, unknown = self._blanks(at, column, place)
                sheet.write_formula(blank, at.left + i, formula, form, unknown)
            elif asks:
                sheet.write_blank(blank, at.left + i, None, self.format("blank"))
        sheet.write_string(total, at.left, label, self.format("total"))
        sheet.set_row(total, 20)

    @staticmethod
    def _blanks(at, column, place):
        """(formula, value): the empty cells of a column, where it asks."""
        if column.asks is True:
            return f"=COUNTBLANK({place})", at.unknown(column)
        name, wanted = column.asks
        where = at.column(name).split("!")[1]
        return f'=COUNTIFS({where},"{wanted}",{place},"")', at.unknown(column)

    def bars(
        self, sheet, at, *, title, series, categories, width=700, height=300, offset=0, money=False
    ):
        """A native chart beside its table: horizontal bars, labelled, without useless lines."""
        chart = self.book.add_chart({"type": "bar"})
        font = {"name": FONT, "size": 9, "color": INK}
        form = f"{FRENCH}#,##0{NBSP}€;;" if money else "#,##0;;"
        for (name, values), colour in zip(series, PLOTS, strict=False):
            chart.add_series(
                {
                    "name": name,
                    "categories": f"={categories}",
                    "values": f"={values}",
                    "fill": {"color": colour},
                    "gap": 45,
                    "data_labels": {"value": True, "font": font, "num_format": form},
                }
            )
        quiet = {"num_font": font, "line": {"color": HAIR}, "major_tick_mark": "none",
                 "major_gridlines": {"visible": False}}  # fmt: skip
        # Bars are drawn from the bottom up: reversed, they follow the table.
        chart.set_y_axis(quiet | {"reverse": True})
        chart.set_x_axis(quiet | {"visible": False})
        chart.set_title({"name": title, "name_font": font | {"size": 11, "bold": True}})
        several = {"position": "bottom", "font": font}
        chart.set_legend(several if len(series) > 1 else {"none": True})
        chart.set_chartarea({"border": {"none": True}})
        chart.set_size({"width": width, "height": height})
        sheet.insert_chart(
            at, chart, {"object_position": 1, "description": title, "x_offset": offset}
        )


def write(sheet, row, column, value, form):
    """One cell of a known type; the unknown is an empty cell, never 0."""
    if value is None:
        sheet.write_blank(row, column, None, form)
    elif isinstance(value, str):
        sheet.write_string(row, column, value, form)
    elif isinstance(value, (datetime.date, datetime.datetime)):
        sheet.write_datetime(row, column, value, form)
    else:
        sheet.write_number(row, column, float(value) if isinstance(value, Decimal) else value, form)


def cell(row, column, *, sheet=""):
    address = xl_rowcol_to_cell(row, column, row_abs=True, col_abs=True)
    return f"'{sheet}'!{address}" if sheet else address


def letter(column):
    return xl_col_to_name(column)


def _lines(text, width):
    """How many lines a wrapped text takes; 1.12 characters a unit of width at 10 points."""
    if text is None:
        return 1
    text, room = str(text), max(1, int(width * 1.12))
    if len(text) <= room and "\n" not in text:
        return 1
    return sum(max(1, -(-len(line) // room)) for line in text.splitlines())


def _printed(text):
    """A header reads « & » as a command."""
    return str(text).replace("&", "&&")
