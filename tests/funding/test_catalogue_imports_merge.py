"""What a person corrected stays; a program like one of ours is recognised. Tables; no page."""

import pytest

from funding.catalogue_imports.similar import Namesakes
from funding.merge import merge

SAME = [{"key": "a", "min": 1}, {"key": "b"}]


@pytest.mark.parametrize(
    ("last", "standing", "theirs", "fresh", "changed", "kept"),
    [
        ("1", "1", "1", None, 0, 0),
        ("1", "1", "2", "2", 1, 0),
        ("1", "3", "2", None, 0, 1),
        ("1", "3", "1", None, 0, 1),
        ("1", "2", "2", None, 0, 0),
    ],
)
def test_only_what_still_says_what_was_imported_is_overwritten(
    last, standing, theirs, fresh, changed, kept
):
    found = merge({"x": last}, {"x": standing}, {"x": theirs})
    assert found.fresh.get("x") == fresh
    assert (len(found.changed), len(found.kept)) == (changed, kept)


def test_criteria_are_merged_by_key():
    ours = [{"key": "a", "min": 5}, {"key": "b"}, {"key": "mine"}]
    theirs = [{"key": "a", "min": 2}, {"key": "c"}]
    found = merge({"criteria": SAME}, {"criteria": ours}, {"criteria": theirs})
    assert found.fresh["criteria"] == [{"key": "a", "min": 5}, {"key": "c"}, {"key": "mine"}]
    assert found.kept == [
        ("criteria", {"key": "a", "min": 5}, {"key": "a", "min": 2}),
        ("criteria", {"key": "mine"}, None),
    ]


@pytest.mark.parametrize(
    ("name", "funder", "found"),
    [
        ("Fonds Chaleur", "ademe", "Fonds chaleur"),
        ("Le fonds chaleur", "autre", "Fonds chaleur"),
        ("Fonds vert recyclage foncier", "etat", "Fonds vert – Recyclage foncier (friches)"),
        ("Aide au conseil", "ademe", None),
        ("Prêt vert", "bpifrance", None),
    ],
)
def test_likeness(name, funder, found):
    ours = [
        ("Fonds chaleur", "ademe"),
        ("Fonds vert – Recyclage foncier (friches)", "etat"),
        ("Prêt croissance", "bpifrance"),
    ]
    namesakes = Namesakes([(name, name, funder) for name, funder in ours])
    assert namesakes.of(name, funder) == found
