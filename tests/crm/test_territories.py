from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from crm.models import Commune, Departement, Epci, NafCode, Region, Role, Territory, User
from crm.reference_data import create_territory, read
from tests.crm.factories import CommuneFactory, DepartementFactory, EpciFactory

pytestmark = pytest.mark.django_db


def test_the_shipped_territory_has_its_eleven_epci_in_three_departements():
    call_command("load_reference", stdout=StringIO())
    territory = Territory.objects.get(code="ti-7611", period="2023-2027")
    assert territory.epcis.count() == 11
    assert territory.communes.count() == 298
    departements = set(territory.communes.values_list("departement", flat=True))
    assert departements == {"32", "47", "82"}
    # A commune of the Gers belongs to an EPCI of the other PETR: a département decides nothing.
    groups = dict(territory.memberships_of_epci.values_list("epci", "group"))
    gers = territory.communes.filter(departement="32").values_list("epci", flat=True).distinct()
    assert {groups[epci] for epci in gers} == {
        "PETR Pays Portes de Gascogne",
        "PETR Garonne Quercy Gascogne",
    }


def test_a_command_creates_another_territory_from_its_epci():
    epci = EpciFactory()
    CommuneFactory.create_batch(2, epci=epci, departement=DepartementFactory(code="82"))
    CommuneFactory(departement=DepartementFactory(code="82"))
    out = StringIO()
    call_command("create_territory", "ti-7608", "Grand Auch", "--epci", epci.pk, stdout=out)
    assert "1 EPCI, 2 communes" in out.getvalue()
    assert Commune.objects.count() == 3


def test_an_unknown_epci_is_named_and_nothing_is_created():
    with pytest.raises(CommandError, match="123456789"):
        call_command("create_territory", "ti-1", "Nulle part", "--epci", "123456789")
    assert not Territory.objects.exists()


def test_the_same_identifier_may_name_another_territory_in_another_period():
    epci = EpciFactory()
    first = create_territory(code="ti-7606", name="Ancien", epcis=[epci.pk], period="2018-2022")
    second = create_territory(code="ti-7606", name="Comminges", epcis=[epci.pk])
    assert first.pk != second.pk


def test_a_command_gives_a_deployment_its_first_manager(territory):
    out = StringIO()
    for _ in range(2):
        call_command("add_member", "Ines@exemple.fr", territory=territory.code, stdout=out)
    user = User.objects.get(email="ines@exemple.fr")
    assert user.memberships.get().role == Role.MANAGER
    assert not user.has_usable_password()
    assert "changepassword" in out.getvalue()


@pytest.mark.parametrize(
    ("email", "code", "sentence"),
    [("pas-une-adresse", "ti-1", "adresse"), ("a@exemple.fr", "ti-0", "Aucun territoire")],
)
def test_a_wrong_member_is_refused_with_a_sentence(territory, email, code, sentence):
    with pytest.raises(CommandError, match=sentence):
        call_command("add_member", email, territory=code)
    assert not User.objects.exists()


@pytest.mark.parametrize("name", ["regions", "departements", "epci", "communes", "naf_rev2"])
def test_each_shipped_code_fits_its_column(name):
    """SQLite ignores the length of a text; PostgreSQL refuses « 975 » in two characters."""
    model, key = {
        "regions": (Region, "code"),
        "departements": (Departement, "code"),
        "epci": (Epci, "siren"),
        "communes": (Commune, "code"),
        "naf_rev2": (NafCode, "code"),
    }[name]
    longest = model._meta.get_field(key).max_length
    assert [row[key] for row in read(f"{name}.csv") if len(row[key]) > longest] == []
