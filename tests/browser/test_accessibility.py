"""axe on every page that a browser can open, and what a narrow screen, the dark and a menu change.

The pages are the routes of the access tests: a new one is walked without being named here.
"""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect

from actions.models import (
    Action,
    AgendaItem,
    BudgetLine,
    Contract,
    Decision,
    Document,
    Evaluation,
    EvaluationSheet,
    Flow,
    FrameworkCode,
    Indicator,
    IndicatorTarget,
    Meeting,
    Milestone,
    PlanVersion,
    PublicContract,
    Seat,
    Synergy,
    SynergySaving,
)
from config import demo as demonstration
from crm.imports.commit import receive
from crm.models import (
    Contact,
    FollowUp,
    Interaction,
    Membership,
    PartnerToken,
    Project,
    Role,
    Sector,
    Territory,
)
from funding import ledger_imports
from funding.models import (
    Application,
    ApplicationPiece,
    CatalogueImport,
    CountedFirm,
    Envelope,
    ReceivedAid,
)
from reporting.models import Edition, IndustrialJobs, ProjectImport, Sending
from tests.actions.factories import PlanImportFactory
from tests.browser.conftest import DESKTOP, PHONE
from tests.routes import GET, ROUTES

pytestmark = pytest.mark.browser

EXAMPLE = Path(demonstration.__file__).parent / "entreprises_exemple.csv"
AIDS = "SIREN;Entreprise;Date d’octroi;Montant\n000000019;Usine;01/02/2025;1000\n;Sans SIREN;;\n"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = {
    "runOnly": {"type": "tag", "values": RULES},
    "resultTypes": ["violations"],
    "preload": False,  # nothing that these rules read
    "iframes": False,  # there is none
}
AXE = Axe().axe_script
RUN = """
([within, options]) => axe.run(within || document, options).then(found => found.violations)
"""
# Files, and fragments that only make sense within their page.
NOT_PAGES = {
    "crm:import_model",
    "crm:import_refused",
    "crm:logo",
    "crm:organisation_names",
    "actions:document",
    "actions:plan_import_refused",
    "reporting:evaluation_draft",
    "reporting:evaluation_file",
    "reporting:plan_version_workbook",
    "reporting:edition_draft_file",
    "crm:interaction_links",
    "funding:program_names",
    "reporting:committee_workbook",
    "reporting:national_return",
    "reporting:return_file",
    "reporting:sending_file",
    "reporting:exchange_projects",
    "reporting:exchange_fiches",
    "reporting:exchange_refused",
    "reporting:minimis_declaration",
    "reporting:minutes",
    "actions:meeting_calendar",
    "reporting:funding_workbook",
    "reporting:edition_file",
    "reporting:plan_workbook",
    "funding:ledger_import_refused",
}
# The pages of every day: walked on a phone and in the dark too.
MAIN = {
    "reporting:today",
    "crm:project_board",
    "crm:project_list",
    "crm:project",
    "crm:organisation_list",
    "crm:organisation",
    "crm:interaction_new",
    "crm:import_preview",
    "actions:plan",
    "actions:plan_board",
    "actions:plan_calendar",
    "actions:action",
    "actions:meeting",
    "funding:program",
    "funding:plan",
    "reporting:reports",
    "reporting:dashboard",
    "reporting:dashboard_map",
}
DARK = {
    "reporting:today",
    "crm:project_board",
    "crm:project",
    "reporting:reports",
    "reporting:dashboard",
    "reporting:dashboard_map",
}


class Walk:
    """Opens pages and gathers everything that is wrong, so that one run tells it all."""

    def __init__(self, page):
        self.page, self.faults = page, []
        page.on("request", self.is_ours)

    def is_ours(self, request):
        host = urlsplit(request.url).hostname
        if host and host != urlsplit(self.page.url).hostname and self.page.url != "about:blank":
            self.faults.append(f"{self.page.url} asks {request.url}")

    def open(self, url):
        response = self.page.goto(url)
        if response.status != 200:
            self.faults.append(f"{url}: status {response.status}")
        self.settle()

    def settle(self):
        expect(self.page.locator("[aria-busy=true]")).to_have_count(0)

    def check(self, where, within=""):
        self.page.evaluate(AXE)
        for violation in self.page.evaluate(RUN, [within, OPTIONS]):
            nodes = "; ".join(node["html"][:160] for node in violation["nodes"][:3])
            self.faults.append(f"{where}: {violation['id']} ({violation['help']}): {nodes}")

    def check_width(self, where):
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        if wide > PHONE["width"]:
            self.faults.append(f"{where}: {wide} px wide on a phone")

    def check_phone(self, where, *, with_axe):
        self.page.set_viewport_size(PHONE)
        self.page.evaluate("scrollTo(0, 0)")  # the top bar hides half of what scrolls under it
        self.check_width(where)
        if with_axe:
            self.check(f"{where} on a phone")
        self.page.set_viewport_size(DESKTOP)

    def check_dark(self, where):
        self.page.emulate_media(color_scheme="dark")
        self.check(f"{where} in the dark")
        self.page.emulate_media(color_scheme="light")


