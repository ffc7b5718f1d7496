"""The operator's office: registers who takes part, watches the city, gives up what is hopeless."""

from functools import partial

import msgspec

from engine.values import MINUTE, SECOND
from gateway import messages as m
from gateway.client import Update
from geo.points import Point
from geo.travel import TravelModel
from simulation.live.city_time import millis
from simulation.live.helpdesk import Helpdesk, Supervisor
from simulation.live.market import Market
from simulation.live.party import Party, World


class Office(Party):
    """`kpis` and `places` are the newest of the city feed."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "operator", "office")
        self.kpis: m.Kpis | None = None
        self.places: dict[str, Point] = {}  # couriers as last seen
        self._orders: dict[str, m.CityOrder] = {}
        self._working: dict[str, None] = {}  # couriers
        commerce = world.scenario.commerce
        self.supervisor = Supervisor(world)
        self._market = Market(self, commerce) if commerce else None
        self._helpdesk = Helpdesk(self, self.supervisor, commerce) if commerce else None
        self.client.subscribe("city", self._hear)

    async def register(self) -> None:
        """Under ids of their own, so that a city that is started again finds itself."""
        for product in self.world.scenario.products:
            listed = m.ListProduct(
                product.id,
                product.name,
                product.category,
                product.load,
                skills=product.skills,
                age_check=product.age_check,
            )
            await self.client.ask(listed)
        if self._market is not None:
            await self._market.open()
        for site in self.world.day.sites:
            place = m.Place(site.location.lat_deg, site.location.lon_deg)
            preparation_s = round(site.group.preparation_s.typical)
            await self._once(m.RegisterStore(site.id, site.name, place, preparation_s))
        for profile in self.world.day.couriers:
            group = profile.group
            skills, fleet = group.skills, group.fleet or None
            await self._once(
                m.RegisterCourier(profile.id, group.vehicle.value, group.capacity, skills, fleet)
            )

    def expect(self) -> None:
        """Tell the engine of slower and faster travel when it is known; campaigns in time."""
        world = self.world
        if self._market is not None:
            self._market.foresee()
        for at, told in world.conditions.news(world.scenario.engine, world.day.usual_rides):
            self.spawn(self.whenever(at, partial(self._tell, told.travel)))

    async def _tell(self, travel: TravelModel) -> None:
        reply = await self.ask(m.GetSettings())
        if reply is not None and isinstance(reply.body, m.Settings):
            speeds = msgspec.convert(travel, m.TravelSettings, from_attributes=True)
            settings = msgspec.structs.replace(reply.body.settings, travel=speeds)
            await self.ask(m.ChangeSettings(settings))

    async def _once(self, body: m.RegisterStore | m.RegisterCourier) -> None:
        """Who is registered already stays as registered."""
        reply = await self.client.ask(body)
        if reply.error is not None and reply.error.code != "already_exists":
            raise RuntimeError(f"{body}: {reply.error.code} {reply.error.message}")

    async def watch(self) -> None:
        """End what nobody has taken for hours: nothing else would."""
        office = self.world.scenario.operator
        while True:
            await self.sleep(office.looks_every_s * SECOND)
            oldest = self.world.time.now() - office.gives_up_after_min * MINUTE
            for order in list(self._orders.values()):
                waiting = order.delivery_status == "created" and order.order_status in (
                    "accepted",
                    "ready",
                )
                if waiting and millis(order.placed_at) < oldest:
                    await self.ask(m.CancelOrder(order.id, "undeliverable"))

    def _hear(self, update: Update) -> None:
        body: m.CityWhole | m.CityChanges = update.body
        if isinstance(body, m.CityWhole):
            self._orders.clear()
        for courier in body.couriers:
            if courier.lat is not None and courier.lon is not None:
                self.places[courier.id] = Point.of_degrees(courier.lat, courier.lon)
            self._see_working(courier)
        for order in body.orders:
            self._orders[order.id] = order
        if isinstance(body, m.CityChanges):
            for key in body.removed.orders if body.removed else []:
                self._orders.pop(key, None)
            for key, lat, lon in body.positions:
                self.places[key] = Point.of_degrees(lat, lon)
        if body.kpis is not None:
            self.kpis = body.kpis

    def _see_working(self, courier: m.CityCourier) -> None:
        """Who has gone home."""
        if courier.status != "off_shift":
            self._working[courier.id] = None
        elif self._working.pop(courier.id, courier) is None and self._helpdesk is not None:
            self._helpdesk.shift_ended(courier.id)
