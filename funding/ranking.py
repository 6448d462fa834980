"""Which program first, and why. No Django here: euros are Decimal, rates are percents.

The score is the sum of five parts, at most 100 points, each shown with its reason:

- verdict: 40 eligible, 20 to confirm, 0 not eligible;
- unknown: 2 taken off for each unknown criterion after the first, at most 10;
- share of the cost: 25 × the middle of the expected aid ÷ eligible costs (at most 1), halved when
  the money has to be paid back, 0 when the aid is unknown. Where only the most is said
  (« jusqu'à »), half of it counts: the same as a range that begins at nothing, by choice;
- themes: 10 for each theme in common, at most 20;
- time: most for a date that is near but leaves time to prepare a file (see TIME_STEPS).

Non-eligible programs come last whatever their score, the fewest unmet criteria first, then by
name.
Change RULE_VERSION with any of these figures: past verdicts keep the version that gave them."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from funding.eligibility import Assessment, Verdict, Window, wording

RULE_VERSION = 2

VERDICT_POINTS = {Verdict.ELIGIBLE: 40, Verdict.TO_CONFIRM: 20, Verdict.NOT_ELIGIBLE: 0}
UNKNOWN_POINTS, UNKNOWN_MAX = 2, 10
COVER_MAX = 25
THEME_POINTS, THEME_MAX = 10, 20

# Days left, included, and the points; the last row is for a later date.
TIME_STEPS = ((14, 4), (45, 15), (120, 12))
TIME_LATER, TIME_PERMANENT, TIME_NOT_OPEN, TIME_UNKNOWN = 9, 8, 5, 0

# State aid knows small, medium and large firms only: who has no rate of its own takes theirs.
AID_SIZES = {"micro": "small", "mid_cap": "large"}

CENT = Decimal("0.01")
ONE, HUNDRED = Decimal(1), Decimal(100)

# Bounds in euros; the lower is None when only the most is said.
Aid = tuple[Decimal | None, Decimal]


def _rates(rate_min, rate_max, rates_by_size, sizes):
    """Bounds of the rate in percents, None when unknown. « Jusqu'à 80 % » has no lower bound,
    « au moins 20 % » no upper one: each is then None."""
    if rates_by_size:
        sizes = rates_by_size.keys() if sizes is None else sizes
        found = [rates_by_size.get(size, rates_by_size.get(AID_SIZES.get(size))) for size in sizes]
        bounds = [
            rate if isinstance(rate, tuple | list) else (rate, rate)
            for rate in found
            if rate is not None
        ]
        if bounds:
            return min(low for low, _ in bounds), max(high for _, high in bounds)
    if rate_min is None and rate_max is None:
        return None
    return rate_min, rate_max


def expected_aid(
    eligible_costs: Decimal | None,
    rate_min: Decimal | None = None,
    rate_max: Decimal | None = None,
    rates_by_size: Mapping[str, Decimal | tuple[Decimal, Decimal]] | None = None,
    sizes: Collection[str] | None = None,
    floor: Decimal | None = None,
    ceiling: Decimal | None = None,
) -> Aid | None:
    """Bounds of the aid in euros, (low, high) to the cent, or None when it cannot be told.

    Rates are percents: Decimal("40"). `rates_by_size` maps a size to a rate or to (low, high) and
    prevails for the possible `sizes` (None: all), those without any rate being left out.
    `ceiling` is the most that is paid; `floor` the least: an aid that would be smaller is not
    paid, so that its bound falls to zero. The lower bound is None when only an upper rate is said
    and some aid is possible. Without a rate, floor and ceiling together are the
    bounds (lump sum, or loan limited to the costs). Without an upper rate the ceiling is the bound,
    and nobody can tell when there is none."""
    rates = _rates(rate_min, rate_max, rates_by_size, sizes)
    if rates is None:
        if floor is None or ceiling is None:
            return None
        if floor == ceiling or eligible_costs is None:
            return floor, ceiling
        high = min(ceiling, eligible_costs)
        return (floor, high) if high >= floor else (Decimal(0), Decimal(0))
    if eligible_costs is None or eligible_costs <= 0:
        return None

    def bound(rate):
        aid = (eligible_costs * rate / HUNDRED).quantize(CENT, ROUND_HALF_UP)
        if floor is not None and aid < floor:
            return Decimal(0)
        return aid if ceiling is None else min(aid, ceiling)

    low, high = rates
    if high is None:
        if ceiling is None:
            return None
        high = HUNDRED
    highest = bound(high)
    if low == high or not highest:
        return highest, highest
    return None if low is None else bound(low), highest


def aid_sentence(aid: Aid | None) -> str:
    """« 260 000 à 312 000 € », « jusqu'à 80 000 € », « à confirmer »."""
    if aid is None:
        return "à confirmer"
    low, high = aid
    if low == high:
        return wording.amount(high)
    if not low:
        return f"jusqu’à {wording.amount(high)}"
    return f"{wording.amount(low).removesuffix(f'{wording.NBSP}€')} à {wording.amount(high)}"


def days_left(window: Window, today: dt.date) -> int | None:
    """Days to the next deadline or closing date, 0 on the day itself; None when there is none."""
    deadline = window.next_deadline(today)
    return None if deadline is None else (deadline - today).days


