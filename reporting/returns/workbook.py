"""The workbook of a return: what it is worth, its sheets, its totals, and what it lacks."""

from decimal import Decimal

from reporting.columns import Column, plain
from reporting.committee import confidentiality, write_readme
from reporting.returns.checks import Check
from reporting.returns.fields import ACTION, PROJECT
from reporting.workbook import BRICK, Book, cell

A_PAGE = 260  # how wide an A3 page prints, in units of width
NAMED = ("intitule", "dossier_intitule", "indicateur", "entreprise", "financeur")
# The amounts that the totals by priority add up, and the field of a Line that says each.
SUMS = {
    "investissement_prevu": "investment",
    "assiette_eligible": "eligible",
    "aides_demandees": "requested",
    "aides_accordees": "granted",
    "aides_versees": "paid",
    "emplois_crees_prevus": "jobs_created_planned",
    "emplois_crees_constates": "jobs_created_observed",
    "emplois_maintenus_prevus": "jobs_maintained_planned",
    "emplois_maintenus_constates": "jobs_maintained_observed",
}
BUDGETS = {
    "budget_prevu": ("Budget prévu", "planned"),
    "budget_engage": ("Budget engagé", "committed"),
    "budget_depense": ("Budget dépensé", "spent"),
}
DRAFT = "Brouillon, non envoyé"
DEFINITIONS = [
    (
        "compte",
        "1 si le projet entre dans les totaux : tout projet qui n’est pas clos sans effet "
        "(abandonné, perdu, sans suite, réorienté). Les fiches ont leurs propres totaux.",
    ),
    (
        "phase, phase_statut",
        "Schéma interministériel « Projets de collectivités » 0.1.0 : Idée, Étude, Opération ; "
        "En cours, En retard, En pause, Bloqué, Abandonné, Terminé.",
    ),
    (
        "axe_…",
        "1 si le projet ou la fiche relève de l’axe national. Une ligne de deux axes compte dans "
        "chacun : les axes ne s’additionnent pas, le total compte chaque ligne une fois.",
    ),
]
ALWAYS = [
    (
        "Montants",
        "Euros hors taxes. Sommes des montants connus ; une cellule vide est une information "
        "inconnue, pas un zéro.",
    ),
    (
        "Emplois",
        "Équivalents temps plein. Prévus et constatés, créés et maintenus ne s’additionnent "
        "jamais ; la méthode, la preuve et la date disent ce que vaut le constat.",
    ),
    ("Manques", "Ligne par ligne, ce qui manque ou se contredit, et pourquoi il faut le savoir."),
]


def draw(drawn, *, version="", check=None, stamp=""):
    """The workbook of a `Return`, as bytes. `version` says which grid it follows."""
    territory, figures = drawn.territory, drawn.figures
    check = check or Check(drawn)
    with Book(
        heading=f"{territory.name} · {territory.code} · {territory.period}",
        confidentiality=confidentiality(drawn.reading),
        drawn_on=figures.today,
        title=f"{drawn.name}, {territory.name}",
        subject=drawn.name,
        stamp=stamp,
    ) as book:
        readme = book.sheet("Lisez-moi")
        tables = [write_sheet(book, drawn, sheet) for sheet in drawn.sheets]
        if drawn.grid["by_axis"]:
            for sheet, table in zip(drawn.sheets, tables, strict=True):
                if can_add_up(sheet):
                    write_by_axis(book, figures, sheet, table)
                    break
        else:
            write_totals(book, drawn)
        write_gaps(book, drawn, check, tables)
        by_axis = DEFINITIONS if drawn.grid["by_axis"] else []
        write_readme(
            book, readme, figures, drawn.reading, title=drawn.name,
            definitions=[*lines(drawn), *by_axis, *told(drawn), *ALWAYS],
            more=[("Grille", version), ("Contenu", said(drawn, check))],
        )  # fmt: skip
    return book.content


def lines(drawn):
    first = drawn.sheets[0].title if drawn.sheets else ""
    text = "Une ligne par enregistrement."
    if drawn.grid["names"]:
        text = (
            f"La première ligne de la feuille « {first} » porte des noms de colonnes stables, la "
            "seconde leur libellé."
        )
    return [("Lignes", text)]


def told(drawn):
    """What each column says, once for all sheets."""
    seen = {}
    for sheet in drawn.sheets:
        for column in sheet.columns:
            text = ". ".join(
                part.rstrip(".")
                for part in (column.definition, column.unit and f"Unité : {column.unit}")
                if part
            )
            if text and column.code is None:
                seen.setdefault(column.label, f"{text}.")
    return list(seen.items())


