"""Couriers: their answers to offers, and their way along the route they are told.

A courier's app knows nothing but the route: after every event that could have changed it, the
courier looks at the first stop and turns there, or stands still if there is none.
"""

from collections import Counter
from typing import Any

import numpy as np

from engine.columns import PositionBatch
from engine.commands import (
    AcceptOffer,
    DeclineOffer,
    RegisterCourier,
    ReportArrival,
    ReportDropoff,
    ReportFailure,
    ReportPickup,
    ReportPositions,
)
from engine.events import (
    CourierRepositioned,
    DeliveryCancelled,
    DeliveryCompleted,
    DeliveryFailed,
    DeliveryOffered,
    DeliveryPickedUp,
    DeliveryReturned,
    DeliveryStranded,
    DeliveryUnassigned,
    LegStarted,
    OrderReady,
)
from engine.rules.proving import age_checked_goods
from engine.state.deliveries import DeliveryStatus
from engine.state.orders import OrderStatus
from engine.values import (
    SECOND,
    CourierId,
    DeliveryId,
    FleetId,
    Millis,
    OrderId,
    Proof,
    Skill,
    Stop,
    StopKind,
)
from geo.points import Point
from simulation.days.city import PERMILLE
from simulation.days.day import Day
from simulation.days.streets import rides_of
from simulation.people.conduct import Answer
from simulation.people.gps import Gps
from simulation.people.movements import Movements, Numbers
from simulation.people.shifts import Shifts
from simulation.people.stores import Stores
from simulation.world import World

ROUTE_CHANGES = (
    LegStarted,
    DeliveryPickedUp,
    DeliveryCompleted,
    DeliveryFailed,
    DeliveryReturned,
    DeliveryUnassigned,
    DeliveryCancelled,
    DeliveryStranded,
)
AT_A_STOP = (DeliveryStatus.ARRIVED_AT_PICKUP, DeliveryStatus.ARRIVED_AT_DROPOFF)


