"""Watching a day: records in, what people outside did out.

Only what can be seen in the records is used. Where the end of something was never seen, it is
not counted as short, but kept as a bound.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from engine import commands as c
from engine import events as e
from engine.engine import Engine, Record
from engine.rules.stops import place_of
from engine.state import State
from engine.values import (
    CASH,
    MINUTE,
    SECOND,
    Actor,
    CourierId,
    DeliveryId,
    Fulfillment,
    Millis,
    OrderId,
    PaymentId,
    Proof,
    QuoteId,
    Stop,
)
from geo.points import Point
from simulation.calibration.observed import CourierDay, Observed, ProductDay, StoreDay, Visit

AGAIN_WITHIN_MS = 10 * MINUTE  # the same customer at the same store: one visit


def observe(records: Iterable[Record], state: State | None = None) -> Observed:
    """Of a whole day, or of the part of it that follows on a state."""
    observer = Observer(state)
    for record in records:
        observer.see(record)
    return observer.finished()


class Observer:
    """Give it every record, in order; `seen` is what it knows so far."""

    def __init__(self, state: State | None = None) -> None:
        self.seen = Observed()
        self.engine = Engine(state)
        self.state = self._state = self.engine.state
        self._at = Millis(0)
        self._visits: dict[QuoteId, Visit] = {}
        self._last_visit: dict[tuple[str, str], Visit] = {}
        self._asked: dict[OrderId, Millis] = {}  # stores that have not answered
        self._told: dict[OrderId, tuple[Millis, Millis]] = {}  # accepted, first told ready
        self._updated: dict[OrderId, None] = {}
        self._offered: dict[tuple[DeliveryId, CourierId], Millis] = {}
        self._place: dict[CourierId, Point] = {}  # where a courier stands for certain
        self._leg: dict[CourierId, tuple[Millis, Point, Stop]] = {}
        self._there: dict[DeliveryId, Millis] = {}  # at the counter, or at the door
        self._started: dict[CourierId, Millis] = {}
        self._requested: dict[PaymentId, Millis] = {}
        self._see: dict[type[Any], Callable[[Any], None]] = _watched(self)

    def see(self, record: Record) -> None:
        """Apply the record, and note what it says of the world outside."""
        self.engine.apply(record)
        self._at = record.at
        if isinstance(record.command, c.RequestQuote):
            self._visit(record.command, record)
        see = self._see
        for event in record.events:
            watcher = see.get(type(event))
            if watcher is not None:
                self._at = e.happened_at(event, record.at)
                watcher(event)
        self._at = record.at

    def begin(self, at: Millis) -> None:
        """A day begins: what there is stays, what anybody did before is forgotten. Who is at work
        has just come."""
        seen, state = self.seen, self._state
        self.seen = Observed(
            stores={key: StoreDay(x.name, x.location) for key, x in seen.stores.items()},
            sells={key: Counter(dict.fromkeys(x, 0)) for key, x in seen.sells.items()},
            couriers={
                key: CourierDay(x.vehicle, x.capacity, skills=x.skills)
                for key, x in seen.couriers.items()
            },
            products={key: replace(x, pieces=0) for key, x in seen.products.items()},
        )
        for key, store in self.seen.stores.items():
            shelf = state.inventory.levels.get(key, {}).values()
            store.shelf = max((x.on_hand for x in shelf), default=0)
        for courier in self._started:
            self._started[courier] = at
            self.seen.couriers[courier].shifts.append((at, state.couriers[courier].ends_at))
        self._visits.clear()
        self._last_visit.clear()

    def finished(self) -> Observed:
        """What was seen; who is still at work has worked until now."""
        self.seen.closes_at = self._at
        for courier, began in self._started.items():
            self.seen.couriers[courier].worked_ms += self._at - began
        self._started = dict.fromkeys(self._started, self._at)
        return self.seen

    # what there is

    def store(self, x: e.StoreRegistered | e.StoreChanged) -> None:
        self.seen.stores[x.store] = StoreDay(x.name, x.location)

    def product(self, x: e.ProductListed) -> None:
        """Who may carry it, and how many, is as last listed."""
        product = ProductDay(x.name, x.category, x.load)
        product = self.seen.products.setdefault(x.product, product)
        product.load, product.skills, product.age_check = x.load, tuple(x.skills), x.age_check

    def price(self, x: e.PriceSet) -> None:
        product = self.seen.products.get(x.product)
        if product is not None and not product.price_minor:
            product.price_minor = x.price_minor
        if x.store in self.seen.stores:
            self.seen.sells.setdefault(x.store, Counter())[x.product] += 0

    def courier(self, x: e.CourierRegistered | e.CourierChanged) -> None:
        """As last registered."""
        self.seen.couriers[x.courier] = CourierDay(x.vehicle, x.capacity, skills=tuple(x.skills))

    # customers

    def _visit(self, x: c.RequestQuote, record: Record) -> None:
        if x.fulfillment is not Fulfillment.DELIVERY or x.window_from_at:
            return
        seen, first = self.seen, record.events[0]
        known = self._last_visit.get((x.customer, x.store))
        again = known is not None and known.refusal and self._at - known.at < AGAIN_WITHIN_MS
        if known is not None and again and x.dropoff == known.home:
            visit = known
            visit.came_back = True
        else:
            visit = Visit(record.at, x.customer, x.store, x.dropoff, x.lines)
            seen.visits.append(visit)
            seen.starts_at = seen.starts_at or record.at
            seen.ends_at = record.at
        self._last_visit[x.customer, x.store] = visit
        if isinstance(first, e.QuoteOffered):
            visit.promised_ms, visit.refusal = first.promised_ms, ""
            self._visits[x.quote] = visit
        elif isinstance(first, e.CommandRejected):
            visit.refusal = str(first.reason)

    def quote_accepted(self, x: e.QuoteAccepted) -> None:
        visit = self._visits.pop(x.quote, None)
        if visit is not None:
            visit.placed_at = self._at

    def placed(self, x: e.OrderPlaced) -> None:
        seen = self.seen
        seen.placed += 1
        seen.with_pin += x.proof is Proof.PIN
        if x.provider != CASH:
            seen.bank.orders[x.provider] += 1
        sold = seen.sells.setdefault(x.store, Counter())
        for line in x.lines:
            sold[line.product] += line.quantity
            if line.product in seen.products:
                seen.products[line.product].pieces += line.quantity

    def cancelled(self, x: e.OrderCancelled) -> None:
        order, reason = self._state.orders[x.order], x.reason
        store = self.seen.stores.get(order.placed.store)
        was_asked = self._asked.pop(x.order, None)
        if x.actor is Actor.CUSTOMER and reason == "too_slow":
            after_min = (self._at - order.placed.promised_at) / MINUTE
            self.seen.patience_min.append((max(after_min, 0.01), True))
        elif x.actor is Actor.CUSTOMER and reason == "changed_mind":
            self.seen.changed_mind += 1
        elif store is not None and x.actor is Actor.STORE and was_asked is not None:
            store.rejects += 1
            store.answers_s.append((self._at - was_asked) / SECOND)
        elif store is not None and reason == "store_silent":
            store.silent += 1

    # stores

    def confirmed(self, x: e.OrderConfirmed) -> None:
        self._asked[x.order] = self._at
        store = self.seen.stores.get(self._state.orders[x.order].placed.store)
        if store is not None:
            store.orders += 1

    def accepted(self, x: e.OrderAccepted) -> None:
        store = self.seen.stores.get(self._state.orders[x.order].placed.store)
        asked = self._asked.pop(x.order, None)
        if store is not None:
            if asked is not None:
                store.answers_s.append((self._at - asked) / SECOND)
            store.told_s.append((x.ready_at - self._at) / SECOND)
            self._told[x.order] = self._at, x.ready_at

    def told_later(self, x: e.ReadyTimeChanged) -> None:
        self._updated[x.order] = None

    def ready(self, x: e.OrderReady) -> None:
        told = self._told.pop(x.order, None)
        store = self.seen.stores.get(self._state.orders[x.order].placed.store)
        if told is None or store is None:
            return
        accepted, first_told = told
        store.kitchen.append((accepted, self._at))
        if self._at > first_told:
            store.late += 1
            store.told_when_late += x.order in self._updated

    def reduced(self, x: e.OrderReduced) -> None:
        store = self.seen.stores.get(self._state.orders[x.order].placed.store)
        if store is not None:
            store.missing += 1

    def sold(self, x: e.StockSold) -> None:
        if x.store in self.seen.stores:
            self.seen.stores[x.store].till_pieces += x.quantity

    def received(self, x: e.StockReceived) -> None:
        store, level = self.seen.stores.get(x.store), self._state.inventory.get(x.store, x.product)
        if store is not None and level is not None:
            store.shelf = max(store.shelf, level.on_hand)
            store.receipts.setdefault(x.product, []).append(self._at)

    def returned(self, x: e.DeliveryReturned) -> None:
        store = self.seen.stores.get(self._state.deliveries[x.delivery].store)
        if store is not None:
            store.returns += 1
            store.unsellable += not x.sellable

    # couriers

    def started(self, x: e.ShiftStarted) -> None:
        courier = self.seen.couriers.get(x.courier)
        if courier is not None:
            courier.shifts.append((self._at, x.ends_at))
            self._started[x.courier] = self._at

    def ended(self, x: e.ShiftEnded) -> None:
        courier, began = self.seen.couriers.get(x.courier), self._started.pop(x.courier, None)
        if courier is None or began is None:
            return
        courier.worked_ms += self._at - began
        courier.breakdowns += x.broken_down
        until = courier.shifts[-1][1] if courier.shifts else self._at
        if not x.broken_down and self._at < until - MINUTE:
            courier.left_early = True

    def rested(self, x: e.BreakPlanned) -> None:
        if x.courier in self.seen.couriers:
            self.seen.couriers[x.courier].breaks += 1

    def offered(self, x: e.DeliveryOffered) -> None:
        if self._state.settings.current.offer_timeout_ms:
            self._offered[x.delivery, x.courier] = self._at

    def agreed(self, x: e.OfferAccepted) -> None:
        self._answered(x.delivery, x.courier)

    def unassigned(self, x: e.DeliveryUnassigned) -> None:
        courier = self.seen.couriers.get(x.courier)
        if x.reason == "declined" and courier is not None:
            courier.declines += (x.delivery, x.courier) in self._offered
            self._answered(x.delivery, x.courier)
        elif x.reason == "lapsed" and courier is not None:
            courier.silent += self._offered.pop((x.delivery, x.courier), None) is not None
        self._offered.pop((x.delivery, x.courier), None)

    def _answered(self, delivery: DeliveryId, courier: CourierId) -> None:
        asked = self._offered.pop((delivery, courier), None)
        if asked is not None and courier in self.seen.couriers:
            self.seen.couriers[courier].answers_s.append((self._at - asked) / SECOND)

    def leg(self, x: e.LegStarted) -> None:
        """Only a way whose beginning is known to the meter says how fast somebody rides."""
        stops, here = (
            self._state.deliveries.route(x.courier).stops,
            self._place.pop(x.courier, None),
        )
        self._leg.pop(x.courier, None)
        if stops and here is not None:
            self._leg[x.courier] = x.at or self._at, here, stops[0]

    def arrived(self, x: e.CourierArrived) -> None:
        delivery = self._state.deliveries[x.delivery]
        goal = place_of(x.stop, delivery, self._state.stores)
        self._there[x.delivery] = self._at
        self._place[x.courier] = goal
        leg, courier = self._leg.pop(x.courier, None), self.seen.couriers.get(x.courier)
        if leg is None or courier is None or leg[2] != Stop(x.stop, x.delivery):
            return
        travel = self._state.settings.usual.travel
        planned = travel.travel_ms(leg[1], goal, travel.speed_mm_s(courier.vehicle))
        if planned >= MINUTE and self._at > leg[0]:
            courier.legs_s.append((planned / SECOND, (self._at - leg[0]) / SECOND))

    def picked_up(self, x: e.DeliveryPickedUp) -> None:
        order = self._state.orders[x.order]
        there = self._there.pop(x.delivery, None)
        store = self.seen.stores.get(order.placed.store)
        if there is not None and store is not None and order.ready_at:
            store.handovers_s.append(max(0, self._at - max(there, order.ready_at)) / SECOND)

    def completed(self, x: e.DeliveryCompleted) -> None:
        self.seen.doors += 1
        order = self._state.orders[x.order]
        if not order.placed.window_from_at:  # wanted later, it is no visit either
            self.seen.to_door_s.append((self._at - order.placed.placed_at) / SECOND)
        self.seen.promised += 1
        self.seen.on_time += self._at <= order.placed.promised_at
        after_min = (self._at - order.placed.promised_at) / MINUTE
        if after_min > 0:
            self.seen.patience_min.append((after_min, False))
        self._left_door(x.delivery, x.courier)

    def failed(self, x: e.DeliveryFailed) -> None:
        self.seen.doors += 1
        self.seen.absent += x.reason in ("customer_absent", "wrong_address")
        self.seen.refused += x.reason == "customer_refused"
        self._left_door(x.delivery, x.courier)

    def _left_door(self, delivery: DeliveryId, courier: CourierId) -> None:
        there, who = self._there.pop(delivery, None), self.seen.couriers.get(courier)
        if there is not None and who is not None:
            who.doors_s.append(max(0, self._at - there) / SECOND)

    # the payment provider

    def requested(self, x: e.PaymentRequested) -> None:
        if x.provider != CASH:  # nobody is asked
            self._requested[x.payment] = self._at
            self.seen.bank.asked += 1

    def authorized(self, x: e.PaymentAuthorized) -> None:
        asked = self._requested.pop(x.payment, None)
        if asked is not None:
            self.seen.bank.answers_s.append((self._at - asked) / SECOND)

    def payment_failed(self, x: e.PaymentFailed) -> None:
        asked, bank = self._requested.pop(x.payment, None), self.seen.bank
        if asked is not None and x.reason == "payment_declined":
            bank.declines += 1
            bank.answers_s.append((self._at - asked) / SECOND)
        elif asked is not None and x.reason == "payment_timeout":
            bank.silent += 1

    def issued(self, x: e.InstructionIssued) -> None:
        self.seen.bank.instructions += 1

    def instruction_failed(self, x: e.InstructionFailed) -> None:
        self.seen.bank.failed += 1


def _watched(o: Observer) -> dict[type[Any], Callable[[Any], None]]:
    return {
        e.StoreRegistered: o.store,
        e.StoreChanged: o.store,
        e.ProductListed: o.product,
        e.PriceSet: o.price,
        e.CourierRegistered: o.courier,
        e.CourierChanged: o.courier,
        e.QuoteAccepted: o.quote_accepted,
        e.OrderPlaced: o.placed,
        e.OrderCancelled: o.cancelled,
        e.OrderConfirmed: o.confirmed,
        e.OrderAccepted: o.accepted,
        e.ReadyTimeChanged: o.told_later,
        e.OrderReady: o.ready,
        e.OrderReduced: o.reduced,
        e.StockReceived: o.received,
        e.StockSold: o.sold,
        e.DeliveryReturned: o.returned,
        e.ShiftStarted: o.started,
        e.ShiftEnded: o.ended,
        e.BreakPlanned: o.rested,
        e.DeliveryOffered: o.offered,
        e.OfferAccepted: o.agreed,
        e.DeliveryUnassigned: o.unassigned,
        e.LegStarted: o.leg,
        e.CourierArrived: o.arrived,
        e.DeliveryPickedUp: o.picked_up,
        e.DeliveryCompleted: o.completed,
        e.DeliveryFailed: o.failed,
        e.PaymentRequested: o.requested,
        e.PaymentAuthorized: o.authorized,
        e.PaymentFailed: o.payment_failed,
        e.InstructionIssued: o.issued,
        e.InstructionFailed: o.instruction_failed,
    }
