"""The conventions as a list, with their payments beside."""

from actions.models import Commitment, Contract, Payment
from crm.models import Framework
from reporting.columns import Column


def columns(frameworks):
    """`frameworks` by code: a convention names those that count its fiches."""
    return [
        Column("Convention", lambda c: c.title, "text", 40),
        Column("Nature", lambda c: c.get_kind_display(), "text", 30),
        Column("Référence", lambda c: c.reference, "code", 16),
        Column(
            "Parties", lambda c: ", ".join(p.organisation.name for p in c.parties.all()), "text", 50
        ),
        Column(
            "Cadres",
            lambda c: ", ".join(str(frameworks[k].short) for k in c.frameworks if k in frameworks),
            "text",
            18,
        ),
        Column("Signée le", lambda c: c.signed_on, "date", 12),
        Column("Prend effet le", lambda c: c.starts_on, "date", 12),
        Column("Fin", lambda c: c.last_end, "date", 12),
        Column("Montant", lambda c: c.last_amount, "money", 14),
        Column("Versements prévus", lambda c: c.planned_total, "money", 14),
        Column("Versements reçus", lambda c: c.received_total, "money", 14),
        Column("Objet", lambda c: c.subject, "text", 60),
    ]


PAYMENTS = [
    Column("Convention", lambda p: p.contract.title, "text", 40),
    Column("Versement", lambda p: p.label, "text", 28),
    Column("Qui verse", lambda p: p.funder and p.funder.name, "text", 28),
    Column("Condition", lambda p: p.condition, "text", 34),
    Column("Sur l’évaluation", lambda p: p.evaluation_year, "code", 12),
    Column("Prévu", lambda p: p.amount_planned, "money", 14),
    Column("À demander pour le", lambda p: p.due_on, "date", 13),
    Column("Demandé", lambda p: p.amount_asked, "money", 14),
    Column("Demandé le", lambda p: p.asked_on, "date", 12),
    Column("Reçu", lambda p: p.amount_received, "money", 14),
    Column("Reçu le", lambda p: p.received_on, "date", 12),
]
COMMITMENTS = [
    Column("Convention", lambda c: c.contract.title, "text", 40),
    Column("À quoi", lambda c: c.text, "text", 46),
    Column("Qui s’engage", lambda c: c.organisation and c.organisation.name, "text", 28),
    Column("Pour le", lambda c: c.due_on, "date", 12),
    Column("Montant", lambda c: c.amount, "money", 14),
    Column("État", lambda c: c.get_state_display(), "text", 12),
    Column("Fiche", lambda c: c.action and c.action.code, "code", 10),
]


def contracts(viewer, territory):
    return Contract.objects.visible_to(viewer).filter(territory=territory).for_list()


def sheet_columns(viewer):
    return columns(Framework.objects.visible_to(viewer).in_bulk())


def sheets_beside(contracts):
    """The payments and the commitments of exactly these conventions."""
    keys = contracts.order_by().values("pk")
    payments = Payment.objects.filter(contract__in=keys).select_related("contract", "funder")
    commitments = Commitment.objects.filter(contract__in=keys)
    return [
        ("Versements", PAYMENTS, payments.order_by("contract", "due_on", "pk")),
        (
            "Engagements",
            COMMITMENTS,
            commitments.select_related("contract", "organisation", "action").order_by(
                "contract", "due_on", "pk"
            ),
        ),
    ]
