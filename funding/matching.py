"""Programs and projects put together: the pure rules over what the database holds."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone

from crm.models import Project
from funding import ranking
from funding.catalogue import rules_of
from funding.eligibility import Verdict, possible_sizes, wording
from funding.facts import FactReader, with_facts
from funding.models import Program

REPAYABLE = {"loan", "recoverable_advance", "guarantee"}
_parsed = {}


def parsed_rules(program):
    """The rules of a program, parsed once for each of its versions."""
    key = (program.pk, program.updated_at)
    if key not in _parsed:
        if len(_parsed) > 5000:
            _parsed.clear()
        _parsed[key] = rules_of(program)
    return _parsed[key]


@dataclass(frozen=True)
class Match:
    """One program for one project, with everything the page and the API tell of it."""

    program: Program
    project: Project
    rank: ranking.Rank

    @property
    def assessment(self):
        return self.rank.assessment

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
        programs = Program.objects.all() if programs is None else programs
        self.programs = list(programs.visible_to(viewer).for_list())
        self.reader = FactReader()

    def matches(self, project):
        """Every program for a project fetched by `with_facts`, the best first."""
        facts = self.reader.facts_of(project)
        sizes = possible_sizes(facts, self.today)
        found = [self._match(project, program, facts, sizes) for program in self.programs]
        return sorted(found, key=lambda match: (*match.rank.sort_key, match.program.name))

    def _match(self, project, program, facts, sizes):
        assessment = parsed_rules(program).assess(facts, self.today)
        costs = counted_costs(project, program)
        rank = ranking.rank(
            assessment,
            aid=expected_aid(program, costs, sizes),
            eligible_costs=project.eligible_costs,
            shared_themes={theme.pk for theme in project.themes.all()} & set(program.themes),
            is_repayable=bool(program.instruments) and set(program.instruments) <= REPAYABLE,
        )
        return Match(program, project, rank)


def counted_costs(project, program):
    """The costs a program counts: never more than the most it takes into account."""
    if project.eligible_costs is None or program.costs_max is None:
        return project.eligible_costs
    return min(project.eligible_costs, program.costs_max)


def expected_aid(program, costs, sizes):
    if not program.rate_on_project:
        return None
    by_size = {size: Decimal(rate) for size, rate in (program.rates_by_size or {}).items()}
    return ranking.expected_aid(
        costs,
        rate_min=program.rate_min,
        rate_max=program.rate_max,
        rates_by_size=by_size or None,
        sizes=sizes,
        floor=program.aid_min,
        ceiling=program.aid_max,
    )


def matches_of(project, viewer, *, today=None):
    """The matches of one project, read again with all its facts."""
    fetched = with_facts(Project.objects.visible_to(viewer)).get(pk=project.pk)
    return Matcher(viewer, today=today).matches(fetched)
