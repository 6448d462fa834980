"""The conventions of the territory, their evaluations, and the plan as it was voted."""

import datetime as dt
from decimal import Decimal

from django.utils import timezone

from actions import evaluating, snapshots
from actions.models import (
    ActionPlan,
    Amendment,
    Commitment,
    Contract,
    Document,
    Evaluation,
    EvaluationFile,
    EvaluationSheet,
    Meeting,
    Party,
    Payment,
    PlanVersion,
    StoredFile,
)
from actions.models.evaluations import MANAGEMENT
from config.demo.files import read, values_of
from crm.freezing import app_version, fingerprint
from reporting import evaluations

DATES = ("signed_on", "starts_on", "ends_on")
PAID = ("due_on", "asked_on", "received_on")
WORDS = ("went_well", "difficulties", "adjustments", "comments")


def load(world):
    for row in read("contracts"):
        contract = Contract.objects.create(
            territory=world.territory,
            **{name: world.clock.day(row[name]) for name in DATES},
            **values_of(
                Contract,
                row,
                ("kind", "title", "reference", "frameworks", "subject", "amount", "is_evaluated"),
            ),
        )
        load_parts(contract, row, world)
        for document in row["documents"]:
            join(contract, document, world)
        for evaluation in row["evaluations"]:
            evaluate(contract, evaluation, world)


def load_parts(contract, row, world):
    for key, role, quality, amount in row["parties"]:
        organisation = world.organisations[key]
        Party.objects.create(
            contract=contract, organisation=organisation, role=role, quality=quality, amount=amount
        )
    for one in row["amendments"]:
        Amendment.objects.create(
            contract=contract,
            number=one["number"],
            subject=one["subject"],
            signed_on=world.clock.day(one["signed_on"]),
            new_ends_on=world.clock.day(one.get("new_ends_on")),
        )
    for one in row["commitments"]:
        Commitment.objects.create(
            contract=contract,
            organisation=world.organisations[one["organisation"]],
            action=world.actions.get(one["action"]),
            due_on=world.clock.day(one["due_on"]),
            **values_of(Commitment, one, ("text", "amount", "state")),
        )
    for one in row["payments"]:
        year = one.get("evaluation_year")
        Payment.objects.create(
            contract=contract,
            funder=world.organisations[one["funder"]],
            evaluation_year=None if year is None else world.clock.today.year + year,
            **{
                name: world.clock.day(one.get(name))
                for name in ("due_on", "asked_on", "received_on")
            },
            **values_of(
                Payment,
                one,
                ("label", "amount_planned", "condition", "amount_asked", "amount_received"),
            ),
        )


def join(contract, row, world):
    Document.objects.create(
        contract=contract,
        file=StoredFile.keep(row["text"].encode()),
        name=row["name"],
        content_type="text/plain",
        title=row["title"],
        kind=row["kind"],
        dated_on=world.clock.day(row["dated_on"]),
        by=world.people["agent"],
    )


def evaluate(contract, row, world):
    """Prepared and discussed; the past one is frozen with the figures of the demonstration."""
    meeting = Meeting.objects.create(
        territory=world.territory,
        kind_id=MANAGEMENT,
        title=row["meeting"]["title"],
        held_on=world.clock.day(row["meeting"]["day"]),
        starts_at=dt.time(10),
        place="ADEME Occitanie, en visioconférence",
    )
    evaluation = Evaluation.objects.create(
        contract=contract,
        year=world.clock.today.year + row["year"],
        meeting=meeting,
        is_open=not row["frozen"],
        **{name: row[name] for name in WORDS},
    )
    if row["frozen"]:
        freeze(evaluation, meeting.held_on, world)


def freeze(evaluation, on, world):
    """As `reporting.evaluations.freeze` does, on the day of the meeting rather than today."""
    agent = world.people["agent"]
    content = evaluating.content(evaluation, agent, today=on)
    digest = fingerprint(content)
    sheet = EvaluationSheet.objects.create(
        evaluation=evaluation,
        title=evaluations.title_of(content),
        number=1,
        drawn_on=on,
        issued_at=timezone.make_aware(dt.datetime.combine(on, dt.time(15, 30))),
        issued_by=agent,
        issuer=str(agent),
        content=content,
        sha256=digest,
        app_version=app_version(),
    )
    for kind, data in evaluations.forms(
        content, f"Fiche n°\u00a01 du {on:%d/%m/%Y}", digest
    ).items():
        EvaluationFile.objects.create(
            sheet=sheet,
            kind=kind,
            name=evaluations.name_of(evaluation, on, kind),
            content=data,
            size=len(data),
            sha256=fingerprint(data),
        )


def load_version(world):
    """The plan as it was voted at the last committee: a few facts were otherwise then."""
    plan = ActionPlan.objects.current().get(territory=world.territory)
    meeting = (
        Meeting.objects.filter(territory=world.territory, kind=Meeting.COMMITTEE)
        .past(today=world.clock.today)
        .first()
    )
    decision = meeting.items.exclude(decision=None).order_by("position", "pk").first().decision
    content = as_voted(snapshots.snapshot(plan), meeting.held_on)
    agent = world.people["agent"]
    PlanVersion.objects.create(
        plan=plan,
        number=1,
        title=plan.title,
        voted_on=meeting.held_on,
        voted_by=f"{meeting.kind.label}, {meeting.title}",
        meeting=meeting,
        decision=decision,
        note="Votée à l’unanimité (fictif).",
        drawn_on=meeting.held_on,
        issued_at=timezone.make_aware(dt.datetime.combine(meeting.held_on, dt.time(17))),
        issued_by=agent,
        issuer=str(agent),
        content=content,
        sha256=fingerprint(content),
        app_version=app_version(),
    )


def as_voted(content, day):
    """Before the notes of the last months: less advanced, less spent, one fiche not there yet."""
    content["fiches"] = [row for row in content["fiches"] if row["code"] != "LOG-1.2"]
    totals, added = content["totals"], Decimal(10000)
    totals["sub_count"] -= 1
    totals["planned"] = str(Decimal(totals["planned"]) - added)
    for row in content["fiches"]:
        if row["code"] == "LOG-1":
            row["planned"] = str(Decimal(row["planned"]) - added)
        if row["progress"]:
            row["progress"] = row["progress"] // 10 * 5
        row["milestones"] = [
            one
            | {"done_on": one["done_on"] if (one["done_on"] or "9") <= day.isoformat() else None}
            for one in row["milestones"]
        ]
        for indicator in row["indicators"]:
            if indicator["label"] == "Logements mobilisés":
                indicator["target"] = "30"
    return content
