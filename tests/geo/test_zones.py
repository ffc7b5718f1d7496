"""Delivery areas and cells: who is inside, borders included, one at a time and all at once."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.cells import (
    cell_of,
    cells_of,
    center_of,
    count_by_cell,
    disk_around,
    outline_of,
    parent_of,
)
from geo.points import SWAPPED, Point, PointError, distance_m, places
from geo.zones import Circle, Polygon, Zone, ZoneError, ZoneIndex, geojson_of, polygon_of_geojson

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


def test_geojson_goes_out_as_it_came_in_with_the_outer_ring_counterclockwise():
    clockwise = SQUARE[::-1]
    out = geojson_of(polygon(clockwise, HOLE))
    assert out["type"] == "Polygon"
    outer, hole = out["coordinates"]
    assert list(map(list, outer)) in [SQUARE[i:-1] + SQUARE[: i + 1] for i in range(4)]
    assert polygon_of_geojson(out).contains_each(places([PORTO])).tolist() == [False]
    assert len(hole) == 5


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
    inside = rows[zone.contains_each(rows)]
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


# many zones, many points

coordinate = st.integers(0, 60).map(lambda k: 5 * k)  # 0 to 3.3 m, often aligned
nearby = st.builds(Point, coordinate, coordinate)
triangles = st.lists(nearby, min_size=3, max_size=3, unique=True)


@st.composite
def zones(draw) -> Zone:
    if draw(st.booleans()):
        return Circle(draw(nearby), draw(st.integers(1, 2)))
    a, b, c = draw(triangles.filter(lambda t: _area(*t) != 0))
    return Polygon((((a, b, c, a),),))


def _area(a: Point, b: Point, c: Point) -> int:
    return (b.lat_e7 - a.lat_e7) * (c.lon_e7 - a.lon_e7) - (c.lat_e7 - a.lat_e7) * (
        b.lon_e7 - a.lon_e7
    )


@settings(deadline=None)
@given(st.lists(zones(), max_size=6), st.lists(nearby, max_size=30))
def test_the_index_finds_what_asking_each_zone_about_each_point_finds(areas, points):
    index = ZoneIndex(areas)
    expected = [
        (i, j) for i, p in enumerate(points) for j, zone in enumerate(areas) if zone.contains(p)
    ]
    row, zone = index.pairs(places(points))
    assert list(zip(row.tolist(), zone.tolist(), strict=True)) == expected
    first = [next((j for i, j in expected if i == row), -1) for row in range(len(points))]
    assert index.first(places(points)).tolist() == first


# cells


def test_a_cell_contains_its_center_and_is_as_large_as_h3_says():
    cell = cell_of(PORTO, 9)
    assert cell_of(center_of(cell), 9) == cell
    assert distance_m(center_of(cell), PORTO) < 250
    outline = outline_of(cell)
    assert len(outline) == 6
    assert Polygon((((*outline, outline[0]),),)).contains(PORTO)


def test_cells_are_counted_for_a_heat_map():
    far = Point.of_degrees(41.20, -8.50)
    rows = places([PORTO, far, PORTO, PORTO])
    assert cells_of(rows, 8).tolist() == [cell_of(Point(*r), 8) for r in rows.tolist()]
    cells, counts = count_by_cell(rows, 8)
    assert dict(zip(cells.tolist(), counts.tolist(), strict=True)) == {
        cell_of(PORTO, 8): 3,
        cell_of(far, 8): 1,
    }
    assert cells_of(places([]), 8).shape == (0,)


def test_cells_have_neighbors_and_parents():
    cell = cell_of(PORTO, 9)
    assert len(disk_around(cell, 1)) == 7
    assert cell in disk_around(cell, 2)
    assert parent_of(cell, 7) == cell_of(center_of(cell), 7)
    with pytest.raises(ValueError, match="finer"):
        parent_of(cell, 10)
    with pytest.raises(ValueError, match="0 to 15"):
        cell_of(PORTO, 16)
    with pytest.raises(ValueError, match="0 to 15"):
        parent_of(cell, -1)
