"""Every page, export and API list costs the same queries for one row and for fifty.

The routes are those of the access tests: a new one is measured here without being named.
"""

import datetime
from functools import partial

import pytest
from django.urls import reverse
from django.utils import timezone

from actions.models import Action, Body, Contract, Meeting, PlanImport
from crm.imports.commit import receive
from crm.models import (
    SCOPES,
    Confidentiality,
    ImportBatch,
    NationalPriority,
    Organisation,
    Project,
    Role,
    Sector,
)
from funding import ledger_imports
from funding.eligibility.eu_size import Figures
from funding.models import DeclaredFact, FinancingPlan, Program
from tests.actions.collective.factories import (
    ClusterDecisionFactory,
    FlowFactory,
    SynergyFactory,
    SynergySavingFactory,
)
from tests.actions.factories import (
    ActionFactory,
    AgendaItemFactory,
    AgendaOptionFactory,
    AmendmentFactory,
    BudgetLineFactory,
    CommitmentFactory,
    ContractFactory,
    DecisionFactory,
    DocumentFactory,
    EvaluationFactory,
    FrameworkCodeFactory,
    IndicatorFactory,
    IndicatorTargetFactory,
    IndicatorValueFactory,
    MeetingFactory,
    MilestoneFactory,
    PartyFactory,
    PaymentFactory,
    PlanImportFactory,
    PlanVersionFactory,
    ProgressNoteFactory,
    PublicContractFactory,
    SeatFactory,
)
from tests.conftest import FEW, MANY
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
    AidSchemeFactory,
    ApplicationFactory,
    CatalogueImportFactory,
    CostLineFactory,
    CountedFirmFactory,
    EnvelopeFactory,
    FinancingPlanFactory,
    MatchDecisionFactory,
    PieceFactory,
    ProgramFactory,
    ReceivedAidFactory,
    SourceLineFactory,
    TrancheFactory,
    WatchNoticeFactory,
)
from tests.reporting.factories import (
    EditionFactory,
    IndustrialJobsFactory,
    ProjectImportFactory,
    SendingFactory,
)
from tests.routes import API, GET, ROUTES
from tests.world import one_of_each

pytestmark = pytest.mark.django_db

# These need words to show a row.
QUERIES = {
    "crm:search": {"q": "conserverie"},
    "crm:organisation_names": {"field": "holder", "holder": "conserverie"},
    "funding:program_names": {"field": "q", "q": ""},
    "reporting:dashboard_rows": {"line": "total", "figure": "planned"},
    "reporting:dashboard_rows_export": {"line": "total", "figure": "planned"},
}
KINDS = [["csv"], ["xlsx"]]
# One form about one thing: what it offers to choose from may grow, or not.
FORMS = ("_new", "_edit", "_delete", "_ask", "_revoke")
# No row of the territory, or (the links of an organisation, an import) of what the call names.
FIXED = {
    "crm:account",
    "crm:password",
    "crm:more",
    "crm:import_model",
    "crm:import_columns",
    "crm:import_refused",
    "crm:interaction_links",
    "crm:setting_reference",
    # One’s own declarations: tests/crm/test_interests.py counts them.
    "crm:interests",
    "crm:settings",
    "crm:setting_brand",
    "crm:logo",
    "actions:action_link",
    "actions:action_cell",
    "actions:plan_bulk",
    "actions:remove",
    # The meeting has not been held (tests/actions/test_live.py, tests/reporting/test_minutes.py).
    "actions:meeting_live",
    "reporting:minutes",
    # One row a kind of meeting, which the programme gives.
    "actions:body_list",
    "actions:decision",
    "actions:meeting_cancel",
    "actions:sheet_remove",
    # One’s own addresses (tests/actions/test_feeds.py).
    "actions:feed_panel",
    "funding:catalogue_versions",
    "funding:ranking_help",
    "funding:application",
    "funding:application_demarche",
    "funding:catalogue_import",
    "funding:received_aid",
    "funding:ledger_panel",
    "funding:ledger_import",
    "funding:ledger_import_refused",
    # Of the envelopes that the address names (tests/funding/test_envelopes.py counts theirs).
    "funding:envelope_compare",
    "funding:envelope_duplicate",
    "reporting:envelopes_export ['csv']",
    "reporting:envelopes_export ['xlsx']",
    "reporting:minimis_declaration",
    # One row a return, a place or a territory: their own tests make more of those.
    "reporting:return_list",
    "reporting:return_send",
    "reporting:proof_list",
    "reporting:places_export ['csv']",
    "reporting:places_export ['xlsx']",
    "reporting:territories",
    "reporting:territories_export ['csv']",
    "reporting:territories_export ['xlsx']",
    # A grid has the columns that a person gave it; a file, the rows that it was sent with.
    "reporting:grid",
    "reporting:grid_column",
    "reporting:grid_publish",
    "reporting:grid_sheet",
    "reporting:exchange_import",
    "reporting:exchange_refused",
    "reporting:sending",
    "reporting:sending_compare",
    "reporting:sending_file",
    # What was frozen does not grow; a later edition is no earlier one to compare with.
    "reporting:edition",
    "reporting:edition_compare",
    "reporting:edition_file",
    # One row an EPCI, which the perimeter gives.
    "reporting:dashboard_export",
    "actions:evaluation_sheet",
    "actions:document",
    "actions:plan_version",
    "actions:plan_import_columns",
    "actions:plan_import_refused",
    "reporting:plan_version_workbook",
    "reporting:evaluation_file",
    # The first three, or the first twelve, and how many more.
    "actions:detection_panel",
    "funding:group_programs",
    # A page of twenty pistes, where each flow meets all the others (tests/actions/test_flows.py).
    "actions:match_list",
    # It sends to the list of what was detected.
    "actions:detection_propose",
}
# A program that leaves something to ask of every project.
TO_JUDGE = {"kind": "text", "key": "ambition", "text": "Le projet est ambitieux."}
# A row that shows adds at least that much; the counts of the menu add one digit or two.
A_ROW = 50


