"""What the printed forms of an edition are made of: words, tables and charts, by reportlab."""

from xml.sax.saxutils import escape, quoteattr

from django.conf import settings
from reportlab.graphics.shapes import Drawing, Group, Line, Rect, String
from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import CondPageBreak, Flowable, Paragraph, Spacer, Table
from reportlab.platypus.tables import TableStyle

from crm.templatetags.french import plural
from reporting import workbook
from reporting.columns import Column
from reporting.templatetags.reporting import NUMERIC, figure, frozen_total

INK, INK_2, BRICK, BAND, HAIR, BLUE = map(
    colors.HexColor,
    (
        workbook.INK, workbook.INK_2, workbook.BRICK, workbook.BAND, workbook.HAIR,
        workbook.PLOTS[1],
    ),
)  # fmt: skip
PAGE = landscape(A4)
MARGIN = 12 * mm
ROOM = PAGE[0] - 2 * MARGIN
SANS, BOLD, SERIF = "Helvetica", "Helvetica-Bold", "Times-Roman"
BODY = ParagraphStyle("body", fontName=SANS, fontSize=9, leading=12, textColor=INK)
NOTE = ParagraphStyle("note", BODY, fontSize=8, leading=10, textColor=INK_2)
STRONG = ParagraphStyle("strong", BODY, fontName=BOLD)
WARN = ParagraphStyle("warn", BODY, fontName=BOLD, textColor=BRICK)
AMOUNT = ParagraphStyle("amount", STRONG, alignment=TA_RIGHT)
# The least and the largest size of a cell: a wide table is written smaller, and never unreadable.
SIZES = (6.2, 8.5)
LEFT, RIGHT = 3, 4  # of a cell
WRAPS = 110  # a longer text goes on several lines
# What the fonts that every reader has cannot write.
SAID = str.maketrans({
    "→": ">", "↳": "–", "●": "•", "≥": ">=", "≤": "<=", "₂": "2", "\u2212": "-",
    "\u202f": "\u00a0",
})  # fmt: skip


def printable(words):
    """The text in the characters of the standard fonts, « ? » for the few they do not have."""
    return str(words).translate(SAID).encode("cp1252", "replace").decode("cp1252")


def text(words, style=BODY):
    return Paragraph(escape(printable(words)).replace("\n", "<br/>"), style)


def marked(markup, style=BODY):
    """Words with tags of our own; what came from the data was given to `said` or to `linked`."""
    return Paragraph(markup, style)


def said(words):
    return escape(printable(words))


def linked(words, path):
    """Words that open a page of the site; plain words without an address."""
    if not path:
        return said(words)
    address = quoteattr(f"{settings.SITE_URL}{path}")
    return f"<a href={address} color='{workbook.INK}'><u>{said(words)}</u></a>"


class Look:
    """The titles of a document, in the colour of its territory."""

    def __init__(self, colour):
        self.accent = colors.HexColor(colour or workbook.BRICK)
        self.title = ParagraphStyle(
            "title", BODY, fontName=SERIF, fontSize=20, leading=24, textColor=self.accent
        )
        self.heading = ParagraphStyle(
            "heading", BODY, fontName=SERIF, fontSize=14, leading=18, textColor=self.accent
        )
        self.small = ParagraphStyle(
            "small", BODY, fontName=BOLD, fontSize=10, leading=13, textColor=self.accent
        )

    def section(self, title, parts):
        """A title never ends a page alone."""
        return [
            Spacer(1, 5 * mm),
            CondPageBreak(40 * mm),
            text(title, self.heading),
            Spacer(1, 1 * mm),
            *parts,
        ]


class Upright(Flowable):
    """A head that reads from the bottom up, over a column too narrow for its words."""

    def __init__(self, words, size=6.5):
        super().__init__()
        self.words, self.size = printable(words), size

    def wrap(self, width, height):
        return width, stringWidth(self.words, SANS, self.size) + 4

    def draw(self):
        self.canv.saveState()
        self.canv.rotate(90)
        self.canv.setFont(SANS, self.size)
        self.canv.setFillColor(colors.white)
        self.canv.drawString(2, -self.size - 1, self.words)
        self.canv.restoreState()


# Tables --------------------------------------------------------------------------------------


