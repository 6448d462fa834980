import datetime
import re
from decimal import Decimal

import pytest
from pytest_django.asserts import assertContains, assertNotContains, assertTemplateUsed

from actions.models import AgendaItem, AlreadyDecided, Decision, Meeting
from crm.models import FollowUp, MeetingKind, Role
from tests.actions.factories import (
    ActionFactory,
    AgendaItemFactory,
    DecisionFactory,
    MeetingFactory,
)
from tests.crm.factories import ProjectFactory, UserFactory

pytestmark = pytest.mark.django_db
LIST = "/instances/"
YESTERDAY = datetime.date(2026, 11, 21)
READERS = [Role.ELECTED, Role.INDUSTRIALIST, Role.READER]


@pytest.fixture
def meeting(territory):
    return MeetingFactory(territory=territory, title="COPIL de janvier")


@pytest.fixture
def held(territory):
    return MeetingFactory(territory=territory, title="COPIL de novembre", held_on=YESTERDAY)


def order(meeting):
    return [item.title for item in meeting.items.all()]


@pytest.mark.parametrize("role", Role.values)
def test_every_role_reads_the_meetings(sign_in, meeting, role):
    client = sign_in(role)
    assertContains(client.get(LIST), "COPIL de janvier")
    assertContains(client.get(meeting.get_absolute_url()), "COPIL de janvier")


def test_meetings_of_another_territory_stay_there(officer_client, meeting):
    stranger = MeetingFactory(title="Ailleurs")
    assertNotContains(officer_client.get(LIST), "Ailleurs")
    for path in ("", "modifier/"):
        assert officer_client.get(f"{stranger.get_absolute_url()}{path}").status_code == 404


def test_next_meeting_comes_first_and_the_past_after(officer_client, territory, meeting, held):
    later = MeetingFactory(territory=territory, held_on="2027-06-01")
    context = officer_client.get(LIST).context
    assert context["next"] == meeting
    assert context["upcoming"] == [later]
    assert list(context["page"]) == [held]


def test_meeting_of_today_is_still_to_come(territory):
    today = MeetingFactory(territory=territory, held_on="2026-11-22")
    assert Meeting.objects.next_committee(territory) == today
    assert not Meeting.objects.past().exists()


def test_list_costs_the_same_for_one_meeting_and_many(
    officer_client, territory, assert_flat_queries
):
    def add(count):
        for day in (YESTERDAY, datetime.date(2027, 1, 14)):
            for meeting in MeetingFactory.create_batch(count, territory=territory, held_on=day):
                items = AgendaItemFactory.create_batch(2, meeting=meeting)
                DecisionFactory(item=items[0])
        for project in ProjectFactory.create_batch(count, territory=territory):
            AgendaItemFactory(meeting=None, territory=territory, project=project)

    assert_flat_queries(lambda: officer_client.get(LIST), add)


def test_meeting_costs_the_same_for_one_point_and_many(
    officer_client, territory, held, assert_flat_queries
):
    def add(count):
        for project in ProjectFactory.create_batch(count, territory=territory):
            action = ActionFactory(territory=territory)
            AgendaItemFactory(meeting=held, project=project, action=action)
            DecisionFactory(item=AgendaItemFactory(meeting=held, project=project))

    assert_flat_queries(lambda: officer_client.get(held.get_absolute_url()), add)


def test_officer_creates_a_meeting_named_after_its_kind_and_date(officer_client, territory):
    fields = {"kind": "copil", "held_on": "2026-12-10", "starts_at": "09:30", "place": "Gimont"}
    response = officer_client.post("/instances/nouvelle/", fields)
    meeting = Meeting.objects.get()
    assert response.url == meeting.get_absolute_url()
    assert (meeting.title, meeting.territory) == ("COPIL du 10/12/2026", territory)
    assertContains(officer_client.get(response.url), "9 h 30")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"held_on": "jeudi"}, "Écrivez une date"),
        ({"starts_at": "matin"}, "Écrivez une heure"),
        ({"kind": "bidon"}, "Sélectionnez un choix valide"),
    ],
)
def test_refused_meeting_keeps_what_was_typed(officer_client, fields, sentence):
    typed = {"kind": "copil", "held_on": "2026-12-10", "place": "Gimont"} | fields
    response = officer_client.post("/instances/nouvelle/", typed)
    assertContains(response, sentence, status_code=422)
    assertContains(response, 'value="Gimont"', status_code=422)
    assert not Meeting.objects.exists()


