"""Rostering: when couriers are to work."""

from dataclasses import dataclass

from engine.commands import DropShift, PlanShift
from engine.events import ShiftDropped, ShiftPlanned
from engine.rejections import RejectionReason as Reason
from engine.state.couriers import Couriers
from engine.state.shifts import Shifts
from engine.turn import Turn
from engine.values import DAY, HOUR, MINUTE, CourierId, FleetId

SHIFT_MIN_MS, SHIFT_MAX_MS = 15 * MINUTE, 16 * HOUR
AHEAD_MAX_MS = 366 * DAY


@dataclass(eq=False, slots=True)
class Rostering:
    couriers: Couriers
    shifts: Shifts

    # commands

    def plan_shift(self, turn: Turn, c: PlanShift) -> None:
        lasts_ms = c.ends_at - c.starts_at
        if not SHIFT_MIN_MS <= lasts_ms <= SHIFT_MAX_MS or c.ends_at <= turn.at:
            turn.reject(Reason.MALFORMED, field="ends_at", limit_at=c.starts_at + SHIFT_MAX_MS)
        if c.starts_at > turn.at + AHEAD_MAX_MS:
            turn.reject(Reason.MALFORMED, field="starts_at", limit_at=turn.at + AHEAD_MAX_MS)
        self._check_known(turn, c.courier, c.fleet)  # first: what there is of others is not told
        if c.shift in self.shifts.of(c.courier):
            turn.reject(Reason.ALREADY_EXISTS)
        if found := self.shifts.within(c.courier, c.starts_at, c.ends_at):
            key, x = found
            turn.reject(Reason.OVERLAPPING, **{"with": key}, from_at=x.starts_at, to_at=x.ends_at)
        turn.emit(ShiftPlanned(c.courier, c.shift, c.starts_at, c.ends_at, turn.at))

    def drop_shift(self, turn: Turn, c: DropShift) -> None:
        self._check_known(turn, c.courier, c.fleet)
        if c.shift not in self.shifts.of(c.courier):
            turn.reject(Reason.UNKNOWN, what="shift", id=c.shift)
        turn.emit(ShiftDropped(c.courier, c.shift))

    # internals

    def _check_known(self, turn: Turn, courier: CourierId, fleet: FleetId) -> None:
        if self.couriers.known_to(fleet, courier) is None:
            turn.reject(Reason.UNKNOWN, what="courier", id=courier)
