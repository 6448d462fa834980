"""The PDF of an edition: the content that its page shows, in the same order, from frozen rows.

It is that of the technicians; the elected get two pages (`reporting.edition_brief`).
"""

import io
from dataclasses import replace

from reportlab.lib.units import mm
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Frame,
    Image,
    KeepTogether,
    PageBreak,
    PageTemplate,
    Spacer,
    Table,
)
from reportlab.platypus.tables import TableStyle

from crm.templatetags.french import euros, plural
from reporting import charts
from reporting.columns import Column
from reporting.edition_print import (
    BODY,
    INK_2,
    MARGIN,
    NOTE,
    PAGE,
    ROOM,
    STRONG,
    WARN,
    Look,
    bars,
    grid,
    linked,
    marked,
    printable,
    said,
    sheet_parts,
    table,
    text,
)
from reporting.plain_words import sentence
from reporting.templatetags.reporting import figure

FICTION = "DONNÉES FICTIVES"
# A chart and its table share the width of the page.
CHART, GAP = 150 * mm, 6 * mm
LONGEST = 10
# How many references follow what is missing before the annex is told of.
NAMED = 12
LEFT_OUT = {
    "Plans de financement": {
        "HT ou TTC", "Prêts et avances", "Autres financements privés", "Con-formes", "Point bas",
        "En", "Lignes sans date",
    },
}  # fmt: skip
DECIDE = [
    Column("N°", None, "integer", 5),
    Column("Point", None, "wrap", 40),
    Column("Question", None, "wrap", 62),
    Column("Proposition", None, "wrap", 62),
    Column("En jeu", None, "money", 20),
]
HEADLINES = [
    Column("Chiffre", None, "wrap", 50),
    Column("Valeur", None, "money", 26),
    Column("À confirmer", None, "integer", 14),
    Column("Ce qu’il compte", None, "wrap", 76),
]
FACTS = [Column("Fait", None, "wrap", 26), Column("À ce jour", None, "wrap", 60)]
FILES = [
    Column("Financeur", None, "wrap", 16),
    Column("Dispositif", None, "wrap", 34),
    Column("Statut", None, "wrap", 18),
    Column("Demandé", None, "money", 16),
    Column("Accordé", None, "money", 16),
]
CHANGED = [
    Column("Mouvement", None, "wrap", 20),
    Column("Réf.", None, "wrap", 12),
    Column("Objet", None, "wrap", 62),
    Column("Précision", None, "wrap", 62),
    Column("Montant", None, "money", 18),
]


def pdf(reading, *, title, stamp, logo=None):
    """The bytes of the PDF of a `reporting.edition_reading.Reading`."""
    return laid_out(story(reading, title, stamp, logo), reading, PAGE, title=title, stamp=stamp)


def laid_out(parts, reading, page, *, title, stamp):
    """The pages, each under who, for whom, and what the paper is worth."""
    content = reading.content
    territory = content["territory"]
    heading = f"{territory['name']} · {territory['code']} · {territory['period']}"
    fiction = f"{FICTION} · " if territory["is_demo"] else ""
    foot = f"{fiction}{content['readers']['label']} · {reading.perimeter['label']}"

    def frame(canvas, document):
        width, height = page
        canvas.setFillColor(INK_2)
        canvas.setFont("Helvetica", 7.5)
        canvas.drawString(MARGIN, height - 8 * mm, printable(heading))
        canvas.drawRightString(width - MARGIN, height - 8 * mm, printable(stamp))
        canvas.drawString(MARGIN, 7 * mm, printable(foot)[:150])
        canvas.drawRightString(width - MARGIN, 7 * mm, f"Page {document.page}")

    out = io.BytesIO()
    document = BaseDocTemplate(
        out,
        pagesize=page,
        title=printable(f"{title}, {stamp}"),
        author="Établi",
        lang="fr-FR",
    )
    width, height = page
    room = Frame(
        MARGIN, 13 * mm, width - 2 * MARGIN, height - 25 * mm,
        leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0,
    )  # fmt: skip
    document.addPageTemplates(PageTemplate(frames=[room], onPage=frame))
    document.build(parts)
    return out.getvalue()


