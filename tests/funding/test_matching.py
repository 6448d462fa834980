import datetime as dt
from decimal import Decimal as D

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from crm.models import Commune, Organisation, Project, Role, Theme
from funding import bulk
from funding.eligibility import Answer, Rules, Verdict, Window
from funding.facts import FactReader, with_facts, with_holder_facts
from funding.forms.answers import AnswerForm
from funding.matching import Matcher, matches_of
from funding.models import DeclaredFact
from tests.crm.factories import OrganisationFactory, ProjectFactory, SiteFactory
from tests.funding.factories import ApplicationFactory, ProgramFactory

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 22)
AUDIT = {
    "kind": "prior_study",
    "key": "audit",
    "study": "energy_audit",
    "question": "De quand date l’audit énergétique ?",
}
TURNOVER = {"kind": "turnover", "key": "turnover", "max": "10000000"}
IN_DIFFICULTY = {
    "kind": "fact",
    "key": "difficulty",
    "fact": "in_difficulty",
    "type": "bool",
    "expected": False,
    "label": "L’entreprise n’est pas en difficulté",
    "question": "L’entreprise est-elle en difficulté ?",
}
COSTS = {"kind": "eligible_costs", "key": "costs", "min": "100000"}
SITE_HEADCOUNT = {"kind": "headcount", "key": "site", "scope": "site", "min": 20}


@pytest.fixture
def project(territory):
    return project_to_match(territory)


def project_to_match(territory):
    holder = OrganisationFactory(territory=territory, headcount=42)
    SiteFactory(organisation=holder, commune=Commune.objects.get(pk="32132"))
    project = ProjectFactory(
        territory=territory,
        holder=holder,
        eligible_costs=D("500000"),
        first_commitment_on=dt.date(2027, 3, 1),
        confidentiality="partenaires",
    )
    project.themes.set(Theme.objects.filter(pk__in=["deca", "agro"]))
    return project


def panel(client, project, **query):
    return client.get(reverse("funding:project_panel", args=[project.pk]), query)


def reply(client, project, fact, value, **data):
    url = reverse("funding:answer", args=[project.pk])
    return client.post(url, {"fact": fact, "value": value, **data})


def verdict_of(project, viewer):
    return [match.verdict for match in matches_of(project, viewer, today=TODAY)]


def test_facts_come_from_the_records_with_their_source(officer_client, project):
    ProgramFactory(
        criteria=[
            {"kind": "headcount", "key": "h", "min": 20, "max": 250},
            {"kind": "naf", "key": "naf", "vintage": "rev2", "accepted": ["C"]},
            {"kind": "place", "key": "ti", "in_ti": True},
            {"kind": "place", "key": "region", "regions": ["76"]},
            {"kind": "themes", "key": "themes", "any": ["deca"]},
            {"kind": "not_started", "key": "not_started"},
            {"kind": "eligible_costs", "key": "costs", "min": "100000"},
        ]
    )
    match = matches_of(project, officer_client.user, today=TODAY)[0]
    assert match.verdict is Verdict.ELIGIBLE
    found = {result.key: result.found for result in match.assessment.results}
    assert "42" in found["h"]
    assert "500" in found["costs"]


def test_an_answer_in_place_settles_the_verdict(officer_client, project):
    ProgramFactory(criteria=[TURNOVER])
    assert verdict_of(project, officer_client.user) == [Verdict.TO_CONFIRM]

    response = reply(officer_client, project, "turnover", "9 400 000,50")

    assertRedirects(
        response, f"{project.get_absolute_url()}#financements", fetch_redirect_response=False
    )
    project.holder.refresh_from_db()
    assert project.holder.turnover == D("9400000.50")
    assert "saisi par" in project.holder.source_of("turnover")
    assert verdict_of(project, officer_client.user) == [Verdict.ELIGIBLE]


