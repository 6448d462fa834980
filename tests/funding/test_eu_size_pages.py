"""The pages of the European size: accounts, firms that count, the size kept."""

from decimal import Decimal as D

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from crm.models import Organisation, Role
from funding.eu_size import Reading
from funding.facts import NO_OTHER_FIRM, FactReader, with_holder_facts
from funding.models import CountedFirm, DeclaredFact, FirmAccounts, Undertaking
from tests.crm.factories import OrganisationFactory, ProjectFactory, siren
from tests.funding.factories import CountedFirmFactory, ProgramFactory
from tests.funding.test_eu_size import SMALL, figures

NBSP = "\u00a0"


@pytest.fixture
def company(territory):
    return OrganisationFactory(
        territory=territory, name="Laboratoires Sylvagone", insee_category="PME"
    )


def closed(*years):
    """Accounts of the last closed years, as the model keeps them."""
    last = timezone.localdate().year - 1
    return {last - n: figures(*one) for n, one in enumerate(years)}


def own(company, *years, alone=True):
    if alone:
        DeclaredFact.objects.create(organisation=company, key=NO_OTHER_FIRM, value=True)
    return CountedFirmFactory(
        organisation=company, tie="own", name=company.name, share=None, years=closed(*years)
    )


def page(company):
    return reverse("funding:eu_size", args=[company.pk])


def typed(*years, **rest):
    """What the table of accounts sends."""
    last = timezone.localdate().year - 1
    data = dict(rest)
    for n, (heads, sales, total) in enumerate(years):
        data |= {f"headcount_{last - n}": heads, f"turnover_{last - n}": sales}
        data[f"balance_sheet_{last - n}"] = total
    return data


YEAR = ("120", "21 000 000,00 €", "16500000")


@pytest.mark.django_db
def test_officer_counts_a_partner_and_keeps_the_size(officer_client, company):
    """From the accounts to the verdicts: small alone, medium with its partner."""
    program = ProgramFactory(criteria=[{"kind": "size", "key": "size", "accepted": ["medium"]}])
    project = ProjectFactory(territory=company.territory, holder=company)
    accounts = reverse("funding:eu_size_accounts_edit", args=[company.pk])
    response = officer_client.post(accounts, typed(*[("38", "6 800 000", "5 100 000")] * 2))
    assertRedirects(response, page(company))
    assertContains(officer_client.get(page(company)), "Petite entreprise")

    new = reverse("funding:eu_size_firm_new", args=[company.pk])
    data = typed(YEAR, YEAR, tie="partner", name="Cosmélys", share="30", is_excepted="false")
    assertRedirects(officer_client.post(new, data), page(company))
    response = officer_client.get(page(company))
    assertContains(response, f"38 + 120 × 30{NBSP}% = 74{NBSP}salariés")
    assertContains(response, "Comptée seule, elle serait «\u00a0petite entreprise\u00a0»")

    adopt = reverse("funding:eu_size_adopt", args=[company.pk])
    assertRedirects(officer_client.post(adopt, {"size": "medium", "held": ""}), page(company))
    company.refresh_from_db()
    assert company.eu_size == "medium"
    [holder] = with_holder_facts(Organisation.objects.filter(pk=company.pk))
    fact = FactReader().facts_of_holder(holder)["eu_size"]
    today = timezone.localdate()
    assert fact.source == f"calculée sur les comptes {today.year - 1}, {today:%d/%m/%Y}"
    panel = officer_client.get(reverse("funding:project_panel", args=[project.pk]))
    assertContains(panel, program.name)
    assert panel.context["eligible"] == 1


@pytest.mark.django_db
def test_the_size_kept_can_be_taken_back(officer_client, company):
    own(company, SMALL, SMALL)
    company.eu_size = "large"
    company.note_source(["eu_size"], "déclarée par l’entreprise", 2024)
    company.save()
    adopt = reverse("funding:eu_size_adopt", args=[company.pk])
    response = officer_client.post(adopt, {"size": "small", "held": "large"}, follow=True)
    [message] = response.context["messages"]
    officer_client.post(message.extra_tags, follow=True)
    company.refresh_from_db()
    assert company.eu_size == "large"
    assert company.source_of("eu_size") == "déclarée par l’entreprise, 2024"
    # Once taken back there is nothing of ours to undo.
    assertContains(officer_client.post(message.extra_tags, follow=True), "Une autre réponse")


