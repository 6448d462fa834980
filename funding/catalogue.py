"""The catalogue of programs: published version by version, loaded from what is shipped.

`publish` is the only way to write a program. `receive` publishes what a catalogue says, and leaves
what a person corrected.
"""

import datetime as dt
import json
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import prefetch_related_objects
from django.utils import timezone
from simple_history.utils import bulk_create_with_history

from crm.templatetags.french import day
from funding.eligibility import Rules, Window
from funding.merge import merge
from funding.models import AidScheme, Funder, Program, ProgramVersion
from funding.models.programs import plain
from funding.models.versions import carry, owned
from funding.program_checks import Known, check

DATA = Path(__file__).parent / "data"
# What a program is, whatever its version.
IDENTITY = ("code", "origin", "external_id", "imported", "national", "territory")
Origin = ProgramVersion.Origin
BATCH = 500


class Conflict(Exception):
    """Someone published a version since the one that was read."""


class AnnouncedRefused(ValidationError):
    """What is published now, or withdrawn, makes a version announced for later impossible."""


@transaction.atomic
def publish(
    program,
    values,
    *,
    source,
    applies_from,
    by=None,
    origin=Origin.MANUAL,
    note="",
    seen=None,
    known=None,
    today=None,
):
    """Publish what changes of a program, from a day on, as a new version with its source.

    `program` None creates one: `values` then holds its code too. `values` has what changes only,
    typed or as plain JSON, the funder by its code. A version for a day to come is announced, and
    applies when its day comes. Values that all stand already are recorded as a check, but for
    another source that a person gives alone. `known` is read beforehand when many programs are
    published.
    Raises ValidationError by field, AnnouncedRefused when a version announced for later could not
    follow; Conflict when the last version is no longer number `seen`.
    """
    today = today or timezone.localdate()
    values = dict(values)
    identity = {name: values.pop(name) for name in IDENTITY if name in values}
    said = {"source": source, "origin": origin, "by": by, "note": note}
    if program is None:
        version = begin({**identity, **values}, applies_from=applies_from, known=known, **said)
        enter([version])
        return version
    row = Program.objects.select_related("funder").select_for_update(of=["self"]).get(pk=program.pk)
    versions = timeline(row, today)
    if seen is not None and seen != max(version.number for version in row.versions.all()):
        raise Conflict
    replaced = covering(versions, applies_from, today)
    after = {**replaced.values, **plain_values(values)}
    changed = {name for name in after if after[name] != replaced.values.get(name)}
    is_due, is_current = applies_from <= today, replaced.is_in_force(today=today)
    stood = row.source if is_current else replaced.source
    for name, value in identity.items():
        setattr(row, name, value)
    check(filled(row, after, source), known=known)
    if identity:
        Program.objects.filter(pk=row.pk).update(**identity)
    is_said_again = bool(changed or note or source != stood)
    # A catalogue is read again; a person who only gives another source has read nothing again.
    is_cited_anew = origin == Origin.MANUAL and not changed and source != stood
    if changed - {"verified_on"} or is_cited_anew or (is_said_again and not is_current):
        pairs = owned(versions)
        if replaced.applies_from == applies_from:  # it says all that the other said
            changed |= next(own for one, own in pairs if one == replaced)
        said |= {"changed": sorted(changed), "applied_at": timezone.now() if is_due else None}
        version = follow(row, replaced, after, said, applies_from)
        later = [(one, own) for one, own in pairs if one.applies_from > applies_from]
        for touched in carry(later, changed, version.values):
            check_announced(touched, known=known)
        if is_due:
            version.settle(today)
    else:
        version = replaced
        if is_said_again:
            verify(row, source=source, on=after["verified_on"], by=by, note=note, today=today)
    program.refresh_from_db()
    return version


def begin(values, *, source, applies_from, by=None, origin, note="", known=None, today=None):
    """The first version of a program that is not in the catalogue yet, unsaved: for `enter`.

    `known` then counts it among the others."""
    today = today or timezone.localdate()
    if applies_from > today:
        raise ValidationError(
            {
                "applies_from": "Un nouveau dispositif entre au catalogue dès aujourd’hui\u00a0: "
                "s’il ouvre plus tard, donnez sa date d’ouverture."
            }
        )
    identity = {name: value for name, value in values.items() if name in IDENTITY}
    by_hand = origin == Origin.MANUAL
    identity.setdefault("origin", Program.Origin.TERRITORY if by_hand else origin)
    row = Program(**identity)
    changed = {name: value for name, value in values.items() if name not in IDENTITY}
    values = {**row.as_version(), **plain_values(changed)}
    check(filled(row, values, source), known=known)
    if known is not None:
        known.add(row)
    row.applies_from = applies_from
    row._history_user = by
    row._change_reason = "Version 1"
    return ProgramVersion(
        program=row,
        number=1,
        applies_from=applies_from,
        values=values,
        source=source,
        origin=origin,
        by=by,
        note=note,
        applied_at=timezone.now(),
    )


