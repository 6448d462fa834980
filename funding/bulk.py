"""All the projects of a queryset × all the programs of another, read in a few queries.

`verdicts(projects, programs, today)` reads columns, not records, and only those that the criteria
of these programs read; `funding.eligibility.bulk` judges them by the very rules of the page."""

import datetime as dt
import gc
import json
from collections import defaultdict
from contextlib import contextmanager
from itertools import islice

import numpy as np
from django.db.models import Exists, FloatField, IntegerField, Min, OuterRef, TextField
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone

from crm.models import Commune, Departement, Project, Site, WorkforceBand
from funding import facts as known
from funding.eligibility import Fact, Verdict
from funding.eligibility.bulk import FILINGS, Amounts, Column, Judged, Table
from funding.matching import parsed_rules
from funding.models import Application, DeclaredFact
from funding.models.programs import applying

# As `Program.filed_as` says it of one.
FILED_AS = Coalesce("program__national_id", "program_id")
# Fact: the fields of the project or of its holder that tell it, as they are kept.
CODES = {
    "stage": ("paused_from_id", "stage_id"),
    "beneficiary": ("holder__kind",),
    "in_difficulty": ("holder__kind",),
    "legal_form": ("holder__legal_form",),
    "eu_size": ("holder__eu_size",),
    "headcount": ("holder__headcount",),
}
AMOUNTS = {
    **{key: f"holder__{key}" for key in ("turnover", "balance_sheet", "equity")},
    **{key: key for key in ("eligible_costs", "jobs_created_planned", "jobs_maintained_planned")},
}
DAYS = {
    "created_on": "holder__created_on",
    "starts_on": "starts_on",
    "first_commitment_on": "first_commitment_on",
}
SITE = (
    *("pk", "organisation_id", "commune_id", "naf_rev2", "naf_2025"),
    *("headcount", "workforce_band_id"),
)
HEADCOUNTS = {"headcount", "site_headcount"}
SITE_FACTS = {
    *("naf_rev2", "naf_2025", "commune", "departement", "region", "epci", "in_ti"),
    *("in_adour_garonne_basin", *HEADCOUNTS),
}
CHUNK = 1000
BITS = 62  # themes in one whole number


def verdicts(projects, programs, today=None):
    """Judge every project of a queryset for every program; today’s date unless told."""
    today = today or timezone.localdate()
    with collector_paused():
        programs = list(programs)
        rules = [parsed_rules(program) for program in programs]
        reading = Reading(projects, facts_read(rules, today), today)
        return BulkVerdicts(reading.projects, programs, Judged(rules, reading.table(), today))


def by_territory(projects, programs, today=None):
    """The verdicts, one territory after the other: each project for the programs that apply there,
    as on its page. A fixed number of queries for each territory that has one of these projects."""
    replaced, programs = programs.replaced(), list(programs)
    for territory in projects.order_by("territory").values_list("territory", flat=True).distinct():
        here = applying(programs, territory, replaced)
        yield verdicts(projects.filter(territory=territory), here, today)


