"""The Synthèse sheet: each figure is a formula on the rows of the other sheets, with its chart."""

from decimal import Decimal

from reporting.figures import JOBS
from reporting.headlines import headlines
from reporting.phases import CLOSED
from reporting.workbook import INK_2, cell

WIDTHS = (36, 12, 18, 15, 18, 15)
CHARTS_AT = "H"
# The key figures are as wide as the charts below them.
LAST = 17
# What is counted: a row that says something and is not closed.
COUNTED = f'"?*",{{0}},"<>{CLOSED}"'


def write_summary(book, sheet, figures, tables):
    for i, width in enumerate(WIDTHS):
        sheet.set_column(i, i, width)
    sheet.set_column(len(WIDTHS), len(WIDTHS), 3)
    title = book.stamped(f"Synthèse, {figures.territory.name}")
    sheet.write_string(0, 0, title, book.format("title"))
    sheet.set_row(0, 24)
    sheet.write_string(
        1, 0,
        "Chaque nombre est une formule sur les lignes des autres feuilles ; définitions dans "
        "Lisez-moi.",
        book.format("note"),
    )  # fmt: skip
    row = key_figures(book, sheet, figures, tables, 3)
    row = by_stage(book, sheet, figures, tables["Projets"], row + 1)
    row = by_priority(book, sheet, figures, tables["Projets"], row + 1)
    # A page of the print starts with a whole block.
    sheet.set_h_pagebreaks([row + 1])
    by_funder(book, sheet, figures, tables["Financements"], row + 1)


def key_figures(book, sheet, figures, tables, row):
    _heads(book, sheet, row, ["Chiffres clés", "Valeur", "À confirmer"])
    sheet.write_string(row, 3, "", book.format("head"))
    for column in range(3, LAST + 1):
        sheet.write_blank(row, column, None, book.format("head"))
    formulas = key_formulas(tables)
    for at, line in enumerate(headlines(figures), start=row + 1):
        formula, unknown = formulas[line.key]
        sheet.write_string(at, 0, line.label, book.format("cell"))
        # A figure that nobody knows is an empty cell; a count is never unknown.
        value = "" if line.value is None else line.value
        _formula(book, sheet, at, 1, formula, value, line.format, bold=True)
        if unknown:
            _formula(book, sheet, at, 2, unknown, line.unknown, "unknown")
        else:
            sheet.write_blank(at, 2, None, book.format("cell"))
        meaning = book.format("cell", font_color=INK_2, indent=1)
        sheet.merge_range(at, 3, at, LAST, line.meaning, meaning)
        sheet.set_row(at, 16)
    return at + 1


def key_formulas(tables):
    """{key of a headline: its formula on the rows, and that of what is unknown or nothing}."""
    projects, funding = tables["Projets"], tables["Financements"]
    actions, decide = tables["Plan d’actions"], tables["À décider"]
    reviews = tables["Avis du binôme"]
    fiche = (actions.column("Niveau"), '"Fiche"')
    state, money = projects.column("Situation"), projects.column("Investissement prévu")
    ongoing = ('"En cours"', '"Suspendu"')

    def count(*more):
        return "+".join(f"COUNTIFS({','.join((state, kind, *more))})" for kind in ongoing)

    def known(cells, formula):
        return f'=IF(COUNT({cells})=0,"",{formula})'

    def known_where(cells, *where):
        criteria = ",".join(where)
        return f'=IF(COUNTIFS({criteria},{cells},">=0")=0,"",SUMIFS({cells},{criteria}))'

    def filled(table, label):
        return f'=COUNTIF({table.column(label)},"?*")'

    def blank(table, label, amounts, *more):
        criteria = ",".join((table.column(label), '"?*"', table.column(amounts), '""', *more))
        return f"=COUNTIFS({criteria})"

    accepted = (funding.column("Statut"), '"Accepté"')
    invested = "+".join(f"SUMIFS({money},{state},{kind})" for kind in ongoing)
    any_known = count(money, '">=0"')
    sums = {
        key: known(funding.column(label), f"SUM({funding.column(label)})")
        for key, label in (("requested", "Demandé"), ("granted", "Accordé"), ("paid", "Versé"))
    }
    budget = actions.column("Budget prévu")
    return {
        "open": (f"={count()}", ""),
        "investment": (f'=IF({any_known}=0,"",{invested})', f"={count(money, chr(34) * 2)}"),
        "done": (f'=COUNTIFS({state},"Réalisé")', ""),
        **{
            field: (known_where(projects.column(label), state, _counted(state)), "")
            for field, label in JOBS.items()
        },
        "requested": (sums["requested"], blank(funding, "Projet", "Demandé")),
        "granted": (sums["granted"], blank(funding, "Projet", "Accordé", *accepted)),
        "paid": (sums["paid"], blank(funding, "Projet", "Versé", *accepted)),
        "actions": (f"=COUNTIFS({','.join(fiche)})", ""),
        "budget": (
            known(budget, f"SUM({budget})"),
            blank(actions, "Action", "Budget prévu", *fiche),
        ),
        "to_decide": (filled(decide, "Point"), ""),
        "reviews": (filled(reviews, "Projet"), ""),
    }


