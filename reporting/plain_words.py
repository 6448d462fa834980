"""What changed, in sentences that need no glossary: for the elected, and at the head of a list."""

from crm.templatetags.french import euros, plural

# (nothing, one or many) of each change of `reporting.since`.
SENTENCES = {
    "entered": ("aucun projet n’est entré", "projet est entré,projets sont entrés"),
    "left": ("aucun projet n’est sorti", "projet ne se lit plus ici,projets ne se lisent plus ici"),
    "moved": ("aucun projet n’a avancé", "projet a avancé,projets ont avancé"),
    "back": (
        "aucun projet n’a reculé", "projet est revenu en arrière,projets sont revenus en arrière"
    ),
    "paused": ("aucun projet n’est suspendu", "projet est suspendu,projets sont suspendus"),
    "stalled": ("aucun projet n’est immobile", "projet n’a pas bougé,projets n’ont pas bougé"),
    "abandoned": ("aucun projet n’est abandonné", "projet est abandonné,projets sont abandonnés"),
    "won": ("aucune aide n’est gagnée", "aide est gagnée,aides sont gagnées"),
    "paid": ("aucune aide n’est versée", "versement est arrivé,versements sont arrivés"),
    "kept": ("aucune promesse n’est tenue", "promesse est tenue,promesses sont tenues"),
    "late": ("aucune promesse n’est en retard", "promesse est en retard,promesses sont en retard"),
}  # fmt: skip


def sentence(change):
    """« 3 projets sont entrés (1 250 000 € + 1 à confirmer) »."""
    nothing, words = SENTENCES[change["key"]]
    if not change["count"]:
        return nothing
    said = plural(change["count"], words)
    amount = euros(change["amount"]) if change["amount"] is not None else ""
    unknown = f"{change['unknown']} à confirmer" if change["unknown"] else ""
    money = " + ".join(part for part in (amount, unknown) if part)
    return f"{said} ({money})" if money else said


def shortened(words, room):
    """The text in so many characters, cut between two words."""
    words = " ".join(str(words).split())
    if len(words) <= room:
        return words
    return f"{words[: room - 1].rsplit(' ', 1)[0].rstrip(' ,;:.')}…"


def some(rows, count):
    """« Séchoir ; Quai ; et 3 autres »: the first rows of a change by their titles."""
    named = "\u00a0; ".join(shortened(row["title"], 60) for row in rows[:count])
    more = len(rows) - count
    if more <= 0:
        return named
    return f"{named}\u00a0; et {plural(more, 'autre,autres')}"
