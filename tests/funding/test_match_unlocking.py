"""Which answers settle most matches: « settled » means certain whatever the answers are."""

import datetime as dt
from decimal import Decimal as D

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.asserts import assertContains, assertNotContains

from crm.models import Role
from funding import unlocking
from funding.eligibility import Fact, Interval, Rules, Verdict, Window, parse_criterion
from funding.models import MatchDecision
from funding.portfolio import Informations, matches_of_holder
from tests.crm.factories import OrganisationFactory, ProjectFactory, SiteFactory
from tests.funding.criteria import KIND_ROWS, TODAY
from tests.funding.factories import MatchDecisionFactory, ProgramFactory
from tests.funding.strategies import known_facts

TURNOVER = {"kind": "turnover", "key": "turnover", "max": "10000000"}
EQUITY = {"kind": "equity", "key": "equity", "min": "1"}
AUDIT = {"kind": "prior_study", "key": "audit", "study": "energy_audit", "max_years": 4}
UNCERTAIN = {**EQUITY, "confidence": "TBV"}
AFR = {"kind": "place", "key": "place", "zone": "afr", "regions": ["76"]}
BAND = {"kind": "headcount", "key": "h", "min": 15}


def needed(row, **values):
    facts = {key.replace("__", ":"): Fact(value) for key, value in values.items()}
    return unlocking.needed(parse_criterion({"key": "tested", **row}), facts, TODAY)


@pytest.mark.parametrize(
    ("row", "values", "expected"),
    [
        (TURNOVER, {}, {"turnover"}),
        (TURNOVER, {"turnover": D(1)}, set()),
        (UNCERTAIN, {}, None),
        (AUDIT, {}, {"study:energy_audit"}),
        (AUDIT, {"study__energy_audit": True}, {"study:energy_audit"}),
        (BAND, {"headcount": Interval(10, 19)}, {"headcount"}),
        (AFR, {}, {"commune", "zone:afr"}),
        (AFR, {"region": "76", "commune": "32132"}, {"zone:afr"}),
        ({"kind": "size", "accepted": ["micro"]}, {"headcount": Interval(1, 5)}, {"eu_size"}),
        ({"kind": "not_started"}, {"filings": {}}, {"first_commitment_on"}),
        ({"kind": "text", "text": "Lettre."}, {}, {"judgement:tested"}),
    ],
)
def test_what_settles_a_criterion_whatever_the_answer(row, values, expected):
    assert needed(row, **values) == expected


@given(st.sampled_from(KIND_ROWS), known_facts(), st.data())
def test_known_facts_settle_what_was_announced(row, facts, data):
    """Any answer that the page can take, to every fact that is said to be needed."""
    criterion = parse_criterion({"key": "tested", **row})
    wanted = unlocking.needed(criterion, facts, TODAY)
    while wanted:
        key = criterion.missing(facts)
        question = criterion.ask(key, facts)
        if question.input == "record":
            return
        assert key in wanted
        choices = unlocking.possible(criterion, question, TODAY)
        facts = {**facts, key: Fact(data.draw(st.sampled_from(choices)))}
        wanted = wanted - {key}
    assert wanted is None or criterion.answer(facts, TODAY).name != "UNKNOWN"


@pytest.mark.django_db
@pytest.mark.parametrize("vintage", ["rev2", "2025"])
def test_the_naf_of_a_site_is_asked_where_its_form_takes_it(officer_client, territory, vintage):
    ProgramFactory(criteria=[{"kind": "naf", "key": "n", "vintage": vintage, "accepted": ["C"]}])
    project = ProjectFactory(territory=territory)
    field = "naf_rev2" if vintage == "rev2" else "naf_2025"
    panel = reverse("funding:question_panel", args=[project.pk])
    new = reverse("crm:site_new", args=[project.holder_id])
    assertContains(officer_client.get(panel), f'href="{new}#id_{field}"')
    first = SiteFactory(organisation=project.holder, naf_rev2="", is_head_office=True)
    edit = reverse("crm:site_edit", args=[first.pk])
    assertContains(officer_client.get(panel), f'href="{edit}#id_{field}"')
    chosen = SiteFactory(organisation=project.holder, naf_rev2="")
    project.site = chosen
    project.save()
    edit = reverse("crm:site_edit", args=[chosen.pk])
    assertContains(officer_client.get(panel), f'href="{edit}#id_{field}"')
    assertContains(officer_client.get(edit), f'id="id_{field}"')


