import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command

from crm.models import PartnerToken, Role
from funding import catalogue
from funding.differences import changes
from funding.matching import matches_of
from funding.models import Program, ProgramVersion
from funding.models.programs import applying
from tests.crm.factories import ProjectFactory, TerritoryFactory, UserFactory
from tests.funding.factories import FunderFactory, ProgramFactory

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 22)
DAY = dt.timedelta(days=1)
NEW = {
    "code": "X1",
    "name": "Aide neuve",
    "funder": "ademe",
    "summary": "Pour essayer.",
    "scope_level": "national",
    "scope_label": "France",
    "state": "open",
    "confidence": "V",
    "rate_max": "40",
    "criteria": [],
}


@pytest.fixture
def program(db):
    FunderFactory()
    published = publish(None, NEW, on=dt.date(2026, 3, 1))
    return published.program


def publish(program, values, *, on=TODAY, source="cahier des charges", **options):
    options.setdefault("today", TODAY)
    return catalogue.publish(program, values, source=source, applies_from=on, **options)


def refused(program, values, **options):
    """{field: sentences} of what is refused; nothing may have been written."""
    before = ProgramVersion.objects.count(), Program.objects.count()
    with pytest.raises(ValidationError) as error:
        publish(program, values, **options)
    assert (ProgramVersion.objects.count(), Program.objects.count()) == before
    return error.value.message_dict


def test_a_new_program_begins_with_version_one(program):
    version = program.versions.get()
    assert (version.number, version.applies_from, version.applies_until) == (
        1,
        dt.date(2026, 3, 1),
        None,
    )
    program.refresh_from_db()
    assert (program.version, program.rate_max, program.origin) == (1, Decimal(40), "territoire")


def test_a_change_is_a_new_version_and_the_row_holds_it(program):
    version = publish(program, {"rate_max": Decimal("50.00")}, source="arrêté du 20/11/2026")
    assert (version.number, version.values["rate_max"]) == (2, "50")
    assert (program.rate_max, program.version, program.source) == (50, 2, "arrêté du 20/11/2026")
    assert program.applies_from == TODAY


def test_what_applied_on_a_day_can_always_be_shown(program):
    publish(program, {"rate_max": 50}, on=dt.date(2026, 6, 1))
    publish(program, {"rate_max": 60})
    rates = {
        on: found and found.rate_max
        for on in (dt.date(2026, 2, 28), dt.date(2026, 5, 31), dt.date(2026, 6, 1), TODAY)
        for found in [program.as_of(on)]
    }
    assert list(rates.values()) == [None, 40, 50, 60]


def test_the_versions_of_a_program_never_share_a_day(program):
    publish(program, {"rate_max": 50}, on=dt.date(2026, 6, 1))
    publish(program, {"rate_max": 70}, on=TODAY + 30 * DAY)
    publish(program, {"rate_max": 60})
    for days in range(-300, 60):
        on = TODAY + days * DAY
        expected = on >= dt.date(2026, 3, 1)
        assert program.versions.in_force(on).count() == expected


def test_a_version_that_overlaps_what_applied_is_refused(program):
    publish(program, {"rate_max": 50}, on=dt.date(2026, 6, 1))
    for on in (dt.date(2026, 1, 1), dt.date(2026, 4, 1), dt.date(2026, 6, 1)):
        errors = refused(program, {"rate_max": 60}, on=on)
        assert "s’applique depuis le 01/06/2026" in errors["applies_from"][0]
        assert "la chevaucherait" in errors["applies_from"][0]


def test_two_changes_on_the_same_day_keep_the_last(program):
    publish(program, {"rate_max": 50})
    publish(program, {"rate_max": 60})
    assert program.as_of(TODAY).rate_max == 60
    assert program.as_of(TODAY - DAY).rate_max == 40
    replaced = program.versions.get(number=2)
    assert replaced.is_replaced


