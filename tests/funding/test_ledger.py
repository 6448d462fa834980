import datetime as dt
import io
from decimal import Decimal as D

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from crm.models import Role
from funding.ledger import Position
from funding.models import LedgerImport, ReceivedAid, Undertaking
from funding.models.ledger import firms_of
from tests.crm.factories import OrganisationFactory, siren
from tests.funding.factories import ApplicationFactory, ProgramFactory, ReceivedAidFactory

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 22)
LIST = "/financements/aides-recues/"
IMPORT = "/financements/aides-recues/importer/"
HEAD = "SIREN;Entreprise;Date d'octroi;Montant;Règlement;Organisme"


@pytest.fixture
def firm(territory):
    return OrganisationFactory(territory=territory, name="Fonderie Marcadis")


def link(firm, *others):
    undertaking = Undertaking.objects.create(territory=firm.territory, name=firm.name)
    for number, name in ((firm.siren, firm.name), *others):
        undertaking.firms.create(territory=firm.territory, siren=number, name=name)
    return undertaking


# ── The position ──


def test_room_is_the_ceiling_less_three_years_of_the_linked_firms(firm):
    sister = siren(4242)
    link(firm, (sister, "Marcadis Négoce"))
    ReceivedAidFactory(organisation=firm, granted_on="2025-05-12", amount=100_000)
    ReceivedAidFactory(
        organisation=None, territory=firm.territory, siren=sister, firm="M", amount=50_000
    )
    ReceivedAidFactory(organisation=firm, granted_on="2023-11-22", amount=90_000)
    position = Position(firm, TODAY)
    assert position.received == D(150_000)
    assert position.room == D(150_000)
    assert [aid.amount for aid in position.others] == [90_000]


def test_the_window_slides_to_the_day(firm):
    ReceivedAidFactory(organisation=firm, granted_on="2023-11-23", amount=250_000)
    assert Position(firm, TODAY).room == D(50_000)
    assert Position(firm, dt.date(2026, 11, 23)).room == D(300_000)
    steps = Position(firm, TODAY).steps
    assert [(s.day, s.freed, s.room) for s in steps] == [
        (dt.date(2026, 11, 23), D(250_000), D(300_000))
    ]


def test_an_unknown_amount_leaves_the_room_unknown(firm):
    ReceivedAidFactory(organisation=firm, amount=None)
    position = Position(firm, TODAY)
    assert position.room is None
    assert position.unknown_count == 1
    assert not position.is_sure


def test_a_position_is_sure_only_once_the_list_of_firms_is_declared(firm):
    ReceivedAidFactory(organisation=firm)
    assert not Position(firm, TODAY).is_sure
    undertaking = link(firm)
    assert not Position(firm, TODAY).is_sure
    undertaking.declared_on = TODAY
    undertaking.save()
    assert Position(firm, TODAY).is_sure


def test_aids_outside_de_minimis_do_not_fill_the_window(firm):
    ReceivedAidFactory(organisation=firm, regulation="regime", amount=500_000)
    assert Position(firm, TODAY).room == D(300_000)


def test_another_territory_s_ledger_is_not_added(firm):
    elsewhere = OrganisationFactory(siren=firm.siren)
    ReceivedAidFactory(organisation=elsewhere, amount=100_000)
    assert Position(firm, TODAY).window == []


# ── The pages ──


def test_officer_records_an_aid_and_reads_what_is_left(officer_client, firm):
    data = {
        "regulation": "2023/2831",
        "granted_on": timezone.localdate().isoformat(),
        "amount": "12 500,00 €",
        "funder": "Région",
    }
    url = reverse("funding:aid_new", args=[firm.pk])
    for _ in range(2):  # a second click writes no second aid
        response = officer_client.post(url, data)
    assertRedirects(response, reverse("funding:ledger", args=[firm.pk]))
    aid = ReceivedAid.objects.get()
    assert (aid.siren, aid.firm, aid.amount) == (firm.siren, firm.name, D(12_500))
    assertContains(officer_client.get(response.url), "287 500".replace(" ", "\u00a0"))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"granted_on": ""}, "est obligatoire"),
        ({"granted_on": "2999-01-01"}, "à venir"),
        ({"granted_on": "0026-01-05"}, "2000 à 2100"),
        ({"amount": "douze"}, "n’est pas un nombre"),
        ({"amount": "-5"}, "négatif"),
        ({"regulation": "autre"}, "choix"),
    ],
)
def test_a_wrong_aid_is_refused_with_a_sentence(officer_client, firm, data, sentence):
    sound = {"regulation": "2023/2831", "granted_on": "2026-01-05", "amount": "10"}
    url = reverse("funding:aid_new", args=[firm.pk])
    response = officer_client.post(url, sound | data)
    assertContains(response, sentence, status_code=422)
    assert not ReceivedAid.objects.exists()


