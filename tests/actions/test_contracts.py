"""Conventions: what is signed, amended, promised and paid; what falls due; what is removed."""

import datetime
import io

import openpyxl
import pytest
from pytest_django.asserts import assertContains, assertNotContains

from actions.contract_dates import dues
from actions.models import Amendment, Commitment, Contract, Party, Payment
from crm.models import Role
from tests.actions.factories import (
    ActionFactory,
    AmendmentFactory,
    CommitmentFactory,
    ContractFactory,
    DocumentFactory,
    EvaluationFactory,
    PartyFactory,
    PaymentFactory,
)
from tests.crm.factories import OrganisationFactory, TerritoryFactory, UserFactory

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 11, 22)


@pytest.fixture
def contract(territory):
    return ContractFactory(territory=territory, title="COT 2024-2028", amount=350000)


def typed(**fields):
    return {
        "kind": "cot",
        "title": "COT 2024-2028",
        "frameworks": ["eci", "cae"],
        "signed_on": "2024-03-01",
        "starts_on": "2024-04-01",
        "ends_on": "2028-03-31",
        "amount": "350 000 €",
    } | fields


def test_a_convention_is_written_once_even_when_sent_twice(officer_client):
    for _ in range(2):
        response = officer_client.post("/plan/conventions/nouvelle/", typed())
        assert response.status_code == 302
    contract = Contract.objects.get()
    assert (contract.amount, contract.frameworks) == (350000, ["eci", "cae"])
    page = officer_client.get(contract.get_absolute_url())
    assertContains(page, "350\u00a0000\u00a0€")
    assertContains(officer_client.get("/plan/conventions/"), "COT 2024-2028")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"title": ""}, "est obligatoire"),
        ({"ends_on": "2020-01-01"}, "La fin de la convention précède sa prise d’effet."),
        ({"amount": "beaucoup"}, "n’est pas un nombre"),
        ({"frameworks": ["inconnu"]}, "Sélectionnez un choix valide"),
        ({"kind": "mariage"}, "Sélectionnez un choix valide"),
        ({"signed_on": "hier"}, "Écrivez une date"),
    ],
)
def test_refused_convention_says_why_and_keeps_what_was_typed(officer_client, changes, said):
    response = officer_client.post("/plan/conventions/nouvelle/", typed(reference="AB-1") | changes)
    assertContains(response, said, status_code=422)
    assertContains(response, "AB-1", status_code=422)
    assert not Contract.objects.exists()


def test_second_of_two_edits_of_a_convention_is_told(officer_client, contract):
    url = f"/plan/conventions/{contract.pk}/modifier/"
    assert officer_client.post(url, typed(version=1, title="COT bis")).status_code == 302
    late = officer_client.post(url, typed(version=1, title="COT ter"))
    assertContains(late, "rien de votre saisie n’a été écrit", status_code=409)
    assert Contract.objects.get().title == "COT bis"


def test_the_last_amendment_that_speaks_of_it_gives_the_end_and_the_amount(contract):
    AmendmentFactory(contract=contract, number=1, new_ends_on=datetime.date(2029, 3, 31))
    AmendmentFactory(contract=contract, number=2, new_amount=380000)
    contract = Contract.objects.prefetch_related("amendments").get()
    assert contract.end == datetime.date(2029, 3, 31)
    assert contract.current_amount == 380000
    row = Contract.objects.with_end().with_money().get()
    assert (row.last_end, row.last_amount) == (contract.end, contract.current_amount)


PARTS = {
    "partie": (Party, {"role": "financeur", "quality": "son directeur régional"}),
    "avenant": (Amendment, {"number": "1", "subject": "Prolongation d’un an"}),
    "engagement": (Commitment, {"text": "Financer l’animation", "state": "a_tenir"}),
    "versement": (Payment, {"label": "Acompte 2026", "amount_planned": "90 000"}),
}


