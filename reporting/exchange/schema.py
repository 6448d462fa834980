"""« Projets de collectivités », schema 0.1.0, and the shape of a fiche. Pure: words only.

The schema also has the person who answers for a project (porteurReferent…): left out on purpose,
nobody’s name leaves with a project.
"""

import datetime
import uuid
from decimal import ROUND_HALF_UP, Decimal

from crm.search import normalise

VERSION = "0.1.0"
PROGRAMME = "Territoires d’industrie"
FIELDS = (
    "id", "nom", "description", "budgetPrevisionnel", "dateDebutPrevisionnelle", "phase",
    "phaseStatut", "programme", "porteurCodeSiret", "competences", "leviers", "mecId", "tetId",
    "recocoId", "collectiviteIds",
)  # fmt: skip
LISTS = ("competences", "leviers", "collectiviteIds")
BETWEEN = "|"
PHASES = ("Idée", "Étude", "Opération")
STATUSES = ("En cours", "En retard", "En pause", "Bloqué", "Abandonné", "Terminé")
# The stage at which a project of another tool opens here: the first that its phase may mean.
STAGES = {"Idée": "detecte", "Étude": "en_montage", "Opération": "en_realisation"}
DONE, DROPPED = "realise", "abandonne"
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://schema.data.gouv.fr/projets-collectivites")


def identifier(territory, period, reference):
    """The same for ever for a project of ours: it is drawn from what never changes of it."""
    return uuid.uuid5(NAMESPACE, f"{territory}/{period}/{reference}")


def whole(amount):
    """Euros as the schema takes them, without cents; None when nobody knows."""
    if amount is None:
        return None
    return int(Decimal(amount).quantize(Decimal(1), ROUND_HALF_UP))


def cell(value):
    """A value of a project as a CSV cell."""
    if value is None:
        return ""
    if isinstance(value, list):
        return BETWEEN.join(value)
    return str(value)


# Reading: each gives the value, or raises ValueError with the reason -----------------------------


def one_of(words):
    known = {normalise(word): word for word in words}

    def read(text):
        if normalise(text) not in known:
            raise ValueError(f"écrivez {', '.join(words[:-1])} ou {words[-1]}")
        return known[normalise(text)]

    return read


phase, status = one_of(PHASES), one_of(STATUSES)


def given_identifier(text):
    try:
        return uuid.UUID(text)
    except ValueError:
        raise ValueError("un identifiant UUID est attendu") from None


def day(text):
    first = text.split("T")[0].split()[0]
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            found = datetime.datetime.strptime(first, form).date()  # noqa: DTZ007 (a plain day)
        except ValueError:
            continue
        if not 1990 <= found.year <= 2100:
            raise ValueError("cette date est impossible")
        return found
    raise ValueError("une date est attendue, par exemple 2026-11-22")


def parts(text):
    return [part.strip() for part in text.replace(";", BETWEEN).split(BETWEEN) if part.strip()]


def stage_of(phase, status):
    """(code of the stage where the project opens, what is to be said of it)."""
    stage = STAGES.get(phase, "detecte")
    if status == "Terminé":
        return DONE, ""
    if status == "Abandonné":
        return DROPPED, ""
    if status in {"En pause", "Bloqué"}:
        return stage, (
            f"« {status} » n’est pas repris : suspendez le projet, avec la date où le revoir."
        )
    if phase is None:
        return stage, "Sans phase, le projet s’ouvre à « Détecté »."
    return stage, ""
