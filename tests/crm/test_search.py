import pytest
from django.urls import reverse

from crm.models import Role
from crm.search import normalise
from tests.crm.factories import (
    ContactFactory,
    OrganisationFactory,
    ProjectFactory,
    SiteFactory,
)

pytestmark = pytest.mark.django_db
URL = "/recherche/"


def found(client, text):
    """{kind: how many} of what the page shows."""
    groups = client.get(URL, {"q": text}).context["groups"]
    return {group["kind"]: group["count"] for group in groups}


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Bœuf de l’Été", "boeuf de l'ete"),
        ("  ÉCLUSE\u00a0 ", "ecluse"),
        ("Garçon", "garcon"),
    ],
)
def test_texts_are_folded(text, folded):
    assert normalise(text) == folded


def test_everything_is_found_without_accents_and_grouped(officer_client, territory):
    company = OrganisationFactory(territory=territory, name="Écluse Mécanique")
    ContactFactory(organisation=company, last_name="Lécluse")
    ProjectFactory(territory=territory, holder=company, title="Four")
    assert found(officer_client, "ecluse") == {"organisation": 1, "project": 1, "contact": 1}
    assert found(officer_client, "MECANIQUE écluse") == {"organisation": 1, "project": 1}


def test_siren_siret_and_reference(officer_client, territory):
    company = OrganisationFactory(territory=territory)
    site = SiteFactory(organisation=company)
    project = ProjectFactory(territory=territory, holder=company)
    spaced = f"{company.siren[:3]} {company.siren[3:6]}\u00a0{company.siren[6:]}"
    assert found(officer_client, spaced)["organisation"] == 1
    assert found(officer_client, f"{spaced} {site.siret[9:]}")["organisation"] == 1
    assert found(officer_client, project.reference.lower()) == {"project": 1}


def test_people_are_found_by_number_and_mail(officer_client, territory):
    ContactFactory(
        organisation__territory=territory, phone="05 62 06 00 00", email="s.l@exemple.test"
    )
    assert found(officer_client, "0562060000") == {"contact": 1}
    assert found(officer_client, "s.l@exemple") == {"contact": 1}


def test_what_one_may_not_read_is_not_found(sign_in, territory):
    company = OrganisationFactory(territory=territory, name="Peyrolade")
    ContactFactory(organisation=company, last_name="Peyrolade")
    ProjectFactory(
        territory=territory, holder=company, title="Peyrolade", confidentiality="interne"
    )
    OrganisationFactory(name="Peyrolade d’ailleurs")
    ContactFactory(last_name="Peyrolade")
    ProjectFactory(title="Peyrolade", confidentiality="public")
    assert found(sign_in(Role.READER), "peyrolade") == {"organisation": 1}
    assert found(sign_in(Role.OFFICER), "peyrolade") == {
        "organisation": 1,
        "project": 1,
        "contact": 1,
    }


def test_empty_search_and_no_result_say_what_to_do(officer_client, sign_in):
    assert "sans espaces" in officer_client.get(URL).content.decode()
    page = officer_client.get(URL, {"q": "Zzz <b>"}).content.decode()
    assert "Rien ne répond à «\u00a0Zzz &lt;b&gt;\u00a0»" in page
    create = reverse("crm:organisation_new")
    assert f"{create}?name=Zzz" in page
    assert f"{create}?name" not in sign_in(Role.READER).get(URL, {"q": "Zzz"}).content.decode()


def test_new_organisation_takes_the_name_that_was_searched(officer_client):
    page = officer_client.get(reverse("crm:organisation_new"), {"name": "Zzz"}).content.decode()
    assert 'value="Zzz"' in page


def test_long_groups_lead_to_the_list(officer_client, territory):
    OrganisationFactory.create_batch(10, territory=territory)
    response = officer_client.get(URL, {"q": "conserverie"})
    assert len(response.context["groups"][0]["rows"]) == 8
    assert f"{reverse('crm:organisation_list')}?q=conserverie" in response.content.decode()


def test_search_costs_the_same_for_one_result_and_for_many(
    officer_client, territory, assert_flat_queries
):
    def add(n=1):
        for _ in range(n):
            company = OrganisationFactory(territory=territory)
            SiteFactory(organisation=company, commune_id="32132")
            ContactFactory(organisation=company, position="conserverie")
            ProjectFactory(territory=territory, holder=company)

    add()
    assert_flat_queries(lambda: officer_client.get(URL, {"q": "conserverie"}), lambda: add(6))
