"""One cell → one value. Pure: ValueError with the end of a French sentence when it is unreadable.

Each parser takes the text and `say`, which receives what the reader should know of the reading.
"""

import datetime
import re
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.forms import URLField
from stdnum import luhn

from crm.fields import parse_number
from crm.identifiers import clean_siren, clean_siret
from crm.search import normalise
from crm.templatetags.french import euros

BLANK = {"", "null", "none", "nan", "n/a", "#n/a", "na", "-", "--", "—", "–", "n.c.", "n.c", "nc"}
BLANK |= {"n/c", "n.d.", "n.d", "nd", "n.r.", "nr", "?", "inconnu", "inconnue", "non communique"}
BLANK |= {"non renseigne", "non connu", "sans objet", "neant"}
LONGEST_BLANK = 2 * max(map(len, BLANK))  # spaces and accents apart that folding takes away
BROKEN = re.compile(r"#(REF|VALEUR|VALUE|NOM|NAME|DIV/0|NUL|NULL|NOMBRE|NUM)[!?]?$", re.IGNORECASE)
SPACES = re.compile(r"[\s\u00a0\u202f\u2007\u2009]+")
NUMERIC = re.compile(r"\d+[.,]0+")
SCIENTIFIC = re.compile(r"\d+([.,]\d+)?e\+?\d+", re.IGNORECASE)
MULTIPLE = re.compile(
    r"(?P<number>.*\d)\s*(?P<unit>k|m|md)(€|eur|euros?|illions?)?$", re.IGNORECASE
)
UNITS = {"k": 1000, "m": 1_000_000, "md": 1_000_000_000}
MAX_AMOUNT = Decimal("999999999999.99")
CIVILITY = re.compile(r"^(m\.|mr|mme|mlle|monsieur|madame|dr|me)\s+", re.IGNORECASE)
PEOPLE = re.compile(r"(salarié|salarie|personne|employé|employe|emploi|etp|pers)\w*\.?", re.I)
YES, NO = {"oui", "o", "vrai", "true", "1", "x", "siege"}, {"non", "n", "faux", "false", "0"}


def clean(text):
    """The text of a cell without its odd spaces, or an empty string when it says nothing."""
    text = str(text).replace("\u00a0", " ").replace("\u202f", " ")
    text = re.sub(r"^'(?=[=+\-@\t\r])", "", text).strip()  # as our file of refusals writes it
    # A long text says something: spared, for thousands of cells.
    return "" if len(text) <= LONGEST_BLANK and normalise(text) in BLANK else text


def one_line(text, say):
    return " ".join(text.split())


def free_text(text, say):
    return text.replace("\r\n", "\n").replace("\r", "\n")


def refuse_broken(text):
    if BROKEN.match(text):
        raise ValueError("erreur de formule du tableur")


# ── Identifiers ──


def siren(text, say):
    return identifier(text, say, 9, "SIREN", clean_siren)


def siret(text, say):
    return identifier(text, say, 14, "SIRET", clean_siret)


def identifier(text, say, length, name, check):
    """Up to two leading zeros eaten by a spreadsheet are put back if the key then holds."""
    if SCIENTIFIC.fullmatch(SPACES.sub("", text)):
        raise ValueError(
            f"{name} en notation scientifique : ses derniers chiffres sont perdus, "
            "ils ne seront pas devinés"
        )
    compact = SPACES.sub("", text)
    if NUMERIC.fullmatch(compact):
        compact = re.split("[.,]", compact)[0]
    digits = re.sub(r"[.\-]", "", compact)
    if digits.isascii() and digits.isdigit() and length - 2 <= len(digits) < length:
        padded = digits.zfill(length)
        if not luhn.is_valid(padded) or not luhn.is_valid(padded[:9]):
            raise ValueError(f"{len(digits)} chiffres au lieu de {length}")
        say(f"{name} lu {padded} : le tableur avait perdu le zéro du début.")
        digits = padded
    try:
        return check(digits)
    except ValueError as error:
        raise ValueError(reason_of(digits, length, name)) from error


def grouped(text):
    """« 900 000 000 00017 » for a SIREN or a SIRET; anything else as it is."""
    if not (text.isascii() and text.isdigit() and len(text) in {9, 14}):
        return text
    return "\u00a0".join(part for part in (text[:3], text[3:6], text[6:9], text[9:]) if part)


def reason_of(digits, length, name):
    if not (digits.isascii() and digits.isdigit()):
        return f"un {name} ne compte que des chiffres"
    if len(digits) != length:
        return f"{len(digits)} chiffres au lieu de {length}"
    if not int(digits[:9]):
        return f"ce {name} n’existe pas"
    return "sa clé de contrôle est fausse, un chiffre est sans doute erroné"


# ── Numbers ──


def amount(text, say, unit=1):
    """Euros; `unit` is what the heading says, « k€ ». An ambiguous separator is refused."""
    compact = SPACES.sub("", text)
    multiple = MULTIPLE.fullmatch(compact)
    if multiple:
        unit = UNITS[multiple["unit"].lower()]
        compact = multiple["number"]
    try:
        value = parse_number(plain_number(compact, is_scaled=unit > 1)) * unit
    except ValueError as error:
        if re.fullmatch(r"[\d.,]+", compact):
            raise
        raise ValueError("un montant est attendu, par exemple 1 234 567,89") from error
    if value < 0:
        raise ValueError("un montant ne peut pas être négatif")
    if value > MAX_AMOUNT:
        raise ValueError("ce montant est trop grand")
    value = value.quantize(Decimal("0.01"))
    if unit > 1:
        say(f"« {text} » compris comme {euros(value)}.")
    return value


