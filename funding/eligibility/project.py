"""Criteria on the project: themes, stage, costs, calendar, studies, other conditions."""

import datetime as dt
import hashlib
from dataclasses import dataclass
from decimal import Decimal

from funding.eligibility import wording
from funding.eligibility.base import Criterion, truth
from funding.eligibility.classes import KNOWN, Members, Steps
from funding.eligibility.facts import (
    MET,
    NOT_MET,
    UNKNOWN,
    Judgement,
    Question,
    anniversary,
    anniversary_days,
    between,
    known,
    show,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Themes(Criterion):
    """At least one theme in common; a project without any theme has not been qualified yet."""

    accepted: frozenset[str]

    fact = "themes"

    @classmethod
    def read(cls, row):
        return {"accepted": frozenset(row.codes("any", wording.THEMES, required=True))}

    def answer(self, facts, today):
        fact = facts.get("themes")
        if fact is None or not fact.value:
            return UNKNOWN
        return NOT_MET if self.accepted.isdisjoint(fact.value) else MET

    def classes(self, today):
        return {self.fact: Members(self.accepted)}

    def sentence(self):
        name = "Thème" if len(self.accepted) == 1 else "Au moins un thème parmi"
        colon = f"{wording.NBSP}: "
        return f"{name}{colon}{wording.listing(theme_names(self.accepted))}"

    def found(self, facts, today):
        fact = facts.get("themes")
        if fact is None or not fact.value:
            return "Thèmes inconnus"
        if shared := self.accepted & fact.value:
            return wording.capital(wording.listing(theme_names(shared), "et"))
        names = wording.listing(theme_names(fact.value), "et")
        return f"Aucun thème commun{wording.NBSP}: {names}"

    def ask(self, key, facts):
        sentence = f"Quels sont les thèmes du projet{wording.NBSP}?"
        return Question(key, sentence, "record")


def theme_names(codes: frozenset[str]) -> list[str]:
    """In the order of the table, the unknown codes last."""
    known = [label for code, label in wording.THEMES.items() if code in codes]
    return known + sorted(set(codes) - wording.THEMES.keys())


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(Criterion):
    accepted: frozenset[str]

    fact = "stage"

    @classmethod
    def read(cls, row):
        return {"accepted": frozenset(row.codes("accepted", wording.STAGES, required=True))}

    def answer(self, facts, today):
        fact = facts.get("stage")
        if fact is None:
            return UNKNOWN
        return MET if fact.value in self.accepted else NOT_MET

    def sentence(self):
        names = [label for code, label in wording.STAGES.items() if code in self.accepted]
        return f"Étape du projet{wording.NBSP}: {wording.listing(names)}"

    def found(self, facts, today):
        if (fact := facts.get("stage")) is None:
            return "Étape inconnue"
        return wording.capital(fact.label or wording.STAGES.get(fact.value, fact.value))

    def ask(self, key, facts):
        return Question(key, f"À quelle étape en est le projet{wording.NBSP}?", "record")


@dataclass(frozen=True, slots=True, kw_only=True)
class NotStarted(Criterion):
    """Incentive effect: no firm commitment before the application (RGEC, règlement (UE) 651/2014,
    art. 6; « début des travaux » is defined in its art. 2, point 23).

    The fact `filings` maps what each program is filed as to the day its application was filed:
    absent when nobody knows, without the program when nothing was filed. A commitment of the same
    day as the filing, or of today when nothing is filed, is already too late."""

    scope: str = ""

    fact = "first_commitment_on"

    @classmethod
    def read(cls, row):
        return {"scope": row.filed_as}

    def answer(self, facts, today):
        fact = facts.get("first_commitment_on")
        if fact is None:
            return UNKNOWN
        if fact.value > today:
            return MET
        filings = facts.get("filings")
        if filings is None:
            return UNKNOWN
        filed_on = filings.value.get(self.scope)
        return MET if filed_on is not None and fact.value > filed_on else NOT_MET

    def classes(self, today):
        return {self.fact: Steps({today}), "filings": KNOWN}

    def sentence(self):
        return "Aucun engagement ferme avant le dépôt de la demande (effet incitatif)"

    def used(self, facts):
        return (self.fact, "filings") if self._filed_on(facts) else (self.fact,)

    def found(self, facts, today):
        if (fact := facts.get("first_commitment_on")) is None:
            return "Date du premier engagement inconnue"
        state = "prévu" if fact.value > today else "pris"
        found = f"Premier engagement {state} le {wording.day(fact.value)}"
        if filed_on := self._filed_on(facts):
            return f"{found}, demande déposée le {wording.day(filed_on)}"
        is_late = fact.value <= today and "filings" in facts
        return f"{found}, aucune demande déposée connue" if is_late else found

    def _filed_on(self, facts):
        filings = facts.get("filings")
        return filings and filings.value.get(self.scope)

    def missing(self, facts):
        return "filings" if self.fact in facts else self.fact

    def ask(self, key, facts):
        if key == "filings":
            sentence = f"La demande a-t-elle été déposée avant cet engagement{wording.NBSP}?"
            return Question(key, sentence, "record")
        sentence = (
            "À quelle date est prévu le premier engagement ferme "
            f"(devis signé, commande, marché){wording.NBSP}?"
        )
        return Question(key, sentence, "date")


@dataclass(frozen=True, slots=True, kw_only=True)
class Starts(Criterion):
    """Start of the works between two days, included."""

    first: dt.date | None
    last: dt.date | None

    fact = "starts_on"

    @classmethod
    def read(cls, row):
        first, last = row.limits("from", "to", row.day)
        return {"first": first, "last": last}

    def answer(self, facts, today):
        fact = facts.get("starts_on")
        if fact is None:
            return UNKNOWN
        return between(fact.value, self.first, self.last)

    def classes(self, today):
        return {self.fact: Steps(known(self.first, self.last))}

    def sentence(self):
        if self.first is None:
            return f"Démarrage au plus tard le {wording.day(self.last)}"
        if self.last is None:
            return f"Démarrage à partir du {wording.day(self.first)}"
        return f"Démarrage du {wording.day(self.first)} au {wording.day(self.last)}"

    def found(self, facts, today):
        if (fact := facts.get("starts_on")) is None:
            return "Date de démarrage inconnue"
        return f"Démarrage le {wording.day(fact.value)}"

    def ask(self, key, facts):
        sentence = f"À quelle date le projet doit-il démarrer{wording.NBSP}?"
        return Question(key, sentence, "date")


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorStudy(Criterion):
    """A study already done, and recent enough. The fact is its date; True when done on an unknown
    date, False when not done. A study dated in the future is only planned."""

    fact: str
    study: str
    max_years: int | None

    @classmethod
    def read(cls, row):
        study = row.text("study", required=True)
        if study not in wording.STUDIES and not row.data.get("label"):
            raise row.error(f"étude « {study} » inconnue : écrire la règle dans « label ».")
        return {"fact": f"study:{study}", "study": study, "max_years": row.years("max_years")}

    def answer(self, facts, today):
        fact = facts.get(self.fact)
        if fact is None:
            return UNKNOWN
        if fact.value is True:
            return MET if self.max_years is None else UNKNOWN
        if fact.value is False or fact.value > today:
            return NOT_MET
        if self.max_years is not None and anniversary(fact.value, self.max_years) < today:
            return NOT_MET
        return MET

    def classes(self, today):
        return {self.fact: Steps({today, *anniversary_days(today, known(self.max_years))})}

    @property
    def name(self):
        return wording.STUDIES.get(self.study, wording.OTHER_STUDY)

    def sentence(self):
        rule = f"{wording.capital(self.name.noun)} {self.name.done}"
        if self.max_years is None:
            return f"{rule} avant la demande"
        return f"{rule} il y a {wording.years(self.max_years)} au plus"

    def found(self, facts, today):
        name = self.name
        noun = wording.capital(name.noun)
        fact = facts.get(self.fact)
        if fact is None:
            return f"Date {name.of_it} inconnue"
        if fact.value is False:
            return f"{noun} non {name.done}"
        if fact.value is True:
            return f"{noun} {name.done}, date inconnue"
        state = name.planned if fact.value > today else name.done
        return f"{noun} {state} le {wording.day(fact.value)}"

    def ask(self, key, facts):
        name = self.name
        asked = f"{name.article}{name.noun} {name.was_it} {name.done}{wording.NBSP}?"
        return Question(key, f"À quelle date {asked}", "date")


@dataclass(frozen=True, slots=True, kw_only=True)
class YesNoFact(Criterion):
    """Any other fact that is true or false; its rule is the label, which is required."""

    fact: str
    expected: bool

    @classmethod
    def read(cls, row):
        row.text("label", required=True)
        if row.data.get("expected") is False:
            # « Cette condition est-elle remplie ? » would store the opposite of the fact.
            row.text("question", required=True)
        return {
            "fact": row.text("fact", required=True),
            "expected": row.flag("expected", required=True),
        }

    def answer(self, facts, today):
        return truth(facts.get(self.fact), expected=self.expected)

    def found(self, facts, today):
        if (fact := facts.get(self.fact)) is None:
            return "Information inconnue"
        return fact.label or show(fact.value)

    def ask(self, key, facts):
        return Question(key, is_it_met(self.label), "yes_no")


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberFact(Criterion):
    """Any other fact that is a number, between two limits included, in `unit`."""

    fact: str
    minimum: Decimal | None
    maximum: Decimal | None
    unit: str

    @classmethod
    def read(cls, row):
        row.text("label", required=True)
        minimum, maximum = row.limits("min", "max", row.decimal)
        return {
            "fact": row.text("fact", required=True),
            "minimum": minimum,
            "maximum": maximum,
            "unit": row.text("unit"),
        }

    def answer(self, facts, today):
        fact = facts.get(self.fact)
        if fact is None:
            return UNKNOWN
        return between(fact.value, self.minimum, self.maximum)

    def classes(self, today):
        return {self.fact: Steps(known(self.minimum, self.maximum))}

    def found(self, facts, today):
        if (fact := facts.get(self.fact)) is None:
            return "Valeur inconnue"
        return fact.label or f"{show(fact.value)}{wording.NBSP}{self.unit}".rstrip()

    def ask(self, key, facts):
        unit = f" (en {self.unit})" if self.unit else ""
        sentence = (
            f"Quelle valeur{unit}, pour la condition {wording.quoted(self.label)}{wording.NBSP}?"
        )
        return Question(key, sentence, "amount", unit=self.unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Criterion):
    """A condition that only a person can judge: unknown until a judgement is recorded, and again
    once the text is not the one that was judged.

    The fact bears the scope of the rules, for two programs may use the same key."""

    fact: str
    text: str

    @classmethod
    def read(cls, row):
        scope = f"{row.scope}:" if row.scope else ""
        return {"fact": f"judgement:{scope}{row.key}", "text": row.prose("text", required=True)}

    def answer(self, facts, today):
        fact = facts.get(self.fact)
        if fact is None or not isinstance(fact.value, Judgement):
            return truth(fact)
        if fact.value.text != self.digest:
            return UNKNOWN
        return MET if fact.value.is_met else NOT_MET

    @property
    def digest(self):
        """What a judgement keeps of the text it is about."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    def sentence(self):
        return self.text

    def found(self, facts, today):
        if (fact := facts.get(self.fact)) is None:
            return "À apprécier"
        said = {MET: "Condition remplie", NOT_MET: "Condition non remplie"}
        changed = "À apprécier de nouveau, le texte a changé depuis"
        return fact.label or said.get(self.answer(facts, today), changed)

    def ask(self, key, facts):
        return Question(key, is_it_met(self.text), "yes_no")


def is_it_met(rule: str) -> str:
    condition = wording.quoted(rule.rstrip("."))
    return f"Cette condition est-elle remplie{wording.NBSP}: {condition}{wording.NBSP}?"
