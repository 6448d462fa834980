import pytest
from django.urls import reverse

from crm.models import Contact, NafCode, Site
from tests.crm.factories import (
    ContactFactory,
    InteractionFactory,
    OrganisationFactory,
    SiteFactory,
    siren,
    siret,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def naf(db):
    NafCode.objects.create(code="10.39A", level="sous-classe", label="Légumes", section="C")


def test_officer_adds_a_site(officer_client, territory):
    company = OrganisationFactory(territory=territory, siren=siren(501))
    head = SiteFactory(organisation=company, is_head_office=True)
    response = officer_client.post(
        reverse("crm:site_new", args=[company.pk]),
        {
            "siret": siret(501, 7),
            "commune": "82112",
            "workforce_band": "12",
            "workforce_year": "2023",
            "is_head_office": "on",
        },
    )
    assert response.url == company.get_absolute_url()
    site = company.sites.get(siret=siret(501, 7))
    assert (site.commune_id, site.workforce_band_id) == ("82112", "12")
    assert "saisi par" in site.source_of("workforce_band")
    head.refresh_from_db()
    assert not head.is_head_office


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"siret": siret(502)}, "siret", "n’est pas celui d’un établissement du SIREN"),
        ({"siret": siret(501, 1)}, "siret", "déjà dans la liste"),
        ({"siret": "12345678901234"}, "siret", "clé de contrôle"),
        ({"workforce_band": "12"}, "workforce_year", "avec son année"),
        ({"workforce_year": "1850"}, "workforce_year", "1850"),
        ({"postal_code": "3250"}, "postal_code", "cinq chiffres"),
        ({"closed_on": "2999-01-01"}, "closed_on", "avenir"),
        ({"naf_rev2": "zz"}, "naf_rev2", "NAF rév. 2"),
        ({"naf_2025": "zz"}, "naf_2025", "NAF 2025"),
        ({"naf_2025": "20"}, "naf_2025", "NAF 2025"),
        ({"naf_2025": "²042Y"}, "naf_2025", "NAF 2025"),
    ],
)
def test_refused_site_names_the_field(officer_client, territory, typed, field, sentence):
    company = OrganisationFactory(territory=territory, siren=siren(501))
    SiteFactory(organisation=company, siret=siret(501, 1))
    response = officer_client.post(
        reverse("crm:site_new", args=[company.pk]), {"name": "Le dépôt"} | typed
    )
    assert response.status_code == 422
    assert sentence in str(response.context["form"].errors[field])
    assert "Le dépôt" in response.content.decode()
    assert company.sites.count() == 1


def test_a_site_that_nobody_could_find_is_refused(officer_client, territory):
    company = OrganisationFactory(territory=territory)
    page = officer_client.post(reverse("crm:site_new", args=[company.pk]), {"headcount": "12"})
    assert page.status_code == 422
    assert "Dites de quel établissement il s’agit" in page.content.decode()
    assert not company.sites.exists()


def test_siren_follows_from_the_siret_of_its_site(officer_client, territory):
    company = OrganisationFactory(territory=territory, siren=None)
    officer_client.post(reverse("crm:site_new", args=[company.pk]), {"siret": siret(501)})
    company.refresh_from_db()
    assert company.siren == siren(501)
    assert company.source_of("siren").startswith("déduit du SIRET")


def test_officer_edits_a_site_without_losing_what_a_form_does_not_show(officer_client, territory):
    site = SiteFactory(organisation__territory=territory, commune_id="32132", naf_2025="10.39Y")
    url = reverse("crm:site_edit", args=[site.pk])
    assert 'value="Fleurance (32500)"' in officer_client.get(url).content.decode()
    data = {"siret": site.siret, "commune": "Fleurance (32500)", "naf_rev2": "10.39A"}
    data["naf_2025"] = "10.39Y"
    assert officer_client.post(url, data | {"headcount": "12"}).status_code == 302
    site.refresh_from_db()
    assert (site.headcount, site.naf_2025, site.commune_id) == (12, "10.39Y", "32132")
    assert set(site.provenance) == {"headcount"}


