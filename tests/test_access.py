"""Every route, as anonymous, as a stranger to the territory and as each role.

A route that is not in the tables below fails: whoever adds one says who may use it.
"""

import datetime as dt
from uuid import uuid4

import pytest
from django.db import transaction
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

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
from crm.models import Confidentiality, LocalPriority, Membership, PartnerToken, Role, Sector
from funding import ledger_imports
from funding.models import Program, Undertaking
from tests.actions.factories import (
    BudgetLineFactory,
    IndicatorTargetFactory,
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
    TerritoryFactory,
    UserFactory,
)
from tests.funding.factories import (
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
    WatchNoticeFactory,
)
from tests.reporting.factories import EditionFactory

pytestmark = pytest.mark.django_db

TEAM = {Role.OFFICER, Role.MANAGER}
PAIR = {Role.ELECTED, Role.INDUSTRIALIST}
ALL = set(Role)
MANAGER = {Role.MANAGER}
REPORT = TEAM | {Role.READER}
REVIEWS = TEAM | PAIR

# Route → (method, who may, the object its address names).
GET, POST = "get", "post"
ROUTES = {
    "crm:sign_out": (POST, ALL, None),
    "crm:account": (GET, ALL, None),
    "crm:password": (GET, ALL, None),
    "crm:theme": (POST, ALL, None),
    "crm:switch_territory": (POST, ALL, None),
    "crm:more": (GET, ALL, None),
    "crm:search": (GET, ALL, None),
    "crm:organisation_list": (GET, ALL, None),
    "crm:organisation_new": (GET, TEAM, None),
    "crm:organisation_names": (GET, TEAM, None),
    "crm:organisation": (GET, ALL, "organisation"),
    "crm:organisation_edit": (GET, TEAM, "organisation"),
    "crm:site_new": (GET, TEAM, "organisation"),
    "crm:site_edit": (GET, TEAM, "site"),
    "crm:contact_new": (GET, TEAM, "organisation"),
    "crm:contact_edit": (GET, TEAM, "contact"),
    "crm:contact_delete": (GET, TEAM, "contact"),
    "crm:interaction_new": (GET, TEAM, None),
    "crm:interaction_links": (GET, TEAM, None),
    "crm:interaction_edit": (GET, TEAM, "interaction"),
    "crm:follow_up_list": (GET, TEAM, None),
    "crm:follow_up_new": (GET, TEAM, None),
    "crm:follow_up_edit": (GET, TEAM, "follow_up"),
    "crm:follow_up_done": (POST, TEAM, "follow_up"),
    "crm:follow_up_reopen": (POST, TEAM, "follow_up"),
    "crm:import_list": (GET, TEAM, None),
    "crm:import_model": (GET, TEAM, None),
    "crm:import_columns": (GET, TEAM, "batch"),
    "crm:import_preview": (GET, TEAM, "batch"),
    "crm:import_commit": (POST, TEAM, "batch"),
    "crm:import_refused": (GET, TEAM, "batch"),
    "crm:import_undo": (POST, TEAM, "batch"),
    "crm:import_discard": (POST, TEAM, "batch"),
    "crm:project_board": (GET, ALL, None),
    "crm:project_list": (GET, ALL, None),
    "crm:project_new": (GET, TEAM, None),
    "crm:project": (GET, ALL, "project"),
    "crm:project_edit": (GET, TEAM, "project"),
    "crm:project_move": (POST, TEAM, "project"),
    "crm:project_move_undo": (POST, TEAM, "project"),
    "crm:project_next_step": (POST, TEAM, "project"),
    "crm:project_history": (GET, TEAM, "project"),
    "crm:review_inbox": (GET, REVIEWS, None),
    "crm:review_answer": (POST, PAIR, "review"),
    "crm:review_close": (POST, TEAM, "review"),
    "crm:review_ask": (GET, TEAM, "project"),
    "crm:review_panel": (GET, REVIEWS, "project"),
    "crm:settings": (GET, TEAM, None),
    "crm:setting_references": (GET, TEAM, "reference_kind"),
    "crm:setting_reference": (GET, MANAGER, "reference"),
    "crm:setting_team": (GET, MANAGER, None),
    "crm:setting_member": (POST, MANAGER, "member"),
    "crm:setting_member_remove": (POST, MANAGER, "member"),
    "crm:setting_member_invite": (POST, MANAGER, "member"),
    "crm:setting_tokens": (GET, TEAM, None),
    "crm:setting_token_revoke": (GET, TEAM, "token"),
    "actions:plan": (GET, ALL, None),
    "actions:action_list": (GET, ALL, None),
    "actions:plan_board": (GET, ALL, None),
    "actions:plan_calendar": (GET, ALL, None),
    "actions:plan_pilots": (GET, ALL, None),
    "actions:plan_partners": (GET, ALL, None),
    "actions:action_move": (POST, TEAM, "action"),
    "actions:action_cell": (GET, TEAM, "action_cell"),
    "actions:plan_bulk": (GET, TEAM, None),
    "actions:plan_bulk_undo": (POST, TEAM, "bulk_change"),
    "actions:note_new": (GET, TEAM, "action"),
    "actions:framework_code_new": (GET, TEAM, "action"),
    "actions:framework_code_edit": (GET, TEAM, "framework_code"),
    "actions:plan_new": (POST, TEAM, None),
    "actions:plan_edit": (GET, TEAM, None),
    "actions:action_new": (GET, TEAM, None),
    "actions:action": (GET, ALL, "action"),
    "actions:action_edit": (GET, TEAM, "action"),
    "actions:milestone_new": (GET, TEAM, "action"),
    "actions:milestone_done": (POST, TEAM, "milestone"),
    "actions:milestone_reopen": (POST, TEAM, "milestone"),
    "actions:milestone_edit": (GET, TEAM, "milestone"),
    "actions:indicator_new": (GET, TEAM, "action"),
    "actions:indicator_edit": (GET, TEAM, "indicator"),
    "actions:indicator_value_new": (GET, TEAM, "indicator"),
    "actions:indicator_freeze": (POST, TEAM, "indicator"),
    "actions:indicator_target_new": (GET, TEAM, "indicator"),
    "actions:indicator_target_edit": (GET, TEAM, "indicator_target"),
    "actions:budget_line_new": (GET, TEAM, "action"),
    "actions:budget_line_edit": (GET, TEAM, "budget_line"),
    "actions:public_contract_new": (GET, TEAM, "action"),
    "actions:public_contract_edit": (GET, TEAM, "public_contract"),
    "actions:action_link": (GET, TEAM, "action"),
    "actions:action_link_add": (POST, TEAM, "action_link"),
    "actions:action_unlink": (POST, TEAM, "action_link"),
    "actions:project_panel": (GET, ALL, "project"),
    "actions:organisation_panel": (GET, ALL, "organisation"),
    "actions:meeting_list": (GET, ALL, None),
    "actions:meeting_new": (GET, TEAM, None),
    "actions:meeting": (GET, ALL, "meeting"),
    "actions:meeting_edit": (GET, TEAM, "meeting"),
    "actions:meeting_calendar": (GET, ALL, "meeting"),
    "actions:meeting_live": (GET, TEAM, "meeting"),
    "actions:agenda_item_live": (POST, TEAM, "item"),
    "actions:attendance": (GET, TEAM, "meeting"),
    "actions:body_list": (GET, TEAM, None),
    "actions:body": (GET, TEAM, "body_kind"),
    "actions:body_edit": (GET, TEAM, "body_kind"),
    "actions:seat_new": (GET, TEAM, "body_kind"),
    "actions:seat_edit": (GET, TEAM, "seat"),
    "actions:decision_list": (GET, ALL, None),
    "actions:decision": (GET, ALL, "decision"),
    "actions:project_points": (GET, ALL, "project"),
    "reporting:minutes": (GET, ALL, "minutes"),
    "reporting:decisions_export": (GET, ALL, "kind"),
    "actions:agenda_item_new": (GET, TEAM, None),
    "actions:agenda_item_edit": (GET, TEAM, "item"),
    "actions:agenda_item_up": (POST, TEAM, "item"),
    "actions:agenda_item_down": (POST, TEAM, "item"),
    "actions:agenda_item_place": (POST, TEAM, "item_place"),
    "actions:agenda_item_withdraw": (POST, TEAM, "item"),
    "actions:decision_new": (GET, TEAM, "item"),
    "actions:remove": (GET, TEAM, "removable"),
    "actions:restore": (POST, TEAM, "removed"),
    "funding:program_list": (GET, ALL, None),
    "funding:program": (GET, ALL, "program"),
    "funding:ranking_help": (GET, ALL, None),
    "funding:catalogue_new": (GET, MANAGER, None),
    "funding:program_names": (GET, MANAGER, None),
    "funding:catalogue_edit": (GET, MANAGER, "program"),
    "funding:catalogue_versions": (GET, ALL, "program"),
    "funding:catalogue_verify": (POST, MANAGER, "program"),
    "funding:catalogue_unverify": (POST, MANAGER, "program_check"),
    "funding:catalogue_withdraw": (POST, MANAGER, "program_version"),
    "funding:catalogue_import_list": (GET, MANAGER, None),
    "funding:catalogue_import_fetch": (POST, MANAGER, None),
    "funding:catalogue_import": (GET, MANAGER, "catalogue_import"),
    "funding:catalogue_import_choose": (POST, MANAGER, "catalogue_import"),
    "funding:catalogue_import_commit": (POST, MANAGER, "catalogue_import"),
    "funding:catalogue_import_undo": (POST, MANAGER, "catalogue_import"),
    "funding:catalogue_import_discard": (POST, MANAGER, "catalogue_import"),
    "funding:watch_list": (GET, ALL, None),
    "funding:watch_closing": (GET, ALL, None),
    "funding:watch_seen": (POST, TEAM, None),
    "funding:watch_unseen": (POST, TEAM, "watch_mark"),
    "funding:watch_digest": (POST, TEAM, None),
    "funding:watch_panel": (GET, ALL, "project"),
    "funding:action_watch_panel": (GET, ALL, "action"),
    "reporting:watch_export": (GET, ALL, "kind"),
    "reporting:closing_export": (GET, ALL, "kind"),
    "funding:project_panel": (GET, ALL, "project"),
    "funding:action_panel": (GET, ALL, "action"),
    "funding:question_panel": (GET, ALL, "project"),
    "funding:answer": (POST, TEAM, "project"),
    "funding:forget": (POST, TEAM, "project"),
    "funding:restore": (POST, TEAM, "project_fact"),
    "funding:action_question_panel": (GET, ALL, "action"),
    "funding:action_answer": (POST, TEAM, "action"),
    "funding:action_forget": (POST, TEAM, "action"),
    "funding:action_restore": (POST, TEAM, "action_fact"),
    "funding:action_retain": (POST, TEAM, "action"),
    "funding:action_dismiss": (POST, TEAM, "action"),
    "funding:retain": (POST, TEAM, "project"),
    "funding:dismiss": (POST, TEAM, "project"),
    "funding:decision_undo": (POST, TEAM, "match_decision"),
    "funding:decision_revoke": (POST, TEAM, "match_decision"),
    "funding:decision_renew": (POST, TEAM, "match_decision"),
    "funding:decision_up": (POST, TEAM, "match_decision"),
    "funding:decision_down": (POST, TEAM, "match_decision"),
    "funding:information_list": (GET, ALL, None),
    "funding:information_answer": (POST, TEAM, "project"),
    "funding:action_information_answer": (POST, TEAM, "action"),
    "funding:action_holder_answer": (POST, TEAM, "action"),
    "funding:holder_informations": (GET, ALL, "organisation"),
    "funding:holder_answer": (POST, TEAM, "project"),
    "funding:target_list": (GET, ALL, "program"),
    "reporting:targets_export": (GET, ALL, "program_file"),
    "funding:application_panel": (GET, ALL, "project"),
    "funding:application_new": (GET, TEAM, "project"),
    "funding:application_list": (GET, ALL, None),
    "funding:action_application_panel": (GET, ALL, "action"),
    "funding:action_application_new": (GET, TEAM, "action"),
    "funding:application": (GET, ALL, "application"),
    "funding:application_edit": (GET, TEAM, "application"),
    "funding:application_move": (POST, TEAM, "application"),
    "funding:application_move_undo": (POST, TEAM, "application_move"),
    "funding:application_prepare": (POST, TEAM, "application"),
    "funding:application_demarche": (GET, TEAM, "application"),
    "funding:application_demarche_apply": (POST, TEAM, "application"),
    "funding:application_row_new": (GET, TEAM, "new_application_row"),
    "funding:application_row_edit": (GET, TEAM, "application_row"),
    "funding:application_row_done": (POST, TEAM, "application_row"),
    "funding:application_row_undone": (POST, TEAM, "application_row"),
    "funding:application_row_remove": (POST, TEAM, "application_row"),
    "funding:application_row_restore": (POST, TEAM, "removed_application_row"),
    "funding:plan_list": (GET, ALL, None),
    "funding:plan_panel": (GET, ALL, "project"),
    "funding:action_plan_panel": (GET, ALL, "action"),
    "funding:plan_new": (GET, TEAM, "project"),
    "funding:action_plan_new": (GET, TEAM, "action"),
    "funding:plan": (GET, ALL, "financing_plan"),
    "funding:plan_edit": (GET, TEAM, "financing_plan"),
    "funding:plan_duplicate": (GET, TEAM, "financing_plan"),
    "funding:plan_choose": (POST, TEAM, "financing_plan"),
    "funding:plan_remove": (POST, TEAM, "financing_plan"),
    "funding:plan_restore": (POST, TEAM, "removed_plan"),
    "funding:plan_programs": (GET, TEAM, "financing_plan"),
    "reporting:plans_export": (GET, ALL, "kind"),
    "reporting:plan_workbook": (GET, ALL, "financing_plan"),
    "funding:line_new": (GET, TEAM, "new_line"),
    "funding:line_edit": (GET, TEAM, "line"),
    "funding:line_amount": (POST, TEAM, "line"),
    "funding:line_remove": (POST, TEAM, "line"),
    "funding:line_restore": (POST, TEAM, "removed_line"),
    "funding:aid_list": (GET, TEAM, None),
    "funding:received_aid": (GET, TEAM, "aid"),
    "funding:aid_remove": (POST, TEAM, "aid"),
    "funding:aid_restore": (POST, TEAM, "removed_aid"),
    "funding:ledger": (GET, TEAM, "organisation"),
    "funding:ledger_panel": (GET, TEAM, "organisation"),
    "funding:aid_new": (GET, TEAM, "organisation"),
    "funding:firm_new": (GET, TEAM, "organisation"),
    "funding:firm_remove": (POST, TEAM, "firm"),
    "funding:firm_restore": (POST, TEAM, "removed_firm"),
    "funding:undertaking_declared": (POST, TEAM, "organisation"),
    "funding:eu_size": (GET, TEAM, "organisation"),
    "funding:eu_size_accounts_edit": (GET, TEAM, "organisation"),
    "funding:eu_size_adopt": (POST, TEAM, "organisation"),
    "funding:eu_size_undo": (POST, TEAM, "size_before"),
    "funding:eu_size_firm_new": (GET, TEAM, "organisation"),
    "funding:eu_size_firm_edit": (GET, TEAM, "counted_firm"),
    "funding:eu_size_firm_remove": (POST, TEAM, "counted_firm"),
    "funding:eu_size_firm_restore": (POST, TEAM, "removed_counted_firm"),
    "funding:ledger_imports": (GET, TEAM, None),
    "funding:ledger_import": (GET, TEAM, "ledger_batch"),
    "funding:ledger_import_undo": (POST, TEAM, "ledger_batch"),
    "funding:ledger_import_refused": (GET, TEAM, "ledger_batch"),
    "reporting:aids_export": (GET, TEAM, "kind"),
    "reporting:programs_export": (GET, ALL, "kind"),
    "reporting:minimis_declaration": (GET, TEAM, "organisation"),
    "reporting:today": (GET, ALL, None),
    "reporting:reports": (GET, REPORT, None),
    "reporting:committee_workbook": (GET, TEAM, None),
    "reporting:national_return": (GET, REPORT, None),
    "reporting:edition_list": (GET, ALL, None),
    "reporting:edition_new": (GET, TEAM, None),
    "reporting:edition": (GET, ALL, "edition"),
    "reporting:edition_compare": (GET, ALL, "edition"),
    "reporting:edition_file": (GET, ALL, "edition_file"),
    "reporting:meeting_editions": (GET, ALL, "meeting"),
    "funding:envelope_list": (GET, TEAM, None),
    "funding:envelope_new": (GET, TEAM, None),
    "funding:envelope_compare": (GET, TEAM, None),
    "funding:envelope": (GET, TEAM, "envelope"),
    "funding:envelope_choose": (POST, TEAM, "envelope"),
    "funding:envelope_edit": (GET, TEAM, "envelope"),
    "funding:envelope_duplicate": (GET, TEAM, "envelope"),
    "funding:envelope_remove": (POST, TEAM, "envelope"),
    "funding:envelope_restore": (POST, TEAM, "removed_envelope"),
    "reporting:envelopes_export": (GET, TEAM, "kind"),
    "reporting:funding": (GET, REPORT, None),
    "reporting:funding_workbook": (GET, REPORT, None),
    "reporting:organisations_export": (GET, ALL, "kind"),
    "reporting:projects_export": (GET, ALL, "kind"),
    "reporting:applications_export": (GET, ALL, "kind"),
    "reporting:actions_export": (GET, ALL, "kind"),
}
# What a route cannot do without, so that its answer is about the right to use it.
DATA = {
    "actions:action_move": {"stage": "en_cours", "from": "a_venir"},
    "crm:project_move": {"stage": "qualifie"},
}
# Open to everyone: signing in, the documentation of the API, the component page of DEBUG.
PUBLIC = {"crm:sign_in", "crm:lost_password", "crm:lost_password_sent"}
PUBLIC |= {"crm:first_password", "crm:components", "api:root", "api:docs"}
PUBLIC |= {"api:schema", "api:not_found"}
API = {
    "api:organisation": "organisations:read",
    "api:contact": "contacts:read",
    "api:project": "projects:read",
    "api:application": "projects:read",
    "api:action": "actions:read",
    "api:program": "programs:read",
    "api:match": "matches:read",
}
# The catalogue is public information: a stranger to this territory reads it from theirs.
SHARED = {
    "body_kind",
    "program",
    "program_check",
    "program_version",
    "reference_kind",
    "kind",
    "program_file",
}


