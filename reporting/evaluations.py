"""The evaluation of a convention as files, and the day it is frozen with them."""

import datetime

from django.db import IntegrityError, transaction

from actions.evaluating import content as draw
from actions.models import EditConflict, EvaluationFile, EvaluationSheet
from crm.freezing import app_version, fingerprint
from reporting.columns import Column
from reporting.committee import file_name
from reporting.evaluation_pdf import pdf
from reporting.frozen_cells import amount, on, said
from reporting.workbook import Book

NBSP = "\u00a0"
DRAFT = "Document de travail"


FIGURES = [
    Column("Rubrique", said("group"), "wrap", 22),
    Column("Chiffre", said("label"), "wrap", 34),
    Column("Valeur", amount("value"), "number", 16),
    Column("Unité", said("unit"), "text", 9),
    Column("À confirmer", said("unknown"), "wrap", 22),
    Column("D’où il vient", said("source"), "wrap", 46),
    Column("Commentaire", said("comment"), "wrap", 46),
]
ACTIONS = [
    Column("Code", said("code"), "code", 10),
    Column("Fiche", said("title"), "wrap", 38),
    Column("Dans le cadre", said("counted"), "wrap", 20),
    Column("Sous-action de", said("part_of"), "code", 12),
    Column("Pilote", said("pilot"), "wrap", 26),
    Column("Statut", said("status"), "text", 12),
    Column("Avancement (%)", said("progress"), "integer", 12),
    Column("Budget prévu", amount("planned"), "money", 14),
    Column("Engagé", amount("committed"), "money", 14),
    Column("Dépensé", amount("spent"), "money", 14),
]
INDICATORS = [
    Column("Fiche", said("code"), "code", 10),
    Column("Indicateur", said("label"), "wrap", 38),
    Column("Unité", said("unit"), "text", 14),
    Column("Attendu", amount("expected"), "number", 12),
    Column("Constaté", amount("value"), "number", 12),
    Column("Le", on("observed_on"), "date", 12),
    Column("Qualité", said("quality"), "text", 12),
    Column("Preuve", said("evidence"), "wrap", 46),
]
COMMITMENTS = [
    Column("À quoi", said("text"), "wrap", 46),
    Column("Qui s’engage", said("who"), "wrap", 28),
    Column("Pour le", on("due_on"), "date", 12),
    Column("Montant", amount("amount"), "money", 14),
    Column("État", said("state"), "text", 12),
    Column("Fiche", said("action"), "code", 10),
]
UNITS = {"money": "€", "percent": "%", "number": "ETP", "integer": ""}


def figure_rows(content):
    return [
        figure
        | {
            "group": group["title"],
            "unit": UNITS[figure["format"]],
            "comment": content["comments"].get(figure["key"], ""),
        }
        for group in content["groups"]
        for figure in group["figures"]
    ]


def workbook(content, *, title, stamp):
    territory = content["territory"]
    with Book(
        heading=f"{territory['name']} · {content['contract']['title']}",
        confidentiality="Évaluation d’une convention",
        drawn_on=datetime.date.fromisoformat(content["drawn_on"]),
        title=title,
        subject="Évaluation annuelle",
        stamp=stamp,
    ) as book:
        note = "Données fictives. " if territory["is_demo"] else ""
        sheets = (
            ("Chiffres", FIGURES, figure_rows(content), f"{note}Lus dans le plan, commentés ici."),
            ("Fiches comptées", ACTIONS, content["actions"], "Une sous-action est dans sa fiche."),
            ("Indicateurs", INDICATORS, content["indicators"],
             f"Dernière valeur datée au 31/12/{content['year']}."),
            ("Engagements", COMMITMENTS, content["commitments"], ""),
        )  # fmt: skip
        for name, columns, rows, note in sheets:
            sheet = book.sheet(name, title=name, note=note)
            book.widths(sheet, columns)
            book.table(sheet, columns, rows, freeze=1)
        write_words(book, content["words"])
    return book.content


def write_words(book, words):
    sheet = book.sheet("Discussion", title="Ce qu’en disent les parties")
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 100)
    labels = ("Ce qui a bien marché", "Difficultés rencontrées", "Ajustements pour la suite")
    keys = ("went_well", "difficulties", "adjustments")
    for at, (label, key) in enumerate(zip(labels, keys, strict=True), start=3):
        sheet.write_string(at, 0, label, book.format("total"))
        sheet.write_string(at, 1, words[key], book.format("cell", "wrap"))


def title_of(content):
    return f"Évaluation {content['year']}, {content['contract']['title']}"


def forms(content, stamp, proof=""):
    """{kind: bytes} of the same content."""
    title = title_of(content)
    return {
        EvaluationFile.Kind.PDF: pdf(content, title=title, stamp=stamp, proof=proof),
        EvaluationFile.Kind.XLSX: workbook(content, title=title, stamp=stamp),
    }


class HasChanged(Exception):
    """The figures are no longer those that the person read before freezing them."""


def freeze(evaluation, viewer, *, seen, version, today):
    """Freeze what was shown: HasChanged when the plan moved since, EditConflict when the text did.

    The evaluation closes; its sheet holds the content, its fingerprint, and the files.
    """
    content = draw(evaluation, viewer, today=today)
    if fingerprint(content) != seen:
        raise HasChanged
    digest, number = fingerprint(content), evaluation.next_number()
    stamp = f"Fiche n°{NBSP}{number} du {today:%d/%m/%Y}"
    files = forms(content, stamp, proof=digest)
    try:
        with transaction.atomic():
            evaluation.close(version)
            sheet = EvaluationSheet.objects.create(
                evaluation=evaluation,
                title=title_of(content)[:200],
                number=number,
                drawn_on=today,
                issued_by=viewer,
                issuer=str(viewer),
                content=content,
                sha256=digest,
                app_version=app_version(),
            )
            for kind, data in files.items():
                EvaluationFile.objects.create(
                    sheet=sheet,
                    kind=kind,
                    name=name_of(evaluation, today, kind),
                    content=data,
                    size=len(data),
                    sha256=fingerprint(data),
                )
    except IntegrityError:
        raise EditConflict from None
    return sheet


def name_of(evaluation, today, kind):
    what = f"evaluation-{evaluation.year}-convention-{evaluation.contract_id}"
    return file_name(evaluation.contract.territory, what, today, kind)
