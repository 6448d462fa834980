import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from crm.models import Confidentiality, Interest, Project, Review, ReviewRequest, Role
from crm.models.interests import rivals_of
from crm.models.reviews import MustStepAside
from tests.crm.factories import (
    OrganisationFactory,
    ProjectFactory,
    ReviewRequestFactory,
    SiteFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
PAGE = "/avis/interets/"


@pytest.fixture
def firm(territory):
    """The industrialist’s own company, which bakes."""
    return SiteFactory(
        organisation=OrganisationFactory(territory=territory, name="Four du Val"), naf_rev2="10.71A"
    ).organisation


@pytest.fixture
def rival(territory):
    return SiteFactory(
        organisation=OrganisationFactory(territory=territory, name="Biscuits Aude"),
        naf_rev2="10.72Z",
    ).organisation


def project_of(holder, **fields):
    return ProjectFactory(
        territory=holder.territory,
        holder=holder,
        confidentiality=Confidentiality.PAIR,
        planned_investment=4_321_000,
        **fields,
    )


def declare(client, organisation, kind):
    return client.post(PAGE, {"organisation": organisation.name, "kind": kind})


def test_a_member_declares_then_lifts_and_both_stay_known(sign_in, firm):
    client = sign_in(Role.INDUSTRIALIST)
    assertRedirects(declare(client, firm, "own"), PAGE)
    assertContains(client.get(PAGE), "C’est mon entreprise")
    client.post(reverse("crm:interest_end", args=[firm.pk]))
    assertContains(client.get(PAGE), "levé le")
    assert not Interest.objects.current().exists()


def test_one_organisation_is_declared_once_at_a_time(sign_in, firm):
    client = sign_in(Role.INDUSTRIALIST)
    declare(client, firm, "own")
    Interest.objects.update(declared_at="2026-01-01T00:00Z")
    assertContains(declare(client, firm, "rival"), "Levez-le d’abord", status_code=422)
    assert Interest.objects.get().kind == Interest.Kind.OWN


def test_a_company_of_another_territory_is_not_offered(sign_in):
    elsewhere = OrganisationFactory(name="Ailleurs SAS")
    refused = declare(sign_in(Role.ELECTED), elsewhere, "tie")
    assertContains(refused, "Aucune organisation", status_code=422)


def test_a_declared_competitor_s_project_is_not_opened(sign_in, rival):
    project = project_of(rival)
    client = sign_in(Role.INDUSTRIALIST)
    assert client.get(project.get_absolute_url()).status_code == 200
    declare(client, rival, "rival")
    assert client.get(project.get_absolute_url()).status_code == 404
    assertNotContains(client.get(reverse("crm:project_list")), project.title)


def test_whoever_sells_the_same_things_as_one_s_own_company_is_a_competitor(firm, rival, territory):
    member = UserFactory(territory=territory, role=Role.INDUSTRIALIST)
    assert not rivals_of(member).exists()
    # 10.71 and 10.72 are the group 10.7.
    Interest.objects.create(user=member, organisation=firm, kind=Interest.Kind.OWN)
    other = SiteFactory(
        organisation=OrganisationFactory(territory=territory), naf_rev2="10.13A"
    ).organisation
    without_code = SiteFactory(
        organisation=OrganisationFactory(territory=territory), naf_rev2=""
    ).organisation
    assert list(rivals_of(member)) == [rival]
    assert not {other, without_code, firm} & set(rivals_of(member))


def test_a_company_without_a_naf_code_makes_nobody_a_competitor(rival, territory):
    member = UserFactory(territory=territory, role=Role.INDUSTRIALIST)
    mine = SiteFactory(
        organisation=OrganisationFactory(territory=territory), naf_rev2=""
    ).organisation
    SiteFactory(organisation=OrganisationFactory(territory=territory), naf_rev2="")
    Interest.objects.create(user=member, organisation=mine, kind=Interest.Kind.OWN)
    assert not rivals_of(member).exists()


def test_a_lifted_interest_opens_the_project_again(rival, territory):
    member = UserFactory(territory=territory, role=Role.INDUSTRIALIST)
    project = project_of(rival)
    row = Interest.objects.create(user=member, organisation=rival, kind=Interest.Kind.RIVAL)
    assert project not in Project.objects.visible_to(member)
    row.ended_at = row.declared_at
    row.save()
    assert project in Project.objects.visible_to(member)


def test_the_officer_sees_everything_whatever_the_pair_declared(rival, territory):
    project = project_of(rival)
    member = UserFactory(territory=territory, role=Role.INDUSTRIALIST)
    Interest.objects.create(user=member, organisation=rival, kind=Interest.Kind.RIVAL)
    assert project in Project.objects.visible_to(UserFactory(territory=territory))


def test_the_card_of_a_competitor_hides_its_figures_and_the_team_s_notes(sign_in, rival):
    ReviewRequestFactory(
        project=project_of(rival, title="Ligne de cuisson"), context="Il lui manque 900 000 €"
    )
    client = sign_in(Role.INDUSTRIALIST)
    assertContains(client.get("/avis/"), "4\u00a0321\u00a0000")
    declare(client, rival, "rival")
    page = client.get("/avis/")
    assertContains(page, "Ligne de cuisson")
    assertContains(page, "masqué")
    assertNotContains(page, "4\u00a0321\u00a0000")
    assertNotContains(page, "900 000")


def test_a_member_with_a_stake_can_only_step_aside(sign_in, firm):
    request = ReviewRequestFactory(project=project_of(firm))
    client = sign_in(Role.INDUSTRIALIST)
    declare(client, firm, "own")
    assertContains(client.get("/avis/"), "Je me déporte")
    url = reverse("crm:review_answer", args=[request.pk])
    refused = client.post(url, {f"p{request.pk}-answer": "agree"})
    assertContains(refused, "déportez-vous", status_code=422)
    assert not Review.objects.exists()
    assertRedirects(client.post(url, {f"p{request.pk}-answer": "aside"}), "/avis/")
    assert Review.objects.get().answer == Review.Answer.STEPPED_ASIDE


def test_a_stake_is_read_again_when_the_answer_is_written(firm, territory):
    request = ReviewRequestFactory(project=project_of(firm))
    member = UserFactory(territory=territory, role=Role.ELECTED)
    with pytest.raises(MustStepAside):
        request.answer(by=member, role=Role.ELECTED, answer=Review.Answer.STEPPED_ASIDE)
    Interest.objects.create(user=member, organisation=firm, kind=Interest.Kind.TIE)
    with pytest.raises(MustStepAside):
        request.answer(by=member, role=Role.ELECTED, answer=Review.Answer.AGREE)


@pytest.mark.parametrize(
    ("elected", "industrialist", "disputed"),
    [
        ("agree", "aside", False),
        ("disagree", "aside", True),
        ("discuss", "aside", True),
        ("aside", "aside", True),
        ("agree", "agree", False),
    ],
)
def test_who_steps_aside_leaves_the_other_s_opinion_alone(
    firm, territory, elected, industrialist, disputed
):
    request = ReviewRequestFactory(project=project_of(firm))
    for role, answer in ((Role.ELECTED, elected), (Role.INDUSTRIALIST, industrialist)):
        member = UserFactory(territory=territory, role=role)
        if answer == "aside":
            Interest.objects.create(user=member, organisation=firm, kind=Interest.Kind.TIE)
        request.answer(by=member, role=role, answer=answer)
    assert ReviewRequest.objects.get().is_disputed is disputed


def test_a_project_page_in_plain_words_names_a_competitor_s_without_its_amount(
    sign_in, rival, territory
):
    project_of(rival, title="Ligne de cuisson")
    ProjectFactory(
        territory=territory,
        title="Four à pruneaux",
        confidentiality=Confidentiality.PAIR,
        planned_investment=150_000,
    )
    client = sign_in(Role.INDUSTRIALIST)
    declare(client, rival, "rival")
    page = client.get(reverse("crm:project_plain"))
    assertContains(page, "Ligne de cuisson")
    assertContains(page, "150\u00a0000")
    assertNotContains(page, "4\u00a0321\u00a0000")


@pytest.fixture
def rich_rival(rival):
    """A competitor whose accounts the team noted, with words that tell its figures."""
    rival.turnover, rival.balance_sheet, rival.equity = 7_654_321, 6_543_217, 5_432_176
    rival.notes = "Perd 900 000 € par an"
    rival.save()
    return rival


def test_the_page_of_a_competitor_hides_its_accounts_and_the_team_s_notes(sign_in, rich_rival):
    client = sign_in(Role.INDUSTRIALIST)
    told = ("7\u00a0654\u00a0321", "6\u00a0543\u00a0217", "5\u00a0432\u00a0176", "900\u00a0000")
    page = client.get(rich_rival.get_absolute_url())
    for text in told:
        assertContains(page, text)
    declare(client, rich_rival, "rival")
    page = client.get(rich_rival.get_absolute_url())
    assertContains(page, "masqué")
    for text in told:
        assertNotContains(page, text)


def test_the_team_reads_the_accounts_of_whoever_it_declared_a_competitor_elsewhere(
    sign_in, rich_rival
):
    client = sign_in(Role.OFFICER)
    Interest.objects.create(
        user=client.user, organisation=rich_rival, kind=Interest.Kind.RIVAL
    )  # as they once sat in the pair
    assertContains(client.get(rich_rival.get_absolute_url()), "7\u00a0654\u00a0321")


def test_the_team_reads_what_the_pair_declared_and_a_member_only_their_own(
    sign_in, rival, territory
):
    member = UserFactory(territory=territory, role=Role.ELECTED)
    Interest.objects.create(user=member, organisation=rival, kind=Interest.Kind.RIVAL)
    assertContains(sign_in(Role.OFFICER).get("/avis/"), "Biscuits Aude</a> (concurrent)")
    for page in ("/avis/", PAGE):
        assertNotContains(sign_in(Role.INDUSTRIALIST).get(page), "Biscuits Aude</a>")


def test_what_the_team_reads_of_the_pair_costs_the_same_for_fifty_declarations(
    sign_in, territory, assert_flat_queries
):
    member = UserFactory(territory=territory, role=Role.ELECTED)
    client = sign_in(Role.OFFICER)

    def add(count):
        for _ in range(count):
            Interest.objects.create(
                user=member,
                organisation=OrganisationFactory(territory=territory),
                kind=Interest.Kind.TIE,
            )

    assert_flat_queries(lambda: client.get("/avis/"), add)


def test_the_page_costs_the_same_for_fifty_declarations(sign_in, territory, assert_flat_queries):
    client = sign_in(Role.ELECTED)

    def add(count):
        for _ in range(count):
            organisation = OrganisationFactory(territory=territory)
            Interest.objects.create(
                user=client.user, organisation=organisation, kind=Interest.Kind.TIE
            )

    assert_flat_queries(lambda: client.get(PAGE), add)
