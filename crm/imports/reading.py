"""A file received → its header and its rows as text. Pure: bytes in, Unreadable with a sentence."""

import csv
import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from crm.imports.columns import recognise
from crm.imports.wording import typeset

MAX_COLUMNS = 200
MAX_CELLS = 5_000_000
MAX_UNZIPPED = 200 * 1024 * 1024
HEADER_WITHIN = 30
SAMPLE = 60
DELIMITERS = {";": "point-virgule", ",": "virgule", "\t": "tabulation"}
BOMS = {
    b"\xef\xbb\xbf": ("utf-8-sig", "UTF-8 avec BOM"),
    b"\xff\xfe": ("utf-16", "UTF-16"),
    b"\xfe\xff": ("utf-16", "UTF-16"),
}
FOREIGN = {
    b"%PDF": "un PDF",
    b"\x89PNG": "une image",
    b"\xff\xd8\xff": "une image",
    b"GIF8": "une image",
    b"RIFF": "une image ou un son",
    b"{\\rtf": "un document de traitement de texte",
}
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
CONTROL = re.compile(r"[\x01-\x08\x0e-\x1f]")
FILLED_CELL = re.compile(rb'<c r="([A-Z]{1,3})(\d{1,7})"(?:[^>]*[^/])?>')


class Unreadable(ValueError):
    """A French sentence that names the file."""

    def __init__(self, text):
        super().__init__(typeset(text))


@dataclass(frozen=True)
class Headings:
    """How the header is found: what `recognise` knows, and some titles for who has none."""

    recognise: Callable[[str], object]
    examples: str

    def count(self, cells):
        return len({target for cell in cells if (target := self.recognise(cell))})


COMPANIES = Headings(recognise, "« Raison sociale », « SIRET » ou « Commune »")


@dataclass
class Table:
    """`rows` are (line, cells): the line is the row’s number as a spreadsheet shows it."""

    header: list[str]
    rows: list[tuple[int, list[str]]]
    how: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read(name, data, *, max_rows, headings=COMPANIES):
    """Read a CSV, XLSX, XLS or ODS; raise Unreadable rather than guess."""
    if not data.strip(b"\x00 \t\r\n"):
        raise Unreadable(f"« {name} » est vide.")
    refuse_foreign(name, data)
    if data.startswith((ZIP, OLE)):
        return read_workbook(name, data, max_rows, headings)
    return read_text(name, data, max_rows, headings)


def refuse_foreign(name, data):
    kind = next((kind for magic, kind in FOREIGN.items() if data.startswith(magic)), "")
    if not kind and re.match(rb"\s*<(!doctype|html|table|\?xml)", data[:200], re.IGNORECASE):
        kind = "une page web ou un fichier XML"
    if kind:
        raise Unreadable(
            f"« {name} » est {kind}, pas un tableau. "
            "Enregistrez les données depuis votre tableur, en XLSX, ODS ou CSV."
        )


# ── Text ──


def read_text(name, data, max_rows, headings):
    text, encoding = decode(name, data)
    nuls = text.count("\x00")
    text = text.replace("\x00", "")
    if len(CONTROL.findall(text[:20_000])) > 20:
        raise Unreadable(
            f"« {name} » n’est pas un tableau : son contenu n’est pas du texte. "
            "Enregistrez-le depuis votre tableur, en XLSX, ODS ou CSV."
        )
    delimiter = find_delimiter(text, headings)
    rows = split(name, text, delimiter, max_rows)
    several = any(len(cells) > 1 for _, cells in rows)
    separated = DELIMITERS[delimiter] if several else "une seule colonne"
    table = tabulate(name, rows, ["CSV", encoding, separated], max_rows, headings)
    if nuls:
        table.warnings.append(f"Caractères nuls retirés : {nuls}.")
    return table


def decode(name, data):
    """(text, what it was read as). cp1252 has five holes: what falls into them is refused."""
    for bom, (codec, label) in BOMS.items():
        if data.startswith(bom):
            try:
                return data.decode(codec), label
            except UnicodeDecodeError as error:
                raise Unreadable(
                    f"« {name} » s’annonce en {label} et ne l’est pas. "
                    "Enregistrez-le de nouveau depuis votre tableur."
                ) from error
    try:
        return data.decode("utf-8"), "UTF-8"
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252"), "cp1252 (Windows)"
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"« {name} » n’est ni en UTF-8 ni en cp1252 : ses lettres accentuées seraient "
            "perdues. Enregistrez-le en « CSV UTF-8 » ou en XLSX."
        ) from error


def find_delimiter(text, headings):
    """The one that shows most known headings, then the most regular columns."""
    best, best_score = ";", (-1, -1.0, -1)
    for delimiter in DELIMITERS:
        try:
            reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
            rows = [cells for _, cells in zip(range(SAMPLE), reader, strict=False) if any(cells)]
        except csv.Error:
            continue
        widths = Counter(len(cells) for cells in rows)
        width, same = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
        known = max((headings.count(cells) for cells in rows[:HEADER_WITHIN]), default=0)
        score = (known, same / len(rows) if width > 1 else 0, width)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def split(name, text, delimiter, max_rows):
    """Stops as soon as there are too many rows: the rest is not read."""
    rows = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for line, cells in enumerate(reader, start=1):
            if any(cell.strip() for cell in cells):
                rows.append((line, cells))
            refuse_long(name, rows, max_rows + HEADER_WITHIN)
    except csv.Error as error:
        raise Unreadable(
            f"« {name} » est abîmé vers la ligne {reader.line_num} : "
            "un guillemet n’est sans doute pas refermé."
        ) from error
    if text.count('"') % 2 and rows and any("\n" in cell for cell in rows[-1][1]):
        raise Unreadable(
            f"« {name} » : un guillemet ouvert à la ligne {rows[-1][0]} n’est jamais refermé."
        )
    return rows


