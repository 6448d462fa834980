"""A file received → its programs as they came, and the catalogue they come from.

The content says what a file is, never its name. Pure: bytes in, Unreadable with a sentence.
"""

import json
import re
import unicodedata
from dataclasses import dataclass, field

from crm.imports import reading
from crm.imports.reading import FOREIGN, Headings, Unreadable, decode
from funding.catalogue_imports import aides_territoires, data_gouv, mission_transition
from funding.catalogue_imports.values import key_of

MISSION_TRANSITION, DATA_GOUV, AIDES_TERRITOIRES = (
    "mission-transition",
    "data-gouv",
    "aides-territoires",
)
SOURCES = {
    MISSION_TRANSITION: mission_transition,
    DATA_GOUV: data_gouv,
    AIDES_TERRITOIRES: aides_territoires,
}
NAMES = {
    MISSION_TRANSITION: "Mission Transition écologique",
    DATA_GOUV: "Aides de data.gouv.fr",
    AIDES_TERRITOIRES: "Aides-territoires",
}
# What a JSON object has when it is a program of one catalogue.
SIGNS = {
    MISSION_TRANSITION: {"titre", "eligibilityData", "conditions d'éligibilité", "promesse"},
    AIDES_TERRITOIRES: {"targeted_audiences", "perimeter", "financers", "slug", "eligibility"},
}
UTF16 = {b"\xff\xfe", b"\xfe\xff"}
MAX_DEPTH = 40
UNSAFE = re.compile("[\x00\ud800-\udfff]")


@dataclass
class Catalogue:
    """`rows` are (number in the file, object); partial when the source has other programs."""

    origin: str
    rows: list
    how: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    is_partial: bool = False


def read(name, data, *, max_rows, wanted=""):
    """Read a JSON, CSV or spreadsheet catalogue; raise Unreadable rather than guess.

    `wanted` names the catalogue that the file must be."""
    if not data.strip(b"\x00 \t\r\n"):
        raise Unreadable(f"« {name} » est vide.")
    refuse_foreign(name, data)
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"[", b"{"} or data[:2] in UTF16:
        found = read_json(name, data) or read_table(name, data, max_rows)
    else:
        found = read_table(name, data, max_rows)
    if wanted and found.origin != wanted:
        raise Unreadable(f"« {name} » est un catalogue {NAMES[found.origin]}, pas {NAMES[wanted]}.")
    if len(found.rows) > max_rows:
        raise Unreadable(f"« {name} » a trop de dispositifs : {max_rows} au plus.")
    return found


def refuse_foreign(name, data):
    kind = next((kind for magic, kind in FOREIGN.items() if data.startswith(magic)), "")
    if not kind and re.match(rb"\s*<(!doctype|html|table|\?xml)", data[:200], re.IGNORECASE):
        kind = "une page web ou un fichier XML"
    if kind:
        raise Unreadable(
            f"« {name} » est {kind}, pas un catalogue : "
            "un JSON, un CSV ou un tableur (XLSX, ODS) est attendu."
        )


# ── JSON ──


def read_json(name, data):
    """None for a text of two bytes a letter that is no JSON."""
    text, encoding = decode(name, data)
    if text.lstrip()[:1] not in {"[", "{"}:
        return None
    try:
        content = safe(json.loads(text, parse_constant=refuse_constant))
    except RecursionError:
        raise Unreadable(f"« {name} » emboîte trop de niveaux : il n’est pas lu.") from None
    except json.JSONDecodeError as error:
        raise Unreadable(
            f"« {name} » n’est pas un JSON complet : erreur à la ligne {error.lineno}."
        ) from error
    except ValueError as error:
        raise Unreadable(f"« {name} » contient un nombre illisible.") from error
    rows, total = unwrap(content)
    if not rows:
        raise Unreadable(f"« {name} » ne contient aucun dispositif.")
    origin = recognise(rows)
    if not origin:
        keys = next((sorted(row)[:6] for row in rows if isinstance(row, dict)), [])
        seen = ", ".join(f"« {str(key)[:40]} »" for key in keys) or "aucun champ"
        raise Unreadable(f"« {name} » n’est d’aucun catalogue connu (lu : {seen}).")
    found = Catalogue(origin, list(enumerate(rows, start=1)), ["JSON", encoding, NAMES[origin]])
    if total is not None and total > len(rows):
        found.is_partial = True
        found.warnings.append(f"Une page de {len(rows)} dispositifs sur {total}.")
    return found


def refuse_constant(name):
    raise ValueError(name)


def safe(value, depth=0):
    """Without what no database keeps (NUL, half characters); keys with straight apostrophes."""
    if depth > MAX_DEPTH:
        raise RecursionError
    if isinstance(value, str):
        return UNSAFE.sub("", value)
    if isinstance(value, list):
        return [safe(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {straight(key): safe(item, depth + 1) for key, item in value.items()}
    return value


def straight(key):
    return unicodedata.normalize("NFC", UNSAFE.sub("", key).replace("’", "'"))


def unwrap(content):
    """(programs, how many the source has): a list, a page of an API, or one program alone."""
    if isinstance(content, list):
        return content, None
    # First: an aid has lists of its own, « programs » among them.
    if recognise([content]):
        return [content], None
    for name in ("results", "data", "programs", "aids"):
        if isinstance(content.get(name), list):
            total = content.get("count")
            return content[name], total if isinstance(total, int) else None
    return [], None


def recognise(rows):
    for origin, signs in SIGNS.items():
        if any(isinstance(row, dict) and len(signs & row.keys()) >= 2 for row in rows[:50]):
            return origin
    return ""


# ── Tables ──


def known(title):
    """The field of a catalogue that a column is, or None."""
    key = key_of(title)
    return key if key in COLUMNS else None


COLUMNS = {*data_gouv.COLUMNS, *aides_territoires.COLUMNS}
HEADINGS = Headings(known, "« titre », « eligibilite » ou « Nom », « Porteurs d’aides »")


def read_table(name, data, max_rows):
    table = reading.read(name, data, max_rows=max_rows, headings=HEADINGS)
    header = [straight(title) for title in table.header]
    keys = [key_of(title) for title in header]
    if set(keys) >= data_gouv.NEEDED:
        origin, header = DATA_GOUV, keys
    elif {aides_territoires.COLUMNS.get(key) for key in keys} >= aides_territoires.NEEDED:
        origin = AIDES_TERRITOIRES
    else:
        seen = ", ".join(f"« {title[:40]} »" for title in header[:6])
        raise Unreadable(f"« {name} » n’est d’aucun catalogue connu (colonnes lues : {seen}).")
    rows = [(line, safe(dict(zip(header, cells, strict=False)))) for line, cells in table.rows]
    return Catalogue(origin, rows, [*table.how, NAMES[origin]], table.warnings)
