"""What a catalogue received again changes in a program; what a person wrote stays. Pure.

Three states of each field: as last received, as it stands, as the source says now. Only what still
says what was last received is overwritten; criteria are compared one by one, by their key.
"""

from dataclasses import dataclass, field

# The day a source was read is not news about the program.
QUIET = {"verified_on"}


@dataclass
class Merge:
    """`fresh` is written. `changed` is (field, before, after), `kept` is (field, ours, theirs)."""

    fresh: dict = field(default_factory=dict)
    changed: list = field(default_factory=list)
    kept: list = field(default_factory=list)


def merge(last, standing, said):
    """`last` and `said` hold the fields of the source, `standing` those of the row."""
    found = Merge()
    for name, theirs in said.items():
        ours, before = standing[name], last.get(name, standing[name])
        if name == "criteria":
            merge_criteria(found, before, ours, theirs)
        elif theirs == ours:
            continue
        elif ours != before:
            if name not in QUIET:
                found.kept.append((name, ours, theirs))
        elif theirs != before or name not in last:
            found.fresh[name] = theirs
            if name not in QUIET:
                found.changed.append((name, ours, theirs))
    return found


def merge_criteria(found, before, ours, theirs):
    before, ours, theirs = (by_key(rows) for rows in (before, ours, theirs))
    rows = {}
    for key in dict.fromkeys([*theirs, *ours]):
        was, stands, says = before.get(key), ours.get(key), theirs.get(key)
        corrected = stands != was
        rows[key] = stands if corrected or says == was else says
        if corrected and says != stands:
            found.kept.append(("criteria", stands, says))
        elif rows[key] != stands:
            found.changed.append(("criteria", stands, says))
    merged = [row for row in rows.values() if row is not None]
    if by_key(merged) != ours:
        found.fresh["criteria"] = merged


def by_key(rows):
    return {row["key"]: row for row in rows}
