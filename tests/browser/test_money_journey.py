"""From lead to balance: one project, its money found, asked, granted and paid, in a browser."""

import datetime

import pytest
from django.utils import timezone
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PROJECT = "Extension du silo et nettoyage optique"  # lacks its start date to be « Qualifié »
PROGRAM = "Fonds vert, axe 3 – Territoires d’industrie"
BALANCE, CHECKS = "#h-bal", "#plan-checks"


def test_an_officer_brings_a_lead_to_its_last_euro(demo, open_page, sign_in_as):
    desk, phone = open_page(), open_page(phone=True)
    sign_in_as(desk, "agent@etabli.test")
    project = qualify_by_keyboard(desk)
    retain_a_program(desk)
    plan = build_a_plan(desk)
    file = open_the_file(desk, project)
    bind_the_plan_to_the_file(desk, plan)
    obtain_the_grant(desk, file)
    expect_the_plan_to_follow(desk, plan)
    receive_the_first_payments(desk, file)
    sign_in_as(phone, "agent@etabli.test")
    close_the_file(phone, file)
    expect_it_all_on_the_project(phone, project)


def today(days=0):
    return str(timezone.localdate() + datetime.timedelta(days=days))


def qualify_by_keyboard(page):
    """No mouse from the board to the stage « Qualifié »."""
    page.goto("/projets/")
    card = page.locator(".card").filter(has_text=PROJECT)
    title = card.get_by_role("link", name=PROJECT)
    title.focus()
    for key in ("Tab", "Enter", "Tab"):
        page.keyboard.press(key)
    expect(card.get_by_role("button", name="Qualifié")).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Passer à « Qualifié »")
    expect(dialog.get_by_label("Début")).to_be_focused()
    # The same day in the two orders in which a browser may ask for it.
    page.keyboard.type(f"1212{timezone.localdate().year + 1}")
    page.keyboard.press("Enter")
    expect(page.locator("#lane-qualifie").locator(".card").filter(has_text=PROJECT)).to_be_visible()
    title.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(PROJECT)
    return page.url


def retain_a_program(page):
    panel = page.locator("#panel-funding")
    panel.get_by_role("button", name=f"Retenir : {PROGRAM}").click()
    expect(panel.locator(".shortlist")).to_contain_text(PROGRAM)


def build_a_plan(page):
    page.locator(".shortlist").get_by_role("link", name="Préparer un plan").click()
    page.get_by_label("Octroi prévu le").fill(today())
    page.get_by_role("button", name="Ouvrir le plan").click()
    plan = page.url
    for label, euros in (("Silo", "600 000"), ("Trieur optique", "220 000")):
        page.get_by_role("link", name="Dépense", exact=True).click()
        save_line(page, {"Dépense": label, "Montant": euros})
    page.get_by_role("link", name="Ressource", exact=True).click()
    page.get_by_label("Nature").select_option(label="Fonds propres")
    save_line(page, {"Source": "Autofinancement", "Montant": "300 000"})
    expect(page.locator(BALANCE)).to_contain_text("Il manque 520 000 €")
    page.get_by_role("link", name="Depuis un dispositif").click()
    page.get_by_role("link", name=f"Ajouter {PROGRAM}").click()
    page.get_by_label("Régime d’aide").select_option(label="De minimis")
    save_line(page, {"Assiette": "820 000", "Taux": "20", "Montant": "164 000"})
    expect(page.locator(BALANCE)).to_contain_text("Il manque 356 000 €")
    page.get_by_role("link", name="Ressource", exact=True).click()
    page.get_by_label("Nature").select_option(label="Prêt bancaire")
    save_line(page, {"Source": "Prêt bancaire", "Montant": "350 000"})
    expect(page.locator(BALANCE)).to_contain_text("Il manque 6 000 €")
    page.get_by_label("Prêt bancaire, montant en euros").fill("356 000")
    page.keyboard.press("Enter")
    expect(page.locator(BALANCE)).to_contain_text("Équilibré à 820 000 €")
    for rule in ("Effet incitatif", "De minimis", "Plafond"):
        expect(page.locator(CHECKS)).to_contain_text(rule)
    return plan


def save_line(page, values):
    for label, value in values.items():
        page.get_by_role("textbox", name=label).first.fill(value)
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator(BALANCE)).to_be_visible()


