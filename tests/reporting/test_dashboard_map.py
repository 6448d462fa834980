"""The map of the communes and of the EPCI, with contours and without."""

import datetime as dt
import re

import pytest
from django.urls import reverse
from django.utils.html import strip_tags

from crm.models import CommuneContour, Role
from reporting import dashboards
from tests.crm.factories import OrganisationFactory, ProjectFactory, SiteFactory

pytestmark = pytest.mark.django_db

MAP = reverse("reporting:dashboard_map")


def text(response):
    return re.sub(r"\s+", " ", strip_tags(response.content.decode()))


def contour(code, lon=0.6):
    ring = [[lon, 43.8], [lon + 0.1, 43.8], [lon + 0.1, 43.9], [lon, 43.9]]
    CommuneContour.objects.create(
        commune_id=code, polygons=[[ring]], source="essai", loaded_on=dt.date(2026, 11, 23)
    )


def test_map_without_contours_is_a_grid_and_says_what_to_run(sign_in, territory):
    ProjectFactory(territory=territory, commune_id="32132", confidentiality="public")
    response = sign_in(Role.OFFICER).get(MAP)
    assert "load_contours --from-api" in text(response)
    assert response.content.decode().count('width="22" height="22"') == 3
    assert "load_contours" not in text(sign_in(Role.READER).get(MAP))


def test_map_colours_each_commune_and_opens_its_rows(officer_client, territory):
    contour("32132")
    contour("32208", 0.7)
    for _ in range(2):
        ProjectFactory(territory=territory, commune_id="32132", planned_investment=100)
    response = officer_client.get(MAP)
    places = {place.shape.code: place for place in response.context["atlas"].places}
    assert places["32132"].url.startswith(reverse("crm:project_list"))
    assert places["32208"].css == "p-void"
    assert response.context["atlas"].missing == ["Moissac"]
    shown = text(response).replace("\xa0", " ")
    assert "Fleurance, projets : 2" in shown
    assert "1 commune sans contour, à lire dans le tableau : Moissac" in shown


def test_map_of_epci_adds_their_communes(officer_client, territory):
    contour("32132")
    contour("32208", 0.7)
    contour("82112", 0.9)
    for commune in ("32132", "32208"):
        ProjectFactory(territory=territory, commune_id=commune, planned_investment=100)
    response = officer_client.get(MAP, {"level": "epcis", "measure": "investment"})
    atlas = response.context["atlas"]
    assert {place.shape.code for place in atlas.places} == {"243200391", "200066322"}
    assert atlas.legend == [("p-3", "200\xa0€")]


def test_unknown_investment_is_hatched_on_the_map_and_never_nothing(officer_client, territory):
    contour("32132")
    ProjectFactory(territory=territory, commune_id="32132", planned_investment=None)
    response = officer_client.get(MAP, {"measure": "investment"})
    (place,) = response.context["atlas"].places
    assert place.hatched
    assert "investissement prévu : 1 à confirmer" in text(response).replace("\xa0", " ")


def test_company_counts_in_each_commune_where_it_has_a_site(officer_client, territory):
    company = OrganisationFactory(territory=territory)
    for commune in ("32132", "32132", "82112"):
        SiteFactory(organisation=company, commune_id=commune)
    OrganisationFactory(territory=territory)  # nowhere yet
    chart = dashboards.one("communes", dashboards.Board(officer_client.user, territory))
    assert {one.code: one.value("companies") for one in chart.lines} == {
        "32132": 1,
        "82112": 1,
        "null": 1,
    }


def test_map_refuses_a_figure_or_a_level_that_it_does_not_have(officer_client):
    for query in ({"measure": "rien"}, {"level": "canton"}):
        assert officer_client.get(MAP, query).status_code == 400


def test_hostile_names_are_escaped_in_the_drawing(officer_client, territory):
    commune = territory.communes.get(pk="32132")
    commune.name = '"><script>alert(1)</script>'
    commune.save()
    contour("32132")
    ProjectFactory(territory=territory, commune_id="32132")
    content = officer_client.get(MAP).content.decode()
    assert "<script>alert" not in content
