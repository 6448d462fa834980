"""A program of the Mission Transition écologique catalogue, as published or after its schema."""

from funding.catalogue_imports import audiences
from funding.catalogue_imports.cleaning import items, plain, web_address
from funding.catalogue_imports.drafts import NO_LIMIT, Draft
from funding.catalogue_imports.places import MAINLAND, Area
from funding.catalogue_imports.values import (
    Problem,
    day,
    key_of,
    terms,
    text,
    texts,
    whole,
    yes,
)
from funding.eligibility.wording import quoted

SITE = "https://mission-transition-ecologique.beta.gouv.fr/aides-entreprise/"
INSTRUMENTS = {
    "financement": ["grant"],
    "etude": ["advisory"],
    "accompagnement": ["advisory"],
    "formation": ["training_aid"],
    "pret": ["loan"],
    "avantage fiscal": ["tax_relief"],
}
AMOUNTS = (
    "montant du financement",
    "coût de l'accompagnement",
    "durée de l'accompagnement",
    "montant du prêt",
    "durée du prêt",
    "montant de l'avantage fiscal",
)
AID = {"montant du financement", "montant du prêt"}
THEMES = {
    "energy": ["deca"],
    "energy-performance": ["deca"],
    "environmental": ["tra"],
    "environmental-impact": ["tra"],
    "mobility": ["tra"],
    "sustainable-mobility": ["tra"],
    "building": ["deca"],
    "building-renovation": ["deca"],
    "water": ["eau"],
    "water-consumption": ["eau"],
    "waste": ["eit", "tra"],
    "waste-management": ["eit", "tra"],
    "eco-design": ["tra", "inn"],
    "rh": ["form", "emp"],
    "train-or-recruit": ["form", "emp"],
    "biodiversity": ["tra"],
    "batiment": ["deca"],
    "strategie": ["tra"],
    "mobilite": ["tra"],
    "dechets": ["eit", "tra"],
    "eau": ["eau"],
    "energie": ["deca"],
    "ressources humaines": ["form", "emp"],
    "production": ["inv"],
    "autre": [],
}
SIZES = {
    "tpe": {"micro"},
    "pme": {"micro", "small", "medium"},
    "eti": {"mid_cap"},
    "ge": {"large"},
}


def external_id(row):
    return text(row.get("id") or row.get("identifiant interne"), "id")


def name_of(row):
    return text(row.get("titre"), "titre")


def read(row, places):
    """One program → Draft; Problem with the sentence that refuses it."""
    draft = Draft()
    values = draft.values
    values["name"] = name_of(row)
    values["funder"] = text(row.get("opérateur de contact"), "opérateur de contact")
    values["operator"] = ", ".join(texts(row.get("autres opérateurs"), "autres opérateurs"))
    values["summary"] = text(row.get("promesse"), "promesse") or first_line(row, "description")
    values["portal"] = web_address(text(row.get("url"), "url"))
    values["verified_on"] = day(row.get("date mise à jour"), "date mise à jour")
    aid(row, draft)
    themes(row, draft)
    audiences.companies(row.get("types bénéficiaire"), draft)
    rules = data_of(row, "eligibilityData")
    calendar(row, rules, draft)
    eligibility(data_of(row, "conditions d'éligibilité"), rules, draft, places)
    notes(row, draft)
    return draft


def data_of(row, name):
    data = row.get(name)
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise Problem(f"« {name} » n’est pas un objet.")
    return data


def first_line(row, name):
    return next(iter(items(plain(row.get(name) or ""))), "")


