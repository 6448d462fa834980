"""What a return lacks or contradicts before it is sent: by record, with where it is filled."""

from dataclasses import dataclass, field

from django.urls import reverse

from funding.models import Application
from reporting.completeness import CONCERNS, CONTRADICTION, MISSING, Completeness, exceeds
from reporting.returns.fields import ACTION, COMPANY, FILE, INDICATOR, PROJECT
from reporting.returns.records import Record

UNTRANSLATED = "Code"
FORMS = {
    PROJECT: "crm:project_edit",
    ACTION: "actions:action_edit",
    INDICATOR: "actions:indicator_edit",
    FILE: "funding:application_edit",
    COMPANY: "crm:organisation_edit",
}
# Of a file: (kind, field, why, fails).
FILE_RULES = [
    (CONTRADICTION, "Décidé le", "La décision précède le dépôt.",
     lambda f: f.decided_on and f.filed_on and f.decided_on < f.filed_on),
    (CONTRADICTION, "Montant accordé", "Le montant accordé dépasse le montant demandé.",
     lambda f: exceeds(f.amount_granted, f.amount_requested)),
    (CONTRADICTION, "Montant versé", "Les versements dépassent le montant accordé.",
     lambda f: exceeds(f.amount_paid, f.amount_granted)),
    (MISSING, "Montant accordé", "Le dossier est accepté, sans montant.",
     lambda f: f.status == Application.Status.ACCEPTED and f.amount_granted is None),
]  # fmt: skip


@dataclass(frozen=True)
class Finding:
    kind: str
    field: str
    why: str
    url: str = ""


@dataclass
class Lacking:
    """A record, and all that is found of it."""

    record: Record
    findings: list = field(default_factory=list)

    @property
    def nature(self):
        return self.record.kind

    @property
    def reference(self):
        return self.record.reference

    @property
    def title(self):
        return self.record.title

    @property
    def url(self):
        of = self.record.of
        if hasattr(of, "get_absolute_url"):
            return of.get_absolute_url()
        return of.action.get_absolute_url() if self.record.kind == INDICATOR else ""


def form_of(record, asks=""):
    """Where a fact of the record is filled, on its field when it is known."""
    if record.kind not in FORMS:
        return ""
    url = reverse(FORMS[record.kind], args=[record.of.pk])
    return f"{url}#id_{asks}" if asks else url


class Check:
    """Everything that is wrong in a return: cells, codes, and what the rules of the house say."""

    def __init__(self, drawn):
        self.drawn = drawn
        self.found = {}
        self._told = set()
        self._labels = {}
        sheets = drawn.sheets  # drawing them finds the codes that are not translated
        self._without_code = {(one.record.key, one.column.key) for one in drawn.untold}
        self._by_rules()
        self._files()
        for sheet in sheets:
            for row in sheet.rows:
                self._cells(sheet, row)
        for untold in drawn.untold:
            self._untranslated(untold)

    @property
    def records(self):
        return list(self.found.values())

    @property
    def count(self):
        return sum(len(lacking.findings) for lacking in self.found.values())

    def by_field(self):
        """[(kind, field, how many records)], the most frequent first."""
        counted = {}
        for lacking in self.found.values():
            for finding in lacking.findings:
                key = finding.kind, finding.field
                counted[key] = counted.get(key, 0) + 1
        return sorted(((*key, count) for key, count in counted.items()), key=lambda row: -row[2])

    def note(self, record, finding, about=""):
        thing = record.key.removesuffix(record.part)
        if (thing, about or finding) in self._told:
            return
        self._told.add((thing, about or finding))
        self.found.setdefault(thing, Lacking(record)).findings.append(finding)

    def _by_rules(self):
        """What `reporting.completeness` says, of what the return has a column for."""
        context = self.drawn.context
        sources = {column.source.key for sheet in self.drawn.sheets for column in sheet.columns}
        listed = {
            row.record.key.removesuffix(row.record.part): row.record
            for sheet in self.drawn.sheets
            for row in sheet.rows
        }
        if not any(key.startswith((f"{PROJECT}-", f"{ACTION}-")) for key in listed):
            return
        gaps = Completeness(self.drawn.figures).gaps(context.projects, context.actions)
        for gap in gaps:
            record = listed.get(f"{gap.nature}-{gap.row.pk}")
            concerned = set(CONCERNS.get(gap.field, "").split())
            if record is None or concerned and not concerned & sources:
                continue
            url = self._place(record, gap, self._sources(concerned & sources))
            self.note(record, Finding(gap.kind, gap.field, gap.why, url))
            if gap.kind == MISSING:
                thing = record.key.removesuffix(record.part)
                self._told |= {(thing, key) for key in concerned}

    @staticmethod
    def _place(record, gap, sources):
        """On the field of the form; on the project itself for its stage, which is moved there."""
        if gap.field == "Étape":
            return record.of.get_absolute_url()
        asks = next((one.asked_in(record) for one in sources if one.asked_in(record)), "")
        return f"{gap.url}#id_{asks}" if asks else gap.url

    def _sources(self, keys):
        return [
            column.source
            for sheet in self.drawn.sheets
            for column in sheet.columns
            if column.source.key in keys
        ]

    def _files(self):
        for sheet in self.drawn.sheets:
            for row in sheet.rows:
                if row.record.kind == FILE:
                    for kind, name, why, fails in FILE_RULES:
                        if fails(row.record.of):
                            url = form_of(row.record)
                            self.note(row.record, Finding(kind, name, why, url))

    def _cells(self, sheet, row):
        if not row.record.is_live:
            return
        for column, cell in zip(sheet.columns, row.cells, strict=True):
            if column.required and cell is None and column.concerns(row.record):
                if (row.record.key, column.key) in self._without_code:
                    continue
                why = "Le destinataire demande cette information pour chaque ligne."
                url = form_of(row.record, column.source.asked_in(row.record))
                finding = Finding(MISSING, column.label, why, url)
                self.note(row.record, finding, column.source.key)

    def _untranslated(self, untold):
        source = untold.column.source
        if source.key not in self._labels:
            self._labels[source.key] = dict(source.codes(self.drawn.territory))
        label = self._labels[source.key].get(untold.code, untold.code)
        finding = Finding(
            UNTRANSLATED,
            untold.column.label,
            f"La grille ne dit pas comment le destinataire appelle « {label} ».",
            "",
        )
        self.note(untold.record, finding)
