"""French typography for sentences made in Python. Pure."""

import re

NBSP = "\u00a0"


def typeset(text):
    """No-break spaces inside guillemets and before tall punctuation."""
    text = re.sub(r"(?<=«) ", NBSP, text)
    return re.sub(r" (?=[»:;?!])", NBSP, text)


def size(count):
    """Bytes as « 41 Ko » or « 2,4 Mo »."""
    for unit, step in (("Mo", 1024**2), ("Ko", 1024)):
        if count >= step:
            return f"{count / step:.1f}".replace(".", ",").removesuffix(",0") + NBSP + unit
    return f"{count}{NBSP}octets"


def sentence(text):
    """A capital and a full stop, unless it ends as a sentence already."""
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else f"{text}."
