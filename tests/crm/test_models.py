import datetime

import pytest

from crm.models import Confidentiality, Project, Role, Stage
from crm.pipeline import MoveRefused
from tests.crm.factories import InteractionFactory, ProjectFactory, UserFactory

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 11, 22)


@pytest.mark.parametrize(
    ("role", "levels"),
    [
        (Role.OFFICER, {"interne", "binome", "partenaires", "public"}),
        (Role.MANAGER, {"interne", "binome", "partenaires", "public"}),
        (Role.ELECTED, {"binome", "partenaires", "public"}),
        (Role.INDUSTRIALIST, {"binome", "partenaires", "public"}),
        (Role.READER, {"partenaires", "public"}),
    ],
)
def test_confidentiality_decides_what_each_role_reads(territory, role, levels):
    for level in Confidentiality:
        ProjectFactory(territory=territory, confidentiality=level)
    viewer = UserFactory(territory=territory, role=role)
    seen = Project.objects.visible_to(viewer).values_list("confidentiality", flat=True)
    assert set(seen) == levels


def test_nobody_sees_the_projects_of_another_territory(territory):
    ProjectFactory(confidentiality="public")
    assert not Project.objects.visible_to(UserFactory(territory=territory)).exists()


def test_silence_counts_from_the_last_exchange_or_move(territory):
    long_ago = TODAY - datetime.timedelta(days=90)
    forgotten = ProjectFactory(territory=territory, opened_on=long_ago, stage_since=long_ago)
    visited = ProjectFactory(territory=territory, opened_on=long_ago, stage_since=long_ago)
    InteractionFactory(
        project=visited,
        organisation=visited.holder,
        happened_on=TODAY - datetime.timedelta(days=2),
    )
    ProjectFactory(territory=territory, opened_on=long_ago, stage_since=TODAY)

    assert list(Project.objects.silent(days=60, today=TODAY)) == [forgotten]


def test_slower_of_two_officers_does_not_overwrite(territory):
    project, officer = ProjectFactory(territory=territory), UserFactory(territory=territory)
    stale = Project.objects.select_related("stage").get(pk=project.pk)
    project.move_to(Stage.objects.get(pk="qualifie"), by=officer)

    with pytest.raises(MoveRefused, match="Entre-temps"):
        stale.move_to(Stage.objects.get(pk="en_montage"), by=officer)
    assert project.stage_changes.count() == 1


def test_a_pause_needs_a_reason_and_a_date(territory):
    project, officer = ProjectFactory(territory=territory), UserFactory(territory=territory)
    pause = Stage.objects.get(pk="en_pause")
    with pytest.raises(MoveRefused, match="pourquoi"):
        project.move_to(pause, by=officer, revisit_on=TODAY)
    with pytest.raises(MoveRefused, match="date"):
        project.move_to(pause, by=officer, reason="Permis attendu")
    project.move_to(pause, by=officer, reason="Permis attendu", revisit_on=TODAY)
    assert project.paused_from_id == "detecte"


def test_references_follow_each_other_within_a_year(territory):
    first = ProjectFactory(territory=territory, opened_on=TODAY)
    second = ProjectFactory(territory=territory, opened_on=TODAY)
    assert (first.reference, second.reference) == ("P-2026-001", "P-2026-002")
