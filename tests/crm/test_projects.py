import datetime
import uuid

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertTemplateUsed

from crm import history
from crm.models import Project, Role, Stage
from tests.crm.factories import (
    ContactFactory,
    FollowUpFactory,
    InteractionFactory,
    OrganisationFactory,
    ProjectFactory,
    SiteFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
LIST = "/projets/liste/"
NEW = "/projets/nouveau/"
TODAY = datetime.date(2026, 11, 22)


@pytest.fixture
def holder(territory):
    return OrganisationFactory(territory=territory, name="Conserverie Peyrolade")


def typed(holder, **fields):
    """A form as a person fills it: what is not known is left empty."""
    return {
        "key": str(uuid.uuid4()),
        "holder": holder.pk,
        "title": "Ligne de séchage",
        "lead_source": "visite",
        "confidentiality": "interne",
    } | fields


def edited(project, **fields):
    return {
        "version": project.version,
        "holder": project.holder_id,
        "title": project.title,
        "confidentiality": project.confidentiality,
    } | fields


def edit_url(project):
    return reverse("crm:project_edit", args=[project.pk])


def step_url(project):
    return reverse("crm:project_next_step", args=[project.pk])


# The table


def test_table_shows_the_totals_of_what_is_filtered_and_what_is_unknown(officer_client, territory):
    ProjectFactory(territory=territory, title="Sécheur", planned_investment=1_000_000)
    ProjectFactory(territory=territory, title="Sécheur 2", jobs_created_planned="3.5")
    ProjectFactory(territory=territory, title="Four", planned_investment=7)

    response = officer_client.get(LIST, {"q": "sécheur"})

    totals = response.context["totals"]
    assert (totals["count"], totals["investment"], totals["unknown"]) == (2, 1_000_000, 1)
    assertContains(response, "+ 1 à confirmer")
    assertContains(response, "3,5")
    assertNotContains(response, ">Four<")


def test_board_and_table_are_two_views_of_one_list(officer_client, territory):
    ProjectFactory(territory=territory, title="Sécheur")
    ProjectFactory(territory=territory, title="Four")
    query = {"q": "four", "order": "title"}
    pages = [officer_client.get(page, query) for page in ("/projets/", LIST)]
    assertContains(pages[0], f'href="{LIST}?q=four&amp;order=title"')
    assertContains(pages[1], 'href="/projets/?q=four&amp;order=title"')
    assert pages[0].context["totals"] == pages[1].context["totals"]


def test_table_says_which_column_sorts(officer_client, territory):
    ProjectFactory(territory=territory)
    assertContains(officer_client.get(LIST, {"order": "title"}), 'aria-sort="ascending"')
    assertContains(officer_client.get(LIST, {"order": "-title"}), 'aria-sort="descending"')


def test_unknown_amounts_sort_last_both_ways(officer_client, territory):
    for amount in (None, 10, 20):
        ProjectFactory(territory=territory, planned_investment=amount)
    for order, expected in [
        ("planned_investment", [10, 20, None]),
        ("-planned_investment", [20, 10, None]),
    ]:
        page = officer_client.get(LIST, {"order": order}).context["page"]
        assert [project.planned_investment for project in page] == expected


def test_table_cost_does_not_grow_with_rows(officer_client, territory, assert_flat_queries):
    def add_rows(count):
        for project in ProjectFactory.create_batch(count, territory=territory, health_id="alerte"):
            InteractionFactory.create_batch(2, project=project, organisation=project.holder)

    assert_flat_queries(lambda: officer_client.get(LIST), add_rows)


def test_an_empty_territory_says_what_to_do(officer_client):
    assertContains(officer_client.get(LIST), "Ouvrir un premier projet")


# The page


@pytest.mark.parametrize(
    ("role", "seen"), [(Role.OFFICER, True), (Role.MANAGER, True), (Role.READER, False)]
)
def test_the_memory_of_the_team_stays_in_the_team(sign_in, territory, holder, role, seen):
    project = ProjectFactory(territory=territory, holder=holder, confidentiality="public")
    InteractionFactory(project=project, organisation=holder, summary="Four de 1998")
    FollowUpFactory(territory=territory, project=project, title="Demander le devis")
    ContactFactory(organisation=holder, last_name="Lafforgue")

    response = sign_in(role).get(project.get_absolute_url())

    check = assertContains if seen else assertNotContains
    for text in ("Four de 1998", "Demander le devis", "Lafforgue", "Échanges", "Historique"):
        check(response, text)


def test_the_pair_does_not_open_an_internal_project(sign_in, territory):
    project = ProjectFactory(territory=territory, confidentiality="interne")
    assert sign_in(Role.ELECTED).get(project.get_absolute_url()).status_code == 404


@pytest.mark.parametrize(
    "name", ["project", "project_edit", "project_next_step", "project_history"]
)
def test_a_stranger_finds_nothing(officer_client, name):
    assert officer_client.get(reverse(f"crm:{name}", args=[ProjectFactory().pk])).status_code == 404


@pytest.mark.parametrize("name", ["project_edit", "project_next_step", "project_history"])
def test_a_reader_may_not_write(sign_in, territory, name):
    project = ProjectFactory(territory=territory, confidentiality="public")
    response = sign_in(Role.READER).get(reverse(f"crm:{name}", args=[project.pk]))
    assert response.status_code == 403


def test_page_cost_does_not_grow_with_what_happened(
    officer_client, territory, holder, assert_flat_queries
):
    project = ProjectFactory(territory=territory, holder=holder, owner=UserFactory())

    def happen(count):
        for n in range(count):
            contact = ContactFactory(organisation=holder)
            InteractionFactory(project=project, organisation=holder).contacts.add(contact)
            FollowUpFactory(territory=territory, project=project, organisation=holder)
            project.title, project.owner = f"Titre {n}", UserFactory()
            project.save()
            project.priorities.add(["foncier", "transition", "innovation"][n % 3])

    assert_flat_queries(lambda: officer_client.get(project.get_absolute_url()), happen)


def test_what_nobody_knows_is_a_list_of_questions(officer_client, territory, holder):
    project = ProjectFactory(territory=territory, holder=holder, need="Sécher")
    response = officer_client.get(project.get_absolute_url())
    assertContains(response, "Quel montant d’investissement, hors taxes\u00a0?")
    assertNotContains(response, "De quoi le porteur a-t-il besoin")


def test_the_stages_tell_the_days_spent_in_each(territory):
    officer = UserFactory(territory=territory)
    project = ProjectFactory(territory=territory, opened_on=TODAY - datetime.timedelta(days=30))
    change = project.move_to(Stage.objects.get(pk="qualifie"), by=officer)
    change.at = datetime.datetime(2026, 11, 2, 12, tzinfo=datetime.UTC)
    change.save()
    stages = list(Stage.objects.order_by("position"))
    steps = {step.stage.pk: step for step in history.steps(project, stages)}
    assert (steps["detecte"].state, steps["detecte"].days) == ("done", 10)
    assert steps["qualifie"].state == "current"
    assert steps["en_montage"].state == "beside"


# Creation


def test_a_project_opens_with_what_is_known(officer_client, territory, holder):
    site = SiteFactory(organisation=holder, commune_id="32132")
    response = officer_client.post(
        NEW,
        typed(
            holder,
            site=site.pk,
            planned_investment="1 850 000,50 €",
            jobs_created_planned="3,5",
            priorities=["foncier", "transition"],
            commune="82112",
        ),
    )
    project = Project.objects.get()
    assert response.url == project.get_absolute_url()
    assert float(project.planned_investment) == 1_850_000.5
    assert float(project.jobs_created_planned) == 3.5
    assert project.eligible_costs is None
    assert project.place.name == "Moissac"
    assert project.created_by == officer_client.user
    assert project.territory == territory
    assert project.source_of("planned_investment").startswith("saisi par")


def test_a_form_sent_twice_opens_one_project(officer_client, holder):
    form = typed(holder)
    first, second = (officer_client.post(NEW, form) for _ in range(2))
    assert first.url == second.url
    assert Project.objects.count() == 1


def test_two_forms_open_two_projects(officer_client, holder):
    for _ in range(2):
        officer_client.post(NEW, typed(holder))
    assert {p.reference[-3:] for p in Project.objects.all()} == {"001", "002"}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"planned_investment": "beaucoup"}, "n’est pas un nombre"),
        ({"planned_investment": "-5"}, "ne peut pas être négatif"),
        ({"starts_on": "2027-05-01", "ends_on": "2027-04-01"}, "La fin précède le début"),
        ({"starts_on": "demain"}, "Écrivez une date"),
        ({"commune": "Nullepart"}, "Aucune commune ne correspond"),
        ({"title": ""}, "est obligatoire"),
        ({"lead_source": ""}, "est obligatoire"),
        ({"holder": "999999"}, "Sélectionnez un choix valide"),
        ({"holder": "x"}, "Sélectionnez un choix valide"),
        ({"next_step_on": "2027-01-01"}, "Dites ce qui est à faire"),
        ({"planned_investment": "9" * 20}, "pas plus de"),
        ({"jobs_created_planned": "1e99999"}, "n’est pas un nombre"),
        ({"key": "x"}, "UUID"),
    ],
)
def test_a_refused_project_keeps_what_was_typed(officer_client, holder, fields, sentence):
    response = officer_client.post(NEW, typed(holder, need="Sécher sans gaz") | fields)
    assertContains(response, sentence, status_code=422)
    assertContains(response, "Sécher sans gaz", status_code=422)
    assert not Project.objects.exists()


