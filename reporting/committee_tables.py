"""The lists of the committee pack: each is read once, for its page and all its files."""

from decimal import Decimal
from functools import cached_property

from django.utils import timezone

from crm.models import Role
from reporting import plans
from reporting.columns import Column
from reporting.completeness import Completeness
from reporting.figures import JOBS
from reporting.followed import followed
from reporting.gaps import as_gap
from reporting.listings import Listing
from reporting.phases import situation
from reporting.points import asked, concerned, decided, points, said
from reporting.rows import application_rows, pack_rows, plan_rows
from reporting.workbook import BRICK

MARK = "●"
# A file says how much was granted, then paid, once it is accepted.
ACCEPTED = ("Statut", "Accepté")
WHOLE, PART = "Fiche", "Sous-action"
# A sub-action counts in its fiche: only of a fiche is a missing budget a fact to ask for.
OF_FICHES = ("Niveau", WHOLE)

DECIDE = "À décider"
AGENDA = "Ordre du jour"
SINCE = "Depuis la dernière édition"
PROJECTS = "Projets"
PLAN = "Plan d’actions"
INDICATORS = "Indicateurs"
POINTS = "Points, un par un"
DEADLINES = "Échéances"
FUNDING = "Financements"
REVIEWS = "Avis du binôme"
MISSING = "Informations manquantes"


class Tables:
    """Everything a pack lists, for the reading of `figures`; each list is read once, if asked.

    `meeting` gives the agenda; `since`, once known, what changed (see `reporting.since`).
    """

    def __init__(self, figures, *, meeting=None):
        self.figures, self.meeting, self.since = figures, meeting, None

    # The rows -------------------------------------------------------------------------------

    @cached_property
    def project_rows(self):
        return pack_rows(self.figures)

    @cached_property
    def plan_rows(self):
        """The fiches, each followed by its sub-actions."""
        return plan_rows(self.figures)

    @cached_property
    def fiches(self):
        return [row for row in self.plan_rows if not row.is_part]

    @cached_property
    def files(self):
        return application_rows(self.figures)

    @cached_property
    def gaps(self):
        """What is missing or contradicts itself, as `reporting.gaps` keeps it."""
        found = Completeness(self.figures).gaps(self.project_rows, self.fiches)
        pages = {id(gap.row): gap.row for gap in found}
        pages = {key: row.get_absolute_url() for key, row in pages.items()}
        return [as_gap(gap, pages[id(gap.row)]) for gap in found]

    @cached_property
    def items(self):
        """The points one by one: those of the meeting, else all those that wait for a decision."""
        if self.meeting is None:
            return self.figures.to_decide
        rows = self.figures.points.filter(meeting=self.meeting)
        return list(
            rows.select_related(
                "meeting", "project__holder", "action", "decision", "review_request"
            ).prefetch_related("review_request__reviews", "options")
        )

    @cached_property
    def points(self):
        return points(self)

    # The lists, in the order of the pack ----------------------------------------------------

    @cached_property
    def decide(self):
        return decide(self.figures, self.meeting)

    @cached_property
    def agenda(self):
        return agenda(self.figures, self.meeting, self.items)

    @cached_property
    def changes(self):
        return changes(self.since)

    @cached_property
    def projects(self):
        return projects(self.figures, self.project_rows)

    @cached_property
    def actions(self):
        return actions(self.plan_rows)

    @cached_property
    def indicators(self):
        return indicator_list(self.plan_rows)

    @cached_property
    def one_by_one(self):
        return one_by_one(self.points)

    @cached_property
    def deadlines(self):
        return deadlines(self.figures)

    @cached_property
    def funding(self):
        return funding(self.files)

    @cached_property
    def plans(self):
        """The financing plans, and their lines."""
        return plans.listings(self.figures)

    @cached_property
    def reviews(self):
        return reviews(self.figures)

    @cached_property
    def missing(self):
        return missing(self.gaps)

    def all(self, *, is_short):
        """Those of the pack, in order; the short one leaves the detail to the technicians."""
        found = [self.decide]
        if self.meeting:
            found.append(self.agenda)
        if self.since:
            found.append(self.changes)
        found += [self.projects, self.actions]
        if not is_short:
            found.append(self.indicators)
        found += [self.one_by_one, self.deadlines, self.funding]
        if not is_short:
            found += self.plans
        found.append(self.reviews)
        return found if is_short else [*found, self.missing]


