"""The European size: the rules by tables and by property, then the pages of an officer."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funding.eligibility import eu_size
from funding.eligibility.eu_size import (
    LINKED,
    OWN,
    PARTNER,
    PUBLIC,
    SIZES,
    Figures,
    Firm,
    arithmetic,
    assess,
    limits_on,
    shares_on,
)

NBSP = "\u00a0"
TODAY = dt.date(2026, 11, 22)
LAST = 2025


def figures(headcount=None, turnover=None, balance=None):
    """Heads, and millions of euros."""
    amounts = [None if one is None else D(str(one)) * 1_000_000 for one in (turnover, balance)]
    return Figures(None if headcount is None else D(str(headcount)), *amounts)


def firm(*years, tie=OWN, share=None, name="Usine", is_excepted=None):
    """Accounts of 2025, 2024… from their figures."""
    accounts = {LAST - n: figures(*one) for n, one in enumerate(years) if one is not None}
    part = None if share is None else D(str(share))
    return Firm(name, tie, part, is_excepted, accounts)


def size(*firms, since=None):
    return assess(firms, LAST, TODAY, since).size


@pytest.mark.parametrize(
    ("one_year", "expected"),
    [
        ((9, 2, 2), "micro"),
        ((9.99, 0, 0), "micro"),
        ((10, 2, 2), "small"),
        ((9, 2.01, 2), "micro"),  # one of the two amounts is enough
        ((9, 2.01, 2.01), "small"),
        ((49, 10, 50), "small"),
        ((49, 50, 10), "small"),
        ((50, 1, 1), "medium"),
        ((49, 10.01, 10.01), "medium"),
        ((249, 50, 43), "medium"),
        ((249, 50.01, 43), "medium"),
        ((249, 50.01, 43.01), "mid_cap"),
        ((250, 1, 1), "mid_cap"),
        ((5000, 1, 1), "large"),
        ((10, 1501, 2001), "large"),
    ],
)
def test_two_equal_years_give_the_size_of_the_table(one_year, expected):
    assert size(firm(one_year, one_year)) == expected


def test_thresholds_are_dated_rows_with_their_reference():
    rows = limits_on(TODAY)
    assert [row.size for row in rows] == ["micro", "small", "medium", "mid_cap"]
    assert "2003/361" in rows[0].reference
    assert [row.is_sure for row in rows] == [True, True, True, False]
    before = dt.date(2004, 12, 31)
    assert limits_on(before) == ()
    assert shares_on(before) is None
    assert assess([firm((5, 1, 1), (5, 1, 1))], LAST, before).possible == SIZES


def test_a_size_that_rests_on_an_unread_threshold_is_not_sure():
    assert assess([firm((38, 6, 5), (38, 6, 5))], LAST, TODAY).is_sure
    assert not assess([firm((300, 6, 5), (300, 6, 5))], LAST, TODAY).is_sure


ALONE = firm((38, 6, 5), (38, 6, 5))


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (firm((11, 1, 1), (11, 1, 1), tie=LINKED, share=80), "small"),
        (firm((12, 1, 1), (12, 1, 1), tie=LINKED, share=80), "medium"),
        (firm((12, 1, 1), (12, 1, 1), tie=LINKED), "medium"),  # control needs no share
        (firm((12, 1, 1), (12, 1, 1), tie=PARTNER, share=50), "small"),
        (firm((39, 1, 1), (39, 1, 1), tie=PARTNER, share=30), "small"),
        (firm((40, 1, 1), (40, 1, 1), tie=PARTNER, share=30), "medium"),
        (firm((900, 90, 90), (900, 90, 90), tie=PARTNER, share=24.99), "small"),
        (firm((900, 90, 90), (900, 90, 90), tie=PARTNER, share=25), "mid_cap"),
        (firm((12, 1, 1), (12, 1, 1), tie=PARTNER, share=50.01), "medium"),  # linked, in fact
        (firm((900, 9, 9), (900, 9, 9), tie=PARTNER, share=40, is_excepted=True), "small"),
        (firm((900, 9, 9), (900, 9, 9), tie=PUBLIC, share=24.99), "small"),
        (firm((1, 0, 0), tie=PUBLIC, share=25, is_excepted=False), "mid_cap"),
        (firm(tie=PUBLIC, share=25, is_excepted=True), "small"),
        (firm(tie=PUBLIC, share=51, is_excepted=True), "mid_cap"),  # no exception beyond 50 %
        (firm(tie=PUBLIC, share=25), None),
        (firm(tie=PUBLIC), None),
    ],
)
def test_each_tie_counts_for_its_part(other, expected):
    assert size(ALONE, other) == expected


def test_public_bodies_are_counted_together():
    town = firm(tie=PUBLIC, share=15, is_excepted=False, name="Commune")
    assert size(ALONE, town) == "small"
    region = replace(town, share=D(10), name="Région")
    found = assess([ALONE, town, region], LAST, TODAY)
    assert found.size == "mid_cap"
    assert found.is_public is True
    assert found.held_publicly.low == 25


def test_an_exception_nobody_confirmed_leaves_both_sizes():
    found = assess([ALONE, firm(tie=PUBLIC, share=30, name="Commune de Gimont")], LAST, TODAY)
    assert found.possible == ("small", "mid_cap")
    assert found.missing == [
        f"L’exception de l’article 3, §{NBSP}2 reste à confirmer pour Commune de Gimont."
    ]


SMALL, MEDIUM, MICRO = (38, 6, 5), (55, 6, 5), (8, 1, 1)


@pytest.mark.parametrize(
    ("years", "since", "expected"),
    [
        ((SMALL, SMALL), None, "small"),
        ((MEDIUM, SMALL), None, None),  # what was it before?
        ((MEDIUM, SMALL, SMALL), None, "small"),
        ((MEDIUM, MEDIUM, SMALL), None, "medium"),
        ((SMALL, MEDIUM, MEDIUM), None, "medium"),
        ((MEDIUM, SMALL, MEDIUM), None, None),
        ((MEDIUM, SMALL), 2024, "small"),  # new in 2024: its first size was small
        ((MEDIUM, SMALL, MEDIUM), 2023, "medium"),
        ((MEDIUM,), 2025, "medium"),
        ((MICRO, MEDIUM, MEDIUM), None, "medium"),
        # Two years below « medium », by however much: the nearer of the two is where it falls.
        ((MICRO, SMALL, MEDIUM), None, "small"),
    ],
)
def test_a_size_changes_after_two_closed_years(years, since, expected):
    assert size(firm(*years), since=since) == expected


def test_one_year_is_not_enough_and_says_what_it_would_give():
    found = assess([firm(SMALL)], LAST, TODAY)
    assert found.size is None
    assert found.alone == "small"
    assert found.missing == ["Les comptes 2024 de l’entreprise manquent."]


def test_years_that_alternate_ask_what_it_was_before():
    found = assess([firm(MEDIUM, SMALL, MEDIUM)], LAST, TODAY)
    assert found.possible == ("small", "medium")
    assert found.missing == [
        f"La taille d’avant 2023 manque{NBSP}: les exercices connus tombent de part et d’autre "
        "d’un seuil."
    ]


def test_the_third_year_is_asked_only_when_the_two_last_disagree():
    assert assess([firm(SMALL, SMALL)], LAST, TODAY).missing == []
    found = assess([firm(MEDIUM, SMALL)], LAST, TODAY)
    assert found.missing == ["Les comptes 2023 de l’entreprise manquent."]


@pytest.mark.parametrize(
    ("firms", "missing"),
    [
        ([firm((38, 6, None), (38, 6, None))], []),  # one amount under the ceiling settles it
        (
            [firm((38, 12, None), (38, 6, 5))],
            ["Le total du bilan 2025 de l’entreprise manque."],
        ),
        (
            [firm((None, 6, 5), (38, 6, 5))],
            ["L’effectif 2025 de l’entreprise manque."],
        ),
        (
            [firm((38, None, None), (38, 6, 5))],
            ["Le chiffre d’affaires et le total du bilan 2025 de l’entreprise manquent."],
        ),
        (
            [ALONE, firm(None, (5, 1, 1), tie=LINKED, name="Élan")],
            ["Les comptes 2025 d’Élan manquent."],
        ),
        (
            [ALONE, firm((30, 1, 1), (30, 1, 1), tie=PARTNER, name="Minoterie")],
            ["La part du capital ou des votes de Minoterie manque."],
        ),
        # Whatever the share from 25 to 50 %, the size is the same: nothing to ask.
        ([ALONE, firm((2, 1, 1), (2, 1, 1), tie=PARTNER, name="Minoterie")], []),
        # Already too many people: the amounts no longer matter below 5 000.
        ([firm((300, 20, None), (300, 20, None))], []),
    ],
)
def test_what_is_missing_is_said_and_nothing_else(firms, missing):
    found = assess(firms, LAST, TODAY)
    assert found.missing == missing
    assert (found.size is None) is bool(missing)


def test_nothing_known_leaves_every_size():
    assert assess([firm()], LAST, TODAY).possible == SIZES


@pytest.mark.parametrize(
    ("firms", "measure", "text"),
    [
        (
            [ALONE, firm((120, 20, 15), tie=PARTNER, share=30)],
            "headcount",
            "38 + 120 × 30 % = 74 salariés",
        ),
        ([ALONE], "headcount", "38 salariés"),
        ([ALONE, firm(tie=LINKED)], "headcount", "38 + ? = au moins 38 salariés"),
        (
            [ALONE, firm((10, 1, 1), tie=PARTNER)],
            "headcount",
            "38 + 10 × 25 à 50 % = de 40,5 à 43 salariés",
        ),
        ([firm((0.5, 1, 1))], "headcount", "0,5 salarié"),
        (
            [firm((1, 1, 1)), firm((1, 2, 1), tie=LINKED)],
            "turnover",
            "1 000 000 + 2 000 000 = 3 000 000 €",
        ),
        ([firm()], "turnover", "? = à confirmer"),
        ([ALONE, firm((900, 90, 90), tie=PUBLIC, share=30)], "headcount", "38 salariés"),
    ],
)
def test_the_sum_is_shown(firms, measure, text):
    said = arithmetic(firms, LAST, measure, shares_on(TODAY))
    assert said.replace(NBSP, " ") == text


HEADS = st.none() | st.integers(0, 6000).map(D)
EUROS = st.none() | st.sampled_from([0, 1, 2, 3, 9, 10, 11, 42, 43, 44, 50, 51, 1600, 2100]).map(
    lambda millions: D(millions) * 1_000_000
)

ACCOUNTS = st.dictionaries(
    st.sampled_from([2025, 2024, 2023]), st.builds(Figures, HEADS, EUROS, EUROS)
)

OTHERS = st.builds(
    Firm,
    st.just("Sœur"),
    st.sampled_from([LINKED, PARTNER, PUBLIC]),
    st.none() | st.integers(25, 50).map(D),
    st.none() | st.booleans(),
    ACCOUNTS,
)

GROUPS = st.tuples(
    st.builds(Firm, st.just("Usine"), st.just(OWN), accounts=ACCOUNTS), st.lists(OTHERS, max_size=3)
).map(lambda pair: [pair[0], *pair[1]])

SINCE = st.none() | st.sampled_from([2023, 2024, 2025])


def ranks(found):
    return [SIZES.index(size) for size in found.possible]


@given(GROUPS, st.builds(Firm, st.just("Fille"), st.just(LINKED), accounts=ACCOUNTS), SINCE)
def test_adding_a_linked_firm_never_makes_the_size_smaller(firms, added, since):
    before = ranks(assess(firms, LAST, TODAY, since))
    after = ranks(assess([*firms, added], LAST, TODAY, since))
    assert min(after) >= min(before)
    assert max(after) >= max(before)


@given(GROUPS, SINCE, st.data())
def test_knowing_less_never_tells_more(firms, since, data):
    known = assess(firms, LAST, TODAY, since)
    at = data.draw(st.integers(0, len(firms) - 1))
    one = firms[at]
    lost = [
        replace(one, share=None),
        replace(one, is_excepted=None if one.tie == PUBLIC else one.is_excepted),
        replace(one, accounts={}),
    ]
    for year, kept in one.accounts.items():
        for measure in eu_size.MEASURES:
            less = {**one.accounts, year: replace(kept, **{measure: None})}
            lost.append(replace(one, accounts=less))
    # A firm whose creation is not known may have had any size before.
    for other in lost:
        less = assess([*firms[:at], other, *firms[at + 1 :]], LAST, TODAY, since)
        assert set(known.possible) <= set(less.possible)


@given(GROUPS, SINCE)
def test_a_size_to_confirm_always_says_what_to_ask(firms, since):
    found = assess(firms, LAST, TODAY, since)
    assert bool(found.missing) is (found.size is None)


@given(GROUPS, st.integers(1, 60))
def test_a_larger_figure_never_makes_the_size_smaller(firms, more):
    grown = [
        replace(
            one,
            accounts={
                year: Figures(
                    *(None if f is None else f * more for f in (y[m] for m in eu_size.MEASURES))
                )
                for year, y in one.accounts.items()
            },
        )
        for one in firms
    ]
    before, after = (ranks(assess(group, LAST, TODAY)) for group in (firms, grown))
    assert min(after) >= min(before)
    assert max(after) >= max(before)
