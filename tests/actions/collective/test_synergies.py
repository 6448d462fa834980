"""From a piste to a synergy in service: agreements, status, gains, measures, files."""

import csv
import io

import openpyxl
import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from actions.models import Synergy, SynergySaving
from crm import measures
from crm.models import Confidentiality, Role
from tests.actions.collective.factories import FlowFactory, SynergyFactory, SynergySavingFactory
from tests.actions.factories import ActionFactory
from tests.crm.factories import ProjectFactory

pytestmark = pytest.mark.django_db
THIS_YEAR = timezone.localdate().year


@pytest.fixture
def synergy(territory):
    return SynergyFactory(
        territory=territory,
        source__site__organisation__name="Fonderie Marcadis",
        need__site__organisation__name="Textiles Castelmarne",
    )


def url(synergy, route=""):
    return f"/plan/ecologie/synergies/{synergy.pk}/{route}"


def agree(client, synergy, side="source", **fields):
    data = {"on": "2026-03-12", "by": "Mme Capdeville"} | fields
    return client.post(url(synergy, f"accord/{side}/"), data)


def move(client, synergy, to, seen=None, **fields):
    data = {"vers": to, "vu": seen or Synergy.objects.get(pk=synergy.pk).status} | fields
    return client.post(url(synergy, "etat/"), data, follow=True)


def status(synergy):
    return Synergy.objects.get(pk=synergy.pk).status


def test_a_piste_is_followed_once(officer_client, territory):
    source = FlowFactory(site__organisation__territory=territory)
    need = FlowFactory(wanted=True, site__organisation__territory=territory)
    address = f"/plan/ecologie/suivre/{source.pk}/{need.pk}/"
    first, second = officer_client.post(address), officer_client.post(address)
    synergy = Synergy.objects.get()
    assert first.url == second.url == synergy.get_absolute_url()
    assert (synergy.status, synergy.by) == ("detectee", officer_client.user)


def test_only_a_gift_and_a_need_of_one_kind_here_make_a_piste(officer_client, territory):
    here = {"site__organisation__territory": territory}
    source, need = FlowFactory(**here), FlowFactory(wanted=True, **here)
    others = [
        (need, source),
        (source, FlowFactory(wanted=True, temperature=None, kind="water", **here)),
        (source, FlowFactory(wanted=True)),
        (source, FlowFactory(wanted=True, site=source.site)),
    ]
    for one, other in others:
        address = f"/plan/ecologie/suivre/{one.pk}/{other.pk}/"
        assert officer_client.post(address).status_code == 404
    assert not Synergy.objects.exists()


def test_names_wait_for_both_agreements(officer_client, sign_in, synergy):
    reader = sign_in(Role.READER)
    for client in (officer_client, reader):
        assertNotContains(client.get(url(synergy)), "Marcadis")
    client = sign_in(Role.OFFICER)
    assertContains(client.get(url(synergy, "?noms=1")), "Fonderie Marcadis")
    agree(client, synergy)
    assertNotContains(client.get(url(synergy)), "Marcadis")
    agree(client, synergy, "besoin")
    reader = sign_in(Role.READER)
    page = reader.get(url(synergy))
    assertContains(page, "Fonderie Marcadis")
    assertContains(page, "Textiles Castelmarne")
    assertNotContains(page, "Capdeville")
    assert reader.get(url(synergy, "?noms=1")).status_code == 403


def test_an_agreement_says_who_and_when(officer_client, synergy):
    for fields in ({"by": ""}, {"on": "2100-01-01"}, {"on": "demain"}):
        page = agree(officer_client, synergy, **fields)
        assert page.status_code == 422
    assert not Synergy.objects.get().source_agreed_on
    agree(officer_client, synergy)
    page = officer_client.get(url(synergy))
    assertContains(page, "Accord du 12/03/2026, donné par Mme Capdeville")
    assertContains(page, "accord du site qui propose")  # its history


def test_an_agreement_that_is_withdrawn_hides_the_names_again(officer_client, synergy):
    agree(officer_client, synergy)
    agree(officer_client, synergy, "besoin")
    move(officer_client, synergy, "etude")
    withdraw = {"retirer": "1"}
    page = officer_client.post(url(synergy, "accord/besoin/"), withdraw, follow=True)
    assertContains(page, "Ramenez d’abord la synergie")
    move(officer_client, synergy, "detectee")
    page = officer_client.post(url(synergy, "accord/besoin/"), withdraw, follow=True)
    assertNotContains(page, "Marcadis")
    assert Synergy.objects.get().need_agreed_by == ""


