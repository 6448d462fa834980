import datetime
from decimal import Decimal

import pytest
from pytest_django.asserts import assertContains, assertNotContains, assertTemplateUsed

from actions.models import IndicatorValue, Milestone
from crm.models import Confidentiality, Role
from tests.actions.factories import (
    ActionFactory,
    AgendaItemFactory,
    IndicatorFactory,
    IndicatorValueFactory,
    MeetingFactory,
    MilestoneFactory,
)
from tests.crm.factories import OrganisationFactory, ProjectFactory

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 11, 22)


@pytest.fixture
def action(territory):
    return ActionFactory(territory=territory, code="A5")


def test_fiche_shows_only_the_projects_one_may_read(sign_in, territory, action):
    action.projects.set(
        [
            ProjectFactory(territory=territory, title="Savons", confidentiality="interne"),
            ProjectFactory(territory=territory, title="Biomasse", confidentiality="partenaires"),
        ]
    )
    page = sign_in(Role.READER).get(action.get_absolute_url())
    assertContains(page, "Biomasse")
    assertNotContains(page, "Savons")
    assert len(page.context["projects"]) == 1


def test_fiche_shows_no_agenda_point_of_a_hidden_project(sign_in, territory, action):
    hidden = ProjectFactory(territory=territory)
    AgendaItemFactory(
        meeting=MeetingFactory(territory=territory), action=action, project=hidden, title="Secret"
    )
    assertNotContains(sign_in(Role.ELECTED).get(action.get_absolute_url()), "Secret")
    assertContains(sign_in(Role.OFFICER).get(action.get_absolute_url()), "Secret")


def test_fiche_costs_the_same_whatever_takes_part(
    officer_client, territory, action, assert_flat_queries
):
    def add(count):
        MilestoneFactory.create_batch(count, action=action)
        for indicator in IndicatorFactory.create_batch(count, action=action):
            IndicatorValueFactory.create_batch(2, indicator=indicator, by=officer_client.user)
        action.organisations.add(*OrganisationFactory.create_batch(count, territory=territory))
        action.projects.add(*ProjectFactory.create_batch(count, territory=territory))
        meeting = MeetingFactory(territory=territory)
        AgendaItemFactory.create_batch(count, meeting=meeting, action=action)

    assert_flat_queries(lambda: officer_client.get(action.get_absolute_url()), add)


def test_milestone_is_added_reached_and_reopened(officer_client, action):
    fields = {"label": "Convention signée", "due_on": "2026-09-30"}
    officer_client.post(f"/plan/{action.pk}/jalons/", fields)
    milestone = Milestone.objects.get()
    assertContains(officer_client.get(action.get_absolute_url()), "53\u00a0j de retard")

    page = officer_client.post(f"/plan/jalons/{milestone.pk}/", follow=True)
    assertContains(page, f"/plan/jalons/{milestone.pk}/rouvrir/")
    milestone.refresh_from_db()
    assert milestone.done_on == TODAY

    officer_client.post(f"/plan/jalons/{milestone.pk}/rouvrir/")
    milestone.refresh_from_db()
    assert milestone.done_on is None


def test_second_click_keeps_the_day_the_milestone_was_reached(officer_client, action):
    milestone = MilestoneFactory(action=action, done_on="2026-10-01")
    officer_client.post(f"/plan/jalons/{milestone.pk}/")
    milestone.refresh_from_db()
    assert milestone.done_on == datetime.date(2026, 10, 1)


def test_refused_milestone_keeps_its_label(officer_client, action):
    response = officer_client.post(
        f"/plan/{action.pk}/jalons/", {"label": "Convention", "due_on": "bientôt"}
    )
    assertContains(response, "Écrivez une date", status_code=422)
    assertContains(response, 'value="Convention"', status_code=422)


def test_parts_of_another_territory_are_not_found(officer_client):
    milestone, indicator = MilestoneFactory(), IndicatorFactory()
    for path in (
        f"/plan/jalons/{milestone.pk}/",
        f"/plan/jalons/{milestone.pk}/rouvrir/",
        f"/plan/jalons/{milestone.pk}/modifier/",
        f"/plan/indicateurs/{indicator.pk}/valeurs/",
        f"/plan/indicateurs/{indicator.pk}/modifier/",
    ):
        assert officer_client.post(path, {"value": "3"}).status_code == 404


