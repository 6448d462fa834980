"""NAF codes and their sections, in the two vintages that live side by side until 2027.

Rev. 2: décret 2007-1888; NAF 2025: décret 2025-736, APE codes from 01/01/2027."""

from collections.abc import Iterable, Iterator

VINTAGES = {"rev2": "NAF rév. 2", "2025": "NAF 2025"}

# Section: (first division, last division).
SECTIONS = {
    "rev2": {
        "A": (1, 3),
        "B": (5, 9),
        "C": (10, 33),
        "D": (35, 35),
        "E": (36, 39),
        "F": (41, 43),
        "G": (45, 47),
        "H": (49, 53),
        "I": (55, 56),
        "J": (58, 63),
        "K": (64, 66),
        "L": (68, 68),
        "M": (69, 75),
        "N": (77, 82),
        "O": (84, 84),
        "P": (85, 85),
        "Q": (86, 88),
        "R": (90, 93),
        "S": (94, 96),
        "T": (97, 98),
        "U": (99, 99),
    },
    "2025": {
        "A": (1, 3),
        "B": (5, 9),
        "C": (10, 33),
        "D": (35, 35),
        "E": (36, 39),
        "F": (41, 43),
        "G": (46, 47),
        "H": (49, 53),
        "I": (55, 56),
        "J": (58, 60),
        "K": (61, 63),
        "L": (64, 66),
        "M": (68, 68),
        "N": (69, 75),
        "O": (77, 82),
        "P": (84, 84),
        "Q": (85, 85),
        "R": (86, 88),
        "S": (90, 93),
        "T": (94, 96),
        "U": (97, 98),
        "V": (99, 99),
    },
}

CODE = r"[A-V]|\d\d(\.\d{1,2}[A-Z]?)?"


def plain(code: str) -> str:
    """« 10.39A » → « 1039A »."""
    return code.replace(".", "")


def prefixes(codes: Iterable[str], vintage: str) -> Iterator[str]:
    """The beginnings that a list of sections, divisions, groups and codes stands for.

    KeyError for a section that this vintage does not have."""
    for code in codes:
        if code.isalpha():
            first, last = SECTIONS[vintage][code]
            yield from (f"{division:02}" for division in range(first, last + 1))
        else:
            yield plain(code)


def ranges(codes: Iterable[str]) -> Iterator[str]:
    """["B", "C", "D", "E", "46"] → ["B à E", "46"]: consecutive sections read as a range."""
    runs = []
    for code in sorted(codes):
        after = runs and code.isalpha() and runs[-1][-1].isalpha()
        if after and ord(code) == ord(runs[-1][-1]) + 1:
            runs[-1].append(code)
        else:
            runs.append([code])
    # Letters first: « B à E et 46 » reads better than the order of the character set.
    for run in sorted(runs, key=lambda run: not run[0].isalpha()):
        if len(run) > 2:
            yield f"{run[0]} à {run[-1]}"
        else:
            yield from run
