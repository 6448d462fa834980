import datetime as dt

import pytest
from django.utils import timezone

from funding import catalogue
from funding.eligibility import Rules
from funding.models import Program, ProgramVersion

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
    assert catalogue.load() == {
        "created": 0,
        "updated": 0,
        "unchanged": loaded["created"],
        "kept": 0,
    }


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


def shipped_with(monkeypatch, code, **changes):
    """The catalogue of the next release, where one row says something else."""
    rows = [
        {**row, **changes} if row["code"] == code else row
        for row in catalogue.read("programs.json")
    ]
    monkeypatch.setattr(
        catalogue, "read", lambda name, read=catalogue.read: rows if "pro" in name else read(name)
    )


def test_the_first_load_gives_every_program_its_first_version(loaded):
    assert ProgramVersion.objects.count() == loaded["created"]
    for program in Program.objects.prefetch_related("versions"):
        version = program.versions.all()[0]
        assert (version.number, version.origin) == (1, "établi")
        assert version.values == program.as_version()
        assert program.applies_from == version.applies_from


def test_a_changed_row_gives_a_new_version(loaded, monkeypatch):
    shipped_with(monkeypatch, "P11", rate_max="45", source="arrêté suivant")
    assert catalogue.load()["updated"] == 1
    program = Program.objects.get(code="P11")
    assert (program.version, program.rate_max, program.source) == (2, 45, "arrêté suivant")
    assert catalogue.load()["updated"] == 0


def test_what_a_manager_corrected_stays_and_is_counted(loaded, monkeypatch):
    program = Program.objects.get(code="P11")
    today = timezone.localdate()
    catalogue.publish(program, {"rate_max": 60}, source="appel au financeur", applies_from=today)
    shipped_with(monkeypatch, "P11", rate_max="45")
    assert catalogue.load()["kept"] == 1
    program.refresh_from_db()
    assert program.rate_max == 60
    assert catalogue.corrections(program) == [("rate_max", "45", "60")]
    assert catalogue.load() == {
        "created": 0,
        "updated": 0,
        "unchanged": loaded["created"],
        "kept": 0,
    }


def test_programs_loaded_by_a_former_release_begin_with_what_they_say(loaded):
    ProgramVersion.objects.all().delete()
    Program.objects.update(imported={}, version=1, applies_from=None)
    assert catalogue.load()["unchanged"] == loaded["created"]
    assert ProgramVersion.objects.count() == loaded["created"]


def test_no_shipped_program_asks_first_what_it_excludes(loaded):
    asked = Program.objects.exclude(required_studies=[])
    assert asked.exists()
    for program in asked:
        assert not set(program.required_studies) & set(program.incompatible_with)