@pytest.mark.parametrize("role", [Role.ELECTED, Role.INDUSTRIALIST, Role.READER])
def test_readers_note_nothing(sign_in, action, role):
    milestone, indicator = MilestoneFactory(action=action), IndicatorFactory(action=action)
    client = sign_in(role)
    for path in (
        f"/plan/jalons/{milestone.pk}/",
        f"/plan/jalons/{milestone.pk}/rouvrir/",
        f"/plan/indicateurs/{indicator.pk}/valeurs/",
        f"/plan/{action.pk}/liens/entreprise/1/",
        f"/plan/{action.pk}/liens/entreprise/1/retirer/",
    ):
        assert client.post(path, {"value": "3"}).status_code == 403
    assert not IndicatorValue.objects.exists()


def test_indicator_draws_its_path_and_its_last_value(officer_client, action):
    officer_client.post(
        f"/plan/{action.pk}/indicateurs/",
        {
            "label": "Chaleur récupérée",
            "unit": "MWh",
            "direction": "up",
            "baseline": "0",
            "baseline_on": "2024-01-01",
            "target": "900",
            "target_on": "2027-12-31",
        },
    )
    indicator = action.indicators.get()
    officer_client.post(
        f"/plan/indicateurs/{indicator.pk}/valeurs/",
        {"value": "148,5", "observed_on": "2026-06-30", "evidence": "compteur"},
    )
    value = indicator.values.get()
    assert (value.value, value.by) == (Decimal("148.5"), officer_client.user)
    page = officer_client.get(action.get_absolute_url())
    assertContains(page, 'class="l-target"')
    assertContains(page, "148,5 MWh")
    assertContains(page, "compteur")
    assertContains(page, "16\u00a0% du chemin")
    assertContains(page, "en retard sur le chemin")


def test_later_value_of_the_same_day_replaces_the_first(officer_client, action):
    indicator = IndicatorFactory(action=action)
    for value in (150, 148):
        IndicatorValueFactory(indicator=indicator, value=value)
    page = officer_client.get(action.get_absolute_url())
    assertContains(page, '<span class="was">150</span>')
    followed = page.context["indicators"][0]
    assert [point.label for point in followed["chart"].points] == [148]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"value": "douze"}, "«\u00a0douze\u00a0» n’est pas un nombre"),
        ({"observed_on": "2026-11-23"}, "à une date à venir"),
        ({"value": ""}, "obligatoire"),
    ],
)
def test_refused_value_says_why(officer_client, action, fields, sentence):
    indicator = IndicatorFactory(action=action)
    response = officer_client.post(
        f"/plan/indicateurs/{indicator.pk}/valeurs/",
        {"value": "12", "observed_on": "2026-11-22", "evidence": "relevé"} | fields,
    )
    assertContains(response, sentence, status_code=422)
    assertContains(response, "relevé", status_code=422)
    assert not IndicatorValue.objects.exists()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"target": "5"}, "à réduire"),
        ({"direction": "down", "target": "15"}, "à augmenter"),
        ({"target_on": "2020-01-01"}, "précède la date de départ"),
    ],
)
def test_indicator_that_contradicts_itself_is_refused(officer_client, action, fields, sentence):
    response = officer_client.post(
        f"/plan/{action.pk}/indicateurs/",
        {
            "label": "Logements",
            "unit": "logements",
            "direction": "up",
            "baseline": "10",
            "baseline_on": "2024-01-01",
            "target": "40",
        }
        | fields,
    )
    assertContains(response, sentence, status_code=422)