@pytest.mark.parametrize("half", [0, 1])  # two workers share the longest walk
def test_no_page_has_a_fault_that_axe_finds(demo, open_page, sign_in_as, half):
    territory = Territory.objects.get(code=demonstration.CODE)
    objects = things(territory)
    manager = Walk(open_page())
    manager.open("/connexion/")
    manager.check("/connexion/")
    sign_in_as(manager.page, "gestion@etabli.test")
    for name, url in [*addresses(Role.MANAGER, objects)][half::2]:
        manager.open(url)
        manager.check(url)
        manager.check_phone(url, with_axe=name in MAIN)
        if name in DARK:
            manager.check_dark(url)
    elected = Walk(open_page(phone=True))
    sign_in_as(elected.page, "elue@etabli.test")
    for name, url in [*addresses(Role.ELECTED, objects)][half::2]:
        if name in MAIN or name == "crm:review_inbox":
            elected.open(url)
            elected.check(f"{url} as elected")
            elected.check_width(f"{url} as elected")
    assert not manager.faults + elected.faults, "\n".join(manager.faults + elected.faults)


def test_no_opened_state_has_a_fault_that_axe_finds(demo, open_page, sign_in_as):
    project = Project.objects.get(title="Récupération de chaleur et ligne de séchage")
    walk = Walk(open_page())
    sign_in_as(walk.page, "agent@etabli.test")
    open_a_match(walk, project)
    open_the_menus(walk)
    open_the_gate(walk)
    refuse_a_form(walk)
    finish_an_import(walk)
    pair = Walk(open_page(phone=True))
    sign_in_as(pair.page, "elue@etabli.test")
    choose_an_answer(pair)
    assert not walk.faults + pair.faults, "\n".join(walk.faults + pair.faults)


def addresses(role, objects):
    """(route, address) of each page that the role may open."""
    for name, (method, allowed, thing) in ROUTES.items():
        is_file = name in NOT_PAGES or name.endswith("_export")
        if method == GET and role in allowed and not is_file:
            yield name, reverse(name, args=objects[thing] if thing else [])
    project = objects["project"][0]
    if role == Role.MANAGER:
        yield "move", reverse("crm:project_move", args=[project]) + "?stage=en_pause"
        yield "next step", reverse("crm:project_next_step", args=[project])
        figure = "?line=total&figure=planned"
        yield "rows", reverse("reporting:dashboard_rows", args=["investissement"]) + figure
        yield "search", reverse("crm:search") + "?q=Peyrolade"
        yield "no row", reverse("crm:project_list") + "?q=introuvable"
        yield "components", reverse("crm:components")
        yield "api", reverse("api:docs")


