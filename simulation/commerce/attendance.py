"""Who works in the stores: a roster in the morning, two shifts, clocks and breaks."""

from dataclasses import dataclass

from engine.commands import ClockIn, ClockOut, DraftDuty, EndBreak, PublishRoster, StartBreak
from engine.values import HOUR, MINUTE, DutyId, Job, Millis, StaffId, StoreId
from simulation.city import StoreSite
from simulation.commerce.parts import Shops
from simulation.day import Day
from simulation.world import World

CLOSING_MS = HOUR  # after the last customer, for those who come to fetch theirs
OVERLAP_MS = 15 * MINUTE  # the early shift waits for the late one
BREAK_AFTER_MS, BREAK_APART_MS = 2 * HOUR, 40 * MINUTE  # one after the other, never all at once
LONG_MS = 5 * HOUR  # only shifts as long as that have a break


@dataclass(frozen=True, slots=True)
class Duty:
    """One person's shift: the n-th of the store."""

    store: StoreId
    staff: StaffId
    job: Job
    number: int
    starts_at: Millis
    ends_at: Millis


class Attendance:
    """Everybody comes; all but the first of a store a little late, as life is."""

    def __init__(self, world: World, day: Day, shops: Shops) -> None:
        self._world, self._shops = world, shops
        scenario = day.scenario
        starts, ends = scenario.starts_ms, Millis(scenario.ends_ms + CLOSING_MS)
        middle = Millis((starts + ends) // 2)
        for site in day.sites:
            early = self._shift(site, "early", starts, Millis(middle + OVERLAP_MS))
            late = self._shift(site, "late", middle, ends)
            for duty in (*early, *late):
                self._draft(duty)
            if early:
                world.submit(PublishRoster(site.id))

    def _shift(self, site: StoreSite, name: str, starts: Millis, ends: Millis) -> list[Duty]:
        jobs = [Job.PICKER] * self._shops.pickers + [Job.CASHIER] * self._shops.cashiers
        return [
            Duty(site.id, StaffId(f"{site.id}-{name}-{n}"), job, n, starts, ends)
            for n, job in enumerate(jobs)
        ]

    def _draft(self, x: Duty) -> None:
        world = self._world
        key, times = DutyId(f"duty-{x.staff}"), (x.starts_at, x.ends_at)
        world.submit(DraftDuty(x.store, key, x.staff, x.job, *times))
        draws = world.streams.named("attendance", x.staff)
        late_ms = round(draws.exponential(self._shops.late_min) * MINUTE) if x.number else 0
        late_ms = min(late_ms, OVERLAP_MS)
        world.at(x.starts_at + late_ms, self._come, x)
        if x.ends_at - x.starts_at >= LONG_MS and self._shops.break_min:
            pause_at = x.starts_at + BREAK_AFTER_MS + x.number * BREAK_APART_MS
            world.at(pause_at, self._rest, x)
        world.surely(x.ends_at - world.now, self._go, x)

    def _come(self, x: Duty) -> None:
        self._world.submit(ClockIn(x.store, x.staff, x.job))

    def _rest(self, x: Duty) -> None:
        self._world.submit(StartBreak(x.store, x.staff, paid=False))
        self._world.after(round(self._shops.break_min * MINUTE), EndBreak(x.store, x.staff))

    def _go(self, x: Duty) -> None:
        self._world.submit(ClockOut(x.store, x.staff))
