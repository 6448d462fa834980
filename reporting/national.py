"""The national return: one row per project and per fiche, with stable columns, codes and labels."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone

from actions.models import Action
from crm.models import Project
from reporting.columns import Column, plain
from reporting.committee import confidentiality, write_readme
from reporting.completeness import Completeness
from reporting.figures import JOBS, Figures
from reporting.phases import phase, phase_status
from reporting.rows import action_rows, project_rows
from reporting.workbook import BRICK, Book, cell

PROJECT, ACTION = "projet", "action"
ROWS = "Remontée"
# The stable names of the amounts that the totals add up, and the field of a Line that says each.
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
DEFINITIONS = [
    (
        "Lignes",
        "Une ligne par projet et une par fiche du plan en vigueur. La première ligne de la feuille "
        "porte des noms de colonnes stables, la seconde leur libellé.",
    ),
    (
        "compte",
        "1 si la ligne entre dans les totaux : tout projet qui n’est pas clos sans effet "
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


@dataclass(frozen=True)
class Row:
    """A project or a fiche, and how to ask one or the other."""

    nature: str
    of: Project | Action

    @property
    def is_project(self):
        return self.nature == PROJECT

    def ask(self, project: Callable, action: Callable):
        return project(self.of) if self.is_project else action(self.of)


def nothing(_):
    return None


def columns(figures):
    """The columns of the return. Names never change; a new one goes at the end."""
    today, territory = figures.today, figures.territory

    def both(name, label, project, action, form="text", width=16):
        return Column(label, lambda row: row.ask(project, action), form, width, name=name)

    def one(name, label, project, form="text", width=16):
        return both(name, label, project, nothing, form, width)

    def label(value):
        return value.label if value else None

    return [
        both("territoire_code", "Territoire", *[lambda _: territory.code] * 2, width=11),
        both("periode", "Période", *[lambda _: territory.period] * 2, width=11),
        Column("Nature", lambda row: row.nature, "text", 9, name="nature"),
        both("reference", "Référence", lambda p: p.reference, lambda a: a.code, "code", 13),
        both("intitule", "Intitulé", lambda p: p.title, lambda a: a.title, "text", 38),
        both("porteur", "Porteur ou pilote", lambda p: p.holder.name,
             lambda a: a.pilot and a.pilot.name, "text", 28),
        both("porteur_siren", "SIREN", lambda p: p.holder.siren,
             lambda a: a.pilot and a.pilot.siren, "code", 12),
        one("siret", "SIRET du site", lambda p: p.site and p.site.siret, "code", 17),
        one("commune_insee", "Commune (INSEE)", lambda p: p.place and p.place.code, "code", 10),
        one("commune", "Commune", lambda p: p.place and p.place.name, "text", 20),
        one("epci_siren", "EPCI (SIREN)", lambda p: p.place and p.place.epci_id, "code", 12),
        one("epci", "EPCI", lambda p: p.place and p.place.epci and p.place.epci.name, "text", 30),
        one("departement", "Département", lambda p: p.place and p.place.departement_id, "code", 8),
        both("etape_code", "Étape ou statut (code)", lambda p: p.stage_id, lambda a: a.status,
             "code", 15),
        both("etape", "Étape ou statut", lambda p: p.stage.label, lambda a: a.get_status_display(),
             "text", 22),
        one("phase", "Phase nationale", phase, "text", 11),
        one("phase_statut", "Statut de la phase", lambda p: phase_status(p, today=today), "text",
            12),
        both("meteo_code", "Météo (code)", *[lambda row: row.health_id] * 2, "code", 11),
        both("meteo", "Météo", *[lambda row: label(row.health)] * 2, "text", 11),
        one("compte", "Compté", lambda p: int(not p.is_closed), "integer", 8),
        *(priority_column(priority) for priority in figures.priorities),
        both("axes", "Axes nationaux", *[axes] * 2, "text", 40),
        one("filiere_code", "Filière (code)", lambda p: p.sector_id, "code", 18),
        one("filiere", "Filière", lambda p: label(p.sector), "text", 26),
        one("investissement_prevu", "Investissement prévu", lambda p: p.planned_investment,
            "money"),
        one("assiette_eligible", "Assiette éligible", lambda p: p.eligible_costs, "money"),
        one("aides_demandees", "Aides demandées", lambda p: p.requested_total, "money"),
        one("aides_accordees", "Aides accordées", lambda p: p.granted_total, "money"),
        one("aides_versees", "Aides versées", lambda p: p.paid_total, "money"),
        *(
            one(name, JOBS[field], lambda p, field=field: getattr(p, field), "number", 12)
            for name, field in SUMS.items() if field in JOBS
        ),
        one("emplois_methode_code", "Méthode (code)", lambda p: p.jobs_method, "code", 10),
        one("emplois_methode", "Méthode du décompte", lambda p: p.get_jobs_method_display(),
            "text", 26),
        one("emplois_preuve", "Preuve du décompte", lambda p: p.jobs_evidence, "text", 26),
        one("emplois_constates_le", "Emplois constatés le", lambda p: p.jobs_observed_on, "date"),
        both("budget_prevu", "Budget prévu", nothing, lambda a: a.budget_planned, "money"),
        both("budget_engage", "Budget engagé", nothing, lambda a: a.budget_committed, "money"),
        both("budget_depense", "Budget dépensé", nothing, lambda a: a.budget_spent, "money"),
        both("avancement", "Avancement (%)", nothing, lambda a: a.progress, "integer", 11),
        one("ouvert_le", "Ouvert le", lambda p: p.opened_on, "date", 12),
        both("debut", "Début", *[lambda row: row.starts_on] * 2, "date", 12),
        both("fin", "Fin", *[lambda row: row.ends_on] * 2, "date", 12),
        one("premier_engagement_le", "Premier engagement ferme", lambda p: p.first_commitment_on,
            "date", 12),
        both("mis_a_jour_le", "Mis à jour le",
             *[lambda row: timezone.localtime(row.updated_at).date()] * 2, "date", 12),
    ]  # fmt: skip


def priority_column(priority):
    def mark(row):
        return int(priority in axes_of(row.of))

    return Column(f"Axe : {priority.short}", mark, "integer", 12, name=f"axe_{priority.pk}")


def axes_of(row):
    return row.priorities.all() if isinstance(row, Project) else row.national_priorities.all()


def axes(row):
    return ", ".join(priority.label for priority in axes_of(row))


def workbook(reading, *, today=None):
    """The national return of a reading, as bytes."""
    today = today or timezone.localdate()
    territory = reading.territory
    figures = Figures(reading, territory, today)
    projects, actions = project_rows(figures), action_rows(figures)
    rows = [Row(PROJECT, row) for row in projects] + [Row(ACTION, row) for row in actions]
    gaps = Completeness(figures).gaps(projects, actions)
    with Book(
        heading=f"{territory.name} · {territory.code} · {territory.period}",
        confidentiality=confidentiality(reading),
        drawn_on=today,
        title=f"Remontée nationale, {territory.name}",
        subject="Projets et fiches action",
    ) as book:
        readme = book.sheet("Lisez-moi")
        listed = write_rows(book, columns(figures), rows)
        write_totals(book, figures, listed)
        write_gaps(book, gaps, listed, rows)
        write_readme(
            book, readme, figures, reading, title="Remontée nationale", definitions=DEFINITIONS,
            more=[("Contenu", said(figures, rows, gaps))],
        )  # fmt: skip
    return book.content


def said(figures, rows, gaps):
    projects = sum(row.is_project for row in rows)
    return (
        f"{projects} projets, dont {figures.total.count} comptés dans les totaux ; "
        f"{len(rows) - projects} fiches action ; {len(gaps)} informations manquantes ou "
        "incohérentes, listées dans « Manques »."
    )


def write_rows(book, fields, rows):
    """Stable names first, for machines; labels under them, for people."""
    sheet = book.sheet(ROWS, paper=8)
    sheet.fit_to_pages(3, 0)
    book.widths(sheet, fields)
    for i, field in enumerate(fields):
        sheet.write_string(0, i, field.name, book.format("blank", font_size=8))
    listed = book.table(sheet, fields, rows, row=1, head_height=44)
    sheet.freeze_panes(2, 5)
    sheet.repeat_rows(0, 1)
    sheet.repeat_columns(3, 4)
    return listed


def write_totals(book, figures, listed):
    """Totals by priority: formulas on the rows, next to the figures the pages show."""
    sheet = book.sheet(
        "Totaux par axe",
        title="Totaux par axe national",
        note="Projets comptés. Une ligne de deux axes compte dans chacun ; le total compte chaque "
        "projet une fois.",
    )
    heads = ["Axe national", "Projets", "Investissement à confirmer"]
    heads += [listed.columns[listed.index[name]].label for name in SUMS]
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 2, 14)
    sheet.set_column(3, len(heads) - 1, 15)
    sheet.set_row(3, 46)
    for i, head in enumerate(heads):
        align = {"align": "right", "indent": 0} if i else {}
        sheet.write_string(3, i, head, book.format("head", **align))
    counted = f"{listed.column('compte')},1"
    names = {priority.pk: f"axe_{priority.pk}" for priority in figures.priorities}
    none = ",".join(f"{listed.column(name)},0" for name in names.values())
    row = 4
    for line in figures.by_priority:
        where = f"{listed.column(names[line.code])},1" if line.code else none
        _line(book, sheet, row, line, f"{counted},{where}", listed, "cell")
        row += 1
    _line(book, sheet, row, figures.total, counted, listed, "total")
    sheet.write_string(row, 0, "Total, chaque projet une fois", book.format("total"))
    row += 1
    overlap, last = figures.overlap, row - 2
    sheet.write_string(row, 0, "Comptés dans plusieurs axes", book.format("blank"))
    for i in range(1, len(heads)):
        sheet.write_blank(row, i, None, book.format("blank"))
    for i, value, form in ((1, overlap["count"], "integer"), (3, overlap["investment"], "money")):
        formula = f"=SUM({cell(4, i)}:{cell(last, i)})-SUM({cell(row - 1, i)})"
        sheet.write_formula(row, i, formula, book.format("blank", form), plain(value))
    _plan(book, sheet, row + 3, figures, listed)
    return sheet


def _line(book, sheet, row, line, where, listed, role):
    sheet.write_string(row, 0, line.label, book.format(role))
    money = listed.column("investissement_prevu")
    _formula(book, sheet, row, 1, f"=COUNTIFS({where})", line.count, "integer", role)
    _formula(book, sheet, row, 2, f'=COUNTIFS({where},{money},"")', line.unknown, "unknown", role)
    for i, (name, field) in enumerate(SUMS.items(), start=3):
        cells, form = listed.column(name), listed.columns[listed.index[name]].format
        # Nothing known is an empty cell: a sum of nothing is not 0 €.
        known = f'COUNTIFS({where},{cells},">=0")'
        value = getattr(line, field)
        formula = f'=IF({known}=0,"",SUMIFS({cells},{where}))'
        _formula(book, sheet, row, i, formula, "" if value is None else value, form, role)


def _plan(book, sheet, row, figures, listed):
    """The plan in force: its fiches have budgets, not investments."""
    where = f'{listed.column("nature")},"{ACTION}"'
    sheet.write_string(row, 0, "Plan d’actions", book.format("head"))
    lines = [
        ("Fiches", f"=COUNTIFS({where})", figures.plan["count"], "integer"),
        *(
            (label, f"=SUMIFS({listed.column(name)},{where})", figures.plan[key] or 0, "money")
            for label, name, key in (
                ("Budget prévu", "budget_prevu", "planned"),
                ("Budget engagé", "budget_engage", "committed"),
                ("Budget dépensé", "budget_depense", "spent"),
            )
        ),
    ]
    sheet.write_blank(row, 1, None, book.format("head"))
    for at, (label, formula, value, form) in enumerate(lines, start=row + 1):
        sheet.write_string(at, 0, label, book.format("cell"))
        _formula(book, sheet, at, 1, formula, value, form, "cell")


def _formula(book, sheet, row, column, formula, value, form, role):
    value = float(value) if isinstance(value, Decimal) else value
    sheet.write_formula(row, column, formula, book.format(role, form), value)


def write_gaps(book, gaps, listed, rows):
    """What is missing or contradicts itself; each reference leads to its row."""
    at = {(row.nature, row.of.pk): listed.first + i for i, row in enumerate(rows)}
    fields = [
        Column("Référence", lambda gap: gap.reference, "code", 14),
        Column("Nature", lambda gap: gap.nature, "text", 10),
        Column("Intitulé", lambda gap: gap.title, "wrap", 44),
        Column("Constat", lambda gap: gap.kind, "text", 14),
        Column("Information", lambda gap: gap.field, "text", 30),
        Column("Pourquoi il faut la savoir", lambda gap: gap.why, "wrap", 60),
    ]
    sheet = book.sheet(
        "Manques",
        title="Ce qui manque ou se contredit",
        note="À compléter avant l’envoi ; la référence mène à la ligne.",
        tab=BRICK,
    )
    book.widths(sheet, fields)
    table = book.table(sheet, fields, gaps, freeze=1, empty="Rien ne manque.")
    for row, gap in enumerate(gaps, start=table.first):
        place = f"internal:'{ROWS}'!E{at[gap.nature, gap.row.pk] + 1}"
        sheet.write_url(row, 0, place, book.format("link"), gap.reference)
