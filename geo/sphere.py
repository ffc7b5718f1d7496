"""Distances on the sphere from +, -, *, / and sqrt alone, in a fixed order.

IEEE 754 defines these five to the last bit, but not sin, cos or atan: libraries differ. Decisions
read distances and must repeat on another machine, so the series are spelled out here. Compiled
they give the same bits: nothing allows the compiler another order, or a fused multiply-add.
"""

from math import factorial, pi, sqrt
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

EARTH_RADIUS_M = 6_371_008.8  # mean radius R1 of GRS 80: H. Moritz, J. Geodesy 74 (2000) 128-133
RADIANS_PER_E7 = pi / 180e7
MM_PER_E7 = EARTH_RADIUS_M * 1e3 * RADIANS_PER_E7  # along a meridian: 11.1 mm

RIGHT_ANGLE_E7 = 900_000_000
HALF_TURN_E7 = 1_800_000_000
FULL_TURN_E7 = 3_600_000_000

Places = NDArray[np.int64]  # shape (n, 2): lat_e7, lon_e7
Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
Floats = NDArray[np.float64]

# Taylor coefficients, highest power of x² first, for Horner's rule. To x^17 the sine is good to
# 5e-14 on a quarter turn; to x^12 the cosine is good to 2e-11 at 60 degrees, 2e-9 at 80.
_SINE = tuple((-1) ** k / factorial(2 * k + 1) for k in range(8, -1, -1))
_C12, _C10, _C8, _C6, _C4, _C2 = [(-1) ** k / factorial(2 * k) for k in range(6, 0, -1)]
_ARCTAN = tuple((-1) ** k / (2 * k + 1) for k in range(8, -1, -1))

kernel: Any = njit(cache=True, nogil=True)


@kernel
def sine(angle: float) -> float:
    """Of an angle within a quarter turn of zero, to 5e-14."""
    square = angle * angle
    total = _SINE[0]
    for coefficient in _SINE[1:]:
        total = total * square + coefficient
    return total * angle


@kernel
def sine_and_cosine(lat_e7: int) -> tuple[float, float]:
    """Of a latitude."""
    return sine(lat_e7 * RADIANS_PER_E7), sine((RIGHT_ANGLE_E7 - abs(lat_e7)) * RADIANS_PER_E7)


@kernel
def _arctan(tangent: float) -> float:
    """For 0 <= tangent <= 1: the angle is halved three times, where the series is short."""
    for _ in range(3):
        tangent = tangent / (1.0 + sqrt(1.0 + tangent * tangent))
    square = tangent * tangent
    total = _ARCTAN[0]
    for coefficient in _ARCTAN[1:]:
        total = total * square + coefficient
    return 8.0 * total * tangent


@kernel
def haversine_m(lat_a_e7: int, lon_a_e7: int, lat_b_e7: int, lon_b_e7: int) -> float:
    """Great-circle distance in meters, good to a millimeter anywhere on Earth.

    R. W. Sinnott, "Virtues of the haversine", Sky and Telescope 68 (1984) 159. Beyond a quarter of
    the globe, 1 - h would lose its digits: there it is the haversine to the antipode.
    """
    turn = abs(turn_e7(lon_a_e7, lon_b_e7))
    half_lat = sine((lat_b_e7 - lat_a_e7) * RADIANS_PER_E7 / 2)
    half_lon = sine(turn * RADIANS_PER_E7 / 2)
    # cos(lat) = sin(90 - |lat|), and the subtraction is exact in integers.
    cos_a = sine((RIGHT_ANGLE_E7 - abs(lat_a_e7)) * RADIANS_PER_E7)
    cos_b = sine((RIGHT_ANGLE_E7 - abs(lat_b_e7)) * RADIANS_PER_E7)
    h = half_lat * half_lat + cos_a * cos_b * (half_lon * half_lon)
    rest = 1.0 - h
    if h > 0.5:
        half_lat = sine((lat_b_e7 + lat_a_e7) * RADIANS_PER_E7 / 2)
        half_lon = sine((HALF_TURN_E7 - turn) * RADIANS_PER_E7 / 2)
        rest = half_lat * half_lat + cos_a * cos_b * (half_lon * half_lon)
    quarter_tangent = sqrt(h) / (1.0 + sqrt(rest))
    return 4.0 * EARTH_RADIUS_M * _arctan(quarter_tangent)