def decide(figures, meeting=None):
    """Those of the meeting first, then those of another, or of none yet."""
    rows = figures.to_decide
    if meeting:
        rows = sorted(rows, key=lambda row: row.meeting_id != meeting.pk)
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
    return Listing(
        DECIDE,
        columns,
        enumerate(rows, start=1),
        note="Points de décision sans décision à ce jour\u00a0; sans date, ils attendent le "
        "prochain comité.",
        tab=BRICK, ask=True, total="Total", freeze=3, least=48,
        empty="Aucun point n’attend de décision.",
    )  # fmt: skip


def agenda(figures, meeting, items):
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
    return Listing(
        AGENDA,
        columns,
        enumerate(items, start=1),
        title=f"Ordre du jour, {meeting}",
        note=f"Réunion du {meeting.held_on:%d/%m/%Y}.",
        tab=BRICK, freeze=3, least=32,
        empty="L’ordre du jour est vide.",
    )  # fmt: skip


def changes(since):
    """What moved since an edition, row by row; its figures are amounts of the rows."""
    columns = [
        Column("Mouvement", lambda row: row[0]["label"], "text", 22),
        Column("Réf.", lambda row: row[1]["reference"], "code", 12),
        Column("Objet", lambda row: row[1]["title"], "wrap", 50),
        Column("Précision", lambda row: row[1]["detail"], "wrap", 50),
        Column("Montant", lambda row: amount(row[1]["amount"]), "money", 14),
    ]
    return Listing(
        SINCE,
        columns,
        [(change, row) for change in since["changes"] for row in change["rows"]],
        note=f"Depuis l’édition n° {since['number']} du {since['drawn_on']}. Les montants ne "
        "s’additionnent que par mouvement.",
        tab=BRICK, freeze=2, empty="Rien n’a changé depuis.",
    )  # fmt: skip


def amount(text):
    return None if text is None else Decimal(text)


def projects(figures, rows):
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
    return Listing(
        PROJECTS,
        columns,
        rows,
        note="Par étape. Le total suit les filtres\u00a0; les projets clos sont listés, la "
        "Synthèse ne les compte pas.",
        total="Total", freeze=2, head_height=120,
        empty="Aucun projet à ce niveau de lecture.",
    )  # fmt: skip


def priority_column(priority):
    def mark(project):
        return MARK if priority in project.priorities.all() else None

    return Column(priority.short, mark, "upright", 4.5)


def actions(rows):
    """Each fiche, then its sub-actions: their amounts stand in those of the fiche."""

    def of_fiche(field):
        return lambda a: None if a.is_part else getattr(a, field)

    columns = [
        Column("Code", lambda a: a.code, "code", 8),
        Column("Niveau", lambda a: PART if a.is_part else WHOLE, "text", 11),
        Column("Action", lambda a: f"↳ {a.title}" if a.is_part else a.title, "wrap", 34),
        Column("Action prioritaire", lambda a: a.priority.short, "wrap", 20),
        Column("Pilote", lambda a: a.pilot and a.pilot.name, "wrap", 20),
        Column("Statut", lambda a: a.get_status_display(), "text", 11),
        Column("Avance-ment", lambda a: a.progress, "percent", 9),
        Column("Météo", lambda a: a.health and a.health.label, "text", 10),
        Column("Début", lambda a: a.starts_on, "date", 11),
        Column("Fin", lambda a: a.ends_on, "date", 11),
        Column("Budget prévu", of_fiche("budget_planned"), "money", 13, True, asks=OF_FICHES),
        Column("Engagé", of_fiche("budget_committed"), "money", 13, total=True),
        Column("Dépensé", of_fiche("budget_spent"), "money", 13, total=True),
        Column("Prochain jalon", lambda a: a.next_milestone, "wrap", 24),
        Column("Pour le", lambda a: a.next_milestone_on, "date", 11),
        Column("Freins", lambda a: a.blockers, "wrap", 24),
    ]
    return Listing(
        PLAN,
        columns,
        rows,
        note="Fiches du plan en vigueur, chacune suivie de ses sous-actions\u00a0; le budget d’une "
        "sous-action est dans celui de sa fiche.",
        total="Total", freeze=3,
        empty="Le plan n’a pas encore de fiche.",
    )  # fmt: skip


