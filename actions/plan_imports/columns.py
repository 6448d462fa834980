"""What each column of a plan holds, recognised by its heading. Pure."""

from dataclasses import dataclass

from crm.imports.reading import Headings
from crm.search import normalise


@dataclass(frozen=True)
class Target:
    """`headings` are whole headings, folded; the first is the one that our own export writes."""

    code: str
    label: str
    headings: tuple[str, ...]


TARGETS = [
    Target("code", "Code", ("code", "n°", "no", "numero", "code fiche", "n° fiche", "ref",
                            "reference", "code action", "n° action")),
    Target("title", "Intitulé", ("intitule", "titre", "fiche", "fiche action", "action", "libelle",
                                 "nom de l'action", "intitule de l'action", "nom", "operation")),
    Target("parent", "Sous-action de", ("sous-action de", "fiche mere", "action parente",
                                        "rattachee a")),
    Target("priority", "Action prioritaire (axe)", ("action prioritaire", "axe", "priorite locale",
                                                    "axe strategique", "orientation", "axe local")),
    Target("national_priorities", "Axes nationaux", ("axes nationaux", "axe national",
                                                     "axe ti", "axes ti")),
    Target("status", "Statut", ("statut", "etat", "avancement (statut)", "etat d'avancement")),
    Target("health", "Météo", ("meteo",)),
    Target("importance", "Niveau de priorité", ("niveau de priorite", "priorite", "importance")),
    Target("maturity", "Maturité", ("maturite",)),
    Target("progress", "Avancement (%)", ("avancement (%)", "avancement", "% avancement",
                                          "avancement en %", "taux d'avancement")),
    Target("budget_planned", "Budget prévu", ("budget prevu", "budget", "budget previsionnel",
                                              "montant", "cout", "cout previsionnel",
                                              "montant previsionnel")),
    Target("budget_committed", "Budget engagé", ("engage", "budget engage", "montant engage")),
    Target("budget_spent", "Budget dépensé", ("depense", "budget depense", "realise",
                                              "montant depense", "depenses realisees")),
    Target("pilot", "Pilote", ("pilote", "porteur", "chef de file", "maitre d'ouvrage",
                               "structure pilote", "pilote de l'action")),
    Target("partners", "Partenaires techniques", ("partenaires", "partenaires techniques",
                                                  "partenaire")),
    Target("financial_partners", "Partenaires financiers", ("partenaires financiers",
                                                            "financeurs", "financeur")),
    Target("frameworks", "Cadres", ("cadres", "cadre")),
    Target("beneficiaries", "Bénéficiaires", ("beneficiaires", "public", "cible", "publics")),
    Target("owner", "Suivie par", ("suivie par", "referent technique", "suivi", "charge de mission",
                                   "suivi par")),
    Target("starts_on", "Début", ("debut", "date de debut", "demarrage", "date debut")),
    Target("ends_on", "Fin", ("fin", "date de fin", "echeance", "date fin")),
    Target("context", "Contexte", ("contexte", "constat", "enjeux", "contexte et enjeux")),
    Target("objectives", "Objectifs", ("objectifs", "objectif", "description", "descriptif")),
    Target("blockers", "Freins", ("freins", "points de blocage", "difficultes", "frein")),
]  # fmt: skip
BY_CODE = {target.code: target for target in TARGETS}
BY_HEADING = {
    heading: (target.code, rank)
    for target in TARGETS
    for rank, heading in enumerate(target.headings)
}


def folded(heading):
    text = normalise(heading).replace("’", "'").strip(" :")
    for suffix in (" (€)", " en €", " (eur)", " ht", " ttc", " (€ ht)", " en euros"):
        text = text.removesuffix(suffix)
    return text.strip()


def recognise(heading):
    """The code of the column that a heading names, or an empty string."""
    return BY_HEADING.get(folded(heading), ("", 0))[0]


HEADINGS = Headings(recognise, "« Code », « Intitulé » ou « Action prioritaire »")


def guess(header):
    """{index: code}: of two columns for the same thing, the best known heading is read."""
    found = {}
    ranked = sorted(
        range(len(header)), key=lambda at: (BY_HEADING.get(folded(header[at]), ("", 99))[1], at)
    )
    for at in ranked:
        code = recognise(header[at])
        if code and code not in found.values():
            found[at] = code
    return {str(at): found[at] for at in sorted(found)}
