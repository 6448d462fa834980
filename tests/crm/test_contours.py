"""Contours of the communes: a GeoJSON file read piece by piece, simplified, or asked of an API."""

import io
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.management import CommandError, call_command

from crm import contours, geo_api
from crm.contours import BadContours, gathered, shapes, simplified
from crm.models import Commune, CommuneContour, FormerCommune

WANTED = {"32132", "32208", "82112"}


def square(lon, lat, size=0.1):
    return [[lon, lat], [lon + size, lat], [lon + size, lat + size], [lon, lat + size], [lon, lat]]


def feature(code, ring=None, **properties):
    geometry = {"type": "Polygon", "coordinates": [ring or square(0.6, 43.8)]}
    return {"type": "Feature", "properties": {"code": code} | properties, "geometry": geometry}


def geojson(*features, **more):
    return json.dumps({"type": "FeatureCollection", **more, "features": features})


def read(text, wanted=WANTED):
    return list(shapes(io.StringIO(text), wanted))


def load(path, **options):
    out = io.StringIO()
    call_command("load_contours", *([str(path)] if path else []), stdout=out, **options)
    return out.getvalue().replace("\xa0", " ")


# Reading ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["code", "codgeo", "INSEE_COM", "insee_com", "code_insee"])
def test_code_is_found_under_its_usual_names(name):
    one = feature("x")
    one["properties"] = {name: "32132", "nom": "Fleurance"}
    (shape,) = read(geojson(one))
    assert shape.code == "32132"
    assert shape.polygons == [[[(0.6, 43.8), (0.7, 43.8), (0.7, 43.9), (0.6, 43.9)]]]


def test_several_polygons_and_holes_are_kept():
    one = feature("32132")
    hole = [[0.62, 43.82], [0.64, 43.82], [0.64, 43.84], [0.62, 43.82]]
    one["geometry"] = {
        "type": "MultiPolygon",
        "coordinates": [[square(0.6, 43.8), hole], [square(0.9, 43.8)]],
    }
    (shape,) = read(geojson(one))
    assert [len(polygon) for polygon in shape.polygons] == [2, 1]


def test_file_of_the_whole_country_is_read_a_piece_at_a_time():
    """Only what is wanted is kept, and never more of the text than a few pieces."""

    class Stream:
        def __init__(self):
            self.parts = self.text()
            self.asked = 0

        def text(self):
            yield '{"type": "FeatureCollection", "features": ['
            for n in range(20_000):
                code = "32132" if n == 15_000 else f"{n % 95 + 1:02d}{n % 1000:03d}X"
                yield json.dumps(feature(code)) + ","
            yield json.dumps(feature("32208")) + "]}"

        def read(self, size):
            self.asked += 1
            return next(self.parts, "")

    stream = Stream()
    assert [shape.code for shape in shapes(stream, WANTED)] == ["32132", "32208"]
    assert stream.asked == 20_002


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "pas du GeoJSON"),
        ("bonjour", "pas du GeoJSON"),
        ('{"type": "Topology", "objects": {}}', "features"),
        (geojson(), "aucun contour"),
        (geojson(feature("32132"))[:-40], "coupé ou mal écrit à partir du 1ᵉ contour"),
        (geojson(feature("32132"), feature("32208"))[:-90], "2ᵉ contour"),
        (geojson({"type": "Feature", "geometry": None}), "pas de propriétés"),
        (geojson(3), "pas de propriétés"),
        (geojson({"properties": {"nom": "Fleurance"}}), "code INSEE"),
        (geojson(feature("32132", [["a", "b"]] * 4)), "mal écrit"),
        (geojson(feature("32132", [[0.6]] * 4)), "mal écrit"),
        (geojson(feature("32132", [[float("nan"), 43.0]] * 4)), "mal écrit"),
        (geojson({"properties": {"code": "32132"}, "geometry": {"type": "Point"}}), "Polygon"),
        (geojson({"properties": {"code": "32132"}, "geometry": "rien"}), "Polygon"),
        ('{"features": [' + "[" * 100_000, "mal écrit"),
    ],
)
def test_what_is_no_geojson_of_communes_is_said_in_french(text, said):
    with pytest.raises(BadContours, match=said):
        read(text)


@pytest.mark.parametrize(
    ("ring", "said"),
    [
        (square(540_000.0, 6_300_000.0, 5000), "pas en degrés"),
        (square(43.8, 0.6), "inversées"),
        (square(-60.0, 14.0), "hors de France métropolitaine"),
        (square(200.0, 44.0), "pas en degrés"),
    ],
)
def test_coordinates_of_another_system_are_refused(ring, said):
    with pytest.raises(BadContours, match=said):
        read(geojson(feature("32132", ring)))


