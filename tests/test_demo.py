"""The demonstration: coherent with itself, with its rules, and with the day it is loaded."""

import datetime as dt
import re
from decimal import Decimal
from io import StringIO
from itertools import pairwise
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Sum
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from actions.models import Action, AgendaItem, IndicatorValue, Meeting, Milestone
from config import demo
from config.demo import catalogue_import
from crm import gates
from crm.identifiers import clean_siren, clean_siret
from crm.models import (
    Confidentiality,
    Contact,
    FollowUp,
    Interaction,
    LocalPriority,
    NafCode,
    Organisation,
    Project,
    Review,
    ReviewRequest,
    Site,
    Stage,
    StageChange,
    Territory,
    User,
)
from crm.reference_data import load_all
from funding import catalogue
from funding.action_facts import matches_of_action
from funding.catalogue_imports.commit import receive as receive_catalogue
from funding.catalogue_imports.plan import Plan
from funding.eu_size import Reading
from funding.facts import with_facts
from funding.matching import Matcher, parsed_rules
from funding.models import Application, FinancingPlan
from funding.plan_facts import PlanReader

# A Sunday, when nobody visits anyone: dates move to working days.
TODAY = dt.date(2026, 11, 22)
EXAMPLE = Path(demo.__file__).parent / "entreprises_exemple.csv"
FICTION_PHONE = re.compile(r"(01 99 00|02 61 91|03 53 01|04 65 71|05 36 49|06 39 98)( \d\d){2}")


@pytest.fixture(scope="module")
def _loaded(django_db_setup, django_db_blocker):
    with (
        django_db_blocker.unblock(),
        override_settings(DEBUG=True),
        transaction.atomic(),
    ):
        load_all()
        catalogue.load()
        assert demo.load(today=TODAY)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def fiction(_loaded, db, settings):
    settings.DEBUG = True
    return Territory.objects.get(code=demo.CODE)


@pytest.fixture
def agent(fiction):
    return User.objects.get(email="agent@etabli.test")


def test_it_fills_the_territory(fiction):
    companies = Organisation.objects.companies()
    sites = Site.objects.filter(organisation__in=companies)
    assert fiction.is_demo
    assert 75 <= companies.count() <= 90
    assert set(sites.values_list("commune__epci", flat=True)) == set(
        fiction.epcis.values_list("pk", flat=True)
    )
    assert set(sites.values_list("commune__departement", flat=True)) == {"32", "82", "47"}
    assert Project.objects.count() == 40
    assert set(Project.objects.values_list("stage", flat=True)) == set(
        Stage.objects.values_list("pk", flat=True)
    )
    assert set(Project.objects.values_list("confidentiality", flat=True)) == set(Confidentiality)
    assert Interaction.objects.count() >= 120
    assert FollowUp.objects.count() >= 30
    assert Application.objects.count() >= 25
    assert set(Action.objects.values_list("priority", flat=True)) == set(
        LocalPriority.objects.values_list("pk", flat=True)
    )


def test_no_identifier_can_be_that_of_a_firm(fiction):
    for company in Organisation.objects.companies():
        assert clean_siren(company.siren) < "000100000"
    for site in Site.objects.filter(siret__isnull=False).select_related("organisation"):
        assert clean_siret(site.siret).startswith(site.organisation.siren)


def test_nobody_can_be_called_or_written_to(fiction):
    for contact in Contact.objects.all():
        assert not contact.phone or FICTION_PHONE.fullmatch(contact.phone), contact
        assert not contact.email or contact.email.endswith("@exemple.test")
    emails = [contact.email for contact in Contact.objects.exclude(email="")]
    assert len(emails) == len(set(emails))


def test_every_place_and_activity_exists(fiction):
    naf = set(NafCode.objects.values_list("code", flat=True))
    communes = set(fiction.communes.values_list("pk", flat=True))
    assert {site.commune_id for site in Site.objects.all()} <= communes
    assert {site.naf_rev2 for site in Site.objects.exclude(naf_rev2="")} <= naf
    for project in Project.objects.select_related("commune", "site__commune"):
        assert project.place is None or project.place.pk in communes


def test_every_fact_of_a_company_says_where_it_comes_from(fiction):
    for company in Organisation.objects.companies():
        for name in ("siren", "created_on", "headcount", "turnover", "eu_size"):
            if getattr(company, name) not in (None, ""):
                assert company.source_of(name), (company, name)


