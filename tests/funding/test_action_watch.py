"""What changes of the catalogue for a collective action, what it misses to know, and the API."""

import datetime as dt

import pytest
from django.core import mail
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from actions.models import Action
from crm.models import Role
from funding import catalogue, watch
from funding.eligibility import Verdict
from funding.models import DeclaredFact, WatchNotice
from funding.portfolio import Informations, matches_of_holder
from tests.actions.factories import ActionPlanFactory
from tests.crm.factories import (
    OrganisationFactory,
    PartnerTokenFactory,
    ProjectFactory,
    TerritoryFactory,
    UserFactory,
)
from tests.funding.factories import (
    ApplicationFactory,
    MatchDecisionFactory,
    ProgramFactory,
    WatchNoticeFactory,
)
from tests.funding.test_action_funding import (
    COSTS,
    DUES,
    EPCI,
    LETTER,
    STARTED,
    TEXT,
    make_action,
    panel,
)

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
ELIGIBLE, TO_CONFIRM, NOT_ELIGIBLE = Verdict.ELIGIBLE, Verdict.TO_CONFIRM, Verdict.NOT_ELIGIBLE


@pytest.fixture
def pilot(territory):
    return OrganisationFactory(territory=territory, kind="epci")


@pytest.fixture
def action(territory, pilot):
    return make_action(territory, pilot)


def publish(program, **values):
    return catalogue.publish(program, values, source="arrêté", applies_from=timezone.localdate())


def test_a_change_of_the_catalogue_is_told_of_the_actions_it_moves(action, territory, pilot):
    small = make_action(territory, pilot, budget_planned=10_000)
    unknown = make_action(territory, pilot, budget_planned=None)
    over = make_action(territory, pilot, status="termine")
    past = ActionPlanFactory(territory=territory, is_current=False)
    old = make_action(territory, pilot, plan=past)
    program = ProgramFactory(criteria=[EPCI])
    publish(program, criteria=[EPCI, COSTS])
    watch.catch_up()
    told = {notice.action: (notice.before, notice.after) for notice in WatchNotice.objects.all()}
    assert told == {small: (ELIGIBLE, NOT_ELIGIBLE), unknown: (ELIGIBLE, TO_CONFIRM)}
    assert not {action, over, old} & told.keys()
    [reason] = WatchNotice.objects.get(action=small).told
    assert "30" in reason.after
    assert "10" in reason.found


def test_a_change_taken_back_the_same_day_tells_an_action_nothing(territory, pilot):
    make_action(territory, pilot, budget_planned=10_000)
    program = ProgramFactory(criteria=[EPCI])
    for criteria in ([EPCI, COSTS], [EPCI]):
        publish(program, criteria=criteria)
        watch.catch_up()
    assert not WatchNotice.objects.filter(reverted_at=None).exists()


def test_what_is_set_aside_for_an_action_is_told_only_when_it_fits(officer_client, action):
    program = ProgramFactory(criteria=[EPCI])
    MatchDecisionFactory(project=None, action=action, program=program, dismissed=True)
    publish(program, criteria=[EPCI, {**COSTS, "min": 90_000}])
    assert watch.catch_up().notices == 0
    publish(program, criteria=[EPCI])
    assert watch.catch_up().notices == 1


def test_a_local_version_moves_the_actions_of_its_territory_only(territory, pilot, action):
    elsewhere = TerritoryFactory(name="Ailleurs", perimeter=True)
    theirs = make_action(elsewhere, OrganisationFactory(territory=elsewhere, kind="epci"))
    program = ProgramFactory(criteria=[EPCI], territory=territory)
    publish(program, criteria=[EPCI, {**COSTS, "min": 90_000}])
    watch.catch_up()
    assert [notice.action for notice in WatchNotice.objects.all()] == [action]
    assert theirs.watch_notices.count() == 0


def test_a_notice_of_an_action_is_read_where_those_of_projects_are(officer_client, action):
    notice = WatchNoticeFactory(project=None, action=action)
    ApplicationFactory(project=None, action=action, program=notice.program)
    address = officer_client.get
    for page in (
        address(reverse("reporting:today")),
        address(reverse("funding:watch_list")),
        address(reverse("funding:watch_list"), {"action": action.pk, "order": "project"}),
        address(reverse("funding:watch_list"), {"q": action.title, "stakes": "true"}),
        address(reverse("funding:action_watch_panel", args=[action.pk])),
        address(reverse("reporting:watch_export", args=["csv"])),
    ):
        body = (page.getvalue() if page.streaming else page.content).decode()
        assert notice.program.name in body
        if (
            "veille/" not in page.request["PATH_INFO"]
            or "/action/" not in page.request["PATH_INFO"]
        ):
            assert action.title in body
    none = address(reverse("funding:watch_list"), {"stakes": "false"})
    assert none.context["page"].paginator.count == 0


def test_a_notice_of_an_action_is_marked_as_seen_and_back(officer_client, action):
    WatchNoticeFactory(project=None, action=action)
    officer_client.post(reverse("funding:watch_seen") + "?order=project")
    notice = WatchNotice.objects.get()
    assert notice.seen_by == officer_client.user
    officer_client.post(reverse("funding:watch_unseen", args=[notice.seen_mark]))
    assert WatchNotice.objects.unseen().get() == notice


def test_a_notice_of_an_action_that_is_over_waits_for_nobody(action):
    WatchNoticeFactory(project=None, action=action)
    Action.objects.update(status="abandonne")
    assert not WatchNotice.objects.unseen().exists()


