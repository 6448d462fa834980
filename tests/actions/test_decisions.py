import datetime

import pytest
from pytest_django.asserts import assertContains, assertNotContains

from actions.models import AgendaItem, AlreadySuperseded, Decision
from crm.models import Role
from tests.actions.factories import (
    ActionFactory,
    AgendaItemFactory,
    DecisionFactory,
    MeetingFactory,
)
from tests.crm.factories import ProjectFactory, UserFactory
from tests.funding.factories import ApplicationPointFactory

pytestmark = pytest.mark.django_db
REGISTER = "/instances/decisions/"
JUNE, YESTERDAY = datetime.date(2026, 6, 18), datetime.date(2026, 11, 21)


@pytest.fixture
def older(territory):
    """Decided in June, due in September and not done."""
    meeting = MeetingFactory(territory=territory, title="COPIL de juin", held_on=JUNE)
    item = AgendaItemFactory(meeting=meeting, title="Convention de chaleur")
    return item.decide(
        "Financer l’étude",
        by=UserFactory(territory=territory),
        responsible="T. Bérard",
        due_on=datetime.date(2026, 9, 30),
    )


@pytest.fixture
def item(territory):
    meeting = MeetingFactory(territory=territory, title="COPIL de novembre", held_on=YESTERDAY)
    return AgendaItemFactory(meeting=meeting, title="Chaleur, suite")


def decide(client, item, **said):
    return client.post(f"/instances/points/{item.pk}/decision/", {"text": "Signer"} | said)


@pytest.mark.parametrize(("then", "is_done"), [("clore", True), ("garder", False)])
def test_a_later_decision_supersedes_an_older_one(officer_client, older, item, then, is_done):
    response = decide(officer_client, item, supersedes=older.pk, then=then)
    page = officer_client.get(response.url)
    newer = item.decision
    older.refresh_from_db()
    assert (newer.supersedes, older.superseded_by, older.text) == (older, newer, "Financer l’étude")
    assert bool(older.follow_up.done_at) is is_done
    assertContains(page, "est close" if is_done else "reste à faire")
    assertContains(page, f"/instances/decisions/{older.pk}/")  # both ways
    page = officer_client.get(older.item.meeting.get_absolute_url())
    assertContains(page, "<s>Financer l’étude</s>")
    assertContains(page, f"/instances/decisions/{newer.pk}/")


def test_what_becomes_of_the_follow_up_must_be_said(officer_client, older, item):
    response = decide(officer_client, item, supersedes=older.pk)
    assertContains(response, "encore à faire", status_code=422)
    assertContains(response, "Signer", status_code=422)
    assert not Decision.objects.filter(item=item).exists()
    older.follow_up.mark_done(by=officer_client.user)
    assert decide(officer_client, item, supersedes=older.pk).status_code == 302


def test_only_a_live_earlier_decision_of_the_territory_is_superseded(officer_client, older, item):
    stranger = DecisionFactory(item=AgendaItemFactory(meeting=MeetingFactory(held_on=JUNE)))
    late = MeetingFactory(territory=item.territory, held_on=datetime.date(2026, 11, 22))
    later = DecisionFactory(item=AgendaItemFactory(meeting=late))
    gone = DecisionFactory(item=AgendaItemFactory(meeting=older.item.meeting))
    DecisionFactory(item=AgendaItemFactory(meeting=older.item.meeting), supersedes=gone)
    for pk in (stranger.pk, later.pk, gone.pk, "²", 10**30):
        response = decide(officer_client, item, supersedes=pk, then="clore")
        assert response.status_code == 422, pk
    assert not Decision.objects.filter(item=item).exists()


def test_the_second_to_supersede_is_refused_and_writes_nothing(older, item):
    officer = UserFactory(territory=item.territory)
    other = AgendaItemFactory(meeting=item.meeting)
    item.decide("Signer", by=officer, supersedes=older)
    with pytest.raises(AlreadySuperseded):
        other.decide("Attendre", by=officer, supersedes=older, closes_follow_up=True)
    older.follow_up.refresh_from_db()
    assert older.follow_up.done_at is None
    assert not Decision.objects.filter(item=other).exists()