@pytest.mark.django_db
def test_it_can_be_taken_back_where_a_bulk_write_left_no_history(officer_client, company):
    own(company, SMALL, SMALL)
    Organisation.objects.filter(pk=company.pk).update(eu_size="medium")
    company.history.all().delete()
    adopt = reverse("funding:eu_size_adopt", args=[company.pk])
    response = officer_client.post(adopt, {"size": "small", "held": "medium"}, follow=True)
    [message] = response.context["messages"]
    officer_client.post(message.extra_tags)
    company.refresh_from_db()
    assert company.eu_size == "medium"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "sent", [{"size": "medium", "held": ""}, {"size": "small", "held": "large"}, {}, {"size": "x"}]
)
def test_a_size_that_is_not_the_one_shown_is_not_kept(officer_client, company, sent):
    own(company, SMALL, SMALL)
    response = officer_client.post(reverse("funding:eu_size_adopt", args=[company.pk]), sent)
    assertContains(response, "a changé entre-temps", status_code=409)
    company.refresh_from_db()
    assert company.eu_size == ""


@pytest.mark.django_db
def test_nothing_can_be_kept_while_something_is_missing(officer_client, company):
    own(company, SMALL)
    response = officer_client.get(page(company))
    year = timezone.localdate().year - 1
    assertContains(response, f"Les comptes {year - 1} de l’entreprise manquent.")
    assertNotContains(response, "Retenir cette taille")
    response = officer_client.post(
        reverse("funding:eu_size_adopt", args=[company.pk]), {"size": "small", "held": ""}
    )
    assert response.status_code == 409


@pytest.mark.django_db
def test_a_firm_of_the_aid_ledger_counts_without_being_typed_again(officer_client, company):
    own(company, SMALL, SMALL)
    undertaking = Undertaking.objects.create(territory=company.territory, name="Groupe")
    other = siren(4343)
    for number, name in ((company.siren, company.name), (other, "Négoce")):
        undertaking.firms.create(territory=company.territory, siren=number, name=name)
    year = timezone.localdate().year - 1
    response = officer_client.get(page(company))
    assertContains(response, f"Les comptes {year} de Négoce manquent.")
    link = f"{reverse('funding:eu_size_firm_new', args=[company.pk])}?registre={other}"
    assertContains(response, link)
    form = officer_client.get(link).context["form"]
    assert (form["name"].value(), form["siren"].value(), form["tie"].value()) == (
        "Négoce",
        other,
        "linked",
    )
    # It may not be noted as a partner: the ledger says that it is linked.
    data = typed(YEAR, YEAR, tie="partner", name="Négoce", siren=other, share="30")
    response = officer_client.post(link, data)
    assertContains(response, "Le registre des aides la compte comme liée", status_code=422)
    officer_client.post(link, data | {"tie": "linked", "share": ""})
    assertContains(officer_client.get(page(company)), f"38 + 120 = 158{NBSP}salariés")


@pytest.mark.django_db
def test_a_firm_we_follow_brings_the_accounts_of_its_own_page(officer_client, company):
    own(company, SMALL, SMALL)
    sister = OrganisationFactory(territory=company.territory, name="Minoterie")
    own(sister, (20, 1, 1), (20, 1, 1))
    CountedFirmFactory(
        organisation=company, tie="linked", name="Minoterie", siren=sister.siren, share=None
    )
    response = officer_client.get(page(company))
    assertContains(response, f"38 + 20 = 58{NBSP}salariés")
    assertContains(response, "d’où viennent ses comptes")
    # Another territory’s accounts of the same SIREN stay there.
    elsewhere = OrganisationFactory(siren=sister.siren)
    FirmAccounts.objects.all().filter(firm__organisation=sister).delete()
    own(elsewhere, (900, 1, 1), (900, 1, 1))
    assertContains(officer_client.get(page(company)), f"38 +{NBSP}? = au moins 38")


