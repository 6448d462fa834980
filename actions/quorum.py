"""Is the quorum reached? No Django; a rule is a share of the members who have a voice."""

from dataclasses import dataclass
from fractions import Fraction

PRESENT, EXCUSED, ABSENT, REPRESENTED = "present", "excuse", "absent", "represente"
# A body’s own rule → its share, and whether just that share is enough.
RULES = {
    "tiers": (Fraction(1, 3), True),
    "moitie": (Fraction(1, 2), True),
    "majorite": (Fraction(1, 2), False),
    "deux_tiers": (Fraction(2, 3), True),
}
NONE = "aucun"


@dataclass(frozen=True)
class Count:
    """Heads: members with a voice, those that count as present, those of whom nothing is noted.

    `needed` is None without a known rule; `is_reached` is None while it cannot be said.
    """

    voices: int
    counted: int
    unknown: int
    needed: int | None

    @property
    def is_reached(self):
        if self.needed is None or not self.voices:
            return None
        if self.counted >= self.needed:
            return True
        return None if self.counted + self.unknown >= self.needed else False


def needed(rule, voices):
    """The smallest number of heads that satisfies the rule; None for a rule unknown or absent.

    >>> needed("majorite", 8), needed("moitie", 8), needed("tiers", 8)
    (5, 4, 3)
    """
    if rule not in RULES:
        return None
    share, is_enough = RULES[rule]
    wanted = share * voices
    floor = wanted.numerator // wanted.denominator
    return floor if is_enough and floor == wanted else floor + 1


def count(rule, statuses, *, counts_represented):
    """`statuses` of the members who have a voice, "" where nothing is noted."""
    present = {PRESENT, REPRESENTED} if counts_represented else {PRESENT}
    return Count(
        voices=len(statuses),
        counted=sum(status in present for status in statuses),
        unknown=sum(not status for status in statuses),
        needed=needed(rule, len(statuses)),
    )
