"""What changed between two versions of a program, in French."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.db import models

from crm.fields import MoneyField
from crm.templatetags.french import day, decimal, euros
from funding.eligibility import parse_criterion, wording
from funding.models import Funder, Program
from funding.models.programs import INSTRUMENTS, deadline_key, typed

NOTHING, ABSENT = "non renseigné", "absente"
LONG = 90
# What a list of codes holds; a code of a program stays as it is.
LABELS = {
    "instruments": INSTRUMENTS,
    "themes": wording.THEMES,
    "uncertain": {
        name: str(Program._meta.get_field(name).verbose_name) for name in Program.VERSIONED
    },
}


@dataclass(frozen=True)
class Change:
    """« Taux maximum : 40 % → 50 % », or a whole `sentence` when there is no pair of values."""

    name: str
    before: str = ""
    after: str = ""
    sentence: str = ""

    def __str__(self):
        if self.sentence:
            return self.sentence
        return f"{self.name}{wording.NBSP}: {self.before} → {self.after}"


def changes(before, after):
    """Every Change from the values of a version to those of another, in reading order.

    A query for each change of funder, which is rare."""
    found = []
    for name in Program.VERSIONED:
        old, new = before.get(name), after.get(name)
        if old == new or name == "verified_on":
            continue
        if name == "criteria":
            found += criteria_changes(old or [], new or [])
        elif name == "deadlines":
            found += deadline_changes(old or [], new or [])
        elif name in LABELS or name in ("incompatible_with", "required_studies"):
            found += list_changes(name, old or [], new or [])
        else:
            found.append(Change(label(name), said(name, old), said(name, new)))
    return found


def deadline_changes(before, after):
    """The days alone when they differ, else also the time and the words, one of which does."""
    was, now = ([deadline_key(one) for one in rows] for rows in (before, after))
    if was == now:
        return
    if [key[0] for key in was] != [key[0] for key in now]:
        yield Change(label("deadlines"), said("deadlines", before), said("deadlines", after))
        return
    whole = [
        ", ".join(" ".join(filter(None, (said_day(on), *rest))) for on, *rest in keys)
        for keys in (was, now)
    ]
    yield Change(label("deadlines"), *whole)


def list_changes(name, before, after):
    names = LABELS.get(name, {})
    for verb, codes in (
        ("ajouté", [code for code in after if code not in before]),
        ("retiré", [code for code in before if code not in after]),
    ):
        if codes:
            said = wording.listing([names.get(code, code) for code in codes], "et")
            yield Change(label(name), sentence=wording.typeset(f"{label(name)}, {verb} : {said}"))


def criteria_changes(before, after):
    """Criteria are recognised by their key."""
    old = {row["key"]: row for row in before}
    new = {row["key"]: row for row in after}
    for key, row in new.items():
        if key not in old:
            yield Change("Condition", sentence=wording.typeset(f"Condition ajoutée : {rule(row)}"))
        elif old[key] != row:
            was, now = rule(old[key]), rule(row)
            if was == now:
                yield Change("Condition", sentence=wording.typeset(f"Condition précisée : {now}"))
            else:
                yield Change("Condition", was, now)
    for key, row in old.items():
        if key not in new:
            yield Change("Condition", sentence=wording.typeset(f"Condition retirée : {rule(row)}"))
    if old == new and before != after:
        yield Change("Condition", sentence="L’ordre des conditions a changé")


def rule(row):
    """The sentence of a criterion; its kind when this release no longer reads it."""
    try:
        text = parse_criterion(row).rule
    except ValueError:
        text = row.get("label") or row.get("text") or row["kind"]
    return shorten(text)


def said(name, value):
    """A value of that field as a person reads it; of the criteria, one."""
    if name == "criteria":
        return rule(value) if value else ABSENT
    if value is None or value == "" or value == []:
        return NOTHING
    if name == "rates_by_size":
        names = wording.SIZES
        rates = [f"{names.get(size, size)} {decimal(rate)} %" for size, rate in value.items()]
        return wording.typeset(", ".join(rates))
    if name == "deadlines":
        return wording.listing([said_day(deadline["on"]) for deadline in value], "et")
    if name == "funder":
        return str(Funder.objects.filter(pk=value).first() or value)
    field = Program._meta.get_field(name)
    if field.choices:
        return dict(field.flatchoices).get(value, value)
    if isinstance(field, models.BooleanField):
        return "oui" if value else "non"
    if isinstance(field, models.DateField):
        return said_day(value)
    if isinstance(field, MoneyField):
        return euros(number(value))
    if isinstance(field, models.DecimalField):
        return wording.typeset(f"{decimal(number(value))} %")
    return shorten(value)


def said_day(value):
    return day(typed("opens_on", value))


def number(value):
    try:
        return Decimal(value)
    except InvalidOperation:
        return None


def shorten(text):
    text = wording.typeset(str(text))
    return text if len(text) <= LONG else f"{text[:LONG].rstrip()}…"


def label(name):
    if name == "criteria":
        return "Condition"
    return wording.capital(str(Program._meta.get_field(name).verbose_name))
