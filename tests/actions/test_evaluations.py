"""The yearly evaluation: figures from the plan, comments beside, frozen with its files."""

import datetime
import io

import openpyxl
import pytest
from django.db import IntegrityError, connection, transaction
from pypdf import PdfReader
from pytest_django.asserts import assertContains, assertNotContains

from actions.evaluating import content, figures_of
from actions.models import Action, Contract, Evaluation, EvaluationSheet
from crm.freezing import IsFrozen, fingerprint
from crm.models import MeetingKind, Role
from tests.actions.factories import (
    ActionFactory,
    BudgetLineFactory,
    CommitmentFactory,
    ContractFactory,
    EvaluationFactory,
    FrameworkCodeFactory,
    IndicatorFactory,
    IndicatorValueFactory,
    MeetingFactory,
    MilestoneFactory,
    PartyFactory,
    PaymentFactory,
)
from tests.crm.factories import UserFactory

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 11, 22)


@pytest.fixture
def evaluation(territory):
    """Of a COT that counts two fiches of three, and a sub-action within one of them."""
    contract = ContractFactory(territory=territory, title="COT 2024-2028", frameworks=["eci"])
    PartyFactory(contract=contract, role="financeur", quality="son directeur régional")
    PaymentFactory(contract=contract, label="Solde", amount_planned=90000, evaluation_year=2025)
    CommitmentFactory(contract=contract, state="tenu")
    heat = ActionFactory(
        territory=territory, code="ECI-1", progress=40, budget_planned=1000, status="en_cours"
    )
    part = ActionFactory(territory=territory, code="ECI-1.1", parent=heat, budget_planned=400)
    water = ActionFactory(territory=territory, code="ECI-2", progress=20)
    ActionFactory(territory=territory, code="LOG-1", budget_planned=5)
    for action in (heat, part, water):
        FrameworkCodeFactory(action=action, framework_id="eci")
    BudgetLineFactory(action=water, year=2025, planned=300, spent=120)
    BudgetLineFactory(action=water, year=2026, planned=900)
    MilestoneFactory(
        action=heat, due_on=datetime.date(2025, 5, 1), done_on=datetime.date(2025, 6, 1)
    )
    indicator = IndicatorFactory(
        action=heat,
        label="Chaleur valorisée",
        baseline=0,
        baseline_on=datetime.date(2024, 1, 1),
        target=100,
        target_on=datetime.date(2027, 12, 31),
    )
    IndicatorValueFactory(
        indicator=indicator, value=60, observed_on=datetime.date(2025, 11, 1), quality="mesure"
    )
    IndicatorValueFactory(
        indicator=indicator, value=99, observed_on=datetime.date(2026, 2, 1), quality="mesure"
    )
    return EvaluationFactory(contract=contract, year=2025)


@pytest.fixture
def discussed(evaluation):
    evaluation.meeting = MeetingFactory(
        territory=evaluation.contract.territory,
        kind=MeetingKind.objects.get(pk="dialogue_gestion"),
        title="Dialogue de gestion 2025",
        held_on=datetime.date(2026, 3, 12),
    )
    evaluation.save()
    return evaluation


def drawn(evaluation):
    territory = evaluation.contract.territory
    viewer = UserFactory(territory=territory, role=Role.OFFICER)
    return content(evaluation, viewer, today=TODAY)


def values(evaluation):
    return {figure["key"]: figure["value"] for figure in figures_of(drawn(evaluation))}


def test_figures_are_those_of_the_plan_over_the_fiches_of_the_frameworks(evaluation):
    found = values(evaluation)
    totals = Action.objects.filter(code__startswith="ECI").totals()
    assert found["count"] == totals["count"] == 2
    assert found["progress"] == 30
    assert (totals["planned"], found["planned"]) == (2200, "2200")
    assert found["year-eur-planned"] == "300"
    assert found["year-eur-spent"] == "120"
    assert found["year-eur-committed"] is None
    assert found["milestones-reached"] == 1
    assert found["commitments-kept"] == 1
    assert found["payments-planned"] == "90000"


def test_an_indicator_is_read_at_the_end_of_the_year(evaluation):
    [row] = drawn(evaluation)["indicators"]
    assert (row["value"], row["observed_on"], row["standing"]) == (
        "60",
        "2025-11-01",
        "on_path",
    )


def test_without_a_framework_nothing_is_counted_and_it_says_so(officer_client, evaluation):
    Contract.objects.update(frameworks=[])
    assertContains(officer_client.get(evaluation.get_absolute_url()), "Aucune fiche n’est comptée")


