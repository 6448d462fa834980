"""From the criteria of a program and the facts of a project to a verdict that explains itself."""

import datetime as dt
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from funding.eligibility import wording
from funding.eligibility.base import GROUPS, Criterion
from funding.eligibility.conditions import EmissionsQuota, Jobs, Ownership, SelfAssessment
from funding.eligibility.facts import MET, NOT_MET, UNKNOWN, Answer, Facts, Question
from funding.eligibility.holder import Age, Amount, Beneficiary, Headcount, LegalForm, Naf, Size
from funding.eligibility.place import Place
from funding.eligibility.project import (
    NotStarted,
    NumberFact,
    PriorStudy,
    Stage,
    Starts,
    Text,
    Themes,
    YesNoFact,
)
from funding.eligibility.rows import Row
from funding.eligibility.window import Dates, Window

CONFIDENCES = {"V": False, "V2": False, "K": True, "TBV": True}

KINDS = {
    "beneficiary": Beneficiary,
    "legal_form": LegalForm,
    "size": Size,
    "headcount": Headcount,
    "turnover": Amount,
    "balance_sheet": Amount,
    "equity": Amount,
    "age": Age,
    "naf": Naf,
    "place": Place,
    "themes": Themes,
    "stage": Stage,
    "not_started": NotStarted,
    "eligible_costs": Amount,
    "starts": Starts,
    "prior_study": PriorStudy,
    "self_assessment": SelfAssessment,
    "jobs": Jobs,
    "ownership": Ownership,
    "emissions_quota": EmissionsQuota,
    "text": Text,
}
FACT_TYPES = {"bool": YesNoFact, "number": NumberFact}


class Verdict(IntEnum):
    """The worst answer among the criteria of a program."""

    NOT_ELIGIBLE = 0
    TO_CONFIRM = 1
    ELIGIBLE = 2

    @property
    def code(self):
        return self.name.lower()

    @property
    def label(self):
        return ("Non éligible", "À confirmer", "Éligible")[self]


def parse_criterion(data: Any, scope: str = "", filed_as: str = "") -> Criterion:
    """One object of the catalogue → Criterion; ValueError, a French sentence, when it is wrong."""
    row = Row(data, scope, filed_as)
    if row.kind == "fact":
        kind = FACT_TYPES[row.choice("type", FACT_TYPES)]
    elif row.kind in KINDS:
        kind = KINDS[row.kind]
    else:
        raise row.error(f"genre inconnu {wording.quoted(row.kind)}.")
    confidence = row.choice("confidence", CONFIDENCES, required=False)
    criterion = kind(
        kind=row.kind,
        key=row.key,
        label=row.prose("label"),
        custom_question=row.prose("question"),
        is_uncertain=CONFIDENCES.get(confidence, False),
        **kind.read(row),
    )
    row.close()
    return criterion


