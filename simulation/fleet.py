"""Couriers: their shifts, their answers to offers, and their way along the route they are told.

A courier's app knows nothing but the route: after every event that could have changed it, the
courier looks at the first stop and turns there, or stands still if there is none.
"""

from typing import Any

import numpy as np

from engine.commands import (
    AcceptOffer,
    DeclineOffer,
    EndShift,
    RegisterCourier,
    ReportArrival,
    ReportBreakdown,
    ReportDropoff,
    ReportFailure,
    ReportPickup,
    ReportPositions,
    StartShift,
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
from engine.state.deliveries import DeliveryStatus
from engine.state.orders import OrderStatus
from engine.values import MINUTE, SECOND, CourierId, Millis, OrderId, Proof, Stop, StopKind
from geo.points import Point
from simulation import conduct
from simulation.city import PERMILLE, CourierProfile
from simulation.conduct import Answer
from simulation.movements import Movements
from simulation.scenario import Scenario
from simulation.stores import Stores
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


class Fleet:
    """All couriers, by number. A courier does one thing at a time: `_turns` counts them."""

    def __init__(
        self, world: World, scenario: Scenario, couriers: list[CourierProfile], stores: Stores
    ) -> None:
        self._world, self._scenario, self._stores = world, scenario, stores
        self._couriers = couriers
        self._number_of = {x.id: n for n, x in enumerate(couriers)}
        travel = scenario.engine.travel
        homes = [x.home for x in couriers]
        speeds = [
            max(1, travel.speed_mm_s(x.group.vehicle) * x.pace_permille // PERMILLE)
            for x in couriers
        ]
        self.movements = Movements(travel, homes, speeds)
        self.busy_ms = [0] * len(couriers)  # with something to do; what is going on not included
        self._busy_since: list[Millis | None] = [None] * len(couriers)
        self._heading: list[Stop | None] = [None] * len(couriers)
        self._turns = [0] * len(couriers)
        self._on_shift = np.zeros(len(couriers), np.bool_)
        self._moving = np.zeros(len(couriers), np.bool_)  # has a stop to go to, or is at it
        self._shifts = [0] * len(couriers)  # how many have been started
        self._waiting: dict[OrderId, tuple[int, int]] = {}  # at the counter: number, turn
        self._engage()

    def _engage(self) -> None:
        world = self._world
        for x in self._couriers:
            world.submit(RegisterCourier(x.id, x.group.vehicle, x.group.capacity))
        for n, x in enumerate(self._couriers):
            world.at(x.starts_ms, self._start_shift, n, x.ends_ms)
        world.subscribe(DeliveryOffered, self._consider)
        world.subscribe(OrderReady, self._hand_over)
        world.subscribe(CourierRepositioned, self._go_and_wait)
        for event in ROUTE_CHANGES:
            world.subscribe(event, self._look_at_route)
        world.later(round(self._scenario.positions_every_s * SECOND), self._report_all)

    # shifts

    def on_shift(self) -> int:
        return int(self._on_shift.sum())

    def call_back(self, count: int, overtime_ms: int) -> None:
        """Ask the first so many of those who are at home to work a while longer."""
        home = np.flatnonzero(~self._on_shift)
        for n in home[:count].tolist():
            self._start_shift(n, Millis(self._world.now + overtime_ms))

    def _start_shift(self, n: int, ends_ms: Millis) -> None:
        now, profile = self._world.now, self._couriers[n]
        if self._on_shift[n] or ends_ms <= now:
            return
        self._report(np.array([n]))
        self._world.submit(StartShift(profile.id, ends_ms))
        self._on_shift[n] = True
        shift = self._shifts[n] = self._shifts[n] + 1
        leaves_at = int(ends_ms)
        if shift == 1:
            part = conduct.early_leave(self._world.streams, profile.group, profile.id)
            if part is not None:
                leaves_at = now + round((ends_ms - now) * part)
        self._world.at(leaves_at, self._end_shift, n, shift)
        breaks = conduct.breakdown_ms(self._world.streams, profile.group, profile.id, shift)
        if breaks is not None and now + breaks < leaves_at:
            self._world.later(breaks, self._break_down, n, shift, ends_ms)

    def _end_shift(self, n: int, shift: int) -> None:
        if self._on_shift[n] and self._shifts[n] == shift:
            self._on_shift[n] = False
            self._stay(n, self._turns[n])
            self._world.submit(EndShift(self._couriers[n].id))

    def _break_down(self, n: int, shift: int, ends_ms: Millis) -> None:
        """Where exactly, the app still says; the rest of the shift is worked after the repair."""
        if not self._on_shift[n] or self._shifts[n] != shift:
            return
        self._on_shift[n] = False
        self.movements.stop(n, self._world.now)
        self._report(np.array([n]))
        self._world.submit(ReportBreakdown(self._couriers[n].id))
        repair_ms = round(self._couriers[n].group.repair_min * MINUTE)
        self._world.later(repair_ms, self._start_shift, n, ends_ms)

    # positions

    def _report_all(self) -> None:
        numbers = np.flatnonzero(self._on_shift | self._moving)
        if numbers.size:
            self._report(numbers)
        self._world.later(round(self._scenario.positions_every_s * SECOND), self._report_all)

    def _report(self, numbers: np.ndarray[Any, np.dtype[np.int64]]) -> None:
        batch = self.movements.positions(numbers, self._world.now)
        self._world.submit(ReportPositions(batch))

    # offers

    def _consider(self, e: DeliveryOffered) -> None:
        """Somebody who is told, not asked, need not answer."""
        if self._world.state.deliveries[e.delivery].status is not DeliveryStatus.OFFERED:
            return
        group = self._couriers[self._number_of[e.courier]].group
        reply = conduct.offer_reply(self._world.streams, group, e.courier, e.delivery, e.offer)
        if reply.answer is Answer.YES:
            self._world.after(reply.after_ms, AcceptOffer(e.courier, e.delivery))
        elif reply.answer is Answer.NO:
            decline = DeclineOffer(e.courier, e.delivery, reply.reason)
            self._world.after(reply.after_ms, decline)

    # the way

    def _go_and_wait(self, e: CourierRepositioned) -> None:
        """Nothing to do: ride to the store that was named, and stand there."""
        n = self._number_of[e.courier]
        if self._heading[n] is not None or not self._on_shift[n]:
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
        state, courier = self._world.state, self._couriers[n]
        self._world.submit(ReportArrival(courier.id, stop.delivery, stop.kind))
        order = state.deliveries[stop.delivery].order
        if stop.kind is StopKind.PICKUP:
            if state.orders[order].status is OrderStatus.ACCEPTED:
                self._waiting[order] = n, turn
            else:  # ready, or out of the store already: stranded with a colleague
                self._world.later(self._handover_ms(order), self._pick_up, n, turn)
        elif stop.kind is StopKind.DROPOFF:
            door = conduct.at_the_door(
                self._world.streams, courier.group, self._scenario.demand, order
            )
            self._world.later(door.after_ms, self._at_door, n, turn, door.failure)

    def _hand_over(self, e: OrderReady) -> None:
        n, turn = self._waiting.pop(e.order, (-1, 0))
        if n >= 0:
            self._world.later(self._handover_ms(e.order), self._pick_up, n, turn)

    def _handover_ms(self, order: OrderId) -> int:
        store = self._world.state.orders[order].placed.store
        return conduct.handover_ms(self._world.streams, self._stores.group(store), order)

    def _pick_up(self, n: int, turn: int) -> None:
        stop = self._heading[n]
        if self._turns[n] == turn and stop is not None:
            self._world.submit(ReportPickup(self._couriers[n].id, stop.delivery))

    def _at_door(self, n: int, turn: int, failure: str) -> None:
        stop, courier = self._heading[n], self._couriers[n].id
        if self._turns[n] != turn or stop is None:
            return
        if failure:
            self._world.submit(ReportFailure(courier, stop.delivery, failure))
            return
        order = self._world.state.deliveries[stop.delivery].order
        placed = self._world.state.orders[order].placed
        evidence = placed.pin if placed.proof is Proof.PIN else ""
        self._world.submit(ReportDropoff(courier, stop.delivery, placed.proof, evidence))
