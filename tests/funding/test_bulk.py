"""From the database, tables give each project and program what the page and the API give."""

import csv
import datetime as dt
import random
from decimal import Decimal as D

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import Commune, Organisation, Project, Stage, Theme, WorkforceBand
from funding import bulk, catalogue
from funding.eligibility import Answer, Verdict
from funding.facts import with_facts
from funding.matching import Matcher
from funding.models import DeclaredFact, Program, ZoneList
from tests.crm.factories import (
    OrganisationFactory,
    PartnerTokenFactory,
    ProjectFactory,
    SiteFactory,
    TerritoryFactory,
)
from tests.funding.criteria import KIND_ROWS
from tests.funding.factories import ApplicationFactory, ProgramFactory

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 22)


@pytest.fixture
def chance():
    return random.Random(7)


@pytest.fixture
def portfolio(territory, chance):
    """Projects of every sort: many sites or none, closed ones, bands, answers, filings, themes."""
    ZoneList.objects.create(
        code="afr", source="décret", valid_from="2022-01-01", communes={"32132": "whole"}
    )
    communes = [*Commune.objects.all(), None]
    bands = [
        WorkforceBand.objects.get_or_create(code=code, defaults={"low": low, "high": high})[0]
        for code, low, high in (("11", 10, 19), ("32", 250, 499), ("53", 10_000, None))
    ]

    def maybe(*values):
        return chance.choice([None, *values])

    holders = [
        OrganisationFactory(
            territory=territory,
            kind=chance.choice(Organisation.Kind.values),
            legal_form=chance.choice(["", "5710", "6540", "9220", "92"]),
            eu_size=chance.choice(["", "", "small", "large"]),
            headcount=maybe(19, 42, 300),
            turnover=maybe(D("99.99"), D(100), D("50000000.01")),
            balance_sheet=maybe(D(43_000_000), D("43000000.01")),
            equity=maybe(D("0.5"), D(-10)),
            created_on=maybe(dt.date(2021, 11, 21), dt.date(2021, 11, 22), dt.date(1987, 3, 1)),
        )
        for _ in range(12)
    ]
    for holder in holders:
        for _ in range(chance.choice([0, 1, 1, 2, 3])):
            SiteFactory(
                organisation=holder,
                is_head_office=chance.random() < 0.4,
                commune=chance.choice(communes),
                naf_rev2=chance.choice(["", "10.39A", "10.13A", "46.31Z"]),
                naf_2025=chance.choice(["", "20.42Y"]),
                headcount=maybe(19, 42),
                workforce_band=maybe(*bands),
                closed_on=maybe(dt.date(2020, 1, 1), dt.date(2024, 1, 1)),
            )
    stages = list(Stage.objects.all())
    for number in range(40):
        holder = chance.choice(holders)
        project = ProjectFactory(
            territory=territory,
            holder=holder,
            site=chance.choice([None, *holder.sites.all()]),
            commune=chance.choice(communes),
            stage=chance.choice(stages),
            paused_from=maybe(*stages),
            eligible_costs=maybe(D("399999.99"), D(400_000), D("3000000.01")),
            first_commitment_on=maybe(TODAY, TODAY - dt.timedelta(9), TODAY + dt.timedelta(9)),
            starts_on=maybe(dt.date(2026, 12, 31), dt.date(2027, 1, 1)),
        )
        project.themes.set(chance.sample(list(Theme.objects.all()), chance.choice([0, 1, 3])))
        if number % 4 == 0:
            DeclaredFact.objects.create(
                project=project, key="study:energy_audit", value="2025-05-12"
            )
            DeclaredFact.objects.create(project=project, key="in_ti", value=False)
    for holder in holders[:4]:
        for key, value in (("study:energy_audit", False), ("annex_one", True), ("heat", "1000")):
            DeclaredFact.objects.create(organisation=holder, key=key, value=value)
    return Project.objects.all()


