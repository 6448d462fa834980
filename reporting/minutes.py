"""The minutes of a meeting (relevé de décisions): one content, and the PDF to send.

A copy holds the points that its reader may read; one about a project that not everybody may read
says so beside it, for whoever is about to send it.
"""

import datetime as dt
import io
from dataclasses import dataclass

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import KeepTogether, SimpleDocTemplate, Spacer, Table
from reportlab.platypus.tables import TableStyle

from actions.models import AgendaItem, Attendance, Sheet
from crm.models import Confidentiality
from crm.templatetags.french import day, euros, plural, typeset
from reporting.declaration import CELL, HAIR, HEAD, INK, TITLE, WARN, foot, text

NBSP = "\u00a0"
BETWEEN = f"{NBSP}; "
FICTION = f"Document de démonstration{NBSP}: personnes, projets et décisions fictifs."
GROUPS = {
    Attendance.Status.PRESENT: "Membres présents",
    Attendance.Status.REPRESENTED: "Membres représentés",
    Attendance.Status.EXCUSED: "Membres excusés",
    Attendance.Status.ABSENT: "Membres absents",
    "": "Présence à confirmer",
}
HEADS = ["N°", "Décision", "Qui", "Pour le"]
MILLIMETRES = [12, 96, 42, 26]
WIDTHS = [width * mm for width in MILLIMETRES]


@dataclass(frozen=True)
class Point:
    number: int
    title: str
    kind: str
    lines: list  # (what it is, the words)
    decision: str = ""
    responsible: str = ""
    due: str = ""
    replaced: str = ""
    reserved: str = ""


@dataclass(frozen=True)
class Minutes:
    territory: str
    title: str
    body: str
    when: str
    quorum: str
    present: list  # (status, [person])
    others: list
    points: list
    open_points: list  # titles
    is_demo: bool
    drawn_on: dt.date

    @property
    def decisions(self):
        return [point for point in self.points if point.decision]


def of(meeting, viewer, *, today):
    """What `viewer` may read of the meeting, as it stands."""
    items = AgendaItem.objects.visible_to(viewer).filter(meeting=meeting).for_list(viewer)
    points = [point(number, item) for number, item in enumerate(items, start=1)]
    sheet = Sheet(meeting)
    return Minutes(
        territory=str(meeting.territory),
        title=typeset(meeting.title),
        body=meeting.kind.label,
        when=when(meeting),
        quorum=quorum_words(sheet),
        present=people(sheet),
        others=[typeset(line) for line in meeting.attendance.splitlines() if line.strip()],
        points=points,
        is_demo=meeting.territory.is_demo,
        drawn_on=today,
        open_points=[typeset(item.title) for item in items if item.is_to_decide],
    )


def when(meeting):
    hours = [
        f"{time:%H}{NBSP}h{NBSP}{time:%M}" for time in (meeting.starts_at, meeting.ends_at) if time
    ]
    parts = [day(meeting.held_on), f"{NBSP}– ".join(hours), typeset(meeting.place)]
    return ", ".join(part for part in parts if part)


def option(one):
    amount = f", {euros(one.amount)}" if one.amount is not None else ""
    return f"{one.label}{amount}{' (proposée)' if one.is_recommended else ''}"


def people(sheet):
    """(status, who) in the order of the statuses; who was never noted comes last, and says so."""
    found = []
    for status, label in GROUPS.items():
        lines = [person(line) for line in sheet.lines if line.status == status]
        if lines:
            found.append((label, lines))
    return found


def person(line):
    voice = "" if line.has_voice else ", sans voix délibérative"
    by = f", par {line.represented_by}" if line.represented_by else ""
    return typeset(f"{line.name} ({line.quality}){voice}{by}")


def quorum_words(sheet):
    count = sheet.count
    if sheet.has_no_quorum:
        return "Aucun quorum n’est exigé."
    if count.needed is None or not count.voices:
        return f"Quorum{NBSP}: à confirmer."
    answer = {True: "atteint", False: "non atteint", None: "à confirmer"}[count.is_reached]
    counted = plural(count.counted, "présence comptée,présences comptées")
    return (
        f"Quorum {answer}{NBSP}: {counted} sur {count.voices} voix, il en faut {count.needed} "
        f"({sheet.rule_label.lower()})."
    )