def sheet_parts(sheet, room=ROOM):
    """The note, the table and what it still asks for, of a `reporting.edition_reading.Sheet`."""
    parts = [text(sheet.note, NOTE), Spacer(1, 1 * mm)] if sheet.note else []
    if not sheet.count:
        return [*parts, text(sheet.empty)]
    parts.append(table(sheet, room))
    if sheet.unknown:
        told = ", ".join(
            f"{label.lower()} ({plural(number, 'ligne,lignes')})" for label, number in sheet.unknown
        )
        parts.append(
            text(f"À confirmer\u00a0: {told}. Le total est celui des montants connus.", NOTE)
        )
    return parts


def table(sheet, room=ROOM):
    lines = [line for line, _ in sheet.lines]
    columns = printed(sheet.columns, lines)
    has_total = bool(lines) and lines[-1].code == "total"
    rows = [
        [figure(column.value(line), column.format) for column in columns]
        for line in (lines[:-1] if has_total else lines)
    ]
    total = [frozen_total(column, lines[-1]) for column in columns] if has_total else None
    return grid(columns, rows, total=total, room=room)


def printed(columns, lines):
    """The columns as paper has room for them: those that only a mark fills make one, and one that
    says nothing is left out, unless it counts amounts."""
    marks = [column for column in columns if column.format == "upright"]
    found = [
        column
        for column in columns
        if column.format == "money" or any(column.value(line) is not None for line in lines)
    ]
    if not marks:
        return found
    at = columns.index(marks[0])
    before = [column for column in found if columns.index(column) < at]
    after = [column for column in found if columns.index(column) > at and column not in marks]
    return [*before, Column("Axes", Marked(marks), "wrap", 22), *after]


class Marked:
    """The heads of the columns that are marked on a row, instead of its marks."""

    def __init__(self, columns):
        self.columns = columns

    def __call__(self, line):
        if line.code == "total":
            return None
        return ", ".join(column.label for column in self.columns if column.value(line)) or None


def grid(columns, rows, *, total=None, room=ROOM, size=None):
    """Rows of text under their heads; a wide table is written smaller.

    Cells are lines of text already cut to their column: a paragraph in each would cost ten times
    as much.
    """
    least, largest = SIZES
    size = size or max(least, min(largest, 2.05 * room / sum(one.width for one in columns)))
    widths = shares(columns, rows, total, room, size)
    numeric = [i for i, column in enumerate(columns) if column.format in NUMERIC]
    heads = [
        Upright(column.label, size) if column.format == "upright"
        else cut(column.label, BOLD, size, width)
        for column, width in zip(columns, widths, strict=True)
    ]  # fmt: skip
    body = [
        [cut(cell, SANS, size, width) for cell, width in zip(row, widths, strict=True)]
        for row in rows
    ]
    look = [
        ("FONT", (0, 0), (-1, -1), SANS, size, size + 1.6),
        ("FONT", (0, 0), (-1, 0), BOLD, size, size + 1.6),
        ("TEXTCOLOR", (0, 0), (-1, -1), INK),
        ("TEXTCOLOR", (0, 0), (-1, 0), colors.white),
        ("BACKGROUND", (0, 0), (-1, 0), INK),
        ("LINEBELOW", (0, 1), (-1, -1), 0.4, HAIR),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
        ("LEFTPADDING", (0, 0), (-1, -1), LEFT),
        ("RIGHTPADDING", (0, 0), (-1, -1), RIGHT),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
        *(("ALIGN", (i, 0), (i, -1), "RIGHT") for i in numeric),
    ]
    if total:
        room_of_word = next((i for i, cell in enumerate(total) if i and cell), len(total))
        body.append(
            ["Total", *(cut(cell, BOLD, size, width)
                        for cell, width in zip(total[1:], widths[1:], strict=True))]
        )  # fmt: skip
        look += [
            ("BACKGROUND", (0, -1), (-1, -1), BAND),
            ("FONT", (0, -1), (-1, -1), BOLD, size, size + 1.6),
            ("SPAN", (0, -1), (room_of_word - 1, -1)),
            ("ALIGN", (0, -1), (0, -1), "LEFT"),
        ]
    drawn = Table([heads, *body], colWidths=widths, repeatRows=1, splitInRow=1)
    drawn.setStyle(TableStyle(look))
    return drawn


