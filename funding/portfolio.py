"""The matches of a project or of an action sorted by what the team decided, and what is missing to
settle those of one of them, of a company or of a whole territory."""

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property

from actions.models import Action
from crm.models import Project
from funding import action_facts, answers, bulk, ranking, unlocking
from funding.action_facts import ActionFactReader, ActionMatcher, matches_of_action
from funding.eligibility import Question, Verdict, possible_sizes
from funding.facts import HOLDER_FACTS, HOLDER_FIELDS, FactReader, with_facts
from funding.matching import Match, Matcher, counted_costs, expected_aid, matches_of, offer_of
from funding.models import MatchDecision, Program
from funding.models.subjects import (
    ActionSubject,
    is_action,
    key_of,
    kind_of,
    row_of,
    seeking_actions,
)

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
        subject = self.match.project.pk
        rows = []
        for result in self.match.assessment.results:
            judged = []
            if result.kind == "text":
                judged = self.said.get((subject, result.criterion.fact), [])
            rows.append((result, [one.read_today(result.criterion) for one in judged]))
        return rows


class Sorted:
    """The matches of one project or action: the shortlist in its order, those to study, those that
    do not fit, and those set aside, which no count holds."""

    def __init__(self, subject, matches):
        self.matches = matches
        decisions = MatchDecision.objects.of(subject).live().for_list()
        self.decisions = {one.program_id: one for one in decisions}
        said = answers.judgements(subject.pk, of=kind_of(subject))
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


def matches_for(subject, viewer, **options):
    of_kind = matches_of_action if is_action(subject) else matches_of
    return of_kind(row_of(subject), viewer, **options)


def found_for(subject, viewer):
    """The matches of a project or of an action, sorted."""
    return Sorted(subject, matches_for(subject, viewer))


def match_for(subject, program, viewer):
    """That of one program, by its key; None where it does not apply."""
    programs = Program.objects.filter(pk=program)
    return next(iter(matches_for(subject, viewer, programs=programs)), None)


def owner_of(subject):
    """Tells whom a fact belongs to, so that it is asked once for all that it serves."""

    def owner(fact):
        if fact in HOLDER_FACTS or fact in HOLDER_FIELDS:
            return "organisation", subject.holder_id
        if fact in OF_THE_SITE:
            return "site", subject.site_id or -(subject.holder_id or 0)
        return key_of(subject)

    return owner


