"""The editor of criteria: one sentence for each kind, and nothing lost on the way."""

import json

import pytest
from django.http import QueryDict

from funding import catalogue
from funding.criteria_forms import CriteriaEditor
from funding.criteria_sentences import SENTENCES
from funding.eligibility import KINDS
from funding.eligibility.verdict import FACT_TYPES
from tests.funding.criteria import KIND_ROWS

SHIPPED = [row for program in catalogue.read("programs.json") for row in program["criteria"]]


def sent(editor, **changes):
    """What a browser would send of the forms on screen, with some fields typed over."""
    data = QueryDict(mutable=True)
    for form in editor.forms:
        data.appendlist("condition", form.prefix)
        for name in form.fields:
            bound = form[name]
            value = bound.value()
            if isinstance(value, list | tuple):
                data.setlist(bound.html_name, value)
            elif isinstance(value, bool):
                if value:
                    data[bound.html_name] = "on"
            elif value is not None:
                shown = bound.field.widget.format_value(value)
                data[bound.html_name] = shown[0] if isinstance(shown, list) else shown or ""
    for name, value in changes.items():
        key = name.replace("__", "-")
        data.setlist(key, value) if isinstance(value, list) else data.__setitem__(key, value)
    return data


@pytest.mark.parametrize(
    "forged",
    [
        {"kind": "naf", "accepted": 5},
        {"kind": "naf", "accepted": [{}]},
        {"kind": "beneficiary", "accepted": {"a": 1}},
        {"kind": "headcount", "min": {"a": 1}},
        {"kind": "headcount", "max": "beaucoup"},
        {"kind": "turnover", "min": "NaN"},
        {"kind": "size", "accepted": "small", "confidence": []},
        {"kind": "prior_study", "study": [1], "label": [1]},
        {"kind": "mystery", "confidence": {}},
    ],
    ids=str,
)
def test_a_forged_row_is_drawn_without_what_is_forged(forged):
    data = QueryDict(mutable=True)
    data.update({"condition": "c0", "c0-raw": json.dumps(forged), "c0-editor": forged["kind"]})
    editor = CriteriaEditor([], data)
    editor.is_valid()
    for form in editor.forms:
        assert form.as_p()
        assert form.rule is not None


def test_every_kind_that_the_rules_know_has_an_editor():
    kinds = set(KINDS) - {"fact"} | {f"fact:{name}" for name in FACT_TYPES}
    assert kinds == set(SENTENCES)


@pytest.mark.parametrize("row", [{"key": "tested", **row} for row in KIND_ROWS], ids=str)
def test_a_row_read_then_saved_untouched_stays_the_same(row):
    editor = CriteriaEditor([], sent(CriteriaEditor([row])))
    assert editor.is_valid(), editor.forms[0].errors
    assert editor.rows == [row]


def test_the_shipped_catalogue_goes_through_the_editor_unchanged():
    editor = CriteriaEditor([], sent(CriteriaEditor(SHIPPED)))
    assert editor.is_valid(), [form.errors for form in editor.forms if form.errors]
    assert editor.rows == SHIPPED


@pytest.mark.parametrize("kind", SENTENCES)
def test_every_field_stands_in_the_sentence_or_beside_it(kind):
    sentence = SENTENCES[kind]
    form = CriteriaEditor([{"kind": sentence.kind or kind, "key": "k", **sentence.fixed}]).forms[0]
    shown = [name for _, name in sentence.pieces() if name]
    shown += [field.name for field in form.details]
    assert {param.name for param in sentence.params} <= set(shown)
    assert len(shown) == len(set(shown))


HEADCOUNT = {"kind": "headcount", "key": "headcount", "max": 250}


def test_what_is_typed_becomes_the_row():
    data = sent(CriteriaEditor([HEADCOUNT]), **{"c0-max": "1 500", "c0-min": "10"})
    editor = CriteriaEditor([], data)
    assert editor.is_valid()
    assert editor.rows == [{"kind": "headcount", "key": "headcount", "min": 10, "max": 1500}]


def test_a_rule_can_be_marked_to_check_and_worded_otherwise():
    data = sent(CriteriaEditor([HEADCOUNT]), **{"c0-is_uncertain": "on", "c0-label": "Petites"})
    editor = CriteriaEditor([], data)
    assert editor.is_valid()
    assert editor.rows == [{**HEADCOUNT, "confidence": "K", "label": "Petites"}]


def test_a_rule_worded_by_hand_never_contradicts_a_limit_that_moved():
    row = {**HEADCOUNT, "label": "Moins de 251 salariés"}
    editor = CriteriaEditor([], sent(CriteriaEditor([row]), **{"c0-max": "499"}))
    assert editor.is_valid()
    assert editor.rows == [{**HEADCOUNT, "max": 499}]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"c0-min": "300"}, "dépasse"),
        ({"c0-max": ""}, "il faut"),
        ({"c0-max": "beaucoup"}, "n’est pas un nombre"),
        ({"c0-max": "2,5"}, "nombre entier"),
    ],
)
def test_a_criterion_that_cannot_be_is_refused_with_a_sentence(changes, sentence):
    editor = CriteriaEditor([], sent(CriteriaEditor([HEADCOUNT]), **changes))
    assert not editor.is_valid()
    assert sentence.lower() in str(editor.forms[0].errors).lower()
    assert editor.complete_rows is None


def test_add_remove_and_order():
    editor = CriteriaEditor([HEADCOUNT, {"kind": "not_started", "key": "n"}])
    editor.act("down:c0")
    assert [form.prefix for form in editor.forms] == ["c1", "c0"]
    editor.act("up:c0")
    editor.act("remove:c1")
    editor.act("add:headcount")
    assert [form.before["key"] for form in editor.forms] == ["headcount", "headcount_2"]
    for nonsense in ("", "add:horoscope", "remove:c9", "fly:c0"):
        editor.act(nonsense)
    assert len(editor.forms) == 2


def test_forged_input_never_breaks():
    data = QueryDict(
        "condition=c0&condition=bogus&condition=c1&c0-raw=%5B1%5D&c1-raw=%7B&c1-editor=x"
    )
    editor = CriteriaEditor([], data)
    editor.is_valid()
    assert len(editor.forms) == 2
    assert [str(form["key"]) for form in editor.forms]
