"""What a person never types and a machine does: a sentence and a 4xx, never a 500."""

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.urls import reverse
from pytest_django.asserts import assertContains

from crm.models import Commune, Interaction, Project, Role
from tests.actions.factories import ActionFactory
from tests.crm.factories import (
    ContactFactory,
    InteractionFactory,
    OrganisationFactory,
    ProjectFactory,
    SiteFactory,
    UserFactory,
)
from tests.funding.factories import ProgramFactory

pytestmark = pytest.mark.django_db
# « ² » is a digit for `isdigit` and not for `int`; the others exceed any column, or int() itself.
IDS = ["²", "abc", "9" * 30, "9" * 5000, str(2**63), "-1"]


@pytest.fixture
def officer(officer_client):
    """Says 500 as a browser would see it, instead of raising."""
    officer_client.raise_request_exception = False
    return officer_client


@pytest.mark.parametrize("text", IDS)
def test_an_id_no_row_can_have_proposes_nothing(officer, territory, text):
    project = ProjectFactory(territory=territory)
    pages = {
        reverse("funding:application_new", args=[project.pk]): ["dispositif"],
        reverse("actions:agenda_item_new"): ["projet", "fiche", "instance"],
        reverse("crm:project_new"): ["holder", "site"],
    }
    for url, names in pages.items():
        for name in names:
            assert officer.get(url, {name: text}).status_code == 200, (url, name)


@pytest.mark.parametrize("text", IDS)
def test_an_id_no_row_can_have_is_refused_when_sent(officer, territory, text):
    contact = ContactFactory(organisation=OrganisationFactory(territory=territory))
    assert officer.post(reverse("crm:switch_territory"), {"territory": text}).status_code == 404
    data = {"holder": text, "site": text, "title": "Séchoir", "key": uuid.uuid4()}
    assert officer.post(reverse("crm:project_new"), data).status_code == 422
    said = {
        "organisation": contact.organisation.name,
        "kind": "visit",
        "happened_on": "2026-01-05",
        "summary": "Vu",
        "contacts": [text],
    }
    response = officer.post(reverse("crm:interaction_new"), said)
    assert response.status_code == 422
    assert "contacts" in response.context["form"].errors
    assert not Project.objects.exists()
    assert not Interaction.objects.exists()


def test_a_nul_in_an_address_is_refused(officer, territory):
    for url in ("/projets/?q=a%00b", "/entreprises/?commune=%00", "/reglages/listes/filieres/%00/"):
        assertContains(officer.get(url), "Demande incomprise", status_code=400)
    board = {"HX-Request": "true", "HX-Current-URL": "https://testserver/projets/?q=%00"}
    assert officer.get("/projets/", headers=board).status_code == 400
    response = officer.get("/api/v1/projects/?q=%00")
    assert response.status_code == 400
    assert "nul" in response.json()["detail"]


def test_a_nul_in_a_form_is_dropped_and_the_rest_kept(officer, territory):
    """SQLite would store it, PostgreSQL would fail; nobody types one."""
    data = {"name": "Minoterie\x00 Duffau", "kind": "company\x00", "notes": "Vue\x00 au salon"}
    response = officer.post(reverse("crm:organisation_new"), data)
    assert response.status_code == 302
    organisation = territory.organisations.get()
    assert (organisation.name, organisation.kind) == ("Minoterie Duffau", "company")
    assert organisation.notes == "Vue au salon"


def test_a_form_without_end_is_a_sentence(officer):
    response = officer.post(reverse("crm:project_new"), {"title": "x" * 6_000_000})
    assertContains(response, "dépasse 5 Mo", status_code=413)


def test_a_file_far_too_large_is_kept_nowhere(officer, settings, monkeypatch):
    """Its bytes reach neither memory nor disk, and the sentence still names it."""
    settings.IMPORT_MAX_BYTES = 100

    def kept(self, *args):
        raise AssertionError("a byte of the file was kept")

    monkeypatch.setattr(TemporaryFileUploadHandler, "new_file", kept)
    file = SimpleUploadedFile("gros.csv", b"Nom;Ville\nA;B\n" * 500_000)
    response = officer.post(reverse("crm:import_list"), {"file": file})
    assert response.status_code == 422
    (said,) = response.context["form"].errors["file"]
    assert "gros.csv" in said
    assert "au plus" in said