def test_a_headcount_counted_in_a_visit_has_its_visit(fiction):
    visits = set(
        Interaction.objects.filter(kind="visit").values_list("organisation", "happened_on")
    )
    counted = [
        (company.pk, dt.date.fromisoformat(company.provenance["headcount"]["as_of"]))
        for company in Organisation.objects.companies()
        if company.provenance.get("headcount", {}).get("source") == "visite"
    ]
    assert len(counted) > 20
    assert set(counted) <= visits


def test_each_project_has_what_its_stages_ask(fiction):
    stages = Stage.objects.filter(kind=Stage.Kind.PIPELINE)
    for project in gates.with_gates(Project.objects.select_related("stage", "paused_from")):
        reached = project.paused_from or project.stage
        for stage in stages:
            if stage.position <= reached.position:
                for code in stage.requires:
                    assert getattr(project, f"gate_{code}"), (project, stage, code)


def test_moves_are_told_in_order(fiction):
    for project in Project.objects.prefetch_related("stage_changes"):
        days = [timezone.localdate(change.at) for change in project.stage_changes.all()][::-1]
        whole = [project.opened_on, *days]
        assert all(before <= after for before, after in pairwise(whole)), project
        assert whole[-1] == project.stage_since
        first = project.history.last()
        assert first.history_type == "+"
        assert timezone.localdate(first.history_date) == project.opened_on
        if project.stage.needs_reason:
            assert project.stage_reason
        if project.stage.needs_revisit:
            assert project.revisit_on > TODAY


def test_what_is_past_is_past_and_what_is_promised_is_to_come(fiction):
    end = timezone.make_aware(dt.datetime.combine(TODAY, dt.time.max))
    assert not StageChange.objects.filter(at__gt=end).exists()
    assert not Interaction.objects.filter(happened_on__gt=TODAY).exists()
    assert not FollowUp.objects.filter(done_at__gt=end).exists()
    assert not FollowUp.objects.filter(created_at__gt=end).exists()
    assert not Milestone.objects.filter(done_on__gt=TODAY).exists()
    assert not IndicatorValue.objects.filter(observed_on__gt=TODAY).exists()
    assert not Review.objects.filter(at__gt=end).exists()
    assert not Project.objects.filter(jobs_observed_on__gt=TODAY).exists()
    assert not Project.history.filter(history_date__gt=end).exists()
    for name in ("filed_on", "received_on", "decided_on"):
        assert not Application.objects.filter(**{f"{name}__gt": TODAY}).exists()
    for project in Project.objects.active().exclude(stage="en_realisation"):
        assert project.first_commitment_on is None or project.first_commitment_on > TODAY
        assert project.starts_on is None or project.starts_on > TODAY
    for done in Project.objects.filter(stage="realise"):
        assert done.starts_on < done.ends_on <= done.jobs_observed_on <= TODAY
    past = AgendaItem.objects.filter(meeting__held_on__lt=TODAY)
    assert not past.to_decide().exists()


def test_work_happens_on_working_days(fiction):
    assert all(exchange.happened_on.weekday() < 5 for exchange in Interaction.objects.all())
    assert all(meeting.held_on.weekday() < 5 for meeting in Meeting.objects.all())


def test_files_follow_their_program_and_their_dates(fiction):
    for application in Application.objects.select_related("program", "project"):
        dates = [application.filed_on, application.received_on, application.decided_on]
        known = [date for date in dates if date]
        assert known == sorted(known), application
        assert bool(application.filed_on) == (application.status not in Application.NOT_FILED)
        amounts = (
            application.amount_paid,
            application.amount_granted,
            application.amount_requested,
        )
        given = [amount for amount in amounts if amount is not None]
        assert given == sorted(given), application
        program = application.program
        costs = application.project.eligible_costs if application.project else None
        if application.amount_requested and program.rate_max and costs:
            assert application.amount_requested <= costs * program.rate_max / 100
        if application.amount_requested and program.aid_max:
            assert application.amount_requested <= program.aid_max
    soon = TODAY + dt.timedelta(days=12)
    assert Application.objects.filter(status="brouillon", due_on__range=(TODAY, soon)).exists()


