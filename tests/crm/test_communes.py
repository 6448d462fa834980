import pytest

from crm.forms.communes import commune_label, find_communes, resolve_commune
from crm.models import FormerCommune
from crm.search import normalise
from tests.crm.factories import CommuneFactory, DepartementFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def communes(territory):
    tarn = DepartementFactory(code="81", name="Tarn")
    isle = CommuneFactory(code="32160", name="L’Isle-Jourdain", postal_codes="32600", epci=None)
    CommuneFactory(code="81110", name="Saint-Clar", departement=tarn, postal_codes="81110|81120")
    CommuneFactory(code="32370", name="Saint-Clar", postal_codes="32380", epci=None)
    FormerCommune.objects.create(
        code="32999", name="Sainte-Gemme", commune=isle, search=normalise("Sainte-Gemme")
    )
    return territory


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("Fleurance", "32132"),
        ("  FLEURANCE ", "32132"),
        ("32132", "32132"),
        ("l'isle jourdain", "32160"),
        ("L ISLE JOURDAIN", "32160"),
        ("Ste Gemme", "32160"),
        ("32999", "32160"),
        ("32600", "32160"),
        ("32500 FLEURANCE", "32132"),
        ("Fleurance (32500)", "32132"),
        ("32501 Fleurance Cedex 1", "32132"),
        ("St-Clar (81)", "81110"),
        ("81120 Saint-Clar", "81110"),
    ],
)
def test_a_commune_is_found_by_what_people_call_it(communes, typed, code):
    assert [commune.code for commune in find_communes(typed, communes)] == [code]


def test_the_label_of_a_commune_reads_back(communes):
    fleurance = resolve_commune("Fleurance", communes)
    assert resolve_commune(commune_label(fleurance), communes) == fleurance


def test_communes_of_the_territory_come_first(communes):
    assert len(find_communes("Moissac")) == 1
    CommuneFactory(code="15000", name="Moissac", epci=None)
    assert len(find_communes("Moissac")) == 2
    assert [c.code for c in find_communes("Moissac", communes)] == ["82112"]


def test_an_ambiguous_name_lists_the_candidates(communes):
    with pytest.raises(
        ValueError, match="«\u00a0saint clar\u00a0» peut désigner plusieurs communes"
    ) as e:
        resolve_commune("saint clar", communes)
    assert "Saint-Clar (32370), Saint-Clar (81110)" in str(e.value)


def test_an_unknown_name_is_told_with_the_closest_one(communes):
    with pytest.raises(ValueError, match="«\u00a0Fleurence\u00a0».*«\u00a0Fleurance\u00a0»"):
        resolve_commune("Fleurence", communes)
    with pytest.raises(ValueError, match="Aucune commune ne correspond à «\u00a0Zzz\u00a0»"):
        resolve_commune("Zzz", communes)
    with pytest.raises(ValueError, match="99999"):
        resolve_commune("99999", communes)