def couples(*programs, project="p"):
    facts = {"beneficiary": Fact("company")}
    return [
        unlocking.couple_of(
            project,
            number,
            Rules.parse(rows, Window("open")).assess(facts, TODAY),
            lambda fact: "owner",
            D(100),
        )
        for number, rows in enumerate(programs)
    ]


def test_a_couple_is_settled_only_by_all_that_it_waits_for():
    one, two, never = couples([TURNOVER], [TURNOVER, EQUITY], [TURNOVER, {**UNCERTAIN, "key": "u"}])
    turnover, equity = ("turnover", "owner"), ("equity", "owner")
    found = [one, two, never]
    assert unlocking.settled(found, [turnover]) == [one]
    assert unlocking.settled(found, [equity]) == []
    assert unlocking.settled(found, [turnover, equity]) == [one, two]
    assert unlocking.best(found, 4) == [turnover, equity]
    assert never.needs is None


def test_the_first_facts_lead_to_pairs_that_need_two():
    found = couples([TURNOVER, EQUITY], [TURNOVER, EQUITY], [AUDIT])
    facts = [fact for fact, _ in unlocking.best(found, 3)]
    assert set(facts) == {"turnover", "equity", "study:energy_audit"}
    assert len(unlocking.settled(found, unlocking.best(found, 3))) == 3
    assert len(unlocking.settled(found, unlocking.best(found, 1))) == 1


def test_euros_are_the_largest_aid_of_each_project():
    found = couples([TURNOVER], [TURNOVER]) + couples([TURNOVER], project="q")
    [missing] = unlocking.missing(found)
    assert missing.euros == D(200)
    assert len(missing.alone) == 3
    assert unlocking.expected([]) is None


# On the pages.

IN_DIFFICULTY = {
    "kind": "fact", "key": "d", "fact": "in_difficulty", "type": "bool", "expected": False,
    "label": "Pas en difficulté", "question": "L’entreprise est-elle en difficulté ?",
}  # fmt: skip


@pytest.fixture
def holder(territory):
    holder = OrganisationFactory(territory=territory, headcount=42)
    SiteFactory(organisation=holder, commune_id="32132")
    return holder


@pytest.fixture
def projects(holder):
    return ProjectFactory.create_batch(
        3, territory=holder.territory, holder=holder, confidentiality="partenaires"
    )


def whole(client):
    return client.get(reverse("funding:information_list"))


def test_a_fact_of_the_company_is_asked_once_for_all_its_projects(officer_client, projects):
    ProgramFactory(criteria=[IN_DIFFICULTY])
    page = whole(officer_client)
    assertContains(
        page, "Cette information débloque 3 couples projet-dispositif".replace("3 ", "3\u00a0")
    )
    [card] = page.context["top"]
    response = officer_client.post(
        reverse("funding:information_answer", args=[card["one"].subject.pk]),
        {"fact": "in_difficulty", "value": "non"},
        headers={"HX-Request": "true"},
    )
    assertContains(response, "Rien à confirmer")
    assert whole(officer_client).context["top"] == []


