"""A catalogue received → a batch; a batch and its plan → the database, in one transaction."""

from collections import Counter

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from crm.imports.wording import size, typeset
from funding import catalogue, watch
from funding.catalogue_imports import reading
from funding.catalogue_imports.entries import read_all
from funding.catalogue_imports.places import Places
from funding.catalogue_imports.plan import (
    CREATED,
    FATES,
    LINKED,
    REFUSED,
    SIMILAR,
    UNCHANGED,
    UPDATED,
    Plan,
)
from funding.models import CatalogueImport, CatalogueLink, Funder, Program
from funding.program_checks import Known


class Outdated(Exception):
    """What the reader was shown is no longer what the import would do."""


class AlreadyDone(Exception):
    pass


def receive(name, data, *, wanted="", **fields):
    """Read a file into an unsaved batch; raises reading.Unreadable."""
    found = reading.read(name, data, max_rows=settings.IMPORT_MAX_ROWS, wanted=wanted)
    return batch_of(found, name, size=size(len(data)), **fields)


def batch_of(found, name, *, size="", territory=None, by=None, published_on=None):
    """An unsaved batch of a catalogue that has been read."""
    told = {
        "how": found.how,
        "warnings": found.warnings,
        "size": size,
        "is_partial": found.is_partial,
    }
    return CatalogueImport(
        territory=territory,
        file_name=name[:200],
        origin=found.origin,
        reading=told,
        published_on=published_on or timezone.localdate(),
        entries=read_all(found, Places.load()),
        created_by=by,
    )


@transaction.atomic
def commit(batch, *, by=None, expected=None, flag_vanished=False, now=None):
    """Write the plan once; return it. Raises Outdated when its digest is not `expected`.

    The batch is claimed first: of two clicks, the second finds it done.
    """
    now = now or timezone.now()
    if not CatalogueImport.objects.filter(pk=batch.pk, committed_at=None).update(committed_at=now):
        raise AlreadyDone
    list(Program.objects.filter(origin=batch.origin).select_for_update().values_list("pk"))
    plan = Plan(batch)
    if expected is not None and plan.digest != expected:
        raise Outdated
    writing = Writing(plan, batch, by, timezone.localdate(now))
    writing.write()
    if flag_vanished:
        writing.flag(plan.vanished)
    watch.catch_up(now=now)
    batch.committed_at = now
    batch.counts = writing.counts()
    batch.outcome = outcome(plan, flagged=flag_vanished, unflagged=writing.unflagged)
    batch.undo = writing.undo
    batch.entries, batch.choices = [], {}
    batch.save()
    return plan


