"""SIREN and SIRET. Pure: text in, text out, ValueError with a French sentence."""

import re

from stdnum import luhn

LA_POSTE = "356000000"
SEPARATORS = re.compile(r"[\s.\-\u00a0\u202f]")
SCIENTIFIC = re.compile(r"^\d[.,]\d+E\+?\d+$", re.IGNORECASE)


def clean_siren(text):
    """Return the nine digits of a SIREN, or raise ValueError with a sentence that says why not."""
    siren = _digits(text, 9, "SIREN")
    if not luhn.is_valid(siren):
        raise ValueError(f"Le SIREN {siren} est faux : sa clé de contrôle ne correspond pas.")
    return siren


def clean_siret(text):
    """Return the fourteen digits of a SIRET, or raise ValueError with a sentence.

    La Poste’s establishments do not follow Luhn: their plain digit sum is a multiple of five.
    """
    siret = _digits(text, 14, "SIRET")
    if siret[:9] == LA_POSTE and sum(map(int, siret)) % 5 == 0:
        return siret
    if not luhn.is_valid(siret) or not luhn.is_valid(siret[:9]):
        raise ValueError(f"Le SIRET {siret} est faux : sa clé de contrôle ne correspond pas.")
    return siret


def _digits(text, length, name):
    compact = SEPARATORS.sub("", str(text))
    if SCIENTIFIC.match(str(text).strip()):
        raise ValueError(
            f"Le {name} « {text} » a été abîmé par le tableur (notation scientifique) : "
            "les derniers chiffres sont perdus."
        )
    if not (compact.isascii() and compact.isdigit()) or len(compact) != length:
        raise ValueError(f"Le {name} doit compter {length} chiffres ; « {text} » n’en est pas un.")
    if not int(compact[:9]):
        raise ValueError(f"Le {name} {compact} n’existe pas.")
    return compact
