"""The records that the sheets of a return are made of, each list in a fixed number of queries."""

from dataclasses import dataclass, field
from functools import cached_property

from actions.models import Action, FrameworkCode, Indicator
from crm.models import Organisation, Project
from reporting.figures import Figures
from reporting.returns.fields import (
    ACTION,
    COMPANY,
    FILE,
    FUNDER,
    INDICATOR,
    PROJECT,
)
from reporting.rows import action_rows, application_rows, project_rows

# What a sheet may list, and the kinds of records that each list mixes.
PROJECTS, ACTIONS, PROJECTS_ACTIONS = "projects", "actions", "projects_actions"
INDICATORS, FILES, FUNDERS, COMPANIES = "indicators", "files", "funders", "companies"
LISTS = {
    PROJECTS_ACTIONS: ("Projets et fiches action", (PROJECT, ACTION)),
    PROJECTS: ("Projets", (PROJECT,)),
    ACTIONS: ("Fiches action", (ACTION,)),
    INDICATORS: ("Indicateurs", (INDICATOR,)),
    FILES: ("Dossiers de financement", (FILE,)),
    FUNDERS: ("Aides par financeur", (FUNDER,)),
    COMPANIES: ("Entreprises qui portent un projet", (COMPANY,)),
}
# Those that tell of a fiche, which a framework may count; those that stand in an EPCI.
IN_FRAMEWORKS = {ACTIONS, INDICATORS}
BY_EPCI = {PROJECTS_ACTIONS, PROJECTS, ACTIONS, COMPANIES}


@dataclass(frozen=True)
class Record:
    """A row before it is read: what it is, and what it is about."""

    kind: str
    of: object
    # Which inscription in a framework the row tells, where it tells one.
    part: str = ""

    @property
    def key(self):
        """Stable from a sending to the next."""
        if self.kind == FUNDER:
            return f"{self.kind}-{self.of.code}"
        return f"{self.kind}-{self.of.pk}{self.part}"

    @property
    def reference(self):
        of = self.of
        return {
            PROJECT: lambda: of.reference,
            ACTION: lambda: of.code,
            INDICATOR: lambda: of.action.code,
            FILE: lambda: of.subject_code,
            FUNDER: lambda: of.label,
            COMPANY: lambda: of.siren or "",
        }[self.kind]()

    @property
    def title(self):
        of = self.of
        return {
            PROJECT: lambda: of.title,
            ACTION: lambda: of.title,
            INDICATOR: lambda: of.label,
            FILE: lambda: f"{of.program}",
            FUNDER: lambda: of.label,
            COMPANY: lambda: of.name,
        }[self.kind]()

    @property
    def is_counted(self):
        """Whether its amounts enter the totals, as `reporting.figures` counts them."""
        return not (self.kind == PROJECT and self.of.is_closed)

    @property
    def is_live(self):
        """Whether what it lacks is still asked for."""
        if self.kind == PROJECT:
            return not self.of.is_closed
        return not (self.kind == ACTION and self.of.status == Action.Status.DROPPED)

    @property
    def is_everywhere(self):
        """A fiche that names no EPCI is of the whole territory."""
        return self.kind == ACTION and not self.epcis

    @property
    def epcis(self):
        """The SIREN of the EPCI where it stands; none when nobody said."""
        if self.kind == PROJECT:
            found = [self.of.place.epci_id] if self.of.place else []
        elif self.kind == ACTION:
            found = [epci.pk for epci in self.of.epcis.all()]
        elif self.kind == COMPANY:
            site = self.of.head_site
            found = [site.commune.epci_id] if site and site.commune else []
        else:
            found = []
        return [siren for siren in found if siren]


@dataclass
class Context:
    """What the sources read besides a row; the lists are read once for all sheets."""

    figures: Figures
    # The framework of each record that tells of one: {(action, part): inscription}.
    inscriptions: dict = field(default_factory=dict)
    part: str = ""

    @property
    def territory(self):
        return self.figures.territory

    @property
    def today(self):
        return self.figures.today

    @cached_property
    def projects(self):
        return project_rows(self.figures)

    @cached_property
    def actions(self):
        return action_rows(self.figures)

    def framework_words(self, action, name):
        """The code, the title or the framework of the inscription that the row tells; else of
        every one, where a sheet lists the fiches whatever the framework."""
        row = self.inscriptions.get(self.part)
        rows = [row] if row else self._every_inscription.get(action.pk, [])
        words = [row.framework.short if name == "framework" else getattr(row, name) for row in rows]
        if name == "title" and row:
            return row.title or action.title
        return [word for word in words if word]

    @cached_property
    def _every_inscription(self):
        found = {}
        rows = FrameworkCode.objects.filter(action__in=self.figures.actions)
        for row in rows.select_related("framework"):
            found.setdefault(row.action_id, []).append(row)
        return found

    # Lists ------------------------------------------------------------------------------------

    def records(self, sheet):
        """The records of a sheet of a grid, in the order of its rows."""
        frameworks = sheet.get("frameworks") or []
        kind = sheet["rows"]
        if frameworks and kind == ACTIONS:
            return self._inscribed(frameworks)
        if kind == INDICATORS:
            return self._indicators(frameworks)
        lists = {
            PROJECTS: lambda: [(PROJECT, self.projects)],
            ACTIONS: lambda: [(ACTION, self.actions)],
            PROJECTS_ACTIONS: lambda: [(PROJECT, self.projects), (ACTION, self.actions)],
            FILES: lambda: [(FILE, application_rows(self.figures))],
            FUNDERS: lambda: [(FUNDER, self.figures.by_funder)],
            COMPANIES: lambda: [(COMPANY, self._companies())],
        }
        return [Record(name, row) for name, rows in lists[kind]() for row in rows]

    def _inscribed(self, frameworks):
        """The fiches that a framework counts, once for each code it gives them."""
        actions = self.figures.actions.filter(framework_codes__framework__in=frameworks)
        rows = {
            row.pk: row
            for row in action_rows(
                self.figures, Action.objects.filter(pk__in=actions.order_by().values("pk"))
            )
        }
        found = []
        inscriptions = FrameworkCode.objects.filter(
            action__in=list(rows), framework__in=frameworks
        ).select_related("framework")
        for row in inscriptions.order_by("framework__position", "code", "pk"):
            part = f"-{row.framework_id}-{row.code}"
            self.inscriptions[f"{row.action_id}{part}"] = row
            found.append(Record(ACTION, rows[row.action_id], part))
        return found

    def _indicators(self, frameworks):
        rows = Indicator.objects.visible_to(self.figures.viewer).filter(
            action__in=self.figures.actions
        )
        if frameworks:
            counted = FrameworkCode.objects.filter(framework__in=frameworks)
            rows = rows.filter(action__in=counted.values("action"))
        rows = rows.select_related("action").prefetch_related("values")
        return [Record(INDICATOR, row) for row in rows.order_by("action__code", "pk")]

    def _companies(self):
        """Those that carry a project that this reading shows; never one that was only met."""
        figures = self.figures
        holders = Project.objects.filter(pk__in=figures.projects.order_by().values("pk"))
        rows = Organisation.objects.visible_to(figures.viewer).companies()
        rows = rows.filter(territory=figures.territory, pk__in=holders.values("holder"))
        return list(rows.for_list(figures.viewer))
