"""Pieces, steps and corrections on the page of a file, and what all its rows share."""

import datetime as dt

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from funding.filing import FilingReader
from funding.models import (
    Amendment,
    ApplicationPiece,
    ApplicationStep,
    Correction,
    GrantAgreement,
    prepare,
)
from tests.crm.factories import ProjectFactory
from tests.funding.factories import ApplicationFactory, PieceFactory, TrancheFactory
from tests.funding.filing import add, after, click, edit, page

pytestmark = pytest.mark.django_db


def test_the_usual_pieces_are_proposed_once(officer_client, application):
    url = reverse("funding:application_prepare", args=[application.pk])
    officer_client.post(url)
    count = application.pieces.count()
    assert count > 3
    officer_client.post(url)
    assert application.pieces.count() == count


def test_a_piece_is_received_in_one_click_and_back(officer_client, application):
    piece = PieceFactory(application=application, label="RIB")
    for name, expected in (("done", after(0)), ("done", after(0)), ("undone", None)):
        click(officer_client, name, "piece", piece.pk)
        piece.refresh_from_db()
        assert piece.received_on == expected
    assertContains(page(officer_client, application), "1\u00a0obligatoire manque")


def test_a_piece_that_will_have_expired_at_filing_is_said(officer_client, application):
    add(
        officer_client,
        application,
        "piece",
        label="Attestation fiscale",
        is_required="on",
        issued_on=after(-80).isoformat(),
        received_on=after(-70).isoformat(),
        validity_months=3,
    )
    assert after(0) < application.pieces.get().expires_on < after(30)
    response = page(officer_client, application)
    assertContains(response, "expirée le jour du dépôt")
    assertContains(response, "trop vieille au dépôt")


def test_a_piece_without_its_date_stays_to_confirm(officer_client, application):
    PieceFactory(application=application, validity_months=3, received_on=after(-1))
    assertContains(page(officer_client, application), "date du document à confirmer")


def test_the_calendar_says_the_last_day_of_each_step(officer_client, application):
    application.due_on = dt.date(2031, 12, 5)
    application.save()
    ApplicationStep.objects.create(application=application, label="Relire", days=5, position=1)
    response = page(officer_client, application)
    assertContains(response, "au plus tard vendredi 5 décembre 2031")
    assertContains(response, "à commencer le 01/12/2031")


def test_a_late_step_is_said_in_red_and_in_words(officer_client, application):
    application.due_on = after(3)
    application.save()
    for days, position in ((10, 1), (5, 2)):
        ApplicationStep.objects.create(
            application=application, label=f"Étape {position}", days=days, position=position
        )
    response = page(officer_client, application)
    assertContains(response, "En retard")
    assertContains(response, "Il manque")
    assert response.context["reading"].next_thing.tone == "bad"


def test_the_closing_of_the_program_stands_for_a_day_nobody_noted(officer_client, application):
    application.program.closes_on = after(40)
    application.program.save()
    application.due_on = None
    application.save()
    reading = page(officer_client, application).context["reading"]
    assert reading.due_on == after(40)


@pytest.mark.parametrize(
    ("window", "said"),
    [
        ({"closes_on": after(40)}, ""),
        ({"closes_on": after(30)}, "après la dernière date connue du dispositif"),
        ({"deadlines": [{"on": after(30).isoformat()}]}, "après la dernière date connue"),
        ({"deadlines": [{"on": after(30).isoformat()}], "closes_on": after(50)}, ""),
        ({"state": "closed"}, "le dispositif, fermé"),
    ],
)
def test_a_day_that_the_program_does_not_take_is_said(officer_client, application, window, said):
    type(application.program).objects.filter(pk=application.program_id).update(**window)
    application.due_on = after(40)
    application.save()
    response = page(officer_client, application)
    reading = response.context["reading"]
    assert bool(reading.too_late) is bool(said)
    if said:
        assertContains(response, said)
        assert reading.next_thing.tone == "ask"


def test_without_any_day_the_page_asks_for_one(officer_client, application):
    application.due_on = None
    application.save()
    prepare(application)
    assertContains(page(officer_client, application), "Date de dépôt à donner")


