"""The flows of a site: noted by the team, on a phone too, and matched without a name."""

import datetime

import pytest
from pytest_django.asserts import assertContains, assertNotContains

from actions.collective.streams import words_of
from actions.models import Flow, SitePoint
from crm.models import CommuneContour, Role, Sector
from tests.actions.collective.factories import FlowFactory, SitePointFactory, SynergyFactory
from tests.crm.factories import OrganisationFactory, SiteFactory, TerritoryFactory, UserFactory

pytestmark = pytest.mark.django_db
HEAT = {
    "direction": "out",
    "kind": "heat",
    "label": "buées de la sécherie",
    "quantity": "1 250,5",
    "unit": "MWh",
    "per": "year",
    "all_year": "on",
    "temperature": "110",
    "source": "measured",
    "known_on": "2026-03-12",
}


@pytest.fixture
def company(territory):
    company = OrganisationFactory(territory=territory, name="Cartonnages Portalèze")
    SiteFactory(organisation=company, commune_id="32132")
    return company


def note(client, company, **fields):
    data = HEAT | {"site": company.sites.get().pk} | fields
    return client.post(f"/plan/ecologie/organisation/{company.pk}/flux/", data)


def panel(client, company):
    return client.get(f"/plan/ecologie/organisation/{company.pk}/", headers={"HX-Request": "true"})


def test_a_flow_is_noted_with_what_is_known(officer_client, company):
    assert note(officer_client, company).url == f"{company.get_absolute_url()}#flux"
    flow = Flow.objects.get()
    assert flow.by == officer_client.user
    assert (str(flow.quantity), flow.unit, flow.months) == ("1250.50", "MWh", list(range(1, 13)))
    page = panel(officer_client, company)
    assertContains(page, "buées de la sécherie")
    assertContains(page, "1\u00a0250,5\u00a0MWh par an")
    assertContains(page, "110\u00a0°C")
    assertContains(page, "mesuré le 12/03/2026")
    assertContains(officer_client.get(company.get_absolute_url()), "/plan/ecologie/organisation/")


def test_what_is_unknown_stays_so_and_is_shown(officer_client, company):
    blank = dict.fromkeys(["quantity", "unit", "temperature", "source", "known_on"], "")
    note(officer_client, company, **blank, all_year="")
    flow = Flow.objects.get()
    assert (flow.quantity, flow.unit, flow.months, flow.temperature) == (None, "", [], None)
    page = panel(officer_client, company)
    for fact in ("quantité", "température", "période", "source"):
        assertContains(page, f"{fact} à confirmer")


def test_a_season_is_ticked_month_by_month(officer_client, company):
    note(officer_client, company, all_year="", months=["11", "12", "1"])
    assert Flow.objects.get().period == "de novembre à janvier"


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("unit", {"unit": ""}),
        ("unit", {"unit": "m3"}),
        ("temperature", {"kind": "water", "unit": "m3"}),
        ("quantity", {"quantity": "-1"}),
        ("quantity", {"quantity": "beaucoup"}),
        ("known_on", {"known_on": "2100-01-01"}),
        ("months", {"months": ["13"]}),
        ("kind", {"kind": "or"}),
        ("direction", {"direction": ""}),
        ("site", {"site": "²"}),
    ],
)
def test_a_flow_that_makes_no_sense_is_refused_with_a_sentence(
    officer_client, company, name, fields
):
    page = note(officer_client, company, **fields)
    assert page.status_code == 422
    assert page.context["form"].errors[name]
    assert not Flow.objects.exists()


def test_the_site_of_another_company_is_refused(officer_client, company):
    page = note(officer_client, company, site=SiteFactory().pk)
    assert page.context["form"].errors["site"]


def test_a_flow_sent_twice_is_one_flow(officer_client, company):
    note(officer_client, company)
    note(officer_client, company)
    assert Flow.objects.count() == 1


def test_a_company_without_a_site_adds_it_first(officer_client, territory):
    company = OrganisationFactory(territory=territory)
    page = officer_client.get(f"/plan/ecologie/organisation/{company.pk}/flux/")
    assert page.url == f"/entreprises/{company.pk}/etablissements/nouveau/"


def test_the_slower_of_two_people_is_told(officer_client, company):
    note(officer_client, company)
    flow, url = Flow.objects.get(), f"/plan/ecologie/flux/{Flow.objects.get().pk}/"
    read = HEAT | {"site": flow.site_id, "version": flow.version}
    assert officer_client.post(url, read | {"label": "buées"}).status_code == 302
    refused = officer_client.post(url, read | {"label": "vapeur"})
    assertContains(refused, "Entre-temps, ce flux a changé", status_code=409)
    assert Flow.objects.get().label == "buées"


def test_a_flow_is_removed_and_put_back_whole(officer_client, company):
    note(officer_client, company)
    flow = Flow.objects.get()
    officer_client.post(f"/plan/ecologie/flux/{flow.pk}/retirer/")
    assert not Flow.objects.exists()
    trace = Flow.history.filter(history_type="-").get()
    officer_client.post(f"/plan/ecologie/flux/{trace.pk}/retablir/")
    back = Flow.objects.get()
    assert (back.pk, back.months, back.quantity) == (flow.pk, flow.months, flow.quantity)