def test_the_site_is_one_of_the_holder_s(officer_client, territory, holder):
    elsewhere = SiteFactory(organisation=OrganisationFactory(territory=territory))
    response = officer_client.post(NEW, typed(holder, site=elsewhere.pk))
    assertContains(response, "n’est pas un établissement du porteur", status_code=422)


def test_choosing_a_holder_offers_its_sites(officer_client, holder):
    SiteFactory(organisation=holder, name="Usine du bas")
    assertContains(officer_client.get(NEW, {"holder": holder.pk}), "Usine du bas")
    assertNotContains(officer_client.get(NEW), "Usine du bas")


def test_holder_and_owner_of_another_territory_are_neither_offered_nor_taken(
    officer_client, holder
):
    stranger = OrganisationFactory(name="Firme inconnue")
    colleague = UserFactory(territory=stranger.territory, last_name="Inconnue")
    response = officer_client.get(NEW)
    assertNotContains(response, "Firme inconnue")
    assertNotContains(response, "Inconnue")
    for fields in ({"holder": stranger.pk}, {"owner": colleague.pk}):
        assert officer_client.post(NEW, typed(holder) | fields).status_code == 422


def test_costs_above_the_investment_are_taken_with_a_warning(officer_client, holder):
    response = officer_client.post(
        NEW, typed(holder, planned_investment="100", eligible_costs="200"), follow=True
    )
    assertContains(response, "L’assiette dépasse l’investissement prévu")


