"""Outlines of communes, read from a GeoJSON file and simplified. Pure: no Django.

Longitudes and latitudes are in degrees (WGS 84, as GeoJSON wants); a polygon is a list of rings, a
ring a list of (longitude, latitude) whose last point is not repeated.
"""

import json
import math
import re
from dataclasses import dataclass, field

CODES = ("code", "codgeo", "insee_com", "code_insee", "codeinsee", "insee", "com")
PARENTS = ("commune", "parent")  # of a delegated or associated commune, or of an arrondissement
CHUNK = 1 << 20
LARGEST_FEATURE = 8 * CHUNK  # no commune needs as much
PLACES = 4  # of a degree: ten metres
TOLERANCE = 0.0016  # of a degree of latitude: some 180 metres, less than a pixel of the map
# Overseas, a département has no such bounds; in Europe, its communes lie in these.
WEST, SOUTH, EAST, NORTH = -5.6, 41.0, 10.0, 51.6
OVERSEAS = ("97", "98")
FEATURES = re.compile(r'"features"\s*:\s*\[')
CRS = re.compile(r'"crs"\s*:\s*\{.{0,300}?"name"\s*:\s*"([^"]+)"', re.DOTALL)
DEGREES = re.compile(r"(CRS84|::?4326|::?4171|::?4258)$", re.IGNORECASE)


class BadContours(ValueError):
    """A French sentence: why the file cannot be read."""


@dataclass
class Shape:
    code: str
    polygons: list
    parent: str = ""


@dataclass
class Drawn:
    """What a file gives for the communes that are wanted, and what was said on the way."""

    polygons: dict = field(default_factory=dict)
    merged: dict = field(default_factory=dict)  # {code: codes of the former communes within}


def shapes(stream, wanted):
    """The shapes of the file whose code is in `wanted`, one at a time: a file of the whole country
    never stands in memory.

    BadContours for what is no GeoJSON of communes in degrees.
    """
    count = found = 0
    for feature in features(stream):
        count += 1
        shape = read(feature, count)
        if shape.code in wanted:
            found += 1
            check(shape)
            yield shape
    if not count:
        raise BadContours("Ce fichier ne contient aucun contour.")


def features(stream):
    """The features of a FeatureCollection, decoded one after the other."""
    text = ""
    while not (start := FEATURES.search(text)):
        more = stream.read(CHUNK)
        if not more or len(text) > LARGEST_FEATURE:
            raise BadContours(
                "Ce fichier n’est pas du GeoJSON\u00a0: il lui manque la liste "
                "«\u00a0features\u00a0»."
            )
        text += more
    check_crs(text[: start.start()])
    decoder, rest, count = json.JSONDecoder(), text[start.end() :], 0
    while True:
        rest = rest.lstrip().removeprefix(",").lstrip()
        if rest.startswith("]"):
            check_crs(rest[:2000])
            return
        try:
            if not rest:
                raise ValueError
            feature, end = decoder.raw_decode(rest)
        except RecursionError:
            raise BadContours(broken(count + 1)) from None
        except ValueError:
            more = stream.read(CHUNK)
            if not more or len(rest) > LARGEST_FEATURE:
                raise BadContours(broken(count + 1)) from None
            rest += more
            continue
        count += 1
        yield feature
        rest = rest[end:]


def broken(number):
    return (
        f"Ce fichier n’est pas du GeoJSON\u00a0: il est coupé ou mal écrit à partir du "
        f"{number}ᵉ contour."
    )


def check_crs(text):
    named = CRS.search(text)
    if named and not DEGREES.search(named[1]):
        raise BadContours(
            f"Les coordonnées de ce fichier sont dans le système {named[1]}\u00a0: "
            "convertissez-les en degrés (WGS 84, EPSG:4326)."
        )


def read(feature, number):
    if not isinstance(feature, dict) or not isinstance(feature.get("properties"), dict):
        raise BadContours(f"Le {number}ᵉ contour n’a pas de propriétés.")
    said = {str(name).lower(): value for name, value in feature["properties"].items()}
    code = next((str(said[name]) for name in CODES if said.get(name)), "")
    if not code:
        raise BadContours(
            f"Le {number}ᵉ contour ne dit pas son code INSEE\u00a0: il le faut dans une propriété "
            f"nommée {', '.join(CODES[:3])}…"
        )
    parent = next((str(said[name]) for name in PARENTS if said.get(name)), "")
    return Shape(code.zfill(5), polygons_of(feature.get("geometry"), code), parent)


def polygons_of(geometry, code):
    """The rings of a Polygon or a MultiPolygon; an empty geometry has none."""
    if geometry is None:
        return []
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        raise BadContours(
            f"Le contour de la commune {code} n’est ni un Polygon ni un MultiPolygon."
        )
    found = geometry.get("coordinates")
    try:
        polygons = [found] if kind == "Polygon" else list(found)
        rings = [[ring_of(ring) for ring in polygon] for polygon in polygons]
    except (TypeError, ValueError, IndexError, OverflowError):
        raise BadContours(f"Le contour de la commune {code} est mal écrit.") from None
    return [[ring for ring in polygon if ring] for polygon in rings if polygon and polygon[0]]


