"""When couriers are to work, as planned. Whether they do is in `couriers`."""

from msgspec import Struct

from engine.events import ShiftDropped, ShiftPlanned
from engine.values import DAY, CourierId, Millis, ShiftId

KEPT_MS = 31 * DAY  # after its end, until another is planned for the same courier


class PlannedShift(Struct, array_like=True):
    starts_at: Millis
    ends_at: Millis


class Shifts(Struct):
    """Invariant: no courier has two at once."""

    shifts: dict[CourierId, dict[ShiftId, PlannedShift]] = {}

    # queries

    def of(self, courier: CourierId) -> dict[ShiftId, PlannedShift]:
        return self.shifts.get(courier, {})

    def within(
        self, courier: CourierId, starts_at: Millis, ends_at: Millis
    ) -> tuple[ShiftId, PlannedShift] | None:
        """The first of his that overlaps this time."""
        for key, x in self.of(courier).items():
            if x.starts_at < ends_at and starts_at < x.ends_at:
                return key, x
        return None

    # events

    def shift_planned(self, e: ShiftPlanned) -> None:
        known = self.of(e.courier)
        assert e.shift not in known
        kept = {k: x for k, x in known.items() if e.at - x.ends_at < KEPT_MS}
        self.shifts[e.courier] = kept | {e.shift: PlannedShift(e.starts_at, e.ends_at)}

    def shift_dropped(self, e: ShiftDropped) -> None:
        del self.shifts[e.courier][e.shift]
