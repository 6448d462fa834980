"""A file of projects of another tool: read, planned row by row, written whole or not at all."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from crm.imports import values
from crm.imports.reading import Headings, read
from crm.imports.undo import pointed_at, relations_to
from crm.imports.wording import sentence, typeset
from crm.models import Commune, Organisation, Project, Site
from crm.search import normalise
from crm.templatetags.french import day as french_day
from crm.templatetags.french import euros
from reporting.exchange import schema
from reporting.models import ExchangedProject, ProjectImport

MAX_ROWS = 1000
CREATED, UPDATED, UNCHANGED, REFUSED = "created", "updated", "unchanged", "refused"
FATES = (CREATED, UPDATED, UNCHANGED, REFUSED)
BY_HEADING = {normalise(name): name for name in schema.FIELDS}
# What a file may change of a project we know, and how a page writes it.
WRITTEN = {
    "title": ("Intitulé", str),
    "need": ("Description", str),
    "planned_investment": ("Investissement prévu", euros),
    "starts_on": ("Début", french_day),
}


def recognise(heading):
    """The field of the schema that a heading names, or an empty string."""
    return BY_HEADING.get(normalise(heading), "")


HEADINGS = Headings(recognise, "« nom », « porteurCodeSiret » ou « phase »")


class Outdated(Exception):
    """What the reader was shown is no longer what the import would do."""


class AlreadyDone(Exception):
    """A double click: the first one wrote everything."""


class TooLate(Exception):
    """The import is not written, already taken back, or older than the delay."""


@dataclass
class Row:
    line: int
    cells: list
    values: dict = field(default_factory=dict)
    reasons: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    changes: list = field(default_factory=list)  # (label, before, after) as a page writes them
    fate: str = CREATED
    project: Project | None = None
    holder: Organisation | None = None
    site: Site | None = None
    commune: Commune | None = None
    stage: str = ""
    said: dict = field(default_factory=dict)

    @property
    def title(self):
        return self.values.get("nom") or ""

    def refuse(self, text):
        self.reasons.append(sentence(typeset(text)))
        self.fate, self.changes = REFUSED, []

    def say(self, text):
        self.notes.append(sentence(typeset(text)))


def receive(name, data, territory, *, by):
    """A file → an unsaved batch; raises crm.imports.reading.Unreadable with a sentence."""
    table = read(name, data, max_rows=MAX_ROWS, headings=HEADINGS)
    return ProjectImport(
        territory=territory,
        file_name=name[:200],
        header=table.header,
        rows=[[line, cells] for line, cells in table.rows],
        created_by=by,
    )


class Plan:
    """What the import will do, row by row; the queries do not depend on the rows."""

    def __init__(self, batch):
        self.territory = batch.territory
        self.header = batch.header
        self.columns = {}
        for index, heading in enumerate(batch.header):
            self.columns.setdefault(recognise(heading), index)
        self.columns.pop("", None)
        self.ignored = [heading for heading in batch.header if not recognise(heading)]
        self.missing = [name for name in ("nom", "porteurCodeSiret") if name not in self.columns]
        self._know()
        self.seen = {}
        self.rows = [self._read(line, cells) for line, cells in batch.rows]
        self.fates = Counter(row.fate for row in self.rows)

    def _know(self):
        mine = {"territory": self.territory}
        self.by_siren = {
            one.siren: one for one in Organisation.objects.filter(**mine, siren__gt="")
        }  # fmt: skip
        sites = Site.objects.filter(organisation__territory=self.territory, siret__gt="")
        self.by_siret = {site.siret: site for site in sites.select_related("organisation")}
        self.communes = {commune.pk: commune for commune in self.territory.communes}
        projects = list(Project.objects.filter(**mine).select_related("holder"))
        known = ExchangedProject.objects.filter(**mine)
        known = dict(known.values_list("project", "identifier"))
        self.by_identifier, self.by_name = {}, {}
        for one in projects:
            own = schema.identifier(self.territory.code, self.territory.period, one.reference)
            self.by_identifier[known.get(one.pk, own)] = one
            self.by_name[normalise(one.title), one.holder_id] = one

    @property
    def counts(self):
        return {"read": len(self.rows), **{fate: self.fates[fate] for fate in FATES}}

    @property
    def kept(self):
        return len(self.rows) - self.fates[REFUSED]

    @property
    def digest(self):
        """Changes when anything the reader was shown does."""
        seen = hashlib.sha256()
        for row in self.rows:
            seen.update(repr((row.line, row.fate, row.reasons, row.changes, row.notes)).encode())
        return seen.hexdigest()

    def of_fate(self, fate):
        return [row for row in self.rows if not fate or row.fate == fate]

    # One row ----------------------------------------------------------------------------------

    def _read(self, line, cells):
        row = Row(line, cells)
        for name, parse in PARSERS.items():
            text = values.clean(cells[self.columns[name]]) if name in self.columns else ""
            if not text:
                continue
            try:
                row.values[name] = parse(text, row.say)
            except ValueError as error:
                row.refuse(f"{name} « {text[:60]} » : {error}")
        if not row.title:
            row.refuse("nom : la cellule est vide")
        if row.fate != REFUSED:
            self._place(row)
        return row

    def _place(self, row):
        """Which project the row speaks of, or who carries the one it opens."""
        given = row.values.get("id")
        if given in self.seen:
            row.refuse(f"l’identifiant est déjà à la ligne {self.seen[given]}")
            return
        if given:
            self.seen[given] = row.line
        self._find_holder(row)
        row.project = self.by_identifier.get(given)
        if row.project is None and row.holder:
            row.project = self.by_name.get((normalise(row.title), row.holder.pk))
            if row.project:
                row.say(f"Même intitulé et même porteur que {row.project.reference}")
        if row.project:
            self._compare(row)
        elif row.holder:
            self._open(row)
        elif "porteurCodeSiret" in row.values:
            row.refuse(
                f"aucune fiche du territoire n’a le SIRET {row.values['porteurCodeSiret']} : "
                "importez ou créez d’abord le porteur"
            )
        else:
            row.refuse("porteurCodeSiret : il faut le SIRET du porteur pour ouvrir un projet")

    def _find_holder(self, row):
        siret = row.values.get("porteurCodeSiret")
        if siret:
            row.site = self.by_siret.get(siret)
            row.holder = row.site.organisation if row.site else self.by_siren.get(siret[:9])

    def _said(self, row):
        """{field of ours: value} that the row says; a blank says nothing."""
        said = {
            "title": row.values.get("nom"),
            "need": row.values.get("description"),
            "planned_investment": row.values.get("budgetPrevisionnel"),
            "starts_on": row.values.get("dateDebutPrevisionnelle"),
        }
        return {name: value for name, value in said.items() if value not in (None, "")}

    def _compare(self, row):
        if row.holder and row.holder.pk != row.project.holder_id:
            row.say(f"Le porteur reste {row.project.holder.name}")
        said = self._said(row)
        amount = said.get("planned_investment")
        if amount is not None and schema.whole(row.project.planned_investment) == amount:
            del said["planned_investment"]  # the schema has no cents
        starts, ends = said.get("starts_on"), row.project.ends_on
        if starts and ends and starts > ends:
            row.refuse("le début viendrait après la fin du projet")
            return
        for name, value in said.items():
            before = getattr(row.project, name)
            if before != value:
                label, shown = WRITTEN[name]
                row.changes.append((label, shown(before or "") if before else "", shown(value)))
        row.fate = UPDATED if row.changes else UNCHANGED
        row.said = said

    def _open(self, row):
        stage, note = schema.stage_of(row.values.get("phase"), row.values.get("phaseStatut"))
        if note:
            row.say(note)
        row.stage, row.said = stage, self._said(row)
        codes = row.values.get("collectiviteIds", [])
        inside = [self.communes[code] for code in codes if code in self.communes]
        row.commune = inside[0] if len(inside) == 1 else None
        for name, value in row.said.items():
            label, shown = WRITTEN[name]
            row.changes.append((label, "", shown(value)))


def one_line(size):
    def parse(text, say):
        text = " ".join(text.split())
        values.refuse_broken(text)
        if len(text) > size:
            raise ValueError(f"{size} signes au plus")
        return text

    return parse


def amount(text, say):
    found = values.amount(text, say)
    if found is not None and (found < 0 or found >= 10**12):
        raise ValueError("ce montant est impossible")
    return found


PARSERS = {
    "id": lambda text, say: schema.given_identifier(text),
    "nom": one_line(200),
    "description": one_line(5000),
    "budgetPrevisionnel": amount,
    "dateDebutPrevisionnelle": lambda text, say: schema.day(text),
    "phase": lambda text, say: schema.phase(text),
    "phaseStatut": lambda text, say: schema.status(text),
    "porteurCodeSiret": values.siret,
    "collectiviteIds": lambda text, say: schema.parts(text),
}


# Writing ------------------------------------------------------------------------------------------


@transaction.atomic
def commit(batch, *, by, expected=None):
    """Write the plan of the moment once; Outdated when it is not the one that was shown."""
    held = ProjectImport.objects.select_for_update().get(pk=batch.pk)
    if held.committed_at:
        raise AlreadyDone
    plan = Plan(held)
    if expected is not None and plan.digest != expected:
        raise Outdated
    today = timezone.localdate()
    created = [opened(row, held, by, today).pk for row in plan.rows if row.fate == CREATED]
    updated = [changed(row, held, today) for row in plan.rows if row.fate == UPDATED]
    held.counts = plan.counts
    held.undo = {"created": created, "updated": updated}
    held.rows = [[row.line, row.cells, row.reasons] for row in plan.rows if row.fate == REFUSED]
    held.committed_at = timezone.now()
    held.save()
    return plan


def opened(row, batch, by, today):
    stage = row.stage
    project = Project(
        territory=batch.territory,
        holder=row.holder,
        site=row.site,
        commune=row.commune,
        stage_id=stage,
        stage_since=today,
        opened_on=today,
        owner=by,
        created_by=by,
        lead_source=Project.LeadSource.PARTNER,
        **row.said,
    )
    if stage == schema.DROPPED:
        project.stage_reason = f"Abandonné, d’après {batch.file_name}"[:250]
        project.paused_from_id = schema.STAGES.get(row.values.get("phase"), "detecte")
    project.note_source(list(row.said), f"fichier {batch.file_name}"[:120], today)
    project._change_reason = reason_of(batch)
    project.save()
    if given := row.values.get("id"):
        ExchangedProject.objects.create(
            project=project, territory=batch.territory, identifier=given
        )  # fmt: skip
    return project


def changed(row, batch, today):
    """[id, version after, {field: before}] of a project that the file changed."""
    project = Project.objects.select_for_update().get(pk=row.project.pk)
    before = {}
    for name, value in row.said.items():
        if getattr(project, name) != value:
            old = getattr(project, name)
            before[name] = None if old is None else str(old)
            setattr(project, name, value)
    project.note_source(list(before), f"fichier {batch.file_name}"[:120], today)
    project.version += 1
    project._change_reason = reason_of(batch)
    project.save()
    return [project.pk, project.version, before]


def reason_of(batch):
    """What the history of each project says of this import; the token tells two of them apart."""
    return f"Import {batch.file_name[:60]} ({batch.token.hex[:8]})"


@transaction.atomic
def undo(batch):
    """Take back what the import wrote, but for what has served since; how many projects stay."""
    held = ProjectImport.objects.select_for_update().get(pk=batch.pk)
    if not held.can_be_undone():
        raise TooLate
    stay = 0
    created = set(held.undo["created"])
    used = used_since(created)
    for project in Project.objects.filter(pk__in=created):
        if project.version > 1 or project.pk in used:
            stay += 1
        else:
            project.delete()
    versions = {pk: (version, before) for pk, version, before in held.undo["updated"]}
    for project in Project.objects.filter(pk__in=versions):
        version, before = versions[project.pk]
        if project.version != version:
            stay += 1
            continue
        for name, value in before.items():
            meta = Project._meta.get_field(name)
            setattr(project, name, meta.to_python(value))
        project.version += 1
        project._change_reason = f"Annulation : {reason_of(held)}"[:100]
        project.save()
    held.undone_at = timezone.now()
    held.save(update_fields=["undone_at"])
    return stay


def used_since(created):
    """Those that something else points to: an exchange, a file, a fiche, a move."""
    none = {"organisation": set(), "site": set(), "contact": set()}
    used = set()
    for relation in relations_to(Project):
        if relation.related_model is not ExchangedProject:
            used |= pointed_at(relation, created, none)
    return used
