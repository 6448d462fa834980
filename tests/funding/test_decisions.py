import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from crm.models import Role
from funding.models import DecisionChanged, MatchDecision, Program
from tests.crm.factories import ProjectFactory, TerritoryFactory, UserFactory
from tests.funding.factories import FinancingPlanFactory, MatchDecisionFactory, ProgramFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def project(territory):
    return ProjectFactory(territory=territory, confidentiality="public")


@pytest.fixture
def program(db):
    return ProgramFactory(name="Aide à la machine")


def panel(client, project, **query):
    return client.get(reverse("funding:project_panel", args=[project.pk]), query)


def send(client, name, pk, headers=None, **data):
    return client.post(reverse(f"funding:{name}", args=[pk]), data, headers=headers or {})


def dismiss(client, project, program, reason="theme", **data):
    return send(client, "dismiss", project.pk, program=program.pk, reason=reason, **data)


def retain(client, project, program):
    return send(client, "retain", project.pk, program=program.pk)


def counts(client, project):
    context = panel(client, project).context
    return context["live"], len(context["retained"]), len(context["dismissed"])


def test_a_dismissed_program_leaves_the_counts_and_says_who_and_why(
    officer_client, project, program
):
    other = ProgramFactory()
    dismiss(officer_client, project, program)
    page = panel(officer_client, project)
    assert counts(officer_client, project) == (1, 0, 1)
    assert [line.match.program for line in page.context["rows"]] == [other]
    assertContains(page, "Pas le bon thème")
    assertContains(page, f"écarté par {officer_client.user}")


def test_a_dismissed_program_asks_nothing(officer_client, project):
    program = ProgramFactory(criteria=[{"kind": "turnover", "key": "t", "max": "10000000"}])
    assert panel(officer_client, project).context["questions"]["top"]
    dismiss(officer_client, project, program)
    assert panel(officer_client, project).context["questions"]["top"] == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"reason": ""}, "Dites pourquoi"),
        ({"reason": "horoscope"}, "pas dans la liste"),
        ({"reason": "other"}, "Écrivez la raison"),
        ({"reason": "other", "note": "x" * 251}, "250 caractères"),
    ],
)
def test_a_dismissal_without_its_reason_is_refused(officer_client, project, program, data, said):
    response = send(officer_client, "dismiss", project.pk, headers=HTMX, program=program.pk, **data)
    assertContains(response, said, status_code=422)
    assert not MatchDecision.objects.exists()


def test_another_reason_is_kept_in_words(officer_client, project, program):
    dismiss(officer_client, project, program, "other", note="Trop long à monter")
    assertContains(panel(officer_client, project), "Trop long à monter")


def test_the_words_of_the_team_are_not_for_the_readers(sign_in, project, program):
    MatchDecisionFactory(
        project=project, program=program, kind="dismissed", reason="other", note="En conflit"
    )
    reader = sign_in(Role.READER)
    page = panel(reader, project)
    assert len(page.context["dismissed"]) == 1
    assertNotContains(page, "conflit")
    assertNotContains(page, "Ne plus écarter")


def test_undo_puts_back_what_stood_before(officer_client, project, program):
    retain(officer_client, project, program)
    response = dismiss(officer_client, project, program)
    [said] = list(response.wsgi_request._messages)[-1:]
    assert counts(officer_client, project) == (0, 0, 1)
    officer_client.post(said.extra_tags)
    assert counts(officer_client, project) == (1, 1, 0)
    again = officer_client.post(said.extra_tags, headers=HTMX)
    assert again.status_code == 409


def test_a_revoked_decision_is_kept_and_can_count_again(officer_client, project, program):
    dismiss(officer_client, project, program)
    decision = MatchDecision.objects.get()
    send(officer_client, "decision_revoke", decision.pk)
    decision.refresh_from_db()
    assert decision.revoked_by == officer_client.user
    assert counts(officer_client, project) == (1, 0, 0)
    send(officer_client, "decision_renew", decision.pk)
    assert counts(officer_client, project) == (0, 0, 1)
    assert MatchDecision.objects.count() == 2
    assert MatchDecision.objects.live().get().at == decision.at


def test_an_old_decision_does_not_come_back_over_a_newer_one(project, program):
    by = UserFactory()
    old = MatchDecision.objects.decide(project, program, "dismissed", by=by, reason="theme")
    old.revoke(by)
    MatchDecision.objects.decide(project, program, "retained", by=by)
    with pytest.raises(DecisionChanged):
        old.renew()
    assert MatchDecision.objects.live().get().is_retained


