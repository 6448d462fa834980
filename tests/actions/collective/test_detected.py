"""The page of the collective projects: what it shows to whom, and what is made of each."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from actions.collective.detected import Detection
from actions.models import Action, ClusterDecision
from crm.models import CommuneContour, Confidentiality, NafCode, Role, Sector, Theme
from tests.actions.collective.factories import (
    ClusterDecisionFactory,
    FlowFactory,
    SitePointFactory,
    SynergyFactory,
)
from tests.actions.factories import ActionPlanFactory
from tests.crm.factories import (
    InteractionFactory,
    OrganisationFactory,
    ProjectFactory,
    SiteFactory,
    TerritoryFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
URL = "/plan/detection/"
WELDERS = "Cherche deux soudeurs."


def told(territory, *, need="emp", commune="32132", summary=WELDERS, name="", **fields):
    """A company that told of a need, in an exchange of the team."""
    names = {"name": name} if name else {}
    company = OrganisationFactory(territory=territory, **names)
    if commune is not None:
        SiteFactory(organisation=company, commune_id=commune)
    exchange = InteractionFactory(organisation=company, summary=summary, **fields)
    exchange.needs.add(need)
    return company


def three(territory, **fields):
    return [told(territory, **fields) for _ in range(3)]


def sentences(response):
    return [row.said for _, _, rows in response.context["parts"] for row in rows]


def part(response, wanted):
    [rows] = [rows for key, _, rows in response.context["parts"] if key == wanted]
    return rows


def only(client, **asked):
    [row] = Detection(client.user, asked.pop("territory")).found(radius=20, **asked)
    return row


def decide(client, row, choice="surveillee", **fields):
    data = {
        "besoin": row.cluster.need,
        "entreprises": row.keys,
        "dit": row.said,
        "precedente": row.decision.pk if row.decision else "",
        "suite": choice,
    } | fields
    return client.post("/plan/detection/suite/", data)


def test_three_neighbours_with_one_need_are_told_with_their_proofs(officer_client, territory):
    companies = three(territory)
    page = officer_client.get(URL, {"distance": "20"})
    assert sentences(page) == [
        "3 entreprises à moins de 20\u00a0km de Fleurance cherchent à recruter, dont 3 parlent de "
        "«\u00a0soudeurs\u00a0»"
    ]
    for company in companies:
        assertContains(page, company.name)
    exchange = companies[0].interactions.get()
    assertContains(page, f"/entreprises/{companies[0].pk}/?tout=1#echange-{exchange.pk}")


def test_a_project_tells_of_its_themes_too(officer_client, territory):
    company = OrganisationFactory(territory=territory)
    SiteFactory(organisation=company, commune_id="32132")
    project = ProjectFactory(territory=territory, holder=company)
    project.themes.add("emp")
    three(territory)[0].delete()
    page = officer_client.get(URL)
    assertContains(page, "3 entreprises")
    assertContains(page, project.get_absolute_url())


def test_what_is_not_known_is_counted_apart(officer_client, territory):
    for company in three(territory):
        SitePointFactory(site=company.sites.get())
    told(territory, commune=None)
    told(territory, commune="82112")
    page = officer_client.get(URL)
    assertContains(page, "1\u00a0entreprise sans commune connue n’est pas comptée.")
    assertContains(page, "dont la commune n’a pas de position connue n’est pas comptée.")


def test_the_outline_of_a_commune_places_its_companies(officer_client, territory):
    around = [[0.6, 43.8], [0.7, 43.8], [0.7, 43.9], [0.6, 43.9]]
    for code, east in (("32132", 0), ("32208", 0.05), ("82112", 3)):
        ring = [[x + east, y] for x, y in around]
        CommuneContour.objects.create(
            commune_id=code, polygons=[[ring]], source="x", loaded_on=timezone.localdate()
        )
    near = [told(territory), told(territory, commune="32208"), told(territory)]
    told(territory, commune="82112")
    [row] = Detection(officer_client.user, territory).found(radius=20)
    assert row.cluster.companies == {one.pk for one in near}


def test_without_any_position_the_whole_territory_is_searched(officer_client, territory):
    told(territory), told(territory, commune="82112"), told(territory, commune=None)
    page = officer_client.get(URL)
    assert sentences(page)[0].startswith("3 entreprises du territoire ")
    assertContains(page, "Les distances ne sont pas connues")


def test_the_filters_choose_need_word_day_and_filiere(officer_client, territory):
    old = datetime.date(2020, 1, 1)
    NafCode.objects.create(code="10", label="Industries alimentaires", level="division")
    companies = three(territory, happened_on=old)
    three(territory, need="form", summary="Former les caristes.")
    for company in companies:
        company.sectors.add(Sector.objects.get(pk="mecanique"))
    found = {
        name: len(sentences(officer_client.get(URL, asked)))
        for name, asked in {
            "all": {},
            "need": {"besoin": "form"},
            "word": {"mot": "soudeur"},
            "since": {"depuis": "2021-01-01"},
            "sector": {"filiere": "f-mecanique"},
            "activity": {"filiere": "naf-10"},
            "least": {"au_moins": "5"},
            "by sector": {"par_filiere": "on"},
        }.items()
    }
    assert found == {
        "all": 2, "need": 1, "word": 1, "since": 1, "sector": 1, "activity": 2, "least": 0,
        "by sector": 1,
    }  # fmt: skip
    assert sentences(officer_client.get(URL, {"mot": "soudeur"}))[0].endswith("\u00a0: soudeur")


@pytest.mark.parametrize(
    "asked", [{"besoin": "x"}, {"distance": "7"}, {"depuis": "hier"}, {"quoi": "1"}]
)
def test_a_filter_that_is_not_understood_shows_nothing(officer_client, territory, asked):
    three(territory)
    page = officer_client.get(URL, asked)
    assert page.status_code == 400
    assert sentences(page) == []


def test_each_reads_only_what_they_may(sign_in, territory):
    """Exchanges are the team’s; a project is read by its level of confidentiality."""
    for level in [Confidentiality.PUBLIC] * 3 + [Confidentiality.INTERNAL]:
        company = OrganisationFactory(territory=territory)
        SiteFactory(organisation=company, commune_id="32132")
        ProjectFactory(territory=territory, holder=company, confidentiality=level).themes.add("fon")
    three(territory)
    counts = {}
    for role in (Role.OFFICER, Role.READER, Role.ELECTED):
        page = sign_in(role).get(URL)
        counts[role] = sorted(said.split(" (")[0].split(" du")[0] for said in sentences(page))
    assert counts == {
        Role.OFFICER: ["3 entreprises", "4 entreprises"],
        Role.READER: ["3 entreprises"],
        Role.ELECTED: ["3 entreprises"],
    }


def test_others_read_no_decision_and_get_no_button(sign_in, territory, officer_client):
    three(territory)
    decide(officer_client, only(officer_client, territory=territory), motif="Trop tôt pour eux")
    page = sign_in(Role.READER).get(URL)
    assertNotContains(page, "Trop tôt pour eux")
    assertNotContains(page, "Surveiller")


def test_another_territory_says_nothing_here(officer_client):
    elsewhere = TerritoryFactory(perimeter=True)
    three(elsewhere)
    assert sentences(officer_client.get(URL)) == []


def test_a_watched_project_waits_for_news_and_comes_back(officer_client, territory):
    three(territory)
    decide(officer_client, only(officer_client, territory=territory))
    assert [row.state for row in part(officer_client.get(URL), "surveiller")] == ["surveiller"]
    told(territory), told(territory)
    [row] = part(officer_client.get(URL), "examiner")
    today = f"{timezone.localdate():%d/%m/%Y}"
    assert row.since == (f"2\u00a0entreprises de plus et 2\u00a0faits nouveaux depuis le {today}")


def test_a_company_that_was_only_too_far_is_no_news(officer_client, territory):
    for company in three(territory):
        SitePointFactory(site=company.sites.get())
    far = told(territory, commune="32208")
    SitePointFactory(site=far.sites.get(), latitude=44.1)
    decide(officer_client, only(officer_client, territory=territory))
    [row] = Detection(officer_client.user, territory).found(radius=50)
    assert len(row.cluster.members) == 4
    assert row.decision is not None
    assert not row.news


def test_a_dismissal_says_why_and_stays(officer_client, territory):
    three(territory)
    row = only(officer_client, territory=territory)
    decide(officer_client, row, "ecartee")
    assert not ClusterDecision.objects.exists()
    decide(officer_client, row, "ecartee", motif="Chacun pour soi")
    told(territory)
    page = officer_client.get(URL)
    [row] = part(page, "ecarter")
    assert row.decision.by == officer_client.user
    assertContains(page, "Chacun pour soi")


def test_a_decision_is_undone_and_the_one_before_comes_back(officer_client, territory):
    three(territory)
    decide(officer_client, only(officer_client, territory=territory))
    decide(officer_client, only(officer_client, territory=territory), "ecartee", motif="Non")
    last = ClusterDecision.objects.in_force().get()
    assert last.choice == "ecartee"
    page = officer_client.post(f"/plan/detection/suite/{last.pk}/annuler/", follow=True)
    assertContains(page, "La suite est annulée")
    assert only(officer_client, territory=territory).decision.choice == "surveillee"
    again = officer_client.post(f"/plan/detection/suite/{last.pk}/annuler/", follow=True)
    assertContains(again, "Quelqu’un a donné une autre suite")
    assert ClusterDecision.objects.count() == 2


def test_two_people_do_not_decide_over_each_other(officer_client, territory):
    three(territory)
    row = only(officer_client, territory=territory)
    decide(officer_client, row)
    refused = decide(officer_client, row, "ecartee", motif="Non")
    assert ClusterDecision.objects.get().choice == "surveillee"
    assertContains(officer_client.get(refused.url), "Quelqu’un a donné une autre suite entre-temps")


def test_companies_that_have_not_that_need_are_refused(officer_client, territory):
    three(territory)
    row = only(officer_client, territory=territory)
    stranger = OrganisationFactory()
    refused = decide(officer_client, row, entreprises=f"{row.keys},{stranger.pk}")
    assert refused.status_code == 400
    for keys in ("abc", "²", "1,,2", ""):
        decide(officer_client, row, entreprises=keys)
    assert not ClusterDecision.objects.exists()


def propose(client, row, **fields):
    page = client.get(row.propose_url)
    data = {name: field.value() or "" for name, field in
            ((one.name, one) for one in page.context["form"])}  # fmt: skip
    data |= {
        "besoin": row.cluster.need,
        "entreprises": row.keys,
        "dit": row.said,
        "precedente": row.decision.pk if row.decision else "",
    }
    return client.post(row.propose_url, data | fields)


def test_a_fiche_is_born_with_its_companies_and_its_theme(officer_client, territory):
    ActionPlanFactory(territory=territory)
    companies = three(territory)
    row = only(officer_client, territory=territory)
    page = propose(officer_client, row, organisations=[one.pk for one in companies[:2]])
    action = Action.objects.get()
    assert page.url == action.get_absolute_url()
    assert (action.code, action.title) == ("COL-1", row.title)
    assert set(action.organisations.all()) == set(companies[:2])
    assert [theme.pk for theme in action.themes.all()] == ["emp"]
    assert action.owner == officer_client.user
    [kept] = part(officer_client.get(URL), "retenir")
    assert kept.decision.action == action


def test_a_fiche_tells_nothing_of_what_was_said_in_private(officer_client, territory):
    ActionPlanFactory(territory=territory)
    companies = three(territory, summary="La direction va changer, soudeurs introuvables.")
    propose(officer_client, only(officer_client, territory=territory),
            organisations=[one.pk for one in companies])  # fmt: skip
    assert "direction va changer" not in Action.objects.get().context


def test_a_fiche_with_a_code_that_is_taken_keeps_what_was_typed(officer_client, territory):
    ActionPlanFactory(territory=territory)
    companies = three(territory)
    row = only(officer_client, territory=territory)
    propose(officer_client, row, organisations=[one.pk for one in companies], code="A1")
    undone = ClusterDecision.objects.get()
    officer_client.post(f"/plan/detection/suite/{undone.pk}/annuler/")
    refused = propose(
        officer_client, row, organisations=[companies[0].pk], code="a1", title="Soudeurs"
    )
    assertContains(refused, "Soudeurs", status_code=422)
    assert Action.objects.count() == 1


def test_without_a_plan_one_opens_it_first(officer_client, territory):
    three(territory)
    page = officer_client.get(only(officer_client, territory=territory).propose_url)
    assert page.url == reverse("actions:plan")
    assert officer_client.get("/plan/detection/proposer/").url == URL
    assert officer_client.get("/plan/detection/proposer/", {"besoin": "emp"}).status_code == 400


def test_three_sites_give_out_heat_near_one_that_looks_for_it(officer_client, sign_in, territory):
    site = {"site__organisation__territory": territory, "site__commune_id": "32132"}
    need = FlowFactory(whole=True, wanted=True, **site)
    givers = [FlowFactory(whole=True, **site).site.organisation for _ in range(3)]
    FlowFactory(kind="water", **site)
    page = officer_client.get(URL)
    assert sentences(page) == [
        "3 sites rejettent de la chaleur à portée d’un site qui en cherche\u00a0: séchoir"
    ]
    [row] = part(page, "examiner")
    assert row.cluster.companies == {giver.pk for giver in givers}
    decide(officer_client, row)
    FlowFactory(whole=True, **site)
    [row] = part(officer_client.get(URL), "examiner")
    assert row.since.startswith("1\u00a0entreprise de plus")
    assert row.cluster.need == f"flux-{need.pk}"
    assert sentences(sign_in(Role.READER).get(URL)) == []


def test_the_page_of_the_day_and_the_company_lead_there(officer_client, territory):
    [company, *_] = three(territory)
    assertContains(officer_client.get("/"), "/plan/detection/resume/")
    panel = officer_client.get("/plan/detection/resume/", headers={"HX-Request": "true"})
    assertContains(panel, "cherchent à recruter")
    assertContains(officer_client.get(company.get_absolute_url()), f"{URL}?besoin=emp")
    ActionPlanFactory(territory=territory)
    assertContains(officer_client.get("/plan/"), URL)


def test_the_page_costs_the_same_for_one_project_and_for_fifty(
    officer_client, territory, assert_flat_queries
):
    three(territory)

    def add(count):
        for _ in range(count):
            company = told(territory)
            SitePointFactory(site=company.sites.get())
            FlowFactory(whole=True, site=company.sites.get())
            other = SiteFactory(organisation=company, commune_id="32208")
            FlowFactory(whole=True, wanted=True, site=other)

    assert_flat_queries(lambda: officer_client.get(URL), add)


def test_a_manager_of_elsewhere_decides_nothing_here(client, territory):
    decision = ClusterDecisionFactory(territory=territory)
    client.force_login(UserFactory(territory=TerritoryFactory(perimeter=True), role=Role.MANAGER))
    assert client.post(f"/plan/detection/suite/{decision.pk}/annuler/").status_code == 404


@pytest.mark.parametrize(
    ("asked", "found"),
    [("soudeur", 1), ("SOUDEURS deux", 1), ("eau", 0), ("bois", 0), ("!!", 0), ("s", 0)],
)
def test_a_word_is_heard_whole(officer_client, territory, asked, found):
    three(territory, summary="Deux soudeurs au bureau, des boîtes au nouveau quai.")
    assert len(sentences(officer_client.get(URL, {"mot": asked}))) == found


def test_the_fiche_of_a_group_of_flows_names_nobody_who_did_not_agree(officer_client, territory):
    ActionPlanFactory(territory=territory)
    site = {"site__organisation__territory": territory, "site__commune_id": "32132"}
    need = FlowFactory(whole=True, wanted=True, **site | {"label": "séchoir Portalèze"})
    givers = [FlowFactory(whole=True, **site) for _ in range(3)]
    [row] = part(officer_client.get(URL), "examiner")
    form = officer_client.get(row.propose_url).context["form"]
    assert not form.fields["organisations"].queryset
    assert "Portalèze" not in form["context"].value()
    everybody = [giver.site.organisation_id for giver in givers]
    refused = propose(officer_client, row, organisations=everybody)
    assert refused.status_code == 422
    SynergyFactory(territory=territory, source=givers[0], need=need, agreed=True)
    SynergyFactory(territory=territory, source=givers[1], need=need)
    propose(officer_client, row, organisations=everybody[:1])
    action = Action.objects.get()
    assert [one.pk for one in action.organisations.all()] == everybody[:1]
    assert "Portalèze" not in f"{action.title} {action.context}"


def test_a_need_whose_theme_was_retired_is_still_read(officer_client, territory):
    three(territory)
    Theme.objects.filter(pk="emp").update(is_active=False)
    page = officer_client.get(URL, {"besoin": "emp"})
    assert len(sentences(page)) == 1
    [row] = part(page, "examiner")
    assert officer_client.get(row.programs_url).status_code == 200