def point(number, item):
    decided = item.decision if item.is_decided else None
    return Point(
        number=number,
        title=typeset(item.title),
        kind=item.get_kind_display(),
        lines=[(label, typeset(words)) for label, words in said(item) if words],
        decision=typeset(decided.text) if decided else "",
        responsible=(typeset(decided.responsible) or "à désigner") if decided else "",
        due=(day(decided.due_on) or "sans échéance") if decided else "",
        replaced=replaced(item) if decided else "",
        reserved=reserved(item.project) if item.project_id else "",
    )


def said(item):
    yield "Objet", about(item)
    yield "Question", item.readable_question
    yield "Options", BETWEEN.join(option(one) for one in item.options.all())
    yield "Proposition", item.recommendation
    yield "Montant en jeu", euros(item.amount)
    yield "Concerne", item.concerned
    yield "Échanges", item.notes
    if item.is_decided and item.decision.option_kept:
        yield "Option retenue", item.decision.option_kept.label
    if item.is_decided and item.older and item.decision.supersedes.item.meeting:
        before = item.decision.supersedes.item.meeting
        yield "Remplace", f"la décision du {day(before.held_on)} ({before.title})"


def about(item):
    parts = [f"projet {item.project.reference} {item.project.title}"] if item.project_id else []
    parts += [f"fiche {item.action.code} {item.action.title}"] if item.action_id else []
    parts += [tie.label for tie in item.ties]
    return ", ".join(parts)


def replaced(item):
    if not item.decision.is_superseded:
        return ""
    meeting = item.decision.superseded_by.item.meeting
    on = f" le {day(meeting.held_on)}" if item.newer and meeting else ""
    return f"Remplacée depuis{on} par une autre décision."


def reserved(project):
    if project.confidentiality == Confidentiality.PUBLIC:
        return ""
    return f"Projet de diffusion restreinte{NBSP}: {project.get_confidentiality_display().lower()}."


def pdf(minutes):
    out = io.BytesIO()
    margins = dict.fromkeys(("leftMargin", "rightMargin"), 17 * mm)
    margins |= dict.fromkeys(("topMargin", "bottomMargin"), 16 * mm)
    title = f"Relevé de décisions, {minutes.title}"
    document = SimpleDocTemplate(out, pagesize=A4, title=title, author="Établi", **margins)
    document.build(story(minutes), onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


def story(minutes):
    parts = [
        text(minutes.territory, CELL),
        text(f"Relevé de décisions{NBSP}: {minutes.title}", TITLE),
        Spacer(1, 2 * mm),
        text(f"{minutes.body}, {minutes.when}"),
    ]
    parts += [text(FICTION, WARN)] if minutes.is_demo else []
    parts += [Spacer(1, 4 * mm), text("Présences", HEAD), text(minutes.quorum)]
    for label, lines in minutes.present:
        parts.append(text(f"{label}{NBSP}: {BETWEEN.join(lines)}."))
    parts += [text(f"Aussi noté{NBSP}: {BETWEEN.join(minutes.others)}")] if minutes.others else []
    parts += [Spacer(1, 4 * mm), text("Décisions", HEAD), Spacer(1, 1 * mm), decisions(minutes)]
    for title in minutes.open_points:
        parts.append(text(f"Sans décision consignée{NBSP}: {title}", WARN))
    parts += [Spacer(1, 5 * mm), text("Point par point", HEAD)]
    for one in minutes.points:
        parts.append(KeepTogether(paragraphs(one)))
    parts += [Spacer(1, 6 * mm), text(f"Établi le {day(minutes.drawn_on)}.", CELL)]
    return parts


def paragraphs(one):
    parts = [Spacer(1, 3 * mm), text(f"{one.number}. {one.title} ({one.kind.lower()})", HEAD)]
    parts += [text(one.reserved, WARN)] if one.reserved else []
    parts += [text(f"{label}{NBSP}: {words}") for label, words in one.lines]
    if one.decision:
        parts.append(text(f"Décision{NBSP}: {one.decision}"))
        parts.append(text(f"{one.responsible}, {one.due}. {one.replaced}".rstrip()))
    return parts


def decisions(minutes):
    if not minutes.decisions:
        return text("Aucune décision n’est consignée.")
    rows = [[text(head, HEAD) for head in HEADS]]
    for one in minutes.decisions:
        rows.append([text(cell, CELL) for cell in row(one)])
    table = Table(rows, colWidths=WIDTHS, repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, INK),
                ("LINEBELOW", (0, 1), (-1, -1), 0.4, HAIR),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 2),
                ("RIGHTPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    return table


def row(one):
    return [one.number, f"{one.decision} {one.replaced}".rstrip(), one.responsible, one.due]
