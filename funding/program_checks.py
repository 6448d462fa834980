"""What the catalogue refuses of a program, in sentences that name the field."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from crm.templatetags.french import day, decimal
from funding.eligibility import Rules, Window, wording
from funding.models import Funder, Program
from funding.models.programs import INSTRUMENTS, ORDERED

LISTS = {
    "instruments": set(INSTRUMENTS),
    "themes": set(wording.THEMES),
    "uncertain": set(Program.VERSIONED),
}


@dataclass
class Known:
    """What a program is compared with, read once: no query then, however many are checked.

    `links` maps every code to what it excludes and what it asks first.
    """

    links: dict
    codes: dict
    sources: dict
    funders: set

    @classmethod
    def read(cls):
        known = cls({}, {}, {}, set(Funder.objects.values_list("pk", flat=True)))
        fields = ("code", "incompatible_with", "required_studies", "origin", "external_id")
        for program in Program.objects.order_by().only(*fields):
            known.add(program)
        return known

    def add(self, program):
        """One that stands in the catalogue, or is about to: it has no key yet."""
        key = program.pk or COMING
        self.links[program.code] = (set(program.incompatible_with), program.required_studies)
        self.codes[program.code] = key
        if program.external_id:
            self.sources[program.origin, program.external_id] = key


COMING = 0


def check(program, *, known=None):
    """Raise ValidationError, by field, unless this unsaved program may stand in the catalogue."""
    known = known or Known.read()
    errors = defaultdict(list)
    for test in (columns, constraints, codes, rates, calendar, rules, relations):
        for field, sentence in test(program, known):
            if sentence not in errors[field]:
                errors[field].append(sentence)
    if errors:
        raise ValidationError(dict(errors))


def columns(program, known):
    """What the columns of the database refuse."""
    try:
        program.clean_fields(exclude=["funder", "national", "territory", "imported", "external_id"])
    except ValidationError as refused:
        for field, errors in refused.error_dict.items():
            for error in errors:
                sentence = " ".join(error.messages)
                if field in Program.VERSIONED:
                    yield field, wording.typeset(f"{label(field)} : {sentence}")
                else:
                    yield NON_FIELD_ERRORS, wording.typeset(sentence)


def constraints(program, known):
    """What the constraints of the database refuse, told without a query: Django asks one for each.

    `rates` says which rate is not one, and how much."""
    for _, low, high, sentence in ORDERED:
        bounds = getattr(program, low), getattr(program, high)
        if None not in bounds and bounds[0] > bounds[1]:
            yield low, wording.typeset(sentence)
    if known.codes.get(program.code, program.pk) != program.pk:
        error = program.unique_error_message(Program, ("code",))
        yield NON_FIELD_ERRORS, wording.typeset(" ".join(error.messages))
    source = (program.origin, program.external_id)
    if known.sources.get(source, program.pk) != program.pk:
        yield NON_FIELD_ERRORS, "Ce dispositif est déjà repris de cette source."


def codes(program, known):
    if program.funder_id not in known.funders:
        yield "funder", wording.typeset(f"Le financeur « {program.funder_id or '–'} » est inconnu.")
    for field, allowed in LISTS.items():
        values = getattr(program, field)
        if not isinstance(values, list):
            yield field, wording.typeset(f"{label(field)} : une liste de codes est attendue.")
            continue
        for value in sorted(set(map(str, values)) - allowed):
            yield field, wording.typeset(f"{label(field)} : le code « {value} » est inconnu.")


def rates(program, known):
    for field in ("rate_min", "rate_max"):
        value = getattr(program, field)
        if value is not None and value < 0:
            yield field, wording.typeset(f"{label(field)} : un taux ne peut pas être négatif.")
        elif value is not None and value > 100:
            yield field, too_much(label(field), value)
    by_size = program.rates_by_size or {}
    if not isinstance(by_size, dict):
        yield "rates_by_size", "Le taux par taille se donne taille par taille."
        return
    for size, text in by_size.items():
        name = wording.SIZES.get(size)
        if name is None:
            yield "rates_by_size", wording.typeset(f"Taux par taille : « {size} » est inconnu.")
            continue
        try:
            value = Decimal(str(text))
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite() or value < 0:
            sentence = f"Taux pour une {name} : « {text} » n’est pas un taux."
            yield "rates_by_size", wording.typeset(sentence)
        elif value > 100:
            yield "rates_by_size", too_much(f"Taux pour une {name}", value)


def too_much(name, value):
    return wording.typeset(f"{name} : {decimal(value)} % dépasse 100 %.")


def calendar(program, known):
    if not isinstance(program.deadlines, list):
        yield "deadlines", "Les relèves sont une liste de dates."
        return
    for deadline in program.deadlines:
        try:
            on = dt.date.fromisoformat(deadline["on"])
        except (TypeError, KeyError, ValueError):
            yield "deadlines", wording.typeset(f"Relève : « {deadline} » n’est pas une date.")
            continue
        if program.closes_on and on > program.closes_on:
            yield (
                "deadlines",
                f"La relève du {day(on)} vient après la clôture du {day(program.closes_on)}.",
            )
        if program.opens_on and on < program.opens_on:
            yield (
                "deadlines",
                f"La relève du {day(on)} vient avant l’ouverture du {day(program.opens_on)}.",
            )


def rules(program, known):
    try:
        Rules.parse(program.criteria, Window("open"), scope=program.code)
    except ValueError as refused:
        yield "criteria", str(refused)


def relations(program, known):
    """Programs that exclude each other, and those whose study comes first."""
    asked = {"incompatible_with": "s’exclut", "required_studies": "se demande"}
    for field, verb in asked.items():
        for code in getattr(program, field) or ():
            if code == program.code:
                yield field, wording.typeset(f"« {program.name} » {verb} lui-même.")
            elif code not in known.links:
                yield field, wording.typeset(f"« {code} » n’est le code d’aucun dispositif.")
    links = {
        **known.links,
        program.code: (set(program.incompatible_with), program.required_studies),
    }
    for first in [code for code, (_, required) in links.items() if required]:
        before = asked_before(first, links)
        if first in before and first == program.code:
            yield "required_studies", "Chacun de ces dispositifs demanderait l’autre d’abord."
        for code in before - {first}:
            both = {first, code}
            if program.code in both and (code in links[first][0] or first in links[code][0]):
                other = next(iter(both - {program.code}))
                yield (
                    "incompatible_with",
                    wording.typeset(
                        f"Exclusion circulaire : « {other} » ne peut pas être exclu, l’un des deux "
                        "dispositifs demande que l’autre finance d’abord une étude."
                    ),
                )


def asked_before(code, links):
    """Every program whose study comes before this one, however far."""
    found, waiting = set(), list(links[code][1])
    while waiting:
        first = waiting.pop()
        if first not in found and first in links:
            found.add(first)
            waiting.extend(links[first][1])
    return found


def label(field):
    return wording.capital(str(Program._meta.get_field(field).verbose_name))
