"""The plan by status, along time, by pilot, by partner; and what its table writes."""

import datetime
import re
from decimal import Decimal

import pytest
from pytest_django.asserts import assertContains, assertNotContains, assertTemplateUsed

from actions import gantt
from actions.models import Action
from crm.models import Role
from tests.actions.factories import ActionFactory, MilestoneFactory
from tests.crm.factories import OrganisationFactory, UserFactory

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 11, 22)
BOARD, CALENDAR = "/plan/statuts/", "/plan/calendrier/"
PILOTS, PARTNERS, TABLE, BULK = (
    "/plan/pilotes/",
    "/plan/partenaires/",
    "/plan/tableau/",
    "/plan/lot/",
)
VIEWS = [BOARD, CALENDAR, PILOTS, PARTNERS]


@pytest.fixture
def action(territory):
    return ActionFactory(territory=territory, code="N5", title="Navette")


@pytest.mark.parametrize("url", VIEWS)
@pytest.mark.parametrize("role", Role.values)
def test_every_role_reads_each_view(sign_in, territory, action, role, url):
    action.partners.add(OrganisationFactory(territory=territory))
    page = sign_in(role).get(url)
    assertContains(page, "Navette")
    if role not in {Role.OFFICER, Role.MANAGER}:
        assertNotContains(page, "Déplacer vers")


@pytest.mark.parametrize("url", VIEWS)
def test_each_view_keeps_the_filters_and_refuses_a_bad_one(officer_client, territory, action, url):
    partner = OrganisationFactory(territory=territory)
    for fiche in (action, ActionFactory(territory=territory, title="Salon", status="en_cours")):
        fiche.partners.add(partner)
    page = officer_client.get(url, {"status": "en_cours"})
    assertContains(page, "Salon")
    assertNotContains(page, "Navette")
    for other in ("/plan/", TABLE, *VIEWS):
        assertContains(page, f'href="{other}?status=en_cours"')
    refused = officer_client.get(url, {"status": "bidon"})
    assertNotContains(refused, "Salon", status_code=400)


@pytest.mark.parametrize("url", VIEWS)
def test_htmx_gets_the_fiches_only(htmx_client, territory, action, url):
    htmx_client.force_login(UserFactory(territory=territory))
    response = htmx_client.get(url)
    assertNotContains(response, "<html")
    assertContains(response, 'id="fiches"')


@pytest.mark.parametrize("url", VIEWS)
def test_each_view_costs_the_same_for_one_fiche_and_many(
    officer_client, territory, assert_flat_queries, url
):
    def add(count):
        for fiche in ActionFactory.create_batch(
            count, territory=territory, pilot=OrganisationFactory(territory=territory)
        ):
            fiche.partners.add(OrganisationFactory(territory=territory))
            fiche.financial_partners.add(OrganisationFactory(territory=territory))
            MilestoneFactory.create_batch(2, action=fiche)
            ActionFactory(plan=fiche.plan, parent=fiche)

    assert_flat_queries(lambda: officer_client.get(url), add)


# ── The board ──


def move(client, action, to, seen, **headers):
    url = f"/plan/{action.pk}/statut/"
    return client.post(url, {"stage": to, "from": seen}, follow=True, headers=headers)


def test_a_card_is_moved_and_the_move_undone(officer_client, action):
    page = move(officer_client, action, "en_cours", "a_venir")
    action.refresh_from_db()
    assert action.status == "en_cours"
    undo = re.search(rf'action="(/plan/{action.pk}/statut/\?[^"]+)"', page.content.decode())[1]
    officer_client.post(undo.replace("&amp;", "&"))
    action.refresh_from_db()
    assert action.status == "a_venir"
    assert [row.status for row in action.history.all()] == ["a_venir", "en_cours", "a_venir"]


def test_the_slower_of_two_moves_writes_nothing_and_is_told(officer_client, action):
    move(officer_client, action, "bloque", "a_venir")
    page = move(officer_client, action, "termine", "a_venir")
    assertContains(page, "Rien n’a été écrit")
    action.refresh_from_db()
    assert action.status == "bloque"


def test_a_move_tells_who_was_editing_the_fiche(officer_client, action):
    version = action.version
    move(officer_client, action, "en_cours", "a_venir")
    fields = {"code": "N5", "title": "Autre", "priority": "logement", "status": "a_venir"}
    response = officer_client.post(f"/plan/{action.pk}/modifier/", fields | {"version": version})
    assert response.status_code == 409