@pytest.mark.parametrize("text", ["1" + "0" * 30, "-1" + "0" * 30, "0,123", "NaN", "1e400"])
def test_an_amount_no_column_holds_is_a_refused_filter(officer, text):
    for url in ("/projets/", "/rapports/projets.csv", "/api/v1/projects/"):
        response = officer.get(url, {"min_investment": text})
        assert response.status_code == 400, url


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
@pytest.mark.parametrize("path", ["organisations", "projects", "applications", "actions"])
def test_an_instant_that_no_time_zone_converts_is_a_refused_filter(officer, path, text):
    response = officer.get(f"/api/v1/{path}/", {"updated_since": text})
    assert response.status_code == 400
    assert "2026-11-22T10:00:00Z" in response.json()["detail"]


@pytest.mark.parametrize("size", ["0000019999", "9" * 5000, "²", "0"])
def test_a_page_holds_two_hundred_rows_at_most(officer, size):
    assert officer.get("/api/v1/programs/", {"page_size": size}).status_code == 400


@pytest.mark.parametrize("after", ["9" * 5000, "9" * 30, "²"])
def test_a_resumption_after_no_row_is_refused(officer, after):
    query = {"updated_since": "2026-01-01T00:00:00Z", "after": after}
    assert officer.get("/api/v1/projects/", query).status_code == 400


def test_a_stale_edit_of_what_has_no_history_is_told(officer, territory):
    company = OrganisationFactory(territory=territory)
    company.history.all().delete()
    url = reverse("crm:organisation_edit", args=[company.pk])
    response = officer.post(url, {"name": "Neuf", "kind": "company", "read_at": "hier"})
    assertContains(response, "Rien n’a été remplacé", status_code=409)


@pytest.mark.parametrize(
    ("criterion", "fact", "value", "said"),
    [
        ({"kind": "headcount", "max": 250}, "headcount", str(2**31), "trop grand"),
        (
            {"kind": "starts", "to": "2031-12-31"},
            "starts_on",
            "2030-01-01",
            "La fin du projet précède son début",
        ),
    ],
)
def test_an_answer_the_record_cannot_hold_is_refused(
    officer, territory, criterion, fact, value, said
):
    holder = OrganisationFactory(territory=territory, headcount=None)
    SiteFactory(organisation=holder, commune=Commune.objects.get(pk="32132"))
    project = ProjectFactory(
        territory=territory, holder=holder, starts_on=None, ends_on="2028-01-01"
    )
    ProgramFactory(criteria=[{"key": "k", **criterion}])
    url = reverse("funding:answer", args=[project.pk])
    assertContains(officer.post(url, {"fact": fact, "value": value}), said, status_code=422)
    project.refresh_from_db()
    assert project.starts_on is None


def test_half_a_square_metre_is_refused_and_not_dropped(officer, territory):
    holder = OrganisationFactory(territory=territory)
    data = {"holder": holder.pk, "title": "Séchoir", "key": uuid.uuid4(), "land_need_m2": "12,5"}
    response = officer.post(reverse("crm:project_new"), data)
    assert response.status_code == 422
    assert "nombre entier" in response.context["form"].errors["land_need_m2"][0]


def test_an_organisation_of_no_id_is_a_refused_filter(officer):
    for text in ("9" * 30, "1.5", "0"):
        response = officer.get("/api/v1/contacts/", {"organisation": text})
        assert response.status_code == 400, text


