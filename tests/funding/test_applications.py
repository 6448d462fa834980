from decimal import Decimal as D

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from crm.models import Role
from funding.models import Application, GrantAgreement
from tests.actions.factories import ActionFactory
from tests.crm.factories import OrganisationFactory, PartnerTokenFactory, ProjectFactory
from tests.funding.factories import ApplicationFactory, ProgramFactory

pytestmark = pytest.mark.django_db
LIST = "/financements/dossiers/"


@pytest.fixture
def project(territory):
    return ProjectFactory(territory=territory, title="Four à pruneaux")


def new(client, project, **data):
    url = reverse("funding:application_new", args=[project.pk])
    return client.post(url, {"status": "a_deposer", **data})


def test_a_file_is_opened_from_a_match_with_its_closing_date(officer_client, project):
    program = ProgramFactory(closes_on="2031-02-15")
    url = reverse("funding:application_new", args=[project.pk])
    page = officer_client.get(url, {"dispositif": program.pk})
    assertContains(page, 'value="2031-02-15"')
    new(officer_client, project, program=program.pk, amount_requested="12 500,00 €")
    application = Application.objects.get()
    assert application.amount_requested == D("12500")
    assert application.created_by == officer_client.user
    assert application.pieces.count() > 3
    assert application.steps.count() > 3


def test_a_second_click_opens_no_second_file(officer_client, project):
    program = ProgramFactory()
    for _ in range(2):
        new(officer_client, project, program=program.pk)
    assert Application.objects.count() == 1


FOR_COMMUNES = {"kind": "beneficiary", "key": "who", "accepted": ["commune"]}
WORD = "la Région nous l’a proposé"


@pytest.mark.parametrize("of_action", [False, True])
def test_a_program_judged_not_eligible_asks_for_a_word(officer_client, territory, of_action):
    subject = ProjectFactory(territory=territory)
    route = "funding:application_new"
    if of_action:
        pilot = OrganisationFactory(territory=territory, kind="company")
        subject = ActionFactory(territory=territory, pilot=pilot)
        route = "funding:action_application_new"
    url, program = reverse(route, args=[subject.pk]), ProgramFactory(criteria=[FOR_COMMUNES])
    page = officer_client.get(url, {"dispositif": program.pk})
    assertContains(page, "jugé non éligible")
    assertContains(page, 'name="despite"')
    data = {"status": "a_deposer", "program": program.pk}
    assertContains(officer_client.post(url, data), "Dites en un mot", status_code=422)
    assert not Application.objects.exists()
    officer_client.post(url, data | {"despite": WORD, "notes": "Vu le 20."})
    assert Application.objects.get().notes == (
        f"Vu le 20.\nOuvert bien que jugé non éligible\u00a0: {WORD}"
    )


@pytest.mark.parametrize("criteria", [[], [{**FOR_COMMUNES, "accepted": ["company"]}]])
def test_other_programs_ask_for_no_word(officer_client, project, criteria):
    program = ProgramFactory(criteria=criteria)
    url = reverse("funding:application_new", args=[project.pk])
    assertNotContains(officer_client.get(url, {"dispositif": program.pk}), 'name="despite"')
    assert new(officer_client, project, program=program.pk).status_code == 302


def test_what_the_funder_has_already_is_not_argued_with(officer_client, project):
    program = ProgramFactory(criteria=[FOR_COMMUNES])
    filed = {"status": "depose", "filed_on": "2026-05-01"}
    assert new(officer_client, project, program=program.pk, **filed).status_code == 302


def test_a_file_that_another_one_excludes_is_told(officer_client, project):
    other = ProgramFactory(name="Décarbonation flash", code="F1")
    program = ProgramFactory(incompatible_with=["F1"])
    assert new(officer_client, project, program=other.pk).status_code == 302
    url = reverse("funding:application_new", args=[project.pk])
    page = officer_client.post(
        url, {"status": "a_deposer", "program": program.pk, "despite": "vu avec eux"}, follow=True
    )
    assertContains(page, "s’exclut avec «\u00a0Décarbonation flash\u00a0»")