def test_htmx_gets_the_card_and_the_heads_of_both_lanes(htmx_client, territory, action):
    htmx_client.force_login(UserFactory(territory=territory))
    headers = {
        "HX-Target": f"card-{action.pk}",
        "HX-Current-URL": f"https://testserver{BOARD}?status=en_cours",
    }
    response = move(htmx_client, action, "en_cours", "a_venir", **headers)
    assertTemplateUsed(response, "actions/_action_moved.html")
    for lane in ("a_venir", "en_cours"):
        assertContains(response, f'id="lane-{lane}-head"')
    assertContains(response, "#lane-en_cours-list")
    gone = move(htmx_client, action, "termine", "en_cours", **headers)
    assertNotContains(gone, "#lane-termine-list")  # the filter of the page hides it


@pytest.mark.parametrize("fields", [{"stage": "bidon", "from": "a_venir"}, {}])
def test_a_status_that_does_not_exist_is_a_sentence(officer_client, action, fields):
    response = officer_client.post(f"/plan/{action.pk}/statut/", fields)
    assertContains(response, "Statut", status_code=400)


def test_lane_sums_count_a_sub_action_in_its_fiche(officer_client, territory, action):
    Action.objects.filter(pk=action.pk).update(budget_planned=100)
    ActionFactory(plan=action.plan, parent=action, budget_planned=Decimal(40))
    lanes = {lane.key: lane for lane in officer_client.get(BOARD).context["lanes"]}
    assert lanes["a_venir"].totals["planned"] == 100
    assert len(lanes["a_venir"].actions) == 2


# ── The calendar ──


def row(starts_on=None, ends_on=None, progress=None, *milestones, label="N5 · Navette"):
    return gantt.Row(label, starts_on, ends_on, progress, milestones)


def test_a_bar_is_done_as_far_as_its_progress():
    [sheet] = gantt.draw(
        [row(datetime.date(2026, 1, 1), datetime.date(2027, 1, 1), 50)], today=TODAY
    )
    [bar] = sheet.bars
    assert float(bar.x) == gantt.LEFT
    assert float(bar.done) == pytest.approx(float(bar.length) / 2, abs=0.1)
    assert gantt.LEFT < float(sheet.today) < gantt.RIGHT


def test_an_open_bar_runs_to_the_edge_and_shows_no_progress():
    whole = row(datetime.date(2026, 1, 1), datetime.date(2027, 12, 31), 10)
    [sheet] = gantt.draw([whole, row(datetime.date(2026, 6, 1), None, 80)], today=TODAY)
    _, bar = sheet.bars
    assert (bar.css, bar.done) == ("p-none", "")
    assert float(bar.x) + float(bar.length) == pytest.approx(gantt.RIGHT, abs=0.2)


def test_milestones_are_reached_late_or_to_come():
    marks = [
        (datetime.date(2026, 3, 1), datetime.date(2026, 3, 2)),
        (datetime.date(2026, 9, 1), None),
        (datetime.date(2027, 3, 1), None),
    ]
    [sheet] = gantt.draw([row(None, None, None, *marks)], today=TODAY)
    [bar] = sheet.bars
    assert bar.length == ""
    assert [one.css for one in bar.diamonds] == ["p-ink p-edge", "p-accent p-edge", "p-void"]


def test_nothing_is_drawn_without_a_date_and_a_mistyped_one_flattens_nothing():
    assert gantt.draw([row()], today=TODAY) == []
    far = row(datetime.date(2026, 1, 1), datetime.date(9999, 12, 31))
    [sheet] = gantt.draw([far], today=TODAY)
    assert int(sheet.years[-1].label) <= TODAY.year + 13


def test_long_plans_are_cut_in_pages_on_one_axis():
    rows = [row(datetime.date(2026, 1, n + 1), datetime.date(2026, 12, 1)) for n in range(25)]
    first, second = gantt.draw(rows, today=TODAY)
    assert (len(first.bars), len(second.bars)) == (gantt.ROWS, 25 - gantt.ROWS)
    assert first.months == second.months


def test_calendar_has_its_dates_in_a_table_and_no_style_of_its_own(officer_client, territory):
    action = ActionFactory(
        territory=territory, starts_on="2026-01-01", ends_on="2027-01-01", progress=40
    )
    MilestoneFactory(action=action, label="Convention", due_on="2026-09-30")
    page = officer_client.get(CALENDAR)
    assertContains(page, "<svg viewBox")
    assertContains(page, "Convention, 30/09/2026\u00a0: en retard")
    assertNotContains(page, "style=")


