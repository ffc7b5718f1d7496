"""What every simulated client has: a connection, the city's time, and work that may be dropped."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from itertools import count
from ssl import SSLContext
from typing import Any

from engine.values import CASH, MINUTE, Millis
from gateway import messages as m
from gateway.client import Client, GivenUpError
from gateway.messages import Role
from simulation.days.conditions import Conditions
from simulation.days.day import Day
from simulation.live.city_time import CityTime
from simulation.live.street import Street
from simulation.scenarios.scenario import Scenario
from simulation.streams import RandomStreams

ANSWER_S = 120.0  # of the wall: a server that restarts needs a few seconds
TokenSource = Callable[[Role, str], str]
Phone = Callable[[m.Page], Awaitable[bool]]  # the customer uses it; False: that did not work


@dataclass(frozen=True, slots=True)
class World:
    """What all parties of one city share."""

    url: str
    token: TokenSource
    day: Day
    streams: RandomStreams
    time: CityTime
    street: Street
    group: asyncio.TaskGroup  # whoever fails, fails the city
    providers: tuple[str, ...] = ()  # whom customers pay with, if not the bank among us
    phone: Phone | None = None  # what they pay with, where it takes more than a code
    tls: SSLContext | None = None  # whom to trust, at a wss: address
    tasks: dict[asyncio.Task[None], None] = field(default_factory=dict)
    refusals: Counter[str] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)

    @property
    def scenario(self) -> Scenario:
        return self.day.scenario

    @property
    def pays_with(self) -> tuple[str, ...]:
        """Whom customers may name; the first is whom they name if they do not care."""
        commerce, bank = self.scenario.commerce, self.scenario.bank.name
        others = [x.name for x in commerce.providers] if commerce else []
        return self.providers or (bank, *others, CASH)

    @property
    def conditions(self) -> Conditions:
        return self.day.conditions

    @property
    def moment(self) -> Millis:
        """Now, as a time of the scenario's own day: its episodes come again every day."""
        passed_ms = self.time.now() - self.time.day_began
        if self.day.comes_again:
            passed_ms %= self.day.length_ms
        return Millis(self.scenario.starts_ms + passed_ms)

    async def until(self, moment: Millis) -> None:
        """Sleep until that time of the scenario's day, today or tomorrow."""
        left_ms = moment - self.moment
        if left_ms <= 0 and self.day.comes_again:
            left_ms += self.day.length_ms
        await self.time.sleep(left_ms)

    def ready_at(self, order: str) -> Millis | None:
        """If the day fixes when this order is ready: orders are named `run-key`."""
        offset = self.day.ready_ms.get(order.partition("-")[2])
        return None if offset is None else Millis(self.time.day_began + offset)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self.group.create_task(work)
        self.tasks[task] = None
        task.add_done_callback(self._forget)
        return task

    def stop(self) -> None:
        """Everybody drops what is at hand."""
        for task in list(self.tasks):
            task.cancel()

    def _forget(self, task: asyncio.Task[None]) -> None:
        self.tasks.pop(task, None)


class Party:
    """One client: a role and a subject. `ask` counts refusals; they are part of life."""

    def __init__(self, world: World, role: Role, subject: str) -> None:
        self.world = world
        self.subject = subject
        self.client = Client(
            world.url,
            lambda: world.token(role, subject),
            name=f"city/{subject}",
            tls=world.tls,
        )

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return self.world.spawn(work)

    async def ask(self, body: m.RequestBody, id: str | None = None) -> m.Reply | None:
        """The reply; None if it was refused, or nobody answered for a long time."""
        try:
            reply = await self.client.ask(body, id, ANSWER_S)
        except (TimeoutError, GivenUpError):
            self.world.unanswered[type(body).__name__] += 1
            return None
        if reply.error is None:
            return reply
        self.world.refusals[f"{type(body).__name__}: {reply.error.code}"] += 1
        return None

    async def sleep(self, city_ms: float) -> None:
        await self.world.time.sleep(city_ms)

    async def daily(self, offset_ms: int, what: Callable[[int], Awaitable[object]]) -> None:
        """So long after each day's first customer, with the number of that day, from 0."""
        day = self.world.day
        for number in count():
            at = self.world.time.day_began + number * day.length_ms + offset_ms
            await self.sleep(at - self.world.time.now())
            await what(number)
            if not day.comes_again:
                return

    async def whenever(self, moment: Millis, what: Callable[[], Awaitable[object]]) -> None:
        """At that time of the scenario's day, every day it comes."""
        while self.world.day.comes_again or self.world.moment < moment:
            await self.world.until(moment)
            await what()
            await self.sleep(MINUTE)  # past it for certain: clocks are not that exact