def test_a_national_program_gives_way_to_its_local_version(officer_client, project, territory):
    national = ProgramFactory(name="Fonds vert")
    local = ProgramFactory(name="Fonds vert", national=national, territory=territory)
    url = reverse("funding:application_new", args=[project.pk])
    offered = officer_client.get(url).context["form"].fields["program"].queryset
    assert list(offered) == [local]
    assert new(officer_client, project, program=national.pk).status_code == 422
    # The file that was open before it came is that of both.
    file = ApplicationFactory(project=project, program=national)
    assert new(officer_client, project, program=local.pk).url == file.get_absolute_url()
    panel = reverse("funding:project_panel", args=[project.pk])
    assertContains(officer_client.get(panel), "Un dossier existe")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"status": "depose"}, "a une date de dépôt"),
        ({"status": "en_instruction", "filed_on": "2026-05-01"}, "complétude"),
        ({"status": "accepte", "filed_on": "2026-05-01"}, "date de la décision"),
        (
            {"status": "accepte", "filed_on": "2026-05-01", "decided_on": "2026-04-01"},
            "précède le dépôt",
        ),
        ({"status": "a_deposer", "amount_granted": "10"}, "dossier accepté"),
        ({"status": "a_deposer", "amount_requested": "dix mille"}, "n’est pas un nombre"),
        ({"status": "a_deposer", "amount_requested": "-5"}, "négatif"),
        ({"status": "a_deposer", "amount_paid": "10"}, "Rien n’est engagé ni versé"),
        ({"status": "a_deposer", "due_on": "0001-01-05"}, "de 2000 à 2100"),
        ({"status": "a_deposer", "due_on": "9999-12-31"}, "de 2000 à 2100"),
        ({"status": "depose", "filed_on": "2031-01-01"}, "à venir"),
    ],
)
def test_what_does_not_hold_is_refused_with_a_sentence(officer_client, project, data, sentence):
    response = new(officer_client, project, program=ProgramFactory().pk, **data)
    assertContains(response, sentence, status_code=422)
    assert not Application.objects.exists()


def test_the_slower_of_two_people_is_told(officer_client, project):
    application = ApplicationFactory(project=project)
    url = reverse("funding:application_edit", args=[application.pk])
    data = {"version": application.version}
    assert officer_client.post(url, {**data, "reference": "REF-1"}).status_code == 302
    late = officer_client.post(url, {**data, "reference": "REF-9"})
    assertContains(late, "entre-temps", status_code=409)
    assertContains(late, "REF-9", status_code=409)
    application.refresh_from_db()
    assert application.reference == "REF-1"


def move(client, application, status, **data):
    url = reverse("funding:application_move", args=[application.pk])
    data = {"status": status, "on": "2026-09-10", "version": application.version, **data}
    response = client.post(url, data)
    application.refresh_from_db()
    return response


def test_a_move_dates_its_step_and_tells_who_did_it(officer_client, project):
    application = ApplicationFactory(project=project, filed=True)
    assert move(officer_client, application, "complet", note="Reçu par courriel").status_code == 302
    assert str(application.received_on) == "2026-09-10"
    page = officer_client.get(application.get_absolute_url())
    assertContains(page, f"<b>{officer_client.user}</b> a fait passer")
    assertContains(page, "Reçu par courriel")
    assertContains(page, "le 10/09/2026")


def test_a_move_is_undone_with_all_it_brought(officer_client, project):
    application = ApplicationFactory(project=project, filed=True)
    move(officer_client, application, "en_instruction")
    move(officer_client, application, "accepte", amount_granted="12 000", on="2026-10-01")
    assert application.amount_granted == D("12000")
    undo = reverse(
        "funding:application_move_undo", args=[application.pk, application.moves.first().pk]
    )
    for _ in range(2):  # a second click changes nothing
        officer_client.post(undo)
        application.refresh_from_db()
        assert (application.status, application.amount_granted) == ("en_instruction", None)
        assert application.decided_on is None
    assert application.moves.count() == 1


