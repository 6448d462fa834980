"""Charts drawn by the server: geometry here, elements and classes in the templates.

Coordinates are text with a point: a template would write « 12,5 » in French.
"""

import datetime
from dataclasses import dataclass
from itertools import groupby

from crm.templatetags.french import euros, plural

# In the units of the drawing, which the page scales.
WIDTH, LABELS, VALUES, PITCH = 800, 160, 290, 30
NARROW_PITCH = 44


@dataclass(frozen=True)
class Bar:
    label: str
    text: str
    y: int
    text_y: int
    length: str
    text_x: str
    hatched: str = ""
    hatched_x: str = ""
    inner: tuple = ()

    @property
    def row(self):
        """On a phone the words stand over the bar, in rows of this height."""
        return (self.y - 6) // PITCH * NARROW_PITCH

    @property
    def narrow_hatched_x(self):
        return f"{float(self.hatched_x or 0) - LABELS - 10:.1f}"


@dataclass(frozen=True)
class Inner:
    """A thinner bar within another: of what was asked, what was granted, then paid."""

    css: str
    length: str
    y: int
    height: int

    @property
    def narrow_y(self):
        """Where it stands in the bar of a phone, which is less thick."""
        return 27 - self.height // 2


# The class and the thickness of the bars within a bar.
INNER = (("p-2", 10), ("p-ink", 4))


@dataclass(frozen=True)
class Bars:
    title: str
    bars: list
    width: int
    height: int
    zero: int = LABELS + 10
    labels: int = LABELS
    narrow_width: int = WIDTH - LABELS - VALUES + 44  # and the hatched end

    @property
    def is_nested(self):
        return any(bar.inner for bar in self.bars)

    @property
    def narrow_height(self):
        return len(self.bars) * NARROW_PITCH


def bars(title, lines, *, longest=None):
    """One bar a line: `lines` are (label, value, text, number unknown, values of thinner bars…).

    What is unknown is a hatched end, as long as it is many, whatever it is worth. `longest` is the
    value that fills the width, when it is not among these lines.
    """
    lines = list(lines)
    values = [value or 0 for _, value, _, _, *inner in lines for value in (value, *inner)]
    widest = float(longest or max(values, default=0))
    room = WIDTH - LABELS - VALUES
    drawn = []
    for i, (label, value, text, unknown, *inner) in enumerate(lines):
        length, *within = (
            float(one or 0) / widest * room if widest else 0 for one in (value, *inner)
        )
        hatched = min(14 * unknown, 42)
        x = LABELS + 10 + max(length, *within, 0) + (2 if length else 0)
        drawn.append(
            Bar(
                label=label,
                text=text,
                y=i * PITCH + 6,
                text_y=i * PITCH + 20,
                length=f"{length:.1f}",
                text_x=f"{x + hatched + 8:.1f}",
                hatched=f"{hatched}" if hatched else "",
                hatched_x=f"{x:.1f}",
                inner=tuple(
                    Inner(css, f"{one:.1f}", i * PITCH + 15 - height // 2, height)
                    for (css, height), one in zip(INNER, within, strict=False)
                ),
            )
        )
    return Bars(title, drawn, WIDTH, len(lines) * PITCH + 8)


def known(value, unknown):
    """« 5 400 000 € + 1 à confirmer », « 2 à confirmer », « 0 € »."""
    if not unknown:
        return euros(value or 0)
    return f"{euros(value)} + {unknown} à confirmer" if value else f"{unknown} à confirmer"


@dataclass(frozen=True)
class Flag:
    """A date on the ruler: its pole, and two lines of text where there is room for them."""

    x: str
    top: int
    near: bool
    title: str = ""
    detail: str = ""
    text_x: str = ""
    to_left: bool = False

    @property
    def title_y(self):
        return self.top + 12

    @property
    def detail_y(self):
        return self.top + 29


@dataclass(frozen=True)
class Ruler:
    flags: list
    ticks: list
    days: int


START, END, BASE = 10, 1190, 120
LANES = (14, 60)
CHARACTER = 6.6
CLIPPED = 38


# Dates that keep their text where there is no room for all.
FIRST = ["Réunion", "Clôture d’un dispositif", "Dossier à déposer", "Décision attendue"]


def ruler(deadlines, today, *, days=60):
    """The next `days` days in two lanes of text; a bare pole where neither has room."""
    step = (END - START) / days
    soon = [row for row in deadlines if 0 <= row.days(today) <= days]
    dates = [(on, list(group)) for on, group in groupby(soon, key=lambda row: row.on)]
    placed, flags = [], []
    for on, rows in sorted(dates, key=lambda date: (_rank(date[1]), date[0])):
        left = (on - today).days
        x = START + left * step
        title, detail = _said(rows, left)
        width = max(len(title), len(detail)) * CHARACTER + 16
        to_left = x + width > END
        start = x - width if to_left else x
        label = next(
            (one for lane in (0, 1) if _fits(one := (lane, x, start, start + width), placed)), None
        )
        if label is None:
            flags.append(Flag(f"{x:.1f}", BASE - 16, left <= 7))
            continue
        placed.append(label)
        at = f"{x - 8 if to_left else x + 8:.1f}"
        flags.append(Flag(f"{x:.1f}", LANES[label[0]], left <= 7, title, detail, at, to_left))
    ticks = [
        (f"{START + i * step:.1f}", "" if i % 7 else f"{today + datetime.timedelta(i):%d/%m}")
        for i in range(days + 1)
    ]
    return Ruler(flags, ticks, days)


def _rank(rows):
    return min(FIRST.index(row.kind) if row.kind in FIRST else len(FIRST) for row in rows)


def _fits(label, placed):
    """No text over another, and no pole of the upper lane through a text of the lower one."""
    lane, x, start, end = label
    for other_lane, other_x, other_start, other_end in placed:
        if lane == other_lane and start < other_end and other_start < end:
            return False
        if lane < other_lane and other_start <= x <= other_end:
            return False
        if lane > other_lane and start <= other_x <= end:
            return False
    return True


def _said(rows, left):
    when = f"J-{left}" if left else "J"
    if len(rows) > 1:
        kinds = sorted({row.kind for row in rows})
        return f"{when} · {plural(len(rows), 'échéance,échéances')}", _clip(", ".join(kinds))
    return _clip(f"{when} · {rows[0].title}"), _clip(rows[0].detail or rows[0].kind)


def _clip(text):
    return text if len(text) <= CLIPPED else f"{text[: CLIPPED - 1].rstrip()}…"
