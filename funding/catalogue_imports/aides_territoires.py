"""An aid of Aides-territoires: an answer of its API, or a row of its spreadsheet."""

from funding.catalogue_imports import audiences
from funding.catalogue_imports.cleaning import items, plain, web_address
from funding.catalogue_imports.drafts import Draft
from funding.catalogue_imports.values import (
    Problem,
    day,
    key_of,
    number,
    percent,
    terms,
    text,
    texts,
    yes,
)
from funding.catalogue_imports.values import plain as figure
from funding.eligibility.wording import quoted

SITE = "https://aides-territoires.beta.gouv.fr"
INSTRUMENTS = {
    "subvention": "grant",
    "grant": "grant",
    "pret": "loan",
    "loan": "loan",
    "avance recuperable": "recoverable_advance",
    "recoverable_advance": "recoverable_advance",
    "recoverable-advance": "recoverable_advance",
    "certificat d'economie d'energie (cee)": "cee",
    "certificats d'economies d'energie (cee)": "cee",
    "cee": "cee",
    "ingenierie technique": "advisory",
    "technical_engineering": "advisory",
    "technical-engineering": "advisory",
    "ingenierie financiere": "advisory",
    "financial_engineering": "advisory",
    "financial-engineering": "advisory",
    "ingenierie juridique / administrative": "advisory",
    "ingenierie juridique": "advisory",
    "legal_engineering": "advisory",
    "legal-engineering": "advisory",
}
RECURRENCES = {
    "ponctuelle": "one_off",
    "oneoff": "one_off",
    "permanente": "permanent",
    "ongoing": "permanent",
    "recurrente": "yearly",
    "recurring": "yearly",
}
# Words of « Thème / catégorie » that say one of our themes for sure.
THEMES = {
    "eau": ("eau potable", "eaux usees", "assainissement", "/ eau", "|eau"),
    "deca": ("transition energetique", "economie d'energie", "energies renouvelables"),
    "eit": ("recyclage", "dechets", "economie circulaire"),
    "tra": ("transition ecologique", "biodiversite", "changement climatique", "risques naturels"),
    "emp": ("emploi",),
    "form": ("formation professionnelle",),
    "inn": ("innovation", "recherche"),
    "num": ("numerique", "acces aux services numeriques"),
    "agro": ("agriculture et agroalimentaire", "agroalimentaire"),
    "exp": ("export", "international"),
    "fon": ("friche", "foncier"),
    "log": ("logement",),
    "inv": ("industrie",),
}
# Column of the spreadsheet (without case nor accent) → field of the API.
COLUMNS = {
    "nom": "name",
    "nom initial": "name_initial",
    "programmes": "programs",
    "porteurs d'aides": "financers",
    "porteurs d'aide": "financers",
    "instructeurs": "instructors",
    "beneficiaires de l'aide": "targeted_audiences",
    "types d'aide": "aid_types",
    "taux de subvention, min. et max. (en %, nombre entier)": "rates",
    "taux de subvention (commentaire optionnel)": "subvention_comment",
    "appel a projet / manifestation d'interet": "is_call_for_project",
    "description complete de l'aide et de ses objectifs": "description",
    "exemples de projets realisables": "project_examples",
    "sous-thematiques": "categories",
    "recurrence": "recurrence",
    "date d'ouverture": "start_date",
    "date de cloture": "submission_deadline",
    "eligibilite": "eligibility",
    "etat d'avancement du projet pour beneficier du dispositif": "mobilization_steps",
    "types de depenses / actions couvertes": "destinations",
    "perimetre": "perimeter",
    "url d'origine": "origin_url",
    "lien vers une demarche en ligne": "application_url",
    "contact": "contact",
    "url d'origine de la donnee importee": "import_data_url",
    "id": "id",
    "identifiant": "id",
    "slug": "slug",
}
ALL_STEPS = 3  # réflexion, mise en œuvre, usage: together they exclude no project
LISTS = {"programs", "financers", "instructors", "aid_types", "mobilization_steps", "destinations"}
NEEDED = {"name", "targeted_audiences", "eligibility"}
# What only the API calls so; « contact » or « slug » head a column too.
FIELDS = set(COLUMNS.values()) - COLUMNS.keys()