def test_a_study_waits_for_both_agreements(officer_client, synergy):
    agree(officer_client, synergy)
    assertContains(move(officer_client, synergy, "etude"), "Il manque l’accord")
    agree(officer_client, synergy, "besoin")
    for to in ("etude", "accordee", "en_service"):
        move(officer_client, synergy, to)
        assert status(synergy) == to
    assert Synergy.objects.get().status_since == timezone.localdate()


def test_no_step_is_skipped_and_giving_up_has_a_reason(officer_client, synergy):
    assertContains(move(officer_client, synergy, "en_service"), "On ne passe pas de")
    assertContains(move(officer_client, synergy, "abandonnee"), "Dites pourquoi")
    page = move(officer_client, synergy, "abandonnee", motif="Trop loin du réseau")
    assertContains(page, "Trop loin du réseau")
    move(officer_client, synergy, "detectee")
    assert (status(synergy), Synergy.objects.get().reason) == ("detectee", "")


def test_the_slower_of_two_people_moves_nothing(officer_client, synergy):
    move(officer_client, synergy, "abandonnee", motif="Trop loin")
    page = move(officer_client, synergy, "abandonnee", seen="detectee", motif="Autre")
    assertContains(page, "Elle est déjà passée à")
    assert Synergy.objects.get().reason == "Trop loin"
    page = officer_client.post(url(synergy, "etat/"), {"vers": "lune", "vu": "²"}, follow=True)
    assert page.status_code == 200


def test_the_database_refuses_what_the_rules_refuse(synergy):
    rows = Synergy.objects.filter(pk=synergy.pk)
    for wrong in ({"status": "etude"}, {"status": "abandonnee", "reason": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**wrong)
    with pytest.raises(IntegrityError), transaction.atomic():
        SynergySavingFactory(synergy=synergy, evidence="")
    with pytest.raises(IntegrityError), transaction.atomic():
        SynergySavingFactory(synergy=synergy, nature="planned")


def test_it_is_tied_to_a_fiche_and_to_a_project_that_one_may_read(
    officer_client, sign_in, synergy, territory
):
    action = ActionFactory(territory=territory)
    project = ProjectFactory(territory=territory, confidentiality=Confidentiality.INTERNAL)
    version = Synergy.objects.get().version
    data = {"action": action.pk, "project": project.pk, "notes": "Étude au printemps",
            "version": version}  # fmt: skip
    officer_client.post(url(synergy, "modifier/"), data)
    page = officer_client.get(url(synergy))
    for text in (action.title, project.title, "Étude au printemps"):
        assertContains(page, text)
    late = officer_client.post(url(synergy, "modifier/"), data | {"notes": "Autre"})
    assertContains(late, "Entre-temps, cette synergie a changé", status_code=409)
    page = sign_in(Role.READER).get(url(synergy))
    assertContains(page, action.title)
    for text in (project.title, "Étude au printemps"):
        assertNotContains(page, text)


def gain(client, synergy, **fields):
    data = {"nature": "observed", "unit": "mwh", "year": THIS_YEAR, "amount": "1 350,5",
            "evidence": "relevé"} | fields  # fmt: skip
    return client.post(url(synergy, "gains/"), data)


def test_planned_and_observed_are_kept_apart(officer_client, synergy):
    gain(officer_client, synergy)
    gain(officer_client, synergy, year=THIS_YEAR - 1, amount="100")
    gain(officer_client, synergy, nature="planned", year="", amount="900", evidence="")
    row = Synergy.objects.with_savings().get()
    assert (row.planned_mwh, row.observed_mwh, row.observed_eur) == (900, 1450.5, None)
    page = officer_client.get("/plan/ecologie/synergies/")
    assertContains(page, "1\u00a0450,5")
    assertContains(page, "900")


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("evidence", {"evidence": ""}),
        ("year", {"year": ""}),
        ("year", {"year": THIS_YEAR + 1}),
        ("year", {"year": "1066"}),
        ("year", {"nature": "planned"}),
        ("amount", {"amount": "-3"}),
        ("amount", {"amount": "beaucoup"}),
        ("unit", {"unit": "carats"}),
        ("nature", {"nature": ""}),
    ],
)
def test_a_gain_that_proves_nothing_is_refused(officer_client, synergy, name, fields):
    page = gain(officer_client, synergy, **fields)
    assert page.status_code == 422
    assert page.context["form"].errors[name]
    assert not SynergySaving.objects.exists()


