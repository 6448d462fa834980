"""Budget lines make the totals of the fiche; public contracts stand beside; both come back."""

import io
from decimal import Decimal

import openpyxl
import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from actions.models import Action, BudgetLine, PublicContract
from crm.models import Role
from tests.actions.factories import ActionFactory, BudgetLineFactory, PublicContractFactory
from tests.crm.factories import OrganisationFactory
from tests.funding.factories import ProgramFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def action(territory):
    return ActionFactory(
        territory=territory, code="ECI-1", budget_planned=180000, budget_spent=Decimal("12.50")
    )


def totals():
    action = Action.objects.get()
    return action.budget_planned, action.budget_committed, action.budget_spent


def typed(**fields):
    return {
        "year": "2026",
        "nature": "fonctionnement",
        "unit": "eur",
        "planned": "1 000 €",
    } | fields


def test_lines_make_the_totals_and_what_was_typed_comes_back_with_the_last_one_gone(
    officer_client, action
):
    url = f"/plan/{action.pk}/budget/"
    for _ in range(2):  # sent twice
        assert officer_client.post(url, typed()).status_code == 302
    assert totals() == (1000, None, None)
    officer_client.post(url, typed(year="2027", planned="500", committed="200"))
    officer_client.post(url, typed(unit="etp", planned="0,5"))
    assert totals() == (1500, 200, None)
    for line in BudgetLine.objects.all():
        officer_client.post(f"/plan/retirer/budget/{line.pk}/")
    assert totals() == (180000, None, Decimal("12.50"))
    trace = BudgetLine.history.get(history_type="-", unit="eur", planned=1000)
    officer_client.post(f"/plan/retablir/budget/{trace.pk}/")
    assert totals() == (1000, None, None)


def test_lines_that_tell_no_amount_make_an_unknown_total(action):
    BudgetLineFactory(action=action)
    assert totals() == (None, None, None)
    BudgetLineFactory(action=action, spent=0)
    assert totals() == (None, None, 0)


def test_the_fiche_s_form_takes_no_total_while_lines_make_it(officer_client, action):
    BudgetLineFactory(action=action, planned=1000)
    url = f"/plan/{action.pk}/modifier/"
    assertContains(officer_client.get(url), "Total des lignes de budget")
    action.refresh_from_db()
    sent = {
        "code": "ECI-1", "title": "Chaleur", "priority": "logement", "status": "en_cours",
        "budget_planned": "999999", "version": action.version,
    }  # fmt: skip
    assert officer_client.post(url, sent).status_code == 302
    assert totals()[0] == 1000
    assert Action.objects.get().title == "Chaleur"


def test_a_change_of_total_is_in_the_history_of_the_fiche(officer_client, action):
    officer_client.post(f"/plan/{action.pk}/budget/", typed())
    page = officer_client.get(action.get_absolute_url())
    changes = [change for _, changes in page.context["log"] for change in changes]
    assert ("budget prévu", "180\u00a0000\u00a0€", "1\u00a0000\u00a0€") in [
        (change.label, change.old, change.new) for change in changes
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"year": "26"}, "Écrivez une année"),
        ({"year": "9" * 30}, "Écrivez une année"),
        ({"nature": ""}, "est obligatoire"),
        ({"unit": "etp", "nature": "investissement"}, "Des ETP sont du fonctionnement."),
        ({"planned": "beaucoup"}, "n’est pas un nombre"),
        ({"planned": "-1"}, "ne peut pas être négatif"),
        ({"planned": "1" * 20}, "chiffres"),
        ({"funder": "²"}, "Sélectionnez un choix valide"),
    ],
)
def test_refused_line_says_why_once_and_writes_nothing(officer_client, action, changes, said):
    response = officer_client.post(f"/plan/{action.pk}/budget/", typed(label="Étude") | changes)
    assertContains(response, "Étude", status_code=422)
    assert response.content.decode().count(said) == 1
    assert not BudgetLine.objects.exists()
    assert totals()[0] == 180000


def test_a_source_is_an_organisation_or_a_text(officer_client, action, territory):
    funder = OrganisationFactory(territory=territory, kind="funder")
    url = f"/plan/{action.pk}/budget/"
    both = officer_client.post(url, typed(funder=funder.pk, source="Région"))
    assertContains(both, "Choisissez un financeur, ou écrivez une autre source.", 1, 422)
    stranger = OrganisationFactory(kind="funder")
    assert officer_client.post(url, typed(funder=stranger.pk)).status_code == 422
    officer_client.post(url, typed(funder=funder.pk))
    assert BudgetLine.objects.get().source_name == funder.name


