"""A source bound to a file follows it; a scenario may suppose otherwise, and says so."""

import datetime as dt
import io
from decimal import Decimal as D

import openpyxl
import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from funding.financing.following import Current, Progress, follow
from funding.models import FinancingPlan, GrantAgreement, SourceLine
from funding.plan_facts import PlanReader
from tests.actions.factories import ActionFactory
from tests.crm.factories import ProjectFactory
from tests.funding.factories import (
    ApplicationFactory,
    CostLineFactory,
    FinancingPlanFactory,
    ProgramFactory,
    SourceLineFactory,
    TrancheFactory,
)

FILED, DECIDED = dt.date(2026, 6, 1), dt.date(2026, 9, 1)
TYPED = Current("idea", D(80_000), dt.date(2027, 1, 1), dt.date(2027, 6, 1), dt.date(2028, 1, 1))


@pytest.mark.parametrize(
    ("file", "state", "amount"),
    [
        (Progress("a_deposer"), "to_file", 80_000),
        (Progress("a_deposer", amount_requested=D(90_000)), "to_file", 90_000),
        (Progress("depose", amount_requested=D(90_000)), "requested", 90_000),
        (Progress("liste_d_attente"), "requested", 80_000),
        (Progress("refuse", amount_requested=D(90_000)), "refused", 90_000),
        (Progress("sans_suite"), "refused", 80_000),
        (Progress("retire", amount_requested=D(90_000)), "idea", 90_000),
        (Progress("accepte", D(90_000), D(70_000)), "granted", 70_000),
        # Accepted for an amount that nobody noted: what was hoped for says nothing any more.
        (Progress("accepte", D(90_000)), "granted", None),
        (Progress("accepte", D(90_000), D(70_000), D(65_000), is_agreed=True), "agreed", 65_000),
        (Progress("accepte", D(9), D(70_000), D(70_000), final_grant=D(61_000), is_agreed=True),
         "agreed", 61_000),
        (Progress("accepte", D(9), D(70_000), amount_paid=D(20_000)), "granted", 70_000),
        (Progress("accepte", D(9), D(70_000), amount_paid=D(70_000)), "paid", 70_000),
    ],
)  # fmt: skip
def test_a_file_tells_the_state_and_the_amount(file, state, amount):
    found = follow(TYPED, file)
    assert (found.state, found.amount) == (state, amount)


def test_a_file_tells_its_days_and_the_plan_those_to_come():
    found = follow(TYPED, Progress("depose", filed_on=FILED))
    assert (found.filed_on, found.granted_on) == (FILED, TYPED.granted_on)
    found = follow(TYPED, Progress("accepte", filed_on=FILED, decided_on=DECIDED))
    assert (found.granted_on, found.paid_on) == (DECIDED, TYPED.paid_on)
    # What was withdrawn has not been filed.
    assert follow(TYPED, Progress("retire", filed_on=FILED)).filed_on == TYPED.filed_on


@pytest.fixture
def plan(territory):
    """100 000 € to pay, 40 000 € of own funds, 60 000 € hoped of a file."""
    plan = FinancingPlanFactory(project=ProjectFactory(territory=territory))
    CostLineFactory(plan=plan, amount=100_000, starts_on="2026-12-01", ends_on="2026-12-31")
    SourceLineFactory(plan=plan, amount=40_000, paid_on="2026-12-01")
    return plan


@pytest.fixture
def line(plan):
    file = ApplicationFactory(project=plan.project, status="brouillon")
    return SourceLineFactory(
        plan=plan, grant=True, label="Région", amount=60_000, application=file, program=file.program
    )


def read(plan, user):
    found = FinancingPlan.objects.with_lines().get(pk=plan.pk)
    return PlanReader(found.subject, user).reading(found)


def row_of(response, line):
    """The cells of a line on the page of its plan."""
    text = response.content.decode()
    start = text.index(f'id="ressource-{line.pk}"')
    return text[start : text.index("</tr>", start)]


@pytest.mark.django_db
def test_the_plan_moves_with_the_file(officer_client, plan, line):
    """From hoped for to paid: nothing is typed in the plan, and nothing is stored there."""
    file, user = line.application, officer_client.user
    assert read(plan, user).balance.gap == 0

    file.move_to("depose", on=FILED, by=user, amount_requested=D(55_000))
    reading = read(plan, user)
    assert reading.balance.gap == -5_000
    assert (reading.rules.sources[1].state, reading.rules.sources[1].filed_on) == (
        "requested",
        FILED,
    )

    file.move_to("accepte", on=DECIDED, by=user, amount_granted=D(50_000))
    GrantAgreement.objects.create(application=file, amount=50_000, rate=50)
    response = officer_client.get(plan.get_absolute_url())
    row = row_of(response, line)
    assert "Conventionné" in row
    assert "50\u00a0000" in row
    assert file.get_absolute_url() in row
    assert "<input" not in row.partition('class="num"')[2]
    assert response.context["reading"].balance.gap == -10_000

    file.agreement.accepted_costs = D(90_000)
    file.agreement.save()
    assert read(plan, user).rules.sources[1].amount == 45_000

    TrancheFactory(
        application=file, kind="final_payment", state="versee", amount_paid=45_000,
        paid_on="2027-03-01",
    )  # fmt: skip
    reading = read(plan, user)
    assert reading.rules.sources[1].state == "paid"
    assert {month.on: month.received for month in reading.cash.months if month.received} == {
        dt.date(2026, 12, 1): 40_000,
        dt.date(2027, 3, 1): 45_000,
    }
    line.refresh_from_db()
    assert (line.state, line.amount) == ("to_file", 60_000)


