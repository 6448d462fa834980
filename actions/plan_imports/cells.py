"""One cell of a plan → one value. Pure but for the rows it is given to look among.

ValueError with the end of a French sentence when the cell is unreadable; `say` receives what the
reader should know of the reading.
"""

import datetime
import re
from decimal import Decimal, InvalidOperation

from actions.models import Action
from crm.imports import values
from crm.search import normalise

FAR = datetime.date(2100, 12, 31)
STATUS = {
    "a venir": "a_venir", "non demarre": "a_venir", "non demarree": "a_venir",
    "a demarrer": "a_venir", "a lancer": "a_venir", "prevu": "a_venir", "prevue": "a_venir",
    "en cours": "en_cours", "demarre": "en_cours", "demarree": "en_cours", "engage": "en_cours",
    "en retard": "en_retard", "retard": "en_retard",
    "en pause": "en_pause", "suspendu": "en_pause", "suspendue": "en_pause",
    "bloque": "bloque", "bloquee": "bloque",
    "abandonne": "abandonne", "abandonnee": "abandonne", "annule": "abandonne",
    "termine": "termine", "terminee": "termine", "fait": "termine", "faite": "termine",
    "realise": "termine", "realisee": "termine", "acheve": "termine", "achevee": "termine",
}  # fmt: skip


def words(size):
    def parse(text, say):
        text = values.one_line(text, say)
        values.refuse_broken(text)
        if len(text) > size:
            raise ValueError(f"{size} signes au plus")
        return text

    return parse


def prose(text, say):
    values.refuse_broken(text)
    return values.free_text(text, say)


def code(text, say):
    """« 1.0 » is a number that a spreadsheet made of « 1 »: it is read as it stands, and said."""
    return words(20)(text, say)


def status(text, say):
    found = STATUS.get(normalise(text))
    if found is None:
        known = ", ".join(label.lower() for label in Action.Status.labels)
        raise ValueError(f"un statut est attendu : {known}")
    return found


def choice(choices):
    by_label = {normalise(label): value for value, label in choices}

    def parse(text, say):
        found = by_label.get(normalise(text))
        if found is None:
            raise ValueError(f"est attendu : {', '.join(label.lower() for _, label in choices)}")
        return found

    return parse


def progress(text, say):
    """« 35 », « 35 % », or « 0,35 » as a spreadsheet keeps a percentage."""
    compact = values.SPACES.sub("", text).removesuffix("%").replace(",", ".")
    try:
        found = Decimal(compact)
    except InvalidOperation:
        found = None
    if found is None or not found.is_finite():
        raise ValueError("un pourcentage est attendu, par exemple 35")
    if 0 < found < 1:
        found *= 100
        say(f"Avancement « {text} » compris comme {found:.0f} %.")
    if not 0 <= found <= 100:
        raise ValueError("l’avancement va de 0 à 100")
    return round(found)


def amount(text, say):
    values.refuse_broken(text)
    return values.amount(text, say)


def date(text, say):
    values.refuse_broken(text)
    return values.past_date(text, say, FAR)


def tokens(text):
    """The items of a cell: one a line or between « ; », else between commas."""
    several = re.split(r"[;\n]", text)
    if len(several) == 1:
        several = text.split(",")
    return [" ".join(one.split()) for one in several if one.strip()]


def one_of(rows, what):
    """A parser to the only row of that name among {folded name: [rows]}."""

    def parse(text, say):
        found = rows.get(normalise(text), [])
        if not found:
            raise ValueError(what)
        if len(found) > 1:
            raise ValueError("plusieurs portent ce nom : écrivez-le en entier")
        return found[0]

    return parse


def some_of(rows, what):
    """A parser to several of them; a name that holds a comma is found whole."""
    parse_one = one_of(rows, what)

    def parse(text, say):
        whole = rows.get(normalise(" ".join(text.split())), [])
        if len(whole) == 1:
            return whole
        found = []
        for token in tokens(text):
            try:
                found.append(parse_one(token, say))
            except ValueError as error:
                raise ValueError(f"« {token} » : {error}") from error
        return list(dict.fromkeys(found))

    return parse
