"""Delivery areas: polygons and circles. A point on the border belongs to the area.

Answers repeat on every machine: polygons are held in integer coordinates, which GEOS compares
with exact predicates; circles are measured with `sphere.straight_mm`.
"""

from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import shapely
from msgspec import Struct

from geo.points import Point
from geo.sphere import (
    FULL_TURN_E7,
    HALF_TURN_E7,
    MM_PER_E7,
    RIGHT_ANGLE_E7,
    cosines,
    straight_mm,
)

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

    def bounds_e7(self) -> tuple[float, float, float, float]:
        """West, south, east, north."""
        west, south, east, north = self.shape.bounds
        return west, south, east, north


Zone = Circle | Polygon


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
