"""The geometry of the dashboards’ charts. Pure arithmetic; elements and classes in the templates.

Coordinates are text with a point: a template would write « 12,5 » in French.
"""

from dataclasses import dataclass

from reporting.dashboards.chart import full, short

WIDTH, NARROW = 620, 340
LABELS, HEAD, PITCH, THICK = 132, 24, 30, 16
LEGIBLE = 50  # between two values of a strip
TEXT = 68  # room for « 12,5 M€ » after a bar
MARKED = 22  # characters of a label
STEP = 20  # height of a series, on a phone
HATCH, HATCHES = 10, 30
COLUMN = 84  # height of a series of months
CAP, CAPS = 3, 12  # the same hatching, over a column
FILLS = ("p-2", "p-3", "p-4")


@dataclass(frozen=True)
class Mark:
    """One figure in the drawing: its bar, its hatched end, its text, and where its rows are."""

    x: str
    y: str
    length: str
    text: str
    text_x: str
    text_y: str
    name: str
    url: str = ""
    css: str = "p-2"
    height: str = str(THICK)
    head: str = ""
    hatch: tuple = ()  # x, y, width and height of what is unknown


@dataclass(frozen=True)
class Row:
    label: str
    y: str
    marks: list


@dataclass(frozen=True)
class Text:
    x: str
    y: str
    label: str


@dataclass(frozen=True)
class Drawing:
    width: int
    height: int
    heads: list
    rows: list
    axes: list  # of vertical lines (bars) or horizontal ones (months): x or y
    ticks: tuple = ()


def at(number):
    return f"{number:.1f}"


def scales(chart):
    """{series: what fills a whole bar}; one for all when the series compare."""
    found = {}
    for head in chart.drawn:
        values = [float(value) for value in chart.values(head.key) if value]
        found[head.key] = 100.0 if head.format == "percent" else max(values, default=0.0)
    if chart.common and found:
        found = dict.fromkeys(found, max(found.values()))
    return found


def share(cell, scale):
    return max(float(cell.value or 0), 0) / scale if scale else 0.0


def name_of(line, head, cell):
    return f"{line.label}, {head.label.lower()}\u00a0: {full(cell, head)}"


def wide(chart):
    """A panel of bars for each series, side by side."""
    drawn, found = chart.drawn, scales(chart)
    room = (WIDTH - LABELS - 8) / len(drawn)
    starts = [LABELS + 8 + i * room for i in range(len(drawn))]
    rows = []
    for n, line in enumerate(chart.lines):
        y = HEAD + n * PITCH + (PITCH - THICK) / 2
        marks = [
            mark(line, head, found, start, y, room - TEXT, FILLS[i % len(FILLS)])
            for i, (head, start) in enumerate(zip(drawn, starts, strict=True))
        ]
        rows.append(Row(clipped(line.label), at(y + 12), marks))
    heads = [Text(at(start), "14", head.label) for head, start in zip(drawn, starts, strict=True)]
    return Drawing(WIDTH, HEAD + len(rows) * PITCH + 4, heads, rows, [at(x) for x in starts])


def narrow(chart):
    """On a phone, the series of a line under its name."""
    drawn, found, rows, y = chart.drawn, scales(chart), [], 0
    for line in chart.lines:
        marks = [
            mark(line, head, found, 0, y + 20 + i * STEP, NARROW - 190, FILLS[i % len(FILLS)])
            for i, head in enumerate(drawn)
        ]
        rows.append(Row(line.label, at(y + 14), marks))
        y += 30 + len(drawn) * STEP
    return Drawing(NARROW, y, [], rows, [])


def mark(line, head, found, x, y, room, css):
    cell = line.cells[head.key]
    hatched = min(HATCH * cell.unknown, HATCHES)
    length = share(cell, found[head.key]) * (room - hatched)
    end = x + length + (2 if length and hatched else 0)
    return Mark(
        x=at(x),
        y=at(y),
        length=at(length),
        text=short(cell, head),
        text_x=at(end + hatched + 6),
        text_y=at(y + 12),
        name=name_of(line, head, cell),
        url=cell.url or cell.unknown_url,
        css=css,
        head=head.label,
        hatch=(at(end), at(y), at(hatched), str(THICK)) if hatched else (),
    )


def clipped(label):
    return label if len(label) <= MARKED else f"{label[: MARKED - 1].rstrip()}…"


def months(chart, width=WIDTH):
    """A strip for each series, one column a month."""
    found, count = scales(chart), max(len(chart.lines), 1)
    pitch = width / count
    bar = min(pitch * 0.62, 34)
    every = max(1, -(-LEGIBLE // pitch))
    strip = COLUMN + 44
    rows, heads, axes = [], [], []
    for i, head in enumerate(chart.drawn):
        base = i * strip + 34 + COLUMN
        heads.append(Text("0", at(base - COLUMN - 20), head.label))
        axes.append(at(base))
        marks = [
            column(line, head, found, n * pitch + (pitch - bar) / 2, base, bar, n, every, count)
            for n, line in enumerate(chart.lines)
        ]
        rows.append(Row(head.label, at(base), marks))
    height = len(chart.drawn) * strip + 24
    ticks = []
    for n, line in enumerate(chart.lines):
        month, _, year = line.label.partition(" ")
        middle = at(n * pitch + pitch / 2)
        if is_told(n, every, count):
            ticks.append(Text(middle, at(height - 18), month))
        if n == 0 or line.code.endswith("-01"):
            ticks.append(Text(middle, at(height - 4), year))
    return Drawing(round(width), height, heads, rows, axes, tuple(ticks))


def is_told(n, every, count):
    """One label in so many, counted back from the last month, which is always told."""
    return (count - 1 - n) % every == 0


def column(line, head, found, x, base, bar, n, every, count):
    cell = line.cells[head.key]
    hatched = min(CAP * cell.unknown, CAPS)
    length = share(cell, found[head.key]) * (COLUMN - hatched)
    text = short(cell, head) if is_told(n, every, count) else ""
    return Mark(
        x=at(x),
        y=at(base - length),
        length=at(bar),
        height=at(length),
        text=text,
        text_x=at(x + bar / 2),
        text_y=at(base - length - hatched - 5),
        name=name_of(line, head, cell),
        url=cell.url or cell.unknown_url,
        hatch=(at(x), at(base - length - hatched), at(bar), at(hatched)) if hatched else (),
    )
