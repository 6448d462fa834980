"""The partners’ API from the outside: what a token opens, and how it says no."""

import csv
import datetime
import io
import json

import pytest
import time_machine
from django.utils import timezone
from django.utils.http import urlencode

from actions.models import Action, ActionPlan, Indicator
from crm.models import SCOPES, Confidentiality, Project, Role
from tests.crm.factories import (
    ContactFactory,
    OrganisationFactory,
    PartnerTokenFactory,
    ProjectFactory,
    SiteFactory,
    TerritoryFactory,
    UserFactory,
)
from tests.funding.factories import ApplicationFactory, ProgramFactory

LISTS = {
    "organisations": "organisations:read",
    "contacts": "contacts:read",
    "projects": "projects:read",
    "applications": "projects:read",
    "actions": "actions:read",
    "programs": "programs:read",
}


@pytest.fixture
def api(client, territory):
    """api("projects", scopes=[…], page=2) → the response a partner of `territory` gets."""
    tokens = {}

    def get(path, *, scopes=tuple(SCOPES), token=None, accept="application/json", **params):
        key = tuple(scopes)
        if token is None and key not in tokens:
            tokens[key] = PartnerTokenFactory(territory=territory, scopes=list(scopes))
        secret = (token or tokens[key]).secret
        url = path if path.startswith("http") else f"/api/v1/{path}/"
        if params:
            url += "?" + urlencode(params, doseq=True)
        return client.get(url, headers={"Authorization": f"Token {secret}", "Accept": accept})

    return get


@pytest.fixture
def plan(territory):
    return ActionPlan.objects.create(territory=territory, title="Plan 2023-2027")


def shared_project(territory, **fields):
    return ProjectFactory(territory=territory, confidentiality=Confidentiality.PARTNERS, **fields)


def action_of(plan, n=1, **fields):
    fields = {"code": f"A{n}", "title": f"Fiche {n}", "priority_id": "logement"} | fields
    return Action.objects.create(plan=plan, **fields)


# Who enters.


def test_without_a_token_the_answer_says_how_to_present_one(client, territory):
    response = client.get("/api/v1/projects/")
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Token")
    assert "Authorization" in response.json()["detail"]


@pytest.mark.parametrize(
    ("header", "said"),
    [("Token inconnu", "inconnu"), ("Bearer abc", "Authorization"), ("Token", "Authorization")],
)
def test_a_header_that_opens_nothing_is_401(client, territory, header, said):
    response = client.get("/api/v1/projects/", headers={"Authorization": header})
    assert response.status_code == 401
    assert said in response.json()["detail"]


def test_an_expired_token_is_401_with_its_date(api, territory):
    token = PartnerTokenFactory(
        territory=territory, expires_at=datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
    )
    response = api("projects", token=token)
    assert response.status_code == 401
    assert "a expiré le 01/03/2026" in response.json()["detail"]


def test_a_revoked_token_is_401(api, territory):
    token = PartnerTokenFactory(territory=territory)
    token.revoke()
    response = api("projects", token=token)
    assert response.status_code == 401
    assert "révoqué" in response.json()["detail"]


@pytest.mark.parametrize("path", LISTS)
def test_a_token_without_the_scope_is_403_and_names_it(api, path):
    others = [scope for scope in SCOPES if scope != LISTS[path]]
    response = api(path, scopes=others)
    assert response.status_code == 403
    assert LISTS[path] in response.json()["detail"]


@pytest.mark.parametrize("path", LISTS)
def test_a_token_with_only_the_scope_reads_the_list(api, path):
    assert api(path, scopes=[LISTS[path]]).status_code == 200


def test_the_last_use_is_remembered(api, territory):
    token = PartnerTokenFactory(territory=territory)
    with time_machine.travel("2026-11-22T10:00:00+01:00", tick=False):
        api("projects", token=token)
        token.refresh_from_db()
        assert token.last_used_at == timezone.now()


def test_nothing_can_be_written(client, territory):
    secret = PartnerTokenFactory(territory=territory).secret
    response = client.post("/api/v1/projects/", headers={"Authorization": f"Token {secret}"})
    assert response.status_code == 405
    assert response.json()["detail"] == "Cette API se lit seulement\u00a0: employez GET."


# What one sees.


def test_a_partner_reads_only_what_confidentiality_allows(api, territory):
    for level in Confidentiality:
        ProjectFactory(territory=territory, confidentiality=level)
    levels = {row["confidentiality"]["code"] for row in api("projects").json()["results"]}
    assert levels == {"partenaires", "public"}