@pytest.mark.django_db
def test_a_firm_is_removed_and_comes_back_with_its_accounts(officer_client, company):
    own(company, SMALL, SMALL)
    partner = CountedFirmFactory(organisation=company, years=closed((120, 9, 9), (120, 9, 9)))
    remove = reverse("funding:eu_size_firm_remove", args=[partner.pk])
    response = officer_client.post(remove, follow=True)
    assertNotContains(response, "120 × 30")
    [message] = response.context["messages"]
    for _ in range(2):  # a second click finds it
        response = officer_client.post(message.extra_tags, follow=True)
    assertContains(response, f"38 + 120 × 30{NBSP}% = 74{NBSP}salariés")
    assert FirmAccounts.objects.filter(firm__organisation=company).count() == 4
    assert CountedFirm.history.filter(id=partner.pk).count() == 3


@pytest.mark.django_db
def test_the_slower_of_two_people_is_told(officer_client, company):
    partner = CountedFirmFactory(organisation=company)
    url = reverse("funding:eu_size_firm_edit", args=[partner.pk])
    data = typed(YEAR, tie="partner", name="Cosmélys", share="40", version="1")
    officer_client.post(url, data)
    response = officer_client.post(url, data | {"share": "45"})
    assertContains(response, "Quelqu’un a modifié", status_code=409)
    partner.refresh_from_db()
    assert partner.share == 40
    # What was typed is kept, and passes when sent again.
    form = response.context["form"]
    officer_client.post(url, data | {"share": "45", "version": form["version"].value()})
    partner.refresh_from_db()
    assert partner.share == 45


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"name": ""}, "est obligatoire"),
        ({"tie": ""}, "est obligatoire"),
        ({"tie": "own"}, "choix"),
        ({"share": "24,99"}, f"En dessous de 25{NBSP}%"),
        ({"share": "50,01"}, f"Au-delà de 50{NBSP}%"),
        ({"share": "101"}, "cent pour cent"),
        ({"share": "-1"}, "supérieure à zéro"),
        ({"share": "trente"}, "nombre"),
        ({"tie": "linked", "share": "", "is_excepted": "true"}, "ne vaut pas pour une entreprise"),
        ({"siren": "123"}, "9 chiffres"),
        ({"siren": "900 000 002"}, "clé de contrôle"),
        ({"headcount_{year}": "beaucoup"}, "n’est pas un nombre"),
        ({"headcount_{year}": "-3"}, "négatif"),
        ({"turnover_{year}": "9" * 40}, "14"),
        ({"balance_sheet_{year}": "-1"}, "négatif"),
        ({"turnover_{year}": "1,234"}, "2"),
    ],
)
def test_what_cannot_be_is_refused_by_name_and_nothing_is_written(
    officer_client, company, sent, sentence
):
    sent = {name.format(year=timezone.localdate().year - 1): one for name, one in sent.items()}
    data = typed(YEAR, tie="partner", name="Cosmélys", share="30") | sent
    url = reverse("funding:eu_size_firm_new", args=[company.pk])
    response = officer_client.post(url, data)
    assertContains(response, sentence, status_code=422)
    [field] = sent if len(sent) == 1 else ["is_excepted"]
    assert list(response.context["form"].errors) == [field]
    assert not CountedFirm.objects.exists()


@pytest.mark.django_db
def test_its_own_siren_and_a_second_row_are_refused(officer_client, company):
    url = reverse("funding:eu_size_firm_new", args=[company.pk])
    data = typed(tie="linked", name="Elle", siren=company.siren)
    assertContains(officer_client.post(url, data), "de l’entreprise elle-même", status_code=422)
    data["siren"] = siren(4343)
    assert officer_client.post(url, data).status_code == 302
    assertContains(officer_client.post(url, data), "déjà dans la liste", status_code=422)
    assert CountedFirm.objects.count() == 1


