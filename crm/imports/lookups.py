"""The communes and code lists a file is read against, loaded once: no query a row."""

import difflib
import re
from functools import cached_property

from crm.forms.communes import CEDEX, name_key
from crm.models import Commune, FormerCommune, NafCode, Organisation, Sector, WorkforceBand
from crm.search import normalise

ARTICLE = re.compile(r"^(l|le|la|les) ")
ARTICLE_BEHIND = re.compile(r"\(\s*(l'|le|la|les)\s*\)")
IN_BRACKETS = re.compile(r"\(\s*(\d[\dab]\d{0,3})\s*\)")
POSTAL_FIRST = re.compile(r"^\s*(\d{5})\s+(\D.*)$", re.DOTALL)


class Gazetteer:
    """Communes by code and by name, former ones included; `inside` tells the territory’s."""

    def __init__(self, communes, former):
        self.by_code = {commune.pk: commune for commune in communes}
        self.by_name = index(communes, lambda commune: commune)
        merged = [old for old in former if old.commune_id in self.by_code]
        self.former_by_code = {
            old.code: (old.name, self.by_code[old.commune_id])
            for old in merged
            if old.code not in self.by_code
        }
        self.former_by_name = index(merged, lambda old: (old.name, self.by_code[old.commune_id]))

    def of_code(self, code):
        """(former name or "", commune), or None."""
        if code in self.by_code:
            return "", self.by_code[code]
        return self.former_by_code.get(code)

    def of_name(self, key, hint):
        """[(former name or "", commune)]; current names win over former ones."""
        found = [("", commune) for commune in narrow(self.by_name.get(key, []), hint)]
        if found:
            return found
        former = self.former_by_name.get(key, [])
        kept = {commune.pk for commune in narrow([commune for _, commune in former], hint)}
        return [(name, commune) for name, commune in former if commune.pk in kept]


def index(rows, value):
    names = {}
    for row in rows:
        key = name_key(row.name)
        for spelling in {key, ARTICLE.sub("", key)}:
            names.setdefault(spelling, []).append(value(row))
    return names


def narrow(communes, hint):
    """Those of the postal code or département; a CEDEX code only tells the département."""
    if not hint:
        return communes
    exact = [commune for commune in communes if hint in commune.postal_codes.split("|")]
    return exact or [
        commune
        for commune in communes
        if commune.pk == hint or commune.departement_id in {hint, hint[:2], hint[:3]}
    ]


