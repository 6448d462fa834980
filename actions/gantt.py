"""The geometry of the plan’s calendar. Pure: no Django; dates become SVG text here.

Coordinates are written with a point and one decimal, as SVG wants whatever the locale.
"""

import datetime
from dataclasses import dataclass

WIDTH, LEFT, RIGHT = 1164, 250, 1156
HEAD, PITCH, BAR, FOOT = 40, 26, 14, 20
ROWS = 20  # as many as a page holds in landscape
LONGEST = datetime.timedelta(days=365 * 12)  # a date mistyped must not flatten all the others
LABEL = 34
INITIALS = "JFMAMJJASOND"


@dataclass(frozen=True)
class Row:
    """What a fiche says of its dates; `milestones` are (due_on, done_on)."""

    label: str
    starts_on: datetime.date | None
    ends_on: datetime.date | None
    progress: int | None
    milestones: tuple = ()


@dataclass(frozen=True)
class Diamond:
    path: str
    css: str


@dataclass(frozen=True)
class Bar:
    """A fiche as a line: what is planned, what is done, or the dashes of a date to fix."""

    label: str
    y: int
    text_y: int
    x: str = ""
    length: str = ""
    done: str = ""
    css: str = "p-4"
    diamonds: tuple = ()

    @property
    def height(self):
        return BAR


@dataclass(frozen=True)
class Tick:
    x: str
    text_x: str
    label: str


@dataclass(frozen=True)
class Sheet:
    height: int
    years: list[Tick]
    months: list[Tick]
    bars: list[Bar]
    today: str
    width: int = WIDTH
    head: int = HEAD

    @property
    def bottom(self):
        """Where the rows end; what is under them names today."""
        return self.height - FOOT


def draw(rows: list[Row], *, today: datetime.date) -> list[Sheet]:
    """As many drawings as pages, on one same axis; none when no fiche has a date."""
    days = [day for row in rows for day in dates_of(row)]
    if not days:
        return []
    first = max(min(days), today - LONGEST)
    last = min(max(days), today + LONGEST)
    first, last = min(first, last, today).replace(day=1), month_after(max(first, last, today))
    place = scale(first, last)
    return [
        Sheet(
            height=HEAD + PITCH * len(page) + FOOT,
            years=years(first, last, place),
            months=months(first, last, place),
            bars=[bar(row, n, first, last, place, today) for n, row in enumerate(page)],
            today=place(today),
        )
        for page in (rows[n : n + ROWS] for n in range(0, len(rows), ROWS))
    ]


def dates_of(row):
    known = [row.starts_on, row.ends_on, *(due for due, _ in row.milestones)]
    return [day for day in known if day]


def month_after(day):
    """The first day of the next month."""
    return (day.replace(day=1) + datetime.timedelta(days=32)).replace(day=1)


def scale(first, last):
    length = (last - first).days

    def place(day):
        day = min(max(day, first), last)
        return f"{LEFT + (RIGHT - LEFT) * (day - first).days / length:.1f}"

    return place


def years(first, last, place):
    starts = [first, *(datetime.date(y, 1, 1) for y in range(first.year + 1, last.year + 1))]
    return [tick(day, str(day.year), place) for day in starts if day < last]


def months(first, last, place):
    """Each month by its initial, while they have room; else the quarters."""
    day, found = first, []
    while day < last:
        found.append(day)
        day = month_after(day)
    if len(found) <= 60:
        return [tick(day, INITIALS[day.month - 1], place) for day in found]
    return [tick(day, "", place) for day in found if day.month % 3 == 1]


def tick(day, label, place):
    x = place(day)
    return Tick(x, f"{float(x) + 4:.1f}", label)


def bar(row, n, first, last, place, today):
    y = HEAD + PITCH * n + (PITCH - BAR) // 2
    diamonds = tuple(diamond(due, done, y, place, today) for due, done in row.milestones)
    label = row.label if len(row.label) <= LABEL else f"{row.label[: LABEL - 1].rstrip()}…"
    if not row.starts_on and not row.ends_on:
        return Bar(label, y, y + 11, diamonds=diamonds)
    x, end = float(place(row.starts_on or first)), float(place(row.ends_on or last))
    length = max(end - x, 2)
    is_known = row.starts_on and row.ends_on
    done = f"{length * row.progress / 100:.1f}" if is_known and row.progress else ""
    css = "p-4" if is_known else "p-none"
    return Bar(label, y, y + 11, f"{x:.1f}", f"{length:.1f}", done, css, diamonds)


def diamond(due, done, y, place, today):
    x, middle = float(place(due)), y + BAR / 2
    css = "p-ink p-edge" if done else "p-accent p-edge" if due < today else "p-void"
    return Diamond(f"M{x:.1f} {middle - 6:.1f}l6 6-6 6-6-6z", css)