def test_a_role_elsewhere_gives_no_right_here(client, territory):
    """Officer of one territory and reader of another: the current one lends no right."""
    user = UserFactory(role=Role.OFFICER, territory=territory)
    project = ProjectFactory(confidentiality="public")
    user.memberships.create(territory=project.territory, role=Role.READER)
    interaction = InteractionFactory(organisation=project.holder, project=project)
    client.force_login(user)
    session = client.session
    session["territory"] = territory.pk
    session.save()
    assert client.get(project.get_absolute_url()).status_code == 200
    for name in ("project_edit", "project_move", "project_next_step", "project_history"):
        assert client.get(reverse(f"crm:{name}", args=[project.pk])).status_code == 403, name
    edit = reverse("crm:organisation_edit", args=[project.holder_id])
    assert client.get(edit).status_code == 403
    assert client.get(reverse("crm:interaction_edit", args=[interaction.pk])).status_code == 404
    about = {"project": project.pk}
    assert client.get(reverse("crm:interaction_new"), about).status_code == 403
    assert client.get(reverse("crm:follow_up_new"), about).status_code == 403


def test_a_form_sent_twice_writes_one_row(officer_client, territory):
    """A double click: the second submission is answered as the first one was."""
    fiche = ActionFactory(territory=territory)
    indicator = fiche.indicators.create(label="Logements", unit="logement")
    project = ProjectFactory(territory=territory, confidentiality="binome")
    sent = [
        (reverse("crm:follow_up_new"), {"title": "Rappeler", "due_on": "2099-01-05"}),
        (
            reverse("actions:milestone_new", args=[fiche.pk]),
            {"label": "Étude rendue", "due_on": "2027-01-05"},
        ),
        (
            reverse("actions:indicator_new", args=[fiche.pk]),
            {"label": "Emplois", "unit": "ETP", "direction": "up"},
        ),
        (
            reverse("actions:indicator_value_new", args=[indicator.pk]),
            {"value": "12,5", "observed_on": "2026-01-05"},
        ),
        (reverse("actions:meeting_new"), {"kind": "copil", "held_on": "2031-01-15"}),
        (reverse("actions:agenda_item_new"), {"title": "Budget", "kind": "decision"}),
        (reverse("crm:review_ask", args=[project.pk]), {"question": "Faut-il les aider ?"}),
    ]
    for url, data in sent:
        first, second = (officer_client.post(url, data) for _ in range(2))
        assert (first.status_code, second.status_code) == (302, 302), url
        assert first.url == second.url
    assert territory.follow_ups.count() == 1
    assert fiche.milestones.count() == 1
    assert fiche.indicators.count() == 2
    assert indicator.values.count() == 1
    assert territory.meetings.count() == 1
    assert territory.agenda_items.count() == 1
    assert project.review_requests.count() == 1


def test_in_debug_too_what_is_not_found_is_said_in_french(officer, settings):
    """`make run` is in DEBUG, and Django’s own page is in English with every route."""
    settings.DEBUG = True
    elsewhere = ProjectFactory()
    for address in (elsewhere.get_absolute_url(), f"/projets/{10**30}/", "/nulle-part/"):
        assertContains(officer.get(address), "n’est pas de votre territoire", status_code=404)
    assertContains(officer.get("/projets/?q=%00"), "Demande incomprise", status_code=400)


@pytest.mark.parametrize("name", ["committee_workbook", "national_return"])
def test_a_report_refuses_a_filter_it_does_not_have(officer, name):
    refused = officer.get(reverse(f"reporting:{name}"), {"epci": "200066926"})
    assertContains(refused, "Le filtre «\u00a0epci\u00a0» n’existe pas.", status_code=400)


@pytest.mark.parametrize(
    "address",
    [
        "/?toto=1",
        "/?qui=personne",
        "/recherche/?toto=1",
        "/relances/?toto=1",
        "/relances/?qui=personne",
        "/avis/?toto=1",
        "/instances/?toto=1",
        "/importer/?toto=1",
        "/reglages/jetons/?toto=1",
        "/financements/informations/?toto=1",
        "/financements/enveloppes/?toto=1",
        "/financements/aides-recues/?toto=1",
        "/financements/plans/?toto=1",
        "/financements/veille/?toto=1",
        "/rapports/?toto=1",
        "/rapports/?lecture=toto",
    ],
)
def test_a_list_without_filters_refuses_one_by_its_name(officer_client, address):
    response = officer_client.get(address)
    assert response.status_code == 400, address
    text = response.content.decode()
    assert "toto" in text or "qui" in text or "Ces lecteurs" in text
