import factory

from funding.models import Application, Funder, Program
from tests.crm.factories import ProjectFactory


class FunderFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Funder
        django_get_or_create = ["code"]

    code = "ademe"
    name = "Agence de la transition écologique (ADEME)"
    short_name = "ADEME"
    kind = "agency"


class ProgramFactory(factory.django.DjangoModelFactory):
    """A program open to every company; traits and criteria narrow it."""

    class Meta:
        model = Program

    code = factory.Sequence("T{:03d}".format)
    name = factory.Sequence("Aide {}".format)
    funder = factory.SubFactory(FunderFactory)
    instruments = ["grant"]
    summary = "Pour les entreprises qui investissent."
    scope_level = "national"
    scope_label = "France"
    themes = ["deca"]
    recurrence = "permanent"
    state = "open"
    source = "cahier des charges"
    confidence = "V"
    verified_on = "2026-10-01"
    criteria = [{"kind": "beneficiary", "key": "beneficiary", "accepted": ["company"]}]


class ApplicationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Application

    project = factory.SubFactory(ProjectFactory)
    program = factory.SubFactory(ProgramFactory)

    class Params:
        filed = factory.Trait(status="depose", filed_on="2026-06-01")
        granted = factory.Trait(
            status="accepte",
            filed_on="2026-06-01",
            received_on="2026-06-15",
            decided_on="2026-09-01",
        )
