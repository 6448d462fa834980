"""The name of a funder, as a catalogue writes it → the one we know, or one to create."""

import re

from crm.search import normalise
from funding.models import Funder

STATE = re.compile(
    r"(etat|ministere|prefecture|prefectures|direction departementale|dreal|dreets)\b"
)
ALIASES = {
    "banque publique d'investissement france": "bpifrance",
    "bpi": "bpifrance",
    "bpi france": "bpifrance",
    "bpifrance financement": "bpifrance",
    "agence de l'environnement et de la maitrise de l'energie": "ademe",
    "agence de l environnement et de la maitrise de l energie": "ademe",
    "caisse des depots": "banque_des_territoires",
    "caisse des depots et consignations": "banque_des_territoires",
    "conseil regional d'occitanie": "region_occitanie",
    "conseil regional occitanie": "region_occitanie",
    "conseil departemental du gers": "departement_gers",
    "conseil departemental du tarn et garonne": "departement_tarn_et_garonne",
    "conseil departemental de tarn et garonne": "departement_tarn_et_garonne",
    "agence de l'eau adour garonne": "agence_eau_adour_garonne",
}
KINDS = (
    ("region", re.compile(r"(conseil regional|region)\b")),
    ("departement", re.compile(r"(conseil departemental|departement)\b")),
    ("europe", re.compile(r"(union europeenne|commission europeenne|europe)\b")),
    ("chamber", re.compile(r"(cci|cma|chambre)\b")),
    ("opco", re.compile(r"(opco|operateur de competences)\b")),
    ("local", re.compile(r"(commune|communaute|metropole|ville|petr|syndicat|agglomeration)\b")),
    ("agency", re.compile(r"(agence|office)\b")),
)


class Funders:
    """Known ones by every name they go by; those to come by the code they will have."""

    def __init__(self, funders):
        self.names, self.codes, self.coming = {}, set(), {}
        for funder in funders:
            self.codes.add(funder.pk)
            for name in (funder.name, funder.short_name):
                self.names.setdefault(key(name), funder.pk)

    @classmethod
    def load(cls):
        return cls(Funder.objects.all())

    def code_of(self, name):
        """The code, known or to come."""
        brackets = re.findall(r"\(([^()]{2,60})\)", name)
        bare = re.sub(r"\([^()]*\)", " ", name)
        for said in (name, bare, *brackets):
            wanted = key(said)
            found = self.names.get(wanted) or ALIASES.get(wanted)
            if found in self.codes:
                return found
        if "etat" in self.codes and STATE.match(key(name)):
            return "etat"
        return self._to_come(name)

    def _to_come(self, name):
        wanted = key(name)
        if wanted not in self.names:
            stem = re.sub(r"[^a-z0-9]+", "_", normalise(name)).strip("_")[:26] or "financeur"
            code, rank = stem, 1
            while code in self.codes:
                rank += 1
                code = f"{stem}_{rank}"
            self.names[wanted] = code
            self.codes.add(code)
            self.coming[code] = Funder(
                code=code, name=name[:150], short_name=name[:60], kind=kind_of(name)
            )
        return self.names[wanted]


def key(name):
    return " ".join(re.sub(r"[^a-z0-9' ]+", " ", normalise(name)).split())


def kind_of(name):
    wanted = key(name)
    return next((kind for kind, said in KINDS if said.match(wanted)), "other")
