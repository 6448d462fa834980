"""Indicators read from the data: the figure of today, its rows, what is kept of it, and targets."""

import datetime
import re
from decimal import Decimal

import pytest
from pytest_django.asserts import assertContains, assertNotContains

from actions.models import Indicator, IndicatorTarget, IndicatorValue
from crm import measures
from crm.models import Confidentiality, Interaction, Role
from tests.actions.factories import (
    ActionFactory,
    IndicatorFactory,
    IndicatorTargetFactory,
    IndicatorValueFactory,
)
from tests.crm.factories import InteractionFactory, OrganisationFactory, ProjectFactory
from tests.funding.factories import ApplicationFactory

pytestmark = pytest.mark.django_db
NEW = datetime.date(2026, 6, 1)


@pytest.fixture
def action(territory):
    return ActionFactory(territory=territory, code="ECI-1")


def visit(territory, on=NEW, **fields):
    company = OrganisationFactory(territory=territory)
    InteractionFactory(organisation=company, happened_on=on, **fields)
    return company


def read(key, user, territory, **asked):
    found = measures.read(measures.get(key), user, territory, **asked)
    return found.value, found.count, found.unknown, found.unproved


def rows_behind(client, key, **asked):
    page = client.get(measures.get(key).url(**asked))
    assert page.status_code == 200
    return page


def test_a_company_visited_twice_counts_once_and_only_in_the_period(officer_client, territory):
    first = visit(territory)
    InteractionFactory(organisation=first, happened_on=NEW)
    visit(territory, on=datetime.date(2020, 1, 1))
    visit(territory, kind=Interaction.Kind.CALL)
    visit(ActionFactory().plan.territory)
    user = officer_client.user
    assert read("companies_visited", user, territory, since=NEW)[:2] == (1, 1)
    assert read("companies_visited", user, territory)[:2] == (2, 2)
    assert read("companies_met", user, territory)[0] == 3
    assert read("exchanges", user, territory) == (4, 3, 0, 0)
    page = rows_behind(officer_client, "companies_visited", since=NEW)
    assertContains(page, first.name)
    assertContains(page, "01/06/2026")
    assert page.context["filters"].qs.count() == 1


def test_planned_and_observed_jobs_are_two_figures(officer_client, territory):
    ProjectFactory(territory=territory, jobs_created_planned=10)
    ProjectFactory(
        territory=territory, jobs_created_planned=5, jobs_created_observed=3, jobs_evidence="DSN"
    )
    ProjectFactory(territory=territory, jobs_created_observed=2)
    user = officer_client.user
    assert read("jobs_created_planned", user, territory) == (15, 3, 1, 0)
    assert read("jobs_created_observed", user, territory) == (5, 2, 0, 1)
    page = rows_behind(officer_client, "jobs_created_observed")
    assert page.context["filterset"].qs.count() == 2


def test_nothing_known_is_none_and_no_row_is_a_true_zero(officer_client, territory):
    user = officer_client.user
    ProjectFactory(territory=territory, planned_investment=None)
    assert read("investment_planned", user, territory) == (None, 1, 1, 0)
    assert read("companies_visited", user, territory)[:2] == (0, 0)


def test_each_measure_opens_as_many_rows_as_it_counts(officer_client, territory):
    project = ProjectFactory(territory=territory, planned_investment=1000, land_need_m2=50)
    ProjectFactory(territory=territory, stage_id="realise", jobs_created_observed=2)
    ApplicationFactory(project=project, amount_granted=500)
    ActionFactory(territory=territory).organisations.add(visit(territory))
    for measure in measures.every():
        count = measures.read(measure, officer_client.user, territory).count
        page = rows_behind(officer_client, measure.key)
        rows = page.context.get("filterset") or page.context["filters"]
        assert rows.qs.count() == count, measure.key
    assert read("aid_granted", officer_client.user, territory)[:2] == (500, 1)
    assert read("companies_in_plan", officer_client.user, territory)[0] == 1


def test_the_scope_of_a_fiche_counts_its_own_rows(officer_client, territory, action):
    mine = ProjectFactory(territory=territory, planned_investment=1000)
    ProjectFactory(territory=territory, planned_investment=5000)
    action.projects.add(mine)
    within = f"fiche-{action.pk}"
    assert read("investment_planned", officer_client.user, territory, within=within)[0] == 1000
    page = rows_behind(officer_client, "investment_planned", within=within)
    assert list(page.context["filterset"].qs) == [mine]
    assertContains(page, "fiche ECI-1")
    elsewhere = ActionFactory()
    elsewhere.projects.add(mine)
    page = rows_behind(officer_client, "investment_planned", within=f"fiche-{elsewhere.pk}")
    assert not page.context["filterset"].qs.exists()
    assertContains(page, "fiche inconnue")