def names(entries, namespace=""):
    for entry in entries:
        if isinstance(entry, URLPattern):
            yield namespace + (entry.name or "")
        else:
            inner = f"{entry.namespace}:" if entry.namespace else namespace
            yield from names(entry.url_patterns, inner)


def test_every_route_says_who_may_use_it():
    known = set(ROUTES) | PUBLIC | {f"{name}-{kind}" for name in API for kind in ("list", "detail")}
    assert set(names(get_resolver().url_patterns)) <= known


@pytest.fixture
def world(territory):
    return one_of_each(territory)


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
    }
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
    arguments = {name: [thing.pk] for name, thing in objects.items()}
    return arguments | {
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
        "kind": ["csv"],
        "program_file": [objects["program"].pk, "csv"],
    }


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


def call(client, name, world):
    method, _, thing = ROUTES[name]
    url = reverse(name, args=world[thing] if thing else [])
    # Each call starts from the same world, whatever the one before did to it.
    with transaction.atomic():
        response = getattr(client, method)(url, DATA.get(name, {}))
        transaction.set_rollback(True)
    return response


def test_anonymous_is_sent_to_sign_in(client, world):
    for name in ROUTES:
        response = call(client, name, world)
        assert response.status_code == 302, name
        assert response.url.startswith("/connexion/"), name


