"""A grid written with the keyboard alone, published, then the return sent and opened again."""

import pytest
from playwright.sync_api import expect

from reporting.models import ReturnMapping, Sending

pytestmark = pytest.mark.browser


def test_a_manager_writes_a_grid_with_the_keyboard_and_a_return_is_sent(
    demo, open_page, sign_in_as
):
    page = open_page()
    sign_in_as(page, "gestion@etabli.test")
    page.goto("/rapports/remontees/crte/grille/")
    expect(page.get_by_text("à remplacer par celle du destinataire")).to_be_visible()
    page.get_by_role("button", name="Adapter au territoire").press("Enter")
    down = page.get_by_role("button", name="Descendre Code dans le cadre")
    down.press("Enter")
    # The page comes back with the focus on the same button: one may press again.
    expect(page.get_by_role("button", name="Descendre Code dans le cadre")).to_be_focused()
    page.keyboard.press("Enter")
    above = page.locator("#actions-cadre_code").locator("xpath=preceding-sibling::tr")
    expect(above).to_have_count(2)
    own = ReturnMapping.objects.get(code="crte", territory__isnull=False)
    keys = [column["key"] for column in own.draft["sheets"][0]["columns"]]
    assert keys.index("cadre_code") == 2
    page.get_by_role("link", name="Pilote", exact=True).first.press("Enter")
    page.get_by_label("Libellé").fill("Service pilote")
    page.get_by_role("button", name="Enregistrer la colonne").press("Enter")
    expect(page.get_by_role("link", name="Service pilote")).to_be_visible()
    page.get_by_role("link", name="Publier").press("Enter")
    page.get_by_label("Ce qui change, et pourquoi").fill("Courriel du SGAR")
    page.get_by_role("button", name="Publier").press("Enter")
    expect(page.get_by_role("heading", name="Grille, version 2")).to_be_visible()

    page.goto("/rapports/remontees/crte/")
    page.get_by_role("link", name="Noter l’envoi").click()
    page.get_by_label("À qui").fill("SGAR Occitanie")
    page.get_by_role("button", name="Figer et noter l’envoi").click()
    expect(page.get_by_text("Envoi figé")).to_be_visible()
    sending = Sending.objects.get(code="crte")
    with page.expect_download() as download:
        page.get_by_role("link", name="Classeur xlsx").click()
    assert download.value.path().read_bytes() == bytes(sending.files.get().content)
