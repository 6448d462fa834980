"""Two clicks, or two people, at the same moment."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from crm.models import Organisation, Project

pytestmark = pytest.mark.browser

NAME = "Tonnellerie Fictive"
FREE = "Atelier de plats cuisinés bio"  # lacks nothing to be « En montage »
GATED = "Extension du silo et nettoyage optique"  # lacks its start date to be « Qualifié »


def test_two_clicks_create_one_and_the_slower_mover_is_told(demo, open_page, sign_in_as):
    fast, slow = open_page(), open_page()
    sign_in_as(fast, "agent@etabli.test")
    sign_in_as(slow, "gestion@etabli.test")
    create_with_two_clicks(fast)
    move_with_two_clicks(fast)
    for page in (fast, slow):
        page.goto("/projets/")
    choose(fast, "En montage")
    expect(card(fast, "en_montage")).to_be_visible()
    choose(slow, "Détecté")
    the_slower_is_told(slow)


def create_with_two_clicks(page):
    page.goto("/entreprises/nouvelle/")
    page.get_by_label("Nom", exact=True).fill(NAME)
    page.get_by_role("button", name="Créer l’organisation").dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
    page.goto("/entreprises/?q=tonnellerie")
    expect(page.get_by_role("main").get_by_role("link", name=NAME)).to_have_count(1)
    assert Organisation.objects.filter(name=NAME).count() == 1


def move_with_two_clicks(page):
    """The form of a gate writes what it asks, then moves: once."""
    page.goto("/projets/")
    choose(page, "Qualifié", title=GATED)
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Début").fill(str(timezone.localdate()))
    dialog.get_by_role("button", name="Passer à").dblclick()
    expect(card(page, "qualifie", title=GATED)).to_be_visible()
    page.wait_for_load_state("networkidle")
    expect(page.locator("#messages").get_by_role("alert")).to_have_count(0)
    moves = Project.objects.get(title=GATED).stage_changes.filter(to_stage="qualifie")
    assert moves.count() == 1


def choose(page, stage, title=FREE):
    found = page.locator(".card").filter(has_text=title)
    found.get_by_label(f"Déplacer vers… : {title}").click()
    found.get_by_role("button", name=stage).click()


def card(page, lane, title=FREE):
    return page.locator(f"#lane-{lane} .card").filter(has_text=title)


def the_slower_is_told(page):
    """Told who and what, shown where the card is, and nothing of theirs is written."""
    told = page.locator("#messages").get_by_role("alert")
    expect(told).to_contain_text("En montage")
    expect(card(page, "en_montage")).to_be_visible()
    expect(card(page, "detecte")).to_have_count(0)
    assert Project.objects.get(title=FREE).stage_id == "en_montage"
