"""Geofences: has a courier arrived, left, or passed through between two fixes?

The way between fixes is tested, not the fixes alone: whoever jumps over a fence has crossed it. Who
is inside stays so until beyond a margin: a fix that trembles on the border is one arrival.
"""

from enum import IntEnum

import numpy as np
import shapely
from msgspec import Struct
from numpy.typing import NDArray

from geo.sphere import (
    FULL_TURN_E7,
    HALF_TURN_E7,
    MM_PER_E7,
    Floats,
    Int64s,
    Places,
    cosines,
)
from geo.zones import Circle, Polygon, Zone

Booleans = NDArray[np.bool_]


class Crossing(IntEnum):
    """What a step did. CROSS: from outside, through the zone, and beyond its margin at the end."""

    ENTER = 1
    EXIT = 2
    CROSS = 3


class Touch(Struct, frozen=True):
    """(n,) of each step: does it touch the zone, and does it end within the zone's margin?"""

    touched: Booleans
    ends_near: Booleans


class Fence:
    """A zone and its margin, against many steps. A polygon's margin is flat at its middle."""

    def __init__(self, zone: Zone, margin_m: int) -> None:
        if margin_m < 0:
            raise ValueError("a margin is not negative")
        self.zone = zone
        self.margin_m = margin_m
        if isinstance(zone, Polygon):
            self._outer = _grown(zone, margin_m)

    def touch(self, starts: Places, ends: Places) -> Touch:
        """For steps from each row of starts (n, 2) to the same row of ends."""
        if isinstance(self.zone, Circle):
            c = self.zone.center
            centers = np.array([[c.lat_e7, c.lon_e7]], np.int64)
            return touch_circles(starts, ends, centers, self.zone.radius_m, self.margin_m)
        steps = shapely.linestrings(np.stack((starts[:, ::-1], ends[:, ::-1]), axis=1))
        touched: Booleans = shapely.intersects(self.zone.shape, steps)
        near: Booleans = shapely.intersects_xy(self._outer, ends[:, 1], ends[:, 0])
        return Touch(touched, near)

    def along(self, track: Places) -> list[tuple[int, Crossing]]:
        """The crossings of one track in the order of its rows, each with the row that ends it.

        Starts outside: a track whose first row is in the zone enters with it.
        """
        touch = self.touch(np.vstack((track[:1], track[:-1])), track)
        inside, found = False, []
        for row, (touched, near) in enumerate(
            zip(touch.touched.tolist(), touch.ends_near.tolist(), strict=True)
        ):
            if inside and not near:
                found.append((row, Crossing.EXIT))
            elif not inside and touched:
                found.append((row, Crossing.ENTER if near else Crossing.CROSS))
            inside = near and (inside or touched)
        return found


def touch_circles(
    starts: Places, ends: Places, centers: Places, radius_m: Int64s | int, margin_m: Int64s | int
) -> Touch:
    """Steps against a circle each: centers (n, 2) or (1, 2); radius and margin (n,) or numbers.

    Planar around each center: the error is below 1e-4 of the radius for steps up to 10 km.
    """
    from_center, to_center = _local(starts, centers), _local(ends, centers)
    step = to_center - from_center
    length = (step * step).sum(axis=1)
    # Where along the step it is nearest to the center: 0 at its start, `length` at its end.
    foot = -(from_center * step).sum(axis=1)
    share = np.clip(foot / np.where(length > 0, length, 1), 0, 1)
    nearest = from_center + step * share[:, None]
    end_square = (to_center * to_center).sum(axis=1)
    nearest_square = np.minimum((nearest * nearest).sum(axis=1), end_square)
    inner = np.asarray(radius_m) * (1e3 / MM_PER_E7)
    outer = (np.asarray(radius_m) + margin_m) * (1e3 / MM_PER_E7)
    touched: Booleans = nearest_square <= inner * inner
    near: Booleans = end_square <= outer * outer
    return Touch(touched, near)


def _local(rows: Places, centers: Places) -> Floats:
    """(n, 2) north and east of the centers, in units of 1e-7 degree of latitude."""
    turn = rows[:, 1] - centers[:, 1]
    turn = (turn + HALF_TURN_E7) % FULL_TURN_E7 - HALF_TURN_E7
    north = (rows[:, 0] - centers[:, 0]).astype(np.float64)
    return np.column_stack((north, turn * cosines(centers[:, 0])))


def _grown(zone: Polygon, margin_m: int) -> shapely.Geometry:
    """The shape with its margin around it, in the same integer coordinates, prepared."""
    if margin_m == 0:
        return zone.shape
    _, south, _, north = zone.bounds_e7()
    middle = np.array([int(south + north) // 2], np.int64)
    squeeze = np.array([float(cosines(middle)[0]), 1.0])
    flat = shapely.transform(zone.shape, lambda xy: xy * squeeze)
    grown = flat.buffer(margin_m * 1e3 / MM_PER_E7)
    # The buffer's arcs come from the C library's sines; rounding makes them the same everywhere.
    outer = shapely.transform(grown, lambda xy: np.rint(xy / squeeze))
    shapely.prepare(outer)
    return outer