def test_all_pieces_in_make_their_step_done(application):
    prepare(application)
    application.pieces.update(received_on=after(-1))
    reading = FilingReader(application, None)
    assert [step.is_done for step in reading.steps if step.key.code == "pieces"] == [True]


def test_pieces_of_another_kind_do_not_clash(application):
    ApplicationPiece.objects.create(application=application, label="Une")
    ApplicationPiece.objects.create(application=application, label="Deux")
    assert application.pieces.count() == 2


def test_a_correction_is_asked_reminded_and_answered(officer_client, application):
    application.status, application.filed_on = "incomplet", after(-20)
    application.save()
    add(
        officer_client,
        application,
        "correction",
        text="Signer la déclaration",
        asked_on=after(-3).isoformat(),
        due_on=after(4).isoformat(),
    )
    row = application.corrections.get()
    home = officer_client.get("/")
    assertContains(home, "Correction à rendre")
    assertContains(home, "Signer la déclaration")
    panel = reverse("funding:application_panel", args=[application.project_id])
    assertContains(officer_client.get(panel), "Correction à rendre")
    assertContains(page(officer_client, application), "Répondre à la demande de correction")
    click(officer_client, "done", "correction", row.pk)
    row.refresh_from_db()
    assert row.answered_on == after(0)
    assertNotContains(officer_client.get("/"), "Correction à rendre")


def test_a_row_sent_twice_is_written_once(officer_client, granted):
    for _ in range(2):
        add(officer_client, granted, "tranche", kind="advance", state="prevue", amount="30000")
        add(officer_client, granted, "convention", number="C-1")
    assert granted.tranches.count() == 1
    assert GrantAgreement.objects.count() == 1


def test_the_slower_of_two_people_keeps_what_was_typed(officer_client, granted):
    row = TrancheFactory(application=granted, note="un")
    data = {"kind": row.kind, "state": "prevue"}
    assert edit(officer_client, "tranche", row, **data, note="deux").status_code == 302
    late = edit(officer_client, "tranche", row, **data, note="trois")
    assertContains(late, "entre-temps", status_code=409)
    assertContains(late, "trois", status_code=409)
    row.refresh_from_db()
    assert row.note == "deux"


def test_an_unknown_kind_of_row_is_not_found(officer_client, granted):
    assert add(officer_client, granted, "rêve").status_code == 404
    row = TrancheFactory(application=granted)
    assert click(officer_client, "done", "tranche", row.pk).status_code == 404
    assert add(officer_client, granted, "avenant", kind="objet").status_code == 404


def test_the_cost_of_the_page_does_not_grow_with_its_rows(
    officer_client, granted, assert_flat_queries
):
    agreement = GrantAgreement.objects.create(application=granted, amount=100)

    def more(count):
        PieceFactory.create_batch(count, application=granted, received_on=after(-1))
        TrancheFactory.create_batch(count, application=granted, due_on=after(9))
        for _ in range(count):
            Amendment.objects.create(agreement=agreement, kind="objet", signed_on="2026-10-01")
            Correction.objects.create(application=granted, text="x", asked_on="2026-10-01")
            ApplicationStep.objects.create(application=granted, label="x", days=2)

    assert_flat_queries(lambda: page(officer_client, granted), more)


def test_a_piece_added_by_hand_is_proposed_to_the_next_file_of_the_same_funder(application):
    past = ApplicationFactory(
        project=ProjectFactory(territory=application.territory), program=application.program
    )
    PieceFactory(application=past, label="Étude d’impact", validity_months=6, received_on=after(-9))
    PieceFactory(application=past, label="Rib", code="rib")
    elsewhere = ApplicationFactory(program=application.program)
    PieceFactory(application=elsewhere, label="Pièce d’un autre territoire")
    for _ in range(2):  # proposed once
        prepare(application)
        added = application.pieces.filter(code="")
        assert [(row.label, row.validity_months) for row in added] == [("Étude d’impact", 6)]
    assert added.get().received_on is None
