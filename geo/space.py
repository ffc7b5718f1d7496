"""Streets as a space: four numbers for every place, so that distances are ways by the streets.

Vivaldi and its kin place hosts of a network by delays (F. Dabek et al., SIGCOMM 2004); here the
corners of a grid over a city are placed so that straight lines in the space are as long as the
fastest ways by the streets are slow: a river pushes its banks apart, except at the bridges. Being
distances, they are the same in both directions and no detour shortens them, which is what a
search for plans prunes by. Integers in and out: the same on every machine.
"""

from functools import cached_property
from math import sqrt
from typing import Any

import numpy as np
from msgspec import Struct

from geo.points import Point
from geo.sphere import (
    HALF_TURN_E7,
    MM_PER_E7,
    RIGHT_ANGLE_E7,
    Int32s,
    Int64s,
    Places,
    cosines,
    kernel,
)

DIMENSIONS = 4
CORNERS_MAX = 1 << 16
CORNER_MAX_MM = 1 << 30  # a thousand kilometers: squares of differences do not overflow
STEP_MAX_E7 = 1_000_000  # eleven kilometers


class StreetSpace(Struct, frozen=True, dict=True, kw_only=True):
    """A grid of corners, the first in the south-west, row by row to the north.

    `corners_mm` holds four little-endian int32 for each: millimeters of a straight line that a
    vehicle would need as long for, at its usual detour. The first two are about east and north;
    beyond the grid, places lie as far from its edge as on the ground. `fault` says what is wrong.
    """

    south_e7: int
    west_e7: int
    step_lat_e7: int
    step_lon_e7: int
    rows: int
    columns: int
    corners_mm: bytes

    def fault(self) -> str:
        """Why nothing can be measured with this, or nothing."""
        if min(self.rows, self.columns) < 2 or self.rows * self.columns > CORNERS_MAX:
            return f"a grid of {self.rows} x {self.columns} corners"
        if not all(0 < x <= STEP_MAX_E7 for x in (self.step_lat_e7, self.step_lon_e7)):
            return "steps that are not within 1 to 1000000"
        north = self.south_e7 + (self.rows - 1) * self.step_lat_e7
        east = self.west_e7 + (self.columns - 1) * self.step_lon_e7
        if not -RIGHT_ANGLE_E7 <= self.south_e7 <= north <= RIGHT_ANGLE_E7:
            return "latitudes beyond the poles"
        if not -HALF_TURN_E7 <= self.west_e7 <= east <= HALF_TURN_E7:
            return "longitudes beyond the date line"
        if len(self.corners_mm) != 4 * DIMENSIONS * self.rows * self.columns:
            return f"{len(self.corners_mm)} bytes of corners"
        corners = np.frombuffer(self.corners_mm, "<i4")
        if int(corners.max()) > CORNER_MAX_MM or int(corners.min()) < -CORNER_MAX_MM:
            return "corners a thousand kilometers away"
        return ""

    @cached_property
    def grid(self) -> tuple[Int32s, Int64s]:
        """The corners (rows * columns, 4), and where they are: as the kernels take them."""
        corners = np.frombuffer(self.corners_mm, "<i4").reshape(-1, DIMENSIONS)
        middle = self.south_e7 + self.rows // 2 * self.step_lat_e7
        mm_per_lon = round(float(cosines(np.array(middle))) * MM_PER_E7 * 1_000)
        frame = (
            self.south_e7, self.west_e7, self.step_lat_e7, self.step_lon_e7,
            self.rows, self.columns, round(MM_PER_E7 * 1_000), mm_per_lon,
        )  # fmt: skip
        return corners.astype(np.int32), np.array(frame, np.int64)

    def apart_mm(self, a: Point, b: Point) -> int:
        """From a to b, and back; 0 only if they are as good as the same place."""
        mm: int = _apart_mm(*self.grid, a.lat_e7, a.lon_e7, b.lat_e7, b.lon_e7)
        return mm

    def locate(self, rows: Places) -> Int64s:
        """(n, 4) millimeters in the space, of (n, 2) rows of lat_e7, lon_e7."""
        located = np.empty((len(rows), DIMENSIONS), np.int64)
        _locate_all(*self.grid, np.ascontiguousarray(rows, np.int64), located)
        return located

    def nearest_mm(
        self, place: Point, rows: Int32s, lats_e7: Int32s, lons_e7: Int32s, seen_at: Int64s
    ) -> int:
        """To the nearest of these rows, of which none is nowhere as in `sphere.nearest`; or -1."""
        here = place.lat_e7, place.lon_e7
        mm: int = _nearest_mm(*self.grid, *here, rows, lats_e7, lons_e7, seen_at)
        return mm


@kernel
def _located(corners: Int32s, frame: Int64s, lat_e7: int, lon_e7: int) -> Any:
    """Between the four corners around it; beyond the grid, from the nearest place on its edge."""
    north, east = lat_e7 - frame[0], lon_e7 - frame[1]
    step_lat, step_lon, rows, columns = frame[2], frame[3], frame[4], frame[5]
    up = min(max(north, 0), (rows - 1) * step_lat)
    right = min(max(east, 0), (columns - 1) * step_lon)
    i, j = min(up // step_lat, rows - 2), min(right // step_lon, columns - 2)
    n, e = up - i * step_lat, right - j * step_lon
    s, w = step_lat - n, step_lon - e
    k, area = i * columns + j, step_lat * step_lon
    at = (k, k + 1, k + columns, k + columns + 1)
    share = (s * w, s * e, n * w, n * e)
    x, y, z, u = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    for corner in range(4):
        x += share[corner] * corners[at[corner], 0]
        y += share[corner] * corners[at[corner], 1]
        z += share[corner] * corners[at[corner], 2]
        u += share[corner] * corners[at[corner], 3]
    x = x // area + (east - right) * frame[7] // 1_000
    y = y // area + (north - up) * frame[6] // 1_000
    return x, y, z // area, u // area


@kernel
def _between_mm(a: Any, b: Any) -> int:
    square = 0.0
    for k in range(4):
        apart = float(a[k] - b[k])
        square += apart * apart
    return int(sqrt(square) + 0.5)


@kernel
def _apart_mm(
    corners: Int32s, frame: Int64s, lat_a_e7: int, lon_a_e7: int, lat_b_e7: int, lon_b_e7: int
) -> int:
    a = _located(corners, frame, lat_a_e7, lon_a_e7)
    return int(_between_mm(a, _located(corners, frame, lat_b_e7, lon_b_e7)))


@kernel
def _locate_all(corners: Int32s, frame: Int64s, rows: Places, located: Int64s) -> None:
    for k in range(rows.shape[0]):
        x, y, z, u = _located(corners, frame, rows[k, 0], rows[k, 1])
        located[k, 0], located[k, 1], located[k, 2], located[k, 3] = x, y, z, u


@kernel
def _nearest_mm(
    corners: Int32s,
    frame: Int64s,
    lat_e7: int,
    lon_e7: int,
    rows: Int32s,
    lats_e7: Int32s,
    lons_e7: Int32s,
    seen_at: Int64s,
) -> int:
    here, least = _located(corners, frame, lat_e7, lon_e7), np.int64(-1)
    for row in rows:
        if row < seen_at.shape[0] and seen_at[row] >= 0:
            there = _located(corners, frame, np.int64(lats_e7[row]), np.int64(lons_e7[row]))
            mm = _between_mm(here, there)
            if least < 0 or mm < least:
                least = mm
    return int(least)
