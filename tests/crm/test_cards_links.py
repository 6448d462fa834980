import datetime as dt
import io
import logging
import re

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from config.logs import WithoutSecrets
from crm import cards_mail
from crm.models import CardsLink, CardsMail, Confidentiality, Interest, Review, Role, Sighting
from tests.crm.factories import (
    ProjectFactory,
    ReviewRequestFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 23, 7, tzinfo=dt.UTC)


@pytest.fixture
def elected(territory):
    return UserFactory(territory=territory, role=Role.ELECTED, email="elue@mairie.example")


@pytest.fixture
def points(territory):
    """Four questions; the third is the most urgent."""
    days = [None, dt.date(2031, 3, 1), dt.date(2031, 1, 1), dt.date(2031, 2, 1)]
    return [
        ReviewRequestFactory(
            project=ProjectFactory(
                territory=territory,
                title=f"Projet {number}",
                confidentiality=Confidentiality.PAIR,
                planned_investment=765_432,
            ),
            question=f"Question {number} ?",
            due_on=day,
        )
        for number, day in enumerate(days, start=1)
    ]


def link_of(user, territory, **options):
    link, secret = CardsLink.objects.issue(user, territory, **options)
    return reverse("crm:cards_link", args=[secret])


def answer(client, page, point, value="agree"):
    return client.post(f"{page}{point.pk}/", {f"p{point.pk}-answer": value})


# The mail ------------------------------------------------------------------------------------


def test_the_mail_tells_three_points_the_most_urgent_first_and_no_amount(elected, points):
    cards_mail.send_all(now=NOW)
    (message,) = mail.outbox
    assert message.to == ["elue@mairie.example"]
    assert message.subject == "4\u00a0points attendent votre avis"
    told = re.findall(r"Question \d", message.body)
    assert told == ["Question 3", "Question 4", "Question 2"]
    assert "Et 1\u00a0autre" in message.body
    html = message.alternatives[0][0]
    for text in (message.body, html):
        assert "765" not in text
        assert "/avis/lien/" in text


def test_the_link_of_the_mail_opens_the_points(client, elected, points):
    cards_mail.send_all(now=timezone.now())
    path = re.search(r"https?://[^/]+(/avis/lien/\S+)", mail.outbox[0].body)[1]
    page = client.get(path)
    assertContains(page, "4 points vous attendent")
    assertContains(page, "Question 3")
    assertNotContains(page, "Question 1")


def test_nothing_waits_no_mail(elected):
    counts = cards_mail.send_all(now=NOW)
    assert (counts.sent, counts.nothing_waits) == (0, 1)
    assert mail.outbox == []


def test_at_most_one_mail_a_week_unless_the_team_asks(elected, points, territory):
    cards_mail.send_all(now=NOW)
    cards_mail.send_all(now=NOW + dt.timedelta(days=3))
    assert len(mail.outbox) == 1
    cards_mail.send_all(now=NOW + dt.timedelta(days=7))
    assert len(mail.outbox) == 2
    cards_mail.send_all(now=NOW + dt.timedelta(days=8), territory=territory, at_once=True)
    assert len(mail.outbox) == 3


def test_a_team_that_clicks_twice_writes_once(sign_in, elected, points):
    officer = sign_in(Role.OFFICER)
    officer.post(reverse("crm:cards_send"))
    told = officer.post(reverse("crm:cards_send"), follow=True)
    assert len(mail.outbox) == 1
    assertContains(told, "il vient d’en recevoir un")


def test_the_last_point_but_three_is_told_in_the_singular(elected, points):
    cards_mail.send_all(now=NOW)
    assert "Et 1\u00a0autre ensuite." in mail.outbox[0].body


def test_who_wants_no_mail_gets_none(sign_in, points):
    client = sign_in(Role.ELECTED)
    client.post(reverse("crm:cards_mail_choice"), {"wanted": "0"})
    assert cards_mail.send_all(now=NOW).sent == 0
    client.post(reverse("crm:cards_mail_choice"), {"wanted": "1"})
    assert cards_mail.send_all(now=NOW).sent == 1


def test_a_refused_mail_is_tried_again(elected, points, settings):
    settings.EMAIL_BACKEND = "tests.crm.test_cards_links.Refusing"
    counts = cards_mail.send_all(now=NOW)
    assert (counts.sent, counts.failed) == (0, 1)
    assert not CardsLink.objects.exists()
    assert CardsMail.objects.get().sent_at is None


class Refusing:
    def __init__(self, **options):
        pass

    def send_messages(self, messages):
        raise OSError("refused")


def test_officers_and_readers_get_no_card(points, territory):
    for role in (Role.OFFICER, Role.MANAGER, Role.READER):
        UserFactory(territory=territory, role=role)
    assert cards_mail.send_all(now=NOW).sent == 0


def test_the_command_says_how_many_and_a_dry_run_sends_nothing(elected, points, capsys):
    call_command("send_cards", dry_run=True, verbosity=2)
    said = capsys.readouterr().out
    assert "1\u00a0courriel à envoyer" in said
    assert "Question 3" in said
    assert "elue@mairie.example" not in said
    assert not CardsLink.objects.exists()
    call_command("send_cards")
    assert "1\u00a0courriel envoyé" in capsys.readouterr().out


