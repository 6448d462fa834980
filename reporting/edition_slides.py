"""The slides of an edition: what its page shows, one point a slide, the whole text in the notes."""

from django.conf import settings

from crm.templatetags.french import day, euros, plural
from reporting.committee import DRAFT
from reporting.edition_reading import PLAN
from reporting.plain_words import sentence, shortened, some
from reporting.slide_deck import (
    BOTTOM,
    COUNT,
    INK_2,
    MARGIN,
    MONEY,
    PERCENT,
    ROOM,
    TOP,
    WIDTH,
    Deck,
    heights,
    pages,
)
from reporting.templatetags.reporting import NUMERIC, figure
from reporting.workbook import BRICK

FICTION = "DONNÉES FICTIVES"
FORMS = {"plan": COUNT, "indicators": PERCENT}
# Beyond these rows, a deck tires its readers: the workbook holds them all.
LONGEST = 40
HALF = (ROOM - 0.4) / 2
SHOWN = {
    "Projets": [
        ("Réf.", 15), ("Projet", 30), ("Porteur", 24), ("Étape", 14), ("Météo", 12),
        ("Investissement prévu", 18), ("Aides accordées", 15), ("Prochaine étape", 30),
        ("Pour le", 15),
    ],
    PLAN: [
        ("Code", 11), ("Action", 40), ("Pilote", 24), ("Statut", 13), ("Avance-ment", 11),
        ("Budget prévu", 15), ("Dépensé", 14), ("Prochain jalon", 30), ("Pour le", 15),
    ],
    "Échéances": [("Date", 15), ("Nature", 24), ("Objet", 46), ("Précision", 46), ("Réf.", 15)],
}  # fmt: skip


def slides(reading, *, title, stamp, logo=None):
    """The bytes of the pptx of a `reporting.edition_reading.Reading`."""
    content = reading.content
    territory = content["territory"]
    foot = [territory["name"], content["readers"]["label"], reading.perimeter["label"]]
    if territory["is_demo"]:
        foot.insert(0, FICTION)
    deck = Deck(
        title=title, colour=reading.colour, stamp=stamp, is_draft=stamp == DRAFT,
        foot=shortened(" · ".join(foot), 160), logo=logo,
    )  # fmt: skip
    cover(deck, reading, title)
    to_decide(deck, reading)
    moved(deck, reading)
    key_figures(deck, reading)
    for chart in reading.charts:
        if chart.count:
            charted(deck, chart)
    if not reading.is_short and reading.plan and reading.plan.count:
        listed(deck, reading.plan, "Plan d’actions")
    for point in reading.points:
        one_point(deck, point, reading)
    if reading.deadlines and reading.deadlines.count:
        coming(deck, reading.deadlines, is_short=reading.is_short)
    missing(deck, reading)
    if not reading.is_short and (projects := reading.sheet("Projets")) and projects.count:
        listed(deck, projects, "Annexe\u00a0: projets")
    meanings(deck, reading)
    return deck.content


def cover(deck, reading, title):
    content = reading.content
    territory, meeting = content["territory"], content["meeting"]
    slide = deck.slide(shortened(title, 150), size=36, notes="\n".join([
        title, deck.stamp, content["readers"]["note"], reading.perimeter["told"],
        content["withheld"],
    ]))  # fmt: skip
    words = [
        (territory["name"], {"size": 24, "bold": True}),
        (f"{territory['code']} · période {territory['period']}", {}),
        (f"{content['readers']['label']} · {reading.perimeter['label']}", {"before": 14}),
    ]
    if meeting:
        words.append((shortened(meeting["title"], 120), {}))
    words.append((deck.stamp, {"bold": True, "before": 14}))
    if territory["is_demo"]:
        fiction = "Territoire de démonstration\u00a0: toutes les données sont fictives."
        words.append((fiction, {"bold": True, "colour": BRICK}))
    deck.box(slide, words, MARGIN, 2.0, 8, 4, size=18)
    deck.picture(slide, WIDTH - MARGIN - 3.4, 2.0, 3.4, 1.6)


def to_decide(deck, reading):
    heads = [
        ("N°", 5, True),
        ("Point", 42, False),
        ("Proposition", 66, False),
        ("En jeu", 20, True),
    ]
    rows = [
        [
            str(point.number),
            shortened(point.title, 90),
            shortened(point.recommendation or "à confirmer", 170),
            money(point.amount),
        ]
        for point in reading.to_decide
    ]
    notes = "\n\n".join(full(point) for point in reading.to_decide)
    if not rows:
        slide = deck.slide("À décider aujourd’hui")
        deck.box(slide, "Aucun point n’attend de décision.", MARGIN, TOP, ROOM, 1)
        return
    spread(deck, "À décider aujourd’hui", heads, rows, size=15, notes=notes)