class Writing:
    """`undo` holds what it takes to come back."""

    def __init__(self, plan, batch, by, today):
        self.plan, self.batch, self.by, self.today = plan, batch, by, today
        self.known = Known.read()
        self.known.funders.update(plan.funders.coming)
        self.undo = {"created": [], "updated": [], "checked": [], "linked": [], "funders": []}
        self.unflagged = []  # vanished programs that the catalogue refuses to write, and why

    def write(self):
        self.create([row for row in self.plan.rows if row.fate == CREATED])
        for row in self.plan.rows:
            if row.fate == UPDATED:
                self.attempt(row, self.update)
            elif row.fate == LINKED:
                self.link(row)
            elif row.fate == UNCHANGED and row.link is None:
                self.attempt(row, self.read_again)

    def counts(self):
        """What became of each, once the catalogue had its word."""
        fates = Counter(row.fate for row in self.plan.rows)
        return {"read": len(self.plan.rows), **{fate: fates[fate] for fate in FATES}}

    def attempt(self, row, verb):
        """What the catalogue refuses is refused alone, with its reasons."""
        try:
            with transaction.atomic():
                verb(row)
        except ValidationError as refusal:
            self.refuse(row, refusal)

    def refuse(self, row, refusal):
        row.fate, row.reasons = REFUSED, [typeset(text) for text in refusal.messages]

    def said(self, **more):
        note = f"Import de « {self.batch.file_name[:120]} »"
        return {
            "source": self.batch.source,
            "applies_from": self.today,
            "by": self.by,
            "origin": self.batch.origin,
            "note": typeset(note),
            "known": self.known,
            "today": self.today,
            **more,
        }

    def create(self, rows):
        """All at once: a catalogue has thousands of programs."""
        made = []
        for row in rows:
            try:
                made.append(self.begin(row))
            except ValidationError as refusal:
                self.refuse(row, refusal)
        self.add_funders({version.program.funder_id for version in made})
        catalogue.enter(made)
        self.undo["created"] = [version.program_id for version in made]

    def begin(self, row):
        identity = {
            "code": row.code,
            "external_id": row.external_id,
            "imported": row.values,
            "origin": self.batch.origin,
        }
        version = catalogue.begin({**identity, **row.values}, **self.said())
        row.program = version.program
        return version

    def add_funders(self, codes):
        """Those to come that these programs need; once written they come no more."""
        coming = self.plan.funders.coming
        made = [coming[code] for code in sorted(codes & coming.keys() - set(self.undo["funders"]))]
        Funder.objects.bulk_create(made)
        self.undo["funders"] += [funder.pk for funder in made]

    def update(self, row):
        self.add_funders({row.merge.fresh.get("funder")})
        before = row.program.as_version()
        kept = {
            "imported": row.program.imported,
            "source": row.program.source,
            "values": {name: before[name] for name in row.merge.fresh},
        }
        version = catalogue.publish(
            row.program, {**row.merge.fresh, "imported": row.values}, **self.said()
        )
        after = {name: version.values[name] for name in row.merge.fresh}
        self.undo["updated"].append([row.program.pk, kept, after])

    def read_again(self, row):
        """Nothing new: the day of the reading is kept when it is later than the one known."""
        program = row.program
        if row.values == program.imported:
            return
        kept = {"imported": program.imported, "source": program.source, "values": {}}
        Program.objects.filter(pk=program.pk).update(imported=row.values)
        day = row.merge.fresh.get("verified_on")
        if day and day > (program.as_version()["verified_on"] or ""):
            check = catalogue.verify(
                program, source=self.batch.source, on=day, by=self.by, today=self.today
            )
            self.undo["checked"].append(check.pk)
        self.undo["updated"].append([program.pk, kept, {}])

    def link(self, row):
        link = row.link or CatalogueLink(
            program=row.program, origin=self.batch.origin, external_id=row.external_id
        )
        before = None if row.link is None else link.said
        link.said = row.values
        link.save()
        self.undo["linked"].append([link.pk, before])

    def flag(self, vanished):
        """« À vérifier », as the source would say: it opens again if the program comes back."""
        for program in vanished:
            imported = {**program.imported, "state": Program.State.TO_CHECK}
            kept = {
                "imported": program.imported,
                "source": program.source,
                "values": {"state": program.state},
            }
            note = typeset(f"Absent du catalogue du {self.batch.published_on:%d/%m/%Y}")
            try:
                catalogue.publish(
                    program,
                    {"state": Program.State.TO_CHECK, "imported": imported},
                    **self.said(source=program.source, note=note),
                )
            except ValidationError as refusal:
                self.unflagged.append([program, [typeset(text) for text in refusal.messages]])
                continue
            self.undo["updated"].append([program.pk, kept, {"state": Program.State.TO_CHECK}])


def outcome(plan, *, flagged, unflagged):
    """What the page of the result lists, once the entries are gone."""
    return {
        "refused": [
            [row.line, row.title, row.external_id, row.reasons]
            for row in plan.rows
            if row.fate == REFUSED
        ],
        "similar": [
            [row.line, row.title, row.twin.pk, str(row.twin)]
            for row in plan.rows
            if row.fate == SIMILAR
        ],
        "kept": [
            [row.title, row.program.pk, change.label, change.before, change.after]
            for row in plan.rows
            for change in row.kept
        ],
        "vanished": [[program.pk, program.name] for program in plan.vanished],
        "unflagged": [[program.pk, program.name, reasons] for program, reasons in unflagged],
        "flagged": flagged,
    }
