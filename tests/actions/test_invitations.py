"""Members are asked by mail with an invitation that diaries understand, and told what changes."""

import smtplib

import pytest
from django.core import mail
from pytest_django.asserts import assertContains, assertNotContains

from actions.models import EditConflict, Invitation, Meeting
from crm.models import Confidentiality, Role
from tests.actions.factories import (
    AgendaItemFactory,
    BodyFactory,
    DecisionFactory,
    MeetingFactory,
    SeatFactory,
)
from tests.actions.test_calendar import lines
from tests.crm.factories import ProjectFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def body(territory):
    return BodyFactory(territory=territory)


@pytest.fixture
def seat(body):
    return SeatFactory(body=body, contact__email="Maire@Gimont.example")


@pytest.fixture
def meeting(territory):
    return MeetingFactory(territory=territory, title="COPIL de janvier", place="Gimont")


def page_of(client, meeting):
    return client.get(f"/instances/{meeting.pk}/invitations/")


def invite(client, meeting, *keys, **read):
    """Send to those that the page ticks, or to the keys, as the page reads now."""
    guests = page_of(client, meeting).context["guests"]
    chosen = [guest for guest in guests if guest.is_to_tell or guest.key in keys]
    data = {"guest": [guest.key for guest in chosen]}
    data |= {f"read-{guest.key}": guest.read for guest in chosen} | read
    return client.post(f"/instances/{meeting.pk}/invitations/", data, follow=True)


def event_of(message):
    """What the diary of the guest reads."""
    [(content, kind)] = message.alternatives
    assert kind.startswith("text/calendar; method=")
    return lines(content.encode())


def test_each_member_is_asked_by_a_message_of_their_own(officer_client, body, seat, meeting):
    account = SeatFactory(body=body, contact=None, user=UserFactory(territory=body.territory))
    silent = SeatFactory(body=body, contact__email="")
    assertContains(page_of(officer_client, meeting), "Ne peut pas être invité")
    assertContains(invite(officer_client, meeting), "2\u00a0messages sont partis")
    assert [message.to for message in mail.outbox] == [
        ["maire@gimont.example"],
        [account.user.email],
    ]
    said = event_of(mail.outbox[0])
    assert "METHOD:REQUEST" in said
    assert "SEQUENCE:0" in said
    assert any(line.endswith(":mailto:maire@gimont.example") for line in said)
    assert not any(account.user.email in line for line in said)
    assert any(line.startswith("ORGANIZER") and officer_client.user.email in line for line in said)
    assert mail.outbox[0].reply_to == [officer_client.user.email]
    assert "Gimont" in mail.outbox[0].body
    [_, file] = mail.outbox[0].message().get_payload()
    assert lines(file.get_payload(decode=True)) == said  # in UTF-8 too
    assert not Invitation.objects.filter(seat=silent).exists()


def test_an_agenda_that_leaves_the_house_names_what_all_may_read(officer_client, seat, meeting):
    AgendaItemFactory(meeting=meeting, title="Lettre au préfet")
    project = ProjectFactory(territory=meeting.territory, confidentiality=Confidentiality.PARTNERS)
    AgendaItemFactory(meeting=meeting, project=project, title="Rachat discret")
    invite(officer_client, meeting)
    [message] = mail.outbox
    for text in (message.body, "\n".join(event_of(message))):
        assert "Lettre au préfet" in text
        assert "Rachat" not in text


def test_a_second_click_sends_nothing_more(officer_client, seat, meeting):
    key = f"m{seat.pk}"
    invite(officer_client, meeting)
    data = {"guest": [key], f"read-{key}": ""}
    page = officer_client.post(f"/instances/{meeting.pk}/invitations/", data, follow=True)
    assertContains(page, "Rien n’est parti")
    assert len(mail.outbox) == 1
    invite(officer_client, meeting, key)  # asked for knowingly, it leaves again
    assert len(mail.outbox) == 2


def test_another_date_is_told_with_a_higher_sequence(officer_client, seat, meeting):
    invite(officer_client, meeting)
    assertContains(page_of(officer_client, meeting), "Invité")
    fields = {"kind": "copil", "title": meeting.title, "place": "Gimont", "version": 1}
    officer_client.post(
        f"{meeting.get_absolute_url()}modifier/", fields | {"held_on": "2027-02-04"}
    )
    assertContains(page_of(officer_client, meeting), "La réunion a changé depuis")
    invite(officer_client, meeting)
    said = event_of(mail.outbox[1])
    assert {"METHOD:REQUEST", "SEQUENCE:1", "DTSTART;VALUE=DATE:20270204"} <= set(said)
    assert mail.outbox[1].subject.startswith("Changement")
    uids = {next(line for line in event_of(one) if line.startswith("UID")) for one in mail.outbox}
    assert len(uids) == 1