def said(drawn, check):
    """How many rows of each nature, and what is left to fill."""
    counts = {}
    for sheet in drawn.sheets:
        for row in sheet.rows:
            counts.setdefault(row.record.kind, set()).add(row.record.of)
    parts = []
    if PROJECT in counts:
        parts.append(
            f"{len(counts[PROJECT])} projets, dont "
            f"{sum(not one.is_closed for one in counts[PROJECT])} comptés dans les totaux"
        )
    if ACTION in counts:
        parts.append(f"{len(counts[ACTION])} fiches action")
    others = sum(len(rows) for kind, rows in counts.items() if kind not in {PROJECT, ACTION})
    if others:
        parts.append(f"{others} autres lignes")
    parts.append(f"{check.count} informations manquantes ou incohérentes, listées dans « Manques »")
    return f"{' ; '.join(parts)}."


def columns_of(sheet):
    """The columns of a sheet as the books of the house take them."""
    return [
        Column(
            column.label,
            lambda row, at=at: row.cells[at],
            column.format,
            column.width,
            name=column.name,
        )
        for at, column in enumerate(sheet.columns)
    ]


def write_sheet(book, drawn, sheet):
    """Where the grid asks for it, stable names first, for machines; labels under them."""
    written = book.sheet(sheet.title, paper=8)
    columns = columns_of(sheet)
    width = sum(column.width for column in columns)
    written.fit_to_pages(max(1, round(width / A_PAGE)), 0)
    book.widths(written, columns)
    first = 0
    if drawn.grid["names"]:
        for i, column in enumerate(columns):
            written.write_string(0, i, column.name, book.format("blank", font_size=8))
        first = 1
    elif sheet.note:
        written.write_string(0, 0, sheet.note, book.format("note"))
        first = 2
    table = book.table(written, columns, sheet.rows, row=first, head_height=44)
    place = named(sheet)
    written.freeze_panes(first + 1, place + 1)
    written.repeat_rows(0, first)
    if place and width > A_PAGE:
        written.repeat_columns(max(0, place - 1), place)
    return table


def named(sheet):
    """The place of the column that names a row, else the first."""
    for source in NAMED:
        at, _ = sheet.column(source)
        if at is not None:
            return at
    return 0


# Totals ------------------------------------------------------------------------------------


def write_totals(book, drawn):
    """What each sheet adds up: the known, and how many rows do not say."""
    rows = [
        (sheet, column, total, unknown, len(sheet.counted()))
        for sheet in drawn.sheets
        for column, _, total, unknown in sheet.totals()
    ]
    written = book.sheet(
        "Totaux",
        title="Totaux",
        note="Chaque projet, chaque fiche et chaque dossier une fois ; les projets clos sans "
        "effet n’y sont pas.",
    )
    fields = [
        Column("Feuille", lambda row: row[0].title, "text", 34),
        Column("Donnée", lambda row: row[1].label, "text", 34),
        Column("Unité", lambda row: row[1].unit, "text", 10),
        Column("Lignes comptées", lambda row: row[4], "integer", 12),
        Column("Total des valeurs connues", lambda row: row[2], "number", 18),
        Column("À confirmer", lambda row: row[3], "integer", 12),
    ]
    book.widths(written, fields)
    table = book.table(written, fields, rows, freeze=2, empty="Rien ne s’additionne.")
    for line, row in enumerate(rows, start=table.first):
        if row[2] is not None:
            written.write_number(line, 4, float(row[2]), book.format("cell", row[1].format))
    return written


def can_add_up(sheet):
    sources = {column.source.key for column in sheet.columns}
    return {"compte", "axe_each"} <= sources and bool(sources & SUMS.keys())


