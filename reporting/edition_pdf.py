"""The PDF of an edition: the content that its page shows, in the same order, from frozen rows."""

import io
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import CondPageBreak, Flowable, Paragraph, SimpleDocTemplate, Spacer, Table
from reportlab.platypus.tables import TableStyle

from crm.templatetags.french import euros, plural
from reporting import workbook
from reporting.templatetags.reporting import NUMERIC, figure, frozen_total

INK, INK_2, BRICK, BAND, HAIR = map(
    colors.HexColor,
    (workbook.INK, workbook.INK_2, workbook.BRICK, workbook.BAND, workbook.HAIR),
)
PAGE = landscape(A4)
MARGIN = 12 * mm
ROOM = PAGE[0] - 2 * MARGIN
BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=9, leading=12, textColor=INK)
NOTE = ParagraphStyle("note", BODY, fontSize=8, leading=10, textColor=INK_2)
CELL = ParagraphStyle("cell", BODY, fontSize=6.8, leading=8.2, splitLongWords=1)
NUMBER = ParagraphStyle("number", CELL, alignment=TA_RIGHT)
HEAD = ParagraphStyle("head", CELL, fontName="Helvetica-Bold", textColor=colors.white)
HEAD_NUMBER = ParagraphStyle("head number", HEAD, alignment=TA_RIGHT)
# A table wider than that is written smaller, so that a date and a code keep to one line.
WIDE = 200
SMALL = {
    style: ParagraphStyle(f"small {style.name}", style, fontSize=size, leading=size + 1.4)
    for style, size in ((CELL, 6), (NUMBER, 6), (HEAD, 5.2), (HEAD_NUMBER, 5.2))
}
TITLE = ParagraphStyle("title", BODY, fontName="Times-Roman", fontSize=20, leading=25)
SECTION = ParagraphStyle("section", BODY, fontName="Times-Roman", fontSize=14, leading=18)
WARN = ParagraphStyle("warn", BODY, fontName="Helvetica-Bold", textColor=BRICK)
# What the fonts that every reader has cannot write.
SAID = str.maketrans(
    {"→": ">", "●": "•", "≥": ">=", "≤": "<=", "₂": "2", "\u2212": "-", "\u202f": "\u00a0"}
)
LOOK = TableStyle(
    [
        ("BACKGROUND", (0, 0), (-1, 0), INK),
        ("LINEBELOW", (0, 1), (-1, -1), 0.4, HAIR),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
    ]
)


def printable(words):
    """The text in the characters of the standard fonts, « ? » for the few they do not have."""
    return str(words).translate(SAID).encode("cp1252", "replace").decode("cp1252")


def text(words, style=BODY):
    return Paragraph(escape(printable(words)).replace("\n", "<br/>"), style)


class Upright(Flowable):
    """A head that reads from the bottom up, over a column too narrow for its words."""

    def __init__(self, words, size=6.5):
        super().__init__()
        self.words, self.size = printable(words), size

    def wrap(self, width, height):
        return width, stringWidth(self.words, "Helvetica", self.size) + 4

    def draw(self):
        self.canv.saveState()
        self.canv.rotate(90)
        self.canv.setFont("Helvetica", self.size)
        self.canv.setFillColor(colors.white)
        self.canv.drawString(2, -self.size - 1, self.words)
        self.canv.restoreState()


def pdf(reading, *, title, stamp):
    """The bytes of the PDF of a `reporting.editions.Reading`."""
    content = reading.content
    territory = content["territory"]
    heading = f"{territory['name']} · {territory['code']} · {territory['period']}"
    fiction = "DONNÉES FICTIVES · " if territory["is_demo"] else ""

    def frame(canvas, document):
        canvas.setFillColor(INK_2)
        canvas.setFont("Helvetica", 7.5)
        canvas.drawString(MARGIN, PAGE[1] - 8 * mm, printable(heading))
        canvas.drawRightString(PAGE[0] - MARGIN, PAGE[1] - 8 * mm, printable(stamp))
        foot = f"{fiction}{content['readers']['label']}"
        canvas.drawString(MARGIN, 7 * mm, printable(foot))
        canvas.drawRightString(PAGE[0] - MARGIN, 7 * mm, f"Page {document.page}")

    out = io.BytesIO()
    SimpleDocTemplate(
        out,
        pagesize=PAGE,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=13 * mm,
        bottomMargin=13 * mm,
        title=f"{title}, {stamp}",
        author="Établi",
        lang="fr-FR",
    ).build(story(reading, title, stamp), onFirstPage=frame, onLaterPages=frame)
    return out.getvalue()


