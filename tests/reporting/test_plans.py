import csv
import datetime as dt
import io
from decimal import Decimal

import openpyxl
import pytest
from django.urls import reverse

from crm.models import Confidentiality, Role
from funding.models import FinancingPlan
from reporting import committee, readings
from tests.actions.factories import ActionFactory
from tests.crm.factories import ProjectFactory
from tests.funding.factories import CostLineFactory, FinancingPlanFactory, SourceLineFactory
from tests.reporting.conftest import TODAY, fill

pytestmark = pytest.mark.django_db
MONEY = {"Emplois": "uses", "Ressources": "sources", "Écart": "gap", "À confirmer": "unknown"}


@pytest.fixture
def pack(territory):
    """pack("comite") → the workbook of the committee, with the values of its formulas."""

    def draw(level="comite"):
        content = committee.workbook(readings.reading(level, territory), today=TODAY)
        return openpyxl.load_workbook(io.BytesIO(content), data_only=True)

    return draw


def rows_of(sheet):
    heads, *rows = list(sheet.iter_rows(min_row=4, values_only=True))
    return [dict(zip(heads, row, strict=True)) for row in rows if isinstance(row[0], int)]


def number(value):
    return None if value is None else pytest.approx(float(value))


@pytest.mark.parametrize("seed", range(3))
def test_committee_workbook_says_what_each_plan_page_says(territory, sign_in, pack, seed):
    fill(territory, seed)
    book = pack()
    client = sign_in(Role.ELECTED)
    plans = {plan.subject_code: plan for plan in FinancingPlan.objects.visible_to(client.user)}
    rows = rows_of(book["Plans de financement"])
    assert sorted(row["Réf."] for row in rows) == sorted(plans)
    for row in rows:
        url = plans[row["Réf."]].get_absolute_url()
        reading = client.get(url).context["reading"]
        for head, name in MONEY.items():
            shown = getattr(reading.balance, name)
            if row[head] is None and name in {"uses", "sources"}:
                assert shown == 0
            else:
                assert row[head] == number(shown), (row, head)
        assert row["Effet levier"] == number(reading.leverage)
        counts = ("Non con-formes", "Con-formes", "À vérifier")
        assert [row[head] for head in counts] == [
            reading.counts[name] for name in ("breach", "conform", "to_check")
        ]
        lowest = reading.cash.lowest
        assert row["Point bas"] == number(lowest and lowest.balance)
        assert (row["En"] and row["En"].date()) == (lowest and lowest.on)
    lines = rows_of(book["Lignes des plans"])
    assert len(lines) == sum(plan.costs.count() + plan.sources.count() for plan in plans.values())


def test_an_unknown_amount_leaves_the_gap_empty_and_is_counted(territory, pack):
    plan = FinancingPlanFactory(
        project=ProjectFactory(territory=territory, confidentiality=Confidentiality.PUBLIC)
    )
    CostLineFactory(plan=plan, amount=1000)
    SourceLineFactory(plan=plan, amount=None)
    SourceLineFactory(plan=plan, kind="guarantee", amount=700)
    [row] = rows_of(pack()["Plans de financement"])
    assert (row["Emplois"], row["Ressources"], row["Autofinancement"]) == (1000, None, None)
    assert (row["À confirmer"], row["Écart"], row["Équilibre"]) == (1, None, "À confirmer")


@pytest.mark.parametrize(
    ("level", "seen"), [("comite", {"binome", "public"}), ("partenaires", {"public"})]
)
def test_a_plan_is_read_by_who_reads_its_project(territory, pack, level, seen):
    for code in ("interne", "binome", "public"):
        project = ProjectFactory(territory=territory, confidentiality=code, title=f"Four {code}")
        CostLineFactory(plan=FinancingPlanFactory(project=project), label=f"Dépense {code}")
    book = pack(level)
    rows = rows_of(book["Plans de financement"])
    assert {row["Projet ou action"].removeprefix("Four ") for row in rows} == seen
    lines = rows_of(book["Lignes des plans"])
    assert {row["Ligne"].removeprefix("Dépense ") for row in lines} == seen