# ── Workbooks ──


def read_workbook(name, data, max_rows, headings):
    if data.startswith(ZIP):
        refuse_bomb(name, data)
    sheets = load_sheets(name, data, max_rows)
    tables, refusals = [], []
    for title, frame in sheets.items():
        rows = [
            (line, [text_of(cell) for cell in cells])
            for line, cells in enumerate(frame.values.tolist(), start=1)
        ]
        rows = [(line, cells) for line, cells in rows if any(cell.strip() for cell in cells)]
        if not rows:
            continue
        try:
            how = ["tableur", f"feuille « {title} »"]
            tables.append((title, tabulate(name, rows, how, max_rows, headings)))
        except Unreadable as refusal:
            refusals.append(refusal)
    if not tables:
        raise refusals[0] if refusals else Unreadable(f"« {name} » est vide.")
    title, table = tables[0]
    ignored = [other for other in sheets if other != title and not sheets[other].empty]
    if ignored:
        names = ", ".join(f"« {other} »" for other in ignored)
        table.warnings.append(
            typeset(f"Seule la feuille « {title} » est lue ; laissées de côté : {names}.")
        )
    return table


def load_sheets(name, data, max_rows):
    import pandas as pd  # half a second to import: only for who brings a workbook

    if data.startswith(OLE) and ENCRYPTED in data:
        raise Unreadable(f"« {name} » est protégé par un mot de passe : retirez-le d’abord.")
    try:
        return pd.read_excel(
            io.BytesIO(data),
            sheet_name=None,
            engine="calamine",
            header=None,
            dtype=str,
            na_filter=False,
            nrows=max_rows + HEADER_WITHIN + 2,
        )
    except Exception as error:  # a damaged file fails in as many ways as there are formats
        raise Unreadable(
            f"« {name} » ne s’ouvre pas comme un tableur : il est abîmé ou d’un autre format. "
            "Enregistrez-le de nouveau, en XLSX, ODS ou CSV."
        ) from error


def refuse_bomb(name, data):
    """A small file can unfold into gigabytes, or a single far cell into billions of empty ones."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > MAX_UNZIPPED:
                raise Unreadable(
                    f"« {name} » est démesuré une fois décompressé : il n’est pas ouvert."
                )
            for member in members:
                if re.fullmatch(r"xl/worksheets/[^/]+\.xml", member.filename):
                    refuse_sprawl(name, archive.read(member))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise Unreadable(f"« {name} » est abîmé : le tableur ne s’ouvre pas.") from error


def refuse_sprawl(name, sheet):
    width = height = 1
    for letters, digits in FILLED_CELL.findall(sheet):
        height = max(height, int(digits))
        column = 0
        for letter in letters:
            column = column * 26 + letter - 64
        width = max(width, column)
    if width * height > MAX_CELLS:
        raise Unreadable(
            f"« {name} » a une cellule remplie très loin des autres (ligne {height}, colonne "
            f"{width}). Supprimez-la, ou copiez le tableau dans une feuille neuve."
        )


def text_of(cell):
    """A cell as text; midnight is how a spreadsheet writes a plain date."""
    return str(cell).replace("\x00", "").removesuffix(" 00:00:00")


# ── Both ──


def refuse_long(name, rows, limit):
    if len(rows) > limit:
        raise Unreadable(
            f"« {name} » a trop de lignes : {limit} au plus, partagez-le en plusieurs fichiers."
        )


def tabulate(name, rows, how, max_rows, headings):
    """Find the header under its title lines; square the rows to its width."""
    if not rows:
        raise Unreadable(f"« {name} » est vide.")
    at = max(
        range(min(HEADER_WITHIN, len(rows))),
        key=lambda index: (headings.count(rows[index][1]), -index),
    )
    header = [" ".join(cell.split()) for cell in rows[at][1]]
    while header and not header[-1]:
        header.pop()
    if not headings.count(header):
        seen = ", ".join(f"« {title} »" for title in header[:8] if title) or "aucun titre"
        raise Unreadable(
            f"« {name} » : aucune colonne reconnue (lu : {seen}). La première ligne du tableau "
            f"doit porter des titres comme {headings.examples}."
        )
    if len(header) > MAX_COLUMNS:
        raise Unreadable(f"« {name} » a {len(header)} colonnes : {MAX_COLUMNS} au plus.")
    refuse_long(name, rows[at + 1 :], max_rows)
    body = [(line, squared(cells, len(header))) for line, cells in rows[at + 1 :]]
    if not body:
        raise Unreadable(f"« {name} » ne contient que des titres de colonnes, aucune ligne.")
    header = [title or f"Colonne {index}" for index, title in enumerate(header, start=1)]
    warnings = []
    if at:
        lines = f"{at} lignes de titre laissées" if at > 1 else "1 ligne de titre laissée"
        warnings.append(f"{lines} au-dessus du tableau.")
    return Table(header, body, how, warnings)


def squared(cells, width):
    """At least `width` cells; what sticks out on the right stays only if it says something."""
    cells = [*cells, *[""] * (width - len(cells))]
    while len(cells) > width and not cells[-1].strip():
        cells.pop()
    return cells
