"""Who is concerned when the catalogue changes, and which programs are about to close.

`catch_up` compares every version that nobody compared yet with the one it replaces, for all the
open projects and the actions under way at once, and keeps a WatchNotice for each verdict that
moved. Whoever writes the catalogue calls it once when done; whoever reads the watch calls it too,
so that no change is missed, whatever wrote it.

Only a change of the catalogue is news. When a fact of a project or of an action changes, its page
recomputes and nothing is kept: the person who typed it knows why. When a date passes, `closing`
told it before.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field, replace

import numpy as np
from django.db import transaction
from django.utils import timezone

from actions.models import Action
from crm.models import Project
from funding import action_facts, bulk, ranking
from funding.action_facts import ActionReading
from funding.bulk import FILED_AS, Reading, facts_read
from funding.eligibility import Fact, Rules, Verdict
from funding.eligibility.bulk import FILINGS, PLACE_BITS, Judged, Table
from funding.eligibility.facts import MET
from funding.matching import parsed_rules
from funding.models import Application, MatchDecision, Program, ProgramVersion, WatchNotice
from funding.models.subjects import ActionSubject, key_of, seeking_actions

REASONS = 3  # deciding criteria kept of a notice: one is enough to explain, ten are a wall
MOST = 50_000  # notices of one run
BATCH = 500
A_DAY = dt.timedelta(days=1)
WITHIN = 60
ELIGIBLE, TO_CONFIRM, NOT_ELIGIBLE = Verdict.ELIGIBLE, Verdict.TO_CONFIRM, Verdict.NOT_ELIGIBLE


@dataclass(frozen=True)
class Caught:
    """What one run compared: versions, notices kept, and « à confirmer » of new programs that it
    left out because there were too many to tell one by one."""

    versions: int = 0
    notices: int = 0
    left_out: int = 0


def notices(viewer, territory):
    """The notices of a territory that a viewer may read, up to the last change of the catalogue."""
    catch_up()
    return WatchNotice.objects.visible_to(viewer).in_territory(territory)


def catch_up(*, today=None, now=None):
    """Tell what the versions applied since the last time changed. One query when there are none.

    The queries do not grow with the programs, the projects nor the actions, but for the rows
    inserted."""
    now = now or timezone.now()
    today = today or timezone.localdate(now)
    ProgramVersion.objects.apply_due(today=today)
    if not ProgramVersion.objects.unwatched().exists():
        return Caught()
    with transaction.atomic():
        # Locked, so that two readers at once do not tell the same thing twice.
        fresh = list(ProgramVersion.objects.unwatched().select_for_update().order_by("pk"))
        ProgramVersion.objects.unwatched().filter(pk__in=[v.pk for v in fresh]).update(
            watched_at=now
        )
        found = changes(fresh)
        kept, left_out = moves(found, today, now) if found else ([], 0)
        kept = without_reverted(kept, now)
        WatchNotice.objects.bulk_create(kept, batch_size=BATCH)
    return Caught(len(fresh), len(kept), left_out)


# From the versions to the rules to compare.


@dataclass
class Change:
    """A program, the rules it had and has; `before` None when it is new."""

    program: Program
    version: ProgramVersion
    replaced: ProgramVersion | None
    after: Rules
    before: Rules | None
    column: int = 0
    old_column: int | None = None
    not_in: set = field(default_factory=set)  # territories that have a local version of it


def changes(fresh):
    """The programs whose conditions or dates are not what they were: nothing else can matter."""
    pks = {version.program_id for version in fresh}
    applied = {(version.program_id, version.number): version for version in fresh}
    programs = Program.objects.filter(pk__in=pks).select_related("national")
    replaced = last_told(pks, fresh)
    found = []
    for program in programs:
        version = applied.get((program.pk, program.version))
        if version is None:
            continue
        old = replaced.get(program.pk)
        try:
            before = rules_before(program, old)
        except ValueError:
            continue  # a rule of before, that this release no longer reads: nobody can compare
        change = Change(program, version, old, parsed_rules(program), before)
        if change.before != change.after:
            found.append(change)
    local = Program.objects.filter(national__in=pks, territory__isnull=False)
    not_in = defaultdict(set)
    for national, territory in local.values_list("national", "territory"):
        not_in[national].add(territory)
    for change in found:
        change.not_in = not_in[change.program.pk]
    return found


def last_told(pks, fresh):
    """{program: the version last compared}, the values of that one only being read."""
    told = ProgramVersion.objects.filter(program__in=pks, applied_at__isnull=False)
    told = told.exclude(pk__in=[version.pk for version in fresh]).order_by("applied_at", "number")
    last = dict(told.values_list("program", "pk"))
    return {row.program_id: row for row in ProgramVersion.objects.filter(pk__in=last.values())}


def rules_before(program, replaced):
    """The rules that applied until now: those of the last version, those of the national program
    for a new local version, or None for a new program."""
    if replaced is not None:
        return parsed_rules(program.reading(replaced))
    return parsed_rules(program.national) if program.national else None


# From the rules to the verdicts that moved.


def moves(found, today, now):
    """(unsaved notices, how many « à confirmer » of new programs did not fit)."""
    rules = [change.after for change in found]
    for column, change in enumerate(found):
        change.column = column
        if change.before is not None:
            change.old_column = len(rules)
            rules.append(change.before)
    crowds = [projects_to_compare(rules, today), actions_to_compare(rules, today)]
    moved = [
        (comparison, *pair)
        for comparison in [Comparison(found, rules, today, crowd) for crowd in crowds]
        for pair in comparison.moved()
    ]
    # What an officer must not miss comes first; the vaguest may be left out.
    moved.sort(key=lambda pair: pair[1].before is None and pair[3] is TO_CONFIRM)
    kept = [comparison.notice(*pair, now) for comparison, *pair in moved[:MOST]]
    return kept, len(moved) - len(kept)


@dataclass(frozen=True)
class Crowd:
    """Those whose verdicts are compared: projects, or actions."""

    kind: str
    ids: list[int]
    table: Table
    territories: dict[int, int]


def projects_to_compare(rules, today):
    projects = Project.objects.open()
    reading = Reading(projects, facts_read(rules, today), today)
    territories = dict(projects.order_by().values_list("pk", "territory_id"))
    return Crowd("project", reading.projects, reading.table(), territories)


def actions_to_compare(rules, today):
    reading = ActionReading(seeking_actions(), today)
    territories = {action.pk: action.plan.territory_id for action in reading.actions}
    return Crowd("action", reading.ids, reading.table(), territories)


class Comparison:
    """Two verdicts for each of a crowd and each change, with what decided between them."""

    def __init__(self, found, rules, today, crowd):
        self.changes, self.today, self.crowd = found, today, crowd
        self.table = crowd.table
        self.judged = Judged(rules, self.table, today)
        self.verdicts = self.judged.cells >> PLACE_BITS
        self.territories = np.array([crowd.territories[pk] for pk in crowd.ids], np.int64)
        self.dismissed = set(
            MatchDecision.objects.dismissed()
            .filter(program__in=[change.program.pk for change in found])
            .values_list(crowd.kind, "program")
        )

    def moved(self):
        return [pair for change in self.changes for pair in self._moved(change)]

    def _moved(self, change):
        new = self.verdicts[:, change.column]
        # A new program that does not fit is no news, nor one that closed before anyone saw it.
        old = np.zeros_like(new)
        if change.old_column is not None:
            old = self.verdicts[:, change.old_column]
        moved = (new != old) & self._concerned(change)
        for row in np.flatnonzero(moved).tolist():
            before = None if change.before is None else Verdict(int(old[row]))
            after = Verdict(int(new[row]))
            # Set aside by the team: only worth another look when it now fits.
            pair = self.crowd.ids[row], change.program.pk
            if after is ELIGIBLE or pair not in self.dismissed:
                yield change, before, after, row

    def _concerned(self, change):
        """A local version replaces the national program, in its territory only."""
        if change.program.territory_id:
            return self.territories == change.program.territory_id
        return ~np.isin(self.territories, list(change.not_in))

    def notice(self, change, before, after, row, now):
        return WatchNotice(
            **{f"{self.crowd.kind}_id": self.crowd.ids[row]},
            program=change.program,
            version_before=change.replaced,
            version_after=change.version,
            verdict_before=before,
            verdict_after=after,
            reasons=self._reasons(change, before, after, row),
            rule_version=ranking.RULE_VERSION,
            noticed_at=now,
        )

    def _reasons(self, change, before, after, row):
        """The criteria that give the worse of the two verdicts: since the other is better, each of
        them is one that changed."""
        new = self._answered(change.after, change.column, row)
        old = {}
        if change.before is not None:
            old = self._answered(change.before, change.old_column, row)
        worse = new if before is None or after < before else old
        level = min(before, after) if before is not None else after
        if level is ELIGIBLE:
            return []
        deciding = [key for key, (_, answer) in worse.items() if answer == level and answer != MET]
        return [self._reason(key, old.get(key), new.get(key), row) for key in deciding[:REASONS]]

    def _answered(self, rules, column, row):
        answers = self.judged.answers(row, column)
        pairs = zip(rules.criteria, answers, strict=True)
        return {criterion.key: (criterion, answer) for criterion, answer in pairs}

    def _reason(self, key, old, new, row):
        (was, was_answer), (now, now_answer) = old or (None, None), new or (None, None)
        return {
            "key": key,
            "before": was and was.rule,
            "after": now and now.rule,
            "was": None if was is None else int(was_answer),
            "now": None if now is None else int(now_answer),
            "found": self._found(now or was, row),
        }

    def _found(self, criterion, row):
        """What is known of the project or of the action, as the criterion tells it."""
        read = ((key, self.table.fact(key, row)) for key in criterion.classes(self.today))
        facts = {key: fact for key, fact in read if fact is not None}
        if FILINGS in facts:
            facts[FILINGS] = Fact(self.table.filings.get(row, {}))
        return criterion.found(facts, self.today)


def without_reverted(kept, now):
    """Within a day, a change that is taken back leaves nothing to tell: neither it nor what it
    undid. Later, the way back is news too."""
    earlier = defaultdict(list)
    rows = WatchNotice.objects.filter(
        program__in={notice.program_id for notice in kept},
        seen_at=None,
        reverted_at=None,
        noticed_at__gt=now - A_DAY,
    ).order_by("noticed_at", "pk")
    for row in rows.only("project", "action", "program", "verdict_before"):
        earlier[row.subject_key, row.program_id].append(row)
    reverted, told = [], []
    for notice in kept:
        chain = earlier.get((notice.subject_key, notice.program_id), [])
        from_here = next(
            (i for i, row in enumerate(chain) if (row.verdict_before or 0) == notice.verdict_after),
            None,
        )
        if from_here is None:
            told.append(notice)
        else:
            reverted += [row.pk for row in chain[from_here:]]
    if reverted:
        WatchNotice.objects.filter(pk__in=reverted).update(reverted_at=now)
    return told


# What is told together.


@dataclass(frozen=True)
class Told:
    """A program and its notices, told in one paragraph."""

    program: Program
    notices: list[WatchNotice]

    @property
    def telling(self):
        """Those to tell one by one."""
        return [one for one in self.notices if not one.is_vague]

    @property
    def vague(self):
        """How many of the others there are, told by their count."""
        return len(self.notices) - len(self.telling)

    @property
    def urgency(self):
        """What is already built upon first, then what is lost, then what is gained, then what is
        only to confirm."""
        if any(one.has_application or one.is_planned or one.is_retained for one in self.notices):
            return 0
        if any(one.after is NOT_ELIGIBLE for one in self.notices):
            return 1
        return 2 if self.telling else 3

    @property
    def why(self):
        """The criterion that the first of them tells, to say it once for all."""
        return next((reason for notice in self.telling for reason in notice.told), None)


def by_program(rows):
    """Notices fetched by `for_list`, gathered by program, the most urgent first."""
    found = defaultdict(list)
    for row in rows:
        found[row.program_id].append(row)
    gathered = [Told(rows[0].program, rows) for rows in found.values()]
    return sorted(gathered, key=lambda told: told.urgency)


# What closes soon.


@dataclass(frozen=True)
class Candidate:
    """A project or an action that may still apply, and the criterion to confirm first, if any."""

    subject: Project | ActionSubject
    verdict: Verdict
    doubt: str

    @property
    def holder_name(self):
        return str(self.subject.holder or "")

    @property
    def is_action(self):
        return isinstance(self.subject, ActionSubject)

    @property
    def is_eligible(self):
        return self.verdict is ELIGIBLE


@dataclass(frozen=True)
class Closing:
    """A program that collects or closes soon, with what could still apply."""

    program: Program
    on: dt.date
    candidates: list[Candidate]

    @property
    def what(self):
        """« Clôture », or « Relève » when it goes on after that day."""
        return "Clôture" if self.on == self.program.closes_on else "Relève"

    def only(self, verdict):
        """The same with the candidates of one verdict; None when there are none."""
        kept = [candidate for candidate in self.candidates if candidate.verdict is verdict]
        return replace(self, candidates=kept) if kept else None

    @property
    def sure(self):
        return [candidate for candidate in self.candidates if candidate.is_eligible]

    @property
    def subjects(self):
        return [candidate.subject for candidate in self.candidates]

    @property
    def eligible(self):
        return sum(candidate.is_eligible for candidate in self.candidates)

    @property
    def to_confirm(self):
        return len(self.candidates) - self.eligible


def closing(
    viewer, territory, *, today=None, days=WITHIN, programs=None, projects=None, actions=None
):
    """Programs whose next date comes within `days` and that an open project or an action under way
    may still ask, the nearest first; without the pairs set aside or already filed. A fixed number
    of queries."""
    today = today or timezone.localdate()
    dated = dated_within(viewer, territory, today, days, programs)
    if not dated:
        return []
    if projects is None:
        projects = Project.objects.filter(territory=territory)
    if actions is None:
        actions = Action.objects.filter(plan__territory=territory)
    candidates = defaultdict(list)
    left = not_pursued(dated)
    for found, subjects in (
        open_projects(projects.visible_to(viewer), dated, today),
        open_actions(actions.visible_to(viewer), dated, today),
    ):
        for program in dated:
            for verdict in (ELIGIBLE, TO_CONFIRM):
                for pk in found.projects_of(program.pk, verdict):
                    if pk in subjects and (key_of(subjects[pk]), program.pk) not in left:
                        said = doubt(found, pk, program.pk)
                        candidates[program].append(Candidate(subjects[pk], verdict, said))
    for of_program in candidates.values():
        of_program.sort(key=lambda one: (-one.verdict, one.subject.title))
    rows = [Closing(program, dated[program], found) for program, found in candidates.items()]
    return sorted(rows, key=lambda row: (row.on, row.program.name))


def open_projects(projects, programs, today):
    """(the verdicts of those still open, these projects by id)."""
    projects = projects.open()
    found = bulk.verdicts(projects, programs, today)
    return found, projects.order_by().select_related("holder", "territory").in_bulk()


def open_actions(actions, programs, today):
    """The same of actions."""
    actions = actions.filter(pk__in=seeking_actions())
    found = action_facts.verdicts(actions, programs, today)
    read = actions.order_by().select_related("pilot", "plan__territory").in_bulk()
    return found, {pk: ActionSubject(action) for pk, action in read.items()}


def dated_within(viewer, territory, today, days, programs=None):
    """{program: its next relève or closing}, for those that have one within `days`."""
    programs = Program.objects.all() if programs is None else programs
    known = programs.visible_to(viewer).for_territory(territory).current(today=today)
    known = known.exclude(closes_on=None, deadlines=[]).for_list()
    limit = today + dt.timedelta(days=days)
    found = {program: parsed_rules(program).window.next_deadline(today) for program in known}
    return {program: on for program, on in found.items() if on and on <= limit}


def not_pursued(programs):
    """The (key of a project or action, program) to leave alone: set aside, filed or granted. A file
    that is only planned or being written is the very one that must not miss the day."""
    dismissed = MatchDecision.objects.dismissed().filter(program__in=programs).order_by()
    open_again = [
        *Application.NOT_FILED,
        Application.Status.REFUSED,
        Application.Status.DISMISSED,
        Application.Status.WITHDRAWN,
    ]
    by_filing = {int(program.filed_as): program.pk for program in programs}
    filed = Application.objects.exclude(status__in=open_again).order_by()
    filed = filed.annotate(filed_as=FILED_AS).filter(filed_as__in=by_filing)
    rows = [
        *dismissed.values_list("project", "action", "program"),
        *(
            (project, action, by_filing[one])
            for project, action, one in filed.values_list("project", "action", "filed_as")
        ),
    ]
    return {
        (("project", project) if project else ("action", action), program)
        for project, action, program in rows
    }


def doubt(found, subject, program):
    criterion = found.limiting(subject, program)
    return criterion.rule if criterion else ""