def test_an_answer_with_letters_is_refused_naming_it_and_writes_nothing(officer_client, project):
    ProgramFactory(criteria=[TURNOVER])
    response = reply(officer_client, project, "turnover", "beaucoup")
    assertContains(response, "«\u00a0beaucoup\u00a0» n’est pas un nombre", status_code=422)
    project.holder.refresh_from_db()
    assert project.holder.turnover is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"value": "2025-05-12"}, Verdict.ELIGIBLE),
        ({"value": "", "done": "non"}, Verdict.NOT_ELIGIBLE),
    ],
)
def test_a_study_is_dated_or_said_not_done(officer_client, project, data, expected):
    ProgramFactory(criteria=[AUDIT])
    reply(officer_client, project, "study:energy_audit", **data)
    assert verdict_of(project, officer_client.user) == [expected]


def test_a_judgement_holds_for_its_program_only(officer_client, project):
    text = {"kind": "text", "key": "ambition", "text": "Le projet est ambitieux."}
    first = ProgramFactory(criteria=[text], code="A1")
    ProgramFactory(criteria=[text], code="A2")
    reply(officer_client, project, f"judgement:{first.code}:ambition", "oui")
    verdicts = {
        match.program.code: match.verdict
        for match in matches_of(project, officer_client.user, today=TODAY)
    }
    assert verdicts == {"A1": Verdict.ELIGIBLE, "A2": Verdict.TO_CONFIRM}


def test_a_fact_about_the_holder_serves_all_its_projects(officer_client, project):
    fact = {
        "kind": "fact",
        "key": "difficulty",
        "fact": "in_difficulty",
        "type": "bool",
        "expected": False,
        "label": "Entreprise qui n’est pas en difficulté",
        "question": "L’entreprise est-elle en difficulté ?",
    }
    ProgramFactory(criteria=[fact])
    reply(officer_client, project, "in_difficulty", "non")
    other = ProjectFactory(territory=project.territory, holder=project.holder)
    assert verdict_of(other, officer_client.user) == [Verdict.ELIGIBLE]


def test_the_size_is_proposed_from_insee_with_a_warning_and_stays_to_be_said(
    officer_client, project
):
    project.holder.insee_category = "PME"
    project.holder.save()
    ProgramFactory(criteria=[{"kind": "size", "key": "size", "accepted": ["micro", "small"]}])
    page = officer_client.get(reverse("funding:question_panel", args=[project.pk]))
    assertContains(page, '<option value="small" selected>Petite entreprise</option>', html=True)
    assertContains(page, "Proposé d’après la catégorie de l’INSEE, à relire.")
    assert verdict_of(project, officer_client.user) == [Verdict.TO_CONFIRM]


def test_the_portfolio_asks_the_size_with_the_same_care(officer_client, project):
    other = OrganisationFactory(territory=project.territory, headcount=42)
    ProjectFactory(territory=project.territory, holder=other)
    project.holder.insee_category = "PME"
    project.holder.save()
    ProgramFactory(criteria=[{"kind": "size", "key": "size", "accepted": ["micro", "small"]}])
    page = officer_client.get(reverse("funding:information_list"))
    cards = {card["one"].subject.holder: card for card in page.context["top"]}
    prefills = {holder.pk: card["one"].question.prefill for holder, card in cards.items()}
    assert prefills == {project.holder.pk: "small", other.pk: ""}
    assertContains(page, '<option value="small" selected>Petite entreprise</option>', html=True)
    assertContains(page, "Proposé d’après la catégorie de l’INSEE, à relire.")
    assertContains(page, reverse("funding:eu_size", args=[other.pk]))


@pytest.mark.parametrize(
    ("filed_on", "expected"),
    [
        (None, Verdict.NOT_ELIGIBLE),
        ("2026-10-31", Verdict.ELIGIBLE),
        ("2026-11-01", Verdict.NOT_ELIGIBLE),
    ],
)
def test_a_commitment_must_follow_the_first_filing(officer_client, project, filed_on, expected):
    project.first_commitment_on = dt.date(2026, 11, 1)
    project.save()
    program = ProgramFactory(criteria=[{"kind": "not_started", "key": "n"}])
    other = ProgramFactory(criteria=[{"kind": "not_started", "key": "n"}])
    ApplicationFactory(project=project, program=program, filed_on=filed_on)
    found = {
        match.program.pk: match.verdict
        for match in matches_of(project, officer_client.user, today=TODAY)
    }
    assert found == {program.pk: expected, other.pk: Verdict.NOT_ELIGIBLE}


