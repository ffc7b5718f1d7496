"""Areas, and small spaces of streets around where the tests' cities are."""

import numpy as np

from geo.points import Point
from geo.space import StreetSpace
from geo.travel import project
from geo.zones import Polygon

CENTER = Point(390_000_000, 1_160_000_000)
STEP_E7 = 20_000  # 220 m
SIZE = 21


def folded(height_m: float = 3_000, center: Point = CENTER) -> StreetSpace:
    """As on the ground, but for a ridge that runs north and south through the center."""
    south, west = center.lat_e7 - SIZE // 2 * STEP_E7, center.lon_e7 - SIZE // 2 * STEP_E7
    i, j = np.divmod(np.arange(SIZE * SIZE), SIZE)
    rows = np.column_stack((south + i * STEP_E7, west + j * STEP_E7))
    corners = np.zeros((SIZE * SIZE, 4))
    corners[:, :2] = project(rows, center)
    corners[:, 2] = np.where(j <= SIZE // 2, 0.0, height_m)
    return StreetSpace(
        south_e7=south, west_e7=west, step_lat_e7=STEP_E7, step_lon_e7=STEP_E7,
        rows=SIZE, columns=SIZE, corners_mm=(corners * 1_000).astype("<i4").tobytes(),
    )  # fmt: skip


def polygon(*rings: list[Point]) -> Polygon:
    """An outer ring and its holes, closed here."""
    return Polygon((tuple((*ring, ring[0]) for ring in rings),))
