from decimal import Decimal as D

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from crm.models import Role
from funding.models import Application
from tests.crm.factories import ProjectFactory
from tests.funding.factories import ApplicationFactory, ProgramFactory

pytestmark = pytest.mark.django_db
LIST = "/financements/dossiers/"


@pytest.fixture
def project(territory):
    return ProjectFactory(territory=territory, title="Four à pruneaux")


def new(client, project, **data):
    url = reverse("funding:application_new", args=[project.pk])
    return client.post(url, {"status": "a_deposer", **data})


def test_a_file_is_opened_from_a_match_with_its_closing_date(officer_client, project):
    program = ProgramFactory(closes_on="2031-02-15")
    url = reverse("funding:application_new", args=[project.pk])
    page = officer_client.get(url, {"dispositif": program.pk})
    assertContains(page, 'value="2031-02-15"')
    new(officer_client, project, program=program.pk, amount_requested="12 500,00 €")
    application = Application.objects.get()
    assert application.amount_requested == D("12500")
    assert application.created_by == officer_client.user


def test_a_second_click_opens_no_second_file(officer_client, project):
    program = ProgramFactory()
    for _ in range(2):
        new(officer_client, project, program=program.pk)
    assert Application.objects.count() == 1


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"status": "depose"}, "a une date de dépôt"),
        ({"status": "en_instruction", "filed_on": "2026-05-01"}, "complétude"),
        ({"status": "accepte", "filed_on": "2026-05-01"}, "date de la décision"),
        (
            {"status": "accepte", "filed_on": "2026-05-01", "decided_on": "2026-04-01"},
            "précède le dépôt",
        ),
        ({"status": "a_deposer", "amount_granted": "10"}, "dossier accepté"),
        ({"status": "a_deposer", "amount_requested": "dix mille"}, "n’est pas un nombre"),
        ({"status": "a_deposer", "amount_requested": "-5"}, "négatif"),
    ],
)
def test_what_does_not_hold_is_refused_with_a_sentence(officer_client, project, data, sentence):
    response = new(officer_client, project, program=ProgramFactory().pk, **data)
    assertContains(response, sentence, status_code=422)
    assert not Application.objects.exists()


@pytest.mark.parametrize(
    ("before", "after", "holds"),
    [
        ("brouillon", "en_construction", True),
        ("brouillon", "accepte", False),
        ("en_construction", "en_instruction", True),
        ("en_instruction", "en_construction", True),
        ("en_instruction", "sans_suite", True),
        ("accepte", "en_instruction", True),
        ("accepte", "refuse", False),
        ("depose", "brouillon", False),
    ],
)
def test_statuses_follow_each_other_as_funders_have_them(before, after, holds):
    assert Application.allowed(before, after) is holds


def test_the_slower_of_two_people_is_told(officer_client, project):
    application = ApplicationFactory(project=project)
    url = reverse("funding:application", args=[application.pk])
    data = {"status": "brouillon", "version": application.version}
    assert officer_client.post(url, data).status_code == 302
    late = officer_client.post(url, {**data, "status": "a_deposer", "reference": "REF-9"})
    assertContains(late, "entre-temps", status_code=409)
    assertContains(late, "REF-9", status_code=409)
    application.refresh_from_db()
    assert application.status == "brouillon"


def test_list_sums_what_is_filtered(officer_client, project):
    ApplicationFactory(project=project, granted=True, amount_granted=D("10000"))
    ApplicationFactory(project=project, status="brouillon", amount_requested=D("777"))
    assertContains(officer_client.get(LIST, {"status": "accepte"}), "10\u00a0000\u00a0€")
    assertNotContains(officer_client.get(LIST, {"status": "accepte"}), "777")


def test_an_unknown_status_is_refused_and_shows_no_row(officer_client, project):
    ApplicationFactory(project=project)
    assertNotContains(
        officer_client.get(LIST, {"status": "bogus"}), "Four à pruneaux", status_code=400
    )


def test_files_of_an_internal_project_are_not_shown_to_readers(sign_in, project):
    application = ApplicationFactory(project=project)
    reader = sign_in(Role.READER)
    assertNotContains(reader.get(LIST), "Four à pruneaux")
    assert reader.get(application.get_absolute_url()).status_code == 404


def test_readers_see_a_file_but_do_not_write(sign_in, territory):
    project = ProjectFactory(territory=territory, confidentiality="partenaires")
    application = ApplicationFactory(project=project)
    reader = sign_in(Role.READER)
    assert reader.get(application.get_absolute_url()).status_code == 200
    assert reader.post(application.get_absolute_url(), {"status": "depose"}).status_code == 403


def test_list_cost_does_not_grow_with_files(officer_client, territory, assert_flat_queries):
    ApplicationFactory(project__territory=territory)
    assert_flat_queries(
        lambda: officer_client.get(LIST),
        lambda: ApplicationFactory.create_batch(5, project__territory=territory),
    )
