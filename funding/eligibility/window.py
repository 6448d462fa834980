"""When a program takes applications, and the criterion that follows from it."""

import datetime as dt
from dataclasses import dataclass

from funding.eligibility import wording
from funding.eligibility.base import Criterion
from funding.eligibility.facts import MET, NOT_MET, UNKNOWN

OPEN, UPCOMING, CLOSED, SUSPENDED, TO_CHECK = (
    "open",
    "upcoming",
    "closed",
    "suspended",
    "to_check",
)
STATES = (OPEN, UPCOMING, CLOSED, SUSPENDED, TO_CHECK)


@dataclass(frozen=True, slots=True)
class Window:
    """Days are included. `deadlines` are the dates on which applications are collected (relèves);
    neither deadline nor closing date means a permanent program."""

    state: str
    opens_on: dt.date | None = None
    closes_on: dt.date | None = None
    deadlines: tuple[dt.date, ...] = ()

    def __post_init__(self):
        if self.state not in STATES:
            raise ValueError(
                wording.typeset(
                    f"État de dispositif inconnu : « {self.state} », "
                    f"valeurs possibles : {wording.listing(STATES)}."
                )
            )
        if self.opens_on and self.closes_on and self.closes_on < self.opens_on:
            raise ValueError("Le dispositif ferme avant d’ouvrir.")
        object.__setattr__(self, "deadlines", tuple(sorted(self.deadlines)))

    def is_over(self, today: dt.date) -> bool:
        return self.state in (CLOSED, SUSPENDED) or (
            self.closes_on is not None and self.closes_on < today
        )

    def lacks_next_deadline(self, today: dt.date) -> bool:
        """Every known deadline is past, and nothing says that the program is over."""
        return bool(self.deadlines) and self.closes_on is None and self.deadlines[-1] < today

    def next_deadline(self, today: dt.date) -> dt.date | None:
        """The first deadline or closing date from today on; None when over or permanent."""
        if (self.closes_on is None and not self.deadlines) or self.is_over(today):
            return None
        coming = [day for day in self.deadlines if day >= today]
        if self.closes_on is not None:
            coming.append(self.closes_on)
        return min(coming) if coming else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates(Criterion):
    """Reads the window of the program, no fact: the answer is not to be asked of the holder."""

    window: Window

    @classmethod
    def of(cls, window: Window) -> "Dates":
        return cls(kind="dates", key="dates", window=window, is_uncertain=window.state == TO_CHECK)

    def evaluate(self, facts, today):
        # A past closing date is certain, even for a program that has to be checked.
        answer = self.answer(facts, today)
        return UNKNOWN if self.is_uncertain and answer is MET else answer

    def answer(self, facts, today):
        if self.window.is_over(today):
            return NOT_MET
        if self.window.lacks_next_deadline(today):
            return UNKNOWN
        return MET

    def classes(self, today):
        return {}

    def question(self, facts, today):
        return None

    def used(self, facts):
        return ()

    def missing(self, facts):
        return None

    def source(self, facts):
        return "fiche du dispositif"

    def sentence(self):
        window = self.window
        if window.deadlines:
            days = [wording.day(day) for day in window.deadlines]
            name = "Relève du" if len(days) == 1 else "Relèves des"
            return f"{name} {wording.listing(days, 'et')}"
        if window.opens_on and window.closes_on:
            return (
                f"Dépôt du {wording.day(window.opens_on)} au {wording.day(window.closes_on)} inclus"
            )
        if window.closes_on:
            return f"Dépôt jusqu’au {wording.day(window.closes_on)} inclus"
        if window.opens_on:
            return f"Dépôt à partir du {wording.day(window.opens_on)}"
        return "Dépôt pendant l’ouverture du dispositif"

    def found(self, facts, today):
        window = self.window
        if window.state == SUSPENDED:
            return "Dispositif suspendu"
        if window.is_over(today):
            if window.closes_on is not None and window.closes_on < today:
                return f"Fermé depuis le {wording.day(window.closes_on)}"
            return "Dispositif fermé"
        if window.state == TO_CHECK:
            return "Ouverture à vérifier auprès du financeur"
        if window.lacks_next_deadline(today):
            last = wording.day(window.deadlines[-1])
            return f"Dernière relève connue le {last}, prochaine relève inconnue"
        if window.opens_on is not None and window.opens_on > today:
            return f"Ouvre le {wording.day(window.opens_on)}"
        if window.state == UPCOMING and window.opens_on is None:
            return "Ouverture annoncée, date inconnue"
        return self._open_found(today)

    def _open_found(self, today):
        deadline = self.window.next_deadline(today)
        if deadline is None:
            return "Ouvert, sans date de clôture"
        what = "prochaine relève le" if deadline in self.window.deadlines else "clôture le"
        return f"Ouvert, {what} {wording.day(deadline)} (J-{(deadline - today).days})"
