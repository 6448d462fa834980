"""The README’s ten minutes, in one go, by the people who do them."""

import datetime
import io
import re
from pathlib import Path

import openpyxl
import pytest
from django.utils import timezone
from playwright.sync_api import expect

from config import demo as demonstration

pytestmark = pytest.mark.browser

EXAMPLE = Path(demonstration.__file__).parent / "entreprises_exemple.csv"
COMPANY = "Vinaigrerie Orbessane"
PROJECT = "Cuves de fermentation et étiquetage"
QUESTION = "Soutenir les cuves de la vinaigrerie auprès de la Région ?"


def test_an_officer_does_the_whole_job_in_ten_minutes(demo, open_page, sign_in_as):
    officer, elected, industrialist = open_page(), open_page(phone=True), open_page(phone=True)
    sign_in_as(officer, "agent@etabli.test")
    import_companies(officer)
    url = open_project(officer)
    answer_what_is_missing(officer)
    move_on_the_board(officer, url)
    ask_the_pair(officer, url)
    sign_in_as(elected, "elue@etabli.test")
    answer(elected, "D’accord", "Une adresse de moins à fermer.")
    expect_hidden(officer, url, "Une adresse de moins à fermer.")
    sign_in_as(industrialist, "industriel@etabli.test")
    answer(industrialist, "Pas d’accord", "Le marché est trop étroit.")
    expect_both_on_the_agenda(officer, url)
    download_the_workbooks(officer)
    token = create_token(officer)
    read_as_a_partner(open_page().request, token)


def import_companies(page):
    page.get_by_role("link", name="Importer", exact=True).click()
    page.locator("input[type=file]").set_input_files(EXAMPLE)
    expect(page.locator(".drop")).to_contain_text(EXAMPLE.name)
    page.get_by_role("button", name="Lire le fichier").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Que contient chaque colonne ?")
    expect(page.get_by_label("N° SIRET")).to_have_value("siret")
    page.get_by_role("button", name="Voir l’aperçu").click()
    fates = page.get_by_role("navigation", name="Filtrer par sort").get_by_role("link")
    expected = ["15 lignes lues", "7 créées", "2 mises à jour", "1 inchangée", "5 refusées"]
    expect(fates).to_have_text([re.compile(words.replace(" ", r"\s*")) for words in expected])
    expect(page.get_by_text("SIRET en notation scientifique")).to_be_visible()
    page.get_by_role("button", name="Importer 10 lignes").click()
    expect(page.get_by_text("Importé le")).to_be_visible()
    refused = download(page, page.get_by_role("link", name="Télécharger pour corriger"))
    lines = refused.decode("utf-8-sig").splitlines()
    assert lines[0].endswith("Motif du refus")
    assert len(lines) == 1 + 5


def download(page, control):
    with page.expect_download() as started:
        control.click()
    return Path(started.value.path()).read_bytes()


def open_project(page):
    """Open a project for a company that the import has just created; return its address."""
    page.get_by_role("searchbox", name="Rechercher partout").fill("orbessane")
    page.keyboard.press("Enter")
    page.get_by_role("main").get_by_role("link", name=COMPANY).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(COMPANY)
    page.get_by_role("main").get_by_label("Autres actions").click()
    page.get_by_role("link", name="Ouvrir un projet").first.click()
    page.get_by_label("Intitulé").fill(PROJECT)
    page.get_by_label("Établissement").select_option(index=1)
    page.get_by_label("Source").select_option(label="Visite d’entreprise")
    page.get_by_label("Investissement productif").check()
    page.get_by_label("Investissement prévu HT").fill("180 000,50 €")
    page.get_by_role("combobox", name="Confidentialité").select_option(label="Partenaires")
    page.get_by_role("button", name="Ouvrir le projet").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(PROJECT)
    expect(page.get_by_role("main")).to_contain_text("180 000,50 €")
    return page.url


def answer_what_is_missing(page):
    """A fact is missing, and a program waits for it: answered in place, its verdict follows."""
    sentence, rule = "Quelle est la taille européenne de l’entreprise ?", "Taille européenne : PME"
    waiting = page.locator("details.prog", has_text=sentence).filter(has_text=rule).first
    program = page.locator(f"#{waiting.get_attribute('id')}")
    program.locator("summary").first.click()
    criterion = program.get_by_role("listitem").filter(has_text=rule)
    expect(criterion).to_contain_text("À confirmer")

    answered = page.get_by_role("combobox", name=sentence)
    answered.select_option(label="Petite entreprise")
    question = page.get_by_role("listitem").filter(has=answered)
    question.get_by_role("button", name="Noter").click()
    expect(answered).to_have_count(0)
    expect(criterion).to_contain_text("Rempli")
    expect(criterion).to_contain_text("saisi par Inès Lacombe")
    expect(program).to_have_attribute("open", "")
    expect(page.locator("#annonce")).to_have_text("C’est noté : les dispositifs sont recalculés.")


