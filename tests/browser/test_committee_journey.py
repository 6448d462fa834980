"""A committee prepared, held, noted and issued; and what was issued does not move."""

import hashlib
import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from crm.models import Project
from reporting.models import Edition

pytestmark = pytest.mark.browser

QUESTION = "Réserver le lot 3 de la friche à un atelier de production ?"
DECISION = "Réserver le lot 3 jusqu’en juin"
FORMS = {"xlsx": b"PK", "pdf": b"%PDF", "pptx": b"PK"}


def test_a_committee_is_prepared_held_and_issued(demo, open_page, sign_in_as):
    page = open_page()
    sign_in_as(page, "agent@etabli.test")
    project = Project.objects.get(title__startswith="Reconversion de la friche")
    call(page)
    put_a_point(page, project)
    hold(page)
    take_away_the_minutes(page)
    edition = issue(page)
    before = fetch(page, edition)
    assert {kind: content[: len(FORMS[kind])] for kind, content in before.items()} == FORMS

    change(page, project)
    page.goto(edition.get_absolute_url())
    expect(page.locator("main")).to_contain_text("Édition figée")
    expect(page.locator("main")).to_contain_text(DECISION)
    expect(page.locator("main")).not_to_contain_text("7 654 321")
    assert fetch(page, edition) == before
    proofs = page.get_by_role("region", name="Empreintes")
    for content in before.values():
        expect(proofs).to_contain_text(hashlib.sha256(content).hexdigest())
    find_the_promise(page)


def call(page):
    """A meeting of today, so that it may be held at once."""
    page.get_by_role("link", name="Instances").first.click()
    page.get_by_role("link", name="Réunion", exact=True).click()
    page.get_by_label("Instance", exact=True).select_option("copil")
    page.get_by_label("Intitulé").fill("COPIL de novembre")
    page.get_by_label("Date", exact=True).fill(str(timezone.localdate()))
    page.get_by_role("button", name="Créer la réunion").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("COPIL de novembre")


def put_a_point(page, project):
    page.locator("#agenda").get_by_role("link", name="Point").click()
    page.get_by_label("Point", exact=True).fill("Lots de la friche")
    page.get_by_label("Nature").select_option("decision")
    page.get_by_label("Question posée").fill(QUESTION)
    page.locator("#id_recommendation").fill("Le réserver.")
    page.locator("#id_project").select_option(str(project.pk))
    page.get_by_role("button", name="Ajouter le point").click()
    expect(page.locator("main")).to_contain_text(QUESTION)


def hold(page):
    page.get_by_role("link", name="Séance", exact=True).click()
    point = page.locator("li.point").filter(has_text="Lots de la friche")
    point.get_by_role("textbox", name=re.compile("^Échanges")).fill("Réponse attendue à Noël.")
    point.get_by_role("textbox", name=re.compile("^Décision")).fill(DECISION)
    point.get_by_role("textbox", name=re.compile("^Qui")).fill("Communauté de communes")
    point.get_by_label("Pour le").fill(str(timezone.localdate()))
    point.get_by_role("button", name=re.compile("^Consigner")).click()
    expect(point).to_contain_text("Une décision consignée")


def take_away_the_minutes(page):
    page.get_by_role("link", name="COPIL de novembre").first.click()
    page.get_by_text("Relevé", exact=True).click()
    for name, head in (("Relevé en PDF", b"%PDF"), ("Relevé en docx", b"PK")):
        address = page.get_by_role("link", name=name).get_attribute("href")
        response = page.request.get(address)
        assert response.status == 200
        assert response.body()[: len(head)] == head


def issue(page):
    page.get_by_role("link", name="Préparer et émettre").click()
    expect(page.locator("main")).to_contain_text("Ceci est un document de travail")
    page.get_by_role("button", name=re.compile("^Émettre pour les")).click()
    expect(page.locator("main")).to_contain_text("Édition figée")
    return Edition.objects.order_by("pk").last()


def fetch(page, edition):
    return {
        file.kind: page.request.get(file.get_absolute_url()).body() for file in edition.files.all()
    }


def change(page, project):
    page.goto(f"{project.get_absolute_url()}modifier/")
    page.get_by_label("Investissement prévu HT").fill("7654321")
    page.get_by_role("button", name="Enregistrer").first.click()
    expect(page.locator("main")).to_contain_text("7 654 321")


def find_the_promise(page):
    """The decision is in the register, and its follow-up is what to do today."""
    page.goto("/instances/decisions/")
    expect(page.locator("main")).to_contain_text(DECISION)
    page.goto("/")
    expect(page.locator("main")).to_contain_text(DECISION)
