"""What an amount pays of what is chosen, in the order of priority. Pure: no Django.

Euros are Decimal; an unknown amount is None and takes nothing, so that what remains is then a
maximum and says so.
"""

from dataclasses import dataclass
from decimal import Decimal

WHOLE, PART, NOTHING, UNKNOWN = "whole", "part", "nothing", "unknown"


@dataclass(frozen=True)
class Share:
    """What one choice gets: `paid` euros of `amount`, once those before it are served."""

    key: str
    amount: Decimal | None
    paid: Decimal | None
    state: str

    @property
    def missing(self) -> Decimal | None:
        return None if self.amount is None else self.amount - self.paid


@dataclass(frozen=True)
class Spending:
    amount: Decimal
    shares: tuple[Share, ...]

    @property
    def used(self) -> Decimal:
        """The known amounts chosen, even over the envelope."""
        return sum((share.amount for share in self.shares if share.amount is not None), Decimal(0))

    @property
    def unknown(self) -> int:
        return sum(share.amount is None for share in self.shares)

    @property
    def left(self) -> Decimal:
        """What remains, at most where an amount is unknown; negative when it is exceeded."""
        return self.amount - self.used

    @property
    def excess(self) -> Decimal:
        return max(-self.left, Decimal(0))

    @property
    def bar(self) -> list[tuple[str, str, str]]:
        """(x, width, class) of each known amount on 1000, what exceeds apart, as SVG text."""
        scale = 1000 / float(max(self.amount, self.used))
        parts, at = [], Decimal(0)
        for i, share in enumerate(share for share in self.shares if share.amount):
            for euros, css in ((share.paid, ("p-2", "p-3")[i % 2]), (share.missing, "p-bad")):
                if euros:
                    parts.append((f"{float(at) * scale:.1f}", f"{float(euros) * scale:.1f}", css))
                at += euros
        return parts

    @property
    def limit(self) -> str:
        """Where the envelope ends on the same 1000."""
        return f"{float(self.amount) * 1000 / float(max(self.amount, self.used)):.1f}"


def spend(amount: Decimal, choices: list[tuple[str, Decimal | None]]) -> Spending:
    """Serve (key, amount) in order: in whole, in part with what is left, or not at all."""
    left, shares = amount, []
    for key, asked in choices:
        paid = None if asked is None else min(asked, left)
        shares.append(Share(key, asked, paid, state(asked, paid)))
        left -= paid or 0
    return Spending(amount, tuple(shares))


def state(asked: Decimal | None, paid: Decimal | None) -> str:
    if asked is None:
        return UNKNOWN
    if paid == asked:
        return WHOLE
    return PART if paid else NOTHING
