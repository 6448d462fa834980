import datetime

import pytest
import time_machine
from django.urls import reverse

from crm.models import Role, Stage, StageChange
from reporting.charts import bars, ruler
from reporting.deadlines import Deadline
from tests.actions.factories import AgendaItemFactory, MeetingFactory
from tests.crm.factories import (
    FollowUpFactory,
    OrganisationFactory,
    ProjectFactory,
    ReviewRequestFactory,
)
from tests.funding.factories import ApplicationFactory, ProgramFactory
from tests.reporting.conftest import answer

pytestmark = pytest.mark.django_db
NOW = datetime.datetime(2026, 11, 22, 9, tzinfo=datetime.UTC)
TODAY = NOW.date()


def after(days):
    return TODAY + datetime.timedelta(days=days)


@pytest.fixture(autouse=True)
def _on_a_known_day():
    with time_machine.travel(NOW, tick=False):
        yield


def home(client, **query):
    return client.get(reverse("reporting:today"), query)


@pytest.fixture
def company(territory):
    return OrganisationFactory(territory=territory)


def test_new_territory_is_told_to_import_its_companies(officer_client):
    page = home(officer_client).content.decode()
    assert "Importer vos entreprises" in page
    assert reverse("crm:import_list") in page


def test_promises_are_sorted_by_late_today_and_this_week(officer_client, territory, company):
    for days in (-3, 0, 5, 20):
        FollowUpFactory(
            territory=territory,
            organisation=company,
            due_on=after(days),
            owner=officer_client.user,
        )
    page = home(officer_client).context["page"]
    assert [len(rows) for rows in (page.late, page.due, page.this_week)] == [1, 1, 1]


def test_promises_of_a_colleague_show_for_the_team(officer_client, territory, company, sign_in):
    colleague = officer_client.user
    officer = sign_in(Role.MANAGER)
    FollowUpFactory(territory=territory, organisation=company, due_on=TODAY, owner=colleague)
    assert home(officer).context["page"].due == []
    assert len(home(officer, qui="equipe").context["page"].due) == 1


def test_promise_is_marked_done_from_the_page(officer_client, territory, company):
    follow_up = FollowUpFactory(territory=territory, organisation=company, due_on=TODAY)
    assert (
        reverse("crm:follow_up_done", args=[follow_up.pk]) in home(officer_client).content.decode()
    )


def test_program_closing_within_thirty_days_shows_with_its_files(
    officer_client, territory, company
):
    soon = ProgramFactory(closes_on=after(12), name="Fonds des ateliers")
    far = ProgramFactory(closes_on=after(90))
    for program in (soon, soon, far):
        ApplicationFactory(
            project=ProjectFactory(territory=territory, holder=company),
            program=program,
            amount_requested=10_000,
        )
    [deadline] = home(officer_client).context["page"].closing
    assert deadline.title == "Fonds des ateliers"
    assert "2\u00a0dossiers" in deadline.detail
    assert deadline.amount == 20_000


def test_next_deadline_of_a_program_comes_before_its_closing(officer_client, territory, company):
    program = ProgramFactory(
        closes_on=after(200),
        deadlines=[{"on": after(-5).isoformat()}, {"on": after(7).isoformat()}],
    )
    ApplicationFactory(project=ProjectFactory(territory=territory, holder=company), program=program)
    assert [row.on for row in home(officer_client).context["page"].closing] == [after(7)]


def test_filed_application_waits_for_no_closing(officer_client, territory, company):
    ApplicationFactory(
        project=ProjectFactory(territory=territory, holder=company),
        program=ProgramFactory(closes_on=after(5)),
        filed=True,
    )
    assert home(officer_client).context["page"].closing == []


def test_silent_project_is_not_said_twice(officer_client, territory, company):
    ProjectFactory(
        territory=territory, holder=company, opened_on=after(-90), stage_since=after(-90)
    )
    page = home(officer_client).context["page"]
    assert (len(page.silent), len(page.without_next_step)) == (1, 0)


