"""A manager ties a program to others: excluded, asked first, copied, or made local."""

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from crm.models import Role
from funding.models import Program
from tests.crm.factories import TerritoryFactory, UserFactory
from tests.funding.factories import FunderFactory, ProgramFactory
from tests.funding.test_catalogue_pages import NEW, edit, filled, published_program

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(sign_in):
    return sign_in(Role.MANAGER)


@pytest.fixture
def program(territory):
    return published_program()


def test_a_name_that_another_program_bears_is_said(manager, program, territory):
    ProgramFactory(code="B1", name="Aide au vélo")
    ProgramFactory(name="Aide eau", national=program, territory=territory)
    edit(manager, program, portal="guichet.example")
    assertNotContains(manager.get(program.get_absolute_url()), "porte le même nom")
    program.refresh_from_db()
    edit(manager, program, name="aide au vélo")
    assertContains(manager.get(program.get_absolute_url()), "porte le même nom\u00a0: B1.")


def test_programs_are_chosen_by_name_or_code_and_shown_by_name(manager, program):
    ProgramFactory(code="E1", name="Étude énergie, chaleur")
    ProgramFactory(code="P1", name="Prêt vert")
    ProgramFactory(code="P2", name="Prêt bleu")
    for typed, codes in (
        ("etude energie, chaleur", ["E1"]),
        ("Étude énergie, chaleur (E1)", ["E1"]),
        ("P1, P2", ["P1", "P2"]),
        (["P2", "Étude énergie, chaleur (E1)", ""], ["P2", "E1"]),
        (["P2", "P2"], ["P2"]),
        ([], []),
    ):
        edit(manager, program, incompatible_with=typed)
        program.refresh_from_db()
        assert program.incompatible_with == codes
    edit(manager, program, incompatible_with="P1")
    page = manager.get(reverse("funding:catalogue_edit", args=[program.pk]))
    assertContains(page, 'name="incompatible_with" value="P1" checked')
    assertContains(page, "Prêt vert")


def test_adding_a_program_draws_its_field_alone_with_what_was_chosen(manager, program):
    ProgramFactory(code="P1", name="Prêt vert")
    url = reverse("funding:catalogue_edit", args=[program.pk])

    def add(verb, typed):
        data = filled(program, do=f"{verb}:incompatible_with", incompatible_with=typed)
        page = manager.post(url, data, headers={"HX-Request": "true"})
        assertNotContains(page, "<html")
        return page

    assertContains(add("try", "Prêt vert"), 'value="P1" checked')
    assertNotContains(add("try", "Prêt rose"), "n’est ni le nom")
    page = add("pick", "Prêt")
    assertContains(page, "Vouliez-vous dire «\u00a0Prêt vert\u00a0»")
    assertContains(page, 'value="Prêt"')
    page = manager.post(url, filled(program, do="pick:incompatible_with", incompatible_with="P1"))
    assertContains(page, 'value="P1" checked')
    assert program.versions.count() == 1


def test_a_name_that_two_programs_bear_asks_for_the_code(manager, program):
    for code in ("P1", "P2"):
        ProgramFactory(code=code, name="Prêt vert")
    page = edit(manager, program, incompatible_with="Prêt vert")
    assertContains(page, "tapez le code (P1, P2)", status_code=422)


def test_programs_of_another_territory_are_kept_and_neither_named_nor_offered(manager, program):
    hidden = ProgramFactory(code="X9", name="Aide du voisin", territory=TerritoryFactory())
    Program.objects.filter(pk=program.pk).update(incompatible_with=["X9"])
    program.refresh_from_db()
    page = manager.get(reverse("funding:catalogue_edit", args=[program.pk]))
    assertContains(page, 'value="X9" checked')
    assertNotContains(page, hidden.name)
    names = manager.get(reverse("funding:program_names"), {"field": "q", "q": "voisin"})
    assertNotContains(names, "X9")
    names = manager.get(reverse("funding:program_names"), {"field": "q", "q": "AIDE EAU"})
    assertContains(names, f"Aide eau ({program.code})")


def test_a_program_cannot_exclude_itself_nor_the_study_it_asks(manager, program):
    ProgramFactory(code="ETUDE", name="Étude")
    page = edit(manager, program, incompatible_with=program.code)
    assertContains(page, "s’exclut lui-même", status_code=422)
    page = edit(manager, program, incompatible_with="ETUDE", required_studies="ETUDE")
    assertContains(page, "Exclusion circulaire", status_code=422)


def test_a_new_program(manager, territory):
    funder = FunderFactory()
    draft = Program(
        name="Fonds local", funder=funder, summary="Pour essayer.", state="open",
        confidence="V", scope_level="ti", scope_label="Ici",
    )  # fmt: skip
    response = manager.post(NEW, filled(draft, seen=""), follow=True)
    assertContains(response, "est au catalogue")
    made = Program.objects.get()
    assert (made.code, made.origin, made.version) == ("fonds-local", "territoire", 1)


def test_duplicate_a_program(manager, program):
    url = f"{NEW}?copie={program.pk}"
    assertContains(manager.get(url), "Aide eau (copie)")
    program.name = "Aide eau (copie)"
    manager.post(url, filled(program, seen=""))
    assert Program.objects.exclude(pk=program.pk).get().criteria == program.criteria


def test_a_local_version_hides_the_national_one_in_the_list(manager, program, territory):
    url = f"{NEW}?national={program.pk}"
    assertContains(manager.get(url), "Version locale\u00a0: Aide eau")
    manager.post(url, filled(program, seen="", name="Aide eau, ici", rate_max="60"))
    local = Program.objects.get(national=program)
    assert (local.territory, local.code) == (territory, f"{program.code}-{territory.pk}")
    page = manager.get("/financements/")
    assertContains(page, "version locale")
    assert [row["program"] for row in page.context["rows"]] == [local]
    assertContains(manager.get(program.get_absolute_url()), "Le territoire a sa propre version")
    assert manager.get(url).status_code == 302
    elsewhere = UserFactory(territory=TerritoryFactory(), role=Role.MANAGER)
    manager.force_login(elsewhere)
    for name in ("program", "catalogue_edit", "catalogue_versions"):
        assert manager.get(reverse(f"funding:{name}", args=[local.pk])).status_code == 404
    assert [row["program"] for row in manager.get("/financements/").context["rows"]] == [program]


def test_a_local_version_of_a_program_with_a_long_code_gets_a_code(manager, program, territory):
    Program.objects.filter(pk=program.pk).update(code="x" * 60)
    for taken in ("", "-2"):
        code = f"{'x' * (60 - len(f'{taken}-{territory.pk}'))}{taken}-{territory.pk}"
        assert not Program.objects.filter(code=code).exists()
        url = f"{NEW}?national={program.pk}"
        assert manager.post(url, filled(program, seen="")).status_code == 302
        local = Program.objects.get(national=program)
        assert local.code == code
        Program.objects.filter(pk=local.pk).update(national=None)  # its code stays taken