@dataclass(frozen=True, slots=True)
class Reason:
    part: str
    points: int
    sentence: str


@dataclass(slots=True, eq=False)
class Rank:
    """The score of one program for one project; the reasons are written when they are read."""

    assessment: Assessment
    aid: Aid | None
    eligible_costs: Decimal | None
    shared_themes: frozenset[str]
    is_repayable: bool
    points: dict[str, int]

    version = RULE_VERSION

    @property
    def score(self) -> int:
        return max(sum(self.points.values()), 0)

    @property
    def sort_key(self) -> tuple[bool, int, int]:
        """Ascending, best first; add the name of the program to settle ties."""
        if self.assessment.verdict is Verdict.NOT_ELIGIBLE:
            return excluded_key(self.assessment)
        return (False, 0, -self.score)

    @property
    def days_left(self) -> int | None:
        return days_left(self.assessment.rules.window, self.assessment.today)

    @property
    def reasons(self) -> list[Reason]:
        sentences = {
            "verdict": f"{self.assessment.verdict.label}{wording.NBSP}: {self._summary()}",
            "unknown": self._unknown_sentence(),
            "cover": self._cover_sentence(),
            "themes": self._themes_sentence(),
            "time": self._time_sentence(),
        }
        return [Reason(part, self.points[part], text) for part, text in sentences.items() if text]

    def _summary(self):
        summary = self.assessment.summary
        return summary[:1].lower() + summary[1:]

    def _unknown_sentence(self):
        if not self.points["unknown"]:
            return ""
        count = wording.counted(self.assessment.unknown, "critère")
        return f"{count} à confirmer"

    def _cover_sentence(self):
        if self.aid is None:
            return "Aide à confirmer"
        back = ", à rembourser" if self.is_repayable else ""
        if not self.eligible_costs:
            return f"Aide{wording.NBSP}: {aid_sentence(self.aid)}{back}, part du coût inconnue"
        low, high = (
            wording.number(((share or Decimal(0)) * HUNDRED).quantize(Decimal(1), ROUND_HALF_UP))
            for share in shares(self.aid, self.eligible_costs)
        )
        if high == "0" and self.aid[1] == 0:
            return "Aide inférieure au minimum versé"
        if high == "0":
            return f"Couvre moins de 1{wording.NBSP}% du coût{back}"
        cover = f"jusqu’à {high}" if low == "0" else f"{low} à {high}"
        return f"Couvre {high if low == high else cover}{wording.NBSP}% du coût{back}"

    def _themes_sentence(self):
        if not self.shared_themes:
            return "Aucun thème commun"
        names = [label for code, label in wording.THEMES.items() if code in self.shared_themes]
        name = "Thème commun" if len(names) == 1 else "Thèmes communs"
        return f"{name}{wording.NBSP}: {wording.listing(names, 'et')}"

    def _time_sentence(self):
        """What the dates criterion found is already the sentence."""
        results = self.assessment.results
        return next(result.found for result in results if result.kind == "dates")


def excluded_key(assessment: Assessment) -> tuple[bool, int, int]:
    """The place of a program that is not eligible: after all others, whatever its score."""
    return (True, assessment.not_met, 0)


def shares(aid: Aid, eligible_costs: Decimal) -> Aid:
    """Bounds of the share of the cost, from 0 to 1; the lower is None when that of the aid is."""
    low, high = aid
    return low if low is None else min(low / eligible_costs, ONE), min(high / eligible_costs, ONE)


def _cover_points(aid, eligible_costs, is_repayable):
    if aid is None or not eligible_costs:
        return 0
    low, high = shares(aid, eligible_costs)
    middle = high / 2 if low is None else (low + high) / 2
    points = COVER_MAX * middle / (2 if is_repayable else 1)
    return int(points.quantize(ONE, ROUND_HALF_UP))


def _time_points(window, today):
    if window.state == "to_check" or window.is_over(today) or window.lacks_next_deadline(today):
        return TIME_UNKNOWN
    if window.state == "upcoming" and (window.opens_on is None or window.opens_on > today):
        return TIME_NOT_OPEN
    left = days_left(window, today)
    if left is None:
        return TIME_PERMANENT
    return next((points for limit, points in TIME_STEPS if left <= limit), TIME_LATER)


def rank(
    assessment: Assessment,
    *,
    aid: Aid | None = None,
    eligible_costs: Decimal | None = None,
    shared_themes: Collection[str] = frozenset(),
    is_repayable: bool = False,
) -> Rank:
    """The place of a program for a project. `aid` as `expected_aid` gives it; `is_repayable` for
    loans and repayable advances, which cover a cost without lightening it."""
    points = {
        "verdict": VERDICT_POINTS[assessment.verdict],
        "unknown": -min(UNKNOWN_POINTS * max(assessment.unknown - 1, 0), UNKNOWN_MAX),
        "cover": _cover_points(aid, eligible_costs, is_repayable),
        "themes": min(THEME_POINTS * len(shared_themes), THEME_MAX),
        "time": _time_points(assessment.rules.window, assessment.today),
    }
    return Rank(assessment, aid, eligible_costs, frozenset(shared_themes), is_repayable, points)
