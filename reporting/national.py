"""The national return: one row per project and per fiche, with stable columns, codes and labels.

Its columns are the grid « nationale » (`reporting.returns`), the territory’s own or the shared one.
"""

from django.utils import timezone

from reporting.returns import grids_in_force
from reporting.returns.drawing import Return
from reporting.returns.workbook import SUMS, draw

__all__ = ["CODE", "SUMS", "workbook"]
CODE = "nationale"


def workbook(reading, *, today=None, code=CODE):
    """The return of a reading, as bytes: a draft, until it is sent."""
    version = grids_in_force.of(reading.territory, code)
    drawn = Return(
        version.content, reading, name=version.mapping.name, today=today or timezone.localdate()
    )
    return draw(drawn, version=grids_in_force.said(version))
