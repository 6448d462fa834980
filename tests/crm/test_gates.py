import datetime

import pytest
from django import forms
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertTemplateUsed

from crm import gates
from crm.models import Project, Stage
from tests.crm.factories import InteractionFactory, ProjectFactory

TOMORROW = timezone.localdate() + datetime.timedelta(days=1)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("registry")]


@pytest.fixture
def registry(monkeypatch):
    """The registry as crm fills it, whatever other apps add to it."""
    own = {code: gate for code, gate in gates._registry.items() if "application" not in code}
    monkeypatch.setattr(gates, "_registry", own)


@pytest.fixture
def stages():
    return list(Stage.objects.order_by("position"))


def move_url(project):
    return reverse("crm:project_move", args=[project.pk])


def with_gates(project):
    return gates.with_gates(Project.objects.filter(pk=project.pk)).get()


def codes(project, target):
    stages = list(Stage.objects.order_by("position"))
    stage = Stage.objects.get(pk=target)
    return [gate.code for gate in gates.lacking(with_gates(project), stage, stages)]


def qualified(territory, **fields):
    project = ProjectFactory(
        territory=territory,
        lead_source="visite",
        need="Sécher",
        planned_investment=1000,
        starts_on="2027-01-01",
        **fields,
    )
    project.priorities.add("foncier")
    InteractionFactory(project=project, organisation=project.holder)
    return project


def test_forward_moves_ask_what_every_stage_on_the_way_requires(territory):
    project = ProjectFactory(territory=territory, need="Sécher")
    assert codes(project, "en_montage") == [
        "interaction",
        "planned_investment",
        "starts_on",
        "priorities",
        "eligible_costs",
        "first_commitment_on",
    ]


def test_backward_moves_and_pauses_ask_nothing(territory):
    project = ProjectFactory(territory=territory, stage=Stage.objects.get(pk="depose"))
    assert codes(project, "detecte") == []
    assert codes(project, "en_pause") == []


def test_a_resumed_project_is_asked_only_for_what_lies_ahead(territory):
    project = ProjectFactory(
        territory=territory,
        stage=Stage.objects.get(pk="en_pause"),
        paused_from=Stage.objects.get(pk="qualifie"),
    )
    assert codes(project, "qualifie") == []
    assert codes(project, "en_montage") == ["eligible_costs", "first_commitment_on"]


def test_a_requirement_that_no_app_answers_for_asks_nothing(territory):
    project = qualified(territory, eligible_costs=900, first_commitment_on="2027-02-01")
    assert codes(project, "accorde") == []


def test_another_app_registers_its_gate(territory, monkeypatch):
    class FiledForm(forms.Form):
        pass

    gates.register(gates.Gate("application_filed", "un dossier déposé", Q(pk=0), FiledForm))
    project = qualified(territory, eligible_costs=900, first_commitment_on="2027-02-01")
    assert codes(project, "depose") == ["application_filed"]


def test_menu_says_what_lacks(officer_client, territory):
    ProjectFactory(territory=territory)
    response = officer_client.get("/projets/")
    assertContains(
        response,
        "Manque\u00a0: échange avec le porteur, besoin, investissement prévu et 2 autres",
    )


def test_what_lacks_is_asked_in_place(officer_client, territory):
    project = ProjectFactory(territory=territory, title="Sécheur", lead_source="visite")
    headers = {"HX-Request": "true", "HX-Target": f"card-{project.pk}"}

    response = officer_client.post(
        move_url(project), {"stage": "qualifie", "from": "detecte"}, headers=headers
    )

    assertTemplateUsed(response, "crm/_project_move.html")
    assertContains(response, "data-open", status_code=422)
    assertContains(response, f'hx-target="#card-{project.pk}"', status_code=422)
    assertContains(response, 'name="planned_investment-planned_investment"', status_code=422)
    assertNotContains(response, "aria-invalid", status_code=422)
    assert response.headers["HX-Retarget"] == "#dialogue"


def test_the_question_is_a_page_without_script(officer_client, territory):
    project = ProjectFactory(territory=territory)
    response = officer_client.get(move_url(project), {"stage": "qualifie"})
    assertContains(response, "<html")
    assertContains(response, "Passer à «\u00a0Qualifié\u00a0»")


ANSWERS = {
    "stage": "qualifie",
    "from": "detecte",
    "answered": "1",
    "interaction-kind": "visit",
    "interaction-happened_on": "2026-01-05",
    "interaction-summary": "Four de 1998",
    "need-need": "Sécher sans gaz",
    "planned_investment-planned_investment": "1 850 000,00 €",
    "starts_on-starts_on": "2027-03-01",
    "priorities-priorities": ["foncier"],
}


