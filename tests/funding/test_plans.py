import datetime
from decimal import Decimal as D

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from crm.models import Role
from funding.models import AidScheme, CostLine, FinancingPlan, SourceLine
from funding.plan_facts import PlanReader
from tests.actions.factories import ActionFactory
from tests.crm.factories import OrganisationFactory, ProjectFactory
from tests.funding.factories import (
    AidSchemeFactory,
    ApplicationFactory,
    CostLineFactory,
    FinancingPlanFactory,
    ProgramFactory,
    ReceivedAidFactory,
    SourceLineFactory,
)

pytestmark = pytest.mark.django_db
NBSP = "\u00a0"


@pytest.fixture
def project(territory):
    return ProjectFactory(territory=territory, title="Four à pruneaux")


@pytest.fixture
def plan(project):
    return FinancingPlanFactory(project=project)


def new_line(client, plan, kind, /, **data):
    return client.post(reverse("funding:line_new", args=[plan.pk, kind]), data)


def amount(client, kind, line, value, version=None, **headers):
    url = reverse("funding:line_amount", args=[kind, line.pk])
    data = {"amount": value, "version": version or line.version}
    return client.post(url, data, headers=headers)


def posted(initial):
    """What a browser sends back of a form that came filled, as texts."""
    told = {name: getattr(value, "pk", value) for name, value in initial.items()}
    return {name: str(value) for name, value in told.items() if value is not None}


COST = {"label": "Four", "amount": "100 000 €", "eligible": "yes"}
SOURCE = {"kind": "own_funds", "label": "Autofinancement", "amount": "100 000", "state": "granted"}


def test_a_plan_from_the_project_to_its_balance(officer_client, project):
    url = reverse("funding:plan_new", args=[project.pk])
    officer_client.post(url, {"name": "Plan de base", "vat_basis": "ht"})
    plan = FinancingPlan.objects.get()
    assert plan.is_chosen
    assert plan.created_by == officer_client.user
    new_line(officer_client, plan, "depense", **COST)
    new_line(officer_client, plan, "ressource", **SOURCE | {"amount": "60 000,50"})
    page = officer_client.get(plan.get_absolute_url())
    assertContains(page, f"Il manque 39{NBSP}999,50{NBSP}€")
    panel = officer_client.get(reverse("funding:plan_panel", args=[project.pk]))
    assertContains(panel, f"Il manque 39{NBSP}999,50{NBSP}€")


def test_an_action_has_a_plan_too(officer_client, territory):
    action = ActionFactory(territory=territory)
    url = reverse("funding:action_plan_new", args=[action.pk])
    officer_client.post(url, {"name": "Plan de base", "vat_basis": "ttc"})
    plan = FinancingPlan.objects.get()
    assert plan.subject == action
    page = officer_client.get(plan.get_absolute_url())
    assertContains(page, action.title)
    new_line(officer_client, plan, "depense", **COST)
    new_line(officer_client, plan, "ressource", **SOURCE | {"kind": "grant"})
    assertContains(officer_client.get(plan.get_absolute_url()), "Équilibré")
    panel = officer_client.get(reverse("funding:action_plan_panel", args=[action.pk]))
    assertContains(panel, "Équilibré")


def test_an_unknown_amount_never_balances(officer_client, plan):
    CostLineFactory(plan=plan, amount=100_000)
    SourceLineFactory(plan=plan, amount=100_000)
    SourceLineFactory(plan=plan, amount=None)
    page = officer_client.get(plan.get_absolute_url())
    assertContains(page, "Équilibre à confirmer")
    assertNotContains(page, "Équilibré à")


