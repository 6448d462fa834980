"""Where no mail is sent, the digest says so and notes nothing as told."""

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.urls import reverse

from crm.models import Role
from funding.models import DigestSubscription
from tests.crm.factories import ProjectFactory, UserFactory
from tests.funding.factories import WatchNoticeFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def news(territory, settings):
    """An officer with something to be told, on an installation without a mail server."""
    settings.SENDS_MAIL = False
    UserFactory(territory=territory, role=Role.OFFICER)
    return WatchNoticeFactory(project=ProjectFactory(territory=territory))


def test_the_command_refuses_and_the_news_waits(news, settings):
    with pytest.raises(CommandError, match="n’envoie pas de courriel"):
        call_command("send_digest")
    assert not mail.outbox
    assert not DigestSubscription.objects.exists()
    settings.SENDS_MAIL = True
    call_command("send_digest")
    assert len(mail.outbox) == 1


def test_a_dry_run_counts_and_says_it_too(news, capsys):
    call_command("send_digest", dry_run=True)
    said = capsys.readouterr()
    assert "1\u00a0résumé à envoyer" in said.out
    assert "n’envoie pas de courriel" in said.err


def test_the_page_offers_no_mail(officer_client, news):
    page = officer_client.get(reverse("funding:watch_list")).content.decode()
    assert "Cette installation n’envoie pas de courriel" in page
    assert "Vous recevez" not in page
    assert reverse("funding:watch_digest") not in page


def test_a_choice_from_a_page_left_open_is_refused(officer_client, news):
    refused = officer_client.post(reverse("funding:watch_digest"), {"wanted": "1"})
    assert refused.status_code == 400
    assert "n’envoie pas de courriel" in refused.content.decode()
    assert not DigestSubscription.objects.exists()
