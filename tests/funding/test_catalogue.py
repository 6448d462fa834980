import datetime as dt

import pytest

from funding import catalogue
from funding.eligibility import Rules
from funding.models import Program

TODAY = dt.date(2026, 11, 22)


@pytest.fixture
def loaded(db):
    return catalogue.load()


def test_the_shipped_catalogue_holds_sixty_real_programs_at_least(loaded):
    assert Program.objects.count() == loaded["created"] >= 60


def test_every_family_of_funders_is_there(loaded):
    funders = set(Program.objects.values_list("funder__kind", flat=True))
    names = " ".join(Program.objects.values_list("funder__name", flat=True))
    for name in ("Bpifrance", "ADEME", "Banque des Territoires", "Occitanie", "Action Logement"):
        assert name in names
    assert {"europe", "chamber", "opco", "region"} <= funders


def test_every_row_parses_and_says_where_it_comes_from(loaded):
    for program in Program.objects.all():
        assert isinstance(catalogue.rules_of(program), Rules)
        assert program.source, program.code
        assert program.criteria, program.code


def test_loading_twice_changes_nothing(loaded):
    assert catalogue.load() == {"created": 0, "updated": 0, "unchanged": loaded["created"]}


def test_closed_programs_stay_as_closed(loaded):
    closed = Program.objects.filter(state=Program.State.CLOSED)
    assert closed.exists()
    assert not Program.objects.current(today=TODAY).filter(pk__in=closed).exists()


def test_a_program_goes_stale_after_six_months(loaded):
    program = Program(verified_on=dt.date(2026, 5, 1))
    assert program.is_stale(today=dt.date(2026, 11, 22))
    assert not program.is_stale(today=dt.date(2026, 10, 31))
    assert Program(verified_on=None).is_stale(today=TODAY)


def test_a_wrong_row_is_refused_by_name_and_nothing_is_loaded(db, monkeypatch, tmp_path):
    rows = catalogue.read("programs.json")
    rows[3]["criteria"] = [{"kind": "horoscope", "key": "h"}]
    monkeypatch.setattr(
        catalogue, "read", lambda name, read=catalogue.read: rows if "pro" in name else read(name)
    )
    with pytest.raises(ValueError, match=rows[3]["code"]):
        catalogue.load()
    assert not Program.objects.exists()
