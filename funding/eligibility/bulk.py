"""The verdicts of many projects for many programs at once, by the very rules of the page.

Each fact is a Column: for each project, a code, and for each code what the fact is. The values
that no rule tells apart make one class (`classes.py`), and each rule judges one value of a class.
Facts are then joined into a few groups, where one table says, for each combination of values met,
the answer of every program; the verdict is the least answer over the groups.

An answer and the place of the criterion that gives it stand in one byte, so that the least byte
is the verdict with its reason. Arrays hold one row for each project, one column for each program.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

import numpy as np

from funding.eligibility.base import Criterion
from funding.eligibility.classes import EACH, Each, Steps
from funding.eligibility.facts import MET, UNKNOWN, Answer, Fact, Facts
from funding.eligibility.verdict import Rules, Verdict

# A byte: the answer in the two high bits, then the place of its criterion among those of the
# program, all ones when none or when it does not fit.
PLACE_BITS = 6
NOWHERE = (1 << PLACE_BITS) - 1
# Combinations of values in one group: its table then stays in the cache of the processor.
JOINED = 4096
CHUNK = 512

FILINGS = "filings"


class Column:
    """`codes[i]` is the place in `facts` of what is known of project i; None is unknown."""

    __slots__ = ("codes", "facts")

    def __init__(self, codes: np.ndarray, facts: list[Fact | None]):
        self.codes = codes
        self.facts = facts

    @classmethod
    def of(cls, raw: Iterable[Hashable], make: Callable[[Any], Any] = lambda value: value):
        """From one raw value for each project; `make` gives the value of a fact, None if unknown,
        and runs once for each distinct raw value."""
        raw = raw if isinstance(raw, list) else list(raw)
        places = {value: place for place, value in enumerate(dict.fromkeys(raw))}
        codes = np.fromiter(map(places.__getitem__, raw), np.int32, len(raw))
        made = [None if value is None else make(value) for value in places]
        return cls(codes, [None if value is None else Fact(value) for value in made])

    @classmethod
    def unknown(cls, count: int) -> "Column":
        return cls(np.zeros(count, np.int32), [None])

    def otherwise(self, other: "Column") -> "Column":
        """What is unknown here is as it is known there."""
        is_known = np.array([fact is not None for fact in self.facts], bool)[self.codes]
        codes = np.where(is_known, self.codes, len(self.facts) + other.codes)
        return Column(codes, [*self.facts, *other.facts])

    def paired(self, other: "Column", make: Callable[[Any, Any], Any]) -> "Column":
        """One fact out of two; `make` has their values, None for unknown, once for each pair."""
        sizes = len(self.facts), len(other.facts)
        codes, met = joined([self.codes, other.codes], sizes, len(self.codes))
        ours, theirs = np.divmod(met, sizes[1])
        made = [
            make(one and one.value, two and two.value)
            for one, two in zip(
                (self.facts[place] for place in ours.tolist()),
                (other.facts[place] for place in theirs.tolist()),
                strict=True,
            )
        ]
        return Column(codes, [None if value is None else Fact(value) for value in made])

    def take(self, rows: np.ndarray) -> "Column":
        """The column of whoever refers to these rows; a negative one refers to nothing."""
        codes = np.append(self.codes, len(self.facts))[rows]  # the last is the unknown
        return Column(codes, [*self.facts, None])

    def replaced(self, facts: Mapping[int, Fact]) -> "Column":
        """The same, with what is known otherwise of some projects."""
        codes = self.codes.copy()
        codes[list(facts)] = np.arange(len(facts)) + len(self.facts)
        return Column(codes, [*self.facts, *facts.values()])

    def fact(self, row: int) -> Fact | None:
        return self.facts[self.codes[row]]

    def classed(self, way: Each) -> "Column":
        """One code for each class of values, with the fact of one of its projects."""
        places, kept = {}, []
        table = np.empty(len(self.facts), np.int32)
        for code, fact in enumerate(self.facts):
            known = None if fact is None else (way.class_of(fact.value),)
            place = places.setdefault(known, len(places))
            if place == len(kept):
                kept.append(fact)
            table[code] = place
        return Column(table[self.codes], kept)


class Amounts:
    """Numbers of at most two decimals, as hundredths: too many distinct ones to be coded."""

    __slots__ = ("hundredths", "is_known")

    def __init__(self, hundredths: np.ndarray, is_known: np.ndarray):
        self.hundredths = hundredths
        self.is_known = is_known

    @classmethod
    def of(cls, numbers: Sequence[float | None]) -> "Amounts":
        values = np.array(numbers, float)  # None becomes NaN
        is_known = ~np.isnan(values)
        hundredths = np.rint(np.where(is_known, values, 0) * 100).astype(np.int64)
        return cls(hundredths, is_known)

    def take(self, rows):
        return Amounts(np.append(self.hundredths, 0)[rows], np.append(self.is_known, False)[rows])

    def replaced(self, facts):
        return self.classed(EACH).replaced(facts)

    def classed(self, way):
        if isinstance(way, Steps):
            # Below, on or above each mark: a mark that is no whole number of hundredths has none.
            marks = [Decimal(mark) * 100 for mark in way.points]
            floors = [int(mark.to_integral_value(ROUND_FLOOR)) for mark in marks]
            ceilings = [int(mark.to_integral_value(ROUND_CEILING)) for mark in marks]
            position = np.searchsorted(floors, self.hundredths) + np.searchsorted(
                ceilings, self.hundredths, side="right"
            )
            raw = np.where(self.is_known, position, -1)
        else:
            raw = np.where(self.is_known, self.hundredths, np.iinfo(np.int64).min)
        _, first, codes = np.unique(raw, return_index=True, return_inverse=True)
        return Column(codes.astype(np.int32), [self.fact(row) for row in first])

    def fact(self, row):
        if not self.is_known[row]:
            return None
        return Fact(Decimal(int(self.hundredths[row])).scaleb(-2))


class Table:
    """What is known of `count` projects: a column for each fact that is known of any of them.

    `filings` gives, by project, the days on which its applications were filed, by program: so few
    pairs that they are judged one by one. None when nobody knows of any application."""

    def __init__(
        self,
        count: int,
        columns: Mapping[str, Column | Amounts],
        filings: Mapping[int, Mapping[str, dt.date]] | None = None,
    ):
        self.count = count
        self.columns = dict(columns)
        self.filings = filings or {}
        if filings is not None:
            self.columns[FILINGS] = Column(np.zeros(count, np.int32), [Fact({})])

    @classmethod
    def of(cls, projects: Sequence[Facts]) -> "Table":
        """From the facts of each project, as the page reads them."""
        columns = {}
        for key in {key for facts in projects for key in facts}:
            known = [facts.get(key) for facts in projects]
            columns[key] = Column(np.arange(len(known), dtype=np.int32), known)
        table = cls(len(projects), columns)
        if filings := table.columns.get(FILINGS):
            table.filings = {row: fact.value for row, fact in enumerate(filings.facts) if fact}
            filings.facts = [fact and Fact({}) for fact in filings.facts]
        return table

    def fact(self, key: str, project: int) -> Fact | None:
        column = self.columns.get(key)
        return column and column.fact(project)

    def classed(self, key: str, way: Each) -> Column:
        column = self.columns.get(key)
        if column is None:
            return Column.unknown(self.count)
        return column.classed(way)


class Unit:
    """The facts that some criteria read together: the combinations met, and who has which."""

    def __init__(self, columns: Mapping[str, Column], count: int):
        sizes = [len(column.facts) for column in columns.values()]
        self.codes, met = joined([column.codes for column in columns.values()], sizes, count)
        places = np.unravel_index(met, sizes) if sizes else ()
        self.facts = [{} for _ in met]
        for (key, column), at in zip(columns.items(), places, strict=True):
            for facts, place in zip(self.facts, at, strict=True):
                if (fact := column.facts[place]) is not None:
                    facts[key] = fact
        self.size = len(self.facts)


def joined(codes, sizes, count):
    """(the code of each project among the combinations met, these combinations)."""
    if not codes:
        return np.zeros(count, np.int32), np.zeros(1 if count else 0, np.int64)
    together = codes[0].astype(np.int64)
    for more, size in zip(codes[1:], sizes[1:], strict=True):
        together *= size
        together += more
    total = int(np.prod(sizes, dtype=object))
    if total > 2**22:
        met, place = np.unique(together, return_inverse=True)
        return place.astype(np.int32), met
    is_met = np.zeros(total, bool)
    is_met[together] = True
    met = np.flatnonzero(is_met)
    place = np.empty(total, np.int32)
    place[met] = np.arange(len(met))
    return place[together], met


class Group:
    """Units whose combinations are few enough to stand in one table."""

    def __init__(self, unit: Unit, count: int):
        self.units = [unit]
        self.codes, self.size = unit.codes, unit.size
        self.at = [np.arange(unit.size)]
        self.count = count

    def joins(self, unit: Unit) -> bool:
        """Take this unit too, when the combinations met stay few."""
        codes, met = joined([self.codes, unit.codes], [self.size, unit.size], self.count)
        if len(met) > max(JOINED, self.size):
            return False
        ours, theirs = np.divmod(met, unit.size)
        self.units.append(unit)
        self.at = [*(at[ours] for at in self.at), theirs]
        self.codes, self.size = codes, len(met)
        return True


class Judged:
    """The verdicts, with their reasons: `cells` holds a byte for each project and program."""

    def __init__(self, rules: Sequence[Rules], table: Table, today: dt.date):
        self.rules = rules
        self.today = today
        self._criteria = {}  # identity: (unit, answers by combination)
        self._found = {}  # (project, program): answers that the tables do not hold
        self._distinct = [
            [self._distinguish(criterion) for criterion in one.criteria] for one in rules
        ]
        self._judge_each(table)
        self.cells = self._judge_all(table)
        self._judge_filed(table)

    def verdict(self, project: int, program: int) -> Verdict:
        return Verdict(self.cells[project, program] >> PLACE_BITS)

    def answers(self, project: int, program: int) -> tuple[Answer, ...]:
        """As `Assessment.answers`: in the order of the criteria of the program."""
        if found := self._found.get((project, program)):
            return found
        return self._tabulated(project, program)

    def unknown(self, project: int, program: int) -> list[tuple[Criterion, Facts, Hashable]]:
        """The criteria to confirm, each with facts that stand for those of the project: of the
        same classes, and named by a mark, so that what follows from them is worked out once."""
        found = []
        pairs = zip(self._distinct[program], self.answers(project, program), strict=True)
        for place, (key, answer) in enumerate(pairs):
            if answer is UNKNOWN:
                unit, _ = self._criteria[key]
                code = int(unit.codes[project])
                found.append((self.rules[program].criteria[place], unit.facts[code], (key, code)))
        return found

    def reason(self, project: int, program: int) -> Criterion | None:
        """The first criterion that gives the verdict; None when all are met, or there is none."""
        cell = int(self.cells[project, program])
        if cell >> PLACE_BITS == MET:
            return None
        place = cell & NOWHERE
        criteria = self.rules[program].criteria
        if place == NOWHERE:
            answers = self.answers(project, program)
            least = min(answers)
            place = answers.index(least) if least is not MET else None
        return None if place is None else criteria[place]

    def limits(self, program: int) -> list[tuple[Criterion, int]]:
        """The criteria that come first to refuse a project or to leave it in doubt, and how many
        projects; most first."""
        column = self.cells[:, program]
        held = column < MET << PLACE_BITS
        counts = np.bincount(column[held] & NOWHERE, minlength=NOWHERE + 1)
        found = Counter(dict(enumerate(counts[:NOWHERE].tolist())))
        criteria = self.rules[program].criteria
        for project in np.flatnonzero(held & (column & NOWHERE == NOWHERE)).tolist():
            if reason := self.reason(project, program):
                found[criteria.index(reason)] += 1
        return [(criteria[place], count) for place, count in found.most_common() if count]

    def counts(self) -> np.ndarray:
        """How many projects each program has in each verdict: a row for each verdict."""
        below_unknown = np.zeros(self.cells.shape[1], np.int64)
        below_met = np.zeros(self.cells.shape[1], np.int64)
        for start in range(0, len(self.cells), CHUNK):
            chunk = self.cells[start : start + CHUNK]
            below_unknown += (chunk < UNKNOWN << PLACE_BITS).sum(0)
            below_met += (chunk < MET << PLACE_BITS).sum(0)
        return np.array([below_unknown, below_met - below_unknown, len(self.cells) - below_met])

    def _distinguish(self, criterion):
        key = criterion.identity
        self._criteria.setdefault(key, criterion)
        return key

    def _judge_each(self, table):
        """Each distinct criterion once for each combination of values of the facts it reads."""
        read = {
            # An uncertain rule answers without reading anything.
            key: {} if criterion.is_uncertain else criterion.classes(self.today)
            for key, criterion in self._criteria.items()
        }
        self._reads_filings = {key for key, by_fact in read.items() if FILINGS in by_fact}
        ways = defaultdict(list)
        for by_fact in read.values():
            for fact, way in by_fact.items():
                ways[fact].append(way)
        columns = {
            fact: table.classed(fact, one.merge(many)) for fact, (one, *many) in ways.items()
        }
        units = {}
        for key, criterion in self._criteria.items():
            known = tuple(sorted(read[key]))
            if known not in units:
                units[known] = Unit({fact: columns[fact] for fact in known}, table.count)
            unit = units[known]
            evaluate = criterion.evaluator
            answers = [evaluate(facts, self.today) for facts in unit.facts]
            self._criteria[key] = unit, np.array(answers, np.uint8)
        self.units = list(units.values())

    def _judge_all(self, table):
        cells = np.empty((table.count, len(self.rules)), np.uint8)
        groups = []
        for unit in sorted(self.units, key=lambda unit: unit.size):
            if not any(group.joins(unit) for group in groups[-1:]):
                groups.append(Group(unit, table.count))
        answers = [(group.codes, self._table(group)) for group in groups]
        buffer = np.empty((CHUNK, len(self.rules)), np.uint8)
        for start in range(0, table.count, CHUNK):
            rows = slice(start, start + CHUNK)
            chunk = cells[rows]
            other = buffer[: len(chunk)]
            for number, (codes, least) in enumerate(answers):
                target = other if number else chunk
                np.take(least, codes[rows], axis=0, out=target, mode="clip")
                if number:
                    np.minimum(chunk, other, out=chunk)
        return cells

    def _table(self, group):
        """For each combination of the group, the least byte of each program."""
        position = {id(unit): at for unit, at in zip(group.units, group.at, strict=True)}
        spread = {
            key: (answers << PLACE_BITS)[position[id(unit)]]
            for key, (unit, answers) in self._criteria.items()
            if id(unit) in position
        }
        least = np.full((len(self.rules), group.size), 0xFF, np.uint8)
        byte = np.empty(group.size, np.uint8)
        for row, keys in zip(least, self._distinct, strict=True):
            for place, key in enumerate(keys):
                if (answers := spread.get(key)) is not None:
                    np.bitwise_or(answers, min(place, NOWHERE), out=byte)
                    np.minimum(row, byte, out=row)
            if len(keys) == 1:  # being open is no reason to be eligible
                np.minimum(row, UNKNOWN << PLACE_BITS | NOWHERE, out=row)
        return np.ascontiguousarray(least.T)

    def _tabulated(self, project, program):
        answers = []
        for key in self._distinct[program]:
            unit, by_combination = self._criteria[key]
            answers.append(Answer(int(by_combination[unit.codes[project]])))
        return tuple(answers)

    def _judge_filed(self, table):
        """The criteria that read whether the application was filed, for the pairs where it was."""
        readers = defaultdict(list)
        if table.filings:
            for program, keys in enumerate(self._distinct):
                for place, key in enumerate(keys):
                    if key in self._reads_filings:
                        criterion = self.rules[program].criteria[place]
                        readers[criterion.scope].append((program, place, criterion))
        for project, filings in table.filings.items():
            for program, place, criterion in (
                reader for code in filings for reader in readers.get(code, ())
            ):
                read = ((key, table.fact(key, project)) for key in criterion.classes(self.today))
                facts = {key: fact for key, fact in read if fact is not None}
                facts[FILINGS] = Fact(filings)
                answers = list(self.answers(project, program))
                answers[place] = criterion.evaluate(facts, self.today)
                self._found[project, program] = tuple(answers)
                least = min(answers)
                place = min(answers.index(least), NOWHERE)
                self.cells[project, program] = least << PLACE_BITS | place
