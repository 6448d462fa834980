"""How long a project stays in each stage, and how far it goes. Pure: no Django."""

import datetime
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Move:
    on: datetime.date
    before: str
    after: str


@dataclass(frozen=True)
class Stay:
    """One passage in a stage; `left_on` is None for the one that lasts."""

    stage: str
    entered_on: datetime.date
    left_on: datetime.date | None = None
    towards: str = ""

    def days(self, today=None):
        end = self.left_on or today
        return max((end - self.entered_on).days, 0)


def kept(moves):
    """The moves that held: one that was taken back on the same day never happened."""
    found = []
    for move in moves:
        last = found[-1] if found else None
        if last and (last.on, last.before, last.after) == (move.on, move.after, move.before):
            found.pop()
        else:
            found.append(move)
    return found


def stays(opened_on, stage, since, moves):
    """The passages in order, the last one in the stage of today since `since`."""
    found, entered = [], opened_on
    for move in moves:
        left = max(entered, move.on)
        found.append(Stay(move.before, entered, left, move.after))
        entered = left
    return [*found, Stay(stage, since)]


def stage_on(day, stage, moves):
    """The stage where the project was at the end of a day."""
    past = [move for move in moves if move.on <= day]
    if past:
        return past[-1].after
    return moves[0].before if moves else stage


def first_stay(found, stage):
    """(place in the journey, passage) of the first time in a stage, or None."""
    return next(((i, stay) for i, stay in enumerate(found) if stay.stage == stage), None)


def went_further(found, at, positions):
    """Whether a later passage was in a stage beyond that one; `positions` are of the pipeline."""
    here = positions[found[at].stage]
    return any(positions.get(stay.stage, -1) > here for stay in found[at + 1 :])


def middle(days):
    """The median, None of nothing: half an hour of precision would be a lie, so half days."""
    return median(days) if days else None
