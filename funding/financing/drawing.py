"""The geometry of the balance and of the cash curve. Numbers become SVG text here, with a point."""

from dataclasses import dataclass
from decimal import Decimal

from funding.financing.cash import Cash
from funding.financing.plan import (
    ADVANCE,
    BANK_LOAN,
    DECIDED,
    GRANT,
    HUNDRED,
    OWN,
    PUBLIC_LOAN,
    ZERO,
    Plan,
    known,
    percent,
    total,
)

BAR = 1000
LEFT, RIGHT, TOP, BOTTOM = 64, 1148, 24, 240


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar: where, how wide, its class of colour."""

    x: str
    width: str
    css: str


@dataclass(frozen=True, slots=True)
class Part:
    """A line of the key: the colour, what it is, known euros, percents of the uses. The share is
    None when one of its amounts or one of the uses is unknown."""

    css: str
    label: str
    amount: Decimal
    share: Decimal | None


def segments(parts, whole):
    """(euros, class) laid side by side over `whole` euros, a hair apart."""
    drawn, x = [], ZERO
    for amount, css in parts:
        if amount and whole:
            width = amount * BAR / whole
            drawn.append(Segment(f"{x:.1f}", f"{max(width - 2, Decimal(1)):.1f}", css))
            x += width
    return drawn


def colour(source):
    if source.kind == OWN:
        return "p-ink"
    if source.kind in {BANK_LOAN, PUBLIC_LOAN, ADVANCE}:
        return "p-3"
    if source.kind == GRANT:
        return "p-2" if source.state in DECIDED else "p-accent"
    return "p-5"


KEY = (
    ("p-ink", "fonds propres"),
    ("p-3", "prêts et avances"),
    ("p-5", "autres financements privés"),
    ("p-2", "aides décidées"),
    ("p-accent", "aides encore à décider"),
)


@dataclass(frozen=True, slots=True)
class Bars:
    uses: list[Segment]
    sources: list[Segment]
    key: list[Part]


def bars(plan: Plan) -> Bars:
    """The two bars on one scale, over known amounts, and the key with its shares of the uses."""
    uses = known(cost.amount for cost in plan.costs)
    whole = max(uses, known(source.amount for source in plan.resources))
    costs, eligible = [], ZERO
    for cost in plan.costs:
        counted = cost.counted or ZERO
        eligible += counted
        costs += [(counted, "p-2"), ((cost.amount or ZERO) - counted, "p-4")]
    by_colour = {css: [] for css, _ in KEY}
    for source in plan.resources:
        by_colour[colour(source)].append(source.amount)
    order = [css for css, _ in KEY]
    sources = sorted(plan.resources, key=lambda source: order.index(colour(source)))
    key = [Part("p-2", "éligible", eligible, None)] if eligible else []
    if uses - eligible:
        key.append(Part("p-4", "non éligible", uses - eligible, None))
    key += [
        Part(css, label, amount, percent(total(by_colour[css]), plan.uses))
        for css, label in KEY
        if (amount := known(by_colour[css]))
    ]
    return Bars(
        segments(costs, whole),
        segments([(source.amount or ZERO, colour(source)) for source in sources], whole),
        key,
    )


@dataclass(frozen=True, slots=True)
class Column:
    """A bar of the curve: what comes in stands on the axis, what goes out hangs from it."""

    x: str
    y: str
    width: str
    height: str
    css: str


@dataclass(frozen=True, slots=True)
class Mark:
    x: str
    y: str
    label: object = None


@dataclass(frozen=True, slots=True)
class Curve:
    columns: list[Column]
    line: str
    levels: list[Mark]
    months: list[Mark]
    zero: str
    lowest: Mark | None
    lowest_anchor: str


def round_step(span: Decimal) -> Decimal:
    """1, 2 or 5 times a power of ten, so that four to eight levels fit."""
    step = Decimal(1)
    while step * 8 < span:
        for times in (2, 5, 10):
            if step * times * 8 >= span:
                return step * times
        step *= 10
    return step


def curve(cash: Cash) -> Curve | None:
    """Columns month by month and the line of the balance; None when no month can be drawn."""
    months = cash.months
    if not months:
        return None
    high = max(*(m.received for m in months), *(m.balance for m in months), ZERO)
    low = min(*(-m.spent for m in months), *(m.balance for m in months), ZERO)
    span = high - low or HUNDRED
    step = Decimal(RIGHT - LEFT) / len(months)
    width = max(min(step * Decimal("0.45"), Decimal(22)), Decimal(2))

    def across(index):
        return LEFT + step * index + step / 2

    def up(value):
        return BOTTOM - (BOTTOM - TOP) * (value - low) / span

    columns = []
    for index, month in enumerate(months):
        for amount, css, top in (
            (month.received, "p-3", up(month.received)),
            (month.spent, "p-4", up(ZERO)),
        ):
            if amount:
                height = (BOTTOM - TOP) * amount / span
                columns.append(
                    Column(
                        f"{across(index) - width / 2:.1f}",
                        f"{top:.1f}",
                        f"{width:.1f}",
                        f"{height:.1f}",
                        css,
                    )
                )
    lowest = cash.lowest
    at = months.index(lowest)
    every = -(-len(months) // 8)
    return Curve(
        columns=columns,
        line=" ".join(f"{across(i):.1f},{up(m.balance):.1f}" for i, m in enumerate(months)),
        levels=[Mark(str(LEFT), f"{up(v):.1f}", v / 1000) for v in levels(low, high)],
        months=[
            Mark(f"{across(i):.1f}", "290", months[i].on) for i in range(0, len(months), every)
        ],
        zero=f"{up(ZERO):.1f}",
        lowest=Mark(f"{across(at):.1f}", f"{up(lowest.balance):.1f}", lowest),
        lowest_anchor=anchor(at, len(months)),
    )


def anchor(index: int, count: int) -> str:
    """So that a label near an edge stays within the drawing."""
    if index < count / 5:
        return ""
    return "t-end" if index > count * 4 / 5 else "t-mid"


def levels(low: Decimal, high: Decimal) -> list[Decimal]:
    step = round_step(high - low or HUNDRED)
    first = -(-low // step) * step if low >= 0 else -((-low) // step) * step
    found, value = [], first
    while value <= high:
        found.append(value)
        value += step
    return found
