"""The catalogue shipped as data: read, checked row by row, loaded whole or not at all."""

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

from django.db import transaction

from funding.eligibility import Rules, Window
from funding.models import Funder, Program

DATA = Path(__file__).parent / "data"
MONEY = ("rate_min", "rate_max", "costs_min", "costs_max", "aid_min", "aid_max")
DATES = ("opens_on", "closes_on", "verified_on")
TEXTS = (
    "operator",
    "portal",
    "beneficiaries_note",
    "eligible_costs_note",
    "excluded_costs_note",
    "conditions_note",
    "rate_note",
    "legal_basis",
    "recurrence",
)


def read(name):
    return json.loads((DATA / name).read_text(encoding="utf-8"))


@transaction.atomic
def load():
    """Create or update every shipped program; return (created, updated, unchanged).

    Raises ValueError naming the program whose row is wrong: nothing is loaded then.
    """
    for row in read("funders.json"):
        Funder.objects.update_or_create(
            code=row["code"], defaults={k: v for k, v in row.items() if k != "code"}
        )
    known = {program.code: program for program in Program.objects.all()}
    counts = {"created": 0, "updated": 0, "unchanged": 0}
    for row in read("programs.json"):
        values = values_of(row)
        program = known.get(row["code"]) or Program(code=row["code"])
        if program.pk and all(getattr(program, name) == value for name, value in values.items()):
            counts["unchanged"] += 1
            continue
        counts["updated" if program.pk else "created"] += 1
        for name, value in values.items():
            setattr(program, name, value)
        program.save()
    return counts


def values_of(row):
    """One row of the file as model values; ValueError naming the program when it is wrong."""
    values = {name: value for name, value in row.items() if name not in {"code", "funder"}}
    values["funder_id"] = row["funder"]
    try:
        for name in MONEY:
            values[name] = None if row[name] is None else Decimal(row[name])
        for name in DATES:
            values[name] = None if row[name] is None else dt.date.fromisoformat(row[name])
        for name in TEXTS:
            values[name] = row[name] or ""
        rules(values["criteria"], **{name: values[name] for name in WINDOW})
    except (ValueError, ArithmeticError) as error:
        raise ValueError(f"Dispositif {row['code']} : {error}") from error
    return values


WINDOW = ("state", "opens_on", "closes_on", "deadlines")


def rules(criteria, state, opens_on, closes_on, deadlines, scope=""):
    """Parse the criteria and the dates of a program into the pure rules."""
    days = tuple(dt.date.fromisoformat(deadline["on"]) for deadline in deadlines)
    return Rules.parse(criteria, Window(state, opens_on, closes_on, days), scope=scope)


def rules_of(program):
    window = (getattr(program, name) for name in WINDOW)
    return rules(program.criteria, *window, scope=program.code)
