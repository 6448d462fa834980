"""Firms that count as one, aids put back, and what the ledger page lacks."""

import datetime as dt
import io

import pytest
from django.urls import reverse
from pypdf import PdfReader
from pytest_django.asserts import assertContains, assertNotContains

from funding.ledger import Position
from funding.models import AidScheme, ReceivedAid, Undertaking, UndertakingFirm
from funding.models.ledger import firms_of
from tests.actions.factories import ActionFactory
from tests.crm.factories import OrganisationFactory, siren
from tests.funding.factories import (
    ApplicationFactory,
    FinancingPlanFactory,
    ReceivedAidFactory,
    SourceLineFactory,
)

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 22)
NBSP = "\u00a0"


@pytest.fixture
def firm(territory):
    return OrganisationFactory(territory=territory, name="Fonderie Marcadis")


def group(firm, *others, declared_on=None):
    undertaking = Undertaking.objects.create(
        territory=firm.territory, name=firm.name, declared_on=declared_on, source="Mme Garric"
    )
    for number, name in ((firm.siren, firm.name), *others):
        undertaking.firms.create(territory=firm.territory, siren=number, name=name)
    return undertaking


def sirens(firm):
    return {number for number, _ in firms_of(firm)[1]}


def add_firm(client, firm, number, name="Filiale"):
    url = reverse("funding:firm_new", args=[firm.pk])
    return client.post(url, {"siren": number, "name": name, "link": "votes"})


def page(client, firm, **asked):
    return client.get(reverse("funding:ledger", args=[firm.pk]), asked)


def granted(firm, legal_basis, **fields):
    fields = {"project__holder": firm, "project__territory": firm.territory} | fields
    return ApplicationFactory(
        granted=True, program__legal_basis=legal_basis, amount_granted=9_000, **fields
    )


# ── The day ──


@pytest.mark.parametrize("year", ["0001", "0003", "1999", "2101", "9999"])
@pytest.mark.parametrize("name", ["funding:ledger", "reporting:minimis_declaration"])
def test_a_day_without_three_years_before_it_is_a_400(officer_client, firm, name, year):
    response = officer_client.get(reverse(name, args=[firm.pk]), {"au": f"{year}-01-01"})
    assert response.status_code == 400


# ── Put back ──


def test_an_aid_does_not_come_back_beside_another_of_its_file(officer_client, firm):
    file = granted(firm, "De minimis")
    aid = ReceivedAidFactory(organisation=firm, application=file)
    undo = reverse("funding:aid_restore", args=[aid.remove().history_id])
    ReceivedAidFactory(organisation=firm, application=file)
    response = officer_client.post(undo, follow=True)
    assertContains(response, "vient déjà de ce dossier")
    assert ReceivedAid.objects.count() == 1


def test_a_list_that_loses_a_firm_is_declared_no_more(officer_client, firm):
    undertaking = group(firm, (siren(77), "Filiale"), declared_on=TODAY)
    sister = undertaking.firms.get(siren=siren(77))
    url = reverse("funding:firm_remove", args=[firm.pk, sister.pk])
    response = officer_client.post(url, follow=True)
    assertNotContains(response, "Liste complète")
    assert sirens(firm) == {firm.siren}
    undo = next(iter(response.context["messages"])).extra_tags
    for _ in range(2):
        response = officer_client.post(undo, follow=True)
    # Nothing else changed: what was declared holds again.
    assertContains(response, "déclarée par Mme Garric le 22/11/2026")
    assert sirens(firm) == {firm.siren, siren(77)}


def test_a_firm_put_back_in_a_list_that_changed_asks_for_a_declaration(officer_client, firm):
    undertaking = group(firm, (siren(77), "Filiale"), declared_on=TODAY)
    sister = undertaking.firms.get(siren=siren(77))
    response = officer_client.post(
        reverse("funding:firm_remove", args=[firm.pk, sister.pk]), follow=True
    )
    undo = next(iter(response.context["messages"])).extra_tags
    declare = reverse("funding:undertaking_declared", args=[firm.pk])
    officer_client.post(declare, {"source": "M. Lafont", "declared_on": "2026-11-20"})
    officer_client.post(undo)
    undertaking.refresh_from_db()
    assert undertaking.declared_on is None
    # The firm has joined another group meanwhile: it stays there.
    officer_client.post(
        reverse("funding:firm_remove", args=[firm.pk, undertaking.firms.get(siren=siren(77)).pk])
    )
    other = OrganisationFactory(territory=firm.territory)
    group(other, (siren(77), "Filiale"))
    trace = UndertakingFirm.history.filter(history_type="-").first()
    undo = reverse("funding:firm_restore", args=[firm.pk, trace.history_id])
    assertContains(officer_client.post(undo, follow=True), "La liste a changé depuis")


# ── Two lists become one ──


def test_a_firm_declared_alone_joins_a_group(officer_client, firm):
    group(firm, (siren(77), "Filiale"), declared_on=TODAY)
    alone = OrganisationFactory(territory=firm.territory, name="Sœur")
    group(alone, declared_on=TODAY)
    assert add_firm(officer_client, firm, alone.siren).status_code == 302
    assert sirens(alone) == {firm.siren, siren(77), alone.siren}
    undertaking = Undertaking.objects.get()  # that of one firm is gone
    assert undertaking.declared_on is None