def grow(territory, world, numbers):
    """For each number one more of everything, with relations of its own, and in `world` too."""
    [holder], [project], [action], [meeting], [program] = (
        world[name] for name in ("organisation", "project", "action", "meeting", "program")
    )
    holder, project = Organisation.objects.get(pk=holder), Project.objects.get(pk=project)
    action, meeting = Action.objects.get(pk=action), Meeting.objects.get(pk=meeting)
    program = Program.objects.get(pk=program)
    batch = ImportBatch.objects.get(token=world["batch"][0])
    plan_import = PlanImport.objects.get(token=world["plan_import"][0])
    for n in numbers:
        ProgramFactory(funder=program.funder, criteria=[TO_JUDGE])
        other = add_company(territory)
        add_company(territory)  # it carries no project: a target of its own
        add_company_rows(holder)
        added = add_project(territory, holder if n % 2 else other)
        for one in (project, added):
            add_project_rows(one, program if n % 2 else add_program(program.funder), n)
        fiche = ActionFactory(territory=territory, pilot=other)
        for one, met in ((action, meeting), (fiche, MeetingFactory(territory=territory))):
            add_action_rows(one, added, other, n)
            add_points(met, added, one)
        MeetingFactory(territory=territory, held_on=datetime.date(2020, 1, 1))
        EditionFactory(territory=territory, meeting=meeting)
        SendingFactory(territory=territory)
        IndustrialJobsFactory(territory=territory)
        ProjectImportFactory(territory=territory)
        AgendaItemFactory(meeting=None, territory=territory, project=added)
        for contract in (
            Contract.objects.get(pk=world["contract"][0]),
            ContractFactory(territory=territory, frameworks=["crte"]),
        ):
            add_contract_rows(contract, fiche, n)
        PlanVersionFactory(plan=action.plan)
        PlanImportFactory(territory=territory)
        plan_import.rows.append([n + 3, [f"N-{n}", "Navette", "Logement"]])
        plan_import.save()
        add_settings(territory, n)
        add_synergies(territory, world["synergy"][0], action, n)
        for plan in (
            FinancingPlan.objects.get(pk=world["financing_plan"][0]),
            FinancingPlanFactory(project=added),
            plan_of(action),
        ):
            add_plan_rows(plan, program)
        project.title = f"Séchoir {n}"
        project.save()
        batch.rows.append([n + 3, [f"Usine {n}", "Fleurance"]])
        batch.save()