def story(reading, title, stamp, logo):
    look = Look(reading.colour)
    parts = head(reading, look, title, stamp, logo)
    parts += look.section("À décider aujourd’hui", decide_parts(reading))
    parts += look.section("Depuis la dernière édition", since_parts(reading.since))
    parts += look.section("Portefeuille", [headlines(reading.headlines)])
    for chart in reading.portfolio:
        parts += beside(chart, look)
    parts += missing_parts(reading.missing_of_projects, look)
    parts += look.section("Plan et indicateurs", [])
    for chart in reading.plan_charts:
        parts += beside(chart, look)
    parts += [Spacer(1, 3 * mm), *sheet_parts(reading.plan)] if reading.plan else []
    parts += missing_parts(reading.missing_of_plan, look)
    for point in reading.points:
        parts += [PageBreak(), *point_parts(point, look)]
    parts.append(PageBreak())
    for sheet in (reading.deadlines, *reading.annex):
        if sheet:
            parts += look.section(sheet.title, sheet_parts(narrowed(sheet)))
    parts += look.section("Ce que veut dire chaque chiffre", [
        text(f"{label}\u00a0: {meaning}", NOTE) for label, meaning in
        [
            ("Périmètre", reading.perimeter["told"]),
            ("Non montré", reading.content["withheld"]),
            *reading.definitions,
        ]
    ])  # fmt: skip
    return parts


def narrowed(sheet):
    """Without the columns that only the width of a screen holds; the workbook has them all."""
    left_out = LEFT_OUT.get(sheet.key)
    if not left_out:
        return sheet
    columns = [column for column in sheet.columns if column.label not in left_out]
    return replace(sheet, columns=columns, note=f"{sheet.note} Le classeur détaille le reste.")


def head(reading, look, title, stamp, logo, room=ROOM):
    content = reading.content
    readers, meeting = content["readers"], content["meeting"]
    told = [stamp, f"{readers['label']}\u00a0: {readers['note']}"]
    if meeting:
        told.insert(1, meeting["title"])
    words = [text(title, look.title), text(" · ".join(told))]
    if content["territory"]["is_demo"]:
        words.append(
            text("Territoire de démonstration\u00a0: toutes les données sont fictives.", WARN)
        )
    return [with_logo(words, logo, room)] if logo else words


def with_logo(words, logo, room):
    picture = Image(io.BytesIO(logo))
    scale = min(16 * mm / picture.imageHeight, 50 * mm / picture.imageWidth)
    picture.drawHeight, picture.drawWidth = picture.imageHeight * scale, picture.imageWidth * scale
    wide = picture.drawWidth + 2 * mm
    return side_by_side(words, [picture], (room - wide, wide))


def side_by_side(left, right, widths):
    drawn = Table([[left, right]], colWidths=widths)
    drawn.setStyle(
        TableStyle([
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 0),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
        ])
    )  # fmt: skip
    return drawn


def decide_parts(reading):
    """The points of the committee; without any, all those that wait for one."""
    if not reading.points:
        return sheet_parts(reading.decide)
    if not reading.to_decide:
        return [text("Aucun point de cette réunion n’attend de décision.")]
    rows = [
        [
            str(point.number),
            point.title,
            point.question or "à confirmer",
            point.recommendation or "à confirmer",
            euros(point.amount) if point.amount is not None else "à confirmer",
        ]
        for point in reading.to_decide
    ]
    parts = [grid(DECIDE, rows)]
    if reading.waiting:
        waiting = plural(
            reading.waiting, "autre point attend une date,autres points attendent une date"
        )
        parts.append(text(f"{waiting} ou une autre réunion.", NOTE))
    return parts


def headlines(lines):
    rows = [
        [
            line.label,
            figure(line.value, line.format) if line.value is not None else "à confirmer",
            str(line.unknown or 0),
            line.meaning,
        ]
        for line, _ in lines
    ]
    return grid(HEADLINES, rows)


