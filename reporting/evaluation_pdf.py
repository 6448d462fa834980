"""The evaluation of a convention on paper, ready to sign: from its content, live or frozen."""

import io

from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, KeepTogether, SimpleDocTemplate, Spacer, Table
from reportlab.platypus.tables import TableStyle

from actions.templatetags.contract_marks import figure_text, iso_day
from actions.templatetags.plan_marks import HELD
from crm.templatetags.french import decimal, euros
from reporting.declaration import AMOUNT, CELL, HAIR, HEAD, INK, TITLE, WARN
from reporting.declaration import text as paragraph
from reporting.edition_pdf import printable

NBSP = "\u00a0"
UNKNOWN = "à confirmer"
SIDE, ROOM = 17 * mm, A4[0] - 34 * mm
FICTION = f"Document de démonstration{NBSP}: convention, montants et personnes fictifs."
HEAD_NUMBER = ParagraphStyle("head number", HEAD, alignment=TA_RIGHT)
LOOK = TableStyle(
    [
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, INK),
        ("LINEBELOW", (0, 1), (-1, -1), 0.4, HAIR),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 5),
    ]
)
BOX = TableStyle(
    [
        ("BOX", (0, 0), (-1, -1), 0.6, INK),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 6),
        ("TOPPADDING", (0, 0), (-1, -1), 5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 26 * mm),
        ("INNERGRID", (0, 0), (-1, -1), 0.4, HAIR),
    ]
)


def text(words, style=None):
    return paragraph(printable(words), *([style] if style else []))


