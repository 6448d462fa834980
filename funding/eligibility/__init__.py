"""Eligibility in three answers. No Django here: facts and a day in, verdict and reasons out.

`Rules.parse(rows, window).assess(facts, today)` gives an Assessment: a verdict, and one Result for
each criterion with its rule, what was found, its source, and the question when a fact is missing.
A missing fact is an answer: it never makes a program eligible, and never excludes it."""

from funding.eligibility.base import GROUPS, Criterion
from funding.eligibility.facts import Answer, Fact, Interval, Judgement, Question
from funding.eligibility.holder import possible_sizes
from funding.eligibility.verdict import (
    KINDS,
    Answers,
    Assessment,
    Result,
    Rules,
    Verdict,
    parse_criterion,
)
from funding.eligibility.window import STATES, Window

__all__ = [
    "GROUPS",
    "KINDS",
    "STATES",
    "Answer",
    "Answers",
    "Assessment",
    "Criterion",
    "Fact",
    "Interval",
    "Judgement",
    "Question",
    "Result",
    "Rules",
    "Verdict",
    "Window",
    "parse_criterion",
    "possible_sizes",
]
