"""Journey 7: a program changes, the officer is told whose projects it concerns, and why."""

import re

import pytest
from playwright.sync_api import expect

from funding.models import Program, WatchNotice

pytestmark = pytest.mark.browser
PROJECT = "Ligne d’embouteillage multi-formats"  # of a brewery of seventeen
OLD, NEW = re.compile(r"au moins 15\s+salariés"), re.compile(r"au moins 40\s+salariés")


def test_a_program_is_edited_and_the_officer_is_told_why(demo, open_page, sign_in_as):
    WatchNotice.objects.all().delete()
    manager, officer = open_page(), open_page(phone=True)
    sign_in_as(manager, "gestion@etabli.test")
    program = Program.objects.get(code="exemple-equipement")
    raise_the_floor(manager, program, 15, "délibération fictive n° 14")
    sign_in_as(officer, "agent@etabli.test")
    watch = officer.locator("#veille")
    expect(watch).to_contain_text("devient éligible")
    expect(watch.get_by_role("link", name=PROJECT)).to_be_visible()
    watch.get_by_role("button", name="Tout est vu").click()
    expect(officer.get_by_text("1 changement marqué comme vu.")).to_be_visible()
    raise_the_floor(manager, program, 40, "délibération fictive n° 15")
    officer.goto("/")
    expect(watch).to_contain_text(OLD)
    expect(watch).to_contain_text("deviennent non éligibles")
    read_why(officer, watch)
    mark_as_seen_and_take_it_back(officer)


def raise_the_floor(page, program, floor, source):
    page.goto(program.get_absolute_url())
    page.goto(f"{page.url}modifier/")
    page.locator(".phrase").filter(has_text="Effectif").get_by_label("Au moins").fill(str(floor))
    page.get_by_label("Source").fill(source)
    page.get_by_role("button", name="Publier la version").click()
    expect(page.get_by_text("est à jour")).to_be_visible()
    expect(page.get_by_text("la veille dit lesquels")).to_be_visible()


def read_why(page, watch):
    """From the home page to the project: the criterion as it was, as it is, and what was found."""
    watch.get_by_role("link", name="Tout voir, avec les critères").click()
    page.get_by_role("link", name=PROJECT).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(PROJECT)
    panel = page.locator("section#veille")
    expect(panel).to_be_in_viewport()
    told = panel.get_by_role("listitem").first
    expect(told).to_contain_text(NEW)
    expect(told).to_contain_text(OLD)
    expect(told).to_contain_text("Remplie → non remplie")
    expect(told).to_contain_text("17")


def mark_as_seen_and_take_it_back(page):
    page.goto("/financements/veille/?seen=false")
    row = page.get_by_role("row").filter(has_text=PROJECT)
    row.get_by_role("button", name="Marquer comme vu").click()
    expect(row).to_have_count(0)
    page.get_by_role("button", name="Annuler", exact=True).click()
    expect(page.get_by_role("row").filter(has_text=PROJECT).first).to_be_visible()
