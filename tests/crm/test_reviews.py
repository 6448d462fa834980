import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from crm.forms.reviews import AskForm
from crm.models import Confidentiality, Project, Review, ReviewRequest, Role
from tests.crm.factories import ProjectFactory, ReviewRequestFactory, UserFactory

pytestmark = pytest.mark.django_db
INBOX = "/avis/"


@pytest.fixture
def point(territory):
    project = ProjectFactory(
        territory=territory, title="Four à pruneaux", confidentiality=Confidentiality.PAIR
    )
    return ReviewRequestFactory(project=project, question="Signer la lettre de soutien ?")


def answer(client, point, value, comment=""):
    data = {f"p{point.pk}-answer": value, f"p{point.pk}-comment": comment}
    return client.post(reverse("crm:review_answer", args=[point.pk]), data)


def test_each_of_the_pair_finds_what_waits_for_them(sign_in, point):
    for role in (Role.ELECTED, Role.INDUSTRIALIST):
        assertContains(sign_in(role).get(INBOX), "1 point vous attend")


def test_an_answer_leaves_the_inbox_and_stays_hidden_from_the_other(sign_in, point):
    elected = sign_in(Role.ELECTED)
    assertRedirects(answer(elected, point, "disagree", "Trop loin du bourg"), INBOX)
    assertContains(elected.get(INBOX), "Rien ne vous attend")

    industrialist = sign_in(Role.INDUSTRIALIST)
    assertNotContains(industrialist.get(INBOX), "Trop loin")
    assertNotContains(
        industrialist.get(reverse("crm:review_panel", args=[point.project.pk])), "Trop loin"
    )
    officer = sign_in(Role.OFFICER)
    panel = officer.get(reverse("crm:review_panel", args=[point.project.pk]))
    assertNotContains(panel, "Trop loin")
    assertContains(panel, "a répondu")


def test_both_answers_show_once_both_are_given(sign_in, point):
    answer(sign_in(Role.ELECTED), point, "disagree", "Trop loin du bourg")
    industrialist = sign_in(Role.INDUSTRIALIST)
    answer(industrialist, point, "agree")
    page = industrialist.get(INBOX)
    assertContains(page, "Trop loin du bourg")
    assertContains(page, "Passe au prochain comité")
    assert ReviewRequest.objects.get().is_disputed


def test_two_agreements_are_no_dispute(sign_in, point):
    answer(sign_in(Role.ELECTED), point, "agree")
    answer(sign_in(Role.INDUSTRIALIST), point, "agree")
    assert not ReviewRequest.objects.get().is_disputed


def test_answering_twice_changes_nothing_and_says_so(sign_in, point):
    elected = sign_in(Role.ELECTED)
    answer(elected, point, "agree")
    again = answer(elected, point, "disagree")
    assertContains(again, "déjà", status_code=409)
    assert Review.objects.get().answer == Review.Answer.AGREE


def test_no_answer_chosen_is_refused_and_keeps_the_line(sign_in, point):
    response = answer(sign_in(Role.ELECTED), point, "", "Je réfléchis")
    assertContains(response, "Choisissez une réponse", status_code=422)
    assertContains(response, "Je réfléchis", status_code=422)


def test_the_pair_is_not_shown_an_internal_project(sign_in, territory):
    point = ReviewRequestFactory(project=ProjectFactory(territory=territory))
    elected = sign_in(Role.ELECTED)
    assertContains(elected.get(INBOX), "Rien ne vous attend")
    assert answer(elected, point, "agree").status_code == 404


@pytest.mark.parametrize("role", [Role.OFFICER, Role.MANAGER])
def test_the_team_does_not_answer_for_the_pair(sign_in, point, role):
    assert answer(sign_in(role), point, "agree").status_code == 403
    assert not Review.objects.exists()


def test_a_reader_knows_nothing_of_the_questions(sign_in, point):
    reader = sign_in(Role.READER)
    assert reader.get(INBOX).status_code == 403
    assert answer(reader, point, "agree").status_code == 404


def test_officer_opens_an_internal_project_to_the_pair_knowingly(officer_client, territory):
    project = ProjectFactory(territory=territory)
    url = reverse("crm:review_ask", args=[project.pk])
    assertContains(officer_client.post(url, {"question": "Soutenir ?"}), "interne", status_code=422)
    assertRedirects(
        officer_client.post(url, {"question": "Soutenir ?", "open_to_pair": "on"}),
        project.get_absolute_url(),
        fetch_redirect_response=False,
    )
    project.refresh_from_db()
    assert project.confidentiality == Confidentiality.PAIR
    assert project.review_requests.get().asked_by == officer_client.user


def test_opening_a_project_loses_nothing_that_another_wrote_meanwhile(officer_client, territory):
    read = ProjectFactory(territory=territory, title="Ancien titre")
    Project.objects.filter(pk=read.pk).update(title="Nouveau titre", version=4)
    form = AskForm({"question": "Soutenir ?", "open_to_pair": "on"}, project=read)
    assert form.is_valid()
    form.save(by=officer_client.user)
    now = Project.objects.get(pk=read.pk)
    assert (now.title, now.confidentiality) == ("Nouveau titre", Confidentiality.PAIR)
    # Whoever was editing it is told, and does not close it again without knowing.
    assert now.version == 5


def test_a_withdrawn_question_no_longer_waits(sign_in, officer_client, point):
    officer_client.post(reverse("crm:review_close", args=[point.pk]))
    assertContains(sign_in(Role.ELECTED).get(INBOX), "Rien ne vous attend")


def test_inbox_cost_does_not_grow_with_points(sign_in, point, territory, assert_flat_queries):
    elected = sign_in(Role.ELECTED)
    other = UserFactory(territory=territory, role=Role.INDUSTRIALIST)

    def add(count):
        for _ in range(count):
            project = ProjectFactory(territory=territory, confidentiality="binome")
            request = ReviewRequestFactory(project=project)
            request.answer(by=other, role=Role.INDUSTRIALIST, answer="agree")

    assert_flat_queries(lambda: elected.get(INBOX), add)