def test_no_file_aims_past_the_next_closing_of_its_program(fiction):
    files = Application.objects.filter(filed_on=None).exclude(due_on=None)
    for file in files.select_related("program"):
        closing = parsed_rules(file.program).window.next_deadline(TODAY)
        assert closing is None or file.due_on <= closing, file


def test_nothing_is_filed_before_its_program_opens(fiction):
    for application in Application.objects.filter(
        program__opens_on__isnull=False, filed_on__isnull=False
    ):
        assert application.filed_on >= application.program.opens_on, application


def test_the_plan_says_what_the_projects_say(fiction):
    def latest(label):
        return IndicatorValue.objects.filter(indicator__label=label).latest("observed_on").value

    granted = Application.objects.aggregate(total=Sum("amount_granted"))["total"]
    jobs = Project.objects.aggregate(total=Sum("jobs_created_observed"))["total"]
    assert latest("Aides publiques obtenues") == round(granted / Decimal(1_000_000), 2)
    assert latest("Emplois créés, constatés") == jobs


def test_the_pair_has_points_to_answer_and_one_to_debate(fiction):
    elected = User.objects.get(email="elue@etabli.test")
    industrialist = User.objects.get(email="industriel@etabli.test")
    assert ReviewRequest.objects.waiting().filter(answers=0).count() == 3
    assert ReviewRequest.objects.waiting().filter(answers=1).count() == 1
    assert ReviewRequest.objects.waiting_for(elected).count() == 3
    assert ReviewRequest.objects.waiting_for(industrialist).count() == 4
    asked = ReviewRequest.objects.count()
    assert ReviewRequest.objects.visible_to(elected).count() == asked
    disputed = [request for request in ReviewRequest.objects.complete() if request.is_disputed]
    assert len(disputed) == 1
    assert disputed[0].agenda_item.meeting == Meeting.objects.next_committee(fiction, today=TODAY)


def test_a_committee_is_to_come_with_three_decisions(fiction):
    committee = Meeting.objects.next_committee(fiction, today=TODAY)
    assert 14 <= (committee.held_on - TODAY).days <= 21
    assert committee.items.count() == 6
    assert committee.items.to_decide().count() == 3
    assert Meeting.objects.filter(kind="copil").past(today=TODAY).count() == 2


def test_every_day_has_its_promises(fiction):
    pending = FollowUp.objects.pending()
    week = TODAY + dt.timedelta(days=7)
    assert pending.filter(due_on__lt=TODAY).exists()
    assert pending.filter(due_on=TODAY).exists()
    assert pending.filter(due_on__gt=TODAY, due_on__lte=week).exists()
    assert pending.filter(due_on__gt=week).exists()
    assert FollowUp.objects.exclude(done_at=None).exists()
    assert Project.objects.silent(today=TODAY).exists()
    assert Project.objects.without_next_step().exists()


def test_some_programs_fit_and_some_only_lack_an_answer(agent):
    matcher = Matcher(agent, today=TODAY)
    oven = with_facts(Project.objects.filter(holder__name="Fonderie Marcadis")).get()
    heat = with_facts(Project.objects.filter(title__startswith="Récupération de chaleur")).get()
    assert {m.program.code for m in matcher.matches(oven) if m.is_eligible} >= {"P14"}
    flash = next(m for m in matcher.matches(heat) if m.program.code == "P14")
    assert not flash.is_eligible
    assert not flash.is_excluded


def test_the_history_of_a_project_names_who_and_why(fiction):
    heat = Project.objects.get(title__startswith="Récupération de chaleur")
    edit = heat.history.filter(history_type="~").first()
    assert edit.history_user.email == "agent@etabli.test"
    assert edit.history_change_reason


def test_a_second_run_changes_nothing(fiction):
    def counts():
        models = [
            *apps.get_app_config("crm").get_models(),
            *apps.get_app_config("actions").get_models(),
        ]
        models += apps.get_app_config("funding").get_models()
        return {model.__name__: model.objects.count() for model in models}

    before = counts()
    assert demo.load(today=TODAY + dt.timedelta(days=3)) is False
    out = StringIO()
    call_command("load_demo", stdout=out)
    assert counts() == before
    assert "déjà là" in out.getvalue()
    assert "agent@etabli.test" in out.getvalue()


def test_the_empty_territory_is_refused_once_the_fiction_is_there(fiction):
    with pytest.raises(CommandError, match="supprimez la base"):
        call_command("load_demo", "--empty")