def move_on_the_board(page, url):
    page.get_by_role("link", name=re.compile("^Projets")).first.click()
    card = page.locator(f"#card-{url.rstrip('/').rpartition('/')[2]}")
    left, entered = page.locator("#lane-detecte"), page.locator("#lane-qualifie")
    before = [lane.locator(".lane__head").inner_text() for lane in (left, entered)]
    card.drag_to(entered.locator(".lane__head"))

    dialog = page.get_by_role("dialog", name="Passer à « Qualifié »")
    expect(dialog).to_contain_text("échange avec le porteur, besoin, date de début, axe national")
    expect(left.locator(card_of(card))).to_be_visible()
    dialog.get_by_label("Ce qui s’est dit").fill("Il faut trois cuves et une étiqueteuse.")
    dialog.get_by_label("Besoin").fill("Doubler la capacité de fermentation.")
    dialog.get_by_label("Début").fill(str(timezone.localdate() + datetime.timedelta(days=200)))
    dialog.get_by_label("Accélérer la transition écologique").check()
    dialog.get_by_role("button", name="Passer à « Qualifié »").click()

    expect(entered.locator(card_of(card))).to_be_visible()
    expect(left.locator(card_of(card))).to_have_count(0)
    expect(dialog).to_have_count(0)
    for lane, head in zip((left, entered), before, strict=True):
        expect(lane.locator(".lane__head")).not_to_have_text(head, use_inner_text=True)
    expect(page.locator("#messages")).to_contain_text("est passé à Qualifié")


def card_of(card):
    return f"#{card.get_attribute('id')}"


def ask_the_pair(page, url):
    page.goto(url)
    page.get_by_role("region", name="Avis du binôme").get_by_role(
        "link", name="Demander un avis"
    ).click()
    page.get_by_label("Question").fill(QUESTION)
    page.get_by_label("Réponse souhaitée le").fill(
        str(timezone.localdate() + datetime.timedelta(days=1))
    )
    page.get_by_role("button", name="Poser la question").click()
    expect(page.get_by_role("region", name="Avis du binôme")).to_contain_text(QUESTION)


def answer(page, words, comment):
    """On a phone: the point that is due first is the one just asked."""
    page.get_by_role("navigation", name="Raccourcis").get_by_role("link", name="Avis").click()
    card = page.locator("form.avis").filter(has_text=QUESTION)
    expect(card).to_contain_text("180 000,50 €")
    card.locator(".vote").filter(has_text=re.compile(f"^{words}")).click()
    card.get_by_label("Un mot, si vous voulez").fill(comment)
    card.get_by_role("button", name=re.compile("^Envoyer")).click()
    expect(page.get_by_text("Votre avis est enregistré.")).to_be_visible()
    expect(card).to_have_count(0)


def expect_hidden(page, url, comment):
    page.goto(url)
    panel = page.get_by_role("region", name="Avis du binôme")
    expect(panel).to_contain_text("a répondu")
    expect(panel).not_to_contain_text(comment)


def expect_both_on_the_agenda(page, url):
    page.goto(url)
    panel = page.get_by_role("region", name="Avis du binôme")
    expect(panel).to_contain_text("« Une adresse de moins à fermer. »")
    expect(panel).to_contain_text("« Le marché est trop étroit. »")
    expect(panel).to_contain_text("Passe au prochain comité")
    page.get_by_role("link", name="Instances").click()
    page.get_by_role("link", name="Ouvrir", exact=True).click()
    expect(page.locator("#agenda")).to_contain_text(QUESTION)


def download_the_workbooks(page):
    page.get_by_role("link", name="Rapports").click()
    pack = download(page, page.get_by_role("button", name="Télécharger le classeur"))
    assert PROJECT in texts(pack, "Projets")
    assert any(QUESTION in text for text in texts(pack, "À décider"))
    assert any("trop étroit" in text for text in texts(pack, "Avis du binôme"))
    returned = download(page, page.get_by_role("button", name="Télécharger la remontée"))
    assert PROJECT in texts(returned, "Remontée")


def texts(content, sheet):
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    return {
        cell
        for row in book[sheet].iter_rows(values_only=True)
        for cell in row
        if isinstance(cell, str)
    }


def create_token(page):
    page.goto("/reglages/jetons/")
    page.get_by_role("textbox", name="Partenaire").fill("DREETS Occitanie")
    page.get_by_label("Projets et dossiers").check()
    page.get_by_role("button", name="Créer le jeton").click()
    secret = page.get_by_label("Jeton", exact=True).input_value()
    page.reload()
    expect(page.get_by_label("Jeton", exact=True)).to_have_count(0)
    return secret


def read_as_a_partner(request, token):
    headers = {"Authorization": f"Token {token}", "Accept": "application/json"}
    found = request.get("/api/v1/projects/?page_size=100", headers=headers).json()
    assert found["count"] == len(found["results"])
    levels = {row["confidentiality"]["code"] for row in found["results"]}
    assert levels == {"partenaires", "public"}
    assert PROJECT in {row["title"] for row in found["results"]}
    assert request.get("/api/v1/organisations/", headers=headers).status == 403
    assert request.get("/api/v1/projects/").status == 401