class Fleet:
    """All couriers, by number. A courier does one thing at a time: `_turns` counts them."""

    def __init__(self, world: World, day: Day, stores: Stores) -> None:
        scenario, couriers = day.scenario, day.couriers
        self._world, self._scenario, self._stores = world, scenario, stores
        self._couriers, self._conditions = couriers, day.conditions
        self._number_of = {x.id: n for n, x in enumerate(couriers)}
        travel = scenario.engine.travel
        homes = [x.home for x in couriers]
        speeds = [
            max(1, travel.speed_mm_s(x.group.vehicle) * x.pace_permille // PERMILLE)
            for x in couriers
        ]
        planned = [travel.speed_mm_s(x.group.vehicle) for x in couriers]
        self.movements = Movements(rides_of(scenario), homes, speeds, planned, self._conditions)
        center = Point.of_degrees(scenario.city.lat, scenario.city.lon)
        noise_m = [x.group.gps_noise_m for x in couriers]
        self._gps = Gps(str(world.streams.seed), noise_m, center)
        self.busy_ms = [0] * len(couriers)  # with something to do; what is going on not included
        self._busy_since: list[Millis | None] = [None] * len(couriers)
        self._heading: list[Stop | None] = [None] * len(couriers)
        self._turns = [0] * len(couriers)
        self._moving = np.zeros(len(couriers), np.bool_)  # has a stop to go to, or is at it
        self._waiting: dict[OrderId, tuple[int, int]] = {}  # at the counter: number, turn
        self._asked: Counter[tuple[DeliveryId, CourierId]] = Counter()
        self._engage()

    def _engage(self) -> None:
        world = self._world
        for x in self._couriers:
            if world.state.couriers.get(x.id) is None:
                group, skills = x.group, [Skill(s) for s in x.group.skills]
                joins = group.vehicle, group.capacity, skills, FleetId(group.fleet)
                world.submit(RegisterCourier(x.id, *joins))
        self.shifts = Shifts(world, self._scenario, self._couriers, self)
        world.subscribe(DeliveryOffered, self._consider)
        world.subscribe(OrderReady, self._hand_over)
        world.subscribe(CourierRepositioned, self._go_and_wait)
        for event in ROUTE_CHANGES:
            world.subscribe(event, self._look_at_route)
        world.later(round(self._scenario.positions_every_s * SECOND), self._report_all)
        self._go_on()

    def _go_on(self) -> None:
        """With routes and offers there were before, from where everybody was last seen."""
        deliveries, now = self._world.state.deliveries, self._world.now
        for courier, route in deliveries.routes.items():
            n = self._number_of.get(courier, -1)
            if n < 0 or not route.stops or not route.under_way:
                continue
            stop = self._heading[n] = route.stops[0]
            self._moving[n], self._busy_since[n] = True, now
            turn = self._turns[n] = self._turns[n] + 1
            status = deliveries[stop.delivery].status
            is_there = status in AT_A_STOP or deliveries[stop.delivery].at_store
            if is_there:
                self._at_stop(n, turn, stop)
            else:
                trip_ms = self.movements.depart(n, self._place(stop), now)
                self._world.later(trip_ms, self._arrive, n, turn)
        for name, x in deliveries.open.items():
            if x.status is DeliveryStatus.OFFERED and x.courier in self._number_of:
                self._consider(DeliveryOffered(name, x.courier, x.offers, now))

    # positions

    def report(self, number: int) -> None:
        """Where the courier is, to the engine, now."""
        self._report(np.array([number]))

    def _report_all(self) -> None:
        numbers = np.flatnonzero(self.shifts.on_shift | self._moving)
        if numbers.size:
            self._report(numbers)
        self._world.later(round(self._scenario.positions_every_s * SECOND), self._report_all)

    def _report(self, numbers: Numbers) -> None:
        now = self._world.now
        seen = self._gps.fixes(self.movements.where(numbers, now), numbers, now)
        times = np.full(len(numbers), now)
        batch = PositionBatch.pack(numbers, seen[:, 0], seen[:, 1], times)
        self._world.submit(ReportPositions(batch))

    # who stops and who goes on

    def is_busy(self, number: int) -> bool:
        return self._heading[number] is not None

    def stand(self, number: int) -> None:
        """Stay here, if there is nothing to do."""
        self._stay(number, self._turns[number])

    def break_off(self, number: int) -> None:
        """Stay here, whatever there is to do."""
        self.movements.stop(number, self._world.now)

    def busy_until(self, now: Millis) -> int:
        """Milliseconds of all couriers together, what is going on included."""
        return sum(self.busy_ms) + sum(now - x for x in self._busy_since if x is not None)

    # offers

    def _consider(self, e: DeliveryOffered) -> None:
        """Somebody who is told, not asked, need not answer."""
        if self._world.state.deliveries[e.delivery].status is not DeliveryStatus.OFFERED:
            return
        group = self._couriers[self._number_of[e.courier]].group
        self._asked[e.delivery, e.courier] += 1
        reply = self._world.habits.offer_reply(
            group,
            e.courier,
            e.delivery,
            self._world.state.deliveries[e.delivery].order,
            self._asked[e.delivery, e.courier],
            self._conditions.acceptance(self._world.now),
        )
        if reply.answer is Answer.YES:
            self._world.after(reply.after_ms, AcceptOffer(e.courier, e.delivery))
        elif reply.answer is Answer.NO:
            decline = DeclineOffer(e.courier, e.delivery, reply.reason)
            self._world.after(reply.after_ms, decline)

    # the way

    def _go_and_wait(self, e: CourierRepositioned) -> None:
        """Nothing to do: ride to the store that was named, and stand there."""
        n = self._number_of[e.courier]
        if self._heading[n] is not None or not self.shifts.on_shift[n]:
            return
        turn = self._turns[n] = self._turns[n] + 1
        goal = self._world.state.stores[e.store].location
        trip_ms = self.movements.depart(n, goal, self._world.now)
        self._world.later(trip_ms, self._stay, n, turn)

    def _stay(self, n: int, turn: int) -> None:
        """Where the courier is, unless there is something to do by now."""
        if self._turns[n] == turn and self._heading[n] is None:
            self.movements.stop(n, self._world.now)

    def _look_at_route(self, e: Any) -> None:
        """Turn to the stop the route names now, if that is news."""
        courier: CourierId | None = e.courier
        if courier is None:
            return
        n, route = self._number_of[courier], self._world.state.deliveries.routes.get(courier)
        stop = route.stops[0] if route is not None and route.under_way else None
        if stop == self._heading[n]:
            return
        self._heading[n] = stop
        self._moving[n] = stop is not None
        turn = self._turns[n] = self._turns[n] + 1
        now = self._world.now
        if stop is None:
            self.movements.stop(n, now)
            since = self._busy_since[n]
            assert since is not None
            self.busy_ms[n] += now - since
            self._busy_since[n] = None
            self.shifts.is_free(n)
            return
        if self._busy_since[n] is None:
            self._busy_since[n] = now
        trip_ms = self.movements.depart(n, self._place(stop), now)
        self._world.later(trip_ms, self._arrive, n, turn)

    def _place(self, stop: Stop) -> Point:
        delivery = self._world.state.deliveries[stop.delivery]
        if stop.kind is StopKind.PICKUP:
            return delivery.pickup
        if stop.kind is StopKind.DROPOFF:
            return delivery.dropoff
        return self._world.state.stores[delivery.store].location

    def _arrive(self, n: int, turn: int) -> None:
        if self._turns[n] != turn:
            return  # the route has changed on the way
        stop = self._heading[n]
        assert stop is not None
        self._world.submit(ReportArrival(self._couriers[n].id, stop.delivery, stop.kind))
        self._at_stop(n, turn, stop)

    def _at_stop(self, n: int, turn: int, stop: Stop) -> None:
        """Wait for the goods, or for the door to open."""
        state, courier = self._world.state, self._couriers[n]
        delivery = state.deliveries[stop.delivery]
        order = delivery.order
        if stop.kind is StopKind.PICKUP and delivery.change and delivery.attempt == 1:
            demand, key = self._scenario.demand, OrderId(stop.delivery)
            door = self._world.habits.at_the_door(courier.group, demand, key)
            self._world.later(door.after_ms, self._fetch, n, turn, door.failure)
        elif stop.kind is StopKind.PICKUP:
            if state.orders[order].status is OrderStatus.ACCEPTED:
                self._waiting[order] = n, turn
            else:  # ready, or out of the store already: stranded with a colleague
                self._world.later(self._handover_ms(order), self._pick_up, n, turn)
        elif stop.kind is StopKind.DROPOFF:
            demand, attempt = self._scenario.demand, state.orders[order].reattempts
            door = self._world.habits.at_the_door(courier.group, demand, order, attempt)
            self._world.later(door.after_ms, self._at_door, n, turn, door.failure)

    def _fetch(self, n: int, turn: int, failure: str) -> None:
        """At the door of a customer who gives something back."""
        stop = self._heading[n]
        if failure and self._turns[n] == turn and stop is not None:
            self._world.submit(ReportFailure(self._couriers[n].id, stop.delivery, failure))
        else:
            self._pick_up(n, turn)

    def _hand_over(self, e: OrderReady) -> None:
        n, turn = self._waiting.pop(e.order, (-1, 0))
        if n >= 0:
            self._world.later(self._handover_ms(e.order), self._pick_up, n, turn)

    def _handover_ms(self, order: OrderId) -> int:
        store = self._world.state.orders[order].placed.store
        return self._world.habits.handover_ms(self._stores.group(store), order)

    def _pick_up(self, n: int, turn: int) -> None:
        stop = self._heading[n]
        if self._turns[n] == turn and stop is not None:
            s = self._world.state
            labels = s.orders[s.deliveries[stop.delivery].order].labels
            self._world.submit(ReportPickup(self._couriers[n].id, stop.delivery, labels))

    def _at_door(self, n: int, turn: int, failure: str) -> None:
        stop, courier = self._heading[n], self._couriers[n].id
        if self._turns[n] != turn or stop is None:
            return
        if failure:
            self._world.submit(ReportFailure(courier, stop.delivery, failure))
            return
        state = self._world.state
        order = state.orders[state.deliveries[stop.delivery].order]
        proof, evidence = order.placed.proof, ""
        if proof is Proof.PIN:
            evidence = order.placed.pin
        looks = bool(age_checked_goods(state.products, order.lines))
        shown = ReportDropoff(courier, stop.delivery, proof, evidence, age_checked=looks)
        self._world.submit(shown)
