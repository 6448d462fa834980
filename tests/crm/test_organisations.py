from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.models import Health, NafCode, Organisation, Role, Sector
from tests.crm.factories import (
    ContactFactory,
    EpciFactory,
    InteractionFactory,
    OrganisationFactory,
    ProjectFactory,
    SiteFactory,
    UserFactory,
    siren,
    siret,
)

pytestmark = pytest.mark.django_db
LIST = "/entreprises/"
READERS = [Role.ELECTED, Role.INDUSTRIALIST, Role.READER]


@pytest.fixture(autouse=True)
def naf(db):
    for code, level, label in [
        ("C", "section", "Industrie manufacturière"),
        ("10", "division", "Industries alimentaires"),
        ("10.39A", "sous-classe", "Transformation de légumes"),
        ("25", "division", "Produits métalliques"),
        ("25.62B", "sous-classe", "Mécanique industrielle"),
    ]:
        NafCode.objects.create(code=code, level=level, label=label, section="C")


def names(response):
    return [organisation.name for organisation in response.context["page"]]


@pytest.fixture
def companies(territory):
    """Three companies in three communes, of two activities, with and without a headcount."""
    sector = Sector.objects.get(pk="agroalimentaire")
    peyrolade = OrganisationFactory(territory=territory, name="Conserverie Peyrolade", headcount=42)
    peyrolade.sectors.add(sector)
    SiteFactory(organisation=peyrolade, commune_id="32132", is_head_office=True)
    ecluse = OrganisationFactory(territory=territory, name="Écluse Mécanique")
    SiteFactory(
        organisation=ecluse, commune_id="82112", naf_rev2="25.62B", workforce_band_id="12",
        workforce_year=2023,
    )  # fmt: skip
    verger = OrganisationFactory(territory=territory, name="Verger du Pont", headcount=8)
    SiteFactory(organisation=verger, commune_id="32208")
    return {"peyrolade": peyrolade, "ecluse": ecluse, "verger": verger}


# The list


def test_list_is_sorted_without_accents(officer_client, companies):
    response = officer_client.get(LIST)
    assert names(response) == ["Conserverie Peyrolade", "Écluse Mécanique", "Verger du Pont"]
    assert response.context["totals"] == {"count": 3, "headcount": 50, "unknown": 1}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=ecluse", ["Écluse Mécanique"]),
        ("q=PEYROLADE+conserverie", ["Conserverie Peyrolade"]),
        ("commune=fleurance", ["Conserverie Peyrolade"]),
        ("commune=82112", ["Écluse Mécanique"]),
        ("epci=243200391", ["Conserverie Peyrolade", "Verger du Pont"]),
        ("naf=10", ["Conserverie Peyrolade", "Verger du Pont"]),
        ("naf=2562b", ["Écluse Mécanique"]),
        ("naf=c", ["Conserverie Peyrolade", "Écluse Mécanique", "Verger du Pont"]),
        ("workforce=12", ["Conserverie Peyrolade", "Écluse Mécanique"]),
        ("workforce=03", ["Verger du Pont"]),
        ("sector=agroalimentaire", ["Conserverie Peyrolade"]),
        ("kind=epci", []),
        ("order=-headcount", ["Conserverie Peyrolade", "Écluse Mécanique", "Verger du Pont"]),
        ("order=headcount", ["Verger du Pont", "Écluse Mécanique", "Conserverie Peyrolade"]),
        ("order=commune", ["Conserverie Peyrolade", "Verger du Pont", "Écluse Mécanique"]),
    ],
)
def test_list_is_filtered_and_sorted(officer_client, companies, query, found):
    response = officer_client.get(f"{LIST}?{query}")
    assert response.status_code == 200
    assert names(response) == found


def test_siren_and_siret_are_searched_with_their_spaces(officer_client, companies):
    number = companies["verger"].siren
    response = officer_client.get(LIST, {"q": f"{number[:3]} {number[3:6]} {number[6:]}"})
    assert names(response) == ["Verger du Pont"]
    response = officer_client.get(LIST, {"q": companies["ecluse"].sites.get().siret})
    assert names(response) == ["Écluse Mécanique"]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("commune=Zzz", "Commune\u00a0: Aucune commune ne correspond à «\u00a0Zzz"),
        ("naf=99.99Z", "«\u00a099.99Z\u00a0» n’est pas un code de la NAF"),
        ("kind=usine", "Nature\u00a0:"),
        ("epci=000000000", "EPCI\u00a0:"),
        ("workforce=99", "Effectif\u00a0:"),
        ("order=turnover", "Trier par\u00a0:"),
        ("couleur=bleu", "Le filtre «\u00a0couleur\u00a0» n’existe pas"),
    ],
)
def test_a_refused_filter_is_named_and_yields_no_row(officer_client, companies, query, sentence):
    response = officer_client.get(f"{LIST}?{query}")
    assert response.status_code == 400
    page = response.content.decode().replace(" ", "\u00a0").replace("&#x27;", "'")
    assert sentence.replace(" ", "\u00a0") in page
    assert names(response) == []