@pytest.mark.parametrize("filed_for", ["national", "local"])
def test_a_file_of_the_national_program_counts_for_its_local_version(
    officer_client, project, filed_for
):
    project.first_commitment_on = dt.date(2026, 11, 1)
    project.save()
    rule = [{"kind": "not_started", "key": "n"}]
    national = ProgramFactory(criteria=rule)
    local = ProgramFactory(criteria=rule, national=national, territory=project.territory)
    filed = {"national": national, "local": local}[filed_for]
    ApplicationFactory(project=project, program=filed, filed_on="2026-10-31")
    [match] = matches_of(project, officer_client.user, today=TODAY)
    assert (match.program, match.verdict) == (local, Verdict.ELIGIBLE)
    same = bulk.verdicts(Project.objects.all(), [local], TODAY)
    assert same.verdict(project.pk, local.pk) is Verdict.ELIGIBLE


def test_an_unasked_fact_is_not_written(officer_client, project):
    ProgramFactory()
    response = reply(officer_client, project, "anything", "oui")
    assert response.status_code in {302, 409}
    assert not DeclaredFact.objects.exists()


STUDY = ("study:energy_audit", "2025-05-12")

# One answer for each place where answers live, with the program that asks for it.
ANSWERS = {
    "the project’s own fact": (AUDIT, *STUDY),
    "the holder’s fact": (IN_DIFFICULTY, "in_difficulty", "non"),
    "a field of the holder": (TURNOVER, "turnover", "1 250 000,50"),
    "a field of the project": (COSTS, "eligible_costs", "120000"),
    "a field of the site": (SITE_HEADCOUNT, "site_headcount", "42"),
}


def take_back(client, project, **query):
    """What the panel offers, sent as it offers it: the first answer noted is taken back."""
    page = client.get(reverse("funding:question_panel", args=[project.pk]), query)
    answer = page.context["answers"][0]
    url = reverse("funding:forget", args=[project.pk])
    return client.post(url, {"fact": answer.fact, "seen": answer.seen}, follow=True)


@pytest.mark.parametrize("where", ANSWERS)
def test_an_answer_is_taken_back_wherever_it_lives_and_put_back(officer_client, project, where):
    criterion, fact, value = ANSWERS[where]
    ProgramFactory(criteria=[criterion])
    Project.objects.update(eligible_costs=None)
    reply(officer_client, project, fact, value)
    answered = verdict_of(project, officer_client.user)
    assert answered != [Verdict.TO_CONFIRM]
    response = take_back(officer_client, project)
    assert verdict_of(project, officer_client.user) == [Verdict.TO_CONFIRM]
    [said] = response.context["messages"]
    officer_client.post(said.extra_tags)
    assert verdict_of(project, officer_client.user) == answered
    again = officer_client.post(said.extra_tags, headers={"HX-Request": "true"})
    assert again.status_code == 409


def test_taking_back_what_is_said_of_the_company_says_whom_it_concerns(officer_client, project):
    ProgramFactory(criteria=[IN_DIFFICULTY, AUDIT])
    other = ProjectFactory(territory=project.territory, holder=project.holder)
    reply(officer_client, project, "in_difficulty", "non")
    page = officer_client.get(reverse("funding:question_panel", args=[other.pk]))
    assertContains(page, f"Vaut pour tout ce que porte {project.holder}")
    response = take_back(officer_client, other)
    assertContains(response, f"Cela vaut pour tout ce que porte {project.holder}")
    assert not DeclaredFact.objects.exists()


@pytest.mark.parametrize("where", ANSWERS)
def test_an_answer_that_changed_meanwhile_is_not_taken_back(officer_client, project, where):
    criterion, fact, value = ANSWERS[where]
    ProgramFactory(criteria=[criterion])
    Project.objects.update(eligible_costs=None)
    reply(officer_client, project, fact, value)
    url = reverse("funding:forget", args=[project.pk])
    fields = {"fact": fact, "seen": "something else"}
    response = officer_client.post(url, fields, headers={"HX-Request": "true"})
    assert response.status_code == 409
    assertContains(response, "a changé entre-temps", status_code=409)
    assert verdict_of(project, officer_client.user) != [Verdict.TO_CONFIRM]


