"""Aides-territoires asked through its API, here a server of this machine; and the command."""

import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from pytest_django.asserts import assertContains

from crm.models import Role
from funding import catalogue
from funding.catalogue_imports.api import Client, Unreachable
from funding.models import CatalogueImport, Program
from tests.funding.catalogues import as_csv, as_json, gouv, territoires, transition
from tests.funding.factories import ProgramFactory


class Server(ThreadingHTTPServer):
    """Answers as Aides-territoires does; a test sets what goes wrong."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.aids = [territoires(id=rank, name=f"Aide {rank}") for rank in range(230)]
        self.asked, self.failures, self.body = [], [], None
        self.url = f"http://127.0.0.1:{self.server_address[1]}/api"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def answer(self, status, content, **headers):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        if self.headers["X-AUTH-TOKEN"] != "le-jeton":
            return self.answer(401, {"message": "Invalid"})
        return self.answer(200, {"token": "un.jwt.signe"})

    def do_GET(self):
        server, query = self.server, parse_qs(urlsplit(self.path).query)
        server.asked.append(query)
        if server.failures:
            return self.answer(*server.failures.pop(0))
        if self.headers["Authorization"] != "Bearer un.jwt.signe":
            return self.answer(401, {})
        if server.body is not None:
            return self.answer(200, server.body)
        size, page = int(query["itemsPerPage"][0]), int(query["page"][0])
        rows = server.aids[(page - 1) * size : page * size]
        return self.answer(200, {"count": len(server.aids), "results": rows})


@pytest.fixture
def server(settings):
    server = Server()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    settings.AIDES_TERRITOIRES_URL, settings.AIDES_TERRITOIRES_TOKEN = server.url, "le-jeton"
    yield server
    server.shutdown()
    server.server_close()


class Waits(list):
    def __call__(self, seconds):
        self.append(seconds)


def test_every_page_is_read_and_a_perimeter_is_a_part_of_the_catalogue(server):
    found = Client().catalogue()
    assert len(found.rows) == 230
    assert not found.is_partial
    assert [query["page"] for query in server.asked] == [["1"], ["2"], ["3"]]
    part = Client().catalogue(perimeter="71016")
    assert part.is_partial
    assert server.asked[-1]["perimeter_id"] == ["71016"]


def test_it_waits_as_long_as_it_is_told_to(server):
    server.failures = [(429, {}), (503, {})]
    waits = Waits()
    assert len(Client(sleep=waits).catalogue().rows) == 230
    assert waits == [2, 2]


@pytest.mark.parametrize(
    ("failures", "body", "said"),
    [
        ([(500, {})], None, "erreur 500"),
        ([(429, {})] * 4, None, "attendre"),
        ([(302, {})], None, "adresse"),
        ([], b"<html>", "JSON"),
        ([], b"[" * 5000, "JSON"),
        ([], {"detail": "x"}, "forme attendue"),
        ([], [], "forme attendue"),
    ],
)
def test_what_goes_wrong_is_a_sentence(server, failures, body, said):
    server.failures, server.body = list(failures), body
    with pytest.raises(Unreachable, match=said):
        Client(sleep=Waits()).catalogue()


def test_a_refused_token_a_dead_server_and_a_wrong_setting_are_sentences(server, settings):
    with pytest.raises(Unreachable, match="refuse le jeton"):
        Client(token="autre").catalogue()
    with pytest.raises(Unreachable, match="ne répond pas"):
        Client(url="http://127.0.0.1:9").catalogue()
    with pytest.raises(Unreachable, match="https"):
        Client(url="file:///etc/passwd").catalogue()
    with pytest.raises(Unreachable, match="numéro"):
        Client().catalogue(perimeter="Gers")
    settings.AIDES_TERRITOIRES_TOKEN = ""
    with pytest.raises(Unreachable, match="AIDES_TERRITOIRES_TOKEN"):
        Client().catalogue()


# ── On screen ──


@pytest.mark.django_db
def test_a_manager_asks_the_api_when_the_server_has_a_token(sign_in, server, settings):
    client = sign_in(Role.MANAGER)
    server.aids = server.aids[:2]
    listing = reverse("funding:catalogue_import_list")
    fetch = reverse("funding:catalogue_import_fetch")
    assertContains(client.get(listing), "Interroger Aides-territoires")
    assert client.post(fetch, {"perimeter": "71016"}).status_code == 302
    batch = CatalogueImport.objects.get()
    assert len(batch.entries) == 2
    assert client.get(reverse("funding:catalogue_import", args=[batch.token])).status_code == 200
    assertContains(client.post(fetch, {"perimeter": "Gers"}), "numéro", status_code=422)
    server.failures = [(500, {})]
    assertContains(client.post(fetch), "erreur 500", status_code=422)
    settings.AIDES_TERRITOIRES_TOKEN = ""
    assert client.post(fetch).status_code == 400


# ── The command ──


def run(*args, **options):
    out = io.StringIO()
    call_command("import_programs", *args, stdout=out, **options)
    return out.getvalue().replace("\u00a0", " ")


@pytest.fixture
def file(tmp_path):
    def write(data, name="catalogue.json"):
        path = tmp_path / name
        path.write_bytes(data)
        return str(path)

    return write


@pytest.mark.django_db
def test_the_command_says_what_it_did_and_twice_changes_nothing(file):
    path = file(as_json(transition(), transition(id="b", titre="", promesse="x")))
    assert "1 créé, 0 modifié" in run(path, "--dry-run")
    assert not Program.objects.exists()
    said = run(path, "--published-on", "2026-11-01")
    assert "2 dispositifs lus : 1 créé" in said
    assert "N° 2 refusé : Le titre manque." in said
    assert "1 inchangé" in run(path)
    assert CatalogueImport.objects.filter(territory=None).count() == 2


@pytest.mark.django_db
def test_the_command_leaves_aside_what_resembles_unless_told(file):
    ProgramFactory(name="Diag Copeaux")
    path = file(as_json(transition()))
    assert "ressemble à « Diag Copeaux »" in run(path)
    assert Program.objects.count() == 1
    assert "1 créé" in run(path, "--create-similar")


@pytest.mark.django_db
def test_the_command_tells_what_was_kept_and_what_vanished(file):
    run(file(as_json(transition(), transition(id="b", titre="Scierie nouvelle"))))
    program = Program.objects.get(external_id="diag-copeaux")
    catalogue.publish(program, {"aid_max": "1"}, source="appel", applies_from=program.applies_from)
    changed = transition(**{"montant du financement": "60 000 €"})
    said = run(file(as_json(changed)), "--flag-vanished")
    assert "Aide maximum, corrigé par vous, conservé" in said
    assert "Absent du catalogue : « Scierie nouvelle »" in said
    assert Program.objects.get(external_id="b").state == "to_check"


@pytest.mark.django_db
def test_the_command_reads_the_api(server):
    server.aids = server.aids[:3]
    assert "3 créés" in run("--aides-territoires", "--perimeter", "71016")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "fichier"),
        (["absent.json"], "ne peut pas être lu"),
        (["--aides-territoires"], "AIDES_TERRITOIRES_TOKEN"),
        (["absent.json", "--perimeter", "1"], "--perimeter"),
    ],
)
def test_the_command_refuses_in_french(args, said):
    with pytest.raises(CommandError, match=said):
        run(*args)


@pytest.mark.django_db
def test_the_command_holds_a_file_to_the_format_it_is_given(file):
    path = file(as_csv(gouv()), "aides.csv")
    with pytest.raises(CommandError, match="pas Mission Transition"):
        run(path, "--format", "mission-transition")
    assert "1 créé" in run(path, "--format", "data-gouv")
