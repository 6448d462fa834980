"""What higher apps tie to a point of an agenda: a file of funding, and whatever comes next.

The row that ties belongs to the higher app, with its key to the point; it says what it is about by
`label` and `get_absolute_url()`. Here one only knows its name.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet


@dataclass(frozen=True)
class Tie:
    """`relation` is what a point calls the rows; `rows` gives them with all that they display.

    `offered(viewer, territory)` is what may be tied, `attach(item, thing)` ties it or, for None,
    unties what was. `about(thing)` is what the point is then about: its project or its fiche, so
    that whoever reads the point may read the thing; with a title to propose.
    """

    key: str
    label: str
    relation: str
    rows: Callable[[], QuerySet]
    offered: Callable
    attach: Callable
    about: Callable


_ties: dict[str, Tie] = {}


def register(*ties):
    _ties.update({tie.key: tie for tie in ties})


def every():
    return list(_ties.values())


def prefetches(path=""):
    """What fetches the ties of points, or of rows that reach their point by `path`."""
    return [Prefetch(f"{path}{tie.relation}", tie.rows()) for tie in every()]


def models():
    return [tie.rows().model for tie in every()]


def of(item):
    return [row for tie in every() for row in getattr(item, tie.relation).all()]