def moved(deck, reading):
    since = reading.since
    if since is None:
        slide = deck.slide("Depuis la dernière édition")
        words = "Première édition pour ces lecteurs\u00a0: rien à quoi la comparer."
        deck.box(slide, words, MARGIN, TOP, ROOM, 1)
        return
    heads = [("Mouvement", 20, False), ("En bref", 46, False), ("Lesquels", 80, False)]
    rows = [
        [change["label"], sentence(change), some(change["rows"], 2) if change["rows"] else "–"]
        for change in since["changes"]
    ]
    notes = "\n".join(
        f"{change['label']}\u00a0: {row['title']} ({row['reference']}) {row['detail']}"
        for change in since["changes"]
        for row in change["rows"]
    )
    title = f"Ce qui a changé depuis le {since['drawn_on']}"
    spread(deck, title, heads, rows, size=13, notes=notes)


def key_figures(deck, reading):
    heads = [("Chiffre", 50, False), ("Valeur", 26, True), ("À confirmer", 16, True)]
    rows = [
        [line.label, figure(line.value, line.format) if line.value is not None else "à confirmer",
         str(line.unknown or 0)]
        for line, _ in reading.headlines
    ]  # fmt: skip
    notes = "\n".join(f"{line.label}\u00a0: {line.meaning}" for line, _ in reading.headlines)
    spread(deck, "Chiffres clés", heads, rows, size=14, notes=notes)


def charted(deck, chart):
    """The chart and its table beside it, over as many slides as the table takes."""
    columns = told(chart)
    heads = [(column.label, share(column, i), column.format in NUMERIC)
             for i, column in enumerate(columns)]  # fmt: skip
    rows = cells(chart, columns)
    notes = "\n".join([chart.note, *(f"{label}\u00a0: {text}" for label, _, text, _ in chart.bars)])
    wide = 7.4 if len(columns) > 4 else 6.4
    groups = pages(heads, rows, wide, 11, BOTTOM - TOP - (0.4 if chart.note else 0))
    done = 0
    for i, group in enumerate(groups):
        title = chart.title if i == 0 else f"{chart.title} (suite)"
        slide = deck.slide(title, notes=notes.strip() if i == 0 else "")
        bars = [(shortened(label, 34), value)
                for label, value, _, _ in chart.bars[done : done + len(group)]]  # fmt: skip
        done += len(group)
        high = min(BOTTOM - TOP - 0.4, max(1.6, 0.5 + 0.5 * len(bars)))
        if bars:
            deck.bars(
                slide, chart.title, bars, MARGIN, TOP, ROOM - wide - 0.3, high,
                form=FORMS.get(chart.kind, MONEY),
            )  # fmt: skip
        at = MARGIN + ROOM - wide
        deck.table(slide, heads, group, at, TOP, wide, size=11, name=chart.title)
        if chart.note:
            deck.box(slide, chart.note, MARGIN, BOTTOM - 0.3, ROOM, 0.4, size=11, colour=INK_2)


def told(chart):
    """The columns of the table, without the counts of what is unknown when nothing is."""
    lines = [line for line, _ in chart.lines]
    return [
        column
        for column in chart.columns
        if "confirmer" not in column.label.lower() or any(map(column.value, lines))
    ]


def share(column, at):
    if at == 0:
        return 26
    return {"money": 17, "integer": 13, "number": 15, "percent": 14}.get(column.format, 18)


def listed(deck, sheet, title):
    """The columns of a list that a slide has room for, on as many slides as it takes."""
    shown = dict(SHOWN[sheet.key])
    columns = [column for column in sheet.columns if column.label in shown]
    heads = [(column.label, shown[column.label], column.format in NUMERIC) for column in columns]
    lines = [line for line, _ in sheet.lines if line.code != "total"]
    rows = [
        [shortened(figure(column.value(line), column.format), 110) for column in columns]
        for line in lines[:LONGEST]
    ]
    left = len(lines) - LONGEST
    foot = ""
    if left > 0:
        foot = f"{plural(left, 'autre ligne,autres lignes')} dans le classeur et dans le PDF."
    spread(deck, title, heads, rows, size=11, foot=foot)


def spread(deck, title, heads, rows, *, size, notes="", foot=""):
    """A table over as many slides as it needs; the notes stand with the first one."""
    groups = pages(heads, rows, ROOM, size, BOTTOM - TOP - (0.4 if foot else 0))
    for i, group in enumerate(groups):
        slide = deck.slide(title if i == 0 else f"{title} (suite)", notes=notes if i == 0 else "")
        deck.table(slide, heads, group, MARGIN, TOP, ROOM, size=size, name=title)
    if foot:
        deck.box(slide, foot, MARGIN, BOTTOM - 0.3, ROOM, 0.35, size=11, colour=INK_2)


