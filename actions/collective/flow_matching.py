"""Which flow of one site could answer the need of another: industrial ecology, with its reasons.

No Django. Quantities are `Decimal` a year in the base unit of their family (MWh, t, m³…), months
are numbers from 1 to 12, temperatures are in °C, distances in km. A missing fact is None (or no
month at all): its criterion is « unknown » and asks its question; it never passes nor fails.
"""

from dataclasses import dataclass
from decimal import Decimal

from actions.collective.distances import Place, kilometres, said

MET, UNMET, UNKNOWN = "met", "unmet", "unknown"
# code: (base unit, factor). Each stands beside those it can be compared with.
UNITS = {
    "MWh": ("MWh", Decimal(1)),
    "kWh": ("MWh", Decimal("0.001")),
    "GJ": ("MWh", Decimal(1) / Decimal("3.6")),
    "m3": ("m³", Decimal(1)),
    "l": ("m³", Decimal("0.001")),
    "t": ("t", Decimal(1)),
    "kg": ("t", Decimal("0.001")),
    "unites": ("unités", Decimal(1)),
    "palettes": ("palettes", Decimal(1)),
    "trajets": ("trajets", Decimal(1)),
    "m2": ("m²", Decimal(1)),
    "heures": ("heures", Decimal(1)),
    "jours": ("jours", Decimal(1)),
}
# The kinds of flow with the units that suit them, the usual one first.
KINDS = {
    "heat": ("MWh", "kWh", "GJ"),
    "water": ("m3", "l"),
    "matter": ("t", "kg", "m3"),
    "packaging": ("t", "kg", "unites", "palettes"),
    "transport": ("trajets", "palettes", "t"),
    "space": ("m2", "palettes"),
    "skills": ("jours", "heures"),
}
# How far each kind usually travels, in km: an order of magnitude to search with, not a rule.
REACH = {
    "heat": 5,
    "water": 10,
    "matter": 50,
    "packaging": 50,
    "transport": 30,
    "space": 20,
    "skills": 30,
}
STANDING = {"space"}  # what is there, and does not add up month after month
LITTLE = Decimal("0.1")  # a flow that covers less of a need than this does not answer it
MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
    "octobre", "novembre", "décembre",
)  # fmt: skip


@dataclass(frozen=True)
class Stream:
    """One flow as the matching reads it; `words` are the folded words of what it is."""

    pk: int
    kind: str
    organisation: int
    words: frozenset = frozenset()
    quantity: Decimal | None = None  # a year, in `unit`
    unit: str = ""  # a base unit
    months: frozenset = frozenset()  # none: not known
    temperature: Decimal | None = None
    place: Place = Place()


@dataclass(frozen=True)
class Criterion:
    name: str
    state: str
    said: str
    question: str = ""


@dataclass(frozen=True)
class Match:
    source: Stream
    need: Stream
    criteria: tuple
    coverage: Decimal | None
    km: float | None

    def _count(self, state):
        return sum(criterion.state == state for criterion in self.criteria)

    @property
    def met(self):
        return self._count(MET)

    @property
    def unmet(self):
        return self._count(UNMET)

    @property
    def unknown(self):
        return self._count(UNKNOWN)

    @property
    def verdict(self):
        return UNMET if self.unmet else UNKNOWN if self.unknown else MET

    @property
    def questions(self):
        return [criterion.question for criterion in self.criteria if criterion.question]

    @property
    def rank(self):
        """Nothing against first, then the same thing, the least to ask, the best covered, the
        nearest."""
        other = self.criteria[0].state != MET
        covered = min(self.coverage, Decimal(1)) if self.coverage is not None else Decimal(0)
        km = self.km if self.km is not None else float("inf")
        return (self.unmet, other, self.unknown, -covered, km, self.source.pk, self.need.pk)


def annual(quantity, unit, per, months, kind=""):
    """(quantity a year, base unit), or (None, "") when it does not follow from what is known.

    `per` is « year » or « month », a month in which the flow runs; a room is as large in three
    months as in one.
    """
    if quantity is None or unit not in UNITS:
        return None, ""
    base, factor = UNITS[unit]
    if per == "month" and kind not in STANDING:
        return (quantity * factor * len(months), base) if months else (None, "")
    return quantity * factor, base


def matches(sources, needs, *, reach=None):
    """Each source with each need of its kind, in another organisation, the best first.

    `reach` is in km for every kind; without one, each kind has its own.
    """
    wanted = {}
    for need in needs:
        wanted.setdefault(need.kind, []).append(need)
    found = [
        match(source, need, reach)
        for source in sources
        for need in wanted.get(source.kind, ())
        if need.organisation != source.organisation
    ]
    return sorted(found, key=lambda one: one.rank)


