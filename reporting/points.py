"""One point of a committee at a time: the question, the facts to decide with, what is missing."""

from crm.templatetags.french import day, euros, plural
from reporting import gaps
from reporting.frozen import frozen
from reporting.templatetags.reporting import figure

UNKNOWN = "à confirmer"


def points(tables):
    """The points of `reporting.committee_tables.Tables`, as an edition keeps them."""
    subjects = Subjects(tables)
    return [point(number, item, subjects) for number, item in enumerate(tables.items, start=1)]


def asked(item, figures):
    """What was asked of the pair is read by the team and the pair only, on an agenda too."""
    return item.question if figures.reads_reviews or not item.review_request_id else None


def decided(item):
    return item.decision.text if item.is_decided else None


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


class Subjects:
    """The rows that the points are about, among those that the pack has already read."""

    def __init__(self, tables):
        self.figures, self.tables = tables.figures, tables
        self.projects = {row.pk: row for row in tables.project_rows}
        self.actions = {row.pk: row for row in tables.plan_rows}
        self.files = {}
        for file in tables.files:
            self.files.setdefault((file.project_id, file.action_id), []).append(file)
        self.gaps = {}
        for gap in tables.gaps:
            self.gaps.setdefault(gap["of"], []).append(gap)

    def of(self, item):
        """(facts, files, gaps, address) of the project, or of the fiche, of a point."""
        if item.project_id in self.projects:
            row = self.projects[item.project_id]
            files = self.files.get((row.pk, None), [])
            return of_project(row, self.figures.today), files, self.gaps.get(f"projet-{row.pk}", [])
        if item.action_id in self.actions:
            row = self.actions[item.action_id]
            files = self.files.get((None, row.pk), [])
            return of_action(row), files, self.gaps.get(f"action-{row.pk}", [])
        return [], [], []


def point(number, item, subjects):
    facts, files, missing = subjects.of(item)
    about = item.project or item.action
    missing = gaps.of_point(item) + missing
    question = asked(item, subjects.figures)
    opinion = said(item.review_request) if subjects.figures.reads_reviews else None
    held = item.meeting and f"{item.meeting}, {day(item.meeting.held_on)}"
    if opinion:
        facts = [*facts, ("Avis du binôme", opinion)]
    proposal, options = proposal_of(item), [option_of(one) for one in item.options.all()]
    lines = [
        ("Nature", item.get_kind_display()),
        ("Réunion", held),
        ("Concerne", concerned(item)),
        ("Question", question),
        *(("Option", option) for option in options),
        ("Proposition", proposal),
        ("En jeu", figure(item.amount, "money") if item.amount is not None else None),
        ("Décision", decided(item)),
        *facts,
        *(("Dossier", in_words(file)) for file in files),
        *((gaps_label(gap), f"{gap['field']}. {gap['why']}") for gap in missing),
    ]
    return {
        "number": number,
        "title": item.title,
        "kind": item.get_kind_display(),
        "to_decide": item.is_to_decide,
        "held": held,
        "question": question,
        "options": options,
        "recommendation": proposal,
        "amount": frozen(item.amount),
        "decision": decided(item),
        "about": concerned(item),
        "url": about.get_absolute_url() if about else "",
        "facts": [list(fact) for fact in facts],
        "files": [of_file(file) for file in files],
        "missing": missing,
        "lines": [[label, text] for label, text in lines if text],
    }


def proposal_of(item):
    """What is proposed: in words, else the option that is."""
    kept = next((one.label for one in item.options.all() if one.is_recommended), None)
    return item.recommendation or kept


def option_of(option):
    amount = f"\u00a0: {euros(option.amount)}" if option.amount is not None else ""
    return f"{option.label}{amount}{' (proposée)' if option.is_recommended else ''}"


def gaps_label(gap):
    return "Information manquante" if gap["kind"] == gaps.MISSING else gap["kind"]


def money(value):
    return euros(value) if value is not None else UNKNOWN


def of_project(row, today):
    place = row.place and f"{row.place.name}" + (f" ({row.place.epci})" if row.place.epci else "")
    since = plural((today - row.stage_since).days, "jour,jours")
    step = row.next_step and f"{row.next_step}{for_day(row.next_step_on)}"
    jobs = [
        f"{figure(value, 'number')} {what}"
        for value, what in (
            (row.jobs_created_planned, "créés, prévus"),
            (row.jobs_created_observed, "créés, constatés"),
            (row.jobs_maintained_planned, "maintenus, prévus"),
            (row.jobs_maintained_observed, "maintenus, constatés"),
        )
        if value is not None
    ]
    return [
        ("Porteur", row.holder.name),
        ("Commune", place or UNKNOWN),
        ("Étape", f"{row.stage.label}, depuis {since}"),
        ("Météo", row.health.label if row.health else UNKNOWN),
        ("Investissement prévu", money(row.planned_investment)),
        ("Aides demandées", money(row.requested_total)),
        ("Aides accordées", money(row.granted_total)),
        ("Emplois", "\u00a0; ".join(jobs) or UNKNOWN),
        ("Prochaine étape", step or UNKNOWN),
    ]


def of_action(row):
    budget = f"{money(row.budget_planned)} prévus, {money(row.budget_spent)} dépensés"
    milestone = row.next_milestone and f"{row.next_milestone}{for_day(row.next_milestone_on)}"
    return [
        ("Pilote", row.pilot.name if row.pilot else UNKNOWN),
        ("Statut", row.get_status_display()),
        ("Avancement", figure(row.progress, "percent") + "\u00a0%" if row.progress is not None
         else UNKNOWN),
        ("Budget", budget),
        ("Prochain jalon", milestone or UNKNOWN),
        *([("Freins", row.blockers)] if row.blockers else []),
    ]  # fmt: skip


def for_day(on):
    return f", pour le {day(on)}" if on else ""


def of_file(file):
    """A line of the table of the point."""
    return [
        file.program.funder.short_name,
        file.program.name,
        file.get_status_display(),
        *(frozen(value) for value in (file.amount_requested, file.amount_granted)),
    ]


def in_words(file):
    asked, granted = file.amount_requested, file.amount_granted
    told = [
        f"{euros(value)} {what}"
        for value, what in ((asked, "demandés"), (granted, "accordés"))
        if value is not None
    ]
    return ", ".join(
        [f"{file.program.funder.short_name}, {file.program.name}", file.get_status_display(), *told]
    )
