"""What each column holds, guessed from its French heading. Pure."""

import re
from collections import defaultdict
from dataclasses import dataclass

from crm.imports.refusals import REASON
from crm.search import normalise

ORGANISATION, SITE, PLACE, CONTACT = "Entreprise", "Établissement", "Lieu", "Contact"
STOP = {"a", "au", "d", "de", "des", "du", "en", "et", "l", "la", "le", "les", "n", "no", "num"}
STOP |= {"numero", "ht", "k", "ke", "keuros", "m", "me", "meuros", "euros", "eur", "milliers"}
STOP |= {"millions", "million"}
YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
THOUSANDS = re.compile(r"\bk\s?€|\bk(e|eur|euros?)\b|\bmilliers?\b", re.IGNORECASE)
MILLIONS = re.compile(r"\bm\s?€|\bm(e|eur|euros?)\b|\bmillions?\b", re.IGNORECASE)
NAF = re.compile(r"\s*\d{2}\.?\s?\d{2}\s?[a-z]\b", re.IGNORECASE)


@dataclass(frozen=True)
class Target:
    """What a column can hold. `headings` starting with « = » must be the whole heading."""

    code: str
    group: str
    label: str
    headings: tuple[str, ...]
    looks: re.Pattern | None = None


TARGETS = [
    Target(
        "name",
        ORGANISATION,
        "Nom",
        (
            "raison sociale",
            "denomination",
            "nom entreprise",
            "nom societe",
            "nom organisme",
            "nom structure",
            "nom raison sociale",
            "nom complet",
            "beneficiaire",
            "=entreprise",
            "=entreprises",
            "=societe",
            "=organisme",
            "=structure",
            "=etablissement",
            "=nom",
        ),
    ),
    Target("siren", ORGANISATION, "SIREN", ("siren",)),
    Target("siret", SITE, "SIRET", ("siret",)),
    Target("kind", ORGANISATION, "Nature", ("=nature", "type structure", "type organisme")),
    Target(
        "legal_form",
        ORGANISATION,
        "Catégorie juridique (code)",
        ("categorie juridique", "nature juridique", "code juridique"),
        re.compile(r"\d{4}$"),
    ),
    Target(
        "created_on",
        ORGANISATION,
        "Date de création",
        ("date creation", "date immatriculation", "=creation", "creee"),
    ),
    Target(
        "insee_category",
        ORGANISATION,
        "Catégorie INSEE",
        ("categorie entreprise", "categorie insee"),
    ),
    Target(
        "headcount",
        ORGANISATION,
        "Effectif de l’entreprise",
        ("effectif", "effectifs", "nb salaries", "nombre salaries", "=salaries", "=eff"),
    ),
    Target(
        "turnover",
        ORGANISATION,
        "Chiffre d’affaires",
        ("chiffre affaires", "chiffre affaire", "ca"),
    ),
    Target("balance_sheet", ORGANISATION, "Total du bilan", ("total bilan", "=bilan")),
    Target("equity", ORGANISATION, "Fonds propres", ("fonds propres", "capitaux propres")),
    Target("sectors", ORGANISATION, "Filières", ("filiere", "filieres")),
    Target(
        "website",
        ORGANISATION,
        "Site internet",
        ("site web", "site internet", "url", "=web", "=site"),
        re.compile(r"\S+\.\S+"),
    ),
    Target("notes", ORGANISATION, "Présentation", ("presentation", "description")),
    Target(
        "site_name",
        SITE,
        "Enseigne ou usage",
        ("enseigne", "nom commercial", "nom site", "nom etablissement"),
    ),
    Target(
        "is_head_office",
        SITE,
        "Siège (oui ou non)",
        ("=siege", "siege social", "est siege", "siege oui"),
    ),
    Target(
        "naf_rev2",
        SITE,
        "Code NAF (APE)",
        ("naf", "ape", "activite principale"),
        NAF,
    ),
    Target("naf_2025", SITE, "Code NAF 2025", ("naf 2025", "ape 2025", "naf25"), NAF),
    Target(
        "site_headcount",
        SITE,
        "Effectif de l’établissement",
        ("effectif etablissement", "effectif site", "effectifs etablissement", "effectifs site"),
    ),
    Target(
        "workforce_band",
        SITE,
        "Tranche d’effectif de l’établissement",
        (
            "tranche effectif",
            "tranche effectifs",
            "tranche salaries",
            "tranche effectif etablissement",
            "tranche effectifs etablissement",
        ),
    ),
    Target(
        "workforce_year",
        SITE,
        "Année de la tranche",
        (
            "annee effectif",
            "annee effectifs",
            "annee effectifs etablissement",
            "annee tranche effectif",
            "annee tranche",
        ),
    ),
    Target("address", PLACE, "Adresse", ("adresse", "=rue", "=voie")),
    Target("postal_code", PLACE, "Code postal", ("code postal", "=cp", "=postal")),
    Target(
        "commune",
        PLACE,
        "Commune",
        ("commune", "ville", "localite", "libelle commune", "nom commune"),
    ),
    Target(
        "commune_code",
        PLACE,
        "Code INSEE de la commune",
        ("code insee", "=insee", "code commune", "=cog", "=depcom"),
    ),
    Target(
        "contact_name",
        CONTACT,
        "Nom et prénom",
        ("=contact", "=contacts", "interlocuteur", "dirigeant", "nom prenom", "prenom nom"),
    ),
    Target("contact_first_name", CONTACT, "Prénom", ("prenom",)),
    Target(
        "contact_last_name",
        CONTACT,
        "Nom de famille",
        ("nom contact", "nom dirigeant", "nom famille"),
    ),
    Target("contact_position", CONTACT, "Fonction", ("fonction", "=poste", "=qualite")),
    Target(
        "contact_email",
        CONTACT,
        "Courriel",
        ("email", "mail", "courriel", "e mail", "adresse mail", "adresse electronique"),
    ),
    Target("contact_phone", CONTACT, "Téléphone", ("telephone", "tel", "portable", "mobile")),
]
BY_CODE = {target.code: target for target in TARGETS}
# Headings that resemble a column we take and hold something else.
DECOYS = {
    "libelle naf",
    "libelle ape",
    "libelle activite",
    "ca export",
    "evolution ca",
    "code pays",
}
DECOYS |= {"complement adresse", "libelle naf 2025", "date effectif", "evolution effectif"}
PHRASES = sorted(
    [
        (tuple(heading.removeprefix("=").split()), heading.startswith("="), target.code)
        for target in TARGETS
        for heading in target.headings
    ]
    + [(tuple(decoy.split()), False, "") for decoy in DECOYS],
    key=lambda phrase: -len(phrase[0]),
)


