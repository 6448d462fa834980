"""What the dashboards read: the figures of the territory, narrowed by the filters of the page."""

import datetime
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, When
from django.urls import reverse

from actions.models import Action
from crm.filters.projects import ProjectFilter
from crm.models import (
    Epci,
    Interaction,
    NationalPriority,
    Project,
    Role,
    Site,
    Stage,
    Theme,
)
from crm.models.organisations import open_then_head_office
from funding.aid_filters import in_epci, of_priority
from reporting.dashboards import months
from reporting.dashboards.journeys import journeys
from reporting.figures import Figures
from reporting.funding_figures import FundingFigures

MONTHS = 12  # the period when nobody says it
PLACE = Case(When(commune__isnull=False, then=F("commune")), default=F("site__commune"))
PLACE_EPCI = Case(
    When(commune__isnull=False, then=F("commune__epci")), default=F("site__commune__epci")
)
# The filters of projects that the dashboards share: one rule, that of the list that they open.
NARROW = {
    "epci": ProjectFilter.by_epci,
    "priority": ProjectFilter.by_priority,
    "theme": ProjectFilter.by_theme,
}


@dataclass(frozen=True)
class Asked:
    """The filters; a period bounds what happened, never what is counted today."""

    epci: Epci | None = None
    priority: NationalPriority | None = None
    theme: Theme | None = None
    since: datetime.date | None = None
    until: datetime.date | None = None

    @property
    def query(self):
        found = {name: getattr(self, name) for name in NARROW}
        dates = {"since": self.since, "until": self.until}
        return {name: one.pk for name, one in found.items() if one} | {
            name: day.isoformat() for name, day in dates.items() if day
        }


class Board(Figures):
    """The definitions of `Figures`, over the rows that the filters keep."""

    def __init__(self, viewer, territory, asked=None, today=None):
        super().__init__(viewer, territory, today)
        self.asked = asked or Asked()

    # The period ------------------------------------------------------------------------------

    @property
    def until(self):
        return min(self.asked.until or self.today, self.today)

    @property
    def since(self):
        """The first day of the period; by default, of the month eleven months before."""
        return self.asked.since or months.back(self.until, MONTHS)

    def happened(self, day):
        return self.since <= day <= self.until

    @property
    def period(self):
        return f"du {self.since:%d/%m/%Y} au {self.until:%d/%m/%Y}"

    # The rows --------------------------------------------------------------------------------

    @cached_property
    def projects(self):
        found = super().projects
        for name, narrow in NARROW.items():
            if value := getattr(self.asked, name):
                found = narrow(None, found, name, value)
        return found

    @cached_property
    def withheld(self):
        """Of the whole territory: a filter hides nothing from anyone."""
        return Figures(self.viewer, self.territory, self.today).withheld

    @cached_property
    def applications(self):
        found = super().applications
        if self.asked.epci:
            found = found.filter(in_epci(self.asked.epci))
        if self.asked.priority:
            found = found.filter(of_priority(self.asked.priority))
        return found.filter(about(self.asked.theme)) if self.asked.theme else found

    @cached_property
    def actions(self):
        found = super().actions
        if self.asked.epci:
            found = found.filter(linked(Action.epcis, epci=self.asked.epci))
        if self.asked.priority:
            found = found.filter(
                linked(Action.national_priorities, nationalpriority=self.asked.priority)
            )
        if self.asked.theme:
            found = found.filter(linked(Action.themes, theme=self.asked.theme))
        return found

    @cached_property
    def funding(self):
        return FundingFigures(self.applications)

    @cached_property
    def reads_visits(self):
        """Exchanges are the memory of the team: no one else reads them."""
        return self.territory.pk in self.viewer.territories_as(Role.OFFICER, Role.MANAGER)

    @cached_property
    def visits(self):
        """Visits of the period with the commune of the organisation: that of its head site."""
        head = Site.objects.filter(organisation=OuterRef("organisation")).order_by(
            *open_then_head_office()
        )
        found = (
            Interaction.objects.visible_to(self.viewer)
            .filter(
                organisation__territory=self.territory,
                kind=Interaction.Kind.VISIT,
                happened_on__range=(self.since, self.until),
            )
            .annotate(
                place=Subquery(head.values("commune")[:1]),
                place_epci=Subquery(head.values("commune__epci")[:1]),
            )
        )
        return found.filter(place_epci=self.asked.epci.pk) if self.asked.epci else found

    # Stages and what projects went through ---------------------------------------------------

    @cached_property
    def every_stage(self):
        """{code: stage} in order, the retired ones too: a past passage may name one."""
        ours = Q(territory=None) | Q(territory=self.territory)
        return {stage.pk: stage for stage in Stage.objects.filter(ours)}

    @property
    def counted_codes(self):
        """Stages of the projects that totals count."""
        return [code for code, one in self.every_stage.items() if one.kind != Stage.Kind.CLOSED]

    @property
    def done_codes(self):
        return [code for code, one in self.every_stage.items() if one.is_done]

    @cached_property
    def journeys(self):
        """What each project went through (two queries)."""
        return journeys(self.projects)

    # Addresses -------------------------------------------------------------------------------

    def listed(self, **filters):
        """The list of projects under the filters of the page; a period is none of its filters."""
        kept = {name: code for name, code in self.asked.query.items() if name in NARROW}
        return f"{reverse('crm:project_list')}?{urlencode(kept | filters, doseq=True)}"

    def files(self, **filters):
        """The list of files under the same filters, or nothing: it has no filter of theme."""
        if self.asked.theme:
            return ""
        kept = {name: code for name, code in self.asked.query.items() if name in NARROW}
        query = urlencode(kept | filters, doseq=True)
        return f"{reverse('funding:application_list')}{'?' if query else ''}{query}"

    def opened(self, key, line, figure):
        """The page of the rows behind a figure that no list of the product can show."""
        query = self.asked.query | {"line": line, "figure": figure}
        return f"{reverse('reporting:dashboard_rows', args=[key])}?{urlencode(query)}"


def linked(relation, **criteria):
    return Exists(relation.through.objects.filter(action=OuterRef("pk"), **criteria))


def about(theme):
    """Files whose project or action has this theme."""
    projects = Project.themes.through.objects.filter(project=OuterRef("project"), theme=theme)
    actions = Action.themes.through.objects.filter(action=OuterRef("action"), theme=theme)
    return Q(Exists(projects)) | Q(Exists(actions))