def test_a_note_or_a_source_is_kept_although_nothing_changed(program):
    publish(program, {}, note="Relu avec l’ADEME")
    assert program.versions.get().checks.first() is None  # nobody dated the reading
    publish(program, {"verified_on": TODAY}, note="Relu avec l’ADEME")
    assert program.versions.get().checks.get().note == "Relu avec l’ADEME"
    publish(program, {"state": "closed"}, on=TODAY + 10 * DAY, source="projet d’arrêté")
    again = publish(
        program, {"state": "closed"}, on=TODAY + 10 * DAY, source="arrêté", note="Paru au JO"
    )
    [announced] = program.versions.announced(today=TODAY)
    assert announced == again
    assert (announced.source, announced.note) == ("arrêté", "Paru au JO")
    publish(program, {"state": "open"})
    announced.refresh_from_db()
    assert announced.values["state"] == "closed"


def test_a_program_without_versions_keeps_what_it_said(territory):
    program = ProgramFactory(rate_max=40, verified_on="2026-10-01")
    publish(program, {"rate_max": 50})
    assert program.as_of(dt.date(2026, 10, 1)).rate_max == 40
    assert program.as_of(TODAY).rate_max == 50


def test_nothing_changed_is_a_check_and_not_a_version(program):
    publish(program, {"rate_max": 40, "verified_on": TODAY}, source="relu en ligne")
    assert program.versions.count() == 1
    assert program.verified_on == TODAY
    check = program.versions.get().checks.get()
    catalogue.unverify(check)
    program.refresh_from_db()
    assert (program.verified_on, program.source) == (None, "cahier des charges")


