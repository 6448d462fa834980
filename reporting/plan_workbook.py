"""One financing plan as a workbook: its figures, uses, sources, checks and months."""

from django.utils import timezone

from crm.perms import role_in
from funding.financing import plan as rules
from funding.financing.verdicts import Status
from reporting.columns import Column
from reporting.committee import confidentiality
from reporting.plans import NO, SOURCES, USES, YES
from reporting.readings import Reading
from reporting.workbook import FONT, INK, Book, cell

CHECKS, CASH = "Vérifications", "Trésorerie"
FIRST = 3
KNOWN = "Montants connus ; une cellule vide est à confirmer."


def is_counted(source):
    return not source.is_refused and source.kind != rules.GUARANTEE


def basis_of_state(source):
    """Where the state comes from: the file, the scenario against it, or what was typed."""
    if source.supposes:
        return f"hypothèse\u00a0; dossier\u00a0: {source.told_label.lower()}"
    return "dossier" if source.application_id else "saisie"


COSTS = [
    Column("Dépense", lambda cost: cost.label, "wrap", 38),
    Column("Nature", lambda cost: cost.get_category_display(), "wrap", 22),
    Column("Éligible", lambda cost: cost.get_eligible_display(), "text", 11),
    Column("Montant", lambda cost: cost.amount, "money", 15, total=True, asks=True),
    Column("Dont éligible", lambda cost: cost.as_rule().counted, "money", 15, True, asks=True),
    Column("TVA (%)", lambda cost: cost.vat_rate, "number", 9),
    Column("Années", lambda cost: cost.years, "text", 12),
    Column("Payée du", lambda cost: cost.starts_on, "date", 11),
    Column("Au", lambda cost: cost.ends_on, "date", 11),
]
FUNDS = [
    Column("Source", lambda source: source.label, "wrap", 26),
    Column("Nature", lambda source: source.get_kind_display(), "wrap", 17),
    Column("Financeur", lambda source: source.funder, "wrap", 17),
    Column("Régime d’aide", lambda source: source.scheme and str(source.scheme), "wrap", 24),
    Column("État", lambda source: source.state_label, "text", 13),
    Column("D’après", basis_of_state, "wrap", 16),
    Column("Compté", lambda source: YES if is_counted(source) else NO, "text", 9),
    Column("Assiette", lambda source: source.basis, "money", 14),
    Column("Taux (%)", lambda source: source.rate, "number", 9),
    Column("Montant", lambda source: source.current.amount, "money", 14, asks=("Compté", YES)),
    Column(
        "Montant compté",
        lambda source: source.current.amount if is_counted(source) else None,
        "money", 14, total=True,
    ),
    Column("Équivalent-subvention brut", lambda source: source.equivalent, "money", 13),
    Column("Déposé le", lambda source: source.current.filed_on, "date", 11),
    Column("Octroi le", lambda source: source.current.granted_on, "date", 11),
    Column("Versement ou solde le", lambda source: source.current.paid_on, "date", 11),
]  # fmt: skip
VERDICTS = [
    Column("Verdict", lambda check: check.status.label, "text", 14),
    Column("Règle", lambda check: check.title, "wrap", 34),
    Column("Ce que dit le calcul", lambda check: check.text, "wrap", 76),
    Column("Source en cause", lambda check: check.source, "wrap", 24),
    Column("Référence", lambda check: check.reference, "wrap", 38),
]
MONTHS = [
    Column("Mois", lambda month: month.on, "month", 12),
    Column("Décaissements", lambda month: month.spent, "money", 16, total=True),
    Column("Encaissements", lambda month: month.received, "money", 16, total=True),
    Column("Solde du mois", lambda month: month.received - month.spent, "money", 16, total=True),
    Column("Solde cumulé", lambda month: month.balance, "money", 16),
]


