import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from crm.models import Confidentiality, Role, Stage
from crm.plain import chapters
from tests.crm.factories import ProjectFactory

pytestmark = pytest.mark.django_db
PAGE = "/projets/en-clair/"


def test_the_nearest_to_the_end_comes_first_and_the_paused_last(territory):
    for code in ("detecte", "en_pause", "en_realisation", "en_montage"):
        ProjectFactory(territory=territory, stage=Stage.objects.get(pk=code))
    found = chapters(territory.projects.for_list())
    assert [chapter.stage.pk for chapter in found] == [
        "en_realisation",
        "en_montage",
        "detecte",
        "en_pause",
    ]


def test_what_is_in_trouble_comes_first_in_its_chapter(territory):
    calm = ProjectFactory(territory=territory, health_id="favorable")
    stuck = ProjectFactory(territory=territory, health_id="alerte")
    (chapter,) = chapters([calm, stuck])
    assert chapter.projects == [stuck, calm]


def test_a_chapter_sums_what_is_known_and_counts_the_rest(territory):
    ProjectFactory(territory=territory, planned_investment=100)
    ProjectFactory(territory=territory, planned_investment=None)
    (chapter,) = chapters(territory.projects.for_list())
    assert (chapter.investment, chapter.unknown) == (100, 1)
    territory.projects.update(planned_investment=None)
    (chapter,) = chapters(territory.projects.for_list())
    assert chapter.investment is None


def test_the_pair_reads_what_is_opened_to_them(sign_in, territory):
    ProjectFactory(territory=territory, title="Secret")
    ProjectFactory(territory=territory, title="Ouvert", confidentiality=Confidentiality.PAIR)
    ProjectFactory(
        territory=territory,
        title="Perdu",
        confidentiality=Confidentiality.PAIR,
        stage=Stage.objects.get(pk="abandonne"),
    )
    page = sign_in(Role.ELECTED).get(PAGE)
    assertContains(page, "Ouvert")
    assertNotContains(page, "Secret")
    assertNotContains(page, "Perdu")


def test_a_territory_without_a_project_says_so(sign_in):
    assertContains(sign_in(Role.ELECTED).get(reverse("crm:project_plain")), "Aucun projet en cours")
