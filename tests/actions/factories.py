import datetime

import factory

from actions.models import (
    Action,
    ActionPlan,
    AgendaItem,
    Attendance,
    Body,
    BudgetLine,
    Decision,
    FrameworkCode,
    Indicator,
    IndicatorTarget,
    IndicatorValue,
    Meeting,
    Milestone,
    ProgressNote,
    PublicContract,
    Seat,
)
from crm.models import LocalPriority, MeetingKind
from tests.crm.factories import ContactFactory, TerritoryFactory


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


class ProgressNoteFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ProgressNote

    action = factory.SubFactory(ActionFactory)
    noted_on = datetime.date(2026, 10, 12)
    text = factory.Sequence("Le comité a validé l’étape {}.".format)


class FrameworkCodeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = FrameworkCode

    action = factory.SubFactory(ActionFactory)
    framework_id = "crte"
    code = factory.Sequence("2.{}".format)
    title = "Habiter et travailler"


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


class IndicatorTargetFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = IndicatorTarget

    indicator = factory.SubFactory(IndicatorFactory)
    year = factory.Sequence(lambda n: 2001 + n % 90)
    value = 14


class BudgetLineFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = BudgetLine

    action = factory.SubFactory(ActionFactory)
    year = 2026
    nature = "fonctionnement"


class PublicContractFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PublicContract

    action = factory.SubFactory(ActionFactory)
    title = factory.Sequence("Étude de flux {}".format)


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


class BodyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Body

    territory = factory.SubFactory(TerritoryFactory, perimeter=True)
    kind = factory.LazyFunction(lambda: MeetingKind.objects.get(pk=Meeting.COMMITTEE))
    quorum = Body.Quorum.MAJORITY


class SeatFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Seat

    body = factory.SubFactory(BodyFactory)
    contact = factory.SubFactory(
        ContactFactory, organisation__territory=factory.SelfAttribute("...body.territory")
    )
    quality = "élue"


class AttendanceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Attendance

    meeting = factory.SubFactory(MeetingFactory)
    name = factory.Sequence("Mme Delmas {}".format)
    quality = "élue"
    status = Attendance.Status.PRESENT