def test_answers_and_move_are_saved_together(officer_client, territory):
    project = ProjectFactory(territory=territory, lead_source="visite")

    response = officer_client.post(move_url(project), ANSWERS)

    assert response.status_code == 302
    project.refresh_from_db()
    assert project.stage_id == "qualifie"
    assert project.planned_investment == 1_850_000
    assert project.source_of("need").startswith(f"saisi par {officer_client.user}")
    assert [p.pk for p in project.priorities.all()] == ["foncier"]
    assert project.interactions.get().by == officer_client.user


def test_a_refused_answer_keeps_what_was_typed_and_writes_nothing(officer_client, territory):
    project = ProjectFactory(territory=territory, lead_source="visite")

    response = officer_client.post(
        move_url(project), ANSWERS | {"planned_investment-planned_investment": "beaucoup"}
    )

    assertContains(response, "n’est pas un nombre", status_code=422)
    assertContains(response, "Sécher sans gaz", status_code=422)
    project.refresh_from_db()
    assert (project.stage_id, project.need) == ("detecte", "")
    assert not project.interactions.exists()


def test_a_lost_race_writes_none_of_the_answers(officer_client, territory):
    project = ProjectFactory(territory=territory, lead_source="visite")
    Project.objects.get(pk=project.pk).move_to(
        Stage.objects.get(pk="perdu"), by=officer_client.user, reason="Ailleurs"
    )
    assert officer_client.post(move_url(project), ANSWERS).status_code == 409
    project.refresh_from_db()
    assert (project.stage_id, project.need) == ("perdu", "")
    assert not project.interactions.exists()


def test_an_exchange_to_come_is_not_an_exchange(officer_client, territory):
    project = ProjectFactory(territory=territory, lead_source="visite")
    response = officer_client.post(
        move_url(project), ANSWERS | {"interaction-happened_on": TOMORROW.isoformat()}
    )
    assertContains(response, "Cette date est à venir", status_code=422)


def test_finishing_needs_one_number_of_jobs_and_zero_is_one(officer_client, territory):
    project = qualified(
        territory,
        stage=Stage.objects.get(pk="en_realisation"),
        ends_on=None,
    )
    answers = {
        "stage": "realise",
        "answered": "1",
        "ends_on-ends_on": "2027-06-01",
        "jobs_observed-jobs_method": "visite",
        "jobs_observed-jobs_observed_on": "2026-01-05",
    }
    response = officer_client.post(move_url(project), answers)
    assertContains(response, "au moins l’un des deux nombres", status_code=422)

    officer_client.post(move_url(project), answers | {"jobs_observed-jobs_created_observed": "0"})
    project.refresh_from_db()
    assert (project.stage_id, project.jobs_created_observed) == ("realise", 0)


def test_the_end_may_not_precede_the_start(officer_client, territory):
    project = qualified(territory, stage=Stage.objects.get(pk="en_realisation"))
    answers = {"stage": "realise", "answered": "1", "ends_on-ends_on": "2026-06-01"}
    response = officer_client.post(move_url(project), answers)
    assertContains(response, "La fin précède le début du projet, le 01/01/2027.", status_code=422)


def test_a_request_that_says_all_is_not_asked_again(officer_client, territory):
    project = ProjectFactory(territory=territory)
    officer_client.post(move_url(project), {"stage": "perdu", "reason": "Parti à Agen"})
    project.refresh_from_db()
    assert project.stage_id == "perdu"


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"revisit_on": TOMORROW.isoformat()}, "est obligatoire"),
        ({"reason": "Permis attendu"}, "est obligatoire"),
        ({"reason": "Permis attendu", "revisit_on": "2020-01-01"}, "une date à venir"),
    ],
)
def test_a_pause_says_why_and_until_when(officer_client, territory, answers, sentence):
    project = ProjectFactory(territory=territory)
    response = officer_client.post(
        move_url(project), {"stage": "en_pause", "answered": "1", "ending": "en_pause"} | answers
    )
    assertContains(response, sentence, status_code=422)
    assert not project.stage_changes.exists()


def test_a_closed_project_says_which_way_it_ended(officer_client, territory):
    project = ProjectFactory(territory=territory)
    response = officer_client.get(move_url(project), {"stage": "reoriente"})
    assertNotContains(response, " checked")
    for label in ("Réorienté", "Sans suite", "Abandonné", "Perdu, implanté ailleurs"):
        assertContains(response, label)
    officer_client.post(
        move_url(project),
        {"stage": "reoriente", "answered": "1", "ending": "perdu", "reason": "Parti à Agen"},
    )
    project.refresh_from_db()
    assert (project.stage_id, project.stage_reason) == ("perdu", "Parti à Agen")