def test_moves_are_undone_one_after_the_other(officer_client, project):
    application = ApplicationFactory(project=project, filed=True)
    move(officer_client, application, "complet")
    move(officer_client, application, "en_instruction", on="2026-09-12")
    for status in ("complet", "depose"):
        last = application.moves.first()
        officer_client.post(
            reverse("funding:application_move_undo", args=[application.pk, last.pk])
        )
        application.refresh_from_db()
        assert application.status == status


def test_what_was_corrected_after_a_move_is_not_lost_by_undoing_it(officer_client, project):
    application = ApplicationFactory(project=project, filed=True)
    move(officer_client, application, "accepte", amount_granted="50 000", on="2026-10-01")
    application.amount_granted = D("60000")
    application.save_over(application.version)
    last = application.moves.first()
    url = reverse("funding:application_move_undo", args=[application.pk, last.pk])
    assertContains(officer_client.post(url, follow=True), "ce changement reste")
    application.refresh_from_db()
    assert (application.status, application.amount_granted) == ("accepte", D("60000"))


def test_completeness_keeps_its_first_day_until_it_is_lost(officer_client, project):
    application = ApplicationFactory(project=project, filed=True)
    move(officer_client, application, "complet")
    move(officer_client, application, "en_instruction", on="2026-09-20")
    assert str(application.received_on) == "2026-09-10"
    move(officer_client, application, "incomplet", on="2026-09-25")
    assert application.received_on is None
    move(officer_client, application, "en_instruction", on="2026-10-02")
    assert str(application.received_on) == "2026-10-02"


def test_only_the_last_move_is_undone(officer_client, project):
    application = ApplicationFactory(project=project, filed=True)
    move(officer_client, application, "complet")
    first = application.moves.get()
    move(officer_client, application, "en_instruction", on="2026-09-12")
    url = reverse("funding:application_move_undo", args=[application.pk, first.pk])
    assertContains(officer_client.post(url, follow=True), "ce changement reste")
    application.refresh_from_db()
    assert application.status == "en_instruction"


def test_an_appraisal_opened_again_forgets_the_decision(officer_client, project):
    application = ApplicationFactory(project=project, granted=True, amount_granted=5000)
    move(officer_client, application, "en_instruction")
    assert (application.decided_on, application.amount_granted) == (None, None)
    assert str(application.filed_on) == "2026-06-01"


@pytest.mark.parametrize(
    ("status", "data", "sentence"),
    [
        ("brouillon", {}, "ne suit pas"),
        ("rêvé", {}, "ne suit pas"),
        ("refuse", {"on": "2026-05-01"}, "précède le dépôt"),
        ("complet", {"on": "2099-01-01"}, "à venir"),
        ("complet", {"on": "0001-01-01"}, "L’année va de 2000"),
        ("complet", {"on": "demain"}, "Écrivez une date"),
        ("refuse", {"amount_granted": "10"}, "dossier accepté"),
        ("accepte", {"amount_granted": "-1"}, "supérieure ou égale à"),
    ],
)
def test_a_move_that_does_not_hold_is_refused(officer_client, project, status, data, sentence):
    application = ApplicationFactory(project=project, filed=True)
    response = move(officer_client, application, status, **data)
    assertContains(response, sentence, status_code=422)
    application.refresh_from_db()
    assert (application.status, application.moves.count()) == ("depose", 0)


def test_a_move_does_not_precede_the_last_one(officer_client, project):
    application = ApplicationFactory(project=project, filed=True)
    move(officer_client, application, "complet")
    response = move(officer_client, application, "en_instruction", on="2026-09-01")
    assertContains(response, "10/09/2026", status_code=422)


def test_the_slower_of_two_moves_is_told(officer_client, project):
    application = ApplicationFactory(project=project, filed=True)
    stale = application.version
    move(officer_client, application, "complet")
    response = move(officer_client, application, "incomplet", version=stale, on="2026-09-20")
    assertContains(response, "entre-temps", status_code=409)
    assert application.status == "complet"


def test_a_file_with_an_agreement_stays_granted(officer_client, project):
    application = ApplicationFactory(project=project, granted=True)
    GrantAgreement.objects.create(application=application)
    response = move(officer_client, application, "en_instruction")
    assertContains(response, "conventionné", status_code=422)


