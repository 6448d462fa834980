"""Who answers for a fiche, its sub-actions, its notes, and what other frameworks call it."""

import datetime
from decimal import Decimal

import pytest
from pytest_django.asserts import assertContains, assertNotContains

from actions.models import Action, FrameworkCode, ProgressNote, Referent, removed
from crm.models import LocalPriority, Role
from reporting.figures import Figures
from tests.actions.factories import ActionFactory, FrameworkCodeFactory, ProgressNoteFactory
from tests.crm.factories import ContactFactory, OrganisationFactory, UserFactory

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 11, 22)


@pytest.fixture
def action(territory):
    return ActionFactory(territory=territory, code="N5", budget_planned=Decimal(100))


def typed(action, **fields):
    return {
        "version": action.version,
        "code": action.code,
        "title": action.title,
        "priority": action.priority_id,
        "status": action.status,
    } | fields


def edit(client, action, **fields):
    return client.post(f"/plan/{action.pk}/modifier/", typed(action, **fields))


# ── Referents ──


def test_referents_are_of_the_pair_or_contacts(officer_client, territory, action):
    elected = UserFactory(territory=territory, role=Role.ELECTED)
    company = OrganisationFactory(territory=territory, kind="company")
    contact = ContactFactory(organisation=company)
    edit(
        officer_client,
        action,
        elected=f"user-{elected.pk}",
        industrialist=f"contact-{contact.pk}",
    )
    found = {row.role: (row.user, row.contact) for row in action.referents.all()}
    assert found == {Role.ELECTED: (elected, None), Role.INDUSTRIALIST: (None, contact)}

    action.refresh_from_db()
    edit(officer_client, action, industrialist=f"contact-{contact.pk}")
    assert [row.role for row in Referent.objects.all()] == [Role.INDUSTRIALIST]
    assert removed(Referent).get().user == elected


def test_contact_is_named_to_the_team_and_its_organisation_to_the_others(
    sign_in, territory, action
):
    company = OrganisationFactory(territory=territory, kind="company", name="Tuilerie")
    contact = ContactFactory(organisation=company, last_name="Introuvable")
    Referent.objects.create(action=action, role=Role.INDUSTRIALIST, contact=contact)
    assertContains(sign_in(Role.OFFICER).get(action.get_absolute_url()), "Introuvable")
    page = sign_in(Role.READER).get(action.get_absolute_url())
    assertContains(page, "Tuilerie")
    assertNotContains(page, "Introuvable")


def test_referent_of_another_territory_is_refused(officer_client, action):
    stranger = ContactFactory(organisation=OrganisationFactory(kind="company"))
    for value in (f"contact-{stranger.pk}", "contact-0", "bidon"):
        assert edit(officer_client, action, industrialist=value).status_code == 422
    assert not Referent.objects.exists()


# ── Priority, maturity, blockers ──


def test_fiche_says_its_priority_its_maturity_and_who_to_alert(officer_client, territory, action):
    state = OrganisationFactory(territory=territory, kind="public_body", name="Préfecture")
    edit(
        officer_client,
        action,
        importance="elevee",
        maturity="etude",
        blockers="Deux plans en révision",
        unblocked_by="L’enquête publique",
        to_alert=state.pk,
    )
    page = officer_client.get(action.get_absolute_url())
    for words in ("Élevée", "À l’étude", "Deux plans en révision", "L’enquête publique"):
        assertContains(page, words)
    assertContains(page, "Préfecture")


# ── Sub-actions ──


def test_sub_action_counts_in_its_fiche_and_never_twice(territory, action):
    other = ActionFactory(territory=territory, budget_planned=Decimal(10), status="termine")
    part = ActionFactory(
        plan=action.plan, parent=action, budget_planned=Decimal(40), status="en_cours"
    )
    totals = Action.objects.totals()
    assert (totals["count"], totals["sub_count"], totals["planned"]) == (2, 1, 110)
    # Alone in a filter, a sub-action says its own budget.
    assert Action.objects.filter(status="en_cours").totals()["planned"] == 40
    by_priority = Action.objects.totals_by_priority()
    assert sum(row["planned"] for row in by_priority.values()) == 110
    assert set(Action.objects.once()) == {action, other}
    assert part in action.sub_actions.all()