def aid(row, draft):
    values = draft.values
    kind = text(row.get("nature de l'aide") or row.get("type de l'aide"), "nature de l’aide")
    values["instruments"] = INSTRUMENTS.get(key_of(kind), [])
    if not values["instruments"]:
        draft.warn(f"Nature de l’aide inconnue : {quoted(kind or 'vide')}, à préciser.")
        draft.note("Nature de l’aide", kind)
    said = {name: text(row.get(name), name) for name in AMOUNTS}
    lines = [f"{name[:1].upper()}{name[1:]} : {said[name]}" for name in AMOUNTS if said[name]]
    values["rate_note"] = "\n".join(lines)
    # The rate of a study or a training is not that of the project.
    values["rate_on_project"] = values["instruments"] == ["grant"]
    for name in AMOUNTS:
        if name in AID and said[name]:
            found = terms(said[name])
            values.update(found)
            values["uncertain"] = sorted(found)
    if "credit d'impot" in key_of(said["montant de l'avantage fiscal"]):
        values["instruments"] = ["tax_credit"]


def themes(row, draft):
    rules = data_of(row, "eligibilityData").get("questionnaire")
    objectives = rules.get("priorityObjectives") if isinstance(rules, dict) else None
    said = texts(objectives, "priorityObjectives") or texts(row.get("thématiques"), "thématiques")
    for name in said:
        if key_of(name) not in THEMES:
            draft.warn(f"Thème sans correspondance : {quoted(name)}.")
    found = [code for name in said for code in THEMES.get(key_of(name), [])]
    draft.values["themes"] = list(dict.fromkeys(found))


def calendar(row, rules, draft):
    validity = data_of(rules, "validity")
    start = row.get("début de validité") or validity.get("start")
    end = row.get("fin de validité") or validity.get("end")
    draft.values["opens_on"] = day(start, "début de validité")
    draft.values["closes_on"] = day(end, "fin de validité")
    if yes(row.get("aide temporairement indisponible"), "aide temporairement indisponible"):
        draft.values["state"] = "suspended"


def eligibility(said, rules, draft, places):
    company = data_of(rules, "company")
    place(said, company, draft, places)
    size(said, company, draft)
    sectors(said, company, draft)
    age(said, draft)
    if yes(company.get("excludeMicroentrepreneur"), "excludeMicroentrepreneur"):
        draft.not_micro()
    if yes(company.get("ownsBuildings"), "ownsBuildings"):
        draft.add("ownership", accepted=["owner"])
    for line in section(said, "autres critères d'éligibilité")[0]:
        draft.conditions(line)
    known = {
        "taille de l'entreprise",
        "secteur géographique",
        "secteur d'activité",
        "nombre d'années d'activité",
        "autres critères d'éligibilité",
    }
    for name in said.keys() - known:
        draft.warn(f"Condition d’un genre inconnu, gardée en texte : {quoted(name)}.")
        for line in section(said, name)[0]:
            draft.conditions(line, name[:1].upper() + name[1:])


def section(said, name):
    """(its texts, its structured values): a list as published, an object after the schema."""
    content = said.get(name)
    if isinstance(content, dict):
        return lines(content.get("description"), name), content
    return lines(content, name), {}


def lines(content, name):
    content = content if isinstance(content, list) else [content]
    return [plain(line) for line in content if text(line, name)]


def place(said, company, draft, places):
    told, structured = section(said, "secteur géographique")
    regions = texts(
        company.get("allowedRegion") or structured.get("zone géographique Régions"), "allowedRegion"
    )
    if regions:
        area, unknown = places.of_names(regions)
        if area is None:
            draft.warn(f"Région inconnue : {quoted(unknown[0])}, le lieu est gardé en texte.")
            draft.place_text(", ".join(regions))
        else:
            draft.place(area, places)
    told_places(told, regions, draft, places)


def told_places(told, regions, draft, places):
    """Lines that name places are one rule: the project lies in one or another of them."""
    areas = {line: named_place(line, places) for line in told}
    named = [line for line in told if areas[line]]
    others = [line for line in told if not areas[line] and key_of(line) not in NO_LIMIT]
    area = Area()
    for line in named:
        area.add(areas[line])
    if named and regions and not area.is_france:
        if area != places.of_names(regions)[0]:
            draft.text(", ".join(named), "Lieu")
    elif named and not regions and not others:
        draft.place(area, places)
    elif named and not regions and not area.is_france:
        draft.place_text(", ".join(named))
    for line in others:
        if regions:
            draft.condition(line, "Lieu")
        else:
            draft.place_text(line)


