"""French sets a no-break space within « » and before : ; ? ! so that none begins a line alone."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LOOSE = re.compile(r" [:;?!»](?=\s|$)|« ")
# A placeholder stands for what an f-string interpolates.
HOLE = "…"


def sources():
    for app in ("crm", "actions", "funding", "reporting", "config"):
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def sentences(tree):
    """(line, text) of each string that is not a docstring, its pieces put together."""
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            said.update(map(id, node.values))
            pieces = (getattr(piece, "value", None) for piece in node.values)
            text = "".join(piece if isinstance(piece, str) else HOLE for piece in pieces)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if id(node) not in said:
            yield node.lineno, text


def loose(source):
    return [(line, text) for line, text in sentences(ast.parse(source)) if LOOSE.search(text)]


def test_no_sentence_of_ours_may_break_before_its_punctuation():
    found = {
        f"{path.relative_to(ROOT)}:{line}": text
        for path in sources()
        for line, text in loose(path.read_text(encoding="utf-8"))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("source", "faults"),
    [
        ('"Que faire ?"', 0),  # a string that is said to nobody, as a docstring
        ('x = "Que faire ?"', 1),
        ('x = "Que faire\u00a0?"', 0),
        ('x = f"{name} : {value}"', 1),
        ('x = f"{name}\u00a0: {value}"', 0),
        ('x = ("Une suite "\n ": la voici")', 1),
        ('x = "Passer à « Qualifié\u00a0»"', 1),
        ('x = "SELECT a :b"', 0),
        ('x = "12:30"', 0),
    ],
)
def test_the_guard_reads_python_as_python_does(source, faults):
    assert len(loose(source)) == faults