@kernel
def straight_mm(lat_a_e7: int, lon_a_e7: int, lat_b_e7: int, lon_b_e7: int) -> int:
    """Distance in millimeters as the haversine formula has it when sin(x) = x: fast, for cities.

    Relative error against `haversine_m` below 1e-5 up to 30 km and 1e-4 up to 100 km, at
    latitudes up to 65 degrees. Symmetric, and 0 only for the same place.
    """
    lat = lat_b_e7 - lat_a_e7
    lon = abs(lon_b_e7 - lon_a_e7)
    if lon > HALF_TURN_E7:
        lon = FULL_TURN_E7 - lon
    # Two cosines, inlined: in Python a call costs as much as the polynomial.
    x = lat_a_e7 * RADIANS_PER_E7
    s = x * x
    cos_a = 1.0 + s * (_C2 + s * (_C4 + s * (_C6 + s * (_C8 + s * (_C10 + s * _C12)))))
    x = lat_b_e7 * RADIANS_PER_E7
    s = x * x
    cos_b = 1.0 + s * (_C2 + s * (_C4 + s * (_C6 + s * (_C8 + s * (_C10 + s * _C12)))))
    return int(sqrt(lat * lat + cos_a * cos_b * (lon * lon)) * MM_PER_E7 + 0.5)


@kernel
def nearest(
    lat_e7: int, lon_e7: int, rows: Int32s, lats_e7: Int32s, lons_e7: Int32s, seen_at: Int64s
) -> int:
    """Which of these rows is the nearest place, as a flat map has it; of equals the first.

    Within a city no sphere would say otherwise, unless they are as good as equally far. Rows
    beyond the columns, or seen at a negative time, are nowhere; -1 if all are.
    """
    cos = straight_mm(lat_e7, 0, lat_e7, RIGHT_ANGLE_E7) / straight_mm(0, 0, 0, RIGHT_ANGLE_E7)
    found, least = -1, np.inf
    for row in rows:
        if row >= seen_at.shape[0] or seen_at[row] < 0:
            continue
        north = lats_e7[row] - float(lat_e7)
        east = abs(lons_e7[row] - float(lon_e7))
        east = cos * min(east, FULL_TURN_E7 - east)
        square = north * north + east * east
        if square < least:
            found, least = row, square
    return found


@kernel
def within(
    lat_e7: int, lon_e7: int, lats_e7: Int32s, lons_e7: Int32s, limit_mm: int
) -> NDArray[np.bool_]:
    """Which of these places are at most so far away, by `straight_mm`."""
    found = np.empty(lats_e7.shape[0], np.bool_)
    for k in range(lats_e7.shape[0]):
        found[k] = straight_mm(lat_e7, lon_e7, lats_e7[k], lons_e7[k]) <= limit_mm
    return found


def straight_mm_between(origins: Places, destinations: Places) -> Int64s:
    """`straight_mm` over arrays (..., 2) that broadcast; equal to it in every bit."""
    lat = destinations[..., 0] - origins[..., 0]
    lon = np.abs(destinations[..., 1] - origins[..., 1])
    lon = np.minimum(lon, FULL_TURN_E7 - lon)
    cos_ab = cosines(origins[..., 0]) * cosines(destinations[..., 0])
    mm: Int64s = (np.sqrt(lat * lat + cos_ab * (lon * lon)) * MM_PER_E7 + 0.5).astype(np.int64)
    return mm


def cosines(lat_e7: Int64s) -> Floats:
    """The cosine used by `straight_mm`, for latitudes of any shape."""
    x = lat_e7 * RADIANS_PER_E7
    s = x * x
    cos: Floats = 1.0 + s * (_C2 + s * (_C4 + s * (_C6 + s * (_C8 + s * (_C10 + s * _C12)))))
    return cos


@kernel
def turn_e7(from_lon_e7: int, to_lon_e7: int) -> int:
    """The signed way from one longitude to another, the short way round."""
    return (to_lon_e7 - from_lon_e7 + HALF_TURN_E7) % FULL_TURN_E7 - HALF_TURN_E7


def warm() -> None:
    """Compile what is asked about single places: seconds once on a machine, then milliseconds."""
    nobody, here = np.zeros(0, np.int32), (0, 0)
    haversine_m(*here, *here)
    straight_mm(*here, *here)
    nearest(*here, nobody, nobody, nobody, np.zeros(0, np.int64))
    within(*here, nobody, nobody, 0)
