"""The map as its page shows it: areas with their class, the legend, and what it does not draw."""

from dataclasses import dataclass

from crm.models import CommuneContour
from reporting.dashboards import outline, places
from reporting.dashboards.chart import Cell, full, short

DEFAULT = "projects"


@dataclass(frozen=True)
class Place:
    """An area to draw: `css` is its class, `hatched` says that its figure is all unknown."""

    shape: object
    name: str
    url: str = ""
    css: str = "p-void"
    hatched: bool = False

    @property
    def opens(self):
        """A place too small to be aimed at opens from the table."""
        return bool(self.url) and not getattr(self.shape, "is_small", False)


@dataclass(frozen=True)
class Atlas:
    """`sheet` is None without contours: `blocks` then stand for the map."""

    chart: object
    head: object
    sheet: object
    blocks: list
    places: list
    legend: list
    height: int
    missing: list
    sources: list


def atlas(board, level, measure):
    chart = places.communes(board) if level == places.COMMUNES else places.epcis(board)
    head = next(head for head in chart.heads if head.key == measure)
    cells = {line.code: line.cells[measure] for line in chart.lines}
    towns = list(places.in_territory(board).select_related("epci"))
    outlines = {
        one.commune_id: one
        for one in CommuneContour.objects.filter(commune__in=[town.pk for town in towns])
    }
    steps = outline.steps([cells[one].value for one in cells if cells[one].value])
    groups = {town.pk: town.epci_id for town in towns}
    names = names_of(towns, level)
    sheet = outline.draw({code: as_points(one.polygons) for code, one in outlines.items()}, groups)
    if sheet and level == places.EPCIS:
        sheet = outline.merged(sheet, groups)

    def place(shape, code=None):
        code = code or shape.code
        cell = cells.get(code) or Cell(0 if board.reads_visits or measure != "visits" else None)
        return painted(shape, names[code], cell, head, steps)

    blocks, height = ([], 0) if sheet else outline.grid(by_epci(towns))
    if sheet:
        found = [place(shape) for shape in sheet.areas.values()]
    else:
        found = [
            place(square, groups[square.code] if level == places.EPCIS else None)
            for block in blocks
            for square in block.squares
        ]
    return Atlas(
        chart=chart,
        head=head,
        sheet=sheet,
        blocks=blocks,
        places=found,
        legend=[(step.css, bounds(step, head)) for step in steps],
        height=sheet.height if sheet else height,
        missing=[town.name for town in towns if town.pk not in outlines] if sheet else [],
        sources=sorted({f"{one.source}, {one.loaded_on:%d/%m/%Y}" for one in outlines.values()}),
    )


def as_points(polygons):
    """JSON gave lists; edges are compared, so points are tuples."""
    return [[[tuple(point) for point in ring] for ring in polygon] for polygon in polygons]


def names_of(towns, level):
    if level == places.COMMUNES:
        return {town.pk: town.name for town in towns}
    return {town.epci_id: town.epci.short_name for town in towns}


def by_epci(towns):
    """The communes of each EPCI, in order of name."""
    found = {}
    for town in sorted(towns, key=lambda town: (town.epci.name, town.search)):
        found.setdefault(town.epci.short_name, []).append(town.pk)
    return list(found.items())


def painted(shape, name, cell, head, steps):
    said = f"{name}, {head.label.lower()}\u00a0: {full(cell, head)}"
    step = next((one for one in steps if cell.value and one.holds(cell.value)), None)
    if step:
        return Place(shape, said, cell.url, step.css)
    if cell.unknown:
        return Place(shape, said, cell.unknown_url, hatched=True)
    return Place(shape, said)


def bounds(step, head):
    """« 2 à 4 » for a class, « 3 » for a class of one value."""
    low, high = (short(Cell(value), head) for value in (step.low, step.high))
    return low if low == high else f"{low} à {high}"
