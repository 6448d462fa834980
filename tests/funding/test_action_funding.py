"""A collective action seeks money as a project does: answers, decisions, watch, missing facts."""

import datetime as dt

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from actions.models import Action
from crm.models import Role
from funding import action_facts, answers, catalogue, watch
from funding.action_facts import matches_of_action
from funding.eligibility import Verdict
from funding.models import DeclaredFact, MatchDecision, Program, WatchNotice
from funding.models.subjects import ActionSubject
from funding.portfolio import Informations, matches_of_holder
from tests.actions.factories import ActionFactory, ActionPlanFactory
from tests.crm.factories import (
    OrganisationFactory,
    PartnerTokenFactory,
    ProjectFactory,
    TerritoryFactory,
    UserFactory,
)
from tests.funding.factories import (
    ApplicationFactory,
    FinancingPlanFactory,
    MatchDecisionFactory,
    ProgramFactory,
    WatchNoticeFactory,
)

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
ELIGIBLE, TO_CONFIRM, NOT_ELIGIBLE = Verdict.ELIGIBLE, Verdict.TO_CONFIRM, Verdict.NOT_ELIGIBLE
EPCI = {"kind": "beneficiary", "key": "who", "accepted": ["epci"]}
TEXT = {"kind": "text", "key": "ambition", "text": "Le projet est ambitieux."}
COSTS = {"kind": "eligible_costs", "key": "costs", "min": 30_000}
STARTED = {"kind": "not_started", "key": "started"}
LETTER = {
    "kind": "fact", "key": "letter", "fact": "support_letter", "type": "bool", "expected": True,
    "label": "Lettre de soutien", "question": "L’EPCI a-t-il écrit une lettre ?",
}  # fmt: skip
DUES = {
    "kind": "fact", "key": "dues", "fact": "up_to_date_contributions", "type": "bool",
    "expected": True, "label": "À jour", "question": "Le pilote est-il à jour ?",
}  # fmt: skip


@pytest.fixture
def pilot(territory):
    return OrganisationFactory(territory=territory, kind="epci")


@pytest.fixture
def action(territory, pilot):
    return make_action(territory, pilot)


def make_action(territory, pilot, **fields):
    return ActionFactory(territory=territory, pilot=pilot, **{"budget_planned": 40_000, **fields})


def send(client, name, action, **data):
    return client.post(reverse(f"funding:action_{name}", args=[action.pk]), data, headers=HTMX)


def answer(client, action, fact, value, **data):
    return send(client, "answer", action, fact=fact, value=value, **data)


def panel(client, action):
    return client.get(reverse("funding:action_panel", args=[action.pk]))


def asked(client, action):
    page = client.get(reverse("funding:action_question_panel", args=[action.pk]))
    return [card["one"].fact for card in page.context["questions"]["top"]]


def verdict(client, action):
    """The only verdict of the action, that the vectorised rules give too."""
    [match] = matches_of_action(action, client.user)
    found = action_facts.verdicts(Action.objects.filter(pk=action.pk), Program.objects.all())
    assert found.verdict(action.pk, match.program.pk) == match.verdict
    return match.verdict


# Answers.


def test_what_is_true_of_the_pilot_is_answered_once_for_all_its_actions(
    officer_client, action, territory, pilot
):
    other = make_action(territory, pilot)
    ProgramFactory(criteria=[EPCI, DUES])
    assert verdict(officer_client, other) is TO_CONFIRM
    response = answer(officer_client, action, "up_to_date_contributions", "oui")
    assertContains(response, "Aucune information ne manque")
    assert DeclaredFact.objects.get().organisation == pilot
    assert verdict(officer_client, other) is ELIGIBLE


def test_the_rest_is_answered_for_the_action_alone(officer_client, action, territory, pilot):
    other = make_action(territory, pilot)
    ProgramFactory(criteria=[EPCI, LETTER])
    answer(officer_client, action, "support_letter", "oui")
    assert DeclaredFact.objects.get().action == action
    assert verdict(officer_client, action) is ELIGIBLE
    assert asked(officer_client, other) == ["support_letter"]


def test_the_budget_is_written_on_the_fiche_and_can_be_taken_back(officer_client, action):
    Action.objects.update(budget_planned=None)
    ProgramFactory(criteria=[COSTS])
    assert asked(officer_client, action) == ["eligible_costs"]
    response = answer(officer_client, action, "eligible_costs", "36 000,50")
    assertContains(response, "1\u00a0réponse donnée")
    fiche = Action.objects.get()
    assert (str(fiche.budget_planned), fiche.version) == ("36000.50", action.version + 1)
    assert verdict(officer_client, action) is ELIGIBLE
    send(officer_client, "forget", action, fact="eligible_costs", seen="36000.50")
    assert Action.objects.get().budget_planned is None
    url = reverse("funding:action_restore", args=[action.pk, "eligible_costs"])
    officer_client.post(url, headers=HTMX)
    assert str(Action.objects.get().budget_planned) == "36000.50"


