"""The journey of a manager who imports a catalogue: upload, preview, commit, result, undo."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from crm.models import Role
from funding import catalogue
from funding.catalogue_imports.commit import AlreadyDone, commit, receive
from funding.models import CatalogueImport, CatalogueLink, Program, ProgramVersion
from tests.funding.catalogues import (
    SHEET,
    as_csv,
    as_json,
    as_workbook,
    gouv,
    territoires,
    transition,
)
from tests.funding.factories import CatalogueImportFactory, FunderFactory, ProgramFactory

pytestmark = pytest.mark.django_db
NOUNS = ["acier", "bois", "cuir", "drap", "encre", "fonte", "grain", "huile", "ivoire", "jonc"]
LIST = "/financements/catalogue/imports/"


@pytest.fixture
def manager(sign_in):
    return sign_in(Role.MANAGER)


def upload(client, data, name="catalogue.json", **fields):
    said = {"file": SimpleUploadedFile(name, data), "published_on": "2026-11-01", **fields}
    return client.post(LIST, said)


def start(client, *rows):
    response = upload(client, as_json(*rows))
    assert response.status_code == 302, response.context["form"].errors
    return CatalogueImport.objects.order_by("pk").last()


def url(batch, verb=""):
    name = f"funding:catalogue_import_{verb}" if verb else "funding:catalogue_import"
    return reverse(name, args=[batch.token])


def send(client, batch, **fields):
    digest = client.get(url(batch)).context["form"]["digest"].value()
    return client.post(url(batch, "commit"), {"digest": digest, **fields})


def bring(client, *rows, **fields):
    batch = start(client, *rows)
    assert send(client, batch, **fields).status_code == 302
    batch.refresh_from_db()
    return batch


def test_a_manager_reads_what_will_change_then_imports(manager):
    batch = start(manager, transition())
    page = manager.get(url(batch))
    assert page.context["plan"].counts["created"] == 1
    assertContains(page, "Nouveau financeur")
    assert not Program.objects.exists()

    send(manager, batch)

    program = Program.objects.get()
    assert program.name == "Diag Copeaux"
    assert program.funder.name == "Agence des Copeaux"
    assert (program.origin, program.external_id) == ("mission-transition", "diag-copeaux")
    assert str(program.closes_on) == "2027-12-31"
    assert str(program.verified_on) == "2026-11-01"
    assert program.versions.get().by == manager.user
    assert "catalogue du 01/11/2026" in program.source
    assertContains(manager.get(url(batch)), "Annuler l’import")
    assertContains(manager.get(program.get_absolute_url()), "Diag Copeaux")


@pytest.mark.parametrize(
    ("name", "data", "origin"),
    [
        ("mt.json", as_json(transition()), "mission-transition"),
        ("gouv.csv", as_csv(gouv()), "data-gouv"),
        ("gouv.csv", as_csv(gouv(), delimiter=";").decode().encode("cp1252"), "data-gouv"),
        ("at.json", as_json(territoires()), "aides-territoires"),
        ("at.csv", as_csv(SHEET, columns=list(SHEET), delimiter=";"), "aides-territoires"),
        ("at.xlsx", as_workbook(SHEET), "aides-territoires"),
        ("renomme.txt", as_json(transition()), "mission-transition"),
    ],
)
def test_each_source_is_told_by_its_content_and_imported_twice_changes_nothing(
    manager, name, data, origin
):
    for expected in ("created", "unchanged"):
        assert upload(manager, data, name).status_code == 302
        batch = CatalogueImport.objects.order_by("pk").last()
        assert batch.origin == origin
        send(manager, batch)
        batch.refresh_from_db()
        assert batch.counts[expected] == batch.counts["read"] == 1
        assert ProgramVersion.objects.count() == 1


def test_a_broken_program_is_named_and_the_others_are_imported(manager):
    batch = bring(
        manager,
        transition(id="date", titre="Date folle", **{"fin de validité": "31/02/2027"}),
        transition(id="ordre", titre="Ferme avant", **{"fin de validité": "01/01/2026"}),
        {"titre": "Sans identifiant", "promesse": "x"},
        "pas un objet",
        transition(id="forme", titre="Objectifs faux", objectifs={"a": 1}),
        transition(),
        transition(titre="Deux fois"),
    )
    assert batch.counts["created"] == 1
    assert batch.counts["refused"] == 6
    page = manager.get(url(batch))
    for said in ("31/02/2027", "ferme avant", "identifiant manque", "est déjà au n° 6"):
        assertContains(page, said.replace(" ", " "))
    assertContains(page, "Date folle")


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("vide.json", b"", "vide"),
        ("liste.json", b"[]", "aucun dispositif"),
        ("plaquette.json", b"%PDF-1.7 blah", "un PDF"),
        ("page.json", b"<!doctype html><p>", "une page web"),
        ("bombe.xml", b'<?xml version="1.0"?><!DOCTYPE lolz>', "une page web"),
        ("coupe.json", b'[{"titre": "x"', "pas un JSON complet"),
        ("profond.json", b"[" * 100_000, "trop de niveaux"),
        ("nan.json", b'[{"titre": NaN, "promesse": ""}]', "nombre illisible"),
        ("autre.json", b'[{"pomme": 1}]', "aucun catalogue connu"),
        ("nombre.json", b"[1, 2]", "aucun catalogue connu"),
        ("autre.csv", b"pomme;poire\n1;2\n", "aucune colonne reconnue"),
        ("casse.xlsx", b"PK\x03\x04 rien", "abîmé"),
    ],
)
def test_what_is_no_catalogue_is_refused_with_a_sentence_that_names_it(manager, name, data, said):
    response = upload(manager, data, name)
    assert response.status_code == 422
    (error,) = response.context["form"].errors["file"]
    assert said in error.replace("\u00a0", " ")
    assert name in error
    assert not CatalogueImport.objects.exists()


def test_a_huge_file_is_refused_before_it_is_read(manager, settings):
    settings.IMPORT_MAX_BYTES = 100
    response = upload(manager, as_json(transition()))
    assert response.status_code == 422
    assert "100" in response.context["form"].errors["file"][0]


def test_a_catalogue_of_another_source_than_the_one_said_is_refused(manager):
    response = upload(manager, as_json(transition()), wanted="data-gouv")
    assert "pas Aides de data.gouv.fr" in response.context["form"].errors["file"][0]


def test_only_managers_import(sign_in):
    assert sign_in(Role.OFFICER).get(LIST).status_code == 403


def test_an_update_shows_each_field_before_and_after(manager):
    bring(manager, transition())
    batch = start(manager, transition(**{"montant du financement": "Jusqu'à 60 000 €"}))
    page = manager.get(url(batch))
    assert page.context["plan"].counts["updated"] == 1
    changes = {
        change.label: (change.before, change.after) for change in page.context["page"][0].changes
    }
    assert changes["Aide maximum"] == ("50\u00a0000\u00a0€", "60\u00a0000\u00a0€")
    send(manager, batch)
    program = Program.objects.get()
    assert program.aid_max == 60_000
    assert program.version == 2


def test_what_a_person_corrected_is_kept_and_said(manager):
    bring(manager, transition())
    program = Program.objects.get()
    catalogue.publish(
        program, {"aid_max": "45000"}, source="appel", applies_from=program.applies_from
    )
    changed = transition(promesse="Mesurez mieux", **{"montant du financement": "60 000 €"})
    batch = start(manager, changed)
    page = manager.get(url(batch))
    assertContains(page, "Corrigé par vous, conservé")
    send(manager, batch)
    program.refresh_from_db()
    assert program.aid_max == 45_000
    assert program.summary == "Mesurez mieux"
    assertContains(manager.get(url(batch)), "Votre valeur")
    again = start(manager, changed)
    assert manager.get(url(again)).context["plan"].counts["unchanged"] == 1


def test_criteria_are_corrected_one_by_one(manager):
    bring(manager, transition())
    program = Program.objects.get()
    mine = [
        {**row, "min": 30} if row["kind"] == "headcount" else row
        for row in program.criteria
        if row["kind"] != "age"
    ]
    catalogue.publish(
        program, {"criteria": mine}, source="appel", applies_from=program.applies_from
    )
    data = transition()["eligibilityData"]
    data = {
        **data,
        "company": {**data["company"], "minEmployees": "25", "allowedNafSections": ["B", "C"]},
    }
    bring(manager, transition(eligibilityData=data))
    program.refresh_from_db()
    found = {row["kind"]: row for row in program.criteria}
    assert found["headcount"]["min"] == 30
    assert found["naf"]["accepted"] == ["B", "C"]
    assert "age" not in found


def test_programs_that_vanished_are_listed_then_flagged_when_asked(manager):
    bring(manager, transition(), transition(id="autre", titre="Scierie nouvelle"))
    batch = start(manager, transition())
    assertContains(manager.get(url(batch)), "Absents du catalogue")
    send(manager, batch)
    assert set(Program.objects.values_list("state", flat=True)) == {"open"}
    bring(manager, transition(), flag_vanished="on")
    gone = Program.objects.get(external_id="autre")
    assert gone.state == "to_check"
    bring(manager, transition(), transition(id="autre", titre="Scierie nouvelle"))
    gone.refresh_from_db()
    assert gone.state == "open"


def test_a_page_of_an_api_does_not_make_the_others_vanish(manager):
    bring(manager, territoires())
    data = b'{"count": 900, "results": %s}' % as_json(territoires(id=7, name="Autre halle"))
    upload(manager, data)
    batch = CatalogueImport.objects.order_by("pk").last()
    page = manager.get(url(batch))
    assert page.context["plan"].vanished == []
    assertContains(page, "qu’une partie du catalogue")


def test_a_newcomer_like_one_of_ours_waits_for_a_decision(manager):
    ours = ProgramFactory(name="Diagnostic copeaux", funder=FunderFactory())
    row = transition(titre="Diag copeaux", **{"opérateur de contact": "ADEME"})
    batch = start(manager, row)
    page = manager.get(url(batch))
    assert page.context["plan"].counts["similar"] == 1
    assertContains(page, "Ressemble à")
    send(manager, batch)
    assert Program.objects.count() == 1
    assertContains(manager.get(url(batch)), "Laissés de côté")

    batch = start(manager, row)
    manager.post(url(batch, "choose"), {"entry": "diag-copeaux", "choice": "link"})
    send(manager, batch)
    assert Program.objects.count() == 1
    assert CatalogueLink.objects.get().program == ours

    batch = start(manager, {**row, "promesse": "Autre promesse"})
    plan = manager.get(url(batch)).context["plan"]
    assert plan.counts["linked"] == 1
    assert [change.label for change in plan.rows[0].changes] == ["En bref"]
    send(manager, batch)
    ours.refresh_from_db()
    assert ours.summary == "Pour les entreprises qui investissent."


def test_all_those_that_remain_are_created_at_once_when_asked(manager):
    ProgramFactory(name="Diag Copeaux")
    batch = start(manager, transition(), transition(id="b", titre="Le Diag Copeaux"))
    manager.post(url(batch, "choose"), {"choice": "create"})
    assert manager.get(url(batch)).context["plan"].counts["created"] == 2


def test_an_unknown_decision_or_program_is_refused(manager):
    batch = start(manager, transition())
    for said in ({"choice": "fondre"}, {"choice": "create", "entry": "inconnu"}, {}):
        assert manager.post(url(batch, "choose"), said).status_code == 400


def test_the_preview_that_was_read_must_still_hold(manager):
    batch = start(manager, transition())
    digest = manager.get(url(batch)).context["form"]["digest"].value()
    ProgramFactory(name="Diag Copeaux")
    response = manager.post(url(batch, "commit"), {"digest": digest})
    assert response.status_code == 409
    assert Program.objects.count() == 1


def test_creating_programs_costs_as_many_queries_for_two_as_for_twenty(db):
    def creating(count, start):
        rows = [
            transition(id=f"p{n}", titre=f"{NOUNS[n % 10]} {NOUNS[n // 10]} {n}")
            for n in range(start, start + count)
        ]
        batch = receive("catalogue.json", as_json(*rows))
        batch.choices = {entry["id"]: "create" for entry in batch.entries}
        batch.save()
        with CaptureQueriesContext(connection) as queries:
            commit(batch)
        assert batch.counts["created"] == count
        return len(queries)

    creating(1, 0)
    assert creating(20, 10) == creating(2, 40)


def test_a_double_click_imports_once(manager):
    batch = start(manager, transition())
    commit(CatalogueImport.objects.get(pk=batch.pk))
    with pytest.raises(AlreadyDone):
        commit(batch)
    assert manager.post(url(batch, "commit"), {"digest": "x"}).status_code == 302
    assert Program.objects.count() == 1


def test_a_vanished_program_that_cannot_be_flagged_is_told_and_stops_nothing(manager):
    bring(manager, transition(), transition(id="autre", titre="Scierie nouvelle"))
    gone = Program.objects.get(external_id="autre")
    # What a former release let in, and this one refuses.
    Program.objects.filter(pk=gone.pk).update(instruments=["bogus"])
    ProgramVersion.objects.filter(program=gone).update(
        values={**gone.versions.get().values, "instruments": ["bogus"]}
    )
    batch = bring(manager, transition(promesse="Mesurez mieux"), flag_vanished="on")
    gone.refresh_from_db()
    assert gone.state == "open"
    assert Program.objects.get(external_id="diag-copeaux").summary == "Mesurez mieux"
    assertContains(manager.get(url(batch)), "sauf ceux que le catalogue refuse")


def test_the_preview_filters_and_pages_at_a_flat_cost(manager, assert_flat_queries):
    batch = start(manager, transition())
    rows = []

    def grow(count):
        for _ in range(count):
            rank = len(rows)
            ours = ProgramFactory(name=f"Aide {rank} {NOUNS[rank % 10]} {NOUNS[rank // 10]}")
            rows.append(transition(id=f"like{rank}", titre=ours.name))
            rows.append(transition(id=f"new{rank}", titre=f"Bourse {rank}{rank}"))
        batch.entries = receive("x.json", as_json(*rows)).entries
        batch.save()

    assert_flat_queries(lambda: manager.get(url(batch)), grow)
    page = manager.get(url(batch), {"lignes": "refused"})
    assertContains(page, "Aucun dispositif de cette sorte")
    assert len(manager.get(url(batch), {"page": 2}).context["page"].object_list) == 50
    assert manager.get(url(batch), {"lignes": "bogus"}).status_code == 400


def test_the_list_of_imports_costs_the_same_for_many(manager, territory, assert_flat_queries):
    start(manager, transition())
    assert_flat_queries(
        lambda: manager.get(LIST),
        lambda count: CatalogueImportFactory.create_batch(
            count, territory=territory, created_by=manager.user
        ),
    )


def test_markup_of_a_source_never_reaches_a_page(manager):
    nasty = '<script>alert("x")</script><img src=x onerror=alert(1)>Bien'
    bring(manager, transition(promesse=nasty, description=nasty, titre="<b>Diag</b> gras"))
    program = Program.objects.get()
    assert program.name == "Diag gras"
    assert "alert" not in program.summary
    assertNotContains(manager.get(program.get_absolute_url()), "onerror")
