import datetime
from decimal import Decimal

import pytest
from django.test import RequestFactory
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django.asserts import assertContains, assertNotContains, assertTemplateUsed

from crm import board
from crm.filters.projects import ProjectFilter
from crm.models import Interaction, Project, Role, Stage
from tests.crm.factories import InteractionFactory, OrganisationFactory, ProjectFactory, UserFactory

pytestmark = pytest.mark.django_db
BOARD = "/projets/"
TODAY = datetime.date(2026, 11, 22)


def stage(code):
    return Stage.objects.get(pk=code)


def move_url(project):
    return reverse("crm:project_move", args=[project.pk])


def on_board(project, query=""):
    """What htmx sends when a card of the board is moved."""
    return {
        "HX-Request": "true",
        "HX-Target": f"card-{project.pk}",
        "HX-Current-URL": f"http://testserver{BOARD}{query}",
    }


def card(project):
    return f'id="card-{project.pk}"'


def test_lane_heads_count_and_sum_what_is_filtered(officer_client, territory):
    for amount, title in [(2_000_000, "Sécheur"), (290_000, "Sécheur 2"), (None, "Sécheur 3")]:
        ProjectFactory(territory=territory, title=title, planned_investment=amount)
    ProjectFactory(territory=territory, title="Four", planned_investment=5)

    response = officer_client.get(BOARD, {"q": "secheur"})

    assertContains(response, "2\u00a0290\u00a0000\u00a0€</a> + 1 à confirmer")
    assertNotContains(response, "Four")


def test_a_lane_shows_its_first_cards_and_links_to_all(officer_client, territory):
    ProjectFactory.create_batch(board.CARDS + 2, territory=territory)
    response = officer_client.get(BOARD)
    assert response.content.decode().count('class="card"') == board.CARDS
    assertContains(response, f"Afficher tout ({board.CARDS + 2})")


def test_paused_and_closed_projects_are_gathered_and_never_hidden(officer_client, territory):
    for code in ("en_pause", "bloque", "abandonne", "perdu"):
        ProjectFactory(territory=territory, stage=stage(code), title=code)
    lanes = {lane.key: lane for lane in officer_client.get(BOARD).context["lanes"]}
    assert lanes["paused"].totals["count"] == lanes["closed"].totals["count"] == 2
    assert lanes["closed"].is_folded


def test_a_retired_stage_that_holds_a_project_keeps_its_lane(officer_client, territory):
    ProjectFactory(territory=territory, stage=stage("depose"))
    Stage.objects.filter(pk__in=["depose", "accorde"]).update(is_active=False)
    keys = [lane.key for lane in officer_client.get(BOARD).context["lanes"]]
    assert "depose" in keys
    assert "accorde" not in keys


def test_board_of_another_territory_is_not_shown(officer_client):
    ProjectFactory(title="Ailleurs")
    assertNotContains(officer_client.get(BOARD), "Ailleurs")


def test_board_cost_does_not_grow_with_cards(officer_client, territory, assert_flat_queries):
    def add_rows(count):
        for n in range(count):
            lane = stage(("detecte", "en_montage", "en_pause")[n % 3])
            project = ProjectFactory(territory=territory, stage=lane)
            InteractionFactory(project=project, organisation=project.holder)
            project.priorities.add("foncier")

    assert_flat_queries(lambda: officer_client.get(BOARD), add_rows)


@pytest.mark.parametrize("page", [BOARD, "/projets/liste/"])
@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"stage": "bogus"}, "Étape"),
        ({"zut": "1"}, "n’existe pas"),
        ({"min_investment": "beaucoup"}, "n’est pas un nombre"),
        ({"updated_since": "hier"}, "Modifié depuis"),
    ],
)
def test_a_refused_filter_is_a_400_with_a_sentence_and_no_row(
    officer_client, territory, page, query, sentence
):
    ProjectFactory(territory=territory, title="Sécheur")
    response = officer_client.get(page, query)
    assertContains(response, sentence, status_code=400)
    assertNotContains(response, "Sécheur", status_code=400)


