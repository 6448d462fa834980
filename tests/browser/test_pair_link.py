"""The pair’s two minutes: the team writes, the mail opens on a phone, three answers."""

import re

import pytest
from django.core import mail
from playwright.sync_api import expect

from crm.models import Review, Sighting

pytestmark = pytest.mark.browser


def test_the_industrialist_answers_from_the_mail_without_a_password(demo, open_page, sign_in_as):
    officer = open_page()
    sign_in_as(officer, "agent@etabli.test")
    officer.goto("/avis/")
    officer.get_by_role("button", name="Écrire au binôme maintenant").click()
    expect(officer.locator("#messages")).to_contain_text("Courriels envoyés")
    letter = next(m for m in mail.outbox if m.to == ["industriel@etabli.test"])
    path = re.search(r"https?://[^/]+(/avis/lien/\S+)", letter.body)[1]

    page = open_page(phone=True)
    page.goto(path)
    # A competitor of his company: the question without its figures.
    rival = page.locator("form.avis").filter(has_text="Conserverie Peyrolade")
    expect(rival).to_contain_text("masqué")
    expect(rival).not_to_contain_text("€")
    waiting = page.locator("form.avis").count()
    assert waiting == 3
    for words in ("D’accord", "À discuter", "Pas d’accord"):
        # What was seen is told meanwhile, on the one connection that a test has.
        page.wait_for_load_state("networkidle")
        card = page.locator("form.avis").first
        question = card.get_by_role("heading").inner_text()
        card.locator(".vote").filter(has_text=re.compile(f"^{words}")).click()
        card.get_by_label("Un mot, si vous voulez").fill("Vu sur le quai.")
        card.get_by_role("button", name=re.compile("^Envoyer")).click()
        expect(page.locator("form.avis").filter(has_text=question)).to_have_count(0)
    assert Review.objects.filter(comment="Vu sur le quai.").count() == 3
    assert Sighting.objects.filter(via=Sighting.Via.LINK).count() >= 3

    page.goto("/projets/")
    expect(page).to_have_url(re.compile("/connexion/"))
    officer.reload()
    expect(officer.get_by_role("region", name="Le binôme")).to_contain_text("ouvert le")
    expect(officer.locator("main")).to_contain_text("l’a vu le")