def test_a_firm_declared_alone_names_one_of_a_group_and_joins_it(officer_client, firm):
    big = OrganisationFactory(territory=firm.territory, name="Groupe Lafont")
    group(big, (siren(77), "Filiale"), declared_on=TODAY)
    group(firm, declared_on=TODAY)
    assert add_firm(officer_client, firm, siren(77)).status_code == 302
    assert sirens(firm) == {big.siren, siren(77), firm.siren}
    assert Undertaking.objects.get().declared_on is None


def test_two_groups_are_not_merged_without_somebody(officer_client, firm):
    big = OrganisationFactory(territory=firm.territory, name="Groupe Lafont")
    group(big, (siren(77), "Filiale"))
    group(firm, (siren(78), "Autre"))
    response = add_firm(officer_client, firm, siren(77))
    assertContains(response, "Groupe Lafont", status_code=422)
    assertContains(add_firm(officer_client, firm, siren(78)), "déjà dans la liste", status_code=422)
    assert Undertaking.objects.count() == 2


# ── Granted, and not on record ──


def test_a_file_that_may_be_de_minimis_is_listed_to_check(officer_client, firm):
    file = granted(firm, "Selon le cas : de minimis, régime PME SA.111728, régime AFR")
    assertContains(page(officer_client, firm), "de minimis ou autre régime")
    url = f"{reverse('funding:aid_new', args=[firm.pk])}?dossier={file.pk}"
    form = officer_client.get(url).context["form"]
    assert form["regulation"].value() == ""
    data = {"granted_on": "2026-09-01", "amount": "9000"}
    assert officer_client.post(url, data | {"regulation": ""}).status_code == 422
    assert officer_client.post(url, data | {"regulation": "regime"}).status_code == 302
    assert ReceivedAid.objects.get().application == file
    assert not Position(firm, TODAY).unrecorded


@pytest.mark.parametrize(
    ("scheme", "expected"), [("de-minimis", ["2023/2831"]), ("SA.111728-17", [])]
)
def test_the_plan_tells_the_regime_of_a_file(firm, scheme, expected):
    AidScheme.objects.load_shipped()
    file = granted(firm, "Selon le cas : de minimis, régime PME SA.111728")
    plan = FinancingPlanFactory(project=file.project)
    SourceLineFactory(plan=plan, grant=True, application=file, scheme_id=scheme)
    assert [row.regulation for row in Position(firm, TODAY).unrecorded] == expected


def test_files_of_linked_firms_and_of_actions_are_missing_too(firm):
    sister = OrganisationFactory(territory=firm.territory)
    group(firm, (sister.siren, sister.name), declared_on=TODAY)
    assert Position(firm, TODAY).room is not None
    files = {granted(sister, "De minimis")}
    action = ActionFactory(territory=firm.territory, pilot=firm)
    files.add(
        ApplicationFactory(
            project=None, action=action, granted=True, program__legal_basis="De minimis"
        )
    )
    position = Position(firm, TODAY)
    assert {row.application for row in position.unrecorded} == files
    assert not position.is_sure
    assert position.doubts == [f"2{NBSP}dossiers accordés pas encore au registre"]


def test_a_loan_does_not_tell_its_equivalent(officer_client, firm):
    file = granted(firm, "De minimis", program__instruments=["loan"])
    url = f"{reverse('funding:aid_new', args=[firm.pk])}?dossier={file.pk}"
    assert officer_client.get(url).context["form"]["amount"].value() is None


def test_a_plan_is_to_check_while_its_ledger_may_lack_something(officer_client, firm):
    AidScheme.objects.load_shipped()
    plan = FinancingPlanFactory(
        project__holder=firm, project__territory=firm.territory, granted_on="2026-12-17"
    )
    SourceLineFactory(plan=plan, grant=True, amount=10_000, scheme_id="de-minimis")
    ReceivedAidFactory(organisation=firm, amount=20_000, granted_on="2026-01-05")

    def check():
        reading = officer_client.get(plan.get_absolute_url()).context["reading"]
        return next(one for one in reading.checks if one.code == "de_minimis")

    assert check().status == "a_verifier"
    assert "entreprises liées non déclarées" in check().text
    group(firm, declared_on=TODAY)
    assert check().status == "conforme"
    granted(firm, "De minimis")
    assert check().status == "a_verifier"
    assert "pas encore au registre" in check().text


# ── The declaration ──


def test_the_declaration_leaves_out_no_de_minimis_aid(officer_client, firm):
    ReceivedAidFactory(organisation=firm, granted_on="2026-02-03", amount=41_250)
    ReceivedAidFactory(
        organisation=firm, granted_on="2026-03-04", amount=7_500, regulation="2023/2832"
    )
    ReceivedAidFactory(organisation=firm, granted_on="2026-03-05", amount=999, regulation="regime")
    granted(firm, "De minimis", program__name="Pass Industrie")
    url = reverse("reporting:minimis_declaration", args=[firm.pk])
    content = officer_client.get(url, {"au": "2026-11-22"}).content
    pages = PdfReader(io.BytesIO(content)).pages
    text = " ".join(" ".join(one.extract_text() for one in pages).replace(NBSP, " ").split())
    for said in ("04/03/2026", "2023/2832", "7 500 €", "258 750 €", "Pass Industrie, accordé le"):
        assert said in text
    assert "999" not in text
