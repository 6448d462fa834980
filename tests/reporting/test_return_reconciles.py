"""A total is the same on the page, in the pack, in the return, in the API and in the CSV, whatever
the filter: each reads the rows of the others."""

import csv
import io
from decimal import Decimal

import openpyxl
import pytest
from django.db import transaction
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.models import Commune, NationalPriority, Role, Sector, Stage
from reporting import committee, readings
from reporting.columns import french
from reporting.figures import Figures
from reporting.returns import grids_in_force, sending
from reporting.returns.places import Places
from reporting.returns.proofs import proofs
from reporting.returns.territories import side_by_side
from tests.actions.factories import ActionFactory
from tests.crm.factories import (
    PartnerTokenFactory,
    ProjectFactory,
    TerritoryFactory,
    UserFactory,
)
from tests.funding.factories import ApplicationFactory
from tests.reporting.conftest import TODAY, fill

pytestmark = pytest.mark.django_db
AMOUNTS = {
    "investissement_prevu": ("planned_investment", "Investissement prévu HT"),
    "assiette_eligible": ("eligible_costs", "Assiette éligible HT"),
    "emplois_crees_prevus": ("jobs_created_planned", "Emplois créés, prévus"),
    "emplois_crees_constates": ("jobs_created_observed", "Emplois créés, constatés"),
    "emplois_maintenus_prevus": ("jobs_maintained_planned", "Emplois maintenus, prévus"),
}
STAGES = ["detecte", "realise", "en_pause", "perdu", "en_montage"]
AID = {
    "aides_demandees": "Aides demandées",
    "aides_accordees": "Aides accordées",
    "aides_versees": "Aides versées",
}


@pytest.fixture
def filled(territory):
    fill(territory, 11, projects=18)
    communes, sectors = list(Commune.objects.all()), list(Sector.objects.all()[:2])
    for n, project in enumerate(territory.projects.order_by("pk")):
        project.commune = [None, *communes][n % (len(communes) + 1)]
        project.sector = [None, *sectors][n % 3]
        project.attribution = ["", "detecte", "monte", "obtenu"][n % 4]
        project.save()
    return territory


def filters():
    """What a person may ask of the list of projects, and the same of a row of the return."""
    stages = st.lists(st.sampled_from(sorted(Stage.objects.values_list("pk", flat=True))),
                      max_size=4, unique=True)  # fmt: skip
    priority = st.sampled_from(["", *NationalPriority.objects.values_list("pk", flat=True)])
    sector = st.sampled_from(["", *Sector.objects.values_list("pk", flat=True)[:2]])
    epci = st.sampled_from(["", "243200391", "200066322"])
    floor = st.sampled_from(["", "0", "1", "125000.50", "4000000"])
    return st.fixed_dictionaries(
        {"stage": stages, "priority": priority, "sector": sector, "epci": epci,
         "min_investment": floor}
    )  # fmt: skip


def passes(row, asked):
    """Whether a row of the return answers the filter, read from its own cells."""
    return (
        (not asked["stage"] or row["etape_code"] in asked["stage"])
        and (not asked["priority"] or row[f"axe_{asked['priority']}"] == 1)
        and (not asked["sector"] or row["filiere_code"] == asked["sector"])
        and (not asked["epci"] or row["epci_siren"] == asked["epci"])
        and (
            not asked["min_investment"]
            or row["investissement_prevu"] is not None
            and row["investissement_prevu"] >= float(asked["min_investment"])
        )
    )


def known(values):
    found = [Decimal(str(value)) for value in values if value not in (None, "")]
    return sum(found) if found else None


def from_csv(text):
    """A French cell as a number; nothing where nobody knows."""
    return Decimal(text.replace(",", ".")) if text else None


def return_rows(territory):
    version = grids_in_force.of(territory, "nationale")
    book = openpyxl.load_workbook(
        io.BytesIO(sending.workbook(version, territory, today=TODAY)), data_only=True
    )
    heads, _, *rows = (list(row) for row in book["Remontée"].iter_rows(values_only=True))
    rows = [dict(zip(heads, row, strict=True)) for row in rows]
    return [row for row in rows if row["nature"] == "projet"]


def pack_rows(territory):
    reading = readings.reading(readings.PARTNERS, territory)
    book = openpyxl.load_workbook(
        io.BytesIO(committee.workbook(reading, today=TODAY)), data_only=True
    )
    rows = [list(row) for row in book["Projets"].iter_rows(values_only=True)]
    at = next(n for n, row in enumerate(rows) if "Réf." in row)
    heads = list(rows[at])
    found = (dict(zip(heads, row, strict=True)) for row in rows[at + 1 :])
    return {row["Réf."]: row for row in found if str(row["Réf."]).startswith("P-")}


