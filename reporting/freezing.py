"""Where the migrations of the editions find the frozen rows; `crm.freezing` holds them."""

from crm.freezing import (
    FrozenQuerySet,
    FrozenRow,
    FrozenRows,
    IsFrozen,
    Issued,
    IssuedFile,
    NeverDeleted,
    fingerprint,
)

__all__ = [
    "FrozenQuerySet",
    "FrozenRow",
    "FrozenRows",
    "IsFrozen",
    "Issued",
    "IssuedFile",
    "NeverDeleted",
    "fingerprint",
]