@pytest.mark.django_db
def test_a_form_sent_twice_writes_one_firm(officer_client, company):
    url = reverse("funding:eu_size_firm_new", args=[company.pk])
    for _ in range(2):
        officer_client.post(url, typed(YEAR, tie="partner", name="Cosmélys", share="30"))
    assert CountedFirm.objects.count() == 1
    accounts = reverse("funding:eu_size_accounts_edit", args=[company.pk])
    for _ in range(2):
        officer_client.post(accounts, typed(YEAR))
    assert CountedFirm.objects.filter(tie="own").count() == 1
    assert FirmAccounts.objects.count() == 2


@pytest.mark.django_db
def test_the_accounts_tell_the_record_what_it_did_not_know(officer_client, company):
    year = timezone.localdate().year - 1
    company.turnover = D(1_000_000)
    company.note_source(["turnover"], "visite", "2026-01-15")
    company.save()
    own(company, (38, 6, 5))
    url = reverse("funding:eu_size_accounts_edit", args=[company.pk])

    def held():
        company.refresh_from_db()
        return company.turnover, company.balance_sheet, company.source_of("balance_sheet")

    def send(**typed):
        version = CountedFirm.objects.get().version
        officer_client.post(url, {"version": version, **typed})
        return held()

    # What somebody said of the record stays.
    typed = {f"balance_sheet_{year}": "9 500 000", f"turnover_{year}": "9 000 000"}
    assert send(**typed) == (1_000_000, 9_500_000, f"comptes clos, {year}")
    later = {f"balance_sheet_{year + 1}": "8 000 000"}
    assert send(**typed, **later) == (1_000_000, 8_000_000, f"comptes clos, {year + 1}")
    assert send() == (1_000_000, None, "comptes clos")


@pytest.mark.django_db
def test_accounts_too_old_to_enter_are_not_said_to_be_proposed(officer_client, company):
    company.turnover = D(6_800_000)
    company.note_source(["turnover"], "INSEE", 2012)
    company.save()
    url = reverse("funding:eu_size_accounts_edit", args=[company.pk])
    assert officer_client.get(url).context["hints"] == []


@pytest.mark.django_db
def test_the_accounts_are_first_proposed_from_the_record(officer_client, company):
    year = timezone.localdate().year - 1
    company.turnover, company.headcount = D(6_800_000), 38
    company.note_source(["turnover"], "comptes déposés", year - 1)
    company.note_source(["headcount"], "visite", f"{year + 1}-01-15")
    company.save()
    url = reverse("funding:eu_size_accounts_edit", args=[company.pk])
    response = officer_client.get(url)
    form = response.context["form"]
    assert form[f"turnover_{year - 1}"].value() == 6_800_000
    assert form[f"headcount_{year}"].value() == 38
    assertContains(response, "comptes déposés")
    # Proposed is not noted: nothing counts before it is saved.
    assert not CountedFirm.objects.exists()
    assertContains(
        officer_client.get(page(company)), f"Les comptes {year} de l’entreprise manquent"
    )


@pytest.mark.django_db
def test_the_category_of_insee_stands_beside_and_warns_when_it_differs(officer_client, company):
    own(company, (300, 9, 9), (300, 9, 9))
    assertContains(officer_client.get(page(company)), "Les deux diffèrent")
    company.insee_category = "ETI"
    company.save()
    response = officer_client.get(page(company))
    assertNotContains(response, "Les deux diffèrent")
    assertContains(response, "elle n’est pas une preuve")
    assertContains(response, "à vérifier avant de s’en prévaloir")  # a threshold nobody read


@pytest.mark.django_db
def test_old_accounts_are_said_to_be_old(officer_client, company):
    firm = own(company)
    year = timezone.localdate().year - 3
    firm.note({year: figures(38, 6, 5), year - 1: figures(38, 6, 5)})
    assertContains(officer_client.get(page(company)), f"sont ceux de {year}")


@pytest.mark.django_db
def test_a_year_emptied_is_forgotten(officer_client, company):
    firm = own(company, SMALL, SMALL)
    accounts = reverse("funding:eu_size_accounts_edit", args=[company.pk])
    officer_client.post(accounts, typed(("38", "6000000", "5000000"), version=firm.version))
    assert [row.year for row in firm.accounts.all()] == [timezone.localdate().year - 1]


