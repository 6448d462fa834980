"""The pack of the elected, printed: two pages of A4 upright, the points to decide first."""

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import KeepInFrame, PageBreak, Spacer, Table
from reportlab.platypus.tables import TableStyle

from crm.templatetags.french import day, euros, plural
from reporting.columns import Column
from reporting.edition_pdf import head, laid_out
from reporting.edition_print import (
    BAND,
    BODY,
    BOLD,
    HAIR,
    MARGIN,
    NOTE,
    STRONG,
    Look,
    bars,
    grid,
    linked,
    marked,
    said,
    text,
)
from reporting.plain_words import sentence, shortened, some
from reporting.templatetags.reporting import figure

ROOM = A4[0] - 2 * MARGIN
# A page between its head and its foot.
HEIGHT = A4[1] - 26 * mm
POINTS, NAMED, SOON = 6, 3, 8
VALUE = ParagraphStyle("value", BODY, fontName=BOLD, fontSize=15, leading=18)
DATES = [
    Column("Date", None, "wrap", 14),
    Column("Quoi", None, "wrap", 26),
    Column("Objet", None, "wrap", 70),
]


def pdf(reading, *, title, stamp, logo=None):
    look = Look(reading.colour)
    pages = [
        head(reading, look, title, stamp, logo, ROOM) + to_decide(reading, look)
        + moved(reading, look),
        essentials(reading, look) + soon(reading, look) + missing(reading, look),
    ]  # fmt: skip
    parts = []
    for page in pages:
        # What would not hold on its page is written a little smaller.
        parts += [KeepInFrame(ROOM, HEIGHT, page, mode="shrink", vAlign="TOP"), PageBreak()]
    return laid_out(parts[:-1], reading, A4, title=title, stamp=stamp)


def to_decide(reading, look):
    parts = [Spacer(1, 4 * mm), text("À décider aujourd’hui", look.heading)]
    points = reading.to_decide
    if not points:
        return [*parts, text("Aucun point de cette réunion n’attend de décision.")]
    for point in points[:POINTS]:
        amount = euros(point.amount) if point.amount is not None else "montant à confirmer"
        parts += [
            Spacer(1, 2.5 * mm),
            marked(f"{point.number}. {linked(point.title, point.url)} – {said(amount)}", STRONG),
        ]
        if point.about:
            parts.append(text(point.about, NOTE))
        if point.question or "Question" in point.unsaid:
            parts.append(text(shortened(point.question or "Question à préciser.", 260)))
        if point.options:
            options = shortened("\u00a0; ".join(point.options), 260)
            parts.append(marked(f"<b>Options\u00a0:</b> {said(options)}"))
        proposal = shortened(point.recommendation or "à confirmer", 260)
        parts.append(marked(f"<b>Proposition\u00a0:</b> {said(proposal)}"))
        if point.missing:
            lacks = ", ".join(gap["field"].lower() for gap in point.missing[:6])
            parts.append(text(f"Informations manquantes\u00a0: {lacks}.", NOTE))
    more = len(points) - POINTS + reading.waiting
    if more > 0:
        told = plural(more, "autre point se trouve,autres points se trouvent")
        parts.append(text(f"{told} dans le dossier à l’écran.", NOTE))
    return parts


def moved(reading, look):
    parts = [Spacer(1, 5 * mm)]
    since = reading.since
    if since is None:
        return [
            *parts,
            text("Ce qui a changé", look.heading),
            text("Premier dossier pour ces lecteurs\u00a0: rien à quoi le comparer."),
        ]
    parts.append(text(f"Ce qui a changé depuis le {since['drawn_on']}", look.heading))
    for change in since["changes"]:
        names = f"\u00a0: {some(change['rows'], NAMED)}" if change["rows"] else ""
        parts.append(text(f"• {sentence(change).capitalize()}{names}."))
    return parts


def essentials(reading, look):
    cells = [tile(line) for line, _ in reading.headlines]
    rows = [cells[:4], cells[4:]]
    tiles = Table(rows, colWidths=[ROOM / 4] * 4)
    tiles.setStyle(
        TableStyle([
            ("BACKGROUND", (0, 0), (-1, -1), BAND),
            ("INNERGRID", (0, 0), (-1, -1), 3, "#FFFFFF"),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEABOVE", (0, 0), (-1, 0), 0.6, HAIR),
        ])
    )  # fmt: skip
    parts = [text("L’essentiel", look.heading), Spacer(1, 2 * mm), tiles]
    for chart in reading.charts:
        if chart.count:
            parts += [Spacer(1, 4 * mm), text(chart.title, look.small), bars(chart.chart, ROOM, 8)]
    return parts


def tile(line):
    value = figure(line.value, line.format) if line.value is not None else "à confirmer"
    unknown = f" + {line.unknown} à confirmer" if line.unknown and line.value is not None else ""
    return [text(value, VALUE), text(f"{line.label}{unknown}", NOTE)]


def soon(reading, look):
    """The next dates; those that are past stand with what is late."""
    lines = [line.values for line, _ in reading.deadlines.lines if line.code != "total"]
    rows = [
        [day(on), kind, shortened(f"{title}{f' – {detail}' if detail else ''}", 110)]
        for on, days, kind, title, detail, _ in lines
        if days >= 0
    ]
    parts = [Spacer(1, 5 * mm), text("Prochaines échéances", look.heading)]
    if not rows:
        return [*parts, text("Aucune échéance connue.")]
    return [*parts, Spacer(1, 1 * mm), grid(DATES, rows[:SOON], room=ROOM, size=8)]


def missing(reading, look):
    count = len(reading.missing)
    parts = [Spacer(1, 4 * mm)]
    if count:
        told = plural(count, "information manquante,informations manquantes")
        words = f"{linked(told, '/rapports/#manques')} dans les projets et le plan."
        parts.append(marked(f"<b>Ce qui manque\u00a0:</b> {words}", NOTE))
    parts.append(text(f"Non montré\u00a0: {reading.content['withheld']}", NOTE))
    parts.append(text(f"Périmètre\u00a0: {reading.perimeter['told']}", NOTE))
    return parts
