"""One normalised column answers every search: no case, no accent, no ligature."""

import unicodedata

LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "’": "'", "ʼ": "'", "‐": "-", "\u00a0": " "})


def normalise(text):
    """Fold `text` so that « Bœuf de l’Été » and « boeuf de l'ete » are the same."""
    folded = unicodedata.normalize("NFKD", str(text).casefold().translate(LIGATURES))
    if not folded.isascii():
        folded = "".join(c for c in folded if not unicodedata.combining(c))
    return " ".join(folded.split())


def search(queryset, text, field="search"):
    """Keep the rows that contain each word of `text`, in any order."""
    for word in normalise(text).split():
        queryset = queryset.filter(**{f"{field}__contains": word})
    return queryset
