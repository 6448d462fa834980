"""The size of a firm in the European sense, from the accounts of all that count with it.

Recommandation 2003/361/CE, annexe, art. 2 to 6, that annexe I of règlement (UE) 651/2014 repeats.
Pure: headcounts are annual work units, money is euros, both Decimal or None when unknown; shares
are percents of the capital or of the votes, whichever is higher. No figure of law stands here: the
thresholds are dated rows (`funding/financing/legal.py`, rules « eu_size.* »).

Every rule only grows with every figure. So what is unknown is completed twice, by the least it may
be and by the most, and the size is told when both ends give the same.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from funding.eligibility import wording
from funding.financing import legal

OWN, LINKED, PARTNER, PUBLIC = "own", "linked", "partner", "public"
MEASURES = ("headcount", "turnover", "balance_sheet")
SIZES = tuple(wording.SIZES)
# The least rank that is no longer an SME.
NOT_SME = len(wording.SME)
# Closed years that are read: two make a size, the third tells what it was before they disagree.
YEARS = 3
ZERO, WHOLE, INFINITE = Decimal(0), Decimal(1), Decimal("Infinity")

NAMES = {
    "headcount": "l’effectif",
    "turnover": "le chiffre d’affaires",
    "balance_sheet": "le total du bilan",
}


class SizeLimits(NamedTuple):
    """A firm leaves `size` from `headcount`, or above both `turnover` and `balance_sheet`."""

    size: str
    headcount: int
    turnover: Decimal
    balance_sheet: Decimal
    reference: str
    is_sure: bool


@lru_cache(maxsize=64)
def limits_on(day: dt.date) -> tuple[SizeLimits, ...]:
    """The thresholds in force that day, the smallest size first; empty when there are none."""
    found = []
    for size in SIZES[:-1]:
        rows = [legal.limit(f"eu_size.{measure}.{size}", day) for measure in MEASURES]
        if None in rows:
            return ()
        people, sales, total = rows
        is_sure = all(row.is_sure for row in rows)
        found.append(
            SizeLimits(size, int(people.value), sales.value, total.value, people.reference, is_sure)
        )
    return tuple(found)


class Shares(NamedTuple):
    """Percents: a partner from `partner`, linked above `linked`, not an SME from `public`."""

    partner: Decimal
    linked: Decimal
    public: Decimal


@lru_cache(maxsize=64)
def shares_on(day: dt.date) -> Shares | None:
    """The shares of art. 3 in force that day; None when a row is missing."""
    rows = [legal.limit(f"eu_size.share.{name}", day) for name in Shares._fields]
    return None if None in rows else Shares(*(row.value for row in rows))


@dataclass(frozen=True, slots=True)
class Figures:
    """The accounts of one closed year: annual work units, euros, euros; None is unknown."""

    headcount: Decimal | None = None
    turnover: Decimal | None = None
    balance_sheet: Decimal | None = None

    def __getitem__(self, measure: str) -> Decimal | None:
        return getattr(self, measure)


UNKNOWN = Figures()


@dataclass(frozen=True, slots=True)
class Firm:
    """A firm that counts: the one whose size is sought (`own`), or one tied to it (art. 3).

    `share` is a percent. `is_excepted` says whether an investor is one of those that art. 3 § 2
    leaves out up to 50 % (venture capital, business angels, universities, small local
    authorities…): a public body of which nobody said it leaves the size open."""

    name: str
    tie: str
    share: Decimal | None = None
    is_excepted: bool | None = None
    accounts: Mapping[int, Figures] = field(default_factory=dict)

    def weight(self, shares: Shares) -> tuple[Decimal, Decimal]:
        """The part of its figures that counts, least and most, from 0 to 1 (art. 6)."""
        if self.tie in {OWN, LINKED}:
            return WHOLE, WHOLE
        if self.tie == PUBLIC:
            return ZERO, ZERO
        if self.share is None:
            if self.is_excepted:
                return ZERO, ZERO
            return shares.partner / 100, shares.linked / 100
        if self.share > shares.linked:
            return WHOLE, WHOLE
        if self.is_excepted or self.share < shares.partner:
            return ZERO, ZERO
        return self.share / 100, self.share / 100

    def held_publicly(self, shares: Shares) -> tuple[Decimal, Decimal]:
        """The percents that count as controlled by public bodies, least and most (art. 3 § 4)."""
        if self.tie != PUBLIC:
            return ZERO, ZERO
        if self.share is None:
            return ZERO, Decimal(100)
        if self.is_excepted and self.share <= shares.linked:
            return ZERO, ZERO
        return ZERO if self.is_excepted is None else self.share, self.share

    def figures(self, year: int) -> Figures:
        return self.accounts.get(year, UNKNOWN)


@dataclass(frozen=True, slots=True)
class Total:
    """What a measure comes to, between two ends; `high` None has no end."""

    low: Decimal
    high: Decimal | None

    @property
    def is_known(self) -> bool:
        return self.low == self.high


@dataclass(frozen=True, slots=True)
class Gap:
    """What is missing of one firm: figures of a year, or its `share`, or its `exception`."""

    firm: Firm
    year: int | None
    missing: tuple[str, ...]

    @property
    def sentence(self) -> str:
        if self.missing == ("share",):
            return f"La part du capital ou des votes {self._of} manque."
        if self.missing == ("exception",):
            return (
                f"L’exception de l’article 3, §{wording.NBSP}2 reste à confirmer pour "
                f"{self.firm.name}."
            )
        if self.missing == MEASURES:
            return f"Les comptes {self.year} {self._of} manquent."
        named = wording.capital(wording.listing([NAMES[one] for one in self.missing], "et"))
        verb = "manque" if len(self.missing) == 1 else "manquent"
        return f"{named} {self.year} {self._of} {verb}."

    @property
    def _of(self) -> str:
        if self.firm.tie == OWN:
            return "de l’entreprise"
        vowel = self.firm.name[:1].casefold() in "aàâeéèêiîoôuy"
        return f"d’{self.firm.name}" if vowel else f"de {self.firm.name}"


@dataclass(frozen=True, slots=True)
class Assessment:
    """`possible` holds the sizes that some completion gives, the smallest first.

    `years` are read, the latest first. `alone` is the size that the last year alone would give,
    before the rule of two years; None when its figures do not tell. `disagrees` says that the two
    last years fall into different sizes."""

    possible: tuple[str, ...]
    years: tuple[int, ...]
    alone: str | None
    disagrees: bool
    gaps: tuple[Gap, ...]
    needs_before: bool
    held_publicly: Total
    is_public: bool | None
    is_sure: bool

    @property
    def size(self) -> str | None:
        """The size when every completion agrees; None is « à confirmer »."""
        return self.possible[0] if len(self.possible) == 1 else None

    @property
    def missing(self) -> list[str]:
        """What to ask, in sentences; nothing once the size is known."""
        said = [gap.sentence for gap in self.gaps]
        if self.needs_before:
            said.append(
                f"La taille d’avant {self.years[-1]} manque{wording.NBSP}: les exercices connus "
                "tombent de part et d’autre d’un seuil."
            )
        return said


# One end of what is unknown: a figure of a firm and the weight it has.
Completion = Callable[[Firm, Figures, str], Decimal]


def years_read(last: int, since: int | None = None) -> tuple[int, ...]:
    """The closed years that matter, the latest first; none before the firm was created."""
    return tuple(
        year for year in range(last, last - YEARS, -1) if since is None or year >= min(since, last)
    )


def assess(firms: Sequence[Firm], last: int, on: dt.date, since: int | None = None) -> Assessment:
    """The size of the firm `own` among `firms`, by the thresholds in force `on` a day.

    `last` is its last closed year, `since` the year of its creation, before which it had no
    size. The ties are those of today, on all years: that is how art. 3 and 6 read them."""
    years, limits, shares = years_read(last, since), limits_on(on), shares_on(on)
    if not limits or shares is None:
        return Assessment(
            SIZES, years, None, False, (), False, Total(ZERO, None), None, is_sure=False
        )
    ranks = {year: rank_range(firms, year, limits, shares) for year in years}
    is_new = since is not None and since >= years[-1]
    low, high = (
        kept([ranks[year][end] for year in reversed(years)], None if is_new else before)
        for end, before in ((0, 0), (1, len(limits)))
    )
    held = held_publicly(firms, shares)
    is_public = is_held(held, shares)
    possible = with_public(range(low, high + 1), is_public)
    alone = with_public(range(ranks[last][0], ranks[last][1] + 1), is_public)
    gaps = () if len(possible) == 1 else tuple(gaps_of(firms, years, ranks, limits, shares, held))
    certain = {year: ends[0] for year, ends in ranks.items() if ends[0] == ends[1]}
    return Assessment(
        possible=tuple(SIZES[rank] for rank in possible),
        years=years,
        alone=SIZES[alone[0]] if len(alone) == 1 else None,
        disagrees=len({certain.get(year, -1) for year in years[:2]}) > 1,
        gaps=gaps,
        needs_before=len(possible) > 1 and not gaps,
        held_publicly=held,
        is_public=is_public,
        is_sure=all(row.is_sure for row in limits[: min(max(possible) + 1, len(limits))]),
    )


def kept(ranks: Sequence[int], before: int | None) -> int:
    """The rank held after these years, the oldest first, from the one held `before` (art. 4 § 2).

    A threshold is crossed when two closed years running are beyond it: at each one, the majority
    of this year, the last and what was held; over ordered sizes, their median. A firm that had no
    size before takes that of its first year."""
    held, previous = (ranks[0], ranks[0]) if before is None else (before, before)
    for rank in ranks:
        held = sorted((rank, previous, held))[1]
        previous = rank
    return held


def rank_range(
    firms: Iterable[Firm], year: int, limits: Sequence[SizeLimits], shares: Shares
) -> tuple[int, int]:
    """The least and the greatest rank that the figures of one year allow."""
    totals = [total(firms, year, measure, shares) for measure in MEASURES]
    least = [one.low for one in totals]
    most = [INFINITE if one.high is None else one.high for one in totals]
    return rank(*least, limits), rank(*most, limits)


def rank(
    headcount: Decimal, turnover: Decimal, balance: Decimal, limits: Sequence[SizeLimits]
) -> int:
    """The first size that these figures do not leave (art. 2): 0 is the smallest."""
    for found, row in enumerate(limits):
        if headcount < row.headcount and (turnover <= row.turnover or balance <= row.balance_sheet):
            return found
    return len(limits)


def total(firms: Iterable[Firm], year: int, measure: str, shares: Shares) -> Total:
    """The figures of all firms added up, each by its weight (art. 6 § 2 and 3)."""
    low, high = ZERO, ZERO
    for firm in firms:
        least, most = firm.weight(shares)
        if not most:
            continue
        figure = firm.figures(year)[measure]
        if figure is None:
            high = INFINITE
        else:
            low += figure * least
            high += figure * most
    return Total(low, None if high == INFINITE else high)


def held_publicly(firms: Iterable[Firm], shares: Shares) -> Total:
    """The percents held by public bodies, together (art. 3 § 4)."""
    ends = [firm.held_publicly(shares) for firm in firms]
    return Total(sum((low for low, _ in ends), ZERO), sum((high for _, high in ends), ZERO))


def is_held(held: Total, shares: Shares) -> bool | None:
    """Whether public bodies hold too much for an SME; None when it depends on what is unknown."""
    if held.low >= shares.public:
        return True
    return None if held.high >= shares.public else False


def with_public(ranks: Iterable[int], is_public: bool | None) -> list[int]:
    """The ranks left once public control, certain or possible, has taken the SME away."""
    ranks = list(ranks)
    lifted = {max(rank, NOT_SME) for rank in ranks}
    if is_public is None:
        return sorted({*ranks, *lifted})
    return sorted(lifted) if is_public else ranks


def gaps_of(firms, years, ranks, limits, shares, held):
    """What is missing, in the order in which to ask it; only what may change the answer."""
    if is_held(held, shares) is None:
        for firm in firms:
            low, high = firm.held_publicly(shares)
            if low != high:
                yield Gap(firm, None, ("share" if firm.share is None else "exception",))
    asked = years[:2] if settled_alike(ranks, years) is not False else years
    undecided = [year for year in asked if ranks[year][0] != ranks[year][1]]
    for firm in firms:
        low, high = firm.weight(shares)
        if low != high and undecided:
            yield Gap(firm, None, ("share",))
    for year in undecided:
        relevant = [
            gap
            for firm in firms
            if firm.weight(shares)[1] and (gap := gap_of(firms, firm, year, limits, shares))
        ]
        yield from relevant or every_gap(firms, year, shares)


def settled_alike(ranks, years):
    """Whether the two last years agree; None when one of them is not known."""
    known = [ranks[year][0] for year in years[:2] if ranks[year][0] == ranks[year][1]]
    return len(set(known)) == 1 if len(known) == len(years[:2]) else None


def gap_of(firms, firm, year, limits, shares):
    """What is missing of a firm that year, if knowing it could narrow the rank of the year."""
    figures = firm.figures(year)
    unknown = tuple(measure for measure in MEASURES if figures[measure] is None)
    if not unknown:
        return None
    narrow = [one for one in unknown if narrows(firms, firm, year, (one,), limits, shares)]
    if not narrow and not narrows(firms, firm, year, unknown, limits, shares):
        return None
    # Two unknown amounts go together: either may settle the matter. So do three.
    alone = len(unknown) == 1 or (len(unknown) == 2 and "headcount" in unknown)
    return Gap(firm, year, tuple(narrow) if narrow and alone else unknown)


def narrows(firms, firm, year, measures, limits, shares):
    low, high = rank_range(firms, year, limits, shares)

    def ends(value):
        figures = replace(firm.figures(year), **dict.fromkeys(measures, value))
        known = replace(firm, accounts={**firm.accounts, year: figures})
        others = [known if one is firm else one for one in firms]
        return rank_range(others, year, limits, shares)

    # A sum beyond all the thresholds is as good as infinite, and adds up.
    huge = sum((row.turnover + row.balance_sheet for row in limits), ZERO) * 100
    return ends(ZERO)[1] < high or ends(huge)[0] > low


def every_gap(firms, year, shares):
    for firm in firms:
        figures = firm.figures(year)
        unknown = tuple(measure for measure in MEASURES if figures[measure] is None)
        if unknown and firm.weight(shares)[1]:
            yield Gap(firm, year, unknown)


def arithmetic(firms: Iterable[Firm], year: int, measure: str, shares: Shares) -> str:
    """« 38 + 120 × 30 % = 74 salariés »; « ? » stands for what is unknown."""
    terms = [term(firm, year, measure, shares) for firm in firms if firm.weight(shares)[1]]
    summed = total(firms, year, measure, shares)
    show = wording.amount if measure != "headcount" else staff
    if summed.is_known:
        said = show(summed.low)
    elif summed.high is None:
        said = f"au moins {show(summed.low)}" if summed.low else "à confirmer"
    else:
        said = f"de {wording.number(summed.low)} à {show(summed.high)}"
    if len(terms) == 1 and summed.is_known:
        return said
    return f"{' + '.join(terms)} = {said}"


def term(firm, year, measure, shares):
    figure, (low, high) = firm.figures(year)[measure], firm.weight(shares)
    text = "?" if figure is None else wording.number(figure)
    if low == high == 1:
        return text
    share = percent(low) if low == high else f"{wording.number(low * 100)} à {percent(high)}"
    return f"{text} × {share}"


def percent(weight: Decimal) -> str:
    return f"{wording.number(weight * 100)}{wording.NBSP}%"


def staff(value: Decimal) -> str:
    """« 74 salariés »: annual work units, with their decimals when there are some."""
    return f"{wording.number(value)}{wording.NBSP}{'salarié' if value < 2 else 'salariés'}"
