"""What couriers do with instructions, by the rules of the public referee. Knows no engine.

A leg is never diverted; until the food is taken over, the list of orders may still change.
"""

from typing import Literal

from msgspec import Struct

from simulation.mdrp.instance import Courier, Instance, MealOrder, Restaurant, Spot, Terms

CourierState = Literal["idle", "moving", "to_pickup", "delivering"]


class CourierView(Struct):
    """What is visible of a courier on duty or at work."""

    id: str
    at: str  # where free, or where the leg to the restaurant began
    free_min: float | None  # None while it is not known
    state: CourierState
    orders: list[str]


class Instruction(Struct, frozen=True):
    """Deliver these orders of one restaurant, in this order; or ride there and wait."""

    courier: str
    orders: list[str] = []
    move: str = ""  # a restaurant, if there are no orders


class Moved(Struct, frozen=True):
    """A line of moves.csv. Minutes."""

    courier: str
    left_min: float
    restaurant: str


class Delivered(Struct, frozen=True):
    """A line of solution.csv. Minutes."""

    order: str
    courier: str
    assigned_min: float
    picked_up_min: float
    dropped_off_min: float


class RefusedError(ValueError):
    """An instruction that breaks a rule."""


def dropoff_times(
    terms: Terms, start: Spot, doors: list[Spot], picked_up_min: float
) -> list[float]:
    """When each door is served after a pickup at `start`. Minutes of the day."""
    now, place, times = picked_up_min + terms.pickup_service_min / 2, start, []
    for door in doors:
        now += terms.ride_min(place, door) + terms.dropoff_service_min / 2
        times.append(now)
        now, place = now + terms.dropoff_service_min / 2, door
    return times


class _Worker(Struct):
    courier: Courier
    at: str
    free_min: float
    state: CourierState = "idle"
    orders: list[str] = []
    arrival_min: float = 0.0
    told_min: float = 0.0


class Fleet:
    """All couriers of a day; time moves by `advance` only."""

    def __init__(self, instance: Instance) -> None:
        self.terms = instance.terms
        self.orders: dict[str, MealOrder] = {x.id: x for x in instance.orders}
        self.restaurants: dict[str, Restaurant] = {x.id: x for x in instance.restaurants}
        self.workers = {x.id: _Worker(x, x.id, x.on_min) for x in instance.couriers}
        self.assigned: dict[str, float] = {}
        self.holder: dict[str, str] = {}
        self.delivered: list[Delivered] = []
        self.moved: list[Moved] = []

    def advance(self, to_min: float) -> None:
        """Everything that has happened by then, pickups at that very moment included."""
        for worker in self.workers.values():
            if worker.state == "to_pickup":
                pickup = self._pickup_min(worker.arrival_min, worker.told_min, worker.orders)
                if pickup <= to_min:
                    self._pick_up(worker, pickup)
            if worker.state in ("delivering", "moving") and worker.free_min <= to_min:
                worker.state, worker.orders = "idle", []

    def view(self, at_min: float) -> list[CourierView]:
        """Everyone on duty or at work."""
        return [
            CourierView(
                key, x.at, None if x.state == "to_pickup" else x.free_min, x.state, x.orders
            )
            for key, x in self.workers.items()
            if x.state != "idle" or x.courier.on_min <= at_min < x.courier.off_min
        ]

    def follow(self, at_min: float, told: Instruction) -> None:
        """A courier obeys. Raises RefusedError."""
        worker = self.workers.get(told.courier)
        if worker is None:
            raise RefusedError("unknown courier")
        if not worker.courier.on_min <= at_min <= worker.courier.off_min:
            raise RefusedError("courier off duty")
        if told.move:
            self._move(at_min, worker, told.move)
        else:
            self._deliver(at_min, worker, told)

    # internals

    def _move(self, at_min: float, worker: _Worker, restaurant: str) -> None:
        if restaurant not in self.restaurants:
            raise RefusedError("unknown restaurant")
        if worker.state != "idle":
            raise RefusedError("courier busy")
        ride_min = self.terms.ride_min(self._spot(worker.at), self.restaurants[restaurant].spot)
        self.moved.append(Moved(worker.courier.id, at_min, restaurant))
        worker.state, worker.at, worker.free_min = "moving", restaurant, at_min + ride_min

    def _deliver(self, at_min: float, worker: _Worker, told: Instruction) -> None:
        if not told.orders or len(dict.fromkeys(told.orders)) != len(told.orders):
            raise RefusedError("empty or repeated order list")
        updated = worker.state == "to_pickup"
        if not updated and worker.state != "idle":
            raise RefusedError("courier busy")
        stores = dict.fromkeys(self.orders[x].restaurant for x in told.orders)
        if updated:
            stores |= dict.fromkeys(self.orders[x].restaurant for x in worker.orders)
        if len(stores) != 1:
            raise RefusedError("more than one restaurant")
        if any(self.holder.get(x, told.courier) != told.courier for x in told.orders):
            raise RefusedError("order already with another courier")
        if any(x in self.holder and x not in worker.orders for x in told.orders):
            raise RefusedError("order already delivered")
        arrival = worker.arrival_min
        if not updated:
            store = self.restaurants[next(iter(stores))].spot
            arrival = at_min + self.terms.ride_min(self._spot(worker.at), store)
        if self._pickup_min(arrival, at_min, told.orders) > worker.courier.off_min:
            raise RefusedError("pickup after off-time")
        for order in worker.orders:
            if order not in told.orders:
                del self.holder[order], self.assigned[order]
        for order in told.orders:
            self.holder[order] = told.courier
            self.assigned.setdefault(order, at_min)
        worker.state, worker.orders = "to_pickup", list(told.orders)
        worker.arrival_min, worker.told_min = arrival, at_min

    def _pickup_min(self, arrival_min: float, told_min: float, orders: list[str]) -> float:
        ready = max(self.orders[x].ready_min for x in orders)
        return max(arrival_min + self.terms.pickup_service_min / 2, told_min, ready)

    def _pick_up(self, worker: _Worker, pickup_min: float) -> None:
        orders = [self.orders[x] for x in worker.orders]
        store = self.restaurants[orders[0].restaurant].spot
        times = dropoff_times(self.terms, store, [x.spot for x in orders], pickup_min)
        for order, time in zip(orders, times, strict=True):
            assigned = self.assigned[order.id]
            row = Delivered(order.id, worker.courier.id, assigned, pickup_min, time)
            self.delivered.append(row)
        worker.state, worker.at = "delivering", orders[-1].id
        worker.free_min = times[-1] + self.terms.dropoff_service_min / 2

    def _spot(self, key: str) -> Spot:
        if key in self.orders:
            return self.orders[key].spot
        if key in self.restaurants:
            return self.restaurants[key].spot
        return self.workers[key].courier.spot
