"""The de minimis declaration of a firm, ready to sign: one PDF, from the ledger as it stands."""

import io
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table
from reportlab.platypus.tables import TableStyle

from crm.templatetags.french import day, euros, identifier
from funding.financing import deminimis

INK, HAIR, BRICK = colors.HexColor("#1f2a3a"), colors.HexColor("#d9d5cc"), "#a8452a"
BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=9.5, leading=13, textColor=INK)
CELL = ParagraphStyle("cell", BODY, fontSize=8.5, leading=11)
AMOUNT = ParagraphStyle("amount", CELL, alignment=TA_RIGHT)
HEAD = ParagraphStyle("head", CELL, fontName="Helvetica-Bold")
TITLE = ParagraphStyle("title", BODY, fontName="Times-Roman", fontSize=18, leading=22)
WARN = ParagraphStyle("warn", BODY, textColor=colors.HexColor(BRICK), fontName="Helvetica-Bold")
BLANK = "\u00a0" * 60  # a paragraph folds ordinary spaces
WIDTHS = [24 * mm, 44 * mm, 52 * mm, 26 * mm, 30 * mm]


def text(words, style=BODY):
    return Paragraph(escape(str(words)), style)


def pdf(position, *, is_demo):
    """The bytes of the declaration; `position` is what the ledger page shows, row for row."""
    out = io.BytesIO()
    SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=17 * mm,
        rightMargin=17 * mm,
        topMargin=16 * mm,
        bottomMargin=16 * mm,
        title=f"Déclaration des aides de minimis, {position.organisation.name}",
        author="Établi",
    ).build(story(position, is_demo), onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


def foot(canvas, document):
    canvas.setFont("Helvetica", 7.5)
    canvas.drawRightString(A4[0] - 17 * mm, 9 * mm, f"Page {document.page}")


def story(position, is_demo):
    firm = position.organisation
    parts = [text("Déclaration des aides de minimis reçues", TITLE), Spacer(1, 4 * mm)]
    if is_demo:
        parts += [text("Entreprise et montants fictifs : document de démonstration.", WARN)]
    parts += [
        Spacer(1, 2 * mm),
        text(
            f"Entreprise\u00a0: {firm.name}, SIREN {identifier(firm.siren)}. "
            f"Situation au {day(position.day)}, sur les trois ans qui commencent le "
            f"{day(position.since)} ({reference(position)})."
        ),
        Spacer(1, 4 * mm),
        text("1. Entreprises qui comptent pour une", HEAD),
        Spacer(1, 1 * mm),
        *[text(f"– {name}, SIREN {identifier(siren)}") for siren, name in position.firms],
        Spacer(1, 1 * mm),
        text(declared(position)),
        Spacer(1, 4 * mm),
        text("2. Aides reçues sur la période", HEAD),
        Spacer(1, 2 * mm),
        aids(position.window, position.received),
        *[text(sentence, WARN) for sentence in missing(position)],
        *apart(position),
        Spacer(1, 4 * mm),
        text(f"{4 if position.apart else 3}. Ce qui reste possible", HEAD),
        Spacer(1, 1 * mm),
        text(room(position)),
        Spacer(1, 6 * mm),
        signature(),
    ]
    return parts


def reference(position):
    return position.ceiling.reference if position.ceiling else "plafond à vérifier"


def declared(position):
    undertaking = position.undertaking
    if undertaking is None or undertaking.declared_on is None:
        return (
            "Liste à vérifier par l’entreprise avant de signer\u00a0: elle n’a pas encore été "
            "déclarée complète."
        )
    return f"Liste déclarée complète par {undertaking.source} le {day(undertaking.declared_on)}."


def missing(position):
    """Granted files that the ledger does not hold: the firm cannot sign that the list is whole."""
    for row in position.unrecorded:
        file = row.application
        when = f" le {day(file.decided_on)}" if file.decided_on else ""
        yield (
            f"À vérifier avant de signer\u00a0: {file.program.name}, accordé{when}, n’est pas au "
            "registre."
        )


def apart(position):
    """Nothing when no aid of these years fills the window of another regulation."""
    if not position.apart:
        return []
    return [
        Spacer(1, 4 * mm),
        text("3. Autres aides de minimis de la période, sous leur propre plafond", HEAD),
        Spacer(1, 2 * mm),
        aids(position.apart, deminimis.received(aid.granted for aid in position.apart)),
    ]


def told(amount):
    """For paper: the dashes of the pages that say « unknown » are HTML."""
    return euros(amount) or "à confirmer"


def aids(received, total):
    if not received:
        return text("Aucune aide n’est inscrite au registre pour cette période.")
    heads = ["Octroyée le", "Accordée par", "Objet", "Règlement", "Équivalent brut"]
    rows = [[text(head, HEAD) for head in heads]]
    for aid in received:
        rows.append(
            [
                text(day(aid.granted_on), CELL),
                text(f"{aid.funder or 'à confirmer'}, à {aid.firm}", CELL),
                text(aid.purpose or "à confirmer", CELL),
                text(aid.regulation, CELL),
                text(told(aid.amount), AMOUNT),
            ]
        )
    rows.append([text("Total", HEAD), "", "", "", text(told(total), AMOUNT)])
    table = Table(rows, colWidths=WIDTHS, repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, INK),
                ("LINEBELOW", (0, 1), (-1, -2), 0.4, HAIR),
                ("LINEABOVE", (0, -1), (-1, -1), 0.8, INK),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 2),
                ("RIGHTPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    return table


def room(position):
    if position.ceiling is None:
        return "Aucun plafond connu à cette date\u00a0: à vérifier."
    ceiling = f"{euros(position.ceiling.value)} par entreprise unique"
    if position.room is None:
        return f"À confirmer\u00a0: un montant de la période est inconnu. Plafond\u00a0: {ceiling}."
    return f"{euros(position.room)}, sur un plafond de {ceiling}."


def signature():
    lines = [
        "Je soussigné(e), représentant l’entreprise, déclare que les entreprises et les aides "
        "ci-dessus sont complètes et exactes, et m’engage à signaler toute aide de minimis reçue "
        "ou demandée avant l’octroi de la prochaine.",
        "Nom et qualité\u00a0:",
        f"Fait à {BLANK} le",
        "Signature et cachet\u00a0:",
    ]
    parts = []
    for line in lines:
        parts += [text(line), Spacer(1, 5 * mm)]
    return KeepTogether([*parts, Spacer(1, 18 * mm)])
