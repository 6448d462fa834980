"""The workbook of the local committee: what to decide first, then the figures and their rows."""

import re
from decimal import Decimal

from django.utils import timezone

from actions.models import AgendaItem
from crm.models import Role
from crm.search import normalise
from reporting.columns import Column
from reporting.figures import JOBS, Figures
from reporting.phases import situation
from reporting.plans import DEFINITION, write_plans
from reporting.rows import action_rows, application_rows, committee_rows
from reporting.summary import write_summary
from reporting.workbook import BRICK, Book

MARK = "●"
# A file says how much was granted, then paid, once it is accepted.
ACCEPTED = ("Statut", "Accepté")

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


DRAFT = "BROUILLON"
SINCE = "Depuis la dernière édition"


def workbook(reading, *, today=None):
    """The committee workbook of a reading (see `reporting.readings`), as bytes: a draft."""
    return draw(Figures(reading, reading.territory, today)).content


def draw(figures, *, stamp=DRAFT, meeting=None, since=None):
    """The closed book of the committee, for the reading of `figures`; a draft unless `stamp` says.

    `meeting` adds its agenda, and `since` what changed (see `reporting.since`).
    """
    reading, territory, today = figures.viewer, figures.territory, figures.today
    with Book(
        heading=f"{territory.name} · {territory.code} · {territory.period}",
        confidentiality=confidentiality(reading),
        drawn_on=today,
        title=f"Comité de pilotage, {territory.name}",
        subject="Classeur du comité local",
        stamp=stamp,
    ) as book:
        names = ["Lisez-moi", "Synthèse"]
        readme, summary = (book.sheet(name) for name in names)
        tables = {
            "decide": decide(book, figures),
            "agenda": meeting and agenda(book, figures, meeting),
            "since": since and changes(book, since),
            "projects": projects(book, figures),
            "actions": actions(book, figures),
            "funding": funding(book, figures),
        }
        write_plans(book, figures)
        deadlines(book, figures)
        tables["reviews"] = reviews(book, figures)
        write_summary(book, summary, figures, tables)
        write_readme(
            book, readme, figures, reading, title="Classeur du comité", definitions=DEFINITIONS
        )
        summary.activate()
    return book


def confidentiality(reading):
    demo = "DONNÉES FICTIVES · " if reading.territory.is_demo else ""
    return f"{demo}{reading.label}"


