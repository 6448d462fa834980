"""The figures of funding as a workbook: each breakdown on its sheet, then the files themselves."""

from crm.models import Role
from crm.perms import role_in
from reporting.columns import Column
from reporting.committee import confidentiality, write_readme
from reporting.exports import APPLICATIONS
from reporting.funding_page import AMOUNTS, COLUMNS, MEASURES
from reporting.readings import Reading
from reporting.workbook import Book

UNKNOWN = [
    Column(
        f"{word.capitalize()}, à confirmer",
        lambda line, name=name: getattr(line, f"{name}_unknown"),
        "unknown",
        12,
    )
    for name, word in MEASURES.items()
]
DECIDED = [
    Column("Décidés", lambda line: line.decided, "integer", 10),
    Column("Acceptés", lambda line: line.accepted, "integer", 10),
    Column("Décidés, montants à confirmer", lambda line: line.unpriced, "unknown", 14),
    Column("Décidés, dates à confirmer", lambda line: line.untimed, "unknown", 14),
]
DEFINITIONS = [
    ("Dossiers", "Tous ceux que vous pouvez lire, de projets et de fiches action."),
    (
        "Demandé, accordé, engagé, versé",
        "Sommes des montants connus. Engagé : montant de la convention, avenants compris. Un "
        "montant accordé, engagé ou versé est à confirmer quand le dossier est accepté sans le "
        "dire ; avant, rien n’est dû.",
    ),
    (
        "Taux de succès",
        "Dossiers acceptés parmi ceux qui sont acceptés, refusés ou classés sans suite. Un dossier "
        "retiré par son porteur ou sa porteuse n’est pas décidé.",
    ),
    (
        "Taux en euros",
        "Euros accordés pour les euros demandés, sur les seuls dossiers décidés dont les montants "
        "sont connus.",
    ),
    (
        "Délai médian",
        "Jours du dépôt à la décision, dossiers décidés dont les deux dates sont connues : la "
        "moitié attend moins, la moitié davantage.",
    ),
    (
        "Par EPCI, par axe",
        "Un dossier de plusieurs EPCI ou de plusieurs axes compte dans chacun : ces lignes ne "
        "s’additionnent pas.",
    ),
    ("Cellule vide", "L’information n’est pas connue. Une cellule vide n’est pas un zéro."),
]


def workbook(page, files, general, filters):
    """`page` and the `files` it counts; `general` are the figures of the territory."""
    territory, role = general.territory, role_in(general.viewer, general.territory.pk)
    reading = Reading(
        "moi",
        "Ce que je lis",
        f"Édité par {general.viewer}",
        f"tout ce que permet le rôle « {Role(role).label} »",
        role,
        territory,
    )
    with Book(
        heading=f"{territory.name} · {territory.code} · {territory.period}",
        confidentiality=confidentiality(reading),
        drawn_on=general.today,
        title=f"Financements, {territory.name}",
        subject="Demandé, accordé, engagé, versé",
    ) as book:
        readme = book.sheet("Lisez-moi")
        for breakdown in page.breakdowns:
            write_breakdown(book, breakdown, page.figures.total)
        write_files(book, files)
        write_readme(
            book,
            readme,
            general,
            reading,
            title="Financements",
            definitions=DEFINITIONS,
            filters=filters,
        )
    return book.content


def write_breakdown(book, breakdown, total):
    first = Column(breakdown.by, lambda line: line.label, "text", 34)
    columns = [first, COLUMNS[0], *AMOUNTS, *UNKNOWN, *DECIDED, *COLUMNS[5:]]
    sheet = book.sheet(breakdown.title, title=breakdown.title, note=breakdown.foot)
    book.widths(sheet, columns)
    lines = [line for line, _ in breakdown.rows]
    rows = [*lines, total] if lines else []
    book.table(sheet, columns, rows, filters=False, freeze=1, head_height=46)


def write_files(book, files):
    sheet = book.sheet("Dossiers", title="Dossiers", note="Les lignes que comptent ces chiffres.")
    book.widths(sheet, APPLICATIONS)
    book.table(sheet, APPLICATIONS, files, freeze=2)