def add_company(territory):
    company = OrganisationFactory(territory=territory)
    company.sectors.add(Sector.objects.first())
    add_company_rows(company)
    return company


def add_company_rows(company):
    site = SiteFactory(organisation=company, commune_id="32132", workforce_band_id="12")
    contact = ContactFactory(organisation=company, site=site)
    exchange = InteractionFactory(organisation=company)
    exchange.contacts.add(contact)
    exchange.needs.add("emp")
    FlowFactory(site=site)
    FlowFactory(site=site, wanted=True)
    FollowUpFactory(territory=company.territory, organisation=company, due_on=timezone.localdate())
    ReceivedAidFactory(organisation=company)
    CountedFirmFactory(organisation=company, years={2025: Figures(headcount=12)})


def add_project(territory, holder):
    project = ProjectFactory(
        territory=territory,
        holder=holder,
        owner=UserFactory(territory=territory),
        commune_id="32132",
        sector_id="agroalimentaire",
        health_id="alerte",
        confidentiality=Confidentiality.PUBLIC,
        planned_investment=1000,
        next_step="Visite",
        next_step_on=timezone.localdate(),
    )
    project.priorities.set(NationalPriority.objects.all()[:2])
    return project


def add_program(funder):
    soon = timezone.localdate() + datetime.timedelta(days=30)
    return ProgramFactory(funder=funder, closes_on=soon)


def add_project_rows(project, program, n):
    InteractionFactory(organisation=project.holder, project=project)
    FollowUpFactory(
        territory=project.territory,
        organisation=project.holder,
        project=project,
        owner=UserFactory(territory=project.territory),
        due_on=timezone.localdate(),
    )
    ReviewRequestFactory(project=project)
    AgendaItemFactory(meeting=None, territory=project.territory, project=project)
    today = timezone.localdate()
    ApplicationFactory(project=project, program=program, amount_requested=1000, due_on=today)
    DeclaredFact.objects.create(project=project, key=f"fact_{n}", value=True)
    WatchNoticeFactory(project=project, program=program)


def add_action_rows(action, project, company, n):
    today = timezone.localdate()
    program = add_program(Program.objects.first().funder)
    DeclaredFact.objects.create(action=action, key=f"fact_{n}", value=True)
    WatchNoticeFactory(project=None, action=action, program=program)
    MatchDecisionFactory(project=None, action=action, program=program)
    MilestoneFactory(action=action, due_on=today)
    file = ApplicationFactory(project=None, action=action, due_on=today)
    PieceFactory(application=file, received_on=today, expires_on=today)
    TrancheFactory(application=file, due_on=today)
    indicator = IndicatorFactory(action=action, measure="companies_visited")
    IndicatorValueFactory(indicator=indicator)
    IndicatorTargetFactory(indicator=indicator)
    BudgetLineFactory(action=action, year=2001 + n, funder=company, planned=1000)
    PublicContractFactory(action=action, provider=company, amount=1000)
    action.projects.add(project)
    action.organisations.add(company)
    action.partners.add(company)
    action.financial_partners.add(company)
    ProgressNoteFactory(action=action)
    FrameworkCodeFactory(action=action, code=f"c{n}")
    ActionFactory(plan=action.plan, parent=action, starts_on=today)


def add_contract_rows(contract, action, n):
    today = timezone.localdate()
    PartyFactory(contract=contract)
    AmendmentFactory(contract=contract, signed_on=today)
    funder = PartyFactory(contract=contract).organisation
    CommitmentFactory(contract=contract, organisation=funder, action=action, due_on=today)
    PaymentFactory(contract=contract, funder=funder, due_on=today, evaluation_year=2030 + n)
    EvaluationFactory(
        contract=contract,
        year=2030 + n,
        meeting=MeetingFactory(territory=contract.territory, held_on=today),
    )
    DocumentFactory(contract=contract)
    DocumentFactory(action=action)


def add_synergies(territory, synergy, action, n):
    SynergyFactory(territory=territory, action=action, agreed=n % 2)
    SynergySavingFactory(synergy_id=synergy, year=2001 + n, unit="eur")
    ClusterDecisionFactory(territory=territory)


