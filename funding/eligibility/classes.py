"""Values that a rule cannot tell apart, so that many projects are judged as a few.

Each criterion says, for each fact it reads, what in the value its answer may depend on. The ways
of all the criteria that read a fact merge into one, whose classes hold values that every rule of
the catalogue answers alike: judging one value of a class judges them all."""

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable
from typing import Any


class Each:
    """Every value is a class of its own: right for any rule, and enough for a few codes."""

    def merge(self, others: Iterable["Each"]) -> "Each":
        """The way that tells apart all that these tell apart."""
        return self

    def class_of(self, value: Any) -> Hashable:
        return type(value), value  # True is not 1


class Known(Each):
    """All that matters is being known: the rest is judged pair by pair (`bulk.py`)."""

    def class_of(self, value):
        return True


EACH, KNOWN = Each(), Known()


class Marked(Each):
    """The answer depends only on how the value stands towards some marked ones."""

    def __init__(self, marks: Iterable[Any]):
        self.marks = frozenset(marks)

    def merge(self, others):
        others = list(others)
        if any(type(other) is not type(self) for other in others):
            return EACH
        try:
            return type(self)(self.marks.union(*(other.marks for other in others)))
        except TypeError:  # marks that have no order between them, as a day and a number
            return EACH


class Steps(Marked):
    """Numbers or days: the answer changes only at the marks."""

    def __init__(self, marks):
        super().__init__(marks)
        self.points = sorted(self.marks)

    def class_of(self, value):
        # A study said to be done, on no known day, is neither before nor after.
        return str(value) if isinstance(value, bool) else self.position(value)

    def position(self, value):
        """Even between two marks, odd on a mark."""
        return bisect_left(self.points, value) + bisect_right(self.points, value)


class Spans(Steps):
    """Intervals whose two ends are compared with the marks."""

    def class_of(self, value):
        high = None if value.high is None else self.position(value.high)
        return self.position(value.low), high


class Codes(Marked):
    """Codes, one or a set of them, of which only the marked ones matter."""

    def class_of(self, value):
        if isinstance(value, frozenset):
            return self.marks & value, self.marks >= value
        return value if value in self.marks else None


class Members(Marked):
    """Sets of codes of which only the marked ones matter, and being empty."""

    def class_of(self, value):
        return bool(value), self.marks.intersection(value)


class Beginnings(Marked):
    """Codes told apart by which marks they begin with, and which marks begin with them."""

    def class_of(self, value):
        plain = value.replace(".", "")
        begun = (plain[:length] for length in range(len(plain), 0, -1))
        longest = next((mark for mark in begun if mark in self.marks), "")
        return longest, frozenset(
            mark for mark in self.marks if mark != plain and mark.startswith(plain)
        )
