"""From the criteria of a program and the facts of a project to a verdict that explains itself."""

import datetime as dt
import itertools
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from typing import Any

from funding.eligibility import wording
from funding.eligibility.base import GROUPS, Criterion
from funding.eligibility.conditions import EmissionsQuota, Jobs, Ownership, SelfAssessment
from funding.eligibility.facts import MET, NOT_MET, UNKNOWN, Answer, Facts, Question
from funding.eligibility.holder import Age, Amount, Beneficiary, Headcount, LegalForm, Naf, Size
from funding.eligibility.project import (
    NotStarted,
    NumberFact,
    Place,
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


def parse_criterion(data: Any, scope: str = "") -> Criterion:
    """One object of the catalogue → Criterion; ValueError, a French sentence, when it is wrong."""
    row = Row(data, scope)
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
    numbered: tuple[tuple[int, Callable], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        numbered = tuple((number_of(one), one.evaluator) for one in self.criteria)
        object.__setattr__(self, "numbered", numbered)

    @classmethod
    def parse(cls, rows: Any, window: Window, scope: str = "") -> "Rules":
        """`rows` is the JSON list of criteria; ValueError, a French sentence, when it is wrong.

        `scope`, the code of the program, goes into the facts of its plain-text conditions:
        « judgement:P01:letter »."""
        if not isinstance(rows, list | tuple):
            raise ValueError("Les critères d’un dispositif sont une liste.")
        criteria = [*(parse_criterion(row, scope) for row in rows), Dates.of(window)]
        keys = [criterion.key for criterion in criteria]
        if len(set(keys)) < len(keys):
            repeated = sorted({key for key in keys if keys.count(key) > 1})
            names = wording.listing([wording.quoted(key) for key in repeated], "et")
            raise ValueError(f"Clé de critère répétée{wording.NBSP}: {names}.")
        criteria.sort(key=lambda criterion: GROUPS.index(criterion.group))
        return cls(tuple(criteria), window)

    def assess(
        self, facts: Facts, today: dt.date, given: dict[int, Answer] | None = None
    ) -> "Assessment":
        """`facts` maps keys to Fact; it is kept, not copied, and must not change afterwards.

        `given`, a dict that starts empty, is shared by the programs assessed on the same facts and
        the same day: what two of them ask alike is answered once."""
        given = {} if given is None else given
        answers = []
        for number, evaluate in self.numbered:
            answer = given.get(number)
            if answer is None:
                answer = given[number] = evaluate(facts, today)
            answers.append(answer)
        answers = tuple(answers)
        verdict = VERDICTS[min(answers)]
        # Being open is no reason to be eligible: a program without criteria stays to confirm.
        if len(answers) == 1 and verdict is Verdict.ELIGIBLE:
            verdict = Verdict.TO_CONFIRM
        return Assessment(self, answers, verdict, facts, today)


VERDICTS = tuple(Verdict)

_numbers, _next = {}, itertools.count()


def number_of(criterion: Criterion) -> int:
    """The same for criteria that always answer alike."""
    if len(_numbers) > 100_000:
        _numbers.clear()  # later numbers go on from there, so that none serves twice
    return _numbers.setdefault(criterion.identity, next(_next))


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

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for the API and for a verdict that is kept."""
        question = self.question
        return {
            "kind": self.kind,
            "key": self.key,
            "group": self.group,
            "answer": self.answer.name.lower(),
            "rule": self.rule,
            "found": self.found,
            "source": self.source,
            "question": asdict(question) if question else None,
            "rule_to_check": self.rule_to_check,
        }


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