def match(source, need, reach=None):
    coverage = covered(source, need)
    criteria = [
        same_thing(source, need),
        enough(source, need, coverage),
        in_season(source, need),
        near(source, need, REACH[source.kind] if reach is None else reach),
    ]
    if source.kind == "heat":
        criteria.append(hot_enough(source, need))
    km = kilometres(source.place, need.place)
    return Match(source, need, tuple(criteria), coverage, km)


def same_thing(source, need):
    """Heat is heat; a matter is another one unless the two sides name it alike."""
    if source.kind == "heat":
        return Criterion("Nature", MET, "de la chaleur des deux côtés")
    if source.words & need.words:
        return Criterion("Nature", MET, "nommée par les mêmes mots des deux côtés")
    return Criterion(
        "Nature",
        UNKNOWN,
        "nommée par d’autres mots de chaque côté",
        "Ce que l’un propose convient-il à ce que l’autre cherche\u00a0?",
    )


def covered(source, need):
    """The share of the need that the source covers, None when it cannot be told."""
    if source.quantity is None or not need.quantity or source.unit != need.unit:
        return None
    return source.quantity / need.quantity


def enough(source, need, coverage):
    if coverage is None:
        if source.quantity is None and need.quantity is None:
            side = "les quantités sont inconnues"
        elif source.quantity is None or need.quantity is None:
            side = (
                f"la quantité {'offerte' if source.quantity is None else 'cherchée'} est inconnue"
            )
        elif source.unit == need.unit:
            side = "le besoin noté est de zéro"
        else:
            side = f"{source.unit} d’un côté, {need.unit} de l’autre"
        return Criterion("Quantité", UNKNOWN, side, "Combien par an, dans la même unité\u00a0?")
    share = int(min(coverage, Decimal(1)) * 100)
    if coverage >= 1:
        return Criterion("Quantité", MET, "couvre tout le besoin")
    if coverage < LITTLE:
        return Criterion("Quantité", UNMET, "couvre moins d’un dixième du besoin")
    return Criterion("Quantité", MET, f"couvre {share}\u00a0% du besoin")


def in_season(source, need):
    if not source.months or not need.months:
        return Criterion(
            "Saison", UNKNOWN, "les mois ne sont pas connus", "Quels mois de l’année\u00a0?"
        )
    common = source.months & need.months
    if not common:
        return Criterion("Saison", UNMET, "aucun mois en commun")
    if common == need.months:
        return Criterion("Saison", MET, "tous les mois du besoin")
    return Criterion(
        "Saison",
        MET,
        f"{len(common)} mois du besoin sur {len(need.months)}\u00a0: {period(common)}",
    )


def near(source, need, reach):
    km = kilometres(source.place, need.place)
    if km is None:
        return Criterion(
            "Distance", UNKNOWN, "distance inconnue", "Où sont les deux sites, précisément\u00a0?"
        )
    told = said(source.place, need.place)
    if km <= reach:
        return Criterion("Distance", MET, told)
    if round(km) <= reach:  # « à 5 km, au-delà de 5 km » would contradict itself
        return Criterion("Distance", UNMET, f"à un peu plus de {reach}\u00a0km")
    return Criterion("Distance", UNMET, f"{told}, au-delà de {reach}\u00a0km")


def hot_enough(source, need):
    if source.temperature is None or need.temperature is None:
        if source.temperature is None and need.temperature is None:
            side, told = "offerte, et demandée", "les températures sont inconnues"
        else:
            side = "offerte" if source.temperature is None else "demandée"
            told = f"la température {side} est inconnue"
        question = f"À quelle température la chaleur est-elle {side}\u00a0?"
        return Criterion("Température", UNKNOWN, told, question)
    degrees = f"{degree(source.temperature)} pour {degree(need.temperature)} demandés"
    if source.temperature >= need.temperature:
        return Criterion("Température", MET, degrees)
    return Criterion("Température", UNMET, f"{degrees}\u00a0: il faudrait la relever")


def degree(value):
    return (
        f"{f'{value:f}'.rstrip('0').rstrip('.') if '.' in f'{value:f}' else value}\u00a0°C".replace(
            ".", ","
        ).replace("-", "\u2212")
    )


def period(months):
    """« toute l’année », « de mai à septembre », « mars et octobre »; a season may pass the new
    year: « de novembre à février ». Nothing for no month."""
    if not months:
        return ""
    if len(months) == 12:
        return "toute l’année"
    starts = [month for month in sorted(months) if (month - 2) % 12 + 1 not in months]
    return " et ".join(run(start, months) for start in starts)


def run(start, months):
    """The months that follow each other from `start`: « mars », « d’août à octobre »."""
    last = start
    while last % 12 + 1 in months:
        last = last % 12 + 1
    first = MONTHS[start - 1]
    if start == last:
        return first
    return f"{'d’' if first[0] in 'ao' else 'de '}{first} à {MONTHS[last - 1]}"