def test_reports_count_a_sub_action_in_its_fiche(officer_client, territory, action):
    ActionFactory(plan=action.plan, parent=action, budget_planned=Decimal(40), status="en_cours")
    figures = Figures(officer_client.user, territory, TODAY)
    assert (figures.plan["count"], figures.plan["planned"]) == (1, 100)
    assert sum(line.count for line in figures.by_status) == 1


def test_sub_action_takes_the_priority_of_its_fiche(officer_client, territory, action):
    fields = {"code": "N5.1", "title": "Visites", "priority": "formation", "status": "a_venir"}
    officer_client.post("/plan/nouvelle/", fields | {"parent": action.pk})
    part = Action.objects.get(code="N5.1")
    assert (part.parent, part.priority) == (action, action.priority)

    formation = LocalPriority.objects.get(pk="formation")
    edit(officer_client, action, priority=formation.pk)
    part.refresh_from_db()
    assert part.priority == formation


def test_sub_actions_have_one_level_in_one_plan(officer_client, territory, action):
    part = ActionFactory(plan=action.plan, parent=action)
    elsewhere = ActionFactory()
    free = ActionFactory(territory=territory)
    for parent in (part, elsewhere, free):
        assert edit(officer_client, free, parent=parent.pk).status_code == 422
    edit(officer_client, action, parent=free.pk)  # it has sub-actions: the field is closed
    action.refresh_from_db()
    assert action.parent is None


def test_sheet_puts_each_sub_action_under_its_fiche(officer_client, territory, action):
    ActionFactory(territory=territory, code="N6")
    ActionFactory(plan=action.plan, parent=action, code="Z1", title="Visites")
    page = officer_client.get("/plan/")
    rows = [row.code for _, rows, _ in page.context["sections"] for row in rows]
    assert rows == ["N5", "Z1", "N6"]
    assertContains(page, "sous-action de N5")
    assertContains(officer_client.get(action.get_absolute_url()), "Visites")


# ── Notes ──


def test_note_is_dated_signed_and_never_edited(officer_client, action):
    fields = {"noted_on": "2026-11-20", "text": "Le comité a validé."}
    officer_client.post(f"/plan/{action.pk}/notes/", fields)
    note = action.notes.get()
    assert (note.by, note.noted_on) == (officer_client.user, datetime.date(2026, 11, 20))
    assertContains(officer_client.get(action.get_absolute_url()), "Le comité a validé.")
    note.text = "Autre chose"
    with pytest.raises(TypeError):
        note.save()


def test_note_sent_twice_is_one(officer_client, action):
    fields = {"noted_on": "2026-11-20", "text": "Vu"}
    for _ in range(2):
        officer_client.post(f"/plan/{action.pk}/notes/", fields)
    assert ProgressNote.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [({"noted_on": "2026-11-23"}, "à une date à venir"), ({"text": ""}, "obligatoire")],
)
def test_refused_note_says_why(officer_client, action, fields, sentence):
    sent = {"noted_on": "2026-11-20", "text": "Vu"} | fields
    response = officer_client.post(f"/plan/{action.pk}/notes/", sent)
    assertContains(response, sentence, status_code=422)
    assert not ProgressNote.objects.exists()


def test_silent_fiches_are_those_under_way_without_a_note_for_a_year(officer_client, territory):
    def fiche(code, note=None, **fields):
        action = ActionFactory(territory=territory, code=code, **fields)
        if note:
            ProgressNoteFactory(action=action, noted_on=note)

    fiche("NEVER")
    fiche("OLD", "2025-11-22", starts_on="2024-01-01")
    fiche("RECENT", "2025-11-23", starts_on="2024-01-01")
    fiche("NEW", starts_on="2026-03-01")
    fiche("DONE", status="termine")
    page = officer_client.get("/plan/tableau/", {"watch": "without_note"})
    assert {action.code for action in page.context["page"]} == {"NEVER", "OLD"}


# ── Frameworks ──


