"""A city that plays itself by script: customers, stores, couriers, a bank and a planner.

What tests and benchmarks of storage and the engine need: realistic records of every kind, in
seconds, from a seed. Each role answers the engine's events; nobody looks into its state.
"""

from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush
from random import Random

from engine import commands as c
from engine import events as e
from engine.columns import PositionBatch
from engine.engine import Engine, Record
from engine.settings import Settings
from engine.values import HOUR, MINUTE, SECOND, Actor, Line, Stop, StopKind
from geo.points import Point
from geo.travel import Vehicle

CENTER = Point(411_500_000, -86_100_000)
SPREAD_E7 = 250_000  # about 2.8 km
OPENS_AT = 1_700_000_000_000


class ScriptedDay:
    """`for record in ScriptedDay(seed)`: the records of a day, each as it was decided."""

    def __init__(
        self,
        seed: int = 1,
        orders: int = 200,
        couriers: int = 20,
        stores: int = 5,
        hours: float = 1.0,
        position_interval_ms: int = 30 * SECOND,
    ) -> None:
        self.engine = Engine()
        self.rng = Random(seed)
        self.couriers = [f"courier-{n}" for n in range(couriers)]
        self.stores = [f"store-{n}" for n in range(stores)]
        self.duration_ms = int(hours * HOUR)
        self.position_interval_ms = position_interval_ms
        self._due: list[tuple[int, int, c.AnyCommand]] = []
        self._count = 0
        self._waiting: dict[str, int] = {}
        self._free = deque(self.couriers)
        self._routes: dict[str, list[Stop]] = {}
        self._prepare()
        for n in range(orders):
            self._at(OPENS_AT + self.rng.randrange(self.duration_ms), self._quote(n))

    def __iter__(self) -> Iterator[Record]:
        while self._due:
            timer = self.engine.next_due()
            if timer is not None and timer <= self._due[0][0]:
                yield from self._answered(self.engine.turns_due(timer))
                continue
            at, number, command = heappop(self._due)
            outside = isinstance(command, c.ExternalCommand)
            key = f"client/k-{number:012x}" if outside else ""
            yield from self._answered(self.engine.turns(at, command, key))

    def _answered(self, turns: Iterator[Record]) -> Iterator[Record]:
        for record in turns:
            yield record
            self._answer(record)

    # what is planned before the day begins

    def _prepare(self) -> None:
        quiet = Settings(open_deliveries_per_courier=60, promise_max_ms=6 * HOUR)
        self._at(OPENS_AT, c.OpenEngine(quiet))
        for p in range(5):
            self._at(OPENS_AT, c.ListProduct(f"dish-{p}", f"Dish {p}", "food"))
        for store in self.stores:
            self._at(OPENS_AT, c.RegisterStore(store, store, self._place(), 10 * MINUTE))
            for p in range(5):
                self._at(OPENS_AT, c.SetPrice(store, f"dish-{p}", 900 + 100 * p))
                self._at(OPENS_AT, c.ReceiveStock(store, f"dish-{p}", 10_000))
        for courier in self.couriers:
            self._at(OPENS_AT, c.RegisterCourier(courier, Vehicle.SCOOTER, 12))
            self._at(OPENS_AT, c.StartShift(courier, OPENS_AT + 24 * HOUR))
        for at in range(0, self.duration_ms + HOUR, self.position_interval_ms):
            self._at(OPENS_AT + at + 1, self._positions(OPENS_AT + at))
        for n in range(50):
            self._at(OPENS_AT, c.RegisterCustomer(f"customer-{n}"))

    def _quote(self, n: int) -> c.RequestQuote:
        rng = self.rng
        lines = [Line(f"dish-{rng.randrange(5)}", 1) for _ in range(rng.randint(1, 3))]
        store, customer = rng.choice(self.stores), f"customer-{n % 50}"
        return c.RequestQuote(f"quote-{n}", "service", customer, store, lines, self._place())

    def _positions(self, at: int) -> c.ReportPositions:
        places = [self._place() for _ in self.couriers]
        batch = PositionBatch.pack(
            range(len(places)),
            [x.lat_e7 for x in places],
            [x.lon_e7 for x in places],
            [at] * len(places),
        )
        return c.ReportPositions(batch)

    def _place(self) -> Point:
        north = self.rng.randrange(-SPREAD_E7, SPREAD_E7)
        east = self.rng.randrange(-SPREAD_E7, SPREAD_E7)
        return Point(CENTER.lat_e7 + north, CENTER.lon_e7 + east)

    # how everyone answers what happens

    def _answer(self, record: Record) -> None:
        for event in record.events:
            match event:
                case e.QuoteOffered():
                    self._buy(event)
                case e.PaymentRequested(payment=payment, amount_minor=amount):
                    paid = self.rng.random() < 0.97
                    self._soon(3, c.ReportAuthorization("bank", payment, paid, amount, "ref"))
                case e.OrderConfirmed(order=order):
                    self._store_answers(record.at, order)
                case e.InstructionIssued(instruction=instruction):
                    self._soon(5, c.ReportInstruction("bank", instruction, True, "ref"))
                case e.DeliveryCreated(delivery=delivery):
                    self._waiting[delivery] = 1
                case e.PlanningRoundOpened(planning_round=number):
                    self._soon(1, self._plan(number))
                case e.DeliveryOffered() | e.LegStarted() | e.CourierArrived():
                    self._ride(event)
                case e.DeliveryPickedUp(courier=courier):
                    self._routes[courier].pop(0)
                case e.DeliveryCompleted(courier=courier):
                    self._routes[courier].pop(0)
                    self._free.append(courier)
                case e.DeliveryCancelled(delivery=delivery, courier=courier):
                    self._waiting.pop(delivery, None)
                    if courier is not None and self._routes.pop(courier, None):
                        self._free.append(courier)

    def _buy(self, offered: e.QuoteOffered) -> None:
        order = offered.quote.replace("quote", "order")
        self._soon(20, c.PlaceOrder(order, "service", offered.quote, "bank"))
        if self.rng.random() < 0.04:
            self._soon(200, c.CancelOrder(order, Actor.CUSTOMER, "changed_mind", "service"))
        if self.rng.random() < 0.02:
            self._soon(30, c.PlaceOrder(order, "service", offered.quote, "bank"))  # twice: refused

    def _store_answers(self, at: int, order: str) -> None:
        store = self.engine.state.orders[order].placed.store
        ready_s = self.rng.randint(60, 240)
        self._soon(20, c.AcceptOrder(store, order, at + ready_s * SECOND))
        self._soon(ready_s, c.ReportReady(store, order))

    def _plan(self, number: int) -> c.AdoptPlan:
        lines, left = [], dict(self._waiting)
        for delivery in left:
            if not self._free:
                break
            courier = self._free.popleft()
            del self._waiting[delivery]
            stops = [Stop(StopKind.PICKUP, delivery), Stop(StopKind.DROPOFF, delivery)]
            self._routes[courier] = list(stops)
            version = self.engine.state.deliveries.route(courier).version
            lines.append(c.RouteLine(courier, version, stops, [delivery]))
        return c.AdoptPlan(number, lines)

    def _ride(self, event: e.DeliveryOffered | e.LegStarted | e.CourierArrived) -> None:
        courier = event.courier
        match event:
            case e.DeliveryOffered(delivery=delivery):
                self._soon(6, c.AcceptOffer(courier, delivery))
            case e.LegStarted():
                stop = self._routes[courier][0]
                delay_s = self.rng.randint(180, 500)
                self._soon(delay_s, c.ReportArrival(courier, stop.delivery, stop.kind))
            case e.CourierArrived(delivery=delivery, stop=StopKind.PICKUP):
                self._soon(40, c.ReportPickup(courier, delivery))
            case e.CourierArrived(delivery=delivery):
                self._soon(60, c.ReportDropoff(courier, delivery))

    # the agenda

    def _at(self, at: int, command: c.AnyCommand) -> None:
        self._count += 1
        heappush(self._due, (at, self._count, command))

    def _soon(self, delay_s: int, command: c.AnyCommand) -> None:
        self._at(self.engine.now + delay_s * SECOND, command)
