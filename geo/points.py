"""A place on the ground, in integers so that two machines always agree."""

from math import isfinite
from typing import Literal, Self

import numpy as np
from msgspec import Struct
from numba import njit
from numpy.typing import NDArray

from geo.sphere import (
    FULL_TURN_E7,
    HALF_TURN_E7,
    RIGHT_ANGLE_E7,
    Int64s,
    Places,
    haversine_m,
    turn_e7,
)

E7 = 10_000_000
Degrees = NDArray[np.int32] | NDArray[np.int64]  # times ten million

PointErrorCode = Literal["not_finite", "out_of_range"]
SWAPPED = "coordinates_swapped?"


class PointError(ValueError):
    """Not a place on Earth. `hint` is SWAPPED if it would be one with lat and lon exchanged."""

    def __init__(self, code: PointErrorCode, lat: float, lon: float, hint: str = "") -> None:
        super().__init__(f"{code}: lat {lat}, lon {lon}{' ' + hint if hint else ''}")
        self.code = code
        self.hint = hint


class Point(Struct, frozen=True, array_like=True):
    """Degrees times ten million: about one centimeter, and no floats to compare.

    Datum WGS-84. The constructor checks nothing, because it decodes every message: what comes
    from outside passes `of_degrees` or `checked` once.
    """

    lat_e7: int
    lon_e7: int

    @classmethod
    def of_degrees(cls, lat_deg: float, lon_deg: float) -> Self:
        """Rounded to the nearest 1e-7 degree. Raises PointError."""
        if not (isfinite(lat_deg) and isfinite(lon_deg)):
            raise PointError("not_finite", lat_deg, lon_deg)
        _check_range(lat_deg, lon_deg, 1)
        return cls(round(lat_deg * E7), round(lon_deg * E7))

    def checked(self) -> Self:
        """Itself, if latitude is within ±90 and longitude within ±180. Raises PointError."""
        _check_range(self.lat_e7, self.lon_e7, E7)
        return self

    @property
    def lat_deg(self) -> float:
        return self.lat_e7 / E7

    @property
    def lon_deg(self) -> float:
        return self.lon_e7 / E7


def _check_range(lat: float, lon: float, unit: int) -> None:
    if abs(lat) <= 90 * unit and abs(lon) <= 180 * unit:
        return
    swapped = abs(lat) > 90 * unit and abs(lon) <= 90 * unit and abs(lat) <= 180 * unit
    raise PointError("out_of_range", lat / unit, lon / unit, SWAPPED if swapped else "")


def distance_m(a: Point, b: Point) -> int:
    """Great-circle distance, rounded to meters: the same on every machine, near or far."""
    return int(haversine_m(a.lat_e7, a.lon_e7, b.lat_e7, b.lon_e7) + 0.5)


def interpolate(a: Point, b: Point, done: int, whole: int) -> Point:
    """Where `done` parts of `whole` along the straight leg from a to b end, rounded down.

    Linear in degrees: for legs within a city that is the great circle to less than a meter.
    Before the start (done < 0) it is a, past the end b; a leg of no length (whole <= 0) is over.
    """
    if whole <= 0 or done >= whole:
        return b
    if done <= 0:
        return a
    lon = a.lon_e7 + turn_e7(a.lon_e7, b.lon_e7) * done // whole
    return Point(a.lat_e7 + (b.lat_e7 - a.lat_e7) * done // whole, _wrapped(lon))


def interpolate_all(starts: Places, goals: Places, done: Int64s, whole: Int64s) -> Places:
    """`interpolate` for each row of (n, 2) starts and goals and (n,) done and whole."""
    there: Places = np.empty((len(whole), 2), np.int64)
    _interpolate_into(there, starts, goals, done, whole)
    return there


@njit(cache=True)
def _interpolate_into(
    there: Places, starts: Places, goals: Places, done: Int64s, whole: Int64s
) -> None:
    for k in range(whole.shape[0]):
        if whole[k] <= 0 or done[k] >= whole[k]:
            there[k] = goals[k]
        elif done[k] <= 0:
            there[k] = starts[k]
        else:
            north, east = goals[k, 0] - starts[k, 0], goals[k, 1] - starts[k, 1]
            east = (east + HALF_TURN_E7) % FULL_TURN_E7 - HALF_TURN_E7
            there[k, 0] = starts[k, 0] + north * done[k] // whole[k]
            lon = starts[k, 1] + east * done[k] // whole[k]
            there[k, 1] = (lon + HALF_TURN_E7) % FULL_TURN_E7 - HALF_TURN_E7


def places(points: list[Point]) -> Places:
    """Rows (lat_e7, lon_e7) of an (n, 2) array."""
    return np.array([(p.lat_e7, p.lon_e7) for p in points], dtype=np.int64).reshape(-1, 2)


def are_valid(lat_e7: Degrees, lon_e7: Degrees) -> NDArray[np.bool_]:
    """Which rows of two columns are places on Earth: `Point.checked` without the exception."""
    north_south = (lat_e7 >= -RIGHT_ANGLE_E7) & (lat_e7 <= RIGHT_ANGLE_E7)
    valid: NDArray[np.bool_] = north_south & (lon_e7 >= -HALF_TURN_E7) & (lon_e7 <= HALF_TURN_E7)
    return valid


def _wrapped(lon_e7: int) -> int:
    return (lon_e7 + HALF_TURN_E7) % FULL_TURN_E7 - HALF_TURN_E7