def test_an_action_is_told_what_closes_soon(officer_client, territory, action, pilot):
    soon = timezone.localdate() + dt.timedelta(days=30)
    program = ProgramFactory(criteria=[EPCI], closes_on=soon)
    make_action(territory, pilot, status="termine")
    aside, filed = make_action(territory, pilot), make_action(territory, pilot)
    MatchDecisionFactory(project=None, action=aside, program=program, dismissed=True)
    ApplicationFactory(project=None, action=filed, program=program, status="depose")
    [closing] = watch.closing(officer_client.user, territory)
    assert [one.subject.action for one in closing.candidates] == [action]
    project = ProjectFactory(territory=territory, holder=pilot)
    url = reverse("funding:watch_closing")
    counts = {
        name: officer_client.get(url, query).context["page"].paginator.count
        for name, query in {
            "all": {},
            "action": {"action": action.pk},
            "project": {"project": project.pk},
        }.items()
    }
    assert counts == {"all": 2, "action": 1, "project": 1}
    assert officer_client.get(url, {"action": "douze"}).status_code == 400
    export = officer_client.get(reverse("reporting:closing_export", args=["csv"]))
    assert action.title in export.getvalue().decode()


def test_the_weekly_mail_tells_of_actions(territory, action):
    UserFactory(territory=territory, role=Role.OFFICER, email="ines@exemple.test")
    WatchNoticeFactory(project=None, action=action)
    soon = timezone.localdate() + dt.timedelta(days=30)
    ProgramFactory(name="Aide qui ferme", criteria=[EPCI], closes_on=soon)
    call_command("send_digest", verbosity=0)
    [message] = mail.outbox
    for body in (message.body, message.alternatives[0][0]):
        assert body.count(action.title) == 2
        assert action.get_absolute_url() in body


def test_the_portfolio_asks_what_the_pages_of_the_actions_ask(officer_client, territory, action):
    other = make_action(territory, action.pilot)
    MatchDecisionFactory(
        project=None, action=other, program=ProgramFactory(criteria=[LETTER]), dismissed=True
    )
    for rows in ([EPCI, DUES], [EPCI, LETTER, COSTS], [STARTED], [TEXT]):
        ProgramFactory(criteria=rows)
    viewer, today = officer_client.user, timezone.localdate()
    whole = Informations.of_territory(viewer, territory, today)
    page = Informations.of(matches_of_holder(action.pilot, viewer, today))
    assert set(whole.couples) == set(page.couples)
    assert len(whole.couples) == 9


def test_a_question_of_the_portfolio_is_answered_through_an_action(
    officer_client, territory, action
):
    make_action(territory, action.pilot)
    ProjectFactory(territory=territory, holder=action.pilot)
    ProgramFactory(criteria=[DUES])
    page = officer_client.get(reverse("funding:information_list"))
    [card] = page.context["top"]
    assert card["among"].replace("\u00a0", " ") == "1 projet et 2 actions"
    officer_client.post(card["url"], {"fact": card["one"].fact, "value": "oui"}, headers=HTMX)
    assert DeclaredFact.objects.get().organisation == action.pilot
    again = officer_client.get(reverse("funding:information_list"))
    assert again.context["couples"] == 0


def test_the_api_gives_the_verdicts_and_decisions_of_actions(client, territory, action):
    project = ProjectFactory(territory=territory, confidentiality="public")
    program = ProgramFactory(code="A1", criteria=[EPCI, TEXT])
    DeclaredFact.objects.create(action=action, key="judgement:A1:ambition", value=True)
    MatchDecisionFactory(project=None, action=action, program=program)
    token = PartnerTokenFactory(territory=territory, scopes=["matches:read"])
    headers = {"Authorization": f"Token {token.secret}"}

    def ask(**query):
        return client.get(reverse("api:match-list"), query, headers=headers).json()["results"]

    [row] = ask(action=action.pk)
    assert row["action"] == {"id": action.pk, "code": action.code}
    assert (row["project"], row["verdict"]) == (None, "eligible")
    assert row["decision"]["kind"] == "retained"
    assert len(row["criteria"][-1]["judgements"]) == 1
    assert len(ask()) == 2
    assert [one["action"] for one in ask(project=project.pk)] == [None]


def test_cost_is_flat_with_decisions_and_answers(officer_client, action, assert_flat_queries):
    def add(count):
        for _ in range(count):
            one = ProgramFactory(criteria=[EPCI, TEXT])
            DeclaredFact.objects.create(
                action=action, key=f"judgement:{one.code}:ambition", value=True
            )
            MatchDecisionFactory(project=None, action=action, by=UserFactory())
            MatchDecisionFactory(project=None, action=action, by=UserFactory(), dismissed=True)

    assert_flat_queries(lambda: panel(officer_client, action), add)


def test_the_watch_costs_the_same_for_one_action_and_for_fifty(
    officer_client, territory, pilot, assert_flat_queries
):
    soon = timezone.localdate() + dt.timedelta(days=30)
    ProgramFactory(criteria=[EPCI], closes_on=soon)

    def add(count):
        for action in [make_action(territory, pilot) for _ in range(count)]:
            action.epcis.set(territory.epcis.all())
            action.themes.set(["num"])

    assert_flat_queries(lambda: watch.closing(officer_client.user, territory), add)
    informations = reverse("funding:information_list")
    assert_flat_queries(lambda: officer_client.get(informations), add)
