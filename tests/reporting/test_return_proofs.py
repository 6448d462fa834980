"""Each figure proved by its rows; the same figures by place, and for many territories."""

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from actions.models import removed
from crm.models import Role
from reporting import readings
from reporting.figures import Figures
from reporting.headlines import headlines
from reporting.models import IndustrialJobs
from reporting.returns.places import Places
from reporting.returns.proofs import DEFINITIONS
from tests.crm.factories import ProjectFactory, TerritoryFactory, UserFactory
from tests.reporting.conftest import TODAY
from tests.reporting.factories import IndustrialJobsFactory

pytestmark = pytest.mark.django_db


def test_many_territories_cost_the_queries_of_one(client, assert_flat_queries, territory):
    reader = UserFactory(territory=territory, role=Role.READER)
    client.force_login(reader)

    def add(count):
        for _ in range(count):
            other = TerritoryFactory(perimeter=True)
            reader.memberships.create(territory=other, role=Role.READER)
            ProjectFactory(territory=other, confidentiality="public", planned_investment=5)

    assert_flat_queries(lambda: client.get(reverse("reporting:territories")), add)
    page = client.get(reverse("reporting:territories")).content.decode()
    assert "51 territoires" in page.replace("\u00a0", " ")


def test_a_member_of_the_pair_elsewhere_sees_only_where_they_read_reports(client, territory):
    reader = UserFactory(territory=territory, role=Role.READER)
    other = TerritoryFactory(name="Rien pour les rapports", perimeter=True)
    reader.memberships.create(territory=other, role=Role.ELECTED)
    client.force_login(reader)
    page = client.get(reverse("reporting:territories")).content.decode()
    main = page[page.index("<main") :]
    assert "Rien pour les rapports" not in main
    content = client.get(reverse("reporting:territories_export", args=["csv"])).getvalue().decode()
    assert "Rien pour les rapports" not in content


# Places -----------------------------------------------------------------------------------------


def test_a_rate_is_told_only_where_the_industrial_jobs_are_known(territory):
    for commune in ("32132", "82112"):
        ProjectFactory(territory=territory, confidentiality="public", commune_id=commune,
                       jobs_created_planned=6)  # fmt: skip
    IndustrialJobsFactory(territory=territory, epci_id="243200391", year=2019, jobs=9999)
    IndustrialJobsFactory(territory=territory, epci_id="243200391", year=2022, jobs=2000)
    figures = Figures(readings.reading(readings.PARTNERS, territory), territory, TODAY)
    lines = {line.code: line for line in Places(figures).by_epci}
    known, unknown = lines["243200391"], lines["200066322"]
    assert (known.reference.year, known.per_thousand("jobs_created_planned")) == (2022, 3)
    assert known.per_thousand("granted") is None
    assert unknown.per_thousand("jobs_created_planned") is None
    # Nothing is deduced for a département from its EPCI.
    assert all(line.reference is None for line in Places(figures).by_departement)


def test_a_manager_notes_the_jobs_of_a_place_and_takes_them_back(sign_in, territory):
    manager = sign_in(Role.MANAGER)
    url = reverse("reporting:industrial_jobs_new")
    said = {"place": "epci-243200391", "year": "2022", "jobs": "2240", "source": "INSEE",
            "version": "1"}  # fmt: skip
    assert manager.post(url, said).status_code == 302
    one = IndustrialJobs.objects.get()
    assert (one.epci_id, one.jobs, one.noted_by) == ("243200391", 2240, manager.user)
    assert manager.post(url, said).status_code == 422  # the same place and year
    for name, value in (("year", "1066"), ("jobs", "-1"), ("source", ""), ("place", "epci-1")):
        assert manager.post(url, said | {"year": "2023", name: value}).status_code == 422
    edit = reverse("reporting:industrial_jobs_edit", args=[one.pk])
    assert manager.post(edit, said | {"jobs": "2300"}).status_code == 302
    assert manager.post(edit, said | {"jobs": "1"}).status_code == 409  # read before that save
    manager.post(reverse("reporting:industrial_jobs_remove", args=[one.pk]))
    assert not IndustrialJobs.objects.exists()
    [trace] = removed(IndustrialJobs)
    manager.post(reverse("reporting:industrial_jobs_restore", args=[trace.pk]))
    assert IndustrialJobs.objects.get().jobs == 2300


def test_a_command_loads_the_jobs_of_places_from_a_file(territory, tmp_path, capsys):
    file = tmp_path / "emplois.csv"
    text = "code;annee;emplois;source\n243200391;2022;2240;INSEE\n32;2022;9000;INSEE\n"
    file.write_text(text, encoding="utf-8")
    for _ in range(2):  # again, it corrects what it wrote
        call_command("load_industrial_jobs", str(file), "--territory", territory.code)
    assert IndustrialJobs.objects.count() == 2
    assert "2 lieux" in capsys.readouterr().out
    for bad in ("99;2022;1;X", "32;deux mille;1;X", "32;2022;-4;X", "32;2022;5;"):
        file.write_text(f"code;annee;emplois;source\n{bad}\n", encoding="utf-8")
        with pytest.raises(CommandError, match="Ligne 2"):
            call_command("load_industrial_jobs", str(file), "--territory", territory.code)


# Proofs -----------------------------------------------------------------------------------------


def test_the_page_of_a_figure_says_how_it_is_counted_and_shows_its_rows(client, territory):
    client.force_login(UserFactory(territory=territory, role=Role.READER))
    project = ProjectFactory(
        territory=territory, confidentiality="public", stage_id="realise", title="Fonderie",
        jobs_created_observed=4, jobs_method="dsn", jobs_evidence="DSN de juin",
        jobs_observed_on=TODAY,
    )  # fmt: skip
    other = ProjectFactory(
        territory=territory, confidentiality="public", stage_id="realise",
        jobs_created_observed=2, holder=project.holder, title="Presse",
    )  # fmt: skip
    ProjectFactory(territory=territory, confidentiality="interne", jobs_created_observed=9,
                   title="Secret")  # fmt: skip
    page = client.get(reverse("reporting:proof", args=["jobs_created_observed"]))
    text = page.content.decode().replace("\u00a0", " ")
    for words in ("Fonderie", "DSN de juin", "22/11/2026", "ne s’additionnent jamais",
                  f"aussi dans {other.reference}"):  # fmt: skip
        assert words in text
    assert "Secret" not in text
    assert page.context["proof"].unproved == 1
    assert page.context["proof"].total == 6


@pytest.mark.parametrize(("key", "status"), [("rien", 404), ("open", 200)])
def test_a_figure_that_nobody_defined_has_no_page(officer_client, territory, key, status):
    assert officer_client.get(reverse("reporting:proof", args=[key])).status_code == status
    url = reverse("reporting:proof", args=["open"])
    assert officer_client.get(url, {"lecture": "tout"}).status_code == 400
    assert officer_client.get(url, {"autre": "1"}).status_code == 400


def test_every_headline_is_defined(territory):
    figures = Figures(readings.reading(readings.PARTNERS, territory), territory, TODAY)
    assert {line.key for line in headlines(figures)} <= set(DEFINITIONS)