@pytest.mark.parametrize("role", [Role.ELECTED, Role.INDUSTRIALIST, Role.READER])
def test_only_the_team_opens_projects(sign_in, holder, role):
    client = sign_in(role)
    assert client.get(NEW).status_code == 403
    assert client.post(NEW, typed(holder)).status_code == 403
    assert not Project.objects.exists()


# Edition


def test_an_edit_notes_who_wrote_only_what_changed(officer_client, territory, holder):
    project = ProjectFactory(territory=territory, holder=holder)
    officer_client.post(edit_url(project), edited(project, eligible_costs="1 760 000"))
    project.refresh_from_db()
    assert project.eligible_costs == 1_760_000
    assert project.version == 2
    assert set(project.provenance) == {"eligible_costs"}


def test_the_slower_of_two_editors_is_told_and_loses_nothing(officer_client, territory, holder):
    project = ProjectFactory(territory=territory, holder=holder)
    stale = edited(project, need="Sécher sans gaz")
    officer_client.post(edit_url(project), edited(project, eligible_costs="500"))

    response = officer_client.post(edit_url(project), stale)

    assertContains(response, f"{officer_client.user} a enregistré ce projet", status_code=409)
    assertContains(response, "Sécher sans gaz", status_code=409)
    assertContains(response, "Assiette éligible HT\u00a0: 500", status_code=409)
    project.refresh_from_db()
    assert (project.eligible_costs, project.need) == (500, "")

    again = stale | {"version": project.version, "eligible_costs": "500"}
    assert officer_client.post(edit_url(project), again).status_code == 302


