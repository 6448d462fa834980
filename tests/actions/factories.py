import datetime

import factory

from actions.models import (
    Action,
    ActionPlan,
    AgendaItem,
    Decision,
    Indicator,
    IndicatorValue,
    Meeting,
    Milestone,
)
from crm.models import LocalPriority, MeetingKind
from tests.crm.factories import TerritoryFactory


class ActionPlanFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ActionPlan

    territory = factory.SubFactory(TerritoryFactory, perimeter=True)
    title = "Plan d’actions 2023-2027"


class ActionFactory(factory.django.DjangoModelFactory):
    """ActionFactory(territory=…): a fiche of the current plan of that territory."""

    class Meta:
        model = Action
        exclude = ["territory"]
        skip_postgeneration_save = True

    territory = factory.SubFactory(TerritoryFactory, perimeter=True)
    plan = factory.LazyAttribute(lambda action: ActionPlan.objects.open_for(action.territory))
    code = factory.Sequence("A{}".format)
    title = factory.Sequence("Navette des salariés {}".format)
    priority = factory.LazyFunction(lambda: LocalPriority.objects.get(pk="logement"))


class MilestoneFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Milestone

    action = factory.SubFactory(ActionFactory)
    label = factory.Sequence("Convention signée {}".format)
    due_on = datetime.date(2027, 3, 31)


class IndicatorFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Indicator

    action = factory.SubFactory(ActionFactory)
    label = factory.Sequence("Logements mobilisés {}".format)
    unit = "logements"


class IndicatorValueFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = IndicatorValue

    indicator = factory.SubFactory(IndicatorFactory)
    value = 14
    observed_on = datetime.date(2026, 6, 30)


class MeetingFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Meeting

    territory = factory.SubFactory(TerritoryFactory, perimeter=True)
    kind = factory.LazyFunction(lambda: MeetingKind.objects.get(pk=Meeting.COMMITTEE))
    title = factory.Sequence("COPIL {}".format)
    held_on = datetime.date(2027, 1, 14)


class AgendaItemFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = AgendaItem

    territory = factory.SelfAttribute("meeting.territory")
    meeting = factory.SubFactory(MeetingFactory)
    title = factory.Sequence("Lettre de soutien {}".format)


class DecisionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Decision

    item = factory.SubFactory(AgendaItemFactory)
    text = "La lettre est signée."