def test_the_slower_of_two_people_is_told(program):
    publish(program, {"rate_max": 50}, seen=1)
    with pytest.raises(catalogue.Conflict):
        publish(program, {"rate_max": 60}, seen=1)
    assert program.rate_max == 50


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({"rate_max": 120}, "rate_max", "Taux maximum : 120 % dépasse 100 %."),
        ({"rates_by_size": {"small": "130"}}, "rates_by_size", "petite entreprise : 130 %"),
        ({"rates_by_size": {"tiny": "30"}}, "rates_by_size", "« tiny » est inconnu"),
        ({"rate_min": 60, "rate_max": 50}, "rate_min", "dépasse le taux maximum"),
        ({"costs_min": 9, "costs_max": 8}, "costs_min", "dépasse l’assiette maximum"),
        ({"aid_min": 9, "aid_max": 8}, "aid_min", "dépasse l’aide maximum"),
        (
            {"opens_on": "2026-06-02", "closes_on": "2026-06-01"},
            "opens_on",
            "Le dispositif ferme avant d’ouvrir.",
        ),
        ({"closes_on": "demain"}, "closes_on", "demain"),
        ({"state": "bogus"}, "state", "bogus"),
        ({"name": ""}, "name", "Nom :"),
        ({"instruments": ["bogus"]}, "instruments", "« bogus » est inconnu"),
        ({"themes": ["bogus"]}, "themes", "« bogus » est inconnu"),
        ({"deadlines": [{"on": "bogus"}]}, "deadlines", "n’est pas une date"),
        (
            {"closes_on": "2026-12-01", "deadlines": [{"on": "2027-01-01"}]},
            "deadlines",
            "vient après la clôture du 01/12/2026",
        ),
        ({"criteria": [{"kind": "horoscope", "key": "h"}]}, "criteria", "genre inconnu"),
        ({"incompatible_with": ["P999"]}, "incompatible_with", "« P999 » n’est le code d’aucun"),
        ({"incompatible_with": ["X1"]}, "incompatible_with", "s’exclut lui-même"),
        ({"required_studies": ["X1"]}, "required_studies", "se demande lui-même"),
        ({"funder": "bogus"}, "funder", "bogus"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(program, values, field, sentence):
    text = " ".join(refused(program, values)[field]).replace("\u00a0", " ")
    assert sentence in text


def test_a_code_or_a_number_at_the_source_is_taken_once(program):
    assert "existe déjà" in " ".join(refused(None, NEW)["__all__"])
    taken = {"origin": "data-gouv", "external_id": "7"}
    publish(None, {**NEW, "code": "X2", **taken})
    assert (
        "déjà repris de cette source" in refused(None, {**NEW, "code": "X3", **taken})["__all__"][0]
    )


@pytest.mark.parametrize("side", ["itself", "the other"])
def test_a_program_cannot_exclude_the_one_it_asks_first(program, side):
    study = ProgramFactory(code="ETUDE", name="Étude")
    publish(program, {"required_studies": ["ETUDE"]})
    if side == "itself":
        errors = refused(program, {"incompatible_with": ["ETUDE"]})
    else:
        errors = refused(study, {"incompatible_with": ["X1"]})
    assert "Exclusion circulaire" in errors["incompatible_with"][0]


def test_two_programs_cannot_each_ask_the_other_first(program):
    ProgramFactory(code="ETUDE", required_studies=["X1"])
    errors = refused(program, {"required_studies": ["ETUDE"]})
    assert "l’autre d’abord" in errors["required_studies"][0]


def test_one_side_is_enough_for_two_programs_to_exclude_each_other(program):
    other = ProgramFactory(code="X10", incompatible_with=["X1"])
    ProgramFactory(code="X11")
    assert list(Program.objects.exclusive_with(program)) == [other]
    assert list(Program.objects.exclusive_with(other)) == [program]


def test_a_local_version_is_seen_in_its_territory_only(program, territory):
    elsewhere = TerritoryFactory()
    local = ProgramFactory(code="X1-ici", national=program, territory=territory)
    mine = UserFactory(territory=territory, role=Role.OFFICER)
    stranger = UserFactory(territory=elsewhere, role=Role.MANAGER)
    assert set(Program.objects.visible_to(mine)) == {program, local}
    assert set(Program.objects.visible_to(stranger)) == {program}
    assert set(Program.objects.for_territory(territory)) == {local}
    assert set(Program.objects.for_territory(elsewhere)) == {program}
    assert applying([program, local], territory.pk) == [local]
    assert applying([program, local], elsewhere.pk) == [program]
    project = ProjectFactory(territory=territory)
    assert [match.program for match in matches_of(project, mine)] == [local]


IMPORTED = {key: value for key, value in NEW.items() if key != "code"}


def receive(program, on=TODAY, **values):
    return catalogue.receive(
        program,
        {**IMPORTED, **values},
        source="catalogue",
        origin="établi",
        applies_from=on,
        today=TODAY,
    )


@pytest.fixture
def imported(db):
    FunderFactory()
    new = {**NEW, "imported": {**IMPORTED, "source": "catalogue"}}
    version = publish(None, new, source="catalogue", on=dt.date(2026, 3, 1), origin="établi")
    return version.program


def test_a_catalogue_that_says_the_same_changes_nothing(imported):
    assert receive(imported) is None
    assert imported.versions.count() == 1


def test_a_catalogue_that_changed_gives_a_version(imported):
    version = receive(imported, rate_max="45")
    assert (version.number, version.origin) == (2, "établi")
    imported.refresh_from_db()
    assert imported.rate_max == 45
    assert catalogue.corrections(imported) == []


def test_what_a_person_corrected_stays_and_the_difference_is_shown(imported):
    publish(imported, {"rate_max": 50})
    receive(imported, rate_max="45", portal="guichet.example")
    imported.refresh_from_db()
    assert (imported.rate_max, imported.portal) == (50, "guichet.example")
    assert catalogue.corrections(imported) == [("rate_max", "45", "50")]
    assert receive(imported, rate_max="45", portal="guichet.example") is None


def test_criteria_are_corrected_one_by_one_whatever_the_catalogue(imported):
    rows = [
        {"kind": "headcount", "key": "h", "max": 250},
        {"kind": "age", "key": "a", "min_years": 1},
    ]
    receive(imported, criteria=rows)
    imported.refresh_from_db()
    publish(imported, {"criteria": [{**rows[0], "max": 500}, rows[1]]})
    receive(imported, criteria=[rows[0], {**rows[1], "min_years": 3}])
    imported.refresh_from_db()
    assert imported.criteria == [{**rows[0], "max": 500}, {**rows[1], "min_years": 3}]
    assert catalogue.corrections(imported) == [("criteria", rows[0], {**rows[0], "max": 500})]


def test_a_check_by_a_person_outlives_the_next_import(imported):
    catalogue.verify(imported, source="relu en ligne", on=TODAY, today=TODAY)
    assert receive(imported) is None
    imported.refresh_from_db()
    assert imported.verified_on == TODAY


def test_the_daily_command_applies_what_is_due_and_may_run_again(program, capsys):
    publish(program, {"rate_max": 50}, on=TODAY + 10 * DAY)
    ProgramVersion.objects.filter(number=2).update(applies_from=dt.date(2020, 1, 1))
    for said in ("1", "0"):
        call_command("daily")
        assert said in capsys.readouterr().out


@pytest.fixture
def partner(client, territory):
    _, secret = PartnerToken.objects.issue(
        partner="ADEME", territory=territory, scopes=["programs:read"]
    )

    def get(path, **query):
        headers = {"Authorization": f"Token {secret}"}
        return client.get(f"/api/v1/programs/{path}", query, headers=headers)

    return get


def test_the_api_tells_the_version_and_what_applied_on_a_day(program, partner):
    publish(program, {"rate_max": 50}, on=TODAY)
    row = partner("").json()["results"][0]
    assert (row["version"], row["applies_from"], row["rate_max"]) == (2, "2026-11-22", 50)
    then = partner("", as_of="2026-05-01").json()["results"][0]
    assert (then["version"], then["applies_from"], then["rate_max"]) == (1, "2026-03-01", 40)
    assert partner("", as_of="2025-01-01").json()["results"] == []
    assert partner("", as_of="demain").status_code == 400


def test_reading_the_past_costs_the_same_for_one_program_or_fifty(
    program, partner, assert_flat_queries
):
    def add(count):
        for made in ProgramFactory.create_batch(count, verified_on=dt.date(2026, 1, 1)):
            catalogue.timeline(made, TODAY)

    assert_flat_queries(lambda: partner("", as_of="2026-05-01"), add)


def test_what_changed_reads_in_french(program):
    ProgramFactory(code="P1")
    before = program.as_version()
    criteria = [{"kind": "headcount", "key": "h", "max": 250}]
    publish(program, {"criteria": criteria})
    middle = program.as_version()
    new = {
        "rate_max": 50,
        "aid_max": 80000,
        "closes_on": "2027-01-31",
        "state": "closed",
        "incentive_effect": True,
        "instruments": ["loan"],
        "incompatible_with": ["P1"],
        "rates_by_size": {"small": "60"},
        "deadlines": [{"on": "2027-01-15"}],
        "criteria": [{**criteria[0], "max": 500}],
    }
    publish(program, new, on=TODAY)
    said = [str(change).replace("\u00a0", " ") for change in changes(middle, program.as_version())]
    assert said == [
        "Instruments, ajouté : Prêt",
        "Taux maximum : 40 % → 50 %",
        "Taux par taille : non renseigné → petite entreprise 60 %",
        "Aide maximum : non renseigné → 80 000 €",
        "Ferme le : non renseigné → 31/01/2027",
        "Relèves : non renseigné → 15/01/2027",
        "État : Ouvert → Fermé",
        "Demande avant tout engagement : non renseigné → oui",
        "Exclut, ajouté : P1",
        "Condition : Effectif de 250 salariés au plus → Effectif de 500 salariés au plus",
    ]
    added = [str(change).replace("\u00a0", " ") for change in changes(before, middle)]
    assert added == ["Condition ajoutée : Effectif de 250 salariés au plus"]
    removed = [str(change).replace("\u00a0", " ") for change in changes(middle, before)]
    assert removed == ["Condition retirée : Effectif de 250 salariés au plus"]


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ({"on": "2027-01-15", "label": "printemps"}, []),
        ({"on": "2027-01-15", "time": "", "label": "printemps"}, []),
        (
            {"on": "2027-01-15", "time": "12:00", "label": "printemps"},
            ["Relèves : 15/01/2027 printemps → 15/01/2027 12:00 printemps"],
        ),
        ({"on": "2027-02-15", "label": "printemps"}, ["Relèves : 15/01/2027 → 15/02/2027"]),
    ],
)
def test_a_collection_date_that_says_the_same_is_no_change(db, after, said):
    before = {"on": "2027-01-15", "time": None, "label": "printemps"}
    found = changes({"deadlines": [before]}, {"deadlines": [after]})
    assert [str(change).replace("\u00a0", " ") for change in found] == said
