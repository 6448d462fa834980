"""One program of a catalogue, while it is being read: its values, its criteria, what to tell."""

import datetime as dt
import hashlib
import re
from dataclasses import dataclass, field
from decimal import Decimal

from funding.catalogue_imports.cleaning import items, shortened
from funding.catalogue_imports.values import Problem, key_of
from funding.eligibility import Rules, Window, naf
from funding.eligibility.wording import listing, quoted

SHORT, MANY = 320, 12
LENGTHS = {"name": 250, "operator": 150, "portal": 200, "scope_label": 200, "legal_basis": 300}
SUMMARY = 400
# What says that there is no limit, in the words of the three catalogues.
NO_LIMIT = {
    *("tous secteurs", "tous secteurs d'activite", "tous les secteurs", "toutes activites"),
    *("tous les secteurs d'activite", "toutes tailles", "toutes les tailles", "toute taille"),
    *("toutes entreprises", "toutes les entreprises", "eligible a toutes les entreprises"),
    *("eligible aux micro-entreprises", "eligible aux micro entreprises", "aucun", "aucune"),
    *("france", "france entiere", "france et territoires d'outre-mer", "sans condition"),
    *("aucune condition", "tous", "toutes", "neant", "sans objet", "non concerne"),
}
MICRO_OUT = {"non eligible aux micro-entreprises", "non eligible aux micro entreprises"}
# What may follow without saying more than the rule: the rest of such a line would be lost.
BEFORE = re.compile(
    r"(?: ni donne lieu a (?:des|un) engagements? fermes?)?"
    r"(?: avant (?:(?:la|votre|toute) demande|(?:le|tout) depot(?: (?:de la|de votre|d'une) demande"
    r"| du dossier| de votre dossier| d'un dossier)?)"
    r"(?: (?:d'aide|de subvention|de financement|de pret))?)?"
)
STARTED = re.compile(
    r"(?:l'operation|le projet|les travaux|l'investissement|votre projet)[^.;]{0,120}"
    r" ne (?:doit|doivent) pas avoir (?:deja )?(?:commence|demarre|debute)\b(?P<rest>.*)"
)
COUNT = r"(\d[\d ]{0,6})"
STAFF = r" ?(?:salaries?|employes?|etp|personnes|collaborateurs)"
HEADCOUNTS = (
    (re.compile(rf"plus de {COUNT}{STAFF}"), lambda low: (low + 1, None)),
    (re.compile(rf"(?:au moins|a partir de|minimum) {COUNT}{STAFF}"), lambda low: (low, None)),
    (re.compile(rf"moins de {COUNT}{STAFF}"), lambda high: (None, high - 1)),
    (re.compile(rf"(?:jusqu'a|maximum) {COUNT}{STAFF}"), lambda high: (None, high)),
    (re.compile(rf"{COUNT}{STAFF} (?:maximum|au plus)"), lambda high: (None, high)),
    (re.compile(rf"(?:de|entre) {COUNT} (?:a|et) {COUNT}{STAFF}"), lambda low, high: (low, high)),
)
LIFE = r"(?: ?ans?)(?: d'(?:activite|existence|anciennete))?"
AGES = (
    re.compile(rf"(?:au moins|plus de|minimum|a partir de) (\d{{1,2}}){LIFE}"),
    re.compile(rf"(\d{{1,2}}){LIFE} (?:minimum|au moins)"),
)


