"""What a mouse does, a keyboard does."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

MOVED = "Extension du silo et nettoyage optique"  # lacks its start date to be « Qualifié »


def test_a_card_moves_by_keyboard_alone(demo, open_page, sign_in_as):
    page = open_page()
    sign_in_as(page, "agent@etabli.test")
    page.goto("/projets/")
    the_skip_link_comes_first(page)
    ctrl_k_opens_the_search(page)
    card = page.locator(".card").filter(has_text=MOVED)
    choose_next_stage(page, card)
    dialog = page.get_by_role("dialog", name="Passer à « Qualifié »")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_label("Début")).to_be_focused()
    expect(card.locator("details")).not_to_have_attribute("open", "")
    escape_changes_nothing(page, card, dialog)
    choose_next_stage(page, card)
    expect(dialog).to_be_visible()
    answer_and_send(page, dialog)
    expect(page.locator("#lane-qualifie").locator(".card").filter(has_text=MOVED)).to_be_visible()
    expect(page.locator("#annonce")).to_contain_text(f"{MOVED} est passé à Qualifié")
    expect(card.locator("summary")).to_be_focused()


def the_skip_link_comes_first(page):
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Aller au contenu")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#contenu")).to_be_focused()


def ctrl_k_opens_the_search(page):
    page.keyboard.press("Control+k")
    expect(page.get_by_role("searchbox", name="Rechercher partout")).to_be_focused()


def choose_next_stage(page, card):
    card.get_by_role("link", name=MOVED).focus()
    page.keyboard.press("Tab")
    menu = card.get_by_label(f"Déplacer vers… : {MOVED}")
    expect(menu).to_be_focused()
    page.keyboard.press("Enter")
    expect(card.locator("details")).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    expect(card.locator("details")).not_to_have_attribute("open", "")
    expect(menu).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")  # its own stage is disabled: the first choice is the next one
    expect(card.get_by_role("button", name="Qualifié")).to_be_focused()
    page.keyboard.press("Enter")


def escape_changes_nothing(page, card, dialog):
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("#lane-detecte").locator(".card").filter(has_text=MOVED)).to_be_visible()
    expect(card.locator("details")).not_to_have_attribute("open", "")
    expect(card.locator("summary")).to_be_focused()


def answer_and_send(page, dialog):
    tab_to(page, dialog.get_by_label("Début"))
    # The same day in the two orders in which a browser may ask for it.
    page.keyboard.type(f"1212{timezone.localdate().year + 1}")
    tab_to(page, dialog.get_by_role("button", name="Passer à « Qualifié »"))
    page.keyboard.press("Enter")


def tab_to(page, control, *, presses=12):
    for _ in range(presses):
        if control.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    expect(control).to_be_focused()