def named_place(line, places):
    if key_of(line) in MAINLAND:
        return places.of_name(line)
    return places.of_names(split(line))[0]


def split(line):
    parts = line.replace(" et ", ",").replace(";", ",").split(",")
    return [part.strip() for part in parts if part.strip()]


def size(said, company, draft):
    told, structured = section(said, "taille de l'entreprise")
    low = first(company.get("minEmployees"), structured.get("effectif minimum"))
    high = first(company.get("maxEmployees"), structured.get("effectif maximum"))
    low, high = whole(low, "effectif minimum"), whole(high, "effectif maximum")
    draft.headcount(low, high)
    micro = "éligible aux micro-entreprises"
    if yes(structured.get(micro), micro) is False:
        draft.not_micro()
    categories = texts(structured.get("catégorie d'entreprise"), "catégorie d’entreprise")
    if categories:
        size_categories(categories, draft)
    for line in told:
        draft.size_text(line, low or None, high)


def size_categories(categories, draft):
    found = [SIZES.get(key_of(name)) for name in categories]
    if None in found:
        draft.warn(f"Catégorie d’entreprise inconnue, gardée en texte : {', '.join(categories)}.")
        draft.text(", ".join(categories), "Catégories d’entreprise")
        return
    accepted = set().union(*found)
    if len(accepted) < len(set().union(*SIZES.values())):
        draft.add("size", accepted=sorted(accepted))
    if "micro" in accepted and "tpe" not in map(key_of, categories):
        draft.text(f"{', '.join(categories)} (TPE non citées)", "Catégories d’entreprise")


def first(*values):
    return next((value for value in values if value not in (None, "")), None)


def sectors(said, company, draft):
    told, structured = section(said, "secteur d'activité")
    accepted = texts(
        company.get("allowedNafSections") or structured.get("secteurs spécifiques"),
        "allowedNafSections",
    )
    excluded = texts(structured.get("secteurs exclus"), "secteurs exclus")
    draft.sectors(accepted, excluded, "Secteurs")
    for line in told:
        draft.condition(line, "Secteur")


def age(said, draft):
    told, structured = section(said, "nombre d'années d'activité")
    low = whole(structured.get("minimum d'années d'activité"), "minimum d’années d’activité")
    high = whole(structured.get("maximum d'années d'activité"), "maximum d’années d’activité")
    if low and high and low > high:
        raise Problem(f"L’ancienneté minimum ({low} ans) dépasse la maximum ({high} ans).")
    limits = {"min_years": low or None, "max_years": high or None}
    limits = {name: years for name, years in limits.items() if years}
    if limits:
        draft.add("age", **limits)
    for line in told:
        draft.age_text(line, low)


def notes(row, draft):
    draft.note("Description", plain(row.get("description") or ""))
    draft.note("Précisions", plain(row.get("description longue") or ""))
    draft.note("Étapes", steps(row))
    said = row.get("conditions d'éligibilité") or {}
    told = [f"– {line}" for name in said for line in section(said, name)[0]]
    draft.note("Conditions d’éligibilité publiées", "\n".join(told))
    for name in ("contact question", "activable en autonomie"):
        draft.note(name[:1].upper() + name[1:], text(row.get(name), name).removeprefix("mailto:"))


def steps(row):
    content = row.get("objectifs") or row.get("étapes") or []
    if not isinstance(content, list):
        raise Problem("« objectifs » n’est pas une liste.")
    said = []
    for rank, step in enumerate(content, start=1):
        step = step if isinstance(step, dict) else {"description": step}
        line = text(step.get("description") or step.get("étape"), "étape")
        links = step.get("liens") if isinstance(step.get("liens"), list) else []
        found = [web_address(link.get("lien", "")) for link in links if isinstance(link, dict)]
        beside = [f"({address})" for address in found if address]
        said.append(" ".join([f"{rank}. {line}", *beside]))
    return "\n".join(said)
