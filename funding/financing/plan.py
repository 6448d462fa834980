"""A financing plan and its sums: uses, sources, balance, leverage. An unknown amount stays None.

Euros are Decimal, rates percents (Decimal("40")). A refused source counts for nothing; a guarantee
covers a loan and brings no money, so that it is shown with its face value outside the total.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from funding.financing.deminimis import GrantedAid

CENT = Decimal("0.01")
HUNDRED = Decimal(100)
ZERO = Decimal(0)

OWN, BANK_LOAN, PUBLIC_LOAN, GRANT, ADVANCE, GUARANTEE, PRIVATE = (
    "own_funds",
    "bank_loan",
    "public_loan",
    "grant",
    "advance",
    "guarantee",
    "private",
)
PUBLIC_AID = frozenset({PUBLIC_LOAN, GRANT, ADVANCE, GUARANTEE})
LOANS = frozenset({BANK_LOAN, PUBLIC_LOAN, ADVANCE})
REFUSED = "refused"
DECIDED = frozenset({"granted", "agreed", "paid"})

EXEMPTED, DE_MINIMIS, NO_AID = "exempted", "de_minimis", "none"

# State aid knows three sizes: who has none of its own takes that of its neighbour.
AID_SIZES = {"micro": "small", "mid_cap": "large"}
# What a line without a program says when the money comes from Europe.
EUROPE = re.compile(r"\b(leader|feader|feder|fse|ftj|ue|europ\w+)\b", re.IGNORECASE)

STATES = {
    "balanced": "Équilibré",
    "short": "Il manque de l’argent",
    "over": "De trop",
    "unknown": "À confirmer",
}


def total(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum in euros, None as soon as one amount is unknown."""
    amounts = list(amounts)
    return None if None in amounts else sum(amounts, ZERO)


def known(amounts: Iterable[Decimal | None]) -> Decimal:
    """The sum of what is known, in euros."""
    return sum((amount for amount in amounts if amount is not None), ZERO)


