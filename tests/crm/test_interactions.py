import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.models import Contact, FollowUp, Interaction, Project, Role, Theme
from tests.crm.factories import (
    ContactFactory,
    FollowUpFactory,
    InteractionFactory,
    OrganisationFactory,
    ProjectFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
NEW = "/echanges/nouveau/"
LIST = "/relances/"
READERS = [Role.ELECTED, Role.INDUSTRIALIST, Role.READER]


@pytest.fixture
def today():
    return timezone.localdate()


@pytest.fixture
def company(territory):
    return OrganisationFactory(territory=territory, name="Conserverie Peyrolade")


def said(**typed):
    """A visit as it is typed on a phone."""
    return {
        "organisation": "Conserverie Peyrolade",
        "kind": "visit",
        "happened_on": f"{timezone.localdate():%Y-%m-%d}",
        "summary": "Four de 1998, rejets à 62 °C.",
    } | typed


# Noting an exchange


def test_a_visit_is_noted_with_its_follow_up_and_its_project(officer_client, company, today):
    contact = ContactFactory(organisation=company)
    needs = list(Theme.objects.values_list("pk", flat=True)[:2])
    response = officer_client.post(
        NEW,
        said(
            contacts=[contact.pk],
            person="Mme Nadia Ferrer",
            needs=needs,
            follow_up_title="Envoyer la fiche du FEADER",
            follow_up_in="15",
            project_title="Récupération de chaleur",
        ),
    )
    exchange = Interaction.objects.get()
    project = Project.objects.get()
    assert response.url == project.get_absolute_url()
    assert (exchange.organisation, exchange.project, exchange.by) == (
        company,
        project,
        officer_client.user,
    )
    assert set(exchange.needs.values_list("pk", flat=True)) == set(needs)
    people = set(exchange.contacts.values_list("first_name", "last_name"))
    assert people == {(contact.first_name, contact.last_name), ("Nadia", "Ferrer")}
    assert (project.stage_id, project.lead_source, project.confidentiality) == (
        "detecte",
        "visite",
        "interne",
    )
    assert (project.holder, project.owner) == (company, officer_client.user)
    follow_up = FollowUp.objects.get()
    assert follow_up.due_on == today + datetime.timedelta(days=15)
    assert (follow_up.project, follow_up.interaction, follow_up.owner) == (
        project,
        exchange,
        officer_client.user,
    )


def test_four_fields_are_enough(officer_client, company):
    response = officer_client.post(NEW, said(organisation="conserverie  PEYROLADE", kind="call"))
    assert response.url == company.get_absolute_url()
    assert not FollowUp.objects.exists()
    assert not Project.objects.exists()


def test_form_sent_twice_writes_once(officer_client, company):
    typed = said(follow_up_title="Rappeler", follow_up_in="7", project_title="Chaleur")
    first, second = (officer_client.post(NEW, typed) for _ in range(2))
    assert (first.status_code, second.status_code) == (302, 302)
    counts = [m.objects.count() for m in (Interaction, FollowUp, Project)]
    assert counts == [1, 1, 1]


def test_own_date_wins_over_the_quick_choices(officer_client, company, today):
    on = today + datetime.timedelta(days=40)
    officer_client.post(
        NEW, said(follow_up_title="Rappeler", follow_up_in="7", follow_up_on=f"{on:%d/%m/%Y}")
    )
    assert FollowUp.objects.get().due_on == on


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"organisation": ""}, "organisation", "obligatoire"),
        ({"organisation": "Inconnue"}, "organisation", "«\u00a0Inconnue\u00a0»"),
        ({"summary": " "}, "summary", "obligatoire"),
        ({"kind": "dinner"}, "kind", "dinner"),
        ({"happened_on": "2999-01-01"}, "happened_on", "avenir"),
        ({"happened_on": "hier"}, "happened_on", "22/11/2026"),
        ({"needs": ["zzz"]}, "needs", "zzz"),
        ({"follow_up_title": "Rappeler"}, "follow_up_on", "Donnez une date"),
        ({"follow_up_on": "2999-01-01"}, "follow_up_title", "Dites ce qu’il faudra faire"),
        (
            {"follow_up_title": "Rappeler", "follow_up_on": "2020-01-01"},
            "follow_up_on",
            "déjà passée",
        ),
        ({"follow_up_title": "Rappeler", "follow_up_in": "3"}, "follow_up_in", "3"),
    ],
)
def test_refused_exchange_writes_nothing_and_keeps_what_was_typed(
    officer_client, company, typed, field, sentence
):
    data = said(summary="Ce que j’ai entendu", project_title="Chaleur") | typed
    response = officer_client.post(NEW, data)
    assert response.status_code == 422
    errors = str(response.context["form"].errors[field]).replace(" ", "\u00a0")
    assert sentence.replace(" ", "\u00a0") in errors
    page = response.content.decode()
    assert "Chaleur" in page
    assert "Ce que j’ai entendu" in page or "summary" in typed
    assert not Interaction.objects.exists()
    assert not Project.objects.exists()


