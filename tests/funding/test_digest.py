"""What the weekly mail tells, and to whom."""

import datetime as dt

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from crm.models import Role
from funding.models import DigestSubscription
from tests.crm.factories import TerritoryFactory, UserFactory
from tests.funding.changes import make_project, new_program, publish, text
from tests.funding.factories import ProgramFactory, WatchNoticeFactory
from tests.funding.filing import after

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(territory):
    return make_project(territory)


@pytest.fixture
def officer(territory):
    return UserFactory(territory=territory, role=Role.OFFICER, email="ines@exemple.test")


def send(**options):
    call_command("send_digest", **options)
    return mail.outbox


def test_the_digest_tells_what_is_new_with_its_reasons(officer, project, capsys):
    notice = WatchNoticeFactory(project=project)
    closing = ProgramFactory(closes_on=after(40), name="Fonds des ateliers")
    [message] = send()
    assert message.to == ["ines@exemple.test"]
    assert (
        message.subject == "Veille des financements\u00a0: 1\u00a0changement, 1\u00a0clôture proche"
    )
    [(html, kind)] = message.alternatives
    assert kind == "text/html"
    for body in (message.body, html):
        assert project.title in body
        assert notice.program.name in body
        assert closing.name in body
        assert "éligible → " in body
        assert "http://127.0.0.1:8000/projets/" in body
        assert "34\u00a0salariés" in body or "34 salariés" in body
    assert "src=" not in html
    assert "&#" not in message.body
    said = capsys.readouterr().out
    assert "1\u00a0résumé envoyé" in said
    for secret in ("ines@", project.title, str(officer)):
        assert secret not in said


def test_nothing_new_sends_nothing(officer, project):
    assert send() == []
    assert not DigestSubscription.objects.exists()


def test_the_same_news_is_written_once(officer, project, time_machine):
    WatchNoticeFactory(project=project)
    ProgramFactory(closes_on=after(40))
    send()
    send()
    assert len(mail.outbox) == 1
    time_machine.move_to(timezone.now() + dt.timedelta(days=7))
    send()
    assert len(mail.outbox) == 1
    WatchNoticeFactory(project=project)
    send()
    assert len(mail.outbox) == 2
    assert "1\u00a0changement" in mail.outbox[1].subject


def test_a_closing_is_told_when_in_sight_then_two_weeks_before(officer, project, time_machine):
    ProgramFactory(closes_on=after(61))
    now, told_on = timezone.now(), []
    for week in range(9):
        time_machine.move_to(now + dt.timedelta(days=7 * week))
        sent = len(mail.outbox)
        if len(send()) > sent:
            told_on.append(61 - 7 * week)
    assert told_on == [54, 12]


def test_a_closing_is_told_again_when_its_day_its_date_or_its_projects_are_new(
    officer, project, territory, time_machine
):
    now = timezone.now()
    first = ProgramFactory(closes_on=after(58), name="Fonds des ateliers")
    send()

    def told_after(days):
        time_machine.move_to(now + dt.timedelta(days=days))
        sent = len(mail.outbox)
        return [message.body for message in send()[sent:]]

    new_program(name="Fonds neuf", closes_on=after(40))
    [body] = told_after(7)
    assert "Fonds neuf" in body
    assert "Fonds des ateliers" not in body
    publish(first, closes_on=after(40))
    [body] = told_after(14)
    assert "Fonds des ateliers" in body
    assert told_after(21) == []
    late = make_project(territory)
    [body] = told_after(28)
    assert late.title in body


def test_only_what_the_person_may_read_is_written(project, territory):
    elsewhere = TerritoryFactory(name="Ailleurs", perimeter=True)
    WatchNoticeFactory(project=project)
    UserFactory(territory=elsewhere, role=Role.OFFICER, email="loin@exemple.test")
    UserFactory(territory=territory, role=Role.READER, email="region@exemple.test")
    UserFactory(territory=territory, role=Role.ELECTED, email="elue@exemple.test")
    UserFactory(territory=territory, role=Role.OFFICER, email="parti@exemple.test", is_active=False)
    assert send() == []


def test_what_is_seen_is_not_written(officer, project):
    WatchNoticeFactory(project=project, seen_at=timezone.now())
    assert send() == []


def test_who_does_not_want_it_gets_none(officer_client, project):
    WatchNoticeFactory(project=project)
    officer_client.user.email = "agent@exemple.test"
    officer_client.user.save()
    url = reverse("funding:watch_digest")
    assert "ne recevrez plus" in text(officer_client.post(url, {"wanted": "0"}, follow=True))
    assert send() == []
    officer_client.post(url, {"wanted": "1"})
    assert len(send()) == 1


def test_a_dry_run_sends_and_notes_nothing(officer, project, capsys):
    WatchNoticeFactory(project=project)
    assert send(dry_run=True, verbosity=2) == []
    assert not DigestSubscription.objects.exists()
    said = capsys.readouterr().out
    assert project.title in said
    assert "1\u00a0résumé à envoyer" in said
    assert "ines@" not in said


def test_a_refused_mail_is_tried_again_and_names_nobody(officer, project, settings, capsys):
    WatchNoticeFactory(project=project)
    good = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    with pytest.raises(CommandError, match="1\u00a0envoi refusé"):
        send()
    settings.EMAIL_BACKEND = good
    assert len(send()) == 1


def test_the_digest_counts_what_a_new_program_leaves_to_confirm(officer, territory, project):
    program = ProgramFactory(name="Aide neuve")
    new = {"program": program, "verdict_before": None}
    for number in range(3):
        doubtful = make_project(territory, title=f"Atelier {number}")
        WatchNoticeFactory(project=doubtful, verdict_after=1, **new)
    WatchNoticeFactory(project=project, verdict_after=2, **new)
    [message] = send()
    assert "4\u00a0changements" in message.subject
    for body in (message.body, message.alternatives[0][0]):
        assert project.title in body
        assert "3 à confirmer" in body
        assert f"?program={program.pk}" in body
        assert "Atelier" not in body