def test_what_was_typed_on_a_record_is_not_offered_as_an_answer(officer_client, project):
    ProgramFactory(criteria=[TURNOVER])
    project.holder.note_source(["turnover"], "saisi par Inès", TODAY)
    project.holder.turnover = 5
    project.holder.save()
    page = officer_client.get(reverse("funding:question_panel", args=[project.pk]))
    assertNotContains(page, "réponse donnée")


def test_uncertain_rule_never_gives_a_certain_verdict(officer_client, project):
    ProgramFactory(criteria=[{"kind": "headcount", "key": "h", "max": 250, "confidence": "TBV"}])
    match = matches_of(project, officer_client.user, today=TODAY)[0]
    assert match.verdict is Verdict.TO_CONFIRM
    result = next(r for r in match.assessment.results if r.key == "h")
    assert result.answer is Answer.UNKNOWN
    assert result.rule_to_check


@pytest.mark.parametrize("role", [Role.ELECTED, Role.INDUSTRIALIST, Role.READER])
def test_readers_see_the_verdicts_but_do_not_answer(sign_in, project, role):
    ProgramFactory(criteria=[TURNOVER])
    client = sign_in(role)
    assert panel(client, project).status_code == 200
    assert reply(client, project, "turnover", "1").status_code == 403


def test_the_project_of_another_territory_is_not_found(officer_client):
    assert panel(officer_client, ProjectFactory()).status_code == 404


def test_cost_does_not_grow_with_programs_or_facts(officer_client, project, assert_flat_queries):
    def add(count):
        ProgramFactory.create_batch(count, criteria=[AUDIT, TURNOVER])
        SiteFactory.create_batch(count, organisation=project.holder)

    assert_flat_queries(lambda: panel(officer_client, project), add)


def test_matching_many_projects_costs_what_one_costs(
    officer_client, project, territory, assert_flat_queries
):
    from funding.facts import with_facts

    ProgramFactory.create_batch(2)

    def match_all():
        matcher = Matcher(officer_client.user, today=TODAY)
        return [matcher.matches(one) for one in with_facts(Project.objects.all())]

    assert_flat_queries(
        match_all, lambda count: ProjectFactory.create_batch(count, territory=territory)
    )


def test_a_closed_site_tells_neither_the_place_nor_the_activity(project, officer_client):
    holder = project.holder
    holder.sites.update(closed_on="2025-01-01", is_head_office=True)
    elsewhere = Commune.objects.exclude(pk="32132").first()
    still = SiteFactory(organisation=holder, naf_rev2="46.31Z", commune=elsewhere)
    project.site = project.commune = None
    project.save()
    facts = FactReader(TODAY).facts_of(with_facts(Project.objects.all()).get(pk=project.pk))
    assert facts["naf_rev2"].value == "46.31Z"
    assert facts["commune"].value == elsewhere.pk
    alone = with_holder_facts(Organisation.objects.all()).get(pk=holder.pk)
    assert FactReader(TODAY).facts_of_holder(alone)["naf_rev2"].value == "46.31Z"
    assert Organisation.objects.with_head_site().get(pk=holder.pk).place == still.commune.search


@pytest.mark.parametrize(
    ("row", "is_allowed"),
    [({"kind": "equity", "key": "equity", "min": "1"}, True), (TURNOVER, False), (COSTS, False)],
)
def test_equity_may_be_negative_and_costs_may_not(row, is_allowed):
    form = AnswerForm({"value": "-3"}, question=question_of(row))
    assert form.is_valid() is is_allowed


def question_of(row):
    return Rules.parse([row], Window("open")).assess({}, TODAY).questions[0]


def test_equity_below_zero_is_a_record_like_another(project):
    project.holder.equity = D(-3)
    project.holder.full_clean()