def test_unknown_organisation_is_told_with_the_close_ones(officer_client, company):
    response = officer_client.post(NEW, said(organisation="peyrolade"))
    error = str(response.context["form"].errors["organisation"])
    assert "Conserverie Peyrolade" in error
    assert f"{reverse('crm:organisation_new')}?name=peyrolade" in error


def test_two_organisations_of_one_name_are_told_apart_by_siren(officer_client, company):
    twin = OrganisationFactory(territory=company.territory, name="Conserverie Peyrolade")
    response = officer_client.post(NEW, said())
    assert "Tapez plutôt le SIREN" in str(response.context["form"].errors["organisation"])
    response = officer_client.post(NEW, said(organisation=twin.siren))
    assert response.url == twin.get_absolute_url()


def test_existing_project_or_new_one_but_not_both(officer_client, company):
    project = ProjectFactory(territory=company.territory, holder=company)
    response = officer_client.post(NEW, said(project=project.pk, project_title="Chaleur"))
    assert response.status_code == 422
    officer_client.post(NEW, said(project=project.pk))
    assert Interaction.objects.get().project == project


def test_form_opens_on_the_organisation_or_the_project(officer_client, company):
    project = ProjectFactory(territory=company.territory, holder=company)
    contact = ContactFactory(organisation=company)
    page = officer_client.get(f"{NEW}?project={project.pk}").content.decode()
    assert 'value="Conserverie Peyrolade"' in page
    assert str(contact) in page
    assert f'<option value="{project.pk}" selected>' in page
    response = officer_client.post(f"{NEW}?project={project.pk}", said(project=project.pk))
    assert response.url == project.get_absolute_url()


def test_people_and_projects_of_others_are_neither_offered_nor_taken(officer_client, company):
    other = OrganisationFactory(territory=company.territory)
    contact = ContactFactory(organisation=other, last_name="Ailleurs")
    project = ProjectFactory(territory=company.territory, holder=other)
    page = officer_client.get(f"{NEW}?organisation={company.pk}").content.decode()
    assert "Ailleurs" not in page
    response = officer_client.post(NEW, said(contacts=[contact.pk], project=project.pk))
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"contacts", "project"}


def test_organisation_of_another_territory_cannot_be_visited(officer_client):
    stranger = OrganisationFactory(name="Usine d’ailleurs")
    project = ProjectFactory()
    assert officer_client.get(f"{NEW}?organisation={stranger.pk}").status_code == 404
    assert officer_client.get(f"{NEW}?project={project.pk}").status_code == 404
    assert officer_client.get(f"{NEW}?organisation=abc").status_code == 404
    response = officer_client.post(NEW, said(organisation="Usine d’ailleurs"))
    assert response.status_code == 422
    names = officer_client.get("/entreprises/noms/?field=organisation&organisation=usine")
    assert "ailleurs" not in names.content.decode()


def test_suggestions_follow_what_is_typed(officer_client, company):
    OrganisationFactory(territory=company.territory, name="Laiterie")
    url = "/entreprises/noms/?field=organisation&organisation="
    assert "Laiterie" not in officer_client.get(f"{url}péyro").content.decode()
    assert "Conserverie Peyrolade" in officer_client.get(f"{url}péyro").content.decode()


def test_links_come_with_the_chosen_organisation(officer_client, company):
    contact = ContactFactory(organisation=company)
    FollowUpFactory(territory=company.territory, organisation=company)
    url = reverse("crm:interaction_links")
    page = officer_client.get(url, {"organisation": "conserverie peyrolade"}).content.decode()
    assert str(contact) in page
    assert "1\u00a0relance ouverte" in page
    assert officer_client.get(url, {"organisation": "zzz"}).status_code == 200


