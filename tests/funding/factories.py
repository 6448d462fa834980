import datetime as dt

import factory
from django.utils import timezone

from actions.models import AgendaItem
from funding.models import (
    AidScheme,
    Application,
    ApplicationPiece,
    ApplicationPoint,
    CatalogueImport,
    CostLine,
    CountedFirm,
    Envelope,
    FinancingPlan,
    Funder,
    MatchDecision,
    Program,
    ReceivedAid,
    SourceLine,
    Tranche,
    WatchNotice,
)
from tests.crm.factories import OrganisationFactory, ProjectFactory, TerritoryFactory


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


class PieceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ApplicationPiece

    application = factory.SubFactory(ApplicationFactory)
    label = factory.Sequence("Attestation {}".format)


class TrancheFactory(factory.django.DjangoModelFactory):
    """An interim payment, planned."""

    class Meta:
        model = Tranche

    application = factory.SubFactory(ApplicationFactory, granted=True)
    kind = "interim_payment"
    amount = 10_000

    class Params:
        paid = factory.Trait(state="versee", amount_paid=10_000, paid_on="2026-10-01")


class ReceivedAidFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ReceivedAid

    organisation = factory.SubFactory(OrganisationFactory)
    territory = factory.SelfAttribute("organisation.territory")
    siren = factory.SelfAttribute("organisation.siren")
    firm = factory.SelfAttribute("organisation.name")
    granted_on = "2025-05-12"
    amount = 40_000
    funder = "Région Occitanie"
    purpose = "Salon"


class CatalogueImportFactory(factory.django.DjangoModelFactory):
    """A catalogue received, with nothing in it yet."""

    class Meta:
        model = CatalogueImport

    file_name = "catalogue.json"
    origin = "mission-transition"
    published_on = "2026-11-01"
    reading = factory.LazyFunction(
        lambda: {"how": ["JSON"], "warnings": [], "size": "1 Ko", "is_partial": False}
    )


class FinancingPlanFactory(factory.django.DjangoModelFactory):
    """The chosen plan of a project, with neither uses nor sources yet."""

    class Meta:
        model = FinancingPlan

    project = factory.SubFactory(ProjectFactory)
    name = "Plan de base"
    is_chosen = True


class CostLineFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CostLine

    plan = factory.SubFactory(FinancingPlanFactory)
    label = factory.Sequence("Machine {}".format)
    amount = 100_000
    year = 2027


class SourceLineFactory(factory.django.DjangoModelFactory):
    """Own funds; `grant` makes it a public grant."""

    class Meta:
        model = SourceLine

    plan = factory.SubFactory(FinancingPlanFactory)
    kind = "own_funds"
    label = factory.Sequence("Ressource {}".format)
    amount = 100_000

    class Params:
        grant = factory.Trait(kind="grant", state="to_file")


class AidSchemeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = AidScheme
        django_get_or_create = ["code"]

    code = "de-minimis"
    label = "De minimis"
    kind = "de_minimis"
    reference = "Règl. (UE) 2023/2831"
    confidence = "V"


def version_of(program):
    """The first version of a program made by its factory, watched already."""
    return program.versions.first() or program.versions.create(
        number=1,
        applies_from=dt.date(2026, 1, 1),
        values=program.as_version(),
        source=program.source,
        applied_at=timezone.now(),
        watched_at=timezone.now(),
    )


class WatchNoticeFactory(factory.django.DjangoModelFactory):
    """A floor of headcount was raised: the project is eligible no more."""

    class Meta:
        model = WatchNotice

    project = factory.SubFactory(ProjectFactory)
    program = factory.SubFactory(ProgramFactory)
    version_before = factory.SelfAttribute("version_after")
    version_after = factory.LazyAttribute(lambda notice: version_of(notice.program))
    verdict_before = 2
    verdict_after = 0
    reasons = factory.LazyFunction(
        lambda: [
            {
                "key": "headcount",
                "before": "Effectif d’au moins 10 salariés",
                "after": "Effectif d’au moins 50 salariés",
                "was": 2,
                "now": 0,
                "found": "34 salariés",
            }
        ]
    )
    rule_version = 1
    noticed_at = factory.LazyFunction(timezone.now)


class MatchDecisionFactory(factory.django.DjangoModelFactory):
    """A program kept on the shortlist of a project; `dismissed` sets it aside."""

    class Meta:
        model = MatchDecision

    project = factory.SubFactory(ProjectFactory)
    program = factory.SubFactory(ProgramFactory)
    kind = "retained"
    program_version = 1

    class Params:
        dismissed = factory.Trait(kind="dismissed", reason="theme")


class EnvelopeFactory(factory.django.DjangoModelFactory):
    """EnvelopeFactory(territory=…): a scenario that keeps nothing yet."""

    class Meta:
        model = Envelope

    territory = factory.SubFactory(TerritoryFactory, perimeter=True)
    title = factory.Sequence("Enveloppe {}".format)
    amount = 100_000


class CountedFirmFactory(factory.django.DjangoModelFactory):
    """A partner at 30 %; `years` gives its accounts, as {year: Figures}."""

    class Meta:
        model = CountedFirm
        skip_postgeneration_save = True

    organisation = factory.SubFactory(OrganisationFactory)
    territory = factory.SelfAttribute("organisation.territory")
    tie = "partner"
    name = factory.Sequence("Participations {}".format)
    share = 30

    @factory.post_generation
    def years(firm, create, figures, **kwargs):  # noqa: N805 (factory_boy passes the row)
        firm.note(figures or {})


class ApplicationPointFactory(factory.django.DjangoModelFactory):
    """A point of an agenda about the project of a file."""

    class Meta:
        model = ApplicationPoint

    application = factory.SubFactory(ApplicationFactory)
    item = factory.LazyAttribute(
        lambda point: AgendaItem.objects.create(
            territory=point.application.territory,
            project=point.application.project,
            action=point.application.action,
            title="Dossier à soutenir",
        )
    )