@dataclass(frozen=True, slots=True)
class Rules:
    """The criteria of one program and its dates, in display order: parse once, assess often."""

    criteria: tuple[Criterion, ...]
    window: Window
    probes: tuple["Probe", ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        object.__setattr__(self, "probes", tuple(probe_of(one) for one in self.criteria))

    @classmethod
    def parse(cls, rows: Any, window: Window, scope: str = "", filed_as: str = "") -> "Rules":
        """`rows` is the JSON list of criteria; ValueError, a French sentence, when it is wrong.

        `scope`, the code of the program, goes into the facts of its plain-text conditions:
        « judgement:P01:letter ». `filed_as` is what the fact `filings` knows it by, its code
        unless told."""
        if not isinstance(rows, list | tuple):
            raise ValueError("Les critères d’un dispositif sont une liste.")
        criteria = [*(parse_criterion(row, scope, filed_as) for row in rows), Dates.of(window)]
        keys = [criterion.key for criterion in criteria]
        if len(set(keys)) < len(keys):
            repeated = sorted({key for key in keys if keys.count(key) > 1})
            names = wording.listing([wording.quoted(key) for key in repeated], "et")
            raise ValueError(f"Clé de critère répétée{wording.NBSP}: {names}.")
        criteria.sort(key=lambda criterion: GROUPS.index(criterion.group))
        return cls(tuple(criteria), window)

    def assess(self, facts: Facts, today: dt.date) -> "Assessment":
        """`facts` maps keys to Fact; it is kept, not copied, and must not change afterwards."""
        return self.assess_by(Answers(facts, today))

    def assess_by(self, given: "Answers") -> "Assessment":
        """The same, with answers that the programs assessed on the same facts share."""
        answers = tuple(map(given.__getitem__, self.probes))
        verdict = VERDICTS[min(answers)]
        # Being open is no reason to be eligible: a program without criteria stays to confirm.
        if len(answers) == 1 and verdict is Verdict.ELIGIBLE:
            verdict = Verdict.TO_CONFIRM
        return Assessment(self, answers, verdict, given.facts, given.today)


VERDICTS = tuple(Verdict)


class Probe:
    """What criteria that always answer alike share; told apart by itself, at no cost."""

    __slots__ = ("evaluate",)

    def __init__(self, criterion: Criterion):
        self.evaluate = criterion.evaluator


_probes = {}


def probe_of(criterion: Criterion) -> Probe:
    if len(_probes) > 100_000:
        _probes.clear()
    identity = criterion.identity
    if identity not in _probes:
        _probes[identity] = Probe(criterion)
    return _probes[identity]


class Answers(dict[Probe, Answer]):
    """The answers of one project on one day, each worked out when it is first asked for."""

    __slots__ = ("facts", "today")

    def __init__(self, facts: Facts, today: dt.date):
        self.facts, self.today = facts, today

    def __missing__(self, probe: Probe) -> Answer:
        answer = self[probe] = probe.evaluate(self.facts, self.today)
        return answer


@dataclass(frozen=True, slots=True)
class Result:
    """One criterion for one project. The sentences are written when they are read."""

    criterion: Criterion
    answer: Answer
    facts: Facts
    today: dt.date

    @property
    def kind(self):
        return self.criterion.kind

    @property
    def key(self):
        return self.criterion.key

    @property
    def group(self):
        return self.criterion.group

    @property
    def rule(self):
        return self.criterion.rule

    @property
    def found(self):
        return self.criterion.found(self.facts, self.today)

    @property
    def source(self):
        return self.criterion.source(self.facts)

    @property
    def question(self) -> Question | None:
        return self.criterion.question(self.facts, self.today)

    @property
    def rule_to_check(self):
        return self.criterion.is_uncertain and self.answer is UNKNOWN


class Assessment:
    """The verdict of one program for one project, with the answer of each of its criteria."""

    __slots__ = ("answers", "facts", "rules", "today", "verdict")

    def __init__(self, rules, answers, verdict, facts, today):
        self.rules = rules
        self.answers = answers
        self.verdict = verdict
        self.facts = facts
        self.today = today

    @property
    def results(self) -> list[Result]:
        pairs = zip(self.rules.criteria, self.answers, strict=True)
        return [Result(criterion, answer, self.facts, self.today) for criterion, answer in pairs]

    @property
    def met(self) -> int:
        return self.answers.count(MET)

    @property
    def unknown(self) -> int:
        return self.answers.count(UNKNOWN)

    @property
    def not_met(self) -> int:
        return self.answers.count(NOT_MET)

    @property
    def questions(self) -> list[Question]:
        """What to ask, once for each fact, in display order."""
        asked = {}
        for result in self.results:
            if result.answer is UNKNOWN and (question := result.question):
                asked.setdefault(question.fact, question)
        return list(asked.values())

    @property
    def awaited(self) -> list[tuple[Criterion, str | None]]:
        """The unknown criteria as (criterion, key of the missing fact), the key being None when no
        answer of ours would settle it: a rule or a date to check with the funder."""
        return [
            (criterion, None if criterion.is_uncertain else criterion.missing(self.facts))
            for criterion, answer in zip(self.rules.criteria, self.answers, strict=True)
            if answer is UNKNOWN
        ]

    @property
    def summary(self) -> str:
        """« 5 critères remplis, 2 à confirmer, aucun non rempli »."""
        if len(self.answers) == 1:
            return "Aucun critère au catalogue"
        parts = [
            tally(self.met, "critère rempli", "critères remplis"),
            tally(self.unknown, "à confirmer", "à confirmer"),
            tally(self.not_met, "non rempli", "non remplis"),
        ]
        return wording.capital(", ".join(parts))


def tally(count: int, one: str, many: str) -> str:
    return wording.counted(count, one, many) if count else f"aucun {one}"
