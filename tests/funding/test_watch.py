"""Who is concerned when the catalogue changes: told once, to who may know, with the reason."""

import datetime as dt

import pytest
from django.core.management import call_command
from django.utils import timezone

from funding import catalogue, watch
from funding.catalogue_imports.commit import commit, receive
from funding.catalogue_imports.undo import undo
from funding.eligibility import Verdict
from funding.matching import matches_of
from funding.models import MatchDecision, Program, ProgramVersion, WatchNotice
from tests.crm.factories import TerritoryFactory
from tests.funding.catalogues import as_json, transition
from tests.funding.changes import (
    COMPANY,
    costs,
    headcount,
    make_project,
    new_program,
    publish,
    told,
)
from tests.funding.factories import ProgramFactory
from tests.funding.filing import after

pytestmark = pytest.mark.django_db
ELIGIBLE, TO_CONFIRM, NOT_ELIGIBLE = Verdict.ELIGIBLE, Verdict.TO_CONFIRM, Verdict.NOT_ELIGIBLE


@pytest.fixture
def project(territory):
    return make_project(territory)


def test_a_raised_floor_tells_the_project_it_leaves_out_and_the_criterion(project):
    program = ProgramFactory(criteria=headcount(10))
    publish(program, criteria=headcount(50))
    watch.catch_up()
    [notice] = WatchNotice.objects.all()
    assert (notice.project, notice.before, notice.after) == (project, ELIGIBLE, NOT_ELIGIBLE)
    assert (notice.version_before.number, notice.version_after.number) == (1, 2)
    [reason] = notice.told
    assert reason.before == "Effectif d’au moins 10\u00a0salariés"
    assert reason.after == "Effectif d’au moins 50\u00a0salariés"
    assert (reason.was.label, reason.now.label) == ("Remplie", "Non remplie")
    assert reason.found == "34\u00a0salariés"


def test_the_notice_says_what_the_page_of_the_project_says(project, officer_client):
    program = ProgramFactory(criteria=headcount(10))
    before = matches_of(project, officer_client.user)[0].verdict
    publish(program, criteria=[*headcount(10), {"kind": "text", "key": "t", "text": "Un avis."}])
    watch.catch_up()
    after = matches_of(project, officer_client.user)[0].verdict
    assert told() == {(project.pk, program.pk): (before, after)}
    assert after is TO_CONFIRM


@pytest.mark.parametrize(
    ("low", "high", "headcount_of", "moved"),
    [
        (10, 50, 34, (ELIGIBLE, NOT_ELIGIBLE)),
        (50, 10, 34, (NOT_ELIGIBLE, ELIGIBLE)),
        (10, 20, 34, None),
        (10, 20, None, None),
    ],
)
def test_only_verdicts_that_move_are_told(territory, low, high, headcount_of, moved):
    project = make_project(territory, headcount_of)
    program = ProgramFactory(criteria=headcount(low))
    publish(program, criteria=headcount(high))
    watch.catch_up()
    assert told() == ({(project.pk, program.pk): moved} if moved else {})


@pytest.mark.parametrize(
    ("before", "after", "verdicts", "said"),
    [
        ([COMPANY], costs(1000), (ELIGIBLE, TO_CONFIRM), "condition nouvelle"),
        (costs(1000), [COMPANY], (TO_CONFIRM, ELIGIBLE), "condition retirée"),
        (headcount(50), headcount(10), (NOT_ELIGIBLE, ELIGIBLE), "devient"),
        (costs(1000) + headcount(50)[1:], costs(1000), (NOT_ELIGIBLE, TO_CONFIRM), "retirée"),
        ([], [COMPANY], (TO_CONFIRM, ELIGIBLE), "Toutes les conditions"),
        ([COMPANY], [], (ELIGIBLE, TO_CONFIRM), "aucune condition"),
    ],
)
def test_the_reason_is_the_criterion_that_decides(project, before, after, verdicts, said):
    program = ProgramFactory(criteria=before)
    publish(program, criteria=after)
    watch.catch_up()
    [notice] = WatchNotice.objects.all()
    assert (notice.before, notice.after) == verdicts
    assert said in notice.summary


def test_a_closed_program_is_told_with_its_state(project):
    program = ProgramFactory()
    publish(program, state="closed")
    watch.catch_up()
    [notice] = WatchNotice.objects.all()
    assert notice.after is NOT_ELIGIBLE
    assert "Dispositif fermé" in notice.summary


def test_a_new_program_is_told_to_the_projects_it_may_fit(territory):
    small, large = make_project(territory, 5), make_project(territory, 80)
    unknown = make_project(territory, None)
    program = new_program(criteria=headcount(50))
    watch.catch_up()
    assert told() == {
        (large.pk, program.pk): (None, ELIGIBLE),
        (unknown.pk, program.pk): (None, TO_CONFIRM),
    }
    assert (small.pk, program.pk) not in told()
    assert WatchNotice.objects.get(project=large).is_new_program


def test_what_changes_no_condition_is_compared_with_nothing(project, django_assert_max_num_queries):
    program = ProgramFactory()
    publish(program, rate_max=50, name="Autre nom")
    with django_assert_max_num_queries(14):
        caught = watch.catch_up()
    assert (caught.versions, caught.notices) == (1, 0)


def test_nothing_is_told_twice(project):
    publish(ProgramFactory(criteria=headcount(10)), criteria=headcount(50))
    assert watch.catch_up().notices == 1
    assert watch.catch_up() == watch.Caught()


