"""A file received → a batch; a batch and its plan → the database, in one transaction."""

from django.conf import settings
from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from crm.imports import columns, reading
from crm.imports.bulk import CHUNK, MODELS, Bulk
from crm.imports.plan import REFUSED, build
from crm.imports.wording import size
from crm.models import Contact, ImportBatch, Organisation, Site
from crm.templatetags.french import day

RECALLED = 50  # the latest files whose headings are compared


class Outdated(Exception):
    """What the reader was shown is no longer what the import would do."""


class AlreadyDone(Exception):
    pass


def receive(name, data, territory, *, by=None):
    """Read a file into an unsaved batch, its columns guessed; raises reading.Unreadable."""
    table = reading.read(name, data, max_rows=settings.IMPORT_MAX_ROWS)
    batch = ImportBatch(
        territory=territory,
        file_name=name[:200],
        reading={"how": table.how, "warnings": table.warnings, "size": size(len(data))},
        header=table.header,
        rows=table.rows,
        mapping=columns.guess(table.header, table.rows),
        source=f"fichier {name}"[:120],
        created_by=by,
    )
    recall(batch)
    return batch


def recall(batch):
    """The same headings hold what someone last said they do in this territory; and it is said."""
    known = ImportBatch.objects.filter(territory=batch.territory).with_columns_read()
    for last in known.for_list()[:RECALLED]:
        mapping = columns.recall(batch.header, last.header, last.mapping)
        if mapping is not None:
            batch.mapping, batch.accepts_outside = mapping, last.accepts_outside
            batch.reading["how"].append(f"colonnes lues comme le {day(last.created_at)}")
            break


def plan_of(batch, *, today=None):
    mapping = {int(index): target for index, target in batch.mapping.items()}
    return build(
        batch.territory,
        batch.header,
        batch.rows,
        mapping,
        accepts_outside=batch.accepts_outside,
        today=today,
    )


@transaction.atomic
def commit(batch, *, by=None, expected=None, now=None):
    """Write the plan once; return it. Raises Outdated when its digest is not `expected`.

    The batch is claimed first: of two clicks, the second finds it done.
    """
    now = now or timezone.now()
    if not ImportBatch.objects.filter(pk=batch.pk, committed_at=None).update(committed_at=now):
        raise AlreadyDone
    lock(batch.territory)
    plan = plan_of(batch, today=timezone.localdate(now))
    if expected is not None and plan.digest != expected:
        raise Outdated
    undo = write(plan, batch, Bulk(by=by, reason=batch.reason, now=now))
    refused = [row for row in plan.rows if row.fate == REFUSED]
    batch.committed_at = now
    batch.counts = plan.counts
    batch.refusals = [[row.line, row.title, row.subtitle, row.reasons] for row in refused]
    batch.rows = [[row.line, row.cells] for row in refused]
    batch.undo = undo
    batch.preview = {}
    batch.save()
    return plan


def lock(territory):
    """Nobody edits what the plan reads until it is written; SQLite holds one writer anyway."""
    mine = Organisation.objects.filter(territory=territory)
    list(mine.select_for_update().order_by("pk").values_list("pk"))
    for model in (Site, Contact):
        rows = model.objects.select_for_update().filter(organisation__in=mine.values("pk"))
        list(rows.order_by("pk").values_list("pk"))


def write(plan, batch, bulk):
    """Write the drafts, parents first; return what it takes to undo them."""
    today = timezone.localdate(bulk.now).isoformat()
    undo = {"sectors": []}
    for name, model in MODELS.items():
        created, updated = plan.new(model), plan.updated(model)
        for draft in [*created, *updated]:
            note_sources(draft, batch.source, today)
        undo[name] = {
            "created": bulk.create(model, [draft.instance for draft in created]),
            "updated": [
                [draft.instance.pk, *change] for draft in updated for change in changes_of(draft)
            ],
        }
        groups = {}
        for draft in updated:
            groups.setdefault(frozenset(draft.before), []).append(draft.instance)
        for fields, objects in groups.items():
            bulk.update(model, objects, fields)
        if model is Organisation:
            undo["sectors"] = link_sectors([*created, *updated])
            bulk.copy_sectors_to_history([draft.instance.pk for draft in [*created, *updated]])
    return undo


def note_sources(draft, source, today):
    """Where each fact comes from, and the year its heading gave; contacts keep none."""
    draft.sources_before = {}
    if isinstance(draft.instance, Contact):
        return
    for field in [*draft.before, *(["sectors"] if draft.added_sectors else [])]:
        draft.sources_before[field] = draft.instance.provenance.get(field)
        draft.instance.note_source([field], source, draft.years.get(field) or today)


def link_sectors(drafts):
    """[organisation, sector] pairs added."""
    through = Organisation.sectors.through
    pairs = [(draft.instance.pk, sector.pk) for draft in drafts for sector in draft.added_sectors]
    through.objects.bulk_create(
        [through(organisation_id=one, sector_id=other) for one, other in pairs],
        batch_size=CHUNK,
        ignore_conflicts=True,
    )
    return pairs


def changes_of(draft):
    """[field, before, after, source before], as JSON can hold them."""
    for field, before in draft.before.items():
        after = getattr(draft.instance, field)
        yield [field, frozen(before), frozen(after), draft.sources_before.get(field)]


def frozen(value):
    """A value of a field as JSON keeps it: text, but for the unknown, numbers and yes or no."""
    if value is None or isinstance(value, bool | int):
        return value
    return str(value.pk if isinstance(value, Model) else value)
