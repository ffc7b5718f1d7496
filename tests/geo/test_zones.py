"""Areas and cells: who is inside, borders included."""

import msgspec
import numpy as np
import pytest

from geo.cells import cell_of, outline_of
from geo.points import SWAPPED, Point, PointError
from geo.sphere import straight_mm_between
from geo.zones import Circle, Polygon, Zone, ZoneError, polygon_of_geojson

PORTO = Point.of_degrees(41.15, -8.61)
SQUARE = [[-8.62, 41.14], [-8.60, 41.14], [-8.60, 41.16], [-8.62, 41.16], [-8.62, 41.14]]
HOLE = [[-8.615, 41.145], [-8.615, 41.155], [-8.605, 41.155], [-8.605, 41.145], [-8.615, 41.145]]


def polygon(*rings: list[list[float]]) -> Polygon:
    return polygon_of_geojson({"type": "Polygon", "coordinates": rings})


# polygons


def test_geojson_positions_are_longitude_first():
    zone = polygon(SQUARE)
    assert zone.contains(PORTO)
    assert not zone.contains(Point.of_degrees(41.15, -8.63))
    assert not zone.contains(Point.of_degrees(41.17, -8.61))


def test_the_border_belongs_to_the_area_and_the_hole_does_not():
    zone = polygon(SQUARE, HOLE)
    assert zone.contains(Point.of_degrees(41.14, -8.61))
    assert zone.contains(Point.of_degrees(41.16, -8.60))
    assert zone.contains(Point.of_degrees(41.145, -8.61))  # the hole's border
    assert not zone.contains(PORTO)
    assert not zone.contains(Point(411_400_000 - 1, -86_100_000))


def test_an_area_may_have_several_parts():
    islands = {
        "type": "MultiPolygon",
        "coordinates": [[SQUARE], [[[0, 0], [1, 0], [0, 1], [0, 0]]]],
    }
    zone = polygon_of_geojson(islands)
    assert zone.contains(PORTO)
    assert zone.contains(Point.of_degrees(0.2, 0.2))
    assert not zone.contains(Point.of_degrees(0.8, 0.8))


@pytest.mark.parametrize(
    ("geometry", "code"),
    [
        ({"type": "Point", "coordinates": [0, 0]}, "not_a_polygon"),
        ({}, "not_a_polygon"),
        ({"type": "Polygon"}, "not_a_polygon"),
        ({"type": "Polygon", "coordinates": []}, "not_a_polygon"),
        ({"type": "MultiPolygon", "coordinates": []}, "not_a_polygon"),
        ({"type": "Polygon", "coordinates": [[[0], [1], [2], [0]]]}, "not_a_polygon"),
        ({"type": "Polygon", "coordinates": [[["0", "1"]]]}, "not_a_polygon"),
        ({"type": "Polygon", "coordinates": [[[0, 10**400]]]}, "not_a_polygon"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [0, 0]]]}, "ring_too_short"),
        ({"type": "Polygon", "coordinates": [SQUARE[:-1]]}, "ring_not_closed"),
        (
            {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]},
            "invalid_polygon",
        ),
        (
            {"type": "Polygon", "coordinates": [[[179, 0], [-179, 0], [-179, 1], [179, 0]]]},
            "crosses_antimeridian",
        ),
    ],
)
def test_what_is_no_area_is_refused_with_a_code(geometry, code):
    with pytest.raises(ZoneError) as refused:
        polygon_of_geojson(geometry)
    assert refused.value.code == code


def test_latitude_first_is_noticed_where_it_can_be():
    shanghai = [[31.2, 121.4], [31.2, 121.6], [31.3, 121.6], [31.2, 121.4]]
    with pytest.raises(PointError) as refused:
        polygon(shanghai)
    assert refused.value.hint == SWAPPED


# circles


def test_a_circle_reaches_exactly_its_radius():
    zone = Circle(PORTO, 1_000)
    north = Point(PORTO.lat_e7 + 89_932, PORTO.lon_e7)  # 999.998 m
    assert zone.contains(north)
    assert not zone.contains(Point(north.lat_e7 + 1, north.lon_e7))


def test_circles_without_extent_or_place_are_refused():
    with pytest.raises(ZoneError, match="radius_not_positive"):
        Circle(PORTO, 0)
    with pytest.raises(PointError, match="out_of_range"):
        Circle(Point(900_000_001, 0), 5)


@pytest.mark.parametrize(
    "center", [PORTO, Point(0, 1_800_000_000), Point(899_999_000, 0), Point(-890_000_000, 77)]
)
def test_no_point_of_a_circle_lies_outside_its_box(center):
    zone = Circle(center, 3_000)
    random = np.random.default_rng(5)
    lat = center.lat_e7 + random.integers(-400_000, 400_000, 20_000)
    lon = center.lon_e7 + random.integers(-40_000_000, 40_000_000, 20_000)
    rows = np.column_stack((lat, (lon + 1_800_000_000) % 3_600_000_000 - 1_800_000_000))
    rows = rows[np.abs(lat) <= 900_000_000]
    away_mm = straight_mm_between(np.array([[center.lat_e7, center.lon_e7]]), rows)
    inside = rows[away_mm <= 3_000_000]
    assert all(zone.contains(Point(*x)) for x in inside[:50].tolist())
    assert len(inside) > 10
    west, south, east, north = zone.bounds_e7()
    assert ((inside[:, 0] >= south) & (inside[:, 0] <= north)).all()
    assert ((inside[:, 1] >= west) & (inside[:, 1] <= east)).all()


# zones as messages


def test_zones_survive_the_wire_and_nonsense_on_it_does_not():
    zones: list[Zone] = [Circle(PORTO, 500), polygon(SQUARE, HOLE)]
    assert zones[1].contains(PORTO) is False
    decoder = msgspec.msgpack.Decoder(list[Zone])
    assert decoder.decode(msgspec.msgpack.encode(zones)) == zones
    broken = msgspec.msgpack.encode([{"type": "circle", "center": [0, 0], "radius_m": -1}])
    with pytest.raises(msgspec.ValidationError, match="radius_not_positive"):
        decoder.decode(broken)


# cells


def test_the_outline_of_a_cell_contains_what_lies_in_it():
    outline = outline_of(cell_of(PORTO, 9))
    assert len(outline) == 6
    assert Polygon((((*outline, outline[0]),),)).contains(PORTO)
    for resolution in (16, -1):
        with pytest.raises(ValueError, match="0 to 15"):
            cell_of(PORTO, resolution)
