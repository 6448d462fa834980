"""What an import will do, program by program. The preview shows a plan; the commit writes it."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field

from django.utils import timezone

from crm.imports.wording import typeset
from funding.catalogue_imports.funders import Funders
from funding.catalogue_imports.showing import Change, Showing
from funding.catalogue_imports.similar import Namesakes
from funding.merge import Merge, merge
from funding.models import CatalogueLink, Program

CREATED, UPDATED, LINKED, UNCHANGED, SIMILAR, REFUSED = (
    "created",
    "updated",
    "linked",
    "unchanged",
    "similar",
    "refused",
)
FATES = {
    CREATED: "créé,créés",
    UPDATED: "modifié,modifiés",
    LINKED: "rattaché,rattachés",
    UNCHANGED: "inchangé,inchangés",
    SIMILAR: "à décider,à décider",
    REFUSED: "refusé,refusés",
}
WRITTEN = {CREATED, UPDATED, LINKED}
CREATE, LINK, LEAVE = "create", "link", "leave"
CHOICES = (CREATE, LINK, LEAVE)
PREFIXES = {"mission-transition": "MT", "data-gouv": "DG", "aides-territoires": "AT"}
SECONDARY = Program.Confidence.SECONDARY


@dataclass
class Row:
    """`program` is the one it updates or is linked to; `twin` the one it resembles."""

    entry: dict
    values: dict = field(default_factory=dict)
    program: Program | None = None
    twin: Program | None = None
    link: CatalogueLink | None = None
    fate: str = ""
    choice: str = ""
    merge: Merge = field(default_factory=Merge)
    changes: list[Change] = field(default_factory=list)
    kept: list[Change] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    @property
    def line(self):
        return self.entry["line"]

    @property
    def external_id(self):
        return self.entry["id"]

    @property
    def title(self):
        return self.entry["name"]

    @property
    def funder(self):
        """As the source names it."""
        return self.entry["values"].get("funder", "")

    @property
    def code(self):
        """What the program is called among ours; the same at each import."""
        digest = hashlib.sha256(self.external_id.encode()).hexdigest()[:10]
        return f"{self.entry['prefix']}-{digest}"


class Plan:
    """Queries do not depend on the number of programs."""

    def __init__(self, batch):
        self.batch = batch
        self.funders = Funders.load()
        programs = list(Program.objects.filter(territory=None).select_related("funder"))
        self.programs = {program.pk: program for program in programs}
        self.known = {
            program.external_id: program
            for program in programs
            if program.origin == batch.origin and program.external_id
        }
        links = CatalogueLink.objects.filter(origin=batch.origin)
        self.links = {link.external_id: link for link in links}
        self.namesakes = Namesakes(
            [(program, program.name, program.funder_id) for program in programs]
        )
        self.rows = [self._row(entry) for entry in batch.entries]
        self.showing = Showing(self.funders.coming)
        for row in self.rows:
            row.changes = self.showing.changes(told(row.merge.changed))
            row.kept = self.showing.changes(row.merge.kept)
        self.fates = Counter(row.fate for row in self.rows)
        self.vanished = self._vanished()

    @property
    def counts(self):
        return {"read": len(self.rows), **{fate: self.fates[fate] for fate in FATES}}

    @property
    def written(self):
        return sum(self.fates[fate] for fate in WRITTEN)

    @property
    def digest(self):
        """Changes when anything the reader was shown does."""
        seen = hashlib.sha256()
        for row in self.rows:
            told = (row.line, row.fate, row.reasons, row.merge.changed, row.merge.kept)
            seen.update(json.dumps(told, default=str, sort_keys=True).encode())
        seen.update(repr([program.pk for program in self.vanished]).encode())
        return seen.hexdigest()

    # ── One program ──

    def _row(self, entry):
        row = Row({**entry, "prefix": PREFIXES[self.batch.origin]})
        row.remarks = list(entry["warnings"])
        if entry["reasons"]:
            row.reasons, row.fate = list(entry["reasons"]), REFUSED
            return row
        row.values = self._complete(row, entry["values"])
        if row.external_id in self.known:
            self._compare(row, self.known[row.external_id])
        elif row.external_id in self.links:
            self._tell(row, self.links[row.external_id])
        else:
            self._settle(row)
        return row

    def _complete(self, row, values):
        """The funder by its code, and what every imported program says of its source."""
        name = values["funder"]
        values = {**values, "funder": self.funders.code_of(name), "confidence": SECONDARY}
        if values["funder"] == "etat" and not values["operator"]:
            values["operator"] = name[:150]
        values["verified_on"] = values["verified_on"] or self.batch.published_on.isoformat()
        return values

    def _compare(self, row, program):
        row.program = program
        row.merge = merge(program.imported, program.as_version(), row.values)
        row.fate = UPDATED if row.merge.changed else UNCHANGED

    def _tell(self, row, link):
        """A program of ours is left as it is; what its other source changes is only told."""
        row.link, row.program = link, self.programs.get(link.program_id)
        row.merge = Merge(changed=news(link.said, row.values))
        row.fate = LINKED if row.merge.changed else UNCHANGED
        row.remarks.append(typeset(f"Rattaché à « {row.program} », qui n’est pas modifié."))

    def _settle(self, row):
        """A newcomer, unless it resembles one of ours: then a person says."""
        row.twin = self.namesakes.of(row.values["name"], row.values["funder"])
        row.choice = self.batch.choices.get(row.external_id, "") if row.twin else CREATE
        if row.choice == CREATE:
            row.fate = CREATED
            row.merge = Merge(fresh=row.values, changed=newborn(row.values))
            if row.values["funder"] in self.funders.coming:
                coming = self.funders.coming[row.values["funder"]]
                row.remarks.append(typeset(f"Nouveau financeur : « {coming.name} »."))
        elif row.choice == LINK:
            row.fate, row.program = LINKED, row.twin
        else:
            row.fate = SIMILAR

    # ── What the source no longer has ──

    def _vanished(self):
        """Programs taken from this source that it does not name any more, and still live."""
        if self.batch.reading.get("is_partial"):
            return []
        here, today = {entry["id"] for entry in self.batch.entries}, timezone.localdate()
        over = {Program.State.CLOSED, Program.State.TO_CHECK}
        return sorted(
            (
                program
                for external_id, program in self.known.items()
                if external_id not in here
                and program.state not in over
                and not (program.closes_on and program.closes_on < today)
            ),
            key=lambda program: program.name,
        )


def news(last, said):
    """(field, before, after) of what a source changed since it last spoke."""
    return merge(last, {**said, **last}, said).changed


# What every imported program says, or that the other lines say already.
UNTOLD = {"confidence", "verified_on", "uncertain", "rate_on_project", "scope_level"}


def told(changed):
    """Without what the other changes say already, unless it is all there is."""
    return [change for change in changed if change[0] not in UNTOLD] or changed


def newborn(values):
    """(field, nothing, value) of each field of a new program, its criteria one by one."""
    pairs = []
    for name, value in values.items():
        if name == "criteria":
            pairs += [(name, None, row) for row in value]
        elif name not in UNTOLD and value not in (None, "", []):
            pairs.append((name, None, value))
    return pairs
