"""What officers judge of plain-text conditions: dated, never rewritten, bound to the text read."""

import datetime as dt

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from crm.models import Role
from funding import answers, bulk
from funding.eligibility import Verdict
from funding.matching import matches_of
from funding.models import DeclaredFact, Program
from tests.crm.factories import ProjectFactory
from tests.funding.factories import ProgramFactory

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 22)
TEXT = {"kind": "text", "key": "ambition", "text": "Le projet est ambitieux."}
FACT = "judgement:A1:ambition"


@pytest.fixture
def project(territory):
    return ProjectFactory(territory=territory, confidentiality="public")


@pytest.fixture
def program(db):
    return ProgramFactory(code="A1", criteria=[TEXT], version=3)


def judge(client, project, value, **data):
    url = reverse("funding:answer", args=[project.pk])
    headers = {"HX-Request": "true"}
    return client.post(url, {"fact": FACT, "value": value, **data}, headers=headers)


def verdict(client, project):
    [match] = matches_of(project, client.user, today=TODAY)
    in_bulk = bulk.verdicts(type(project).objects.all(), Program.objects.all(), TODAY)
    assert in_bulk.verdict(project.pk, match.program.pk) == match.verdict
    return match.verdict


def panel(client, project, **query):
    return client.get(reverse("funding:project_panel", args=[project.pk]), query)


def change_text(program, text):
    program.criteria = [{**TEXT, "text": text}]
    program.version += 1
    program.save()


def test_a_judgement_keeps_its_author_its_day_and_the_version_read(
    officer_client, project, program
):
    judge(officer_client, project, "oui")
    assert verdict(officer_client, project) is Verdict.ELIGIBLE
    [said] = answers.judgements(project.pk)[project.pk, FACT]
    assert (said.is_met, said.by, said.version) == (True, officer_client.user, 3)
    assertContains(panel(officer_client, project), "version 3")


def test_the_latest_judgement_counts_and_those_before_stay_visible(sign_in, project, program):
    judge(sign_in(Role.OFFICER), project, "oui")
    second = sign_in(Role.MANAGER)
    assert judge(second, project, "non").status_code == 200
    assert verdict(second, project) is Verdict.NOT_ELIGIBLE
    said = answers.judgements(project.pk)[project.pk, FACT]
    assert [one.is_met for one in said] == [False, True]
    assert said[0].by != said[1].by
    assert judge(second, project, "oui").status_code == 200
    page = panel(second, project)
    assertContains(page, "2\u00a0avis antérieurs")


def test_sending_the_same_judgement_twice_writes_it_once(officer_client, project, program):
    judge(officer_client, project, "oui")
    judge(officer_client, project, "oui")
    assert DeclaredFact.history.count() == 1


def test_a_text_that_changed_is_to_be_judged_again(officer_client, project, program):
    judge(officer_client, project, "oui")
    change_text(program, "Le projet est très ambitieux.")
    assert verdict(officer_client, project) is Verdict.TO_CONFIRM
    page = panel(officer_client, project)
    assertContains(page, "le texte a changé depuis")
    assertContains(page, "«\u00a0Oui\u00a0»", html=False)
    judge(officer_client, project, "oui")
    assert verdict(officer_client, project) is Verdict.ELIGIBLE
    assertNotContains(panel(officer_client, project), "le texte a changé depuis")


def test_a_change_of_anything_else_leaves_the_judgement(officer_client, project, program):
    judge(officer_client, project, "oui")
    Program.objects.update(version=4, summary="Autre résumé")
    assert verdict(officer_client, project) is Verdict.ELIGIBLE


def test_a_judgement_on_a_text_that_changed_while_it_was_read_is_refused(
    officer_client, project, program
):
    response = judge(officer_client, project, "oui", text="0" * 16)
    assertContains(response, "a changé entre-temps", status_code=409)
    assert not DeclaredFact.objects.exists()


def test_a_judgement_taken_back_is_kept_as_such(officer_client, project, program):
    judge(officer_client, project, "oui")
    [answer] = answers.given(project)
    url = reverse("funding:forget", args=[project.pk])
    officer_client.post(url, {"fact": FACT, "seen": answer.seen})
    assert verdict(officer_client, project) is Verdict.TO_CONFIRM
    said = answers.judgements(project.pk)[project.pk, FACT]
    assert [one.is_withdrawn for one in said] == [True, False]
    assertContains(panel(officer_client, project), "Avis retiré")
    officer_client.post(reverse("funding:restore", args=[project.pk, FACT]))
    assert verdict(officer_client, project) is Verdict.ELIGIBLE


def test_a_judgement_holds_for_a_local_version_that_says_the_same(
    officer_client, project, program, territory
):
    judge(officer_client, project, "oui")
    local = ProgramFactory(code="A1-7", criteria=[TEXT], national=program, territory=territory)
    assert verdict(officer_client, project) is Verdict.ELIGIBLE
    change_text(local, "Le projet est exemplaire.")
    assert verdict(officer_client, project) is Verdict.TO_CONFIRM
    judge(officer_client, project, "non")
    assert verdict(officer_client, project) is Verdict.NOT_ELIGIBLE


def test_an_answer_without_a_text_still_counts(officer_client, project, program):
    DeclaredFact.objects.create(project=project, key=FACT, value=False)
    assert verdict(officer_client, project) is Verdict.NOT_ELIGIBLE


def test_readers_read_the_judgement_and_not_its_author(sign_in, project, program):
    officer = sign_in(Role.OFFICER)
    judge(officer, project, "oui")
    name = str(officer.user)
    page = panel(sign_in(Role.READER), project)
    assertContains(page, "version 3")
    assertNotContains(page, f"», {name}")
    assert judge(sign_in(Role.READER), project, "non").status_code == 403


def test_judgements_cost_the_same_for_one_as_for_fifty(
    officer_client, project, assert_flat_queries
):
    def add(count):
        for one in ProgramFactory.create_batch(count, criteria=[TEXT]):
            key = f"judgement:{one.code}:ambition"
            DeclaredFact.objects.create(project=project, key=key, value=True)

    assert_flat_queries(lambda: panel(officer_client, project), add)
