"""What changed from a sending to the next, from their frozen sheets alone: no Django, no database.

A sheet is {"key", "title", "columns": [{"key", "label", "format"}], "rows": [{"key", "reference",
"title", "cells"}], "totals": [{"key", "label", "total", "unknown"}]}. Cells are text as JSON keeps
them, None when unknown. Rows, columns and totals are matched by their keys.
"""


def compare(before, after):
    """[{"title", "entered", "left", "changed", "totals"}], one a sheet that says something new."""
    old = {sheet["key"]: sheet for sheet in before}
    found = [of_sheet(old.get(sheet["key"]), sheet) for sheet in after]
    kept = {sheet["key"] for sheet in after}
    found += [of_sheet(sheet, None) for key, sheet in old.items() if key not in kept]
    return [change for change in found if any(change[name] for name in LISTS)]


LISTS = ("entered", "left", "changed", "totals")


def of_sheet(before, after):
    """Of a sheet that is new, or is no more, every row entered, or left."""
    then = {row["key"]: row for row in before["rows"]} if before else {}
    now = {row["key"]: row for row in after["rows"]} if after else {}
    return {
        "key": (after or before)["key"],
        "title": (after or before)["title"],
        "entered": [named(row) for key, row in now.items() if key not in then],
        "left": [named(row) for key, row in then.items() if key not in now],
        "changed": changed_rows(before, after, then, now) if before and after else [],
        "totals": changed_totals(before, after) if before and after else [],
    }


def named(row):
    return {"key": row["key"], "reference": row["reference"], "title": row["title"]}


def changed_rows(before, after, then, now):
    places = {column["key"]: at for at, column in enumerate(before["columns"])}
    shared = [
        (places[column["key"]], at, column)
        for at, column in enumerate(after["columns"])
        if column["key"] in places
    ]
    found = []
    for key, row in now.items():
        if key in then:
            cells = [
                cell_of(column, then[key]["cells"][old], row["cells"][new])
                for old, new, column in shared
                if then[key]["cells"][old] != row["cells"][new]
            ]
            if cells:
                found.append(named(row) | {"cells": cells})
    return found


def changed_totals(before, after):
    old = {total["key"]: total for total in before["totals"]}
    return [
        cell_of(total, old[total["key"]]["total"], total["total"])
        for total in after["totals"]
        if total["key"] in old and old[total["key"]]["total"] != total["total"]
    ]


def cell_of(column, before, after):
    return {
        "label": column["label"],
        "format": column["format"],
        "before": before,
        "after": after,
    }