def open_the_file(page, project):
    page.goto(project)
    page.locator(".shortlist").get_by_role("link", name="Ouvrir un dossier").click()
    page.get_by_label("Montant demandé").fill("164 000")
    page.get_by_role("button", name="Ouvrir le dossier").click()
    expect(page.locator("#messages")).to_contain_text("est ouvert")
    return page.url


def bind_the_plan_to_the_file(page, plan):
    page.goto(plan)
    page.get_by_role("rowheader").get_by_role("link", name=PROGRAM).click()
    page.get_by_label("Dossier").select_option(index=1)
    page.get_by_role("button", name="Enregistrer").click()
    row = row_of(page)
    expect(row).to_contain_text("À déposer")
    expect(row.get_by_role("link", name="le dossier")).to_be_visible()


def row_of(page):
    return page.get_by_role("region", name="Tableau des ressources").get_by_role(
        "row", name=PROGRAM
    )


def move(page, status, amount=""):
    page.get_by_label("Nouveau statut").select_option(label=status)
    if amount:
        page.get_by_label("Montant accordé").fill(amount)
    page.get_by_role("button", name="Changer le statut").click()
    expect(page.locator("#messages")).to_contain_text(f"« {status} »")


def obtain_the_grant(page, file):
    """Filed, received, decided, then agreed for less than was asked."""
    page.goto(file)
    move(page, "Déposé")
    move(page, "En instruction")
    move(page, "Accepté", "150 000")
    expect(page.locator(".facts")).to_contain_text("150 000 €")
    page.locator("#convention").get_by_role("link", name="Convention").click()
    page.get_by_label("Signée le").fill(today())
    page.get_by_label("Taux de la subvention").fill("20")
    page.get_by_label("Dépense subventionnable").fill("820 000")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator("#convention")).to_contain_text("connue au solde")


def expect_the_plan_to_follow(page, plan):
    """Nobody types it again: 14 000 € less than asked."""
    page.goto(plan)
    expect(row_of(page)).to_contain_text("Conventionné")
    expect(row_of(page)).to_contain_text("150 000")
    expect(page.locator(BALANCE)).to_contain_text("Il manque 14 000 €")


def receive(page, kind, planned, paid):
    page.locator("#tranches").get_by_role("link", name="Tranche", exact=True).click()
    page.get_by_label("Nature").select_option(label=kind)
    page.get_by_label("État").select_option(label="Versée")
    page.get_by_label("Montant prévu").fill(planned)
    page.get_by_label("Montant versé").fill(paid)
    page.get_by_label("Versée le").fill(today())
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator("#tranches").get_by_role("row", name=kind)).to_contain_text("Versée")


def receive_the_first_payments(page, file):
    page.goto(file)
    receive(page, "Avance", "22 500", "22 500")
    receive(page, "Acompte", "60 000", "60 000")
    expect(page.locator(".facts")).to_contain_text("82 500 €")


def close_the_file(page, file):
    """On a phone. 20 % of the 700 000 € accepted is less than the 150 000 € granted."""
    page.goto(file)
    page.locator("#convention").get_by_role("link", name="Modifier").click()
    page.get_by_label("Dépense réelle retenue").fill("700 000")
    page.get_by_role("button", name="Enregistrer").click()
    agreement = page.locator("#convention")
    expect(agreement).to_contain_text("140 000 €")
    expect(agreement).to_contain_text("le plus petit de 150 000 € et de 20 % × 700 000 €")
    receive(page, "Solde", "57 500", "57 500")
    expect(page.locator("#suite")).to_contain_text("le solde est versé")
    expect_no_sideways_scroll(page)


def expect_it_all_on_the_project(page, project):
    page.goto(project)
    plan, files = page.locator("#panel-plan"), page.locator("#panel-applications")
    expect(plan).to_contain_text("Il manque 24 000 €")
    row = files.get_by_role("row", name=PROGRAM)
    for words in ("Accepté", "164 000 €", "150 000 €", "140 000 €"):
        expect(row).to_contain_text(words)
    expect(page.locator(".shortlist")).to_contain_text("Un dossier existe")
    expect_no_sideways_scroll(page)
    plan.get_by_role("link", name="Ouvrir le plan").click()
    expect(row_of(page)).to_contain_text("Versé")
    expect(row_of(page)).to_contain_text("140 000")
    expect_no_sideways_scroll(page)


def expect_no_sideways_scroll(page):
    width = "[document.documentElement.scrollWidth, window.innerWidth]"
    wide, seen = page.evaluate(width)
    assert wide <= seen