def test_second_of_two_edits_of_a_line_is_told(officer_client, action):
    line = BudgetLineFactory(action=action, planned=10)
    url = f"/plan/budget/{line.pk}/modifier/"
    assert officer_client.post(url, typed(version=1)).status_code == 302
    response = officer_client.post(url, typed(version=1, planned="2000"))
    assertContains(response, "rien de votre saisie n’a été écrit", status_code=409)
    assertContains(response, "2000", status_code=409)
    assert totals()[0] == 1000
    again = BudgetLine.objects.get().version
    assert officer_client.post(url, typed(version=again, planned="2000")).status_code == 302
    assert totals()[0] == 2000


def test_readers_see_the_table_and_no_button(sign_in, action):
    BudgetLineFactory(action=action, planned=1000, source="Autofinancement")
    BudgetLineFactory(action=action, unit="etp", planned=Decimal("0.5"))
    BudgetLineFactory(action=action, year=2027)
    PublicContractFactory(action=action, title="Étude", amount=38500)
    PublicContractFactory(action=action)
    page = sign_in(Role.READER).get(action.get_absolute_url())
    for text in ("Autofinancement", "0,5\u00a0ETP", "Total en euros", "+ 1\u00a0ligne à confirmer"):
        assertContains(page, text)
    assertContains(page, "+ 1\u00a0marché à confirmer")
    assertNotContains(page, "Modifier la ligne")
    assertNotContains(page, "Modifier le marché")


def contract(**fields):
    return {"title": "Étude des flux", "amount": "38 500", "notified_on": "2026-01-05"} | fields


def test_contract_is_added_edited_removed_and_comes_back(officer_client, action):
    url = f"/plan/{action.pk}/marches/"
    for _ in range(2):
        assert officer_client.post(url, contract(provider_label="Thermia")).status_code == 302
    row = PublicContract.objects.get()
    edit = f"/plan/marches/{row.pk}/modifier/"
    assert officer_client.post(edit, contract(amount="40000", version=1)).status_code == 302
    late = officer_client.post(edit, contract(amount="1", version=1))
    assertContains(late, "rien de votre saisie n’a été écrit", status_code=409)
    officer_client.post(f"/plan/retirer/marche/{row.pk}/")
    assert not PublicContract.objects.exists()
    trace = PublicContract.history.filter(history_type="-").get()
    officer_client.post(f"/plan/retablir/marche/{trace.pk}/")
    assert PublicContract.objects.get().amount == 40000


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ends_on": "2025-01-01"}, "La fin du marché précède sa notification."),
        ({"title": ""}, "est obligatoire"),
        ({"notified_on": "bientôt"}, "Écrivez une date"),
    ],
)
def test_refused_contract_says_why(officer_client, action, changes, said):
    response = officer_client.post(f"/plan/{action.pk}/marches/", contract(**changes))
    assertContains(response, said, 1, 422)
    assert not PublicContract.objects.exists()


def test_provider_that_was_deleted_since_does_not_come_back(officer_client, action, territory):
    row = PublicContractFactory(action=action, provider=OrganisationFactory(territory=territory))
    trace = row.remove()
    row.provider.delete()
    officer_client.post(f"/plan/retablir/marche/{trace.pk}/")
    assert PublicContract.objects.get().provider is None


def test_workbook_of_the_plan_has_the_lines_and_the_contracts_of_its_fiches(
    officer_client, action, territory
):
    BudgetLineFactory(action=action, planned=1000)
    BudgetLineFactory(action=action, unit="etp", planned=Decimal("0.5"))
    BudgetLineFactory(action=ActionFactory(territory=territory, status="termine"), planned=9)
    BudgetLineFactory(planned=7)
    PublicContractFactory(action=action, title="Étude", amount=38500)
    response = officer_client.get("/rapports/actions.xlsx?status=a_venir")
    book = openpyxl.load_workbook(io.BytesIO(response.content))
    assert book.sheetnames == ["Liste", "Budget", "Marchés"]
    heads, *rows = book["Budget"].iter_rows(values_only=True)
    euros, time = heads.index("Prévu (€)"), heads.index("Prévu (ETP)")
    assert [(row[0], row[euros], row[time]) for row in rows] == [
        ("ECI-1", 1000, None),
        ("ECI-1", None, 0.5),
    ]
    assert [row[2] for row in book["Marchés"].iter_rows(min_row=2, values_only=True)] == ["Étude"]


def test_an_answer_does_not_stand_in_for_the_lines(officer_client, action, territory):
    action.pilot = OrganisationFactory(territory=territory, kind="epci")
    action.save()
    BudgetLineFactory(action=action)
    ProgramFactory(criteria=[{"kind": "eligible_costs", "key": "costs", "min": 30_000}])
    url = reverse("funding:action_answer", args=[action.pk])
    sent = {"fact": "eligible_costs", "value": "36000"}
    response = officer_client.post(url, sent, headers={"HX-Request": "true"})
    assertContains(response, "total des lignes de budget", status_code=422)
    assert totals()[0] is None