@contextmanager
def collector_paused():
    """Hundreds of thousands of rows and no cycle: looking for cycles would cost a third more."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def facts_read(rules, today):
    criteria = (criterion for one in rules for criterion in one.criteria)
    return {
        fact
        for criterion in criteria
        if not criterion.is_uncertain
        for fact in criterion.classes(today)
    }


class BulkVerdicts:
    """The verdict of each pair, its reasons, and counts; ids are those of the database."""

    def __init__(self, projects, programs, judged):
        self.projects = projects
        self.programs = programs
        self.judged = judged
        self._row = {pk: row for row, pk in enumerate(projects)}
        self._column = {program.pk: column for column, program in enumerate(programs)}

    def __len__(self):
        return self.judged.cells.size

    def verdict(self, project_id, program_id):
        return self.judged.verdict(*self._at(project_id, program_id))

    def reasons(self, project_id, program_id):
        """The criteria that give the verdict, as (criterion, answer): those not met, else those to
        confirm; none when all are met."""
        at = self._at(project_id, program_id)
        verdict, answers = self.judged.verdict(*at), self.judged.answers(*at)
        if verdict is Verdict.ELIGIBLE:
            return []
        criteria = self.judged.rules[at[1]].criteria
        pairs = zip(criteria, answers, strict=True)
        return [(criterion, answer) for criterion, answer in pairs if answer == verdict]

    def answers(self, project_id, program_id):
        """One answer for each criterion, in the order in which the page shows them."""
        return self.judged.answers(*self._at(project_id, program_id))

    def unknown(self, project_id, program_id):
        """[(criterion to confirm, facts that stand for the project’s, what tells them apart)]"""
        return self.judged.unknown(*self._at(project_id, program_id))

    def limiting(self, project_id, program_id):
        """The first criterion that gives the verdict, told at no cost; None when all are met."""
        return self.judged.reason(*self._at(project_id, program_id))

    def counts_by_program(self):
        """{program id: {verdict: number of projects}}"""
        counts = self.judged.counts().T.tolist()
        return {
            program.pk: dict(zip(Verdict, row, strict=True))
            for program, row in zip(self.programs, counts, strict=True)
        }

    def projects_of(self, program_id, *among):
        """The ids of the projects that have one of these verdicts for a program."""
        column = self.judged.cells[:, self._column[program_id]] >> 6
        return [self.projects[row] for row in np.flatnonzero(np.isin(column, among)).tolist()]

    def programs_of(self, project_id, *among):
        """The ids of the programs that have one of these verdicts for a project."""
        row = self.judged.cells[self._row[project_id]] >> 6
        return [self.programs[column].pk for column in np.flatnonzero(np.isin(row, among))]

    def limits_by_program(self, program_id):
        """[(criterion, projects that it is the first to stop or to leave in doubt)], most first."""
        return self.judged.limits(self._column[program_id])

    def _at(self, project_id, program_id):
        return self._row[project_id], self._column[program_id]


class Reading:
    """The facts `wanted` of the projects, as columns; nothing else is read."""

    def __init__(self, projects, wanted, today):
        self.wanted = wanted
        self.today = today
        self.scope = once_each(projects)
        self.columns = {}
        self._read_projects()

    def table(self):
        if self.wanted & SITE_FACTS or any(key.startswith("zone:") for key in self.wanted):
            self._read_sites()
        if "themes" in self.wanted:
            self._read_themes()
        self._read_declared()
        filings = self._filings() if FILINGS in self.wanted else None
        return Table(len(self.projects), self.columns, filings)

    def _add(self, key, column):
        if key in self.wanted:
            self.columns[key] = column

    def _read_projects(self):
        """The projects and their holders, whose facts are those of each of their projects."""
        wanted = [
            *("pk", "holder_id", "site_id", "commune_id"),
            *{name for key, names in CODES.items() if key in self.wanted for name in names},
        ]
        amounts = [name for key, name in AMOUNTS.items() if key in self.wanted]
        days = [name for key, name in DAYS.items() if key in self.wanted]
        read = columns_of(self.scope, wanted, amounts=amounts, days=days)
        self.projects, self.site_ids, self.communes = (
            read["pk"],
            read["site_id"],
            read["commune_id"],
        )
        self.headcounts = read.get("holder__headcount")
        self.row = {pk: row for row, pk in enumerate(self.projects)}
        self.holders, self.at_holder = np.unique(numbers(read["holder_id"]), return_inverse=True)
        make = {"in_difficulty": known.difficulty, "legal_form": filled, "eu_size": filled}
        for key, (first, *others) in CODES.items():
            if key in self.wanted:
                self.columns[key] = Column.of(read[first], make.get(key, as_it_is))
                for other in others:
                    self.columns[key] = self.columns[key].otherwise(Column.of(read[other]))
        for key in AMOUNTS.keys() & self.wanted:
            self.columns[key] = Amounts.of(read[AMOUNTS[key]])
        for key in DAYS.keys() & self.wanted:
            self.columns[key] = Column.of(read[DAYS[key]], dt.date.fromisoformat)

    def _read_sites(self):
        owned = Site.objects.order_by().filter(organisation__in=self.scope.values("holder"))
        read = columns_of(owned, SITE, days=("closed_on",), flags=("is_head_office",))
        wanted = numbers(self.site_ids)
        if apart := set(wanted[places(read["pk"], wanted) < 0].tolist()) - {-1}:
            others = Site.objects.filter(pk__in=apart)
            more = columns_of(others, SITE, days=("closed_on",), flags=("is_head_office",))
            read = {name: [*column, *more[name]] for name, column in read.items()}
        ids, owners = read["pk"], places(self.holders, numbers(read["organisation_id"]))
        # As `open_then_head_office` has them on the page.
        closed = [-int(day.replace("-", "")) if day else -np.inf for day in read["closed_on"]]
        order = np.lexsort((ids, ~np.array(read["is_head_office"], bool), closed, owners))
        at_site = places(ids, wanted)
        at_site = np.where(at_site < 0, first_of(owners, order, self.at_holder), at_site)
        self._add("naf_rev2", Column.of(read["naf_rev2"], filled).take(at_site))
        self._add("naf_2025", Column.of(read["naf_2025"], filled).take(at_site))
        if self.wanted & HEADCOUNTS:
            self._headcounts(read, owners, at_site)
        of_site = Column.of(read["commune_id"]).take(at_site)
        self._places(Column.of(self.communes).otherwise(of_site))

    def _headcounts(self, read, owners, at_site):
        bands = {band.pk: band for band in WorkforceBand.objects.all()}
        count, band = Column.of(read["headcount"]), Column.of(read["workforce_band_id"], bands.get)
        sites = count.paired(band, known.site_interval)
        self._add("site_headcount", sites.take(at_site))
        if "headcount" not in self.wanted:
            return
        is_open = np.array([closed_on is None for closed_on in read["closed_on"]], bool)
        is_open &= owners >= 0
        # A site alone makes its holder; the few others are added up one holder at a time.
        size = np.bincount(owners[is_open], minlength=len(self.holders))
        is_alone = is_open & (size[owners] == 1)
        codes = np.zeros(len(self.holders), np.int32)
        codes[owners[is_alone]] = sites.codes[is_alone] + 1
        added = [None, *(fact and total((fact.value,)) for fact in sites.facts)]
        several = defaultdict(list)
        for row in np.flatnonzero(is_open & ~is_alone).tolist():
            several[int(owners[row])].append(sites.facts[sites.codes[row]])
        for holder, facts in several.items():
            codes[holder] = len(added)
            added.append(total([fact and fact.value for fact in facts]))
        totals = Column(codes, [interval and Fact(interval) for interval in added])
        exact = Column.of(self.headcounts, lambda count: known.total_interval(count, ()))
        self.columns["headcount"] = exact.otherwise(totals.take(self.at_holder))

    def _places(self, column):
        seen = {fact.value for fact in column.facts if fact}
        communes = Commune.objects.order_by()
        # Past some hundreds of codes, reading all the communes is cheaper than naming them.
        communes = communes if len(seen) > 500 else communes.filter(pk__in=seen)
        read = columns_of(communes, ("pk", "departement_id", "epci_id"))
        regions = dict(Departement.objects.values_list("pk", "region_id"))
        found = dict(zip(read["pk"], zip(*read.values(), strict=True), strict=True))
        values = known.PlaceReader(self.today)

        def place(commune, departement, epci):
            return values.of(commune, departement, regions[departement], epci)

        by_code = [fact and place(*found[fact.value]) for fact in column.facts]
        for key in self.wanted & {key for one in by_code if one for key in one}:
            self.columns[key] = recoded(column.codes, [one and one.get(key) for one in by_code])

    def _read_themes(self):
        chosen = Project.themes.through.objects.filter(project__in=self.scope.values("pk"))
        read = columns_of(chosen.order_by(), ("project_id", "theme_id"))
        rows, theme = places(self.projects, read["project_id"]), Column.of(read["theme_id"])
        rows, codes = rows[rows >= 0], theme.codes[rows >= 0].astype(np.int64)
        column = Column.of([frozenset()]).take(np.zeros(len(self.projects), int))
        for start in range(0, len(theme.facts), BITS):
            bits = np.zeros(len(self.projects), np.int64)
            among = (codes >= start) & (codes < start + BITS)
            np.bitwise_or.at(bits, rows[among], 1 << (codes[among] - start))
            names = [fact.value for fact in theme.facts[start : start + BITS]]
            more = Column.of(bits.tolist(), lambda mask, names=names: members(mask, names))
            column = column.paired(more, frozenset.union)
        self.columns["themes"] = Column(
            column.codes, [fact and (fact if fact.value else None) for fact in column.facts]
        )

    def _read_declared(self):
        """What was answered, for the holder then for the project, prevails over the records."""
        made = Remembered(lambda text: Fact(known.typed(json.loads(text))))
        answers = DeclaredFact.objects.order_by().filter(key__in=self.wanted)
        # Few answers, many projects: each answer looks for its project, not the contrary.
        for owner, field, rows_of in (
            ("organisation_id", "holder", self._rows_of_holder),
            ("project_id", "pk", self._rows_of_project),
        ):
            said = defaultdict(dict)
            chosen = answers.filter(Exists(self.scope.filter(**{field: OuterRef(owner)})))
            rows = chosen.values_list("key", owner, Cast("value", TextField()))
            for key, pk, text in rows.iterator():
                said[key].update(dict.fromkeys(rows_of(pk), made[text]))
            for key, facts in said.items():
                column = self.columns.get(key) or Column.unknown(len(self.projects))
                self.columns[key] = column.replaced(facts)

    def _rows_of_project(self, pk):
        return [self.row[pk]] if pk in self.row else []

    def _rows_of_holder(self, pk):
        at = np.searchsorted(self.holders, pk)
        return np.flatnonzero(self.at_holder == at).tolist()

    def _filings(self):
        of_scope = Exists(self.scope.filter(pk=OuterRef("project_id")))
        filed = Application.objects.filter(of_scope, filed_on__isnull=False).order_by()
        filings = defaultdict(dict)
        rows = filed.values_list("project_id", FILED_AS).annotate(first=Min("filed_on"))
        for project, program, filed_on in rows:
            if project in self.row:
                filings[self.row[project]][str(program)] = filed_on
        return filings


def once_each(projects):
    """The same projects, without the order nor the joins of a list page."""
    query = projects.query
    if query.is_sliced:
        return Project.objects.filter(pk__in=list(projects.values_list("pk", flat=True))).order_by()
    projects = projects.order_by()
    if len(query.alias_map) < 2 and not (query.combinator or query.distinct):
        return projects
    return Project.objects.filter(pk__in=projects.values("pk")).order_by()


def total(intervals):
    return known.total_interval(None, intervals)


def members(mask, names):
    return frozenset(name for place, name in enumerate(names) if mask >> place & 1)


class Bare(Cast):
    """A cast whose cells Django hands over as the database gives them, without a look at each."""

    @property
    def convert_value(self):
        return self._convert_value_noop


def columns_of(queryset, plain, amounts=(), days=(), flags=()):
    """The columns of a queryset as lists, by name: amounts as floats, days as ISO texts."""
    casts = [Bare(name, FloatField()) for name in amounts]
    casts += [Bare(name, TextField()) for name in days]
    casts += [Bare(name, IntegerField()) for name in flags]
    columns = {name: [] for name in (*plain, *amounts, *days, *flags)}
    rows = queryset.values_list(*plain, *casts).iterator(chunk_size=CHUNK)
    while chunk := list(islice(rows, CHUNK)):
        for column, cells in zip(columns.values(), zip(*chunk, strict=True), strict=True):
            column.extend(cells)
    return columns


def numbers(ids):
    """Ids as an array, −1 for none."""
    return np.nan_to_num(np.array(ids, float), nan=-1).astype(np.int64)


def places(ids, wanted):
    """The place in `ids` of each id wanted, −1 when it is not there."""
    if not len(ids):
        return np.full(len(wanted), -1)
    ids = np.asarray(ids)
    order = np.argsort(ids)
    at = order[np.searchsorted(ids, wanted, sorter=order) % len(ids)]
    return np.where(ids[at] == wanted, at, -1)


def filled(text):
    return text or None


def as_it_is(value):
    return value


def first_of(owners, order, wanted):
    """The first row in this order of each owner, −1 for who owns none."""
    sorted_owners = owners[order]
    at = np.searchsorted(sorted_owners, wanted)
    at = np.minimum(at, max(len(order) - 1, 0))
    if not len(order):
        return np.full(len(wanted), -1)
    return np.where(sorted_owners[at] == wanted, order[at], -1)


def recoded(codes, values):
    """The column of the value of each code."""
    column = Column.of(values)
    return Column(column.codes[codes], column.facts)


class Remembered(dict):
    def __init__(self, make):
        self.make = make

    def __missing__(self, key):
        self[key] = self.make(key)
        return self[key]