def things(territory):
    """Arguments of the routes, by the names that the table of routes gives them."""
    project = Project.objects.get(title="Récupération de chaleur et ligne de séchage")
    batch = receive(EXAMPLE.name, EXAMPLE.read_bytes(), territory)
    batch.save()
    token, _ = PartnerToken.objects.issue(
        partner="ADEME", territory=territory, scopes=["projects:read"]
    )
    Sector.objects.create(code="maroquinerie", label="Maroquinerie", territory=territory)
    rows = {
        "organisation": project.holder,
        "site": project.holder.sites.first(),
        "contact": Contact.objects.filter(organisation=project.holder).first(),
        "interaction": Interaction.objects.filter(organisation=project.holder).first(),
        "follow_up": FollowUp.objects.filter(territory=territory).first(),
        "project": project,
        "review": project.review_requests.first(),
        "member": Membership.objects.filter(territory=territory, role=Role.READER).get(),
        "token": token,
        "action": Action.objects.get(code="ECI-1"),
        "framework_code": FrameworkCode.objects.first(),
        "milestone": Milestone.objects.filter(done_on=None).first(),
        "indicator": Indicator.objects.first(),
        "indicator_target": IndicatorTarget.objects.first(),
        "budget_line": BudgetLine.objects.first(),
        "public_contract": PublicContract.objects.first(),
        "meeting": Meeting.objects.order_by("held_on").last(),
        "item": AgendaItem.objects.filter(decision=None).last(),
        "seat": Seat.objects.first(),
        "flow": Flow.objects.first(),
        "synergy": Synergy.objects.first(),
        "saving": SynergySaving.objects.first(),
        "decision": Decision.objects.last(),
        "program": Application.objects.first().program,
        "application": Application.objects.first(),
        "financing_plan": project.financing_plans.chosen().get(),
        "aid": ReceivedAid.objects.filter(organisation=project.holder).first(),
        "envelope": Envelope.objects.first(),
        "counted_firm": CountedFirm.objects.exclude(tie="own").first(),
        "edition": Edition.objects.filter(readers="elus").first(),
        "contract": Contract.objects.filter(evaluations__isnull=False).first(),
        "plan_version": PlanVersion.objects.first(),
        "evaluation": Evaluation.objects.first(),
        "evaluation_sheet": EvaluationSheet.objects.first(),
        "document": Document.objects.first(),
    }
    ledger = ledger_imports.receive("aides.csv", AIDS.encode(), territory, by=None)
    ledger.save()
    plan = rows["financing_plan"]
    exchanged = ProjectImport.objects.create(
        territory=territory, file_name="projets.csv", header=["nom", "porteurCodeSiret"],
        rows=[[2, ["Séchoir", ""]]],
    )  # fmt: skip
    return {name: [row.pk] for name, row in rows.items()} | {
        "batch": [batch.token],
        "plan_import": [PlanImportFactory(territory=territory).token],
        "new_contract_part": [rows["contract"].pk, "versement"],
        "contract_part": ["versement", rows["contract"].payments.first().pk],
        "document_owner": ["fiche", rows["action"].pk],
        "action_cell": [rows["action"].pk, "status"],
        "removable": ["jalon", rows["milestone"].pk],
        "body_kind": ["copil"],
        "catalogue_import": [CatalogueImport.objects.first().token],
        "ledger_batch": [ledger.token],
        "new_application_row": [rows["application"].pk, "tranche"],
        "application_row": ["piece", ApplicationPiece.objects.first().pk],
        "new_line": [plan.pk, "ressource"],
        "line": ["ressource", plan.sources.last().pk],
        "reference_kind": ["filieres"],
        "dashboard": ["evolution"],
        "reference": ["filieres", "maroquinerie"],
        "return_code": ["nationale"],
        "sending": [Sending.objects.filter(code="nationale").first().pk],
        "own_grid": ["region"],
        "grid_sheet": ["region", "projets"],
        "grid_column": ["region", "projets", "phase"],
        "figure": ["investment"],
        "industrial_jobs": [IndustrialJobs.objects.first().pk],
        "project_import": [exchanged.token],
    }


def open_a_match(walk, project):
    walk.open(project.get_absolute_url())
    match = walk.page.locator("details.prog").first
    match.locator("summary").first.click()
    expect(match.locator(".crit")).to_be_visible()
    walk.check("a match, open", "details.prog[open]")
    walk.check_phone("a match, open", with_axe=True)
    walk.page.get_by_role("link", name="Non éligibles").click()
    expect(walk.page.get_by_text("Pourquoi chacun est écarté")).to_be_visible()
    walk.check("the programs that are excluded")


def open_the_menus(walk):
    walk.open("/projets/")
    for menu in walk.page.locator("details.menu > summary").all():
        menu.click()
        walk.check(f"a menu of {walk.page.url}", "details.menu[open]")
        walk.page.keyboard.press("Escape")
    walk.page.locator(".card__move > summary").first.click()
    walk.check("the menu of a card", ".card__move[open]")


def open_the_gate(walk):
    walk.page.locator("#lane-detecte .card__move[open] button:not([disabled])").first.click()
    expect(walk.page.get_by_role("dialog")).to_be_visible()
    walk.check("the dialog of a gate", "dialog")
    walk.page.get_by_role("dialog").get_by_role("button", name="Passer à").click()
    walk.check_phone("the dialog of a gate", with_axe=True)


def refuse_a_form(walk):
    walk.page.goto("/entreprises/nouvelle/")
    walk.page.get_by_label("SIRET", exact=False).first.fill("12345678901234")
    walk.page.get_by_role("button", name="Créer l’organisation").click()
    expect(walk.page.locator("[aria-invalid=true]").first).to_be_visible()
    walk.check("a refused form")


def finish_an_import(walk):
    page = walk.page
    page.goto("/importer/")
    page.locator("input[type=file]").set_input_files(EXAMPLE)
    page.get_by_role("button", name="Lire le fichier").click()
    page.get_by_role("button", name="Voir l’aperçu").click()
    page.get_by_role("button", name="Importer 10 lignes").click()
    expect(page.get_by_text("Importé le")).to_be_visible()
    walk.check("an import that is done")
    walk.check_phone("an import that is done", with_axe=False)


def choose_an_answer(walk):
    walk.open("/avis/")
    walk.page.locator(".vote").first.click()
    expect(walk.page.get_by_label("Un mot, si vous voulez").first).to_be_visible()
    walk.check("an answer that is chosen")
    walk.check_width("an answer that is chosen")