def write_readme(book, sheet, figures, reading, *, title, definitions, more=(), filters=""):
    """Date, perimeter, filters, who may read, definitions: what a figure needs to be believed."""
    territory = figures.territory
    sheet.set_column(0, 0, 36)
    sheet.set_column(1, 1, 120)
    sheet.write_string(0, 0, f"{title}, {territory.name}", book.format("title"))
    sheet.set_row(0, 26)
    row = 2
    if book.stamp == DRAFT:
        sheet.merge_range(
            row, 0, row, 1,
            "Brouillon\u00a0: les chiffres peuvent encore changer. Seule une édition émise, "
            "numérotée et datée, fait foi.",
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
        (
            "Périmètre",
            f"{territory.epcis.count()} EPCI, {territory.communes.count()} communes ; "
            "tous les projets du territoire que ce niveau de lecture permet",
        ),
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


def _line(book, sheet, row, label, text):
    if not text:
        return row
    sheet.write_string(row, 0, label, book.format("plain", bold=True))
    sheet.write_string(row, 1, text, book.format("plain", "wrap"))
    sheet.set_row(row, 5 + 13.5 * -(-len(text) // 135))
    return row + 1


def withheld(figures):
    """« 3 projets de confidentialité « interne » »: a count, no name."""
    parts = [
        f"{count} de confidentialité « {level} »"
        for level, count in sorted(figures.withheld.items())
    ]
    count = sum(figures.withheld.values())
    if not count:
        return "Aucun projet n’est écarté."
    many = "projets sont écartés" if count > 1 else "projet est écarté"
    return f"{count} {many} de ce classeur et de ses totaux : {', '.join(parts)}."


def decide(book, figures):
    columns = [
        Column("N°", lambda row: row[0], "integer", 5),
        Column("Réunion", lambda row: row[1].meeting and row[1].meeting.held_on, "date", 11),
        Column("Point", lambda row: row[1].title, "wrap", 26),
        Column("Question", lambda row: asked(row[1], figures), "wrap", 34),
        Column("Proposition", lambda row: row[1].recommendation, "wrap", 30),
        Column("En jeu", lambda row: row[1].amount, "money", 13, total=True, asks=True),
        Column("Concerne", lambda row: concerned(row[1]), "wrap", 24),
        Column(
            "Avis du binôme",
            lambda row: said(row[1].review_request) if figures.reads_reviews else None,
            "wrap",
            24,
        ),
        Column("Décision", lambda row: None, "wrap", 30),
    ]
    sheet = book.sheet(
        "À décider",
        title="À décider",
        note="Points de décision sans décision à ce jour ; sans date, ils attendent le prochain "
        "comité.",
        tab=BRICK,
    )
    book.widths(sheet, columns)
    return book.table(
        sheet, columns, enumerate(figures.to_decide, start=1), ask=True, total="Total", freeze=3,
        least=48,
        empty="Aucun point n’attend de décision.",
    )  # fmt: skip


def asked(item, figures):
    """What was asked of the pair is read by the team and the pair only, on an agenda too."""
    return item.question if figures.reads_reviews or not item.review_request_id else None


def agenda(book, figures, meeting):
    """Every point of one meeting, in the order of its agenda."""
    columns = [
        Column("N°", lambda row: row[0], "integer", 5),
        Column("Nature", lambda row: row[1].get_kind_display(), "text", 12),
        Column("Point", lambda row: row[1].title, "wrap", 34),
        Column("Question", lambda row: asked(row[1], figures), "wrap", 40),
        Column("Proposition", lambda row: row[1].recommendation, "wrap", 40),
        Column("En jeu", lambda row: row[1].amount, "money", 13),
        Column("Concerne", lambda row: concerned(row[1]), "wrap", 34),
        Column("Décision", lambda row: decided(row[1]), "wrap", 40),
    ]
    items = AgendaItem.objects.visible_to(figures.viewer).filter(meeting=meeting)
    items = items.select_related("project__holder", "action", "decision")
    sheet = book.sheet(
        "Ordre du jour",
        title=f"Ordre du jour, {meeting}",
        note=f"Réunion du {meeting.held_on:%d/%m/%Y}.",
        tab=BRICK,
    )
    book.widths(sheet, columns)
    return book.table(
        sheet, columns, enumerate(items, start=1), freeze=3, least=32,
        empty="L’ordre du jour est vide.",
    )  # fmt: skip


def decided(item):
    return item.decision.text if item.is_decided else None


def changes(book, since):
    """What moved since an edition, row by row; its figures are amounts of the rows."""
    columns = [
        Column("Mouvement", lambda row: row[0]["label"], "text", 22),
        Column("Réf.", lambda row: row[1]["reference"], "code", 12),
        Column("Objet", lambda row: row[1]["title"], "wrap", 50),
        Column("Précision", lambda row: row[1]["detail"], "wrap", 50),
        Column("Montant", lambda row: amount(row[1]["amount"]), "money", 14),
    ]
    rows = [(change, row) for change in since["changes"] for row in change["rows"]]
    sheet = book.sheet(
        SINCE,
        title=SINCE,
        note=f"Depuis l’édition n° {since['number']} du {since['drawn_on']}. Les montants ne "
        "s’additionnent que par mouvement.",
        tab=BRICK,
    )
    book.widths(sheet, columns)
    return book.table(sheet, columns, rows, freeze=2, empty="Rien n’a changé depuis.")


def amount(text):
    return None if text is None else Decimal(text)


def concerned(item):
    if item.project:
        return f"{item.project.holder}, {item.project} ({item.project.reference})"
    return f"{item.action.code}, {item.action}" if item.action else None


def said(request):
    """What the pair answered, once both have; « en attente » before that."""
    if request is None:
        return None
    if not request.is_complete:
        return "en attente"
    return "désaccord ou à discuter" if request.is_disputed else "d’accord"


def projects(book, figures):
    columns = [
        Column("Réf.", lambda p: p.reference, "code", 11),
        Column("Projet", lambda p: p.title, "wrap", 27),
        Column("Porteur", lambda p: p.holder.name, "wrap", 20),
        Column("Commune", lambda p: p.place and p.place.name, "wrap", 13),
        Column("Étape", lambda p: p.stage.short, "text", 13),
        Column("Situation", lambda p: situation(p), "text", 10),
        Column("Météo", lambda p: p.health and p.health.label, "text", 10),
        *(priority_column(priority) for priority in figures.priorities),
        Column(
            "Investissement prévu", lambda p: p.planned_investment, "money", 14, True, asks=True
        ),
        Column("Aides demandées", lambda p: p.requested_total, "money", 13, total=True),
        Column("Aides accordées", lambda p: p.granted_total, "money", 13, total=True),
        *(
            Column(label, lambda p, field=field: getattr(p, field), "number", 10, total=True)
            for field, label in JOBS.items()
        ),
        Column("Prochaine étape", lambda p: p.next_step, "wrap", 25),
        Column("Pour le", lambda p: p.next_step_on, "date", 11),
    ]
    sheet = book.sheet(
        "Projets",
        title="Projets",
        note="Par étape. Le total suit les filtres ; les projets clos sont listés, la Synthèse ne "
        "les compte pas.",
    )
    book.widths(sheet, columns)
    return book.table(
        sheet, columns, committee_rows(figures, JOBS), total="Total", freeze=2, head_height=120,
        empty="Aucun projet à ce niveau de lecture.",
    )  # fmt: skip


def priority_column(priority):
    def mark(project):
        return MARK if priority in project.axes else None

    return Column(priority.short, mark, "upright", 4.5)


def actions(book, figures):
    columns = [
        Column("Code", lambda a: a.code, "code", 8),
        Column("Action", lambda a: a.title, "wrap", 34),
        Column("Action prioritaire", lambda a: a.priority.short, "wrap", 20),
        Column("Pilote", lambda a: a.pilot and a.pilot.name, "wrap", 20),
        Column("Statut", lambda a: a.get_status_display(), "text", 11),
        Column("Avance-ment", lambda a: a.progress, "percent", 9),
        Column("Météo", lambda a: a.health and a.health.label, "text", 10),
        Column("Début", lambda a: a.starts_on, "date", 11),
        Column("Fin", lambda a: a.ends_on, "date", 11),
        Column("Budget prévu", lambda a: a.budget_planned, "money", 13, total=True, asks=True),
        Column("Engagé", lambda a: a.budget_committed, "money", 13, total=True),
        Column("Dépensé", lambda a: a.budget_spent, "money", 13, total=True),
        Column("Prochain jalon", lambda a: a.next_milestone, "wrap", 24),
        Column("Pour le", lambda a: a.next_milestone_on, "date", 11),
        Column("Freins", lambda a: a.blockers, "wrap", 24),
    ]
    sheet = book.sheet("Plan d’actions", title="Plan d’actions", note="Fiches du plan en vigueur.")
    book.widths(sheet, columns)
    return book.table(
        sheet, columns, action_rows(figures), total="Total", freeze=2,
        empty="Le plan n’a pas encore de fiche.",
    )  # fmt: skip


def funding(book, figures):
    columns = [
        Column("Réf.", lambda a: a.subject_code, "code", 11),
        Column("Projet", lambda a: a.subject.title, "wrap", 30),
        Column("Porteur", lambda a: a.holder and a.holder.name, "wrap", 22),
        Column("Financeur", lambda a: a.program.funder.short_name, "wrap", 18),
        Column("Dispositif", lambda a: a.program.name, "wrap", 34),
        Column("Statut", lambda a: a.get_status_display(), "text", 15),
        Column("Demandé", lambda a: a.amount_requested, "money", 13, total=True, asks=True),
        Column("Accordé", lambda a: a.amount_granted, "money", 13, total=True, asks=ACCEPTED),
        Column("Versé", lambda a: a.amount_paid, "money", 13, total=True, asks=ACCEPTED),
        Column("Déposé le", lambda a: a.filed_on, "date", 11),
        Column("Décision attendue", lambda a: a.decision_expected_on, "date", 11),
        Column("Décidé le", lambda a: a.decided_on, "date", 11),
    ]
    sheet = book.sheet("Financements", title="Financements", note="Dossiers par financeur.")
    book.widths(sheet, columns)
    return book.table(
        sheet, columns, application_rows(figures), total="Total", freeze=2,
        empty="Aucun dossier à ce niveau de lecture.",
    )  # fmt: skip


def deadlines(book, figures):
    columns = [
        Column("Date", lambda d: d.on, "date", 12),
        Column("Dans (jours)", lambda d: d.days(figures.today), "integer", 9),
        Column("Nature", lambda d: d.kind, "text", 24),
        Column("Objet", lambda d: d.title, "wrap", 46),
        Column("Précision", lambda d: d.detail, "wrap", 46),
        Column("Réf.", lambda d: d.reference, "code", 12),
    ]
    sheet = book.sheet(
        "Échéances",
        title="Échéances",
        note="Clôtures des dispositifs visés, dossiers, prochaines étapes, jalons, réunions ; un "
        "nombre de jours négatif est un retard.",
    )
    book.widths(sheet, columns)
    book.table(sheet, columns, figures.deadlines, freeze=1, empty="Aucune échéance connue.")


def reviews(book, figures):
    def answer(role, what):
        def value(request):
            review = next(row for row in request.reviews.all() if row.role == role)
            return review.get_answer_display() if what == "answer" else review.comment

        return value

    columns = [
        Column("Réf.", lambda r: r.project.reference, "code", 11),
        Column("Projet", lambda r: f"{r.project.holder}, {r.project}", "wrap", 32),
        Column("Question posée", lambda r: r.question, "wrap", 34),
        Column("Posée le", lambda r: timezone.localtime(r.asked_at).date(), "date", 11),
        Column("Membre élu", answer(Role.ELECTED, "answer"), "text", 14),
        Column("Sa ligne", answer(Role.ELECTED, "comment"), "wrap", 30),
        Column("Membre industriel", answer(Role.INDUSTRIALIST, "answer"), "text", 14),
        Column("Sa ligne ", answer(Role.INDUSTRIALIST, "comment"), "wrap", 30),
        Column("Suite", outcome, "wrap", 22),
    ]
    waiting = len(figures.waiting_reviews)
    sheet = book.sheet(
        "Avis du binôme",
        title="Avis du binôme",
        note="Les deux réponses, une fois données. "
        + (f"En attente : {waiting}." if waiting else "Aucun avis n’est en attente."),
    )
    book.widths(sheet, columns)
    return book.table(
        sheet, columns, figures.reviews, freeze=2,
        empty="Aucun avis rendu par les deux membres, ou niveau de lecture sans avis.",
    )  # fmt: skip


def outcome(request):
    if not request.is_disputed:
        return "Accord des deux"
    item = getattr(request, "agenda_item", None)
    if item and getattr(item, "decision", None):
        return "Tranché en comité"
    return "Au prochain comité"
