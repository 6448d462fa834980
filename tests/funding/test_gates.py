"""What the pipeline asks of the files of a project."""

import datetime as dt

import pytest
from django.db import connection
from django.urls import reverse
from pytest_django.asserts import assertContains

from crm.models import Stage
from funding.gates import FiledForm, GrantedForm, ReceivedForm
from funding.models import Application
from tests.crm.factories import ProjectFactory
from tests.funding.factories import ApplicationFactory, ProgramFactory

pytestmark = pytest.mark.django_db


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


def post(client, project, stage, **answers):
    data = {"stage": stage, "from": project.stage_id, "answered": "1"} | answers
    return client.post(reverse("crm:project_move", args=[project.pk]), data)


def dialog(client, project, stage):
    url = reverse("crm:project_move", args=[project.pk])
    return client.get(url, {"stage": stage, "from": project.stage_id}).context["form"]


def stands_at(project, stage):
    """Where the project still is, with no move of its own."""
    project.refresh_from_db()
    return project.stage_id == stage and not project.stage_changes.exists()


@pytest.fixture
def filed(territory):
    """A project whose only file is filed."""
    project = ProjectFactory(territory=territory, stage=Stage.objects.get(pk="depose"))
    return ApplicationFactory(project=project, filed=True, program__name="Fonds des fours")


def test_the_dialog_names_the_file_it_dates(officer_client, filed):
    [gate] = dialog(officer_client, filed.project, "en_instruction").gate_forms
    assert "Fonds des fours" in gate.fields["received_on"].help_text
    assert gate.fields["seen"].initial == f"{filed.pk}-{filed.version}"


def test_a_file_changed_since_the_dialog_was_opened_is_told(officer_client, filed):
    """A colleague moved it meanwhile: neither the project nor the file follows the slower one."""
    [gate] = dialog(officer_client, filed.project, "en_instruction").gate_forms
    seen = gate.fields["seen"].initial
    filed.move_to("incomplet", on=dt.date(2026, 6, 20), by=None)
    answers = {"seen": seen, "received_on": "2026-06-15"}
    answers = {f"application_received-{name}": value for name, value in answers.items()}
    response = post(officer_client, filed.project, "en_instruction", **answers)
    assertContains(response, "quelqu’un a modifié le dossier", status_code=409)
    filed.refresh_from_db()
    assert (filed.status, filed.received_on, filed.moves.count()) == ("incomplet", None, 1)
    assert stands_at(filed.project, "depose")


def test_a_file_refused_since_the_dialog_was_opened_is_told(officer_client, filed):
    seen = f"{filed.pk}-{filed.version}"
    filed.move_to("refuse", on=dt.date(2026, 6, 20), by=None)
    answers = {"application_received-seen": seen, "application_received-received_on": "2026-06-15"}
    response = post(officer_client, filed.project, "en_instruction", **answers)
    assertContains(response, "quelqu’un a modifié le dossier", status_code=409)
    assert stands_at(filed.project, "depose")


def test_a_colleague_who_writes_between_the_reading_and_the_move_is_told(officer_client, filed):
    """The rival’s write lands just before ours, which then finds another version."""
    rival = Application.objects.filter(pk=filed.pk)
    done = []

    def write_first(execute, sql, params, many, context):
        if sql.startswith('UPDATE "funding_application" SET "version"') and not done:
            done.append(True)
            rival.update(version=filed.version + 1, notes="d’un autre")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(write_first):
        response = post(
            officer_client,
            filed.project,
            "en_instruction",
            **{"application_received-received_on": "2026-06-15"},
        )
    assert done
    assertContains(response, "quelqu’un a modifié le dossier", status_code=409)
    filed.refresh_from_db()
    assert filed.status == "depose"
    assert stands_at(filed.project, "depose")


def test_a_project_whose_files_are_all_closed_waits_for_another(officer_client, filed):
    filed.move_to("refuse", on=dt.date(2026, 6, 20), by=None)
    response = post(
        officer_client,
        filed.project,
        "en_instruction",
        **{"application_received-received_on": "2026-06-15"},
    )
    assertContains(response, "Aucun dossier déposé n’attend de réponse", status_code=422)
    assert stands_at(filed.project, "depose")


@pytest.mark.parametrize(
    ("status", "stage", "answers", "sentence"),
    [
        # The machine of statuses has no way from there.
        ("en_instruction", "en_instruction", {"application_received-received_on": "2026-06-15"},
         "ne passe pas de «\u00a0En instruction\u00a0» à «\u00a0En instruction\u00a0»"),
        # A day before the filing.
        ("depose", "en_instruction", {"application_received-received_on": "2026-05-15"},
         "précède le dépôt du 01/06/2026"),
        ("depose", "accorde", {"application_received-received_on": "2026-06-15",
                               "application_granted-decided_on": "2026-05-15",
                               "application_granted-amount_granted": "10"},
         "précède le dépôt du 01/06/2026"),
        # Each date holds with the file as it is, but not with the one typed just above.
        ("depose", "accorde", {"application_received-received_on": "2026-07-15",
                               "application_granted-decided_on": "2026-07-01",
                               "application_granted-amount_granted": "10"},
         "Le changement précédent est du 15/07/2026"),
    ],
)  # fmt: skip
def test_a_move_that_the_file_cannot_follow_is_refused(
    officer_client, filed, status, stage, answers, sentence
):
    """422 with a sentence; neither the file nor the project has moved."""
    Application.objects.filter(pk=filed.pk).update(status=status)
    assertContains(post(officer_client, filed.project, stage, **answers), sentence, status_code=422)
    filed.refresh_from_db()
    assert (filed.status, filed.received_on, filed.amount_granted) == (status, None, None)
    assert not filed.moves.exists()
    assert stands_at(filed.project, "depose")


def test_a_file_not_yet_filed_is_not_decided(officer_client, territory):
    """Filed and decided in one dialog, in the wrong order: nothing is filed either."""
    project = ProjectFactory(territory=territory, stage=Stage.objects.get(pk="en_montage"))
    program = ProgramFactory()
    answers = {
        "application_filed-program": program.pk,
        "application_filed-filed_on": "2026-05-04",
        "application_received-received_on": "2026-05-20",
        "application_granted-decided_on": "2026-04-01",
        "application_granted-amount_granted": "1000",
    }
    response = post(officer_client, project, "accorde", **answers)
    assertContains(response, "précède le dépôt du 04/05/2026", status_code=422)
    assert not Application.objects.exists()
    assert stands_at(project, "en_montage")
    answers["application_granted-decided_on"] = "2026-07-01"
    assert post(officer_client, project, "accorde", **answers).status_code == 302
    assert Application.objects.get().status == "accepte"


def test_a_file_of_demarche_numerique_follows_its_own_statuses(officer_client, territory):
    project = ProjectFactory(territory=territory, stage=Stage.objects.get(pk="en_montage"))
    prepared = ApplicationFactory(project=project, status="brouillon", dossier_number=12)
    answers = {
        "application_filed-program": prepared.program.pk,
        "application_filed-filed_on": "2026-05-04",
        "application_filed-amount_requested": "90 000",
    }
    assert post(officer_client, project, "depose", **answers).status_code == 302
    prepared.refresh_from_db()
    assert (prepared.status, prepared.amount_requested) == ("en_construction", 90_000)