def test_a_gain_is_noted_once_a_year(officer_client, synergy):
    gain(officer_client, synergy)
    assert gain(officer_client, synergy).status_code == 302  # sent twice
    assert gain(officer_client, synergy, amount="7").status_code == 422
    assert SynergySaving.objects.count() == 1


def test_a_gain_is_changed_removed_and_put_back(officer_client, synergy):
    saving = SynergySavingFactory(synergy=synergy)
    address = f"/plan/ecologie/gains/{saving.pk}/"
    data = {"nature": "observed", "unit": "mwh", "year": 2025, "amount": "5", "evidence": "facture"}
    assert officer_client.post(address, data).status_code == 302
    officer_client.post(f"{address}retirer/")
    trace = SynergySaving.history.filter(history_type="-").get()
    officer_client.post(f"/plan/ecologie/gains/{trace.pk}/retablir/")
    assert SynergySaving.objects.get().amount == 5
    officer_client.post(f"{address}retirer/")
    SynergySavingFactory(synergy=synergy)
    again = SynergySaving.history.filter(history_type="-").first()
    page = officer_client.post(f"/plan/ecologie/gains/{again.pk}/retablir/", follow=True)
    assertContains(page, "Un autre gain a pris sa place")


def read(key, user, territory, **asked):
    return measures.read(measures.get(key), user, territory, **asked)


def test_the_measures_count_what_is_in_service_and_saved(officer_client, territory):
    running = SynergyFactory(territory=territory, agreed=True, status="en_service")
    SynergyFactory(territory=territory)
    dropped = SynergyFactory(territory=territory, status="abandonnee", reason="Trop loin")
    SynergyFactory(agreed=True, status="en_service")
    SynergySavingFactory(synergy=running, amount=120)
    SynergySavingFactory(synergy=running, amount=30, year=2024)
    SynergySavingFactory(synergy=dropped, amount=7)
    for one in (running, dropped):
        SynergySavingFactory(synergy=one, nature="planned", year=None, amount=200)
    user = officer_client.user
    assert read("synergies_in_service", user, territory).value == 1
    assert read("synergies_observed_mwh", user, territory).value == 157
    planned = read("synergies_planned_mwh", user, territory)
    assert (planned.value, planned.unknown) == (200, 1)
    assert read("synergies_observed_eur", user, territory).value is None


def test_a_measure_opens_its_rows_and_those_of_a_fiche(officer_client, territory):
    action = ActionFactory(territory=territory)
    mine = SynergyFactory(territory=territory, action=action)
    other = SynergyFactory(territory=territory)
    for one in (mine, other):
        SynergySavingFactory(synergy=one, amount=120)
    within = f"fiche-{action.pk}"
    user = officer_client.user
    assert read("synergies_observed_mwh", user, territory, within=within).value == 120
    page = officer_client.get(measures.get("synergies_observed_mwh").url(within=within))
    assertContains(page, mine.get_absolute_url())
    assertNotContains(page, other.get_absolute_url())


def test_the_list_is_filtered_by_status_kind_and_agreement(officer_client, territory):
    SynergyFactory(territory=territory, agreed=True, status="etude")
    SynergyFactory(territory=territory)
    counts = [
        officer_client.get("/plan/ecologie/synergies/", asked).context["page"].paginator.count
        for asked in ({}, {"status": "etude"}, {"kind": "water"}, {"agreed": "true"},
                      {"agreed": "false"})
    ]  # fmt: skip
    assert counts == [2, 1, 0, 1, 1]
    assert officer_client.get("/plan/ecologie/synergies/?status=x").status_code == 400


def export(client, kind="csv", **asked):
    response = client.get(f"/rapports/synergies.{kind}", asked)
    content = response.getvalue() if response.streaming else response.content
    if kind == "xlsx":
        return openpyxl.load_workbook(io.BytesIO(content))
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


