import datetime

import factory

from reporting.models import (
    Edition,
    EditionFile,
    IndustrialJobs,
    MappingVersion,
    ProjectImport,
    Readers,
    ReturnMapping,
    Sending,
    SendingFile,
    fingerprint,
)
from tests.crm.factories import TerritoryFactory, UserFactory

TRACE = {"projects": [], "files": [], "promises": []}


def content(**more):
    """What the page of an edition needs, about nothing."""
    return {
        "format": 1,
        "territory": {"name": "Bresse", "code": "ti-1", "period": "2023-2027", "is_demo": False},
        "meeting": None,
        "readers": {"label": "Pour les partenaires", "note": "projets « public »"},
        "withheld": "Aucun projet n’est écarté.",
        "headlines": [],
        "charts": [],
        "since": None,
        "sections": [
            {
                "key": "À décider",
                "title": "À décider",
                "note": "",
                "empty": "Aucun point n’attend de décision.",
                "columns": [{"label": "Point", "format": "wrap", "width": 30}],
                "rows": [],
                "totals": None,
                "unknown": None,
            }
        ],
        "definitions": [],
        "trace": TRACE,
    } | more


class EditionFactory(factory.django.DjangoModelFactory):
    """An edition that every role reads, with its workbook."""

    class Meta:
        model = Edition
        skip_postgeneration_save = True

    territory = factory.SubFactory(TerritoryFactory, perimeter=True)
    readers = Readers.TECHNICIANS
    title = "Dossier du comité"
    number = factory.Sequence(lambda n: n + 1)
    drawn_on = datetime.date(2026, 11, 22)
    issued_by = factory.SubFactory(UserFactory)
    issuer = "Inès Lacombe"
    content = factory.LazyFunction(content)
    sha256 = factory.LazyAttribute(lambda edition: fingerprint(edition.content))
    app_version = "0.1.0"
    file = factory.RelatedFactory(
        "tests.reporting.factories.EditionFileFactory", factory_related_name="edition"
    )


class EditionFileFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = EditionFile

    edition = factory.SubFactory(EditionFactory, file=None)
    kind = EditionFile.Kind.XLSX
    name = "etabli-edition-1.xlsx"
    content = b"PK\x03\x04 a workbook"
    size = factory.LazyAttribute(lambda file: len(file.content))
    sha256 = factory.LazyAttribute(lambda file: fingerprint(file.content))


class ReturnMappingFactory(factory.django.DjangoModelFactory):
    """The territory’s own grid of a return, being written, over the shared one."""

    class Meta:
        model = ReturnMapping
        skip_postgeneration_save = True

    territory = factory.SubFactory(TerritoryFactory, perimeter=True)
    code = "region"
    name = "Remontée à la Région"
    recipient = "region"
    draft = factory.LazyAttribute(lambda own: shared_grid(own.code))

    @factory.post_generation
    def published(own, create, extracted, **kwargs):
        MappingVersion.objects.create(
            mapping=own,
            number=1,
            content=shared_grid(own.code),
            applies_from=datetime.date(2026, 1, 1),
            publisher="Inès Lacombe",
        )


def shared_grid(code):
    shared = MappingVersion.objects.filter(mapping__code=code, mapping__territory=None)
    return shared.order_by("-number").first().content


class SendingFactory(factory.django.DjangoModelFactory):
    """A return that was sent, with its file."""

    class Meta:
        model = Sending
        skip_postgeneration_save = True

    territory = factory.SubFactory(TerritoryFactory, perimeter=True)
    code = "nationale"
    mapping_version = factory.LazyAttribute(
        lambda one: MappingVersion.objects.filter(mapping__code=one.code).first()
    )
    title = "Remontée nationale"
    number = factory.Sequence(lambda n: n + 1)
    drawn_on = datetime.date(2026, 11, 22)
    sent_on = datetime.date(2026, 11, 22)
    sent_to = "DREETS Occitanie"
    issued_by = factory.SubFactory(UserFactory)
    issuer = "Inès Lacombe"
    content = factory.LazyFunction(
        lambda: {"territory": {"is_demo": False}, "grid": {"said": ""}, "lacks": [], "sheets": []}
    )
    sha256 = factory.LazyAttribute(lambda one: fingerprint(one.content))
    app_version = "0.1.0"

    @factory.post_generation
    def file(one, create, extracted, **kwargs):
        content = b"PK\x03\x04 a return"
        SendingFile.objects.create(
            sending=one,
            name="remontee.xlsx",
            content=content,
            size=len(content),
            sha256=fingerprint(content),
        )


class IndustrialJobsFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = IndustrialJobs

    territory = factory.SubFactory(TerritoryFactory, perimeter=True)
    epci_id = "243200391"
    year = factory.Sequence(lambda n: 1990 + n % 100)
    jobs = 1200
    source = "INSEE, recensement"


class ProjectImportFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ProjectImport

    territory = factory.SubFactory(TerritoryFactory, perimeter=True)
    file_name = "projets.csv"
    header = ["nom", "porteurCodeSiret"]
    rows = factory.LazyFunction(lambda: [[2, ["Séchoir", ""]]])