def test_a_point_more_is_no_reason_to_write_again(officer_client, seat, meeting):
    invite(officer_client, meeting)
    AgendaItemFactory(meeting=meeting)
    assert page_of(officer_client, meeting).context["to_tell"] == 0


def test_those_who_were_asked_are_told_that_it_is_called_off(officer_client, body, seat, meeting):
    invite(officer_client, meeting)
    SeatFactory(body=body, contact__email="jamais@invite.example")
    url = f"{meeting.get_absolute_url()}annuler/"
    assertContains(officer_client.get(url), "1\u00a0personne est invitée")
    page = officer_client.post(url, {"reason": "Salle prise", "version": 1}, follow=True)
    assertContains(page, "Réunion annulée le 22/11/2026")
    assertContains(page, "Des invités ne le savent pas encore")
    invite(officer_client, meeting)
    [_, message] = mail.outbox
    assert message.to == ["maire@gimont.example"]
    assert {"METHOD:CANCEL", "STATUS:CANCELLED", "SEQUENCE:1"} <= set(event_of(message))
    assert "Salle prise" in message.body
    assertNotContains(officer_client.get(meeting.get_absolute_url()), "ne le savent pas encore")


def test_a_meeting_held_after_all_is_told_again(officer_client, seat, meeting):
    invite(officer_client, meeting)
    meeting.cancel("", version=meeting.version)
    invite(officer_client, meeting)
    page = officer_client.post(f"{meeting.get_absolute_url()}maintenir/", follow=True)
    assertContains(page, "est maintenue")
    invite(officer_client, meeting)
    assert [event_of(one)[3] for one in mail.outbox] == [
        "METHOD:REQUEST",
        "METHOD:CANCEL",
        "METHOD:REQUEST",
    ]


def test_a_member_who_left_is_told_that_they_are_expected_no_more(officer_client, seat, meeting):
    invite(officer_client, meeting)
    seat.left_on = meeting.held_on
    seat.save()
    assertContains(page_of(officer_client, meeting), "Annulation à envoyer")
    invite(officer_client, meeting)
    said = event_of(mail.outbox[1])
    assert "METHOD:CANCEL" in said
    assert not any(line.startswith("STATUS") for line in said)  # the meeting itself is held
    assert "vous n’êtes plus attendu" in mail.outbox[1].body


def test_without_a_mail_server_the_page_says_so_and_offers_the_file(
    officer_client, seat, meeting, settings
):
    settings.SENDS_MAIL = False
    page = page_of(officer_client, meeting)
    assertContains(page, "n’envoie pas de courriel")
    assertContains(page, "reunion.ics")
    assertContains(page, "maire@gimont.example")
    assertNotContains(page, "Écrire aux personnes cochées")
    data = {"guest": [f"m{seat.pk}"]}
    response = officer_client.post(f"/instances/{meeting.pk}/invitations/", data)
    assertContains(response, "rien n’est parti", status_code=400)
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    ("error", "said", "tried"),
    [
        (smtplib.SMTPRecipientsRefused({}), "2\u00a0adresses sont refusées", 2),
        (ConnectionRefusedError(), "2\u00a0messages ne sont pas partis", 1),
    ],
)
def test_what_the_server_refuses_is_told_and_stays_to_send(
    officer_client, body, seat, meeting, monkeypatch, error, said, tried
):
    SeatFactory(body=body, contact__email="autre@membre.example")
    calls = []

    def refuse(message):
        calls.append(message)
        raise error

    monkeypatch.setattr(mail.EmailMultiAlternatives, "send", refuse)
    assertContains(invite(officer_client, meeting), said)
    assert len(calls) == tried
    assert not Invitation.objects.exists()
    assert page_of(officer_client, meeting).context["to_tell"] == 2


def test_a_title_on_two_lines_writes_no_header(officer_client, seat, meeting):
    Meeting.objects.update(title='COPIL "élargi"\nBcc: a@b.example')
    invite(officer_client, meeting)
    assert "\n" not in mail.outbox[0].subject
    assert mail.outbox[0].recipients() == ["maire@gimont.example"]


def test_nobody_is_asked_to_what_is_past(officer_client, seat, territory):
    past = MeetingFactory(territory=territory, held_on="2026-11-01")
    assertNotContains(page_of(officer_client, past), "Écrire aux personnes cochées")
    data = {"guest": [f"m{seat.pk}"]}
    assert officer_client.post(f"/instances/{past.pk}/invitations/", data).status_code == 400
    assert not mail.outbox


