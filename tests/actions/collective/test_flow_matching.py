"""Which flow answers which need, by tables and by properties: a missing fact never decides."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.collective import flow_matching
from actions.collective.distances import Place
from actions.collective.flow_matching import (
    KINDS,
    MET,
    REACH,
    UNITS,
    UNKNOWN,
    UNMET,
    Stream,
    annual,
    period,
)

YEAR = frozenset(range(1, 13))
HERE = Place("32132", "Fleurance", (43.85, 0.66))
NEAR = Place("32132", "Fleurance", (43.86, 0.66))
FAR = Place("82112", "Moissac", (44.11, 1.09))
OVEN = Stream(1, "heat", 1, frozenset(), Decimal(1000), "MWh", YEAR, Decimal(90), HERE)
DRYER = Stream(2, "heat", 2, frozenset(), Decimal(800), "MWh", YEAR, Decimal(60), NEAR)


def states(source=OVEN, need=DRYER, reach=None):
    found = flow_matching.match(source, need, reach)
    return {one.name: one.state for one in found.criteria}


def said(name, source=OVEN, need=DRYER):
    found = flow_matching.match(source, need)
    return next(one.said for one in found.criteria if one.name == name)


def test_a_hot_near_and_large_flow_answers():
    assert set(states().values()) == {MET}
    assert flow_matching.match(OVEN, DRYER).verdict == MET


@pytest.mark.parametrize(
    ("quantity", "unit", "state", "words"),
    [
        (Decimal(800), "MWh", MET, "couvre tout le besoin"),
        (Decimal(400), "MWh", MET, "couvre 50\u00a0% du besoin"),
        (Decimal(79), "MWh", UNMET, "couvre moins d’un dixième du besoin"),
        (Decimal(80), "MWh", MET, "couvre 10\u00a0% du besoin"),
        (Decimal(0), "MWh", UNMET, "couvre moins d’un dixième du besoin"),
        (None, "", UNKNOWN, "la quantité offerte est inconnue"),
        (Decimal(5), "t", UNKNOWN, "t d’un côté, MWh de l’autre"),
    ],
)
def test_the_quantity_covers_or_asks(quantity, unit, state, words):
    source = replace(OVEN, quantity=quantity, unit=unit)
    assert states(source)["Quantité"] == state
    assert said("Quantité", source) == words


def test_a_need_of_nothing_is_not_covered_by_a_division_by_zero():
    need = replace(DRYER, quantity=Decimal(0))
    assert states(need=need)["Quantité"] == UNKNOWN
    assert said("Quantité", need=need) == "le besoin noté est de zéro"


@pytest.mark.parametrize(
    ("months", "needed", "state", "words"),
    [
        (YEAR, {6, 7}, MET, "tous les mois du besoin"),
        ({7, 8}, {6, 7, 8, 9}, MET, "2 mois du besoin sur 4\u00a0: de juillet à août"),
        ({1}, {7}, UNMET, "aucun mois en commun"),
        ((), {7}, UNKNOWN, "les mois ne sont pas connus"),
    ],
)
def test_the_seasons_meet_or_do_not(months, needed, state, words):
    source = replace(OVEN, months=frozenset(months))
    need = replace(DRYER, months=frozenset(needed))
    assert states(source, need)["Saison"] == state
    assert said("Saison", source, need) == words


@pytest.mark.parametrize(
    ("given_off", "asked", "state"),
    [(90, 60, MET), (60, 60, MET), (50, 60, UNMET), (None, 60, UNKNOWN), (50, None, UNKNOWN)],
)
def test_heat_is_hot_enough(given_off, asked, state):
    source = replace(OVEN, temperature=None if given_off is None else Decimal(given_off))
    need = replace(DRYER, temperature=None if asked is None else Decimal(asked))
    assert states(source, need)["Température"] == state


def test_only_heat_has_a_temperature():
    assert "Température" not in states(replace(OVEN, kind="water"), replace(DRYER, kind="water"))


def test_degrees_are_written_in_french():
    assert said("Température") == "90\u00a0°C pour 60\u00a0°C demandés"
    cold = replace(DRYER, temperature=Decimal("-5.5"))
    assert said("Température", need=cold).endswith("pour \u22125,5\u00a0°C demandés")


def test_each_kind_has_its_reach_unless_one_is_asked():
    assert states(need=replace(DRYER, place=FAR))["Distance"] == UNMET
    assert states(need=replace(DRYER, place=FAR), reach=100)["Distance"] == MET
    assert states(need=replace(DRYER, place=Place()))["Distance"] == UNKNOWN


def test_a_matter_named_otherwise_is_asked_about():
    wood = replace(OVEN, kind="matter", words=frozenset({"palette"}))
    assert states(wood, replace(DRYER, kind="matter", words=frozenset({"bois"})))["Nature"] == (
        UNKNOWN
    )
    assert states(wood, replace(DRYER, kind="matter", words=frozenset({"palette"})))["Nature"] == (
        MET
    )


def test_nobody_is_matched_with_themselves_or_another_kind():
    others = [replace(DRYER, organisation=1), replace(DRYER, kind="water")]
    assert flow_matching.matches([OVEN], others) == []


def test_the_best_comes_first():
    needs = [
        replace(DRYER, pk=3, place=FAR),
        replace(DRYER, pk=4, months=frozenset()),
        DRYER,
        replace(DRYER, pk=5, quantity=Decimal(4000)),
    ]
    found = flow_matching.matches([OVEN], needs)
    assert [one.need.pk for one in found] == [2, 5, 4, 3]


@pytest.mark.parametrize(
    ("quantity", "unit", "per", "months", "told"),
    [
        (Decimal(1500), "kWh", "year", (), (Decimal("1.500"), "MWh")),
        (Decimal(36), "GJ", "year", (), (Decimal(10), "MWh")),
        (Decimal(5), "t", "month", (1, 2), (Decimal(10), "t")),
        (Decimal(5), "t", "month", (), (None, "")),
        (None, "t", "year", (), (None, "")),
        (Decimal(5), "", "year", (), (None, "")),
    ],
)
def test_a_quantity_a_year_follows_from_what_is_known(quantity, unit, per, months, told):
    amount, base = annual(quantity, unit, per, months)
    assert (amount if amount is None else round(amount, 6), base) == told


def test_every_kind_has_units_and_a_reach():
    assert KINDS.keys() == REACH.keys()
    assert {unit for units in KINDS.values() for unit in units} <= UNITS.keys()


@pytest.mark.parametrize(
    ("months", "words"),
    [
        (YEAR, "toute l’année"),
        ((), ""),
        ({3}, "mars"),
        ({5, 6, 7}, "de mai à juillet"),
        ({11, 12, 1, 2}, "de novembre à février"),
        ({3, 10}, "mars et octobre"),
        ({4, 5, 8, 9}, "d’avril à mai et d’août à septembre"),
    ],
)
def test_a_season_is_said_in_words(months, words):
    assert period(frozenset(months)) == words


amounts = st.one_of(st.none(), st.integers(0, 5000).map(Decimal))
streams = st.builds(
    Stream,
    pk=st.integers(1, 99),
    kind=st.sampled_from(["heat", "matter"]),
    organisation=st.integers(1, 9),
    words=st.frozensets(st.sampled_from(["bois", "carton"])),
    quantity=amounts,
    unit=st.sampled_from(["MWh", "t"]),
    months=st.frozensets(st.integers(1, 12)),
    temperature=st.one_of(st.none(), st.integers(0, 200).map(Decimal)),
    place=st.sampled_from([HERE, NEAR, FAR, Place(), Place("32132")]),
)


@given(streams, streams)
def test_a_fact_that_is_forgotten_never_decides(source, need):
    """Without a fact, its criterion asks: it neither passes nor fails; the others do not move."""
    before = states(source, need)
    forgotten = {
        "Quantité": replace(source, quantity=None),
        "Saison": replace(source, months=frozenset()),
        "Distance": replace(source, place=Place()),
        "Température": replace(source, temperature=None),
    }
    for name, known_less in forgotten.items():
        after = states(known_less, need)
        assert after.get(name, UNKNOWN) == UNKNOWN
        after.pop(name, None)
        assert all(before[other] == state for other, state in after.items())


@given(streams, streams)
def test_every_question_belongs_to_what_is_unknown(source, need):
    found = flow_matching.match(source, need)
    assert all(bool(one.question) == (one.state == UNKNOWN) for one in found.criteria)
    assert found.met + found.unmet + found.unknown == len(found.criteria)


@given(st.lists(streams, max_size=8), st.lists(streams, max_size=8), st.randoms())
def test_the_order_of_the_flows_changes_nothing(sources, needs, chance):
    sources = list({one.pk: one for one in sources}.values())
    needs = list({one.pk: one for one in needs}.values())
    found = flow_matching.matches(sources, needs)
    chance.shuffle(sources)
    chance.shuffle(needs)
    assert flow_matching.matches(sources, needs) == found


@given(st.integers(1, 10**6), st.sampled_from([("kWh", 1000), ("MWh", 1)]))
def test_the_unit_that_was_typed_changes_no_coverage(quantity, unit):
    code, factor = unit
    amount, base = annual(Decimal(quantity * factor), code, "year", ())
    source = replace(OVEN, quantity=amount, unit=base)
    assert flow_matching.match(source, DRYER).coverage == Decimal(quantity) / 800


@given(st.frozensets(st.integers(1, 12)))
def test_a_season_names_months_that_are_its_own(months):
    words = period(months)
    assert bool(words) == bool(months)
    if 0 < len(months) < 12:
        named = [at for at, name in enumerate(flow_matching.MONTHS, start=1) if name in words]
        assert set(named) <= months


def test_a_distance_just_too_long_does_not_contradict_itself():
    there = replace(DRYER, place=Place("82096", "Valence", (OVEN.place.point[0] + 0.0468, 0.66)))
    near_by = replace(OVEN, place=Place("32132", "Gimont", (OVEN.place.point[0], 0.66)))
    assert said("Distance", near_by, there) == "à un peu plus de 5\u00a0km"


def test_two_unknown_temperatures_ask_for_both():
    source, need = replace(OVEN, temperature=None), replace(DRYER, temperature=None)
    assert said("Température", source, need) == "les températures sont inconnues"
