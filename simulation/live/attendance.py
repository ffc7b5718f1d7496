"""Who works in a live store: a roster for each day, two shifts, clocks and breaks."""

from functools import partial

from engine.values import Millis
from gateway import messages as m
from simulation.commerce import conduct
from simulation.commerce.conduct import Duty
from simulation.commerce.parts import Shops
from simulation.live.city_time import text
from simulation.live.party import Party


class Attendance:
    """Everybody comes. Over the store's connection; duties are named after what it had seen."""

    def __init__(self, store: Party, shops: Shops) -> None:
        self._store, self._world = store, store.world
        length_ms = store.world.day.length_ms
        self._duties = conduct.duties(store.world.streams, shops, store.subject, length_ms)

    async def begin(self) -> None:
        """The first is there before the first customer."""
        await self._plan(0)
        for x in self._duties:
            if not x.comes_at:
                await self._clock_in(x)

    def foresee(self) -> None:
        store = self._store
        if self._duties:
            store.spawn(store.daily(0, self._again))
        for x in self._duties:
            store.spawn(store.daily(x.comes_at, partial(self._come, x)))
            store.spawn(store.daily(x.ends_at, partial(self._go, x)))
            if x.rests_at is not None:
                store.spawn(store.daily(x.rests_at, partial(self._rest, x)))
                store.spawn(store.daily(x.back_at, partial(self._return, x)))

    async def _again(self, number: int) -> None:
        if number:
            await self._plan(number)

    async def _plan(self, number: int) -> None:
        """A roster is written in the morning, and holds at once."""
        welcome, world = self._store.client.welcome, self._world
        assert welcome is not None
        began = world.time.day_began + number * world.day.length_ms
        for x in self._duties:
            key = f"duty-{welcome.seq}-{number}-{x.staff}"
            times = (text(Millis(began + at)) for at in (x.starts_at, x.ends_at))
            await self._store.ask(m.DraftDuty(key, x.staff, x.job.value, *times))
        if self._duties:
            await self._store.ask(m.PublishRoster())

    async def _come(self, x: Duty, number: int) -> None:
        """Who came before the first customer need not come again."""
        if number or x.comes_at:
            await self._clock_in(x)

    async def _clock_in(self, x: Duty) -> None:
        await self._store.ask(m.ClockIn(x.staff, x.job.value))

    async def _rest(self, x: Duty, _: int) -> None:
        await self._store.ask(m.StartBreak(x.staff))

    async def _return(self, x: Duty, _: int) -> None:
        await self._store.ask(m.EndBreak(x.staff))

    async def _go(self, x: Duty, _: int) -> None:
        await self._store.ask(m.ClockOut(x.staff))
