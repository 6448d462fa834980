"""The life of a file in words: its moves, what was corrected, its pieces and its money."""

import datetime
from dataclasses import dataclass

from actions.changes import between
from funding.models import (
    Amendment,
    ApplicationPiece,
    ApplicationStep,
    Correction,
    GrantAgreement,
    Tranche,
)

SHOWN = 12
VERBS = {"+": "a ajouté", "~": "a modifié", "-": "a retiré"}
ROWS = {
    ApplicationPiece: "la pièce",
    ApplicationStep: "l’étape",
    Correction: "la demande de correction",
    Tranche: "la tranche",
    GrantAgreement: "la convention",
}


@dataclass(frozen=True)
class Entry:
    """One gesture. `move` is a change of status, `changes` what else it changed, `text` a row."""

    at: datetime.datetime
    by: object
    text: str = ""
    move: object = None
    changes: tuple = ()


def log(application, count=SHOWN):
    """The latest gestures, newest first; the cost does not grow with them, but for relations."""
    entries = [*of_the_file(application, count), *of_its_rows(application, count)]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:count]


def of_the_file(application, count):
    moves = {move.trace: move for move in application.moves.select_related("by")[:count]}
    rows = list(application.history.select_related("history_user")[: count + 1])
    for row, before in zip(rows, [*rows[1:], None], strict=True):
        move = moves.get(row.history_id)
        changes = between(before, row) if before else []
        if move:
            told = {"statut", *(label_of(application, name) for name in move.before)}
            changes = [change for change in changes if change.label not in told]
        if row.history_type == "+" and before is None:
            yield Entry(row.history_date, row.history_user, text="a ouvert le dossier")
        elif move or changes:
            yield Entry(row.history_date, row.history_user, move=move, changes=tuple(changes))


def label_of(application, name):
    return str(application._meta.get_field(name).verbose_name)


def of_its_rows(application, count):
    for model, words in ROWS.items():
        rows = model.history.filter(application=application.pk).select_related("history_user")
        for row in rows[:count]:
            what = words if model is GrantAgreement else f"{words} «\u00a0{said(model, row)}\u00a0»"
            yield Entry(row.history_date, row.history_user, f"{VERBS[row.history_type]} {what}")
    amendments = Amendment.history.filter(agreement__application=application.pk)
    for row in amendments.select_related("history_user")[:count]:
        what = f"l’avenant de {row.get_kind_display().lower()}"
        yield Entry(row.history_date, row.history_user, f"{VERBS[row.history_type]} {what}")


def said(model, row):
    if model is Tranche:
        return f"{row.get_kind_display()}, {row.get_state_display().lower()}"
    text = row.text if model is Correction else row.label
    return text if len(text) <= 60 else f"{text[:59]}…"
