"""Financing plans in workbooks: a line for each plan, then its uses and sources.

What the formulas add up are the lines of the second sheet, by the number of the plan: the code of
an action would not do, since a spreadsheet takes « 1.1 » and « 1.10 » for the same number.
"""

from dataclasses import dataclass

from funding.financing import plan as rules
from funding.models import CostLine
from funding.plan_facts import GROUPS, Reading
from reporting.columns import Column
from reporting.listings import Listing
from reporting.rows import plan_readings
from reporting.workbook import cell

PLANS, LINES = "Plans de financement", "Lignes des plans"
USES, SOURCES = "Emplois", "Ressources"
GRANTS = "Subventions publiques"
# The headings of the sources, in the order of the plan; a guarantee brings no money.
HEADINGS = GROUPS | {rules.GRANT: GRANTS}
KINDS = (GROUPS[rules.OWN], GROUPS[rules.BANK_LOAN], GRANTS, GROUPS[rules.PRIVATE])
YES, NO = "oui", "non"

DEFINITION = (
    "Plans de financement",
    "Scénario choisi de chaque projet et de chaque fiche lisibles. Sommes des montants connus ; "
    "« à confirmer » compte les lignes sans montant, et l’écart reste alors vide. Une ressource "
    "refusée et une garantie sont listées sans être comptées. Vérifications et trésorerie sont "
    "celles de la page du plan, à ce niveau de lecture : le registre des aides reçues, que seule "
    "l’équipe lit, n’y entre pas, et le « de minimis » reste alors à vérifier.",
)


@dataclass(frozen=True)
class Row:
    """One plan, under its number in the workbook."""

    number: int
    reading: Reading

    @property
    def plan(self):
        return self.reading.plan

    @property
    def lines(self):
        return [Line(self, line) for line in (*self.plan.costs.all(), *self.plan.sources.all())]

    def known(self, heading):
        """Euros of a kind of source: 0 without such a source, None when no amount is known."""
        amounts = [
            source.amount
            for source in self.reading.rules.resources
            if HEADINGS[source.kind] == heading
        ]
        return None if amounts and not any_known(amounts) else rules.known(amounts)

    @property
    def uses(self):
        costs = self.reading.rules.costs
        return self.reading.balance.uses if any_known(cost.amount for cost in costs) else None

    @property
    def sources(self):
        live = self.reading.rules.resources
        return self.reading.balance.sources if any_known(one.amount for one in live) else None


def any_known(amounts):
    return any(amount is not None for amount in amounts)


@dataclass(frozen=True)
class Line:
    """A use or a source of a plan."""

    row: Row
    line: object

    @property
    def is_use(self):
        return isinstance(self.line, CostLine)

    @property
    def side(self):
        return USES if self.is_use else SOURCES

    @property
    def heading(self):
        return self.line.nature or None if self.is_use else HEADINGS[self.line.kind]

    @property
    def is_counted(self):
        return self.is_use or not (self.line.is_refused or self.line.kind == rules.GUARANTEE)

    @property
    def amount(self):
        return self.line.amount if self.is_use else self.line.current.amount

    @property
    def basis(self):
        return self.line.as_rule().counted if self.is_use else self.line.basis


def lowest(read):
    """What is read of the lowest month; None when no month can be drawn."""

    def value(row):
        month = row.reading.cash.lowest
        return month and read(month)

    return value


def undated(row):
    cash = row.reading.cash
    return len(cash.unplaced_costs) + len(cash.unplaced_sources)


SUBJECT = [
    Column("N°", lambda row: row.number, "integer", 4),
    Column("Réf.", lambda row: row.plan.subject_code, "code", 10.5),
    Column("Projet ou action", lambda row: row.plan.subject.title, "wrap", 26),
    Column("Porteur ou pilote", lambda row: row.plan.holder and row.plan.holder.name, "wrap", 17),
    Column("HT ou TTC", lambda row: row.plan.get_vat_basis_display(), "text", 6),
]
MONEY = [
    Column(USES, lambda row: row.uses, "money", 11.5, total=True),
    *(
        Column(
            name,
            lambda row, name=name: row.known(name),
            "money",
            14 if name == KINDS[0] else 11.5,
            True,
        )
        for name in KINDS
    ),
    Column(SOURCES, lambda row: row.sources, "money", 11.5, total=True),
    Column("À confirmer", lambda row: row.reading.balance.unknown, "integer", 9, total=True),
    Column("Écart", lambda row: row.reading.balance.gap, "money", 11),
    Column("Équilibre", lambda row: rules.STATES[row.reading.balance.state], "wrap", 11),
    Column("Effet levier", lambda row: row.reading.leverage, "number", 7),
]
VERDICTS = [
    Column("Con-formes", lambda row: row.reading.counts["conform"], "integer", 7.5, total=True),
    Column("Non con-formes", lambda row: row.reading.counts["breach"], "integer", 7.5, total=True),
    Column("À vérifier", lambda row: row.reading.counts["to_check"], "integer", 7.5, total=True),
    Column("Point bas", lowest(lambda month: month.balance), "money", 11),
    Column("En", lowest(lambda month: month.on), "month", 8),
    Column("Lignes sans date", undated, "integer", 7.5, total=True),
]
COLUMNS = [*SUBJECT, *MONEY, *VERDICTS]

