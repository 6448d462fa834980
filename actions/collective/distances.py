"""How far two places are from each other, in kilometres as the crow flies.

No Django. A place is a commune and, where someone loaded it, a point in degrees (WGS 84): that of
the site itself, else the centre of its commune. What nobody loaded is not known; it is never
guessed from a name or a postal code.
"""

from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

EARTH = 6371.0088  # mean radius, in km
ANYWHERE = 20_000  # km, half the way round: no distance rules out


@dataclass(frozen=True)
class Place:
    """`commune` is an INSEE code; `point` is (latitude, longitude)."""

    commune: str = ""
    name: str = ""
    point: tuple[float, float] | None = None
    is_exact: bool = False  # the point of the site rather than the centre of its commune


def kilometres(here, there):
    """None when it is not known; 0.0 in one commune of which no point tells more."""
    if here.point and there.point:
        return haversine(here.point, there.point)
    if here.commune and here.commune == there.commune:
        return 0.0
    return None


def haversine(here, there):
    """Kilometres between two (latitude, longitude) in degrees, along the great circle."""
    (lat1, lon1), (lat2, lon2) = (tuple(map(radians, point)) for point in (here, there))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH * asin(min(1.0, sqrt(half)))


def said(here, there):
    """« à 8 km », « dans la même commune », or that it is not known."""
    km = kilometres(here, there)
    if km is None:
        return "à une distance inconnue"
    if here.commune and here.commune == there.commune:
        return "dans la même commune"
    return f"à {round(km)}\u00a0km" if km >= 1 else "à moins d’1\u00a0km"


def centre_of(polygons):
    """(latitude, longitude) of the middle of a commune; None when its outline encloses nothing.

    `polygons` are rings of [longitude, latitude], the outer one first. The middle is that of its
    area, holes left out, on a plane: at the size of a commune, the error is in metres.
    """
    area = east = north = 0.0
    for polygon in polygons:
        for at, ring in enumerate(polygon):
            part, x, y = moment(ring)
            sign = -1 if at else 1  # a hole takes away what it encloses
            area += sign * abs(part)
            east += sign * abs(part) * x
            north += sign * abs(part) * y
    return (north / area, east / area) if area > 0 else None


def moment(ring):
    """(signed area, x, y of its middle) of one ring, closed or not."""
    x0, y0 = ring[0]
    area = east = north = 0.0
    for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True):
        x1, y1, x2, y2 = x1 - x0, y1 - y0, x2 - x0, y2 - y0  # near zero, where floats are exact
        cross = x1 * y2 - x2 * y1
        area += cross / 2
        east += (x1 + x2) * cross / 6
        north += (y1 + y2) * cross / 6
    return (area, x0 + east / area, y0 + north / area) if area else (0.0, 0.0, 0.0)