def test_the_slower_of_two_editors_is_told(officer_client, firm):
    aid = ReceivedAidFactory(organisation=firm)
    data = {"regulation": "2023/2831", "granted_on": "2025-05-12", "version": aid.version}
    assert officer_client.post(aid.get_absolute_url(), data | {"amount": "10"}).status_code == 302
    slower = officer_client.post(aid.get_absolute_url(), data | {"amount": "20"})
    assertContains(slower, "entre-temps", status_code=409)
    aid.refresh_from_db()
    assert aid.amount == D(10)


def test_an_aid_taken_out_comes_back(officer_client, firm):
    aid = ReceivedAidFactory(organisation=firm)
    page = officer_client.post(reverse("funding:aid_remove", args=[aid.pk]), follow=True)
    assertContains(page, "est retirée")
    trace = ReceivedAid.history.filter(history_type="-").get()
    officer_client.post(reverse("funding:aid_restore", args=[trace.history_id]))
    assert ReceivedAid.objects.get().amount == aid.amount


def test_linked_firms_are_added_declared_and_removed(officer_client, firm):
    new = reverse("funding:firm_new", args=[firm.pk])
    data = {"siren": siren(77), "name": "Filiale", "link": "votes"}
    assert officer_client.post(new, data).status_code == 302
    undertaking, firms = firms_of(firm)
    assert {number for number, _ in firms} == {firm.siren, siren(77)}
    declare = reverse("funding:undertaking_declared", args=[firm.pk])
    officer_client.post(declare, {"source": "Mme Garric", "declared_on": "2026-11-02"})
    undertaking.refresh_from_db()
    assert undertaking.declared_on == dt.date(2026, 11, 2)
    # What changes is to be declared again.
    officer_client.post(new, data | {"siren": siren(78), "name": "Autre"})
    undertaking.refresh_from_db()
    assert undertaking.declared_on is None
    filiale = undertaking.firms.get(siren=siren(77))
    officer_client.post(reverse("funding:firm_remove", args=[firm.pk, filiale.pk]))
    assert undertaking.firms.count() == 2


@pytest.mark.parametrize("number", ["123", "000000000", "900000002"])
def test_a_wrong_siren_is_refused(officer_client, firm, number):
    url = reverse("funding:firm_new", args=[firm.pk])
    data = {"siren": number, "name": "X", "link": "votes"}
    assertContains(officer_client.post(url, data), "SIREN", status_code=422)
    assert not Undertaking.objects.exists()


def test_a_firm_belongs_to_one_undertaking_only(officer_client, firm):
    link(OrganisationFactory(territory=firm.territory, name="Autre groupe"), (siren(77), "F"))
    link(firm, (siren(78), "Filiale"))
    url = reverse("funding:firm_new", args=[firm.pk])
    response = officer_client.post(url, {"siren": siren(77), "name": "F", "link": "votes"})
    assertContains(response, "Autre groupe", status_code=422)


def test_a_granted_file_is_proposed_to_the_ledger(officer_client, firm):
    program = ProgramFactory(legal_basis="De minimis", name="Pass Industrie")
    application = ApplicationFactory(
        granted=True,
        program=program,
        project__holder=firm,
        project__territory=firm.territory,
        amount_granted=9_000,
    )
    page = officer_client.get(reverse("funding:ledger", args=[firm.pk]))
    assertContains(page, "Pass Industrie")
    url = f"{reverse('funding:aid_new', args=[firm.pk])}?dossier={application.pk}"
    assertContains(officer_client.get(url), "9\u00a0000")
    data = {"regulation": "2023/2831", "granted_on": "2026-09-01", "amount": "9000"}
    officer_client.post(url, data)
    assert ReceivedAid.objects.get().application == application
    assertNotContains(
        officer_client.get(reverse("funding:ledger", args=[firm.pk])), "pas encore au registre"
    )


def test_an_impossible_day_is_a_400(officer_client, firm):
    url = reverse("funding:ledger", args=[firm.pk])
    assert officer_client.get(url, {"au": "hier"}).status_code == 400


@pytest.mark.parametrize("role", [Role.ELECTED, Role.INDUSTRIALIST, Role.READER])
def test_what_a_competitor_received_is_told_to_nobody_outside_the_team(sign_in, firm, role):
    ReceivedAidFactory(organisation=firm)
    assert sign_in(role).get(LIST).status_code == 403
    page = sign_in(role).get(firm.get_absolute_url())
    assertNotContains(page, "Registre")