def test_named_system_of_coordinates_is_refused_unless_it_is_in_degrees():
    lambert = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2154"}}
    with pytest.raises(BadContours, match="2154"):
        read(geojson(feature("32132"), crs=lambert))
    for name in ("urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", "urn:ogc:def:crs:EPSG::4171"):
        degrees = {"type": "name", "properties": {"name": name}}
        assert read(geojson(feature("32132"), crs=degrees))


def test_overseas_commune_is_where_it_is():
    assert read(geojson(feature("97411", square(55.4, -20.9))), {"97411"})


# Gathering and simplifying -----------------------------------------------------------------------


def test_old_communes_of_an_older_file_draw_the_one_that_they_became():
    found = read(geojson(feature("32132"), feature("32999", square(0.7, 43.8))), {*WANTED, "32999"})
    drawn = gathered(found, {"32999": "32132"})
    assert len(drawn.polygons["32132"]) == 2
    assert drawn.merged == {"32132": ["32999"]}


def test_delegated_commune_within_the_new_one_adds_nothing():
    inside = feature("32999", square(0.62, 43.82, 0.05), commune="32132")
    found = read(geojson(feature("32132"), inside), {*WANTED, "32999"})
    drawn = gathered(found, {"32999": "32132"})
    assert len(drawn.polygons["32132"]) == 1
    assert drawn.merged == {}


def test_border_between_neighbours_is_still_one_line_once_simplified():
    """A border of a thousand points, run in both ways, and a junction with a third commune."""
    jagged = [(0.7 + (0.0007 if n % 2 else 0.0), round(43.8 + n / 2000, 4)) for n in range(201)]
    jagged[100] = (0.75, jagged[100][1])  # a true corner
    west = [(0.6, 43.8), *jagged, (0.6, 43.9)]
    east = [(0.9, 43.8), (0.9, 43.9), *jagged[::-1]]
    north = [(0.6, 43.9), (0.7, 43.9), (0.9, 43.9), (0.9, 44.0), (0.6, 44.0)]
    found = simplified({"w": [[west]], "e": [[east]], "n": [[north]]})
    (west,), (east,) = found["w"][0], found["e"][0]
    assert len(west) < 10
    shared = set(west) & set(east)
    assert {(0.7, 43.8), (0.75, 43.85), (0.7, 43.9)} <= shared
    edges = [
        {frozenset(pair) for pair in zip(ring, [*ring[1:], ring[0]], strict=True)}
        for ring in (west, east)
    ]
    assert len(edges[0] & edges[1]) == len(shared) - 1


def test_island_in_a_commune_keeps_its_shape_on_both_sides():
    hole = [(0.62 + n / 1000, 43.82) for n in range(20)] + [(0.64, 43.84), (0.62, 43.84)]
    around = [[(0.6, 43.8), (0.7, 43.8), (0.7, 43.9), (0.6, 43.9)], hole]
    found = simplified({"in": [[hole[::-1]]], "out": [around]})
    assert set(found["in"][0][0]) == set(found["out"][0][1])
    assert len(found["in"][0][0]) == 4


def test_tiny_commune_is_not_simplified_away():
    tiny = [(0.6, 43.8), (0.6005, 43.8), (0.6005, 43.8005)]
    assert len(simplified({"a": [[tiny]]})["a"][0][0]) == 3


# The command -----------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "communes.geojson"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_command_loads_the_communes_of_the_territories_and_says_which_are_missing(territory, file):
    path = file(geojson(feature("32132"), feature("32208", square(0.7, 43.8)), feature("75056")))
    said = load(path)
    assert "2 communes sur 3" in said
    assert "Sans contour : Moissac (82112)" in said
    contour = CommuneContour.objects.get(commune="32132")
    assert contour.source == "communes.geojson"
    assert contour.polygons == [[[[0.6, 43.8], [0.7, 43.8], [0.7, 43.9], [0.6, 43.9]]]]


def test_loading_again_replaces_and_keeps_the_others(territory, file):
    load(file(geojson(feature("32132"), feature("32208", square(0.7, 43.8)))))
    load(file(geojson(feature("32132", square(0.5, 43.8)))), source="IGN 2026")
    assert CommuneContour.objects.count() == 2
    again = CommuneContour.objects.get(commune="32132")
    assert (again.source, again.polygons[0][0][0]) == ("IGN 2026", [0.5, 43.8])


