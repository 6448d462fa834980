"""A file read from Démarche numérique: pasted, or asked of the portal."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

pytestmark = pytest.mark.django_db


ANSWER = {
    "number": 123,
    "state": "en_instruction",
    "dateDepot": "2026-09-01T10:00:00+02:00",
    "datePassageEnInstruction": "2026-10-02T10:00:00+02:00",
    "usager": {"email": "personne@exemple.test"},
}


def tell(client, application, answer, **data):
    url = reverse("funding:application_demarche", args=[application.pk])
    return client.post(url, {"text": json.dumps(answer), **data})


def test_a_dossier_is_previewed_then_applied(officer_client, application):
    preview = tell(officer_client, application, {"data": {"dossier": ANSWER}})
    assertContains(preview, "Rien n’est encore écrit")
    assertContains(preview, "En instruction")
    application.refresh_from_db()
    assert application.status == "brouillon"
    url = reverse("funding:application_demarche_apply", args=[application.pk])
    data = {"signed": preview.context["signed"]}
    assert officer_client.post(url, data).status_code == 302
    application.refresh_from_db()
    assert application.status == "en_instruction"
    assert (str(application.filed_on), str(application.received_on)) == ("2026-09-01", "2026-10-02")
    assert application.dossier_number == 123
    move = application.moves.get()
    assert (str(move.on), move.source) == ("2026-10-02", "Démarche numérique")
    # A second click finds a file that has moved on.
    assertContains(officer_client.post(url, data, follow=True), "entre-temps")
    assertContains(tell(officer_client, application, ANSWER), "déjà la même chose")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({}, "Aucun dossier"),
        (ANSWER | {"state": "x"}, "n’est pas de Démarche"),
        (ANSWER | {"state": "refuse", "dateTraitement": "2026-01-01"}, "précède le dépôt"),
    ],
)
def test_an_answer_that_does_not_hold_changes_nothing(
    officer_client, application, answer, sentence
):
    response = tell(officer_client, application, answer)
    assert sentence in response.content.decode()
    assert "Appliquer" not in response.content.decode()


def test_another_dossier_is_refused(officer_client, application):
    application.dossier_number = 99
    application.save()
    assertContains(tell(officer_client, application, ANSWER), "n° 99", status_code=422)


@pytest.mark.parametrize("signed", ["", "abc", "abc:def:ghi"])
def test_what_was_not_previewed_is_not_applied(officer_client, application, signed):
    url = reverse("funding:application_demarche_apply", args=[application.pk])
    response = officer_client.post(url, {"signed": signed}, follow=True)
    assertContains(response, "a expiré")


class Portal(BaseHTTPRequestHandler):
    answer, status, seen = {"data": {"dossier": ANSWER}}, 200, []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.headers["Authorization"], json.loads(body)))
        content = json.dumps(self.answer).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


@pytest.fixture
def portal(settings):
    handler = type("OnePortal", (Portal,), {"seen": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.DEMARCHE_NUMERIQUE_URL = f"http://127.0.0.1:{server.server_port}/graphql"
    settings.DEMARCHE_NUMERIQUE_TOKEN = "jeton"
    yield handler
    server.shutdown()
    server.server_close()


@pytest.fixture
def numbered(application):
    application.dossier_number = 123
    application.save()
    return application


def ask(client, application):
    url = reverse("funding:application_demarche", args=[application.pk])
    return client.post(url, {"ask": "1"})


def test_the_portal_is_asked_for_the_dates_and_nothing_else(officer_client, numbered, portal):
    assertContains(ask(officer_client, numbered), "Appliquer")
    [(token, asked)] = portal.seen
    assert token == "Bearer jeton"
    assert asked["variables"] == {"dossierNumber": 123}
    for personal in ("usager", "demandeur", "champs", "messages", "instructeurs"):
        assert personal not in asked["query"]


@pytest.mark.parametrize(
    ("status", "answer", "sentence"),
    [
        (401, {}, "refuse le jeton"),
        (500, {}, "erreur 500"),
        (302, {}, "erreur 302"),
        (200, {"errors": [{"message": "Dossier not found"}]}, "Dossier not found"),
        (200, [], "Aucun dossier"),
    ],
)
def test_a_portal_that_refuses_is_told(officer_client, numbered, portal, status, answer, sentence):
    portal.status, portal.answer = status, answer
    assertContains(ask(officer_client, numbered), sentence, status_code=422)


def test_a_portal_that_does_not_answer_is_told(officer_client, numbered, settings):
    settings.DEMARCHE_NUMERIQUE_TOKEN = "jeton"
    settings.DEMARCHE_NUMERIQUE_URL = "http://127.0.0.1:9/graphql"
    assertContains(ask(officer_client, numbered), "ne répond pas", status_code=422)


def test_without_a_token_only_a_file_is_read(officer_client, numbered):
    url = reverse("funding:application_demarche", args=[numbered.pk])
    assertNotContains(officer_client.get(url), "Demander au portail")
    assertContains(ask(officer_client, numbered), "n’est pas renseigné", status_code=422)
