"""What every criterion has in common: a parsed rule that answers, and explains itself."""

import datetime as dt
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, fields, replace
from functools import cache
from operator import attrgetter
from typing import Any

from funding.eligibility import wording
from funding.eligibility.classes import EACH, Each
from funding.eligibility.facts import (
    COLLECTIVE,
    MET,
    NOT_MET,
    UNKNOWN,
    Answer,
    Fact,
    Facts,
    Question,
)
from funding.eligibility.rows import Row

# The order in which a page shows the criteria.
GROUPS = ("taille", "âge", "lieu", "secteur", "projet", "dépenses", "calendrier", "autres")

GROUP_OF_KIND = {
    "size": "taille",
    "headcount": "taille",
    "turnover": "taille",
    "balance_sheet": "taille",
    "equity": "taille",
    "age": "âge",
    "place": "lieu",
    "naf": "secteur",
    "themes": "projet",
    "stage": "projet",
    "prior_study": "projet",
    "self_assessment": "projet",
    "jobs": "projet",
    "ownership": "projet",
    "eligible_costs": "dépenses",
    "starts": "calendrier",
    "not_started": "calendrier",
    "dates": "calendrier",
    "beneficiary": "autres",
    "legal_form": "autres",
    "emissions_quota": "autres",
    "fact": "autres",
    "text": "autres",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """Parsed once, evaluated for each project; holds no fact.

    An uncertain rule (confidence K or TBV) never gives a certain answer."""

    kind: str
    key: str
    label: str = ""
    custom_question: str = ""
    is_uncertain: bool = False

    @classmethod
    def read(cls, row: Row) -> dict[str, Any]:
        """The parameters of this kind, as arguments of the class; ValueError when wrong."""
        return {}

    @property
    def group(self) -> str:
        return GROUP_OF_KIND[self.kind]

    @property
    def rule(self) -> str:
        return self.label or self.sentence()

    def evaluate(self, facts: Facts, today: dt.date) -> Answer:
        return UNKNOWN if self.is_uncertain else self.answer(facts, today)

    @property
    def identity(self) -> tuple[Hashable, ...]:
        """Equal for two criteria that differ only in how they are named and worded."""
        return _parameters(type(self))(self)

    @property
    def evaluator(self) -> Callable[[Facts, dt.date], Answer]:
        """What `evaluate` comes to, found once: thousands are called for one page."""
        return self.evaluate if self.is_uncertain else self.answer

    def question(self, facts: Facts, today: dt.date) -> Question | None:
        """The question that would settle this criterion; None when no answer is missing."""
        if self.answer(facts, today) is not UNKNOWN:
            return None
        return self.asked(self.missing(facts), facts)

    def asked(self, key: str | None, facts: Facts) -> Question:
        """What to ask in the words of this rule, said of a project or of a collective action."""
        question = self.ask(key, facts)
        sentence = self.custom_question or question.sentence
        if COLLECTIVE in facts:
            sentence = wording.of_action(sentence)
        return replace(question, sentence=sentence)

    def used(self, facts: Facts) -> tuple[str, ...]:
        """The keys of the facts that `found` tells."""
        return (self.fact,)

    def missing(self, facts: Facts) -> str | None:
        """The key of the fact to ask for, or None; costs nothing, valid when unknown."""
        return self.fact

    def source(self, facts: Facts) -> str:
        origins = (facts[key].origin for key in self.used(facts) if key in facts)
        return f"{wording.NBSP}; ".join(dict.fromkeys(filter(None, origins)))

    def classes(self, today: dt.date) -> dict[str, Each]:
        """Every fact that `answer` reads, with what in its value the answer may depend on."""
        return {self.fact: EACH}

    # Each kind has `fact`, the key it reads, and says its answer, its rule, what was found and
    # what to ask.

    def answer(self, facts: Facts, today: dt.date) -> Answer:
        raise NotImplementedError

    def sentence(self) -> str:
        raise NotImplementedError

    def found(self, facts: Facts, today: dt.date) -> str:
        raise NotImplementedError

    def ask(self, key: str, facts: Facts) -> Question:
        raise NotImplementedError


@cache
def _parameters(kind: type[Criterion]) -> Callable[[Criterion], tuple[Hashable, ...]]:
    worded = {"key", "label", "custom_question"}
    names = [field.name for field in fields(kind) if field.name not in worded]
    return attrgetter("__class__", *names)


def truth(fact: Fact | None, *, expected: bool = True) -> Answer:
    """The answer of a yes-no fact that may be absent."""
    if fact is None:
        return UNKNOWN
    return MET if fact.value is expected else NOT_MET


class Prefixes:
    """Codes recognised by their beginning; a code shorter than a prefix may leave a doubt."""

    __slots__ = ("longest", "texts")

    def __init__(self, texts: Iterable[str]):
        self.texts = tuple(texts)
        self.longest = max(map(len, self.texts), default=0)

    def __eq__(self, other):
        return isinstance(other, Prefixes) and self.texts == other.texts

    def __hash__(self):
        return hash(self.texts)

    def match(self, code: str) -> Answer:
        if code.startswith(self.texts):
            return MET
        if len(code) < self.longest and any(text.startswith(code) for text in self.texts):
            return UNKNOWN
        return NOT_MET

    def allow(self, code: str, excluded: "Prefixes") -> Answer:
        """MET when `code` is among these (or these are empty) and not excluded."""
        out = excluded.match(code)
        if out is MET:
            return NOT_MET
        inside = self.match(code) if self.texts else MET
        return min(inside, UNKNOWN) if out is UNKNOWN else inside