def ring_of(points):
    """Rounded, without repetitions; nothing for a ring that encloses no surface."""
    ring = []
    for point in points:
        lon, lat = float(point[0]), float(point[1])
        if not (math.isfinite(lon) and math.isfinite(lat)):
            raise ValueError
        at = round(lon, PLACES), round(lat, PLACES)
        if not ring or ring[-1] != at:
            ring.append(at)
    if len(ring) > 1 and ring[0] == ring[-1]:
        ring.pop()
    return ring if len(ring) >= 3 else []


def check(shape):
    """Degrees, longitude first, where the commune may be."""
    for ring in (ring for polygon in shape.polygons for ring in polygon):
        for lon, lat in ring:
            if abs(lon) > 180 or abs(lat) > 90:
                raise BadContours(
                    f"Les coordonnées de la commune {shape.code} ne sont pas en degrés "
                    f"({lon:.0f}, {lat:.0f})\u00a0: convertissez le fichier en WGS 84 (EPSG:4326)."
                )
            if shape.code.startswith(OVERSEAS):
                continue
            if WEST <= lat <= EAST and SOUTH <= lon <= NORTH:
                raise BadContours(
                    f"La longitude et la latitude de la commune {shape.code} semblent inversées"
                    "\u00a0: GeoJSON écrit la longitude d’abord."
                )
            if not (WEST <= lon <= EAST and SOUTH <= lat <= NORTH):
                raise BadContours(
                    f"La commune {shape.code} est hors de France métropolitaine ({lon}, {lat})"
                    "\u00a0: vérifiez le système de coordonnées du fichier."
                )


def gathered(found, former):
    """{current code: polygons} of the shapes; `former` maps an old commune to the current one.

    A file older than a merger draws the old communes side by side: together they are the new one.
    A delegated commune that its file draws within the new one adds nothing to it.
    """
    drawn, old = Drawn(), []
    for shape in found:
        if not shape.polygons:
            continue
        current = former.get(shape.code)
        if shape.parent or current:
            old.append((current or shape.parent, shape))
        else:
            drawn.polygons.setdefault(shape.code, []).extend(shape.polygons)
    boxes = {code: box(polygons) for code, polygons in drawn.polygons.items()}
    for current, shape in old:
        if current in boxes and within(box(shape.polygons), boxes[current]):
            continue
        drawn.polygons.setdefault(current, []).extend(shape.polygons)
        drawn.merged.setdefault(current, []).append(shape.code)
    return drawn


def box(polygons):
    points = [point for polygon in polygons for point in polygon[0]]
    lons, lats = zip(*points, strict=True)
    return min(lons), min(lats), max(lons), max(lats)


def within(one, other):
    margin = 0.001
    return (
        one[0] >= other[0] - margin
        and one[1] >= other[1] - margin
        and one[2] <= other[2] + margin
        and one[3] <= other[3] + margin
    )


def simplified(drawn, tolerance=TOLERANCE):
    """{code: polygons} with fewer points, the borders between neighbours still one line.

    A border is cut where a third commune meets it; each piece is simplified alone, and comes out
    the same from both sides.
    """
    around = {}
    for code, polygons in drawn.items():
        for ring in (ring for polygon in polygons for ring in polygon):
            for point in ring:
                around.setdefault(point, set()).add(code)
    return {
        code: [
            kept
            for polygon in polygons
            if (kept := [r for ring in polygon if (r := thinned(ring, around, tolerance))])
        ]
        for code, polygons in drawn.items()
    }


def thinned(ring, around, tolerance):
    """The ring through its junctions; a ring without any is cut at two far points."""
    count = len(ring)
    near = [around[point] for point in ring]
    at = [i for i in range(count) if not near[i - 1] == near[i] == near[(i + 1) % count]]
    if len(at) < 2:
        first = at[0] if at else ring.index(min(ring))
        far = max(range(count), key=lambda i: (distance(ring[i], ring[first]), ring[i]))
        at = sorted({first, far})
    if len(at) < 2:
        return []
    kept = []
    for start, end in zip(at, [*at[1:], at[0] + count], strict=True):
        piece = [ring[i % count] for i in range(start, end + 1)]
        if piece[0] > piece[-1]:  # the neighbour runs it the other way
            kept += reduced(piece[::-1], tolerance)[::-1][:-1]
        else:
            kept += reduced(piece, tolerance)[:-1]
    return kept if len(kept) >= 3 else ring


def reduced(points, tolerance):
    """Douglas and Peucker: the points farther than `tolerance` from the line that is kept."""
    keep, waiting = {0, len(points) - 1}, [(0, len(points) - 1)]
    while waiting:
        start, end = waiting.pop()
        farthest, at = 0.0, None
        for i in range(start + 1, end):
            off = offset(points[i], points[start], points[end])
            if off > farthest:
                farthest, at = off, i
        if at is not None and farthest > tolerance:
            keep.add(at)
            waiting += [(start, at), (at, end)]
    return [points[i] for i in sorted(keep)]


def offset(point, start, end):
    """From a point to the segment, in degrees of latitude."""
    shrink = math.cos(math.radians(start[1]))
    px, py = (point[0] - start[0]) * shrink, point[1] - start[1]
    ex, ey = (end[0] - start[0]) * shrink, end[1] - start[1]
    length = ex * ex + ey * ey
    along = max(0.0, min(1.0, (px * ex + py * ey) / length)) if length else 0.0
    return math.hypot(px - along * ex, py - along * ey)


def distance(one, other):
    return math.hypot(one[0] - other[0], one[1] - other[1])
