"""Documents joined to a fiche, a convention or a meeting: received, read, removed, put back."""

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from pytest_django.asserts import assertContains, assertNotContains

from actions.models import Document, StoredFile
from actions.models.documents import MAX_BYTES
from crm.models import Role
from tests.actions.factories import (
    ActionFactory,
    ContractFactory,
    DocumentFactory,
    MeetingFactory,
)
from tests.crm.factories import TerritoryFactory, UserFactory

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7 deliberation"


def office(folder):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(f"{folder}document.xml", "<x/>")
    return out.getvalue()


@pytest.fixture
def owners(territory):
    return {
        "fiche": ActionFactory(territory=territory),
        "convention": ContractFactory(territory=territory),
        "reunion": MeetingFactory(territory=territory),
    }


def send(client, kind, owner, name="Délibération n° 12.pdf", content=PDF, **said):
    file = SimpleUploadedFile(name, content, content_type="text/html")
    sent = {"file": file, "kind": "deliberation", "dated_on": "2026-03-12"} | said
    return client.post(f"/plan/documents/{kind}/{owner.pk}/", sent)


@pytest.mark.parametrize("kind", ["fiche", "convention", "reunion"])
def test_a_file_is_joined_once_and_comes_back_byte_for_byte(officer_client, owners, kind):
    owner = owners[kind]
    for _ in range(2):  # sent twice
        response = send(officer_client, kind, owner)
        assert response.status_code == 302
        assert response.url == f"{owner.get_absolute_url()}#documents"
    document = Document.objects.get()
    assert document.title == "Délibération n° 12"
    assertContains(officer_client.get(owner.get_absolute_url()), "Délibération n° 12.pdf")
    got = officer_client.get(document.get_absolute_url())
    assert got.content == PDF
    assert got.headers["Content-Type"] == "application/pdf"
    assert got.headers["Content-Disposition"].startswith("attachment; filename*=utf-8''")
    assert "D%C3%A9lib%C3%A9ration" in got.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("virus.exe", b"MZ", "n’est pas d’un type accepté"),
        ("page.html", b"<html>", "n’est pas d’un type accepté"),
        ("image.svg", b"<svg>", "n’est pas d’un type accepté"),
        ("sans-extension", PDF, "n’est pas d’un type accepté"),
        ("rapport.pdf", b"PK\x03\x04", "n’est pas un fichier .pdf"),
        ("rapport.docx", office("xl/"), "n’est pas un fichier .docx"),
        ("rapport.docx", b"PK\x03\x04 rien", "n’est pas un fichier .docx"),
        ("note.txt", b"\x00\x01\x02", "n’est pas un texte"),
        ("vide.pdf", b"", "est vide"),
        ("gros.pdf", PDF + b"0" * MAX_BYTES, "10\u00a0Mo au plus"),
    ],
)
def test_a_refused_file_says_why_and_nothing_is_kept(officer_client, owners, name, content, said):
    response = send(officer_client, "fiche", owners["fiche"], name, content, title="Gardé")
    assertContains(response, said, status_code=422)
    assertContains(response, "Gardé", status_code=422)
    assert not Document.objects.exists()
    assert not StoredFile.objects.exists()


def test_what_no_upload_accepts_is_dropped_while_it_arrives(officer_client, owners):
    response = send(
        officer_client, "fiche", owners["fiche"], "énorme.pdf", PDF + b"0" * (22 * 1024 * 1024)
    )
    assertContains(response, "22\u00a0Mo", status_code=422)


def test_an_office_file_is_what_its_name_says(officer_client, owners):
    assert send(officer_client, "fiche", owners["fiche"], "bilan.docx", office("word/")).status_code
    assert Document.objects.get().content_type.endswith("wordprocessingml.document")


def test_no_file_is_refused(officer_client, owners):
    response = officer_client.post(f"/plan/documents/fiche/{owners['fiche'].pk}/", {})
    assertContains(response, "Choisissez un fichier.", status_code=422)


def test_a_name_never_leaves_its_folder(officer_client, owners):
    send(officer_client, "fiche", owners["fiche"], "../../etc/passwd.pdf")
    assert Document.objects.get().name == "passwd.pdf"


def test_a_document_of_the_team_is_not_for_the_others(sign_in, owners):
    document = DocumentFactory(meeting=owners["reunion"], title="Projet de bail", is_for_team=True)
    for role in (Role.READER, Role.ELECTED):
        client = sign_in(role)
        assert client.get(document.get_absolute_url()).status_code == 404
        page = client.get(owners["reunion"].get_absolute_url())
        assertNotContains(page, "Projet de bail")
    client = sign_in(Role.OFFICER)
    assert client.get(document.get_absolute_url()).status_code == 200
    assertContains(client.get(owners["reunion"].get_absolute_url()), "Projet de bail")


def test_readers_read_it_and_join_nothing(sign_in, owners):
    document = DocumentFactory(action=owners["fiche"])
    client = sign_in(Role.READER)
    assert client.get(document.get_absolute_url()).status_code == 200
    assertNotContains(client.get(owners["fiche"].get_absolute_url()), "Joindre")
    assert send(client, "fiche", owners["fiche"]).status_code == 403
    assert client.get(f"/plan/documents/{document.pk}/modifier/").status_code == 403


def test_a_removed_document_comes_back_with_its_bytes(officer_client, owners):
    send(officer_client, "convention", owners["convention"])
    document = Document.objects.get()
    officer_client.post(f"/plan/retirer/document-convention/{document.pk}/")
    assert not Document.objects.exists()
    assert officer_client.get(document.get_absolute_url()).status_code == 404
    trace = Document.history.get(history_type="-")
    officer_client.post(f"/plan/retablir/document-convention/{trace.pk}/")
    assert officer_client.get(document.get_absolute_url()).content == PDF


def test_its_removal_is_asked_where_it_is_joined(officer_client, owners):
    document = DocumentFactory(action=owners["fiche"])
    assert officer_client.get(f"/plan/retirer/document-fiche/{document.pk}/").status_code == 200
    assert officer_client.get(f"/plan/retirer/document-reunion/{document.pk}/").status_code == 404


def test_its_words_are_edited_over_what_was_read(officer_client, owners):
    document = DocumentFactory(action=owners["fiche"])
    url = f"/plan/documents/{document.pk}/modifier/"
    sent = {"title": "Convention 2026", "kind": "convention", "version": 1}
    assert officer_client.post(url, sent).status_code == 302
    late = officer_client.post(url, sent | {"title": "Autre"})
    assertContains(late, "rien de votre saisie n’a été écrit", status_code=409)
    assert Document.objects.get().title == "Convention 2026"


def test_the_bytes_are_never_rewritten():
    StoredFile.keep(PDF)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE actions_storedfile SET size = 0")


def test_a_stranger_finds_no_document(client, owners):
    document = DocumentFactory(action=owners["fiche"])
    client.force_login(UserFactory(territory=TerritoryFactory(perimeter=True), role=Role.MANAGER))
    assert client.get(document.get_absolute_url()).status_code == 404
    assert send(client, "fiche", owners["fiche"]).status_code == 404
    assert client.get(f"/plan/documents/planete/{document.pk}/").status_code == 404