def test_fiche_is_counted_in_frameworks_each_with_its_code(officer_client, action):
    for framework, code in (("crte", "2.1"), ("eci", "2.4"), ("eci", "3.1")):
        officer_client.post(
            f"/plan/{action.pk}/cadres/",
            {"framework": framework, "code": code, "title": f"Mesure {code}"},
        )
    assert FrameworkCode.objects.count() == 3
    page = officer_client.get(action.get_absolute_url())
    assertContains(page, "Mesure 2.4")
    refused = officer_client.post(
        f"/plan/{action.pk}/cadres/", {"framework": "eci", "code": "2.4", "title": ""}
    )
    assertContains(refused, "porte déjà ce code", status_code=422)


def test_framework_code_is_corrected_removed_and_put_back(officer_client, action):
    row = FrameworkCodeFactory(action=action, code="2.1")
    url = f"/plan/cadres/{row.pk}/modifier/"
    fields = {"framework": "crte", "code": "2.2", "title": "Autre", "version": row.version}
    officer_client.post(url, fields)
    assertContains(officer_client.post(url, fields), "a changé par ailleurs", status_code=409)
    row.refresh_from_db()
    assert (row.code, row.title) == ("2.2", "Autre")
    officer_client.post(f"/plan/retirer/cadre/{row.pk}/")
    assert not FrameworkCode.objects.exists()
    trace = removed(FrameworkCode).get()
    officer_client.post(f"/plan/retablir/cadre/{trace.pk}/")
    assert FrameworkCode.objects.get().code == "2.2"


def test_a_code_that_was_given_again_does_not_come_back(officer_client, action):
    row = FrameworkCodeFactory(action=action, code="2.1")
    officer_client.post(f"/plan/retirer/cadre/{row.pk}/")
    again = FrameworkCodeFactory(action=action, code="2.1")
    trace = removed(FrameworkCode).get()
    page = officer_client.post(f"/plan/retablir/cadre/{trace.pk}/", follow=True)
    assertContains(page, "porte déjà ce code")
    assert FrameworkCode.objects.get() == again


def test_parts_of_a_stranger_s_fiche_are_not_found(officer_client):
    row = FrameworkCodeFactory()
    for url in (
        f"/plan/cadres/{row.pk}/modifier/",
        f"/plan/{row.action_id}/cadres/",
        f"/plan/{row.action_id}/notes/",
    ):
        assert officer_client.post(url, {"text": "x"}).status_code == 404


def test_plan_is_filtered_by_framework_and_by_partner(officer_client, territory, action):
    funder = OrganisationFactory(territory=territory, kind="funder")
    action.financial_partners.add(funder)
    FrameworkCodeFactory(action=action, framework_id="eci")
    FrameworkCodeFactory(action=action, framework_id="eci")
    ActionFactory(territory=territory)
    for query in ({"framework": ["eci"]}, {"partner": funder.pk}):
        page = officer_client.get("/plan/tableau/", query)
        assert [row.pk for row in page.context["page"]] == [action.pk]
    assert officer_client.get("/plan/", {"framework": "bidon"}).status_code == 400


def test_export_gives_the_code_and_the_words_of_the_framework_asked_for(
    officer_client, territory, action
):
    FrameworkCodeFactory(action=action, framework_id="eci", code="2.4", title="Synergies")
    ActionFactory(territory=territory, code="B1")
    text = officer_client.get("/rapports/actions.csv", {"framework": "eci"}).getvalue().decode()
    head, *rows = text.lstrip("\ufeff").splitlines()
    assert head.split(";")[2:4] == ["Code ECi", "Intitulé ECi"]
    assert len(rows) == 1
    assert rows[0].split(";")[2:4] == ["2.4", "Synergies"]
    plain = officer_client.get("/rapports/actions.csv").getvalue().decode()
    assert "Code ECi" not in plain


# ── Partners ──


def test_partner_may_bring_skills_and_money(officer_client, territory, action):
    region = OrganisationFactory(territory=territory, kind="funder")
    for kind in ("partenaire", "financeur"):
        officer_client.post(f"/plan/{action.pk}/liens/{kind}/{region.pk}/")
    assert list(action.partners.all()) == list(action.financial_partners.all()) == [region]
    page = officer_client.get(f"/plan/organisation/{region.pk}/")
    assertContains(page, "Partenaire technique")
    assertContains(page, "Partenaire financier")
    officer_client.post(f"/plan/{action.pk}/liens/partenaire/{region.pk}/retirer/")
    assert not action.partners.exists()
    assert action.financial_partners.get() == region
