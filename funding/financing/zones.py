"""What a zone adds to a ceiling, or asks of it, from the dated table of legal figures.

`zone_bonus.<program or purpose>.<zone>` are points of percent; `zone_only.<purpose>.<zone>` closes
a regime outside the zone. A commune that no loaded list names is in doubt: the answer is then « à
vérifier » wherever the zone would change it, and never a breach.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from funding.eligibility import wording
from funding.financing import legal

ZONES = tuple(wording.ZONES)


@dataclass(frozen=True, slots=True)
class Bonus:
    """Points of percent that a zone adds. `inside` is None while nobody knows the zone of the
    commune; `is_sure` is false when the points were not read, or no longer hold."""

    zone: str
    points: Decimal
    inside: bool | None
    is_sure: bool
    reference: str

    @property
    def is_settled(self) -> bool:
        return self.inside is not None and self.is_sure

    @property
    def text(self) -> str:
        where = wording.ZONES[self.zone]
        points = wording.counted(int(self.points), "point")
        if self.inside is None:
            return f"{points} de plus en {where} : la zone de la commune est à confirmer."
        sure = "" if self.is_sure else ", à relire à la source"
        return f"Commune en {where} : {points} de plus{sure}."


def bonus(name: str, zones: Mapping[str, bool], day: dt.date) -> Bonus | None:
    """What being in a zone adds to the ceiling of a program or of a purpose; None when nothing
    does, or when the commune is known to be outside."""
    for zone in ZONES:
        rule = f"zone_bonus.{name}.{zone}"
        rows = legal.limits().get(rule)
        if rows and zones.get(zone) is not False:
            # On a day that no row covers there may be one all the same: nothing is sure then.
            row = legal.last_known(rule, day) or rows[0]
            sure = row.is_sure and row.holds_on(day)
            return Bonus(zone, row.value, zones.get(zone), sure, row.reference)
    return None


def only_in(name: str, zones: Mapping[str, bool], day: dt.date) -> tuple[legal.Limit | None, str]:
    """The row that closes a regime where the commune lies, if one does, and what to say of the only
    zone where that regime holds, unless the commune is in it."""
    for zone in ZONES:
        row = legal.limit(f"zone_only.{name}.{zone}", day)
        if row and not zones.get(zone):
            doubt = zones.get(zone) is None
            text = f"Ce régime ne vaut qu’en {wording.ZONES[zone]}"
            return (None if doubt else row), text + (
                ", à confirmer pour la commune." if doubt else ", hors de laquelle est la commune."
            )
    return None, ""