def test_the_company_shows_what_its_projects_wait_for(officer_client, holder, projects):
    ProgramFactory(criteria=[IN_DIFFICULTY])
    ProgramFactory(criteria=[AUDIT])
    page = officer_client.get(reverse("funding:holder_informations", args=[holder.pk]))
    assert page.context["couples"] == 6
    assert page.context["settled"] == 6
    answer = reverse("funding:holder_answer", args=[projects[0].pk])
    response = officer_client.post(
        answer, {"fact": "in_difficulty", "value": "non"}, headers={"HX-Request": "true"}
    )
    assert response.status_code == 200
    again = officer_client.get(reverse("funding:holder_informations", args=[holder.pk]))
    assert again.context["couples"] == 3


def test_what_is_refused_says_why_and_writes_nothing(officer_client, holder, projects):
    ProgramFactory(criteria=[TURNOVER])
    answer = reverse("funding:information_answer", args=[projects[0].pk])
    response = officer_client.post(
        answer, {"fact": "turnover", "value": "beaucoup"}, headers={"HX-Request": "true"}
    )
    assertContains(response, "n’est pas un nombre", status_code=422)
    gone = officer_client.post(answer, {"fact": "x", "value": "1"}, headers={"HX-Request": "true"})
    assertContains(gone, "n’est plus demandée", status_code=409)
    holder.refresh_from_db()
    assert holder.turnover is None


def test_the_portfolio_says_what_the_pages_of_the_projects_say(officer_client, holder, projects):
    for rows in ([IN_DIFFICULTY], [AUDIT, TURNOVER], [UNCERTAIN, AUDIT], [AFR], [BAND]):
        ProgramFactory(criteria=rows)
    MatchDecisionFactory(project=projects[0], dismissed=True, program=ProgramFactory())
    viewer = officer_client.user
    bulk = Informations.of_territory(viewer, holder.territory, TODAY)
    page = Informations.of(matches_of_holder(holder, viewer, TODAY))
    assert set(bulk.couples) == set(page.couples)
    assert {one.item for one in bulk.missing} == {one.item for one in page.missing}


def test_a_dismissed_match_asks_nothing_of_the_portfolio(officer_client, projects):
    program = ProgramFactory(criteria=[TURNOVER])
    for project in projects:
        MatchDecision.objects.decide(
            project, program, "dismissed", by=officer_client.user, reason="had"
        )
    assert whole(officer_client).context["couples"] == 0


def test_readers_see_the_questions_of_their_projects_and_do_not_answer(sign_in, projects):
    ProgramFactory(criteria=[TURNOVER])
    secret = ProjectFactory(territory=projects[0].territory, title="Projet secret")
    page = whole(sign_in(Role.READER))
    assert page.context["couples"] == 3
    assertNotContains(page, secret.title)
    assertNotContains(page, 'name="value"')


def test_nothing_missing_says_so(officer_client):
    assertContains(whole(officer_client), "Rien à confirmer")


def test_the_portfolio_costs_the_same_for_one_as_for_fifty(
    officer_client, territory, assert_flat_queries
):
    def add(count):
        ProgramFactory.create_batch(count, criteria=[AUDIT, TURNOVER])
        for project in ProjectFactory.create_batch(min(count, 9), territory=territory):
            SiteFactory(organisation=project.holder, commune_id="32132")
            MatchDecisionFactory(project=project, dismissed=True)

    assert_flat_queries(lambda: whole(officer_client), add)


def test_a_certain_match_is_no_couple(officer_client, holder, projects):
    ProgramFactory()
    matches = matches_of_holder(holder, officer_client.user, dt.date(2026, 11, 22))
    assert {match.verdict for match in matches} == {Verdict.ELIGIBLE}
    assert Informations.of(matches).couples == []


def test_the_panel_of_a_company_costs_the_same_for_one_project_as_for_fifty(
    officer_client, holder, assert_flat_queries
):
    ProgramFactory(criteria=[AUDIT, TURNOVER])

    def add(count):
        ProjectFactory.create_batch(count, territory=holder.territory, holder=holder)

    url = reverse("funding:holder_informations", args=[holder.pk])
    assert_flat_queries(lambda: officer_client.get(url), add)
