"""The programs that fund a group: what they say of it, or who may ask in its name."""

import pytest
from pytest_django.asserts import assertContains, assertNotContains

from funding.groups import TOGETHER
from tests.funding.factories import ProgramFactory

pytestmark = pytest.mark.django_db
URL = "/financements/groupes/"


def beneficiaries(*kinds):
    return [{"kind": "beneficiary", "key": "beneficiary", "accepted": [*kinds]}]


def test_a_program_that_speaks_of_groups_comes_first_with_its_words(officer_client, territory):
    ProgramFactory(name="Appui B", criteria=beneficiaries("company", "association"))
    ProgramFactory(name="Pass Z", summary="Pour tous. Les projets collaboratifs sont bonifiés.")
    ProgramFactory(name="Seule", summary="Pour une entreprise.")
    ProgramFactory(name="Autre thème", themes=["exp"], summary="Projet collectif.")
    ProgramFactory(name="Fermé", state="closed", summary="Projet collectif.")
    page = officer_client.get(URL, {"theme": "deca"})
    names = [one.program.name for one in page.context["found"]]
    assert names == ["Pass Z", "Appui B"]
    assertContains(page, "Les projets collaboratifs sont bonifiés.")
    assertContains(page, "une association")
    assertNotContains(page, "Pour tous. Les")


@pytest.mark.parametrize("text", ["un groupement", "démarche collective", "outil mutualisé",
                                  "plusieurs entreprises", "inter-entreprises"])  # fmt: skip
def test_words_of_a_group(text):
    assert TOGETHER.search(text)


@pytest.mark.parametrize("text", ["une collectivité", "appartient à un groupe", "collecte"])
def test_words_that_are_not_of_a_group(text):
    assert not TOGETHER.search(text)


def test_none_is_said_so_and_an_unknown_theme_is_refused(officer_client, territory):
    assertContains(officer_client.get(URL, {"theme": "log"}), "Aucun dispositif ouvert")
    assert officer_client.get(URL, {"theme": "x"}).status_code == 400
    assert officer_client.get(URL, {"themes": "log"}).status_code == 400


def test_many_programs_cost_what_one_costs(officer_client, territory, assert_flat_queries):
    def add(count):
        ProgramFactory.create_batch(count, summary="Projet collectif.")

    assert_flat_queries(lambda: officer_client.get(URL, {"theme": "deca"}), add)