def test_a_first_plan_says_first_what_somebody_can_settle(officer_client, plan):
    """Rules that only wait for the day of grant are one line, those to read again another."""
    none = AidSchemeFactory(code="none", label="Hors aide d’État", kind="none")
    unread = AidSchemeFactory(
        code="RGEC-47", kind="exempted", ceiling="circular_economy", confidence="K"
    )
    CostLineFactory(plan=plan, amount=100_000)
    for scheme in (none, unread):
        SourceLineFactory(plan=plan, kind="grant", amount=10_000, scheme=scheme)
    page = officer_client.get(plan.get_absolute_url())
    reading = page.context["reading"]
    assert [one.title for one in reading.undated]
    assert [one.title for one in reading.unread]
    told = [*reading.urgent, *reading.undated, *reading.settled, *reading.unread]
    assert {one.code for one in told} == {one.code for one in reading.standing}
    assert len(told) == len(reading.standing)
    assertContains(page, "Donner la date d’octroi prévue")
    assertContains(page, 'id="plan-unread"')
    plan.refresh_from_db()
    plan.granted_on = datetime.date(2026, 12, 17)
    plan.save()
    page = officer_client.get(plan.get_absolute_url())
    assert not page.context["reading"].undated
    assertNotContains(page, 'id="plan-undated"')


@pytest.mark.parametrize(
    ("kind", "data", "sentence"),
    [
        ("depense", COST | {"amount": "cent mille"}, "n’est pas un nombre"),
        ("depense", COST | {"amount": "-5"}, "négatif"),
        ("depense", COST | {"vat_rate": "120"}, "ne dépasse pas 100"),
        ("depense", COST | {"label": ""}, "obligatoire"),
        ("depense", COST | {"year": "27"}, "2000 à 2100"),
        ("depense", COST | {"eligible": "part", "eligible_amount": "200 000"}, "part éligible"),
        (
            "depense",
            COST | {"starts_on": "2027-03-01", "ends_on": "2027-01-01"},
            "précède la première",
        ),
        ("ressource", SOURCE | {"rate": "101"}, "ne dépasse pas 100"),
        ("ressource", SOURCE | {"rate": "-1"}, "négatif"),
        ("ressource", SOURCE | {"rate": "moitié"}, "n’est pas un nombre"),
        ("ressource", SOURCE | {"amount": "9" * 15}, "chiffres"),
        ("ressource", SOURCE | {"equivalent": "200 000"}, "dépasse le montant"),
        ("ressource", SOURCE | {"advance_rate": "60", "interim_rate": "50"}, "dépassent 100"),
        ("ressource", SOURCE | {"label": ""}, "Nommez la source"),
        ("ressource", SOURCE | {"kind": "don"}, "don"),
        ("ressource", SOURCE | {"aided": ["99999999"]}, "99999999"),
        ("ressource", SOURCE | {"paid_on": "demain"}, "Écrivez une date"),
        ("ressource", SOURCE | {"granted_on": "0026-12-17"}, "2000 à 2100"),
        (
            "ressource",
            SOURCE | {"filed_on": "2026-06-02", "granted_on": "2026-06-01"},
            "précède le dépôt de la demande",
        ),
        (
            "ressource",
            SOURCE | {"filed_on": "2027-06-02", "paid_on": "2020-06-01"},
            "Ce versement, le 01/06/2020, précède le dépôt",
        ),
        (
            "ressource",
            SOURCE | {"granted_on": "2027-06-02", "advance_on": "2027-06-01"},
            "Ce versement, le 01/06/2027, précède l’octroi",
        ),
        ("depense", COST | {"ends_on": "9999-12-31"}, "2000 à 2100"),
    ],
)
def test_what_does_not_hold_is_refused_with_a_sentence(officer_client, plan, kind, data, sentence):
    response = new_line(officer_client, plan, kind, **data)
    assertContains(response, sentence, status_code=422)
    assert not CostLine.objects.exists()
    assert not SourceLine.objects.exists()


@pytest.mark.parametrize("kind", ["depense", "ressource"])
def test_a_second_click_adds_no_second_line(officer_client, plan, kind):
    data = COST if kind == "depense" else SOURCE
    for _ in range(2):
        new_line(officer_client, plan, kind, **data)
    assert CostLine.objects.count() + SourceLine.objects.count() == 1