@pytest.mark.parametrize(
    "query",
    [
        "measure=inconnue",
        "measure=companies_visited",  # of the other list
        "since=2026-01-01",
        "within=fiche-1",
        "measure=projects_followed&within=fiche-²",
        "measure=projects_followed&within=fiche-" + "9" * 30,
        "measure=projects_followed&within=lot-1",
        "measure=projects_followed&since=hier",
    ],
)
def test_rows_of_a_figure_that_is_not_one_are_refused(officer_client, territory, query):
    ProjectFactory(territory=territory)
    page = officer_client.get(f"/projets/liste/?{query}")
    assert not page.context["filterset"].qs.exists()
    assert officer_client.get(f"/rapports/projets.csv?{query}").status_code == 400


def test_who_may_not_read_exchanges_learns_no_company_visited(sign_in, territory):
    visit(territory)
    page = rows_behind(sign_in(Role.ELECTED), "companies_visited")
    assert not page.context["filters"].qs.exists()


def test_today_s_figure_stands_beside_the_dated_values_for_the_team_alone(
    sign_in, territory, action
):
    indicator = IndicatorFactory(
        action=action, unit="entreprises", measure="companies_visited", counted_from=NEW
    )
    visit(territory)
    page = sign_in(Role.OFFICER).get(action.get_absolute_url())
    assertContains(page, "<dt>Aujourd’hui</dt>")
    url = f"/entreprises/?measure=companies_visited&amp;since={NEW:%Y-%m-%d}"
    assertContains(page, url)
    assertContains(page, "Relever la valeur du jour")
    assert page.context["indicators"][0]["reading"].value == 1
    page = sign_in(Role.ELECTED).get(action.get_absolute_url())
    assertNotContains(page, "<dt>Aujourd’hui</dt>")
    assertNotContains(page, url)
    assertContains(page, indicator.label)


def test_kept_figure_is_a_dated_value_that_says_its_rows(officer_client, territory, action):
    indicator = IndicatorFactory(action=action, unit="ETP", measure="jobs_created_observed")
    ProjectFactory(territory=territory, jobs_created_observed=2)
    ProjectFactory(territory=territory, jobs_created_observed=3, jobs_evidence="DSN")
    url = f"/plan/indicateurs/{indicator.pk}/relever/"
    for _ in range(2):  # twice is once
        assertContains(officer_client.post(url, follow=True), "est relevé")
    value = indicator.values.get()
    assert (value.value, value.quality) == (5, "calcule")
    assert value.evidence == "calculé le 22/11/2026 sur 2\u00a0projets, dont 1 sans preuve"
    assert (value.by, value.observed_on.isoformat()) == (officer_client.user, "2026-11-22")
    ProjectFactory(territory=territory, jobs_created_observed=4, jobs_evidence="DSN")
    officer_client.post(url)
    assert [value.value for value in indicator.values.all()] == [5, 9]
    assert Indicator.objects.get().latest.value == 9


def test_unknown_is_never_kept_and_a_typed_indicator_has_nothing_to_keep(
    officer_client, territory, action
):
    ProjectFactory(territory=territory, planned_investment=None)
    unknown = IndicatorFactory(action=action, measure="investment_planned")
    response = officer_client.post(f"/plan/indicateurs/{unknown.pk}/relever/", follow=True)
    assertContains(response, "Rien à relever")
    typed = IndicatorFactory(action=action)
    assert officer_client.post(f"/plan/indicateurs/{typed.pk}/relever/").status_code == 400
    lost = IndicatorFactory(action=action, measure="disparu")
    assert officer_client.post(f"/plan/indicateurs/{lost.pk}/relever/").status_code == 400
    assertContains(officer_client.get(action.get_absolute_url()), "n’existe plus")
    assert not IndicatorValue.objects.exists()


def test_confidential_projects_count_for_the_team(officer_client, territory, action):
    ProjectFactory(
        territory=territory, confidentiality=Confidentiality.INTERNAL, planned_investment=700
    )
    IndicatorFactory(action=action, measure="investment_planned")
    page = officer_client.get(action.get_absolute_url())
    assert page.context["indicators"][0]["reading"].value == 700


def test_fifty_computed_indicators_cost_what_one_costs(officer_client, action, assert_flat_queries):
    def add(count):
        for indicator in IndicatorFactory.create_batch(
            count, action=action, measure="companies_visited", counted_from=NEW
        ):
            IndicatorTargetFactory(indicator=indicator)

    assert_flat_queries(lambda: officer_client.get(action.get_absolute_url()), add)


def fields(**changes):
    return {"label": "Visites", "measure": "companies_visited", "direction": "up"} | changes


def test_computed_indicator_takes_the_unit_of_its_measure(officer_client, action):
    url = f"/plan/{action.pk}/indicateurs/"
    assert officer_client.post(url, fields(counted_from="2024-01-01")).status_code == 302
    indicator = Indicator.objects.get()
    assert (indicator.unit, indicator.scope) == ("entreprises", "territory")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"measure": ""}, "«\u00a0Unité\u00a0» est obligatoire"),
        ({"measure": "inconnue"}, "Sélectionnez un choix valide"),
        (
            {"measure": "projects_followed", "counted_from": "2024-01-01"},
            "il ne part pas d’une date",
        ),
        ({"measure": "", "unit": "m", "counted_from": "2024-01-01"}, "ne comptent pas depuis"),
        ({"counted_from": "2030-01-01"}, "Cette date est à venir"),
        ({"scope": "monde"}, "Sélectionnez un choix valide"),
    ],
)
def test_refused_indicator_says_why(officer_client, action, changes, said):
    response = officer_client.post(f"/plan/{action.pk}/indicateurs/", fields(**changes))
    assertContains(response, said, status_code=422)
    assert not Indicator.objects.exists()