def add_points(meeting, project, action):
    AgendaItemFactory(meeting=meeting, project=project, action=action)
    older = DecisionFactory(item=AgendaItemFactory(meeting=meeting, project=project))
    point = AgendaItemFactory(meeting=meeting, project=project, action=action, revisits=older)
    AgendaOptionFactory(item=point)
    DecisionFactory(item=point, supersedes=older, responsible=f"Mme {point.pk}")
    SeatFactory(body=Body.objects.get(territory=meeting.territory))


def plan_of(action):
    return FinancingPlan.objects.of(action).first() or FinancingPlanFactory(
        project=None, action=action
    )


def add_plan_rows(plan, program):
    CostLineFactory(plan=plan)
    scheme = AidSchemeFactory()
    SourceLineFactory(plan=plan, grant=True, program=program, scheme=scheme)


def add_settings(territory, n):
    author = UserFactory(territory=territory, role=Role.READER)
    Sector.objects.create(code=f"f{n}", label=f"Filière {n}", territory=territory)
    PartnerTokenFactory(territory=territory, by=author)
    batch = receive(f"{n}.csv", b"Raison sociale;Commune\nUsine;Fleurance\n", territory, by=author)
    batch.save()
    aids = b"SIREN;Date d'octroi\n000000019;01/02/2025\n"
    ledger_imports.receive(f"{n}.csv", aids, territory, by=author).save()
    CatalogueImportFactory(territory=territory)
    EnvelopeFactory(territory=territory)


def pages_of(client, role, world):
    """{what a person reads: how to get it} for every page and file that the role may open."""
    gets = {}
    for name, (method, allowed, thing) in ROUTES.items():
        if method == GET and role in allowed:
            for arguments in KINDS if thing == "kind" else [world.get(thing, [])]:
                url = reverse(name, args=arguments)
                key = f"{name} {arguments}" if thing == "kind" else name
                gets[key] = partial(client.get, url, QUERIES.get(name))
    return gets


def lists_of(client, territory):
    """The same of the partners’ API, for a token that may read everything."""
    token = PartnerTokenFactory(territory=territory, scopes=list(SCOPES))
    gets = {}
    for name in API:
        for accept in ("application/json", "text/csv"):
            headers = {"Authorization": f"Token {token.secret}", "Accept": accept}
            url = reverse(f"{name}-list", query={"page_size": 200})
            gets[f"{name} {accept}"] = partial(client.get, url, headers=headers)
    return gets


def test_each_page_and_export_costs_the_same_for_one_row_and_for_fifty(sign_in, territory, flat):
    world = one_of_each(territory)
    gets = pages_of(sign_in(Role.MANAGER), Role.MANAGER, world)
    without_rows = flat(gets, partial(grow, territory, world))
    assert {name for name in without_rows if not name.endswith(FORMS)} <= FIXED


@pytest.mark.parametrize("role", [Role.ELECTED, Role.READER])
def test_what_others_read_costs_the_same_too(sign_in, territory, flat, role):
    world = one_of_each(territory)
    flat(pages_of(sign_in(role), role, world), partial(grow, territory, world))


def test_an_api_list_costs_the_same_for_one_row_and_for_fifty(client, territory, flat):
    world = one_of_each(territory)
    assert flat(lists_of(client, territory), partial(grow, territory, world)) == set()


@pytest.fixture
def flat(cost_of, time_machine):
    """Fail when a call costs more with fifty rows than with one; return what shows none.

    The clock stands still: a token notes its use once a minute, on a slow machine too.
    """

    def check(gets, add):
        time_machine.move_to(timezone.now(), tick=False)
        add(range(FEW))
        for get in gets.values():
            get()  # warm caches
        few = {name: cost_of(get, (200, 302)) for name, get in gets.items()}
        add(range(FEW, MANY))
        many = {name: cost_of(get, (200, 302)) for name, get in gets.items()}
        dearer = {
            name: f"{cost.count} → {many[name].count}"
            for name, cost in few.items()
            if many[name].count != cost.count
        }
        assert dearer == {}
        return {name for name, cost in few.items() if many[name].size < cost.size + A_ROW}

    return check
