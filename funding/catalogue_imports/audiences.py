"""Who an aid is for, in the words of each catalogue → kinds of holder. Pure.

A kind is certain (True) when the words mean all of it, unsure (False) when only some of it.
"""

from funding.catalogue_imports.values import key_of, texts
from funding.eligibility.wording import quoted

AUDIENCES = {
    # Mission Transition (schema) and Aides-territoires, labels and slugs
    "communes": {"commune": True},
    "commune": {"commune": True},
    "epci a fiscalite propre": {"epci": True},
    "epci": {"epci": True, "petr": True},
    "intercommunalite / pays": {"epci": True, "petr": True},
    "intercommunalites / pays": {"epci": True, "petr": True},
    "departements": {"public_body": False},
    "departement": {"public_body": False},
    "department": {"public_body": False},
    "regions": {"public_body": False},
    "region": {"public_body": False},
    "collectivite d'outre-mer a statuts particuliers": {"public_body": False},
    "collectivite d'outre-mer a statut particulier": {"public_body": False},
    "special": {"public_body": False},
    "associations": {"association": True},
    "association": {"association": True},
    "particuliers": {},
    "particulier": {},
    "private_person": {},
    "agriculteurs": {"company": False},
    "agriculteur": {"company": False},
    "farmer": {"company": False},
    "entreprises privees": {"company": True},
    "entreprise privee": {"company": True},
    "private_sector": {"company": True},
    "entreprises": {"company": True},
    "entreprises publiques locales (sem, spl, semop)": {"company": False, "public_body": False},
    "entreprise publique locale (sem, spl, semop)": {"company": False, "public_body": False},
    "public_cies": {"company": False, "public_body": False},
    "etablissements publics - services de l'etat": {"public_body": True, "chamber": True},
    "etablissement public (ecole, bibliotheque…) / service de l'etat": {
        "public_body": True,
        "chamber": True,
    },
    "etablissement public / service de l'etat": {"public_body": True, "chamber": True},
    "etablissement public dont services de l'etat": {"public_body": True, "chamber": True},
    "public_org": {"public_body": True, "chamber": True},
    "recherche": {"public_body": False, "other": False},
    "researcher": {"public_body": False, "other": False},
    # data.gouv
    "professionnels": {"company": True},
    "secteur public": {
        **dict.fromkeys(("commune", "epci", "petr", "public_body", "chamber"), True),
        "housing_body": False,
    },
}


def companies(said, draft):
    """Those named, or companies: the catalogue is made for them."""
    said = texts(said, "types bénéficiaire")
    if said:
        named(said, draft)
    else:
        draft.beneficiaries({"company"})


def named(said, draft):
    """The kinds that the words surely mean; for the rest, plain text and a warning."""
    draft.values["beneficiaries_note"] = ", ".join(said)
    unknown = [name for name in said if key_of(name) not in AUDIENCES]
    if unknown:
        names = ", ".join(quoted(name) for name in unknown)
        draft.warn(f"Bénéficiaire inconnu, la condition est gardée en texte : {names}.")
        draft.text(", ".join(said), "Bénéficiaires")
        return
    kinds = {}
    for name in said:
        for kind, certain in AUDIENCES[key_of(name)].items():
            kinds[kind] = kinds.get(kind, False) or certain
    draft.beneficiaries(kinds)
    if not kinds:
        draft.warn("Aucun bénéficiaire ne correspond à un porteur de projet.")
    if not kinds or not all(kinds.values()):
        draft.text(", ".join(said), "Bénéficiaires")
