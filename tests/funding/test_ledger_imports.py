"""What a spreadsheet of aids says, column by column and row by row."""

from decimal import Decimal as D

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django.asserts import assertContains, assertNotContains

from funding.models import ReceivedAid
from tests.crm.factories import OrganisationFactory
from tests.funding.factories import ReceivedAidFactory

pytestmark = pytest.mark.django_db
IMPORT = "/financements/aides-recues/importer/"
HEAD = "SIREN;Date d'octroi;Montant;Règlement;Organisme;Objet"


@pytest.fixture
def firm(territory):
    return OrganisationFactory(territory=territory, name="Fonderie Marcadis")


def send(client, *lines, head=HEAD):
    content = "\n".join([head, *lines]).encode()
    return client.post(IMPORT, {"file": SimpleUploadedFile("aides.csv", content)}).url


def amounts():
    return sorted(aid.amount for aid in ReceivedAid.objects.all())


def test_the_equivalent_is_read_before_the_face_value(officer_client, firm):
    head = "SIREN;Date d'octroi;Montant;ESB"
    url = send(officer_client, f"{firm.siren};12/05/2025;100 000 €;5 000 €", head=head)
    assertNotContains(officer_client.get(url), "est lue comme équivalent-subvention")
    officer_client.post(url)
    assert amounts() == [D(5_000)]


def test_a_face_value_alone_is_read_with_a_warning(officer_client, firm):
    url = send(officer_client, f"{firm.siren};12/05/2025;100 000;de minimis;Bpifrance;")
    assertContains(officer_client.get(url), "non pour un prêt")


def test_two_aids_of_one_day_are_two_and_the_file_sent_again_adds_none(officer_client, firm):
    lines = [f"{firm.siren};12/05/2025;10 000;de minimis;Région;lot {n}" for n in (1, 2)]
    for _ in range(2):
        url = send(officer_client, *lines)
        officer_client.post(url)
    assert amounts() == [D(10_000), D(10_000)]
    # The same line twice: both are written, and it is said.
    preview = officer_client.get(send(officer_client, *lines, lines[0], lines[0]))
    assertContains(preview, "Identique à la ligne 4")


def test_an_amount_that_comes_later_fills_the_aid_that_waited_for_it(officer_client, firm):
    line = f"{firm.siren};12/05/2025;%s;de minimis;Région;Four"
    officer_client.post(send(officer_client, line % ""))
    url = send(officer_client, line % "21 667,00")
    assertContains(officer_client.get(url), "À compléter")
    assert ReceivedAid.objects.get().amount is None
    assertContains(officer_client.post(url, follow=True), "1\u00a0montant complété")
    assert amounts() == [D(21_667)]
    # Sent again, with or without the amount: nothing changes.
    for amount in ("21 667,00", ""):
        officer_client.post(send(officer_client, line % amount))
    assert amounts() == [D(21_667)]
    officer_client.post(f"{url}annuler/")
    assert ReceivedAid.objects.get().amount is None


def test_an_amount_edited_since_is_not_taken_back(officer_client, firm):
    aid = ReceivedAidFactory(
        organisation=firm, granted_on="2025-05-12", amount=None, funder="Région", purpose=""
    )
    url = send(officer_client, f"{firm.siren};12/05/2025;500;de minimis;Région;Four")
    officer_client.post(url)
    aid.refresh_from_db()
    aid.amount = D(600)
    aid.save_over(aid.version)
    assertContains(officer_client.post(f"{url}annuler/", follow=True), "sauf ce qui a été modifié")
    assert amounts() == [D(600)]


def test_the_amount_of_one_lot_does_not_fill_that_of_another(officer_client, firm):
    ReceivedAidFactory(
        organisation=firm, granted_on="2025-05-12", amount=None, funder="Région", purpose="Lot 1"
    )
    officer_client.post(
        send(officer_client, f"{firm.siren};12/05/2025;500;de minimis;Région;lot 2")
    )
    assert {aid.purpose: aid.amount for aid in ReceivedAid.objects.all()} == {
        "Lot 1": None,
        "lot 2": D(500),
    }


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("Régime de minimis", "2023/2831"),
        ("Hors minimis", "regime"),
        ("Hors de minimis (régime exempté ou notifié)", "regime"),
        ("De minimis SIEG (2023/2832)", "2023/2832"),
    ],
)
def test_the_regulation_of_a_cell(officer_client, firm, cell, code):
    officer_client.post(send(officer_client, f"{firm.siren};12/05/2025;10;{cell};Région;"))
    assert ReceivedAid.objects.get().regulation == code
