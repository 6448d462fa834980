import datetime as dt

import pytest
from django.urls import reverse

from actions.models import Action, ActionPlan, AgendaItem, Decision, Meeting
from crm.models import LocalPriority, Role
from crm.search import normalise
from tests.crm.factories import (
    ContactFactory,
    InteractionFactory,
    OrganisationFactory,
    ProjectFactory,
    SiteFactory,
    TerritoryFactory,
    UserFactory,
)
from tests.funding.factories import ApplicationFactory, ProgramFactory

pytestmark = pytest.mark.django_db
URL = "/recherche/"


def found(client, text):
    """{kind: how many} of what the page shows."""
    groups = client.get(URL, {"q": text}).context["groups"]
    return {group["kind"]: group["count"] for group in groups}


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Bœuf de l’Été", "boeuf de l'ete"),
        ("  ÉCLUSE\u00a0 ", "ecluse"),
        ("Garçon", "garcon"),
    ],
)
def test_texts_are_folded(text, folded):
    assert normalise(text) == folded


def test_everything_is_found_without_accents_and_grouped(officer_client, territory):
    company = OrganisationFactory(territory=territory, name="Écluse Mécanique")
    ContactFactory(organisation=company, last_name="Lécluse")
    ProjectFactory(territory=territory, holder=company, title="Four")
    assert found(officer_client, "ecluse") == {"organisation": 1, "project": 1, "contact": 1}
    assert found(officer_client, "MECANIQUE écluse") == {"organisation": 1, "project": 1}


def test_siren_siret_and_reference(officer_client, territory):
    company = OrganisationFactory(territory=territory)
    site = SiteFactory(organisation=company)
    project = ProjectFactory(territory=territory, holder=company)
    spaced = f"{company.siren[:3]} {company.siren[3:6]}\u00a0{company.siren[6:]}"
    assert found(officer_client, spaced)["organisation"] == 1
    assert found(officer_client, f"{spaced} {site.siret[9:]}")["organisation"] == 1
    assert found(officer_client, project.reference.lower()) == {"project": 1}


def test_people_are_found_by_number_and_mail(officer_client, territory):
    ContactFactory(
        organisation__territory=territory, phone="05 62 06 00 00", email="s.l@exemple.test"
    )
    assert found(officer_client, "0562060000") == {"contact": 1}
    assert found(officer_client, "s.l@exemple") == {"contact": 1}


def test_what_one_may_not_read_is_not_found(sign_in, territory):
    company = OrganisationFactory(territory=territory, name="Peyrolade")
    ContactFactory(organisation=company, last_name="Peyrolade")
    ProjectFactory(
        territory=territory, holder=company, title="Peyrolade", confidentiality="interne"
    )
    OrganisationFactory(name="Peyrolade d’ailleurs")
    ContactFactory(last_name="Peyrolade")
    ProjectFactory(title="Peyrolade", confidentiality="public")
    assert found(sign_in(Role.READER), "peyrolade") == {"organisation": 1}
    assert found(sign_in(Role.OFFICER), "peyrolade") == {
        "organisation": 1,
        "project": 1,
        "contact": 1,
    }


def test_empty_search_and_no_result_say_what_to_do(officer_client, sign_in):
    assert "sans espaces" in officer_client.get(URL).content.decode()
    page = officer_client.get(URL, {"q": "Zzz <b>"}).content.decode()
    assert "Rien ne répond à «\u00a0Zzz &lt;b&gt;\u00a0»" in page
    create = reverse("crm:organisation_new")
    assert f"{create}?name=Zzz" in page
    assert f"{create}?name" not in sign_in(Role.READER).get(URL, {"q": "Zzz"}).content.decode()


def test_new_organisation_takes_the_name_that_was_searched(officer_client):
    page = officer_client.get(reverse("crm:organisation_new"), {"name": "Zzz"}).content.decode()
    assert 'value="Zzz"' in page


def test_long_groups_lead_to_the_list(officer_client, territory):
    OrganisationFactory.create_batch(10, territory=territory)
    response = officer_client.get(URL, {"q": "conserverie"})
    assert len(response.context["groups"][0]["rows"]) == 8
    assert f"{reverse('crm:organisation_list')}?q=conserverie" in response.content.decode()


def test_search_costs_the_same_for_one_result_and_for_many(
    officer_client, territory, assert_flat_queries
):
    def add(n):
        for _ in range(n):
            company = OrganisationFactory(territory=territory)
            SiteFactory(organisation=company, commune_id="32132")
            ContactFactory(organisation=company, position="conserverie")
            ProjectFactory(territory=territory, holder=company)

    assert_flat_queries(lambda: officer_client.get(URL, {"q": "conserverie"}), add)


# What the other apps register.