@pytest.mark.django_db
def test_cash_takes_what_was_paid_and_waits_for_the_rest(officer_client, plan, line):
    file = line.application
    file.move_to("depose", on=FILED, by=None)
    file.move_to("accepte", on=DECIDED, by=None, amount_granted=D(60_000))
    TrancheFactory(application=file, kind="advance", paid=True, amount_paid=18_000)
    TrancheFactory(application=file, kind="interim_payment", state="rejetee", amount=9)
    user = officer_client.user
    assert [label for label, _ in read(plan, user).cash.unplaced_sources] == ["Région"]
    line.paid_on = dt.date(2028, 2, 1)
    line.save()
    cash = read(plan, user).cash
    received = {month.on: month.received for month in cash.months if month.received}
    assert received[dt.date(2026, 10, 1)] == 18_000
    assert received[dt.date(2028, 2, 1)] == 42_000
    # An interim payment announced without a day leaves the curve unsure.
    TrancheFactory(application=file, kind="interim_payment", amount=20_000)
    assert read(plan, user).cash.gap is None


@pytest.mark.django_db
def test_the_amount_of_a_file_is_not_typed_over(officer_client, plan, line):
    line.application.move_to("depose", on=FILED, by=None, amount_requested=D(55_000))
    url = reverse("funding:line_amount", args=["ressource", line.pk])
    response = officer_client.post(url, {"amount": "70000", "version": line.version})
    assertContains(response, "suit le dossier, qui dit 55\u00a0000\u00a0€", status_code=422)
    form = {
        "kind": "grant", "label": "Région", "application": line.application_id, "amount": "70000",
        "state": "granted", "version": line.version,
    }  # fmt: skip
    url = reverse("funding:line_edit", args=["ressource", line.pk])
    assertContains(officer_client.get(url), "Le dossier dit\u00a0: 55\u00a0000\u00a0€")
    response = officer_client.post(url, form)
    assertContains(response, "Le dossier dit\u00a0: demandé.", status_code=422)
    assertContains(response, "Hypothèse de ce scénario", status_code=422)
    line.refresh_from_db()
    assert (line.amount, line.state) == (60_000, "to_file")
    assert officer_client.post(url, form | {"is_hypothesis": "on"}).status_code == 302
    line.refresh_from_db()
    assert (line.current.amount, line.current.state) == (70_000, "granted")


@pytest.mark.django_db
def test_an_amount_that_no_file_tells_is_still_typed(officer_client, plan, line):
    url = reverse("funding:line_amount", args=["ressource", line.pk])
    officer_client.post(url, {"amount": "70000", "version": line.version})
    line.refresh_from_db()
    assert line.current.amount == 70_000


@pytest.mark.django_db
def test_a_source_of_no_file_keeps_what_was_typed(officer_client, plan):
    line = SourceLineFactory(plan=plan, grant=True, is_hypothesis=True, state="agreed")
    assert (line.current.state, line.current.amount) == ("agreed", 100_000)
    assert not line.is_contradicted
    assertNotContains(officer_client.get(plan.get_absolute_url()), "suppose autre chose")


@pytest.mark.django_db
def test_if_the_region_refuses_holds_against_the_file(officer_client, plan, line):
    """The scenario keeps its hypothesis, in words, and says when the file has settled it."""
    other = SourceLineFactory(
        plan=plan, grant=True, label="ADEME", amount=1_000,
        application=ApplicationFactory(project=plan.project, filed=True, amount_requested=2_000),
    )  # fmt: skip
    url = reverse("funding:plan_duplicate", args=[plan.pk])
    officer_client.post(url, {"name": "Si la Région refuse", "refused": [line.pk]})
    scenario = FinancingPlan.objects.get(name="Si la Région refuse")
    assert read(scenario, officer_client.user).known_grants == 2_000
    page = officer_client.get(scenario.get_absolute_url())
    assertContains(page, "Ce scénario suppose autre chose que les dossiers")
    assertContains(page, "dit «\u00a0à déposer\u00a0»")
    assertNotContains(page, "contredit par le dossier")

    line.application.move_to("depose", on=FILED, by=None)
    line.application.move_to("accepte", on=DECIDED, by=None, amount_granted=D(60_000))
    other.application.move_to("refuse", on=DECIDED, by=None)
    page = officer_client.get(scenario.get_absolute_url())
    assertContains(page, "contredit par le dossier")
    assertContains(page, "l’hypothèse ne tient plus")
    # What the scenario does not suppose follows its file.
    assert page.context["reading"].known_grants == 0
    base = officer_client.get(plan.get_absolute_url())
    assertNotContains(base, "suppose autre chose")
    assert base.context["reading"].known_grants == 60_000