def plain_number(compact, *, is_scaled):
    """Thousands marks removed when they cannot be taken for a decimal mark."""
    if re.fullmatch(r"\d{1,3}(,\d{3})+\.\d+(€|eur)?", compact):
        return compact.replace(",", "")
    if re.fullmatch(r"\d{1,3}([.,]\d{3}){2,}(€|eur)?", compact):
        return re.sub("[.,]", "", compact)
    if re.fullmatch(r"[1-9]\d{0,2}[.,]\d{3}(€|eur)?", compact) and not is_scaled:
        raise ValueError("milliers ou décimales ? Écrivez le montant sans séparateur")
    return compact


def count(text, say):
    """A headcount: « 42 », « 42,0 », « 42 salariés »; None when it is no single whole number."""
    compact = PEOPLE.sub("", SPACES.sub("", text))
    if NUMERIC.fullmatch(compact):
        compact = re.split("[.,]", compact)[0]
    if not (compact.isascii() and compact.isdigit()) or len(compact) > 7:
        return None
    return int(compact)


def band_bounds(text):
    """« 20 à 49 salariés » → (20, 49), « 10 000 et plus » → (10000, None), else None."""
    numbers = [int(SPACES.sub("", found)) for found in re.findall(r"\d{1,3}(?:\s\d{3})+|\d+", text)]
    folded = normalise(text)
    if len(numbers) == 2 and re.search(r"\d\D*(a|-|–|/|et)\D*\d", folded):
        return (numbers[0], numbers[1])
    if len(numbers) == 1 and re.search(r"et plus|ou plus|\+|>=|≥", folded):
        return (numbers[0], None)
    return None


def year(text, say):
    compact = text.removesuffix(".0")
    if not re.fullmatch(r"(19|20)\d\d", compact):
        raise ValueError("une année est attendue, par exemple 2024")
    return int(compact)


# ── Dates, codes, addresses ──


def past_date(text, say, today):
    """A day as the French or a spreadsheet write it. A lone year names no day: None, and said."""
    first = text.split()[0].split("T")[0] if text.split() else ""
    if re.fullmatch(r"(19|20)\d\d(\.0)?", first):
        say(f"Date « {text} » non reprise : l’année seule ne dit pas le jour.")
        return None
    parts = re.fullmatch(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})", first)
    try:
        if parts:
            day, month, the_year = map(int, parts.groups())
            value = datetime.date(the_year, month, day)
        else:
            value = datetime.date.fromisoformat(first)
    except ValueError as error:
        raise ValueError("une date est attendue, par exemple 22/11/2026") from error
    if not datetime.date(1500, 1, 1) <= value <= today:
        raise ValueError("cette date est impossible ou à venir")
    return value


def naf(text, say):
    """The shape « 10.39A »; a label after the code is left out. Whether it exists is not known."""
    match = re.match(r"(\d{2})[.\s]?(\d{2})\s?([a-zA-Z])(?![a-zA-Z])", text)
    if not match:
        raise ValueError("un code NAF s’écrit comme 10.39A")
    return f"{match[1]}.{match[2]}{match[3].upper()}"


def legal_form(text, say):
    code = text.removesuffix(".0")
    if not re.fullmatch(r"\d{4}", code):
        say(f"Forme juridique « {text} » non reprise : un code à quatre chiffres est attendu.")
        return ""
    return code


def yes_or_no(text, say):
    word = normalise(text).removesuffix(".0")
    if word not in YES | NO:
        raise ValueError("oui ou non est attendu")
    return word in YES


def postal_code(text, say):
    code = SPACES.sub("", text).removesuffix(".0")
    if re.fullmatch(r"\d{4}", code):
        code = f"0{code}"
        say(f"Code postal lu {code} : le tableur avait perdu le zéro du début.")
    if not re.fullmatch(r"\d{5}", code):
        raise ValueError("un code postal compte cinq chiffres")
    return code


def website(text, say):
    address = text if "://" in text else f"https://{text}"
    try:
        return URLField(assume_scheme="https").clean(address)
    except ValidationError as error:
        raise ValueError("cette adresse de site n’est pas valable") from error


def email(text, say):
    address = text.strip("<>; ").removeprefix("mailto:")
    try:
        validate_email(address)
    except ValidationError as error:
        raise ValueError("cette adresse électronique n’est pas valable") from error
    return address


def phone(text, say):
    number = text.removesuffix(".0")
    if re.fullmatch(r"[1-9]\d{8}", number):
        number = f"0{number}"
        say(f"Téléphone lu {number} : le tableur avait perdu le zéro du début.")
    if re.fullmatch(r"0\d{9}", number):
        number = " ".join(number[at : at + 2] for at in range(0, 10, 2))
    return number


def person(text):
    """« Mme Sylvie LAFFORGUE » → (first, last); without capitals to tell, the whole is the name."""
    words = CIVILITY.sub("", one_line(text, None)).split()
    last = [word for word in words if len(word) > 1 and word.isupper()]
    first = [word for word in words if word not in last]
    if last and first:
        return " ".join(first), " ".join(last)
    return "", " ".join(words)