def test_deciding_twice_the_same_writes_one_row(officer_client, project, program):
    retain(officer_client, project, program)
    retain(officer_client, project, program)
    assert MatchDecision.objects.count() == 1


def test_the_shortlist_stands_on_top_in_its_order(officer_client, project):
    programs = ProgramFactory.create_batch(3)
    for one in programs:
        retain(officer_client, project, one)
    send(officer_client, "decision_up", MatchDecision.objects.get(program=programs[2]).pk)
    send(officer_client, "decision_down", MatchDecision.objects.get(program=programs[0]).pk)
    listed = [line.match.program for line in panel(officer_client, project).context["retained"]]
    assert listed == [programs[2], programs[0], programs[1]]


def test_the_shortlist_leads_to_a_file_and_to_the_plan(officer_client, project, program):
    retain(officer_client, project, program)
    page = panel(officer_client, project)
    assertContains(page, f"{reverse('funding:application_new', args=[project.pk])}?dispositif=")
    assertContains(page, reverse("funding:plan_new", args=[project.pk]))
    plan = FinancingPlanFactory(project=project)
    line = reverse("funding:line_new", args=[plan.pk, "ressource"])
    assertContains(panel(officer_client, project), f"{line}?dispositif={program.pk}")


def test_a_retained_program_that_no_longer_fits_stays_and_says_so(officer_client, project):
    program = ProgramFactory(state="closed")
    MatchDecisionFactory(project=project, program=program)
    page = panel(officer_client, project)
    assert len(page.context["retained"]) == 1
    assertContains(page, "Non éligible")


def test_a_decision_on_an_older_version_says_that_the_program_changed(
    officer_client, project, program
):
    MatchDecisionFactory(project=project, program=program, dismissed=True)
    Program.objects.update(version=2)
    assertContains(panel(officer_client, project), "le dispositif a changé depuis")


def test_an_expired_program_is_flagged_until_someone_checks_it(project):
    program = ProgramFactory(verified_on="2026-01-01")
    MatchDecisionFactory(project=project, program=program, kind="dismissed", reason="expired")
    assert MatchDecision.objects.said_expired().get().program == program
    Program.objects.update(verified_on=timezone.localdate() + dt.timedelta(1))
    assert not MatchDecision.objects.said_expired().exists()


def test_htmx_gets_both_panels_and_the_undo(officer_client, project, program):
    response = send(officer_client, "retain", project.pk, headers=HTMX, program=program.pk)
    assertContains(response, 'id="panel-funding"')
    assertContains(response, 'id="panel-questions" hx-swap-oob="true"')
    undo = reverse("funding:decision_undo", args=[MatchDecision.objects.get().pk])
    assertContains(response, undo)


@pytest.mark.parametrize("name", ["retain", "dismiss"])
def test_a_program_of_elsewhere_cannot_be_decided(officer_client, project, name):
    local = ProgramFactory(territory=TerritoryFactory(name="Ailleurs", perimeter=True))
    for program in (local.pk, "²", ""):
        response = send(officer_client, name, project.pk, headers=HTMX, program=program)
        assertContains(response, "n’est pas au catalogue", status_code=422)
    assert not MatchDecision.objects.exists()


def test_decisions_cost_the_same_for_one_as_for_fifty(officer_client, project, assert_flat_queries):
    def add(count):
        for _ in range(count):
            MatchDecisionFactory(project=project, by=UserFactory())
            MatchDecisionFactory(project=project, by=UserFactory(), dismissed=True)

    assert_flat_queries(lambda: panel(officer_client, project), add)


def test_who_keeps_the_catalogue_reads_that_a_program_is_said_expired(sign_in, project):
    program = ProgramFactory(verified_on="2026-01-01")
    MatchDecisionFactory(project=project, program=program, kind="dismissed", reason="expired")
    url = reverse("funding:program", args=[program.pk])
    assertContains(sign_in(Role.MANAGER).get(url), "Signalé expiré")
    assertNotContains(sign_in(Role.OFFICER).get(url), "Signalé expiré")
    listed = sign_in(Role.MANAGER).get(reverse("funding:program_list"), {"said_expired": "true"})
    assertContains(listed, program.name)
