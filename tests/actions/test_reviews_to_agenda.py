import datetime
from decimal import Decimal

import pytest
from pytest_django.asserts import assertContains, assertNotContains

from actions.models import AgendaItem
from crm.models import Confidentiality, MeetingKind, Role
from crm.signals import review_completed
from tests.actions.factories import AgendaItemFactory, MeetingFactory
from tests.crm.factories import ProjectFactory, ReviewRequestFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_(territory):
    project = ProjectFactory(
        territory=territory,
        title="Ligne de séchage",
        planned_investment=Decimal(1760000),
        confidentiality=Confidentiality.PARTNERS,
    )
    return ReviewRequestFactory(project=project, question="Signer la lettre ?")


def answer(request, elected, industrialist):
    territory = request.project.territory
    for role, word in ((Role.ELECTED, elected), (Role.INDUSTRIALIST, industrialist)):
        by = UserFactory(territory=territory, role=role, last_name=role.name)
        request.answer(by=by, role=role, answer=word, comment=f"mot de {role}")


@pytest.mark.parametrize(
    ("elected", "industrialist", "raised"),
    [
        ("agree", "agree", False),
        ("agree", "disagree", True),
        ("disagree", "disagree", True),
        ("discuss", "agree", True),
        ("discuss", "discuss", True),
    ],
)
def test_disagreement_becomes_a_point_to_decide(request_, elected, industrialist, raised):
    answer(request_, elected, industrialist)
    assert AgendaItem.objects.to_decide().exists() is raised


def test_point_carries_the_question_and_the_amount(request_, territory):
    answer(request_, "agree", "disagree")
    item = AgendaItem.objects.get()
    assert (item.territory, item.project) == (territory, request_.project)
    assert (item.title, item.question) == ("Ligne de séchage", "Signer la lettre ?")
    assert item.amount == 1760000


def test_unknown_investment_stays_unknown(request_):
    request_.project.planned_investment = None
    request_.project.save()
    answer(request_, "agree", "disagree")
    assert AgendaItem.objects.get().amount is None


def test_first_answer_alone_raises_nothing(request_, territory):
    elected = UserFactory(territory=territory, role=Role.ELECTED)
    request_.answer(by=elected, role=Role.ELECTED, answer="disagree")
    assert not AgendaItem.objects.exists()


def test_point_goes_last_on_the_next_committee(request_, territory):
    for held_on in ("2026-11-21", "2027-06-01", "2026-12-10"):
        MeetingFactory(territory=territory, held_on=held_on)
    MeetingFactory(
        territory=territory, held_on="2026-11-23", kind=MeetingKind.objects.get(pk="cotech")
    )
    MeetingFactory(held_on="2026-11-24")
    committee = territory.meetings.get(held_on="2026-12-10")
    AgendaItemFactory(meeting=committee, title="Déjà là", position=30)

    answer(request_, "agree", "disagree")

    item = request_.agenda_item
    assert item.meeting == committee
    assert [point.title for point in committee.items.all()] == ["Déjà là", "Ligne de séchage"]


def test_without_a_committee_the_point_waits(request_, sign_in):
    answer(request_, "agree", "disagree")
    item = AgendaItem.objects.waiting().get()
    assertContains(sign_in(Role.OFFICER).get("/instances/"), item.title)


def test_same_signal_twice_raises_one_point(request_):
    answer(request_, "agree", "disagree")
    review_completed.send(type(request_), request=type(request_).objects.get(pk=request_.pk))
    assert AgendaItem.objects.count() == 1


def test_answers_show_to_the_pair_and_the_team_not_to_the_reader(request_, sign_in, territory):
    meeting = MeetingFactory(territory=territory)
    answer(request_, "agree", "disagree")
    for role in (Role.OFFICER, Role.MANAGER, Role.ELECTED, Role.INDUSTRIALIST):
        page = sign_in(role).get(meeting.get_absolute_url())
        assertContains(page, "INDUSTRIALIST\u00a0: pas d’accord")
    page = sign_in(Role.READER).get(meeting.get_absolute_url())
    assertContains(page, "Ligne de séchage")
    assertNotContains(page, "INDUSTRIALIST")
    assertNotContains(page, "mot de")