@pytest.mark.parametrize("typed", ["20.42Y", " 2042y "])
def test_the_naf_2025_of_a_site_is_typed_with_its_source(officer_client, territory, typed):
    site = SiteFactory(organisation__territory=territory)
    url = reverse("crm:site_edit", args=[site.pk])
    assert 'id="id_naf_2025"' in officer_client.get(url).content.decode()
    data = {"siret": site.siret, "naf_rev2": "10.39A", "naf_2025": typed}
    assert officer_client.post(url, data).url == site.organisation.get_absolute_url()
    site.refresh_from_db()
    assert (site.naf_rev2, site.naf_2025) == ("10.39A", "20.42Y")
    assert "saisi par" in site.source_of("naf_2025")
    assert "20.42Y en NAF 2025" in officer_client.get(
        site.organisation.get_absolute_url()
    ).content.decode().replace("\u00a0", " ")


def test_a_naf_2025_out_of_the_list_is_refused_once_there_is_one(officer_client, territory):
    NafCode.objects.create(
        code="20.42Y", vintage=NafCode.Vintage.NAF_2025, label="Parfums", level="sous-classe"
    )
    company = OrganisationFactory(territory=territory)
    url = reverse("crm:site_new", args=[company.pk])
    response = officer_client.post(url, {"name": "Le dépôt", "naf_2025": "20.99Y"})
    assert "n’est pas un code de la NAF 2025" in str(response.context["form"].errors["naf_2025"])
    officer_client.post(url, {"name": "Le dépôt", "naf_2025": "20.42Y"})
    assert company.sites.get().naf_2025 == "20.42Y"


def test_one_main_contact_at_a_time(officer_client, territory):
    company = OrganisationFactory(territory=territory)
    first = ContactFactory(organisation=company, is_main=True)
    officer_client.post(
        reverse("crm:contact_new", args=[company.pk]),
        {"first_name": "Bruno", "last_name": "Cazeneuil", "is_main": "on"},
    )
    first.refresh_from_db()
    assert not first.is_main
    assert company.contacts.get(is_main=True).last_name == "Cazeneuil"


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"last_name": ""}, "last_name"),
        ({"email": "sylvie"}, "email"),
        ({"phone": "appeler le soir"}, "phone"),
        ({"first_name": "Sylvie", "last_name": "lafforgue"}, "last_name"),
    ],
)
def test_refused_contact_keeps_what_was_typed(officer_client, territory, typed, field):
    company = OrganisationFactory(territory=territory)
    ContactFactory(organisation=company, first_name="Sylvie", last_name="Lafforgue")
    data = {"last_name": "Cazeneuil", "position": "maintenance"} | typed
    response = officer_client.post(reverse("crm:contact_new", args=[company.pk]), data)
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert "maintenance" in response.content.decode()


def test_contact_is_deleted_after_confirmation(officer_client, territory):
    contact = ContactFactory(organisation__territory=territory)
    InteractionFactory(organisation=contact.organisation).contacts.add(contact)
    url = reverse("crm:contact_delete", args=[contact.pk])
    assert "1\u00a0échange" in officer_client.get(url).content.decode()
    assert Contact.objects.exists()
    assert officer_client.post(url).status_code == 302
    assert not Contact.objects.exists()
    assert contact.organisation.interactions.count() == 1


def test_contact_form_offers_the_sites_of_its_company_only(officer_client, territory):
    company = OrganisationFactory(territory=territory)
    mine, other = SiteFactory(organisation=company), SiteFactory(organisation__territory=territory)
    form = officer_client.get(reverse("crm:contact_new", args=[company.pk])).context["form"]
    assert list(form.fields["site"].queryset) == [mine]
    response = officer_client.post(
        reverse("crm:contact_new", args=[company.pk]), {"last_name": "X", "site": other.pk}
    )
    assert response.status_code == 422
    assert Site.objects.count() == 2
