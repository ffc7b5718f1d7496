"""Couriers' shifts as they were worked, of the last month: time, work and way of each.

What is finished after the end of a shift and before the next one belongs to it.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import NamedTuple

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


class Worked(NamedTuple):
    """The sum of some shifts."""

    shifts: int = 0
    on_duty_ms: int = 0
    busy_ms: int = 0
    delivered: int = 0
    on_time: int = 0
    ridden_mm: int = 0
    co2e_ug: int = 0
    earned_minor: int = 0

    def and_of(self, x: WorkedShift, done: Done) -> "Worked":
        work = done.work
        return Worked(
            self.shifts + 1,
            self.on_duty_ms + work.on_duty_ms,
            self.busy_ms + work.busy_ms,
            self.delivered + work.delivered,
            self.on_time + done.on_time,
            self.ridden_mm + done.ridden_mm,
            self.co2e_ug + done.ridden_mm * GRAMS_PER_KM[x.vehicle],
            self.earned_minor + work.earned_minor,
        )


class Totals(NamedTuple):
    """Of a courier's shifts but the last, which do not change any more, in order."""

    starts: list[Millis]  # of all of them, the last too
    upto: list[Worked]  # the sum of as many


class Shifts(Struct, dict=True):
    """Of each courier the last is the one that goes on, or could still be worked for."""

    shifts: dict[CourierId, list[WorkedShift]] = {}
    on_time: dict[CourierId, int] = {}

    def __post_init__(self) -> None:
        self._totals = {courier: _totals_of(known) for courier, known in self.shifts.items()}

    # queries

    def worked(
        self,
        couriers: Iterable[CourierId],
        from_at: int,
        to_at: int,
        now: Millis,
        fleet: Utilization,
        rides: Emissions,
    ) -> tuple[int, Worked]:
        """Who began any shift in that time, and the sum of these, with what goes on counted until
        now; a few steps a courier, however many shifts they were.
        """
        count, sums = 0, list(Worked())
        for courier in couriers:
            if (totals := self._totals.get(courier)) is None:
                continue
            first, end = bisect_left(totals.starts, from_at), bisect_left(totals.starts, to_at)
            if first >= end:
                continue
            last = len(totals.starts) - 1
            until = totals.upto[min(end, last)]
            if end > last:
                x = self.shifts[courier][last]
                until = until.and_of(x, self._done(courier, now, fleet, rides).less(x.done))
            count += 1
            since = totals.upto[first]
            sums = [x + b - a for x, a, b in zip(sums, since, until, strict=True)]
        return count, Worked(*sums)

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
        known = [*kept, WorkedShift(vehicle, at, x.ends_at, so_far)]
        self.shifts[x.courier], self._totals[x.courier] = known, _totals_of(known)

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


def _totals_of(known: list[WorkedShift]) -> Totals:
    upto = [Worked()]
    for x in known[:-1]:
        upto.append(upto[-1].and_of(x, x.done))
    return Totals([x.started_at for x in known], upto)
