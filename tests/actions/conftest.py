import datetime

import pytest
import time_machine

TODAY = datetime.date(2026, 11, 22)


@pytest.fixture(autouse=True)
def _today():
    """22 November 2026: late, upcoming and past mean something in these tests."""
    with time_machine.travel(datetime.datetime(2026, 11, 22, 9, tzinfo=datetime.UTC), tick=False):
        yield