class Places:
    def __init__(self, territory, *, accepts_outside=False):
        self.accepts_outside = accepts_outside
        members = list(territory.communes)
        former = FormerCommune.objects.filter(commune__in=territory.communes)
        self.inside = Gazetteer(members, list(former))
        self.names = {name_key(commune.name): commune.name for commune in members}
        self.postal_codes = {code for c in members for code in c.postal_codes.split("|") if code}
        self.answers = {}

    @cached_property
    def france(self):
        """Only for the files that name a place outside the territory: 35 000 communes."""
        return Gazetteer(list(Commune.objects.all()), list(FormerCommune.objects.all()))

    def find(self, code, name, postal_code):
        """(commune or None, remarks); ValueError with the reason of the refusal."""
        asked = (code, name, postal_code)
        if asked not in self.answers:
            try:
                self.answers[asked] = self._find(*asked)
            except ValueError as refusal:
                self.answers[asked] = refusal
        answer = self.answers[asked]
        if isinstance(answer, ValueError):
            raise answer
        return answer

    def _find(self, code, name, postal_code):
        if code:
            return self._by_code(code, name)
        if name:
            return self._by_name(name, postal_code)
        return self._by_postal_code(postal_code)

    def _by_code(self, code, name):
        wanted = code.removesuffix(".0").upper().zfill(5)
        found = self.inside.of_code(wanted) or self.france.of_code(wanted)
        if not found:
            raise ValueError(f"code INSEE « {code} » inconnu")
        if name:
            named = self.inside.of_name(key_of(name), "")
            if named and found[1].pk not in {other.pk for _, other in named}:
                raise ValueError(
                    f"le code INSEE {wanted} est celui de {found[1].name}, pas de « {name} »"
                )
        return self._accept(*found, name or found[1].name)

    def _by_name(self, text, postal_code):
        postal_code, name = split_place(text, postal_code)
        key = key_of(name)
        found = self.inside.of_name(key, postal_code) or self.france.of_name(key, postal_code)
        if not found:
            elsewhere = self.inside.of_name(key, "") if postal_code else []
            if elsewhere:
                raise ValueError(f"« {name} » n’est pas une commune du code postal {postal_code}")
            raise ValueError(f"commune « {text} » inconnue{self._suggestion(key, postal_code)}")
        communes = {commune.pk: commune for _, commune in found}
        if len(communes) > 1:
            if not self.accepts_outside and not communes.keys() & self.inside.by_code.keys():
                raise ValueError(f"commune « {text} » hors du territoire")
            codes = ", ".join(f"{c.name} ({c.pk})" for c in list(communes.values())[:4])
            raise ValueError(f"« {text} » peut être {codes}… : donnez le code INSEE")
        return self._accept(*found[0], text)

    def _by_postal_code(self, postal_code):
        if not postal_code:
            return None, []
        if postal_code in self.postal_codes:
            return None, [f"Commune à confirmer : seul le code postal {postal_code} est donné."]
        if self.accepts_outside:
            return None, [f"Code postal {postal_code} hors du territoire."]
        raise ValueError(f"code postal {postal_code} hors du territoire")

    def _accept(self, former, commune, text):
        remarks = []
        if former and name_key(former) != name_key(commune.name):
            remarks.append(f"{former} a fusionné : c’est {commune.name} ({commune.pk}).")
        if commune.pk not in self.inside.by_code:
            if not self.accepts_outside:
                raise ValueError(f"commune « {text} » hors du territoire")
            remarks.append(f"{commune.name} ({commune.pk}) est hors du territoire.")
        return commune, remarks

    def _suggestion(self, key, postal_code):
        """The nearest name, less near if the postal code agrees: « Baumont » at 82500."""
        there = {
            name_key(commune.name)
            for commune in self.inside.by_code.values()
            if postal_code and postal_code in commune.postal_codes.split("|")
        }
        close = difflib.get_close_matches(key, there, n=1, cutoff=0.5)
        close = close or difflib.get_close_matches(key, self.names, n=1, cutoff=0.75)
        return f". Vouliez-vous dire « {self.names[close[0]]} » ?" if close else ""


def key_of(text):
    """The name alone: « L'ISLE-JOURDAIN CEDEX » and « Isle-Jourdain (L') » are the same."""
    folded = IN_BRACKETS.sub(" ", ARTICLE_BEHIND.sub(" ", CEDEX.sub(" ", normalise(text))))
    return ARTICLE.sub("", name_key(folded))


def split_place(text, postal_code):
    """« 32500 Fleurance » and « Fleurance (32) » carry their own clue, unless a column does."""
    first = POSTAL_FIRST.match(text)
    if first:
        return postal_code or first[1], first[2].strip()
    bracket = IN_BRACKETS.search(normalise(text))
    return postal_code or (bracket[1].upper() if bracket else ""), text


class CodeLists:
    """NAF, bands of headcount, sectors and kinds, by what a file calls them."""

    def __init__(self, territory):
        self.naf = set(
            NafCode.objects.filter(vintage=NafCode.Vintage.REV2).values_list("code", flat=True)
        )
        self.bands = {band.pk: band for band in WorkforceBand.objects.all()}
        self.bands_by_bounds = {
            (band.low, band.high): band for band in self.bands.values() if band.pk != "NN"
        }
        self.sectors = {}
        for sector in Sector.objects.of(territory):
            for spelling in (sector.code, sector.label, sector.short_label):
                self.sectors.setdefault(normalise(spelling), sector)
        self.kinds = {normalise(kind.label): kind.value for kind in Organisation.Kind}