def external_id(row):
    """The number of the aid; in a spreadsheet without it, its name and its funders."""
    if row.get("id") not in (None, ""):
        return text(row["id"], "id").removesuffix(".0")
    if slug := text(row.get("slug"), "slug"):
        return slug
    funders = ", ".join(names(row, "financers"))
    return f"{name_of(row)} / {funders}"[:200] if name_of(row) else ""


def name_of(row):
    return text(row.get("name") or row.get("name_initial"), "name")


def is_of_sheet(row):
    """Whether its keys are columns: an answer of the API may leave out any field."""
    return FIELDS.isdisjoint(row)


def from_cells(cells):
    """A row of the spreadsheet, {column: text}, as the API would tell it."""
    row = {COLUMNS[key]: cell for title, cell in cells.items() if (key := key_of(title)) in COLUMNS}
    for name in LISTS & row.keys():
        row[name] = [part.strip() for part in row[name].split(",") if part.strip()]
    row["targeted_audiences"] = audience_names(row.get("targeted_audiences", ""))
    rates = [part.strip() for part in row.pop("rates", "").split(",") if part.strip()]
    if len(rates) > 2:
        raise Problem("« Taux de subvention » : un minimum et un maximum sont attendus.")
    if rates:
        row["subvention_rate_upper_bound"] = rates[-1]
    if len(rates) == 2:
        row["subvention_rate_lower_bound"] = rates[0]
    return row


def audience_names(said):
    """Split at the commas, but for the names that hold one."""
    parts, found = [part.strip() for part in said.split(",")], []
    while parts:
        for size in range(len(parts), 0, -1):
            name = ", ".join(parts[:size])
            if size == 1 or key_of(name) in audiences.AUDIENCES:
                found += [name] if name else []
                parts = parts[size:]
                break
    return found


def read(row, places):
    draft = Draft()
    values = draft.values
    description = plain(row.get("description") or "")
    eligibility = plain(row.get("eligibility") or "")
    values["name"] = name_of(row)
    summary = next((line for line in items(description) if len(line) > 40), "")
    values["summary"] = text(row.get("short_title"), "short_title") or summary
    values["verified_on"] = day(row.get("date_updated"), "date_updated")
    funders(row, draft)
    links(row, draft)
    instruments(row, draft)
    rates(row, draft)
    calendar(row, draft)
    themes(row, draft)
    audience(row, draft)
    place(row, draft, places)
    if eligibility:
        draft.conditions(eligibility)
    else:
        draft.text("Conditions d’éligibilité non précisées par la source")
    steps(row, draft)
    draft.note("Description", description)
    draft.note("Conditions d’éligibilité publiées", eligibility)
    draft.note("Exemples de projets", plain(row.get("project_examples") or ""))
    draft.note("Programmes", ", ".join(names(row, "programs")))
    draft.note("Contact", plain(row.get("contact") or ""))
    return draft


def names(row, field):
    """Names, told as texts or as objects according to the version of the API."""
    content = row.get(field) or []
    content = content if isinstance(content, list) else [content]
    told = [one.get("name") if isinstance(one, dict) else one for one in content]
    return [name for one in told if (name := text(one, field))]


def funders(row, draft):
    found = names(row, "financers") or names(row, "financers_full")
    draft.values["funder"], *others = found or [""]
    instructors = [name for name in names(row, "instructors") if name not in found]
    draft.values["operator"] = ", ".join(instructors)
    draft.note("Autres financeurs", ", ".join(others))


def links(row, draft):
    application = web_address(text(row.get("application_url"), "application_url"))
    origin = web_address(text(row.get("origin_url"), "origin_url"))
    page = text(row.get("url"), "url")
    page = web_address(SITE + page if page.startswith("/") else page)
    draft.values["portal"] = next((one for one in (application, origin, page) if one), "")
    draft.note("En savoir plus", origin or page)


