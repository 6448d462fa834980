"""The money of the files: asked, granted, committed, paid, how often and how soon one is answered.

Each line names the filters of the list of files that hold exactly its rows, so that a figure and
the list that it opens cannot differ (see `funding.aid_counts`).
"""

from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from statistics import median

from django.db.models import Case, Count, F, When
from django.db.models.functions import ExtractYear

from crm.models import Epci, NationalPriority
from funding.aid_counts import DECISIONS, SUMS, TIMED
from funding.aid_filters import NONE
from funding.models import Application, Funder

PERCENT = Decimal("0.1")
EVERY = {"count": Count("pk"), **SUMS, **DECISIONS}
# Where a file says it: about a project, then about a collective action.
EPCI = (
    Case(
        When(project__commune__isnull=False, then=F("project__commune__epci")),
        default=F("project__site__commune__epci"),
    ),
    F("action__epcis"),
)
PRIORITY = (F("project__priorities"), F("action__national_priorities"))


@dataclass(frozen=True)
class AidLine:
    """Known sums with how many files do not say theirs; `opens` are the filters of its rows."""

    label: str
    opens: dict = field(default_factory=dict)
    code: str = ""
    count: int = 0
    requested: Decimal | None = None
    granted: Decimal | None = None
    committed: Decimal | None = None
    paid: Decimal | None = None
    requested_unknown: int = 0
    granted_unknown: int = 0
    committed_unknown: int = 0
    paid_unknown: int = 0
    decided: int = 0
    accepted: int = 0
    priced: int = 0
    priced_requested: Decimal | None = None
    priced_granted: Decimal | None = None
    timed: int = 0
    days: list = field(default_factory=list)

    @property
    def unpriced(self):
        return self.decided - self.priced

    @property
    def untimed(self):
        return self.decided - self.timed

    @property
    def success_rate(self):
        """Files accepted among those decided, in percent; None when none is decided.

        A file withdrawn by its holder was not decided by its funder.
        """
        return percent(self.accepted, self.decided)

    @property
    def euro_rate(self):
        """Euros granted for the euros asked by the files decided that say both, in percent."""
        return percent(self.priced_granted or 0, self.priced_requested)

    @property
    def median_days(self):
        """Days from filing to decision, of the files decided that say both."""
        return median(self.days) if self.days else None


def percent(part, whole):
    return (Decimal(part) * 100 / Decimal(whole)).quantize(PERCENT) if whole else None


class FundingFigures:
    """Figures of the files of a queryset, which its caller has scoped and filtered.

    Three queries for the total, at most six for each breakdown, whatever the number of files.
    """

    def __init__(self, files, *, epci=None, priority=None):
        # Joins of the filters stay in the subquery: they would count a file twice.
        self.files = Application.objects.filter(pk__in=files.order_by().values("pk")).order_by()
        self.epci, self.priority = epci, priority

    @cached_property
    def total(self):
        rows = self.files.aggregate(**EVERY)
        return AidLine("Total", code="total", **rows, days=self._days(self.files)[None])

    @cached_property
    def by_funder(self):
        found = self._grouped(F("program__funder"))
        names = Funder.objects.in_bulk(found)
        lines = [
            AidLine(names[code].short_name, {"funder": code}, **row) for code, row in found.items()
        ]
        return sorted(lines, key=lambda line: (-(line.requested or 0), line.label))

    @cached_property
    def by_epci(self):
        """A file about an action of several EPCI is in each: they may add up to more."""
        found = self._grouped(*EPCI)
        names = Epci.objects.in_bulk([code for code in found if code])
        lines = [
            AidLine(names[code].short_name if code else "EPCI à confirmer",
                    {"epci": code or NONE}, **row)
            for code, row in found.items() if self.epci in (None, code or NONE)
        ]  # fmt: skip
        return sorted(
            lines, key=lambda line: (line.opens["epci"] == NONE, -(line.requested or 0), line.label)
        )

    @cached_property
    def by_priority(self):
        """A file whose project has two priorities is in both."""
        found = self._grouped(*PRIORITY)
        names = NationalPriority.objects.in_bulk([code for code in found if code])
        order = {code: at for at, code in enumerate([*NationalPriority.objects.filter(
            pk__in=names).values_list("pk", flat=True), None])}  # fmt: skip
        return [
            AidLine(names[code].short if code else "Sans axe", {"priority": code or NONE}, **row)
            for code, row in sorted(found.items(), key=lambda item: order[item[0]])
            if self.priority in (None, code or NONE)
        ]

    @cached_property
    def by_filing_year(self):
        return self._years("filed_on", "filed_in", ("Sans date de dépôt", "not_filed"))

    @cached_property
    def by_decision_year(self):
        return self._years("decided_on", "decided_in", ("Sans date de décision", "not_dated"))

    def _years(self, date, name, without):
        found = self._grouped(ExtractYear(date))
        label, among = without
        return [
            AidLine(str(year), {name: year}, **found[year])
            if year
            else AidLine(label, {"among": among}, **found[year])
            for year in sorted(found, key=lambda year: (year is None, year))
        ]

    def _grouped(self, of_project, of_action=None):
        """{value: sums} of an expression; of two, of the files of projects and of actions."""
        if of_action is None:
            return self._sums(self.files, of_project)
        found = self._sums(self.files.filter(action=None), of_project)
        for code, row in self._sums(self.files.filter(project=None), of_action).items():
            found[code] = added(found[code], row) if code in found else row
        return found

    def _sums(self, files, expression):
        rows = files.annotate(by=expression).values("by")
        found = {
            row.pop("by"): row for row in rows.annotate(count=Count("pk"), **SUMS, **DECISIONS)
        }
        days = self._days(files, expression)
        return {code: row | {"days": days.get(code, [])} for code, row in found.items()}

    @staticmethod
    def _days(files, expression=None):
        """{value: days from filing to decision}; the database has no portable median."""
        timed = files.filter(TIMED)
        names = ["filed_on", "decided_on"]
        if expression is not None:
            timed, names = timed.annotate(by=expression), ["by", *names]
        found = {} if expression is not None else {None: []}
        for *code, filed_on, decided_on in timed.values_list(*names):
            found.setdefault(code[0] if code else None, []).append((decided_on - filed_on).days)
        return found


def added(one, other):
    """Two rows of sums; None and a number make the number."""
    both = {
        name: one[name]
        if other[name] is None
        else other[name]
        if one[name] is None
        else one[name] + other[name]
        for name in EVERY
    }
    return both | {"days": one["days"] + other["days"]}
