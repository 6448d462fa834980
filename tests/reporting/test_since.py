"""What changed between two traces, by the table."""

from copy import deepcopy
from datetime import date

import pytest

from reporting.since import compare

ON = date(2026, 11, 22)
PROJECT = {
    "id": 1,
    "reference": "P-1",
    "title": "Séchoir",
    "holder": "Minoterie",
    "stage": "Qualifié",
    "position": 20,
    "kind": "pipeline",
    "is_done": False,
    "stage_since": "2026-11-01",
    "warn_after": 60,
    "next_step": "",
    "next_step_on": None,
    "investment": "100.50",
}
FILE = {"id": 7, "reference": "P-1", "title": "Séchoir", "program": "DETR"}
FILE |= {"is_accepted": False, "granted": None, "paid": None}
PROMISE = {"id": "jalon-1", "reference": "A1", "title": "Étude", "due_on": "2026-10-01"}
PROMISE |= {"done_on": None, "is_live": True}


GONE = {"absent": True}


def traced(name, facts):
    rows = {"projects": PROJECT, "files": FILE, "promises": PROMISE}
    empty = {"projects": [], "files": [], "promises": []}
    return empty if facts is GONE else empty | {name: [rows[name] | facts]}


def changes(kind, before, after):
    found = compare(traced(kind, before), traced(kind, after), on=ON)
    return {one["key"]: (one["count"], one["amount"], one["unknown"]) for one in found
            if one["count"]}  # fmt: skip


CHANGES = [
    ("projects", {}, {}, {}),
    ("projects", GONE, {}, {"entered": (1, "100.50", 0)}),
    ("projects", GONE, {"investment": None}, {"entered": (1, None, 1)}),
    ("projects", {}, GONE, {"left": (1, None, 0)}),
    ("projects", {}, {"stage": "Accordé", "position": 60}, {"moved": (1, None, 0)}),
    ("projects", {"position": 60}, {}, {"back": (1, None, 0)}),
    ("projects", {}, {"kind": "closed", "position": 99}, {"abandoned": (1, None, 0)}),
    ("projects", {"kind": "closed"}, {"kind": "closed"}, {}),
    ("projects", {"kind": "closed"}, {}, {"back": (1, None, 0)}),
    ("projects", {}, {"kind": "paused", "position": 98}, {"paused": (1, None, 0)}),
    ("projects", {"kind": "paused", "stage": "En pause", "position": 98}, {}, {}),
    ("projects", {}, {"stage_since": "2026-09-23"}, {"stalled": (1, None, 0)}),
    ("projects", {}, {"stage_since": "2026-09-24"}, {}),
    ("projects", {}, {"stage_since": "2020-01-01", "warn_after": None}, {}),
    ("projects", {}, {"stage_since": "2020-01-01", "is_done": True}, {}),
    ("projects", {}, {"next_step_on": "2026-11-21"}, {"late": (1, None, 0)}),
    ("projects", {}, {"next_step_on": "2026-11-22"}, {}),
    ("projects", {}, {"next_step_on": "2026-11-21", "is_done": True}, {}),
    ("files", {}, {"is_accepted": True, "granted": "30.10"}, {"won": (1, "30.10", 0)}),
    ("files", {}, {"is_accepted": True}, {"won": (1, None, 1)}),
    ("files", GONE, {"is_accepted": True, "granted": "1"}, {"won": (1, "1", 0)}),
    ("files", {"is_accepted": True}, {"is_accepted": True, "granted": "1"}, {}),
    ("files", {"paid": "10.00"}, {"paid": "25.50"}, {"paid": (1, "15.50", 0)}),
    ("files", {"paid": "25.00"}, {"paid": "20.00"}, {"paid": (1, "-5.00", 0)}),
    ("files", {}, {"paid": "0.00"}, {}),
    ("promises", {}, {"done_on": "2026-11-02"}, {"kept": (1, None, 0)}),
    ("promises", {"done_on": "2026-01-02"}, {"done_on": "2026-01-02"}, {}),
    ("promises", {}, {}, {"late": (1, None, 0)}),
    ("promises", {}, {"is_live": False}, {}),
    ("promises", {}, {"due_on": "2026-11-22"}, {}),
]


@pytest.mark.parametrize(("kind", "before", "after", "wanted"), CHANGES)
def test_what_changed_between_two_traces(kind, before, after, wanted):
    assert changes(kind, before, after) == wanted


def test_a_comparison_changes_neither_trace():
    before, after = traced("projects", {}), traced("projects", {"position": 60})
    copies = deepcopy((before, after))
    compare(before, after, on=ON)
    assert (before, after) == copies
