"""A fact is asked once on the page of a project: by the pipeline, or beside the programs."""

import datetime as dt
import json
from pathlib import Path

from crm.forms.projects import QUESTIONS
from funding import catalogue
from funding.eligibility import verdict

PROGRAMS = Path(catalogue.__file__).parent / "data" / "programs.json"


def criteria(value):
    """Every criterion of the shipped catalogue, at whatever depth."""
    if isinstance(value, list):
        for one in value:
            yield from criteria(one)
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from one if name == "criteria" else criteria(one)


def test_no_question_of_the_pipeline_is_asked_by_a_program():
    asked = set()
    for row in criteria(json.loads(PROGRAMS.read_text())):
        question = verdict.parse_criterion(row).question({}, dt.date(2026, 11, 22))
        if question:
            asked.add(question.fact)
    assert {"eligible_costs", "first_commitment_on", "commune"} <= asked
    assert asked & set(QUESTIONS) == set()