def test_a_fact_that_a_fiche_has_no_field_for_is_kept_beside_it(officer_client, action):
    ProgramFactory(criteria=[STARTED])
    assert asked(officer_client, action) == ["first_commitment_on"]
    answer(officer_client, action, "first_commitment_on", "2026-01-15")
    assert DeclaredFact.objects.get().value == "2026-01-15"
    [given] = answers.given(ActionSubject(action))
    assert given.said == "15/01/2026"


def test_an_edit_of_the_fiche_is_no_longer_an_answer(officer_client, action):
    Action.objects.update(budget_planned=None)
    ProgramFactory(criteria=[COSTS])
    answer(officer_client, action, "eligible_costs", "36000")
    fiche = Action.objects.get()
    url = reverse("actions:action_edit", args=[action.pk])
    form = officer_client.get(url).context["form"]
    data = {name: form[name].value() or "" for name in form.fields}
    data |= {"budget_planned": "50000", "epcis": [], "themes": [], "national_priorities": []}
    assert officer_client.post(url, data).status_code == 302
    assert answers.given(ActionSubject(Action.objects.get())) == []
    assert Action.objects.get().version == fiche.version + 1


@pytest.mark.parametrize(
    ("fact", "value", "status", "said"),
    [
        ("eligible_costs", "beaucoup", 422, "n’est pas un nombre"),
        ("eligible_costs", "-3", 422, "supérieur"),
        ("eligible_costs", "9" * 15, 422, "chiffres"),
        ("support_letter", "peut-être", 422, "choix"),
        ("support_letter", "", 422, "oui ou par non"),
        ("horoscope", "oui", 409, "n’est plus demandée"),
    ],
)
def test_a_wrong_answer_says_why_and_writes_nothing(
    officer_client, action, fact, value, status, said
):
    Action.objects.update(budget_planned=None)
    ProgramFactory(criteria=[COSTS, LETTER])
    response = answer(officer_client, action, fact, value)
    assertContains(response, said, status_code=status)
    assert not DeclaredFact.objects.exists()
    assert Action.objects.get().budget_planned is None


def test_without_a_pilot_what_concerns_it_waits_for_one(officer_client, action):
    Action.objects.update(pilot=None)
    ProgramFactory(criteria=[DUES])
    page = officer_client.get(reverse("funding:action_question_panel", args=[action.pk]))
    assertContains(page, reverse("actions:action_edit", args=[action.pk]))
    assertNotContains(page, 'name="value"')
    response = answer(officer_client, action, "up_to_date_contributions", "oui")
    assertContains(response, "désignez-le d’abord", status_code=409)
    assert not DeclaredFact.objects.exists()


def test_an_answer_about_a_project_is_not_one_of_the_action(officer_client, territory, action):
    """They may bear the same number."""
    project = ProjectFactory(territory=territory, pk=action.pk, holder=action.pilot)
    DeclaredFact.objects.create(project=project, key="support_letter", value=True)
    ProgramFactory(criteria=[EPCI, LETTER])
    assert verdict(officer_client, action) is TO_CONFIRM
    assert answers.given(ActionSubject(action)) == []
    assert answers.judgements(action.pk, of="action") == {}


def test_a_plain_text_condition_is_judged_for_the_action(officer_client, action):
    ProgramFactory(code="A1", criteria=[EPCI, TEXT], version=3)
    answer(officer_client, action, "judgement:A1:ambition", "oui")
    assert verdict(officer_client, action) is ELIGIBLE
    assertContains(panel(officer_client, action), "version 3")
    answer(officer_client, action, "judgement:A1:ambition", "non")
    assert verdict(officer_client, action) is NOT_ELIGIBLE
    said = answers.judgements(action.pk, of="action")[action.pk, "judgement:A1:ambition"]
    assert [one.is_met for one in said] == [False, True]