def workbook(reading, viewer):
    """The plan of a `funding.plan_facts.Reading` as its page shows it to the viewer, as bytes."""
    plan, territory = reading.plan, reading.plan.territory
    level = Reading(
        "moi", "Ce que je lis", f"Édité par {viewer}", "", role_in(viewer, territory.pk), territory
    )
    with Book(
        heading=f"{territory.name} · {plan.subject_code} · {plan.name}",
        confidentiality=confidentiality(level),
        drawn_on=reading.today,
        title=f"Plan de financement, {plan.subject.title}",
        subject="Plan de financement",
    ) as book:
        summary = book.sheet("Plan", title="Plan de financement", note=plan.subject.title)
        tables = {
            USES: write(book, USES, COSTS, plan.costs.all(), KNOWN),
            SOURCES: write(
                book, SOURCES, FUNDS, plan.sources.all(),
                "Une ressource refusée ou une garantie est listée sans être comptée. " + KNOWN,
            ),
            CHECKS: write(
                book, CHECKS, VERDICTS, [*reading.standing, *reading.idle],
                "Ceci n’est pas un avis juridique : le règlement du financeur fait foi.",
            ),
            CASH: write(book, CASH, MONTHS, reading.cash.months, unplaced(reading.cash)),
        }  # fmt: skip
        write_counted(book, tables[SOURCES], plan.sources.all())
        write_months(book, tables[CASH], reading.cash.months)
        write_summary(book, summary, reading, tables)
        summary.activate()
    return book.content


def write(book, name, columns, rows, note):
    sheet = book.sheet(name, title=name, note=note)
    book.widths(sheet, columns)
    total = "Total" if any(column.total for column in columns) else ""
    return book.table(sheet, columns, rows, total=total, freeze=1)


def unplaced(cash):
    """What no date puts on the curve, in words."""
    out = [label for label, _ in (*cash.unplaced_costs, *cash.unplaced_sources)]
    if not out:
        return "Solde cumulé : ce qui entre moins ce qui sort, depuis le premier mois."
    return f"Hors de la courbe, faute de date ou de montant : {', '.join(out)}."


def write_counted(book, table, sources):
    sheet = book.book.get_worksheet_by_name(table.sheet)
    column = table.index["Montant compté"]
    for at, source in enumerate(sources, start=table.first):
        amount, counted = (cell(at, table.index[label]) for label in ("Montant", "Compté"))
        value = source.current.amount if is_counted(source) else None
        sheet.write_formula(
            at, column, f'=IF(AND({counted}="{YES}",{amount}<>""),{amount},"")',
            book.format("cell", "money"), "" if value is None else value,
        )  # fmt: skip


def write_months(book, table, months):
    """What is left at the end of each month as formulas, and its line."""
    sheet = book.book.get_worksheet_by_name(table.sheet)
    form = book.format("cell", "money")
    labels = ("Décaissements", "Encaissements", "Solde du mois", "Solde cumulé")
    spent, received, moved, left = (table.index[label] for label in labels)
    for at, month in enumerate(months, start=table.first):
        difference = f"={cell(at, received)}-{cell(at, spent)}"
        sheet.write_formula(at, moved, difference, form, month.received - month.spent)
        before = f"{cell(at - 1, left)}+" if at > table.first else ""
        sheet.write_formula(at, left, f"={before}{cell(at, moved)}", form, month.balance)
    if months:
        draw(book, sheet, table)


def draw(book, sheet, table):
    chart = book.book.add_chart({"type": "line"})
    font = {"name": FONT, "size": 9, "color": INK}
    chart.add_series(
        {
            "name": "Solde cumulé",
            "categories": f"={table.column('Mois')}",
            "values": f"={table.column('Solde cumulé')}",
            "line": {"color": INK, "width": 1.75},
        }
    )
    chart.set_title({"name": "Solde cumulé, en euros", "name_font": font | {"size": 11}})
    chart.set_x_axis({"num_font": font, "num_format": "mm/yyyy", "label_position": "low"})
    chart.set_y_axis({"num_font": font, "major_gridlines": {"visible": True}})
    chart.set_legend({"none": True})
    chart.set_size({"width": 620, "height": 300})
    description = "Solde cumulé de trésorerie, mois par mois"
    sheet.insert_chart("G4", chart, {"object_position": 1, "description": description})