def test_officer_of_two_territories_notes_where_the_company_is(officer_client):
    elsewhere = OrganisationFactory(name="Usine d’ailleurs")
    officer_client.user.memberships.create(territory=elsewhere.territory, role=Role.OFFICER)
    url = f"{NEW}?organisation={elsewhere.pk}"
    typed = said(organisation="Usine d’ailleurs", follow_up_title="Rappeler", follow_up_in="7")
    assert officer_client.post(url, typed).status_code == 302
    assert FollowUp.objects.get().territory == elsewhere.territory


# Editing an exchange


def test_an_edited_exchange_keeps_its_versions(officer_client, company):
    exchange = InteractionFactory(organisation=company, summary="Première version")
    url = reverse("crm:interaction_edit", args=[exchange.pk])
    assert officer_client.post(url, said(summary="Deuxième version")).status_code == 302
    exchange.refresh_from_db()
    assert exchange.summary == "Deuxième version"
    page = officer_client.get(url).content.decode()
    assert "Première version" in page
    assert str(officer_client.user) in page


def test_refused_edit_keeps_what_was_typed(officer_client, company):
    exchange = InteractionFactory(organisation=company)
    url = reverse("crm:interaction_edit", args=[exchange.pk])
    response = officer_client.post(url, said(summary="Ma phrase", happened_on="2999-01-01"))
    assert response.status_code == 422
    assert "Ma phrase" in response.content.decode()


def test_timeline_shows_the_last_exchanges_then_all(officer_client, company):
    InteractionFactory.create_batch(15, organisation=company)
    page = officer_client.get(company.get_absolute_url())
    assert len(page.context["exchanges"]) == 12
    assert "Voir les 15 échanges" in page.content.decode()
    assert len(officer_client.get(f"{company.get_absolute_url()}?tout").context["exchanges"]) == 15


# Follow-ups


def test_follow_ups_are_grouped_by_urgency(officer_client, company, today):
    for days in (-3, 0, 6, 30):
        FollowUpFactory(
            territory=company.territory,
            title=f"Dans {days}",
            due_on=today + datetime.timedelta(days=days),
        )
    groups = officer_client.get(LIST).context["groups"]
    assert [(title, len(rows)) for title, _, rows in groups] == [
        ("En retard", 1),
        ("Aujourd’hui", 1),
        ("Dans les 7\u00a0jours", 1),
        ("Plus tard", 1),
    ]


def test_mine_and_those_of_the_team(officer_client, company):
    colleague = UserFactory(territory=company.territory)
    FollowUpFactory(territory=company.territory, title="À moi", owner=officer_client.user)
    FollowUpFactory(territory=company.territory, title="À personne")
    FollowUpFactory(territory=company.territory, title="À l’autre", owner=colleague)
    FollowUpFactory(title="D’un autre territoire")
    mine = officer_client.get(LIST).content.decode()
    assert "À moi" in mine
    assert "À personne" in mine
    assert "À l’autre" not in mine
    team = officer_client.get(f"{LIST}?qui=equipe").content.decode()
    assert "À l’autre" in team
    assert "D’un autre territoire" not in team


def test_done_in_one_click_and_undone(officer_client, htmx_client, company):
    follow_up = FollowUpFactory(territory=company.territory, organisation=company)
    done = reverse("crm:follow_up_done", args=[follow_up.pk])
    undo = reverse("crm:follow_up_reopen", args=[follow_up.pk])
    assert officer_client.get(done).status_code == 405
    page = officer_client.post(done, follow=True, headers={"referer": company.get_absolute_url()})
    follow_up.refresh_from_db()
    assert follow_up.done_by == officer_client.user
    assert f'action="{undo}"' in page.content.decode()

    htmx_client.force_login(officer_client.user)
    row = htmx_client.post(undo)
    follow_up.refresh_from_db()
    assert follow_up.done_at is None
    assert f'id="relance-{follow_up.pk}"' in row.content.decode()
    assert "<html" not in row.content.decode()
    assert "announce" in htmx_client.post(done).headers["HX-Trigger"]