def test_only_the_chosen_scenario_goes_into_the_pack(territory, pack):
    project = ProjectFactory(territory=territory, confidentiality=Confidentiality.PUBLIC)
    FinancingPlanFactory(project=project)
    FinancingPlanFactory(project=project, is_chosen=False, name="Si la Région refuse")
    assert len(rows_of(pack()["Plans de financement"])) == 1


def test_one_plan_as_a_workbook(officer_client, territory):
    plan = FinancingPlanFactory(project=ProjectFactory(territory=territory))
    CostLineFactory(plan=plan, amount=Decimal("100.10"), starts_on=dt.date(2027, 1, 5))
    SourceLineFactory(plan=plan, amount=60, paid_on=dt.date(2027, 3, 1))
    SourceLineFactory(plan=plan, amount=40, state="refused")
    response = officer_client.get(reverse("reporting:plan_workbook", args=[plan.pk]))
    book = openpyxl.load_workbook(io.BytesIO(response.content), data_only=True)
    said = {row[0]: row[1] for row in book["Plan"].iter_rows(min_row=4, values_only=True)}
    reading = officer_client.get(plan.get_absolute_url()).context["reading"]
    assert said["Emplois"] == number(reading.balance.uses)
    assert said["Ressources"] == number(reading.balance.sources) == 60
    assert said["Écart"] == number(reading.balance.gap)
    assert said["Équilibre"] == "Il manque de l’argent"
    assert said["À vérifier"] == reading.counts["to_check"]
    assert said["Point bas de trésorerie"] == number(reading.cash.lowest.balance)
    months = list(book["Trésorerie"].iter_rows(min_row=5, values_only=True))
    assert [row[4] for row in months][:3] == [
        number(month.balance) for month in reading.cash.months
    ]
    assert len(list(book["Vérifications"].iter_rows(min_row=5))) == len(reading.checks)


def plan_of(subject, uses, sources, **fields):
    plan = FinancingPlanFactory(**{"project": None, **subject, **fields})
    CostLineFactory(plan=plan, amount=uses)
    SourceLineFactory(plan=plan, amount=sources)
    return plan


@pytest.fixture
def three(territory):
    """A balanced plan, one that lacks money and one, of an action, that nobody can tell."""
    project = ProjectFactory(territory=territory, title="Séchoir")
    other = ProjectFactory(territory=territory, title="Quai réfrigéré")
    action = ActionFactory(territory=territory, title="Logements")
    plan_of({"project": project}, 100, 100)
    plan_of({"project": other}, 300, 100)
    plan_of({"action": action}, 200, None)


def titles(client, **filters):
    page = client.get(reverse("funding:plan_list"), filters)
    shown = [reading.plan.subject.title for reading in page.context["rows"]]
    answer = client.get(reverse("reporting:plans_export", args=["csv"]), filters)
    text = answer.getvalue().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert [row["Projet ou action"] for row in rows] == shown
    return shown


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"q": "sechoir"}, ["Séchoir"]),
        ({"state": "short"}, ["Quai réfrigéré"]),
        ({"state": ["balanced", "unknown"], "order": "uses"}, ["Séchoir", "Logements"]),
        ({"about": "action"}, ["Logements"]),
        ({"about": "project", "order": "-uses"}, ["Quai réfrigéré", "Séchoir"]),
        ({"updated_from": "2100-01-01"}, []),
        ({"order": "subject"}, ["Logements", "Quai réfrigéré", "Séchoir"]),
    ],
)
def test_the_list_and_its_file_filter_and_sort_alike(officer_client, three, filters, expected):
    assert titles(officer_client, **filters) == expected


@pytest.mark.parametrize("filters", [{"state": "gagnant"}, {"couleur": "bleu"}])
def test_a_refused_filter_is_a_400_and_no_row(officer_client, three, filters):
    page = officer_client.get(reverse("funding:plan_list"), filters)
    file = officer_client.get(reverse("reporting:plans_export", args=["csv"]), filters)
    assert (page.status_code, file.status_code) == (400, 400)
    assert "Séchoir" not in page.content.decode() + file.content.decode()