def test_command_draws_a_new_commune_by_its_old_ones(territory, file):
    fleurance = Commune.objects.get(pk="32132")
    FormerCommune.objects.create(code="32998", name="Vieille", commune=fleurance, search="vieille")
    said = load(file(geojson(feature("32132"), feature("32998", square(0.7, 43.8)))))
    assert "Fleurance (32132) est dessinée par ses anciennes communes : 32998." in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rien", "GeoJSON"),
        (geojson(feature("75056", square(2.3, 48.8))), "aucune des communes de vos territoires"),
        (geojson(feature("32132", square(540_000.0, 6_300_000.0))), "EPSG:4326"),
    ],
)
def test_refused_file_changes_nothing(territory, file, text, said):
    with pytest.raises(CommandError, match=said):
        load(file(text))
    assert not CommuneContour.objects.exists()


def test_command_wants_a_file_or_the_api_and_a_file_that_opens(territory, tmp_path):
    with pytest.raises(CommandError, match="--from-api"):
        load(None)
    with pytest.raises(CommandError, match="ne s’ouvre pas"):
        load(tmp_path / "absent.geojson")
    latin = tmp_path / "latin.geojson"
    latin.write_bytes('{"features": ["é"]}'.encode("latin-1"))
    with pytest.raises(CommandError, match="UTF-8"):
        load(latin)


def test_command_without_a_territory_says_what_to_run_first(db, tmp_path):
    with pytest.raises(CommandError, match="load_reference"):
        load(tmp_path / "x.geojson")


# The API -----------------------------------------------------------------------------------------


@pytest.fixture
def api(settings):
    """A server that answers `api.answers[EPCI]`: (status, body)."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            query = parse_qs(urlsplit(self.path).query)
            self.server.asked.append((urlsplit(self.path).path, query))
            status, body = self.server.answers[query["codeEpci"][0]]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.answers = [], {}
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings.GEO_API_URL = f"http://127.0.0.1:{server.server_port}"
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


LOMAGNE, TERRES = "243200391", "200066322"


def test_api_is_asked_for_the_contours_of_each_epci(territory, api):
    api.answers[LOMAGNE] = (200, geojson(feature("32132")).encode())
    api.answers[TERRES] = (200, geojson(feature("82112", square(1.1, 44.1))).encode())
    assert "2 communes sur 3" in load(None, from_api=True)
    path, query = api.asked[0]
    assert path == "/communes"
    assert (query["format"], query["geometry"]) == (["geojson"], ["contour"])
    assert {asked["codeEpci"][0] for _, asked in api.asked} == {LOMAGNE, TERRES}
    assert CommuneContour.objects.get(commune="82112").source == "geo.api.gouv.fr"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((404, b""), "ne connaît pas l’EPCI"),
        ((429, b""), "demande d’attendre"),
        ((500, b"oops"), "erreur 500"),
        ((200, b"<html>"), "pas du GeoJSON"),
        ((200, b"\xff\xfe"), "autre chose que du GeoJSON"),
    ],
)
def test_what_the_api_refuses_is_said_and_nothing_changes(territory, api, answer, said):
    api.answers[LOMAGNE] = (200, geojson(feature("32132")).encode())
    api.answers[TERRES] = answer
    with pytest.raises(CommandError, match=said):
        load(None, from_api=True)
    assert not CommuneContour.objects.exists()


def test_api_that_does_not_answer_is_said(territory, settings):
    settings.GEO_API_URL = "http://127.0.0.1:1"
    with pytest.raises(CommandError, match="ne répond pas"):
        load(None, from_api=True)


def test_an_answer_cut_on_the_way_is_said(territory, settings):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def cut():
            answer, _ = server.accept()
            with answer:
                answer.recv(4096)
                answer.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc")

        thread = threading.Thread(target=cut)
        thread.start()
        settings.GEO_API_URL = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(CommandError, match="ne répond pas"):
            load(None, from_api=True)
        thread.join()


def test_api_is_asked_in_the_clear_nowhere_but_here(settings):
    settings.GEO_API_URL = "http://geo.example.org"
    with pytest.raises(geo_api.Unreachable, match="https"):
        geo_api.contours_of(LOMAGNE)


def test_answer_without_end_is_not_read(territory, api, monkeypatch):
    monkeypatch.setattr(geo_api, "MAX_BYTES", 100)
    api.answers[LOMAGNE] = api.answers[TERRES] = (200, b"x" * 200)
    with pytest.raises(CommandError, match="trop lourde"):
        load(None, from_api=True)


def test_rounding_is_ten_metres():
    assert contours.ring_of([[0.123456, 43.0], [1, 44], [2, 43]])[0] == (0.1235, 43.0)
