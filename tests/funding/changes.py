"""What tests of the watch do to the catalogue, and what it keeps of it."""

from django.utils import timezone

from funding import catalogue
from funding.models import WatchNotice
from tests.crm.factories import OrganisationFactory, ProjectFactory
from tests.funding.factories import FunderFactory

COMPANY = {"kind": "beneficiary", "key": "beneficiary", "accepted": ["company"]}


def today():
    return timezone.localdate()


def headcount(low):
    return [COMPANY, {"kind": "headcount", "key": "headcount", "min": low}]


def costs(low):
    return [COMPANY, {"kind": "eligible_costs", "key": "costs", "min": low}]


def make_project(territory, headcount=34, **fields):
    holder = OrganisationFactory(territory=territory, headcount=headcount)
    fields.setdefault("confidentiality", "public")
    return ProjectFactory(territory=territory, holder=holder, **fields)


def publish(program, on=None, **values):
    return catalogue.publish(program, values, source="arrêté", applies_from=on or today())


def new_program(**values):
    values = {
        "code": "N1",
        "name": "Aide neuve",
        "funder": FunderFactory().pk,
        "summary": "Pour essayer.",
        "scope_level": "national",
        "scope_label": "France",
        "state": "open",
        "confidence": "V",
        "criteria": [COMPANY],
        **values,
    }
    return publish(None, **values).program


def told():
    """{(project, program): (before, after)} of what is kept."""
    rows = WatchNotice.objects.filter(reverted_at=None)
    return {(row.project_id, row.program_id): (row.before, row.after) for row in rows}


def text(response):
    return response.content.decode().replace("\u00a0", " ")
