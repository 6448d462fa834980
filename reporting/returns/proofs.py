"""Every figure of the returns with what proves it: definition, method, date, evidence, rows."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from actions.models import Action
from crm.models import Project
from funding.models import with_money
from reporting.headlines import headlines
from reporting.returns.twins import twins
from reporting.rows import action_rows, with_names

PROJECTS, FILES, ACTIONS, POINTS = "projets", "dossiers", "fiches", "points"
COUNTED = (
    "Projets comptés : en cours, suspendus ou réalisés. Ceux qui sont clos sans effet (abandonnés, "
    "perdus, sans suite, réorientés) n’y sont pas."
)
NEVER_ADDED = "Prévus et constatés, créés et maintenus ne s’additionnent jamais."
PLANNED = f"Équivalents temps plein que les porteurs annoncent. {NEVER_ADDED}"
OBSERVED = f"Équivalents temps plein qui ont été comptés, preuve à l’appui. {NEVER_ADDED}"
DECLARED = (
    "Somme des montants connus, déclarés par les porteurs. Un montant inconnu n’est pas zéro."
)
FROM_FILES = "Somme des montants connus des dossiers, tous financeurs."


@dataclass(frozen=True)
class Definition:
    """`about` is what the rows are; `value` reads what each brings, 1 where they are counted."""

    about: str
    definition: str
    method: str
    unit: str
    value: Callable | None = None
    column: str = ""


def read(name):
    return lambda row: getattr(row, name)


def jobs(column, definition):
    method = f"Somme de ce que disent les projets comptés. {COUNTED}"
    return Definition(PROJECTS, definition, method, "ETP", read(column), column)


def aid(column, definition):
    return Definition(FILES, definition, FROM_FILES, "€", read(column), column)


DEFINITIONS = {
    "open": Definition(
        PROJECTS, "Projets ni réalisés ni clos, ceux qui sont suspendus compris.",
        "Un projet compte une fois, quel que soit le nombre de ses axes.", "projets",
    ),
    "investment": Definition(
        PROJECTS, "Investissement hors taxes des projets en cours.", DECLARED, "€ HT",
        read("planned_investment"), "planned_investment",
    ),
    "done": Definition(
        PROJECTS, "Projets à une étape qui dit le projet achevé.",
        "Un projet compte une fois.", "projets",
    ),
    "jobs_created_planned": jobs("jobs_created_planned", PLANNED),
    "jobs_created_observed": jobs("jobs_created_observed", OBSERVED),
    "jobs_maintained_planned": jobs("jobs_maintained_planned", PLANNED),
    "jobs_maintained_observed": jobs("jobs_maintained_observed", OBSERVED),
    "requested": aid("amount_requested", "Aides demandées dans tous les dossiers lisibles."),
    "granted": aid("amount_granted", "Aides que les décisions accordent."),
    "paid": aid("amount_paid", "Avances, acomptes et soldes versés."),
    "actions": Definition(
        ACTIONS, "Fiches du plan en vigueur.",
        "Une sous-action est comptée dans sa fiche.", "fiches",
    ),
    "budget": Definition(
        ACTIONS, "Budget prévu des fiches du plan en vigueur.",
        "Somme des budgets connus ; celui d’une fiche comprend ses sous-actions.", "€",
        read("budget_planned"), "budget_planned",
    ),
    "to_decide": Definition(
        POINTS, "Points de décision sans décision à ce jour.", "Un point compte une fois.",
        "points",
    ),
    "reviews": Definition(
        POINTS, "Questions auxquelles les deux membres du binôme ont répondu.",
        "Jamais une réponse seule.", "avis",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class ProofRow:
    """A row behind a figure. `value` is None when it does not say what it brings."""

    url: str
    reference: str
    title: str
    detail: str
    value: Decimal | int | None
    method: str = ""
    evidence: str = ""
    on: datetime.date | None = None
    doubt: str = ""


class Behind:
    """The rows that several figures share, each list read once."""

    def __init__(self, figures):
        self.figures = figures

    @cached_property
    def projects(self):
        rows = with_money(self.figures.counted).select_related("territory", "holder", "stage")
        return list(rows.order_by("stage__position", "reference"))

    @cached_property
    def files(self):
        return list(with_names(self.figures.applications.order_by("program__funder", "pk")))

    @cached_property
    def actions(self):
        return action_rows(self.figures)

    @cached_property
    def twins(self):
        return twins(self.projects)


class Proof:
    """A headline with all that proves it, as one reading may know it."""

    def __init__(self, behind, headline):
        self.behind, self.figures, self.headline = behind, behind.figures, headline
        said = DEFINITIONS[headline.key]
        self.definition, self.method, self.unit = said.definition, said.method, said.unit
        self.about, self.column, self._value = said.about, said.column, said.value

    @property
    def key(self):
        return self.headline.key

    @property
    def is_observed(self):
        return self.key.endswith("_observed")

    @cached_property
    def rows(self):
        """Exactly what the figure counts, what brings nothing known last."""
        found = {PROJECTS: self._projects, FILES: self._files, ACTIONS: self._actions,
                 POINTS: self._points}[self.about]()  # fmt: skip
        return sorted(found, key=lambda row: row.value is None)

    @property
    def total(self):
        """What the rows add up to: the figure itself."""
        known = [row.value for row in self.rows if row.value is not None]
        return sum(known) if known or not self._value else None

    @property
    def unknown(self):
        """How many rows should say it and do not."""
        if self.headline.unknown is not None:
            return self.headline.unknown
        return sum(row.value is None for row in self.rows)

    @property
    def unproved(self):
        """How many rows bring a value that was observed, without method, evidence or date."""
        if not self.is_observed:
            return 0
        return sum(
            row.value is not None and not (row.method and row.evidence and row.on)
            for row in self.rows
        )

    @property
    def doubtful(self):
        return sum(bool(row.doubt) for row in self.rows)

    def _of(self, row):
        return self._value(row) if self._value else 1

    def _projects(self):
        doubts = self.behind.twins if self.column.startswith("jobs_") else {}
        return [
            self._project(row, doubts.get(row.pk, []))
            for row in self.behind.projects
            if self._is_behind(row)
        ]

    def _is_behind(self, row):
        """Open or done projects where the figure counts those; for what was observed, the
        projects where somebody counted, and those that are done, which should have been."""
        if self.key in {"open", "investment"}:
            return not row.stage.is_done
        if self.is_observed:
            return row.stage.is_done or self._of(row) is not None
        return self.key != "done" or row.stage.is_done

    def _project(self, row, doubts):
        label = Project._meta.get_field(self.column).verbose_name if self.column else ""
        doubts = [
            f"aussi dans {other.reference}" for other, both in doubts
            if label in both
        ]  # fmt: skip
        method, evidence, on = "", "", None
        if self.is_observed and self._of(row) is not None:
            method, evidence, on = (
                row.get_jobs_method_display(), row.jobs_evidence, row.jobs_observed_on
            )  # fmt: skip
        elif self.column and not self.is_observed:
            evidence = row.source_of(self.column)
        return ProofRow(
            row.get_absolute_url(), row.reference, row.title,
            f"{row.holder.name} · {row.stage.short}", self._of(row), method, evidence, on,
            ", ".join(doubts),
        )  # fmt: skip

    def _files(self):
        return [
            ProofRow(
                row.get_absolute_url(), row.subject_code, row.subject.title,
                f"{row.program.funder.short_name} · {row.program.name}", self._of(row),
                row.get_status_display(), row.reference,
                row.filed_on if self.key == "requested" else row.decided_on,
            )
            for row in self.behind.files
        ]  # fmt: skip

    def _actions(self):
        return [
            ProofRow(row.get_absolute_url(), row.code, row.title,
                     Action.Status(row.status).label, self._of(row))
            for row in self.behind.actions
        ]  # fmt: skip

    def _points(self):
        if self.key == "to_decide":
            return [
                ProofRow("", "", row.title, str(row.meeting or "Sans réunion"), 1)
                for row in self.figures.to_decide
            ]
        return [
            ProofRow(row.project.get_absolute_url(), row.project.reference, row.project.title,
                     row.question, 1)
            for row in self.figures.reviews
        ]  # fmt: skip


def proofs(figures):
    behind = Behind(figures)
    return [Proof(behind, line) for line in headlines(figures) if line.key in DEFINITIONS]


def proof_of(figures, key):
    """None for a figure that nobody defined."""
    found = (line for line in headlines(figures) if line.key == key and key in DEFINITIONS)
    line = next(found, None)
    return line and Proof(Behind(figures), line)
