"""Programs of the catalogue that a newcomer may well be already. Pure."""

import re
from collections import defaultdict
from difflib import SequenceMatcher

from crm.search import normalise

WORD = re.compile(r"[a-z0-9]{3,}")
EMPTY = {
    *("les", "des", "aux", "une", "pour", "dans", "par", "sur", "avec", "son", "ses", "votre"),
    *(
        "vos",
        "aide",
        "aides",
        "soutien",
        "financement",
        "programme",
        "dispositif",
        "appel",
        "projets",
    ),
}
SAME_FUNDER, OTHER_FUNDER = 0.72, 0.88


class Namesakes:
    """Names indexed by their words, so that one look-up compares a few names only."""

    def __init__(self, programs):
        """`programs` are (anything, name, funder code)."""
        self.by_word = defaultdict(list)
        for program, name, funder in programs:
            for word in words(name):
                self.by_word[word].append((program, normalise(name), funder))

    def of(self, name, funder):
        """The nearest program, or None: a like name, the more so with the same funder."""
        mine, asked = normalise(name), words(name)
        candidates = {}
        for word in asked:
            for candidate in self.by_word.get(word, ()):
                candidates.setdefault(id(candidate[0]), candidate)
        best, best_score = None, 0.0
        for program, other, their_funder in candidates.values():
            floor = SAME_FUNDER if funder == their_funder else OTHER_FUNDER
            score = likeness(mine, other, asked, floor)
            if score >= floor and score > best_score:
                best, best_score = program, score
        return best


def words(name):
    return {word for word in WORD.findall(normalise(name)) if word not in EMPTY}


def likeness(mine, other, asked, floor):
    if mine == other:
        return 1.0
    theirs = words(other)
    smaller = min(len(asked), len(theirs))
    if smaller >= 2 and len(asked & theirs) == smaller:
        return 0.9
    if len(asked & theirs) * 2 < smaller:
        return 0.0
    matcher = SequenceMatcher(None, mine, other, autojunk=False)
    if matcher.real_quick_ratio() < floor or matcher.quick_ratio() < floor:
        return 0.0
    return matcher.ratio()
