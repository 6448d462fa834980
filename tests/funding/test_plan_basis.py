"""A plan HT or TTC, its numbers and its shares."""

from decimal import Decimal as D

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from crm.fields import parse_number
from tests.crm.factories import ProjectFactory
from tests.funding.factories import (
    ApplicationFactory,
    CostLineFactory,
    FinancingPlanFactory,
    SourceLineFactory,
)
from tests.funding.test_plans import posted

pytestmark = pytest.mark.django_db
NBSP = "\u00a0"


@pytest.fixture
def project(territory):
    return ProjectFactory(territory=territory, title="Four à pruneaux")


@pytest.fixture
def plan(project):
    return FinancingPlanFactory(project=project)


def test_a_plan_granted_in_year_26_is_refused(officer_client, plan):
    url = reverse("funding:plan_edit", args=[plan.pk])
    data = {"name": "Base", "vat_basis": "ht", "granted_on": "0026-12-17", "version": 1}
    assertContains(officer_client.post(url, data), "2000 à 2100", status_code=422)


def switch(client, plan, basis, **data):
    """Change the basis of the plan as its form does; return the page that follows."""
    plan.refresh_from_db()
    url = reverse("funding:plan_edit", args=[plan.pk])
    told = {"name": plan.name, "vat_basis": basis, "version": plan.version, **data}
    return client.post(url, told, follow=True)


def test_a_plan_goes_to_ttc_with_its_amounts_and_back_to_the_cent(officer_client, plan):
    line = CostLineFactory(plan=plan, amount=D("33333.33"), vat_rate=20)
    partly = CostLineFactory(
        plan=plan,
        amount=D("100.01"),
        eligible="part",
        eligible_amount=D("50.01"),
        vat_rate=D("5.5"),
    )
    exempt = CostLineFactory(plan=plan, amount=D("1000"), vat_rate=0)
    unknown = CostLineFactory(plan=plan, amount=None)
    page = switch(officer_client, plan, "ttc")
    assertContains(page, "Les dépenses sont converties en TTC")
    assertContains(page, "Revenir en HT rendra les mêmes centimes")
    for one in (line, partly, exempt, unknown):
        one.refresh_from_db()
    assert (line.amount, line.version) == (D("40000.00"), 2)
    assert (partly.amount, partly.eligible_amount) == (D("105.51"), D("52.76"))
    assert (exempt.amount, unknown.amount) == (D("1000.00"), None)
    assertNotContains(page, f"{NBSP}€ TTC")  # the total has its VAT already
    switch(officer_client, plan, "ht")
    line.refresh_from_db()
    partly.refresh_from_db()
    assert line.amount == D("33333.33")
    assert (partly.amount, partly.eligible_amount) == (D("100.01"), D("50.01"))


def test_a_cent_that_would_not_come_back_is_said(officer_client, plan):
    plan.vat_basis = "ttc"
    plan.save()
    line = CostLineFactory(plan=plan, label="Visserie", amount=D("0.03"), vat_rate=20)
    page = switch(officer_client, plan, "ht")
    assertContains(page, f"Revenir en TTC changerait d’un centime «{NBSP}Visserie{NBSP}»")
    line.refresh_from_db()
    assert line.amount == D("0.03")


def test_a_plan_does_not_change_basis_without_the_rate_of_each_line(officer_client, plan):
    known = CostLineFactory(plan=plan, amount=100, vat_rate=20)
    CostLineFactory(plan=plan, label="Études", amount=100)
    page = switch(officer_client, plan, "ttc")
    assertContains(
        page, f"Le taux de TVA manque pour «{NBSP}Études{NBSP}»{NBSP}: donnez-le", status_code=422
    )
    plan.refresh_from_db()
    known.refresh_from_db()
    assert (plan.vat_basis, plan.version, known.amount) == ("ht", 1, 100)
    page = switch(officer_client, plan, "ttc", keeps_amounts="on")
    assertContains(page, "les montants n’ont pas été convertis")
    plan.refresh_from_db()
    known.refresh_from_db()
    assert (plan.vat_basis, known.amount, known.version) == ("ttc", 100, 1)


def test_an_amount_that_no_column_holds_with_vat_is_refused(officer_client, plan):
    CostLineFactory(plan=plan, amount=100, vat_rate=20)
    huge = CostLineFactory(plan=plan, amount=D("999999999999.99"), vat_rate=20)
    assertContains(switch(officer_client, plan, "ttc"), "serait trop grand", status_code=422)
    plan.refresh_from_db()
    huge.refresh_from_db()
    assert (plan.vat_basis, huge.amount) == ("ht", D("999999999999.99"))
    assert not plan.costs.filter(amount=120).exists()


def test_a_plan_renamed_keeps_its_amounts(officer_client, plan):
    line = CostLineFactory(plan=plan, amount=100, vat_rate=20)
    assertContains(switch(officer_client, plan, "ht", name="Autre nom"), "Le plan est à jour.")
    line.refresh_from_db()
    assert (line.amount, line.version) == (100, 1)


def test_the_days_of_a_file_are_not_refused_for_what_was_typed_before(officer_client, plan):
    file = ApplicationFactory(project=plan.project, granted=True)
    line = SourceLineFactory(
        plan=plan, grant=True, application=file, filed_on="2026-12-01", granted_on="2026-09-15"
    )
    url = reverse("funding:line_edit", args=["ressource", line.pk])
    data = posted(officer_client.get(url).context["form"].initial)
    data = {name: value for name, value in data.items() if name not in {"id", "plan", "aided"}}
    data |= {"version": line.version, "application": file.pk}
    assert officer_client.post(url, data).status_code == 302
    page = officer_client.post(url, data | {"version": 2, "is_hypothesis": "on"})
    assertContains(page, "précède le dépôt de la demande", status_code=422)


def test_no_share_of_a_total_that_is_not_known(officer_client, plan):
    CostLineFactory(plan=plan, amount=300_000)
    SourceLineFactory(plan=plan, amount=100_000)
    assertContains(officer_client.get(plan.get_absolute_url()), ", 33,3")
    CostLineFactory(plan=plan, amount=None)
    page = officer_client.get(plan.get_absolute_url())
    assertContains(page, "fonds propres")
    assertNotContains(page, ", 33,3")


def test_an_amount_below_zero_has_a_true_minus(officer_client, plan):
    CostLineFactory(plan=plan, amount=100)
    SourceLineFactory(plan=plan, amount=60)
    page = officer_client.get(plan.get_absolute_url())
    assertContains(page, f"écart : −40{NBSP}€")


def test_a_true_minus_is_read_back():
    assert parse_number("−1\u00a0234,50\u00a0€") == D("-1234.5")
