"""Where the simulated couriers are, as columns: row = courier number.

Everyone moves along the straight leg from where they set off to where they are going, as long
as the engine's own travel model says for their speed.
"""

import numpy as np
from numpy.typing import NDArray

from engine.columns import PositionBatch
from engine.values import Millis
from geo.points import Point, interpolate, interpolate_all, places
from geo.travel import TravelModel

Numbers = NDArray[np.int64]


class Movements:
    """Legs, and what has been ridden. Times in milliseconds, distances in millimeters."""

    def __init__(self, travel: TravelModel, homes: list[Point], speeds_mm_s: list[int]) -> None:
        self._travel = travel
        self._speeds_mm_s = speeds_mm_s
        self._start, self._goal = list(homes), list(homes)
        self._starts, self._goals = places(homes), places(homes)  # the same, as columns
        self._left_at = np.zeros(len(homes), np.int64)
        self._trip_ms = np.zeros(len(homes), np.int64)
        self.ridden_mm = [0] * len(homes)  # legs that are over

    def depart(self, number: int, goal: Point, now: Millis) -> int:
        """Set off from wherever the courier is; how long it takes, in milliseconds."""
        here = self.stop(number, now)
        trip_ms = self._travel.travel_ms(here, goal, self._speeds_mm_s[number])
        self._set_leg(number, here, goal, now, trip_ms)
        return trip_ms

    def stop(self, number: int, now: Millis) -> Point:
        """Stand still here, at the end of the leg or in the middle of it."""
        trip_ms = int(self._trip_ms[number])
        if not trip_ms:
            return self._goal[number]
        done_ms = min(now - int(self._left_at[number]), trip_ms)
        here = interpolate(self._start[number], self._goal[number], done_ms, trip_ms)
        self.ridden_mm[number] += done_ms * self._speeds_mm_s[number] // 1_000
        self._set_leg(number, here, here, now, 0)
        return here

    def positions(self, numbers: Numbers, now: Millis) -> PositionBatch:
        """Where these couriers are, for one command."""
        done_ms = now - self._left_at[numbers]
        where = interpolate_all(
            self._starts[numbers], self._goals[numbers], done_ms, self._trip_ms[numbers]
        )
        times = np.full(len(numbers), now)
        return PositionBatch.pack(numbers, where[:, 0], where[:, 1], times)

    def _set_leg(self, number: int, start: Point, goal: Point, now: Millis, trip_ms: int) -> None:
        self._start[number], self._goal[number] = start, goal
        self._starts[number] = start.lat_e7, start.lon_e7
        self._goals[number] = goal.lat_e7, goal.lon_e7
        self._left_at[number], self._trip_ms[number] = now, trip_ms
