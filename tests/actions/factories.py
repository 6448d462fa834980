import datetime

import factory

from actions import evaluating, snapshots
from actions.models import (
    Action,
    ActionPlan,
    AgendaItem,
    AgendaOption,
    Amendment,
    Attendance,
    Body,
    BudgetLine,
    CalendarLink,
    Commitment,
    Contract,
    Decision,
    Document,
    Evaluation,
    EvaluationFile,
    EvaluationSheet,
    FrameworkCode,
    Indicator,
    IndicatorTarget,
    IndicatorValue,
    Meeting,
    Milestone,
    Party,
    Payment,
    PlanImport,
    PlanVersion,
    ProgressNote,
    PublicContract,
    Seat,
    StoredFile,
)
from crm.freezing import fingerprint
from crm.models import LocalPriority, MeetingKind
from tests.crm.factories import ContactFactory, OrganisationFactory, TerritoryFactory, UserFactory


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


class ContractFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Contract

    territory = factory.SubFactory(TerritoryFactory, perimeter=True)
    kind = Contract.Kind.COT
    title = factory.Sequence("Contrat d’objectif territorial {}".format)
    frameworks = ["eci"]
    signed_on = datetime.date(2024, 3, 1)
    starts_on = datetime.date(2024, 4, 1)
    ends_on = datetime.date(2028, 3, 31)
    is_evaluated = True


class PartyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Party

    contract = factory.SubFactory(ContractFactory)
    organisation = factory.SubFactory(
        OrganisationFactory, kind="funder", territory=factory.SelfAttribute("..contract.territory")
    )


class AmendmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Amendment

    contract = factory.SubFactory(ContractFactory)
    number = factory.Sequence(lambda n: n + 1)
    subject = "Prolongation"


class CommitmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Commitment

    contract = factory.SubFactory(ContractFactory)
    text = factory.Sequence("Financer l’animation {}".format)


class PaymentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Payment

    contract = factory.SubFactory(ContractFactory)
    label = factory.Sequence("Acompte {}".format)


class EvaluationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Evaluation

    contract = factory.SubFactory(ContractFactory)
    year = 2025


class DocumentFactory(factory.django.DjangoModelFactory):
    """DocumentFactory(action=…), or a contract, or a meeting."""

    class Meta:
        model = Document

    file = factory.LazyFunction(lambda: StoredFile.keep(b"%PDF-1.7 convention"))
    name = "convention.pdf"
    content_type = "application/pdf"
    title = factory.Sequence("Convention signée {}".format)


class EvaluationSheetFactory(factory.django.DjangoModelFactory):
    """A frozen sheet of an evaluation, with a workbook as its only file."""

    class Meta:
        model = EvaluationSheet
        skip_postgeneration_save = True

    evaluation = factory.SubFactory(EvaluationFactory)
    title = "Évaluation 2025"
    number = factory.Sequence(lambda n: n + 1)
    drawn_on = datetime.date(2026, 3, 12)
    issued_by = factory.SubFactory(UserFactory)
    issuer = "Inès Lacombe"
    content = factory.LazyAttribute(
        lambda sheet: evaluating.content(sheet.evaluation, sheet.issued_by, today=sheet.drawn_on)
    )
    sha256 = factory.LazyAttribute(lambda sheet: fingerprint(sheet.content))
    app_version = "0.0"

    @factory.post_generation
    def file(sheet, create, extracted):
        EvaluationFile.objects.create(
            sheet=sheet, kind="xlsx", name="evaluation.xlsx", content=b"PK", size=2, sha256="x"
        )


class AgendaOptionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = AgendaOption

    item = factory.SubFactory(AgendaItemFactory)
    label = factory.Sequence("Quai réfrigéré {}".format)


class CalendarLinkFactory(factory.django.DjangoModelFactory):
    """`link.secret` is the one that was issued."""

    class Meta:
        model = CalendarLink

    user = factory.SubFactory(UserFactory)
    name = "mon téléphone"

    @classmethod
    def _create(cls, model, *args, **fields):
        link, secret = model.objects.issue(fields["user"], fields["name"])
        link.secret = secret
        return link


class PlanVersionFactory(factory.django.DjangoModelFactory):
    """The plan as it stands, voted."""

    class Meta:
        model = PlanVersion

    plan = factory.SubFactory(ActionPlanFactory)
    title = "Plan d’actions"
    number = factory.Sequence(lambda n: n + 1)
    voted_on = datetime.date(2026, 6, 18)
    voted_by = "Comité de pilotage"
    drawn_on = datetime.date(2026, 6, 18)
    issued_by = factory.SubFactory(UserFactory)
    issuer = "Inès Lacombe"
    content = factory.LazyAttribute(lambda version: snapshots.snapshot(version.plan))
    sha256 = factory.LazyAttribute(lambda version: fingerprint(version.content))
    app_version = "0.0"


class PlanImportFactory(factory.django.DjangoModelFactory):
    """A file of one fiche, read and not written."""

    class Meta:
        model = PlanImport

    territory = factory.SubFactory(TerritoryFactory, perimeter=True)
    file_name = factory.Sequence("plan-{}.csv".format)
    header = ["Code", "Intitulé", "Axe"]
    rows = [[2, ["LOG-1", "Logements", "Logement"]]]
    mapping = {"0": "code", "1": "title", "2": "priority"}
    reading = {"how": ["CSV"], "warnings": []}