def percent(part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    """part ÷ whole in percents to one decimal; None when unknown or when there is no whole."""
    if part is None or not whole:
        return None
    return (part * HUNDRED / whole).quantize(Decimal("0.1"), ROUND_HALF_UP)


def with_vat(amount: Decimal | None, rate: Decimal | None) -> Decimal | None:
    """Euros with VAT of an amount without, to the cent; `rate` in percents. None when unknown."""
    if amount is None or rate is None:
        return None
    return (amount * (HUNDRED + rate) / HUNDRED).quantize(CENT, ROUND_HALF_UP)


def without_vat(amount: Decimal | None, rate: Decimal | None) -> Decimal | None:
    """The same from an amount with VAT. `without_vat(with_vat(x, r), r)` is x to the cent; the
    other way round may miss by one cent."""
    if amount is None or rate is None:
        return None
    return (amount * HUNDRED / (HUNDRED + rate)).quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Cost:
    """One line of the uses. `eligible` is « yes », « no » or « part »; then `eligible_amount` says
    how many euros."""

    key: int
    label: str
    amount: Decimal | None
    eligible: str = "yes"
    eligible_amount: Decimal | None = None
    year: int | None = None
    starts_on: dt.date | None = None
    ends_on: dt.date | None = None

    @property
    def counted(self) -> Decimal | None:
        """Euros that an aid may count; None when unknown."""
        if self.eligible == "no":
            return ZERO
        return self.amount if self.eligible == "yes" else self.eligible_amount


@dataclass(frozen=True, slots=True)
class Scheme:
    """The State aid regime of a source. `ceiling` is the rule of its intensity in the legal table,
    without the size: « intensity.circular_economy ». A day past `ends_on` makes it expired."""

    code: str
    label: str
    kind: str
    ceiling: str = ""
    starts_on: dt.date | None = None
    ends_on: dt.date | None = None
    reference: str = ""
    is_sure: bool = True

    def holds_on(self, day: dt.date) -> bool:
        return (self.starts_on is None or self.starts_on <= day) and (
            self.ends_on is None or day <= self.ends_on
        )


@dataclass(frozen=True, slots=True)
class ProgramRules:
    """What a plan needs of a program. Rates are percents of the eligible costs, of which at most
    `costs_max` euros count; a size without a rate of its own has `rate_max`. `rate_on_project` is
    false when the rate is that of one spending and not of the whole project. `is_sure`: read, and
    verified for less than six months. `national` is the code of the program that a local version
    stands for: what a text says of the one, it says of the other."""

    code: str
    name: str
    national: str = ""
    rate_max: Decimal | None = None
    rates_by_size: Mapping[str, Decimal] = field(default_factory=dict)
    rate_on_project: bool = True
    costs_max: Decimal | None = None
    aid_max: Decimal | None = None
    incentive_effect: bool | None = None
    incompatible_with: frozenset[str] = frozenset()
    reference: str = ""
    is_sure: bool = True

    @property
    def legal_code(self) -> str:
        """The code that the legal tables know it by."""
        return self.national or self.code

    @property
    def codes(self) -> frozenset[str]:
        return frozenset({self.code, self.legal_code})

    def rate_for(self, size: str) -> Decimal | None:
        """Percents for a firm of that size (« » when nobody knows it)."""
        by_size = self.rates_by_size
        return by_size.get(size, by_size.get(AID_SIZES.get(size, size), self.rate_max))

    def counted(self, basis: Decimal | None) -> Decimal | None:
        """The euros it counts of a basis; None when unknown."""
        if basis is None or self.costs_max is None:
            return basis
        return min(basis, self.costs_max)


@dataclass(frozen=True, slots=True)
class Instalment:
    """A payment that the file of a source tells: an advance, an interim or the final one. `on` is
    None until it is paid, and so is the amount while nobody has said how much."""

    kind: str
    amount: Decimal | None
    on: dt.date | None = None
    is_paid: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """One line of the sources. `costs` are the keys of those it aids (empty: all eligible ones).

    `equivalent` is the gross grant equivalent in euros, None when unknown; that of a grant is its
    amount. `funder` is a code of the catalogue, such as « region_occitanie » or « ue_feader », and
    `funder_label` its name in words. `application` is the key of its file, `received_on` the day
    on which that file was complete."""

    key: int
    label: str
    kind: str
    amount: Decimal | None
    equivalent: Decimal | None = None
    scheme: Scheme | None = None
    program: ProgramRules | None = None
    funder: str = ""
    funder_label: str = ""
    application: int | None = None
    basis: Decimal | None = None
    rate: Decimal | None = None
    costs: frozenset[int] = frozenset()
    state: str = "idea"
    filed_on: dt.date | None = None
    received_on: dt.date | None = None
    granted_on: dt.date | None = None
    advance_rate: Decimal | None = None
    advance_on: dt.date | None = None
    advance_is_guaranteed: bool = False
    interim_rate: Decimal | None = None
    interim_on: dt.date | None = None
    paid_on: dt.date | None = None
    instalments: tuple[Instalment, ...] = ()

    @property
    def is_public_aid(self) -> bool:
        return self.kind in PUBLIC_AID

    @property
    def is_live(self) -> bool:
        return self.state != REFUSED

    @property
    def aid(self) -> Decimal | None:
        """Gross grant equivalent in euros: what intensities and de minimis count."""
        if not self.is_public_aid:
            return ZERO
        return self.amount if self.kind == GRANT else self.equivalent

    @property
    def is_european(self) -> bool:
        return self.funder.startswith("ue_")

    @property
    def is_leader(self) -> bool:
        return self.funder == "ue_leader"

    @property
    def may_be_european(self) -> bool:
        """Nobody has said who pays, or the words speak of Europe and no program confirms it."""
        words = f"{self.label} {self.funder_label}"
        return not self.funder and (not self.funder_label or bool(EUROPE.search(words)))

    @property
    def certainty(self) -> int:
        """To name the source that goes over a ceiling: the least advanced one does."""
        order = ("idea", "to_file", "requested", "granted", "agreed", "paid")
        return order.index(self.state) if self.state in order else -1


@dataclass(frozen=True, slots=True)
class Holder:
    """Who carries the plan. `size` is « micro » to « large », None when unknown; `sizes` are those
    it may still have. `aids` are those of its undertaking, None when nobody has looked; they may be
    more while its linked firms are not declared, or while granted files are not on record:
    `unrecorded` are the keys of those."""

    name: str = ""
    is_company: bool = True
    is_local_authority: bool = False
    size: str | None = None
    equity: Decimal | None = None
    aids: tuple[GrantedAid, ...] | None = None
    are_firms_declared: bool = True
    unrecorded: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Plan:
    """A scenario, with the facts its checks argue from. `granted_on` is the expected day of grant
    of the sources that have none of their own; `zones` says of each known one whether the project
    lies in it."""

    costs: tuple[Cost, ...] = ()
    sources: tuple[Source, ...] = ()
    holder: Holder = field(default_factory=Holder)
    granted_on: dt.date | None = None
    first_commitment_on: dt.date | None = None
    months: int | None = None
    jobs: Decimal | None = None
    zones: Mapping[str, bool] = field(default_factory=dict)

    @property
    def live(self) -> tuple[Source, ...]:
        return tuple(source for source in self.sources if source.is_live)

    @property
    def resources(self) -> tuple[Source, ...]:
        """Live sources that bring money."""
        return tuple(source for source in self.live if source.kind != GUARANTEE)

    @property
    def aids(self) -> tuple[Source, ...]:
        return tuple(source for source in self.live if source.is_public_aid)

    def of_kind(self, *kinds: str) -> tuple[Source, ...]:
        return tuple(source for source in self.live if source.kind in kinds)

    def aided(self, source: Source) -> frozenset[int]:
        """The keys of the eligible costs this source counts."""
        eligible = frozenset(cost.key for cost in self.costs if cost.eligible != "no")
        return source.costs & eligible if source.costs else eligible

    def eligible(self, keys: frozenset[int] | None = None) -> Decimal | None:
        """Eligible euros of these costs (None: all), None when one is unknown."""
        return total(cost.counted for cost in self.costs if keys is None or cost.key in keys)

    def has_lost_costs(self, source: Source) -> bool:
        """It aided costs of which none is left: nobody knows any more which ones."""
        return bool(source.costs) and not self.aided(source)

    def says_costs(self, source: Source) -> bool:
        return bool(source.costs and self.aided(source))

    def basis_of(self, source: Source) -> Decimal | None:
        """Eligible euros behind one source: its costs, or less when it declares a smaller basis."""
        if not self.costs or self.has_lost_costs(source):
            return source.basis
        eligible = self.eligible(self.aided(source))
        found = [euros for euros in (source.basis, eligible) if euros is not None]
        return min(found, default=None)

    @property
    def uses(self) -> Decimal | None:
        return total(cost.amount for cost in self.costs) if self.costs else None

    @property
    def grants(self) -> Decimal | None:
        """Public grants in euros; None when one is unknown. No grant is a zero that is known."""
        return total(source.amount for source in self.of_kind(GRANT))


@dataclass(frozen=True, slots=True)
class Balance:
    """Uses against sources. `gap` is sources minus uses: negative, money is missing; None when an
    amount is unknown or when there is nothing to compare."""

    uses: Decimal
    sources: Decimal
    unknown_uses: int
    unknown_sources: int
    is_empty: bool

    @property
    def unknown(self) -> int:
        return self.unknown_uses + self.unknown_sources

    @property
    def gap(self) -> Decimal | None:
        return None if self.unknown or self.is_empty else self.sources - self.uses

    @property
    def is_balanced(self) -> bool | None:
        return None if self.gap is None else self.gap == 0

    @property
    def state(self) -> str:
        """A key of STATES."""
        if self.gap is None:
            return "unknown"
        return "balanced" if self.gap == 0 else "short" if self.gap < 0 else "over"

    @property
    def missing(self) -> Decimal | None:
        """Euros still to find, over what is known; None when it cannot be told or nothing is."""
        return -self.gap if self.gap is not None and self.gap < 0 else None

    @property
    def known_gap(self) -> Decimal:
        """Sources minus uses over known amounts only."""
        return self.sources - self.uses


def balance(plan: Plan) -> Balance:
    uses = [cost.amount for cost in plan.costs]
    sources = [source.amount for source in plan.resources]
    return Balance(
        uses=known(uses),
        sources=known(sources),
        unknown_uses=uses.count(None),
        unknown_sources=sources.count(None),
        is_empty=not uses or not sources,
    )


def leverage(plan: Plan) -> Decimal | None:
    """Euros invested for one euro of public grant; None when unknown or without a grant."""
    if plan.uses is None or not plan.grants:
        return None
    return (plan.uses / plan.grants).quantize(Decimal("0.1"), ROUND_HALF_UP)


def aid_per_job(plan: Plan) -> Decimal | None:
    """Euros of public grant for each job planned; None when unknown, without a grant or a job."""
    if not plan.grants or not plan.jobs:
        return None
    return (plan.grants / plan.jobs).quantize(Decimal(1), ROUND_HALF_UP)


def computed_amount(
    basis: Decimal | None, rate: Decimal | None, ceiling: Decimal | None = None
) -> Decimal | None:
    """rate × basis to the cent, at most the ceiling; None when either is unknown."""
    if basis is None or rate is None:
        return None
    amount = (basis * rate / HUNDRED).quantize(CENT, ROUND_HALF_UP)
    return amount if ceiling is None else min(amount, ceiling)
