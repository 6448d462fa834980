"""One definition for each figure: pages, workbooks, returns and the API read it here.

A figure is of a territory as one viewer sees it. « Known » sums leave out what nobody has said
yet and come with the number of rows still unknown; a sum nobody knows at all is None, never 0.
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from django.db.models import Count, Q, Sum
from django.utils import timezone

from actions.models import Action, AgendaItem
from crm.models import (
    PAIR,
    FollowUp,
    Interaction,
    NationalPriority,
    Organisation,
    Project,
    ReviewRequest,
    Role,
    Stage,
)
from funding.aid_counts import SUMS
from funding.models import Application, Funder
from reporting.deadlines import deadlines
from reporting.rows import with_names

JOBS = {
    "jobs_created_planned": "Emplois créés, prévus",
    "jobs_created_observed": "Emplois créés, constatés",
    "jobs_maintained_planned": "Emplois maintenus, prévus",
    "jobs_maintained_observed": "Emplois maintenus, constatés",
}


@dataclass(frozen=True)
class Line:
    """One line of a breakdown of projects: count, known sums, number of unknown investments."""

    code: str
    label: str
    count: int = 0
    unknown: int = 0
    investment: Decimal | None = None
    eligible: Decimal | None = None
    requested: Decimal | None = None
    granted: Decimal | None = None
    paid: Decimal | None = None
    jobs_created_planned: Decimal | None = None
    jobs_created_observed: Decimal | None = None
    jobs_maintained_planned: Decimal | None = None
    jobs_maintained_observed: Decimal | None = None


@dataclass(frozen=True)
class FunderLine:
    """Aid of one funder: known sums, and how many files do not say how much."""

    code: str
    label: str
    count: int
    requested: Decimal | None
    granted: Decimal | None
    committed: Decimal | None
    paid: Decimal | None
    requested_unknown: int
    granted_unknown: int
    committed_unknown: int
    paid_unknown: int


@dataclass(frozen=True)
class StatusLine:
    code: str
    label: str
    count: int
    planned: Decimal | None
    committed: Decimal | None
    spent: Decimal | None
    unknown: int


PROJECT_SUMS = {
    "count": Count("pk"),
    "unknown": Count("pk", filter=Q(planned_investment=None)),
    "investment": Sum("planned_investment"),
    "eligible": Sum("eligible_costs"),
} | {field: Sum(field) for field in JOBS}
AID_SUMS = {
    "requested": Sum("amount_requested"),
    "granted": Sum("amount_granted"),
    "paid": Sum("amount_paid"),
}


class Figures:
    """Figures of `territory` as `viewer` reads it, on the day `today`; of some EPCI, if any."""

    def __init__(self, viewer, territory, today=None, *, epcis=()):
        self.viewer = viewer
        self.territory = territory
        self.today = today or timezone.localdate()
        self.epcis = list(epcis)

    # What the figures are about -------------------------------------------------------------

    @cached_property
    def projects(self):
        """All projects the viewer may read, closed ones included."""
        projects = Project.objects.visible_to(self.viewer).filter(territory=self.territory)
        return projects.in_epcis(self.epcis) if self.epcis else projects

    @cached_property
    def counted(self):
        """Projects in the totals: open, paused or done. Those closed without effect are left out:
        a factory built elsewhere is no investment of the territory."""
        return self.projects.exclude(stage__kind=Stage.Kind.CLOSED)

    @cached_property
    def applications(self):
        files = Application.objects.visible_to(self.viewer).in_territory(self.territory)
        if not self.epcis:
            return files
        return files.filter(Q(project__in=self.projects) | Q(action__in=self._here(Action.objects)))

    @cached_property
    def actions(self):
        """Fiches of the plan in force."""
        return self._here(
            Action.objects.visible_to(self.viewer).filter(
                plan__territory=self.territory, plan__is_current=True
            )
        )

    def _here(self, actions):
        return actions.in_epcis(self.epcis) if self.epcis else actions

    @cached_property
    def points(self):
        """Points of agenda of these projects and fiches, and those about neither."""
        points = AgendaItem.objects.visible_to(self.viewer).filter(territory=self.territory)
        if not self.epcis:
            return points
        return points.filter(
            Q(project=None) | Q(project__in=self.projects),
            Q(action=None) | Q(action__in=self._here(Action.objects)),
        )

    # Projects -------------------------------------------------------------------------------

    @cached_property
    def stages(self):
        return list(Stage.objects.of(self.territory))

    @cached_property
    def by_stage(self):
        """Every stage in order, with its projects; a retired stage shows if it still has some."""
        found = self._project_sums(self.projects, "stage")
        known = {stage.pk: stage for stage in self.stages}
        missing = set(found) - set(known)
        if missing:
            known |= Stage.objects.in_bulk(missing)
        return [Line(code, stage.short, **found.get(code, {})) for code, stage in known.items()]

    @cached_property
    def portfolio(self):
        """Open projects: neither done nor closed; the paused ones are in it."""
        return Line("open", "Projets en cours", **self.projects.open().aggregate(**PROJECT_SUMS))

    @cached_property
    def total(self):
        """Counted projects, each once, with the aid of their files."""
        aid = self._counted_applications.aggregate(**AID_SUMS)
        return Line("total", "Total", **self.counted.aggregate(**PROJECT_SUMS), **aid)

    @cached_property
    def by_priority(self):
        """Counted projects by national priority, « none » last.

        A project with two priorities is in both lines: they do not add up to `total`, and
        `overlap` says by how much.
        """
        sums = self._project_sums(self.counted, "priorities")
        aid = {
            row.pop("project__priorities"): row
            for row in self._counted_applications.order_by()
            .values("project__priorities")
            .annotate(**AID_SUMS)
        }
        lines = [
            Line(
                priority.pk, priority.short, **sums.get(priority.pk, {}) | aid.get(priority.pk, {})
            )
            for priority in self.priorities
        ]
        if None in sums:
            lines.append(Line("", "Sans axe", **sums[None] | aid.get(None, {})))
        return lines

    @cached_property
    def by_attribution(self):
        """Counted projects by what the team did for them, each once; « à confirmer » last.

        They add up to `total`: a project has one attribution, or none that anybody noted.
        """
        sums = self._project_sums(self.counted, "attribution")
        aid = {
            row.pop("project__attribution"): row
            for row in self._counted_applications.order_by()
            .values("project__attribution")
            .annotate(**AID_SUMS)
        }
        labels = [*Project.Attribution.choices, *([("", "À confirmer")] if "" in sums else [])]
        return [
            Line(code, label, **sums.get(code, {}) | aid.get(code, {})) for code, label in labels
        ]

    @cached_property
    def priorities(self):
        used = Q(projects__in=self.projects) | Q(actions__in=self.actions)
        return list(
            NationalPriority.objects.filter(
                Q(pk__in=NationalPriority.objects.of(self.territory))
                | Q(pk__in=NationalPriority.objects.filter(used))
            )
        )

    @cached_property
    def overlap(self):
        """How often projects are counted again in `by_priority`, and for how much investment."""
        again = [line for line in self.by_priority if line.count]
        return {
            "count": sum(line.count for line in again) - self.total.count,
            "investment": sum(line.investment or 0 for line in again)
            - (self.total.investment or 0),
        }

    @cached_property
    def jobs(self):
        """Full-time equivalents of counted projects: planned and observed, never added together."""
        return [(label, getattr(self.total, field)) for field, label in JOBS.items()]

    @cached_property
    def withheld(self):
        """How many projects of the territory this viewer may not read, by level; no more."""
        hidden = Project.objects.filter(territory=self.territory).exclude(pk__in=self.projects)
        if self.epcis:
            hidden = hidden.in_epcis(self.epcis)
        rows = hidden.order_by().values("confidentiality").annotate(count=Count("pk"))
        return {row["confidentiality"]: row["count"] for row in rows}

    # Money ----------------------------------------------------------------------------------

    @cached_property
    def aid(self):
        """All files the viewer may read: asked, granted and paid over known amounts."""
        return self.applications.totals()

    @cached_property
    def live_applications(self):
        """Files without a final answer, of projects and actions still open."""
        is_open = Q(project__in=self.projects.open()) | Q(action__in=self.actions.unfinished())
        return list(with_names(self.applications.live().filter(is_open)))

    @cached_property
    def by_funder(self):
        """The same by funder of the program, largest known grant or request first."""
        rows = {
            row.pop("program__funder"): row
            for row in self.applications.order_by()
            .values("program__funder")
            .annotate(count=Count("pk"), **SUMS)
        }
        lines = [
            FunderLine(code, funder.short_name, **rows[code])
            for code, funder in Funder.objects.in_bulk(rows).items()
        ]
        return sorted(lines, key=lambda line: (-(line.requested or 0), line.label))

    # The plan, the committee, the team ------------------------------------------------------

    @cached_property
    def by_status(self):
        """Fiches of the plan in force by status, with their budgets."""
        rows = {
            row.pop("status"): row
            for row in self.actions.once()
            .order_by()
            .values("status")
            .annotate(
                count=Count("pk"),
                planned=Sum("budget_planned"),
                committed=Sum("budget_committed"),
                spent=Sum("budget_spent"),
                unknown=Count("pk", filter=Q(budget_planned=None)),
            )
        }
        return [
            StatusLine(status.value, status.label, **rows[status.value])
            for status in Action.Status
            if status.value in rows
        ]

    @cached_property
    def plan(self):
        """All fiches of the plan in force: count and budgets, sub-actions within their fiche."""
        return (
            self.actions.once()
            .order_by()
            .aggregate(
                count=Count("pk"),
                planned=Sum("budget_planned"),
                committed=Sum("budget_committed"),
                spent=Sum("budget_spent"),
                unknown=Count("pk", filter=Q(budget_planned=None)),
            )
        )

    @cached_property
    def companies_met(self):
        """Companies with at least one exchange noted; None for who may not read exchanges."""
        if self.territory.pk not in self.viewer.territories_as(Role.OFFICER, Role.MANAGER):
            return None
        met = Interaction.objects.visible_to(self.viewer).filter(
            organisation__territory=self.territory,
            organisation__kind=Organisation.Kind.COMPANY,
        )
        return met.order_by().aggregate(count=Count("organisation", distinct=True))["count"]

    @cached_property
    def to_decide(self):
        """Points of decision without a decision yet, those of the next meeting first."""
        return list(
            self.points.to_decide()
            .select_related("meeting", "project__holder", "action", "review_request", "decision")
            .prefetch_related("review_request__reviews", "options")
            .order_by("meeting__held_on", "position", "pk")
        )

    @property
    def reads_reviews(self):
        """Whether what the pair answered concerns this viewer: the team and the pair only."""
        readers = self.viewer.territories_as(Role.OFFICER, Role.MANAGER, *PAIR)
        return self.territory.pk in readers

    @cached_property
    def reviews(self):
        """Reviews of the pair, once both have answered: never an answer alone."""
        requests = ReviewRequest.objects.visible_to(self.viewer).complete()
        return list(
            requests.filter(project__in=self.projects)
            .select_related("project__holder", "agenda_item__decision")
            .prefetch_related("reviews")
        )

    @cached_property
    def waiting_reviews(self):
        """Questions the pair has not finished answering; says nothing of what one answered."""
        requests = ReviewRequest.objects.visible_to(self.viewer).waiting()
        return list(
            requests.filter(project__in=self.projects)
            .select_related("project__holder")
            .prefetch_related("reviews")
        )

    @cached_property
    def deadlines(self):
        """What falls due, late things included, in order of date (see `reporting.deadlines`)."""
        return deadlines(self)

    @cached_property
    def follow_ups(self):
        """Promises still to keep; nothing for who is not of the team."""
        return list(
            FollowUp.objects.visible_to(self.viewer)
            .filter(territory=self.territory)
            .pending()
            .select_related("organisation", "project", "owner")
        )

    @staticmethod
    def _project_sums(projects, by):
        """{value of `by`: sums}; by a key of the project or by its priorities, each pair once."""
        rows = (
            Project.objects.filter(pk__in=projects.order_by().values("pk"))
            .order_by()
            .values(by)
            .annotate(**PROJECT_SUMS)
        )
        return {row.pop(by): row for row in rows}

    @property
    def _counted_applications(self):
        return self.applications.filter(project__in=self.counted)
