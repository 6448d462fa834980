import datetime
from decimal import Decimal

import pytest
from pytest_django.asserts import assertContains, assertNotContains, assertTemplateUsed

from actions.models import Action, ActionPlan
from crm.models import Confidentiality, LocalPriority, Role
from tests.actions.factories import (
    ActionFactory,
    IndicatorFactory,
    MilestoneFactory,
)
from tests.crm.factories import OrganisationFactory, ProjectFactory, UserFactory

pytestmark = pytest.mark.django_db
SHEET, TABLE, NEW = "/plan/", "/plan/tableau/", "/plan/nouvelle/"
READERS = [Role.ELECTED, Role.INDUSTRIALIST, Role.READER]


def typed(**fields):
    return {
        "code": "A1",
        "title": "Navette des salariés",
        "priority": "logement",
        "status": "en_cours",
    } | fields


@pytest.mark.parametrize("role", Role.values)
@pytest.mark.parametrize("url", [SHEET, TABLE])
def test_every_role_reads_the_plan(sign_in, territory, role, url):
    ActionFactory(territory=territory, title="Navette")
    assertContains(sign_in(role).get(url), "Navette")


@pytest.mark.parametrize("url", [SHEET, TABLE])
def test_nobody_sees_the_fiches_of_another_territory(officer_client, territory, url):
    ActionPlan.objects.open_for(territory)
    ActionFactory(title="Ailleurs")
    assertNotContains(officer_client.get(url), "Ailleurs")


def test_without_a_plan_a_button_opens_it_once(officer_client, territory):
    assertContains(officer_client.get(SHEET), "Ouvrir le plan d’actions")
    officer_client.post("/plan/ouvrir/")
    officer_client.post("/plan/ouvrir/")
    assert ActionPlan.objects.get().territory == territory


@pytest.mark.parametrize("role", READERS)
def test_readers_are_offered_nothing_to_write(sign_in, territory, role):
    client = sign_in(role)
    assertNotContains(client.get(SHEET), "Ouvrir le plan d’actions")
    action = ActionFactory(territory=territory)
    for url in (SHEET, action.get_absolute_url()):
        assertNotContains(client.get(url), 'method="post">\n    <input')
        assertNotContains(client.get(url), "Modifier")


@pytest.mark.parametrize("role", READERS)
def test_readers_write_nothing(sign_in, territory, role):
    action = ActionFactory(territory=territory)
    client = sign_in(role)
    for url in ("/plan/ouvrir/", NEW, f"/plan/{action.pk}/modifier/", f"/plan/{action.pk}/jalons/"):
        assert client.post(url, typed()).status_code == 403
    assert Action.objects.count() == 1


def test_each_priority_is_a_section_and_an_empty_one_invites_to_create(officer_client, territory):
    ActionFactory(territory=territory)
    response = officer_client.get(SHEET)
    for priority in LocalPriority.objects.of(territory):
        assertContains(response, priority.label)
    assertContains(response, f"{NEW}?priorite=marketing")
    assertNotContains(response, f"{NEW}?priorite=logement")


def test_totals_say_how_many_budgets_are_unknown(territory):
    ActionFactory(territory=territory, budget_planned=Decimal(180000))
    ActionFactory(territory=territory, budget_planned=Decimal(20000), budget_spent=Decimal(0))
    ActionFactory(territory=territory)
    totals = Action.objects.totals()
    assert (totals["count"], totals["planned"], totals["planned_unknown"]) == (3, 200000, 1)
    assert (totals["spent"], totals["spent_unknown"]) == (0, 2)
    assert (totals["committed"], totals["committed_unknown"]) == (None, 3)


def test_totals_do_not_multiply_what_a_filter_joins(territory):
    action = ActionFactory(territory=territory, budget_planned=Decimal(1000))
    action.organisations.set(OrganisationFactory.create_batch(3, territory=territory))
    joined = Action.objects.filter(organisations__territory=territory)
    assert joined.totals()["planned"] == 1000
    assert joined.totals_by_priority()["logement"]["count"] == 1


def test_filtered_totals_are_those_of_the_rows_shown(officer_client, territory):
    ActionFactory(territory=territory, budget_planned=Decimal(180000), status="en_cours")
    ActionFactory(territory=territory, budget_planned=Decimal(7000), status="termine")
    response = officer_client.get(SHEET, {"status": "en_cours"})
    assert response.context["totals"]["planned"] == 180000
    assertNotContains(response, "187\u00a0000")