# ── By pilot, by partner ──


def test_pilots_have_their_sums_and_nobody_s_fiches_come_last(officer_client, territory):
    chamber = OrganisationFactory(territory=territory, name="Chambre")
    ActionFactory(territory=territory, pilot=chamber, budget_planned=Decimal(70))
    ActionFactory(territory=territory, pilot=chamber, budget_planned=Decimal(30))
    ActionFactory(territory=territory)
    groups = officer_client.get(PILOTS).context["groups"]
    assert [(pilot, len(rows)) for pilot, rows, _ in groups] == [(chamber, 2), (None, 1)]
    assert groups[0][2]["planned"] == 100


def test_a_fiche_stands_under_each_of_its_partners_with_its_part(officer_client, territory, action):
    skill, money, both = (OrganisationFactory(territory=territory, name=name) for name in "ABC")
    action.partners.set([skill, both])
    action.financial_partners.set([money, both])
    groups = officer_client.get(PARTNERS).context["groups"]
    assert [(one, [role for role, _ in rows]) for one, rows, _ in groups] == [
        (skill, ["technique"]),
        (money, ["financier"]),
        (both, ["technique et financier"]),
    ]


# ── A cell of the table ──


def cell(action, name):
    return f"/plan/{action.pk}/case/{name}/"


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("status", "en_cours", "en_cours"),
        ("progress", "40", 40),
        ("progress", "", None),
        ("health", "vigilance", "vigilance"),
        ("ends_on", "2027-03-31", datetime.date(2027, 3, 31)),
    ],
)
def test_a_cell_is_edited_in_place(htmx_client, territory, action, name, value, kept):
    htmx_client.force_login(UserFactory(territory=territory))
    assertTemplateUsed(htmx_client.get(cell(action, name)), "actions/_cell_form.html")
    response = htmx_client.post(cell(action, name), {name: value, "version": action.version})
    assertTemplateUsed(response, "actions/_cell.html")
    assertContains(response, 'id="chiffres"')
    action.refresh_from_db()
    assert getattr(action, "health_id" if name == "health" else name) == kept
    assert action.version == 2


def test_a_cell_someone_else_changed_is_told_and_kept(htmx_client, territory, action):
    htmx_client.force_login(UserFactory(territory=territory))
    htmx_client.post(cell(action, "progress"), {"progress": "30", "version": 1})
    response = htmx_client.post(cell(action, "progress"), {"progress": "60", "version": 1})
    assertContains(response, "a changé entre-temps", status_code=409)
    assertContains(response, 'value="60"', status_code=409)
    action.refresh_from_db()
    assert action.progress == 30
    htmx_client.post(cell(action, "progress"), {"progress": "60", "version": 2})
    action.refresh_from_db()
    assert action.progress == 60


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("progress", "101", "de 0 à 100"),
        ("status", "bidon", "Sélectionnez un choix valide"),
        ("ends_on", "2025-01-01", "précède son début"),
        ("starts_on", "hier", "Écrivez une date"),
    ],
)
def test_a_refused_cell_says_why(htmx_client, territory, name, value, sentence):
    action = ActionFactory(territory=territory, starts_on="2026-01-01")
    htmx_client.force_login(UserFactory(territory=territory))
    response = htmx_client.post(cell(action, name), {name: value, "version": 1})
    assertContains(response, sentence, status_code=422)


def test_a_cell_works_without_script_and_only_where_it_should(officer_client, sign_in, action):
    assertContains(officer_client.get(cell(action, "status")), "<html")
    response = officer_client.post(cell(action, "status"), {"status": "en_cours", "version": 1})
    assert response.url == TABLE
    assert officer_client.get(cell(action, "title")).status_code == 404
    assert officer_client.get(cell(ActionFactory(), "status")).status_code == 404
    assert sign_in(Role.READER).get(cell(action, "status")).status_code == 403


# ── Many fiches at once ──


@pytest.fixture
def two(territory):
    return [ActionFactory(territory=territory, code=code) for code in ("N1", "N2")]


def chosen(two, **fields):
    rows = {f"version-{one.pk}": one.version for one in two}
    return {"fiches": [one.pk for one in two], **rows, **fields}


def test_a_bulk_change_says_first_what_it_will_do(officer_client, two):
    Action.objects.filter(pk=two[0].pk).update(status="en_cours")
    page = officer_client.get(BULK, {"fiches": [one.pk for one in two], "status": "en_cours"})
    assertContains(page, "<del>À venir</del>")
    assertContains(page, "déjà «\u00a0En cours\u00a0»")
    assertContains(page, "Changer 1\u00a0fiche")
    assert not Action.objects.filter(version=2).exists()


