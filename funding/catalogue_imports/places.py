"""Names and codes of places → a place criterion when they are certain, None when they are not."""

import re
from dataclasses import dataclass, field

from crm.models import Departement, Epci, Region
from funding.catalogue_imports.values import key_of
from funding.eligibility.wording import REGIONS

# Collectivities of overseas: no région, and codes of the rank of a département.
OVERSEAS = {
    "975": "Saint-Pierre-et-Miquelon",
    "977": "Saint-Barthélemy",
    "978": "Saint-Martin",
    "984": "Terres australes et antarctiques françaises",
    "986": "Wallis et Futuna",
    "987": "Polynésie française",
    "988": "Nouvelle-Calédonie",
    "989": "Ile de Clipperton",
}
OVERSEAS_REGIONS = frozenset({"01", "02", "03", "04", "06"})
FRANCE = {
    *("france", "france entiere", "toute la france", "europe", "union europeenne", "pays"),
    *("france et territoires d'outre-mer", "france metropolitaine et outre-mer", "national"),
    *("france metropolitaine et territoires d'outre-mer", "tout le territoire national"),
}
MAINLAND = {
    *("france metropolitaine", "metropole", "france hors outre-mer", "france hexagonale"),
    *("france metropolitaine et corse", "france continentale et corse"),
}
ABROAD = {"outre-mer", "france d'outre-mer", "territoires d'outre-mer", "departements d'outre-mer"}
LISTED = ("regions", "departements", "epcis", "communes")
ALIASES = {"reunion": "04", "paca": "93", "sud": "93", "centre": "24"}


@dataclass
class Area:
    """Codes by the parameters of a place criterion; the whole country has none."""

    regions: set = field(default_factory=set)
    departements: set = field(default_factory=set)
    epcis: set = field(default_factory=set)
    communes: set = field(default_factory=set)
    is_france: bool = False

    def add(self, other):
        for name in LISTED:
            getattr(self, name).update(getattr(other, name))
        self.is_france |= other.is_france

    def criterion(self):
        """None for the whole country, which excludes nobody."""
        if self.is_france:
            return None
        listed = {name: sorted(getattr(self, name)) for name in LISTED if getattr(self, name)}
        return {"kind": "place", "key": "place", **listed}

    def without(self, other):
        """This area less another one; None when it cannot be said with codes alone."""
        if other.departements - OVERSEAS.keys() or other.epcis or other.communes:
            return None
        if other.is_france:
            return None
        mine = country() if self.is_france else self
        if mine.epcis or mine.communes or mine.departements - OVERSEAS.keys():
            return None
        left = Area(mine.regions - other.regions, mine.departements - other.departements)
        return left if left.regions or left.departements else None


def country():
    return Area(set(REGIONS), set(OVERSEAS))


def mainland():
    return Area(set(REGIONS) - OVERSEAS_REGIONS)


def overseas():
    return Area(set(OVERSEAS_REGIONS), set(OVERSEAS))


class Places:
    """The names that a catalogue may use, loaded once: no query a row."""

    def __init__(self, regions, departements, epcis):
        self.region_names, self.departement_names = dict(regions), dict(departements)
        self.epci_names = dict(epcis)
        self.regions = {key_of(name): code for code, name in [*REGIONS.items(), *regions]}
        self.regions |= ALIASES
        self.departements = {
            key_of(name): code for code, name in [*OVERSEAS.items(), *departements]
        }
        self.epcis = {}
        for siren, name in epcis:
            self.epcis.setdefault(key_of(name), set()).add(siren)

    @classmethod
    def load(cls):
        return cls(
            list(Region.objects.values_list("code", "name")),
            list(Departement.objects.values_list("code", "name")),
            list(Epci.objects.values_list("siren", "name")),
        )

    # ── By name ──

    def of_name(self, name, scale=""):
        """The Area of a name, of that scale when it is given; None when it is not certain."""
        key, scale = key_of(name), key_of(scale)
        if scale in {"pays", "country", "continent"} or (not scale and key in FRANCE):
            return Area(is_france=True) if key in FRANCE | {"france"} else None
        if key in MAINLAND:
            return mainland()
        if key in ABROAD:
            return overseas()
        if scale in {"metropole", "mainland", "outre-mer", "overseas"}:
            code = self.departements.get(key)
            return Area(departements={code}) if code in OVERSEAS else None
        if scale in {"epci", "intercommunalite"}:
            sirens = self.epcis.get(key, set())
            return Area(epcis=set(sirens)) if len(sirens) == 1 else None
        if scale and scale not in {"region", "departement", "department"}:
            return None
        if scale != "departement" and scale != "department" and key in self.regions:
            return Area(regions={self.regions[key]})
        if scale != "region" and key in self.departements:
            return Area(departements={self.departements[key]})
        return None

    def of_names(self, names):
        """(Area or None, the names that are not known): one unknown name makes the whole unsure."""
        area, unknown = Area(), []
        for name in names:
            found = self.of_name(name)
            if found is None:
                unknown.append(name)
            else:
                area.add(found)
        return (None if unknown else area), unknown

    # ── By code ──

    def of_codes(self, said):
        """« REG-76|DEP-05 », the codes of the official geographic code; the unknown ones apart."""
        area, unknown = Area(), []
        for code in filter(None, (part.strip().upper() for part in said.split("|"))):
            if not self._add_code(area, code):
                unknown.append(code)
        return (None if unknown else area), unknown

    def _add_code(self, area, code):
        kind, _, digits = code.partition("-")
        if code in {"PAYS-99100", "PAYS-FR", "PAYS-FRANCE"}:
            area.is_france = True
        elif kind == "REG" and digits in REGIONS:
            area.regions.add(digits)
        elif digits in {"DEP": self.departement_names | OVERSEAS, "COM": OVERSEAS}.get(kind, {}):
            area.departements.add(digits)
        elif kind == "EPCI" and digits in self.epci_names:
            area.epcis.add(digits)
        elif kind == "COM" and re.fullmatch(r"\d[\dAB]\d{3}", digits):
            area.communes.add(digits)
        else:
            return False
        return True

    def label(self, code):
        """« Occitanie » for REG-76, the code itself when it is not known."""
        kind, _, digits = code.partition("-")
        names = {
            "REG": self.region_names | REGIONS,
            "DEP": self.departement_names | OVERSEAS,
            "COM": OVERSEAS,
            "EPCI": self.epci_names,
        }.get(kind, {})
        return "France" if code == "PAYS-99100" else names.get(digits, code)

    # ── What a program says of its scope ──

    def scope(self, area):
        """(level, label) of an area that is certain."""
        if area.is_france:
            return "national", "France entière"
        for name, level in zip(LISTED, ("region", "departement", "epci", "commune"), strict=True):
            codes = getattr(area, name)
            if codes and not any(getattr(area, other) for other in LISTED if other != name):
                return level, ", ".join(self.name_of(name, code) for code in sorted(codes))
        parts = [self.name_of(name, code) for name in LISTED for code in getattr(area, name)]
        return "region", ", ".join(sorted(parts))

    def name_of(self, name, code):
        names = {
            "regions": REGIONS,
            "departements": self.departement_names | OVERSEAS,
            "epcis": self.epci_names,
        }.get(name, {})
        return names.get(code, code)
