"""The dashboards in a browser: a figure opened by keyboard, the dark, the print, a phone."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from crm.models import CommuneContour, Territory
from tests.browser.test_accessibility import Walk

pytestmark = pytest.mark.browser

DASHBOARD, MAP = reverse("reporting:dashboard"), reverse("reporting:dashboard_map")


def draw_squares():
    """A contour for each commune, of fiction: squares side by side."""
    communes = list(Territory.objects.get(is_demo=True).communes)
    for n, commune in enumerate(communes):
        west, south = 0.4 + n % 20 / 10, 43.5 + n // 20 / 20
        ring = [
            [west, south],
            [west + 0.1, south],
            [west + 0.1, south + 0.05],
            [west, south + 0.05],
        ]
        CommuneContour.objects.create(
            commune=commune, polygons=[[ring]], source="essai", loaded_on="2026-11-23"
        )


def test_a_figure_is_opened_by_keyboard_and_its_rows_say_it(demo, open_page, sign_in_as):
    page = open_page()
    sign_in_as(page, "agent@etabli.test")
    page.goto(DASHBOARD)
    bar = page.locator("#durees svg.hide-phone a").first
    name = bar.get_attribute("aria-label")
    bar.focus()
    expect(bar).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("durée médiane")
    days = name.rsplit("\u00a0: ", 1)[1]
    expect(page.locator(".page-head__sum")).to_contain_text(f"médiane {days}")
    page.get_by_role("link", name="Temps passé dans chaque étape").click()
    expect(page.locator("#durees")).to_be_in_viewport()


def test_map_opens_a_commune_by_keyboard_and_without_script(demo, open_page, sign_in_as):
    draw_squares()
    page = open_page(java_script_enabled=False)
    sign_in_as(page, "lecture@etabli.test")
    page.goto(MAP)
    place = page.locator(".map svg a").first
    place.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Projets")


def test_dashboards_have_no_fault_on_a_phone_in_the_dark_and_with_a_map(
    demo, open_page, sign_in_as
):
    draw_squares()
    walk = Walk(open_page())
    sign_in_as(walk.page, "lecture@etabli.test")
    for address in (DASHBOARD, MAP, f"{MAP}?level=epcis&measure=investment"):
        walk.open(address)
        walk.check(address)
        walk.check_dark(address)
        walk.check_phone(address, with_axe=True)
        walk.page.emulate_media(media="print")
        walk.check(f"{address} in print")
        walk.page.emulate_media(media="screen")
    assert not walk.faults, "\n".join(walk.faults)