def meeting(territory, **fields):
    return Meeting.objects.create(
        **{"territory": territory, "kind_id": "copil", "held_on": dt.date(2031, 1, 15)}
        | {"title": "COPIL n° 3"}
        | fields
    )


def action(territory, *, is_current=True, **fields):
    plan = ActionPlan.objects.create(territory=territory, title="Plan", is_current=is_current)
    priority = LocalPriority.objects.first()
    return Action.objects.create(plan=plan, priority=priority, **{"code": "1.1"} | fields)


def test_exchanges_are_found_by_what_was_said(officer_client, territory):
    company = OrganisationFactory(territory=territory, name="Peyrolade")
    exchange = InteractionFactory(organisation=company, summary="Cherche un four à gaz d’occasion")
    InteractionFactory(organisation=company, summary="Parle d’autre chose")
    assert found(officer_client, "FOUR occasion") == {"interaction": 1}
    assert found(officer_client, "four peyrolade") == {"interaction": 1}
    assert found(officer_client, "peyrolade") == {"organisation": 1}
    page = officer_client.get(URL, {"q": "four"}).content.decode()
    assert f"{company.get_absolute_url()}#echange-{exchange.pk}" in page


def test_actions_of_the_current_plan_are_found(officer_client, territory):
    action(territory, title="Un hôtel à projets")
    action(territory, title="Un hôtel d’autrefois", is_current=False)
    assert found(officer_client, "hotel") == {"action": 1}
    assert "/plan/tableau/?q=hotel" not in officer_client.get(URL, {"q": "hotel"}).content.decode()


def test_meetings_are_found_by_title_place_point_and_decision(officer_client, territory):
    committee = meeting(territory, place="Salle du Pont-Canal")
    point = AgendaItem.objects.create(
        territory=territory, meeting=committee, title="Foncier de Lavit"
    )
    Decision.objects.create(item=point, text="Étude confiée au PETR")
    for text in ("copil 3", "pont-canal", "foncier lavit", "confiee petr"):
        assert found(officer_client, text) == {"meeting": 1}, text


def test_programs_and_files_are_found(officer_client, territory):
    project = ProjectFactory(territory=territory)
    program = ProgramFactory(name="Prêt Écluse", summary="Pour les éclusiers")
    ApplicationFactory(project=project, program=program, reference="AEAG-2871")
    assert found(officer_client, "ecluse") == {"program": 1, "application": 1}
    assert found(officer_client, "aeag-2871") == {"application": 1}


def test_confidential_text_is_not_found_through_another_door(sign_in, territory):
    company = OrganisationFactory(territory=territory)
    hidden = ProjectFactory(territory=territory, holder=company, confidentiality="interne")
    committee = meeting(territory, notes="Peyrolade inquiète", attendance="Mme Peyrolade")
    AgendaItem.objects.create(
        territory=territory, meeting=committee, project=hidden, title="Peyrolade"
    )
    InteractionFactory(organisation=company, summary="Peyrolade se vend")
    ApplicationFactory(project=hidden, reference="PEYROLADE-1")
    officer = {"interaction": 1, "meeting": 1, "application": 1}
    assert found(sign_in(Role.OFFICER), "peyrolade") == officer
    for role in (Role.READER, Role.ELECTED, Role.INDUSTRIALIST):
        assert found(sign_in(role), "peyrolade") == {}, role


def test_a_stranger_finds_nothing_but_the_catalogue(client, territory):
    action(territory, title="Peyrolade")
    meeting(territory, title="Peyrolade")
    company = OrganisationFactory(territory=territory)
    InteractionFactory(organisation=company, summary="Peyrolade")
    project = ProjectFactory(territory=territory, holder=company, confidentiality="public")
    program = ProgramFactory(name="Peyrolade")
    ApplicationFactory(project=project, program=program)
    elsewhere = TerritoryFactory(name="Ailleurs", perimeter=True)
    client.force_login(UserFactory(territory=elsewhere, role=Role.MANAGER))
    assert found(client, "peyrolade") == {"program": 1}


def test_each_kind_costs_the_same_for_many_rows(officer_client, territory, assert_flat_queries):
    plan = ActionPlan.objects.create(territory=territory, title="Plan")
    priority = LocalPriority.objects.first()

    def add(count):
        for _ in range(count):
            code = f"A{Action.objects.count()}"
            Action.objects.create(plan=plan, priority=priority, code=code, title="Écluse")
            committee = meeting(territory, title="Écluse")
            AgendaItem.objects.create(territory=territory, meeting=committee, title="Écluse")
            company = OrganisationFactory(territory=territory)
            InteractionFactory(organisation=company, summary="Écluse")
            project = ProjectFactory(territory=territory, holder=company)
            ApplicationFactory(project=project, program=ProgramFactory(name="Écluse"))

    assert_flat_queries(lambda: officer_client.get(URL, {"q": "ecluse"}), add)
