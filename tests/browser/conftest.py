"""A real Chromium, if the machine has one; required where BROWSER_TESTS=required (CI)."""

import os
import shutil

import pytest

from config import demo as demonstration
from crm import reference_data
from funding import catalogue

# Playwright’s event loop makes Django believe that it runs in an asynchronous context.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
CANDIDATES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
DEPARTEMENTS = {"32", "47", "82"}
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def chromium():
    path = next(filter(None, map(shutil.which, CANDIDATES)), None)
    if path is None:
        reason = "no Chromium on this machine: browser tests are skipped"
        if os.environ.get("BROWSER_TESTS") == "required":
            pytest.fail("BROWSER_TESTS=required, and there is no Chromium")
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Without these, the browser looks for its maker’s servers at every start.
        browser = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-background-networking", "--disable-component-update"],
        )
        yield browser
        browser.close()


@pytest.fixture
def demo(transactional_db, settings, monkeypatch):
    """The catalogue and the demonstration territory, with only the communes around it."""
    settings.DEBUG = True
    # A flush follows each test with a server: 35,000 communes would cost more than the test.
    monkeypatch.setattr(reference_data, "read", nearby)
    reference_data.load_all()
    catalogue.load()
    demonstration.load()


def nearby(name, read=reference_data.read):
    return (
        row for row in read(name) if name != "communes.csv" or row["departement"] in DEPARTEMENTS
    )


@pytest.fixture
def open_page(chromium, live_server):
    """open_page(phone=True) → a page of a new browser session; its script errors fail the test."""
    contexts, errors = [], []

    def make(*, phone=False, **options):
        context = chromium.new_context(
            base_url=live_server.url,
            locale="fr-FR",
            timezone_id="Europe/Paris",
            viewport=PHONE if phone else DESKTOP,
            has_touch=phone,
            reduced_motion="reduce",
            **options,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda message: errors.append(message.text) if message.type == "error" else None,
        )
        return page

    yield make
    for context in contexts:
        context.close()
    unexpected = [error for error in errors if "status of 4" not in error]
    assert not unexpected, unexpected


@pytest.fixture
def sign_in_as():
    def sign(page, email, password="etabli-demo"):
        page.goto("/connexion/")
        page.get_by_label("Adresse électronique").fill(email)
        page.get_by_label("Mot de passe").fill(password)
        page.get_by_role("button", name="Se connecter").click()
        page.wait_for_url(lambda url: "connexion" not in url)

    return sign