def test_an_internal_project_does_not_exist_for_a_partner(api, territory):
    project = ProjectFactory(territory=territory)
    response = api(f"projects/{project.pk}")
    assert response.status_code == 404
    assert "Rien à cette adresse" in response.json()["detail"]


def test_the_applications_of_an_internal_project_stay_hidden(api, territory):
    hidden = ApplicationFactory(project__territory=territory)
    shown = ApplicationFactory(project=shared_project(territory))
    assert [row["id"] for row in api("applications").json()["results"]] == [shown.pk]
    assert api(f"applications/{hidden.pk}").status_code == 404


def test_another_territory_does_not_exist(api, territory, plan):
    elsewhere = TerritoryFactory(perimeter=True)
    other_plan = ActionPlan.objects.create(territory=elsewhere, title="Ailleurs")
    rows = {
        "organisations": OrganisationFactory(territory=elsewhere),
        "contacts": ContactFactory(organisation__territory=elsewhere),
        "projects": shared_project(elsewhere),
        "applications": ApplicationFactory(project=shared_project(elsewhere)),
        "actions": action_of(other_plan),
    }
    for path, row in rows.items():
        assert api(path).json()["count"] == 0, path
        assert api(f"{path}/{row.pk}").status_code == 404, path


def test_a_project_carries_its_applications_and_its_unknowns(api, territory):
    project = shared_project(
        territory, planned_investment="1850000.50", commune_id="32132", sector=None
    )
    project.priorities.set(["competences"])
    ApplicationFactory(project=project, amount_requested="250000", status="depose")
    row = api(f"projects/{project.pk}").json()
    assert row["planned_investment"] == 1850000.5
    assert row["eligible_costs"] is None
    assert row["sector"] is None
    assert row["stage"] == {"code": "detecte", "label": "Détecté"}
    assert row["place"]["epci_name"] == "CC de la Lomagne Gersoise"
    assert row["priorities"][0]["code"] == "competences"
    assert row["applications"][0]["amount_requested"] == 250000
    assert row["applications"][0]["status"] == {"code": "depose", "label": "Déposé"}
    assert not {"owner", "next_step", "blockers", "health_note"} & set(row)


def test_an_organisation_carries_its_sites(api, territory):
    site = SiteFactory(organisation__territory=territory, commune_id="82112", headcount=42)
    row = api(f"organisations/{site.organisation.pk}").json()
    assert row["kind"] == {"code": "company", "label": "Entreprise"}
    assert row["sites"][0]["siret"] == site.siret
    assert row["sites"][0]["commune"]["departement"] == "82"
    assert row["turnover"] is None


def test_an_action_links_only_the_projects_one_may_read(api, territory, plan):
    action = action_of(plan)
    shown = shared_project(territory)
    action.projects.set([shown, ProjectFactory(territory=territory)])
    indicator = Indicator.objects.create(action=action, label="Logements", unit="logements")
    indicator.values.create(value=12, observed_on="2026-10-01")
    row = api(f"actions/{action.pk}").json()
    assert row["projects"] == [{"id": shown.pk, "reference": shown.reference}]
    assert row["indicators"][0]["latest"] == {
        "value": 12.0,
        "observed_on": "2026-10-01",
        "quality": None,
        "evidence": "",
    }
    assert row["indicators"][0]["target"] is None


def test_an_indicator_says_its_targets_and_how_its_value_is_known(api, plan):
    indicator = Indicator.objects.create(action=action_of(plan), label="Logements", unit="m²")
    indicator.values.create(
        value=12, observed_on="2026-10-01", quality="mesure", evidence="relevé de l’opérateur"
    )
    indicator.targets.create(year=2027, value=40)
    [row] = api(f"actions/{indicator.action_id}").json()["indicators"]
    assert row["targets"] == [{"year": 2027, "value": 40.0}]
    assert row["latest"]["quality"] == {"code": "mesure", "label": "Mesuré"}
    assert row["latest"]["evidence"] == "relevé de l’opérateur"


def test_a_program_says_how_far_it_can_be_trusted(api):
    program = ProgramFactory(confidence="K", uncertain=["rate_max"], verified_on=None)
    row = api(f"programs/{program.pk}").json()
    assert row["confidence"]["code"] == "K"
    assert row["is_stale"] is True
    assert row["uncertain"] == ["rate_max"]
    assert row["criteria"][0]["kind"] == "beneficiary"


