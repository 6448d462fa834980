"""The criteria of a program as French sentences with fields inside, one description for each kind.

A sentence is a template: « L’entreprise compte au plus {max} salariés ». What a field shows and
what the catalogue stores stand in one Param; a row read then saved untouched stays the same.
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django import forms

from crm.fields import AmountField, WholeField
from funding.eligibility import naf, wording
from funding.eligibility.conditions import JOBS

NBSP = "\u00a0"
FIELD = re.compile(r"\{(\w+)\}")
SEPARATORS = re.compile(r"[\s,;]+")
FEW = 8  # above, the choices are folded


@dataclass(frozen=True)
class Param:
    """One parameter of a criterion: its key in the row, and how a person fills it."""

    name: str
    type: str
    label: str
    choices: dict[str, str] = field(default_factory=dict)
    required: bool = False

    def form_field(self, value=None):
        """A code that this release does not name stays a choice."""
        choices = dict(self.choices)
        if self.type == "choice" and isinstance(value, str):
            choices.setdefault(value, value)
        shared = {"label": self.label, "required": self.required}
        match self.type:
            case "whole":
                made = WholeField(min_value=0, **shared)
            case "amount":
                made = AmountField(**shared)
            case "day":
                made = forms.DateField(**shared)
            case "codes":
                widget = forms.CheckboxSelectMultiple
                made = forms.MultipleChoiceField(choices=self.choices, widget=widget, **shared)
            case "choice":
                made = forms.ChoiceField(choices=choices, **shared)
            case "flag":
                made = forms.BooleanField(label=self.label, required=False)
            case "text":
                widget = forms.Textarea(attrs={"rows": 2})
                made = forms.CharField(widget=widget, **shared)
            case _:  # word, list
                made = forms.CharField(**shared)
        made.widget.attrs["aria-label"] = self.label
        return made

    def fits(self, value):
        """Whether a value received has the shape that this parameter is kept in."""
        if self.type in ("list", "codes"):
            return isinstance(value, list) and all(isinstance(code, str) for code in value)
        if self.type in ("whole", "amount"):
            try:
                return Decimal(str(value)).is_finite() and not isinstance(value, bool)
            except ArithmeticError:
                return False
        return isinstance(value, bool if self.type == "flag" else str | bool)

    def shown(self, value):
        """What the row holds → what the field shows."""
        if self.type == "list":
            return ", ".join(value or [])
        if self.type == "choice" and isinstance(value, bool):
            return "oui" if value else "non"
        if self.type == "amount" and value is not None:
            return Decimal(str(value))
        return value

    def stored(self, value, before):
        """What was typed → what the row holds, None for nothing; `before` when it is the same."""
        if value in (None, "", [], False):
            return None
        if self.type == "list":
            value = [code.upper() for code in SEPARATORS.split(value) if code]
        elif self.type == "codes":
            kept = [code for code in before or [] if code in value]
            value = kept + [code for code in value if code not in kept]
        elif self.type == "choice" and self.choices == YES_NO:
            value = value == "oui"
        elif self.type in ("whole", "amount"):
            if before is not None and Decimal(str(before)) == value:
                return before
            value = int(value) if value == value.to_integral() else str(value)
        elif self.type == "day":
            value = value.isoformat()
        elif isinstance(value, str):
            value = value.replace("\r\n", "\n")
        return value


YES_NO = {"oui": "oui", "non": "non"}


@dataclass(frozen=True)
class Sentence:
    """How one kind of criterion is written: its name in the menu, its template, its fields."""

    name: str
    template: str
    params: tuple[Param, ...] = ()
    fixed: dict[str, Any] = field(default_factory=dict)
    start: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self):
        return self.fixed.get("kind")

    def pieces(self):
        """The template cut into (text, name of the field that follows or nothing)."""
        parts = FIELD.split(self.template)
        return list(zip(parts[::2], [*parts[1::2], ""], strict=True))


def codes(name, label, choices):
    choices = {code: wording.capital(text) for code, text in choices.items()}
    return Param(name, "codes", label, choices, required=True)


def between(name, template, type="amount", low="min", high="max", **options):
    return Sentence(
        name, template, (Param(low, type, "Au moins"), Param(high, type, "Au plus")), **options
    )


# The same name in two programs is the same question: an answer given once serves both.
FACT = Param("fact", "word", "Nom de l’information, le même pour la même question")
SENTENCES = {
    "beneficiary": Sentence(
        "Nature du porteur",
        f"Le porteur du projet est{NBSP}: {{accepted}}",
        (codes("accepted", "Natures acceptées", wording.BENEFICIARIES),),
        start={"accepted": ["company"]},
    ),
    "legal_form": Sentence(
        "Forme juridique",
        "Le code de la forme juridique commence par {accepted} et ne commence pas par {excluded}",
        (
            Param("accepted", "list", "Codes INSEE acceptés, séparés par des virgules"),
            Param("excluded", "list", "Codes INSEE exclus, séparés par des virgules"),
        ),
    ),
    "size": Sentence(
        "Taille européenne",
        f"Au sens européen, entreprises liées comprises, le porteur est une{NBSP}: {{accepted}}",
        (codes("accepted", "Tailles acceptées", wording.SIZES),),
        start={"accepted": list(wording.SME)},
    ),
    "headcount": Sentence(
        "Effectif",
        "{scope} compte au moins {min} et au plus {max} salariés",
        (
            Param(
                "scope",
                "choice",
                "Qui est compté",
                {"": "L’entreprise", "organisation": "L’entreprise entière", "site": "Le site"},
            ),
            Param("min", "whole", "Au moins"),
            Param("max", "whole", "Au plus"),
        ),
        start={"max": 249},
    ),
    "turnover": between(
        "Chiffre d’affaires", "Le chiffre d’affaires va d’au moins {min} € à au plus {max} €"
    ),
    "balance_sheet": between(
        "Total du bilan", "Le total du bilan va d’au moins {min} € à au plus {max} €"
    ),
    "equity": between(
        "Fonds propres", "Les fonds propres vont d’au moins {min} € à au plus {max} €"
    ),
    "age": between(
        "Âge de l’entreprise",
        "L’entreprise existe depuis au moins {min_years} ans et au plus {max_years} ans",
        "whole",
        "min_years",
        "max_years",
        start={"min_years": 3},
    ),
    "naf": Sentence(
        "Activité (NAF)",
        "En {vintage}, l’activité du site est {accepted}, hors {excluded}",
        (
            Param("vintage", "choice", "Nomenclature", naf.VINTAGES, required=True),
            Param("accepted", "list", "Sections et codes acceptés, comme C, 10, 46.3"),
            Param("excluded", "list", "Sections et codes exclus"),
        ),
        start={"vintage": "rev2", "accepted": ["C"]},
    ),
    "place": Sentence(
        "Lieu du projet",
        f"Le projet se situe{NBSP}: région {{regions}} ou département {{departements}} ou "
        "intercommunalité {epcis} ou commune {communes} ; zonage {zone} ; {in_ti}",
        (
            Param("regions", "codes", "Régions", wording.REGIONS),
            Param("departements", "list", "Codes de département"),
            Param("epcis", "list", "SIREN d’intercommunalité"),
            Param("communes", "list", "Codes INSEE de commune"),
            Param("zone", "choice", "Zonage", {"": "indifférent", **wording.ZONES}),
            Param("in_ti", "flag", "dans un Territoire d’industrie"),
        ),
        start={"regions": ["76"]},
    ),
    "themes": Sentence(
        "Thème du projet",
        f"Le projet a au moins un thème parmi{NBSP}: {{any}}",
        (codes("any", "Thèmes acceptés", wording.THEMES),),
    ),
    "stage": Sentence(
        "Étape du projet",
        f"Le projet est à l’étape{NBSP}: {{accepted}}",
        (codes("accepted", "Étapes acceptées", wording.STAGES),),
    ),
    "not_started": Sentence(
        "Effet incitatif",
        "Rien n’est signé ni commandé avant le dépôt de la demande (effet incitatif)",
    ),
    "eligible_costs": between(
        "Assiette du projet", "L’assiette du projet va d’au moins {min} € à au plus {max} €"
    ),
    "starts": between(
        "Démarrage", "Le projet démarre entre le {from} et le {to}", "day", "from", "to"
    ),
    "prior_study": Sentence(
        "Étude préalable",
        "Une étude est déjà faite, {study}, depuis {max_years} ans au plus",
        (
            Param(
                "study",
                "choice",
                "Étude",
                {code: study.noun for code, study in wording.STUDIES.items()},
                required=True,
            ),
            Param("max_years", "whole", "Nombre d’années"),
        ),
        start={"study": "energy_audit", "max_years": 4},
    ),
    "self_assessment": Sentence(
        "Autodiagnostic",
        "Un autodiagnostic est fait, {assessment}, depuis {max_years} ans au plus",
        (
            Param(
                "assessment",
                "choice",
                "Autodiagnostic",
                {code: wording.STUDIES[code].noun for code in wording.ASSESSMENTS},
                required=True,
            ),
            Param("max_years", "whole", "Nombre d’années"),
        ),
        start={"assessment": wording.ASSESSMENTS[0]},
    ),
    "jobs": Sentence(
        "Emplois prévus",
        "Le projet prévoit d’au moins {min} à au plus {max} emplois {count}",
        (
            Param("min", "amount", "Au moins"),
            Param("max", "amount", "Au plus"),
            Param(
                "count",
                "choice",
                "Emplois comptés",
                {"": "créés"} | {code: name for code, (_, name) in JOBS.items()},
            ),
        ),
        start={"min": 1},
    ),
    "ownership": Sentence(
        "Propriété du bâtiment",
        f"Le porteur tient le bâtiment à ce titre{NBSP}: {{accepted}}",
        (codes("accepted", "Titres acceptés", wording.TENURES),),
        start={"accepted": ["owner"]},
    ),
    "emissions_quota": Sentence(
        "Quotas d’émission",
        "Le site est soumis aux quotas d’émission (SEQE-UE), réponse attendue {expected}",
        (Param("expected", "choice", "Réponse attendue", YES_NO, required=True),),
        start={"expected": False},
    ),
    "fact:bool": Sentence(
        "Question fermée",
        f"À la question {{question}} la réponse est {{expected}}{NBSP}; la règle s’écrit {{label}}",
        (
            Param("question", "text", "Question posée"),
            Param("expected", "choice", "Réponse attendue", YES_NO, required=True),
            Param("label", "text", "La règle, en une phrase", required=True),
            FACT,
        ),
        fixed={"kind": "fact", "type": "bool"},
        start={"expected": True},
    ),
    "fact:number": Sentence(
        "Valeur chiffrée",
        f"La valeur va d’au moins {{min}} à au plus {{max}} {{unit}}{NBSP}; la règle s’écrit "
        "{label}",
        (
            FACT,
            Param("min", "amount", "Au moins"),
            Param("max", "amount", "Au plus"),
            Param("unit", "word", "Unité"),
            Param("label", "text", "La règle, en une phrase", required=True),
        ),
        fixed={"kind": "fact", "type": "number"},
    ),
    "text": Sentence(
        "Condition à apprécier",
        f"Une personne apprécie{NBSP}: {{text}}",
        (Param("text", "text", "Condition en clair", required=True),),
    ),
}


def editor_of(row):
    """The sentence that edits a row; facts have one for each type."""
    return f"fact:{row.get('type')}" if row["kind"] == "fact" else row["kind"]
