"""A whole city of clients: one connection per courier, store, provider, service and operator."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ssl import SSLContext

from engine.values import CASH, MINUTE
from simulation.days.day import Day
from simulation.live.city_time import CityTime
from simulation.live.courier_app import CourierApp
from simulation.live.office import Office
from simulation.live.order_service import OrderService
from simulation.live.party import Party, Phone, TokenSource, World
from simulation.live.provider import Provider
from simulation.live.store_terminal import StoreTerminal
from simulation.live.street import Street
from simulation.streams import RandomStreams

RESYNC_S = 0.05


class City:
    """`async with alive(...) as city`: everybody is connected and at work."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.office = Office(world)
        self.service = OrderService(world)
        names = () if world.providers else world.pays_with  # others answer for themselves
        self.banks = [Provider(world, x) for x in names if x != CASH]
        self.stores = [StoreTerminal(world, site) for site in world.day.sites]
        self.couriers = [CourierApp(world, profile) for profile in world.day.couriers]

    @property
    def parties(self) -> list[Party]:
        return [
            self.office,
            self.office.supervisor,
            self.service,
            *self.banks,
            *self.stores,
            *self.couriers,
        ]

    @property
    def refusals(self) -> Counter[str]:
        return self.world.refusals

    @property
    def reconnects(self) -> int:
        return sum(max(0, x.client.connections - 1) for x in self.parties)

    async def begin(self) -> None:
        """The office first, for it registers the others; then everybody at once."""
        self.office.client.start()
        await self.office.client.ready()
        self._tell_time()
        self.world.spawn(self._keep_time())
        await self.office.register()
        rest = [x for x in self.parties if x is not self.office]
        for party in rest:
            party.client.start()
        await asyncio.gather(*(x.client.ready() for x in rest))
        await asyncio.gather(*(x.open() for x in self.stores))
        self.world.time.day_began = self.world.time.now()
        await asyncio.gather(*(x.begin() for x in self.stores))
        for store in self.stores:
            store.foresee()
        for courier in self.couriers:
            if courier.subject in self.office.places:
                courier.stand(self.office.places[courier.subject])
            courier.spawn(courier.work())
        self.office.spawn(self.office.watch())
        self.office.expect()

    async def run(self, minutes: float | None) -> None:
        """Customers come for so many city minutes (None: until cancelled, or the day is over)."""
        until = None if minutes is None else self.world.time.day_began + minutes * MINUTE
        await self.service.serve(until)

    async def drain(self, at_most_min: float) -> bool:
        """Wait until every order of this run has ended; False if some have not by then."""
        until = self.world.time.now() + at_most_min * MINUTE
        while self.service.open_orders and self.world.time.now() < until:
            await asyncio.sleep(RESYNC_S)
        return not self.service.open_orders

    async def close(self) -> None:
        await asyncio.gather(*(x.client.close() for x in self.parties))

    def _tell_time(self) -> None:
        welcome = self.office.client.welcome
        assert welcome is not None
        self.world.time.set(welcome.at)

    async def _keep_time(self) -> None:
        """A server that was restarted tells another time than the one we were counting."""
        welcomed = self.office.client.connections
        while True:
            await asyncio.sleep(RESYNC_S)
            if self.office.client.connections != welcomed:
                welcomed = self.office.client.connections
                self._tell_time()


@asynccontextmanager
async def alive(
    url: str,
    token: TokenSource,
    day: Day,
    streams: RandomStreams,
    speed: float,
    providers: tuple[str, ...] = (),
    phone: Phone | None = None,
    tls: SSLContext | None = None,
) -> AsyncIterator[City]:
    """A city of clients at that server; whoever of them fails ends it.

    `providers`: whom customers pay with, if not the bank that is one of the clients; `phone`: and
    how, for those who do not by a code. `tls`: whom they trust at a `wss:` address.
    """
    async with asyncio.TaskGroup() as group:
        street = Street(streams, [x.location for x in day.sites])
        world = World(
            url, token, day, streams, CityTime(speed), street, group, providers, phone, tls=tls
        )
        city = City(world)
        try:
            await city.begin()
            yield city
        finally:
            world.stop()  # first: who still waits for an answer would take the end for a failure
            await city.close()
