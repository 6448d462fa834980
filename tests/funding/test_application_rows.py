"""Pieces, steps, corrections, agreement, payments: on the page of a file and in its sums."""

import datetime as dt
import json
import threading
from decimal import Decimal as D
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from funding.filing import FilingReader
from funding.gates import FiledForm, GrantedForm, ReceivedForm
from funding.models import (
    Amendment,
    ApplicationPiece,
    ApplicationStep,
    Correction,
    GrantAgreement,
    Tranche,
    prepare,
)
from funding.reminders import reminders
from tests.crm.factories import ProjectFactory
from tests.funding.factories import (
    ApplicationFactory,
    FunderFactory,
    PieceFactory,
    ProgramFactory,
    TrancheFactory,
)

pytestmark = pytest.mark.django_db


def after(days):
    return timezone.localdate() + dt.timedelta(days=days)


@pytest.fixture
def application(territory):
    project = ProjectFactory(territory=territory, title="Four à pruneaux")
    return ApplicationFactory(
        project=project, status="brouillon", due_on=after(30), program__name="Fonds des fours"
    )


@pytest.fixture
def granted(territory):
    return ApplicationFactory(
        project=ProjectFactory(territory=territory), granted=True, amount_granted=D("100000")
    )


def add(client, application, kind, /, **data):
    url = reverse("funding:application_row_new", args=[application.pk, kind])
    return client.post(url, data)


def edit(client, kind, row, /, **data):
    url = reverse("funding:application_row_edit", args=[kind, row.pk])
    return client.post(url, {"version": row.version, **data})


def click(client, name, kind, pk):
    return client.post(reverse(f"funding:application_row_{name}", args=[kind, pk]))


def page(client, application):
    return client.get(application.get_absolute_url())


# Before filing --------------------------------------------------------------------------------


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


# Corrections ----------------------------------------------------------------------------------


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


# The money ------------------------------------------------------------------------------------


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
    assert granted.amount_paid is None
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


# What others learn from it --------------------------------------------------------------------


def test_reminders_name_each_thing_that_falls_due(territory, application, granted):
    PieceFactory(application=application, label="Kbis", received_on=after(-80), expires_on=after(5))
    ApplicationStep.objects.create(application=application, label="Relire", days=2, position=1)
    Correction.objects.create(
        application=granted, text="Signer", asked_on=after(-9), due_on=after(-2)
    )
    TrancheFactory(application=granted, due_on=after(8))
    GrantAgreement.objects.create(application=granted, ends_on=after(60), number="C-1")
    files = type(application).objects.all()
    found = {(row.kind, row.text): (row.on - after(0)).days for row in reminders(files)}
    step_on = found.pop(("Étape d’un dossier", "Relire"))
    assert 27 < step_on <= 30
    assert found == {
        ("Pièce qui expire", "Kbis"): 5,
        ("Correction à rendre", "Signer"): -2,
        ("Acompte à demander", ""): 8,
        ("Fin de convention", "C-1"): 60,
    }
    TrancheFactory(application=granted, kind="final_payment", paid=True)
    assert "Fin de convention" not in {row.kind for row in reminders(files)}


def test_a_late_correction_stays_on_the_home_page(officer_client, granted):
    Correction.objects.create(
        application=granted, text="Signer", asked_on=after(-9), due_on=after(-2)
    )
    assertContains(officer_client.get("/"), "Signer")


def test_delays_are_learnt_from_the_files_one_may_read(officer_client, territory):
    project = ProjectFactory(territory=territory)
    for _ in range(3):
        past = ApplicationFactory(
            project=ProjectFactory(territory=territory), granted=True, amount_granted=5
        )
        TrancheFactory(application=past, paid=True, amount_paid=5)
    ApplicationFactory(granted=True, decided_on="2026-06-20")  # elsewhere
    waiting = ApplicationFactory(
        project=project, status="complet", filed_on="2026-10-01", received_on="2026-10-10"
    )
    reading = page(officer_client, waiting).context["reading"]
    assert (reading.delays.completeness.days, reading.delays.completeness.count) == (14, 3)
    assert reading.delays.payment.days == 30
    assert reading.expected_decision.on == dt.date(2026, 12, 27)
    assertContains(page(officer_client, waiting), "3\u00a0dossiers passés seulement")


def test_the_gates_of_the_pipeline_move_the_file(territory, officer_client):
    project = ProjectFactory(territory=territory)
    about = {"project": project, "user": officer_client.user}
    program = ProgramFactory()
    prepared = ApplicationFactory(project=project, program=program, status="brouillon")
    steps = [
        (FiledForm, {"program": program.pk, "filed_on": "2026-05-04"}),
        (ReceivedForm, {"received_on": "2026-05-20"}),
        (GrantedForm, {"decided_on": "2026-07-01", "amount_granted": "1000"}),
    ]
    for form_class, data in steps:
        form = form_class(**about, data=data)
        assert form.is_valid(), form.errors
        form.save()
    prepared.refresh_from_db()
    assert prepared.status == "accepte"
    assert prepared.amount_granted == 1000
    assert [str(move.on) for move in prepared.moves.all()] == [
        "2026-07-01",
        "2026-05-20",
        "2026-05-04",
    ]
    assert {move.by for move in prepared.moves.all()} == {officer_client.user}