def test_a_new_point_comes_back_to_a_decision(officer_client, older, territory):
    page = officer_client.get("/instances/points/nouveau/", {"revient_sur": older.pk})
    form = page.context["form"]
    assert (form["revisits"].value(), form["title"].value()) == (older.pk, "Convention de chaleur")
    meeting = MeetingFactory(territory=territory, held_on=datetime.date(2026, 11, 22))
    said = {"title": "Suite", "kind": "decision", "revisits": older.pk, "meeting": meeting.pk}
    officer_client.post("/instances/points/nouveau/", said)
    point = AgendaItem.objects.get(title="Suite")
    assertContains(officer_client.get(meeting.get_absolute_url()), "Revient sur")
    page = officer_client.get(f"/instances/points/{point.pk}/decision/")
    assert page.context["form"]["supersedes"].value() == older.pk


def test_a_point_comes_back_to_no_decision_of_others(officer_client, older):
    stranger = DecisionFactory(item=AgendaItemFactory(title="Usine lointaine"))
    for pk in (stranger.pk, "²", 10**30):
        page = officer_client.get("/instances/points/nouveau/", {"revient_sur": pk})
        assertNotContains(page, "Usine lointaine")
        assert page.context["form"]["revisits"].value() is None


def test_a_point_is_drawn_from_a_file_with_its_title(officer_client, territory):
    project = ProjectFactory(territory=territory)
    said = {"projet": project.pk, "intitule": "Fonds vert" * 60}
    form = officer_client.get("/instances/points/nouveau/", said).context["form"]
    assert form["project"].value() == project.pk
    assert len(form["title"].value()) == 200


def states(client, **filters):
    page = client.get(REGISTER, filters)
    return {decision.text: decision.state for decision in page.context["page"]}


def test_the_register_says_what_became_of_each(officer_client, older, item, territory):
    officer = officer_client.user
    meeting = item.meeting

    def settle(text, **more):
        return AgendaItemFactory(meeting=meeting).decide(text, by=officer, **more)

    settle("à faire", due_on=datetime.date(2026, 12, 1))
    settle("faite", due_on=datetime.date(2026, 12, 1)).follow_up.mark_done(by=officer)
    settle("sans date")
    old = settle("ancienne", due_on=datetime.date(2026, 12, 1))
    settle("neuve", supersedes=old)
    lost = settle("perdue", due_on=datetime.date(2026, 12, 1))
    lost.follow_up.delete()
    said = {
        "Financer l’étude": "en_retard",
        "à faire": "a_faire",
        "faite": "faite",
        "sans date": "sans_echeance",
        "ancienne": "remplacee",
        "neuve": "sans_echeance",
        "perdue": "a_confirmer",  # whoever deleted the follow-up said nothing of the decision
    }
    assert states(officer_client) == said
    for state in set(said.values()):
        found = states(officer_client, state=state)
        assert found == {text: one for text, one in said.items() if one == state}


def test_the_register_is_filtered(officer_client, older, item):
    item.decide("Écrire au préfet", by=officer_client.user, responsible="Mme Montaut")
    for filters, found in (
        ({"q": "ecrire prefet"}, ["Écrire au préfet"]),
        ({"q": "berard"}, ["Financer l’étude"]),
        ({"q": "convention"}, ["Financer l’étude"]),
        ({"responsible": "Mme Montaut"}, ["Écrire au préfet"]),
        ({"since": "2026-11-01"}, ["Écrire au préfet"]),
        ({"until": "2026-11-01"}, ["Financer l’étude"]),
        ({"body": "copil"}, ["Écrire au préfet", "Financer l’étude"]),
        ({"q": "introuvable"}, []),
    ):
        assert list(states(officer_client, **filters)) == found, filters


@pytest.mark.parametrize(
    "filters", [{"state": "x"}, {"body": "cotech"}, {"since": "hier"}, {"sort": "1"}]
)
def test_a_refused_filter_shows_no_row(officer_client, older, filters):
    for url in (REGISTER, "/rapports/decisions.csv"):
        response = officer_client.get(url, filters)
        assert response.status_code == 400
        assertNotContains(response, "Financer", status_code=400)


def test_the_export_is_what_the_page_shows(officer_client, older, item):
    item.decide("Signer", by=officer_client.user, supersedes=older)
    response = officer_client.get("/rapports/decisions.csv", {"until": "2026-11-01"})
    text = response.getvalue().decode("utf-8-sig")
    assert "Financer l’étude" in text
    assert "Remplacée" in text
    assert "21/11/2026" in text
    assert "Signer" not in text


