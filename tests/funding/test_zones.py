"""Lists of communes of the zones: what they say of a project, and what they leave unknown."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from crm.models import Commune, FormerCommune
from funding import zone_lists
from funding.eligibility import Answer, Verdict
from funding.facts import FactReader, with_facts
from funding.matching import matches_of
from funding.models import ZoneList
from tests.crm.factories import ProjectFactory
from tests.funding.factories import ProgramFactory

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 22)
SINCE = dt.date(2024, 7, 1)


@pytest.fixture
def project(territory):
    return ProjectFactory(territory=territory, commune=Commune.objects.get(pk="32132"))


def load(text, code="zfrr", **options):
    options = {"source": "Arrêté du 19/06/2024", "valid_from": SINCE, **options}
    return zone_lists.load(code, text.encode(), **options)


def zone_of(project, code="zfrr", today=TODAY):
    (read,) = with_facts(type(project).objects.filter(pk=project.pk))
    fact = FactReader(today).facts_of(read).get(f"zone:{code}")
    return None if fact is None else fact.value


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("code_insee\n32132\n", {}, True),
        ("code_insee\n32208\n", {}, None),
        ("code_insee\n32208\n", {"covers": ["32"]}, False),
        ("Code commune;Classement\n32132;Partiel\n32160;Intégral\n", {}, None),
        ("Code commune;Classement\n32132;Partiellement classée\n", {"covers": ["32"]}, None),
        ("Code commune;Classement\n32132;Hors zone\n", {}, False),
        ("Code commune;Classement\n32132;Intégralement\n", {}, True),
        ("insee\n32132\n", {"valid_from": dt.date(2027, 1, 1)}, None),
        ("insee\n32132\n", {"valid_until": dt.date(2026, 11, 21)}, None),
        ("insee\n32132\n", {"valid_until": TODAY}, True),
        ("insee\n32132\n", {"code": "qpv"}, None),
    ],
)
def test_a_list_says_inside_outside_or_nothing(project, text, options, expected):
    load(text, **options)
    assert zone_of(project, options.get("code", "zfrr")) is expected


def test_without_any_list_the_zone_is_unknown(project):
    assert zone_of(project) is None


def test_two_lists_that_contradict_each_other_leave_a_doubt(project):
    load("insee\n32132\n")
    load("insee;statut\n32132;non\n", source="Autre liste")
    assert zone_of(project) is None


def test_a_list_loaded_again_takes_the_place_of_the_first(project):
    load("insee\n32132\n")
    assert zone_of(project) is True
    load("insee;statut\n32132;non\n")
    assert ZoneList.objects.count() == 1
    assert zone_of(project) is False


def test_a_commune_merged_since_is_partly_inside(project):
    FormerCommune.objects.create(
        code="32099", name="Cadeilhan", commune_id="32132", search="cadeilhan"
    )
    found, _ = load("insee\n32099\n32160\n", covers=["32"])
    assert found.communes["32132"] == "partial"
    assert zone_of(project) is None


def test_a_spreadsheet_that_ate_a_zero_and_a_stranger_are_told(territory):
    found, strangers = load("codgeo\n32132\n1001\n")
    assert found.communes == {"32132": "whole"}
    assert strangers == ["01001"]


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("nom\nFleurance\n", {}, "Pas de colonne"),
        ("", {}, "Pas de colonne"),
        ("insee\nFleurance\n", {}, "ligne 2"),
        ("insee;statut\n32132;peut-être\n", {}, "ligne 2"),
        ("insee\n99999\n", {}, "Aucune commune connue"),
        ("insee\n32132\n", {"covers": ["2Z"]}, "Département inconnu"),
        ("insee\n32132\n", {"valid_until": dt.date(2020, 1, 1)}, "précède"),
    ],
)
def test_a_wrong_file_is_refused_with_a_sentence_and_nothing_is_written(
    territory, text, options, said
):
    with pytest.raises(ValidationError, match=said):
        load(text, **options)
    assert not ZoneList.objects.exists()


def test_the_verdict_tells_which_list_says_so(officer_client, project):
    ProgramFactory(criteria=[{"kind": "place", "key": "zone", "zone": "zfrr"}])
    (match,) = matches_of(project, officer_client.user, today=TODAY)
    assert match.verdict is Verdict.TO_CONFIRM
    load("insee\n32132\n")
    (match,) = matches_of(project, officer_client.user, today=TODAY)
    result = next(one for one in match.assessment.results if one.kind == "place")
    assert result.answer is Answer.MET
    assert "Arrêté du 19/06/2024, en vigueur depuis le 01/07/2024" in result.source


def test_the_command_loads_a_file_and_names_what_is_wrong(territory, tmp_path, capsys):
    path = tmp_path / "zfrr.csv"
    path.write_bytes("Code INSEE;Nom\n32132;Fleurance\n32208;Lectoure\n".encode("cp1252"))
    options = {"valid_from": "2024-07-01", "source": "Arrêté"}
    call_command("load_zone_list", "zfrr", str(path), **options)
    assert "2 communes" in capsys.readouterr().out
    with pytest.raises(CommandError, match="illisible"):
        call_command("load_zone_list", "zfrr", str(tmp_path / "absent.csv"), **options)