def since_parts(since):
    if since is None:
        return [text("Première édition pour ces lecteurs\u00a0: rien à quoi la comparer.")]
    told = "\u00a0; ".join(sentence(change) for change in since["changes"])
    parts = [
        text(f"Depuis l’édition n°\u00a0{since['number']} du {since['drawn_on']}.", NOTE),
        text(f"{told}.", STRONG),
        Spacer(1, 1.5 * mm),
    ]
    rows = [
        [
            change["label"],
            row["reference"],
            row["title"],
            row["detail"],
            euros(row["amount"]) if row["amount"] is not None else "",
        ]
        for change in since["changes"]
        for row in change["rows"]
    ]
    return [*parts, grid(CHANGED, rows)] if rows else parts


def beside(chart, look):
    """A chart, its table beside it, and what to know to read them; a long one goes on below."""
    if not chart.count:
        return [Spacer(1, 4 * mm), text(chart.title, look.small), text(chart.empty)]
    parts = [Spacer(1, 4 * mm), text(chart.title, look.small)]
    if chart.note:
        parts.append(text(chart.note, NOTE))
    rest = ROOM - CHART - GAP
    longest = max((value or 0 for _, value, *_ in chart.bars), default=0)
    found = []
    for at in range(0, len(chart.lines), LONGEST):
        lines = chart.lines[at : at + LONGEST]
        drawn = charts.bars(chart.title, chart.bars[at : at + LONGEST], longest=longest)
        part = replace(chart, lines=lines)
        pair = side_by_side([bars(drawn, CHART)], [table(part, rest)], (CHART + GAP, rest))
        found.append(KeepTogether([*parts, Spacer(1, 1 * mm), pair]))
        parts = [Spacer(1, 3 * mm)]
    return found


def missing_parts(groups, look, named=NAMED):
    """What is missing, where it is missing, each reference opening its page."""
    if not groups:
        return []
    parts = [Spacer(1, 3 * mm), CondPageBreak(25 * mm), text("Informations manquantes", look.small)]
    for kind, field, why, rows in groups:
        links = ", ".join(linked(row["reference"], row["url"]) for row in rows[:named])
        more = f" et {len(rows) - named} autres" if len(rows) > named else ""
        label = field if kind == "Manque" else f"{field} ({kind.lower()})"
        parts.append(
            marked(f"<b>{said(label)}</b>, {len(rows)}\u00a0: {links}{more}. {said(why)}", NOTE)
        )
    return parts


def point_parts(point, look, room=ROOM):
    """One page of one point: what is asked, then the facts, the money and what is missing."""
    tags = [point.kind, point.held, point.at_stake]
    parts = [
        text(f"Point {point.number}. {point.title}", look.heading),
        text(" · ".join(tag for tag in tags if tag), NOTE),
    ]
    if point.about:
        parts.append(marked(linked(point.about, point.url), STRONG))
    for label, words in (
        ("Question", point.question),
        ("Options", "\n".join(point.options)),
        ("Proposition", point.recommendation),
        ("Décision", point.decision),
    ):
        if words or label in point.unsaid:
            parts += [
                Spacer(1, 3 * mm),
                text(label, look.small),
                text(words or "à confirmer", BODY),
            ]
    half = (room - GAP) / 2
    left = grid(FACTS, point.facts, room=half) if point.facts else ""
    files = [
        [*row[:3], *(euros(value) if value is not None else "–" for value in row[3:])]
        for row in point.files
    ]
    right = grid(FILES, files, room=half) if files else text("Aucun dossier de financement.", NOTE)
    if point.facts:
        parts += [Spacer(1, 5 * mm), side_by_side([left], [right], (half + GAP, half))]
    return [*parts, *missing_of_point(point, look)]


def missing_of_point(point, look):
    if not point.missing:
        return []
    parts = [Spacer(1, 4 * mm), text("Informations manquantes", look.small)]
    return parts + [
        marked(f"{linked(gap['field'], gap['url'])}. {said(gap['why'])}", NOTE)
        for gap in point.missing
    ]
