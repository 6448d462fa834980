"""From the agreement to the balance, on the page of a file and in its sums."""

from decimal import Decimal as D

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains

from funding.models import Amendment, GrantAgreement, Tranche
from tests.crm.factories import ProjectFactory
from tests.funding.factories import (
    ApplicationFactory,
    FunderFactory,
    ProgramFactory,
    TrancheFactory,
)
from tests.funding.filing import add, click, edit, page

pytestmark = pytest.mark.django_db


def test_an_agreement_says_what_is_committed_and_when_it_ends(officer_client, granted):
    add(
        officer_client,
        granted,
        "convention",
        number="C-12",
        signed_on="2026-09-20",
        ends_on="2028-12-31",
        amount="90 000",
        rate="25",
        accepted_costs="320 000",
    )
    granted.refresh_from_db()
    assert granted.amount_committed == D("90000")
    assert granted.agreement.final_grant == D("80000.00")
    add(
        officer_client,
        granted,
        "avenant",
        kind="prorogation",
        signed_on="2026-10-01",
        ends_on="2029-06-30",
    )
    add(officer_client, granted, "avenant", kind="montant", signed_on="2026-10-02", amount="70 000")
    agreement = GrantAgreement.objects.get()
    assert str(agreement.current_end) == "2029-06-30"
    assert agreement.final_grant == D("70000")
    granted.refresh_from_db()
    assert granted.amount_committed == D("70000")
    response = page(officer_client, granted)
    assertContains(response, "30/06/2029")
    assertContains(response, "a ajouté l’avenant de prorogation")


def test_an_agreement_with_amendments_stays(officer_client, granted):
    agreement = GrantAgreement.objects.create(application=granted, amount=100)
    amendment = Amendment.objects.create(
        agreement=agreement, kind="montant", amount=50, signed_on="2026-10-01"
    )
    response = officer_client.post(
        reverse("funding:application_row_remove", args=["convention", agreement.pk]), follow=True
    )
    assertContains(response, "retirez-les d’abord")
    click(officer_client, "remove", "avenant", amendment.pk)
    granted.refresh_from_db()
    assert granted.amount_committed == 100
    click(officer_client, "remove", "convention", agreement.pk)
    granted.refresh_from_db()
    assert granted.amount_committed is None
    trace = GrantAgreement.history.filter(history_type="-").get()
    click(officer_client, "restore", "convention", trace.pk)
    granted.refresh_from_db()
    assert granted.amount_committed == 100


def test_an_agreement_that_loses_its_amount_commits_nothing(officer_client, granted):
    granted.amount_committed = D("30000")
    granted.save()
    add(officer_client, granted, "convention", number="C-12")
    granted.refresh_from_db()
    assert granted.amount_committed == D("30000")  # typed in the file, which nothing else tells
    agreement = GrantAgreement.objects.get()
    edit(officer_client, "convention", agreement, number="C-12", amount="50000")
    agreement.refresh_from_db()
    edit(officer_client, "convention", agreement, number="C-12", amount="")
    granted.refresh_from_db()
    assert granted.amount_committed is None