@dataclass
class Draft:
    """`values` as a version keeps them, the funder by its name until the plan knows its code."""

    values: dict = field(default_factory=dict)
    criteria: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    warnings: list = field(default_factory=list)
    read: dict = field(default_factory=dict)  # the line that each limit was read from

    def warn(self, sentence):
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    def add(self, kind, key=None, **parameters):
        """Another rule under a key that is taken is added beside: both must be met."""
        row = {"kind": kind, "key": key or kind, **parameters}
        others = [one for one in self.criteria if one["key"].startswith(row["key"])]
        if any(worded_alike(row, other) for other in others):
            return
        if any(row["key"] == other["key"] for other in others):
            row["key"] = f"{row['key']}_{len(others) + 1}"
        self.criteria.append(row)

    def add_limit(self, kind, line, prefix, **limits):
        """A limit that a line surely gives. Of two lines that bound the same side nobody knows
        whether both hold or either: they stay text."""
        lines = self.read.setdefault(kind, [])
        row = next((one for one in self.criteria if one["kind"] == kind), None)
        if row is None and not lines:
            self.add(kind, **limits)
            lines.append(line)
        elif row and completes(row, limits):
            row.update(limits)
            if lines:
                lines.append(line)
        elif row and lines:
            self.criteria.remove(row)
            for one in [*lines, line]:
                self.text(one, prefix)
        else:
            self.text(line, prefix)

    def note(self, title, text):
        """A paragraph of the conditions, for whoever reads the page."""
        if text:
            self.notes.append(f"{title} :\n{text}" if "\n" in text else f"{title} : {text}")

    # ── Criteria ──

    def text(self, sentence, prefix=""):
        """A condition that only a person can judge: « à confirmer » until someone does."""
        sentence = f"{prefix} : {sentence}" if prefix else sentence
        digest = hashlib.sha256(key_of(sentence).encode()).hexdigest()[:12]
        if all(row["key"] != f"text_{digest}" for row in self.criteria):
            self.add("text", f"text_{digest}", text=sentence)

    def conditions(self, text, prefix=""):
        """The limits of a free text, one a line; a long text is one condition to read in full."""
        lines = [line for line in items(text) if key_of(line) not in NO_LIMIT]
        if len(lines) > MANY or any(len(line) > SHORT for line in lines):
            start = shortened(" ".join(lines), SHORT)
            self.text(f"{start} (texte complet dans les autres conditions)", prefix)
            return
        for line in lines:
            self.condition(line, prefix)

    def condition(self, line, prefix=""):
        """One written condition, as the rule it surely is, else as plain text."""
        key = key_of(line)
        if key in NO_LIMIT or not key:
            return
        if key in MICRO_OUT:
            self.not_micro()
        elif started := STARTED.fullmatch(key):
            self.values["incentive_effect"] = True
            is_all = BEFORE.fullmatch(started["rest"])
            self.add("not_started", "incentive_effect", **({"label": line} if is_all else {}))
            if not is_all:
                self.text(line, prefix)
        else:
            self.text(line, prefix)

    def beneficiaries(self, kinds):
        if kinds:
            self.add("beneficiary", accepted=sorted(kinds))

    def headcount(self, low, high):
        if low is not None and high is not None and low > high:
            raise Problem(f"L’effectif minimum ({low}) dépasse l’effectif maximum ({high}).")
        if low or high is not None:
            limits = {"min": low or None, "max": high}
            self.add("headcount", **{name: n for name, n in limits.items() if n is not None})

    def size_text(self, line, low, high):
        """« Plus de 50 salariés » is what `low` says already, or the rule itself."""
        said = headcount_of(line)
        if said is None:
            self.condition(line, "Taille")
        elif low is None and high is None:
            limits = {"min": said[0] or None, "max": said[1]}
            limits = {name: n for name, n in limits.items() if n is not None}
            if limits:
                self.add_limit("headcount", line, "Taille", **limits)
        elif not (near(said[0], low) and near(said[1], high)):
            self.text(line, "Taille")

    def age_text(self, line, years):
        said = next((match for rule in AGES if (match := rule.fullmatch(key_of(line)))), None)
        if said is None:
            self.condition(line, "Ancienneté")
        elif not years and int(said[1]):
            self.add_limit("age", line, "Ancienneté", min_years=int(said[1]))
        elif years and int(said[1]) != years:
            self.text(line, "Ancienneté")

    def sectors(self, accepted, excluded, name):
        """Codes of NAF rév. 2; one that does not exist makes the whole rule plain text."""
        unknown = [code for code in [*accepted, *excluded] if not is_naf(code)]
        if unknown:
            self.warn(f"{name} : code NAF inconnu {quoted(unknown[0])}, gardé en texte.")
            parts = [listing(accepted, "et") if accepted else "tous"]
            parts += [f"hors {listing(excluded, 'et')}"] if excluded else []
            self.text(", ".join(parts), "Secteurs")
            return
        everything = set(naf.SECTIONS["rev2"])
        if accepted and not everything <= set(accepted):
            lists = {"accepted": list(accepted), **({"excluded": excluded} if excluded else {})}
        elif excluded:
            lists = {"excluded": list(excluded)}
        else:
            return
        self.add("naf", vintage="rev2", **lists)

    def not_micro(self):
        self.add(
            "fact",
            "micro_entrepreneur",
            fact="micro_entrepreneur",
            type="bool",
            expected=False,
            label="Le porteur n’est pas micro-entrepreneur",
            question="Le porteur est-il micro-entrepreneur ?",
        )

    def place(self, area, places):
        self.values["scope_level"], self.values["scope_label"] = places.scope(area)
        if row := area.criterion():
            self.add(row.pop("kind"), row.pop("key"), **row)

    def place_text(self, label):
        """A place that no code tells for sure."""
        self.values["scope_level"], self.values["scope_label"] = "other", label
        self.text(label, "Lieu")

    # ── The end ──

    def finish(self):
        """The values, complete; Problem when the rules cannot be read."""
        values = {**BLANK, **self.values, "criteria": self.criteria}
        values["conditions_note"] = "\n\n".join(self.notes)
        for name, limit in LENGTHS.items():
            if len(values[name]) > limit:
                self.warn(f"Texte trop long, coupé : {values[name][:60]}…")
                values[name] = "" if name == "portal" else f"{values[name][: limit - 1]}…"
        values["summary"] = shortened(values["summary"], SUMMARY) or values["name"]
        if not values["name"]:
            raise Problem("Le titre manque.")
        if not values["funder"]:
            raise Problem("Aucun financeur ni opérateur n’est donné.")
        check_order(values)
        try:
            days = (iso(values[name]) for name in ("opens_on", "closes_on"))
            Rules.parse(self.criteria, Window(values["state"], *days), scope="")
        except ValueError as error:
            raise Problem(str(error)) from error
        return values


