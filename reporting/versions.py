"""A version of the plan as a workbook, from its frozen content alone."""

from reporting.columns import Column
from reporting.frozen_cells import amount, joined, on, said
from reporting.workbook import Book

UNITS = {"eur": "€", "etp": "ETP"}
NBSP = "\u00a0"


FICHES = [
    Column("Code", said("code"), "code", 10),
    Column("Intitulé", said("title"), "wrap", 38),
    Column("Sous-action de", said("part_of"), "code", 10),
    Column("Action prioritaire", said("priority"), "wrap", 24),
    Column("Axes nationaux", joined("national_priorities"), "wrap", 22),
    Column("Statut", said("status"), "text", 12),
    Column("Météo", said("health"), "text", 11),
    Column("Niveau de priorité", said("importance"), "text", 11),
    Column("Maturité", said("maturity"), "text", 14),
    Column("Avancement (%)", said("progress"), "integer", 11),
    Column("Budget prévu", amount("planned"), "money", 13),
    Column("Engagé", amount("committed"), "money", 13),
    Column("Dépensé", amount("spent"), "money", 13),
    Column("Pilote", said("pilot"), "wrap", 24),
    Column("Référent élu", said("elected"), "wrap", 20),
    Column("Référent industriel", said("industrialist"), "wrap", 20),
    Column("Partenaires", joined("partners"), "wrap", 30),
    Column("Partenaires financiers", joined("funders"), "wrap", 30),
    Column("Cadres", joined("frameworks"), "wrap", 18),
    Column("Début", on("starts_on"), "date", 12),
    Column("Fin", on("ends_on"), "date", 12),
]
CODE = [Column("Code", said("code"), "code", 10), Column("Fiche", said("title"), "wrap", 36)]
TEXTS = [
    *CODE,
    Column("Bénéficiaires", said("beneficiaries"), "wrap", 26),
    Column("Périmètre", joined("epcis"), "wrap", 30),
    Column("Contexte", said("context"), "wrap", 46),
    Column("Objectifs", said("objectives"), "wrap", 46),
    Column("Freins", said("blockers"), "wrap", 34),
]
MILESTONES = [
    *CODE,
    Column("Jalon", said("label"), "wrap", 40),
    Column("Prévu le", on("due_on"), "date", 12),
    Column("Atteint le", on("done_on"), "date", 12),
]
INDICATORS = [
    *CODE,
    Column("Indicateur", said("label"), "wrap", 36),
    Column("Unité", said("unit"), "text", 14),
    Column("Départ", amount("baseline"), "number", 12),
    Column("Le", on("baseline_on"), "date", 12),
    Column("Cible", amount("target"), "number", 12),
    Column("Échéance", on("target_on"), "date", 12),
    Column("Cibles par année", said("by_year"), "wrap", 30),
]
LINES = [
    *CODE,
    Column("Ligne", said("label"), "wrap", 46),
    Column("Unité", lambda row: UNITS[row["unit"]], "text", 8),
    Column("Prévu", amount("planned"), "number", 14),
    Column("Engagé", amount("committed"), "number", 14),
    Column("Dépensé", amount("spent"), "number", 14),
]


def rows_of(content, name):
    return [
        row | {"code": fiche["code"], "title": fiche["title"]}
        for fiche in content["fiches"]
        for row in fiche[name]
    ]


def indicator_rows(content):
    return [
        row | {"by_year": ", ".join(f"{year}{NBSP}: {value}" for year, value in years(row))}
        for row in rows_of(content, "indicators")
    ]


def years(row):
    return sorted(row["targets"].items())


def workbook(version):
    content, territory = version.content, version.content["territory"]
    fiction = "Données fictives. " if territory["is_demo"] else ""
    stamp = f"Version n°{NBSP}{version.number}"
    with Book(
        heading=f"{territory['name']} · {content['plan']['title']}",
        confidentiality=f"Votée le {version.voted_on:%d/%m/%Y}",
        drawn_on=version.drawn_on,
        title=version.title,
        subject="Version votée du plan d’actions",
        stamp=stamp,
    ) as book:
        note = f"{fiction}Votée par {version.voted_by}, le {version.voted_on:%d/%m/%Y}."
        for name, columns, rows in (
            ("Fiches", FICHES, content["fiches"]),
            ("Textes", TEXTS, content["fiches"]),
            ("Budget", LINES, rows_of(content, "lines")),
            ("Jalons", MILESTONES, rows_of(content, "milestones")),
            ("Indicateurs", INDICATORS, indicator_rows(content)),
        ):
            sheet = book.sheet(name, title=version.title, note=note)
            book.widths(sheet, columns)
            book.table(sheet, columns, rows, freeze=2)
    return book.content
