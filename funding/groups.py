"""The programs that a group of companies may ask for: what they say of it, and who may carry it."""

import re
from dataclasses import dataclass

from crm.models import Organisation
from funding.matching import parsed_rules
from funding.models import Program

# What a text says of several companies together; « collectivité » and « groupe » do not.
TOGETHER = re.compile(
    r"\b(groupements?|collecti(?:f|fs|ve|ves)|collaborati\w+|mutualis\w+|plusieurs entreprises"
    r"|inter-?entreprises|grappes?|clusters?)\b",
    re.IGNORECASE,
)
TEXTS = ("name", "summary", "beneficiaries_note", "eligible_costs_note", "conditions_note")
# Who carries what several companies do together, in the order they are told.
CARRIERS = {
    Organisation.Kind.ASSOCIATION: "une association",
    Organisation.Kind.EPCI: "un EPCI",
    Organisation.Kind.PETR: "un PETR",
    Organisation.Kind.CHAMBER: "une chambre consulaire",
    Organisation.Kind.TRAINING_BODY: "un organisme de formation",
}


@dataclass(frozen=True)
class ForGroup:
    program: Program
    said: str  # the sentence that speaks of several companies together, else nothing
    carriers: tuple  # who may ask in their name


def programs_for_groups(viewer, territory, themes, *, today=None):
    """Those of these themes that are not closed: first those that speak of a group, then those that
    an association, an EPCI, a chamber… may ask for. One query."""
    programs = Program.objects.visible_to(viewer).for_territory(territory).current(today=today)
    found = [for_group(program) for program in programs.for_list() if themes & {*program.themes}]
    kept = [one for one in found if one.said or one.carriers]
    return sorted(kept, key=lambda one: (not one.said, one.program.name))


def for_group(program):
    return ForGroup(program, sentence(program), carriers(program))


def sentence(program):
    for name in TEXTS:
        for part in re.split(r"(?<=[.;!?])\s+", getattr(program, name) or ""):
            if TOGETHER.search(part):
                return part.strip()
    return ""


def carriers(program):
    """Who is accepted without a doubt; a program that says nothing of it accepts nobody here."""
    accepted = [
        {*criterion.accepted}
        for criterion in parsed_rules(program).criteria
        if criterion.kind == "beneficiary" and not criterion.is_uncertain
    ]
    kinds = set.intersection(*accepted) if accepted else set()
    return tuple(words for kind, words in CARRIERS.items() if kind in kinds)