@pytest.mark.parametrize("role", list(Role))
def test_each_role_opens_what_is_theirs_and_nothing_else(sign_in, world, role):
    wrong = {}
    for name, (_, allowed, _) in ROUTES.items():
        if name in {"crm:sign_out", "crm:switch_territory"}:
            continue
        client = sign_in(role)
        status = call(client, name, world).status_code
        may = status not in {403, 404} and status < 500
        if may is not (role in allowed):
            wrong[name] = status
    assert wrong == {}


def test_a_stranger_finds_none_of_the_territory_s_things(client, world):
    elsewhere = TerritoryFactory(name="Ailleurs", perimeter=True)
    client.force_login(UserFactory(territory=elsewhere, role=Role.MANAGER))
    wrong = {}
    for name, (_, _, thing) in ROUTES.items():
        if thing and thing not in SHARED and thing != "reference":
            status = call(client, name, world).status_code
            if status != 404:
                wrong[name] = status
    assert wrong == {}


def test_someone_without_a_role_only_gets_a_sentence(client, world):
    client.force_login(UserFactory())
    for name, (method, _, _) in ROUTES.items():
        if name != "crm:sign_out" and method == GET:
            assert call(client, name, world).status_code in {403, 404}, name


@pytest.mark.parametrize("name", sorted(PUBLIC - {"crm:first_password", "crm:components"}))
def test_public_routes_tell_nothing_of_a_territory(client, world, name):
    response = client.get(reverse(name), follow=True)
    assert response.status_code in {200, 404}
    assert b"Bresse" not in response.content


@pytest.mark.parametrize("name", API)
def test_api_refuses_anonymous_strangers_and_other_scopes(client, world, name):
    urls = [reverse(f"{name}-list")]
    if name != "api:match":
        urls.append(reverse(f"{name}-detail", args=world[name.removeprefix("api:")]))
    stranger = PartnerTokenFactory(scopes=[API[name]])
    narrow = PartnerToken.objects.exclude(pk=stranger.pk).get()
    for url in urls:
        assert client.get(url).status_code == 401
    other = PartnerTokenFactory(territory=narrow.territory, scopes=["contacts:read"])
    if name != "api:contact":
        for url in urls:
            headers = {"Authorization": f"Token {other.secret}"}
            assert client.get(url, headers=headers).status_code == 403
    headers = {"Authorization": f"Token {stranger.secret}"}
    if name != "api:program":
        assert client.get(urls[0], headers=headers).json()["count"] == 0
        assert all(client.get(url, headers=headers).status_code == 404 for url in urls[1:])
