"""The same work in a browser that runs no script."""

import datetime

import pytest
from django.utils import timezone
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

FREE = "Atelier de plats cuisinés bio"  # lacks nothing to be « En montage »
GATED = "Extension du silo et nettoyage optique"  # lacks its start date to be « Qualifié »
COMPANY = "Minoterie Arratzelle"


def test_the_work_is_done_without_script(demo, open_page, sign_in_as):
    officer, elected = (open_page(java_script_enabled=False) for _ in range(2))
    sign_in_as(officer, "agent@etabli.test")
    filter_the_companies(officer)
    note_a_visit(officer)
    move_what_is_ready(officer)
    move_what_lacks_something(officer)
    open_a_panel(officer)
    sign_in_as(elected, "elue@etabli.test")
    answer_as_the_pair(elected)


def filter_the_companies(page):
    page.goto("/entreprises/")
    rows = page.get_by_role("main").locator("tbody tr")
    everything = rows.count()
    page.get_by_role("main").get_by_role("searchbox").fill("arratzelle")
    page.get_by_role("main").get_by_text("Filtrer", exact=True).click()
    page.get_by_role("button", name="Appliquer").click()
    expect(rows).to_have_count(1)
    assert everything > 1
    expect(rows.get_by_role("link", name=COMPANY)).to_be_visible()


def note_a_visit(page):
    page.get_by_role("link", name=COMPANY).click()
    page.get_by_role("link", name="Noter un échange").click()
    page.get_by_label("Visite").check()
    page.locator("#id_summary").fill("Le silo sera agrandi au printemps.")
    page.get_by_role("button", name="Enregistrer l’échange").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(COMPANY)
    expect(page.get_by_role("main")).to_contain_text("Le silo sera agrandi au printemps.")


def move(page, title, stage):
    page.goto("/projets/")
    card = page.locator(".card").filter(has_text=title)
    card.get_by_label(f"Déplacer vers… : {title}").click()
    card.get_by_role("button", name=stage).click()


def move_what_is_ready(page):
    move(page, FREE, "En montage")
    expect(page.locator("#lane-en_montage").get_by_role("link", name=FREE)).to_be_visible()
    expect(page.locator("#messages")).to_contain_text(f"{FREE} est passé à En montage")
    page.locator("#messages").get_by_role("button", name="Annuler").click()
    page.goto("/projets/")
    expect(page.locator("#lane-qualifie").get_by_role("link", name=FREE)).to_be_visible()


def move_what_lacks_something(page):
    move(page, GATED, "Qualifié")
    expect(page.get_by_role("heading", level=1)).to_have_text("Passer à « Qualifié »")
    soon = timezone.localdate() + datetime.timedelta(days=90)
    page.get_by_label("Début").fill(str(soon))
    page.get_by_role("button", name="Passer à « Qualifié »").click()
    expect(page.locator("#lane-qualifie").get_by_role("link", name=GATED)).to_be_visible()


def open_a_panel(page):
    page.locator("#lane-qualifie").get_by_role("link", name=GATED).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(GATED)
    page.get_by_role("link", name="Ouvrir « Financements possibles »").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(GATED)
    expect(page.locator("details.prog").first).to_be_visible()
    page.locator("details.prog summary").first.click()
    expect(page.locator("details.prog .crit").first).to_be_visible()


def answer_as_the_pair(page):
    page.get_by_role("link", name="Avis").first.click()
    card = page.locator("form.avis").filter(has_text="À discuter").first
    question = card.get_by_role("heading").inner_text()
    card.locator(".vote").filter(has_text="À discuter").click()
    card.get_by_label("Un mot, si vous voulez").fill("À voir avec la commune.")
    card.get_by_role("button", name="Envoyer").click()
    expect(page.locator("#messages")).to_contain_text("Votre avis est enregistré.")
    answered = page.get_by_role("region", name="Mes réponses")
    expect(answered).to_contain_text(question)
    expect(answered).to_contain_text("À voir avec la commune.")