def shares(columns, rows, total, room, size):
    """The width of each column: a short one gets what it needs, the texts share the rest.

    Where too little would be left for the texts, all keep to the widths of the workbook.
    """
    whole = sum(column.width for column in columns)
    asked = [column.width / whole * room for column in columns]
    every = [*rows, total] if total else rows
    needed = [need(column, (row[i] for row in every), size) for i, column in enumerate(columns)]
    rest = room - sum(width for width in needed if width)
    texts = sum(width for width, fixed in zip(asked, needed, strict=True) if fixed is None)
    if texts and rest > max(0.5 * texts, 0.15 * room):
        return [fixed or width / texts * rest for width, fixed in zip(asked, needed, strict=True)]
    if not texts and rest >= 0:
        return [width * room / (room - rest) for width in needed]
    return asked


def need(column, cells, size):
    """In points: the longest cell on one line, and the longest word of the head; None for a text
    that goes on several lines."""
    if column.format in {"wrap", "upright"}:
        return None
    head = max(column.label.split(), key=len, default="")
    cell = max((str(cell) for cell in cells if cell), key=len, default="")
    width = max(stringWidth(printable(words), BOLD, size) for words in (head, cell))
    return width + LEFT + RIGHT + 1 if width < WRAPS else None


def cut(words, font, size, width):
    """The text on as many lines as its column needs."""
    words = printable(words)
    room = width - LEFT - RIGHT
    # Most cells are short: no need to measure each of their words.
    if len(words) * size * 0.7 < room and "\n" not in words:
        return words
    lines = []
    for line in simpleSplit(words, font, size, room):
        lines += broken(line, font, size, room)
    return "\n".join(lines)


def broken(line, font, size, room):
    """A word longer than its column goes on below."""
    while len(line) > 1 and stringWidth(line, font, size) > room:
        at = len(line) - 1
        while at > 1 and stringWidth(line[:at], font, size) > room:
            at -= 1
        yield line[:at]
        line = line[at:]
    yield line


# Charts --------------------------------------------------------------------------------------


def bars(chart, width, size=7.5):
    """The bars of the page (`reporting.charts`), at the width of a column of the paper."""
    scale = width / chart.width
    height = chart.height * scale
    drawing = Drawing(width, height)

    def y(down):
        return height - down * scale

    for bar in chart.bars:
        middle = y(bar.y + 9) - size * 0.35
        label = fitted(bar.label, chart.labels * scale, size)
        drawing.add(words(chart.labels * scale, middle, label, size, anchor="end"))
        drawing.add(block(chart.zero * scale, y(bar.y + 18), float(bar.length) * scale, 18 * scale))
        if bar.hatched:
            drawing.add(
                hatching(float(bar.hatched_x) * scale, y(bar.y + 18), float(bar.hatched) * scale,
                         18 * scale)
            )  # fmt: skip
        at = float(bar.text_x) * scale
        drawing.add(words(at, middle, fitted(bar.text, width - at, size), size, font=BOLD))
    drawing.add(Line(chart.zero * scale, 0, chart.zero * scale, height, strokeColor=INK_2,
                     strokeWidth=0.6))  # fmt: skip
    return drawing


def block(x, y, width, height, fill=BLUE):
    return Rect(x, y, width, height, fillColor=fill, strokeColor=None)


def words(x, y, said, size, *, font=SANS, anchor="start"):
    return String(x, y, said, fontName=font, fontSize=size, fillColor=INK, textAnchor=anchor)


def hatching(x, y, width, height, step=3.2):
    """What is unknown, as the page draws it: oblique strokes within their block."""
    group = Group(block(x, y, width, height, fill=BAND))
    count = int((width + height) / step) + 1
    for i in range(1, count):
        along = i * step
        start, end = max(0, along - height), min(along, width)
        if start < end:
            group.add(
                Line(x + start, y + along - start, x + end, y + along - end, strokeColor=INK_2,
                     strokeWidth=0.5)
            )  # fmt: skip
    return group


def fitted(said, room, size):
    """The words in one line of that room, cut with an ellipsis when they are too long."""
    said = printable(said)
    while said and stringWidth(said, BOLD, size) > room:
        said = said[:-2].rstrip() + "…" if said.endswith("…") else said[:-1].rstrip() + "…"
        if said == "…":
            return ""
    return said