def test_dropdowns_name_only_the_epci_of_the_territory(officer_client, companies):
    stranger = EpciFactory(name="CC Ailleurs")
    assert "CC Ailleurs" not in officer_client.get(LIST).content.decode()
    assert officer_client.get(f"{LIST}?epci={stranger.siren}").status_code == 400


def test_list_exports_what_is_seen(officer_client, companies):
    page = officer_client.get(f"{LIST}?naf=10&page=1").content.decode()
    url = reverse("reporting:organisations_export", args=["xlsx"])
    assert f'href="{url}?naf=10"' in page


def test_nobody_lists_the_organisations_of_another_territory(officer_client, companies):
    OrganisationFactory(name="Usine d’ailleurs")
    assert "Usine d’ailleurs" not in officer_client.get(LIST).content.decode()


@pytest.mark.parametrize("role", READERS)
def test_only_the_team_sees_exchanges_and_the_projects_each_may_read(sign_in, companies, role):
    company = companies["peyrolade"]
    InteractionFactory(organisation=company)
    ProjectFactory(territory=company.territory, holder=company, confidentiality="interne")
    response = sign_in(role).get(LIST)
    row = response.context["page"][0]
    assert (row.last_contact_on, row.project_count) == (None, 0)
    assert "Dernier échange" not in response.content.decode().split("<thead")[1]

    row = sign_in(Role.OFFICER).get(LIST).context["page"][0]
    assert (row.last_contact_on is not None, row.project_count) == (True, 1)


def test_empty_territory_says_how_to_start(officer_client, sign_in):
    page = officer_client.get(LIST).content.decode().split("<main")[1]
    assert reverse("crm:import_list") in page
    page = sign_in(Role.READER).get(LIST).content.decode()
    assert "pas encore d’organisation" in page
    assert reverse("crm:organisation_new") not in page


def test_list_costs_the_same_for_one_row_and_for_many(
    officer_client, territory, assert_flat_queries
):
    def add(n):
        for _ in range(n):
            company = OrganisationFactory(territory=territory)
            company.sectors.add(Sector.objects.first())
            SiteFactory.create_batch(
                2, organisation=company, commune_id="32132", workforce_band_id="12"
            )
            project = ProjectFactory(territory=territory, holder=company)
            InteractionFactory(organisation=company, project=project)

    assert_flat_queries(lambda: officer_client.get(LIST), add)


# The page


def test_page_shows_each_fact_with_its_source(officer_client, territory):
    company = OrganisationFactory(territory=territory, turnover=Decimal("9400000"))
    company.note_source(["turnover"], "SIRENE", "2024")
    company.save()
    SiteFactory(
        organisation=company, commune_id="32132", workforce_band_id="12", workforce_year=2023
    )
    page = officer_client.get(company.get_absolute_url()).content.decode()
    assert "9\u00a0400\u00a0000\u00a0€" in page
    assert "SIRENE, 2024" in page
    assert "10.39A Transformation de légumes" in page
    assert "20 à 49 salariés, 2023" in page
    assert "CC de la Lomagne Gersoise" in page
    assert "Combien de salariés aujourd’hui" in page


def test_page_without_any_site_says_so(officer_client, territory):
    company = OrganisationFactory(territory=territory, siren=None)
    response = officer_client.get(company.get_absolute_url())
    assert response.status_code == 200
    assert "Aucun établissement connu" in response.content.decode()


@pytest.mark.parametrize("role", READERS)
def test_people_and_exchanges_are_the_memory_of_the_team(sign_in, territory, role):
    company = OrganisationFactory(territory=territory)
    ContactFactory(organisation=company, last_name="Lafforgue")
    InteractionFactory(organisation=company, summary="Ils vendent l’usine")
    ProjectFactory(territory=territory, holder=company, title="Secret", confidentiality="interne")
    page = sign_in(role).get(company.get_absolute_url()).content.decode()
    for hidden in ("Lafforgue", "Ils vendent", "Secret", "Modifier", "h-contacts", "h-echanges"):
        assert hidden not in page

    page = sign_in(Role.MANAGER).get(company.get_absolute_url()).content.decode()
    for shown in ("Lafforgue", "Ils vendent", "Secret", "Modifier"):
        assert shown in page


def test_address_of_a_company_that_opposed_diffusion_stays_in_the_team(sign_in, territory):
    company = OrganisationFactory(territory=territory, is_diffusible=False)
    SiteFactory(organisation=company, commune_id="32132", address="3 chemin du Puits")
    assert (
        "chemin du Puits"
        not in sign_in(Role.READER).get(company.get_absolute_url()).content.decode()
    )
    assert "chemin du Puits" in sign_in().get(company.get_absolute_url()).content.decode()


