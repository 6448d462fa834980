"""De minimis is judged on the day of each grant, against a ledger that may not be whole."""

import datetime as dt
from decimal import Decimal as D

import pytest

from funding.financing import deminimis
from funding.financing import plan as p
from funding.financing.checks import check
from funding.financing.verdicts import Status

TODAY = dt.date(2026, 11, 22)
SMALL_AID = p.Scheme("de-minimis", "De minimis", p.DE_MINIMIS)
CONFORM, BREACH, TO_CHECK = Status.CONFORM, Status.BREACH, Status.TO_CHECK
DECEMBER, JANUARY = dt.date(2026, 12, 10), dt.date(2027, 1, 10)


def source(key, amount, granted_on, **fields):
    return p.Source(
        key, f"Source {key}", p.GRANT, D(amount), scheme=SMALL_AID, granted_on=granted_on, **fields
    )


def received(amount, day, **fields):
    return p.GrantedAid("000000019", D(amount), day, **fields)


def answer(*sources, aids=(), **holder):
    plan = p.Plan(
        costs=(p.Cost(1, "Four", D(1_000_000)),),
        sources=sources,
        holder=p.Holder(size="small", aids=tuple(aids), **holder),
    )
    return next(one for one in check(plan, TODAY) if one.code == "de_minimis")


def test_a_source_does_not_wait_for_the_day_of_another():
    """250 000 € leave the window on 15/12/2026: too late for what is granted on the 10th."""
    aids = [received(250_000, dt.date(2023, 12, 15))]
    alone = answer(source(1, 60_000, DECEMBER), aids=aids)
    both = answer(source(1, 60_000, DECEMBER), source(2, 10_000, JANUARY), aids=aids)
    assert (alone.status, both.status) == (BREACH, BREACH)
    assert both.source == "Source 1"
    assert "310\u00a0000\u00a0€ sur 300\u00a0000\u00a0€" in both.text
    assert "10/12/2026" in both.text


def test_a_source_granted_more_than_three_years_before_has_left_the_window():
    old = source(1, 250_000, dt.date(2024, 1, 15), state="paid")
    assert answer(old, source(2, 200_000, dt.date(2027, 1, 16))).status is CONFORM
    assert answer(old, source(2, 200_000, dt.date(2027, 1, 14))).status is BREACH


def test_sources_within_three_years_add_up_on_the_later_day():
    found = answer(source(1, 200_000, DECEMBER), source(2, 100_001, JANUARY))
    assert (found.status, found.source) == (BREACH, "Source 2")
    assert "Assez de place à partir du 10/12/2029" in found.text
    assert answer(source(1, 200_000, DECEMBER), source(2, 100_000, JANUARY)).status is CONFORM


def test_what_is_later_does_not_count_before():
    """The 250 000 € of 2027 are not in the window of December 2026, those of 2023 are."""
    aids = [received(200_000, dt.date(2023, 12, 15))]
    found = answer(source(1, 90_000, DECEMBER), source(2, 200_000, JANUARY), aids=aids)
    assert found.status is CONFORM


@pytest.mark.parametrize(
    ("ledger_file", "source_file", "day", "expected"),
    [
        # The file tells that they are one, whatever the day that each was noted on.
        (7, 7, dt.date(2026, 9, 3), CONFORM),
        (7, 8, dt.date(2026, 9, 1), BREACH),
        # Without a file on one side: the same amount on the same day.
        (None, 7, dt.date(2026, 9, 1), CONFORM),
        (7, None, dt.date(2026, 9, 1), CONFORM),
        (None, None, dt.date(2026, 9, 3), BREACH),
    ],
)
def test_an_aid_of_the_plan_stands_once_in_plan_and_ledger(ledger_file, source_file, day, expected):
    aids = [received(160_000, dt.date(2026, 9, 1), application=ledger_file)]
    granted = source(1, 160_000, day, state="granted", application=source_file)
    assert answer(granted, aids=aids).status is expected


def test_a_ledger_that_may_lack_firms_or_files_never_conforms():
    aids, asked = [received(10_000, dt.date(2026, 1, 5))], source(1, 20_000, DECEMBER)
    assert answer(asked, aids=aids).status is CONFORM
    undeclared = answer(asked, aids=aids, are_firms_declared=False)
    assert undeclared.status is TO_CHECK
    assert "entreprises liées non déclarées" in undeclared.text
    lacking = answer(asked, aids=aids, unrecorded=frozenset({7, 8}))
    assert lacking.status is TO_CHECK
    assert "2\u00a0dossiers accordés" in lacking.text
    # More aids only make it worse.
    too_much = source(1, 300_000, DECEMBER)
    assert answer(too_much, aids=aids, are_firms_declared=False).status is BREACH


def test_a_file_of_the_plan_is_counted_there_and_not_missing():
    asked = source(1, 20_000, DECEMBER, state="granted", application=7)
    assert answer(asked, unrecorded=frozenset({7})).status is CONFORM


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("regime de minimis", "2023/2831"),
        ("hors minimis", "regime"),
        ("hors de minimis (regime exempte ou notifie)", "regime"),
        ("pas une aide de minimis", "regime"),
        ("de minimis sieg", "2023/2832"),
        ("agricole", "1408/2013"),
        ("regime exempte agricole sa.50388", "regime"),
        ("rgec 651/2014", "regime"),
        ("1407/2013", "1407/2013"),
        ("12023/28311", None),
        ("subvention", None),
    ],
)
def test_the_regulation_that_a_text_names(text, code):
    assert deminimis.regulation_named(text) == code


@pytest.mark.parametrize(
    ("basis", "alone"),
    [
        ("de minimis", True),
        ("regime de minimis", True),
        ("cgi, art. 44 sexies ; de minimis", True),
        ("selon le cas : de minimis, regime pme sa.111728, regime afr", False),
        ("regime rdi ou de minimis", False),
        ("psn, intervention 77.05 ; de minimis ou rgec, art. 61", False),
        ("hors de minimis", False),
        ("regime sa.111726", False),
    ],
)
def test_a_legal_basis_that_names_de_minimis_alone(basis, alone):
    assert deminimis.is_alone(basis) is alone