# Démarche numérique ---------------------------------------------------------------------------

ANSWER = {
    "number": 123,
    "state": "en_instruction",
    "dateDepot": "2026-09-01T10:00:00+02:00",
    "datePassageEnInstruction": "2026-10-02T10:00:00+02:00",
    "usager": {"email": "personne@exemple.test"},
}


def tell(client, application, answer, **data):
    url = reverse("funding:application_demarche", args=[application.pk])
    return client.post(url, {"text": json.dumps(answer), **data})


def test_a_dossier_is_previewed_then_applied(officer_client, application):
    preview = tell(officer_client, application, {"data": {"dossier": ANSWER}})
    assertContains(preview, "Rien n’est encore écrit")
    assertContains(preview, "En instruction")
    application.refresh_from_db()
    assert application.status == "brouillon"
    url = reverse("funding:application_demarche_apply", args=[application.pk])
    data = {"signed": preview.context["signed"]}
    assert officer_client.post(url, data).status_code == 302
    application.refresh_from_db()
    assert application.status == "en_instruction"
    assert (str(application.filed_on), str(application.received_on)) == ("2026-09-01", "2026-10-02")
    assert application.dossier_number == 123
    move = application.moves.get()
    assert (str(move.on), move.source) == ("2026-10-02", "Démarche numérique")
    # A second click finds a file that has moved on.
    assertContains(officer_client.post(url, data, follow=True), "entre-temps")
    assertContains(tell(officer_client, application, ANSWER), "déjà la même chose")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({}, "Aucun dossier"),
        (ANSWER | {"state": "x"}, "n’est pas de Démarche"),
        (ANSWER | {"state": "refuse", "dateTraitement": "2026-01-01"}, "précède le dépôt"),
    ],
)
def test_an_answer_that_does_not_hold_changes_nothing(
    officer_client, application, answer, sentence
):
    response = tell(officer_client, application, answer)
    assert sentence in response.content.decode()
    assert "Appliquer" not in response.content.decode()


def test_another_dossier_is_refused(officer_client, application):
    application.dossier_number = 99
    application.save()
    assertContains(tell(officer_client, application, ANSWER), "n° 99", status_code=422)


@pytest.mark.parametrize("signed", ["", "abc", "abc:def:ghi"])
def test_what_was_not_previewed_is_not_applied(officer_client, application, signed):
    url = reverse("funding:application_demarche_apply", args=[application.pk])
    response = officer_client.post(url, {"signed": signed}, follow=True)
    assertContains(response, "a expiré")


class Portal(BaseHTTPRequestHandler):
    answer, status, seen = {"data": {"dossier": ANSWER}}, 200, []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.headers["Authorization"], json.loads(body)))
        content = json.dumps(self.answer).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


@pytest.fixture
def portal(settings):
    handler = type("OnePortal", (Portal,), {"seen": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.DEMARCHE_NUMERIQUE_URL = f"http://127.0.0.1:{server.server_port}/graphql"
    settings.DEMARCHE_NUMERIQUE_TOKEN = "jeton"
    yield handler
    server.shutdown()
    server.server_close()


@pytest.fixture
def numbered(application):
    application.dossier_number = 123
    application.save()
    return application


def ask(client, application):
    url = reverse("funding:application_demarche", args=[application.pk])
    return client.post(url, {"ask": "1"})


def test_the_portal_is_asked_for_the_dates_and_nothing_else(officer_client, numbered, portal):
    assertContains(ask(officer_client, numbered), "Appliquer")
    [(token, asked)] = portal.seen
    assert token == "Bearer jeton"
    assert asked["variables"] == {"dossierNumber": 123}
    for personal in ("usager", "demandeur", "champs", "messages", "instructeurs"):
        assert personal not in asked["query"]


@pytest.mark.parametrize(
    ("status", "answer", "sentence"),
    [
        (401, {}, "refuse le jeton"),
        (500, {}, "erreur 500"),
        (302, {}, "erreur 302"),
        (200, {"errors": [{"message": "Dossier not found"}]}, "Dossier not found"),
        (200, [], "Aucun dossier"),
    ],
)
def test_a_portal_that_refuses_is_told(officer_client, numbered, portal, status, answer, sentence):
    portal.status, portal.answer = status, answer
    assertContains(ask(officer_client, numbered), sentence, status_code=422)


def test_a_portal_that_does_not_answer_is_told(officer_client, numbered, settings):
    settings.DEMARCHE_NUMERIQUE_TOKEN = "jeton"
    settings.DEMARCHE_NUMERIQUE_URL = "http://127.0.0.1:9/graphql"
    assertContains(ask(officer_client, numbered), "ne répond pas", status_code=422)


def test_without_a_token_only_a_file_is_read(officer_client, numbered):
    url = reverse("funding:application_demarche", args=[numbered.pk])
    assertNotContains(officer_client.get(url), "Demander au portail")
    assertContains(ask(officer_client, numbered), "n’est pas renseigné", status_code=422)


def test_pieces_of_another_kind_do_not_clash(application):
    ApplicationPiece.objects.create(application=application, label="Une")
    ApplicationPiece.objects.create(application=application, label="Deux")
    assert application.pieces.count() == 2