def one_point(deck, point, reading):
    title = f"{point.number}. {shortened(point.title, 140)}"
    slide = deck.slide(title, notes=full(point))
    tags = [point.kind, point.held, point.at_stake]
    deck.box(slide, " · ".join(tag for tag in tags if tag), MARGIN, TOP - 0.15, ROOM, 0.35,
             size=13, colour=INK_2)  # fmt: skip
    words = []
    if point.about:
        words.append((shortened(point.about, 120), {"bold": True, "link": address(point.url)}))
    for label, said, room in (
        ("Question", point.question, 240),
        ("Options", "\u00a0; ".join(point.options), 240),
        ("Proposition", point.recommendation, 240),
        ("Décision", point.decision, 240),
    ):
        if said or label in point.unsaid:
            words.append((label, {"size": 13, "bold": True, "colour": deck.colour, "before": 8}))
            words.append((shortened(said or "à confirmer", room), {}))
    width = HALF if point.facts else ROOM
    top = TOP + 0.35
    deck.box(slide, words or " ", MARGIN, top, width, 3.4, size=15)
    if point.facts:
        facts(deck, slide, point, top)
    if point.files and not reading.is_short:
        money_of(deck, slide, point)
    if point.missing:
        lacks_box(deck, slide, point)


def facts(deck, slide, point, top):
    heads = [("À ce jour", 34, False), ("", 66, False)]
    rows = [[label, shortened(text, 90)] for label, text in point.facts]
    deck.table(slide, heads, rows, MARGIN + HALF + 0.4, top, HALF, size=12, name="Faits")


def money_of(deck, slide, point):
    """The files of the point, as many as there is room for."""
    heads = [("Financeur", 18, False), ("Dispositif", 34, False), ("Statut", 18, False),
             ("Demandé", 16, True), ("Accordé", 16, True)]  # fmt: skip
    rows = [
        [row[0], shortened(row[1], 48), row[2],
         *(euros(value) if value is not None else "–" for value in row[3:])]
        for row in point.files
    ]  # fmt: skip
    kept = pages(heads, rows, HALF, 10, 1.25)[0]
    high = sum(heights(heads, [[head for head, *_ in heads], *kept], HALF, 10))
    deck.table(slide, heads, kept, MARGIN, 6.35 - high, HALF, size=10, name="Dossiers")


def lacks_box(deck, slide, point):
    lacks = ", ".join(gap["field"].lower() for gap in point.missing)
    first = next((gap["url"] for gap in point.missing if gap["url"]), "")
    deck.band(slide, MARGIN, 6.42, ROOM, 0.48, "#F9ECE3")
    words = [(f"Informations manquantes\u00a0: {shortened(lacks, 150)}.",
              {"bold": True, "colour": BRICK, "link": address(first)})]  # fmt: skip
    deck.box(slide, words, MARGIN + 0.1, 6.48, ROOM - 0.2, 0.36, size=12)


def coming(deck, sheet, *, is_short):
    """The next dates; what is late already stands with what changed."""
    lines = [line.values for line, _ in sheet.lines if line.code != "total"]
    heads = [("Date", 15, False), ("Nature", 24, False), ("Objet", 50, False),
             ("Précision", 50, False)]  # fmt: skip
    rows = [
        [day(on), kind, shortened(title, 90), shortened(detail or "", 90)]
        for on, days, kind, title, detail, _ in lines
        if days >= 0
    ]
    if rows:
        spread(deck, "Prochaines échéances", heads, rows[: 10 if is_short else 20], size=12)


def missing(deck, reading):
    groups = [*reading.missing_of_projects, *reading.missing_of_plan]
    if not groups:
        return
    heads = [("Champ", 36, False), ("Combien", 16, True), ("Pourquoi", 60, False),
             ("Lesquels", 60, False)]  # fmt: skip
    rows = [
        [field if kind == "Manque" else f"{field} ({kind.lower()})", str(len(gaps)),
         shortened(why, 110), named([gap["reference"] for gap in gaps])]
        for kind, field, why, gaps in groups
    ]  # fmt: skip
    notes = "\n".join(
        f"{gap['reference']} {gap['title']}\u00a0: {gap['field']}, {address(gap['url'])}"
        for gap in reading.missing
    )
    if reading.is_short:
        rows = rows[:8]
    spread(deck, "Informations manquantes", heads, rows, size=12, notes=notes)


def named(references, count=8):
    more = len(references) - count
    told = ", ".join(references[:count])
    return f"{told} et {plural(more, 'autre,autres')}" if more > 0 else told


def meanings(deck, reading):
    """What the figures mean stands in the notes: a slide of definitions is read by nobody."""
    notes = "\n".join(f"{label}\u00a0: {text}" for label, text in reading.definitions)
    slide = deck.slide("Ce que disent ces chiffres", notes=notes)
    words = [
        (reading.content["withheld"], {}),
        (reading.perimeter["told"], {"before": 8}),
        ("La définition de chaque chiffre est dans les notes de cette diapositive.", {"before": 8}),
    ]
    deck.box(slide, words, MARGIN, TOP, ROOM, 3, size=16)


def cells(sheet, columns):
    return [
        [figure(column.value(line), column.format) if column.value(line) is not None
         else "–" for column in columns]
        for line, _ in sheet.lines
    ]  # fmt: skip


def full(point):
    """All that the pack says of a point: what the one who presents it has before them."""
    lines = [f"{label}\u00a0: {text}" for label, text in point.lines]
    return "\n".join([f"{point.number}. {point.title}", *lines])


def money(value):
    return euros(value) if value is not None else "à confirmer"


def address(path):
    return f"{settings.SITE_URL}{path}" if path else ""
