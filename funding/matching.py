"""Programs and projects put together: the pure rules over what the database holds."""

from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal
from operator import attrgetter

from django.utils import timezone

from crm.models import Project
from funding import ranking
from funding.catalogue import rules_of
from funding.eligibility import Answers, Assessment, Rules, Verdict, possible_sizes, wording
from funding.facts import FactReader, with_facts
from funding.models import Program
from funding.models.programs import applying

REPAYABLE = {"loan", "recoverable_advance", "guarantee"}
_offers = {}


@dataclass(frozen=True, slots=True)
class Offer:
    """What matching needs of a program, read once for each of its versions."""

    rules: Rules
    themes: frozenset[str]
    is_repayable: bool
    rates_by_size: dict[str, Decimal] | None


def offer_of(program):
    key = (program.pk, program.updated_at)
    if key not in _offers:
        if len(_offers) > 5000:
            _offers.clear()
        rates = {size: Decimal(rate) for size, rate in (program.rates_by_size or {}).items()}
        _offers[key] = Offer(
            rules_of(program),
            frozenset(program.themes),
            bool(program.instruments) and set(program.instruments) <= REPAYABLE,
            rates or None,
        )
    return _offers[key]


def parsed_rules(program):
    """The rules of a program, parsed once for each of its versions."""
    return offer_of(program).rules


@dataclass(eq=False, slots=True)
class Match:
    """One program for one project, with everything the page and the API tell of it.

    The rank of an excluded program is worked out only if somebody asks: most are, and their place
    does not depend on it."""

    program: Program
    offer: Offer
    project: Project
    assessment: Assessment
    sizes: Collection[str]
    themes: frozenset[str]
    _rank: ranking.Rank | None = field(default=None, init=False, repr=False)

    @property
    def rank(self):
        if self._rank is None:
            costs = counted_costs(self.project, self.program)
            self._rank = ranking.rank(
                self.assessment,
                aid=expected_aid(self.program, self.offer, costs, self.sizes),
                eligible_costs=self.project.eligible_costs,
                shared_themes=self.themes & self.offer.themes,
                is_repayable=self.offer.is_repayable,
            )
        return self._rank

    @property
    def sort_key(self):
        """Ascending, best first; the name settles ties."""
        place = ranking.excluded_key(self.assessment) if self.is_excluded else self.rank.sort_key
        return (*place, self.program.name)

    @property
    def verdict(self):
        return self.assessment.verdict

    @property
    def is_eligible(self):
        return self.verdict is Verdict.ELIGIBLE

    @property
    def is_excluded(self):
        return self.verdict is Verdict.NOT_ELIGIBLE

    @property
    def aid(self):
        return ranking.aid_sentence(self.rank.aid)

    @property
    def cover(self):
        """« Couvre 20 à 40 % du coût », or nothing when the aid is not known."""
        reasons = self.rank.reasons if self.rank.aid is not None else []
        return next((reason.sentence for reason in reasons if reason.part == "cover"), "")

    @property
    def shared_theme_labels(self):
        return [wording.THEMES[code] for code in wording.THEMES if code in self.rank.shared_themes]

    @property
    def next_deadline(self):
        return self.assessment.rules.window.next_deadline(self.assessment.today)

    @property
    def refusals(self):
        """The criteria that exclude, to explain a « no » in a line."""
        return [result for result in self.assessment.results if result.answer == 0]


class Matcher:
    """All the programs of the catalogue against any number of projects."""

    def __init__(self, viewer, *, programs=None, today=None):
        self.today = today or timezone.localdate()
        # A national program gives way to a local version that was not chosen with it, too.
        self.replaced = None if programs is None else programs.replaced()
        programs = Program.objects.all() if programs is None else programs
        self.programs = list(programs.visible_to(viewer).for_list())
        self.reader = FactReader(self.today)
        self._offers = {}

    def offers(self, territory_id):
        """What applies in a territory, looked up once for all its projects."""
        if territory_id not in self._offers:
            own = applying(self.programs, territory_id, self.replaced)
            self._offers[territory_id] = [(program, offer_of(program)) for program in own]
        return self._offers[territory_id]

    def matches(self, project):
        """Every program for a project fetched by `with_facts`, the best first."""
        facts = self.reader.facts_of(project)
        sizes = possible_sizes(facts, self.today)
        themes = frozenset(facts["themes"].value) if "themes" in facts else frozenset()
        given = Answers(facts, self.today)
        found = [
            Match(program, offer, project, offer.rules.assess_by(given), sizes, themes)
            for program, offer in self.offers(project.territory_id)
        ]
        return sorted(found, key=attrgetter("sort_key"))


def counted_costs(project, program):
    """The costs a program counts: never more than the most it takes into account."""
    if project.eligible_costs is None or program.costs_max is None:
        return project.eligible_costs
    return min(project.eligible_costs, program.costs_max)


def expected_aid(program, offer, costs, sizes):
    if not program.rate_on_project:
        return None
    return ranking.expected_aid(
        costs,
        rate_min=program.rate_min,
        rate_max=program.rate_max,
        rates_by_size=offer.rates_by_size,
        sizes=sizes,
        floor=program.aid_min,
        ceiling=program.aid_max,
    )


def matches_of(project, viewer, *, programs=None, today=None):
    """The matches of one project, read again with all its facts."""
    fetched = with_facts(Project.objects.visible_to(viewer)).get(pk=project.pk)
    return Matcher(viewer, programs=programs, today=today).matches(fetched)