def test_a_move_swaps_the_card_and_both_heads(officer_client, territory):
    project = ProjectFactory(
        territory=territory, title="Sécheur", stage=stage("depose"), planned_investment=1000
    )
    ProjectFactory(territory=territory, stage=stage("depose"), planned_investment=500)

    response = officer_client.post(
        move_url(project), {"stage": "en_montage", "from": "depose"}, headers=on_board(project)
    )

    assertTemplateUsed(response, "crm/_project_moved.html")
    assertContains(response, 'hx-swap-oob="afterbegin:#lane-en_montage-list"')
    assertContains(response, 'id="lane-depose-head" hx-swap-oob="true"')
    assertContains(response, 'id="lane-en_montage-head" hx-swap-oob="true"')
    assertContains(
        response,
        "Sécheur est passé à En montage. Déposé\u00a0: 1\u00a0projet, 500\u00a0€.",
    )
    assert "announce" in response.headers["HX-Trigger-After-Settle"]
    change = project.stage_changes.get()
    assert (change.from_stage_id, change.to_stage_id) == ("depose", "en_montage")
    assert change.by == officer_client.user


def test_a_card_that_leaves_the_filter_leaves_the_board(officer_client, territory):
    project = ProjectFactory(territory=territory, stage=stage("depose"))
    response = officer_client.post(
        move_url(project),
        {"stage": "en_montage", "from": "depose"},
        headers=on_board(project, "?stage=depose"),
    )
    assertNotContains(response, card(project))


def test_a_move_without_script_comes_back_with_a_message(officer_client, territory):
    project = ProjectFactory(territory=territory, stage=stage("depose"))
    response = officer_client.post(
        move_url(project),
        {"stage": "en_montage"},
        headers={"referer": f"http://testserver{BOARD}?q=x"},
        follow=True,
    )
    assert response.redirect_chain == [(f"http://testserver{BOARD}?q=x", 302)]
    assertContains(response, "est passé à En montage")
    assertContains(response, "Annuler")


def test_a_move_never_sends_back_elsewhere(officer_client, territory):
    project = ProjectFactory(territory=territory, stage=stage("depose"))
    response = officer_client.post(
        move_url(project), {"stage": "en_montage", "next": "https://ailleurs.test/"}
    )
    assert response.url == project.get_absolute_url()


def test_slower_of_two_people_is_told_and_sees_where_the_card_is(officer_client, territory):
    project = ProjectFactory(territory=territory, stage=stage("en_instruction"))
    colleague = UserFactory(territory=territory)
    Project.objects.get(pk=project.pk).move_to(stage("depose"), by=colleague)

    response = officer_client.post(
        move_url(project),
        {"stage": "en_montage", "from": "en_instruction"},
        headers=on_board(project),
    )

    assertContains(response, "Entre-temps", status_code=409)
    assertContains(response, 'hx-swap-oob="afterbegin:#lane-depose-list"', status_code=409)
    project.refresh_from_db()
    assert project.stage_id == "depose"
    assert project.stage_changes.count() == 1


def test_slower_of_two_people_is_told_without_script(officer_client, territory):
    project = ProjectFactory(territory=territory, stage=stage("depose"))
    response = officer_client.post(
        move_url(project), {"stage": "en_montage", "from": "en_instruction"}
    )
    assertContains(response, "Entre-temps", status_code=409)


def test_slower_of_two_people_is_told_before_being_asked_anything(officer_client, territory):
    project = ProjectFactory(territory=territory, stage=stage("depose"))
    response = officer_client.post(
        move_url(project), {"stage": "en_pause", "from": "en_instruction"}
    )
    assertContains(response, "Entre-temps", status_code=409)


def test_a_move_that_does_not_exist_is_refused(officer_client, territory):
    project = ProjectFactory(territory=territory, stage=stage("perdu"))
    response = officer_client.post(
        move_url(project),
        {"stage": "abandonne", "reason": "Renonce"},
        headers=on_board(project),
    )
    assertContains(response, "On ne passe pas", status_code=422)