@transaction.atomic
def enter(versions):
    """Write what `begin` made, with its history: as many queries for one as for fifty."""
    rows = [version.program for version in versions]
    prefetch_related_objects(rows, "funder")
    for row in rows:
        row.index()
    bulk_create_with_history(rows, Program, batch_size=BATCH)
    ProgramVersion.objects.bulk_create(versions, batch_size=BATCH)


def timeline(row, today):
    """The effective versions, in order; a program that never had one begins with what it says."""
    prefetch_related_objects([row], "versions")
    if not row.versions.all():
        since = row.verified_on or today
        row.applies_from = min(since, today - dt.timedelta(days=1))
        row.versions.create(
            number=1,
            applies_from=row.applies_from,
            values=row.as_version(),
            source=row.source,
            origin=Origin.SHIPPED,
            applied_at=timezone.now(),
            watched_at=timezone.now(),  # what it said already is no news
        )
        Program.objects.filter(pk=row.pk).update(version=1, applies_from=row.applies_from)
        prefetch_related_objects([row], "versions")
    effective = [version for version in row.versions.all() if not version.is_replaced]
    return sorted(effective, key=lambda version: version.applies_from)


def covering(versions, applies_from, today):
    """The version that the new one replaces from that day on: the one in force, or announced.

    What has applied is history: a version that would begin before it overlaps."""
    current = next(version for version in versions if version.is_in_force(today=today))
    starts = current.applies_from
    if applies_from < starts or (applies_from == starts and starts < today):
        raise ValidationError(
            {
                "applies_from": f"La version {current.number} s’applique depuis le {day(starts)}"
                f"\u00a0: une version à partir du {day(applies_from)} la chevaucherait."
            }
        )
    return next(version for version in reversed(versions) if version.applies_from <= applies_from)


def plain_values(values):
    """As a version keeps them; ValidationError naming the fields that cannot hold theirs."""
    kept, refused = {}, {}
    for name, value in values.items():
        try:
            kept[name] = plain(name, value)
        except ValidationError as error:
            refused[name] = error
    if refused:
        raise ValidationError(refused)
    return kept


def filled(row, values, source):
    row.set_values(values)
    row.source = source
    return row


def check_announced(version, *, known=None):
    """AnnouncedRefused, by field, when an announced version holds what the catalogue refuses."""
    try:
        check(version.program.reading(version), known=known)
    except ValidationError as refused:
        which = f"La version annoncée du {day(version.applies_from)} ne le permet pas\u00a0:"
        raise AnnouncedRefused(
            {
                name: [f"{which} {sentence}" for sentence in sentences]
                for name, sentences in refused.message_dict.items()
            }
        ) from refused


def follow(row, replaced, values, said, applies_from):
    """Add the version that takes over from `replaced`; the two never share a day."""
    until = replaced.applies_until
    replaced.close(applies_from)
    return row.versions.create(
        number=max(version.number for version in row.versions.all()) + 1,
        applies_from=applies_from,
        applies_until=until,
        values=values,
        **said,
    )


@transaction.atomic
def withdraw(version):
    """An announced version will not apply: the one before it goes on, and what it said is not said
    later either. Raises AnnouncedRefused when a later one only stands with it."""
    Program.objects.select_for_update().get(pk=version.program_id)
    version.refresh_from_db()
    if version.is_replaced:
        return
    _, later = version.withdraw()
    for touched in later:
        check_announced(touched)


@transaction.atomic
def verify(program, *, source, on, by=None, note="", today=None):
    """Someone read the source again and nothing changed: keep who, when and where.

    `on` None when the source bears no date: nothing is then said to be verified."""
    today = today or timezone.localdate()
    row = Program.objects.select_for_update().get(pk=program.pk)
    version = next(one for one in timeline(row, today) if one.is_in_force(today=today))
    before = {"verified_on": version.values["verified_on"], "source": row.source}
    stamp(row, version, {"verified_on": plain("verified_on", on), "source": source}, by)
    program.refresh_from_db()
    if on is None:
        return None
    return version.checks.create(source=source, by=by, before=before, on=on, note=note)


@transaction.atomic
def unverify(found, *, by=None):
    """Undo a check, unless another version or another check came since."""
    version = found.version
    program = Program.objects.select_for_update().get(pk=version.program_id)
    if program.version != version.number or version.checks.first() != found:
        raise Conflict
    stamp(program, version, found.before, by)
    found.delete()


def stamp(program, version, said, by):
    version.values["verified_on"] = said["verified_on"]
    version.save(update_fields=["values"])
    program.set_values({"verified_on": said["verified_on"]})
    program.source = said["source"]
    program._history_user = by
    program.save(update_fields=["verified_on", "source", "search", "updated_at"])


