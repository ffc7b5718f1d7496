"""Rostering: when couriers are to work."""

from dataclasses import dataclass

from engine.commands import DropShift, PlanShift
from engine.events import ShiftDropped, ShiftPlanned
from engine.rejections import RejectionReason as Reason
from engine.rules.horizons import PLANNED_MS, horizon_fault
from engine.state.couriers import Couriers
from engine.state.settings import CurrentSettings
from engine.state.shifts import Shifts
from engine.turn import Turn
from engine.values import HOUR, MINUTE, CourierId, FleetId

SHIFT_MIN_MS, SHIFT_MAX_MS = 15 * MINUTE, 16 * HOUR  # nobody is planned for longer


@dataclass(eq=False, slots=True)
class Rostering:
    settings: CurrentSettings
    couriers: Couriers
    shifts: Shifts

    # commands

    def plan_shift(self, turn: Turn, c: PlanShift) -> None:
        """No longer than he could say, when it begins, that he will be at work."""
        longest_ms = min(SHIFT_MAX_MS, self.settings.current.shift_max_ms)
        if not SHIFT_MIN_MS <= c.ends_at - c.starts_at <= longest_ms or c.ends_at <= turn.at:
            turn.reject(Reason.MALFORMED, field="ends_at", limit_at=c.starts_at + longest_ms)
        turn.reject_for(horizon_fault(turn.at, c.starts_at, PLANNED_MS, "starts_at"))
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
