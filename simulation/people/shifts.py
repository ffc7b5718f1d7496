"""When couriers work: shifts, breaks, strikes, vehicles that break down, and overtime."""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from engine.commands import EndShift, ReportBreakdown, StartShift, TakeBreak
from engine.values import MINUTE, Millis
from simulation.days.city import CourierProfile
from simulation.days.conditions import spells
from simulation.people import conduct
from simulation.scenarios.episodes import Strike
from simulation.scenarios.scenario import Scenario
from simulation.world import World


class Riders(Protocol):
    """What a courier does with the vehicle meanwhile."""

    def stand(self, number: int) -> None:
        """Stay here, if there is nothing to do."""

    def break_off(self, number: int) -> None:
        """Stay here, whatever there is to do."""

    def report(self, number: int) -> None: ...

    def is_busy(self, number: int) -> bool: ...


class Shifts:
    """Row = courier number. `started` counts each courier's shifts, the rest of one included."""

    def __init__(
        self, world: World, scenario: Scenario, couriers: list[CourierProfile], riders: Riders
    ) -> None:
        self._world, self._couriers, self._riders = world, couriers, riders
        self.on_shift = np.zeros(len(couriers), np.bool_)
        self._started = [0] * len(couriers)
        self._ends_ms = [x.ends_ms for x in couriers]
        self._owed_ms = [0] * len(couriers)  # of a break that is due, and goods are on board
        for n, x in enumerate(couriers):
            if world.state.couriers[x.id].on_shift:
                self._work(n, x.ends_ms)
            elif x.starts_ms >= world.now:
                world.at(x.starts_ms, self._start, n, x.ends_ms)
            for starts_ms, ends_ms in x.again:
                world.at(starts_ms, self._start, n, ends_ms)
        self._strikes = spells(scenario, Strike)
        for start, end, _ in self._strikes:
            world.at(start, self._walk_out, end)

    def call_back(self, count: int, overtime_ms: int) -> None:
        """Ask the first so many of those who are at home to work a while longer."""
        home = np.flatnonzero(~self.on_shift)
        for n in home[:count].tolist():
            self._start(n, Millis(self._world.now + overtime_ms))

    def is_free(self, number: int) -> None:
        """Nothing to do any more: whoever owes himself a break takes it now."""
        if self._owed_ms[number]:
            self._world.later(0, self._rest, number, self._started[number])

    # internals

    def _start(self, n: int, ends_ms: Millis) -> None:
        now, profile = self._world.now, self._couriers[n]
        if self.on_shift[n] or ends_ms <= now:
            return
        if (back_at := self._strikes_until(n)) > now:
            self._world.at(back_at, self._start, n, ends_ms)
            return
        # A recorded day may know longer shifts than are allowed now.
        ends_ms = min(ends_ms, Millis(now + self._world.state.settings.current.shift_max_ms))
        self._riders.report(n)
        self._world.submit(StartShift(profile.id, ends_ms))
        self._work(n, ends_ms)

    def _work(self, n: int, ends_ms: Millis) -> None:
        """From now on, until the end of the shift or of patience."""
        now, profile = self._world.now, self._couriers[n]
        self.on_shift[n] = True
        shift = self._started[n] = self._started[n] + 1
        self._ends_ms[n], self._owed_ms[n] = ends_ms, 0
        leaves_at = int(ends_ms)
        part = self._world.habits.early_leave(profile.group, profile.id, shift)
        if part is not None:
            leaves_at = now + round((ends_ms - now) * part)
        self._then(n, shift, leaves_at - now, self._end)
        breaks = self._world.habits.breakdown_ms(profile.group, profile.id, shift)
        if breaks is not None and now + breaks < leaves_at:
            self._then(n, shift, breaks, self._break_down)
        self._await_break(n, shift, 1)

    def _then(self, n: int, shift: int, after_ms: int, what: Callable[[int], None]) -> None:
        """After so long, unless the shift is over by then."""
        self._world.later(after_ms, self._do, n, shift, what)

    def _do(self, n: int, shift: int, what: Callable[[int], None]) -> None:
        if self.on_shift[n] and self._started[n] == shift:
            what(n)

    def _end(self, n: int) -> None:
        self.on_shift[n] = False
        self._riders.stand(n)
        self._world.submit(EndShift(self._couriers[n].id))

    def _break_down(self, n: int) -> None:
        """Where exactly, the app still says; the rest of the shift is worked after the repair."""
        self.on_shift[n] = False
        self._riders.break_off(n)
        self._riders.report(n)
        self._world.submit(ReportBreakdown(self._couriers[n].id))
        repair_ms = round(self._couriers[n].group.repair_min * MINUTE)
        self._world.later(repair_ms, self._start, n, self._ends_ms[n])

    # taking a rest

    def _await_break(self, n: int, shift: int, time: int) -> None:
        profile = self._couriers[n]
        streams, group = self._world.streams, profile.group
        after_ms = conduct.break_after_ms(streams, group, profile.id, shift, time)
        break_ms = round(group.break_min * MINUTE)
        if after_ms is None or self._world.now + after_ms + break_ms >= self._ends_ms[n]:
            return

        def take(n: int) -> None:
            """Nothing new from now on; with goods on board, the rest itself comes later."""
            self._owed_ms[n] = break_ms if self._riders.is_busy(n) else 0
            self._rest_for(n, break_ms)
            self._await_break(n, shift, time + 1)

        self._then(n, shift, after_ms, take)

    def _rest(self, n: int, shift: int) -> None:
        if self._started[n] == shift and self.on_shift[n] and not self._riders.is_busy(n):
            break_ms, self._owed_ms[n] = self._owed_ms[n], 0
            self._rest_for(n, break_ms)

    def _rest_for(self, n: int, break_ms: int) -> None:
        if break_ms:
            until = Millis(self._world.now + break_ms)
            self._world.submit(TakeBreak(self._couriers[n].id, until))

    # strikes

    def _walk_out(self, back_at: Millis) -> None:
        for n in np.flatnonzero(self.on_shift).tolist():
            if self._strikes_until(n) > self._world.now:
                self._end(n)
                self._world.at(back_at, self._start, n, self._ends_ms[n])

    def _strikes_until(self, n: int) -> Millis:
        """When the courier works again; the past if there is no strike."""
        now, profile, until = self._world.now, self._couriers[n], Millis(0)
        for start, end, x in self._strikes:
            mine = start <= now < end and x.couriers in ("", profile.group.name)
            if mine and conduct.walks_out(self._world.streams, x.share, x.name, profile.id):
                until = max(until, end)
        return until
