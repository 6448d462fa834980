"""What the files have lived: pieces, calendar, corrections, agreements and payments."""

from config.demo.files import read, values_of
from config.demo.projects import remember
from funding.appraisal import pieces
from funding.models import (
    Amendment,
    Application,
    ApplicationPiece,
    ApplicationStep,
    Correction,
    GrantAgreement,
    Program,
    Tranche,
    prepare,
)

AGREEMENT = ("number", "amount", "rate", "eligible_costs", "accepted_costs")
TRANCHE = ("kind", "state", "amount", "justified_costs", "amount_paid", "note")
TRANCHE_DAYS = ("due_on", "requested_on", "justified_on", "settled_on", "paid_on")


def load(world):
    """Fill the files already opened, and open that of a collective action."""
    rows = read("applications")
    programs = {program.code: program for program in Program.objects.all()}
    for row in rows["of_actions"]:
        of_action(row, programs, world)
    for row in rows["files"]:
        file = Application.objects.get(
            project=world.projects[row["project"]], program=programs[row["program"]]
        )
        prepared(file, row, world)
        corrected(file, row, world)
        agreed(file, row, world)
        paid(file, row, world)


def of_action(row, programs, world):
    file = Application(
        action=world.actions[row["action"]],
        program=programs[row["program"]],
        created_by=world.people["agent"],
        due_on=world.clock.exact(row["due_on"]),
        **values_of(Application, row, ("amount_requested", "notes")),
    )
    remember(file, world.clock.at(-9, 11), world.people["agent"])
    prepare(file)


def days(row, names, world):
    return {name: world.clock.day(row[name]) for name in names if name in row}


def prepared(file, row, world):
    if "received" not in row:
        return
    prepare(file)
    received, issued = row["received"], row["issued"]
    rows = list(file.pieces.filter(code__in=received))
    for piece in rows:
        piece.received_on = world.clock.day(received[piece.code])
        piece.issued_on = world.clock.day(issued.get(piece.code))
        piece.expires_on = pieces.expiry(piece.issued_on, piece.validity_months)
    ApplicationPiece.objects.bulk_update(rows, ["received_on", "issued_on", "expires_on"])
    last = file.pieces.count()
    ApplicationPiece.objects.bulk_create(
        ApplicationPiece(application=file, position=last, **one) for one in row.get("missing", [])
    )
    for code, day in row["done"].items():
        ApplicationStep.objects.filter(application=file, code=code).update(
            done_on=world.clock.day(day)
        )


def corrected(file, row, world):
    Correction.objects.bulk_create(
        Correction(
            application=file,
            text=one["text"],
            answer=one.get("answer", ""),
            **days(one, ("asked_on", "due_on", "answered_on"), world),
        )
        for one in row.get("corrections", [])
    )
    if "number" in row:
        Application.objects.filter(pk=file.pk).update(dossier_number=row["number"])


def agreed(file, row, world):
    if "agreement" not in row:
        return
    said = row["agreement"]
    agreement = GrantAgreement(
        application=file,
        created_at=world.clock.at(said["signed_on"]),
        **values_of(GrantAgreement, said, AGREEMENT),
        **days(said, ("signed_on", "starts_on", "ends_on"), world),
    )
    GrantAgreement.objects.bulk_create([agreement])
    Amendment.objects.bulk_create(
        Amendment(
            agreement=agreement,
            kind=one["kind"],
            note=one.get("note", ""),
            **days(one, ("signed_on", "ends_on"), world),
        )
        for one in row.get("amendments", [])
    )
    Application.objects.filter(pk=file.pk).update(amount_committed=agreement.amount)


def paid(file, row, world):
    """In bulk and without history: nothing here happened on the day of the loading."""
    tranches = [
        Tranche(
            application=file,
            **values_of(Tranche, one, TRANCHE),
            **days(one, TRANCHE_DAYS, world),
        )
        for one in row.get("tranches", [])
    ]
    if not tranches:
        return
    Tranche.objects.bulk_create(tranches)
    justified = [one.justified_costs for one in tranches if one.justified_costs]
    Application.objects.filter(pk=file.pk).update(
        amount_paid=sum(one.amount_paid for one in tranches if one.is_paid),
        amount_justified=sum(justified) if justified else None,
    )