def test_a_file_of_the_portal_offers_only_its_moves(officer_client, project):
    application = ApplicationFactory(project=project, status="brouillon", dossier_number=123)
    page = officer_client.get(application.get_absolute_url())
    choices = [value for value, _ in page.context["move_form"].fields["status"].choices]
    assert choices == ["en_construction", "retire"]


def test_a_file_of_an_action_is_opened_and_listed(officer_client, territory):
    action = ActionFactory(territory=territory, title="Logement des salariés", pilot=None)
    url = reverse("funding:action_application_new", args=[action.pk])
    program = ProgramFactory()
    for _ in range(2):
        officer_client.post(url, {"program": program.pk, "status": "a_deposer"}, follow=True)
    application = Application.objects.get()
    assert (application.subject, application.project) == (action, None)
    assertContains(officer_client.get(LIST), "Logement des salariés")
    assertContains(officer_client.get(LIST, {"q": "logement"}), "Logement des salariés")
    assertContains(officer_client.get(LIST, {"order": "project"}), "Logement des salariés")
    panel = reverse("funding:action_application_panel", args=[action.pk])
    assertContains(officer_client.get(panel), program.name)
    assertContains(officer_client.get(application.get_absolute_url()), "Logement des salariés")
    for kind in ("csv", "xlsx"):
        assert officer_client.get(f"/rapports/dossiers.{kind}").status_code == 200
    assert officer_client.get("/").status_code == 200
    assert officer_client.get(reverse("crm:search"), {"q": program.name}).status_code == 200
    assert officer_client.get(reverse("reporting:committee_workbook")).status_code == 200


def test_a_file_is_about_a_project_or_an_action(territory, project):
    action = ActionFactory(territory=territory)
    for about in ({}, {"project": project, "action": action}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Application.objects.create(program=ProgramFactory(), **about)


def test_a_file_of_an_action_elsewhere_is_not_found(officer_client):
    application = ApplicationFactory(project=None, action=ActionFactory())
    assert officer_client.get(application.get_absolute_url()).status_code == 404
    assertNotContains(officer_client.get(LIST), application.action.title)


def test_partners_read_which_action_a_file_is_about(client, territory):
    application = ApplicationFactory(project=None, action=ActionFactory(territory=territory))
    token = PartnerTokenFactory(territory=territory, scopes=["projects:read"])
    headers = {"Authorization": f"Token {token.secret}"}
    [row] = client.get("/api/v1/applications/", headers=headers).json()["results"]
    assert row["project"] is None
    assert row["action"] == {"id": application.action_id, "code": application.action.code}


def test_list_sums_what_is_filtered(officer_client, project):
    ApplicationFactory(project=project, granted=True, amount_granted=D("10000"))
    ApplicationFactory(project=project, status="brouillon", amount_requested=D("777"))
    assertContains(officer_client.get(LIST, {"status": "accepte"}), "10\u00a0000\u00a0€")
    assertNotContains(officer_client.get(LIST, {"status": "accepte"}), "777")


def test_an_unknown_status_is_refused_and_shows_no_row(officer_client, project):
    ApplicationFactory(project=project)
    assertNotContains(
        officer_client.get(LIST, {"status": "bogus"}), "Four à pruneaux", status_code=400
    )


def test_files_of_an_internal_project_are_not_shown_to_readers(sign_in, project):
    application = ApplicationFactory(project=project)
    reader = sign_in(Role.READER)
    assertNotContains(reader.get(LIST), "Four à pruneaux")
    assert reader.get(application.get_absolute_url()).status_code == 404


def test_readers_see_a_file_but_do_not_write(sign_in, territory):
    project = ProjectFactory(territory=territory, confidentiality="partenaires")
    application = ApplicationFactory(project=project)
    reader = sign_in(Role.READER)
    assert reader.get(application.get_absolute_url()).status_code == 200
    assertNotContains(reader.get(application.get_absolute_url()), "Changer le statut")
    assert move(reader, application, "depose").status_code == 403


def test_list_cost_does_not_grow_with_files(officer_client, territory, assert_flat_queries):
    assert_flat_queries(
        lambda: officer_client.get(LIST),
        lambda count: ApplicationFactory.create_batch(count, project__territory=territory),
    )