def test_no_person_is_named_without_the_contacts_scope(api, territory, plan):
    officer = UserFactory(territory=territory, first_name="Inès", last_name="Introuvable")
    contact = ContactFactory(organisation__territory=territory, last_name="Introuvable")
    shared_project(territory, owner=officer, holder=contact.organisation)
    action_of(plan, owner=officer, pilot=contact.organisation)
    scopes = [scope for scope in SCOPES if scope != "contacts:read"]
    for path in LISTS:
        body = api(path, scopes=scopes).content.decode()
        assert "Introuvable" not in body, path
        assert officer.email not in body, path


def test_contacts_are_read_with_their_scope(api, territory):
    contact = ContactFactory(organisation__territory=territory, email="s.lafforgue@exemple.test")
    row = api("contacts", scopes=["contacts:read"]).json()["results"][0]
    assert row["email"] == contact.email
    assert row["organisation"]["siren"] == contact.organisation.siren


def test_who_objected_to_publication_is_not_named(api, territory):
    trader = OrganisationFactory(territory=territory, name="Mme Discrète", is_diffusible=False)
    SiteFactory(organisation=trader, address="12 rue Secrète")
    shared_project(territory, holder=trader)
    for path in ("organisations", "projects"):
        masked = api(path, scopes=["organisations:read", "projects:read"]).content.decode()
        assert "Discrète" not in masked
        assert "Secrète" not in masked
        assert trader.siren in masked
    assert "Discrète" in api("organisations").content.decode()


# Those who sign in.


@pytest.mark.parametrize("role", [Role.OFFICER, Role.READER])
def test_a_signed_in_person_reads_what_their_pages_show(sign_in, territory, role):
    ProjectFactory(territory=territory)
    shared_project(territory)
    client = sign_in(role)
    count = client.get("/api/v1/projects/").json()["count"]
    assert count == Project.objects.visible_to(client.user).count()


@pytest.mark.parametrize(("role", "status"), [(Role.OFFICER, 200), (Role.ELECTED, 403)])
def test_contacts_are_the_team_s(sign_in, role, status):
    response = sign_in(role).get("/api/v1/contacts/")
    assert response.status_code == status


def test_a_person_of_two_territories_reads_the_current_one(sign_in, territory):
    client = sign_in()
    elsewhere = TerritoryFactory(perimeter=True, name="Zone voisine")
    client.user.memberships.create(territory=elsewhere, role=Role.OFFICER)
    mine, other = (OrganisationFactory(territory=place) for place in (territory, elsewhere))
    assert [r["id"] for r in client.get("/api/v1/organisations/").json()["results"]] == [mine.pk]
    client.post("/territoire/", {"territory": elsewhere.pk})
    assert [r["id"] for r in client.get("/api/v1/organisations/").json()["results"]] == [other.pk]


# Filters, pages, formats.


@pytest.mark.parametrize("path", LISTS)
def test_an_unknown_filter_is_400(api, path):
    response = api(path, etape="detecte")
    assert response.status_code == 400
    assert "Filtre inconnu\u00a0: etape" in response.json()["detail"]


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ("projects", "stage", "inexistante"),
        ("projects", "min_investment", "douze mille"),
        ("projects", "updated_since", "hier"),
        ("organisations", "kind", "usine"),
        ("organisations", "updated_since", "2026-13-01"),
        ("contacts", "organisation", "abc"),
        ("actions", "status", "fini"),
        ("programs", "state", "ouvert"),
        ("applications", "status", "rêvé"),
        ("projects", "order", "humeur"),
        ("projects", "page_size", "201"),
        ("projects", "page_size", "beaucoup"),
        ("projects", "after", "12"),
        ("projects", "format", "xlsx"),
    ],
)
def test_a_refused_value_is_400_and_never_the_whole_list(api, territory, path, name, value):
    response = api(path, **{name: value})
    assert response.status_code == 400
    assert response["Content-Type"].startswith("application/json")
    assert name in response.json()["detail"]


def test_a_filter_narrows_as_it_does_on_the_page(api, territory):
    shared_project(territory, stage_id="qualifie")
    wanted = shared_project(territory, stage_id="detecte")
    rows = api("projects", stage="detecte").json()["results"]
    assert [row["id"] for row in rows] == [wanted.pk]


def test_a_filter_on_another_territory_s_row_is_refused(api, territory):
    elsewhere = OrganisationFactory(territory=TerritoryFactory(perimeter=True))
    assert api("projects", holder=elsewhere.pk).status_code == 400


