"""A manager keeps the catalogue on screen."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from crm.models import Role
from funding import catalogue
from funding.criteria_forms import CriteriaEditor
from funding.forms.catalogue import ProgramForm
from funding.models import Program, ProgramVersion, WatchNotice
from tests.crm.factories import OrganisationFactory, ProjectFactory
from tests.funding.factories import ProgramFactory
from tests.funding.test_criteria_forms import sent

pytestmark = pytest.mark.django_db
NEW = "/financements/dispositifs/nouveau/"
DAY = dt.timedelta(days=1)
HEADCOUNT = {"kind": "headcount", "key": "headcount", "max": 249}


@pytest.fixture
def manager(sign_in):
    return sign_in(Role.MANAGER)


@pytest.fixture
def program(territory):
    return published_program()


def published_program():
    made = ProgramFactory(
        name="Aide eau", rate_max=40, criteria=[HEADCOUNT], rates_by_size={"small": "50"}
    )
    made.refresh_from_db()
    catalogue.timeline(made, timezone.localdate())
    made.refresh_from_db()
    return made


def filled(program, do="publish", **changes):
    """What a browser sends of the form of this program, with some fields typed over."""
    form = ProgramForm(instance=program, initial={"seen": program.version})
    data = sent(CriteriaEditor(program.criteria))
    for name in form.fields:
        value = form[name].value()
        if isinstance(value, list):
            data.setlist(name, value)
        elif isinstance(value, bool):
            if value:
                data[name] = "on"
        elif value is not None:
            data[name] = getattr(value, "pk", value)
    data["incentive_effect"] = "unknown"
    data["source"] = "arrêté du 20/11/2026"
    data["do"] = do
    for name, value in changes.items():
        data.setlist(name, value) if isinstance(value, list) else data.__setitem__(name, value)
    return dict(data.lists())  # the client would send the last of each


def edit(client, program, **changes):
    return client.post(
        reverse("funding:catalogue_edit", args=[program.pk]), filled(program, **changes)
    )


def test_publishing_adds_a_version_and_says_so(manager, program):
    response = manager.post(
        reverse("funding:catalogue_edit", args=[program.pk]),
        filled(program, rate_max="50", **{"c0-max": "499"}),
        follow=True,
    )
    assertContains(response, "est à jour")
    program.refresh_from_db()
    assert (program.version, program.rate_max, program.criteria[0]["max"]) == (2, 50, 499)
    version = program.versions.get(number=2)
    assert (version.by, version.source) == (manager.user, "arrêté du 20/11/2026")
    page = manager.get(reverse("funding:catalogue_versions", args=[program.pk]))
    for text in (
        "Taux maximum",
        "40\u00a0%",
        "50\u00a0%",
        "249\u00a0salariés",
        "499\u00a0salariés",
    ):
        assertContains(page, text)


def test_what_was_not_touched_does_not_change(manager, program):
    before = program.as_version()
    edit(manager, program, portal="guichet.example")
    program.refresh_from_db()
    after = program.as_version()
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"portal"}


def test_one_field_typed_over_does_not_verify_the_whole_sheet(manager, program):
    edit(manager, program, rate_max="50")
    program.refresh_from_db()
    assert (program.rate_max, program.verified_on) == (50, dt.date(2026, 10, 1))
    edit(manager, program, rate_max="60", verified_today="on")
    program.refresh_from_db()
    assert (program.rate_max, program.verified_on) == (60, timezone.localdate())


def test_today_is_proposed_for_a_program_that_begins(manager):
    form = manager.get(NEW).context["form"]
    assert form["verified_on"].value() == timezone.localdate()
    assert ProgramForm(instance=ProgramFactory(verified_on=None))["verified_on"].value() is None


def test_nothing_changed_is_noted_as_a_check_by_who_read_it_again(manager, program):
    page = edit(manager, program, source=program.source)
    assertContains(page, "Rien ne change", status_code=422)
    assert not program.versions.get().checks.exists()
    edit(manager, program, verified_today="on")
    program.refresh_from_db()
    assert (program.version, program.verified_on) == (1, timezone.localdate())
    check = program.versions.get().checks.get()
    assert (check.by, check.on) == (manager.user, timezone.localdate())


def test_another_source_alone_is_a_version_that_verifies_nothing(manager, program):
    said, day = program.as_version(), program.verified_on
    edit(manager, program, source="arrêté du 20/11/2026")
    program.refresh_from_db()
    assert (program.source, program.verified_on) == ("arrêté du 20/11/2026", day)
    first, second = program.versions.order_by("number")
    assert (second.values, second.by, second.changed) == (said, manager.user, [])
    assert first.source != second.source == "arrêté du 20/11/2026"
    assert not WatchNotice.objects.exists()
    page = manager.get(reverse("funding:catalogue_versions", args=[program.pk]))
    assertContains(page, "Seule la source a changé.")


def test_a_version_replaced_the_same_day_says_that_it_applied(manager, program):
    edit(manager, program, rate_max="50")
    program.refresh_from_db()
    edit(manager, program, rate_max="60")
    page = manager.get(reverse("funding:catalogue_versions", args=[program.pk]))
    assertContains(page, "remplacée le jour même")
    assertNotContains(page, "jamais appliquée")


def test_what_a_day_to_come_shows_is_said_in_the_future(manager, program):
    on = timezone.localdate() + 10 * DAY
    page = manager.get(program.get_absolute_url(), {"au": on.isoformat()})
    assertContains(page, "Ce qui s’appliquera ce jour-là")


def test_a_time_that_is_null_is_no_change(manager, program):
    catalogue.publish(
        program,
        {"deadlines": [{"on": "2027-01-15", "time": None, "label": "printemps"}]},
        source="cahier des charges",
        applies_from=timezone.localdate(),
    )
    program.refresh_from_db()
    before = program.versions.count()
    edit(manager, program, portal="guichet.example")
    program.refresh_from_db()
    assert program.portal == "guichet.example"
    assert program.versions.first().changed == ["deadlines", "portal"]  # both of the same day
    assert program.deadlines == [{"on": "2027-01-15", "time": None, "label": "printemps"}]
    page = edit(manager, program, source=program.source)
    assertContains(page, "Rien ne change", status_code=422)
    assert program.versions.count() == before + 1


def test_a_version_for_a_day_to_come_is_announced(manager, program):
    on = timezone.localdate() + 10 * DAY
    edit(manager, program, rate_max="50", applies_from=on.isoformat())
    page = manager.get(program.get_absolute_url())
    assertContains(page, f"À partir du {on:%d/%m/%Y}")
    assertContains(page, "Taux maximum\u00a0: 40\u00a0% → 50\u00a0%")
    program.refresh_from_db()
    assert program.rate_max == 40
    version = program.versions.get(number=2)
    manager.post(reverse("funding:catalogue_withdraw", args=[version.pk]))
    assertNotContains(manager.get(program.get_absolute_url()), "À partir du")
    assert ProgramVersion.objects.get(pk=version.pk).is_replaced


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"rate_max": "120"}, "120\u00a0% dépasse 100\u00a0%"),
        ({"rate_small": "130"}, "130\u00a0% dépasse 100\u00a0%"),
        ({"rate_min": "60"}, "dépasse le taux maximum"),
        ({"opens_on": "2026-12-02", "closes_on": "2026-12-01"}, "ferme avant d’ouvrir"),
        ({"applies_from": "2020-01-01"}, "la chevaucherait"),
        ({"incompatible_with": "P999"}, "P999\u00a0» n’est ni le nom ni le code d’un dispositif"),
        ({"deadlines": "bientôt"}, "commencez la ligne par une date"),
        ({"verified_on": "2099-01-01"}, "Cette date est à venir"),
        (
            {"source": ""},
            "Source\u00a0» est obligatoire",
        ),
        ({"c0-max": "beaucoup"}, "n’est pas un nombre"),
        ({"c0-max": ""}, "il faut"),
        ({"aid_min": "9", "aid_max": "8"}, "L’aide minimum dépasse"),
        ({"rate_max": "x" * 50}, "n’est pas un nombre"),
    ],
)
def test_what_cannot_be_is_refused_and_kept_on_screen(manager, program, changes, sentence):
    response = edit(manager, program, **{"name": "Nom tapé", **changes})
    assert response.status_code == 422
    text = response.content.decode()
    assert sentence.lower() in text.lower()
    assert "Nom tapé" in text
    assert program.versions.count() == 1


def test_a_condition_reads_as_a_sentence_and_opens_when_it_waits_for_words(manager, program):
    url = reverse("funding:catalogue_edit", args=[program.pk])
    assertContains(manager.get(url), "249\u00a0salariés au plus")
    data = filled(program, do="recount", **{"c0-max": "99"})
    page = manager.post(url, data, headers={"HX-Request": "true"})
    assertContains(page, 'id="regle-c0" hx-swap-oob="true"')
    assertContains(page, "99\u00a0salariés au plus")
    page = manager.post(url, filled(program, do="add", add="age"))
    assertContains(page, 'id="condition-c1" data-roomy open')
    assertNotContains(page, 'id="condition-c0" data-roomy open')
    page = edit(manager, program, **{"c0-max": "beaucoup"})
    assertContains(page, 'id="condition-c0" data-roomy open', status_code=422)


def test_the_slower_of_two_people_keeps_what_they_typed(manager, program):
    edit(manager, program, rate_max="45")
    response = edit(manager, program, rate_max="60")
    assertContains(response, "Quelqu’un a publié une version", status_code=409)
    assertContains(response, 'value="60"', status_code=409)


def test_buttons_draw_the_editor_again_and_write_nothing(manager, program):
    page = edit(manager, program, do="add", add="age", source="")
    assertContains(page, "Âge de l’entreprise")
    assertNotContains(page, "est obligatoire")
    page = edit(manager, program, do="remove:c0")
    assertContains(page, "Sans condition")
    assert program.versions.count() == 1


def test_htmx_gets_the_editor_with_its_count(manager, program):
    data = filled(program, do="add", add="age")
    url = reverse("funding:catalogue_edit", args=[program.pk])
    page = manager.post(url, data, headers={"HX-Request": "true"})
    assertContains(page, 'id="criteria"')
    assertContains(page, 'id="impact"')
    assertNotContains(page, "<html")
    page = manager.post(url, filled(program, do="recount"), headers={"HX-Request": "true"})
    assertNotContains(page, 'id="criteria"')


def test_the_editor_says_how_many_projects_the_rules_let_through(manager, program, territory):
    for headcount in (10, 300, 400):
        holder = OrganisationFactory(territory=territory, headcount=headcount)
        ProjectFactory(territory=territory, holder=holder, title=f"Projet à {headcount}")
    page = edit(manager, program, do="recount", **{"c0-max": "350"})
    counts = {
        line.verdict.label: (line.before, line.after) for line in page.context["impact"].lines
    }
    assert counts == {"Éligible": (1, 2), "À confirmer": (0, 0), "Non éligible": (2, 1)}
    assertContains(page, "Projet à 300")
    assertNotContains(page, "Projet à 400")
    page = edit(manager, program, do="recount", **{"c0-max": "beaucoup"})
    assertContains(page, "Complétez les conditions")


def test_counting_costs_the_same_for_one_project_or_fifty(
    manager, program, territory, assert_flat_queries
):
    assert_flat_queries(
        lambda: edit(manager, program, do="recount", **{"c0-max": "1"}),
        lambda count: ProjectFactory.create_batch(count, territory=territory),
    )


def test_only_managers_edit(sign_in, program):
    page = sign_in(Role.OFFICER).get(program.get_absolute_url())
    assertNotContains(page, "Modifier")
    assert sign_in(Role.OFFICER).get(NEW).status_code == 403


def test_verified_today_in_one_click_and_undone(manager, program):
    url = reverse("funding:catalogue_verify", args=[program.pk])
    page = manager.post(url, follow=True)
    assertContains(page, "est vérifié aujourd’hui")
    check = program.versions.get().checks.get()
    undo = reverse("funding:catalogue_unverify", args=[check.pk])
    assertContains(page, undo)
    before = program.verified_on
    program.refresh_from_db()
    assert program.verified_on == timezone.localdate()
    manager.post(undo)
    program.refresh_from_db()
    assert program.verified_on == before


def test_a_check_older_than_a_version_is_not_undone(manager, program):
    manager.post(reverse("funding:catalogue_verify", args=[program.pk]))
    check = program.versions.get().checks.get()
    edit(manager, Program.objects.get(pk=program.pk), rate_max="50")
    page = manager.post(reverse("funding:catalogue_unverify", args=[check.pk]), follow=True)
    assertContains(page, "a changé depuis")


def test_what_was_on_screen_must_be_said(manager, program):
    assert edit(manager, program, seen="", name="Écrasée").status_code == 409
    program.refresh_from_db()
    assert program.name == "Aide eau"


@pytest.mark.parametrize(("level", "name"), [("other", "Autre"), ("commune", "Communale")])
def test_the_scope_that_an_import_gave_stays_when_nothing_is_touched(manager, program, level, name):
    catalogue.publish(
        program, {"scope_level": level}, source="import", applies_from=timezone.localdate()
    )
    assert f'value="{level}" selected' in str(ProgramForm(instance=program)["scope_level"])
    edit(manager, program, rate_max="41")
    program.refresh_from_db()
    assert (program.rate_max, program.scope_level) == (41, level)
    assert program.get_scope_level_display() == name


def test_a_withdrawal_that_breaks_a_later_version_says_why(manager, program):
    early = publish_in(program, 20, rate_max="60")
    publish_in(program, 30, rate_min="50")
    url = reverse("funding:catalogue_withdraw", args=[early.pk])
    assertContains(manager.post(url, follow=True), "La version annoncée du")
    early.refresh_from_db()
    assert not early.is_replaced


def publish_in(program, days, **values):
    on = timezone.localdate() + days * DAY
    return catalogue.publish(program, values, source="arrêté", applies_from=on)


def test_what_applied_on_a_day(officer_client, program):
    today = timezone.localdate()
    catalogue.publish(program, {"rate_max": 50}, source="arrêté", applies_from=today)
    url = program.get_absolute_url()
    page = officer_client.get(url, {"au": (today - DAY).isoformat()})
    assertContains(page, f"Au {today - DAY:%d/%m/%Y}, version 1")
    assertContains(page, "40\u00a0%")
    assertContains(officer_client.get(url, {"au": "1990-01-01"}), "ne connaît pas", status_code=400)
    assertContains(officer_client.get(url, {"au": "demain"}), "n’est pas une date", status_code=400)


def test_a_past_version_can_be_taken_up_again(manager, program):
    catalogue.publish(program, {"rate_max": 50}, source="a", applies_from=timezone.localdate())
    url = reverse("funding:catalogue_edit", args=[program.pk])
    assertContains(manager.get(url, {"depuis": 1}), 'name="rate_max" value="40"')
    for nonsense in ("9", "²", "x"):
        assert manager.get(url, {"depuis": nonsense}).status_code in (200, 404)


def test_what_a_person_corrected_shows_both_values(officer_client, program):
    Program.objects.filter(pk=program.pk).update(
        imported={**program.as_version(), "rate_max": "30"}
    )
    page = officer_client.get(program.get_absolute_url())
    assertContains(page, "Corrigé ici")
    assertContains(page, "à la source : 30\u00a0%".replace(" :", "\u00a0:"))


def test_versions_cost_the_same_for_one_or_fifty(officer_client, program, assert_flat_queries):
    def add(count):
        for _ in range(count):
            publish_once(program)

    url = reverse("funding:catalogue_versions", args=[program.pk])
    assert_flat_queries(lambda: officer_client.get(url), add)


def publish_once(program):
    rate = (program.rate_max or 0) % 99 + 1
    catalogue.publish(program, {"rate_max": rate}, source="a", applies_from=timezone.localdate())


def test_filters_of_origin_and_staleness(officer_client, territory):
    ProgramFactory(name="Fraîche")
    ProgramFactory(name="Ancienne", verified_on="2020-01-01", origin="territoire")
    for query in ({"stale": "true"}, {"origin": "territoire"}):
        page = officer_client.get("/financements/", query)
        assertContains(page, "Ancienne")
        assertNotContains(page, "Fraîche")
