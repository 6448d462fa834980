"""De minimis: what a single undertaking may still receive, over three years rolling to the day.

The date of an aid is that of its grant, when the legal right is conferred, whatever the day of
payment; its amount is the gross grant equivalent (Règl. (UE) 2023/2831, art. 3). An aid counts on
a day when it was granted after the same day three years before.
"""

import datetime as dt
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal

from funding.eligibility import wording
from funding.financing import legal

GENERAL, SIEG, AGRICULTURE, FISHING = "2023/2831", "2023/2832", "1408/2013", "717/2014"
# Recorded, and filling no window: an exempted or notified regime.
OUTSIDE = "regime"
# The regulation before the present one; its aids still fill the window until the end of 2026.
FORMER = {"1407/2013": GENERAL, "360/2012": SIEG}
RULES = {
    GENERAL: "de_minimis.general",
    SIEG: "de_minimis.sieg",
    AGRICULTURE: "de_minimis.agriculture",
    FISHING: "de_minimis.fishing",
}
# Règl. (UE) 2023/2831, art. 5: the farm and fishing aids of a firm fill the general ceiling too.
COUNTED_WITH = {GENERAL: {GENERAL, AGRICULTURE, FISHING}}


# Words of a text without accents or capitals, the first that is found.
NEGATED = re.compile(r"\b(hors|non|pas)\b( \w+){0,3} minimis")
KINDS = (("sieg", SIEG), ("agri", AGRICULTURE), ("peche", FISHING))
OTHER_REGIME = re.compile(r"\bsa\.|\bregimes?\b|\brgec\b|exempt|notifi|651/2014")
CHOICE = re.compile(r"\bou\b|\bselon\b")


def regulation_named(text: str) -> str | None:
    """The code of the regulation that a text names, its accents and capitals folded; OUTSIDE when
    it says that it is not de minimis, None when it says nothing that is understood."""
    if NEGATED.search(text):
        return OUTSIDE
    for code in (*RULES, *FORMER):
        if re.search(rf"(?<!\d){code}(?!\d)", text):
            return code
    kind = next((code for word, code in KINDS if word in text), None)
    if "minimis" in text:
        return kind or GENERAL
    return OUTSIDE if OTHER_REGIME.search(text) else kind


def is_alone(legal_basis: str) -> bool:
    """A legal basis, folded, names de minimis and no other regime that might be used instead."""
    rest = legal_basis.replace("regime de minimis", "de minimis")
    others = (NEGATED, CHOICE, OTHER_REGIME)
    return "minimis" in rest and not any(other.search(rest) for other in others)


def doubts(are_firms_declared: bool, unrecorded: int) -> list[str]:
    """Why a ledger may not hold everything, in words; nothing when it is whole."""
    found = [] if are_firms_declared else ["entreprises liées non déclarées"]
    if unrecorded:
        files = wording.counted(unrecorded, "dossier accordé", "dossiers accordés")
        found.append(f"{files} pas encore au registre")
    return found


@dataclass(frozen=True, slots=True)
class GrantedAid:
    """One aid, of one SIREN of the undertaking. `amount` in euros of grant, None when unknown;
    `application` is the key of the file that it comes from, when it is known."""

    siren: str
    amount: Decimal | None
    granted_on: dt.date
    regulation: str = GENERAL
    application: int | None = None


def three_years_before(day: dt.date) -> dt.date:
    """29 February goes back to the 28th: that year has no other last day of the month."""
    try:
        return day.replace(year=day.year - 3)
    except ValueError:
        return day.replace(year=day.year - 3, day=28)


def ceiling(on: dt.date, regulation: str = GENERAL) -> legal.Limit | None:
    """The dated row of the ceiling in euros; None when no text is known on that day."""
    return legal.limit(RULES[regulation], on) if regulation in RULES else None


def counted(
    aids: Iterable[GrantedAid],
    on: dt.date,
    regulation: str = GENERAL,
    sirens: Collection[str] | None = None,
) -> list[GrantedAid]:
    """The aids that fill the window on that day, the oldest first.

    `sirens` are those of the undertaking (None: the caller has chosen the aids already)."""
    family = COUNTED_WITH.get(regulation, {regulation})
    since = three_years_before(on)
    kept = [
        aid
        for aid in aids
        if since < aid.granted_on <= on
        and FORMER.get(aid.regulation, aid.regulation) in family
        and (sirens is None or aid.siren in sirens)
    ]
    return sorted(kept, key=lambda aid: (aid.granted_on, aid.siren))


def received(aids: Iterable[GrantedAid]) -> Decimal | None:
    """The sum in euros, None as soon as one amount is unknown."""
    amounts = [aid.amount for aid in aids]
    return None if None in amounts else sum(amounts, Decimal(0))


def room(
    aids: Iterable[GrantedAid],
    on: dt.date,
    limit: Decimal | None = None,
    *,
    regulation: str = GENERAL,
    sirens: Collection[str] | None = None,
) -> Decimal | None:
    """Euros that may still be granted on that day, never below zero.

    None when an amount of the window is unknown or when no ceiling is known on that day. `limit`
    is the ceiling in euros; by default, that of the regulation on that day."""
    if limit is None:
        row = ceiling(on, regulation)
        limit = row.value if row else None
    total = received(counted(aids, on, regulation, sirens))
    if limit is None or total is None:
        return None
    return max(limit - total, Decimal(0))


def leaves_on(granted_on: dt.date) -> dt.date:
    """The first day on which an aid of that date no longer counts."""
    try:
        same_day = granted_on.replace(year=granted_on.year + 3)
    except ValueError:
        # Granted on 29 February: on 28 February three years later the window still begins before.
        return dt.date(granted_on.year + 3, 3, 1)
    return same_day


def reopens_on(
    aids: Iterable[GrantedAid],
    on: dt.date,
    limit: Decimal | None = None,
    *,
    wanted: Decimal = Decimal("0.01"),
    regulation: str = GENERAL,
    sirens: Collection[str] | None = None,
) -> dt.date | None:
    """The first day, `on` or later, when `wanted` euros fit if nothing else is granted.

    None when it can never be (more than the ceiling) or cannot be told (unknown amount, no
    ceiling). The ceiling is taken on `on`: nobody knows that of later texts."""
    if limit is None:
        row = ceiling(on, regulation)
        limit = row.value if row else None
    aids = counted(aids, on, regulation, sirens)
    if limit is None or wanted > limit or received(aids) is None:
        return None
    for day in (on, *(leaves_on(aid.granted_on) for aid in aids)):
        left = room(aids, day, limit, regulation=regulation)
        if day >= on and left is not None and left >= wanted:
            return day
    return None


def next_release(
    aids: Iterable[GrantedAid],
    on: dt.date,
    *,
    regulation: str = GENERAL,
    sirens: Collection[str] | None = None,
) -> tuple[dt.date, Decimal] | None:
    """(day, euros) of the next amount that leaves the window; None when nothing is in it, or when
    that amount is unknown."""
    aids = counted(aids, on, regulation, sirens)
    if not aids:
        return None
    day = leaves_on(aids[0].granted_on)
    freed = received(aid for aid in aids if leaves_on(aid.granted_on) == day)
    return None if freed is None else (day, freed)