def test_a_flow_that_a_synergy_follows_stays(officer_client, territory):
    flow = SynergyFactory(territory=territory).source
    page = officer_client.post(f"/plan/ecologie/flux/{flow.pk}/retirer/", follow=True)
    assertContains(page, "Une synergie suivie repose sur ce flux")
    assert Flow.objects.filter(pk=flow.pk).exists()


def test_a_site_is_placed_as_maps_say_it(officer_client, company):
    site = company.sites.get()
    url = f"/plan/ecologie/etablissements/{site.pk}/position/"
    for text in ("43.8481, 0.6627", "43,8481 ; 0,6627", "43.8481 0.6627"):
        assert officer_client.post(url, {"position": text, "source": "carte"}).status_code == 302
        point = SitePoint.objects.get(site=site)
        assert (point.latitude, point.longitude) == (43.8481, 0.6627)
    assertContains(officer_client.get(url), "43.8481, 0.6627")


@pytest.mark.parametrize("text", ["", "Fleurance", "43.8", "143.8, 0.66", "0.6627, 43.8481"])
def test_a_position_that_cannot_be_is_refused(officer_client, company, text):
    ring = [[0.6, 43.8], [0.7, 43.8], [0.7, 43.9], [0.6, 43.9]]
    CommuneContour.objects.create(
        commune_id="32132", polygons=[[ring]], source="x", loaded_on=datetime.date(2026, 1, 1)
    )
    url = f"/plan/ecologie/etablissements/{company.sites.get().pk}/position/"
    page = officer_client.post(url, {"position": text, "source": "carte"})
    assert page.status_code == 422
    assert page.context["form"].errors["position"]


@pytest.mark.parametrize("role", [Role.READER, Role.ELECTED, Role.INDUSTRIALIST])
def test_the_others_neither_read_nor_write_the_flows(sign_in, company, role, officer_client):
    note(officer_client, company)
    flow, client = Flow.objects.get(), sign_in(role)
    assertNotContains(panel(client, company), "buées")
    assert client.get(f"/plan/ecologie/flux/{flow.pk}/").status_code == 404
    assert note(client, company).status_code == 403
    assert Flow.objects.count() == 1


def test_a_stranger_finds_no_flow(client, company):
    flow = FlowFactory(site=company.sites.get())
    client.force_login(UserFactory(territory=TerritoryFactory(perimeter=True), role=Role.MANAGER))
    assert client.get(f"/plan/ecologie/flux/{flow.pk}/").status_code == 404
    assert client.get(f"/plan/ecologie/organisation/{company.pk}/").status_code == 404
    assertNotContains(client.get("/plan/ecologie/"), "Chaleur, dans")


def pair(territory, **fields):
    """A flow and the need that it answers, of two companies that have names."""
    here = {"site__organisation__territory": territory} | fields
    source = FlowFactory(whole=True, site__organisation__name="Fonderie Marcadis", **here)
    need = FlowFactory(
        whole=True, wanted=True, site__organisation__name="Textiles Castelmarne", **here
    )
    return source, need


NAMES = ("Fonderie Marcadis", "Textiles Castelmarne", "fumées", "séchoir")


def test_a_match_tells_no_name_even_to_the_team(officer_client, sign_in, territory):
    pair(territory)
    for client in (officer_client, sign_in(Role.ELECTED)):
        page = client.get("/plan/ecologie/")
        assertContains(page, "Un site industriel")
        assertContains(page, "dans la même commune")
        for name in NAMES:
            assertNotContains(page, name)


def test_the_team_may_ask_for_the_names_and_nobody_else(sign_in, territory):
    pair(territory)
    page = sign_in(Role.OFFICER).get("/plan/ecologie/?noms=1")
    for name in NAMES:
        assertContains(page, name)
    assertContains(page, "Noms affichés pour l’équipe seulement")
    for role in (Role.READER, Role.ELECTED, Role.INDUSTRIALIST):
        assert sign_in(role).get("/plan/ecologie/?noms=1").status_code == 403


def test_the_panel_of_one_company_does_not_name_the_other(officer_client, territory):
    source, need = pair(territory)
    page = panel(officer_client, source.site.organisation)
    assertContains(page, "Un site industriel, dans la même commune, cherche")
    assertNotContains(page, "Textiles Castelmarne")
    assertNotContains(page, need.label)


def test_a_filiere_that_would_name_its_site_is_not_told(officer_client, territory):
    source, need = pair(territory)
    wood = Sector.objects.get(pk="bois")
    source.site.organisation.sectors.add(wood)
    assertNotContains(officer_client.get("/plan/ecologie/"), "filière")
    for _ in range(2):
        OrganisationFactory(territory=territory).sectors.add(wood)
    assertContains(
        officer_client.get("/plan/ecologie/"), "Un site de la filière bois et ameublement"
    )


def test_both_agreements_show_the_names_to_all(sign_in, territory):
    source, need = pair(territory)
    synergy = SynergyFactory(territory=territory, source=source, need=need, agreed=True)
    page = sign_in(Role.READER).get("/plan/ecologie/")
    assertContains(page, "Fonderie Marcadis")
    assertContains(page, synergy.get_absolute_url())


