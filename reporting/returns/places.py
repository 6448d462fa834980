"""The same figures by EPCI and by département, and told per 1,000 industrial jobs where known."""

from dataclasses import dataclass
from functools import cached_property

from django.db.models import Case, F, When

from crm.models import Departement, Epci, Project
from funding.models import Application
from reporting.columns import Column
from reporting.dashboards.board import PLACE_EPCI
from reporting.figures import AID_SUMS, PROJECT_SUMS, Figures, Line
from reporting.models import IndustrialJobs

PLACE_DEPARTEMENT = Case(
    When(commune__isnull=False, then=F("commune__departement")),
    default=F("site__commune__departement"),
)
UNPLACED = "Lieu à confirmer"


@dataclass(frozen=True)
class PlaceLine:
    """A place with its figures; `reference` is what is known of its industrial jobs, or None."""

    line: Line
    reference: IndustrialJobs | None = None

    @property
    def code(self):
        return self.line.code

    @property
    def label(self):
        return self.line.label

    def __getattr__(self, name):
        return getattr(self.line, name)

    def per_thousand(self, name):
        """None unless both the figure and the industrial jobs are known."""
        return self.reference and self.reference.per_thousand(getattr(self.line, name))


def per(name):
    return lambda line: line.per_thousand(name) if hasattr(line, "reference") else None


def reference(read):
    return lambda line: read(line.reference) if getattr(line, "reference", None) else None


def columns(head):
    """Every figure of a place, as the files have them."""
    return [Column(head, lambda line: line.label, "text", 34), *FIGURES, *RATES]


def tables(head):
    """The same in two, as a page has room for them: the figures, then the rates."""
    place = Column(head, lambda line: line.label, "text", 34)
    return [place, *FIGURES], [place, *RATES]


FIGURES = [
    Column("Projets", lambda line: line.count, "integer", 10),
    Column("Investissement prévu", lambda line: line.investment, "money", 18),
    Column("À confirmer", lambda line: line.unknown, "integer", 14),
    Column("Aides demandées", lambda line: line.requested, "money", 16),
    Column("Aides accordées", lambda line: line.granted, "money", 16),
    Column("Aides versées", lambda line: line.paid, "money", 16),
    Column("Emplois créés, prévus", lambda line: line.jobs_created_planned, "number", 12),
    Column("Emplois créés, constatés", lambda line: line.jobs_created_observed, "number", 12),
]
RATES = [
    Column("Emplois industriels", reference(lambda one: one.jobs), "integer", 12),
    Column("Année", reference(lambda one: str(one.year)), "code", 8),
    Column("Source", reference(lambda one: one.source), "text", 26),
    Column("Projets pour 1\u00a0000 emplois", per("count"), "number", 14),
    Column("Aides accordées pour 1\u00a0000 emplois", per("granted"), "money", 18),
    Column("Emplois prévus pour 1\u00a0000 emplois", per("jobs_created_planned"), "number", 18),
]


class Places:
    """The counted projects of a reading, each in one place, as many lines as places."""

    def __init__(self, figures: Figures):
        self.figures = figures
        self.territory = figures.territory

    @cached_property
    def by_epci(self):
        names = {epci.pk: epci.short_name for epci in self.territory.epcis.order_by("name")}
        return self._lines(PLACE_EPCI, names, self._others(Epci), self._jobs("epci"))

    @cached_property
    def by_departement(self):
        inside = Departement.objects.filter(communes__epci__territories=self.territory)
        names = {one.pk: str(one) for one in inside.distinct()}
        return self._lines(
            PLACE_DEPARTEMENT, names, self._others(Departement), self._jobs("departement")
        )

    @staticmethod
    def _others(model):
        return lambda codes: {one.pk: f"{one} (hors du territoire)"
                              for one in model.objects.filter(pk__in=codes)}  # fmt: skip

    def _jobs(self, kind):
        known = IndustrialJobs.objects.visible_to(self.figures.viewer)
        return known.latest(self.territory, kind)

    def _lines(self, place, names, others, jobs):
        sums = self._sums(place)
        elsewhere = [code for code in sums if code is not None and code not in names]
        known = names | (others(elsewhere) if elsewhere else {})
        lines = [
            PlaceLine(Line(code, label, **sums.get(code, {})), jobs.get(code))
            for code, label in known.items()
        ]
        if None in sums:
            lines.append(PlaceLine(Line("", UNPLACED, **sums[None])))
        return lines

    def _sums(self, place):
        """{place or None: sums}: projects by where they are, files by where their project is."""
        counted = Project.objects.filter(pk__in=self.figures.counted.order_by().values("pk"))
        placed = counted.order_by().annotate(by=place)
        found = {row.pop("by"): row for row in placed.values("by").annotate(**PROJECT_SUMS)}
        where = dict(placed.values_list("pk", "by"))
        files = Application.objects.filter(
            pk__in=self.figures.applications.order_by().values("pk"), project__in=counted
        )
        for row in files.order_by().values("project").annotate(**AID_SUMS):
            line = found[where[row.pop("project")]]
            for name, value in row.items():
                if value is not None:
                    line[name] = line.get(name, 0) + value
        return found