@pytest.mark.django_db
def test_the_questions_of_a_company_lead_there_and_only_the_team(sign_in, company):
    own(company, SMALL, SMALL)
    url = reverse("funding:holder_informations", args=[company.pk])
    assertContains(sign_in(Role.OFFICER).get(url), page(company))
    assertNotContains(sign_in(Role.READER).get(url), page(company))
    assert sign_in(Role.READER).get(page(company)).status_code == 403


@pytest.mark.django_db
def test_the_page_costs_the_same_for_fifty_firms(officer_client, company, assert_flat_queries):
    own(company, SMALL, SMALL)

    def add(count):
        for _ in range(count):
            other = OrganisationFactory(territory=company.territory)
            own(other, SMALL, SMALL)
            CountedFirmFactory(organisation=company, siren=other.siren, years=closed(SMALL))

    assert_flat_queries(lambda: officer_client.get(page(company)), add)


@pytest.mark.django_db
def test_a_reading_ignores_what_the_viewer_may_not_know(sign_in, company):
    own(company, SMALL, SMALL)
    reader = sign_in(Role.READER).user
    assert Reading(company, reader, timezone.localdate()).size is None


@pytest.mark.django_db
def test_the_size_is_to_confirm_until_somebody_says_that_no_firm_is_tied(officer_client, company):
    own(company, SMALL, SMALL, alone=False)
    response = officer_client.get(page(company))
    assertContains(response, "aucune entreprise liée n’a été déclarée, ni leur absence")
    assertContains(response, "Comptée seule, elle serait «\u00a0petite entreprise\u00a0»")
    assertNotContains(response, "Retenir cette taille")
    company_page = officer_client.get(reverse("funding:holder_informations", args=[company.pk]))
    assertContains(company_page, "aucune entreprise liée n’a été déclarée, ni leur absence")
    adopt = reverse("funding:eu_size_adopt", args=[company.pk])
    assert officer_client.post(adopt, {"size": "small", "held": ""}).status_code == 409

    url = reverse("funding:eu_size_alone", args=[company.pk])
    for _ in range(2):  # a second click changes nothing
        response = officer_client.post(url, follow=True)
    said = f"noté par {officer_client.user} le {timezone.localdate():%d/%m/%Y}."
    assertContains(response, f"Aucune entreprise liée ni partenaire, {said}")
    assertContains(response, "Retenir cette taille")
    [message] = response.context["messages"]
    response = officer_client.post(message.extra_tags, follow=True)
    assertNotContains(response, "Retenir cette taille")
    assert not DeclaredFact.objects.exists()
    assert DeclaredFact.history.filter(history_type="-").get().by == officer_client.user


@pytest.mark.django_db
def test_a_firm_noted_takes_the_place_of_the_declaration(officer_client, company):
    own(company, SMALL, SMALL)
    new = reverse("funding:eu_size_firm_new", args=[company.pk])
    public = {"tie": "public", "name": "Région", "share": "5", "is_excepted": "false"}
    officer_client.post(new, public)
    assert DeclaredFact.objects.exists()
    officer_client.post(new, typed(YEAR, YEAR, tie="partner", name="Cosmélys", share="30"))
    assert not DeclaredFact.objects.exists()
    refused = officer_client.post(reverse("funding:eu_size_alone", args=[company.pk]))
    assertContains(refused, "est notée", status_code=409)
    CountedFirm.objects.get(tie="partner").remove()
    assertContains(officer_client.get(page(company)), "ni leur absence")


@pytest.mark.django_db
def test_a_large_firm_is_large_whoever_is_tied_to_it(officer_client, company):
    own(company, *[(9_000, 2_000, 2_000)] * 3, alone=False)
    response = officer_client.get(page(company))
    assert response.context["reading"].size == "large"


@pytest.mark.django_db
def test_the_declaration_is_not_an_answer_of_the_project(officer_client, company):
    own(company, SMALL, SMALL)
    project = ProjectFactory(territory=company.territory, holder=company)
    panel = officer_client.get(reverse("funding:question_panel", args=[project.pk]))
    assert panel.context["answers"] == []