def test_an_edit_begun_before_a_move_does_not_undo_it(officer_client, territory, holder):
    project = ProjectFactory(territory=territory, holder=holder)
    stale = edited(project)
    project.move_to(Stage.objects.get(pk="qualifie"), by=officer_client.user)
    assert officer_client.post(edit_url(project), stale).status_code == 409
    project.refresh_from_db()
    assert project.stage_id == "qualifie"


def test_a_retired_choice_stays_with_the_project_that_has_it(officer_client, territory, holder):
    project = ProjectFactory(territory=territory, holder=holder, sector_id="bois")
    type(project.sector).objects.filter(pk="bois").update(is_active=False)
    response = officer_client.post(edit_url(project), edited(project, sector="bois"))
    assert response.status_code == 302
    assertNotContains(officer_client.get(NEW), "Bois et ameublement")


def test_next_step_is_edited_in_place(officer_client, territory):
    project = ProjectFactory(territory=territory)
    htmx = {"HX-Request": "true"}
    assertTemplateUsed(
        officer_client.get(step_url(project), headers=htmx), "crm/_project_next_step.html"
    )
    response = officer_client.post(
        step_url(project),
        {"version": 1, "next_step": "Déposer le FEADER", "next_step_on": "2026-11-28"},
        headers=htmx,
    )
    assertTemplateUsed(response, "crm/_project_suite.html")
    assertContains(response, "Déposer le FEADER")
    stale = officer_client.post(
        step_url(project), {"version": 1, "next_step": "Autre chose"}, headers=htmx
    )
    assertContains(stale, "a enregistré ce projet", status_code=409)
    assert stale.headers["HX-Retarget"] == "#dialogue"


def test_a_date_without_a_step_is_refused(officer_client, territory):
    project = ProjectFactory(territory=territory)
    response = officer_client.post(step_url(project), {"version": 1, "next_step_on": "2026-11-28"})
    assertContains(response, "Dites ce qui est à faire", status_code=422)


# History


def told(project):
    """Each entry as the page writes it."""
    return [
        " ".join(
            part for part in (str(e.by), e.verb, e.name, e.before, e.link, e.after, e.note) if part
        )
        for e in history.entries(project)
    ]


def test_history_tells_changes_in_words(officer_client, territory, holder):
    project = ProjectFactory(territory=territory, holder=holder, eligible_costs=1_540_000)
    officer_client.post(
        edit_url(project),
        edited(project, eligible_costs="1 760 000", sector="bois", starts_on="2027-01-01"),
    )
    me = str(officer_client.user)
    lines = told(project)
    assert (
        f"{me} a porté l’assiette de 1\u00a0540\u00a0000\u00a0€ à 1\u00a0760\u00a0000\u00a0€"
        in lines
    )
    assert f"{me} a renseigné la filière\u00a0: Bois et ameublement" in lines
    assert f"{me} a renseigné la date de début\u00a0: 01/01/2027" in lines
    assertContains(officer_client.get(project.get_absolute_url()), "a porté l’assiette de")


def test_history_tells_moves_and_why(officer_client, territory):
    project = ProjectFactory(territory=territory)
    project.move_to(
        Stage.objects.get(pk="en_pause"),
        by=officer_client.user,
        reason="Permis attendu",
        revisit_on=TODAY,
    )
    assert told(project)[0] == (
        f"{officer_client.user} a passé le projet de Détecté à En pause "
        "«\u00a0Permis attendu\u00a0», à revoir le 22/11/2026"
    )


def test_history_tells_sets_without_repeating_the_creation(officer_client, territory, holder):
    officer_client.post(NEW, typed(holder, priorities=["foncier", "transition"]))
    project = Project.objects.get()
    assert told(project) == [f"{officer_client.user} a ouvert le projet"]

    project.history.update(history_date="2026-01-01T00:00:00Z")
    officer_client.post(edit_url(project), edited(project, priorities=["foncier"]))
    assert any("a retiré l’axe" in line for line in told(project))


def test_the_whole_history_is_one_page_away(officer_client, territory):
    project = ProjectFactory(territory=territory)
    for n in range(15):
        project.title = f"Titre {n}"
        project.save()
    page = officer_client.get(project.get_absolute_url())
    assert len(page.context["entries"]) == 10
    full = officer_client.get(reverse("crm:project_history", args=[project.pk]))
    assert len(full.context["entries"]) == 16