@pytest.mark.parametrize("role", READERS)
def test_readers_change_nothing(sign_in, meeting, held, role):
    item, late = AgendaItemFactory(meeting=meeting), AgendaItemFactory(meeting=held)
    client = sign_in(role)
    for path in (
        "/instances/nouvelle/",
        "/instances/points/nouveau/",
        f"/instances/{meeting.pk}/modifier/",
        f"/instances/points/{item.pk}/",
        f"/instances/points/{item.pk}/descendre/",
        f"/instances/points/{item.pk}/retirer/",
        f"/instances/points/{item.pk}/inscrire/{held.pk}/",
        f"/instances/points/{late.pk}/decision/",
    ):
        assert client.post(path, {"text": "Oui"}).status_code == 403
    assert not Decision.objects.exists()
    assertNotContains(client.get(meeting.get_absolute_url()), "Remettre en attente")
    assertNotContains(client.get(held.get_absolute_url()), "Consigner")


def test_notes_are_read_by_the_team_only(sign_in, territory):
    meeting = MeetingFactory(territory=territory, notes="Tension avec la Région", attendance="CCI")
    for role in READERS:
        page = sign_in(role).get(meeting.get_absolute_url())
        assertNotContains(page, "Tension")
        assertContains(page, "CCI")
    assertContains(sign_in(Role.OFFICER).get(meeting.get_absolute_url()), "Tension")


def test_point_about_a_hidden_project_is_neither_shown_nor_counted(
    sign_in, territory, meeting, held
):
    secret = ProjectFactory(territory=territory, title="Rachat discret")
    for shown_in in (meeting, held, None):
        AgendaItemFactory(
            meeting=shown_in, territory=territory, project=secret, title="Rachat discret"
        )
    DecisionFactory(item=held.items.get(), text="Soutenir le rachat")
    client = sign_in(Role.ELECTED)
    for url in (LIST, meeting.get_absolute_url(), held.get_absolute_url()):
        page = client.get(url)
        assertNotContains(page, "Rachat discret")
        assertNotContains(page, "Soutenir le rachat")
    past = client.get(LIST).context["page"][0]
    assert (past.point_count, past.decision_count) == (0, 0)


def test_point_is_drawn_from_a_project(officer_client, territory, meeting):
    project = ProjectFactory(territory=territory, planned_investment=Decimal(1760000))
    page = officer_client.get("/instances/points/nouveau/", {"projet": project.pk})
    assertContains(page, f'value="{project.title}"')
    assertContains(page, "1\u00a0760\u00a0000")
    assert page.context["form"].initial["meeting"] == meeting.pk


def test_point_is_not_drawn_from_what_one_may_not_read(officer_client, meeting):
    stranger = ProjectFactory(title="Usine lointaine")
    for pk in (stranger.pk, "abc", 10**30):
        page = officer_client.get("/instances/points/nouveau/", {"projet": pk})
        assertNotContains(page, "Usine lointaine")
    fields = {"title": "Point", "kind": "decision", "project": stranger.pk}
    assert officer_client.post("/instances/points/nouveau/", fields).status_code == 422
    assert not AgendaItem.objects.exists()


def test_new_point_goes_last_or_waits(officer_client, meeting):
    AgendaItemFactory(meeting=meeting, title="Premier", position=40)
    for title, where in (("Dernier", meeting.pk), ("En attente", "")):
        fields = {"title": title, "kind": "avis", "meeting": where}
        officer_client.post("/instances/points/nouveau/", fields)
    assert order(meeting) == ["Premier", "Dernier"]
    assert AgendaItem.objects.waiting().get().title == "En attente"
    assertContains(officer_client.get(LIST), "Inscrire au COPIL du 14/01/2027")


