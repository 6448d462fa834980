"""What a person should see first: promises, dates, silent projects, points, the next committee."""

import datetime
from functools import cached_property

from actions import contract_dates
from actions.models import AgendaItem, Meeting
from crm.models import PAIR, Organisation, ReviewRequest, Role, StageChange
from funding import watch
from funding.reminders import KINDS
from reporting.charts import ruler
from reporting.figures import Figures

SOON = 30
WEEK = 7
SILENT = 60
SHOWN = 6
TOLD = 100  # notices among which the home page picks
OWN = {"Prochaine étape", "Avis du binôme"}
# What a change of the catalogue does to projects.
NEWS = {
    "not_eligible": "devient non éligible,deviennent non éligibles",
    "eligible": "devient éligible,deviennent éligibles",
    "to_confirm": "devient à confirmer,deviennent à confirmer",
    "new": "piste nouvelle,pistes nouvelles",
}
CLOSING = {"Clôture d’un dispositif", "Dossier à déposer"}


class Today:
    """The home page of one person, in a fixed number of queries."""

    def __init__(self, user, territory, role, *, everyone=False, today=None):
        self.user = user
        self.territory = territory
        self.role = role
        self.everyone = everyone
        self.figures = Figures(user, territory, today)
        self.on = self.figures.today

    @property
    def in_team(self):
        return self.role in {Role.OFFICER, Role.MANAGER}

    @property
    def in_pair(self):
        return self.role in PAIR

    # Promises ---------------------------------------------------------------------------------

    @cached_property
    def follow_ups(self):
        """Mine and nobody’s, due within the week; the whole team’s when asked."""
        return [
            row
            for row in self.figures.follow_ups
            if row.due_on <= self.on + datetime.timedelta(days=WEEK)
            and (self.everyone or row.owner_id in {None, self.user.pk})
        ]

    @cached_property
    def late(self):
        return [row for row in self.follow_ups if row.due_on < self.on]

    @cached_property
    def due(self):
        return [row for row in self.follow_ups if row.due_on == self.on]

    @cached_property
    def this_week(self):
        return [row for row in self.follow_ups if row.due_on > self.on]

    # Dates ------------------------------------------------------------------------------------

    @cached_property
    def deadlines(self):
        """Dates to come that are not promises, which have their own list."""
        return [
            row for row in self.figures.deadlines if row.on >= self.on and row.kind != "Relance"
        ]

    @cached_property
    def closing(self):
        """What must be filed within thirty days."""
        limit = self.on + datetime.timedelta(days=SOON)
        return [row for row in self.deadlines if row.kind in CLOSING and row.on <= limit]

    @cached_property
    def file_dues(self):
        """What files ask within thirty days, late things first: nobody else reminds of them."""
        limit = self.on + datetime.timedelta(days=SOON)
        return [row for row in self.figures.deadlines if row.kind in KINDS and row.on <= limit]

    @cached_property
    def contract_dues(self):
        """What conventions ask within thirty days, late things first: a payment waits for them."""
        limit = self.on + datetime.timedelta(days=SOON)
        kinds = contract_dates.KINDS
        return [row for row in self.figures.deadlines if row.kind in kinds and row.on <= limit]

    @cached_property
    def other_deadlines(self):
        told = [*self.closing, *self.file_dues, *self.contract_dues]
        return [row for row in self.deadlines if row not in told][:SHOWN]

    @cached_property
    def ruler(self):
        """Dates that others set; one’s own next steps have their lists."""
        return ruler([row for row in self.deadlines if row.kind not in OWN], self.on)

    # Projects ---------------------------------------------------------------------------------

    @cached_property
    def silent(self):
        """Active projects without a sign of life for sixty days, the quietest first."""
        rows = self.figures.projects.silent(days=SILENT, today=self.on).for_list()
        return sorted(rows, key=lambda row: row.last_sign_on)

    @cached_property
    def without_next_step(self):
        rows = self.figures.projects.without_next_step().for_list().order_by("stage_since", "pk")
        quiet = {row.pk for row in self.silent}
        return [row for row in rows if row.pk not in quiet]

    @cached_property
    def moves(self):
        """The latest moves of the projects one may read, with who made them."""
        rows = StageChange.objects.filter(project__in=self.figures.projects)
        return list(rows.select_related("project__holder", "from_stage", "to_stage", "by")[:SHOWN])

    # Watch -------------------------------------------------------------------------------------

    @cached_property
    def notices(self):
        """What a change of the catalogue did, that nobody of the team has seen."""
        return watch.notices(self.user, self.territory).unseen()

    @cached_property
    def news(self):
        return self.notices.counts()

    @cached_property
    def news_count(self):
        return sum(self.news[kind] for kind in NEWS)

    @property
    def news_kinds(self):
        """(kind, how many, its words) of what there is, the worst first."""
        return [(kind, self.news[kind], words) for kind, words in NEWS.items() if self.news[kind]]

    @cached_property
    def news_by_program(self):
        """The latest, program by program; the list has them all."""
        return watch.by_program(self.notices.for_list()[:TOLD]) if self.news_count else []

    @cached_property
    def newest_news(self):
        """What « tout est vu » may mark: nothing that comes after the page was drawn."""
        return self.notices.order_by("-pk").values_list("pk", flat=True).first() or 0

    @cached_property
    def closings(self):
        """Programs that close soon and that a project could still ask."""
        return watch.closing(self.user, self.territory, today=self.on)

    @cached_property
    def sure_closings(self):
        """Those that an eligible project could ask: what to call about first."""
        return [closing for closing in self.closings if closing.eligible]

    # Committee --------------------------------------------------------------------------------

    @cached_property
    def waiting_for_me(self):
        """Points this member of the pair must still answer."""
        if not self.in_pair:
            return []
        rows = ReviewRequest.objects.waiting_for(self.user).filter(
            project__territory=self.territory
        )
        return list(rows.select_related("project__holder"))

    @cached_property
    def meeting(self):
        rows = Meeting.objects.visible_to(self.user).filter(territory=self.territory)
        return rows.upcoming(today=self.on).select_related("kind").first()

    @cached_property
    def points(self):
        """Points of the next meeting the person may read."""
        rows = AgendaItem.objects.visible_to(self.user).filter(territory=self.territory)
        return list(rows.filter(meeting=self.meeting)) if self.meeting else []

    @cached_property
    def to_decide(self):
        return [row for row in self.points if row.kind == AgendaItem.Kind.DECISION]

    @cached_property
    def unprepared(self):
        """Points to decide that propose nothing yet."""
        return [row for row in self.to_decide if not row.recommendation]

    @cached_property
    def is_new(self):
        """A territory without a company yet: the only useful thing is to bring them in."""
        mine = Organisation.objects.visible_to(self.user).filter(territory=self.territory)
        return not mine.exists()
