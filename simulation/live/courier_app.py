"""A courier's phone: shifts, answers to offers, GPS, and the way along the route it is told."""

import asyncio
from collections import Counter
from functools import partial
from itertools import count

import numpy as np

from engine.values import MINUTE, SECOND, CourierId, DeliveryId, Millis, OrderId
from gateway import messages as m
from gateway.client import Update
from geo.points import E7, Point, places
from geo.wayfinding import Way
from simulation.days.city import PERMILLE, CourierProfile
from simulation.days.conditions import spells
from simulation.days.streets import rides_of, way_of
from simulation.live.city_time import text
from simulation.live.party import Party, World
from simulation.people import conduct
from simulation.people.conduct import Answer
from simulation.people.gps import Gps
from simulation.scenarios.episodes import Strike

REPORTS_AT_MOST_EVERY_S = 0.4  # of the wall, however fast the city runs
ACCURACY_M = 8.0
LOOKS_EVERY_MS = 30 * SECOND  # whether it is time for the break that was put off


class CourierApp(Party):
    """Does one thing at a time: rides to the first stop of the route, and acts there.

    `_ride` is that thing; another first stop on the route, and it is dropped for the new one.
    """

    def __init__(self, world: World, profile: CourierProfile) -> None:
        super().__init__(world, "courier", profile.id)
        self.profile = profile
        travel, self._rides = world.scenario.engine.travel, rides_of(world.scenario)
        self._speed_mm_s = max(
            1, travel.speed_mm_s(profile.group.vehicle) * profile.pace_permille // PERMILLE
        )
        self._way = Way.straight(profile.home, profile.home)
        self._left_at, self._arrives_at = Millis(0), Millis(0)
        self._on_shift = False
        self._heading: tuple[str, str] | None = None
        self._ride: asyncio.Task[None] | None = None
        self._considered: dict[tuple[str, str], None] = {}  # delivery, expiry
        self._broken = False
        self._sent_to: str | None = None  # the store last asked to wait near
        self._ends_at = Millis(0)  # of the shift
        self._strikes = spells(world.scenario, Strike)
        self._asked: Counter[str] = Counter()  # deliveries, how often
        city, noise_m = world.scenario.city, profile.group.gps_noise_m
        name = f"{world.streams.seed}/{profile.id}"
        self._gps = Gps(name, [noise_m], Point.of_degrees(city.lat, city.lon))
        self.client.subscribe("route", self._hear)

    # the day

    def stand(self, place: Point) -> None:
        """Where the courier was last seen, if this city ran before."""
        self._way = Way.straight(place, place)

    async def work(self) -> None:
        """Shift after shift, for as long as the city lives."""
        self.spawn(self._report_forever())
        for start, end, strike in self._strikes:
            if self._takes_part(strike):
                self.spawn(self.whenever(start, partial(self._walk_out, end - start)))
        day = self.world.day
        starts = self.profile.starts_ms - day.scenario.starts_ms + self.world.time.day_began
        length_ms = self.profile.ends_ms - self.profile.starts_ms
        for shift in count(1):
            await self.sleep(starts - self.world.time.now())
            await self._work_until(Millis(starts + length_ms), shift)
            if not day.comes_again:
                return
            while starts + length_ms <= self.world.time.now() + MINUTE:
                starts += day.length_ms

    async def _work_until(self, ends_at: Millis, shift: int) -> None:
        """One shift; after a breakdown the rest of it, if the repair leaves any."""
        group, streams = self.profile.group, self.world.streams
        self._ends_at = ends_at
        await self.sleep(self._strike_ms())
        if not self._on_shift:
            await self.ask(m.StartShift(text(ends_at)))
        rests = self.spawn(self._rest_now_and_then(ends_at, shift))
        breaks_ms = conduct.breakdown_ms(streams, group, CourierId(self.subject), shift)
        if breaks_ms is not None and self.world.time.now() + breaks_ms < ends_at:
            await self.sleep(breaks_ms)
            await self._break_down()
            await self.sleep(group.repair_min * MINUTE)
            self._broken = False
            if self.world.time.now() < ends_at:
                await self.ask(m.StartShift(text(ends_at)))
        await self.sleep(ends_at - self.world.time.now())
        rests.cancel()
        await self.ask(m.EndShift())

    async def _rest_now_and_then(self, ends_at: Millis, shift: int) -> None:
        """Nothing new from then on; with goods on board, the rest itself comes later."""
        group, streams, me = self.profile.group, self.world.streams, CourierId(self.subject)
        break_ms = round(group.break_min * MINUTE)
        for time in count(1):
            after_ms = conduct.break_after_ms(streams, group, me, shift, time)
            if after_ms is None or self.world.time.now() + after_ms + break_ms >= ends_at:
                return
            await self.sleep(after_ms)
            is_owed = True
            while is_owed:
                is_owed = self._heading is not None
                if self._on_shift:
                    await self.ask(m.TakeBreak(text(Millis(self.world.time.now() + break_ms))))
                while self._heading is not None:
                    await self.sleep(LOOKS_EVERY_MS)
            await self.sleep(break_ms)

    def _takes_part(self, strike: Strike) -> bool:
        mine = strike.couriers in ("", self.profile.group.name)
        streams = self.world.streams
        return mine and conduct.walks_out(streams, strike.share, strike.name, self.profile.id)

    def _strike_ms(self) -> int:
        """How long a strike that is going on keeps this courier from work."""
        now = self.world.moment
        on = [x for x in self._strikes if x[0] <= now < x[1] and self._takes_part(x[2])]
        return max((end for _, end, _ in on), default=now) - now

    async def _walk_out(self, for_ms: int) -> None:
        if self._on_shift:
            await self.ask(m.EndShift())
            await self.sleep(for_ms)
            if self.world.time.now() < self._ends_at:
                await self.ask(m.StartShift(text(self._ends_at)))

    async def _break_down(self) -> None:
        self._broken = True
        self._turn_to(None)
        self._send_fix()
        await self.ask(m.ReportBreakdown())

    # where

    def place(self) -> Point:
        done = self.world.time.now() - self._left_at
        return self._way.after(done, self._arrives_at - self._left_at)

    def _depart(self, goal: Point) -> int:
        now, here = self.world.time.now(), self.place()
        permille = self.world.conditions.leg_permille(self.world.moment, here, goal)
        trip_ms = self._rides.travel_ms(here, goal, max(1, self._speed_mm_s * permille // PERMILLE))
        self._way = way_of(self.world.scenario, here, goal)
        self._left_at, self._arrives_at = now, Millis(now + trip_ms)
        return trip_ms

    def _stand_still(self) -> None:
        here = self.place()
        self._way = Way.straight(here, here)

    def _send_fix(self) -> None:
        now = self.world.time.now()
        ((lat_e7, lon_e7),) = self._gps.fixes(places([self.place()]), np.zeros(1, np.int64), now)
        accuracy_m = max(ACCURACY_M, self.profile.group.gps_noise_m)
        fix = m.Fix(int(lat_e7) / E7, int(lon_e7) / E7, text(now), accuracy_m=accuracy_m)
        self.client.report([fix])

    async def _report_forever(self) -> None:
        city_s = max(
            self.world.scenario.positions_every_s,
            REPORTS_AT_MOST_EVERY_S * self.world.time.speed,
        )
        while True:
            self._send_fix()
            await self.sleep(city_s * SECOND)

    # offers and route

    def _hear(self, update: Update) -> None:
        route: m.Route = update.body
        self._on_shift = route.on_shift
        for offer in route.offers:
            key = offer.delivery, offer.expires_at
            if key not in self._considered:
                self._considered[key] = None
                self.spawn(self._consider(offer))
        open_offers = {(x.delivery, x.expires_at): None for x in route.offers}
        self._considered = {x: None for x in self._considered if x in open_offers}
        self._turn_to(route.stops[0] if route.stops and route.under_way else None)
        if route.wait_near is not None and route.wait_near.store != self._sent_to:
            self._sent_to = route.wait_near.store
            self._go_and_wait(route.wait_near)

    async def _consider(self, offer: m.Offer) -> None:
        courier, delivery = CourierId(self.subject), DeliveryId(offer.delivery)
        self._asked[delivery] += 1
        reply = conduct.offer_reply(
            self.world.streams,
            self.profile.group,
            courier,
            delivery,
            self._asked[delivery],
            self.world.conditions.acceptance(self.world.moment),
        )
        if reply.answer is Answer.SILENCE:
            return
        await self.sleep(reply.after_ms)
        if reply.answer is Answer.YES:
            await self.ask(m.AcceptOffer(offer.delivery))
        else:
            await self.ask(m.DeclineOffer(offer.delivery, reply.reason))

    def _turn_to(self, stop: m.RouteStop | None) -> None:
        heading = (stop.kind, stop.delivery) if stop is not None and not self._broken else None
        if heading == self._heading:
            return
        self._heading = heading
        if self._ride is not None:
            self._ride.cancel()
            self._ride = None
        self._stand_still()
        if stop is not None and heading is not None:
            self._ride = self.spawn(self._go(stop))

    def _go_and_wait(self, near: m.WaitNear) -> None:
        """Nothing to do: ride there, and stand. Said again later, the same place is no news."""
        if self._heading is None and not self._broken:
            self._depart(Point.of_degrees(near.place.lat, near.place.lon))

    async def _go(self, stop: m.RouteStop) -> None:
        """Ride there, say so, and do what is to be done. The next route tells how it goes on."""
        await self.sleep(self._depart(Point.of_degrees(stop.place.lat, stop.place.lon)))
        self._send_fix()
        await self.ask(m.ReportArrival(stop.delivery, stop.kind))
        if stop.kind == "pickup":
            await self._pick_up(stop)
        elif stop.kind == "dropoff":
            await self._drop_off(stop)
        else:
            self.world.street.brought_back(stop.delivery).set()

    async def _pick_up(self, stop: m.RouteStop) -> None:
        """Goods that are in the street already, with a colleague's broken scooter, are ready."""
        if stop.returns:
            door = self._ring(stop, stop.delivery)
            await self.sleep(door.after_ms)
            if door.failure:
                await self.ask(m.ReportFailure(stop.delivery, door.failure))
                return
        elif Point.of_degrees(stop.place.lat, stop.place.lon) in self.world.street.counters:
            await self.sleep(await self.world.street.fetch(stop.order))
        await self.ask(m.ReportPickup(stop.delivery))

    def _ring(self, stop: m.RouteStop, what: str) -> conduct.Door:
        """To hand it over, or to be given it. Whoever was not there may be the next time."""
        demand, attempt = self.world.scenario.demand, self.world.street.ring(what)
        return conduct.at_the_door(
            self.world.streams, self.profile.group, demand, OrderId(what), attempt
        )

    async def _drop_off(self, stop: m.RouteStop) -> None:
        door = self._ring(stop, stop.order)
        await self.sleep(door.after_ms)
        if door.failure:
            await self.ask(m.ReportFailure(stop.delivery, door.failure))
            return
        evidence = self.world.street.pin(stop.order) if stop.proof == "pin" else ""
        shown = m.ReportDropoff(stop.delivery, stop.proof, evidence, age_checked=stop.age_check)
        await self.ask(shown)