def test_project_without_a_next_step_shows(officer_client, territory, company):
    ProjectFactory(territory=territory, holder=company)
    assert len(home(officer_client).context["page"].without_next_step) == 1


def test_team_sees_who_answered_and_not_what(officer_client, territory, company, pair):
    project = ProjectFactory(territory=territory, holder=company)
    request = ReviewRequestFactory(project=project)
    answer(request, pair, elected="disagree")
    page = home(officer_client).content.decode()
    assert "a répondu" in page
    assert "Pas d’accord" not in page
    assert "Une ligne." not in page


def test_next_committee_shows_its_points(officer_client, territory, company):
    meeting = MeetingFactory(territory=territory, held_on=after(18))
    AgendaItemFactory(meeting=meeting, title="Lettre de soutien")
    page = home(officer_client)
    assert "Lettre de soutien" in page.content.decode()
    assert len(page.context["page"].unprepared) == 1


def test_pair_finds_its_points_first(sign_in, territory, company):
    project = ProjectFactory(territory=territory, holder=company, confidentiality="binome")
    ReviewRequestFactory(project=project, question="Signer la lettre ?")
    page = home(sign_in(Role.ELECTED)).content.decode()
    assert page.index("Signer la lettre") < page.index("Où en sont les projets")
    assert reverse("crm:review_inbox") in page


@pytest.mark.parametrize("role", [Role.ELECTED, Role.INDUSTRIALIST, Role.READER])
def test_promises_of_the_team_are_not_shown_to_others(sign_in, territory, company, role):
    FollowUpFactory(
        territory=territory, organisation=company, due_on=TODAY, title="Rappeler le banquier"
    )
    page = home(sign_in(role))
    assert page.status_code == 200
    assert "Rappeler le banquier" not in page.content.decode()


def test_move_of_a_hidden_project_is_not_told(sign_in, territory, company):
    hidden = ProjectFactory(territory=territory, holder=company, title="Secret de fabrique")
    StageChange.objects.create(
        project=hidden, from_stage=hidden.stage, to_stage=Stage.objects.get(pk="qualifie")
    )
    assert "Secret de fabrique" not in home(sign_in(Role.READER)).content.decode()


def deadline(days, kind="Réunion", title="COPIL"):
    return Deadline(after(days), kind, title, "Siège du PETR", "/")


def test_ruler_drops_text_rather_than_laying_it_over_another():
    drawn = ruler([deadline(days, title="Un intitulé assez long") for days in range(20)], TODAY)
    texts = [flag for flag in drawn.flags if flag.title]
    assert len(drawn.flags) == 20
    assert 0 < len(texts) < 20
    for lane in {flag.top for flag in texts}:
        starts = sorted(float(flag.x) for flag in texts if flag.top == lane)
        assert all(b - a > 150 for a, b in zip(starts, starts[1:], strict=False))


def test_ruler_keeps_the_committee_where_there_is_no_room_for_all():
    crowd = [deadline(days, "Jalon du plan d’actions", "Jalon") for days in range(10, 30)]
    crowd.append(deadline(18, title="COPIL local"))
    drawn = ruler(sorted(crowd, key=lambda row: row.on), TODAY)
    assert any(flag.title.startswith("J-18") for flag in drawn.flags)


def test_ruler_is_written_with_points_for_svg():
    [flag] = ruler([deadline(1)], TODAY).flags
    assert flag.x == "29.7"


def test_bars_share_the_scale_and_hatch_what_is_unknown():
    chart = bars("Titre", [("A", 200, "", 0), ("B", 100, "", 2), ("C", None, "", 1)])
    longest, half, none = (float(bar.length) for bar in chart.bars)
    assert longest == pytest.approx(2 * half)
    assert none == 0
    assert [bool(bar.hatched) for bar in chart.bars] == [False, True, True]
