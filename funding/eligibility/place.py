"""The criterion of the place: a commune, or the many of a collective action."""

from dataclasses import dataclass

from funding.eligibility import wording
from funding.eligibility.base import Criterion, truth
from funding.eligibility.classes import EACH, Codes
from funding.eligibility.facts import MET, NOT_MET, UNKNOWN, Answer, Fact, Question

# Parameter: (fact, name of one place, name of many).
PLACES = {
    "regions": ("region", "région", "régions"),
    "departements": ("departement", "département", "départements"),
    "epcis": ("epci", "intercommunalité", "intercommunalités"),
    "communes": ("commune", "commune", "communes"),
}
TOLD = 4  # places of a perimeter named one by one; more are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Place(Criterion):
    """In one of the listed places, and in a Territoire d'industrie or a zone when required.

    A perimeter that covers several places has a set of them: inside when all are listed, outside
    when none is, to confirm when only some are."""

    listed: tuple[tuple[str, frozenset[str]], ...]
    in_ti: bool
    zone: str

    @classmethod
    def read(cls, row):
        found = ((name, row.codes(name)) for name in PLACES)
        listed = tuple((name, frozenset(codes)) for name, codes in found if codes)
        in_ti = row.flag("in_ti")
        if row.data.get("in_ti") is False:
            raise row.error("« in_ti » ne peut être que true.")
        zone = row.choice("zone", wording.ZONES, required=False)
        if not (listed or in_ti or zone):
            raise row.error("aucun lieu donné.")
        return {"listed": listed, "in_ti": in_ti, "zone": zone}

    def answer(self, facts, today):
        answer = self._among(facts) if self.listed else MET
        if self.in_ti:
            answer = min(answer, truth(facts.get("in_ti")))
        if self.zone:
            answer = min(answer, truth(facts.get(f"zone:{self.zone}")))
        return answer

    def classes(self, today):
        read = {PLACES[name][0]: Codes(codes) for name, codes in self.listed}
        if self.in_ti:
            read["in_ti"] = EACH
        if self.zone:
            read[f"zone:{self.zone}"] = EACH
        return read

    def _among(self, facts):
        answers = {among(facts.get(PLACES[name][0]), codes) for name, codes in self.listed}
        return next(answer for answer in (MET, UNKNOWN, NOT_MET) if answer in answers)

    def sentence(self):
        parts = []
        for name, codes in self.listed:
            _, one, many = PLACES[name]
            labels = [place_name(name, code) for code in sorted(codes)]
            parts.append(f"{one if len(labels) == 1 else many} {wording.listing(labels)}")
        conditions = [wording.listing(parts)] if parts else []
        if self.in_ti:
            conditions.append("dans un Territoire d’industrie")
        if self.zone:
            conditions.append(f"en {wording.ZONES[self.zone]}")
        return f"Lieu{wording.NBSP}: {', '.join(conditions)}"

    def used(self, facts):
        keys = [PLACES[name][0] for name, _ in self.listed]
        if self.in_ti or not keys:
            keys.append("commune")
        if self.in_ti:
            keys.append("in_ti")
        if self.zone:
            keys.append(f"zone:{self.zone}")
        return tuple(dict.fromkeys(keys))

    def found(self, facts, today):
        parts = []
        for name, (key, _, _) in PLACES.items():
            if key in self.used(facts) and (fact := facts.get(key)):
                parts.append(fact.label or place_found(name, fact.value))
        if self.in_ti and (inside := facts.get("in_ti")):
            where = "dans un" if inside.value else "hors d’un"
            parts.append(f"{where} Territoire d’industrie")
        zone_is_known = f"zone:{self.zone}" in facts
        if self.zone and (parts or zone_is_known):
            parts.append(self._zone_found(facts))
        return wording.capital(", ".join(parts)) if parts else "Lieu inconnu"

    def _zone_found(self, facts):
        zone = wording.ZONES[self.zone]
        if (fact := facts.get(f"zone:{self.zone}")) is None:
            return f"{zone}{wording.NBSP}: classement inconnu"
        return f"en {zone}" if fact.value else f"hors {zone}"

    def missing(self, facts):
        if self.listed and self._among(facts) is UNKNOWN:
            return "commune"
        if self.in_ti and "in_ti" not in facts:
            return "in_ti" if "commune" in facts else "commune"
        return f"zone:{self.zone}"

    def ask(self, key, facts):
        if key == "commune" and any(isinstance(one.value, frozenset) for one in facts.values()):
            sentence = f"Sur quelle partie de son périmètre le projet porte-t-il{wording.NBSP}?"
            return Question(key, sentence, "record")
        if key == "commune":
            sentence = f"Dans quelle commune le projet se situe-t-il{wording.NBSP}?"
            return Question(key, sentence, "record")
        where = "dans un Territoire d’industrie"
        if key != "in_ti":
            where = f"en {wording.ZONES[self.zone]}"
        sentence = f"Le projet se situe-t-il {where}{wording.NBSP}?"
        return Question(key, sentence, "yes_no")


def among(fact: Fact | None, codes: frozenset[str]) -> Answer:
    if fact is None:
        return UNKNOWN
    places = fact.value if isinstance(fact.value, frozenset) else {fact.value}
    if codes.issuperset(places):
        return MET
    return NOT_MET if codes.isdisjoint(places) else UNKNOWN


def place_found(parameter: str, value: str | frozenset[str]) -> str:
    _, one, many = PLACES[parameter]
    if not isinstance(value, frozenset):
        return f"{one} {place_name(parameter, value)}"
    names = sorted(place_name(parameter, code) for code in value)
    if len(names) > TOLD:
        return wording.counted(len(names), one, many)
    return f"{many} {wording.listing(names, 'et')}"


def place_name(parameter: str, code: str) -> str:
    return wording.REGIONS.get(code, code) if parameter == "regions" else code