def test_a_meeting_that_decided_is_not_called_off(officer_client, territory):
    held = MeetingFactory(territory=territory, held_on="2026-11-21")
    DecisionFactory(item=AgendaItemFactory(meeting=held))
    response = officer_client.post(f"{held.get_absolute_url()}annuler/", {"version": 1})
    assertContains(response, "la réunion a eu lieu", status_code=409)
    held.refresh_from_db()
    assert not held.is_cancelled


def test_calling_off_over_a_change_is_told(officer_client, meeting):
    meeting.save_over(meeting.version)
    url = f"{meeting.get_absolute_url()}annuler/"
    response = officer_client.post(url, {"reason": "Neige", "version": 1})
    assertContains(response, "a changé par ailleurs", status_code=409)
    assertContains(response, "Neige", status_code=409)
    with pytest.raises(EditConflict):
        Meeting.objects.get().cancel("", version=1)
    assert not Meeting.objects.get().is_cancelled


def test_a_meeting_called_off_is_no_committee_to_come_and_gives_its_points_back(
    officer_client, territory, meeting
):
    item = AgendaItemFactory(meeting=meeting)
    meeting.cancel("Neige", version=meeting.version)
    assert Meeting.objects.next_committee(territory) is None
    page = officer_client.get("/instances/")
    assert list(page.context["cancelled"]) == [meeting]
    assertContains(page, "Neige")
    officer_client.post(f"/instances/{meeting.pk}/points/liberer/")
    item.refresh_from_db()
    assert item.meeting is None
    meeting.keep()
    url = f"/instances/{meeting.pk}/points/liberer/"
    assert officer_client.post(url).status_code == 400


@pytest.mark.parametrize("role", [Role.ELECTED, Role.READER])
def test_readers_ask_nobody_and_call_nothing_off(sign_in, seat, meeting, role):
    client = sign_in(role)
    for path in ("invitations/", "annuler/", "maintenir/", "points/liberer/"):
        assert client.post(f"/instances/{meeting.pk}/{path}").status_code == 403
    assertNotContains(client.get(meeting.get_absolute_url()), "/invitations/")


def test_the_page_costs_the_same_for_one_member_and_many(
    officer_client, body, meeting, assert_flat_queries
):
    def add(count):
        for seat in SeatFactory.create_batch(count, body=body):
            seat.contact.email = f"membre{seat.pk}@exemple.example"
            seat.contact.save()

    assert_flat_queries(lambda: page_of(officer_client, meeting), add)


def test_whoever_has_no_address_calls_in_the_name_of_the_house(
    officer_client, seat, meeting, settings
):
    settings.DEFAULT_FROM_EMAIL = "Établi <etabli@territoire.example>"
    type(officer_client.user).objects.filter(pk=officer_client.user.pk).update(email="")
    invite(officer_client, meeting)
    assert mail.outbox[0].reply_to == ["etabli@territoire.example"]
    officer_client.user.refresh_from_db()
    assert Invitation.objects.get().organizer == "etabli@territoire.example"


def test_the_answers_go_on_reaching_whoever_wrote_first(sign_in, seat, meeting):
    first = sign_in(Role.OFFICER)
    address = first.user.email
    invite(first, meeting)
    second = sign_in(Role.MANAGER)
    invite(second, meeting, f"m{seat.pk}")
    assert mail.outbox[1].reply_to == [address]


def test_a_meeting_held_after_all_keeps_what_someone_else_wrote(meeting):
    meeting.cancel("Salle prise", version=meeting.version)
    late = Meeting.objects.get(pk=meeting.pk)
    meeting.title = "COPIL de février"
    meeting.save_over(meeting.version)
    assert late.keep()
    now = Meeting.objects.get(pk=meeting.pk)
    assert (now.title, now.is_cancelled) == ("COPIL de février", False)
    assert not late.keep()


def test_whoever_writes_second_is_told_that_someone_just_did(officer_client, seat, meeting):
    stale = page_of(officer_client, meeting).context["guests"][0]
    invite(officer_client, meeting)
    data = {"guest": [stale.key], f"read-{stale.key}": stale.read}
    address = f"/instances/{meeting.pk}/invitations/"
    assertContains(officer_client.post(address, data, follow=True), "vient de leur écrire")
    assertContains(officer_client.post(address, {}, follow=True), "personne n’était à prévenir")
    assert len(mail.outbox) == 1