@pytest.mark.parametrize("kind", PARTS)
def test_each_part_is_added_edited_removed_and_comes_back(officer_client, contract, kind):
    model, sent = PARTS[kind]
    if kind == "partie":
        funder = OrganisationFactory(territory=contract.territory, kind="funder")
        sent = sent | {"organisation": funder.pk}
    url = f"/plan/conventions/{contract.pk}/{kind}/"
    for _ in range(2):  # sent twice
        assert officer_client.post(url, sent).status_code == 302
    row = model.objects.get()
    edit = f"/plan/conventions/{kind}/{row.pk}/changer/"
    assert officer_client.get(edit).status_code == 200
    assert officer_client.post(edit, sent | {"version": 1}).status_code == 302
    late = officer_client.post(edit, sent | {"version": 1})
    assertContains(late, "rien de votre saisie n’a été écrit", status_code=409)
    assert officer_client.post(f"/plan/retirer/{kind}/{row.pk}/").status_code == 302
    assert not model.objects.exists()
    trace = model.history.filter(history_type="-").get()
    assertContains(officer_client.get(contract.get_absolute_url()), "élément retiré")
    officer_client.post(f"/plan/retablir/{kind}/{trace.pk}/")
    assert model.objects.get().pk == row.pk


def test_an_organisation_is_a_party_once_and_an_amendment_has_its_own_number(
    officer_client, contract
):
    party = PartyFactory(contract=contract)
    sent = {"organisation": party.organisation_id, "role": "porteur"}
    response = officer_client.post(f"/plan/conventions/{contract.pk}/partie/", sent)
    assertContains(response, "déjà partie à la convention", status_code=422)
    AmendmentFactory(contract=contract, number=3)
    url = f"/plan/conventions/{contract.pk}/avenant/"
    response = officer_client.post(url, {"number": "3", "subject": "Autre"})
    assertContains(response, "déjà un avenant de ce numéro", status_code=422)
    assertContains(officer_client.get(url), 'value="4"')


def test_a_party_whose_organisation_was_deleted_does_not_come_back(officer_client, contract):
    party = PartyFactory(contract=contract)
    trace = party.remove()
    party.organisation.delete()
    response = officer_client.post(f"/plan/retablir/partie/{trace.pk}/", follow=True)
    assertContains(response, "supprimé depuis")
    assert not Party.objects.exists()


def test_a_party_of_another_territory_is_not_offered(officer_client, contract):
    stranger = OrganisationFactory(kind="funder")
    sent = {"organisation": stranger.pk, "role": "financeur"}
    response = officer_client.post(f"/plan/conventions/{contract.pk}/partie/", sent)
    assert response.status_code == 422


def test_a_convention_goes_and_comes_back_with_what_it_holds(officer_client, contract):
    PartyFactory(contract=contract)
    removed_before = PaymentFactory(contract=contract, label="Annulé")
    PaymentFactory(contract=contract, label="Solde")
    CommitmentFactory(contract=contract, action=ActionFactory(territory=contract.territory))
    EvaluationFactory(contract=contract, went_well="Les visites.")
    DocumentFactory(contract=contract)
    removed_before.remove()
    asked = officer_client.get(f"/plan/retirer/convention/{contract.pk}/")
    assertContains(asked, "5\u00a0éléments partent avec elle")
    officer_client.post(f"/plan/retirer/convention/{contract.pk}/")
    assert not Contract.objects.exists()
    assert not Payment.objects.exists()
    trace = Contract.history.get(history_type="-")
    officer_client.post(f"/plan/retablir/convention/{trace.pk}/")
    back = Contract.objects.get()
    assert back.frameworks == ["eci"]
    assert len(back.parts) == 5
    assert back.payments.get().label == "Solde"
    assert back.evaluations.get().went_well == "Les visites."


def test_readers_read_it_and_change_nothing(sign_in, contract):
    PartyFactory(contract=contract)
    PaymentFactory(contract=contract, amount_planned=1000)
    EvaluationFactory(contract=contract)
    client = sign_in(Role.READER)
    page = client.get(contract.get_absolute_url())
    assertContains(page, "1\u00a0000\u00a0€")
    assertNotContains(page, "Modifier")
    assert client.post(f"/plan/conventions/{contract.pk}/versement/", {}).status_code == 403
    assert client.get(contract.evaluations.get().get_absolute_url()).status_code == 403