@pytest.fixture
def programs(portfolio, chance):
    for _ in range(40):
        rows = chance.sample(KIND_ROWS, 4)
        confidence = chance.choice(["V", "V", "V", "TBV"])
        ProgramFactory(
            criteria=[
                {**row, "key": f"c{at}", "confidence": confidence} for at, row in enumerate(rows)
            ],
            closes_on=chance.choice([None, None, TODAY, TODAY - dt.timedelta(1)]),
        )
    ProgramFactory(criteria=[])
    for project in portfolio[:20]:
        ApplicationFactory(
            project=project,
            program=chance.choice(Program.objects.all()),
            filed_on=TODAY - dt.timedelta(chance.choice([5, 20])),
        )
    return Program.objects.all()


def of_the_page(viewer, projects):
    matcher = Matcher(viewer, today=TODAY)
    return {
        (project.pk, match.program.pk): match.assessment
        for project in with_facts(projects)
        for match in matcher.matches(project)
    }


def test_bulk_equals_the_page_pair_by_pair(officer_client, portfolio, programs):
    page = of_the_page(officer_client.user, portfolio)
    found = bulk.verdicts(portfolio, programs, TODAY)
    assert len(found) == len(page)
    for pair, assessment in page.items():
        assert found.verdict(*pair) is assessment.verdict, pair
        assert found.answers(*pair) == assessment.answers, pair
        if len(assessment.answers) > 1:
            least = [
                (criterion, answer)
                for criterion, answer in zip(
                    assessment.rules.criteria, assessment.answers, strict=True
                )
                if answer == assessment.verdict and answer is not Answer.MET
            ]
            assert found.reasons(*pair) == least
            assert found.limiting(*pair) is (least[0][0] if least else None)
    assert {one.verdict for one in page.values()} == set(Verdict)


def test_bulk_equals_the_page_for_the_shipped_catalogue(officer_client, portfolio):
    catalogue.load()
    page = of_the_page(officer_client.user, portfolio)
    found = bulk.verdicts(portfolio, Program.objects.all(), TODAY)
    for pair, assessment in page.items():
        assert found.answers(*pair) == assessment.answers, pair


def test_counts_and_lists_agree_with_the_verdicts(portfolio, programs):
    found = bulk.verdicts(portfolio, programs, TODAY)
    program, project = programs[0].pk, portfolio[0].pk
    verdicts = [found.verdict(pk, program) for pk in found.projects]
    assert found.counts_by_program()[program] == {one: verdicts.count(one) for one in Verdict}
    kept = found.projects_of(program, Verdict.ELIGIBLE, Verdict.TO_CONFIRM)
    assert len(kept) == len(verdicts) - verdicts.count(Verdict.NOT_ELIGIBLE)
    assert found.programs_of(project, Verdict.NOT_ELIGIBLE) == [
        pk for pk in (one.pk for one in found.programs)
        if found.verdict(project, pk) is Verdict.NOT_ELIGIBLE
    ]  # fmt: skip
    stopped = sum(count for _, count in found.limits_by_program(program))
    assert stopped == len(verdicts) - verdicts.count(Verdict.ELIGIBLE)


def test_a_list_page_with_joins_gives_each_project_once(portfolio, programs):
    joined = Project.objects.for_list().filter(themes__isnull=False)
    found = bulk.verdicts(joined, programs, TODAY)
    assert sorted(found.projects) == sorted(set(joined.values_list("pk", flat=True)))
    assert len(bulk.verdicts(portfolio[:3], programs, TODAY).projects) == 3


def test_no_project_or_no_program_is_no_error(territory):
    assert len(bulk.verdicts(Project.objects.all(), Program.objects.all(), TODAY)) == 0
    program = ProgramFactory(criteria=[{**row, "key": f"c{n}"} for n, row in enumerate(KIND_ROWS)])
    found = bulk.verdicts(Project.objects.all(), Program.objects.all(), TODAY)
    assert found.counts_by_program() == {program.pk: dict.fromkeys(Verdict, 0)}


def test_reading_costs_the_same_queries_for_twenty_projects_as_for_forty(portfolio, programs):
    def queries(projects):
        with CaptureQueriesContext(connection) as captured:
            bulk.verdicts(projects, programs, TODAY)
        return len(captured)

    queries(portfolio)  # what is read once: the programs, the lists of zones
    half = Project.objects.filter(pk__in=[project.pk for project in portfolio[:20]])
    assert queries(portfolio) == queries(half) <= 11


