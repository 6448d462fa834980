"""What a convention lives through, and what falls due: one reading for its page and the home."""

import datetime
from dataclasses import dataclass
from decimal import Decimal

from actions.models import Contract
from crm.templatetags.french import euros

SOON = 180  # days before its end when a convention is to be renewed or closed


@dataclass(frozen=True)
class Event:
    """`on` is None for what has no date yet; `tone` is that of a mark."""

    on: datetime.date | None
    title: str
    detail: str = ""
    icon: str = "clock"
    is_done: bool = True
    url: str = ""


@dataclass(frozen=True)
class Due:
    """A date that somebody must keep, as the home page and the committee tell it."""

    on: datetime.date
    kind: str
    title: str
    contract: Contract
    whom: str = ""
    amount: Decimal | None = None
    icon: str = "doc"


def timeline(contract, evaluations, *, today):
    """The dated life of a convention, oldest first; what has no date is listed beside."""
    events = [
        Event(contract.signed_on, "Signature", contract.reference, "pencil"),
        Event(contract.starts_on, "Prise d’effet", "", "flag"),
        *(
            Event(one.signed_on, str(one), one.subject, "pencil")
            for one in contract.amendments.all()
        ),
        *(commitment_event(one) for one in contract.commitments.all() if one.due_on),
        *(event for one in contract.payments.all() for event in payment_events(one)),
        *(event for one in evaluations for event in evaluation_events(one)),
        Event(contract.end, "Fin de la convention", "", "flag"),
    ]
    dated = [event for event in events if event.on]
    return [
        Event(e.on, e.title, e.detail, e.icon, e.is_done and e.on <= today, e.url)
        for e in sorted(dated, key=lambda event: event.on)
    ]


def commitment_event(row):
    who = f"{row.organisation}, " if row.organisation else ""
    detail = f"{who}{row.get_state_display().lower()}"
    return Event(row.due_on, row.text, detail, "hand", not row.is_open)


def payment_events(row):
    """When it was asked and received; before, when it is due."""
    if row.asked_on:
        yield Event(row.asked_on, f"{row.label}, demandé", euros(row.amount_asked), "coins")
    if row.received_on:
        yield Event(row.received_on, f"{row.label}, reçu", euros(row.amount_received), "coins")
    if row.is_to_ask and row.due_on:
        told = [euros(row.amount_planned), row.condition]
        detail = ", ".join(text for text in told if text)
        yield Event(row.due_on, f"{row.label}, à demander", detail, "coins", False)


def evaluation_events(row):
    if row.meeting:
        yield Event(
            row.meeting.held_on,
            f"Dialogue de gestion, {row}",
            row.meeting.title,
            "gavel",
            url=row.meeting.get_absolute_url(),
        )
    for sheet in row.sheets.all():
        yield Event(
            sheet.issued_at.date(),
            f"{row} figée",
            f"fiche n°\u00a0{sheet.number}",
            "lock",
            url=sheet.get_absolute_url(),
        )


def dues(viewer, territory, *, today):
    """What the conventions of a territory ask, in a fixed number of queries.

    One that is over still has its balance to ask for.
    """
    rows = Contract.objects.visible_to(viewer).filter(territory=territory)
    rows = rows.prefetch_related(
        "amendments",
        "commitments__organisation",
        "payments__funder",
        "evaluations",
    )
    return [due for contract in rows for due in dues_of(contract, today)]


def dues_of(contract, today):
    frozen = {one.year for one in contract.evaluations.all() if not one.is_open}
    for row in contract.payments.all():
        if row.is_to_ask and row.due_on:
            whom = str(row.funder) if row.funder else ""
            yield Due(
                row.due_on,
                "Versement à demander",
                row.label,
                contract,
                whom,
                row.amount_planned,
                "coins",
            )
            if row.evaluation_year and row.evaluation_year not in frozen:
                title = f"Évaluation {row.evaluation_year}, à figer avant «\u00a0{row.label}\u00a0»"
                yield Due(row.due_on, "Évaluation annuelle", title, contract, whom)
    if contract.end and contract.end < today:
        return
    for row in contract.commitments.all():
        if row.is_open and row.due_on:
            whom = str(row.organisation) if row.organisation else ""
            yield Due(
                row.due_on, "Engagement d’une convention", row.text, contract, whom, row.amount,
                "hand",
            )  # fmt: skip
    if contract.end and (contract.end - today).days <= SOON:
        yield Due(contract.end, "Fin d’une convention", contract.title, contract, icon="flag")


KINDS = {
    "Versement à demander",
    "Évaluation annuelle",
    "Engagement d’une convention",
    "Fin d’une convention",
}
