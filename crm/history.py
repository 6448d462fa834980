"""What happened to a project, in words: moves from their own table, changes from its history."""

import datetime
from dataclasses import dataclass
from itertools import pairwise

from django.db import models
from django.utils import timezone

from crm.fields import MoneyField
from crm.models import Project, Stage
from crm.templatetags.french import day, decimal, euros

# How a sentence names each field; what is not here is not told.
NAMES = {
    "title": "l’intitulé",
    "holder": "le porteur",
    "site": "l’établissement",
    "commune": "la commune",
    "sector": "la filière",
    "need": "le besoin",
    "lead_source": "la source",
    "attribution": "notre part",
    "health": "la météo",
    "health_note": "l’explication de la météo",
    "confidentiality": "la confidentialité",
    "owner": "le suivi",
    "next_step": "la prochaine étape",
    "next_step_on": "l’échéance de la prochaine étape",
    "planned_investment": "l’investissement prévu",
    "eligible_costs": "l’assiette",
    "jobs_created_planned": "les emplois à créer",
    "jobs_maintained_planned": "les emplois à maintenir",
    "jobs_created_observed": "les emplois créés constatés",
    "jobs_maintained_observed": "les emplois maintenus constatés",
    "jobs_method": "la méthode du décompte des emplois",
    "jobs_evidence": "la preuve du décompte des emplois",
    "jobs_observed_on": "la date du constat des emplois",
    "land_need_m2": "le besoin foncier (m²)",
    "starts_on": "la date de début",
    "ends_on": "la date de fin",
    "first_commitment_on": "la date du premier engagement",
    "blockers": "les freins",
}
SETS = {"priorities": "l’axe", "themes": "le thème"}
FIELDS = {name: Project._meta.get_field(name) for name in NAMES}
# Choosing priorities or themes writes a row for each, just after the row of the creation.
SAME_GESTURE = datetime.timedelta(seconds=5)
LONG = 60
ROWS = 400


@dataclass(frozen=True)
class Entry:
    at: datetime.datetime
    by: object
    verb: str
    name: str = ""
    before: str = ""
    after: str = ""
    link: str = ""  # the word between before and after
    note: str = ""


def entries(project, limit=None):
    """The last `limit` things done to `project`, latest first; a fixed number of queries."""
    rows = limit * 4 if limit else ROWS
    found = [*moves(project, rows), *changes(project, rows)]
    return sorted(found, key=lambda entry: entry.at, reverse=True)[:limit]


def moves(project, rows):
    changes = project.stage_changes.select_related("from_stage", "to_stage", "by")[:rows]
    for change in changes:
        note = f"«\u00a0{change.reason}\u00a0»" if change.reason else ""
        if change.revisit_on:
            note = f"{note}, à revoir le {day(change.revisit_on)}"
        yield Entry(
            change.at,
            change.by,
            "a passé le projet de",
            before=change.from_stage.label,
            after=change.to_stage.label,
            link="à",
            note=note,
        )


def changes(project, rows):
    history = list(project.history.select_related("history_user")[: rows + 1])
    sets, labels = _sets(history), _labels(history)
    for new, old in pairwise(history):
        yield from _differences(old, new, sets, labels)
    if history and history[-1].history_type == "+":
        first = history[-1]
        yield Entry(first.history_date, first.history_user, "a ouvert le projet")


def _differences(old, new, sets, labels):
    at, by = new.history_date, new.history_user
    for field in FIELDS.values():
        before, after = getattr(old, field.attname), getattr(new, field.attname)
        if before != after:
            yield _sentence(
                at, by, field, _text(field, before, labels), _text(field, after, labels)
            )
    if old.history_type == "+" and at - old.history_date < SAME_GESTURE:
        return
    for name, word in SETS.items():
        before, after = sets[name].get(old.pk, set()), sets[name].get(new.pk, set())
        for code in sorted(after - before):
            yield Entry(at, by, "a ajouté", word, after=labels[name].get(code, code))
        for code in sorted(before - after):
            yield Entry(at, by, "a retiré", word, before=labels[name].get(code, code))


def _sentence(at, by, field, before, after):
    name = NAMES[field.name]
    if not before:
        return Entry(at, by, "a renseigné", f"{name}\u00a0:", after=after)
    if not after:
        return Entry(at, by, "a effacé", name, before=before)
    if isinstance(field, models.TextField):
        return Entry(at, by, "a récrit", name)
    if isinstance(field, models.DecimalField):
        return Entry(at, by, "a porté", f"{name} de", before, after, "à")
    if isinstance(field, models.DateField):
        return Entry(at, by, "a porté", f"{name} du", before, after, "au")
    return Entry(at, by, "a changé", f"{name}\u00a0:", before, after, "→")


def _text(field, value, labels):
    if value is None or value == "":
        return ""
    if field.is_relation:
        return labels[field.name].get(value, "(supprimé)")
    if field.choices:
        return dict(field.flatchoices).get(value, value)
    if isinstance(field, MoneyField):
        return euros(value)
    if isinstance(field, models.DateField):
        return day(value)
    if isinstance(value, str):
        return value if len(value) <= LONG else f"{value[:LONG].rstrip()}…"
    return decimal(value)


def _labels(history):
    """{field: {id: label}} of all that these rows point to, one query a field."""
    labels = {}
    for name, field in FIELDS.items():
        if field.is_relation:
            ids = {getattr(row, field.attname) for row in history} - {None}
            related = field.related_model._default_manager
            if name == "site":
                related = related.select_related("organisation", "commune")
            labels[name] = {pk: str(row) for pk, row in related.in_bulk(ids).items()}
    for name in SETS:
        related = Project._meta.get_field(name).related_model
        labels[name] = dict(related.objects.values_list("pk", "label"))
    return labels


def _sets(history):
    """{field: {history row id: codes}} for the fields that hold several values."""
    found = {}
    for name in SETS:
        through = getattr(Project.history.model, name).model
        target = Project._meta.get_field(name).m2m_reverse_field_name()
        found[name] = {}
        rows = through.objects.filter(history__in=[row.pk for row in history])
        for pk, code in rows.values_list("history", target):
            found[name].setdefault(pk, set()).add(code)
    return found


@dataclass(frozen=True)
class Step:
    stage: Stage
    state: str  # done, current, beside (the next one) or nothing
    days: int | None


def steps(project, stages):
    """The stages of the pipeline as the project went through them, with the days spent in each."""
    spent, since = {}, project.opened_on
    for change in project.stage_changes.order_by("at", "pk"):
        on = timezone.localdate(change.at)
        spent[change.from_stage_id] = spent.get(change.from_stage_id, 0) + (on - since).days
        since = on
    current = project.paused_from or project.stage
    pipeline = [stage for stage in stages if stage.kind == Stage.Kind.PIPELINE]
    ahead = next((s.pk for s in pipeline if s.position > current.position), None)
    for stage in pipeline:
        state = "done" if stage.position < current.position else ""
        state = "current" if stage.pk == current.pk else "beside" if stage.pk == ahead else state
        days = project.days_in_stage if stage.pk == project.stage_id else spent.get(stage.pk)
        yield Step(stage, state, days)