def test_totals_reconcile_under_random_filters(filled, client):
    """A reader, the partner’s API, the return and the pack all read the partners’ level."""
    client.force_login(UserFactory(territory=filled, role=Role.READER))
    token = PartnerTokenFactory(territory=filled, scopes=["projects:read"])
    rows, pack = return_rows(filled), pack_rows(filled)
    page, api = reverse("reporting:projects_export", args=["csv"]), reverse("api:project-list")

    @settings(max_examples=25)
    @given(asked=filters())
    def check(asked):
        with transaction.atomic():
            query = {name: value for name, value in asked.items() if value}
            content = client.get(page, query).getvalue().decode("utf-8-sig")
            exported = list(csv.DictReader(io.StringIO(content), delimiter=";"))
            answer = client.get(
                api, query | {"page_size": 200}, headers={"Authorization": f"Token {token.secret}"}
            ).json()["results"]
        mine = [row for row in rows if passes(row, asked)]
        references = {row["reference"] for row in mine}
        assert references == {row["Référence"] for row in exported}
        assert references == {row["reference"] for row in answer}
        assert references <= set(pack)
        for source, (name, label) in AMOUNTS.items():
            total = known(row[source] for row in mine)
            assert total == known(from_csv(row[label]) for row in exported), source
            assert total == known(row[name] for row in answer), source
        for source, label in AID.items():
            total = known(row[source] for row in mine)
            assert total == known(from_csv(row[label]) for row in exported), source
        invested = known(pack[reference]["Investissement prévu"] for reference in references)
        assert invested == known(row["investissement_prevu"] for row in mine)

    check()


def test_the_figures_are_those_rows_added_up(filled):
    reading = readings.reading(readings.PARTNERS, filled)
    figures = Figures(reading, filled, TODAY)
    rows = [row for row in return_rows(filled) if row["compte"] == 1]
    total = figures.total
    assert total.count == len(rows)
    for source, (name, _) in AMOUNTS.items():
        name = {"planned_investment": "investment", "eligible_costs": "eligible"}.get(name, name)
        assert known(row[source] for row in rows) == getattr(total, name)
    for line in figures.by_attribution:
        mine = [row for row in rows if (row["attribution_code"] or "") == line.code]
        assert line.count == len(mine)
        assert line.investment == known(row["investissement_prevu"] for row in mine)
        assert line.granted == known(row["aides_accordees"] for row in mine)
    places = Places(figures)
    for lines, column in ((places.by_epci, "epci_siren"), (places.by_departement, "departement")):
        assert sum(line.count for line in lines) == total.count
        for line in lines:
            mine = [row for row in rows if (row[column] or "") == line.code]
            assert line.count == len(mine)
            assert line.investment == known(row["investissement_prevu"] for row in mine)
            assert line.granted == known(row["aides_accordees"] for row in mine)


def test_each_figure_is_what_the_rows_that_prove_it_add_up_to(filled):
    for level in (readings.PARTNERS, readings.COMMITTEE):
        for proof in proofs(Figures(readings.reading(level, filled), filled, TODAY)):
            assert (proof.total or 0) == (proof.headline.value or 0), proof.key
            unknown = sum(row.value is None for row in proof.rows)
            if proof.key in {"investment", "budget", "requested"}:
                assert unknown >= (proof.headline.unknown or 0), proof.key


def test_territories_side_by_side_say_what_each_says_of_itself(filled):
    other = TerritoryFactory(name="Ailleurs", perimeter=True)
    for n in range(5):
        project = ProjectFactory(
            territory=other, confidentiality=["public", "interne"][n % 2], stage_id=STAGES[n],
            planned_investment=[None, 1000, 0][n % 3], jobs_created_planned=n,
        )  # fmt: skip
        project.priorities.set(NationalPriority.objects.all()[:2])
        ApplicationFactory(project=project, amount_requested=n * 10)
        ApplicationFactory(project=project, amount_granted=n)
        ActionFactory(territory=other, budget_planned=n)
    TerritoryFactory(name="Vide", perimeter=True)
    reader = UserFactory(territory=filled, role=Role.READER)
    for territory in (other, *other.__class__.objects.filter(name="Vide")):
        reader.memberships.create(territory=territory, role=Role.READER)
    territories = [one.territory for one in reader.memberships.select_related("territory")]
    for side in side_by_side(reader, territories):
        figures = Figures(reader, side.territory, TODAY)
        total = figures.total
        for name in ("count", "investment", "unknown", "requested", "granted", "paid",
                     "jobs_created_planned", "jobs_maintained_observed"):  # fmt: skip
            assert (side.figures.get(name) or 0) == (getattr(total, name) or 0), name
        assert side.figures.get("open", 0) == figures.portfolio.count
        assert side.figures.get("actions", 0) == figures.plan["count"]
        assert (side.figures.get("budget") or 0) == (figures.plan["planned"] or 0)


def test_a_cell_of_the_csv_is_read_back_as_it_was():
    assert from_csv(french(Decimal("125000.50"))) == Decimal("125000.50")