def test_the_example_spreadsheet_has_a_row_of_every_fate(fiction):
    out = StringIO()
    call_command("import_companies", EXAMPLE, territory=demo.CODE, dry_run=True, stdout=out)
    text = out.getvalue().replace("\u00a0", " ")
    assert "cp1252" in text
    assert "7 créées, 2 mises à jour, 1 inchangée" in text
    assert "5 refusées" in text
    assert "notation scientifique" in text


def test_its_financing_plans_show_what_a_plan_can_say(agent):
    """A scenario, a lack of money, a broken ceiling, an authority, a collective action."""
    readings = {
        plan: PlanReader(plan.subject, agent, today=TODAY).reading(plan)
        for plan in FinancingPlan.objects.visible_to(agent).with_lines()
    }
    balanced = {reading.balance.is_balanced for reading in readings.values()}
    assert balanced == {True, False, None}
    assert any(plan.siblings.count() == 2 for plan in readings)
    assert any(plan.action for plan in readings)
    refused = [check for one in readings.values() for check in one.checks if check.source]
    assert {"cumul", "payment"} <= {check.code.partition("-")[0] for check in refused}
    authority = next(one for one in readings.values() if one.rules.holder.is_local_authority)
    share = next(check for check in authority.checks if check.code == "local_authority")
    # Above the 20 % of every authority, under the 30 % of one that leads: which is it?
    assert share.status == "a_verifier"
    assert "L1111-9" in share.text + share.reference


def test_pages_without_a_territory_say_that_the_data_is_fictitious(client, fiction):
    signed_in = Client()
    signed_in.force_login(User.objects.get(email="lecture@etabli.test"))
    for who, address in (
        (client, reverse("crm:sign_in")),
        (client, reverse("crm:lost_password")),
        (client, reverse("api:docs")),
        (signed_in, reverse("crm:setting_team")),
        (signed_in, "/projets/999999/"),
    ):
        assert "toutes les données sont fictives" in who.get(address).content.decode(), address


def test_a_territory_without_the_fiction_does_not_say_so(client, fiction):
    fiction.is_demo = False
    fiction.save(update_fields=["is_demo"])
    assert "fictives" not in client.get(reverse("crm:lost_password")).content.decode()


def test_an_action_has_its_answers_and_its_decisions(fiction, agent):
    action = Action.objects.get(code="LOG-1")
    decided = {one.program.code: one.kind for one in action.match_decisions.live()}
    assert decided == {"P07": "retained", "P89": "dismissed"}
    assert action.declared_facts.count() == 2
    matches = {match.program.code: match for match in matches_of_action(action, agent)}
    assert matches["P86"].is_eligible
    assert not matches["P07"].is_excluded


def test_the_example_catalogue_shows_every_fate_of_a_program(fiction):
    data = catalogue_import.FILE.read_bytes()
    plan = Plan(receive_catalogue(catalogue_import.FILE.name, data))
    fates = {row.external_id: row.fate for row in plan.rows}
    assert fates == {
        "exemple-diag-copeaux": "updated",
        "exemple-sechoir": "updated",
        "exemple-pret-scies": "unchanged",
        "exemple-eau-atelier": "created",
        "exemple-diag-copeaux-atelier": "similar",
        "exemple-sans-titre": "refused",
    }
    assert [change.before for row in plan.rows for change in row.kept] == ["70\u00a0000\u00a0€"]
    assert [program.external_id for program in plan.vanished] == ["exemple-prime-rabots"]


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        ("catalogue_exemple_data_gouv.csv", "data-gouv"),
        ("catalogue_exemple_aides_territoires.csv", "aides-territoires"),
    ],
)
def test_the_other_example_catalogues_are_read_in_full(fiction, name, origin):
    batch = receive_catalogue(name, EXAMPLE.with_name(name).read_bytes())
    assert batch.origin == origin
    assert Plan(batch).counts["created"] == len(batch.entries) == 2


def test_a_company_changes_size_with_its_holding_and_its_partner(agent):
    reading = Reading(Organisation.objects.get(name="Laboratoires Sylvagone"), agent, TODAY)
    assert reading.held == "small"
    assert (reading.by_itself, reading.size) == ("Petite entreprise", "medium")
    assert all("fictif" in row.firm.name for row in reading.rows if not row.is_own)
    assert all(clean_siren(row.siren) < "000100000" for row in reading.rows)