def test_organisation_of_another_territory_does_not_exist(officer_client):
    stranger = OrganisationFactory()
    site, contact = SiteFactory(organisation=stranger), ContactFactory(organisation=stranger)
    for name, pk in [
        ("organisation", stranger.pk),
        ("organisation_edit", stranger.pk),
        ("site_new", stranger.pk),
        ("contact_new", stranger.pk),
        ("site_edit", site.pk),
        ("contact_edit", contact.pk),
        ("contact_delete", contact.pk),
    ]:
        url = reverse(f"crm:{name}", args=[pk])
        assert officer_client.get(url).status_code == 404, name
        if name != "organisation":
            assert officer_client.post(url, {}).status_code == 404, name


@pytest.mark.parametrize("role", READERS)
def test_readers_write_nothing(sign_in, territory, role):
    company = OrganisationFactory(territory=territory)
    site, contact = SiteFactory(organisation=company), ContactFactory(organisation=company)
    client = sign_in(role)
    for name, pk, status in [
        ("organisation_new", None, 403),
        ("organisation_edit", company.pk, 403),
        ("site_new", company.pk, 403),
        ("site_edit", site.pk, 403),
        ("contact_new", company.pk, 403),
        ("contact_edit", contact.pk, 404),
        ("contact_delete", contact.pk, 404),
    ]:
        url = reverse(f"crm:{name}", args=[pk] if pk else [])
        assert client.post(url, {"name": "x"}).status_code == status, name


def test_page_costs_the_same_whatever_it_holds(officer_client, territory, assert_flat_queries):
    company = OrganisationFactory(territory=territory)

    def add(n):
        for _ in range(n):
            site = SiteFactory(organisation=company, commune_id="32132", workforce_band_id="12")
            contact = ContactFactory(organisation=company, site=site)
            project = ProjectFactory(
                territory=territory, holder=company, health=Health.objects.first()
            )
            exchange = InteractionFactory(organisation=company, project=project)
            exchange.contacts.add(contact)
            company.follow_ups.create(
                territory=territory, title="Rappeler", due_on="2026-01-01", project=project
            )

    assert_flat_queries(lambda: officer_client.get(company.get_absolute_url()), add)


# Writing


def test_officer_creates_a_company_with_its_first_site(officer_client, territory):
    number = siret(501)
    response = officer_client.post(
        reverse("crm:organisation_new"),
        {
            "name": "Minoterie Arratzelle",
            "kind": "company",
            "siret": f"{number[:3]} {number[3:6]} {number[6:9]} {number[9:]}",
            "commune": "fleurance",
            "naf_rev2": "1039a",
            "turnover": "1 234 567,50 €",
            "is_diffusible": "on",
        },
    )
    company = Organisation.objects.get(name="Minoterie Arratzelle")
    assert response.url == company.get_absolute_url()
    assert (company.territory, company.siren) == (territory, number[:9])
    assert company.turnover == Decimal("1234567.50")
    assert "saisi par" in company.source_of("turnover")
    site = company.sites.get()
    assert (site.siret, site.commune_id, site.naf_rev2) == (number, "32132", "10.39A")
    assert site.is_head_office
    assert company.history.get().history_user == officer_client.user


def test_a_name_is_enough(officer_client):
    officer_client.post(reverse("crm:organisation_new"), {"name": "ADEME", "kind": "funder"})
    organisation = Organisation.objects.get()
    assert (organisation.siren, organisation.turnover, organisation.sites.count()) == (
        None,
        None,
        0,
    )


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"name": ""}, "name", "obligatoire"),
        ({"siren": "123456789"}, "siren", "clé de contrôle"),
        ({"siren": "000000000"}, "siren", "n’existe pas"),
        ({"siret": "1,23E+13"}, "siret", "tableur"),
        ({"siret": siret(501), "siren": siren(502)}, "siret", "n’est pas celui"),
        ({"commune": "Zzz"}, "commune", "«\u00a0Zzz\u00a0»"),
        ({"naf_rev2": "10"}, "naf_rev2", "incomplet"),
        ({"turnover": "beaucoup"}, "turnover", "n’est pas un nombre"),
        ({"turnover": "-3"}, "turnover", "négatif"),
        ({"headcount": "-1"}, "headcount", "0"),
        ({"created_on": "2999-01-01"}, "created_on", "avenir"),
        ({"created_on": "hier"}, "created_on", "22/11/2026"),
        ({"legal_form": "SAS"}, "legal_form", "5710"),
        ({"website": "pas une adresse"}, "website", "URL"),
        ({"kind": "usine"}, "kind", "usine"),
    ],
)
def test_refused_creation_keeps_what_was_typed(officer_client, typed, field, sentence):
    data = {"name": "Minoterie", "kind": "company", "notes": "Vue au salon"} | typed
    response = officer_client.post(reverse("crm:organisation_new"), data)
    assert response.status_code == 422
    assert sentence in str(response.context["form"].errors[field])
    assert "Vue au salon" in response.content.decode()
    assert not Organisation.objects.exists()


