"""A point of an agenda about a file: written with it, or tied to it after the decision."""

import datetime

import pytest
from pytest_django.asserts import assertContains, assertNotContains

from actions.models import AgendaItem
from crm.models import Confidentiality, Role
from funding.models import ApplicationPoint
from tests.actions.factories import ActionFactory, AgendaItemFactory, MeetingFactory
from tests.crm.factories import ProjectFactory
from tests.funding.factories import ApplicationFactory, ApplicationPointFactory

pytestmark = pytest.mark.django_db
NEW = "/instances/points/nouveau/"


@pytest.fixture
def application(territory):
    project = ProjectFactory(territory=territory, title="Four à pruneaux")
    return ApplicationFactory(project=project, program__name="Fonds vert")


@pytest.fixture
def held(territory):
    return MeetingFactory(territory=territory, held_on=datetime.date(2026, 11, 1))


def panel(client, application):
    return client.get(f"/financements/dossiers/{application.pk}/instances/")


def test_a_point_drawn_from_a_file_is_about_its_project(officer_client, application):
    page = officer_client.get(NEW, {"dossier": application.pk})
    form = page.context["form"]
    assert form["dossier"].value() == application.pk
    assert (form["project"].value(), form["title"].value()) == (
        application.project_id,
        "Fonds vert",
    )
    said = {"title": "Fonds vert", "kind": "decision", "dossier": application.pk}
    officer_client.post(NEW, said)
    item = AgendaItem.objects.get()
    assert item.project == application.project
    assert item.application_points.get().application == application
    assertContains(officer_client.get("/instances/"), "Fonds vert")
    assertContains(panel(officer_client, application), "Fonds vert")


def test_a_file_of_another_project_is_refused(officer_client, application, territory):
    other = ProjectFactory(territory=territory)
    said = {"title": "X", "kind": "avis", "dossier": application.pk, "project": other.pk}
    response = officer_client.post(NEW, said)
    assertContains(response, "ne va pas avec", status_code=422)
    stranger = ApplicationFactory()
    for pk in (stranger.pk, "²", "9" * 30):
        response = officer_client.post(NEW, said | {"dossier": pk, "project": ""})
        assert response.status_code == 422
        page = officer_client.get(NEW, {"dossier": pk})
        assert page.context["form"]["dossier"].value() is None
    assert not AgendaItem.objects.exists()


def test_a_point_is_untied_by_its_form_and_by_nothing_else(officer_client, application, held):
    item = ApplicationPointFactory(application=application).item
    url = f"/instances/points/{item.pk}/"
    said = {"title": "Autre titre", "kind": "decision", "project": application.project_id}
    officer_client.post(url, said | {"version": 1, "dossier": application.pk})
    assert item.application_points.exists()
    officer_client.post(url, said | {"version": 2, "dossier": ""})
    assert not item.application_points.exists()


def test_a_decision_of_before_is_brought_to_the_file(officer_client, application, held):
    item = AgendaItemFactory(meeting=held, project=application.project, title="Lettre d’appui")
    item.decide("Signer la lettre", by=officer_client.user, due_on=datetime.date(2026, 12, 1))
    page = panel(officer_client, application)
    assert [list(page.context[name]) for name in ("points", "loose")] == [[], [item]]
    url = f"/financements/dossiers/{application.pk}/instances/{item.pk}/"
    assertContains(officer_client.post(f"{url}rattacher/", follow=True), "porte sur ce dossier")
    page = panel(officer_client, application)
    assertContains(page, "Signer la lettre")
    assertContains(page, "À faire")
    assertContains(officer_client.get(held.get_absolute_url()), "Dossier Fonds vert")
    officer_client.post(f"{url}detacher/")
    assert not ApplicationPoint.objects.exists()


def test_a_point_about_something_else_is_not_brought(officer_client, application, held, territory):
    action = ActionFactory(territory=territory)
    for item in (
        AgendaItemFactory(meeting=held, project=ProjectFactory(territory=territory)),
        AgendaItemFactory(meeting=held),
        AgendaItemFactory(meeting=held, action=action),
        AgendaItemFactory(),
    ):
        url = f"/financements/dossiers/{application.pk}/instances/{item.pk}/rattacher/"
        assert officer_client.post(url).status_code == 404
    own = ApplicationFactory(project=None, action=action)
    fiche = AgendaItemFactory(meeting=held, action=action)
    url = f"/financements/dossiers/{own.pk}/instances/{fiche.pk}/rattacher/"
    assert officer_client.post(url).status_code == 302
    assertContains(panel(officer_client, own), fiche.title)


def test_a_removed_point_comes_back_with_its_file(officer_client, application):
    item = ApplicationPointFactory(application=application).item
    trace = item.remove()
    assert not ApplicationPoint.objects.exists()
    officer_client.post(f"/plan/retablir/point/{trace.pk}/")
    assert ApplicationPoint.objects.get().application == application


@pytest.mark.parametrize("role", [Role.ELECTED, Role.READER])
def test_readers_read_what_was_decided_of_a_file_they_may_read(sign_in, application, held, role):
    item = ApplicationPointFactory(application=application).item
    client = sign_in(role)
    assert panel(client, application).status_code == 404
    application.project.confidentiality = Confidentiality.PUBLIC
    application.project.save()
    page = panel(client, application)
    assertContains(page, item.title)
    assertNotContains(page, "Rattacher")
    url = f"/financements/dossiers/{application.pk}/instances/{item.pk}/detacher/"
    assert client.post(url).status_code == 403


def test_the_panel_and_the_agenda_cost_the_same_for_one_file_and_many(
    officer_client, application, held, assert_flat_queries
):
    def add(count):
        for _ in range(count):
            item = ApplicationPointFactory(application=application).item
            item.put_on(held)
            AgendaItemFactory(meeting=held, project=application.project)

    assert_flat_queries(lambda: panel(officer_client, application), add)
    assert_flat_queries(lambda: officer_client.get(held.get_absolute_url()), add)


def test_the_form_costs_the_same_for_one_file_and_many(
    officer_client, territory, assert_flat_queries
):
    def add(count):
        for _ in range(count):
            ApplicationFactory(project__territory=territory)
            ApplicationFactory(project=None, action=ActionFactory(territory=territory))

    assert_flat_queries(lambda: officer_client.get(NEW), add)
