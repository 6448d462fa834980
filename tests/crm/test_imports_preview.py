"""What an import remembers of the files before it, and what its preview shows, page by page."""

import pytest

from crm.models import ImportBatch, Role
from tests.crm.factories import OrganisationFactory, TerritoryFactory, UserFactory, siren, siret
from tests.crm.test_imports import commit, companies, start, upload, url

pytestmark = pytest.mark.django_db

# ── What is remembered ──


def confirm(client, batch, **columns):
    """Send the page of columns as it stands, but for `columns`."""
    form = client.get(url(batch, "import_columns")).context["form"]
    data = {f"c{index}": form.initial.get(f"c{index}", "") for index in range(len(batch.header))}
    assert client.post(url(batch, "import_columns"), data | columns).status_code == 302


def latest():
    return ImportBatch.objects.latest("pk")


ODD = "Raison sociale;Où;Combien"


def test_columns_that_someone_corrected_are_the_guess_of_the_next_file(officer_client):
    upload(officer_client, companies("Usine;Fleurance;12", header=ODD))
    assert latest().mapping == {"0": "name"}
    confirm(officer_client, latest(), c0="name", c1="commune", c2="headcount")
    upload(officer_client, companies("14;Atelier;Auvillar", header="Combien;raison sociale;OÙ"))
    assert latest().mapping == {"0": "headcount", "1": "name", "2": "commune"}
    page = officer_client.get(url(latest(), "import_columns")).content.decode()
    assert "colonnes lues comme le" in page
    upload(officer_client, companies("Usine;12", header="Raison sociale;Combien"))
    assert latest().mapping == {"0": "name"}


def test_the_file_of_refusals_is_read_like_the_file_it_comes_from(officer_client):
    upload(officer_client, companies("Usine;Trifouillis;12", header=ODD))
    confirm(officer_client, latest(), c0="name", c1="commune", c2="headcount")
    refused = officer_client.get(url(latest(), "import_refused")).content
    upload(officer_client, refused)
    assert latest().mapping == {"0": "name", "1": "commune", "2": "headcount"}


def test_columns_are_remembered_territory_by_territory(officer_client, client):
    upload(officer_client, companies("Usine;Fleurance;12", header=ODD))
    confirm(officer_client, latest(), c0="name", c1="commune")
    elsewhere = TerritoryFactory(name="Ailleurs", perimeter=True)
    client.force_login(UserFactory(territory=elsewhere, role=Role.OFFICER))
    upload(client, companies("Usine;Fleurance;12", header=ODD))
    assert latest().territory == elsewhere
    assert latest().mapping == {"0": "name"}


def test_a_column_used_twice_is_remembered_in_its_order(officer_client):
    upload(officer_client, companies("Usine;Fleurance;Lavit", header="Raison sociale;Lieu;Lieu"))
    confirm(officer_client, latest(), c0="name", c2="commune")
    upload(officer_client, companies("Usine;Fleurance;Lavit", header="Raison sociale;Lieu;Lieu"))
    assert latest().mapping == {"0": "name", "2": "commune"}


# ── The preview ──


def test_other_pages_of_a_preview_do_not_plan_again(officer_client, territory, cost_of):
    lines = [f"Atelier {n};{siret(n + 1)};Fleurance;;;;" for n in range(60)]
    batch = start(officer_client, companies(*lines))
    first = cost_of(lambda: officer_client.get(url(batch)))
    second = cost_of(lambda: officer_client.get(url(batch), {"page": 2}))
    assert second.count <= first.count / 2
    OrganisationFactory(territory=territory, siren=siren(1), name="Atelier 0")
    kept = officer_client.get(url(batch), {"lignes": "created"}).context["plan"].counts
    assert kept["created"] == 60
    opened = officer_client.get(url(batch)).context["plan"].counts
    assert opened["read"] == 60
    assert commit(officer_client, batch).status_code == 302
    batch.refresh_from_db()
    assert batch.preview == {}


def test_a_preview_is_planned_again_when_its_columns_change(officer_client):
    batch = start(officer_client, companies("Usine;123;Fleurance;;;;"))
    assert officer_client.get(url(batch)).context["plan"].counts["refused"] == 1
    siret_column = next(index for index, target in batch.mapping.items() if target == "siret")
    confirm(officer_client, batch, **{f"c{siret_column}": ""})
    assert officer_client.get(url(batch), {"page": 1}).context["plan"].counts["refused"] == 0


def test_the_preview_says_how_to_mend_and_keeps_numbers_whole(officer_client):
    header = "Raison sociale;Commune;Téléphone;Contact"
    data = companies("A;Fleurance;0536499001;Luc", "B;Trifouillis;;", header=header)
    page = officer_client.get(url(start(officer_client, data))).content.decode()
    assert "téléchargez les lignes refusées" in page
    assert "une cellule vide n’efface rien" in page
    assert "05\u00a036\u00a049\u00a090\u00a001" in page
