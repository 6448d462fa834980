"""One project against a thousand programs of the real catalogue, as its page ranks them."""

import copy
import datetime as dt
import time
from decimal import Decimal

PROGRAMS = 1_000
TODAY = dt.date(2026, 11, 22)


def measures():
    from crm.models import Project
    from funding.facts import with_facts
    from funding.matching import Matcher
    from tests.crm.factories import UserFactory

    fill()
    project = with_facts(Project.objects.all()).get()
    viewer = UserFactory(territory=project.territory)
    matchers = [Matcher(viewer, today=TODAY) for _ in range(12)]
    assert len(matchers[0].matches(project)) == PROGRAMS
    found = matchers[0].matches(project)
    # A page looks its programs up once: each matcher is fresh.
    ours = min(spent(lambda one=one: one.matches(project)) for one in matchers[1:])
    known = [(match.assessment.answers, match.sort_key) for match in found]
    floor = min(spent(lambda: bare(known)) for _ in range(12))
    sentence = (
        f"one project × {PROGRAMS} programs of the catalogue, facts read, judged and ranked "
        f"({ours * 1000:.1f} ms of CPU) / the least of known answers, sorted bare"
    )
    yield sentence, ours / floor


def fill():
    from crm.models import Theme
    from crm.reference_data import load_all
    from funding import catalogue
    from funding.models import Program
    from tests.crm.factories import OrganisationFactory, ProjectFactory, SiteFactory

    load_all()
    catalogue.load()
    shipped, copies = list(Program.objects.filter(territory=None)), []
    for number in range(PROGRAMS - len(shipped)):
        program = copy.copy(shipped[number % len(shipped)])
        program.pk, program.code, program.name = None, f"B{number}", f"{program.name} {number}"
        copies.append(program)
    Program.objects.bulk_create(copies, batch_size=100)
    holder = OrganisationFactory(headcount=42, turnover=Decimal("9400000"))
    SiteFactory(organisation=holder, naf_rev2="10.39A")
    project = ProjectFactory(
        territory=holder.territory, holder=holder, eligible_costs=Decimal("1760000")
    )
    project.themes.set(Theme.objects.filter(pk__in=["deca", "agro"]))


def bare(known):
    [min(answers) for answers, _ in known]
    sorted(key for _, key in known)


def spent(work):
    start = time.process_time()
    work()
    return time.process_time() - start