BLANK = {
    "name": "",
    "funder": "",
    "operator": "",
    "portal": "",
    "instruments": [],
    "summary": "",
    "beneficiaries_note": "",
    "eligible_costs_note": "",
    "conditions_note": "",
    "scope_level": "national",
    "scope_label": "France entière",
    "themes": [],
    "rate_min": None,
    "rate_max": None,
    "rate_on_project": True,
    "rate_note": "",
    "aid_min": None,
    "aid_max": None,
    "opens_on": None,
    "closes_on": None,
    "recurrence": "",
    "state": "open",
    "legal_basis": "",
    "incentive_effect": None,
    "uncertain": [],
}


def iso(text):
    return dt.date.fromisoformat(text) if text else None


def check_order(values):
    for low, high, sentence in (
        ("rate_min", "rate_max", "Le taux minimum dépasse le taux maximum."),
        ("aid_min", "aid_max", "L’aide minimum dépasse l’aide maximum."),
    ):
        if None not in (values[low], values[high]) and Decimal(values[low]) > Decimal(values[high]):
            raise Problem(sentence)


def headcount_of(line):
    """(low, high) of « De 10 à 249 salariés », else None: « moins de 0 salarié » says nothing."""
    key = key_of(line)
    for rule, limits in HEADCOUNTS:
        if match := rule.fullmatch(key):
            low, high = limits(*(int(part.replace(" ", "")) for part in match.groups()))
            return (low, high) if high is None or (low or 0) <= high else None
    return None


def worded_alike(row, other):
    """The same rule, whatever its key and its wording."""
    wording = {"key", "label"}
    return all(row.get(name) == other.get(name) for name in (row.keys() | other.keys()) - wording)


def completes(row, limits):
    """Whether these limits bound the side that the row leaves open, or say the same."""
    if any(row.get(name, value) != value for name, value in limits.items()):
        return False
    if limits.keys() <= row.keys():
        return True
    both = {**row, **limits}
    pairs = (("min", "max"), ("min_years", "max_years"))
    return all(both[low] <= both[high] for low, high in pairs if {low, high} <= both.keys())


def near(said, structured):
    """« Plus de 50 » is published as 50 as well as 51."""
    if said is None or structured is None:
        return not said and not structured
    return abs(said - structured) <= 1


def is_naf(code):
    if not re.fullmatch(naf.CODE, code):
        return False
    return not code.isalpha() or code in naf.SECTIONS["rev2"]
