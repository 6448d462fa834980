"""The geometry of the maps. Pure: no Django; degrees become SVG text here.

Equirectangular, longitudes shrunk by the cosine of the middle latitude: at the size of a territory
no one sees the difference with a true projection.
"""

import math
from dataclasses import dataclass

WIDTH, TALLEST = 720, 760
FILLS = {
    1: ("p-3",),
    2: ("p-4", "p-2"),
    3: ("p-4", "p-3", "p-2"),
    4: ("p-4", "p-3", "p-2", "p-ink"),
}
CLASSES = 4
SMALLEST = 24  # what a finger or a trembling hand needs; a smaller place opens from the table
SQUARE, GAP, TITLE = 22, 4, 24


@dataclass(frozen=True)
class Step:
    """A class of the legend: the values between two bounds, both within."""

    low: object
    high: object
    css: str

    def holds(self, value):
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Area:
    code: str
    path: str
    x: float
    y: float
    width: float
    height: float

    @property
    def is_small(self):
        return min(self.width, self.height) < SMALLEST


@dataclass(frozen=True)
class Sheet:
    width: int
    height: int
    areas: dict
    borders: str = ""


def steps(values):
    """At most four classes of about as many different values; none for nothing."""
    distinct = sorted({value for value in values if value})
    count = min(len(distinct), CLASSES)
    if not count:
        return []
    cuts = [round(i * len(distinct) / count) for i in range(count + 1)]
    parts = [distinct[start:end] for start, end in zip(cuts, cuts[1:], strict=False)]
    return [Step(part[0], part[-1], css) for part, css in zip(parts, FILLS[count], strict=True)]


def projection(contours):
    """(function from degrees to units, height): the whole fits in the width, north up."""
    points = [p for polygons in contours.values() for polygon in polygons for p in polygon[0]]
    lons, lats = [p[0] for p in points], [p[1] for p in points]
    west, north = min(lons), max(lats)
    shrink = math.cos(math.radians((north + min(lats)) / 2))
    wide = max((max(lons) - west) * shrink, 1e-6)
    tall = max(north - min(lats), 1e-6)
    size = min((WIDTH - 8) / wide, (TALLEST - 8) / tall)

    def place(point):
        return (
            round((point[0] - west) * shrink * size + 4, 1),
            round((north - point[1]) * size + 4, 1),
        )

    return place, round(wide * size + 8), round(tall * size + 8)


def draw(contours, groups=None):
    """A path for each commune, or for each group of `groups` ({commune: group}), and the lines
    between groups; None when there is nothing to draw."""
    contours = {code: polygons for code, polygons in contours.items() if any(polygons)}
    if not contours:
        return None
    place, width, height = projection(contours)
    rings = {
        code: [[place(point) for point in ring] for polygon in polygons for ring in polygon]
        for code, polygons in contours.items()
    }
    return Sheet(
        width,
        height,
        {code: area(code, found) for code, found in rings.items()},
        borders(rings, groups) if groups else "",
    )


def area(code, rings):
    xs, ys = [x for ring in rings for x, _ in ring], [y for ring in rings for _, y in ring]
    return Area(
        code,
        "".join(map(path, rings)),
        (min(xs) + max(xs)) / 2,
        (min(ys) + max(ys)) / 2,
        max(xs) - min(xs),
        max(ys) - min(ys),
    )


def path(ring):
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in ring) + "z"


def borders(rings, groups):
    """The edges that only one commune of a group has: its outline, as one path."""
    seen = {}
    for code, found in rings.items():
        for ring in found:
            for start, end in zip(ring, [*ring[1:], ring[0]], strict=True):
                edge = (min(start, end), max(start, end))
                seen.setdefault(edge, []).append(groups.get(code))
    return "".join(
        f"M{a[0]:g} {a[1]:g}L{b[0]:g} {b[1]:g}"
        for (a, b), around in seen.items()
        if len(around) == 1 or len(set(around)) > 1
    )


def merged(sheet, groups):
    """The same sheet with an area for each group, made of the paths of its communes."""
    gathered = {}
    for code, one in sheet.areas.items():
        if groups.get(code):
            gathered.setdefault(groups[code], []).append(one)
    areas = {
        code: Area(
            code,
            "".join(one.path for one in found),
            sum(one.x for one in found) / len(found),
            sum(one.y for one in found) / len(found),
            max(one.x + one.width / 2 for one in found) - min(o.x - o.width / 2 for o in found),
            max(one.y + one.height / 2 for one in found) - min(o.y - o.height / 2 for o in found),
        )
        for code, found in gathered.items()
    }
    return Sheet(sheet.width, sheet.height, areas, sheet.borders)


@dataclass(frozen=True)
class Square:
    code: str
    x: int
    y: int


@dataclass(frozen=True)
class Block:
    """A group in the grid that stands for a map: its title, then a square for each commune."""

    label: str
    y: int
    squares: list


def grid(groups):
    """(blocks, height) of {label: codes}, where there are no contours."""
    across, y, blocks = WIDTH // (SQUARE + GAP), 0, []
    for label, codes in groups:
        top = y + TITLE
        squares = [
            Square(code, i % across * (SQUARE + GAP), top + i // across * (SQUARE + GAP))
            for i, code in enumerate(codes)
        ]
        blocks.append(Block(label, y + 16, squares))
        y = top + -(-len(codes) // across) * (SQUARE + GAP) + 8
    return blocks, y
