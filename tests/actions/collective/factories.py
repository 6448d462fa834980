import datetime

import factory

from actions.models import ClusterDecision, Flow, SitePoint, Synergy, SynergySaving
from tests.crm.factories import SiteFactory, TerritoryFactory


class SitePointFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SitePoint

    site = factory.SubFactory(SiteFactory)
    latitude = 43.85
    longitude = 0.66
    source = "carte"


class FlowFactory(factory.django.DjangoModelFactory):
    """FlowFactory(site__organisation__territory=…): heat that a site gives out all year."""

    class Meta:
        model = Flow

    class Params:
        wanted = factory.Trait(direction=Flow.Direction.IN, label="séchoir", temperature=60)
        # Known in each of its facts, so that nothing is left to ask.
        whole = factory.Trait(
            quantity=1000,
            unit="MWh",
            months=list(range(1, 13)),
            temperature=90,
            source=Flow.Source.MEASURED,
        )

    site = factory.SubFactory(SiteFactory, commune_id="32132")
    direction = Flow.Direction.OUT
    kind = Flow.Kind.HEAT
    label = factory.Sequence("fumées du four {}".format)


class SynergyFactory(factory.django.DjangoModelFactory):
    """SynergyFactory(territory=…); `agreed` has the agreement of both sides."""

    class Meta:
        model = Synergy

    class Params:
        agreed = factory.Trait(
            source_agreed_on=datetime.date(2026, 3, 2),
            source_agreed_by="Mme Capdeville",
            need_agreed_on=datetime.date(2026, 3, 9),
            need_agreed_by="M. Lartigue",
        )

    territory = factory.SubFactory(TerritoryFactory, perimeter=True)
    source = factory.SubFactory(
        FlowFactory,
        whole=True,
        site__organisation__territory=factory.SelfAttribute("....territory"),
    )
    need = factory.SubFactory(
        FlowFactory,
        whole=True,
        wanted=True,
        site__organisation__territory=factory.SelfAttribute("....territory"),
    )


class SynergySavingFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SynergySaving

    synergy = factory.SubFactory(SynergyFactory)
    nature = SynergySaving.Nature.OBSERVED
    unit = SynergySaving.Unit.MWH
    year = 2025
    amount = 120
    evidence = "relevé du compteur"


class ClusterDecisionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ClusterDecision

    territory = factory.SubFactory(TerritoryFactory, perimeter=True)
    need = "emp"
    choice = ClusterDecision.Choice.WATCHED
    said = "3 entreprises cherchent à recruter"
