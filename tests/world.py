"""One of each thing of a territory, for the tests that walk the routes."""

import datetime as dt
from io import BytesIO
from uuid import uuid4

from django.utils import timezone
from PIL import Image

from actions.models import (
    Action,
    ActionPlan,
    AgendaItem,
    Body,
    Decision,
    FrameworkCode,
    Indicator,
    Meeting,
    Milestone,
    Seat,
)
from crm.imports.commit import receive
from crm.models import Brand, Confidentiality, LocalPriority, Membership, Role, Sector
from funding import ledger_imports
from funding.models import Program, Undertaking
from tests.actions.collective.factories import (
    ClusterDecisionFactory,
    FlowFactory,
    SynergyFactory,
    SynergySavingFactory,
)
from tests.actions.factories import (
    AttendanceFactory,
    BudgetLineFactory,
    CalendarLinkFactory,
    ContractFactory,
    DocumentFactory,
    EvaluationFactory,
    EvaluationSheetFactory,
    IndicatorTargetFactory,
    MeetingFactory,
    PaymentFactory,
    PlanImportFactory,
    PlanVersionFactory,
    PublicContractFactory,
)
from tests.crm.factories import (
    ContactFactory,
    FollowUpFactory,
    InteractionFactory,
    OrganisationFactory,
    PartnerTokenFactory,
    ProjectFactory,
    ReviewRequestFactory,
    SiteFactory,
    UserFactory,
)
from tests.funding.factories import (
    ApplicationFactory,
    ApplicationPointFactory,
    CatalogueImportFactory,
    CostLineFactory,
    CountedFirmFactory,
    EnvelopeFactory,
    FinancingPlanFactory,
    MatchDecisionFactory,
    PieceFactory,
    ProgramFactory,
    ReceivedAidFactory,
    WatchNoticeFactory,
)
from tests.reporting.factories import (
    EditionFactory,
    IndustrialJobsFactory,
    ProjectImportFactory,
    ReturnMappingFactory,
    SendingFactory,
)