def test_an_unknown_stage_is_not_found(officer_client, territory):
    project = ProjectFactory(territory=territory)
    assert officer_client.post(move_url(project), {"stage": "bogus"}).status_code == 404


@pytest.mark.parametrize("role", [Role.ELECTED, Role.INDUSTRIALIST, Role.READER])
def test_readers_see_no_menu_and_move_nothing(sign_in, territory, role):
    client = sign_in(role)
    project = ProjectFactory(
        territory=territory, confidentiality="public", stage=stage("depose"), title="Sécheur"
    )
    response = client.get(BOARD)
    assertContains(response, "Sécheur")
    assertNotContains(response, "Déplacer vers")
    assert client.post(move_url(project), {"stage": "en_montage"}).status_code == 403
    undo = reverse("crm:project_move_undo", args=[project.pk])
    assert client.post(undo).status_code == 403
    project.refresh_from_db()
    assert project.stage_id == "depose"


def test_a_stranger_moves_nothing(officer_client):
    project = ProjectFactory()
    assert officer_client.post(move_url(project), {"stage": "en_montage"}).status_code == 404


def test_one_takes_back_one_s_own_move_and_the_age_comes_back(officer_client, territory):
    project = ProjectFactory(territory=territory, stage=stage("depose"), stage_since=TODAY)
    officer_client.post(move_url(project), {"stage": "en_montage"})

    officer_client.post(reverse("crm:project_move_undo", args=[project.pk]))

    project.refresh_from_db()
    assert (project.stage_id, project.stage_since) == ("depose", TODAY)
    assert project.stage_changes.count() == 2


def test_a_pause_taken_back_and_forth_keeps_its_reason(officer_client, territory):
    project = ProjectFactory(territory=territory, stage=stage("depose"))
    later = datetime.date(2030, 1, 15)
    officer = officer_client.user
    project.move_to(stage("en_pause"), by=officer, reason="Permis attendu", revisit_on=later)
    officer_client.post(move_url(project), {"stage": "depose"})
    officer_client.post(reverse("crm:project_move_undo", args=[project.pk]))
    project.refresh_from_db()
    assert (project.stage_id, project.stage_reason) == ("en_pause", "Permis attendu")
    assert project.revisit_on == later


def test_a_move_that_a_colleague_followed_is_not_taken_back(officer_client, territory):
    project = ProjectFactory(territory=territory, stage=stage("depose"))
    officer_client.post(move_url(project), {"stage": "en_montage"})
    colleague = UserFactory(territory=territory)
    Project.objects.get(pk=project.pk).move_to(stage("detecte"), by=colleague)

    response = officer_client.post(reverse("crm:project_move_undo", args=[project.pk]))

    assertContains(response, "ne peut plus être annulé", status_code=422)
    project.refresh_from_db()
    assert project.stage_id == "detecte"


def test_search_ignores_accents_and_titles_sort_without_them(officer_client, territory):
    for title in ("Zinguerie", "Étuve", "Atelier"):
        ProjectFactory(territory=territory, title=title)
    response = officer_client.get("/projets/liste/", {"order": "title"})
    assert [project.title for project in response.context["page"]] == [
        "Atelier",
        "Étuve",
        "Zinguerie",
    ]
    assertContains(officer_client.get(BOARD, {"q": "ETUVE"}), "Étuve")


def test_filters_of_place_read_the_site_when_the_project_names_no_commune(territory):
    officer = UserFactory(territory=territory)
    organisation = OrganisationFactory(territory=territory)
    site = organisation.sites.create(commune_id="32132")
    at_site = ProjectFactory(territory=territory, holder=organisation, site=site)
    ProjectFactory(territory=territory, holder=organisation, site=site, commune_id="82112")

    assert list(select(officer, territory, commune="32132")) == [at_site]
    assert list(select(officer, territory, epci="243200391")) == [at_site]