def test_without_a_mail_server_the_command_and_the_page_say_so(sign_in, points, settings):
    settings.SENDS_MAIL = False
    with pytest.raises(CommandError, match="EMAIL_HOST"):
        call_command("send_cards")
    officer = sign_in(Role.OFFICER)
    assertContains(officer.get("/avis/"), "n’envoie pas de courriel")
    told = officer.post(reverse("crm:cards_send"), follow=True)
    assertContains(told, "rien n’est parti")
    assert mail.outbox == []


def test_the_team_writes_now_and_sees_when(sign_in, elected, points):
    officer = sign_in(Role.OFFICER)
    assertContains(officer.get("/avis/"), "Aucun courriel envoyé")
    officer.post(reverse("crm:cards_send"))
    assert len(mail.outbox) == 1
    assertContains(officer.get("/avis/"), "pas encore ouvert")


# The link ------------------------------------------------------------------------------------


def test_an_answer_by_link_is_the_member_s(client, elected, points, territory):
    page = link_of(elected, territory)
    assertRedirects(answer(client, page, points[2], "disagree"), page)
    review = Review.objects.get()
    assert (review.reviewer, review.role, review.answer) == (elected, Role.ELECTED, "disagree")
    assertNotContains(client.get(page), "Question 3")


def test_the_link_signs_nobody_in(client, elected, points, territory):
    page = link_of(elected, territory)
    client.get(page)
    answer(client, page, points[2])
    assert client.get("/avis/").status_code == 302
    assert "sessionid" not in client.cookies


def test_no_answer_chosen_is_refused_and_keeps_the_line(client, elected, points, territory):
    page = link_of(elected, territory)
    point = points[2]
    refused = client.post(f"{page}{point.pk}/", {f"p{point.pk}-comment": "Je réfléchis"})
    assertContains(refused, "Choisissez une réponse", status_code=422)
    assertContains(refused, "Je réfléchis", status_code=422)


def test_a_second_answer_changes_nothing_and_says_so(client, elected, points, territory):
    page = link_of(elected, territory)
    answer(client, page, points[2])
    assertContains(answer(client, page, points[2], "disagree"), "déjà", status_code=409)
    assert Review.objects.get().answer == Review.Answer.AGREE


def test_an_answer_that_another_of_the_same_role_gave_is_said_even_to_an_empty_form(
    client, sign_in, elected, points, territory
):
    points[2].answer(
        by=UserFactory(territory=territory, role=Role.ELECTED),
        role=Role.ELECTED,
        answer=Review.Answer.AGREE,
    )
    page = link_of(elected, territory)
    assertContains(client.post(f"{page}{points[2].pk}/"), "déjà", status_code=409)
    signed_in = sign_in(Role.ELECTED)
    url = reverse("crm:review_answer", args=[points[2].pk])
    assertContains(signed_in.post(url), "déjà", status_code=409)


@pytest.mark.parametrize(
    "secret", ["%00", "é" * 300, "..%2F..", "' OR 1=1 --", "%F0%9F%94%91", "%C3%28", "a" * 9000]
)
def test_any_secret_is_only_a_link_that_ended(client, elected, points, secret):
    for response in (
        client.get(f"/avis/lien/{secret}/"),
        client.post(f"/avis/lien/{secret}/{points[2].pk}/"),
    ):
        assert response.status_code in {400, 404, 410}
    assert not Review.objects.exists()


def test_a_number_that_no_point_can_have_is_nobody_s_point(client, sign_in, elected, territory):
    page, huge = link_of(elected, territory), 10**30
    assert client.post(f"{page}{huge}/").status_code == 404
    assert client.post(f"{page}{huge}/vu/").status_code == 404
    signed_in = sign_in(Role.ELECTED)
    for name in ("crm:review_answer", "crm:review_seen", "crm:interest_end"):
        assert signed_in.post(reverse(name, args=[huge])).status_code == 404


def test_a_link_is_read_or_answered_and_nothing_else(client, elected, points, territory):
    page = link_of(elected, territory)
    assert client.post(page).status_code == 405
    assert client.get(f"{page}{points[2].pk}/").status_code == 405
    assert client.put(f"{page}{points[2].pk}/").status_code == 405
    assert client.get(f"{page}{points[2].pk}/vu/").status_code == 405
    assert not Review.objects.exists()
    assert not Sighting.objects.exists()


def test_a_refused_answer_leaves_no_secret_in_the_logs(client, elected, points, territory):
    handler = next(
        one
        for one in logging.getLogger().handlers
        if any(isinstance(kept, WithoutSecrets) for kept in one.filters)
    )
    written = io.StringIO()
    before = handler.setStream(written)
    page = link_of(elected, territory)
    client.post(f"{page}{points[2].pk}/")
    client.get(f"{page}rien/")
    handler.setStream(before)
    lines = written.getvalue().splitlines()
    assert len(lines) == 2
    assert all("/avis/lien/…/" in line for line in lines)


