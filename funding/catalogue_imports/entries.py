"""Each program of a catalogue → an entry of plain JSON: its values, or why it is refused."""

from crm.imports.wording import typeset
from funding.catalogue_imports import aides_territoires
from funding.catalogue_imports.reading import SOURCES
from funding.catalogue_imports.values import Problem

MAX_ID = 200
ODD = "Sa forme n’est pas celle du catalogue : il n’est pas lu."


def read_all(catalogue, places):
    source, seen = SOURCES[catalogue.origin], {}
    return [read_one(source, line, row, places, seen) for line, row in catalogue.rows]


def read_one(source, line, row, places, seen):
    entry = {"line": line, "id": "", "name": "", "values": {}, "warnings": [], "reasons": []}
    try:
        row = opened(source, row)
        entry["name"] = source.name_of(row)[:250]
        entry["id"] = identified(source, row, line, seen)
        draft = source.read(row, places)
        entry["values"] = draft.finish()
        entry["warnings"] = [typeset(warning) for warning in draft.warnings]
    except Problem as problem:
        entry["reasons"] = [typeset(str(problem))]
    # A program may have any shape at all: it is named, and the others are read.
    except (AttributeError, TypeError, KeyError, ValueError, ArithmeticError, RecursionError):
        entry["reasons"] = [ODD]
    return entry


def opened(source, row):
    if not isinstance(row, dict):
        raise Problem("Ce n’est pas un dispositif : un objet est attendu.")
    if source is aides_territoires and aides_territoires.is_of_sheet(row):
        return aides_territoires.from_cells(row)
    return row


def identified(source, row, line, seen):
    found = source.external_id(row)
    if not found:
        raise Problem("L’identifiant manque.")
    if len(found) > MAX_ID:
        raise Problem("L’identifiant est trop long.")
    if found in seen:
        raise Problem(f"L’identifiant « {found} » est déjà au n° {seen[found]}.")
    seen[found] = line
    return found
