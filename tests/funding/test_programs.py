import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from crm.models import Role
from tests.crm.factories import PartnerTokenFactory, ProjectFactory
from tests.funding.factories import ProgramFactory

pytestmark = pytest.mark.django_db
LIST = "/financements/"


@pytest.mark.parametrize("role", list(Role))
def test_everyone_of_a_territory_reads_the_catalogue(sign_in, role):
    program = ProgramFactory(name="Fonds Chaleur")
    client = sign_in(role)
    assertContains(client.get(LIST), "Fonds Chaleur")
    assertContains(client.get(program.get_absolute_url()), "Fonds Chaleur")


def test_filters_narrow_by_theme_instrument_and_beneficiary(officer_client):
    ProgramFactory(name="Aide eau", themes=["eau"], instruments=["loan"])
    ProgramFactory(
        name="Aide EPCI",
        themes=["fon"],
        criteria=[{"kind": "beneficiary", "key": "beneficiary", "accepted": ["epci"]}],
    )
    for query in ({"theme": "eau"}, {"instrument": "loan"}, {"beneficiary": "company"}):
        page = officer_client.get(LIST, query)
        assertContains(page, "Aide eau")
        assertNotContains(page, "Aide EPCI")


@pytest.mark.parametrize("other", [{"state": "closed"}, {"q": "eau"}, {"to_check": "false"}])
def test_a_list_of_a_past_day_is_not_filtered_by_what_is_said_today(officer_client, other):
    ProgramFactory(name="Aide eau", state="closed")
    page = officer_client.get(LIST, {"as_of": "2026-10-01", **other})
    assert page.status_code == 400
    assert page.context["rows"] == []
    assertContains(page, "date passée", status_code=400)
    assert officer_client.get(LIST, {"as_of": "2026-10-01"}).status_code == 200


@pytest.mark.parametrize("role", [Role.READER, Role.OFFICER, Role.ELECTED])
def test_what_the_team_said_expired_filters_for_who_keeps_the_catalogue_only(sign_in, role):
    query = {"said_expired": "true"}
    assert sign_in(Role.MANAGER).get(LIST, query).status_code == 200
    assert sign_in(role).get(LIST, query).status_code == 400


def test_partners_are_not_told_what_the_team_said_expired(client, territory):
    token = PartnerTokenFactory(territory=territory, scopes=["programs:read"])
    headers = {"Authorization": f"Token {token.secret}"}
    response = client.get("/api/v1/programs/", {"said_expired": "true"}, headers=headers)
    assert response.status_code == 400


def test_search_ignores_accents(officer_client):
    ProgramFactory(name="Écoconception – étude")
    assertContains(officer_client.get(LIST, {"q": "ecoconception etude"}), "Écoconception")


def test_an_unknown_filter_value_is_refused(officer_client):
    ProgramFactory(name="Fonds Chaleur")
    for query in ({"state": "bogus"}, {"theme": "bogus"}, {"closing": "demain"}):
        assertNotContains(officer_client.get(LIST, query), "Fonds Chaleur", status_code=400)


def test_what_is_uncertain_looks_uncertain(officer_client):
    program = ProgramFactory(confidence="TBV", verified_on=None)
    page = officer_client.get(program.get_absolute_url())
    assertContains(page, "À vérifier auprès du financeur")
    assertContains(page, "date inconnue")


def test_a_row_not_verified_for_six_months_says_so(officer_client):
    program = ProgramFactory(verified_on="2020-01-01")
    assertContains(officer_client.get(program.get_absolute_url()), "plus de six mois")


def test_a_program_shows_the_projects_it_fits_that_one_may_read(sign_in, territory):
    program = ProgramFactory()
    ProjectFactory(territory=territory, title="Projet secret")
    ProjectFactory(territory=territory, title="Projet partagé", confidentiality="partenaires")
    page = sign_in(Role.READER).get(program.get_absolute_url())
    assertContains(page, "Projet partagé")
    assertNotContains(page, "Projet secret")


def test_list_and_page_cost_do_not_grow(officer_client, territory, assert_flat_queries):
    assert_flat_queries(lambda: officer_client.get(LIST), ProgramFactory.create_batch)
    url = reverse("funding:program", args=[ProgramFactory().pk])
    assert_flat_queries(
        lambda: officer_client.get(url),
        lambda count: ProjectFactory.create_batch(count, territory=territory),
    )


def test_the_formula_of_the_ranking_is_published(officer_client):
    assertContains(officer_client.get("/financements/classement/"), "Règle v")


def test_a_suspended_program_is_not_said_closed(officer_client):
    program = ProgramFactory(state="suspended", closes_on="2020-01-01")
    page = officer_client.get(program.get_absolute_url())
    assertContains(page, "Ce dispositif est suspendu")
    for shown in (page, officer_client.get(LIST, {"state": "suspended"})):
        assertContains(shown, "</svg>Suspendu")
        assertNotContains(shown, "</svg>Fermé")
