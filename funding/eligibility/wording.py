"""French for the sentences of eligibility: typography, amounts, dates, labels of the codes."""

import datetime as dt
import re
from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

NBSP = "\u00a0"
CENT = Decimal("0.01")
FRENCH = str.maketrans({",": NBSP, ".": ",", "-": "−"})

BENEFICIARIES = {
    "company": "entreprise",
    "epci": "EPCI",
    "petr": "PETR",
    "commune": "commune",
    "association": "association",
    "chamber": "chambre consulaire",
    "training_body": "organisme de formation",
    "funder": "financeur",
    "public_body": "organisme public",
    "housing_body": "bailleur social",
    "other": "autre organisme",
}

# What the names of the sizes become when the three smallest go together.
SME = ("micro", "small", "medium")
SHORT_SIZES = {"mid_cap": "ETI", "large": "grande entreprise"}

SIZES = {
    "micro": "microentreprise",
    "small": "petite entreprise",
    "medium": "moyenne entreprise",
    "mid_cap": "entreprise de taille intermédiaire",
    "large": "grande entreprise",
}

THEMES = {
    "emp": "emploi",
    "fon": "foncier",
    "tra": "transition écologique",
    "inn": "innovation",
    "eit": "écologie industrielle",
    "log": "logement",
    "form": "formation",
    "agro": "agroalimentaire",
    "cosm": "cosmétique",
    "num": "numérique",
    "exp": "export",
    "deca": "décarbonation",
    "eau": "eau",
    "inv": "investissement productif",
    "pres": "prévention",
}

STAGES = {
    "detecte": "détecté",
    "qualifie": "qualifié",
    "en_montage": "en montage",
    "depose": "déposé",
    "en_instruction": "en instruction",
    "accorde": "accordé",
    "en_realisation": "en réalisation",
    "realise": "réalisé",
}

TENURES = {
    "owner": "propriétaire",
    "linked_sci": "loué à une SCI des mêmes associés",
    "leasing": "crédit-bail immobilier",
    "tenant": "locataire",
    "none": "aucun bâtiment",
}

ZONES = {
    "afr": "zone d’aide à finalité régionale (AFR)",
    "zfrr": "zone France ruralités revitalisation (ZFRR)",
    "qpv": "quartier prioritaire de la ville (QPV)",
}

REGIONS = {
    "01": "Guadeloupe",
    "02": "Martinique",
    "03": "Guyane",
    "04": "La Réunion",
    "06": "Mayotte",
    "11": "Île-de-France",
    "24": "Centre-Val de Loire",
    "27": "Bourgogne-Franche-Comté",
    "28": "Normandie",
    "32": "Hauts-de-France",
    "44": "Grand Est",
    "52": "Pays de la Loire",
    "53": "Bretagne",
    "75": "Nouvelle-Aquitaine",
    "76": "Occitanie",
    "84": "Auvergne-Rhône-Alpes",
    "93": "Provence-Alpes-Côte d’Azur",
    "94": "Corse",
}

# INSEE legal categories that the programs name; the longest known prefix labels a code.
LEGAL_FORMS = {
    "1": "entrepreneur individuel",
    "41": "établissement public industriel et commercial",
    "5202": "société en nom collectif",
    "54": "SARL",
    "55": "SA à conseil d’administration",
    "56": "SA à directoire",
    "57": "SAS",
    "62": "groupement d’intérêt économique",
    "63": "société coopérative agricole",
    "6316": "CUMA",
    "65": "société civile",
    "6533": "GAEC",
    "6540": "SCI",
    "6598": "EARL",
    "7": "personne morale de droit public",
    "71": "administration de l’État",
    "72": "collectivité territoriale",
    "7210": "commune",
    "73": "établissement public administratif",
    "7346": "communauté de communes",
    "7354": "syndicat mixte fermé",
    "7355": "syndicat mixte ouvert",
    "7357": "PETR",
    "84": "organisme professionnel",
    "92": "association",
    "9210": "association non déclarée",
    "9220": "association déclarée",
    "93": "fondation",
}


class Study(NamedTuple):
    """The name of a prior study, with what French grammar asks of it."""

    article: str
    noun: str
    is_feminine: bool

    @property
    def done(self):
        return "réalisée" if self.is_feminine else "réalisé"

    @property
    def planned(self):
        return "prévue" if self.is_feminine else "prévu"

    @property
    def was_it(self):
        return "a-t-elle été" if self.is_feminine else "a-t-il été"

    @property
    def of_it(self):
        return ("du " if self.article == "le " else "de l’") + self.noun