def pdf(content, *, title, stamp, proof=""):
    """`stamp` says what the paper is worth: a draft, or which frozen sheet of which fingerprint."""

    def foot(canvas, document):
        canvas.setFont("Helvetica", 7.5)
        canvas.drawString(SIDE, 9 * mm, printable(stamp))
        canvas.drawRightString(A4[0] - SIDE, 9 * mm, f"Page {document.page}")
        if proof:
            canvas.setFont("Helvetica", 6)
            canvas.drawString(SIDE, 6 * mm, printable(f"SHA-256 du contenu{NBSP}: {proof}"))

    out = io.BytesIO()
    margins = {"leftMargin": SIDE, "rightMargin": SIDE, "topMargin": 16 * mm,
               "bottomMargin": 16 * mm}  # fmt: skip
    document = SimpleDocTemplate(
        out, pagesize=A4, title=title, author="Établi", lang="fr-FR", **margins
    )
    document.build(story(content, title, stamp), onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


def story(content, title, stamp):
    contract, meeting = content["contract"], content["meeting"]
    parts = [text(content["territory"]["name"], CELL), text(title, TITLE), Spacer(1, 2 * mm)]
    parts += [text(FICTION, WARN)] if content["territory"]["is_demo"] else []
    parts += [text(f"{stamp}. Chiffres au {iso_day(content['drawn_on'])}.")]
    if content["corrects"]:
        parts.append(text(f"Fiche rectificative{NBSP}: {content['corrects']}", WARN))
    discussed = f"{meeting['title']}, {iso_day(meeting['held_on'])}" if meeting else "à fixer"
    frameworks = ", ".join(contract["frameworks"]) or "à préciser"
    parts += [
        Spacer(1, 3 * mm),
        text(f"Convention{NBSP}: {contract['title']} ({contract['kind']})."),
        text(
            f"Signée le {iso_day(contract['signed_on']) or UNKNOWN}, "
            f"fin le {iso_day(contract['ends_on']) or UNKNOWN}, "
            f"montant{NBSP}: {euros(contract['amount']) or UNKNOWN}."
        ),
        text(f"Cadres qui comptent les fiches{NBSP}: {frameworks}."),
        text(f"Dialogue de gestion{NBSP}: {discussed}."),
    ]
    for number, group in enumerate(content["groups"], start=1):
        parts += heading(f"{number}. {group['title']}") + [figures(group, content["comments"])]
    number = len(content["groups"]) + 1
    parts += heading(f"{number}. Ce qu’en disent les parties") + words(content["words"])
    parts += heading(f"{number + 1}. Versements sur cette évaluation") + payments(content)
    parts += heading(f"{number + 2}. Signatures") + [signatures(contract)]
    parts += heading("Annexe 1. Fiches comptées") + [actions(content["actions"])]
    parts += heading("Annexe 2. Indicateurs") + [indicators(content["indicators"])]
    parts += heading("Annexe 3. Engagements") + [commitments(content["commitments"])]
    return parts


def heading(words):
    """A title never ends a page alone."""
    return [Spacer(1, 5 * mm), CondPageBreak(30 * mm), text(words, HEAD), Spacer(1, 1 * mm)]


def table(heads, rows, shares, empty):
    """`shares` of the width; a cell that is drawn already is a number, and so is its head."""
    if not rows:
        return text(empty)
    styles = [HEAD if isinstance(cell, str) else HEAD_NUMBER for cell in rows[0]]
    drawn = [[text(head, style) for head, style in zip(heads, styles, strict=True)]]
    drawn += [[text(cell, CELL) if isinstance(cell, str) else cell for cell in row] for row in rows]
    grid = Table(drawn, colWidths=[share * ROOM for share in shares], repeatRows=1, splitInRow=1)
    grid.setStyle(LOOK)
    return grid


def number(words):
    return text(words or UNKNOWN, AMOUNT)


def figures(group, comments):
    rows = []
    for figure in group["figures"]:
        value = figure_text(figure) or UNKNOWN
        lacks = f", + {figure['unknown']}" if figure["unknown"] else ""
        said = comments.get(figure["key"], "")
        rows.append([figure["label"], number(f"{value}{lacks}"), figure["source"], said])
    heads = ["Chiffre", "Valeur", "D’où il vient", "Commentaire"]
    return table(heads, rows, (0.26, 0.19, 0.28, 0.27), "")


def words(said):
    labels = {
        "went_well": "Ce qui a bien marché",
        "difficulties": "Difficultés rencontrées",
        "adjustments": "Ajustements pour la suite",
    }
    parts = []
    for name, label in labels.items():
        lines = said[name].splitlines() or ["Rien n’a été écrit."]
        parts += [text(label, HEAD), *(text(line) for line in lines), Spacer(1, 2 * mm)]
    return parts


def payments(content):
    if not content["payments"]:
        return [text("Aucun versement n’est noté sur cette évaluation.")]
    return [
        text(
            f"– {row['label']}{NBSP}: {euros(row['planned']) or UNKNOWN}"
            + "".join(f", {said}" for said in (row["funder"], row["condition"]) if said)
            + "."
        )
        for row in content["payments"]
    ]


def signatures(contract):
    """A block for each party that signs, two on a line, and room for the date and the seal."""
    signing = [party for party in contract["parties"] if party["signs"]]
    if not signing:
        return text("Aucune partie signataire n’est notée sur la convention.")
    blocks = [
        [
            text(party["name"], HEAD),
            text(party["quality"] or "Nom et qualité :", CELL),
            text("Date et signature :", CELL),
        ]
        for party in signing
    ]
    blocks += [""] if len(blocks) % 2 else []
    rows = [blocks[at : at + 2] for at in range(0, len(blocks), 2)]
    grid = Table(rows, colWidths=[ROOM / 2] * 2)
    grid.setStyle(BOX)
    return KeepTogether([grid])


def actions(rows):
    lines = [
        [
            f"{row['code']} {row['title']}",
            row["counted"],
            row["pilot"] or UNKNOWN,
            row["status"],
            number(UNKNOWN if row["progress"] is None else f"{row['progress']}{NBSP}%"),
            number(euros(row["planned"])),
            number(euros(row["spent"])),
        ]
        for row in rows
    ]
    heads = ["Fiche", "Cadre", "Pilote", "Statut", "Avancé à", "Prévu", "Dépensé"]
    shares = (0.28, 0.1, 0.17, 0.1, 0.11, 0.12, 0.12)
    return table(heads, lines, shares, "Aucune fiche n’est comptée dans ces cadres.")


def indicators(rows):
    lines = [
        [
            f"{row['label']} ({row['unit']})",
            row["code"],
            number(decimal(row["expected"])),
            number(decimal(row["value"])),
            " ".join(filter(None, (row["quality"], iso_day(row["observed_on"]), row["evidence"]))),
            HELD[row["standing"]],
        ]
        for row in rows
    ]
    heads = ["Indicateur", "Fiche", "Attendu", "Constaté", "Preuve", "Où il en est"]
    shares = (0.3, 0.1, 0.11, 0.11, 0.26, 0.12)
    return table(heads, lines, shares, "Aucun indicateur n’est suivi sur ces fiches.")


def commitments(rows):
    lines = [
        [
            row["text"],
            row["who"] or UNKNOWN,
            iso_day(row["due_on"]) or "sans date",
            number(euros(row["amount"]) or "–"),
            row["state"],
        ]
        for row in rows
    ]
    heads = ["À quoi", "Qui s’engage", "Pour le", "Montant", "État"]
    return table(heads, lines, (0.38, 0.24, 0.13, 0.13, 0.12), "Aucun engagement n’est noté.")
