"""Who works in the stores: a roster in the morning, two shifts, clocks and breaks."""

from engine.commands import ClockIn, ClockOut, DraftDuty, EndBreak, PublishRoster, StartBreak
from engine.values import DutyId, Millis, StaffId, StoreId
from simulation.commerce import conduct
from simulation.commerce.conduct import Duty
from simulation.commerce.parts import Shops
from simulation.days.day import Day
from simulation.world import World


class Attendance:
    """Everybody comes."""

    def __init__(self, world: World, day: Day, shops: Shops) -> None:
        self._world, self._starts_ms = world, day.scenario.starts_ms
        for site in day.sites:
            duties = conduct.duties(world.streams, shops, site.id, day.length_ms)
            for duty in duties:
                self._draft(site.id, duty)
            if duties:
                world.submit(PublishRoster(site.id))

    def _draft(self, store: StoreId, x: Duty) -> None:
        world, key, staff = self._world, DutyId(f"duty-{x.staff}"), StaffId(x.staff)
        times = self._at(x.starts_at), self._at(x.ends_at)
        world.submit(DraftDuty(store, key, staff, x.job, *times))
        world.at(self._at(x.comes_at), world.submit, ClockIn(store, staff, x.job))
        if x.rests_at is not None:
            rests = StartBreak(store, staff, paid=False)
            world.at(self._at(x.rests_at), world.submit, rests)
            world.after(self._at(x.back_at) - world.now, EndBreak(store, staff))
        world.after(self._at(x.ends_at) - world.now, ClockOut(store, staff))

    def _at(self, offset_ms: int) -> Millis:
        return Millis(self._starts_ms + offset_ms)