def by_stage(book, sheet, figures, projects, row):
    """Stages of the pipeline always, the others when a project is in them."""
    kinds = {stage.pk: stage.kind for stage in figures.stages}
    lines = [line for line in figures.by_stage if line.count or kinds.get(line.code) == "pipeline"]
    _heads(
        book, sheet, row, ["Projets par étape", "Projets", "Investissement prévu", "À confirmer"]
    )
    stage, money = projects.column("Étape"), projects.column("Investissement prévu")
    first = row + 1
    for at, line in enumerate(lines, start=first):
        label, count, unknown = cell(at, 0), cell(at, 1), cell(at, 3)
        sheet.write_string(at, 0, line.label, book.format("cell"))
        _formula(book, sheet, at, 1, f"=COUNTIF({stage},{label})", line.count, "integer")
        _known_sum(book, sheet, at, 2, f"SUMIFS({money},{stage},{label})", line.investment,
                   count, unknown)  # fmt: skip
        _formula(book, sheet, at, 3, f'=COUNTIFS({stage},{label},{money},"")', line.unknown,
                 "unknown")  # fmt: skip
    last = first + len(lines) - 1
    _sums(book, sheet, last + 1, "Total, projets clos compris", first, [
        (1, sum(line.count for line in lines), "integer"),
        (2, sum(line.investment or 0 for line in lines), "money"),
        (3, sum(line.unknown for line in lines), "unknown"),
    ])  # fmt: skip
    height = 20 * (len(lines) + 2) + 20
    for i, (column, title, money) in enumerate(
        [(1, "Projets par étape", False), (2, "Investissement prévu par étape", True)]
    ):
        book.bars(
            sheet, f"{CHARTS_AT}{row + 1}", title=title, offset=355 * i,
            series=[(title, _range(first, last, column))],
            categories=_range(first, last, 0), width=350, height=max(height, 240), money=money,
        )  # fmt: skip
    return max(last + 2, row + height // 20 + 1)


def by_priority(book, sheet, figures, projects, row):
    """Each project in each of its priorities; the total counts it once."""
    heads = ["Axe national", "Projets", "Investissement prévu", "À confirmer", "Aides accordées"]
    _heads(book, sheet, row, heads)
    state, money = projects.column("Situation"), projects.column("Investissement prévu")
    granted, counted = projects.column("Aides accordées"), _counted(state)
    axes = {priority.pk: projects.column(priority.short) for priority in figures.priorities}
    none = ",".join(f'{axis},""' for axis in axes.values())
    first = row + 1
    for at, line in enumerate(figures.by_priority, start=first):
        where = f'{axes[line.code]},"●"' if line.code else none
        sheet.write_string(at, 0, line.label, book.format("cell"))
        _priority_line(book, sheet, at, line, f"{where},{state},{counted}", money, granted)
    last = first + len(figures.by_priority) - 1
    total, again = figures.total, figures.overlap
    _priority_line(book, sheet, last + 1, total, f"{state},{counted}", money, granted, "total")
    sheet.write_string(last + 1, 0, "Total, chaque projet une fois", book.format("total"))
    sheet.write_string(last + 2, 0, "Comptés dans plusieurs axes", book.format("blank"))
    for column, value, kind in (
        (1, again["count"], "integer"), (2, again["investment"], "money"),
    ):  # fmt: skip
        formula = f"=SUM({_cells(first, last, column)})-SUM({cell(last + 1, column)})"
        _formula(book, sheet, last + 2, column, formula, value, kind, role="blank")
    for column in (3, 4):
        sheet.write_blank(last + 2, column, None, book.format("blank"))
    book.bars(
        sheet, f"{CHARTS_AT}{row + 1}", title="Investissement prévu par axe national",
        series=[("Investissement prévu", _range(first, last, 2))],
        categories=_range(first, last, 0), width=700, height=280, money=True,
    )  # fmt: skip
    return max(last + 3, row + 14)


def _priority_line(book, sheet, at, line, where, money, granted, role="cell"):
    _formula(book, sheet, at, 1, f"=COUNTIFS({where})", line.count, "integer", role=role)
    _known_sum(book, sheet, at, 2, f"SUMIFS({money},{where})", line.investment, cell(at, 1),
               cell(at, 3), role=role)  # fmt: skip
    _formula(book, sheet, at, 3, f'=COUNTIFS({where},{money},"")', line.unknown, "unknown",
             role=role)  # fmt: skip
    _maybe(book, sheet, at, 4, granted, where, line.granted, role)


def by_funder(book, sheet, figures, funding, row):
    heads = ["Financeur", "Dossiers", "Demandé", "Demandé, à confirmer", "Accordé", "Versé"]
    _heads(book, sheet, row, heads)
    funder = funding.column("Financeur")
    first, lines = row + 1, figures.by_funder
    for at, line in enumerate(lines, start=first):
        label, count, unknown = cell(at, 0), cell(at, 1), cell(at, 3)
        sheet.write_string(at, 0, line.label, book.format("cell"))
        _formula(book, sheet, at, 1, f"=COUNTIF({funder},{label})", line.count, "integer")
        asked = funding.column("Demandé")
        _known_sum(book, sheet, at, 2, f"SUMIFS({asked},{funder},{label})", line.requested,
                   count, unknown)  # fmt: skip
        _formula(book, sheet, at, 3, f'=COUNTIFS({funder},{label},{asked},"")',
                 line.requested_unknown, "unknown")  # fmt: skip
        for column, name, value in ((4, "Accordé", line.granted), (5, "Versé", line.paid)):
            cells = funding.column(name)
            _maybe(book, sheet, at, column, cells, f"{funder},{label}", value)
    if not lines:
        sheet.write_string(first, 0, "Aucun dossier à ce jour.", book.format("note", italic=True))
        return
    last, aid = first + len(lines) - 1, figures.aid
    _sums(book, sheet, last + 1, "Total", first, [
        (1, aid["count"], "integer"),
        (2, aid["requested"] or 0, "money"),
        (3, aid["requested_unknown"], "unknown"),
        (4, aid["granted"] or 0, "money"),
        (5, aid["paid"] or 0, "money"),
    ])  # fmt: skip
    book.bars(
        sheet, f"{CHARTS_AT}{row + 1}", title="Aides par financeur",
        series=[
            (name, _range(first, last, column))
            for name, column in (("Demandé", 2), ("Accordé", 4), ("Versé", 5))
        ],
        categories=_range(first, last, 0), width=700, height=max(260, 90 + 48 * len(lines)),
        money=True,
    )  # fmt: skip


def _counted(state):
    return COUNTED.format(state)


def _heads(book, sheet, row, labels):
    sheet.set_row(row, 22)
    for column, label in enumerate(labels):
        aligned = {"align": "right", "indent": 0} if column else {}
        sheet.write_string(row, column, label, book.format("head", **aligned))


def _formula(book, sheet, row, column, formula, value, kind, role="cell", **extra):
    value = float(value) if isinstance(value, Decimal) else value
    sheet.write_formula(row, column, formula, book.format(role, kind, **extra), value)


def _known_sum(book, sheet, row, column, formula, value, count, unknown, role="cell"):
    """Empty when no amount is known: a sum of nothing is not 0 €."""
    value = "" if value is None else value
    _formula(book, sheet, row, column, f'=IF({count}={unknown},"",{formula})', value, "money", role)


def _maybe(book, sheet, row, column, cells, where, value, role="cell"):
    """The same without a count of the unknown: a grant not decided yet is no fact to ask for."""
    formula = f'=IF(COUNTIFS({where},{cells},">=0")=0,"",SUMIFS({cells},{where}))'
    _formula(book, sheet, row, column, formula, "" if value is None else value, "money", role)


def _sums(book, sheet, row, label, first, columns):
    sheet.write_string(row, 0, label, book.format("total"))
    for column, value, kind in columns:
        formula = f"=SUM({_cells(first, row - 1, column)})"
        _formula(book, sheet, row, column, formula, value, kind, role="total")


def _cells(first, last, column):
    return f"{cell(first, column)}:{cell(last, column)}"


def _range(first, last, column):
    return f"'Synthèse'!{_cells(first, last, column)}"
