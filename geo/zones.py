"""Delivery areas: polygons and circles. A point on the border belongs to the area.

Answers repeat on every machine: polygons are held in integer coordinates, which GEOS compares
with exact predicates; circles are measured with `sphere.straight_mm`.
"""

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import shapely
from msgspec import Struct
from numpy.typing import NDArray

from geo.points import Point
from geo.sphere import (
    FULL_TURN_E7,
    HALF_TURN_E7,
    MM_PER_E7,
    RIGHT_ANGLE_E7,
    Int64s,
    Places,
    cosines,
    straight_mm,
    straight_mm_between,
)

Booleans = NDArray[np.bool_]
Ring = tuple[Point, ...]  # closed: the last point is the first

ZoneErrorCode = Literal[
    "not_a_polygon",
    "ring_too_short",
    "ring_not_closed",
    "crosses_antimeridian",
    "invalid_polygon",
    "radius_not_positive",
]


class ZoneError(ValueError):
    """Not an area one can be in. The code is stable, the detail is for people."""

    def __init__(self, code: ZoneErrorCode, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code


class Circle(Struct, frozen=True, tag="circle"):
    """All places within a distance of its center. Raises ZoneError, PointError."""

    center: Point
    radius_m: int

    def __post_init__(self) -> None:
        self.center.checked()
        if self.radius_m <= 0:
            raise ZoneError("radius_not_positive", str(self.radius_m))

    def contains(self, point: Point) -> bool:
        c = self.center
        mm = straight_mm(c.lat_e7, c.lon_e7, point.lat_e7, point.lon_e7)
        return mm <= self.radius_m * 1_000

    def contains_each(self, rows: Places) -> Booleans:
        """(n,) for (n, 2) rows of lat_e7, lon_e7."""
        center = np.array([[self.center.lat_e7, self.center.lon_e7]])
        inside: Booleans = straight_mm_between(center, rows) <= self.radius_m * 1_000
        return inside

    def bounds_e7(self) -> tuple[float, float, float, float]:
        """West, south, east, north of a box around it; all longitudes where it meets ±180."""
        reach = self.radius_m * 1_000 / MM_PER_E7 + 1
        south, north = self.center.lat_e7 - reach, self.center.lat_e7 + reach
        narrowest = float(cosines(np.array([south, north])).min())
        if south <= -RIGHT_ANGLE_E7 or north >= RIGHT_ANGLE_E7:
            return -HALF_TURN_E7, south, HALF_TURN_E7, north
        # The distance divides by the cosines of both ends; with the least, no box is too small.
        west, east = self.center.lon_e7 - reach / narrowest, self.center.lon_e7 + reach / narrowest
        if west < -HALF_TURN_E7 or east > HALF_TURN_E7:
            west, east = -HALF_TURN_E7, HALF_TURN_E7
        return west, south, east, north


class Polygon(Struct, frozen=True, dict=True, tag="polygon"):
    """One or more polygons, each an outer ring and then its holes. Raises ZoneError, PointError.

    Edges are straight in latitude and longitude, as in GeoJSON (RFC 7946, 3.1.1).
    """

    parts: tuple[tuple[Ring, ...], ...]

    def __post_init__(self) -> None:
        if not self.parts or not all(self.parts):
            raise ZoneError("not_a_polygon", "no rings")
        for rings in self.parts:
            for ring in rings:
                _check_ring(ring)
        if not self.shape.is_valid:
            raise ZoneError("invalid_polygon", shapely.is_valid_reason(self.shape))

    @cached_property
    def shape(self) -> Any:
        """The shapely geometry, prepared; x is lon_e7, y is lat_e7."""
        parts = [
            shapely.Polygon(_xy(rings[0]), [_xy(hole) for hole in rings[1:]])
            for rings in self.parts
        ]
        shape = parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
        shapely.prepare(shape)
        return shape

    def contains(self, point: Point) -> bool:
        return bool(shapely.intersects_xy(self.shape, point.lon_e7, point.lat_e7))

    def contains_each(self, rows: Places) -> Booleans:
        """(n,) for (n, 2) rows of lat_e7, lon_e7."""
        inside: Booleans = shapely.intersects_xy(self.shape, rows[:, 1], rows[:, 0])
        return inside

    def bounds_e7(self) -> tuple[float, float, float, float]:
        """West, south, east, north."""
        west, south, east, north = self.shape.bounds
        return west, south, east, north


Zone = Circle | Polygon


class ZoneIndex:
    """Many zones asked about many points: boxes in an R-tree first, exact tests for the rest."""

    def __init__(self, zones: Sequence[Zone]) -> None:
        self.zones = tuple(zones)
        self._boxes = shapely.STRtree([shapely.box(*z.bounds_e7()) for z in self.zones])

    def pairs(self, rows: Places) -> tuple[Int64s, Int64s]:
        """(row, zone) indices of every containment, ordered by row, then by zone."""
        row, zone = self._boxes.query(shapely.points(rows[:, 1], rows[:, 0]))
        by_zone = np.argsort(zone, kind="stable")
        row, zone = row[by_zone], zone[by_zone]
        inside = np.zeros(len(row), np.bool_)
        ends = np.searchsorted(zone, np.arange(len(self.zones) + 1))
        for number, (start, end) in enumerate(pairwise(ends.tolist())):
            if start < end:
                candidates = rows[row[start:end]]
                inside[start:end] = self.zones[number].contains_each(candidates)
        row, zone = row[inside], zone[inside]
        order = np.argsort(row, kind="stable")  # and so by zone within each row
        return row[order], zone[order]

    def first(self, rows: Places) -> Int64s:
        """(n,) lowest number of a zone that contains the row, or -1."""
        result = np.full(len(rows), -1, np.int64)
        row, zone = self.pairs(rows)
        result[row[::-1]] = zone[::-1]  # the last write wins: the lowest
        return result


def polygon_of_geojson(geometry: dict[str, Any]) -> Polygon:
    """From a GeoJSON Polygon or MultiPolygon geometry: positions are longitude, then latitude.

    Raises ZoneError, and PointError with its hint where the two seem to be swapped.
    """
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind not in ("Polygon", "MultiPolygon"):
        raise ZoneError("not_a_polygon", f"type {kind!r}")
    parts: Any = coordinates if kind == "MultiPolygon" else [coordinates]
    try:
        return Polygon(tuple(tuple(_ring_of(ring) for ring in rings) for rings in parts))
    except (TypeError, IndexError, KeyError, OverflowError) as e:
        raise ZoneError("not_a_polygon", "coordinates are not nested arrays of numbers") from e


def geojson_of(polygon: Polygon) -> dict[str, Any]:
    """A GeoJSON geometry with the rings wound as RFC 7946, 3.1.6 wants them."""
    shape = shapely.orient_polygons(polygon.shape, exterior_cw=False)
    degrees = shapely.transform(shape, lambda xy: xy / 1e7)
    geometry: dict[str, Any] = shapely.geometry.mapping(degrees)
    return geometry


def _ring_of(positions: Any) -> Ring:
    return tuple(Point.of_degrees(p[1], p[0]) for p in positions)


def _xy(ring: Ring) -> list[tuple[int, int]]:
    return [(p.lon_e7, p.lat_e7) for p in ring]


def _check_ring(ring: Ring) -> None:
    for point in ring:
        point.checked()
    if len(ring) < 4:
        raise ZoneError("ring_too_short", f"{len(ring)} positions, a triangle has 4")
    if ring[0] != ring[-1]:
        raise ZoneError("ring_not_closed", f"{ring[0]} to {ring[-1]}")
    if any(abs(a.lon_e7 - b.lon_e7) > FULL_TURN_E7 // 2 for a, b in pairwise(ring)):
        raise ZoneError("crosses_antimeridian", "cut it in two (RFC 7946, 3.1.9)")