def test_what_a_convention_asks_falls_due(contract, territory):
    soon, past = TODAY + datetime.timedelta(days=20), TODAY - datetime.timedelta(days=3)
    PaymentFactory(contract=contract, label="Solde", due_on=soon, evaluation_year=2025)
    PaymentFactory(contract=contract, due_on=past, asked_on=past)  # asked already
    PaymentFactory(contract=contract, due_on=past, amount_received=10)
    CommitmentFactory(contract=contract, text="Dire", due_on=past)
    CommitmentFactory(contract=contract, due_on=past, state="tenu")
    over = ContractFactory(territory=territory, ends_on=datetime.date(2025, 1, 1))
    CommitmentFactory(contract=over, due_on=past)
    PaymentFactory(contract=over, label="Solde du contrat échu", due_on=past)
    closing = ContractFactory(territory=territory, ends_on=soon)
    viewer = UserFactory(territory=territory, role=Role.OFFICER)
    told = {(row.kind, row.title) for row in dues(viewer, territory, today=TODAY)}
    assert told == {
        ("Versement à demander", "Solde"),
        ("Versement à demander", "Solde du contrat échu"),
        ("Évaluation annuelle", "Évaluation 2025, à figer avant «\u00a0Solde\u00a0»"),
        ("Engagement d’une convention", "Dire"),
        ("Fin d’une convention", closing.title),
    }
    EvaluationFactory(contract=contract, year=2025, is_open=False)
    kinds = {row.kind for row in dues(viewer, territory, today=TODAY)}
    assert "Évaluation annuelle" not in kinds


def test_the_home_page_tells_what_conventions_ask(officer_client, contract):
    PaymentFactory(contract=contract, label="Acompte 2026", due_on=datetime.date(2026, 11, 20))
    OrganisationFactory(territory=contract.territory)
    page = officer_client.get("/")
    assertContains(page, "Conventions à suivre")
    assertContains(page, "Acompte 2026")


def test_the_timeline_tells_what_happened_in_order(officer_client, contract):
    PaymentFactory(
        contract=contract,
        label="Avance",
        asked_on=datetime.date(2024, 5, 2),
        received_on=datetime.date(2024, 7, 1),
        amount_received=70000,
    )
    events = officer_client.get(contract.get_absolute_url()).context["events"]
    assert [(event.title, event.is_done) for event in events] == [
        ("Signature", True),
        ("Prise d’effet", True),
        ("Avance, demandé", True),
        ("Avance, reçu", True),
        ("Fin de la convention", False),
    ]


def test_workbook_of_the_conventions_has_their_payments_and_no_formula(officer_client, contract):
    PartyFactory(contract=contract)
    PaymentFactory(contract=contract, label="=1+1", amount_planned=90000)
    PaymentFactory(label="ailleurs")
    response = officer_client.get("/rapports/conventions.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(response.content))
    assert book.sheetnames == ["Liste", "Versements", "Engagements"]
    [row] = list(book["Versements"].iter_rows(min_row=2, values_only=True))
    assert row[1] == "=1+1"
    assert book["Versements"]["B2"].data_type == "s"
    text = b"".join(officer_client.get("/rapports/conventions.csv").streaming_content).decode()
    assert "COT 2024-2028" in text


def test_a_stranger_finds_no_convention(client, contract):
    client.force_login(UserFactory(territory=TerritoryFactory(perimeter=True), role=Role.MANAGER))
    payment = PaymentFactory(contract=contract)
    for url in (
        contract.get_absolute_url(),
        f"/plan/conventions/{contract.pk}/modifier/",
        f"/plan/conventions/versement/{payment.pk}/changer/",
        f"/plan/retirer/versement/{payment.pk}/",
    ):
        assert client.get(url).status_code == 404
    assertNotContains(client.get("/plan/conventions/"), contract.title)


@pytest.mark.parametrize("text", ["²", "abc", "9" * 30, str(2**63), "-1"])
def test_what_a_machine_types_is_refused_with_a_sentence(officer_client, contract, text):
    evaluation = EvaluationFactory(contract=contract)
    here = f"/plan/conventions/{contract.pk}"
    for url, sent in (
        (f"{here}/partie/", {"organisation": text, "role": "porteur"}),
        (f"{here}/avenant/", {"number": text, "subject": "Prolongation"}),
        (f"{here}/engagement/", {"text": "x", "state": "a_tenir", "action": text}),
        (f"{here}/versement/", {"label": "x", "evaluation_year": text}),
        (f"{here}/versement/", {"label": "x", "amount_planned": f"{text}e9"}),
        (f"{here}/evaluations/", {"year": text}),
        (f"/plan/conventions/evaluations/{evaluation.pk}/modifier/", {"meeting": text}),
        (f"/plan/conventions/evaluations/{evaluation.pk}/rouvrir/", {"version": text}),
    ):
        assert officer_client.post(url, sent).status_code in {302, 409, 422}, url
    assert not contract.payments.exists()
    for url in (f"{here}/planete/", "/plan/conventions/planete/1/changer/"):
        assert officer_client.get(url).status_code == 404