@pytest.fixture
def indicator(action):
    return IndicatorFactory(
        action=action, baseline=0, baseline_on="2024-01-01", target=40, target_on="2028-06-30"
    )


def test_target_of_a_year_is_set_edited_and_told(officer_client, action, indicator):
    url = f"/plan/indicateurs/{indicator.pk}/cibles/"
    for _ in range(2):  # sent twice
        assert officer_client.post(url, {"year": 2026, "value": "12,5"}).status_code == 302
    target = IndicatorTarget.objects.get()
    edit = f"/plan/cibles/{target.pk}/modifier/"
    assertContains(officer_client.get(edit), "12,5")
    sent = {"year": 2026, "value": "14", "version": 1}
    assert officer_client.post(edit, sent).status_code == 302
    response = officer_client.post(edit, sent | {"value": "15"})
    assertContains(response, "rien de votre saisie n’a été écrit", status_code=409)
    target.refresh_from_db()
    assert target.value == 14
    page = officer_client.get(action.get_absolute_url())
    assert page.context["indicators"][0]["chart"].steps[0].label == 14
    assertContains(page, "Modifier la cible de 2026")


@pytest.mark.parametrize(
    ("year", "said"),
    [
        ("2023", "précède la date de départ"),
        ("2028", "est celle de l’indicateur"),
        ("20260", "Écrivez une année"),
        ("²", "nombre entier"),
        ("2026", "a déjà sa cible"),
    ],
)
def test_refused_target_says_why(officer_client, indicator, year, said):
    IndicatorTargetFactory(indicator=indicator, year=2026, value=3)
    url = f"/plan/indicateurs/{indicator.pk}/cibles/"
    assertContains(officer_client.post(url, {"year": year, "value": 9}), said, status_code=422)
    assert indicator.targets.get().value == 3


def test_removed_target_comes_back_unless_its_year_was_given_another(officer_client, indicator):
    target = IndicatorTargetFactory(indicator=indicator, year=2026, value=3)
    trace = target.remove()
    IndicatorTargetFactory(indicator=indicator, year=2026, value=5)
    url = f"/plan/retablir/cible/{trace.pk}/"
    assertContains(officer_client.post(url, follow=True), "a une autre cible depuis")
    indicator.targets.get().remove()
    officer_client.post(url)
    assert indicator.targets.get().value == 3


def test_indicator_takes_its_targets_along_and_back(officer_client, indicator):
    IndicatorTargetFactory(indicator=indicator, year=2026)
    url = f"/plan/retirer/indicateur/{indicator.pk}/"
    assertContains(officer_client.get(url), "cible annuelle part")
    officer_client.post(url)
    assert not IndicatorTarget.objects.exists()
    Indicator.restore(Indicator.history.filter(history_type="-").get())
    assert IndicatorTarget.objects.get().year == 2026


def test_second_of_two_edits_of_an_indicator_is_told(officer_client, indicator):
    url = f"/plan/indicateurs/{indicator.pk}/modifier/"
    sent = {"label": "Premier", "unit": "m", "direction": "up", "version": 1}
    assert officer_client.post(url, sent).status_code == 302
    response = officer_client.post(url, sent | {"label": "Second"})
    assertContains(response, "Second", status_code=409)
    indicator.refresh_from_db()
    assert indicator.label == "Premier"


def test_quality_of_each_value_is_shown_and_the_others_counted(officer_client, action, indicator):
    IndicatorValueFactory(indicator=indicator, quality="mesure", value=Decimal(3))
    IndicatorValueFactory(indicator=indicator, observed_on="2026-07-01")
    page = officer_client.get(action.get_absolute_url())
    assertContains(page, "Mesuré")
    assertContains(page, "valeur ne dit pas sa qualité")
    refused = officer_client.post(
        f"/plan/indicateurs/{indicator.pk}/valeurs/",
        {"value": "3", "observed_on": "2026-07-02", "quality": "calcule"},
    )
    assertContains(refused, "Sélectionnez un choix valide", status_code=422)


def test_what_is_no_target_says_that_it_is_a_point_of_the_path(officer_client, action):
    IndicatorFactory(
        action=action,
        baseline=0,
        baseline_on="2024-01-01",
        target=30,
        target_on="2026-12-31",
    )
    page = officer_client.get(action.get_absolute_url()).content.decode()
    told = re.findall(r'<th scope="row">(\d{4})</th><td class="num">.*?<small>(.*?)</small>', page)
    assert told == [("2024", "point du chemin"), ("2025", "point du chemin"), ("2026", "cible")]