def test_projects_hidden_from_the_reader_are_not_counted(sign_in, territory):
    action = ActionFactory(territory=territory)
    for level in Confidentiality:
        action.projects.add(ProjectFactory(territory=territory, confidentiality=level))
    counts = {}
    for role in (Role.OFFICER, Role.ELECTED, Role.READER):
        viewer = UserFactory(territory=territory, role=role)
        counts[role] = Action.objects.with_links(viewer).get().project_count
    assert counts == {Role.OFFICER: 4, Role.ELECTED: 3, Role.READER: 2}


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ({"q": "metiers"}, {"Métiers"}),
        ({"q": "b2"}, {"Métiers"}),
        ({"priority": "formation"}, {"Métiers"}),
        ({"status": ["en_cours", "bloque"]}, {"Navette", "Métiers"}),
        ({"watch": "without_pilot"}, {"Métiers", "Salon"}),
        ({"watch": "without_indicator"}, {"Navette", "Salon"}),
        ({"watch": "late_milestone"}, {"Navette"}),
        ({"watch": ["late_milestone", "without_pilot"]}, set()),
        ({"updated_since": "2026-11-22"}, {"Navette", "Métiers", "Salon"}),
        ({"updated_since": "2026-11-23T00:00:00Z"}, set()),
    ],
)
def test_filters(officer_client, territory, query, kept):
    pilot = OrganisationFactory(territory=territory)
    navette = ActionFactory(territory=territory, title="Navette", status="en_cours", pilot=pilot)
    metiers = ActionFactory(
        territory=territory,
        code="B2",
        title="Métiers",
        status="bloque",
        priority=LocalPriority.objects.get(pk="formation"),
    )
    ActionFactory(territory=territory, title="Salon", status="termine")
    MilestoneFactory(action=navette, due_on=datetime.date(2026, 9, 30))
    MilestoneFactory(action=metiers, due_on="2026-09-30", done_on="2026-10-02")
    IndicatorFactory(action=metiers)
    response = officer_client.get(TABLE, query)
    assert {action.title for action in response.context["page"]} == kept


def test_pilots_and_owners_of_other_territories_are_not_offered(officer_client, territory):
    ActionFactory(territory=territory)
    stranger = ActionFactory(owner=UserFactory(first_name="Zénobie"))
    stranger.pilot = OrganisationFactory(territory=stranger.plan.territory, name="Syndicat")
    stranger.save()
    response = officer_client.get(SHEET)
    assertNotContains(response, "Zénobie")
    assertNotContains(response, "Syndicat")
    assert officer_client.get(SHEET, {"pilot": stranger.pilot_id}).status_code == 400


@pytest.mark.parametrize("url", [SHEET, TABLE])
@pytest.mark.parametrize("query", [{"status": "bidon"}, {"watch": "x"}, {"updated_since": "hier"}])
def test_refused_filter_shows_no_row_and_says_so(officer_client, territory, url, query):
    ActionFactory(territory=territory, title="Navette")
    response = officer_client.get(url, query)
    assert response.status_code == 400
    assertNotContains(response, "Navette", status_code=400)
    assertContains(response, "n’a pas été compris", status_code=400)


def test_table_sorts_with_the_unknown_last(officer_client, territory):
    for budget in (5000, None, 90000):
        ActionFactory(territory=territory, budget_planned=budget)
    for order, expected in (
        ("budget_planned", [5000, 90000, None]),
        ("-budget_planned", [90000, 5000, None]),
    ):
        page = officer_client.get(TABLE, {"order": order}).context["page"]
        assert [action.budget_planned for action in page] == expected


def test_htmx_gets_the_fiches_only(htmx_client, territory):
    htmx_client.force_login(UserFactory(territory=territory))
    ActionFactory(territory=territory)
    for url, fragment in ((SHEET, "actions/_sheet.html"), (TABLE, "actions/_table.html")):
        response = htmx_client.get(url)
        assertTemplateUsed(response, fragment)
        assertNotContains(response, "<html")


@pytest.mark.parametrize("url", [SHEET, TABLE])
def test_plan_costs_the_same_for_one_fiche_and_many(
    officer_client, territory, assert_flat_queries, url
):
    def add(count):
        for action in ActionFactory.create_batch(
            count,
            territory=territory,
            pilot=OrganisationFactory(territory=territory),
            owner=officer_client.user,
        ):
            action.organisations.set(OrganisationFactory.create_batch(2, territory=territory))
            action.projects.add(ProjectFactory(territory=territory))
            MilestoneFactory.create_batch(2, action=action)

    assert_flat_queries(lambda: officer_client.get(url), add)


