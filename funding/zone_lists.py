"""A published list of the communes of a zone, read from a CSV file whoever made it."""

import csv
import io
import re
import unicodedata

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from crm.models import Commune, Departement, FormerCommune
from funding.models.zones import OUTSIDE, PARTIAL, WHOLE, ZoneList

CODE_COLUMNS = {"code", "code insee", "code commune", "codgeo", "insee", "insee com", "depcom"}
STATUS_COLUMNS = {"classement", "zonage", "statut", "couverture", "type", "perimetre"}
# « Partiel » first: « partiellement classée » also says « classée ».
SAID = (
    (PARTIAL, re.compile("parti")),
    (OUTSIDE, re.compile("^(0|non|hors|aucun|exclu)|non class|pas class")),
    (WHOLE, re.compile("^(1|oui|x)$|integral|total|enti|class")),
)
# A priority district is a few streets: its commune is never wholly inside.
ALWAYS_PARTIAL = {"qpv"}
SHOWN = 5


@transaction.atomic
def load(code, content, *, source, valid_from, valid_until=None, covers=()):
    """Write the list in place of the same one; return it, and the codes that no commune bears.

    A commune merged since the list was made is partly inside: nobody knows which part. Raises
    ValidationError with sentences, and then writes nothing."""
    rows = read(content)
    known = set(Commune.objects.values_list("pk", flat=True))
    merged = dict(FormerCommune.objects.values_list("code", "commune_id"))
    communes, strangers = {}, []
    for insee, status in rows:
        status = PARTIAL if code in ALWAYS_PARTIAL and status == WHOLE else status
        if insee in known:
            same = communes.get(insee, status) == status
            communes[insee] = status if same else PARTIAL
        elif insee in merged:
            communes[merged[insee]] = PARTIAL
        else:
            strangers.append(insee)
    if not communes:
        raise ValidationError("Aucune commune connue dans ce fichier\u00a0: rien n’est chargé.")
    unknown = sorted(set(covers) - set(Departement.objects.values_list("pk", flat=True)))
    if unknown:
        raise ValidationError(f"Département inconnu\u00a0: {', '.join(unknown)}.")
    found = ZoneList.objects.filter(code=code, source=source, valid_from=valid_from).first()
    found = found or ZoneList(code=code, source=source, valid_from=valid_from)
    found.valid_until, found.communes, found.covers = valid_until, communes, sorted(covers)
    found.loaded_at = timezone.now()
    found.full_clean()
    found.save()
    return found, strangers


def read(content):
    """[(INSEE code, whole, partial or outside)]: a column for the code, another one for the class
    when the zone cuts communes; without it, every commune named is wholly inside."""
    text = decoded(content)
    try:
        dialect = csv.Sniffer().sniff(text[:4096], delimiters=";,\t")
    except csv.Error:
        dialect = csv.excel
    lines = list(csv.reader(io.StringIO(text), dialect))
    head = [plain(cell) for cell in lines[0]] if lines else []
    at = next((place for place, name in enumerate(head) if name in CODE_COLUMNS), None)
    if at is None:
        names = ", ".join(sorted(CODE_COLUMNS))
        raise ValidationError(
            f"Pas de colonne pour le code de la commune\u00a0: nommez-la parmi {names}."
        )
    status_at = next((place for place, name in enumerate(head) if name in STATUS_COLUMNS), None)
    rows, wrong = [], []
    for number, line in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in line):
            continue
        insee = line[at].strip().upper() if at < len(line) else ""
        # A spreadsheet drops the zero of 01001.
        insee = insee.zfill(5) if insee.isdigit() else insee
        said = line[status_at] if status_at is not None and status_at < len(line) else "x"
        status = next((one for one, pattern in SAID if pattern.search(plain(said))), None)
        if not re.fullmatch(r"\d[\dAB]\d{3}", insee) or status is None:
            wrong.append(f"ligne {number}\u00a0: «\u00a0{insee or '–'}, {said.strip()}\u00a0»")
        else:
            rows.append((insee, status))
    if wrong:
        more = f", et {len(wrong) - SHOWN} autres" if len(wrong) > SHOWN else ""
        raise ValidationError(
            "Code de commune ou classement illisible, "
            f"{', '.join(wrong[:SHOWN])}{more}\u00a0: rien n’est chargé."
        )
    return rows


def decoded(content):
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def plain(text):
    """« Code_INSEE » → « code insee »."""
    text = unicodedata.normalize("NFKD", text.casefold())
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    return re.sub(r"[^a-z0-9]+", " ", text).strip()