def test_a_fact_is_of_one_thing_only(action, pilot, territory):
    project = ProjectFactory(territory=territory)
    for about in (
        {},
        {"action": action, "organisation": pilot},
        {"project": project, **{"action": action}},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            DeclaredFact.objects.create(key="x", value=True, **about)
    DeclaredFact.objects.create(action=action, key="x", value=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        DeclaredFact.objects.create(action=action, key="x", value=False)


def test_facts_and_decisions_of_an_action_stay_in_its_territory(territory, action):
    DeclaredFact.objects.create(action=action, key="x", value=True)
    MatchDecisionFactory(project=None, action=action)
    mine = UserFactory(territory=territory, role=Role.READER)
    stranger = UserFactory(territory=TerritoryFactory(name="Ailleurs", perimeter=True))
    for model in (DeclaredFact, MatchDecision):
        assert model.objects.visible_to(mine).count() == 1
        assert model.objects.visible_to(stranger).count() == 0


@pytest.mark.parametrize("role", [Role.READER, Role.ELECTED, Role.INDUSTRIALIST])
def test_others_read_and_do_not_answer_nor_decide(sign_in, action, role):
    program = ProgramFactory(criteria=[EPCI, LETTER])
    client = sign_in(role)
    assertNotContains(panel(client, action), "Écarter")
    assert answer(client, action, "support_letter", "oui").status_code == 403
    assert send(client, "retain", action, program=program.pk).status_code == 403
    assert not MatchDecision.objects.exists()


# Themes.


def test_an_action_declares_themes_beyond_its_axes(officer_client, action):
    ProgramFactory(criteria=[{"kind": "themes", "key": "t", "any": ["num"]}])
    assert verdict(officer_client, action) is NOT_ELIGIBLE
    url = reverse("actions:action_edit", args=[action.pk])
    assertContains(officer_client.get(url), "Autres thèmes")
    action.themes.set(["num"])
    assert verdict(officer_client, action) is ELIGIBLE
    [match] = matches_of_action(action, officer_client.user)
    assert match.assessment.facts["themes"].source == "axes et thèmes de la fiche action"
    assertContains(officer_client.get(action.get_absolute_url()), "Autres thèmes")


# Decisions.


def test_a_program_is_set_aside_with_its_reason_and_comes_back(officer_client, action):
    program = ProgramFactory(criteria=[EPCI])
    send(officer_client, "dismiss", action, program=program.pk, reason="had")
    page = panel(officer_client, action)
    assert (page.context["live"], len(page.context["dismissed"])) == (0, 1)
    assertContains(page, "Aide déjà obtenue")
    decision = MatchDecision.objects.get()
    assert (decision.action, decision.project) == (action, None)
    officer_client.post(reverse("funding:decision_revoke", args=[decision.pk]), headers=HTMX)
    assert panel(officer_client, action).context["live"] == 1
    officer_client.post(reverse("funding:decision_renew", args=[decision.pk]), headers=HTMX)
    assert MatchDecision.objects.live().get().action == action


def test_the_shortlist_of_an_action_leads_to_its_file_and_its_plan(officer_client, action):
    first, second = ProgramFactory.create_batch(2, criteria=[EPCI])
    plan = FinancingPlanFactory(project=None, action=action)
    for program in (first, second):
        send(officer_client, "retain", action, program=program.pk)
    up = reverse("funding:decision_up", args=[MatchDecision.objects.get(program=second).pk])
    officer_client.post(up)
    page = panel(officer_client, action)
    assert [line.match.program for line in page.context["retained"]] == [second, first]
    file = reverse("funding:action_application_new", args=[action.pk])
    line = reverse("funding:line_new", args=[plan.pk, "ressource"])
    for address in (file, line):
        assertContains(page, f"{address}?dispositif={first.pk}")
    programs = officer_client.get(reverse("funding:plan_programs", args=[plan.pk]))
    assert [match.program for match in programs.context["matches"]] == [second, first]


def test_what_is_set_aside_is_not_proposed_to_the_plan(officer_client, action):
    program = ProgramFactory(criteria=[EPCI])
    plan = FinancingPlanFactory(project=None, action=action)
    MatchDecisionFactory(project=None, action=action, program=program, dismissed=True)
    page = officer_client.get(reverse("funding:plan_programs", args=[plan.pk]))
    assert page.context["matches"] == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"reason": ""}, "Dites pourquoi"),
        ({"reason": "other"}, "Écrivez la raison"),
        ({"program": "²"}, "n’est pas au catalogue"),
    ],
)
def test_a_decision_that_is_refused_says_why(officer_client, action, data, said):
    program = ProgramFactory(criteria=[EPCI])
    response = send(
        officer_client, "dismiss", action, **{"program": program.pk, "reason": "theme", **data}
    )
    assertContains(response, said, status_code=422)
    assert not MatchDecision.objects.exists()


def test_one_live_decision_for_an_action_and_a_program(action):
    program = ProgramFactory()
    MatchDecisionFactory(project=None, action=action, program=program)
    with pytest.raises(IntegrityError), transaction.atomic():
        MatchDecisionFactory(project=None, action=action, program=program, dismissed=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        MatchDecisionFactory(action=action)


def test_a_program_said_expired_for_an_action_is_told_to_who_keeps_it(sign_in, action):
    program = ProgramFactory(verified_on="2026-01-01")
    MatchDecisionFactory(
        project=None, action=action, program=program, kind="dismissed", reason="expired"
    )
    url = reverse("funding:program", args=[program.pk])
    assertContains(sign_in(Role.MANAGER).get(url), "Signalé expiré")


# Watch.


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


# Missing facts, and the API.


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
