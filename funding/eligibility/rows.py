"""Reading one criterion of the catalogue: a wrong row is refused with a sentence that says why."""

import datetime as dt
import re
from decimal import Decimal, InvalidOperation

from funding.eligibility import wording
from funding.eligibility.wording import quoted

MOST_YEARS = 500


class Row:
    """A JSON object read key by key; `close` refuses the keys that nobody read."""

    def __init__(self, data, scope="", filed_as=""):
        if not isinstance(data, dict):
            raise ValueError("Un critère est un objet JSON.")
        self.data = data
        self.scope, self.filed_as = scope, filed_as or scope
        self.read = {"kind", "key"}
        self.kind = self._word("kind", "Critère sans genre (« kind »)")
        self.key = self._word("key", f"Critère de genre {quoted(self.kind)} sans clé (« key »)")

    def _word(self, name, otherwise):
        value = self.data.get(name)
        if not isinstance(value, str) or not value.strip():
            raise ValueError(wording.typeset(f"{otherwise}."))
        return value

    def error(self, sentence):
        return ValueError(wording.typeset(f"Critère {quoted(self.key)} : {sentence}"))

    def get(self, name):
        self.read.add(name)
        return self.data.get(name)

    def text(self, name, *, required=False):
        value = self.get(name)
        if value is None and not required:
            return ""
        if not isinstance(value, str) or not value.strip():
            raise self.error(f"{quoted(name)} doit être un texte.")
        return value

    def prose(self, name, *, required=False):
        text = self.text(name, required=required)
        return wording.typeset(text) if text else ""

    def choice(self, name, allowed, *, required=True):
        value = self.text(name, required=required)
        if value and value not in allowed:
            raise self.error(
                f"{quoted(name)} vaut {quoted(value)}, "
                f"valeurs possibles : {wording.listing(list(allowed))}."
            )
        return value

    def codes(self, name, allowed=None, pattern=None, *, required=False):
        """A list of distinct codes, in the order of the file; empty when absent."""
        values = self.get(name)
        if values is None and not required:
            return ()
        if not isinstance(values, list) or not values:
            raise self.error(f"{quoted(name)} doit être une liste d’au moins un code.")
        for value in values:
            if (
                not isinstance(value, str)
                or (allowed is not None and value not in allowed)
                or (pattern is not None and not re.fullmatch(pattern, value))
            ):
                raise self.error(f"code inconnu dans {quoted(name)} : {quoted(value)}.")
        return tuple(dict.fromkeys(values))

    def flag(self, name, *, required=False):
        value = self.get(name)
        if value is None and not required:
            return False
        if not isinstance(value, bool):
            raise self.error(f"{quoted(name)} doit être true ou false.")
        return value

    def whole(self, name):
        value = self.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self.error(f"{quoted(name)} doit être un entier positif ou nul.")
        return value

    def years(self, name):
        """Whole years that a calendar can hold, before or after any date of a project."""
        value = self.whole(name)
        if value is not None and value > MOST_YEARS:
            raise self.error(f"{quoted(name)} dépasse {MOST_YEARS} ans.")
        return value

    def decimal(self, name):
        value = self.get(name)
        if value is None:
            return None
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            number = Decimal("NaN")
        if isinstance(value, bool) or not number.is_finite():
            raise self.error(f"{quoted(name)} doit être un nombre.")
        return number

    def day(self, name):
        value = self.get(name)
        if value is None:
            return None
        try:
            return dt.date.fromisoformat(value)
        except (TypeError, ValueError):
            raise self.error(f"{quoted(name)} doit être une date AAAA-MM-JJ.") from None

    def limits(self, low, high, reader):
        """Two limits of which one may be missing, in order."""
        minimum, maximum = reader(low), reader(high)
        if minimum is None and maximum is None:
            raise self.error(f"il faut {quoted(low)} ou {quoted(high)}.")
        if minimum is not None and maximum is not None and maximum < minimum:
            raise self.error(f"{quoted(low)} dépasse {quoted(high)}.")
        return minimum, maximum

    def close(self):
        if unknown := sorted(set(self.data) - self.read):
            names = wording.listing([quoted(name) for name in unknown], "et")
            what = "paramètre inconnu" if len(unknown) == 1 else "paramètres inconnus"
            raise self.error(f"{what} pour le genre {quoted(self.kind)} : {names}.")