def test_refused_point_keeps_what_was_typed(officer_client, meeting):
    fields = {"title": "Lettre", "kind": "decision", "amount": "cher", "question": "Signer ?"}
    response = officer_client.post("/instances/points/nouveau/", fields)
    assertContains(response, "«\u00a0cher\u00a0» n’est pas un nombre", status_code=422)
    assertContains(response, "Signer ?", status_code=422)


def test_waiting_point_is_put_on_the_committee_and_taken_back(officer_client, territory, meeting):
    item = AgendaItemFactory(meeting=None, territory=territory)
    page = officer_client.post(f"/instances/points/{item.pk}/inscrire/{meeting.pk}/", follow=True)
    assertContains(page, f"/instances/points/{item.pk}/retirer/")
    assert order(meeting) == [item.title]
    officer_client.post(f"/instances/points/{item.pk}/retirer/")
    assert not meeting.items.exists()
    elsewhere = MeetingFactory()
    assert (
        officer_client.post(f"/instances/points/{item.pk}/inscrire/{elsewhere.pk}/").status_code
        == 404
    )


def test_points_move_up_and_down(officer_client, meeting):
    a, b, c = (AgendaItemFactory(meeting=meeting, title=title, position=100) for title in "abc")
    officer_client.post(f"/instances/points/{c.pk}/monter/")
    assert order(meeting) == ["a", "c", "b"]
    officer_client.post(f"/instances/points/{a.pk}/descendre/")
    assert order(meeting) == ["c", "a", "b"]
    officer_client.post(f"/instances/points/{c.pk}/monter/")
    officer_client.post(f"/instances/points/{b.pk}/descendre/")
    assert order(meeting) == ["c", "a", "b"]


def test_htmx_gets_the_agenda_after_a_move(htmx_client, officer_client, meeting):
    a, b = AgendaItemFactory.create_batch(2, meeting=meeting)
    htmx_client.force_login(officer_client.user)
    response = htmx_client.post(f"/instances/points/{b.pk}/monter/")
    assertTemplateUsed(response, "actions/_agenda.html")
    assertContains(response, f'id="descendre-{b.pk}"')
    assertNotContains(response, f'id="monter-{b.pk}"')


def test_waiting_point_has_no_place_to_move_to(officer_client, territory):
    item = AgendaItemFactory(meeting=None, territory=territory)
    AgendaItemFactory(meeting=None, territory=territory)
    assert officer_client.post(f"/instances/points/{item.pk}/descendre/").status_code == 302
    item.refresh_from_db()
    assert item.position == 100


def test_decision_with_a_date_becomes_a_follow_up(officer_client, territory, held):
    project = ProjectFactory(territory=territory)
    item = AgendaItemFactory(meeting=held, project=project)
    fields = {"text": "Signer la lettre", "responsible": "Mme Montaut", "due_on": "2026-12-31"}
    page = officer_client.post(f"/instances/points/{item.pk}/decision/", fields, follow=True)
    assertContains(page, "Signer la lettre")
    follow_up = FollowUp.objects.get()
    assert follow_up.title == "Mme Montaut : Signer la lettre"
    assert (follow_up.project, follow_up.organisation) == (project, project.holder)
    assert (follow_up.owner, follow_up.territory) == (officer_client.user, territory)


def test_decision_without_a_date_promises_nothing(officer_client, held):
    item = AgendaItemFactory(meeting=held)
    officer_client.post(f"/instances/points/{item.pk}/decision/", {"text": "Voter le plan"})
    assert item.decision.by == officer_client.user
    assert not FollowUp.objects.exists()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"text": ""}, "obligatoire"),
        ({"due_on": "2026-01-01"}, "précède la réunion"),
        ({"due_on": "demain"}, "Écrivez une date"),
    ],
)
def test_refused_decision_writes_nothing(officer_client, held, fields, sentence):
    item = AgendaItemFactory(meeting=held)
    response = officer_client.post(
        f"/instances/points/{item.pk}/decision/",
        {"text": "Oui", "responsible": "Mme Montaut"} | fields,
    )
    assertContains(response, sentence, status_code=422)
    assertContains(response, "Mme Montaut", status_code=422)
    assert not Decision.objects.exists()
    assert not FollowUp.objects.exists()


