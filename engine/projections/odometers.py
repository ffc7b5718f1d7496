"""How far each courier rode on duty: what lies between reported positions, in millimeters.

Positions come every second or so, and most of them say little: they are only kept, and measured
every few seconds for all couriers at once, or for one of them when somebody wants to know.
"""

import numpy as np
from msgspec import Struct, field

from engine import events as e
from engine.columns import INT64, Int64s
from engine.values import CourierNumber, Millis
from geo.sphere import straight_mm, straight_mm_between

UNSEEN = -1
STEP_MS = 5_000
STILL_MM = 10_000  # a receiver that lies on a table wanders that far
SPEED_MAX_MM_S = 60_000  # faster is a mistake of the receiver: that leg does not count


def _int64s() -> Int64s:
    return np.zeros(0, INT64)


class Odometers(Struct):
    """By courier number: where the last measured leg ended, and the newest place.

    Places are pairs of lat_e7 and lon_e7. All columns are measured whole, without choosing rows:
    that costs less than choosing, and a courier nobody heard of has not moved.
    """

    places: Int64s = field(default_factory=_int64s)
    new_places: Int64s = field(default_factory=_int64s)
    measured_at: Int64s = field(default_factory=_int64s)
    new_measured_at: Int64s = field(default_factory=_int64s)
    on_duty: Int64s = field(default_factory=_int64s)
    ridden_mm: Int64s = field(default_factory=_int64s)
    read_at: Millis = Millis(0)  # the last time all of them were

    # events

    def reported(self, x: e.PositionsReported) -> None:
        numbers, lat_e7, lon_e7, measured_at = x.batch.columns()
        self.reserve(int(numbers.max()) + 1)
        places = self.new_places.reshape(-1, 2)
        places[numbers, 0], places[numbers, 1] = lat_e7, lon_e7
        self.new_measured_at[numbers] = measured_at

    # readings

    def is_due(self, at: Millis) -> bool:
        return at - self.read_at >= STEP_MS

    def read_all(self, at: Millis) -> Int64s:
        """How far each rode since the last reading."""
        self.read_at = at
        before, after = self.places.reshape(-1, 2), self.new_places.reshape(-1, 2)
        lasted_ms = self.new_measured_at - self.measured_at
        mm = straight_mm_between(before, after)
        is_first = self.measured_at == UNSEEN
        moved = (lasted_ms > 0) & (is_first | (mm >= STILL_MM))
        counts = moved & ~is_first & (mm * 1_000 <= SPEED_MAX_MM_S * lasted_ms)
        mm *= counts & (self.on_duty > 0)
        np.copyto(before, after, where=moved[:, None])
        np.copyto(self.measured_at, self.new_measured_at, where=moved)
        self.ridden_mm += mm
        return mm

    def read(self, number: CourierNumber) -> int:
        """How far one of them rode since the last reading: the same, for one."""
        since, until = int(self.measured_at[number]), int(self.new_measured_at[number])
        if until <= since:
            return 0
        pair = slice(2 * number, 2 * number + 2)
        mm: int = straight_mm(*self.places[pair].tolist(), *self.new_places[pair].tolist())
        if since != UNSEEN and mm < STILL_MM:
            return 0
        self.places[pair], self.measured_at[number] = self.new_places[pair], until
        plausible = mm * 1_000 <= SPEED_MAX_MM_S * (until - since)
        if since == UNSEEN or not plausible or not self.on_duty[number]:
            return 0
        self.ridden_mm[number] += mm
        return mm

    def set_duty(self, number: CourierNumber, is_on_duty: bool) -> None:
        """A way home and back, between two duties, is not the fleet's."""
        self.on_duty[number] = is_on_duty
        self.measured_at[number] = self.new_measured_at[number] = UNSEEN

    def reserve(self, size: int) -> None:
        """Make room, doubling, so that a growing fleet is copied seldom."""
        old = self.measured_at.size
        if size <= old:
            return
        more = (1 << (size - 1).bit_length()) - old
        for name, width in (("places", 2), ("new_places", 2), ("on_duty", 1), ("ridden_mm", 1)):
            setattr(self, name, np.append(getattr(self, name), np.zeros(width * more, INT64)))
        for name in ("measured_at", "new_measured_at"):
            setattr(self, name, np.append(getattr(self, name), np.full(more, UNSEEN, INT64)))