@pytest.mark.parametrize(
    ("kind", "relation"),
    [("entreprise", "organisations"), ("partenaire", "partners"), ("projet", "projects")],
)
def test_officer_links_and_unlinks(officer_client, territory, action, kind, relation):
    factory = ProjectFactory if kind == "projet" else OrganisationFactory
    subject = factory(territory=territory)
    before = action.updated_at
    url = f"/plan/{action.pk}/liens/{kind}/{subject.pk}/"
    assertContains(officer_client.get(f"/plan/{action.pk}/liens/", {"quoi": kind}), url)

    page = officer_client.post(url, follow=True)
    assertContains(page, f"{url}retirer/")
    assert list(getattr(action, relation).all()) == [subject]
    action.refresh_from_db()
    assert action.updated_at >= before
    assertNotContains(officer_client.get(f"/plan/{action.pk}/liens/", {"quoi": kind}), url)

    officer_client.post(f"{url}retirer/")
    assert not getattr(action, relation).exists()


def test_what_belongs_to_another_territory_cannot_be_linked(officer_client, action):
    for kind, subject in (("entreprise", OrganisationFactory()), ("projet", ProjectFactory())):
        url = f"/plan/{action.pk}/liens/{kind}/{subject.pk}/"
        assert officer_client.post(url).status_code == 404
        assertNotContains(
            officer_client.get(f"/plan/{action.pk}/liens/", {"quoi": kind}), str(subject)
        )
    assert officer_client.post(f"/plan/{action.pk}/liens/bidon/1/").status_code == 404
    assert officer_client.get(f"/plan/{action.pk}/liens/", {"quoi": "bidon"}).status_code == 404


def test_candidates_are_searched_without_accents(officer_client, territory, action, htmx_client):
    OrganisationFactory(territory=territory, name="Savonnerie Émeraude")
    OrganisationFactory(territory=territory, name="Minoterie")
    htmx_client.force_login(officer_client.user)
    response = htmx_client.get(f"/plan/{action.pk}/liens/", {"q": "emeraude"})
    assertTemplateUsed(response, "actions/_candidates.html")
    assertContains(response, "Savonnerie Émeraude")
    assertNotContains(response, "Minoterie")


def test_project_panel_links_in_place(htmx_client, officer_client, territory, action):
    project = ProjectFactory(territory=territory)
    url = f"/plan/projet/{project.pk}/"
    htmx_client.force_login(officer_client.user)
    response = htmx_client.post(url, {"action": action.pk})
    assertContains(response, 'id="panel-actions"')
    assertContains(response, action.get_absolute_url())
    assert list(project.actions.all()) == [action]

    htmx_client.post(url, {"remove": action.pk})
    assert not project.actions.exists()
    assert htmx_client.post(url, {"action": ActionFactory().pk}).status_code == 422
    assert htmx_client.post(url, {"remove": "abc"}).status_code == 404


def test_panels_are_read_only_for_readers(sign_in, territory, action):
    project = ProjectFactory(territory=territory, confidentiality=Confidentiality.PUBLIC)
    client = sign_in(Role.READER)
    for url in (f"/plan/projet/{project.pk}/", f"/plan/organisation/{project.holder.pk}/"):
        assertNotContains(client.get(url), "Associer")
        assert client.post(url, {"action": action.pk}).status_code == 403
    assert not project.actions.exists()


def test_panels_of_what_one_may_not_read_are_not_found(sign_in, territory):
    client = sign_in(Role.READER)
    internal = ProjectFactory(territory=territory)
    assert client.get(f"/plan/projet/{internal.pk}/").status_code == 404
    assert client.get(f"/plan/organisation/{OrganisationFactory().pk}/").status_code == 404


def test_organisation_panel_says_what_it_carries(officer_client, territory):
    chamber = OrganisationFactory(territory=territory, kind="chamber")
    ActionFactory(territory=territory, title="Pilotée", pilot=chamber)
    ActionFactory(territory=territory, title="Aidée").partners.add(chamber)
    page = officer_client.get(f"/plan/organisation/{chamber.pk}/")
    for words in ("Pilotée", "Pilote", "Aidée", "Partenaire"):
        assertContains(page, words)


def test_panel_costs_the_same_for_one_fiche_and_many(
    officer_client, territory, assert_flat_queries
):
    company = OrganisationFactory(territory=territory)

    def add(count):
        for action in ActionFactory.create_batch(count, territory=territory, pilot=company):
            action.organisations.add(company)

    url = f"/plan/organisation/{company.pk}/"
    assert_flat_queries(lambda: officer_client.get(url), add)
