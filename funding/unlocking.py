"""Which answers settle most matches. No Django here.

A couple is a project, or an action, and a program whose verdict is « à confirmer ». A set of facts
*settles* it when its verdict is certain once they are known, eligible or not, whatever the answers
are. So a couple that also waits for the funder (an uncertain rule, a date to check) is settled by
nothing of ours, and is never counted; nor is one that a lucky « no » would settle alone.

A fact belongs to what it is said of (a project, an action, their holder, a site): known of a
holder, it is known for all that it carries. An `Item` is therefore (key of the fact, owner)."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from funding.eligibility import Assessment, Criterion, Fact, Interval, Question
from funding.eligibility.facts import UNKNOWN, Facts

Item = tuple[str, Hashable]
# One record tells all of these.
OF_THE_COMMUNE = {"commune", "departement", "region", "epci"}


def needed(criterion: Criterion, facts: Facts, today: dt.date) -> frozenset[str] | None:
    """The facts that settle this criterion whatever their answers; none when it is settled, None
    when no answer of ours would."""
    if criterion.is_uncertain:
        return None
    return _needed(criterion, facts, today, frozenset())


def _needed(criterion, facts, today, asked):
    if criterion.answer(facts, today) is not UNKNOWN:
        return frozenset()
    key = criterion.missing(facts)
    if key is None or key in asked:
        return None
    question = criterion.ask(key, facts)
    found = {key}
    if question.input == "record":
        # Whatever is written there, a record is complete; the rest of what is read is asked too.
        if key == "commune":
            found |= criterion.classes(today).keys() - facts.keys() - OF_THE_COMMUNE
        return frozenset(found)
    for value in possible(criterion, question, today):
        more = _needed(criterion, {**facts, key: Fact(value)}, today, asked | {key})
        if more is None:
            return None
        found |= more
    return frozenset(found)


def possible(criterion: Criterion, question: Question, today: dt.date) -> list:
    """One answer of each class that the criterion tells apart, as the page lets it be given."""
    if question.input == "yes_no":
        return [True, False]
    if question.input == "choice":
        return [code for code, _ in question.choices]
    marks = getattr(criterion.classes(today)[question.fact], "points", ())
    if question.input == "date":
        days = {day + dt.timedelta(step) for day in marks or [today] for step in (-1, 0, 1)}
        return [*sorted(days), *([False] if question.fact.startswith("study:") else [])]
    around = sorted({max(mark + step, 0) for mark in marks or [0] for step in (-1, 0, 1)})
    if question.input == "integer":
        return [Interval.exactly(int(mark)) for mark in around]
    return [Decimal(mark) for mark in around]


@dataclass(frozen=True, slots=True)
class Couple:
    """A match to confirm: what it asks for, what settles it (None: nothing of ours does)."""

    subject: Hashable
    program: Hashable
    asks: frozenset[Item]
    needs: frozenset[Item] | None
    euros: Decimal | None  # the most it may bring


@dataclass(frozen=True, slots=True)
class Missing:
    """A fact to ask for: the couples it concerns, and those that wait for nothing else."""

    item: Item
    couples: tuple[Couple, ...]

    @property
    def fact(self):
        return self.item[0]

    @property
    def alone(self) -> list[Couple]:
        return [couple for couple in self.couples if couple.needs == {self.item}]

    @property
    def euros(self) -> Decimal | None:
        return expected(self.couples)

    @property
    def subjects(self) -> list[Hashable]:
        return list(dict.fromkeys(couple.subject for couple in self.couples))

    @property
    def sort_key(self):
        """Most couples settled alone first, then most couples concerned, then most euros."""
        return (-len(self.alone), -len(self.couples), -(self.euros or 0), str(self.item))


def expected(couples: Iterable[Couple]) -> Decimal | None:
    """The most these couples may bring: for each subject its largest aid, for aids on the same
    costs do not add up; None when no amount is known."""
    largest = {}
    for couple in couples:
        if couple.euros is not None:
            largest[couple.subject] = max(couple.euros, largest.get(couple.subject, Decimal(0)))
    return sum(largest.values()) if largest else None


def couple_of(
    subject: Hashable,
    program: Hashable,
    assessment: Assessment,
    owner_of: Callable[[str], Hashable],
    euros: Decimal | None,
) -> Couple:
    """From the assessment of a match to confirm; `owner_of` tells whom a fact belongs to."""
    told = [
        (fact, needed(criterion, assessment.facts, assessment.today))
        for criterion, fact in assessment.awaited
    ]
    return couple_from(subject, program, told, owner_of, euros)


def couple_from(subject, program, told, owner_of, euros):
    """`told`: for each unknown criterion, the fact it asks for and those that settle it."""
    asks = frozenset((fact, owner_of(fact)) for fact, _ in told if fact)
    needs = None
    if told and all(facts is not None for _, facts in told):
        needs = frozenset((fact, owner_of(fact)) for _, facts in told for fact in facts)
    return Couple(subject, program, asks | (needs or frozenset()), needs, euros)


def missing(couples: Iterable[Couple]) -> list[Missing]:
    """Every fact to ask for, the one that settles most first."""
    asking = defaultdict(list)
    for couple in couples:
        for item in couple.asks:
            asking[item].append(couple)
    found = [Missing(item, tuple(concerned)) for item, concerned in asking.items()]
    return sorted(found, key=lambda one: one.sort_key)


def settled(couples: Iterable[Couple], items: Iterable[Item]) -> list[Couple]:
    """Those that are certain once all these facts are known."""
    known = set(items)
    return [couple for couple in couples if couple.needs is not None and couple.needs <= known]


def best(couples: Sequence[Couple], count: int) -> list[Item]:
    """The facts to ask first, `count` at most: each time the one that settles most with those
    already chosen, else the one that brings most couples nearest; only facts that lead to a
    certain verdict. Greedy: another choice of as many facts may settle a little more."""
    left = {couple: set(couple.needs) for couple in couples if couple.needs}
    chosen = []
    while left and len(chosen) < count:
        gains = defaultdict(lambda: [0, Fraction(0), Decimal(0)])
        for couple, needs in left.items():
            for item in needs:
                gain = gains[item]
                gain[0] += len(needs) == 1
                gain[1] += Fraction(1, len(needs))
                gain[2] += couple.euros or 0
        item = min(gains, key=lambda one: (*(-gain for gain in gains[one]), str(one)))
        chosen.append(item)
        for needs in left.values():
            needs.discard(item)
        left = {couple: needs for couple, needs in left.items() if needs}
    return chosen
