"""A grid: the sheets and the columns of a return, as JSON. Pure: no Django, no database.

{"names": whether a row of stable names stands above the labels, "by_axis": whether the workbook
adds totals by national priority, "sheets": [{"key", "title", "note", "rows", "frameworks",
"by_epci", "columns": [{"key", "source", "name", "label", "format", "required", "unit",
"definition", "codes": {our code: their label}}]}]}. A key never changes: what was sent is compared
by it.
"""

import re
from copy import deepcopy

MAX_SHEETS, MAX_COLUMNS = 12, 80
TITLE_SIZE = 31  # of a sheet, in a spreadsheet
FORBIDDEN = re.compile(r"[\[\]:*?/\\]")
NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
FORMATS = {
    "text": "Texte",
    "wrap": "Texte long",
    "code": "Code",
    "date": "Date",
    "money": "Montant",
    "integer": "Nombre entier",
    "number": "Nombre",
}
# How a value may also be written; what is not here is written one way only.
WRITTEN = {"text": ("text", "wrap"), "wrap": ("wrap", "text"), "code": ("code", "text")}


class Gone(LookupError):
    """The sheet or the column is no longer in the grid."""


def column_of(source, **more):
    """A column that says what its source says, in its words."""
    return {
        "key": source.key,
        "source": source.key,
        "name": source.key,
        "label": source.label,
        "format": source.format,
        "required": False,
        "unit": source.unit,
        "definition": source.definition,
        "codes": {},
    } | more


def sheet_of(key, title, rows, columns, **more):
    return {
        "key": key,
        "title": title,
        "note": "",
        "rows": rows,
        "frameworks": [],
        "by_epci": False,
        "columns": columns,
    } | more


def free(key, taken):
    """`key`, or the first « key_2 » that nothing has."""
    number, found = 1, key
    while found in taken:
        number += 1
        found = f"{key}_{number}"
    return found


def find(rows, key):
    """(place, row) of what has this key; Gone when nothing has it."""
    for at, row in enumerate(rows):
        if row["key"] == key:
            return at, row
    raise Gone(key)


def sheet_in(grid, key):
    return find(grid["sheets"], key)[1]


def column_in(grid, sheet, key):
    return find(sheet_in(grid, sheet)["columns"], key)[1]


# Changes: each gives a new grid ------------------------------------------------------------------


def with_column(grid, sheet, source):
    grid = deepcopy(grid)
    columns = sheet_in(grid, sheet)["columns"]
    key = free(source.key, {column["key"] for column in columns})
    name = free(source.key, {column["name"] for column in columns})
    columns.append(column_of(source, key=key, name=name))
    return grid, key


def without_column(grid, sheet, key):
    grid = deepcopy(grid)
    columns = sheet_in(grid, sheet)["columns"]
    del columns[find(columns, key)[0]]
    return grid


def with_changed_column(grid, sheet, key, **said):
    grid = deepcopy(grid)
    column_in(grid, sheet, key).update(said)
    return grid


def with_moved_column(grid, sheet, key, step):
    grid = deepcopy(grid)
    move(sheet_in(grid, sheet)["columns"], key, step)
    return grid


def with_sheet(grid, title, rows, columns, **more):
    grid = deepcopy(grid)
    key = free("feuille", {sheet["key"] for sheet in grid["sheets"]})
    grid["sheets"].append(sheet_of(key, title, rows, columns, **more))
    return grid, key


def with_changed_sheet(grid, key, **said):
    grid = deepcopy(grid)
    sheet_in(grid, key).update(said)
    return grid


def without_sheet(grid, key):
    grid = deepcopy(grid)
    del grid["sheets"][find(grid["sheets"], key)[0]]
    return grid


def with_moved_sheet(grid, key, step):
    grid = deepcopy(grid)
    move(grid["sheets"], key, step)
    return grid


def move(rows, key, step):
    """One place up or down; at the edge it stays."""
    at, row = find(rows, key)
    to = max(0, min(len(rows) - 1, at + step))
    rows.insert(to, rows.pop(at))


# What may not be published -----------------------------------------------------------------------


def faults(grid):
    """French sentences: why this grid cannot be published."""
    found = []
    if not grid["sheets"]:
        found.append("La grille n’a aucune feuille.")
    titles = set()
    for sheet in grid["sheets"]:
        found += title_faults(sheet["title"], titles)
        titles.add(sheet["title"].casefold())
        if not sheet["columns"]:
            found.append(f"La feuille « {sheet['title']} » n’a aucune colonne.")
        names = set()
        for column in sheet["columns"]:
            if column["name"] in names:
                found.append(
                    f"Feuille « {sheet['title']} » : deux colonnes s’appellent "
                    f"« {column['name']} »."
                )
            names.add(column["name"])
    return found


def title_faults(title, taken=()):
    if not title.strip():
        return ["Une feuille n’a pas de titre."]
    if len(title) > TITLE_SIZE:
        return [f"Le titre « {title} » dépasse {TITLE_SIZE} signes."]
    if FORBIDDEN.search(title) or title.startswith("'") or title.endswith("'"):
        return [f"Le titre « {title} » contient un signe qu’un tableur refuse : [ ] : * ? / \\ '"]
    if title.casefold() in taken:
        return [f"Deux feuilles s’appellent « {title} »."]
    return []


# What changed from a version to another ----------------------------------------------------------

TOLD = {
    "label": "libellé",
    "name": "nom stable",
    "format": "format",
    "required": "caractère obligatoire",
    "unit": "unité",
    "definition": "définition",
    "codes": "liste de codes",
    "source": "donnée",
}


def differences(before, after):
    """French sentences, sheet by sheet; nothing when the grids are the same."""
    found = []
    old = {sheet["key"]: sheet for sheet in before["sheets"]}
    new = {sheet["key"]: sheet for sheet in after["sheets"]}
    found += [f"Feuille « {old[key]['title']} » retirée." for key in old if key not in new]
    for key, sheet in new.items():
        if key not in old:
            found.append(f"Feuille « {sheet['title']} » ajoutée.")
            continue
        found += sheet_differences(old[key], sheet)
    kept = [key for key in new if key in old]
    if kept != [key for key in old if key in new]:
        found.append("Feuilles dans un autre ordre.")
    if before["names"] != after["names"] or before["by_axis"] != after["by_axis"]:
        found.append("Présentation du classeur changée.")
    return found


def sheet_differences(before, after):
    where = f"Feuille « {after['title']} » : "
    found = []
    if before["title"] != after["title"]:
        found.append(f"{where}renommée, elle s’appelait « {before['title']} ».")
    if any(before[name] != after[name] for name in ("rows", "frameworks", "by_epci", "note")):
        found.append(f"{where}contenu de la feuille changé.")
    old = {column["key"]: column for column in before["columns"]}
    new = {column["key"]: column for column in after["columns"]}
    found += [f"{where}colonne « {old[key]['label']} » retirée." for key in old if key not in new]
    found += [f"{where}colonne « {new[key]['label']} » ajoutée." for key in new if key not in old]
    for key in new:
        if key in old:
            changed = [word for name, word in TOLD.items() if old[key][name] != new[key][name]]
            if changed:
                found.append(
                    f"{where}colonne « {new[key]['label']} », changé : {', '.join(changed)}."
                )
    if [key for key in new if key in old] != [key for key in old if key in new]:
        found.append(f"{where}colonnes dans un autre ordre.")
    return found
