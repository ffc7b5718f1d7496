"""Parts of a city: a disc or a polygon, who is inside, and how much of a way leads through.

Floats, but only of the operations IEEE 754 defines to the last bit.
"""

from itertools import pairwise
from math import sqrt
from typing import Annotated

import numpy as np
from msgspec import Meta

from geo.points import E7, Point
from geo.sphere import EARTH_RADIUS_M, cosines
from geo.zones import Circle, Polygon
from simulation.scenarios.quantities import NotNegative, Value
from simulation.streams import Draws

Latitude = Annotated[float, Meta(ge=-65, le=65)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
M_PER_E7 = EARTH_RADIUS_M * 3.141592653589793 / 180 / E7
TRIES_MAX = 100_000


class Area(Value, frozen=True, kw_only=True, dict=True):
    """`lat`, `lon`, `radius_m`: a disc. `polygon`: its corners, each [lat, lon], in degrees."""

    lat: Latitude = 0.0
    lon: Longitude = 0.0
    radius_m: NotNegative = 0.0
    polygon: list[tuple[Latitude, Longitude]] = []

    def __post_init__(self) -> None:
        if bool(self.radius_m) == bool(self.polygon):
            raise ValueError("says lat, lon and radius_m (a disc), or polygon")
        if self.polygon:
            corners = [Point.of_degrees(*x) for x in self.polygon]
            closed = corners if corners[0] == corners[-1] else [*corners, corners[0]]
            Polygon(((tuple(closed),),))  # raises ZoneError, a ValueError
            ring = [(float(x.lon_e7), float(x.lat_e7)) for x in closed]
            self.__dict__["ring"] = ring
        else:
            center = Point.of_degrees(self.lat, self.lon)
            Circle(center, max(1, round(self.radius_m)))
            scale = float(cosines(np.array([center.lat_e7]))[0])
            self.__dict__["disc"] = center, M_PER_E7 * scale

    @property
    def center(self) -> Point:
        """Of the disc; of the corners, if it is a polygon."""
        if not self.polygon:
            center: Point = self.__dict__["disc"][0]
            return center
        ring = self.__dict__["ring"][:-1]
        east, north = (sum(x[axis] for x in ring) / len(ring) for axis in (0, 1))
        return Point(round(north), round(east))

    def contains(self, point: Point) -> bool:
        if self.polygon:
            return self._is_within(float(point.lon_e7), float(point.lat_e7))
        x, y = self._meters(point)
        return x * x + y * y <= self.radius_m * self.radius_m

    def anywhere(self, draws: Draws) -> Point:
        """Every place in it alike."""
        west, south, east, north = self._box()
        for _ in range(TRIES_MAX):
            lon = west + draws.random() * (east - west)
            point = Point(round(south + draws.random() * (north - south)), round(lon))
            if self.contains(point):
                return point
        return self.center  # a polygon thinner than any place in it

    def share_of(self, a: Point, b: Point) -> float:
        """How much of the straight way from a to b leads through it, 0 to 1."""
        if a == b:
            return float(self.contains(a))
        marks = self._crossings(a, b) if self.polygon else self._entry_and_exit(a, b)
        inside, (ax, ay) = 0.0, (float(a.lon_e7), float(a.lat_e7))
        dx, dy = b.lon_e7 - ax, b.lat_e7 - ay
        for start, end in pairwise([0.0, *marks, 1.0]):
            middle = (start + end) / 2
            place = Point(round(ay + middle * dy), round(ax + middle * dx))
            if end > start and self.contains(place):
                inside += end - start
        return inside

    # internals

    def _meters(self, point: Point) -> tuple[float, float]:
        center, lon_m = self.__dict__["disc"]
        return (point.lon_e7 - center.lon_e7) * lon_m, (point.lat_e7 - center.lat_e7) * M_PER_E7

    def _box(self) -> tuple[float, float, float, float]:
        if self.polygon:
            xs, ys = zip(*self.__dict__["ring"], strict=True)
            return min(xs), min(ys), max(xs), max(ys)
        center, lon_m = self.__dict__["disc"]
        wide, high = self.radius_m / lon_m, self.radius_m / M_PER_E7
        return (
            center.lon_e7 - wide,
            center.lat_e7 - high,
            center.lon_e7 + wide,
            center.lat_e7 + high,
        )

    def _is_within(self, x: float, y: float) -> bool:
        """Even-odd rule: an odd number of edges to the east."""
        odd = False
        for (x1, y1), (x2, y2) in pairwise(self.__dict__["ring"]):
            if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
                odd = not odd
        return odd

    def _entry_and_exit(self, a: Point, b: Point) -> list[float]:
        """Where the way meets the circle, as parts of the way."""
        (ax, ay), (bx, by) = self._meters(a), self._meters(b)
        dx, dy = bx - ax, by - ay
        square, toward = dx * dx + dy * dy, ax * dx + ay * dy
        root = toward * toward - square * (ax * ax + ay * ay - self.radius_m * self.radius_m)
        if root <= 0 or square <= 0:
            return []
        marks = (-toward - sqrt(root)) / square, (-toward + sqrt(root)) / square
        return [x for x in marks if 0 < x < 1]

    def _crossings(self, a: Point, b: Point) -> list[float]:
        """Where the way meets the border, as parts of the way, in order."""
        ax, ay = float(a.lon_e7), float(a.lat_e7)
        dx, dy = b.lon_e7 - ax, b.lat_e7 - ay
        marks = []
        for (x1, y1), (x2, y2) in pairwise(self.__dict__["ring"]):
            ex, ey = x2 - x1, y2 - y1
            across = dx * ey - dy * ex
            if across:
                on_way = ((x1 - ax) * ey - (y1 - ay) * ex) / across
                on_edge = ((x1 - ax) * dy - (y1 - ay) * dx) / across
                if 0 < on_way < 1 and 0 <= on_edge <= 1:
                    marks.append(on_way)
        return sorted(marks)