def test_what_is_paid_is_the_sum_of_the_tranches_paid(officer_client, granted):
    granted.amount_paid = D("7000")
    granted.save()
    form = officer_client.get(reverse("funding:application_row_new", args=[granted.pk, "tranche"]))
    assertContains(form, "dit déjà 7\u00a0000\u00a0€ versés")
    add(officer_client, granted, "tranche", kind="advance", state="prevue", amount="30000")
    granted.refresh_from_db()
    assert granted.amount_paid == 0
    paid = {"kind": "advance", "state": "versee", "amount_paid": "28000", "paid_on": "2026-10-05"}
    edit(officer_client, "tranche", granted.tranches.get(), **paid, justified_costs="120000")
    granted.refresh_from_db()
    assert (granted.amount_paid, granted.amount_justified) == (D("28000"), D("120000"))
    row = granted.tranches.get()
    click(officer_client, "remove", "tranche", row.pk)
    granted.refresh_from_db()
    assert granted.amount_paid == D("7000")
    trace = Tranche.history.filter(history_type="-").get()
    for _ in range(2):
        click(officer_client, "restore", "tranche", trace.pk)
    granted.refresh_from_db()
    assert granted.amount_paid == D("28000")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"state": "versee", "paid_on": "2026-10-05"}, "Donnez le montant versé"),
        ({"state": "versee", "amount_paid": "10"}, "a sa date"),
        ({"state": "demandee"}, "a sa date"),
        ({"state": "prevue", "amount_paid": "10"}, "Seule une tranche versée"),
        (
            {"state": "versee", "amount_paid": "100001", "paid_on": "2026-10-05"},
            "dépasse le montant accordé",
        ),
        (
            {
                "state": "versee",
                "amount_paid": "1",
                "paid_on": "2026-10-05",
                "requested_on": "2026-10-06",
            },
            "précède la demande",
        ),
        ({"state": "versee", "amount_paid": "1", "paid_on": "2099-01-01"}, "à venir"),
        ({"state": "prevue", "amount": "beaucoup"}, "n’est pas un nombre"),
    ],
)
def test_a_tranche_that_does_not_hold_is_refused(officer_client, granted, data, sentence):
    response = add(officer_client, granted, "tranche", kind="interim_payment", **data)
    assertContains(response, sentence, status_code=422)
    assert not granted.tranches.exists()


def test_an_advance_over_the_limit_of_the_state_is_said(officer_client, territory):
    state = FunderFactory(code="etat", name="État", short_name="État")
    application = ApplicationFactory(
        project=ProjectFactory(territory=territory),
        program=ProgramFactory(funder=state),
        granted=True,
        amount_granted=D("100000"),
    )
    TrancheFactory(application=application, kind="advance", amount=D("40000"))
    response = page(officer_client, application)
    assertContains(response, "Non conforme")
    assertContains(response, "Décret 2018-514, art. 12")


def test_what_was_paid_too_much_is_to_give_back(officer_client, granted):
    GrantAgreement.objects.create(
        application=granted, amount=100_000, rate=25, accepted_costs=360_000
    )
    TrancheFactory(application=granted, paid=True, amount_paid=D("95000"))
    assertContains(page(officer_client, granted), "5\u00a0000\u00a0€ versés en trop")


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("convention", {"amount": "1 000"}),
        (
            "tranche",
            {
                "kind": "advance",
                "state": "versee",
                "amount_paid": "500",
                "paid_on": "2026-10-01",
            },
        ),
    ],
)
def test_no_money_is_committed_or_paid_before_the_decision(officer_client, application, kind, data):
    response = add(officer_client, application, kind, **data)
    assertContains(response, "Le dossier n’est pas accepté", status_code=422)
    application.refresh_from_db()
    assert (application.amount_committed, application.amount_paid) == (None, None)


def test_removing_the_last_tranche_gives_back_what_was_typed(officer_client, granted):
    granted.amount_paid = D("10000")
    granted.save_over(granted.version)
    for _ in range(2):
        for paid in ("500", "300"):
            data = {"kind": "interim_payment", "state": "versee", "paid_on": "2026-10-01"}
            add(officer_client, granted, "tranche", amount_paid=paid, **data)
        granted.refresh_from_db()
        assert granted.amount_paid == D("800")
        for row in granted.tranches.all():
            click(officer_client, "remove", "tranche", row.pk)
        granted.refresh_from_db()
        assert granted.amount_paid == D("10000")


def test_the_balance_to_ask_is_what_is_left_and_an_excess_is_said(officer_client, granted):
    GrantAgreement.objects.create(
        application=granted, amount=100_000, rate=50, accepted_costs=160_000
    )
    TrancheFactory(application=granted, paid=True, amount_paid=30_000)
    TrancheFactory(application=granted, kind="final_payment", amount=70_000)
    response = page(officer_client, granted)
    assert response.context["reading"].planned == 100_000
    assertContains(response, "dépassent l’aide de 20\u00a0000\u00a0€")
    assert "(50\u00a0000\u00a0€)" in response.context["reading"].next_thing.text