def test_each_figure_says_its_source_and_opens_its_rows(officer_client, evaluation):
    page = officer_client.get(evaluation.get_absolute_url())
    for figure in figures_of(page.context["content"]):
        assert figure["source"]
        if figure["url"]:
            assert officer_client.get(figure["url"].split("#")[0]).status_code == 200
    rows = officer_client.get("/plan/tableau/?framework=eci")
    assert rows.context["totals"]["count"] == values(evaluation)["count"]


def test_an_evaluation_is_begun_once_a_year_and_only_in_force(officer_client, evaluation):
    url = f"/plan/conventions/{evaluation.contract_id}/evaluations/"
    Evaluation.objects.update(created_at=datetime.datetime(2026, 1, 9, tzinfo=datetime.UTC))
    assertContains(officer_client.post(url, {"year": "2025"}), "déjà son évaluation", 1, 422)
    assertContains(officer_client.post(url, {"year": "2031"}), "n’est pas en vigueur", 1, 422)
    assertContains(officer_client.post(url, {"year": "²"}), "nombre entier", 1, 422)
    for _ in range(2):  # sent twice
        assert officer_client.post(url, {"year": "2024"}).status_code == 302
    assert Evaluation.objects.count() == 2


def test_a_figure_is_commented_and_never_overwritten(officer_client, evaluation):
    url = f"/plan/conventions/evaluations/{evaluation.pk}/modifier/"
    assertContains(officer_client.get(url), "2\u00a0200\u00a0€")
    sent = {
        "version": evaluation.version,
        "went_well": "Les visites.",
        "comment-planned": "Dont 900 € ajoutés en cours d’année.",
        "planned": "999999",
    }
    assert officer_client.post(url, sent).status_code == 302
    page = officer_client.get(evaluation.get_absolute_url())
    assertContains(page, "ajoutés en cours d’année")
    assert values(evaluation)["planned"] == "2200"
    late = officer_client.post(url, sent)
    assertContains(late, "rien de votre saisie n’a été écrit", status_code=409)


def freeze(client, evaluation, follow=True, **changes):
    page = client.get(evaluation.get_absolute_url())
    sent = {"digest": page.context["digest"], "version": page.context["evaluation"].version}
    url = f"/rapports/evaluations/{evaluation.pk}/figer/"
    return client.post(url, sent | changes, follow=follow)


def test_it_waits_for_a_management_dialogue_that_was_held(officer_client, evaluation):
    response = freeze(officer_client, evaluation)
    assertContains(response, "Choisissez d’abord le dialogue de gestion", status_code=409)
    evaluation.meeting = MeetingFactory(
        territory=evaluation.contract.territory, held_on=datetime.date(2027, 1, 5)
    )
    evaluation.save()
    assertContains(freeze(officer_client, evaluation), "se tient le 05/01/2027", status_code=409)
    assert not EvaluationSheet.objects.exists()


def test_only_a_management_dialogue_of_the_territory_is_offered(officer_client, discussed):
    other = MeetingFactory(territory=discussed.contract.territory)
    url = f"/plan/conventions/evaluations/{discussed.pk}/modifier/"
    sent = {"version": discussed.version, "meeting": other.pk}
    assert officer_client.post(url, sent).status_code == 422


def test_what_was_frozen_never_changes_whatever_happens_to_the_plan(officer_client, discussed):
    response = freeze(officer_client, discussed)
    assertContains(response, "ne changera plus")
    sheet = EvaluationSheet.objects.get()
    files = {file.kind: bytes(file.content) for file in sheet.files.all()}
    before = officer_client.get(sheet.get_absolute_url()).content
    Action.objects.update(title="Tout autre chose", budget_planned=1, progress=99)
    Contract.objects.update(title="Renommé")
    again = EvaluationSheet.objects.get()
    assert again.is_intact
    assert fingerprint(again.content) == sheet.sha256
    for kind in ("pdf", "xlsx"):
        got = officer_client.get(f"/rapports/evaluations/figees/{sheet.pk}.{kind}")
        assert got.content == files[kind]
        assert "attachment" in got.headers["Content-Disposition"]
    after = officer_client.get(sheet.get_absolute_url()).content
    start = b'<dl class="facts">'  # above, the messages, and the name of the convention
    assert after[after.index(start) :] == before[before.index(start) :]
    assert not Evaluation.objects.get().is_open


