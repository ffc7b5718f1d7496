"""Where the simulated couriers are, as columns: row = courier number.

Everyone moves along the straight leg from where they set off to where they are going, as long
as the engine's own travel model says for their speed, or the city's streets; and as weather and
closed roads allow.
"""

import numpy as np
from numpy.typing import NDArray

from engine.values import Millis
from geo.points import Point, interpolate, interpolate_all, places
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
        self._starts, self._goals = places(homes), places(homes)  # the same, as columns
        self._left_at = np.zeros(len(homes), np.int64)
        self._trip_ms = np.zeros(len(homes), np.int64)
        self._leg_mm_s = list(speeds_mm_s)  # on the leg that is going on
        self.ridden_mm = [0] * len(homes)  # legs that are over, as all below
        self.ridden_ms = 0
        self.planned_ms = 0

    def depart(self, number: int, goal: Point, now: Millis) -> int:
        """Set off from wherever the courier is; how long it takes, in milliseconds."""
        here = self.stop(number, now)
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
        trip_ms = int(self._trip_ms[number])
        if not trip_ms:
            return self._goal[number]
        done_ms = min(now - int(self._left_at[number]), trip_ms)
        here = interpolate(self._start[number], self._goal[number], done_ms, trip_ms)
        ridden = done_ms * self._leg_mm_s[number]
        self.ridden_mm[number] += ridden // 1_000
        self.ridden_ms += done_ms
        self.planned_ms += ridden // self._planned_mm_s[number]
        self._set_leg(number, here, here, now, 0)
        return here

    def where(self, numbers: Numbers, now: Millis) -> Places:
        """(n, 2) rows of lat_e7, lon_e7."""
        done_ms = now - self._left_at[numbers]
        return interpolate_all(
            self._starts[numbers], self._goals[numbers], done_ms, self._trip_ms[numbers]
        )

    def _set_leg(self, number: int, start: Point, goal: Point, now: Millis, trip_ms: int) -> None:
        self._start[number], self._goal[number] = start, goal
        self._starts[number] = start.lat_e7, start.lon_e7
        self._goals[number] = goal.lat_e7, goal.lon_e7
        self._left_at[number], self._trip_ms[number] = now, trip_ms
