"""Whom a program fits: the projects of a territory, and the organisations that have none yet."""

from dataclasses import dataclass
from decimal import Decimal

from crm.models import Contact, Organisation, Project
from crm.models.interests import rivals_of
from crm.perms import can_review
from funding import bulk
from funding.eligibility import Verdict
from funding.facts import HOLDER_FACTS, HOLDER_FIELDS, with_facts, with_holder_facts
from funding.matching import Matcher, parsed_rules
from funding.models import Application, MatchDecision, Program
from funding.portfolio import OF_THE_SITE

OF_THE_HOLDER = HOLDER_FACTS | HOLDER_FIELDS | OF_THE_SITE | {"commune"}
# Those that give the money are not asked to take it.
NOT_TARGETS = {"funder"}


@dataclass(frozen=True)
class Target:
    """A project, or an organisation without one of which only the holder’s facts are known."""

    organisation: Organisation
    project: Project | None
    verdict: Verdict
    missing: list  # questions to ask
    later: int  # unknown criteria that only a project would tell, or the funder
    aid: str
    euros: Decimal | None
    contact: Contact | None
    status: str  # of its file for this program

    @property
    def is_eligible(self):
        return self.verdict is Verdict.ELIGIBLE

    @property
    def name(self):
        return self.project.title if self.project else self.organisation.name

    @property
    def place(self):
        site = next(iter(self.organisation.sites.all()), None)
        return (self.project and self.project.place) or (site and site.commune)

    @property
    def sort_key(self):
        unknown = len(self.missing) + self.later
        return (-self.verdict, self.project is None, unknown, -(self.euros or 0), self.name)


ORDERS = {
    "": lambda target: target.sort_key,
    "name": lambda target: (target.name.casefold(), target.sort_key),
    "-name": lambda target: (target.name.casefold(), target.sort_key),
    "missing": lambda target: (len(target.missing) + target.later, target.sort_key),
    "aid": lambda target: (target.euros is None, target.euros or 0, target.sort_key),
    "-aid": lambda target: (target.euros is None, -(target.euros or 0), target.sort_key),
}


class Targets:
    """The targets of one program in a territory, in a fixed number of queries.

    `organisations` is the queryset to choose from, as filtered by the page."""

    def __init__(self, program, viewer, territory, organisations, today):
        self.program = program
        self.viewer = viewer
        self.today = today
        here = Program.objects.filter(pk=program.pk).for_territory(territory)
        # Elsewhere, or where a local version replaced it, it is offered to nobody.
        self.applies = here.exists()
        self.organisations = organisations.filter(territory=territory)
        if can_review(viewer, territory):
            # They read nothing of a competitor’s project: not even that there is none.
            rivals = rivals_of(viewer).values("pk")
            self.organisations = self.organisations.exclude(pk__in=rivals)
        if not self.applies:
            self.organisations = self.organisations.none()
        mine = Project.objects.visible_to(viewer).filter(territory=territory).open()
        self.projects = mine.filter(holder__in=self.organisations)
        decisions = MatchDecision.objects.filter(program=program, project__in=self.projects)
        self.dismissed = set(decisions.dismissed().values_list("project", flat=True))
        files = Application.objects.visible_to(viewer).filter(program=program)
        self.files = {file.project_id: file.get_status_display() for file in files}
        self.matcher = Matcher(viewer, programs=Program.objects.filter(pk=program.pk), today=today)
        rows = [*self._projects(), *self._others(mine)]
        contacts = self._contacts({row["organisation"].pk for row in rows})
        self.rows = [Target(**row, contact=contacts.get(row["organisation"].pk)) for row in rows]

    def chosen(self, *, kind="", verdict="", order=""):
        """Those of a kind and of a verdict, in the order asked for."""
        rows = [
            row
            for row in self.rows
            if (not kind or (kind == "project") == (row.project is not None))
            and (not verdict or row.verdict.code == verdict)
        ]
        return sorted(rows, key=ORDERS[order], reverse=order == "-name")

    def _projects(self):
        verdicts = bulk.verdicts(self.projects, [self.program], self.today)
        fitting = verdicts.projects_of(self.program.pk, Verdict.ELIGIBLE, Verdict.TO_CONFIRM)
        wanted = Project.objects.filter(pk__in=set(fitting) - self.dismissed)
        wanted = with_facts(wanted).select_related("site__commune")
        for project in wanted:
            for match in self.matcher.matches(project):
                questions = match.assessment.questions
                yield {
                    "organisation": project.holder,
                    "project": project,
                    "verdict": match.verdict,
                    "missing": questions,
                    "later": sum(fact is None for _, fact in match.assessment.awaited),
                    "aid": match.aid,
                    "euros": match.rank.aid and match.rank.aid[1],
                    "status": self.files.get(project.pk, ""),
                }

    def _others(self, projects):
        """Organisations without an open project: only what is said of a holder is known."""
        rules = parsed_rules(self.program)
        others = self.organisations.exclude(pk__in=projects.values("holder"))
        others = others.filter(kind__in=self._kinds(rules))
        for organisation in with_holder_facts(others):
            facts = self.matcher.reader.facts_of_holder(organisation)
            assessment = rules.assess(facts, self.today)
            if assessment.verdict is Verdict.NOT_ELIGIBLE:
                continue
            questions = [one for one in assessment.questions if one.fact in OF_THE_HOLDER]
            asked = {one.fact for one in questions}
            yield {
                "organisation": organisation,
                "project": None,
                "verdict": assessment.verdict,
                "missing": questions,
                "later": sum(fact not in asked for _, fact in assessment.awaited),
                "aid": "",
                "euros": None,
                "status": "",
            }

    @staticmethod
    def _kinds(rules):
        accepted = [
            set(criterion.accepted)
            for criterion in rules.criteria
            if criterion.kind == "beneficiary" and not criterion.is_uncertain
        ]
        kinds = set.intersection(*accepted) if accepted else {Organisation.Kind.COMPANY}
        return kinds - NOT_TARGETS

    def _contacts(self, organisations):
        """The first contact of each, for those who may read contacts; nobody for the others."""
        found = {}
        contacts = Contact.objects.visible_to(self.viewer).filter(organisation__in=organisations)
        for contact in contacts:
            found.setdefault(contact.organisation_id, contact)
        return found