def words_of(heading):
    """« Nom de l’entreprise (2024) » → nom, entreprise; camelCase headings of SIRENE are split."""
    spaced = re.sub(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Ý])", " ", str(heading))
    folded = re.sub(r"[^a-z0-9]+", " ", normalise(spaced))
    return tuple(word for word in folded.split() if word not in STOP)


def recognise(heading):
    """The code of the target that a heading names, or an empty string."""
    if len(str(heading)) > 80:
        return ""
    words = words_of(heading)
    undated = tuple(word for word in words if not YEAR.fullmatch(word))
    for phrase, whole, code in PHRASES:
        if any(phrase == seen if whole else contains(seen, phrase) for seen in (words, undated)):
            return code
    return ""


def contains(words, phrase):
    span = len(phrase)
    return any(words[at : at + span] == phrase for at in range(len(words) - span + 1))


def year_of(heading):
    """The year a heading carries, « CA 2024 », or an empty string."""
    found = YEAR.findall(heading)
    return found[-1] if found else ""


def unit_of(heading):
    """1 000 for « CA (k€) », 1 000 000 for « CA en M€ », else 1."""
    return 1000 if THOUSANDS.search(heading) else 1_000_000 if MILLIONS.search(heading) else 1


def guess(header, rows):
    """{column: target code}: one column each, the latest year first; the others are ignored."""
    found = {}
    codes = {index: recognise(heading) for index, heading in enumerate(header)}
    for index, code in codes.items():
        target = BY_CODE.get(code)
        if not target or not plausible(target, index, rows):
            continue
        held = found.get(code)
        if held is None or year_of(header[index]) > year_of(header[held]):
            found[code] = index
    mapping = {index: code for code, index in found.items()}
    return sort_out_names(header, sort_out_headcount(mapping, rows))


def recall(header, known_header, known_mapping):
    """The mapping confirmed for the same headings, in whatever order; None for other headings.

    The column of reasons that our file of refusals adds does not count.
    """
    if headings_of(header) != headings_of(known_header):
        return None
    held = defaultdict(list)
    for index, heading in enumerate(known_header):
        held[normalise(heading)].append(known_mapping.get(str(index), ""))
    found = {}
    for index, heading in enumerate(header):
        targets = held[normalise(heading)]
        target = targets.pop(0) if targets else ""
        if target in BY_CODE:
            found[index] = target
    return found


def headings_of(header):
    return sorted(normalise(heading) for heading in header if heading != REASON)


def plausible(target, index, rows):
    """Whether half of the first values look like what the heading says."""
    if target.looks is None:
        return True
    seen = [cells[index].strip() for _, cells in rows[:200] if cells[index].strip()]
    return not seen or sum(bool(target.looks.match(text)) for text in seen) * 2 >= len(seen)


def sort_out_headcount(mapping, rows):
    """A SIREN on several lines makes « Effectif » that of each site, not of the company."""
    held = {code: index for index, code in mapping.items()}
    if "headcount" in held and "siret" in held and "site_headcount" not in held:
        sirets = {re.sub(r"\D", "", cells[held["siret"]]) for _, cells in rows}
        sirens = [siret[:9] for siret in sirets if len(siret) == 14]
        if len(set(sirens)) < len(sirens):
            mapping[held["headcount"]] = "site_headcount"
    return mapping


def sort_out_names(header, mapping):
    """« Nom » beside « Prénom » is a person’s, when another column names the company."""
    taken = set(mapping.values())
    for index, heading in enumerate(header):
        alone = words_of(heading) == ("nom",)
        if not alone or "contact_first_name" not in taken or "contact_last_name" in taken:
            continue
        named = [
            at for at, other in enumerate(header) if at != index and recognise(other) == "name"
        ]
        if named:
            mapping.pop(index, None)
            mapping[named[0]] = "name"
            mapping[index] = "contact_last_name"
    return mapping
