"""From a return to its sending: what is frozen of it, how a page reads it back, what changed."""

import datetime
from dataclasses import dataclass, field
from operator import itemgetter

from django.db import IntegrityError, transaction
from django.utils import timezone

from reporting.columns import Column
from reporting.committee import file_name
from reporting.editions import NumberTaken, app_version
from reporting.frozen import frozen, thawed
from reporting.headlines import headlines
from reporting.models import MappingVersion, Sending, SendingFile, fingerprint
from reporting.readings import PARTNERS, reading
from reporting.returns import grids_in_force
from reporting.returns.changes import compare
from reporting.returns.checks import Check
from reporting.returns.drawing import Return
from reporting.returns.workbook import DRAFT, draw

FORMAT = 1
EXTENSION = "xlsx"


def drawn(version, territory, *, today=None, limit=None):
    """The return of a territory as its recipients may read it: never more than a partner."""
    name = version.mapping.name
    return Return(
        version.content, reading(PARTNERS, territory), name=name, today=today, limit=limit
    )


def workbook(version, territory, *, today=None, stamp=DRAFT):
    return draw(
        drawn(version, territory, today=today), version=grids_in_force.said(version), stamp=stamp
    )


# From a return to content ------------------------------------------------------------------


def content_of(shown, check, version):
    territory = shown.territory
    return {
        "format": FORMAT,
        "territory": {
            "name": territory.name,
            "code": territory.code,
            "period": territory.period,
            "lead_body": territory.lead_body,
            "is_demo": territory.is_demo,
        },
        "readers": {"label": shown.reading.label, "note": shown.reading.note},
        "grid": {
            "name": shown.name,
            "version": version.number,
            "applies_from": version.applies_from.isoformat(),
            "said": grids_in_force.said(version),
            "content": version.content,
        },
        "figures": [figure_of(line) for line in headlines(shown.figures)],
        "sheets": [sheet_of(sheet) for sheet in shown.sheets],
        "lacks": [
            {"reference": one.reference, "nature": one.nature, "title": one.title,
             "kind": found.kind, "field": found.field, "why": found.why}
            for one in check.records for found in one.findings
        ],
    }  # fmt: skip


def figure_of(line):
    return {
        "key": line.key,
        "label": line.label,
        "value": frozen(line.value),
        "format": line.format,
        "meaning": line.meaning,
        "unknown": line.unknown,
    }


def sheet_of(sheet):
    """Rows with the names by which a later sending finds them again."""
    return {
        "key": sheet.key,
        "title": sheet.title,
        "note": sheet.note,
        "columns": [
            {
                "key": column.key,
                "name": column.name,
                "label": column.label,
                "format": column.format,
                "width": column.width,
                "unit": column.unit,
                "definition": column.definition,
            }
            for column in sheet.columns
        ],
        "rows": [
            {
                "key": row.record.key,
                "reference": row.record.reference,
                "title": row.record.title,
                "cells": [frozen(cell) for cell in row.cells],
            }
            for row in sheet.rows
        ],
        "totals": [
            {
                "key": column.key,
                "label": column.label,
                "format": column.format,
                "unit": column.unit,
                "total": frozen(total),
                "unknown": unknown,
            }
            for column, _, total, unknown in sheet.totals()
        ],
    }


# Sending -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Prepared:
    """What is frozen of a return: its content and its workbook."""

    version: MappingVersion
    content: dict
    book: bytes
    drawn_on: datetime.date
    number: int
    sent_on: datetime.date


def prepare(version, territory, *, number, sent_on, today):
    shown = drawn(version, territory, today=today)
    check = Check(shown)
    stamp = f"Envoi n°\u00a0{number} du {sent_on:%d/%m/%Y}"
    book = draw(shown, version=grids_in_force.said(version), check=check, stamp=stamp)
    return Prepared(version, content_of(shown, check, version), book, today, number, sent_on)


@transaction.atomic
def send(version, territory, *, by, number, sent_on, sent_to, note="", today=None):
    """Freeze the return under `number`; NumberTaken when someone was faster."""
    today = today or timezone.localdate()
    ready = prepare(version, territory, number=number, sent_on=sent_on, today=today)
    return keep(ready, territory, by=by, sent_to=sent_to, note=note, at=timezone.now())


@transaction.atomic
def keep(ready, territory, *, by, sent_to, note, at):
    """Write what was prepared: the sending, then its file."""
    code, number = ready.version.mapping.code, ready.number
    before = Sending.objects.of(territory, code).order_by("-number").first()
    try:
        with transaction.atomic():
            sending = Sending.objects.create(
                territory=territory,
                mapping_version=ready.version,
                code=code,
                title=ready.version.mapping.name,
                number=number,
                drawn_on=ready.drawn_on,
                issued_at=at,
                issued_by=by,
                issuer=str(by),
                sent_on=ready.sent_on,
                sent_to=sent_to,
                note=note,
                previous=before,
                content=ready.content,
                sha256=fingerprint(ready.content),
                app_version=app_version(),
            )
    except IntegrityError:
        raise NumberTaken from None
    SendingFile.objects.create(
        sending=sending,
        name=file_name(territory, f"remontee-{code}-{number}", ready.sent_on, EXTENSION),
        content=ready.book,
        size=len(ready.book),
        sha256=fingerprint(ready.book),
    )
    return sending


# From content to page ----------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    values: list
    code: str = ""


@dataclass
class Sheet:
    """A sheet read back, as the tables of the editions show one."""

    title: str
    note: str
    columns: list
    lines: list
    count: int
    totals: list
    anchor: str = ""
    empty: str = "Aucune ligne."
    unknown: list = field(default_factory=list)


def read_sheets(content, limit=None):
    return [
        read_sheet(sheet, f"feuille-{number}", limit)
        for number, sheet in enumerate(content["sheets"], start=1)
    ]


def read_sheet(sheet, anchor, limit=None):
    formats = [column["format"] for column in sheet["columns"]]
    columns = [
        Column(column["label"], lambda line, at=itemgetter(i): at(line.values), column["format"])
        for i, column in enumerate(sheet["columns"])
    ]
    lines = [
        (Line([thawed(cell, form) for cell, form in zip(row["cells"], formats, strict=True)]), "")
        for row in sheet["rows"][:limit]
    ]
    totals = [
        total | {"total": thawed(total["total"], total["format"])} for total in sheet["totals"]
    ]
    return Sheet(
        sheet["title"], sheet["note"], columns, lines, len(sheet["rows"]), totals, anchor
    )  # fmt: skip


def between(before, after):
    """What changed from a sending to some sheets, with values that templates write."""
    changes = compare(before.content["sheets"], after)
    for change in changes:
        cells = [cell for row in change["changed"] for cell in row["cells"]]
        for cell in [*cells, *change["totals"]]:
            cell["before"] = thawed_or_text(cell["before"], cell["format"])
            cell["after"] = thawed_or_text(cell["after"], cell["format"])
    return changes


def thawed_or_text(value, form):
    """A column that changed its format since keeps what it said then as it was written."""
    try:
        return thawed(value, form)
    except (ArithmeticError, ValueError):
        return value
