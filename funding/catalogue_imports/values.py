"""Cells and JSON scalars → the plain values that a version keeps. Pure.

A value that cannot be what it claims raises Problem, with the sentence that refuses the row.
"""

import datetime as dt
import re
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from crm.search import normalise
from funding.catalogue_imports.cleaning import one_line

PARIS = ZoneInfo("Europe/Paris")
YEARS = (1990, 2100)
YES = {"oui", "true", "vrai", "yes", "1", "o"}
NO = {"non", "false", "faux", "no", "0", "n", ""}
UNIT = r"(?:€|euros?|eur)(?: ?(?:h\.?t\.?|ttc))?"
SUM = rf"(\d{{1,3}}(?: \d{{3}})+|\d+)(?:,(\d{{1,2}}))? ?(k|m)? ?{UNIT}"
UP_TO = r"(?:jusqu'a |maximum |max\.? |plafond (?:de )?|au plus )?"
AMOUNT = re.compile(rf"{UP_TO}{SUM}(?: maximum| max\.?| au plus)?")
RANGE = re.compile(rf"(?:de|entre) {SUM} (?:a|et) {SUM}")
RATE = re.compile(rf"{UP_TO}(\d{{1,3}}(?:,\d{{1,2}})?) ?%(?: maximum| max\.?| au plus)?")
RATES = re.compile(r"(?:de|entre) (\d{1,3}(?:,\d{1,2})?) ?%? (?:a|et) (\d{1,3}(?:,\d{1,2})?) ?%")


class Problem(ValueError):
    """A French sentence: why the row is refused."""


def key_of(text):
    """What two writings of one label have in common."""
    return normalise(text).strip(" .;:")


def text(value, name):
    """One line of text; "" for nothing."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Problem(f"« {name} » n’est pas un texte.")
    return one_line(value)


def texts(value, name):
    """A list of texts; one text stands for a list of one."""
    if value is None or value == "":
        return []
    values = value if isinstance(value, list) else [value]
    return [line for item in values if (line := text(item, name))]


def number(value, name):
    """A Decimal from a number or from « 1 000,5 »; None for nothing."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Problem(f"« {name} » n’est pas un nombre.")
    compact = re.sub(r"[\s\u00a0\u202f]", "", str(value)).replace(",", ".")
    if not compact:
        return None
    try:
        found = Decimal(compact)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or abs(found) >= Decimal(10) ** 12:
        raise Problem(f"« {name} » vaut « {value} », qui n’est pas un nombre.")
    return found


def whole(value, name):
    """A count, zero or more; None for nothing."""
    found = number(value, name)
    if found is None:
        return None
    if found != found.to_integral_value() or found < 0:
        raise Problem(f"« {name} » vaut « {value} » : un nombre entier est attendu.")
    return int(found)


def percent(value, name):
    """« 40 » from 40, "40" or "40 %"; a rate out of 0 to 100 refuses the row."""
    if isinstance(value, str):
        value = value.strip().removesuffix("%")
    found = number(value, name)
    if found is None:
        return None
    if not 0 <= found <= 100:
        raise Problem(f"« {name} » vaut {plain(found)} % : un taux est compris entre 0 et 100 %.")
    return plain(found.quantize(Decimal("0.01")))


def plain(value):
    """« 40 » for Decimal("40.00"): how a version keeps a number."""
    return None if value is None else f"{value.normalize():f}"


def yes(value, name):
    """True, False, or None when nothing is said."""
    if value is None or value == "":
        return None
    said = key_of(value)
    if said in YES:
        return True
    if said in NO:
        return False
    raise Problem(f"« {name} » vaut « {value} » : oui ou non est attendu.")


def day(value, name):
    """« 2026-12-31 » from a French date, an ISO one, or an instant, which is a day in Paris."""
    if value is None or value == "":
        return None
    said = str(value).strip()
    if not said:
        return None
    try:
        found = french_day(said) or iso_day(said)
    except ValueError:
        found = None
    if found is None or not YEARS[0] <= found.year <= YEARS[1]:
        raise Problem(f"« {name} » vaut « {said[:40]} », qui n’est pas une date.")
    return found.isoformat()


def french_day(said):
    match = re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})", said)
    if not match:
        return None
    date, month, year = match.groups()
    return dt.date(int(f"20{year}" if len(year) == 2 else year), int(month), int(date))


def iso_day(said):
    """« 2026-12-30T23:00:00Z » is the 31st in Paris."""
    if len(said) == 10:
        return dt.date.fromisoformat(said)
    instant = dt.datetime.fromisoformat(said)
    return (instant.astimezone(PARIS) if instant.tzinfo else instant).date()


def terms(said):
    """What a free text on the amount says for certain, as fields; {} for anything else.

    « 50 000 € », « jusqu’à 30 % », « de 5 000 € HT à 200 000 € HT » and no more: « 80 % du coût de
    l’étude » is the rate of something else than the project.
    """
    key = key_of(said).replace("\u202f", " ")
    if match := AMOUNT.fullmatch(key):
        return {"aid_max": plain(euros(*match.groups()))}
    if match := RANGE.fullmatch(key):
        low, high = euros(*match.groups()[:3]), euros(*match.groups()[3:])
        return {"aid_min": plain(low), "aid_max": plain(high)} if low <= high else {}
    if match := RATE.fullmatch(key):
        rates = {"rate_max": Decimal(match[1].replace(",", "."))}
    elif match := RATES.fullmatch(key):
        low, high = (Decimal(part.replace(",", ".")) for part in match.groups())
        rates = {"rate_min": low, "rate_max": high}
    else:
        return {}
    if max(rates.values()) > 100 or rates.get("rate_min", 0) > rates["rate_max"]:
        return {}
    return {name: plain(rate) for name, rate in rates.items()}


def euros(units, cents, scale):
    found = Decimal(f"{units.replace(' ', '')}.{cents or '0'}")
    return found * {"k": 1_000, "m": 1_000_000}.get(scale, 1)
