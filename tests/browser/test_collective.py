"""What companies do not know of each other: a fiche born of their needs, and a synergy of two sites
from the flow noted in the workshop to the gain that is proved."""

import pytest
from playwright.sync_api import expect

from actions.models import Action, Synergy
from crm.models import Organisation

pytestmark = pytest.mark.browser
GIVER, TAKER = "Laiterie Montclarès", "Déshydratés Lomagnol"


def test_welders_that_four_workshops_look_for_become_a_fiche(demo, open_page, sign_in_as):
    page = open_page()
    sign_in_as(page, "agent@etabli.test")
    page.locator("section#detection").get_by_role("link", name="cherchent à recruter").click()
    row = page.locator("section.panel", has_text="parlent de « soudeurs »")
    expect(row.get_by_text("2 entreprises de plus")).to_be_visible()
    row.get_by_text("Les dispositifs qui financent un groupe").click()
    expect(row.get_by_text("peut le demander").first).to_be_visible()
    row.get_by_role("link", name="soudeurs", exact=True).click()
    page.get_by_role("link", name="Proposer une fiche").first.click()
    page.get_by_text("Cycles Gersonne").click()  # they said no
    page.get_by_role("button", name="Créer la fiche").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("soudeurs")
    action = Action.objects.get(code="COL-1")
    assert action.organisations.count() == 3
    page.goto("/plan/detection/")
    page.get_by_role("button", name="Annuler la suite donnée").first.click()
    expect(page.get_by_text("La fiche COL-1 reste.")).to_be_visible()


def test_a_flow_noted_on_a_phone_ends_in_a_gain_that_is_proved(demo, open_page, sign_in_as):
    phone = open_page(phone=True)
    sign_in_as(phone, "agent@etabli.test")
    note_a_flow(phone)
    piste = phone.locator("#flux").get_by_role("listitem").filter(has_text="cherche : matière")
    piste = piste.filter(has_text="même commune").first  # wood for wood, before whey for wood
    expect(piste.get_by_text("Possible")).to_be_visible()
    expect(phone.locator("#flux")).not_to_contain_text(TAKER)
    piste.get_by_role("button", name="Suivre").click()
    agree_both(phone)
    expect(phone.get_by_text(TAKER).first).to_be_visible()
    for step in ("À l’étude", "Accordée", "En service"):
        phone.get_by_role("button", name=f"Passer à « {step} »").click()
        expect(phone.get_by_text(f"La synergie est « {step} »")).to_be_visible()
    prove_a_gain(phone)
    reader = open_page()
    sign_in_as(reader, "lecture@etabli.test")
    reader.goto(Synergy.objects.order_by("pk").last().get_absolute_url())
    expect(reader.get_by_text("24 000 €")).to_be_visible()
    expect(reader.get_by_role("button", name="Passer à")).to_have_count(0)


def note_a_flow(page):
    company = Organisation.objects.get(name=GIVER)
    page.goto(f"{company.get_absolute_url()}")
    page.locator("#flux").get_by_role("link", name="Flux", exact=True).click()
    page.get_by_text("Le site le rejette ou le propose").click()
    page.get_by_text("Matière", exact=True).click()
    page.get_by_label("De quoi s’agit-il").fill("chutes de bois de palettes")
    page.get_by_label("Quantité").fill("120,5")
    page.get_by_label("Unité").select_option("t")
    page.get_by_text("Toute l’année").click()
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator("#flux")).to_contain_text("120,5 tonnes par an")


def agree_both(page):
    expect(page.get_by_text("Accord à demander")).to_have_count(2)
    for side in ("source", "besoin"):
        panel = page.locator(f"section[aria-labelledby=h-{side}]")
        expect(panel).not_to_contain_text(TAKER)
        panel.get_by_label("Donné par").fill("Mme Capdeville")
        panel.get_by_role("button", name="Noter l’accord").click()
        expect(panel.get_by_text("Accord donné")).to_be_visible()


def prove_a_gain(page):
    page.get_by_role("link", name="Gain", exact=True).click()
    page.get_by_text("Constaté", exact=True).click()
    page.get_by_label("Unité").select_option("eur")
    page.get_by_label("Année").fill("2025")
    page.get_by_label("Gain").fill("24 000")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_text("Dites ce qui le prouve")).to_be_visible()
    page.get_by_label("Preuve").fill("factures de deux hivers")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator("#gains")).to_contain_text("factures de deux hivers")