def test_a_second_click_does_not_change_who_did_it(officer_client, company):
    colleague = UserFactory(territory=company.territory)
    follow_up = FollowUpFactory(territory=company.territory)
    follow_up.mark_done(by=colleague)
    officer_client.post(reverse("crm:follow_up_done", args=[follow_up.pk]))
    follow_up.refresh_from_db()
    assert follow_up.done_by == colleague


def test_follow_up_is_planned_and_edited(officer_client, company, today):
    colleague = UserFactory(territory=company.territory)
    url = f"{reverse('crm:follow_up_new')}?organisation={company.pk}"
    assert 'value="Conserverie Peyrolade"' in officer_client.get(url).content.decode()
    typed = {
        "title": "Rappeler",
        "due_on": f"{today:%Y-%m-%d}",
        "organisation": "conserverie peyrolade",
        "owner": officer_client.user.pk,
    }
    assert officer_client.post(url, typed).url == company.get_absolute_url()
    follow_up = FollowUp.objects.get()
    assert (follow_up.organisation, follow_up.territory) == (company, company.territory)

    edit = reverse("crm:follow_up_edit", args=[follow_up.pk])
    officer_client.post(edit, typed | {"owner": colleague.pk})
    follow_up.refresh_from_db()
    assert follow_up.owner == colleague


def test_follow_up_of_a_project_is_for_its_holder(officer_client, company, today):
    project = ProjectFactory(territory=company.territory, holder=company)
    officer_client.post(
        f"{reverse('crm:follow_up_new')}?project={project.pk}",
        {"title": "Rappeler", "due_on": f"{today:%Y-%m-%d}", "project": project.pk},
    )
    assert FollowUp.objects.get().organisation == company


def test_refused_follow_up_names_the_field(officer_client, company):
    stranger = ProjectFactory()
    reader = UserFactory(territory=company.territory, role=Role.READER)
    response = officer_client.post(
        reverse("crm:follow_up_new"),
        {
            "title": "Rappeler",
            "due_on": "2020-01-01",
            "organisation": "Inconnue",
            "project": stranger.pk,
            "owner": reader.pk,
        },
    )
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"due_on", "organisation", "project", "owner"}
    assert "Rappeler" in response.content.decode()


def test_a_late_follow_up_can_be_reworded(officer_client, company):
    follow_up = FollowUpFactory(territory=company.territory, due_on="2020-01-01")
    officer_client.post(
        reverse("crm:follow_up_edit", args=[follow_up.pk]),
        {"title": "Mieux dit", "due_on": "2020-01-01"},
    )
    follow_up.refresh_from_db()
    assert follow_up.title == "Mieux dit"


def test_list_costs_the_same_for_one_row_and_for_many(
    officer_client, territory, assert_flat_queries
):
    def add(n):
        for _ in range(n):
            project = ProjectFactory(territory=territory)
            FollowUpFactory(
                territory=territory,
                organisation=project.holder,
                project=project,
                owner=UserFactory(territory=territory),
            )

    assert_flat_queries(lambda: officer_client.get(f"{LIST}?qui=equipe"), add)


# Rights


@pytest.mark.parametrize("role", READERS)
def test_the_memory_of_the_team_is_closed_to_the_others(sign_in, company, role):
    exchange = InteractionFactory(organisation=company)
    follow_up = FollowUpFactory(territory=company.territory)
    client = sign_in(role)
    for url in (NEW, f"{NEW}?organisation={company.pk}", LIST, reverse("crm:follow_up_new")):
        assert client.get(url).status_code == 403, url
    assert client.post(NEW, said()).status_code == 403
    for name, pk in [
        ("interaction_edit", exchange.pk),
        ("follow_up_edit", follow_up.pk),
        ("follow_up_done", follow_up.pk),
        ("follow_up_reopen", follow_up.pk),
    ]:
        assert client.post(reverse(f"crm:{name}", args=[pk])).status_code == 404, name
    assert not Contact.objects.exists()


def test_exchanges_and_follow_ups_of_another_territory_do_not_exist(officer_client):
    exchange, follow_up = InteractionFactory(), FollowUpFactory()
    for name, pk in [
        ("interaction_edit", exchange.pk),
        ("follow_up_edit", follow_up.pk),
        ("follow_up_done", follow_up.pk),
        ("follow_up_reopen", follow_up.pk),
    ]:
        assert officer_client.post(reverse(f"crm:{name}", args=[pk])).status_code == 404, name
    follow_up.refresh_from_db()
    assert follow_up.done_at is None