def test_the_model_and_the_database_both_refuse_to_change_a_sheet(officer_client, discussed):
    freeze(officer_client, discussed)
    sheet = EvaluationSheet.objects.get()
    for change in (sheet.save, sheet.delete, sheet.files.get(kind="pdf").save):
        with pytest.raises(IsFrozen):
            change()
    with pytest.raises(IsFrozen):
        EvaluationSheet.objects.update(title="Autre")
    for table in ("actions_evaluationsheet", "actions_evaluationfile"):
        with (
            pytest.raises(IntegrityError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE {table} SET sha256 = 'x'")


def test_a_plan_that_moved_since_the_page_was_opened_is_not_frozen(officer_client, discussed):
    page = officer_client.get(discussed.get_absolute_url())
    Action.objects.filter(code="ECI-2").update(progress=90)
    sent = {"digest": page.context["digest"], "version": discussed.version}
    response = officer_client.post(f"/rapports/evaluations/{discussed.pk}/figer/", sent)
    assertContains(response, "a changé depuis", status_code=409)
    assert not EvaluationSheet.objects.exists()
    assert Evaluation.objects.get().is_open


def test_a_frozen_evaluation_stays_and_its_convention_too(officer_client, discussed):
    freeze(officer_client, discussed)
    for kind, row in (("evaluation", discussed), ("convention", discussed.contract)):
        response = officer_client.post(f"/plan/retirer/{kind}/{row.pk}/")
        assertContains(response, "fait preuve", status_code=409)
    url = f"/plan/conventions/evaluations/{discussed.pk}/modifier/"
    assert officer_client.post(url, {"version": 9}).status_code == 302
    assertContains(freeze(officer_client, discussed), "déjà figée")
    assert EvaluationSheet.objects.count() == 1


def test_a_correction_is_another_sheet_that_says_why(officer_client, discussed):
    freeze(officer_client, discussed)
    evaluation = Evaluation.objects.get()
    url = f"/plan/conventions/evaluations/{discussed.pk}/rouvrir/"
    assert officer_client.post(url, {"reason": "", "version": 1}).status_code == 422
    sent = {"reason": "Un budget manquait.", "version": evaluation.version}
    assert officer_client.post(url, sent).status_code == 302
    assert officer_client.post(url, sent).status_code == 302  # sent twice
    Action.objects.filter(code="ECI-2").update(budget_planned=2000)
    freeze(officer_client, discussed)
    second, first = EvaluationSheet.objects.order_by("-number")
    assert (second.number, second.content["corrects"]) == (2, "Un budget manquait.")
    assert first.content["corrects"] == ""
    assertContains(officer_client.get(first.get_absolute_url()), "Une fiche rectificative existe")


def test_the_pdf_has_the_figures_and_a_block_for_each_signature(officer_client, discussed):
    freeze(officer_client, discussed)
    sheet = EvaluationSheet.objects.get()
    response = officer_client.get(f"/rapports/evaluations/figees/{sheet.pk}.pdf")
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(response.content)).pages)
    text = text.replace("\u00a0", " ").replace("\n", " ")
    for words in ("2 200 €", "Date et signature", "son directeur régional", sheet.sha256[:20]):
        assert words in text


def test_the_workbook_of_a_draft_has_the_same_figures_and_says_it_is_one(officer_client, discussed):
    url = f"/rapports/evaluations/{discussed.pk}/brouillon.xlsx"
    book = openpyxl.load_workbook(io.BytesIO(officer_client.get(url).content))
    assert "Document de travail" in str(book["Chiffres"]["A1"].value)
    rows = {row[1]: row[2] for row in book["Chiffres"].iter_rows(min_row=5, values_only=True)}
    assert rows["Budget prévu, toutes années"] == 2200
    assert (
        officer_client.get(f"/rapports/evaluations/{discussed.pk}/brouillon.pptx").status_code
        == 404
    )


def test_readers_read_frozen_sheets_and_no_draft(officer_client, sign_in, discussed):
    freeze(officer_client, discussed)
    sheet = EvaluationSheet.objects.get()
    reader = sign_in(Role.READER)
    assert reader.get(sheet.get_absolute_url()).status_code == 200
    assert reader.get(f"/rapports/evaluations/figees/{sheet.pk}.pdf").status_code == 200
    assert reader.get(discussed.get_absolute_url()).status_code == 403
    page = reader.get(discussed.contract.get_absolute_url())
    assertContains(page, "évaluation 2025 figée")
    assertNotContains(page, "Rectifier")
