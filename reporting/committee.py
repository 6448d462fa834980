"""The workbook of the local committee: what to decide first, then the figures and their rows."""

import io
import re

from PIL import Image

from crm.models import READABLE, Confidentiality
from crm.perms import role_in
from crm.search import normalise
from funding.bulk import collector_paused
from reporting import perimeters, plans
from reporting.committee_tables import Tables
from reporting.figures import Figures
from reporting.plans import DEFINITION
from reporting.summary import write_summary
from reporting.workbook import Book

DEFINITIONS = [
    ("Projets en cours", "Ni réalisés ni clos ; ceux qui sont suspendus en font partie."),
    (
        "Projets comptés",
        "En cours, suspendus ou réalisés. Un projet clos (abandonné, perdu, sans suite, réorienté) "
        "reste dans la liste mais n’entre dans aucun total d’investissement, d’axe ou d’emplois.",
    ),
    (
        "Investissement prévu",
        "Montant hors taxes déclaré par le porteur. Somme des montants connus ; « à confirmer » "
        "donne le nombre de projets dont le montant n’est pas connu.",
    ),
    (
        "Investissement par axe",
        "Un projet qui relève de deux axes compte dans chacun : les lignes ne s’additionnent pas. "
        "Le total compte chaque projet une fois.",
    ),
    (
        "Aides demandées, accordées, versées",
        "Sommes des montants connus de tous les dossiers lisibles, quel que soit leur statut.",
    ),
    DEFINITION,
    (
        "Emplois",
        "Équivalents temps plein des projets comptés. Prévus et constatés, créés et maintenus ne "
        "s’additionnent jamais.",
    ),
    ("Plan d’actions", "Fiches du plan en vigueur ; budget : somme des montants connus."),
    (
        "Avis du binôme",
        "Réponses des deux membres, une fois que les deux ont répondu ; jamais une réponse seule.",
    ),
    ("Cellule vide", "L’information n’est pas connue. Une cellule vide n’est pas un zéro."),
]


def file_name(territory, what, today, extension):
    """« etabli-copil-ti-7611-2026-11-22.xlsx »: safe in any header and any file system."""
    code = re.sub(r"[^a-z0-9]+", "-", normalise(territory.code)).strip("-")
    return f"etabli-{what}-{code}-{today.isoformat()}.{extension}"


DRAFT = "Document de travail"


def workbook(reading, *, today=None):
    """The committee workbook of a reading (see `reporting.readings`), as bytes: a draft."""
    return draw(Tables(Figures(reading, reading.territory, today))).content


@collector_paused()
def draw(tables, *, stamp=DRAFT, is_short=False, brand=None):
    """The closed book of a pack; a draft unless `stamp` says which edition it is."""
    figures, lists = tables.figures, tables.all(is_short=is_short)
    reading, territory = figures.viewer, figures.territory
    with Book(
        heading=f"{territory.name} · {territory.code} · {territory.period}",
        confidentiality=confidentiality(reading),
        drawn_on=figures.today,
        title=f"Comité de pilotage, {territory.name}",
        subject="Classeur du comité local",
        stamp=stamp,
        accent=brand and brand.colour,
    ) as book:
        readme, summary = (book.sheet(name) for name in ("Lisez-moi", "Synthèse"))
        written = {}
        for listing in lists:
            if listing.name == plans.PLANS:
                plans.write_plans(book, *tables.plans)
            elif listing.name != plans.LINES:
                written[listing.name] = listing.write(book)
        write_summary(book, summary, figures, written)
        write_readme(
            book, readme, figures, reading, title="Classeur du comité", definitions=DEFINITIONS,
            logo=brand and brand.picture,
        )  # fmt: skip
        summary.activate()
    return book


def confidentiality(reading):
    demo = "DONNÉES FICTIVES · " if reading.territory.is_demo else ""
    return f"{demo}{reading.label}"


def write_readme(
    book, sheet, figures, reading, *, title, definitions, more=(), filters="", logo=None
):
    """Date, perimeter, filters, who may read, definitions: what a figure needs to be believed."""
    territory = figures.territory
    sheet.set_column(0, 0, 36)
    sheet.set_column(1, 1, 120)
    sheet.write_string(0, 0, f"{title}, {territory.name}", book.format("title"))
    sheet.set_row(0, 26)
    if logo:
        place_logo(sheet, logo)
    row = 2
    if book.stamp == DRAFT:
        sheet.merge_range(
            row, 0, row, 1,
            "Document de travail\u00a0: les chiffres peuvent encore changer. Seule une édition "
            "émise, numérotée et datée, fait foi.",
            book.format("warning"),
        )  # fmt: skip
        sheet.set_row(row, 22)
        row += 2
    if territory.is_demo:
        sheet.merge_range(
            row, 0, row, 1,
            "Territoire de démonstration : toutes les données de ce classeur sont fictives.",
            book.format("warning"),
        )  # fmt: skip
        sheet.set_row(row, 22)
        row += 2
    facts = [
        ("Territoire", f"{territory.name}, {territory.code}, période {territory.period}"),
        ("Structure porteuse", territory.lead_body),
        ("Édité le", f"{figures.today:%d/%m/%Y}, d’après les données de ce jour"),
        ("Périmètre", perimeters.told(figures)),
        ("Filtres", filters or "Aucun : les listes sont complètes à ce niveau de lecture."),
        ("Qui peut lire", f"{reading.label} : {reading.note}."),
        ("Non montré", withheld(figures)),
        *more,
    ]
    for label, text in facts:
        row = _line(book, sheet, row, label, text)
    row += 1
    sheet.write_string(row, 0, "Ce que veut dire chaque chiffre", book.format("heading"))
    sheet.write_blank(row, 1, None, book.format("heading"))
    sheet.set_row(row, 20)
    row += 1
    for label, text in definitions:
        row = _line(book, sheet, row, label, text)


LOGO_AT, LOGO_HEIGHT = "B1", 60


def place_logo(sheet, logo):
    """In the upper right corner, on rows made high enough for it."""
    with Image.open(io.BytesIO(logo)) as picture:
        width, height = picture.size
    scale = LOGO_HEIGHT / height
    sheet.set_row(0, LOGO_HEIGHT * 0.75 + 8)
    sheet.insert_image(
        LOGO_AT, "logo.png",
        {"image_data": io.BytesIO(logo), "x_scale": scale, "y_scale": scale,
         "x_offset": max(0, 840 - width * scale), "y_offset": 4,
         "description": "Logo du territoire"},
    )  # fmt: skip


def _line(book, sheet, row, label, text):
    if not text:
        return row
    sheet.write_string(row, 0, label, book.format("plain", bold=True))
    sheet.write_string(row, 1, text, book.format("plain", "wrap"))
    sheet.set_row(row, 5 + 13.5 * -(-len(text) // 135))
    return row + 1


def withheld(figures):
    """« 3 projets de confidentialité « interne » »: a count, no name."""
    readable = READABLE.get(role_in(figures.viewer, figures.territory.pk), set())
    parts = [
        f"{count} d’un concurrent d’un membre du binôme"
        if level in readable
        else f"{count} de confidentialité «\u00a0{short(level)}\u00a0»"
        for level, count in sorted(figures.withheld.items())
    ]
    count = sum(figures.withheld.values())
    if not count:
        return "Aucun projet n’est écarté."
    many = "projets sont écartés" if count > 1 else "projet est écarté"
    return f"{count} {many} de ce document et de ses totaux\u00a0: {', '.join(parts)}."


def short(level):
    return Confidentiality(level).label.split(" (")[0].lower()