def story(reading, title, stamp):
    content = reading.content
    readers = content["readers"]
    parts = [text(title, TITLE), text(f"{stamp} · {readers['label']}\u00a0: {readers['note']}.")]
    if content["territory"]["is_demo"]:
        parts.append(
            text("Territoire de démonstration\u00a0: toutes les données sont fictives.", WARN)
        )
    parts += section("À décider", sheet_parts(reading.decide))
    parts += section("Depuis la dernière édition", since_parts(reading.since))
    parts += section("Chiffres clés", [headlines(reading.headlines)])
    for chart in reading.charts:
        parts += section(chart.title, sheet_parts(chart))
    for sheet in reading.sheets:
        parts += section(sheet.title, sheet_parts(sheet))
    parts += section("Ce que veut dire chaque chiffre", [
        text(f"{label}\u00a0: {meaning}", NOTE) for label, meaning in
        [("Non montré", content["withheld"]), *reading.definitions]
    ])  # fmt: skip
    return parts


def section(title, parts):
    """A title never ends a page alone."""
    return [
        Spacer(1, 5 * mm),
        CondPageBreak(35 * mm),
        text(title, SECTION),
        Spacer(1, 1 * mm),
        *parts,
    ]


def sheet_parts(sheet):
    parts = [text(sheet.note, NOTE), Spacer(1, 1 * mm)] if sheet.note else []
    if not sheet.count:
        return [*parts, text(sheet.empty)]
    parts.append(table(sheet))
    if sheet.unknown:
        told = ", ".join(
            f"{label.lower()} ({plural(number, 'ligne,lignes')})" for label, number in sheet.unknown
        )
        parts.append(
            text(f"À confirmer\u00a0: {told}. Le total est celui des montants connus.", NOTE)
        )
    return parts


def table(sheet):
    whole = sum(column.width for column in sheet.columns)
    looks = SMALL if whole > WIDE else {style: style for style in SMALL}
    rows = [[head(column, looks) for column in sheet.columns]]
    look = []
    for line, _ in sheet.lines:
        if line.code == "total":
            cells = [frozen_total(column, line) for column in sheet.columns]
            room = next((i for i, cell in enumerate(cells) if i and cell), len(cells))
            cells[0] = "Total"
            look = [("BACKGROUND", (0, -1), (-1, -1), BAND), ("SPAN", (0, -1), (room - 1, -1))]
        else:
            cells = [figure(column.value(line), column.format) for column in sheet.columns]
        rows.append([
            text(cell, looks[NUMBER if column.format in NUMERIC and cell != "Total" else CELL])
            for cell, column in zip(cells, sheet.columns, strict=True)
        ])  # fmt: skip
    widths = [column.width / whole * ROOM for column in sheet.columns]
    drawn = Table(rows, colWidths=widths, repeatRows=1, splitInRow=1)
    drawn.setStyle(LOOK)
    drawn.setStyle(TableStyle(look))
    return drawn


def head(column, looks):
    if column.format == "upright":
        return Upright(column.label)
    return text(column.label, looks[HEAD_NUMBER if column.format in NUMERIC else HEAD])


def headlines(lines):
    rows = [[text("Chiffre", HEAD), text("Valeur", HEAD_NUMBER), text("À confirmer", HEAD_NUMBER),
             text("Ce qu’il compte", HEAD)]]  # fmt: skip
    for line, _ in lines:
        value = figure(line.value, line.format) if line.value is not None else "à confirmer"
        rows.append([
            text(line.label, CELL), text(value, NUMBER), text(line.unknown or 0, NUMBER),
            text(line.meaning, CELL),
        ])  # fmt: skip
    drawn = Table(rows, colWidths=[part * ROOM for part in (0.3, 0.16, 0.1, 0.44)], repeatRows=1)
    drawn.setStyle(LOOK)
    return drawn


def since_parts(since):
    if since is None:
        return [text("Première édition pour ces lecteurs\u00a0: rien à quoi la comparer.")]
    parts = [text(f"Depuis l’édition n°\u00a0{since['number']} du {since['drawn_on']}.", NOTE)]
    for change in since["changes"]:
        more = f", {euros(change['amount'])}" if change["amount"] is not None else ""
        unknown = f" + {change['unknown']} à confirmer" if change["unknown"] else ""
        parts.append(text(f"{change['label']}\u00a0: {change['count']}{more}{unknown}", WARN))
        for row in change["rows"]:
            amount = f", {euros(row['amount'])}" if row["amount"] is not None else ""
            parts.append(
                text(f"– {row['title']} ({row['reference']}){amount}. {row['detail']}", CELL)
            )
    return parts