OF_LINES = [
    Column("N°", lambda one: one.row.number, "integer", 4),
    Column("Réf.", lambda one: one.row.plan.subject_code, "code", 11),
    Column("Projet ou action", lambda one: one.row.plan.subject.title, "wrap", 40),
    Column("Sens", lambda one: one.side, "text", 11),
    Column("Nature", lambda one: one.heading, "wrap", 24),
    Column("Ligne", lambda one: one.line.label, "wrap", 32),
    Column("Financeur", lambda one: None if one.is_use else one.line.funder, "wrap", 20),
    Column("État", lambda one: None if one.is_use else one.line.state_label, "text", 13),
    Column("Éligible ou assiette", lambda one: one.basis, "money", 14),
    Column("Taux (%)", lambda one: None if one.is_use else one.line.rate, "number", 8),
    Column("Montant", lambda one: one.amount, "money", 14),
    Column("Compté", lambda one: YES if one.is_counted else NO, "text", 9),
]

# The list as a file: what its page shows, and no check, which only a plan’s own page reads.
LIST = [
    *SUBJECT[1:4],
    Column("Scénario", lambda row: row.plan.name, "text", 22),
    SUBJECT[4],
    *MONEY,
    Column("Modifié le", lambda row: row.plan.updated_at, "date", 12),
]


def numbered(readings):
    return [Row(number, reading) for number, reading in enumerate(readings, start=1)]


EMPTY = "Aucun plan de financement à ce niveau de lecture."


def listings(figures):
    """The chosen plans, then their lines."""
    rows = numbered(plan_readings(figures))
    plans = Listing(
        PLANS,
        COLUMNS,
        rows,
        note="Scénario choisi de chaque projet et de chaque fiche\u00a0; emplois et "
        "ressources\u00a0: montants connus, sommes des lignes de la feuille suivante.",
        total="Total",
        freeze=3,
        empty=EMPTY,
        head_height=46,
    )
    lines = Listing(
        LINES,
        OF_LINES,
        [line for row in rows for line in row.lines],
        note="Emplois et ressources de chaque plan. Une cellule vide sous «\u00a0Montant\u00a0» "
        "est à confirmer\u00a0; une ressource refusée ou une garantie n’est pas comptée.",
        freeze=3,
        empty=EMPTY,
    )
    return plans, lines


def write_plans(book, plans, lines):
    at, of_lines = plans.write(book), lines.write(book)
    sheet = book.book.get_worksheet_by_name(PLANS)
    for place, row in enumerate(plans.rows, start=at.first):
        write_formulas(book, sheet, at, of_lines, place, row)


def write_formulas(book, sheet, plans, lines, at, row):
    """Each amount of a plan as a formula on its lines, with the value that it has today."""
    formulas = formulas_of(plans, lines, at)
    for column in MONEY:
        value = column.value(row)
        form = book.format("cell", column.format)
        shown = "" if value is None else value
        sheet.write_formula(at, plans.index[column.label], formulas[column.label], form, shown)


def formulas_of(plans, lines, at):
    def here(label):
        return cell(at, plans.index[label])

    amounts = lines.column("Montant")
    mine = f'{lines.column("N°")},{here("N°")},{lines.column("Compté")},"{YES}"'

    def of(label, value):
        return f'{mine},{lines.column(label)},"{value}"'

    def total(rows, otherwise):
        known = f'COUNTIFS({rows},{amounts},">=0")'
        return f"=IF({known}=0,{otherwise},SUMIFS({amounts},{rows}))"

    def unknown(rows):
        return f'COUNTIFS({rows},{amounts},"")'

    uses, sources, grants = here(USES), here(SOURCES), here(GRANTS)
    kinds = {
        name: total(of("Nature", name), f'IF(COUNTIFS({of("Nature", name)})=0,0,"")')
        for name in KINDS
    }
    gap = here("Écart")
    words = rules.STATES
    unsure = "+".join((unknown(of("Sens", USES)), unknown(of("Nature", GRANTS))))
    return kinds | {
        USES: total(of("Sens", USES), '""'),
        SOURCES: total(of("Sens", SOURCES), '""'),
        "À confirmer": f"={unknown(mine)}",
        "Écart": f'=IF(OR({uses}="",{sources}="",{here("À confirmer")}>0),"",'
        f"ROUND({sources}-{uses},2))",
        "Équilibre": f'=IF({gap}="","{words["unknown"]}",IF({gap}=0,"{words["balanced"]}",'
        f'IF({gap}<0,"{words["short"]}","{words["over"]}")))',
        "Effet levier": f'=IF(OR({uses}="",{grants}="",{grants}=0,{unsure}>0),"",'
        f"ROUND({uses}/{grants},1))",
    }
