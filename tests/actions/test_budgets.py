from collections import namedtuple
from decimal import Decimal

import pytest

from actions.budgets import Sum, sums, table, total

Line = namedtuple("Line", "year unit planned committed spent", defaults=(None, None, None))


@pytest.mark.parametrize(
    ("amounts", "value", "unknown"),
    [
        ([], None, 0),
        ([None], None, 1),
        ([Decimal(0)], Decimal(0), 0),
        ([Decimal(5), None, Decimal(7)], Decimal(12), 1),
    ],
)
def test_what_nobody_knows_is_not_zero(amounts, value, unknown):
    assert total(amounts) == Sum(value, unknown)


def test_time_is_never_added_to_money():
    lines = [
        Line(2025, "eur", Decimal(1000)),
        Line(2026, "eur", Decimal(200), Decimal(100)),
        Line(2026, "etp", Decimal("0.5")),
        Line(2026, "eur"),
    ]
    found = table(lines)
    assert found.euros.planned == Sum(Decimal(1200), 1)
    assert found.fte.planned == Sum(Decimal("0.5"), 0)
    (first, _, _, no_time), (second, rows, euros, fte) = found.years
    assert (first, second, len(rows)) == (2025, 2026, 3)
    assert no_time is None
    assert (euros.planned.value, euros.committed, fte.planned.value) == (
        200,
        Sum(100, 1),
        Decimal("0.5"),
    )
    assert sums([], "eur") is None
