import datetime
import io

import pytest
from docx import Document
from pypdf import PdfReader
from pytest_django.asserts import assertContains

from actions.models import Sheet
from crm.models import Confidentiality, Role
from tests.actions.factories import (
    AgendaItemFactory,
    AgendaOptionFactory,
    BodyFactory,
    MeetingFactory,
    SeatFactory,
)
from tests.crm.factories import ProjectFactory

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 11, 22)


@pytest.fixture(autouse=True)
def _today(time_machine):
    time_machine.move_to(datetime.datetime(2026, 11, 22, 9, tzinfo=datetime.UTC), tick=False)


@pytest.fixture
def held(territory):
    """Yesterday: one member there, one excused, a decision, a point left open."""
    meeting = MeetingFactory(
        territory=territory,
        title="COPIL n° 8",
        held_on=datetime.date(2026, 11, 21),
        starts_at=datetime.time(9, 30),
        place="Gimont",
        attendance="La presse locale",
        notes="Tension avec la Région",
    )
    body = BodyFactory(territory=territory, quorum="moitie")
    SeatFactory.create_batch(2, body=body)
    sheet = Sheet(meeting)
    lines = sheet.every_line()
    lines[0].status, lines[1].status = "present", "excuse"
    sheet.save_over(lines, meeting.version)
    item = AgendaItemFactory(
        meeting=meeting, title="Lettre & soutien <Fonds vert>", question="Signer ?", amount=18000
    )
    item.decide(
        "Signer la lettre", by=None, responsible="Mme Montaut", due_on=datetime.date(2026, 12, 31)
    )
    AgendaItemFactory(meeting=meeting, title="Pilote du marketing")
    return meeting


def url(meeting, kind):
    return f"/rapports/reunions/{meeting.pk}/releve.{kind}"


def words(response):
    """The whole text of the file, its spaces made plain."""
    content = io.BytesIO(response.content)
    if response.headers["Content-Type"] == "application/pdf":
        text = "\n".join(page.extract_text() for page in PdfReader(content).pages)
    else:
        document = Document(content)
        cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
        text = "\n".join([paragraph.text for paragraph in document.paragraphs] + cells)
    return " ".join(text.split())


@pytest.mark.parametrize("kind", ["pdf", "docx"])
def test_minutes_say_who_was_there_and_what_was_decided(officer_client, held, kind):
    response = officer_client.get(url(held, kind))
    assert f'filename="releve-copil-n-8-2026-11-21.{kind}"' in response["Content-Disposition"]
    text = words(response)
    for said in (
        "COPIL n° 8",
        "21/11/2026, 09 h 30, Gimont",
        "Quorum atteint : 1 présence comptée sur 2 voix, il en faut 1",
        "Membres présents",
        "Membres excusés",
        "La presse locale",
        "Lettre & soutien <Fonds vert>",
        "Signer ?",
        "18 000 €",
        "Signer la lettre",
        "Mme Montaut",
        "31/12/2026",
        "Sans décision consignée : Pilote du marketing",
        "Établi le 22/11/2026",
    ):
        assert said in text, said
    assert "Tension" not in text  # the notes are the team’s
    assert "démonstration" not in text


@pytest.mark.parametrize("kind", ["pdf", "docx"])
def test_fiction_says_so(officer_client, territory, held, kind):
    territory.is_demo = True
    territory.save()
    assert "Document de démonstration" in words(officer_client.get(url(held, kind)))


@pytest.mark.parametrize("kind", ["pdf", "docx"])
def test_a_copy_holds_what_its_reader_may_read(sign_in, territory, held, kind):
    secret = ProjectFactory(territory=territory, confidentiality=Confidentiality.INTERNAL)
    AgendaItemFactory(meeting=held, project=secret, title="Rachat discret").decide("Oui", by=None)
    text = words(sign_in(Role.OFFICER).get(url(held, kind)))
    assert "Rachat discret" in text
    assert "diffusion restreinte" in text
    assert "Rachat discret" not in words(sign_in(Role.ELECTED).get(url(held, kind)))


def test_a_superseded_decision_says_so(officer_client, territory, held):
    older = held.items.first().decision
    today = MeetingFactory(territory=territory, held_on=TODAY)
    AgendaItemFactory(meeting=today).decide("Attendre", by=None, supersedes=older)
    assert "Remplacée depuis le 22/11/2026" in words(officer_client.get(url(held, "pdf")))
    text = words(officer_client.get(url(today, "docx")))
    assert "Remplace : la décision du 21/11/2026 (COPIL n° 8)" in text


def test_there_are_no_minutes_before_the_day(officer_client, territory):
    meeting = MeetingFactory(territory=territory, held_on=datetime.date(2027, 1, 14))
    response = officer_client.get(url(meeting, "pdf"), follow=True)
    assertContains(response, "à partir du jour de la réunion")
    assert officer_client.get(url(meeting, "exe")).status_code == 404
    assert officer_client.get(url(MeetingFactory(), "pdf")).status_code == 404


def test_a_meeting_of_which_nothing_was_noted_has_minutes_too(officer_client, territory):
    meeting = MeetingFactory(territory=territory, held_on=TODAY)
    for kind in ("pdf", "docx"):
        text = words(officer_client.get(url(meeting, kind)))
        assert "Quorum : à confirmer" in text
        assert "Aucune décision n’est consignée." in text


@pytest.mark.parametrize("kind", ["pdf", "docx"])
def test_minutes_cost_the_same_for_one_point_and_many(
    officer_client, territory, held, assert_flat_queries, kind
):
    def add(count):
        for project in ProjectFactory.create_batch(count, territory=territory):
            AgendaItemFactory(meeting=held, project=project).decide("Oui", by=None)

    assert_flat_queries(lambda: officer_client.get(url(held, kind)), add)


@pytest.mark.parametrize("kind", ["pdf", "docx"])
def test_the_options_of_a_point_and_who_is_concerned_are_told(officer_client, territory, kind):
    meeting = MeetingFactory(territory=territory, held_on=TODAY)
    item = AgendaItemFactory(meeting=meeting, concerned="CC du Savès")
    kept = AgendaOptionFactory(item=item, label="Lombez", amount=445000, is_recommended=True)
    AgendaOptionFactory(item=item, label="Reporter")
    item.decide("Signer le marché", by=None, option=kept)
    text = words(officer_client.get(url(meeting, kind)))
    assert "Options : Lombez, 445 000 € (proposée) ; Reporter" in text
    assert "Concerne : CC du Savès" in text
    assert "Option retenue : Lombez" in text


def test_a_meeting_called_off_has_no_minutes(officer_client, held):
    meeting = MeetingFactory(territory=held.territory, held_on=TODAY)
    meeting.cancel("", version=meeting.version)
    response = officer_client.get(url(meeting, "pdf"), follow=True)
    assertContains(response, "à partir du jour de la réunion")
