"""Keep and set aside the programs of a project: by the keyboard, and without script."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
PROJECT = "Tour de séchage des farines"


def panel_of(page):
    page.goto("/projets/liste/?q=farines")
    page.get_by_role("main").get_by_role("link", name=PROJECT).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(PROJECT)
    return page.locator("#panel-funding")


def test_a_program_is_set_aside_by_the_keyboard_and_comes_back(demo, open_page, sign_in_as):
    page = open_page()
    sign_in_as(page, "agent@etabli.test")
    panel = panel_of(page)
    expect(page.locator("#panel-questions")).to_be_visible()
    studied = panel.get_by_role("link", name="À étudier")
    before = studied.inner_text()
    panel.locator(".match__acts summary").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    toast = page.locator("#messages")
    expect(toast).to_contain_text("est écarté")
    expect(toast).to_contain_text("signalé")
    expect(studied).not_to_have_text(before)
    expect(panel.locator("#h-fin")).to_be_focused()
    toast.get_by_role("button", name="Annuler").click()
    expect(studied).to_have_text(before)


def test_the_shortlist_is_kept_without_script(demo, open_page, sign_in_as):
    page = open_page(java_script_enabled=False)
    sign_in_as(page, "agent@etabli.test")
    page.goto("/projets/liste/?q=farines")
    page.get_by_role("main").get_by_role("link", name=PROJECT).first.click()
    page.get_by_role("main").get_by_role("link", name="Financements possibles").first.click()
    acts = page.locator("#panel-funding .match__acts")
    acts.get_by_role("button", name="Retenir").first.click()
    expect(page.locator("#messages")).to_contain_text("est retenu")
    page.get_by_role("main").get_by_role("link", name="Financements possibles").first.click()
    acts.locator("summary").first.click()
    acts.get_by_role("button", name="Pas le bon thème").first.click()
    expect(page.locator("#messages")).to_contain_text("est écarté")
