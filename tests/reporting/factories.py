import datetime

import factory

from reporting.models import Edition, EditionFile, Readers, fingerprint
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