@dataclass(frozen=True)
class Asked:
    """A question as a page shows it: what its answer would settle, and through which project or
    action it is given."""

    missing: unlocking.Missing
    question: Question
    subject: Project | ActionSubject

    @property
    def fact(self):
        return self.question.fact

    @property
    def kind(self):
        """What the fact is said of: a project, an action, their holder, or a site of it."""
        return self.missing.item[1][0]

    @property
    def is_of_subject(self):
        """Whether it is said of that project or of that action, and of nothing else."""
        return self.kind in {"project", "action"}

    @property
    def waits_for_a_pilot(self):
        return not self.is_of_subject and self.subject.holder is None

    @property
    def is_on_record(self):
        """Whether a record is to be completed, or its pilot named, before anything is answered."""
        return self.question.input == "record" or self.waits_for_a_pilot

    @property
    def subjects(self):
        return self.missing.subjects

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

    def __init__(self):
        self.couples = []
        self.subjects = {}  # by key
        self.questions = {}  # by fact, and by (fact, owner) as it is put to one

    @classmethod
    def of(cls, matches):
        """From matches as the page has them, of any number of projects and actions."""
        found = cls()
        for match in matches:
            if match.verdict is not Verdict.TO_CONFIRM:
                continue
            aid, key = match.rank.aid, key_of(match.project)
            assessment, owner = match.assessment, owner_of(match.project)
            found.couples.append(
                unlocking.couple_of(key, match.program.pk, assessment, owner, aid and aid[1])
            )
            found.subjects[key] = match.project
            for question in assessment.questions:
                found.questions.setdefault((question.fact, owner(question.fact)), question)
                found.questions.setdefault(question.fact, question)
        return found

    @classmethod
    def of_territory(cls, viewer, territory, today):
        """From the database, in a fixed number of queries: the same rules, through `bulk`."""
        programs = Program.objects.visible_to(viewer).for_territory(territory)
        found = cls()
        projects = Project.objects.visible_to(viewer).filter(territory=territory).open()
        verdicts = bulk.verdicts(projects, programs, today)
        found._add(verdicts, with_facts(projects), FactReader(today), today)
        actions = Action.objects.visible_to(viewer).filter(plan__territory=territory)
        actions = actions.filter(pk__in=seeking_actions())
        verdicts = action_facts.verdicts(actions, programs, today)
        reader, rows = ActionFactReader(today), list(action_facts.with_facts(actions))
        reader.read_areas(rows)
        fetched = [ActionSubject(action) for action in rows]
        found._add(verdicts, fetched, reader, today)
        return found

    def _add(self, verdicts, subjects, reader, today):
        """The couples of these subjects that are to confirm, but for those set aside."""
        subjects = {subject.pk: subject for subject in subjects}
        by_pk = {program.pk: program for program in verdicts.programs}
        dismissed = dismissed_of(subjects.values())
        aids, told = {}, {}
        for pk, subject in subjects.items():
            owner, key = owner_of(subject), key_of(subject)
            known = reader.facts_of(subject)
            sizes = possible_sizes(known, today)
            for program_pk in verdicts.programs_of(pk, Verdict.TO_CONFIRM):
                if (key, program_pk) in dismissed:
                    continue
                program = by_pk[program_pk]
                costs = counted_costs(subject, program)
                priced = (program_pk, costs, sizes)
                if priced not in aids:
                    aids[priced] = expected_aid(program, offer_of(program), costs, sizes)
                awaited = []
                for criterion, facts, mark in verdicts.unknown(pk, program_pk):
                    if mark not in told:
                        fact = None if criterion.is_uncertain else criterion.missing(facts)
                        told[mark] = fact, unlocking.needed(criterion, facts, today)
                    awaited.append(told[mark])
                    fact = told[mark][0]
                    if fact and fact not in self.questions:
                        self.questions[fact] = asked_of_anyone(criterion, fact)
                    # What one knows of a firm proposes its answer, to be read over; a question
                    # put about an action names it.
                    if fact and (self.questions[fact].warning or owner(fact)[0] == "action"):
                        self.questions.setdefault(
                            (fact, owner(fact)), asked_with(criterion, fact, known)
                        )
                aid = aids[priced]
                self.couples.append(
                    unlocking.couple_from(key, program_pk, awaited, owner, aid and aid[1])
                )
            self.subjects[key] = subject

    @cached_property
    def missing(self):
        return unlocking.missing(self.couples)

    @property
    def asked_each(self):
        return [asked for one in self.missing if (asked := self.asked(one))]

    def asked(self, missing):
        item, subject = missing.item, self.subjects[missing.couples[0].subject]
        question = self.questions.get(item) or self.questions.get(item[0])
        return question and Asked(missing, question, subject)

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
            of_actions = all(one.kind == "action" for one in owners)
            question = owners[0].question if of_actions else self.questions[fact]
            rows.append(FactRow(question, owners, whole, alone))
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
    def subjects(self):
        return self.whole.subjects

    @property
    def euros(self):
        return self.whole.euros


def asked_of_anyone(criterion, fact):
    """The question without what is known of one project or another."""
    return asked_with(criterion, fact, {})


def asked_with(criterion, fact, known):
    """The question in the words of the criterion, with what is known of whom it is put to."""
    return criterion.asked(fact, known)


def dismissed_of(subjects):
    """{(key of a subject, program)} set aside by the team, in one query for each kind."""
    found = set()
    for kind in ("project", "action"):
        pks = [subject.pk for subject in subjects if kind_of(subject) == kind]
        if pks:
            rows = MatchDecision.objects.filter(**{f"{kind}__in": pks}).dismissed().order_by()
            found |= {((kind, pk), program) for pk, program in rows.values_list(kind, "program")}
    return found


def matches_of_holder(organisation, viewer, today):
    """The live matches of the open projects and actions that an organisation carries, in a fixed
    number of queries."""
    projects = Project.objects.visible_to(viewer).filter(holder=organisation).open()
    actions = Action.objects.visible_to(viewer).filter(pilot=organisation)
    projects = list(with_facts(projects))
    matcher = Matcher(viewer, today=today)
    matches = [match for project in projects for match in matcher.matches(project)]
    of_actions = ActionMatcher(viewer, today=today)
    matches += of_actions.of_all(actions.filter(pk__in=seeking_actions()))
    dismissed = dismissed_of({match.project for match in matches})
    return [
        match for match in matches if (key_of(match.project), match.program.pk) not in dismissed
    ]


def counted(keys):
    """« 3 projets et 2 actions », of the keys of subjects."""
    kinds = [kind for kind, _ in keys]
    words = (("project", "projet", "projets"), ("action", "action", "actions"))
    parts = [
        ranking.wording.counted(kinds.count(kind), one, many)
        for kind, one, many in words
        if kind in kinds
    ]
    return " et ".join(parts)


def sentence(asked, word="dispositif,dispositifs"):
    """« concerne 5 dispositifs, en tranche 2 à elle seule, jusqu’à 164 000 € »."""
    one, many = word.split(",")
    parts = [f"concerne {ranking.wording.counted(asked.count, one, many)}"]
    if asked.alone:
        parts.append(f"en tranche {asked.alone} à elle seule")
    if asked.euros:
        parts.append(f"jusqu’à {ranking.wording.amount(asked.euros)}")
    return ", ".join(parts)
