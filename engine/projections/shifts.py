"""Couriers' shifts as they were worked, of the last month: time, work and way of each.

What is finished after the end of a shift and before the next one belongs to it.
"""

from collections.abc import Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from engine import events as e
from engine.projections.clocks import NEVER, Clocks
from engine.projections.emissions import Emissions
from engine.projections.utilization import Utilization, Work
from engine.rules.emissions import GRAMS_PER_KM
from engine.values import DAY, CourierId, Millis
from geo.travel import Vehicle

KEPT_MS = 31 * DAY  # after it began


class Done(Struct, array_like=True):
    """What a courier has done since the first record, or during one shift."""

    work: Work = field(default_factory=Work)
    on_time: int = 0  # of those delivered
    ridden_mm: int = 0

    def less(self, before: "Done") -> "Done":
        names = Work.__struct_fields__
        work = Work(*(getattr(self.work, x) - getattr(before.work, x) for x in names))
        return Done(work, self.on_time - before.on_time, self.ridden_mm - before.ridden_mm)


class WorkedShift(Struct, array_like=True):
    """`done`: what was done before it began, until the next one begins; then what was in it."""

    vehicle: Vehicle
    started_at: Millis
    until: Millis  # as he said when it began
    done: Done
    ended_at: Millis = NEVER
    broken_down: bool = False

    @property
    def co2e_ug(self) -> int:
        return self.done.ridden_mm * GRAMS_PER_KM[self.vehicle]


class Shifts(Struct):
    """Of each courier the last is the one that goes on, or could still be worked for."""

    shifts: dict[CourierId, list[WorkedShift]] = {}
    on_time: dict[CourierId, int] = {}

    # queries

    def since(
        self,
        courier: CourierId,
        from_at: int,
        now: Millis,
        fleet: Utilization,
        rides: Emissions,
    ) -> Iterator[WorkedShift]:
        """Those that began then or later, in order, with what is going on counted until now."""
        known = self.shifts.get(courier, [])
        for number, x in enumerate(known, 1):
            if x.started_at >= from_at:
                is_last = number == len(known)
                done = self._done(courier, now, fleet, rides).less(x.done) if is_last else x.done
                yield replace(x, done=done)

    # events

    def started(self, at: Millis, x: e.ShiftStarted, fleet: Utilization, rides: Emissions) -> None:
        vehicle = rides.vehicle_of(x.courier)
        if vehicle is None:
            return  # registered before the first record that was folded
        so_far = self._done(x.courier, at, fleet, rides)
        known = self.shifts.get(x.courier, [])
        if known:
            known[-1].done = so_far.less(known[-1].done)
        kept = [y for y in known if at - y.started_at < KEPT_MS]
        self.shifts[x.courier] = [*kept, WorkedShift(vehicle, at, x.ends_at, so_far)]

    def ended(self, at: Millis, x: e.ShiftEnded) -> None:
        if known := self.shifts.get(x.courier):
            known[-1].ended_at, known[-1].broken_down = at, x.broken_down

    def completed(self, at: Millis, x: e.DeliveryCompleted, clocks: Clocks) -> None:
        clock = clocks.get(x.order)
        if clock is not None and e.happened_at(x, at) <= clock.promised_at:
            self.on_time[x.courier] = self.on_time.get(x.courier, 0) + 1

    # internals

    def _done(self, courier: CourierId, at: Millis, fleet: Utilization, rides: Emissions) -> Done:
        ridden_mm = rides.ridden_mm(courier)
        return Done(fleet.so_far(courier, at), self.on_time.get(courier, 0), ridden_mm)
