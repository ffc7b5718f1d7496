"""Where the simulated couriers are, as columns: row = courier number.

Everyone moves along the straight leg from where they set off to where they are going, as long
as the engine's own travel model says for their speed, or the city's streets; and as weather and
closed roads allow.
"""

import numpy as np
from numpy.typing import NDArray

from engine.values import Millis
from geo.points import Point, interpolate, interpolate_all
from geo.sphere import Places
from geo.travel import PERMILLE
from simulation.days.conditions import Conditions
from simulation.days.streets import Rides

Numbers = NDArray[np.int64]


class Movements:
    """Legs, and what has been ridden. Times in milliseconds, distances in millimeters.

    `planned_mm_s` are the speeds the engine counts with; how long the very same ways would have
    taken at them is in `planned_ms`, beside `ridden_ms`.
    """

    def __init__(
        self,
        rides: Rides,
        homes: list[Point],
        speeds_mm_s: list[int],
        planned_mm_s: list[int],
        conditions: Conditions,
    ) -> None:
        self._rides, self._conditions = rides, conditions
        self._speeds_mm_s, self._planned_mm_s = speeds_mm_s, planned_mm_s
        self._start, self._goal = list(homes), list(homes)
        self._left_at, self._trip_ms = [Millis(0)] * len(homes), [0] * len(homes)
        self._legs = np.zeros((len(homes), 6), np.int64)  # the same, as columns
        self._changed = dict.fromkeys(range(len(homes)))  # legs that are not yet in there
        self._leg_mm_s = list(speeds_mm_s)  # on the leg that is going on
        self.ridden_mm = [0] * len(homes)  # legs that are over, as all below
        self.ridden_ms = 0
        self.planned_ms = 0

    def depart(self, number: int, goal: Point, now: Millis) -> int:
        """Set off from wherever the courier is; how long it takes, in milliseconds."""
        here = self._break_off(number, now)
        speed = self._speeds_mm_s[number]
        if not self._conditions.always_fair:
            permille = self._conditions.leg_permille(now, here, goal)
            speed = max(1, speed * permille // PERMILLE)
        trip_ms = self._rides.travel_ms(here, goal, speed)
        self._leg_mm_s[number] = speed
        self._set_leg(number, here, goal, now, trip_ms)
        return trip_ms

    def stop(self, number: int, now: Millis) -> Point:
        """Stand still here, at the end of the leg or in the middle of it."""
        here = self._break_off(number, now)
        if self._trip_ms[number]:
            self._set_leg(number, here, here, now, 0)
        return here

    def where(self, numbers: Numbers, now: Millis) -> Places:
        """(n, 2) rows of lat_e7, lon_e7."""
        self._catch_up()
        legs = self._legs[numbers]
        return interpolate_all(legs[:, 0:2], legs[:, 2:4], now - legs[:, 4], legs[:, 5])

    # internals

    def _break_off(self, number: int, now: Millis) -> Point:
        """Where the leg is given up, or over; what has been ridden of it counts."""
        goal, trip_ms = self._goal[number], self._trip_ms[number]
        if not trip_ms:
            return goal
        done_ms = min(now - self._left_at[number], trip_ms)
        ridden = done_ms * self._leg_mm_s[number]
        self.ridden_mm[number] += ridden // 1_000
        self.ridden_ms += done_ms
        self.planned_ms += ridden // self._planned_mm_s[number]
        return interpolate(self._start[number], goal, done_ms, trip_ms)

    def _set_leg(self, number: int, start: Point, goal: Point, now: Millis, trip_ms: int) -> None:
        self._start[number], self._goal[number] = start, goal
        self._left_at[number], self._trip_ms[number] = now, trip_ms
        self._changed[number] = None

    def _catch_up(self) -> None:
        """All at once: a row of an array is dear to write, and most are never looked at."""
        if not self._changed:
            return
        rows = [*self._changed]
        legs = ((self._start[n], self._goal[n], self._left_at[n], self._trip_ms[n]) for n in rows)
        self._legs[rows] = [
            (a.lat_e7, a.lon_e7, b.lat_e7, b.lon_e7, at, trip_ms) for a, b, at, trip_ms in legs
        ]
        self._changed.clear()