def test_an_amount_left_empty_is_rate_times_basis(officer_client, plan):
    data = SOURCE | {"kind": "grant", "basis": "520 000", "rate": "50", "amount": ""}
    new_line(officer_client, plan, "ressource", **data)
    assert SourceLine.objects.get().amount == D(260_000)
    new_line(officer_client, plan, "ressource", **data | {"rate": "", "label": "Autre"})
    assert SourceLine.objects.get(label="Autre").amount is None


def test_a_cell_answers_with_the_balance_and_the_checks(officer_client, plan):
    CostLineFactory(plan=plan, amount=100_000)
    line = SourceLineFactory(plan=plan, amount=90_000)
    response = amount(officer_client, "ressource", line, "100 000", **{"HX-Request": "true"})
    assertContains(response, f"Équilibré à 100{NBSP}000{NBSP}€")
    assertContains(response, 'id="plan-checks"')
    assert "quilibr" in response.headers["HX-Trigger"]
    line.refresh_from_db()
    assert line.amount == D(100_000)
    assert line.history.count() == 2


def test_a_cell_works_without_script(officer_client, plan):
    line = CostLineFactory(plan=plan, amount=100_000)
    response = amount(officer_client, "depense", line, "")
    assert response.url == f"{plan.get_absolute_url()}#depense-{line.pk}"
    line.refresh_from_db()
    assert line.amount is None


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
@pytest.mark.parametrize(
    ("typed", "sentence"), [("beaucoup", "n’est pas un nombre"), ("-1", "négatif")]
)
def test_a_refused_cell_keeps_what_was_typed(officer_client, plan, typed, sentence, headers):
    line = CostLineFactory(plan=plan, amount=100_000)
    response = amount(officer_client, "depense", line, typed, **headers)
    assertContains(response, sentence, status_code=422)
    assertContains(response, typed, status_code=422)
    line.refresh_from_db()
    assert line.amount == D(100_000)


def test_a_cell_below_its_eligible_part_is_refused(officer_client, plan):
    line = CostLineFactory(plan=plan, eligible="part", eligible_amount=80_000)
    response = amount(officer_client, "depense", line, "50 000")
    assertContains(response, "part éligible", status_code=422)


def test_the_slower_of_two_people_is_told(officer_client, plan):
    line = CostLineFactory(plan=plan, amount=100_000)
    amount(officer_client, "depense", line, "110 000", version=1)
    late = amount(officer_client, "depense", line, "120 000", version=1, **{"HX-Request": "true"})
    assertContains(late, f"110{NBSP}000{NBSP}€ entre-temps", status_code=409)
    assertContains(late, "120 000", status_code=409)
    line.refresh_from_db()
    assert line.amount == D(110_000)
    edit = reverse("funding:line_edit", args=["depense", line.pk])
    page = officer_client.post(edit, COST | {"version": 1})
    assertContains(page, "entre-temps", status_code=409)
    header = reverse("funding:plan_edit", args=[plan.pk])
    named = {"name": "Base", "vat_basis": "ht", "version": plan.version}
    assert officer_client.post(header, named).status_code == 302
    page = officer_client.post(header, named | {"name": "Autre"})
    assertContains(page, "entre-temps", status_code=409)
    assertContains(page, "Autre", status_code=409)


def test_a_line_is_removed_and_put_back_whole(officer_client, plan):
    cost = CostLineFactory(plan=plan, label="Four", amount=100_000)
    grant = SourceLineFactory(plan=plan, grant=True, aided=[cost.pk])
    url = reverse("funding:line_remove", args=["depense", cost.pk])
    page = officer_client.post(url, follow=True)
    assert not plan.costs.exists()
    trace = CostLine.history.filter(history_type="-").get()
    undo = reverse("funding:line_restore", args=["depense", trace.pk])
    assertContains(page, undo)
    for _ in range(2):
        officer_client.post(undo)
    back = plan.costs.get()
    assert (back.pk, back.amount) == (cost.pk, D(100_000))
    grant.refresh_from_db()
    assert grant.aided == [back.pk]