def write_by_axis(book, figures, sheet, listed):
    """Totals by priority: formulas on the rows, next to the figures the pages show."""
    written = book.sheet(
        "Totaux par axe",
        title="Totaux par axe national",
        note="Projets comptés. Une ligne de deux axes compte dans chacun ; le total compte chaque "
        "projet une fois.",
    )
    names = {one.source.key: one.name for one in sheet.columns if one.code is None}
    sums = {names[source]: field for source, field in SUMS.items() if source in names}
    investment = names.get("investissement_prevu")
    heads = ["Axe national", "Projets", "Investissement à confirmer"]
    heads += [listed.columns[listed.index[name]].label for name in sums]
    written.set_column(0, 0, 34)
    written.set_column(1, 2, 14)
    written.set_column(3, len(heads) - 1, 15)
    written.set_row(3, 46)
    for i, head in enumerate(heads):
        align = {"align": "right", "indent": 0} if i else {}
        written.write_string(3, i, head, book.format("head", **align))
    counted = f"{listed.column(names['compte'])},1"
    axes = {one.code: one.name for one in sheet.columns if one.source.key == "axe_each"}
    none = ",".join(f"{listed.column(name)},0" for name in axes.values())
    said = (listed, sums, investment)
    row = 4
    for line in figures.by_priority:
        where = f"{listed.column(axes[line.code])},1" if line.code else none
        _line(book, written, row, line, f"{counted},{where}", said, "cell")
        row += 1
    _line(book, written, row, figures.total, counted, said, "total")
    written.write_string(row, 0, "Total, chaque projet une fois", book.format("total"))
    row += 1
    overlap, last = figures.overlap, row - 2
    written.write_string(row, 0, "Comptés dans plusieurs axes", book.format("blank"))
    for i in range(1, len(heads)):
        written.write_blank(row, i, None, book.format("blank"))
    again = [(1, overlap["count"], "integer")]
    if investment:
        again.append((3, overlap["investment"], "money"))
    for i, value, form in again:
        formula = f"=SUM({cell(4, i)}:{cell(last, i)})-SUM({cell(row - 1, i)})"
        written.write_formula(row, i, formula, book.format("blank", form), plain(value))
    if "nature" in names:
        _plan(book, written, row + 3, figures, listed, names)
    return written


def _line(book, written, row, line, where, said, role):
    listed, sums, investment = said
    written.write_string(row, 0, line.label, book.format(role))
    _formula(book, written, row, 1, f"=COUNTIFS({where})", line.count, "integer", role)
    if investment:
        empty = f'=COUNTIFS({where},{listed.column(investment)},"")'
        _formula(book, written, row, 2, empty, line.unknown, "unknown", role)
    for i, (name, field) in enumerate(sums.items(), start=3):
        cells, form = listed.column(name), listed.columns[listed.index[name]].format
        # Nothing known is an empty cell: a sum of nothing is not 0 €.
        known = f'COUNTIFS({where},{cells},">=0")'
        value = getattr(line, field)
        formula = f'=IF({known}=0,"",SUMIFS({cells},{where}))'
        _formula(book, written, row, i, formula, "" if value is None else value, form, role)


def _plan(book, written, row, figures, listed, names):
    """The plan in force: its fiches have budgets, not investments."""
    where = f'{listed.column(names["nature"])},"{ACTION}"'
    written.write_string(row, 0, "Plan d’actions", book.format("head"))
    lines = [
        ("Fiches", f"=COUNTIFS({where})", figures.plan["count"], "integer"),
        *(
            (label, f"=SUMIFS({listed.column(names[source])},{where})", figures.plan[key] or 0,
             "money")
            for source, (label, key) in BUDGETS.items() if source in names
        ),
    ]  # fmt: skip
    written.write_blank(row, 1, None, book.format("head"))
    for at, (label, formula, value, form) in enumerate(lines, start=row + 1):
        written.write_string(at, 0, label, book.format("cell"))
        _formula(book, written, at, 1, formula, value, form, "cell")


def _formula(book, written, row, column, formula, value, form, role):
    value = float(value) if isinstance(value, Decimal) else value
    written.write_formula(row, column, formula, book.format(role, form), value)


# What is missing ---------------------------------------------------------------------------


def write_gaps(book, drawn, check, tables):
    """What is missing or contradicts itself; each reference leads to its row."""
    places = {}
    for sheet, table in zip(drawn.sheets, tables, strict=True):
        for line, row in enumerate(sheet.rows, start=table.first):
            thing = row.record.key.removesuffix(row.record.part)
            places.setdefault(thing, f"internal:'{sheet.title}'!{cell(line, named(sheet))}")
    rows = [(lacking, finding) for lacking in check.records for finding in lacking.findings]
    fields = [
        Column("Référence", lambda row: row[0].reference, "code", 14),
        Column("Nature", lambda row: row[0].nature, "text", 10),
        Column("Intitulé", lambda row: row[0].title, "wrap", 44),
        Column("Constat", lambda row: row[1].kind, "text", 14),
        Column("Information", lambda row: row[1].field, "text", 30),
        Column("Pourquoi il faut la savoir", lambda row: row[1].why, "wrap", 60),
    ]
    written = book.sheet(
        "Manques",
        title="Ce qui manque ou se contredit",
        note="À compléter avant l’envoi ; la référence mène à la ligne.",
        tab=BRICK,
    )
    book.widths(written, fields)
    table = book.table(written, fields, rows, freeze=1, empty="Rien ne manque.")
    for line, (lacking, _) in enumerate(rows, start=table.first):
        thing = lacking.record.key.removesuffix(lacking.record.part)
        if lacking.reference:
            place = places[thing].replace("$", "")
            written.write_url(line, 0, place, book.format("link"), lacking.reference)