def test_the_page_the_api_and_the_bulk_say_the_same(portfolio, programs, client):
    token = PartnerTokenFactory(territory=portfolio[0].territory, scopes=["matches:read"])
    Project.objects.update(confidentiality="partenaires")
    found = bulk.verdicts(Project.objects.open(), programs)
    headers = {"Authorization": f"Token {token.secret}"}
    project = found.projects[0]
    rows = client.get("/api/v1/matches/", {"project": project}, headers=headers).json()["results"]
    assert len(rows) >= 20
    for row in rows:
        pair = row["project"]["id"], row["program"]["id"]
        assert found.verdict(*pair).code == row["verdict"]
        answers = [criterion["answer"] for criterion in row["criteria"]]
        assert [answer.name.lower() for answer in found.answers(*pair)] == answers


def test_each_territory_is_judged_for_the_programs_of_its_pages(
    officer_client, territory, capsys, tmp_path
):
    elsewhere, here = TerritoryFactory(), ProjectFactory(territory=territory)
    there = ProjectFactory(territory=elsewhere, reference="P-2026-900")
    national, everywhere = ProgramFactory(), ProgramFactory()
    local = ProgramFactory(national=national, territory=territory)
    ProgramFactory(territory=elsewhere, criteria=[])
    judged = {
        (project, program.pk): one.verdict(project, program.pk)
        for one in bulk.by_territory(Project.objects.open(), Program.objects.all(), TODAY)
        for project in one.projects
        for program in one.programs
    }
    page = of_the_page(officer_client.user, Project.objects.filter(pk=here.pk))
    assert {pair: said for pair, said in judged.items() if pair[0] == here.pk} == {
        pair: assessment.verdict for pair, assessment in page.items()
    }
    assert {program for _, program in page} == {local.pk, everywhere.pk}
    assert {program for project, program in judged if project == there.pk} == set(
        Program.objects.for_territory(elsewhere).values_list("pk", flat=True)
    )
    call_command("match_all", "--territory", territory.code, "--on", "2026-11-22")
    rows = list(csv.reader(capsys.readouterr().out.splitlines(), delimiter=";"))[1:]
    assert {row[0]: sum(map(int, row[2:5])) for row in rows} == {local.code: 1, everywhere.code: 1}
    call_command("match_all", "--pairs", "--on", "2026-11-22", "--out", str(tmp_path / "pairs.csv"))
    with (tmp_path / "pairs.csv").open(encoding="utf-8-sig", newline="") as file:
        pairs = {tuple(row[:3]) for row in list(csv.reader(file, delimiter=";"))[1:]}
    fitting = {pair for pair, said in judged.items() if said is not Verdict.NOT_ELIGIBLE}
    codes = dict(Program.objects.values_list("pk", "code"))
    named = {one.pk: (one.territory.code, one.reference) for one in (here, there)}
    assert pairs == {(*named[project], codes[program]) for project, program in fitting}
    assert (territory.code, here.reference, national.code) not in pairs
    assert (elsewhere.code, there.reference, national.code) in pairs


def test_the_command_writes_a_summary_or_the_pairs(portfolio, programs, capsys, tmp_path):
    code = portfolio[0].territory.code
    call_command("match_all", "--territory", code, "--on", "2026-11-22")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + programs.count()
    call_command("match_all", "--pairs", "--on", "2026-11-22", "--out", str(tmp_path / "pairs.csv"))
    text = (tmp_path / "pairs.csv").read_text(encoding="utf-8-sig")
    found = bulk.verdicts(Project.objects.open(), programs, TODAY)
    kept = sum(
        counts[Verdict.ELIGIBLE] + counts[Verdict.TO_CONFIRM]
        for counts in found.counts_by_program().values()
    )
    assert len(text.splitlines()) == 1 + kept
    with pytest.raises(CommandError, match="Territoire inconnu"):
        call_command("match_all", "--territory", "ti-0000")
    with pytest.raises(CommandError, match="ne s’écrit pas"):
        call_command("match_all", "--out", str(tmp_path / "nowhere" / "pairs.csv"))
