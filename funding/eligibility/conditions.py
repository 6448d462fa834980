"""Criteria on what the project brings or stands on: jobs, building, quotas, self-assessment."""

from dataclasses import dataclass
from decimal import Decimal

from funding.eligibility import wording
from funding.eligibility.base import Criterion, truth
from funding.eligibility.classes import EACH, Steps
from funding.eligibility.facts import MET, NOT_MET, UNKNOWN, Question, between, known
from funding.eligibility.project import PriorStudy

# Which jobs: (facts added up, name of the jobs, question).
JOBS = {
    "created": (("jobs_created_planned",), "créés"),
    "maintained": (("jobs_maintained_planned",), "maintenus"),
    "total": (("jobs_created_planned", "jobs_maintained_planned"), "créés ou maintenus"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs(Criterion):
    """Planned jobs in full-time equivalents, limits included. Of a sum of which one part is
    unknown, only the least is known: enough to reach a minimum, or to pass a maximum."""

    count: str
    minimum: Decimal | None
    maximum: Decimal | None

    @classmethod
    def read(cls, row):
        minimum, maximum = row.limits("min", "max", row.decimal)
        count = row.choice("count", JOBS, required=False) or "created"
        return {"count": count, "minimum": minimum, "maximum": maximum}

    @property
    def facts(self):
        return JOBS[self.count][0]

    def answer(self, facts, today):
        parts = [facts[key].value for key in self.facts if key in facts]
        least = sum(parts, Decimal(0))
        if len(parts) == len(self.facts):
            return between(least, self.minimum, self.maximum)
        if self.maximum is not None and least > self.maximum:
            return NOT_MET
        reached = parts and self.minimum is not None and least >= self.minimum
        return MET if reached and self.maximum is None else UNKNOWN

    def classes(self, today):
        if len(self.facts) == 1:
            return {self.facts[0]: Steps(known(self.minimum, self.maximum))}
        return dict.fromkeys(self.facts, EACH)

    def sentence(self):
        def jobs(count):
            return wording.counted(count, "emploi")

        span = wording.span(self.minimum, self.maximum, jobs)
        return f"Emplois {JOBS[self.count][1]}{wording.NBSP}: {span.removeprefix('d’')}"

    def used(self, facts):
        return self.facts

    def found(self, facts, today):
        parts = [
            f"{wording.number(facts[key].value)} {name}"
            for key, name in (
                ("jobs_created_planned", "créés"),
                ("jobs_maintained_planned", "maintenus"),
            )
            if key in self.facts and key in facts
        ]
        missing = [key for key in self.facts if key not in facts]
        if not parts:
            return "Nombre d’emplois inconnu"
        text = f"Emplois prévus{wording.NBSP}: {wording.listing(parts, 'et')}"
        return f"{text}, le reste inconnu" if missing else text

    def missing(self, facts):
        return next((key for key in self.facts if key not in facts), self.facts[0])

    def ask(self, key, facts):
        name = "créés" if key == "jobs_created_planned" else "maintenus"
        sentence = f"Combien d’emplois {name} le projet prévoit-il{wording.NBSP}?"
        return Question(key, sentence, "amount", unit="ETP")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership(Criterion):
    """By what title the holder has the building of the project (immobilier d'entreprise, CGCT
    art. L1511-3: the help may go to whoever owns it, or to whoever rents it)."""

    accepted: tuple[str, ...]

    fact = "premises_tenure"

    @classmethod
    def read(cls, row):
        return {"accepted": row.codes("accepted", wording.TENURES, required=True)}

    def answer(self, facts, today):
        fact = facts.get(self.fact)
        if fact is None:
            return UNKNOWN
        return MET if fact.value in self.accepted else NOT_MET

    def sentence(self):
        names = [wording.TENURES[code] for code in wording.TENURES if code in self.accepted]
        return f"Bâtiment{wording.NBSP}: {wording.listing(names)}"

    def found(self, facts, today):
        if (fact := facts.get(self.fact)) is None:
            return "Titre d’occupation du bâtiment inconnu"
        return wording.capital(fact.label or wording.TENURES.get(fact.value, str(fact.value)))

    def ask(self, key, facts):
        sentence = f"À quel titre le porteur occupe-t-il le bâtiment{wording.NBSP}?"
        choices = [(code, wording.capital(label)) for code, label in wording.TENURES.items()]
        return Question(key, sentence, "choice", tuple(choices))


@dataclass(frozen=True, slots=True, kw_only=True)
class EmissionsQuota(Criterion):
    """A site under the European emissions trading system, SEQE-UE (directive 2003/87/CE, code de
    l'environnement art. L229-5 et suivants), or outside it."""

    expected: bool

    fact = "ets_site"

    @classmethod
    def read(cls, row):
        return {"expected": row.flag("expected", required=True)}

    def answer(self, facts, today):
        return truth(facts.get(self.fact), expected=self.expected)

    def sentence(self):
        return f"Site {quota(self.expected)}"

    def found(self, facts, today):
        if (fact := facts.get(self.fact)) is None:
            return "Quotas d’émission du site inconnus"
        return f"Site {quota(fact.value)}"

    def ask(self, key, facts):
        sentence = f"Le site est-il {quota(True)}{wording.NBSP}?"
        return Question(key, sentence, "yes_no")


def quota(is_under: bool) -> str:
    quotas = "quotas d’émission de gaz à effet de serre (SEQE-UE)"
    return f"soumis aux {quotas}" if is_under else f"hors {quotas}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfAssessment(PriorStudy):
    """A self-assessment that the funder offers, done before applying. Its fact is that of the
    study of the same name: an answer given once serves both."""

    @classmethod
    def read(cls, row):
        name = row.choice("assessment", wording.ASSESSMENTS)
        return {"fact": f"study:{name}", "study": name, "max_years": row.years("max_years")}