def test_if_the_region_refuses(officer_client, plan):
    cost = CostLineFactory(plan=plan, amount=150_000)
    SourceLineFactory(plan=plan, amount=100_000)
    region = SourceLineFactory(plan=plan, grant=True, amount=50_000, aided=[cost.pk])
    url = reverse("funding:plan_duplicate", args=[plan.pk])
    for _ in range(2):
        officer_client.post(url, {"name": "Si la Région refuse", "refused": [region.pk]})
    copy = FinancingPlan.objects.exclude(pk=plan.pk).get()
    assert not copy.is_chosen
    assert copy.sources.get(kind="grant").state == "refused"
    assert copy.sources.get(kind="grant").aided == [copy.costs.get().pk]
    page = officer_client.get(plan.get_absolute_url())
    assertContains(page, f"Il manque 50{NBSP}000{NBSP}€")
    assertContains(page, "Scénarios côte à côte")
    region.refresh_from_db()
    assert region.state == "to_file"


def test_one_scenario_is_chosen_and_the_choice_is_undone(officer_client, plan):
    other = FinancingPlanFactory(project=plan.project, name="Autre", is_chosen=False)
    page = officer_client.post(reverse("funding:plan_choose", args=[other.pk]), follow=True)
    assert FinancingPlan.objects.chosen().get() == other
    undo = reverse("funding:plan_choose", args=[plan.pk])
    assertContains(page, undo)
    officer_client.post(undo)
    assert FinancingPlan.objects.chosen().get() == plan


