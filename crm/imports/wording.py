"""French typography for sentences made in Python. Pure."""

import re

NBSP = "\u00a0"


def typeset(text):
    """No-break spaces inside guillemets and before tall punctuation."""
    text = re.sub(r"« ", f"«{NBSP}", text)
    return re.sub(r" (?=[»:;?!])", NBSP, text)


def sentence(text):
    """A capital and a full stop, unless it ends as a sentence already."""
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else f"{text}."