def test_the_list_and_its_export_cost_the_same_for_one_and_fifty(
    officer_client, firm, assert_flat_queries
):
    def add(count):
        for _ in range(count):
            ReceivedAidFactory(organisation=OrganisationFactory(territory=firm.territory))

    assert_flat_queries(lambda: officer_client.get(LIST), add)
    assert_flat_queries(lambda: officer_client.get("/rapports/aides-recues.csv"), add)


def test_the_ledger_of_a_firm_costs_the_same_for_one_and_fifty(
    officer_client, firm, assert_flat_queries
):
    def add(count):
        for _ in range(count):
            ReceivedAidFactory(organisation=firm)

    url = reverse("funding:ledger", args=[firm.pk])
    assert_flat_queries(lambda: officer_client.get(url), add)


# ── The declaration ──


def declaration_of(client, firm):
    url = reverse("reporting:minimis_declaration", args=[firm.pk])
    response = client.get(url, {"au": "2026-11-22"})
    assert response.headers["Content-Type"] == "application/pdf"
    pages = PdfReader(io.BytesIO(response.content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).replace("\u00a0", " ").split())


def test_the_declaration_says_plainly_what_it_does_not_know(officer_client, firm):
    ReceivedAidFactory(organisation=firm, granted_on="2026-02-03", amount=None)
    text = declaration_of(officer_client, firm)
    assert "<" not in text
    assert text.count("à confirmer") >= 2


def test_the_declaration_lists_every_aid_of_the_window(officer_client, firm):
    link(firm, (siren(77), "Filiale du Nord"))
    ReceivedAidFactory(organisation=firm, granted_on="2026-02-03", amount=41_250, purpose="Salon")
    text = declaration_of(officer_client, firm)
    for said in ("Fonderie Marcadis", "Filiale du Nord", "03/02/2026", "41 250 €", "258 750 €"):
        assert said in text
    assert "Liste à vérifier par l’entreprise" in text


# ── Import ──


def send(client, *lines, name="aides.csv"):
    content = "\n".join([HEAD, *lines]).encode("cp1252")
    return client.post(IMPORT, {"file": SimpleUploadedFile(name, content)})


def test_a_spreadsheet_is_previewed_then_written_then_undone(officer_client, firm):
    page = send(
        officer_client,
        f"{firm.siren};;12/05/2025;21 667,00 €;de minimis;ADEME",
        f"{siren(77)};Inconnue SARL;2026-02-01;;agricole;FranceAgriMer",
        "123;X;12/05/2025;10;;",
        f"{siren(78)};Y;31/02/2025;10;;",
        f"{siren(79)};Z;12/05/2025;dix;;",
        f"{siren(80)};;12/05/2025;10;;",
    )
    preview = officer_client.get(page.url)
    assertContains(preview, "3 chiffres au lieu de 9")
    assertContains(preview, "Refusée", count=4)
    assert not ReceivedAid.objects.exists()
    officer_client.post(page.url)
    assert ReceivedAid.objects.count() == 2
    known = ReceivedAid.objects.get(organisation=firm)
    assert (known.amount, known.granted_on) == (D(21_667), dt.date(2025, 5, 12))
    unknown = ReceivedAid.objects.get(siren=siren(77))
    assert (unknown.amount, unknown.regulation) == (None, "1408/2013")
    officer_client.post(page.url)  # a second click
    assert ReceivedAid.objects.count() == 2
    refused = officer_client.get(f"{page.url}refus.csv").content.decode("utf-8-sig")
    assert refused.count("\n") == 5
    officer_client.post(f"{page.url}annuler/")
    assert not ReceivedAid.objects.exists()


def test_the_same_file_twice_changes_nothing(officer_client, firm):
    line = f"{firm.siren};;12/05/2025;21 667,00 €;de minimis;ADEME"
    for _ in range(2):
        page = send(officer_client, line)
        officer_client.post(page.url)
    assert ReceivedAid.objects.count() == 1
    assert LedgerImport.objects.first().counts["unchanged"] == 1


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("vide.csv", b"", "est vide"),
        ("faux.csv", b"%PDF-1.7 ...", "est un PDF"),
        ("autre.csv", b"Couleur;Taille\nrouge;3\n", "aucune colonne reconnue"),
    ],
)
def test_a_file_that_is_no_ledger_is_refused_by_name(officer_client, name, content, sentence):
    response = officer_client.post(IMPORT, {"file": SimpleUploadedFile(name, content)})
    assertContains(response, sentence, status_code=422)
    assert not LedgerImport.objects.exists()


def test_without_its_date_column_nothing_can_be_written(officer_client, firm):
    content = f"SIREN;Entreprise\n{firm.siren};X\n".encode()
    page = officer_client.post(IMPORT, {"file": SimpleUploadedFile("a.csv", content)})
    assertContains(officer_client.get(page.url), "Colonne manquante")
    assert officer_client.post(page.url).status_code == 422
    assert not ReceivedAid.objects.exists()
