"""How words are compared: folded, and whole, so that « Soudeurs » and « soudeur » are one word."""

import re

from crm.search import normalise

WHOLE = re.compile(r"\w+")


def singular(folded):
    """A folded word without the mark of its plural."""
    return folded.rstrip("sx")


def singulars(text):
    """The whole words of a text."""
    return frozenset(singular(word) for word in WHOLE.findall(normalise(text)))