def test_a_bulk_change_is_written_at_once_and_undone(officer_client, two):
    fields = chosen(two, status="en_cours", importance="elevee", owner=officer_client.user.pk)
    page = officer_client.post(BULK, fields, follow=True)
    assertContains(page, "2\u00a0fiches changées")
    for one in two:
        one.refresh_from_db()
        assert (one.status, one.importance, one.owner) == (
            "en_cours",
            "elevee",
            officer_client.user,
        )
    undo = re.search(r'action="(/plan/lot/[^"]+/annuler/)"', page.content.decode())[1]
    assertContains(officer_client.post(undo, follow=True), "2\u00a0fiches remises")
    for one in two:
        one.refresh_from_db()
        assert (one.status, one.importance, one.owner) == ("a_venir", "", None)
    # Twice is once: what was put back is the last word.
    assertContains(officer_client.post(undo, follow=True), "rien n’a été annulé")


def test_one_conflict_stops_the_whole_change(officer_client, two):
    fields = chosen(two, status="en_cours")
    two[1].save_over(two[1].version)
    response = officer_client.post(BULK, fields)
    assertContains(response, "rien n’a été écrit", status_code=409)
    assert set(Action.objects.values_list("status", flat=True)) == {"a_venir"}


def test_an_undo_after_another_change_touches_nothing(officer_client, two):
    page = officer_client.post(BULK, chosen(two, status="en_cours"), follow=True)
    undo = re.search(r'action="(/plan/lot/[^"]+/annuler/)"', page.content.decode())[1]
    two[0].refresh_from_db()
    two[0].move_to("bloque", seen="en_cours")
    assertContains(officer_client.post(undo, follow=True), "rien n’a été annulé")
    two[1].refresh_from_db()
    assert two[1].status == "en_cours"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"status": "en_cours"}, "Cochez au moins une fiche"),
        ({"fiches": "mine"}, "Choisissez au moins un changement"),
        ({"fiches": "mine", "status": "bidon"}, "Statut"),
        ({"fiches": "²", "status": "en_cours"}, "Fiches"),
        ({"fiches": "9" * 30, "status": "en_cours"}, "Fiches"),
        ({"fiches": "theirs", "status": "en_cours"}, "Fiches"),
    ],
)
def test_a_refused_bulk_change_says_why(officer_client, two, fields, sentence):
    ids = {"mine": two[0].pk, "theirs": ActionFactory().pk}
    sent = fields | (
        {"fiches": ids.get(fields["fiches"], fields["fiches"])} if "fiches" in fields else {}
    )
    for send in (officer_client.get, officer_client.post):
        assertContains(send(BULK, sent), sentence, status_code=422)


def test_a_bulk_change_of_another_territory_is_not_undone_here(officer_client, territory):
    other = ActionFactory()
    other._change_reason = "lot 6f1c1a52-3a0b-4d0e-9d43-0d2f8d2b0b11"
    other.save()
    url = "/plan/lot/6f1c1a52-3a0b-4d0e-9d43-0d2f8d2b0b11/annuler/"
    assert officer_client.post(url).status_code == 404


def test_a_bulk_change_may_be_about_every_fiche_of_the_filter(officer_client, two):
    Action.objects.filter(pk=two[0].pk).update(status="bloque")
    page = officer_client.get(TABLE, {"status": "bloque"})
    assertContains(page, 'name="filtre" value="status=bloque"')
    assertContains(page, "1\u00a0fiche du filtre")
    asked = {"toutes": "1", "importance": "elevee"}
    found = officer_client.get(BULK, asked | {"filtre": "status=bloque"})
    assert [action for action, _ in found.context["rows"]] == [two[0]]
    every = officer_client.get(BULK, asked)
    assert [action for action, _ in every.context["rows"]] == two
    refused = officer_client.get(BULK, asked | {"filtre": "status=bidon"})
    assertContains(refused, "Cochez au moins une fiche", status_code=422)


def test_a_fiche_of_which_nothing_is_known_before_is_not_undone(officer_client, two):
    Action.history.all().delete()  # written in bulk, as an import may do
    page = officer_client.post(BULK, chosen(two, status="en_cours"), follow=True)
    undo = re.search(r'action="(/plan/lot/[^"]+/annuler/)"', page.content.decode())[1]
    assertContains(officer_client.post(undo, follow=True), "rien n’a été annulé")