def test_reasons_are_told_met_unmet_and_to_ask(officer_client, territory):
    source, need = pair(territory)
    Flow.objects.filter(pk=source.pk).update(quantity=None, unit="", temperature=40)
    page = officer_client.get("/plan/ecologie/", {"etat": "unmet"})
    assertContains(page, "la quantité offerte est inconnue")
    assertContains(page, "Combien par an, dans la même unité")
    assertContains(page, "il faudrait la relever")
    assertNotContains(officer_client.get("/plan/ecologie/"), "il faudrait la relever")


def test_matches_are_filtered_by_kind_distance_and_verdict(officer_client, territory):
    source, need = pair(territory)
    SitePointFactory(site=source.site)
    SitePointFactory(site=need.site, latitude=43.95)
    counts = [
        officer_client.get("/plan/ecologie/", asked).context["page"].paginator.count
        for asked in ({}, {"distance": "20"}, {"distance": "0"}, {"nature": "water"},
                      {"distance": "20", "etat": "met"}, {"distance": "20", "etat": "unknown"})
    ]  # fmt: skip
    assert counts == [0, 1, 1, 0, 1, 0]


@pytest.mark.parametrize("asked", [{"nature": "or"}, {"distance": "7"}, {"quoi": "1"}])
def test_a_filter_that_is_not_understood_shows_no_match(officer_client, territory, asked):
    pair(territory)
    page = officer_client.get("/plan/ecologie/", asked)
    assert page.status_code == 400
    assertNotContains(page, "Un site industriel", status_code=400)


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("Palettes de bois", {"palette", "boi"}),
        ("plaquettes bois", {"plaquette", "boi"}),
        ("Eau de lavage des caisses", {"lavage", "caisse"}),
        ("de l’eau dans des cuves, sans sel", {"cuve", "sel"}),
        ("", set()),
    ],
)
def test_what_a_flow_is_reads_as_its_words(label, words):
    assert words_of(label) == words


def test_a_closed_site_offers_nothing(officer_client, territory):
    source, _ = pair(territory)
    source.site.closed_on = datetime.date(2026, 1, 1)
    source.site.save()
    assertNotContains(officer_client.get("/plan/ecologie/"), "Un site industriel")


def test_the_pages_cost_the_same_for_one_flow_and_for_fifty(
    officer_client, company, assert_flat_queries
):
    def add(count):
        for _ in range(count):
            FlowFactory(whole=True, site=company.sites.get())
            source, need = pair(company.territory)
            SitePointFactory(site=source.site)
            SynergyFactory(territory=company.territory, source=source, need=need)

    assert_flat_queries(lambda: officer_client.get("/plan/ecologie/"), add)
    assert_flat_queries(lambda: panel(officer_client, company), add)


def test_a_flow_of_nothing_or_colder_than_cold_is_refused(officer_client, company):
    assert note(officer_client, company, quantity="0").context["form"].errors["quantity"]
    assert note(officer_client, company, temperature="-300").context["form"].errors["temperature"]
    assert not Flow.objects.exists()


@pytest.mark.parametrize("changed", [{"direction": "in"}, {"kind": "water", "unit": "m3"}])
def test_a_flow_that_a_synergy_follows_keeps_its_side_and_its_kind(
    officer_client, territory, changed
):
    flow = SynergyFactory(territory=territory).source
    data = HEAT | {"site": flow.site_id, "version": flow.version}
    address = f"/plan/ecologie/flux/{flow.pk}/"
    page = officer_client.post(address, data | {"temperature": ""} | changed)
    assertContains(page, "Une synergie suivie repose sur ce flux", status_code=422)
    assert officer_client.post(address, data | {"label": "buées"}).status_code == 302


def test_a_conflict_tells_quantities_as_they_are_and_not_in_euros(officer_client, company):
    note(officer_client, company)
    flow = Flow.objects.get()
    data = HEAT | {"site": flow.site_id, "version": flow.version}
    address = f"/plan/ecologie/flux/{flow.pk}/"
    officer_client.post(address, data | {"quantity": "2000"})
    late = officer_client.post(address, data | {"quantity": "3000"})
    assertContains(late, "2\u00a0000", status_code=409)
    assertNotContains(late, "€", status_code=409)


def test_a_room_is_told_and_counted_without_a_rhythm(officer_client, territory):
    room = {"kind": "space", "quantity": 100, "unit": "m2", "per": "month", "temperature": None,
            "months": [1, 2, 3], "site__organisation__territory": territory}  # fmt: skip
    offered = FlowFactory(**room)
    assert offered.per_year == (100, "m²")
    page = panel(officer_client, offered.site.organisation)
    assertContains(page, "100\u00a0m² ·")


def test_half_a_position_is_refused_even_where_no_outline_is_known(officer_client, company):
    address = f"/plan/ecologie/etablissements/{company.sites.get().pk}/position/"
    data = {"position": "43,84", "source": "carte"}
    assert officer_client.post(address, data).status_code == 422
    assert not SitePoint.objects.exists()