@pytest.mark.parametrize(
    ("role", "reads"),
    [
        (Role.OFFICER, True),
        (Role.MANAGER, True),
        (Role.ELECTED, True),
        (Role.INDUSTRIALIST, True),
        (Role.READER, False),
    ],
)
@pytest.mark.parametrize("has_committee", [True, False])
def test_what_the_pair_was_asked_stays_between_it_and_the_team(
    request_, sign_in, territory, role, reads, has_committee
):
    """A reader of the project reads that it is on the agenda, not the question put to the pair."""
    if has_committee:
        MeetingFactory(territory=territory)
    answer(request_, "agree", "disagree")
    item = AgendaItem.objects.get()
    client = sign_in(role)
    pages = ["/instances/", item.meeting.get_absolute_url() if has_committee else "/instances/"]
    for url in pages:
        page = client.get(url)
        assertContains(page, "Ligne de séchage")
        assert ("Signer la lettre" in page.content.decode()) is reads


def test_a_question_typed_for_the_committee_is_read_with_its_project(sign_in, territory):
    project = ProjectFactory(territory=territory, confidentiality=Confidentiality.PARTNERS)
    item = AgendaItemFactory(
        meeting=MeetingFactory(territory=territory), project=project, question="Quel calendrier ?"
    )
    page = sign_in(Role.READER).get(item.meeting.get_absolute_url())
    assertContains(page, "Quel calendrier")


def test_point_of_a_project_closed_to_readers_is_not_read_by_them(request_, sign_in, territory):
    meeting = MeetingFactory(territory=territory)
    answer(request_, "agree", "disagree")
    type(request_.project).objects.update(confidentiality=Confidentiality.PAIR)
    page = sign_in(Role.READER).get(meeting.get_absolute_url())
    assertNotContains(page, "Ligne de séchage")
    assertNotContains(page, "Signer la lettre")


def test_point_of_the_pair_cannot_leave_its_project(request_, officer_client):
    answer(request_, "agree", "disagree")
    item = AgendaItem.objects.get()
    fields = {"title": "Autre", "kind": "decision", "project": "", "version": item.version}
    officer_client.post(f"/instances/points/{item.pk}/", fields)
    item.refresh_from_db()
    assert (item.title, item.project) == ("Autre", request_.project)


def test_closed_project_can_still_be_on_the_agenda(request_, territory, officer_client):
    """Its point keeps it in the dropdown, where only open projects are offered."""
    project = request_.project
    item = AgendaItemFactory(meeting=MeetingFactory(territory=territory), project=project)
    project.stage_id = "abandonne"
    project.save()
    fields = {"title": "Bilan", "kind": "information", "project": project.pk}
    fields |= {"meeting": item.meeting.pk, "version": item.version}
    assert officer_client.post(f"/instances/points/{item.pk}/", fields).status_code == 302
    assert item.meeting.held_on == datetime.date(2027, 1, 14)


@pytest.mark.parametrize(("role", "is_found"), [(Role.OFFICER, True), (Role.READER, False)])
def test_nobody_finds_by_its_words_a_question_they_may_not_read(sign_in, territory, role, is_found):
    project = ProjectFactory(territory=territory, confidentiality=Confidentiality.PARTNERS)
    asked = ReviewRequestFactory(project=project, question="Faut-il craindre Zébulon ?")
    AgendaItemFactory(
        meeting=MeetingFactory(territory=territory, title="COPIL"),
        project=project,
        review_request=asked,
        question=asked.question,
    )
    page = sign_in(role).get("/recherche/", {"q": "zebulon"}).content.decode()
    assert ("/instances/1" in page or "COPIL" in page) is is_found