def test_nothing_is_decided_before_the_meeting(officer_client, meeting):
    item = AgendaItemFactory(meeting=meeting)
    response = officer_client.post(f"/instances/points/{item.pk}/decision/", {"text": "Oui"})
    assertContains(response, "pas encore eu lieu", status_code=422)
    assertNotContains(officer_client.get(meeting.get_absolute_url()), "Consigner")


def test_waiting_point_cannot_be_decided(officer_client, territory):
    item = AgendaItemFactory(meeting=None, territory=territory)
    assert (
        officer_client.post(f"/instances/points/{item.pk}/decision/", {"text": "Oui"}).status_code
        == 404
    )


def test_decision_is_never_edited(officer_client, held):
    decision = DecisionFactory(item=AgendaItemFactory(meeting=held), text="Voter le plan")
    item = decision.item
    for path, fields in (
        ("decision/", {"text": "Autre chose"}),
        ("", {"title": "Autre point", "kind": "avis"}),
        ("retirer/", {}),
    ):
        response = officer_client.post(f"/instances/points/{item.pk}/{path}", fields)
        assertContains(response, "déjà consignée", status_code=409)
    item.refresh_from_db()
    decision.refresh_from_db()
    assert (decision.text, item.meeting, item.title) == ("Voter le plan", held, item.title)


def test_second_of_two_decisions_is_refused(territory, held):
    officer = UserFactory(territory=territory)
    item = AgendaItemFactory(meeting=held)
    item.decide("Oui", by=officer, due_on=datetime.date(2026, 12, 1))
    with pytest.raises(AlreadyDecided):
        AgendaItem.objects.get(pk=item.pk).decide(
            "Non", by=officer, due_on=datetime.date(2026, 12, 1)
        )
    assert FollowUp.objects.count() == 1


def test_points_of_another_territory_are_not_found(officer_client):
    item = AgendaItemFactory(meeting=MeetingFactory(held_on=YESTERDAY))
    for path in ("", "decision/", "monter/", "retirer/", f"inscrire/{item.meeting.pk}/"):
        assert officer_client.post(f"/instances/points/{item.pk}/{path}").status_code == 404


def test_decisions_of_the_previous_committee_are_followed_up(officer_client, meeting, held):
    DecisionFactory(item=AgendaItemFactory(meeting=held), text="Voter le plan")
    page = officer_client.get(meeting.get_absolute_url())
    assertContains(page, "Décisions de la réunion précédente")
    assertContains(page, "Voter le plan")


def test_only_a_meeting_of_the_same_kind_is_the_previous_one(meeting, territory):
    technical = MeetingKind.objects.get(pk="cotech")
    MeetingFactory(territory=territory, kind=technical, held_on=YESTERDAY)
    assert meeting.previous() is None


def test_the_link_of_the_project_page_prefills_the_point(officer_client, territory):
    project = ProjectFactory(territory=territory, title="Four à pruneaux")
    page = officer_client.get(project.get_absolute_url()).content.decode()
    link = re.search(r'href="(/instances/points/nouveau/[^"]*)"', page).group(1)
    form = officer_client.get(link).context["form"]
    assert form["project"].value() == project.pk


def test_a_meeting_that_decided_does_not_become_one_to_come(officer_client, held):
    DecisionFactory(item=AgendaItemFactory(meeting=held))
    fields = {"kind": "copil", "title": "COPIL", "version": held.version}
    url = f"{held.get_absolute_url()}modifier/"
    response = officer_client.post(url, fields | {"held_on": "2027-01-14"})
    assertContains(response, "Des décisions y sont consignées", status_code=422)
    assert officer_client.post(url, fields | {"held_on": "2026-11-20"}).status_code == 302