def test_the_file_names_only_those_who_agreed_for_who_is_not_of_the_team(
    sign_in, synergy, territory
):
    SynergyFactory(
        territory=territory, agreed=True, source__site__organisation__name="Station Garonvert"
    )
    SynergySavingFactory(synergy=synergy, evidence="facture de Marcadis")
    book = export(sign_in(Role.READER), "xlsx")
    cells = " ".join(
        str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row
    )
    assert "Station Garonvert" in cells
    for secret in ("Marcadis", "Castelmarne", "fumées", "séchoir"):
        assert secret not in cells
    assert book.sheetnames == ["Liste", "Gains", "Pistes"]
    rows = export(sign_in(Role.OFFICER))
    told = {row["Site qui propose"]: row["Noms"] for row in rows}
    assert told == {
        "Fonderie Marcadis": "pour l’équipe seulement",
        "Station Garonvert": "accord des deux sites",
    }


def test_the_file_has_the_rows_of_the_page_and_no_formula(officer_client, territory):
    SynergyFactory(territory=territory, source__label="=1+1")
    SynergyFactory(territory=territory, agreed=True, status="etude")
    assert [row["État"] for row in export(officer_client, status="etude")] == ["À l’étude"]
    [row] = export(officer_client, status="detectee")
    assert row["Ce qu’il propose"] == "'=1+1"
    assert officer_client.get("/rapports/synergies.csv?status=x").status_code == 400


def test_gains_of_a_year_are_those_that_were_counted_in_it(officer_client, synergy):
    SynergySavingFactory(synergy=synergy, amount=120)
    [_, gain] = export(officer_client, "xlsx")["Gains"].iter_rows(values_only=True)
    assert gain[1:4] == ("Constaté", 2025, 120)


def test_the_list_costs_the_same_for_one_synergy_and_for_fifty(
    officer_client, territory, assert_flat_queries
):
    def add(count):
        for _ in range(count):
            synergy = SynergyFactory(
                territory=territory, agreed=True, action=ActionFactory(territory=territory)
            )
            SynergySavingFactory(synergy=synergy)

    assert_flat_queries(lambda: officer_client.get("/plan/ecologie/synergies/"), add)
    assert_flat_queries(lambda: export(officer_client, "xlsx"), add)


def test_an_agreement_that_is_kept_is_not_written_over(officer_client, synergy):
    agree(officer_client, synergy)
    agree(officer_client, synergy, by="Quelqu’un d’autre", on="2026-01-01")
    now = Synergy.objects.get()
    assert (now.source_agreed_by, str(now.source_agreed_on)) == ("Mme Capdeville", "2026-03-12")


def test_the_totals_of_the_list_are_those_of_the_measures(officer_client, territory):
    dropped = SynergyFactory(territory=territory, status="abandonnee", reason="Four arrêté")
    SynergySavingFactory(synergy=dropped, amount=70)
    SynergySavingFactory(synergy=dropped, nature="planned", year=None, amount=500)
    totals = {
        unit: (planned, observed)
        for unit, planned, observed in officer_client.get("/plan/ecologie/synergies/").context[
            "totals"
        ]
    }
    assert totals[SynergySaving.Unit.MWH] == (None, 70)
    assert read("synergies_observed_mwh", officer_client.user, territory).value == 70


def test_a_fiche_that_names_a_site_waits_for_both_agreements(officer_client, synergy, territory):
    action = ActionFactory(territory=territory)
    action.organisations.add(synergy.need.site.organisation)

    def tie():
        version = Synergy.objects.get().version
        return officer_client.post(
            url(synergy, "modifier/"), {"action": action.pk, "notes": "", "version": version}
        )

    refused = tie()
    assertContains(refused, "Cette fiche nomme l’un des deux sites", status_code=422)
    for side in ("source", "besoin"):
        agree(officer_client, synergy, side)
    assert tie().status_code == 302
    assert Synergy.objects.get().action == action
    officer_client.post(url(synergy, "accord/source/"), {"retirer": "1"})
    now = Synergy.objects.get()
    assert (now.source_agreed_on, now.action) == (None, None)


def test_the_slower_of_two_people_changes_no_gain(officer_client, synergy):
    saving = SynergySavingFactory(synergy=synergy, amount=120)
    address = f"/plan/ecologie/gains/{saving.pk}/"
    seen = officer_client.get(address).context["form"]["seen"].value()
    data = {"nature": "observed", "unit": "mwh", "year": 2025, "evidence": "relevé", "seen": seen}
    assert officer_client.post(address, data | {"amount": "130"}).status_code == 302
    late = officer_client.post(address, data | {"amount": "140"})
    assertContains(late, "Quelqu’un vient de modifier ce gain", status_code=422)
    assert SynergySaving.objects.get().amount == 130