def test_the_catalogue_one_begins_with_is_no_news(project):
    catalogue.load()
    assert watch.catch_up() == watch.Caught()
    call_command("load_catalogue", verbosity=0)
    assert WatchNotice.objects.count() == 0


def test_a_program_changed_for_the_first_time_is_not_new(project):
    """It had no version until now: what it said is what it replaces."""
    publish(ProgramFactory(), rate_max=50)
    watch.catch_up()
    assert WatchNotice.objects.count() == 0


def test_an_announced_version_is_told_on_its_day(project, time_machine):
    program = ProgramFactory(criteria=headcount(10))
    publish(program, on=after(10), criteria=headcount(50))
    assert watch.catch_up().notices == 0
    time_machine.move_to(timezone.now() + dt.timedelta(days=10))
    call_command("daily", verbosity=0)
    assert told() == {(project.pk, program.pk): (ELIGIBLE, NOT_ELIGIBLE)}


def test_a_closed_project_is_not_told(territory):
    make_project(territory, stage_id="abandonne", stage_reason="cédé")
    make_project(territory, stage_id="realise")
    publish(ProgramFactory(criteria=headcount(10)), criteria=headcount(50))
    assert watch.catch_up().notices == 0


def test_a_program_set_aside_is_told_only_when_it_fits_at_last(project, officer_client):
    aside, again = ProgramFactory(criteria=headcount(10)), ProgramFactory(criteria=headcount(50))
    for program in (aside, again):
        MatchDecision.objects.decide(
            project, program, "dismissed", reason="theme", by=officer_client.user
        )
    publish(aside, criteria=headcount(50))
    publish(again, criteria=headcount(10))
    watch.catch_up()
    assert told() == {(project.pk, again.pk): (NOT_ELIGIBLE, ELIGIBLE)}


def test_a_change_taken_back_the_same_day_leaves_nothing_to_tell(project):
    program = ProgramFactory(criteria=headcount(10))
    for low in (40, 10):
        publish(program, criteria=headcount(low))
        watch.catch_up()
    assert told() == {}
    publish(program, criteria=headcount(40))
    watch.catch_up()
    assert told() == {(project.pk, program.pk): (ELIGIBLE, NOT_ELIGIBLE)}


def test_a_change_taken_back_later_is_told_too(project, time_machine):
    program = ProgramFactory(criteria=headcount(10))
    publish(program, criteria=headcount(40))
    watch.catch_up()
    time_machine.move_to(timezone.now() + dt.timedelta(days=3))
    publish(program, criteria=headcount(10))
    watch.catch_up()
    assert [notice.after for notice in WatchNotice.objects.order_by("pk")] == [
        NOT_ELIGIBLE,
        ELIGIBLE,
    ]


def test_a_local_version_moves_the_projects_of_its_territory_only(territory):
    elsewhere = TerritoryFactory(name="Ailleurs", perimeter=True)
    mine, theirs = make_project(territory), make_project(elsewhere)
    national = ProgramFactory(criteria=headcount(10))
    local = new_program(
        code="N1-ti", national=national, territory=territory, criteria=headcount(50)
    )
    watch.catch_up()
    assert told() == {(mine.pk, local.pk): (ELIGIBLE, NOT_ELIGIBLE)}
    publish(national, criteria=headcount(60))
    watch.catch_up()
    assert (theirs.pk, national.pk) in told()
    assert (mine.pk, national.pk) not in told()


def test_an_old_rule_that_no_longer_reads_stops_nothing(project):
    program, other = ProgramFactory(), ProgramFactory(criteria=headcount(10))
    publish(program, criteria=headcount(50))
    first = program.versions.get(number=1)
    first.values["criteria"] = [{"kind": "astrology", "key": "a"}]
    first.save()
    publish(other, criteria=headcount(50))
    watch.catch_up()
    assert set(told()) == {(project.pk, other.pk)}


def test_an_import_of_fifty_programs_costs_the_queries_of_one(project, assert_flat_queries):
    """But for the rows inserted, some tens at a time on SQLite."""
    make_project(project.territory, 90)

    def add(count):
        for _ in range(count):
            publish(ProgramFactory(criteria=headcount(10)), criteria=headcount(50))

    def tell_again():
        ProgramVersion.objects.exclude(number=1).update(watched_at=None)
        WatchNotice.objects.all().delete()
        watch.catch_up()

    assert_flat_queries(tell_again, add)
    assert WatchNotice.objects.count() == 50


def test_an_import_tells_and_its_undo_leaves_nothing(project, territory):
    """A notice does not hold back a program that the import created."""
    batch = receive("catalogue.json", as_json(transition()))
    batch.save()
    commit(batch)
    [program] = Program.objects.all()
    assert told() == {(project.pk, program.pk): (None, TO_CONFIRM)}
    batch.refresh_from_db()
    assert undo(batch) == []
    assert (Program.objects.count(), WatchNotice.objects.count()) == (0, 0)


def test_too_many_vague_possibilities_are_counted_and_not_told(territory, monkeypatch):
    monkeypatch.setattr(watch, "MOST", 2)
    for _ in range(3):
        make_project(territory, None)
    lost = make_project(territory, 34)
    program = ProgramFactory(criteria=headcount(10))
    publish(program, criteria=headcount(50))
    new_program(criteria=headcount(50))
    caught = watch.catch_up()
    assert (caught.notices, caught.left_out) == (2, 2)
    assert (lost.pk, program.pk) in told()