def indicator_list(rows):
    columns = [
        Column("Code", lambda one: one.action.code, "code", 8),
        Column("Indicateur", lambda one: one.indicator.label, "wrap", 40),
        Column("Unité", lambda one: one.indicator.unit, "text", 16),
        Column("Départ", lambda one: one.goal.baseline, "number", 11),
        Column("Valeur", lambda one: one.value, "number", 11, asks=True),
        Column("Au", lambda one: one.latest and one.latest.observed_on, "date", 11),
        Column("Cible", lambda one: one.goal.target, "number", 11, asks=True),
        Column("Pour le", lambda one: one.goal.target_on, "date", 11),
        Column("Chemin parcouru", lambda one: one.share, "percent", 10),
        Column("Situation", lambda one: one.standing, "wrap", 18),
        Column("Qualité", lambda one: one.latest and one.latest.get_quality_display(), "text", 11),
        Column("Preuve", lambda one: one.latest and one.latest.evidence, "wrap", 34),
    ]
    return Listing(
        INDICATORS,
        columns,
        followed(rows),
        note="La dernière valeur datée de chaque indicateur\u00a0; le chemin parcouru va du départ "
        "à la cible.",
        freeze=2, empty="Aucun indicateur n’est suivi.",
    )  # fmt: skip


def one_by_one(points):
    """Each point on as many lines as it says things: the page of the point, in a sheet."""
    columns = [
        Column("N°", lambda row: row[0], "integer", 5),
        Column("Point", lambda row: row[1], "wrap", 34),
        Column("Rubrique", lambda row: row[2], "wrap", 24),
        Column("Contenu", lambda row: row[3], "wrap", 90),
    ]
    rows = [
        (point["number"], point["title"], label, text)
        for point in points
        for label, text in point["lines"]
    ]
    return Listing(
        POINTS,
        columns,
        rows,
        note="Ce que le comité doit avoir en main sur chaque point.",
        tab=BRICK, freeze=2, empty="Aucun point à examiner.",
    )  # fmt: skip


def missing(gaps):
    columns = [
        Column("Nature", lambda gap: gap["nature"], "text", 10),
        Column("Réf.", lambda gap: gap["reference"], "code", 12),
        Column("Projet ou fiche", lambda gap: gap["title"], "wrap", 46),
        Column("Quoi", lambda gap: gap["kind"], "text", 13),
        Column("Champ", lambda gap: gap["field"], "wrap", 32),
        Column("Pourquoi", lambda gap: gap["why"], "wrap", 56),
    ]
    return Listing(
        MISSING,
        columns,
        gaps,
        note="Ce que les rapports demandent et que personne n’a encore dit\u00a0; la référence "
        "ouvre la page à compléter.",
        freeze=2, empty="Tout ce que les rapports demandent est renseigné.",
        linked="Réf.", link=lambda gap: gap["url"],
    )  # fmt: skip


def funding(rows):
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
    return Listing(
        FUNDING,
        columns,
        rows,
        note="Dossiers par financeur.",
        total="Total", freeze=2,
        empty="Aucun dossier à ce niveau de lecture.",
    )  # fmt: skip


def deadlines(figures):
    columns = [
        Column("Date", lambda d: d.on, "date", 12),
        Column("Dans (jours)", lambda d: d.days(figures.today), "integer", 9),
        Column("Nature", lambda d: d.kind, "text", 24),
        Column("Objet", lambda d: d.title, "wrap", 46),
        Column("Précision", lambda d: d.detail, "wrap", 46),
        Column("Réf.", lambda d: d.reference, "code", 12),
    ]
    return Listing(
        DEADLINES,
        columns,
        figures.deadlines,
        note="Clôtures des dispositifs visés, dossiers, prochaines étapes, jalons, réunions\u00a0; "
        "un nombre de jours négatif est un retard.",
        freeze=1, empty="Aucune échéance connue.",
    )  # fmt: skip


def reviews(figures):
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
    return Listing(
        REVIEWS,
        columns,
        figures.reviews,
        note="Les deux réponses, une fois données. "
        + (f"En attente\u00a0: {waiting}." if waiting else "Aucun avis n’est en attente."),
        freeze=2,
        empty="Aucun avis rendu par les deux membres, ou niveau de lecture sans avis.",
    )  # fmt: skip


def outcome(request):
    if not request.is_disputed:
        return "Accord des deux"
    item = getattr(request, "agenda_item", None)
    if item and getattr(item, "decision", None):
        return "Tranché en comité"
    return "Au prochain comité"
