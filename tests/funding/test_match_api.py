import datetime as dt

import pytest

from crm.models import Confidentiality
from funding import answers
from funding.eligibility import Judgement
from funding.matching import matches_of
from funding.models import MatchDecision
from tests.crm.factories import PartnerTokenFactory, ProjectFactory, UserFactory
from tests.funding.factories import ProgramFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/matches/"
TODAY = dt.date(2026, 11, 22)
PARTNERS = Confidentiality.PARTNERS


@pytest.fixture
def ask(client, territory):
    token = PartnerTokenFactory(territory=territory, scopes=["matches:read"])

    def get(**query):
        return client.get(URL, query, headers={"Authorization": f"Token {token.secret}"})

    return get


@pytest.fixture
def project(territory):
    return ProjectFactory(territory=territory, confidentiality=PARTNERS)


def test_the_api_gives_the_verdicts_of_the_page(ask, project, territory):
    ProgramFactory(criteria=[{"kind": "turnover", "key": "t", "max": "10000000"}])
    ProgramFactory()
    ProgramFactory(criteria=[{"kind": "beneficiary", "key": "b", "accepted": ["epci"]}])
    page = matches_of(project, UserFactory(territory=territory))
    rows = ask(project=project.pk).json()["results"]
    assert [(row["program"]["id"], row["verdict"]) for row in rows] == [
        (match.program.pk, match.verdict.code) for match in page
    ]
    for row, match in zip(rows, page, strict=True):
        assert [c["answer"] for c in row["criteria"]] == [
            result.answer.name.lower() for result in match.assessment.results
        ]


def test_an_unknown_bound_of_the_aid_is_null_not_zero(ask, territory):
    ProjectFactory(territory=territory, confidentiality=PARTNERS, eligible_costs=1000)
    up_to = ProgramFactory(rate_max=80)
    between = ProgramFactory(rate_min=0, rate_max=80)
    neither = ProgramFactory()
    rows = {row["program"]["id"]: row for row in ask().json()["results"]}
    assert {pk: (row["aid_low"], row["aid_high"]) for pk, row in rows.items()} == {
        up_to.pk: (None, 800),
        between.pk: (0, 800),
        neither.pk: (None, None),
    }


def test_verdicts_are_filtered(ask, project):
    ProgramFactory()
    ProgramFactory(criteria=[{"kind": "beneficiary", "key": "b", "accepted": ["epci"]}])
    assert ask(verdict="not_eligible").json()["count"] == 1
    assert ask(verdict="eligible").json()["count"] == 1


def test_a_filter_to_one_program_does_not_forget_its_local_version(ask, project, territory):
    national = ProgramFactory()
    local = ProgramFactory(national=national, territory=territory)
    whole = [row["program"]["id"] for row in ask().json()["results"]]
    assert whole == [local.pk]
    assert ask(program=national.pk).json()["count"] == 0
    assert ask(program=local.pk).json()["count"] == 1


def test_internal_and_foreign_projects_are_not_matched(ask, territory):
    ProgramFactory()
    ProjectFactory(territory=territory)
    ProjectFactory(confidentiality=PARTNERS)
    assert ask().json()["count"] == 0


def test_a_wrong_or_unknown_filter_is_refused(ask, project):
    for query in ({"verdict": "peut-être"}, {"project": "abc"}, {"horoscope": "bélier"}):
        response = ask(**query)
        assert response.status_code == 400
        assert "Filtre" in response.json()["detail"]


def test_a_token_without_the_scope_is_refused(client, territory):
    token = PartnerTokenFactory(territory=territory, scopes=["projects:read"])
    response = client.get(URL, headers={"Authorization": f"Token {token.secret}"})
    assert response.status_code == 403


def test_matches_read_as_csv(ask, project):
    ProgramFactory()
    response = ask(format="csv")
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/csv")


def test_cost_does_not_grow_with_projects(ask, territory, assert_flat_queries):
    ProgramFactory.create_batch(2)
    assert_flat_queries(
        ask,
        lambda count: ProjectFactory.create_batch(
            count, territory=territory, confidentiality=PARTNERS
        ),
    )


def test_a_partner_is_not_told_who_of_the_team_said_it(ask, project, territory):
    holder = project.holder
    holder.turnover = 1_000_000
    holder.note_source(["turnover"], "saisi par Inès Lacombe", "2026-11-12")
    holder.save()
    project.declared_facts.create(
        key="support_letter", value=True, by=UserFactory(first_name="Inès", last_name="Lacombe")
    )
    ProgramFactory(
        criteria=[
            {"kind": "turnover", "key": "t", "max": "10000000"},
            {
                "kind": "fact",
                "key": "f",
                "fact": "support_letter",
                "type": "bool",
                "expected": True,
                "label": "Lettre de soutien",
                "question": "L’EPCI a-t-il écrit une lettre de soutien ?",
            },
        ]
    )
    response = ask()
    assert "Lacombe" not in response.content.decode()
    [row] = response.json()["results"]
    sources = {criterion["key"]: criterion["source"] for criterion in row["criteria"]}
    assert sources["t"] == "saisi par l’équipe, 12/11/2026"
    assert sources["f"].startswith("saisi par l’équipe le ")


def test_a_match_tells_what_the_team_decided_and_judged_not_who(ask, project, territory):
    officer = UserFactory(territory=territory, first_name="Inès", last_name="Lacombe")
    text = {"kind": "text", "key": "ambition", "text": "Le projet est ambitieux."}
    program = ProgramFactory(code="A1", criteria=[text])
    [match] = matches_of(project, officer)
    criterion = next(one for one in match.assessment.rules.criteria if one.kind == "text")
    judgement = Judgement(True, criterion.digest, program.version)
    answers.record(project, criterion.fact, judgement, by=officer, today=TODAY)
    MatchDecision.objects.decide(
        project, program, "dismissed", by=officer, reason="other", note="Porteur en conflit"
    )
    response = ask(project=project.pk)
    [row] = response.json()["results"]
    assert row["verdict"] == "eligible"
    assert row["decision"]["kind"] == "dismissed"
    assert row["decision"]["reason"] == "other"
    [said] = next(one for one in row["criteria"] if one["kind"] == "text")["judgements"]
    assert (said["is_met"], said["judged_on"]) == (True, "2026-11-22")
    assert said["program_version"] == program.version
    assert sum(row["points"].values()) == row["score"]
    for secret in ("Lacombe", "conflit"):
        assert secret not in response.content.decode()


def test_an_undecided_match_has_no_decision(ask, project):
    ProgramFactory()
    [row] = ask(project=project.pk).json()["results"]
    assert row["decision"] is None