def test_the_database_holds_one_chosen_plan_and_one_subject(plan, territory):
    with pytest.raises(IntegrityError), transaction.atomic():
        FinancingPlanFactory(project=plan.project)
    with pytest.raises(IntegrityError), transaction.atomic():
        FinancingPlan.objects.create(
            project=plan.project, action=ActionFactory(territory=territory), name="Deux"
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        FinancingPlan.objects.create(name="Aucun")


def test_a_scenario_comes_back_with_its_lines_and_not_those_removed_before(officer_client, plan):
    CostLineFactory(plan=plan, label="Four")
    gone = CostLineFactory(plan=plan, label="Retirée avant")
    officer_client.post(reverse("funding:line_remove", args=["depense", gone.pk]))
    old = CostLine.history.filter(history_type="-")
    old.update(history_date=old.get().history_date.replace(year=2025))
    SourceLineFactory(plan=plan)
    officer_client.post(reverse("funding:plan_remove", args=[plan.pk]))
    assert not FinancingPlan.objects.exists()
    trace = FinancingPlan.history.filter(history_type="-").get()
    for _ in range(2):
        officer_client.post(reverse("funding:plan_restore", args=[trace.pk]))
    back = FinancingPlan.objects.get()
    assert back.is_chosen
    assert [cost.label for cost in back.costs.all()] == ["Four"]
    assert back.sources.count() == 1


def test_a_source_comes_prefilled_from_a_program_and_its_file(officer_client, plan):
    AidScheme.objects.load_shipped()
    plan.project.holder.eu_size = "medium"
    plan.project.holder.save()
    CostLineFactory(plan=plan, amount=500_000)
    program = ProgramFactory(
        name="Économie circulaire",
        rate_max=D(60),
        rates_by_size={"medium": "40"},
        aid_max=D(150_000),
        legal_basis="RGEC (règlement (UE) 651/2014), art. 47",
    )
    ApplicationFactory(project=plan.project, program=program, due_on="2031-02-15")
    listed = officer_client.get(reverse("funding:plan_programs", args=[plan.pk]))
    assertContains(listed, "Économie circulaire")
    page = officer_client.get(
        reverse("funding:line_new", args=[plan.pk, "ressource"]), {"dispositif": program.pk}
    )
    initial = page.context["form"].initial
    assert initial["rate"] == D(40)
    assert initial["basis"] == D(500_000)
    assert initial["amount"] == D(150_000)
    assert initial["scheme"].pk == "SA.111726-47"
    file = initial["application"]
    assert file.program == program
    new_line(officer_client, plan, "ressource", **posted(initial))
    # What the file tells comes from it, and what it does not from the program.
    current = plan.sources.get().current
    assert (current.state, str(current.filed_on)) == ("to_file", "2031-02-15")
    assert current.amount == D(150_000)
    file.move_to("depose", on=datetime.date(2031, 2, 1), by=None, amount_requested=D(140_000))
    current = plan.sources.get().current
    assert (current.state, current.amount) == ("requested", D(140_000))


def test_a_plan_without_costs_proposes_no_amount(officer_client, plan):
    program = ProgramFactory(rate_max=40)
    url = reverse("funding:line_new", args=[plan.pk, "ressource"])
    form = officer_client.get(url, {"dispositif": program.pk}).context["form"]
    assert (form["basis"].value(), form["amount"].value()) == (None, None)
    assert "Le plus que permet le dispositif" in form["rate"].help_text
    CostLineFactory(plan=plan, amount=None)
    sure = ProgramFactory(rate_min=40, rate_max=40)
    form = officer_client.get(url, {"dispositif": sure.pk}).context["form"]
    assert form["basis"].value() is None
    assert "Le plus" not in form["rate"].help_text


def test_a_line_keeps_the_program_that_a_local_version_replaced(officer_client, plan):
    national = ProgramFactory(name="Fonds vert")
    line = SourceLineFactory(plan=plan, program=national)
    territory = plan.project.territory
    local = ProgramFactory(name="Fonds vert", national=national, territory=territory)

    def offered(name, *args):
        page = officer_client.get(reverse(f"funding:{name}", args=args))
        return set(page.context["form"].fields["program"].queryset)

    assert offered("line_new", plan.pk, "ressource") == {local}
    assert offered("line_edit", "ressource", line.pk) == {national, local}


def test_checks_read_the_holder_the_ledger_and_the_day_of_grant(officer_client, project):
    AidScheme.objects.load_shipped()
    plan = FinancingPlanFactory(project=project, granted_on="2026-12-17")
    CostLineFactory(plan=plan, amount=400_000)
    SourceLineFactory(plan=plan, grant=True, label="Région", amount=100_000, scheme_id="de-minimis")
    ReceivedAidFactory(organisation=project.holder, amount=250_000, granted_on="2025-06-01")
    page = officer_client.get(plan.get_absolute_url())
    assertContains(page, f"350{NBSP}000{NBSP}€ sur 300{NBSP}000{NBSP}€")
    assertContains(page, "Source en cause")
    assertContains(page, "01/06/2028")


def test_the_ledger_is_not_told_to_readers(sign_in, territory):
    AidScheme.objects.load_shipped()
    project = ProjectFactory(territory=territory, confidentiality="partenaires")
    plan = FinancingPlanFactory(project=project, granted_on="2026-12-17")
    SourceLineFactory(plan=plan, grant=True, amount=10_000, scheme_id="de-minimis")
    ReceivedAidFactory(organisation=project.holder, amount=77_777, granted_on="2025-06-01")
    page = sign_in(Role.READER).get(plan.get_absolute_url())
    assertNotContains(page, "77\u00a0777")
    assertNotContains(page, "87\u00a0777")
    assertNotContains(page, '<input class="cell')


def test_a_plan_of_an_internal_project_is_not_shown_to_readers(sign_in, plan):
    reader = sign_in(Role.READER)
    assert reader.get(plan.get_absolute_url()).status_code == 404
    assertNotContains(reader.get(reverse("funding:plan_list")), "Four à pruneaux")


def test_readers_see_a_plan_but_do_not_write(sign_in, territory):
    project = ProjectFactory(territory=territory, confidentiality="partenaires")
    plan = FinancingPlanFactory(project=project)
    line = CostLineFactory(plan=plan)
    reader = sign_in(Role.READER)
    assert reader.get(plan.get_absolute_url()).status_code == 200
    assert amount(reader, "depense", line, "1").status_code == 403
    assert new_line(reader, plan, "depense", **COST).status_code == 403


def test_an_authority_must_bring_a_fifth(officer_client, territory):
    holder = OrganisationFactory(territory=territory, kind="epci")
    project = ProjectFactory(territory=territory, holder=holder)
    plan = FinancingPlanFactory(project=project, granted_on="2026-12-17")
    CostLineFactory(plan=plan, amount=100_000)
    SourceLineFactory(plan=plan, amount=15_000)
    SourceLineFactory(plan=plan, grant=True, label="DETR", amount=85_000)
    page = officer_client.get(plan.get_absolute_url())
    assertContains(page, f"soit 15{NBSP}%. Il faut 20{NBSP}%")


def test_two_scenarios_do_not_share_a_name(officer_client, plan):
    other = FinancingPlanFactory(project=plan.project, name="Autre", is_chosen=False)
    url = reverse("funding:plan_edit", args=[other.pk])
    data = {"name": "plan de BASE", "vat_basis": "ht", "version": 1}
    assertContains(officer_client.post(url, data), "porte déjà ce nom", status_code=422)


def test_nothing_unknown_in_a_plan_without_lines(officer_client, plan):
    assertContains(officer_client.get(plan.get_absolute_url()), "Aucune dépense")


def test_an_unknown_kind_of_line_is_not_found(officer_client, plan):
    assert officer_client.get(f"/financements/plans/{plan.pk}/don/nouvelle/").status_code == 404
    assert officer_client.post("/financements/plans/lignes/don/1/montant/").status_code == 404


def filled(plan, count):
    for _ in range(count):
        SourceLineFactory(
            plan=plan, grant=True, program=ProgramFactory(), scheme=AidScheme.objects.first()
        )
    CostLineFactory.create_batch(count, plan=plan)


def test_page_cost_does_not_grow_with_lines(officer_client, plan, assert_flat_queries):
    AidScheme.objects.load_shipped()
    assert_flat_queries(
        lambda: officer_client.get(plan.get_absolute_url()),
        lambda count: filled(plan, count // 4 or 1),
    )


def test_page_cost_does_not_grow_with_scenarios(officer_client, plan, assert_flat_queries):
    AidScheme.objects.load_shipped()
    filled(plan, 2)

    def add(count):
        for number in range(count // 5 or 1):
            plan.duplicate(f"Scénario {count} {number}", by=None)

    assert_flat_queries(lambda: officer_client.get(plan.get_absolute_url()), add)


def test_list_cost_does_not_grow_with_plans(officer_client, territory, assert_flat_queries):
    AidScheme.objects.load_shipped()

    def add(count):
        for _ in range(count):
            filled(FinancingPlanFactory(project__territory=territory), 1)

    assert_flat_queries(lambda: officer_client.get(reverse("funding:plan_list")), add)


def test_a_plan_of_the_chosen_scenario_reads_its_own_jobs(plan, officer_client):
    plan.project.jobs_created_planned = D(4)
    plan.project.save()
    CostLineFactory(plan=plan, amount=200_000)
    SourceLineFactory(plan=plan, grant=True, amount=80_000)
    found = FinancingPlan.objects.with_lines().get(pk=plan.pk)
    reading = PlanReader(found.subject, officer_client.user).reading(found)
    assert reading.aid_per_job == D(20_000)
    assert reading.leverage == D("2.5")