def test_mine_nobody_s_silent_and_without_next_step(territory):
    officer = UserFactory(territory=territory)
    old = datetime.date(2020, 1, 1)
    mine = ProjectFactory(territory=territory, owner=officer, next_step="Appeler", next_step_on=old)
    nobody = ProjectFactory(territory=territory, opened_on=old, stage_since=old)
    assert list(select(officer, territory, owner="moi")) == [mine]
    assert list(select(officer, territory, owner="personne")) == [nobody]
    assert list(select(officer, territory, silent="60")) == [nobody]
    assert list(select(officer, territory, without_next_step="true")) == [nobody]


def test_dropdowns_name_nobody_of_another_territory(officer_client):
    stranger = ProjectFactory().territory
    UserFactory(territory=stranger, first_name="Étrange", last_name="Inconnue")
    OrganisationFactory(territory=stranger, name="Firme inconnue")
    response = officer_client.get(BOARD)
    assertNotContains(response, "Étrange Inconnue")
    assertNotContains(response, "Firme inconnue")


def select(user, territory, **query):
    request = RequestFactory().get(BOARD, query)
    request.user, request.territory = user, territory
    projects = Project.objects.visible_to(user).filter(territory=territory)
    filterset = ProjectFilter(request.GET, queryset=projects, request=request)
    assert filterset.is_valid(), filterset.form.errors
    return filterset.qs


QUERIES = st.fixed_dictionaries(
    {},
    optional={
        "stage": st.lists(st.sampled_from(["detecte", "depose", "en_pause", "perdu"]), min_size=1),
        "sector": st.sampled_from(["agroalimentaire", "bois"]),
        "priority": st.sampled_from(["foncier", "transition"]),
        "health": st.sampled_from(["alerte", "favorable"]),
        "q": st.sampled_from(["secheur", "four", "P-2026"]),
        "min_investment": st.sampled_from(["100", "1 000"]),
        "unknown": st.sampled_from(["investment", "jobs"]),
        "silent": st.sampled_from(["30", "60"]),
        "owner": st.sampled_from(["moi", "personne"]),
    },
)


@given(query=QUERIES)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_lane_sums_add_up_to_the_total_of_the_list(many_projects, query):
    officer, territory = many_projects
    projects = select(officer, territory, **query)
    lanes = board.lanes(projects, board.stages_of(territory))
    totals = projects.totals()

    assert sum(lane.totals["count"] for lane in lanes) == totals["count"] == len(projects)
    assert sum(lane.totals["unknown"] for lane in lanes) == totals["unknown"]
    known = [lane.totals["investment"] for lane in lanes if lane.totals["investment"] is not None]
    assert (sum(known) if known else None) == totals["investment"]
    assert {c.project.pk for lane in lanes for c in lane.cards} == {p.pk for p in projects}


@pytest.fixture
def many_projects(territory):
    officer = UserFactory(territory=territory)
    if not Project.objects.filter(territory=territory).exists():
        codes = ["detecte", "depose", "en_pause", "perdu", "realise"]
        for n in range(25):
            project = ProjectFactory(
                territory=territory,
                title=["Sécheur", "Four"][n % 2],
                stage=stage(codes[n % 5]),
                planned_investment=None if n % 4 == 0 else Decimal(n * 137),
                sector_id=["agroalimentaire", "bois", None][n % 3],
                health_id=["alerte", "favorable", None, None][n % 4],
                owner=officer if n % 6 == 0 else None,
                opened_on=TODAY - datetime.timedelta(days=n * 10),
                stage_since=TODAY - datetime.timedelta(days=n * 10),
            )
            # Several rows on the other side of a join must not count a project twice.
            project.priorities.set(["foncier", "transition"] if n % 2 else ["foncier"])
            InteractionFactory.create_batch(n % 3, project=project, organisation=project.holder)
    assert Interaction.objects.exists()
    return officer, territory