def instruments(row, draft):
    found = []
    for kind in names(row, "aid_types"):
        code = INSTRUMENTS.get(key_of(kind))
        if code is None:
            draft.warn(f"Type d’aide sans correspondance : {quoted(kind)}, gardé en note.")
            draft.note("Type d’aide", kind)
        elif code not in found:
            found.append(code)
    draft.values["instruments"] = found


def rates(row, draft):
    values = draft.values
    bounds = (("rate_min", "lower", "minimum"), ("rate_max", "upper", "maximum"))
    for field, bound, label in bounds:
        rate = percent(row.get(f"subvention_rate_{bound}_bound"), f"taux de subvention {label}")
        values[field] = rate if rate not in (None, "0") else None
    values["rate_on_project"] = "grant" in values["instruments"]
    lines = [plain(row.get("subvention_comment") or "")]
    for field, label in (
        ("loan_amount", "Montant du prêt"),
        ("recoverable_advance_amount", "Montant de l’avance récupérable"),
    ):
        if row.get(field) not in (None, ""):
            amount(row[field], label, lines, draft)
    values["rate_note"] = "\n".join(filter(None, lines))


def amount(said, label, lines, draft):
    try:
        found = {"aid_max": figure(number(said, label))}
        said = f"{said} €"
    except Problem:
        said = text(said, label)
        found = terms(said)
    lines.append(f"{label} : {said}")
    only_repaid = not {"grant", "cee"} & set(draft.values["instruments"])
    if only_repaid and "aid_max" in found:
        draft.values.update(found)


def calendar(row, draft):
    values = draft.values
    values["opens_on"] = day(row.get("start_date"), "date d’ouverture")
    values["closes_on"] = day(row.get("submission_deadline"), "date de clôture")
    said = text(row.get("recurrence"), "récurrence")
    values["recurrence"] = RECURRENCES.get(key_of(said), "")
    if said and not values["recurrence"]:
        draft.warn(f"Récurrence inconnue : {quoted(said)}.")
    if values["recurrence"] == "yearly":
        values["uncertain"] = ["recurrence"]
    if yes(row.get("is_call_for_project"), "appel à projets"):
        values["recurrence"] = "call"
    if values["closes_on"] is None and values["recurrence"] not in {"", "permanent"}:
        values["state"] = "to_check"
        draft.warn("Aide non permanente sans date de clôture : état « à vérifier ».")
    if deposit := day(row.get("predeposit_date"), "date de pré-dépôt"):
        draft.note("Pré-dépôt avant le", "/".join(reversed(deposit.split("-"))))
    if yes(row.get("is_live"), "is_live") is False:
        values["state"] = "closed"
        draft.warn("Aide retirée de la publication : reprise comme fermée.")


def themes(row, draft):
    said = [f"|{key_of(name)}" for name in names(row, "categories")]
    codes = [code for code, words in THEMES.items() for one in said if any(w in one for w in words)]
    draft.values["themes"] = list(dict.fromkeys(codes))


def audience(row, draft):
    if said := names(row, "targeted_audiences"):
        audiences.named(said, draft)
    else:
        draft.warn("Aucun bénéficiaire n’est donné.")
        draft.text("Bénéficiaires non précisés par la source")


def place(row, draft, places):
    name = text(row.get("perimeter"), "périmètre")
    if not name:
        draft.warn("Aucun périmètre n’est donné.")
        draft.place_text("Périmètre non précisé par la source")
        return
    if name.isdigit():
        draft.warn(f"Périmètre donné par son numéro ({name}), gardé en texte.")
        draft.place_text(f"Périmètre n° {name} d’Aides-territoires")
        return
    area = places.of_name(name, text(row.get("perimeter_scale"), "échelle"))
    if area is None:
        draft.place_text(name)
    else:
        draft.place(area, places)


def steps(row, draft):
    said = texts(row.get("mobilization_steps"), "avancement")
    if 0 < len(said) < ALL_STEPS:
        draft.text(", ".join(said), "Avancement du projet")
    if said := texts(row.get("destinations"), "dépenses"):
        draft.values["eligible_costs_note"] = ", ".join(said)
    if yes(row.get("is_charged"), "is_charged"):
        draft.text("Aide payante : une participation est demandée au bénéficiaire")