def test_a_taken_siren_leads_to_whoever_carries_it(officer_client, territory):
    existing = OrganisationFactory(territory=territory, siren=siren(501), name="Minoterie")
    for typed in ({"siren": siren(501)}, {"siret": siret(501)}):
        response = officer_client.post(
            reverse("crm:organisation_new"), {"name": "Autre nom", "kind": "company"} | typed
        )
        assert response.status_code == 422
        assert f'<a href="{existing.get_absolute_url()}">Minoterie</a>' in response.content.decode()


def test_two_territories_may_know_the_same_company(officer_client):
    OrganisationFactory(siren=siren(501))
    data = {"name": "Minoterie", "kind": "company", "siren": siren(501)}
    assert officer_client.post(reverse("crm:organisation_new"), data).status_code == 302


def test_a_close_name_is_shown_before_a_second_one_is_created(officer_client, territory):
    OrganisationFactory(territory=territory, name="SARL Laiterie Montclarès", siren=None)
    data = {"name": "Laiterie Montclares", "kind": "company"}
    response = officer_client.post(reverse("crm:organisation_new"), data)
    assert response.status_code == 422
    assert "Une organisation de nom proche existe déjà" in response.content.decode()
    assert Organisation.objects.count() == 1
    officer_client.post(reverse("crm:organisation_new"), data | {"is_another": "on"})
    assert Organisation.objects.count() == 2


def test_form_sent_twice_creates_one_organisation(officer_client):
    data = {"name": "Minoterie Arratzelle", "kind": "company"}
    statuses = [
        officer_client.post(reverse("crm:organisation_new"), data).status_code for _ in range(2)
    ]
    assert statuses == [302, 422]
    assert Organisation.objects.count() == 1


def edit(client, organisation, **typed):
    url = reverse("crm:organisation_edit", args=[organisation.pk])
    form = client.get(url).context["form"]
    data = {name: form[name].value() for name in form.fields}
    data = {name: value for name, value in data.items() if value not in (None, False)}
    return url, data | typed


def test_only_changed_facts_take_a_new_source(officer_client, territory):
    company = OrganisationFactory(territory=territory, headcount=42, turnover=Decimal(100))
    company.note_source(["headcount", "turnover"], "SIRENE", "2024")
    company.save()
    url, data = edit(officer_client, company, headcount="43")
    assert officer_client.post(url, data).status_code == 302
    company.refresh_from_db()
    today = f"{timezone.localdate():%d/%m/%Y}"
    assert company.source_of("headcount") == f"saisi par {officer_client.user}, {today}"
    assert company.source_of("turnover") == "SIRENE, 2024"


def test_a_fact_taken_away_loses_its_source(officer_client, territory):
    company = OrganisationFactory(territory=territory, headcount=42)
    company.note_source(["headcount"], "SIRENE", "2024")
    company.save()
    url, data = edit(officer_client, company, headcount="")
    officer_client.post(url, data)
    company.refresh_from_db()
    assert (company.headcount, company.source_of("headcount")) == (None, "")


def test_the_slower_of_two_people_is_told_and_loses_nothing(officer_client, territory):
    company = OrganisationFactory(territory=territory)
    url, data = edit(officer_client, company, notes="Ce que j’ai tapé")
    company.headcount = 12
    company._history_user = UserFactory(territory=territory, first_name="Théo", last_name="Bérard")
    company.save()

    response = officer_client.post(url, data)
    assert response.status_code == 409
    page = response.content.decode()
    assert "Théo Bérard a modifié cette fiche (effectif)" in page
    assert "Ce que j’ai tapé" in page
    company.refresh_from_db()
    assert (company.headcount, company.notes) == (12, "")

    again = data | {"read_at": response.context["form"]["read_at"].value()}
    assert officer_client.post(url, again).status_code == 302
    company.refresh_from_db()
    assert company.notes == "Ce que j’ai tapé"


def test_siren_cannot_leave_its_sites_behind(officer_client, territory):
    company = OrganisationFactory(territory=territory, siren=siren(501))
    SiteFactory(organisation=company, siret=siret(501))
    url, data = edit(officer_client, company, siren=siren(502))
    response = officer_client.post(url, data)
    assert response.status_code == 422
    assert siret(501) in str(response.context["form"].errors["siren"])