@pytest.mark.django_db
def test_a_source_refused_by_its_file_is_not_offered_for_refusal(officer_client, plan, line):
    url = reverse("funding:plan_duplicate", args=[plan.pk])
    offered = f'name="refused" value="{line.pk}"'
    assertContains(officer_client.get(url), offered)
    line.application.move_to("depose", on=FILED, by=None)
    line.application.move_to("refuse", on=DECIDED, by=None)
    assertNotContains(officer_client.get(url), offered)


@pytest.mark.django_db
def test_an_hypothesis_goes_with_its_file(officer_client, plan, line):
    SourceLine.objects.filter(pk=line.pk).update(is_hypothesis=True)
    url = reverse("funding:line_edit", args=["ressource", line.pk])
    officer_client.post(
        url, {"kind": "grant", "label": "Région", "state": "idea", "is_hypothesis": "on",
              "version": line.version},
    )  # fmt: skip
    line.refresh_from_db()
    assert (line.application, line.is_hypothesis) == (None, False)


@pytest.mark.django_db
def test_the_workbooks_say_what_the_page_says(officer_client, plan, line):
    """One property behind the page, the workbook of a plan and the list."""
    line.application.move_to("depose", on=FILED, by=None, amount_requested=D(55_000))
    response = officer_client.get(reverse("reporting:plan_workbook", args=[plan.pk]))
    sheet = openpyxl.load_workbook(io.BytesIO(response.content), data_only=True)["Ressources"]
    heads, *rows = (row for row in sheet.iter_rows(values_only=True) if row[1])
    [told] = [dict(zip(heads, row, strict=True)) for row in rows if row[0] == "Région"]
    assert (told["État"], told["D’après"], told["Montant"]) == ("Demandé", "dossier", 55_000)
    assert told["Déposé le"].date() == FILED
    listed = officer_client.get(reverse("reporting:plans_export", args=["csv"]))
    text = b"".join(listed.streaming_content).decode("utf-8-sig")
    assert "95000" in text.replace("\u00a0", "").replace(" ", "").replace("\u202f", "")


def test_the_page_of_a_file_shows_its_line_in_the_plan(officer_client, plan):
    file = ApplicationFactory(project=plan.project)
    other = SourceLineFactory(plan=plan, label="Contribution des EPCI")
    url = reverse("funding:plan_panel", args=[plan.project_id])
    assertContains(officer_client.get(url, {"dossier": file.pk}), "n’est pas dans le plan")
    same = SourceLineFactory(plan=plan, grant=True, program=file.program)
    assert plan.lines_of(file) == [same]
    bound = SourceLineFactory(plan=plan, grant=True, application=file)
    assert FinancingPlan.objects.get().lines_of(file) == [bound]
    page = officer_client.get(url, {"dossier": file.pk})
    assertContains(page, "ce dossier", count=1)
    assertContains(page, other.label)
    assertNotContains(officer_client.get(url, {"dossier": "²"}), "ce dossier")


def test_the_file_of_an_action_shows_the_plan_of_the_action(officer_client, territory):
    action = ActionFactory(territory=territory)
    plan = FinancingPlanFactory(project=None, action=action)
    file = ApplicationFactory(project=None, action=action)
    SourceLineFactory(plan=plan, grant=True, application=file)
    address = reverse("funding:action_plan_panel", args=[action.pk])
    assertContains(officer_client.get(file.get_absolute_url()), f"{address}?dossier={file.pk}")
    assertContains(officer_client.get(address, {"dossier": file.pk}), "ce dossier", count=1)


@pytest.mark.django_db
def test_the_plan_follows_the_file_that_is_opened_for_one_of_its_programs(officer_client, plan):
    program = ProgramFactory()
    line = SourceLineFactory(plan=plan, grant=True, program=program, amount=480_000, state="idea")
    refused = plan.duplicate("Si on refuse", by=officer_client.user, refused={line.pk})
    done = plan.duplicate("Déjà accordé", by=officer_client.user)
    done.sources.filter(program=program).update(state="granted")
    twice = plan.duplicate("Deux fois", by=officer_client.user)
    SourceLineFactory(plan=twice, grant=True, program=program)
    url = reverse("funding:application_new", args=[plan.project_id])
    form = officer_client.get(url, {"dispositif": program.pk}).context["form"]
    assert form["amount_requested"].value() == 480_000
    data = {"program": program.pk, "status": "a_deposer", "amount_requested": "500 000"}
    page = officer_client.post(url, data, follow=True)
    assertContains(page, "2\u00a0ressources des plans le suivent")
    line.refresh_from_db()
    assert (line.current.state, line.current.amount) == ("to_file", 500_000)
    [supposed] = refused.sources.filter(program=program)
    assert (supposed.application, supposed.is_refused) == (line.application, True)
    for other in (done, twice):
        assert not other.sources.filter(program=program, application__isnull=False).exists()