STUDIES = {
    "energy_audit": Study("l’", "audit énergétique", False),
    "carbon_footprint": Study("le ", "bilan carbone", False),
    "feasibility": Study("l’", "étude de faisabilité", True),
    "ecodesign_diagnosis": Study("le ", "diagnostic d’écoconception", False),
    "impact_score": Study("l’", "autodiagnostic Impact Score", False),
    "waste_heat_study": Study("l’", "étude de récupération de chaleur", True),
    "material_study": Study("l’", "étude sur les matières", True),
    "duerp": Study("le ", "document unique d’évaluation des risques (DUERP)", False),
    "self_diagnosis": Study("l’", "autodiagnostic", False),
}
# Those that the holder does alone, on the site of the funder.
ASSESSMENTS = ("self_diagnosis", "impact_score")
OTHER_STUDY = Study("l’", "étude préalable", True)

UNITS = r"M€|k€|ans?|mois|jours?|salariés?|points?|[kMG]Wh|tCO2e?|m[²³]|ha|ETP"
BREAK = re.compile(rf" (?=[:;?!%€»])|(?<=«) |(?<=\d) (?=\d{{3}}(?!\d)|(?:{UNITS})\b)")


def typeset(text: str) -> str:
    """The same text with French spaces and apostrophes, for what was typed in a data file."""
    text = re.sub(r"[ \t\r\n]+", " ", text).strip().replace("'", "’")
    return BREAK.sub(NBSP, text)


QUOTATION = re.compile(r"(«[^»]*»)")
# The pronoun that takes the subject up, and no other.
TAKEN_UP = re.compile(r"\b([Ll])e projet\b([^?]*?)-il\b")
NAMED = re.compile(r"\b([LlDdAaCc][eu]) projet\b")
ACTIONS = {"le": "l’action", "du": "de l’action", "au": "à l’action", "ce": "cette action"}


def of_action(question: str) -> str:
    """A question written for a project, put about a collective action; quotations stay."""
    said = QUOTATION.split(question)
    said[::2] = [NAMED.sub(_named, TAKEN_UP.sub(r"\1’action\2-elle", text)) for text in said[::2]]
    return "".join(said)


def _named(found):
    action = ACTIONS.get(found[1].lower(), found[0])
    return capital(action) if found[1][0].isupper() else action


def quoted(text: str) -> str:
    return f"«{NBSP}{text}{NBSP}»"


def number(value: Decimal | int) -> str:
    """Decimal or int → « 1 234 567,5 »; trailing zeros of the decimals are dropped."""
    text = f"{value:,f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.translate(FRENCH)


def amount(value: Decimal | int) -> str:
    """Euros → « 1 234 567 € », with its cents only when there are some."""
    value = Decimal(value).quantize(CENT, ROUND_HALF_UP)
    return f"{value:,f}".removesuffix(".00").translate(FRENCH) + NBSP + "€"


def day(date: dt.date) -> str:
    return f"{date.day:02}/{date.month:02}/{date.year}"


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """« 1 salarié », « 42 salariés »: in French the plural starts at two."""
    return f"{number(count)}{NBSP}{noun if abs(count) < 2 else plural or noun + 's'}"


def years(count: int) -> str:
    return counted(count, "an")


def employees(count: int) -> str:
    return counted(count, "salarié")


def listing(items: Iterable[str], last: str = "ou") -> str:
    """« a, b ou c »."""
    *head, tail = items
    return f"{', '.join(head)} {last} {tail}" if head else tail


def span(low: Decimal | None, high: Decimal | None, show: Callable[[Decimal], str]) -> str:
    """« de 20 à 250 salariés », « d’au moins 20 salariés », « de 250 salariés au plus ».

    `show` writes a bound with its unit, as `amount` or `employees`."""
    if high is None:
        return f"d’au moins {show(low)}"
    if low is None:
        return f"de {show(high)} au plus"
    if low == high:
        return f"de {show(low)}"
    return f"de {number(low)} à {show(high)}"


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def legal_form(code: str) -> str:
    """The label of an INSEE legal category, by its longest known beginning."""
    for length in range(len(code), 0, -1):
        if label := LEGAL_FORMS.get(code[:length]):
            return label
    return f"catégorie juridique {code}"
