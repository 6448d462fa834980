"""A row of the « aides » CSV of data.gouv.fr (schema dispositif-aide)."""

import json
import re

from funding.catalogue_imports import audiences
from funding.catalogue_imports.cleaning import items, one_line, plain, web_address
from funding.catalogue_imports.drafts import Draft
from funding.catalogue_imports.values import Problem, day, key_of, terms, text
from funding.eligibility.wording import quoted

COLUMNS = (
    *("id", "titre", "promesse", "description", "eligibilite", "types_aides", "porteurs"),
    *("programmes_parents", "url_source", "cibles", "eligibilite_geographique"),
    *("eligibilite_geographique_exclusions", "date_ouverture", "date_cloture"),
    "date_mise_a_jour",
)
NEEDED = {"id", "titre", "eligibilite"}
INSTRUMENTS = {
    "financement": ["grant"],
    "subvention": ["grant"],
    "pret": ["loan"],
    "avance recuperable": ["recoverable_advance"],
    "avance remboursable": ["recoverable_advance"],
    "garantie": ["guarantee"],
    "etude": ["advisory"],
    "conseil": ["advisory"],
    "accompagnement": ["advisory"],
    "ingenierie": ["advisory"],
    "formation": ["training_aid"],
    "avantage fiscal": ["tax_relief"],
    "exoneration": ["tax_relief"],
    "credit d'impot": ["tax_credit"],
    "participation": ["equity"],
    "prise de participation": ["equity"],
    "certificat d'economie d'energie": ["cee"],
}
# A sheet of Mission Transition writes its fields into the two free texts, each on its line.
AMOUNT = re.compile(r"^montant de l'aide ou cout ?: ?(.+)$")
HEADINGS = {
    "eligibilite sectorielle": "Secteur",
    "secteurs principalement concernes par le dispositif": "Secteurs principalement concernés",
    "eligibilite en fonction du nombre de salaries": "Taille",
    "eligibilite lie a la duree d'existence de l'entreprise": "Ancienneté",
    "aires geographiques eligibles": "Lieu",
    "autres conditions d'eligibilite": "",
}
ALL_SECTIONS = "A|B|C|D|E|F|G|H|I|J|K|L|M|N|O|P|Q|R|S|T|U"


def external_id(row):
    return text(row.get("id"), "id")


def name_of(row):
    return text(row.get("titre"), "titre")


def read(row, places):
    draft = Draft()
    values = draft.values
    description, eligibility = plain(row.get("description", "")), plain(row.get("eligibilite", ""))
    values["name"] = name_of(row)
    values["summary"] = one_line(row.get("promesse", "")) or next(iter(items(description)), "")
    values["portal"] = web_address(row.get("url_source", ""))
    values["verified_on"] = day(row.get("date_mise_a_jour"), "date_mise_a_jour")
    values["opens_on"] = day(row.get("date_ouverture"), "date_ouverture")
    values["closes_on"] = day(row.get("date_cloture"), "date_cloture")
    holders(row, draft)
    instruments(row, draft)
    amount(description, draft)
    audience(row, draft)
    place(row, draft, places)
    conditions(eligibility, draft)
    draft.note("Description", description)
    draft.note("Conditions d’éligibilité publiées", eligibility)
    parents = [part.strip() for part in row.get("programmes_parents", "").split("|")]
    draft.note("Programmes", ", ".join(filter(None, parents)))
    return draft


def holders(row, draft):
    """The funder is who has that role, else who appraises, else the first one named."""
    said = row.get("porteurs", "").strip()
    if not said:
        raise Problem("« porteurs » est vide : aucun financeur n’est donné.")
    try:
        found = json.loads(said)
    except (ValueError, RecursionError):
        raise Problem("« porteurs » n’est pas du JSON lisible.") from None
    found = found if isinstance(found, list) else [found]
    people = [one for one in found if isinstance(one, dict) and text(one.get("nom"), "porteurs")]
    if not people:
        raise Problem("« porteurs » ne nomme personne.")
    people.sort(key=rank)
    names = list(dict.fromkeys(text(one["nom"], "porteurs") for one in people))
    draft.values["funder"], *others = names
    draft.values["operator"] = ", ".join(others)


def rank(holder):
    roles = holder.get("roles", holder.get("role"))
    roles = {key_of(role) for role in (roles if isinstance(roles, list) else [roles])}
    return 0 if "financeur" in roles else 1 if "instructeur" in roles else 2


def instruments(row, draft):
    found = []
    for kind in filter(None, (part.strip() for part in row.get("types_aides", "").split("|"))):
        codes = INSTRUMENTS.get(key_of(kind))
        if codes is None:
            draft.warn(f"Type d’aide inconnu : {quoted(kind)}, gardé en note.")
            draft.note("Type d’aide", kind)
        found += codes or []
    draft.values["instruments"] = list(dict.fromkeys(found))
    draft.values["rate_on_project"] = draft.values["instruments"] == ["grant"]


def amount(description, draft):
    for line in items(description):
        if AMOUNT.match(key_of(line)):
            said = line.partition(":")[2].strip()
            draft.values["rate_note"] = said
            if draft.values["instruments"] and "advisory" not in draft.values["instruments"]:
                found = terms(said)
                draft.values.update(found)
                draft.values["uncertain"] = sorted(found)
            return


def audience(row, draft):
    said = [part.strip() for part in row.get("cibles", "").split("|") if part.strip()]
    if said:
        audiences.named(said, draft)
    else:
        draft.warn("Aucun bénéficiaire n’est donné.")
        draft.text("Bénéficiaires non précisés par la source")


def place(row, draft, places):
    said = row.get("eligibilite_geographique", "").strip()
    if not said:
        draft.warn("Aucun territoire n’est donné.")
        draft.place_text("Territoire non précisé par la source")
        return
    area, unknown = places.of_codes(said)
    without = row.get("eligibilite_geographique_exclusions", "").strip()
    excluded, strangers = places.of_codes(without)
    if area is None:
        draft.warn(f"Code géographique inconnu : {quoted(unknown[0])}, le lieu est gardé en texte.")
        draft.place_text(", ".join(places.label(code.strip()) for code in said.split("|")))
    elif not without:
        draft.place(area, places)
        return
    else:
        left = area.without(excluded) if excluded is not None else None
        draft.place(left or area, places)
        if left is not None:
            return
    if strangers:
        draft.warn(f"Code géographique inconnu : {quoted(strangers[0])}, gardé en texte.")
    if without:
        names = ", ".join(places.label(code.strip()) for code in without.split("|"))
        draft.text(f"Hors de : {names}")


def conditions(eligibility, draft):
    """Each line a condition; the headings of Mission Transition say which one."""
    if not eligibility:
        draft.text("Conditions d’éligibilité non précisées par la source")
        return
    rest, has_place = [], any(row["kind"] == "place" for row in draft.criteria)
    for line in eligibility.split("\n"):
        title, colon, said = line.partition(":")
        prefix = HEADINGS.get(key_of(title)) if colon else None
        said = said.strip()
        if prefix is None:
            rest.append(line)
        elif prefix == "Taille":
            draft.size_text(said, None, None)
        elif prefix == "Ancienneté":
            draft.age_text(said, None)
        elif prefix == "Secteurs principalement concernés":
            if said.replace(" ", "") != ALL_SECTIONS:
                draft.condition(", ".join(said.split("|")), f"{prefix} (NAF)")
        elif said and not (prefix == "Lieu" and has_place):
            draft.condition(said, prefix)
    draft.conditions("\n".join(rest))
