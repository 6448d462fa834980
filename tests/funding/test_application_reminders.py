"""What falls due in a file, and what others learn from it."""

import datetime as dt

import pytest
from pytest_django.asserts import assertContains

from funding.models import ApplicationStep, Correction, GrantAgreement
from funding.reminders import reminders
from tests.crm.factories import ProjectFactory
from tests.funding.factories import ApplicationFactory, PieceFactory, TrancheFactory
from tests.funding.filing import after, page

pytestmark = pytest.mark.django_db


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


def test_the_reminder_is_the_step_that_the_page_of_the_file_says_comes_next(
    officer_client, application
):
    ApplicationStep.objects.create(
        application=application, code="pieces", label="Réunir les pièces", days=5, position=1
    )
    ApplicationStep.objects.create(application=application, label="Relire", days=2, position=2)
    piece = PieceFactory(application=application, label="Kbis")

    def told():
        rows = reminders(type(application).objects.all())
        return [row.text for row in rows if row.kind == "Étape d’un dossier"]

    assert told() == ["Réunir les pièces"]
    type(piece).objects.update(received_on=after(-1))
    assert told() == ["Relire"]
    assert page(officer_client, application).context["reading"].next_thing.text.startswith("Relire")


def test_file_dated_by_the_closing_of_its_program_is_reminded_of_too(application):
    type(application).objects.update(due_on=None)
    type(application.program).objects.update(closes_on=after(40))
    ApplicationStep.objects.create(application=application, label="Relire", days=2, position=1)
    assert [row.text for row in reminders(type(application).objects.all())] == ["Relire"]
