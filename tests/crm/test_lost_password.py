"""A lost password is replaced by a link sent to the address of the account, and to no other."""

import re

import pytest
from django.core import mail

from crm.models import Role, User
from tests.crm.factories import UserFactory

pytestmark = pytest.mark.django_db
URL, SENT = "/connexion/oubli/", "/connexion/oubli/envoye/"
CHOSEN = {"new_password1": "moulin-a-vent-82", "new_password2": "moulin-a-vent-82"}


def ask(client, email="ines@etabli.test"):
    return client.post(URL, {"email": email})


def link():
    return re.search(r"https?://[^/]+(\S+)", mail.outbox[-1].body)[1]


def test_the_sign_in_page_leads_to_it(client):
    assert f'href="{URL}"' in client.get("/connexion/").content.decode()
    assert "Mot de passe oublié" in client.get(URL).content.decode()


def test_the_link_opens_the_account_once(client, territory):
    UserFactory(territory=territory, email="ines@etabli.test")
    assert ask(client, "INES@etabli.test ").url == SENT
    message = mail.outbox[0]
    assert message.to == ["ines@etabli.test"]
    assert message.subject == "Établi\u00a0: choisir un autre mot de passe"
    assert "le compte ines@etabli.test d’Établi" in message.body
    form = client.get(link(), follow=True)
    client.post(form.redirect_chain[-1][0], CHOSEN)
    assert "Votre mot de passe est choisi" in client.get("/compte/").content.decode()
    client.logout()
    assert client.login(username="ines@etabli.test", password="moulin-a-vent-82")
    client.logout()
    dead = client.get(link(), follow=True).content.decode()
    assert "Ce lien ne sert plus" in dead
    assert f'href="{URL}"' in dead


def test_the_answer_does_not_tell_who_has_an_account(client, territory):
    UserFactory(territory=territory, email="ines@etabli.test")
    pages = [
        client.post(URL, {"email": email}, follow=True)
        for email in ("ines@etabli.test", "personne@etabli.test")
    ]
    assert len(mail.outbox) == 1
    known, unknown = [(page.redirect_chain, page.content) for page in pages]
    assert known == unknown


def test_a_lost_invitation_is_sent_again_and_a_closed_account_gets_nothing(client, territory):
    User.objects.create_user("paul@etabli.test")
    UserFactory(territory=territory, email="parti@etabli.test", is_active=False)
    ask(client, "parti@etabli.test")
    assert not mail.outbox
    ask(client, "paul@etabli.test")
    assert mail.outbox[0].to == ["paul@etabli.test"]


def test_a_wrong_address_is_refused_with_a_sentence(client):
    for email, sentence in [("", "est obligatoire"), ("ines", "adresse électronique complète")]:
        page = ask(client, email)
        assert page.status_code == 422
        assert sentence in page.content.decode()


@pytest.mark.parametrize("email", ["ines@etabli.test", "personne@etabli.test"])
def test_nobody_can_flood_an_address(client, territory, email):
    UserFactory(territory=territory, email="ines@etabli.test")
    UserFactory(territory=territory, email="luc@etabli.test")
    pages = [ask(client, email) for _ in range(4)]
    assert [page.status_code for page in pages] == [302, 302, 302, 429]
    assert "Attendez une heure" in pages[-1].content.decode()
    assert len(mail.outbox) in {0, 3}
    assert ask(client, "luc@etabli.test").status_code == 302


def test_an_installation_that_sends_no_mail_says_whom_to_ask(client, territory, settings):
    settings.SENDS_MAIL = False
    manager = UserFactory(territory=territory, role=Role.MANAGER, email="lea@etabli.test")
    asked, answered = client.get(URL), ask(client, manager.email)
    assert (asked.status_code, answered.status_code) == (200, 400)
    for page in (asked, answered):
        said = page.content.decode()
        assert "n’envoie pas de courriel" in said
        assert "la personne responsable de votre territoire" in said
        assert "la personne qui administre ce serveur" in said
        assert 'name="email"' not in said
        for name in (manager.email, str(manager), manager.last_name, territory.name):
            assert name not in said
    assert not mail.outbox