@pytest.mark.parametrize("ended", ["expired", "revoked", "inactive", "left", "unknown"])
def test_a_link_that_ended_opens_nothing(client, elected, points, territory, ended):
    page = link_of(elected, territory)
    if ended == "expired":
        CardsLink.objects.update(expires_at=timezone.now())
    elif ended == "revoked":
        CardsLink.objects.update(revoked_at=timezone.now())
    elif ended == "inactive":
        elected.is_active = False
        elected.save()
    elif ended == "left":
        elected.memberships.all().delete()
    else:
        page = reverse("crm:cards_link", args=["autre-secret"])
    for response in (client.get(page), answer(client, page, points[2])):
        assertContains(response, "Ce lien ne sert plus", status_code=410)
        assertNotContains(response, "Question", status_code=410)
    assert client.post(f"{page}{points[2].pk}/vu/").status_code == 410
    assert not Review.objects.exists()


def test_a_link_opens_no_point_of_another_territory_nor_an_internal_one(
    client, elected, points, territory
):
    page = link_of(elected, territory)
    internal = ReviewRequestFactory(project=ProjectFactory(territory=territory))
    elsewhere = ReviewRequestFactory(
        project=ProjectFactory(confidentiality=Confidentiality.PUBLIC), question="Ailleurs ?"
    )
    for point in (internal, elsewhere):
        assert answer(client, page, point).status_code == 404
        assert client.post(f"{page}{point.pk}/vu/").status_code == 404


def test_the_secret_is_stored_nowhere(elected, territory):
    link, secret = CardsLink.objects.issue(elected, territory)
    assert secret not in str(CardsLink.objects.values())


def test_the_team_revokes_the_links_of_a_member(sign_in, client, elected, points, territory):
    page = link_of(elected, territory)
    member = elected.memberships.get()
    sign_in(Role.OFFICER).post(reverse("crm:cards_links_revoke", args=[member.pk]))
    assert client.get(page).status_code == 410


def test_the_link_is_kept_by_no_cache_and_told_to_no_other_site(client, elected, points, territory):
    response = client.get(link_of(elected, territory))
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "strict-origin"


# What was seen -------------------------------------------------------------------------------


def test_opening_the_page_is_not_seeing_a_card(client, elected, points, territory):
    client.get(link_of(elected, territory))
    assert not Sighting.objects.exists()
    assert CardsLink.objects.get().opened_at is None


def test_what_came_into_sight_is_kept_once_and_again_when_it_changed(
    client, elected, points, territory
):
    page = link_of(elected, territory)
    point = points[2]
    for _ in range(2):
        assert client.post(f"{page}{point.pk}/vu/").status_code == 204
    sighting = Sighting.objects.get()
    assert sighting.shown["investissement prévu"] == "765432.00"
    assert sighting.shown["réponse souhaitée le"] == "2031-01-01"
    assert sighting.via == Sighting.Via.LINK
    assert CardsLink.objects.get().opened_at
    project = point.project
    project.planned_investment = 800_000
    project.save()
    client.post(f"{page}{point.pk}/vu/")
    assert [row.shown["investissement prévu"] for row in Sighting.objects.all()] == [
        "765432.00",
        "800000.00",
    ]


def test_an_answer_keeps_what_was_seen_even_without_a_script(sign_in, points):
    client = sign_in(Role.ELECTED)
    point = points[2]
    url = reverse("crm:review_answer", args=[point.pk])
    client.post(url, {f"p{point.pk}-answer": "agree"})
    assert Sighting.objects.get().shown["question"] == "Question 3 ?"
    assertContains(sign_in(Role.OFFICER).get("/avis/"), "l’a vu le")


def test_who_saw_what_is_the_team_s_business(sign_in, points):
    client = sign_in(Role.ELECTED)
    client.post(reverse("crm:review_seen", args=[points[2].pk]))
    panel = reverse("crm:review_panel", args=[points[2].project.pk])
    assertNotContains(sign_in(Role.INDUSTRIALIST).get(panel), "l’a vu le")
    assertContains(sign_in(Role.OFFICER).get(panel), "l’a vu le")


def test_masked_figures_are_kept_as_masked(client, elected, points, territory):
    point = points[2]
    Interest.objects.create(
        user=elected, organisation=point.project.holder, kind=Interest.Kind.RIVAL
    )
    page = link_of(elected, territory)
    client.post(f"{page}{point.pk}/vu/")
    shown = Sighting.objects.get().shown
    assert shown["montants"] == "masqué"
    assert "765432" not in str(shown)


def test_the_page_of_the_link_costs_the_same_for_fifty_points(
    client, elected, territory, assert_flat_queries
):
    page = link_of(elected, territory)

    def add(count):
        for _ in range(count):
            project = ProjectFactory(territory=territory, confidentiality=Confidentiality.PAIR)
            ReviewRequestFactory(project=project)

    add(3)  # as many as a page shows
    assert_flat_queries(lambda: client.get(page), add)