def test_officer_creates_a_fiche(officer_client, territory):
    ActionPlan.objects.open_for(territory)
    pilot = OrganisationFactory(territory=territory, kind="petr")
    epci = territory.epcis.first()
    fields = typed(
        budget_planned="180 000,50 €",
        pilot=pilot.pk,
        epcis=[epci.pk],
        national_priorities=["competences"],
    )
    response = officer_client.post(NEW, fields)
    action = Action.objects.get()
    assert response.url == action.get_absolute_url()
    assert action.budget_planned == Decimal("180000.50")
    assert action.budget_spent is None
    assert (action.pilot, list(action.epcis.all())) == (pilot, [epci])


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"starts_on": "2026-05-01", "ends_on": "2026-04-01"}, "précède son début"),
        ({"code": "b7"}, "Le code b7 est déjà celui de «\u00a0Déjà là\u00a0»"),
        ({"progress": "101"}, "de 0 à 100"),
        ({"progress": "-1"}, "supérieure ou égale à 0"),
        ({"budget_planned": "beaucoup"}, "«\u00a0beaucoup\u00a0» n’est pas un nombre"),
        ({"budget_planned": "-5"}, "ne peut pas être négatif"),
        ({"starts_on": "31/02/2026"}, "Écrivez une date"),
        ({"title": ""}, "obligatoire"),
        ({"priority": "inconnue"}, "Sélectionnez un choix valide"),
    ],
)
def test_refused_fiche_says_why_and_keeps_what_was_typed(
    officer_client, territory, fields, sentence
):
    ActionFactory(territory=territory, code="B7", title="Déjà là")
    response = officer_client.post(NEW, typed(context="Zone de Borde Rouge") | fields)
    assertContains(response, sentence, status_code=422)
    assertContains(response, "Zone de Borde Rouge", status_code=422)
    assert Action.objects.count() == 1


def test_pilot_of_another_territory_is_refused(officer_client, territory):
    ActionPlan.objects.open_for(territory)
    response = officer_client.post(NEW, typed(pilot=OrganisationFactory().pk))
    assert response.status_code == 422
    assert not Action.objects.exists()


def test_same_code_may_serve_in_another_territory(officer_client, territory):
    ActionFactory(code="A1")
    ActionPlan.objects.open_for(territory)
    assert officer_client.post(NEW, typed()).status_code == 302


def test_edit_keeps_history_and_raises_the_version(officer_client, territory):
    action = ActionFactory(territory=territory, code="A1")
    officer_client.post(f"/plan/{action.pk}/modifier/", typed(version=1, progress=40))
    action.refresh_from_db()
    assert (action.progress, action.version) == (40, 2)
    page = officer_client.get(action.get_absolute_url())
    assertContains(page, "avancement (%)")
    assertContains(page, "<ins>40</ins>")


def test_slower_of_two_officers_is_told_and_keeps_what_they_typed(officer_client, territory):
    action = ActionFactory(territory=territory, code="A1")
    url = f"/plan/{action.pk}/modifier/"
    officer_client.post(url, typed(version=1, status="bloque"))

    response = officer_client.post(url, typed(version=1, objectives="Loger 40 salariés"))

    assertContains(response, "Entre-temps", status_code=409)
    assertContains(response, "Bloqué", status_code=409)
    assertContains(response, "Loger 40 salariés", status_code=409)
    action.refresh_from_db()
    assert (action.status, action.objectives) == ("bloque", "")

    officer_client.post(url, typed(version=2, objectives="Loger 40 salariés"))
    action.refresh_from_db()
    assert action.objectives == "Loger 40 salariés"


@pytest.mark.parametrize("version", ["", "0", "99999999999999999999"])
def test_edit_without_the_right_version_overwrites_nothing(officer_client, territory, version):
    action = ActionFactory(territory=territory, code="A1", title="Avant")
    response = officer_client.post(f"/plan/{action.pk}/modifier/", typed(version=version))
    assert response.status_code == 409
    action.refresh_from_db()
    assert action.title == "Avant"


def test_fiche_of_another_territory_is_not_found(officer_client):
    action = ActionFactory()
    for path in ("", "modifier/", "jalons/", "indicateurs/", "liens/"):
        assert officer_client.get(f"/plan/{action.pk}/{path}").status_code == 404


def test_dates_of_the_plan_are_refused_when_reversed(officer_client, territory):
    ActionPlan.objects.open_for(territory)
    fields = {"title": "Plan", "starts_on": "2027-01-01", "ends_on": "2024-01-01"}
    assertContains(
        officer_client.post("/plan/en-cours/", fields), "précède son début", status_code=422
    )
    fields |= {"ends_on": "2028-01-01", "version": 1}
    officer_client.post("/plan/en-cours/", fields)
    again = officer_client.post("/plan/en-cours/", fields)
    assertContains(again, "ce plan a changé par ailleurs", status_code=409)
    assert ActionPlan.objects.get().ends_on == datetime.date(2028, 1, 1)
