"""Criteria on the holder of the project: kind, legal form, size, accounts, age, activity."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from funding.eligibility import naf, wording
from funding.eligibility.base import Criterion, Prefixes
from funding.eligibility.classes import EACH, Beginnings, Spans, Steps
from funding.eligibility.eu_size import limits_on, rank
from funding.eligibility.facts import (
    MET,
    NOT_MET,
    UNKNOWN,
    Fact,
    Facts,
    Interval,
    Question,
    anniversary,
    anniversary_days,
    between,
    known,
)

ORGANISATION, SITE = "organisation", "site"


def possible_sizes(facts: Facts, today: dt.date) -> frozenset[str]:
    """The sizes that the facts leave possible.

    A declared size wins: a firm keeps its size until two closed years say otherwise, and linked
    firms count (art. 4 § 2 and 6). For the same reasons what we know of one year excludes no larger
    size, nor the one just below: beyond a limit for a first year, a firm still has it."""
    if declared := facts.get("eu_size"):
        return frozenset({declared.value})
    headcount = facts.get("headcount")
    low = headcount.value.low if headcount else 0
    # What is unknown is the least it may be.
    sales, total = (
        facts[key].value if key in facts else 0 for key in ("turnover", "balance_sheet")
    )
    return FROM_SIZE[max(rank(low, sales, total, limits_on(today)) - 1, 0)]


# The sizes from each one up.
FROM_SIZE = tuple(frozenset(list(wording.SIZES)[least:]) for least in range(len(wording.SIZES)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Beneficiary(Criterion):
    accepted: tuple[str, ...]

    fact = "beneficiary"

    @classmethod
    def read(cls, row):
        return {"accepted": row.codes("accepted", wording.BENEFICIARIES, required=True)}

    def answer(self, facts, today):
        fact = facts.get("beneficiary")
        if fact is None:
            return UNKNOWN
        return MET if fact.value in self.accepted else NOT_MET

    def sentence(self):
        return f"Porteur{wording.NBSP}: " + wording.listing(
            [wording.BENEFICIARIES[code] for code in self.accepted]
        )

    def found(self, facts, today):
        if (fact := facts.get("beneficiary")) is None:
            return "Nature du porteur inconnue"
        return wording.capital(fact.label or wording.BENEFICIARIES.get(fact.value, fact.value))

    def ask(self, key, facts):
        sentence = f"Qui porte le projet{wording.NBSP}?"
        choices = [(code, wording.capital(label)) for code, label in wording.BENEFICIARIES.items()]
        return Question(key, sentence, "choice", tuple(choices))


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalForm(Criterion):
    accepted: Prefixes
    excluded: Prefixes

    fact = "legal_form"

    @classmethod
    def read(cls, row):
        accepted = row.codes("accepted", pattern=r"\d{1,4}")
        excluded = row.codes("excluded", pattern=r"\d{1,4}")
        if not accepted and not excluded:
            raise row.error("il faut « accepted » ou « excluded ».")
        return {"accepted": Prefixes(accepted), "excluded": Prefixes(excluded)}

    def answer(self, facts, today):
        fact = facts.get("legal_form")
        if fact is None:
            return UNKNOWN
        return self.accepted.allow(fact.value, self.excluded)

    def classes(self, today):
        return {self.fact: Beginnings({*self.accepted.texts, *self.excluded.texts})}

    def sentence(self):
        parts = []
        if self.accepted.texts:
            parts.append(wording.listing(named(self.accepted)))
        if self.excluded.texts:
            parts.append(f"hors {wording.listing(named(self.excluded), 'et')}")
        return f"Forme juridique{wording.NBSP}: {', '.join(parts)}"

    def found(self, facts, today):
        if (fact := facts.get("legal_form")) is None:
            return "Forme juridique inconnue"
        return wording.capital(fact.label or wording.legal_form(fact.value))

    def ask(self, key, facts):
        sentence = f"Quelle est la forme juridique du porteur{wording.NBSP}?"
        return Question(key, sentence, "record")


def named(prefixes: Prefixes) -> list[str]:
    """Labels without repetition: two codes may bear the same name."""
    return list(dict.fromkeys(wording.legal_form(code) for code in prefixes.texts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Size(Criterion):
    """Size in the sense of the European Union, with linked and partner firms."""

    accepted: frozenset[str]

    fact = "eu_size"

    @classmethod
    def read(cls, row):
        return {"accepted": frozenset(row.codes("accepted", wording.SIZES, required=True))}

    def answer(self, facts, today):
        possible = possible_sizes(facts, today)
        if possible <= self.accepted:
            return MET
        return NOT_MET if possible.isdisjoint(self.accepted) else UNKNOWN

    def classes(self, today):
        limits = limits_on(today)
        return {
            "eu_size": EACH,
            "headcount": Spans(row.headcount for row in limits),
            "turnover": Steps(row.turnover for row in limits),
            "balance_sheet": Steps(row.balance_sheet for row in limits),
        }

    def sentence(self):
        if self.accepted == wording.SIZES.keys():
            return "Toute taille d’entreprise"
        sizes, names = wording.SIZES, []
        if self.accepted.issuperset(wording.SME):
            sizes, names = wording.SHORT_SIZES, ["PME"]
        names += [label for code, label in sizes.items() if code in self.accepted]
        return f"Taille européenne{wording.NBSP}: {wording.listing(names)}"

    def used(self, facts):
        if "eu_size" in facts:
            return ("eu_size",)
        return ("headcount", "turnover", "balance_sheet", "insee_category")

    def found(self, facts, today):
        if declared := facts.get("eu_size"):
            label = declared.label or wording.SIZES.get(declared.value, declared.value)
            return wording.capital(label)
        parts = []
        if headcount := facts.get("headcount"):
            parts.append(headcount.label or people(headcount.value))
        if turnover := facts.get("turnover"):
            parts.append(f"chiffre d’affaires de {wording.amount(turnover.value)}")
        if balance := facts.get("balance_sheet"):
            parts.append(f"bilan de {wording.amount(balance.value)}")
        if not parts:
            parts.append("taille européenne inconnue")
        if category := facts.get("insee_category"):
            parts.append(insee_hint(category))
        return wording.capital(", ".join(parts))

    def ask(self, key, facts):
        hint = ""
        if category := facts.get("insee_category"):
            hint = f" ({insee_hint(category)})"
        sentence = f"Quelle est la taille européenne de l’entreprise{hint}{wording.NBSP}?"
        choices = [(code, wording.capital(label)) for code, label in wording.SIZES.items()]
        return Question(
            key,
            sentence,
            "choice",
            tuple(choices),
            prefill=likely_size(facts),
            warning=LINKED_FIRMS,
        )


# Recommandation 2003/361/CE, annexe, art. 3, 4 et 6 (RGEC, annexe I).
LINKED_FIRMS = (
    f"Comptez en entier les entreprises liées (plus de 50{wording.NBSP}%) et au prorata les "
    f"partenaires (25 à 50{wording.NBSP}%). La taille ne change qu’après deux exercices clos "
    "au-delà, ou en deçà, des seuils. La catégorie de l’INSEE suit une autre définition."
)
INSEE_SIZES = {"PME": wording.SME, "ETI": ("mid_cap",), "GE": ("large",)}


def likely_size(facts: Facts) -> str:
    """The size that INSEE's category and the headcount suggest, to be confirmed; often none.

    INSEE (décret 2008-1354) puts micro, small and medium firms together: the headcount, when it
    is known, tells them apart. Its groups are not those of the European definition."""
    category, headcount = facts.get("insee_category"), facts.get("headcount")
    sizes = INSEE_SIZES.get(category.value, ()) if category else ()
    if len(sizes) == 1:
        return sizes[0]
    if not sizes or headcount is None or headcount.value.high is None:
        return ""
    low, high = (sme_of(count) for count in (headcount.value.low, headcount.value.high))
    return low if low == high else ""  # a band over a limit suggests nothing


def sme_of(count: int) -> str:
    # A suggestion, to be confirmed: by the latest thresholds, whatever the day.
    rows = (row for row in limits_on(dt.date.max) if row.size in wording.SME)
    return next((row.size for row in rows if count < row.headcount), "")


def insee_hint(category: Fact) -> str:
    return (
        f"catégorie INSEE{wording.NBSP}: {category.value}, à confirmer avec les entreprises liées"
    )


def people(interval: Interval) -> str:
    """« 42 salariés », « de 10 à 19 salariés », « au moins 10 000 salariés »."""
    if interval.high is None:
        return f"au moins {wording.employees(interval.low)}"
    if interval.is_exact:
        return wording.employees(interval.low)
    return wording.span(interval.low, interval.high, wording.employees)


@dataclass(frozen=True, slots=True, kw_only=True)
class Headcount(Criterion):
    minimum: int | None
    maximum: int | None
    fact: str

    @classmethod
    def read(cls, row):
        minimum, maximum = row.limits("min", "max", row.whole)
        scope = row.choice("scope", (ORGANISATION, SITE), required=False)
        fact = "site_headcount" if scope == SITE else "headcount"
        return {"minimum": minimum, "maximum": maximum, "fact": fact}

    def answer(self, facts, today):
        fact = facts.get(self.fact)
        if fact is None:
            return UNKNOWN
        return fact.value.within(self.minimum, self.maximum)

    def classes(self, today):
        return {self.fact: Spans(known(self.minimum, self.maximum))}

    def sentence(self):
        where = "Effectif du site" if self.fact == "site_headcount" else "Effectif"
        return f"{where} {wording.span(self.minimum, self.maximum, wording.employees)}"

    def found(self, facts, today):
        if (fact := facts.get(self.fact)) is None:
            site = self.fact == "site_headcount"
            return "Effectif du site inconnu" if site else "Effectif inconnu"
        return wording.capital(fact.label or people(fact.value))

    def ask(self, key, facts):
        exact = hint = ""
        if fact := facts.get(key):
            exact, hint = " exact", f" (tranche connue{wording.NBSP}: {people(fact.value)})"
        whose = "du site" if key == "site_headcount" else "de l’entreprise"
        sentence = f"Quel est l’effectif{exact} {whose}{hint}{wording.NBSP}?"
        return Question(key, sentence, "integer", unit="salariés")


# kind: (name, what is asked, found when unknown)
AMOUNTS = {
    "turnover": (
        "Chiffre d’affaires",
        "Quel est le chiffre d’affaires du dernier exercice clos",
        "Chiffre d’affaires inconnu",
    ),
    "balance_sheet": (
        "Total du bilan",
        "Quel est le total du bilan du dernier exercice clos",
        "Total du bilan inconnu",
    ),
    "equity": (
        "Fonds propres",
        "Quel est le montant des fonds propres de l’entreprise",
        "Fonds propres inconnus",
    ),
    "eligible_costs": (
        "Assiette",
        "Quelle est l’assiette du projet (dépenses éligibles hors taxes)",
        "Assiette inconnue",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount(Criterion):
    """Euros between two limits, included; the kind is also the key of the fact."""

    minimum: Decimal | None
    maximum: Decimal | None

    @classmethod
    def read(cls, row):
        minimum, maximum = row.limits("min", "max", row.decimal)
        return {"minimum": minimum, "maximum": maximum}

    @property
    def fact(self):
        return self.kind

    def answer(self, facts, today):
        fact = facts.get(self.kind)
        if fact is None:
            return UNKNOWN
        return between(fact.value, self.minimum, self.maximum)

    def classes(self, today):
        return {self.fact: Steps(known(self.minimum, self.maximum))}

    def sentence(self):
        name = AMOUNTS[self.kind][0]
        return f"{name} {wording.span(self.minimum, self.maximum, wording.amount)}"

    def found(self, facts, today):
        if (fact := facts.get(self.kind)) is None:
            return AMOUNTS[self.kind][2]
        return wording.capital(fact.label or wording.amount(fact.value))

    def ask(self, key, facts):
        sentence = f"{AMOUNTS[key][1]}{wording.NBSP}?"
        return Question(key, sentence, "amount", unit="€")


@dataclass(frozen=True, slots=True, kw_only=True)
class Age(Criterion):
    """Whole years since creation; the day of the anniversary is inside both limits."""

    minimum: int | None
    maximum: int | None

    fact = "created_on"

    @classmethod
    def read(cls, row):
        minimum, maximum = row.limits("min_years", "max_years", row.years)
        return {"minimum": minimum, "maximum": maximum}

    def answer(self, facts, today):
        fact = facts.get("created_on")
        if fact is None:
            return UNKNOWN
        if self.minimum is not None and anniversary(fact.value, self.minimum) > today:
            return NOT_MET
        if self.maximum is not None and anniversary(fact.value, self.maximum) < today:
            return NOT_MET
        return MET

    def classes(self, today):
        return {self.fact: Steps(anniversary_days(today, known(self.minimum, self.maximum)))}

    def sentence(self):
        if self.minimum is None:
            return f"Entreprise créée il y a {wording.years(self.maximum)} au plus"
        if self.maximum is None:
            return f"Entreprise créée depuis {wording.years(self.minimum)} au moins"
        return f"Entreprise créée il y a {self.minimum} à {wording.years(self.maximum)}"

    def found(self, facts, today):
        if (fact := facts.get("created_on")) is None:
            return "Date de création inconnue"
        return f"Créée le {wording.day(fact.value)}"

    def ask(self, key, facts):
        sentence = f"À quelle date l’entreprise a-t-elle été créée{wording.NBSP}?"
        return Question(key, sentence, "date")


@dataclass(frozen=True, slots=True, kw_only=True)
class Naf(Criterion):
    """Activity, in the vintage in which the rule is written: the other one says nothing."""

    vintage: str
    accepted_codes: tuple[str, ...]
    excluded_codes: tuple[str, ...]
    accepted: Prefixes
    excluded: Prefixes

    @classmethod
    def read(cls, row):
        vintage = row.choice("vintage", naf.VINTAGES)
        accepted = row.codes("accepted", pattern=naf.CODE)
        excluded = row.codes("excluded", pattern=naf.CODE)
        if not accepted and not excluded:
            raise row.error("il faut « accepted » ou « excluded ».")
        try:
            return {
                "vintage": vintage,
                "accepted_codes": accepted,
                "excluded_codes": excluded,
                "accepted": Prefixes(naf.prefixes(accepted, vintage)),
                "excluded": Prefixes(naf.prefixes(excluded, vintage)),
            }
        except KeyError as section:
            name = naf.VINTAGES[vintage]
            raise row.error(f"pas de section {section.args[0]} en {name}.") from None

    @property
    def fact(self):
        return "naf_rev2" if self.vintage == "rev2" else "naf_2025"

    def answer(self, facts, today):
        fact = facts.get(self.fact)
        if fact is None:
            return UNKNOWN
        return self.accepted.allow(naf.plain(fact.value), self.excluded)

    def classes(self, today):
        return {self.fact: Beginnings({*self.accepted.texts, *self.excluded.texts})}

    def sentence(self):
        parts = []
        if self.accepted_codes:
            parts.append(wording.listing(list(naf.ranges(self.accepted_codes))))
        if self.excluded_codes:
            parts.append(f"hors {wording.listing(list(naf.ranges(self.excluded_codes)), 'et')}")
        return f"Secteur ({naf.VINTAGES[self.vintage]}){wording.NBSP}: {', '.join(parts)}"

    def found(self, facts, today):
        name = naf.VINTAGES[self.vintage]
        if fact := facts.get(self.fact):
            return f"{fact.label or fact.value} ({name})"
        # One vintage does not tell the other: codes were split and moved (décret 2025-736).
        others = [key for key in ("naf_rev2", "naf_2025") if key in facts]
        if not others:
            return f"Code {name} inconnu"
        other = naf.VINTAGES["2025" if self.vintage == "rev2" else "rev2"]
        return f"Code {name} inconnu ({facts[others[0]].value} en {other})"

    def ask(self, key, facts):
        name = naf.VINTAGES[self.vintage]
        return Question(key, f"Quel est le code {name} du site{wording.NBSP}?", "record")