def write_summary(book, sheet, reading, tables):
    """The figures of the page; those of money are formulas on the other sheets."""
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 46)
    for at, (label, kind, value, formula) in enumerate(figures(reading, tables), start=FIRST):
        sheet.write_string(at, 0, label, book.format("cell", bold=True))
        form = book.format("cell", kind, align="left", indent=1)
        if formula:
            sheet.write_formula(at, 1, formula, form, "" if value is None else value)
        elif value is None or value == "":
            sheet.write_blank(at, 1, None, form)
        elif kind in {"date", "month"}:
            sheet.write_datetime(at, 1, value, form)
        elif kind == "text":
            sheet.write_string(at, 1, str(value), form)
        else:
            sheet.write_number(at, 1, value, form)


def figures(reading, tables):
    """(label, format, value, formula or nothing), in the order of the page."""
    plan, lowest = reading.plan, reading.cash.lowest
    verdicts = tables[CHECKS].column("Verdict")
    return [
        ("Projet ou action", "text", plan.subject.title, ""),
        ("Référence", "text", plan.subject_code, ""),
        ("Porteur ou pilote", "text", plan.holder and plan.holder.name, ""),
        ("Scénario", "text", f"{plan.name}{', choisi' if plan.is_chosen else ''}", ""),
        ("Montants", "text", plan.get_vat_basis_display(), ""),
        ("Octroi prévu le", "date", plan.granted_on, ""),
        ("Modifié le", "date", timezone.localtime(plan.updated_at).date(), ""),
        *sums(reading, tables, first=FIRST + 7),
        ("Subventions publiques", "money", reading.grants, ""),
        ("Part de subvention (%)", "number", reading.grant_share, ""),
        ("Effet levier", "number", reading.leverage, ""),
        ("Aide par emploi prévu", "money", reading.aid_per_job, ""),
        *(
            (status.label, "integer", reading.counts[status.name.lower()],
             f'=COUNTIF({verdicts},"{status.label}")')
            for status in Status
        ),
        ("Point bas de trésorerie", "money", lowest and lowest.balance,
         f"=MIN({tables[CASH].column('Solde cumulé')})" if lowest else ""),
        ("Mois du point bas", "month", lowest and lowest.on, ""),
    ]  # fmt: skip


def sums(reading, tables, first):
    """Uses, sources, what is unknown, the gap and its word, from the row `first` down."""
    balance, costs, funds = reading.balance, tables[USES], tables[SOURCES]
    spent, brought = costs.column("Montant"), funds.column("Montant")
    counted = f'{funds.column("Compté")},"{YES}"'
    uses, sources, unknown, gap = (cell(first + at, 1) for at in range(4))
    lines = f'{costs.column("Éligible")},"?*"'
    nothing = f"COUNTIFS({lines})=0,COUNTIFS({counted})=0"
    asked = f'COUNTIFS({lines},{spent},"")+COUNTIFS({counted},{brought},"")'
    words = rules.STATES
    return [
        (USES, "money", balance.uses, f"=SUM({spent})"),
        (SOURCES, "money", balance.sources, f"=SUMIFS({brought},{counted})"),
        ("Montants à confirmer", "integer", balance.unknown, f"={asked}"),
        ("Écart", "money", balance.gap,
         f'=IF(OR({unknown}>0,{nothing}),"",ROUND({sources}-{uses},2))'),
        ("Équilibre", "text", words[balance.state],
         f'=IF({gap}="","{words["unknown"]}",IF({gap}=0,"{words["balanced"]}",'
         f'IF({gap}<0,"{words["short"]}","{words["over"]}")))'),
    ]  # fmt: skip
