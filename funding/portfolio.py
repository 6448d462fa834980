"""The matches of a project sorted by what the team decided, and what is missing to settle those of
a project, of a company or of a whole territory."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cached_property

from crm.models import Project
from funding import answers, bulk, ranking, unlocking
from funding.eligibility import Question, Verdict, possible_sizes
from funding.facts import HOLDER_FACTS, HOLDER_FIELDS, FactReader, with_facts
from funding.matching import Match, Matcher, counted_costs, expected_aid, offer_of
from funding.models import MatchDecision, Program

NEAREST = 3
OF_THE_SITE = {"naf_rev2", "naf_2025", "site_headcount"}


@dataclass(frozen=True)
class Line:
    """One match as a page shows it: with the decision that counts and what was judged of it."""

    match: Match
    decision: MatchDecision | None = None
    said: dict = field(default_factory=dict)

    @property
    def results(self):
        """Each criterion with the judgements on it, the latest first."""
        project = self.match.project.pk
        rows = []
        for result in self.match.assessment.results:
            judged = []
            if result.kind == "text":
                judged = self.said.get((project, result.criterion.fact), [])
            rows.append((result, [one.read_today(result.criterion) for one in judged]))
        return rows


class Sorted:
    """The matches of one project: the shortlist in its order, those to study, those that do not
    fit, and those set aside, which no count holds."""

    def __init__(self, project, matches):
        decisions = project.match_decisions.live().select_related("by", "program")
        self.decisions = {one.program_id: one for one in decisions}
        said = answers.judgements(project.pk)
        self.lines = [Line(match, self.decisions.get(match.program.pk), said) for match in matches]

    @cached_property
    def retained(self):
        kept = [line for line in self.lines if line.decision and line.decision.is_retained]
        return sorted(kept, key=lambda line: (line.decision.rank, line.decision.pk))

    @cached_property
    def dismissed(self):
        return [line for line in self.lines if line.decision and not line.decision.is_retained]

    @cached_property
    def to_study(self):
        return [line for line in self._free if not line.match.is_excluded]

    @cached_property
    def excluded(self):
        return [line for line in self._free if line.match.is_excluded]

    @property
    def _free(self):
        return [line for line in self.lines if line.decision is None]

    @property
    def live(self):
        """The matches that may still bring money."""
        lines = [*self.retained, *self.to_study]
        return [line.match for line in lines if not line.match.is_excluded]

    @property
    def empty(self):
        """Which nothing it is; missing facts are not an empty list, they are « à confirmer »."""
        if self.live:
            return "" if any(match.is_eligible for match in self.live) else "data_missing"
        if not self.lines:
            return "no_program"
        if any(not line.match.is_excluded for line in self.dismissed):
            return "all_dismissed"
        refused = [{result.group for result in line.match.refusals} for line in self.lines]
        kinds = [{result.kind for result in line.match.refusals} for line in self.lines]
        if all("beneficiary" in kind for kind in kinds):
            return "no_program_for_kind"
        if all("lieu" in groups for groups in refused):
            return "no_program_here"
        return "none_fits"

    @property
    def nearest(self):
        """The programs still open that a single criterion excludes, the best ranked first."""
        near = [
            line.match
            for line in self.excluded
            if line.match.assessment.not_met == 1 and line.match.refusals[0].kind != "dates"
        ]
        return near[:NEAREST]


def owner_of(project):
    """Tells whom a fact belongs to, so that it is asked once for all the projects it serves."""

    def owner(fact):
        if fact in HOLDER_FACTS or fact in HOLDER_FIELDS:
            return "organisation", project.holder_id
        if fact in OF_THE_SITE:
            return "site", project.site_id or -project.holder_id
        return "project", project.pk

    return owner


@dataclass(frozen=True)
class Asked:
    """A question as a page shows it: what its answer would settle, and through which project it is
    given."""

    missing: unlocking.Missing
    question: Question
    project: Project

    @property
    def fact(self):
        return self.question.fact

    @property
    def kind(self):
        """What the fact is said of: a project, its holder, or a site of it."""
        return self.missing.item[1][0]

    @property
    def projects(self):
        return len(self.missing.projects)

    @property
    def count(self):
        return len(self.missing.couples)

    @property
    def alone(self):
        return len(self.missing.alone)

    @property
    def euros(self):
        return self.missing.euros


class Informations:
    """The missing facts of some matches; `couples` are those to confirm."""

    def __init__(self, couples, projects, questions):
        self.couples = couples
        self.projects = projects  # by id
        self.questions = questions  # by fact

    @classmethod
    def of(cls, matches):
        """From matches as the page has them, of any number of projects."""
        couples, projects, questions = [], {}, {}
        for match in matches:
            if match.verdict is not Verdict.TO_CONFIRM:
                continue
            aid = match.rank.aid
            assessment, project = match.assessment, match.project
            owner = owner_of(project)
            couples.append(
                unlocking.couple_of(project.pk, match.program.pk, assessment, owner, aid and aid[1])
            )
            projects[project.pk] = project
            for question in assessment.questions:
                questions.setdefault((question.fact, owner(question.fact)), question)
                questions.setdefault(question.fact, question)
        return cls(couples, projects, questions)

    @classmethod
    def of_territory(cls, viewer, territory, today):
        """From the database, in a fixed number of queries: the same rules, through `bulk`."""
        open_ones = Project.objects.visible_to(viewer).filter(territory=territory).open()
        programs = Program.objects.visible_to(viewer).for_territory(territory)
        verdicts = bulk.verdicts(open_ones, programs, today)
        projects = {project.pk: project for project in with_facts(open_ones)}
        dismissed = set(
            MatchDecision.objects.filter(project__in=open_ones)
            .dismissed()
            .values_list("project", "program")
        )
        couples, questions, told = [], {}, {}
        reader, aids = FactReader(today), {}
        by_pk = {program.pk: program for program in verdicts.programs}
        for pk, project in projects.items():
            owner = owner_of(project)
            sizes = possible_sizes(reader.facts_of(project), today)
            for program_pk in verdicts.programs_of(pk, Verdict.TO_CONFIRM):
                if (pk, program_pk) in dismissed:
                    continue
                program = by_pk[program_pk]
                costs = counted_costs(project, program)
                key = (program_pk, costs, sizes)
                if key not in aids:
                    aids[key] = expected_aid(program, offer_of(program), costs, sizes)
                awaited = []
                for criterion, facts, mark in verdicts.unknown(pk, program_pk):
                    if mark not in told:
                        fact = None if criterion.is_uncertain else criterion.missing(facts)
                        told[mark] = fact, unlocking.needed(criterion, facts, today)
                    awaited.append(told[mark])
                    fact = told[mark][0]
                    if fact and fact not in questions:
                        questions[fact] = asked_of_anyone(criterion, fact)
                aid = aids[key]
                couples.append(
                    unlocking.couple_from(pk, program_pk, awaited, owner, aid and aid[1])
                )
        return cls(couples, projects, questions)

    @cached_property
    def missing(self):
        return unlocking.missing(self.couples)

    @property
    def asked_each(self):
        return [asked for one in self.missing if (asked := self.asked(one))]

    def asked(self, missing):
        item, project = missing.item, self.projects[missing.couples[0].project]
        question = self.questions.get(item) or self.questions.get(item[0])
        return question and Asked(missing, question, project)

    def first(self, count):
        """The facts to ask first, then those that only bring nearer to a verdict."""
        chosen = unlocking.best(self.couples, count)
        by_item = {one.item: one for one in self.missing}
        others = [one for one in self.missing if one.item not in chosen]
        rows = [*(by_item[item] for item in chosen if item in by_item), *others]
        return [asked for one in rows if (asked := self.asked(one))][:count]

    def settled(self, shown):
        """How many couples are certain once all that is shown is answered."""
        return len(unlocking.settled(self.couples, [one.missing.item for one in shown]))

    @cached_property
    def by_fact(self):
        """[(question, what is asked of each owner, all its couples)], what settles most first."""
        groups = defaultdict(list)
        for one in self.missing:
            if asked := self.asked(one):
                groups[one.fact].append(asked)
        rows = []
        for fact, owners in groups.items():
            couples = [couple for one in owners for couple in one.missing.couples]
            whole = unlocking.Missing((fact, None), tuple(couples))
            alone = sum(one.alone for one in owners)
            rows.append(FactRow(self.questions[fact], owners, whole, alone))
        return sorted(rows, key=lambda row: (-row.alone, -row.count, -(row.euros or 0), row.fact))


@dataclass(frozen=True)
class FactRow:
    """One question over the portfolio, with each owner it is to be asked of."""

    question: Question
    owners: list
    whole: unlocking.Missing
    alone: int

    @property
    def fact(self):
        return self.question.fact

    @property
    def count(self):
        return len(self.whole.couples)

    @property
    def projects(self):
        return len(self.whole.projects)

    @property
    def euros(self):
        return self.whole.euros


def asked_of_anyone(criterion, fact):
    """The question without what is known of one project or another."""
    asked = criterion.ask(fact, {})
    if criterion.custom_question:
        return replace(asked, sentence=criterion.custom_question)
    return asked


def matches_of_holder(organisation, viewer, today):
    """The live matches of the open projects of an organisation, in a fixed number of queries."""
    projects = Project.objects.visible_to(viewer).filter(holder=organisation).open()
    dismissed = set(
        MatchDecision.objects.filter(project__in=projects)
        .dismissed()
        .values_list("project", "program")
    )
    matcher = Matcher(viewer, today=today)
    return [
        match
        for project in with_facts(projects)
        for match in matcher.matches(project)
        if (project.pk, match.program.pk) not in dismissed
    ]


def sentence(asked, word="dispositif,dispositifs"):
    """« concerne 5 dispositifs, en tranche 2 à elle seule, jusqu’à 164 000 € »."""
    one, many = word.split(",")
    parts = [f"concerne {ranking.wording.counted(asked.count, one, many)}"]
    if asked.alone:
        parts.append(f"en tranche {asked.alone} à elle seule")
    if asked.euros:
        parts.append(f"jusqu’à {ranking.wording.amount(asked.euros)}")
    return ", ".join(parts)