@pytest.mark.parametrize("role", [Role.ELECTED, Role.READER])
def test_what_one_may_not_read_is_not_in_the_register(sign_in, territory, older, item, role):
    secret = ProjectFactory(territory=territory, title="Rachat discret")
    hidden = AgendaItemFactory(meeting=item.meeting, project=secret)
    newer = hidden.decide("Soutenir le rachat", by=None, supersedes=older, responsible="Mme Sol")
    client = sign_in(role)
    page = client.get(REGISTER)
    assertContains(page, "Financer l’étude")
    assertContains(page, "Remplacée")
    for text in ("Soutenir", "Mme Sol", f"decisions/{newer.pk}/", "Y revenir"):
        assertNotContains(page, text)
    assert client.get(f"{REGISTER}{newer.pk}/").status_code == 404
    assertNotContains(client.get(older.item.meeting.get_absolute_url()), f"decisions/{newer.pk}/")


def test_a_decision_has_an_address(officer_client, older):
    response = officer_client.get(f"{REGISTER}{older.pk}/")
    assert response.url == f"{older.item.meeting.get_absolute_url()}#point-{older.item.pk}"
    stranger = DecisionFactory()
    assert officer_client.get(f"{REGISTER}{stranger.pk}/").status_code == 404


def test_a_decision_shows_on_its_project_and_its_fiche(officer_client, territory, item):
    project, action = ProjectFactory(territory=territory), ActionFactory(territory=territory)
    point = AgendaItemFactory(meeting=item.meeting, project=project, action=action)
    point.decide("Signer la lettre", by=officer_client.user)
    panel = f"/instances/projet/{project.pk}/"
    assertContains(officer_client.get(project.get_absolute_url()), panel)
    assertContains(officer_client.get(panel), "Signer la lettre")
    assertContains(officer_client.get(action.get_absolute_url()), "Signer la lettre")


def test_the_panel_of_a_project_costs_the_same_for_one_point_and_many(
    officer_client, territory, item, assert_flat_queries
):
    project = ProjectFactory(territory=territory)

    def add(count):
        for _ in range(count):
            old = DecisionFactory(item=AgendaItemFactory(meeting=item.meeting, project=project))
            point = AgendaItemFactory(meeting=item.meeting, project=project, revisits=old)
            DecisionFactory(item=point, supersedes=old)

    assert_flat_queries(lambda: officer_client.get(f"/instances/projet/{project.pk}/"), add)


def test_a_decision_shows_on_the_company_that_holds_the_project(sign_in, territory, item):
    project = ProjectFactory(territory=territory)
    point = AgendaItemFactory(meeting=item.meeting, project=project)
    point.decide("Signer la lettre", by=None, due_on=datetime.date(2026, 12, 1))
    client = sign_in(Role.OFFICER)
    panel = f"/instances/organisation/{project.holder_id}/"
    assertContains(client.get(project.holder.get_absolute_url()), panel)
    page = client.get(panel)
    assertContains(page, "Signer la lettre")
    assertContains(page, "À faire")
    assertNotContains(sign_in(Role.READER).get(panel), "Signer la lettre")


def test_a_decision_shows_on_the_pilot_of_the_fiche_once(officer_client, territory, item):
    project = ProjectFactory(territory=territory)
    action = ActionFactory(territory=territory, pilot=project.holder)
    point = AgendaItemFactory(meeting=item.meeting, project=project, action=action)
    points = officer_client.get(f"/instances/organisation/{project.holder_id}/").context["points"]
    assert list(points) == [point]


def test_the_register_is_filtered_by_what_the_decisions_are_about(officer_client, territory, item):
    project, action = ProjectFactory(territory=territory), ActionFactory(territory=territory)
    tied = ApplicationPointFactory(application__project=project).item
    tied.put_on(item.meeting)
    for text, about in (("A", {"project": project}), ("B", {"action": action}), ("C", {})):
        AgendaItemFactory(meeting=item.meeting, **about).decide(text, by=None)
    tied.decide("D", by=None)
    for about, found in (
        ("projet", {"A", "D"}),
        ("fiche", {"B"}),
        ("dossier", {"D"}),
        ("autre", {"C"}),
    ):
        assert set(states(officer_client, about=about)) == found, about
    assertContains(officer_client.get(REGISTER), tied.ties[0].label)
    assert officer_client.get(REGISTER, {"about": "bidon"}).status_code == 400
    text = officer_client.get("/rapports/decisions.csv", {"about": "dossier"}).getvalue().decode()
    assert tied.ties[0].label in text