def one_of_each(territory):
    """One of each thing in the territory, readable by every role where confidentiality allows."""
    holder = OrganisationFactory(territory=territory)
    project = ProjectFactory(
        territory=territory, holder=holder, confidentiality=Confidentiality.PUBLIC
    )
    plan = ActionPlan.objects.create(territory=territory, title="Plan")
    action = Action.objects.create(
        plan=plan,
        code="1.1",
        title="Logement",
        priority=LocalPriority.objects.first(),
        pilot=OrganisationFactory(territory=territory),
    )
    meeting = Meeting.objects.create(
        territory=territory, kind_id="copil", title="COPIL", held_on=dt.date(2031, 1, 15)
    )
    item = AgendaItem.objects.create(
        territory=territory, meeting=meeting, project=project, title="Point"
    )
    Sector.objects.create(code="maroquinerie", label="Maroquinerie", territory=territory)
    loose = AgendaItem.objects.create(territory=territory, title="Autre point")
    body = Body.objects.create(territory=territory, kind_id="copil")
    settled = AgendaItem.objects.create(territory=territory, meeting=meeting, title="Déjà vu")
    batch = receive("a.csv", b"Raison sociale;Commune\nUsine;Fleurance\n", territory)
    batch.save()
    objects = {
        "organisation": holder,
        "site": SiteFactory(organisation=holder),
        "contact": ContactFactory(organisation=holder),
        "interaction": InteractionFactory(organisation=holder, project=project),
        "follow_up": FollowUpFactory(territory=territory, organisation=holder),
        "project": project,
        "review": ReviewRequestFactory(project=project),
        "member": Membership.objects.create(
            user=UserFactory(), territory=territory, role=Role.READER
        ),
        "token": PartnerTokenFactory(territory=territory),
        "action": action,
        "framework_code": FrameworkCode.objects.create(
            action=action, framework_id="crte", code="2.1"
        ),
        "milestone": Milestone.objects.create(action=action, label="J", due_on=dt.date(2030, 1, 1)),
        "indicator": Indicator.objects.create(
            action=action, label="I", unit="projets", measure="projects_followed"
        ),
        "budget_line": BudgetLineFactory(action=action),
        "public_contract": PublicContractFactory(action=action),
        "meeting": meeting,
        "item": item,
        "seat": Seat.objects.create(body=body, user=UserFactory(), quality="élue"),
        "decision": Decision.objects.create(item=settled, text="Oui"),
        "program": ProgramFactory(),
        "application": ApplicationFactory(project=project),
        "aid": ReceivedAidFactory(organisation=holder),
        "counted_firm": CountedFirmFactory(organisation=holder),
        "financing_plan": FinancingPlanFactory(project=project),
        "envelope": EnvelopeFactory(territory=territory),
        "match_decision": MatchDecisionFactory(project=project),
        "edition": EditionFactory(territory=territory, meeting=meeting),
        "sending": SendingFactory(territory=territory),
        "industrial_jobs": IndustrialJobsFactory(territory=territory),
        "contract": ContractFactory(territory=territory, frameworks=["crte"]),
        "document": DocumentFactory(action=action),
        "plan_version": PlanVersionFactory(plan=plan),
    }
    objects["evaluation"] = EvaluationFactory(contract=objects["contract"])
    objects["evaluation_sheet"] = EvaluationSheetFactory(evaluation=objects["evaluation"])
    objects["indicator_target"] = IndicatorTargetFactory(indicator=objects["indicator"])
    cost = CostLineFactory(plan=objects["financing_plan"])
    file = objects["application"]
    move = file.move_to("brouillon", on=dt.date(2026, 1, 5), by=None)
    ledger_batch = ledger_imports.receive(
        "aides.csv", b"SIREN;Date d'octroi\n000000019;01/02/2025\n", territory, by=None
    )
    ledger_batch.save()
    undertaking = Undertaking.objects.create(territory=territory, name="Groupe")
    for siren, name in ((holder.siren, holder.name), ("900000100", "Filiale")):
        firm = undertaking.firms.create(territory=territory, siren=siren, name=name)
    removed_firm = undertaking.firms.create(territory=territory, siren="900000118", name="Vendue")
    version = objects["program_version"] = published(objects["program"])
    objects["program_check"] = version.checks.create(
        on=dt.date(2026, 1, 1), source="relu", before={"verified_on": None, "source": "lu"}
    )
    synergy = objects["synergy"] = SynergyFactory(territory=territory)
    objects["flow"] = synergy.source
    objects["saving"] = SynergySavingFactory(synergy=synergy)
    objects["cluster_decision"] = ClusterDecisionFactory(territory=territory)
    removed_saving = SynergySavingFactory(synergy=synergy, year=2024).remove()
    arguments = {name: [thing.pk] for name, thing in objects.items()}
    return arguments | {
        "flow_pair": [synergy.source_id, synergy.need_id],
        "agreement": [synergy.pk, "source"],
        "removed_flow": [FlowFactory(site__organisation=holder).remove().pk],
        "removed_saving": [removed_saving.pk],
        "batch": [batch.token],
        "reference_kind": ["filieres"],
        "reference": ["filieres", "maroquinerie"],
        "action_cell": [action.pk, "status"],
        "bulk_change": [bulk_change(action)],
        "action_link": [action.pk, "projet", project.pk],
        "removable": ["jalon", objects["milestone"].pk],
        "removed": ["point", AgendaItem.objects.create(territory=territory, title="X").remove().pk],
        "project_fact": [project.pk, "support_letter"],
        "action_fact": [action.pk, "support_letter"],
        "item_place": [loose.pk, meeting.pk],
        "body_kind": ["copil"],
        "cancelled_meeting": [
            MeetingFactory(territory=territory, cancelled_at=timezone.now()).pk,
        ],
        "calendar_link": [CalendarLinkFactory().pk],
        "removed_sheet": [meeting.pk, removed_sheet(meeting)],
        "application_point": [file.pk, item.pk],
        "tied_point": [file.pk, ApplicationPointFactory(application=file).item_id],
        "minutes": [meeting.pk, "pdf"],
        "ledger_batch": [ledger_batch.token],
        "catalogue_import": [CatalogueImportFactory(territory=territory).token],
        "firm": [holder.pk, firm.pk],
        "removed_firm": [holder.pk, removed_firm.remove().pk],
        "application_move": [file.pk, move.pk],
        "new_application_row": [file.pk, "tranche"],
        "application_row": ["piece", PieceFactory(application=file).pk],
        "removed_application_row": ["piece", PieceFactory(application=file).remove().pk],
        "new_line": [objects["financing_plan"].pk, "depense"],
        "line": ["depense", cost.pk],
        "removed_line": ["depense", CostLineFactory(plan=cost.plan).remove().pk],
        "removed_plan": [FinancingPlanFactory(project=project, is_chosen=False).remove().pk],
        "removed_envelope": [EnvelopeFactory(territory=territory).remove().pk],
        "removed_counted_firm": [CountedFirmFactory(organisation=holder).remove().pk],
        "size_before": [holder.pk, holder.history.first().pk],
        "removed_aid": [ReceivedAidFactory(organisation=holder).remove().history_id],
        "watch_mark": [
            WatchNoticeFactory(project=project, seen_at=timezone.now(), seen_mark=uuid4()).seen_mark
        ],
        "edition_file": [objects["edition"].pk, "xlsx"],
        "return_code": ["nationale"],
        "exchange_kind": ["csv"],
        "own_grid": [ReturnMappingFactory(territory=territory).code],
        "grid_sheet": ["region", "projets"],
        "grid_column": ["region", "projets", "intitule"],
        "figure": ["investment"],
        "project_import": [ProjectImportFactory(territory=territory).token],
        "removed_industrial_jobs": [IndustrialJobsFactory(territory=territory).remove().pk],
        "brand": branded(territory),
        "plan_import": [PlanImportFactory(territory=territory).token],
        "new_contract_part": [objects["contract"].pk, "versement"],
        "contract_part": ["versement", PaymentFactory(contract=objects["contract"]).pk],
        "document_owner": ["fiche", action.pk],
        "evaluation_form": [objects["evaluation"].pk, "xlsx"],
        "evaluation_file": [objects["evaluation_sheet"].pk, "xlsx"],
        "kind": ["csv"],
        "pack_kind": ["pptx"],
        "dashboard": ["investissement"],
        "dashboard_file": ["epci", "csv"],
        "dashboard_rows_file": ["investissement", "csv"],
        "program_file": [objects["program"].pk, "csv"],
    }


def branded(territory):
    """The address of the logo says nothing: it is that of the current territory."""
    picture = BytesIO()
    Image.new("RGB", (4, 2)).save(picture, "PNG")
    Brand.objects.create(territory=territory, logo=picture.getvalue())
    return []


def removed_sheet(meeting):
    """The key of a sheet of presences that was wiped."""
    key = uuid4()
    line = AttendanceFactory(meeting=meeting)
    line._change_reason = f"feuille {key}"
    line.delete()
    return key


def bulk_change(action):
    """The key of a bulk change that touched the fiche last."""
    key = uuid4()
    action._change_reason = f"lot {key}"
    action.save()
    return key


def published(program):
    return program.versions.create(
        number=1,
        applies_from=dt.date(2026, 1, 1),
        applied_at=timezone.now(),
        values=Program.objects.get(pk=program.pk).as_version(),
        source="cahier des charges",
    )
