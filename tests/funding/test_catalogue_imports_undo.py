"""An import taken back: what it wrote goes, what was used or corrected since stays."""

import datetime as dt

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains

from crm.models import Role
from funding import catalogue
from funding.models import CatalogueImport, Funder, Program, ProgramVersion
from tests.crm.factories import ProjectFactory
from tests.funding.catalogues import transition
from tests.funding.factories import ApplicationFactory, EnvelopeFactory, ProgramFactory
from tests.funding.test_catalogue_imports import bring, start, url

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(sign_in):
    return sign_in(Role.MANAGER)


def test_undoing_takes_back_what_was_created_and_changed(manager):
    bring(manager, transition())
    before = Program.objects.get().as_version()
    batch = bring(
        manager,
        transition(promesse="Mesurez mieux"),
        transition(id="b", titre="Scierie nouvelle", **{"opérateur de contact": "Autre caisse"}),
    )
    assert Funder.objects.count() == 2
    manager.post(url(batch, "undo"))
    program = Program.objects.get()
    assert program.as_version() == before
    assert Funder.objects.count() == 1
    assertContains(manager.get(url(batch)), "Tout est revenu comme avant")
    assert manager.post(url(batch, "undo")).status_code == 409
    again = start(manager, transition(promesse="Mesurez mieux"))
    assert manager.get(url(again)).context["plan"].counts["updated"] == 1


def test_undoing_keeps_what_was_used_or_corrected_since(manager, territory):
    bring(manager, transition())
    batch = bring(
        manager, transition(promesse="Mesurez mieux"), transition(id="b", titre="Scierie nouvelle")
    )
    used = Program.objects.get(external_id="b")
    ApplicationFactory(program=used, project=ProjectFactory(territory=territory))
    corrected = Program.objects.get(external_id="diag-copeaux")
    catalogue.publish(
        corrected, {"summary": "La mienne"}, source="moi", applies_from=corrected.applies_from
    )
    manager.post(url(batch, "undo"))
    corrected.refresh_from_db()
    assert corrected.summary == "La mienne"
    assert Program.objects.filter(pk=used.pk).exists()
    page = manager.get(url(batch))
    assertContains(page, "modifié ou utilisé depuis")
    assertContains(page, "ces champs sont gardés")


def test_undoing_keeps_the_funders_that_something_names_since(manager, territory):
    ours = ProgramFactory()
    made = [
        transition(
            id=f"f{n}", titre=f"Scierie {noun}", **{"opérateur de contact": f"Caisse {noun}"}
        )
        for n, noun in enumerate(("acier", "bois", "cuir"))
    ]
    batch = bring(manager, *made)
    first, second, third = Funder.objects.exclude(pk=ours.funder_id).order_by("name")
    EnvelopeFactory(territory=territory, funder=first)
    catalogue.publish(
        ours,
        {"funder": second.pk},
        source="arrêté",
        applies_from=timezone.localdate() + dt.timedelta(days=30),
    )
    assert manager.post(url(batch, "undo")).status_code == 302
    assert set(Funder.objects.all()) == {ours.funder, first, second}
    assert Program.objects.get() == ours
    assert third not in Funder.objects.all()
    due = ProgramVersion.objects.apply_due(today=timezone.localdate() + dt.timedelta(days=31))
    assert due == 1


def test_undoing_an_older_import_leaves_what_a_newer_one_wrote(manager):
    bring(manager, transition())
    older = bring(manager, transition(promesse="Mesurez mieux"))
    newer = bring(manager, transition(promesse="Mesurez tout"))
    manager.post(url(older, "undo"))
    program = Program.objects.get()
    assert program.summary == "Mesurez tout"
    assert catalogue.corrections(program) == []
    assertContains(manager.get(url(older)), "repris depuis par un autre import")
    bring(manager, transition(promesse="Mesurez encore"))
    program.refresh_from_db()
    assert program.summary == "Mesurez encore"
    assert newer.pk


def test_an_import_is_undone_within_two_days_only(manager):
    batch = bring(manager, transition())
    CatalogueImport.objects.update(committed_at="2026-01-01T10:00:00Z")
    response = manager.post(url(batch, "undo"))
    assertContains(response, "ne peut plus être annulé", status_code=409)
    assert Program.objects.exists()


def test_a_file_is_forgotten_when_asked_unless_it_was_imported(manager):
    batch = start(manager, transition())
    manager.post(url(batch, "discard"))
    assert not CatalogueImport.objects.exists()
    batch = bring(manager, transition())
    manager.post(url(batch, "discard"))
    assert CatalogueImport.objects.exists()