@transaction.atomic
def receive(program, incoming, *, source, origin, applies_from=None, by=None, note="", **options):
    """Publish what a catalogue says of a program it already gave; None when it says nothing new.

    What a person corrected since the last time stays as it is: `corrections` shows both.
    `applies_from` None is the day the catalogue read it, or today when that is too early.
    """
    today = options.get("today") or timezone.localdate()
    identity = {name: incoming[name] for name in IDENTITY if name in incoming}
    incoming = plain_values({k: v for k, v in incoming.items() if k not in IDENTITY})
    row = Program.objects.select_for_update().get(pk=program.pk)
    known = row.imported or row.as_version()
    told = {**incoming, "source": source}
    if row.imported and all(known.get(name) == value for name, value in told.items()):
        return None
    current = timeline(row, today)
    start = next(version for version in current if version.is_in_force(today=today)).applies_from
    fresh = merge(known, row.as_version(), incoming).fresh
    if applies_from is None:
        read_on = dt.date.fromisoformat(incoming.get("verified_on") or today.isoformat())
        applies_from = read_on if start < read_on <= today else today
    return publish(
        program,
        {**identity, **fresh, "imported": {**known, **told}},
        source=source,
        applies_from=applies_from,
        by=by,
        origin=origin,
        note=note,
        **options,
    )


def corrections(program):
    """Where the row is not what its catalogue last said: (field, theirs, ours), the criteria one
    by one."""
    last = {name: program.imported[name] for name in Program.VERSIONED if name in program.imported}
    kept = merge(last, program.as_version(), last).kept
    return [(name, theirs, ours) for name, ours, theirs in kept]


# What is shipped.


def read(name):
    return json.loads((DATA / name).read_text(encoding="utf-8"))


@transaction.atomic
def load():
    """Publish every shipped program; return how many were (created, updated, unchanged, kept),
    the last being those whose new values wait behind what a person corrected or announced.

    Raises ValueError naming the program whose row is wrong: nothing is loaded then.
    """
    for row in read("funders.json"):
        Funder.objects.update_or_create(
            code=row["code"], defaults={k: v for k, v in row.items() if k != "code"}
        )
    AidScheme.objects.load_shipped()
    rows = [(row["code"], row.get("source"), values_of(row)) for row in read("programs.json")]
    standing = {program.code: program for program in Program.objects.all()}
    known = Known.read()
    for code, _, values in rows:  # a row may name one that comes later
        known.links[code] = (set(values["incompatible_with"]), values["required_studies"])
    counts = {"created": 0, "updated": 0, "unchanged": 0, "kept": 0}
    newcomers = []
    for code, source, values in rows:
        said = {"source": source, "origin": Origin.SHIPPED, "known": known}
        try:
            if program := standing.get(code):
                counts[reload(program, values, **said)] += 1
            else:
                newcomers.append(first(code, values, **said))
        except ValidationError as refused:
            raise ValueError(f"Dispositif {code}\u00a0: {' '.join(refused.messages)}") from refused
    enter(newcomers)
    counts["created"] = len(newcomers)
    if not standing:  # the catalogue that one begins with is no news
        ProgramVersion.objects.unwatched().update(watched_at=timezone.now())
    return counts


def first(code, values, *, source, **said):
    """The first version of a program that this release brings."""
    today = timezone.localdate()
    read_on = values["verified_on"]
    applies_from = min(dt.date.fromisoformat(read_on), today) if read_on else today
    new = {"code": code, "imported": {**values, "source": source}, **values}
    return begin(new, source=source, applies_from=applies_from, today=today, **said)


def reload(program, values, **said):
    """Receive what this release says of a program; return what became of it."""
    before = program.version
    try:
        version = receive(program, values, **said)
    except AnnouncedRefused:  # received again once what was announced has applied or is withdrawn
        return "kept"
    if version is None:
        return "unchanged"
    if version.number == before:
        return "kept" if corrections(program) else "unchanged"
    return "updated"


def values_of(row):
    """One row of the file as a version keeps it; ValueError naming the program when it is wrong."""
    texts = {name for name in Program.VERSIONED if isinstance(empty(name), str)}
    values = {"required_studies": [], **row}
    try:
        return plain_values(
            {
                name: values[name] or "" if name in texts else values[name]
                for name in Program.VERSIONED
            }
        )
    except (KeyError, ValidationError) as error:
        said = " ".join(getattr(error, "messages", [f"« {error} » manque"]))
        raise ValueError(f"Dispositif {row.get('code')}\u00a0: {said}") from error


def empty(name):
    field = Program._meta.get_field(name)
    return "" if field.blank and not field.null and not field.has_default() else None


WINDOW = ("state", "opens_on", "closes_on", "deadlines")


def rules(criteria, state, opens_on, closes_on, deadlines, **named):
    """Parse the criteria and the dates of a program into the pure rules."""
    days = tuple(dt.date.fromisoformat(deadline["on"]) for deadline in deadlines)
    return Rules.parse(criteria, Window(state, opens_on, closes_on, days), **named)


def rules_of(program):
    window = (getattr(program, name) for name in WINDOW)
    # What was judged or filed of a national program holds for its local version.
    scope, filed_as = program.legal_code, program.filed_as
    return rules(program.criteria, *window, scope=scope, filed_as=filed_as)
