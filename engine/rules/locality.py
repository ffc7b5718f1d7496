"""One engine, one city: what is too far away to be of it.

A fix may be wrong by a continent, and a store may be registered with swapped digits; neither may
keep anybody else from being served.
"""

import numpy as np
from numpy.typing import NDArray

from engine.columns import Int32s
from geo.points import Point, distance_m
from geo.sphere import within

CITY_REACH_M = 100_000  # from its first store


def is_near(center: Point, place: Point) -> bool:
    return distance_m(center, place) <= CITY_REACH_M


def are_near(center: Point, lat_e7: Int32s, lon_e7: Int32s) -> NDArray[np.bool_]:
    """`is_near`, to within a tenth of a percent, for columns of places."""
    limit_mm = CITY_REACH_M * 1_000
    near: NDArray[np.bool_] = within(center.lat_e7, center.lon_e7, lat_e7, lon_e7, limit_mm)
    return near