def test_pages_follow_each_other_and_end(api, territory):
    for _ in range(5):
        shared_project(territory)
    first = api("projects", page_size=2).json()
    assert (first["count"], first["previous"], len(first["results"])) == (5, None, 2)
    second = api(first["next"]).json()
    third = api(second["next"]).json()
    assert third["next"] is None
    seen = [row["id"] for page in (first, second, third) for row in page["results"]]
    assert len(set(seen)) == 5
    beyond = api("projects", page_size=2, page=4)
    assert beyond.status_code == 404
    assert beyond.json()["detail"] == "La page 4 n’existe pas."


def test_updated_since_gives_the_oldest_change_first(api, territory):
    for day in (3, 1, 2):
        with time_machine.travel(f"2026-11-0{day}T10:00:00Z", tick=False):
            shared_project(territory, title=f"jour {day}")
    rows = api("projects", updated_since="2026-11-02T00:00:00Z").json()["results"]
    assert [row["title"] for row in rows] == ["jour 2", "jour 3"]


def test_a_synchronisation_misses_nothing_while_rows_change(api, territory):
    with time_machine.travel("2026-11-01T10:00:00Z", tick=False):
        projects = [shared_project(territory) for _ in range(6)]
    page = api("projects", updated_since="2026-10-01T00:00:00Z", page_size=2).json()
    seen = [row["id"] for row in page["results"]]
    assert page["count"] == 6
    # One that was read moves to the end: numbered pages would now skip a row.
    projects[0].save()
    while page["next"]:
        page = api(page["next"]).json()
        seen += [row["id"] for row in page["results"]]
    assert set(seen) == {project.pk for project in projects}


def test_updated_since_does_not_take_a_page_number(api, territory):
    response = api("projects", updated_since="2026-10-01T00:00:00Z", page=2)
    assert response.status_code == 400
    assert "next" in response.json()["detail"]


def table(response):
    return list(csv.DictReader(io.StringIO(response.content.decode())))


def test_csv_is_the_same_list_flat(api, territory):
    project = shared_project(territory, planned_investment="1850000", title="Séchoir, lot 2")
    project.priorities.set(["competences", "foncier"])
    ApplicationFactory(project=project, amount_requested="250000")
    ApplicationFactory(project=project)
    response = api("projects", accept="text/csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="project.csv"'
    assert response["X-Total-Count"] == "1"
    (row,) = table(response)
    assert row["title"] == "Séchoir, lot 2"
    assert row["planned_investment"] == "1850000.00"
    assert row["eligible_costs"] == ""
    assert row["holder_siren"] == project.holder.siren
    assert set(row["priorities_code"].split(" | ")) == {"competences", "foncier"}
    assert row["applications_amount_requested"] == "250000.00 | "


def test_csv_by_the_address_has_the_same_columns_without_a_row(api):
    response = api("programs", format="csv")
    assert response.status_code == 200
    assert response.content.decode().startswith("id,code,name,funder_code,")


def test_csv_keeps_criteria_as_json_and_says_where_to_go_on(api):
    ProgramFactory.create_batch(2)
    response = api("programs", format="csv", page_size=1)
    [criterion] = json.loads(table(response)[0]["criteria"])
    assert criterion["kind"] == "beneficiary"
    assert 'rel="next"' in response["Link"]


def test_csv_of_one_row(api, territory):
    site = SiteFactory(organisation__territory=territory, workforce_band_id=None)
    (row,) = table(api(f"organisations/{site.organisation.pk}", format="csv"))
    assert row["sites_siret"] == site.siret


def test_csv_never_holds_a_formula(api, territory):
    OrganisationFactory(territory=territory, name="=HYPERLINK(1)")
    ContactFactory(organisation__territory=territory, phone="+33 5 62 00 00 00")
    assert "'=HYPERLINK(1)" in api("organisations", format="csv").content.decode()
    assert "'+33 5 62" in api("contacts", format="csv").content.decode()


def test_a_refusal_is_json_even_when_csv_was_asked(api):
    response = api("projects", format="csv", etape="x")
    assert response.status_code == 400
    assert response.json()["detail"]


def test_an_address_of_no_list_is_a_json_404(api):
    response = api("usines")
    assert response.status_code == 404
    assert response.json()["detail"]


def test_too_many_requests_are_429_with_the_time_to_wait(api, territory, settings):
    rates = {"DEFAULT_THROTTLE_RATES": {"partner": "2/min"}}
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | rates
    token, other = PartnerTokenFactory.create_batch(2, territory=territory)
    assert [api("projects", token=token).status_code for _ in range(3)] == [200, 200, 429]
    refused = api("projects", token=token)
    assert int(refused["Retry-After"]) > 0
    assert "Trop de requêtes" in refused.json()["detail"]
    assert api("projects", token=other).status_code == 200
