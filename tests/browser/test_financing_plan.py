"""The grid of a financing plan, at the keyboard, and without script."""

import pytest
from playwright.sync_api import expect

from funding.models import FinancingPlan

pytestmark = pytest.mark.browser
BALANCE = "#h-bal"


def plan_url():
    plan = FinancingPlan.objects.chosen().get(project__title__startswith="Four à induction")
    return plan.get_absolute_url()


def test_a_cell_typed_at_the_keyboard_moves_the_balance(demo, open_page, sign_in_as):
    page = open_page()
    sign_in_as(page, "agent@etabli.test")
    page.goto(plan_url())
    expect(page.locator(BALANCE)).to_contain_text("Il manque 190")
    cell = page.get_by_label("Autofinancement, montant en euros")
    cell.fill("1 090 000")
    page.keyboard.press("Enter")
    expect(page.locator(BALANCE)).to_contain_text("Équilibré à 2")
    expect(page.locator("#annonce")).to_contain_text("Plan équilibré")
    expect(cell).to_be_focused()
    cell.fill("beaucoup")
    page.keyboard.press("Tab")
    expect(page.get_by_text("n’est pas un nombre")).to_be_visible()
    expect(cell).to_have_value("beaucoup")
    expect(page.locator(BALANCE)).to_contain_text("Équilibré à 2")


def test_a_scenario_is_opened_and_compared_without_script(demo, open_page, sign_in_as):
    page = open_page(java_script_enabled=False, phone=True)
    sign_in_as(page, "agent@etabli.test")
    page.goto(plan_url())
    cell = page.get_by_label("Autofinancement, montant en euros")
    cell.fill("1 090 000")
    cell.press("Enter")
    expect(page.locator(BALANCE)).to_contain_text("Équilibré à 2")
    page.get_by_role("link", name="Scénario", exact=True).click()
    page.get_by_label("Scénario", exact=True).fill("Si l’ADEME refuse")
    page.get_by_text("DECARB FLASH", exact=True).click()
    page.get_by_role("button", name="Ouvrir le scénario").click()
    expect(page.locator(BALANCE)).to_contain_text("Il manque 810")
    page.get_by_role("button", name="Choisir ce scénario").click()
    expect(page.get_by_role("status").get_by_text("est le scénario choisi")).to_be_visible()
    page.get_by_role("button", name="Annuler", exact=True).click()
    expect(page.get_by_role("status").get_by_text("Plan de base")).to_be_visible()
