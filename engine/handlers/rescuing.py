"""Rescuing: something is missing, and whoever ordered it said beforehand what to do then.

All of it within the turn that finds it out: what is kept in one store is let go exactly when it
is kept in another, so that nobody is left with half of either.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.events import (
    DeliveryCancelled,
    ItemsMissing,
    OrderCancelled,
    OrderGivenUp,
    OrderMoved,
    OrderReduced,
    ShortageRemedied,
    StockReleased,
    StockReserved,
    SubstituteAccepted,
    SubstituteProposed,
)
from engine.rules.areas import area_fault
from engine.rules.availability import sale_fault
from engine.rules.lines import cut
from engine.rules.opening import closure, desertion
from engine.rules.pricing import without_prices
from engine.rules.promising import (
    IDLE,
    Fleet,
    fleet_at_work,
    has_capacity,
    late_preparation_ms,
    preparing_ms,
    promised_ms,
    ride_ms,
    workload,
)
from engine.rules.scheduling import slot_fault, window_of
from engine.rules.shortages import gone_without
from engine.rules.substitution import price_instead
from engine.state.couriers import Couriers
from engine.state.deliveries import Deliveries
from engine.state.inventory import Inventory
from engine.state.listings import Listings
from engine.state.orders import HOLDS_STOCK, TO_PREPARE, Order, Orders
from engine.state.positions import Positions
from engine.state.prices import Prices
from engine.state.products import Products
from engine.state.promises import Promises
from engine.state.settings import CurrentSettings
from engine.state.staff import Staff
from engine.state.stores import Store, Stores
from engine.terms import PLATFORM
from engine.turn import Turn
from engine.values import (
    Actor,
    Line,
    Millis,
    Minor,
    OrderId,
    PricedLine,
    ProductId,
    Rescue,
    StoreId,
)


class Elsewhere(NamedTuple):
    """Where all of an order is to be had, and when it would be at the door; the soonest first."""

    promised_at: Millis
    store: StoreId


@dataclass(eq=False, slots=True)
class Rescuing:
    settings: CurrentSettings
    stores: Stores
    products: Products
    listings: Listings
    prices: Prices
    inventory: Inventory
    orders: Orders
    deliveries: Deliveries
    couriers: Couriers
    positions: Positions
    staff: Staff
    promises: Promises
    _try: dict[Rescue, Callable[[Turn, ItemsMissing, Order], bool]] = field(init=False)

    def __post_init__(self) -> None:
        self._try = {
            Rescue.SUBSTITUTE: self._substitute,
            Rescue.OTHER_STORE: self._resource,
            Rescue.CANCEL: self._cancel,
            Rescue.GO_WITHOUT: self._go_without,
        }

    # follow-ups

    def rescue(self, turn: Turn, e: ItemsMissing) -> None:
        """What was wished, as far as it can be done: the first that works."""
        order = self.orders[e.order]
        if order.placed.store != e.store:
            return  # for something else that was missing in the same moment, all of it has moved
        wished = order.placed.if_missing if order.status in HOLDS_STOCK else ()
        for rescue in (*wished, Rescue.GO_WITHOUT):
            if self._try[rescue](turn, e, order):
                return

    def go_elsewhere(self, turn: Turn, e: OrderGivenUp) -> None:
        """The store is not asked twice."""
        if self._move(turn, e.order, self.orders[e.order]):
            remedied = ShortageRemedied(e.order, ProductId(""), 0, Rescue.OTHER_STORE)
            turn.emit(remedied)
        else:
            turn.emit(OrderCancelled(e.order, e.actor, e.reason, turn.at))

    # internals

    def _substitute(self, turn: Turn, e: ItemsMissing, order: Order) -> bool:
        """What was named for it, as many; for no more than what is missing costs."""
        named = next((x for x in order.placed.instead if x.missing == e.product), None)
        if named is None or order.status not in TO_PREPARE or e.product in order.substitutes:
            return False
        instead = Line(named.substitute, e.quantity)
        price = price_instead(
            self.products,
            self.listings,
            self.prices,
            self.inventory,
            order,
            Line(e.product, e.quantity),
            instead,
            turn.at,
            self.settings.current.utc_offset_min,
        )
        if isinstance(price, tuple):
            return False
        left, reduction = cut(order.lines, e.product, e.quantity)
        line = PricedLine(*_parts(instead), Minor(min(price, reduction // e.quantity)))
        turn.emit(StockReserved(e.store, e.order, [instead]))
        turn.emit(OrderReduced(e.order, left, reduction))
        turn.emit(SubstituteProposed(e.order, e.product, e.quantity, line, turn.at))
        turn.emit(SubstituteAccepted(e.order, e.product))
        told = e.order, e.product, e.quantity, Rescue.SUBSTITUTE, named.substitute
        turn.emit(ShortageRemedied(*told))
        return True

    def _resource(self, turn: Turn, e: ItemsMissing, order: Order) -> bool:
        if not self._move(turn, e.order, order):
            return False
        turn.emit(ShortageRemedied(e.order, e.product, e.quantity, Rescue.OTHER_STORE))
        return True

    def _cancel(self, turn: Turn, e: ItemsMissing, order: Order) -> bool:
        self._cut(turn, e, order)
        if order.status in HOLDS_STOCK:
            turn.emit(OrderCancelled(e.order, Actor.STORE, "item_missing", turn.at))
        turn.emit(ShortageRemedied(e.order, e.product, e.quantity, Rescue.CANCEL))
        return True

    def _go_without(self, turn: Turn, e: ItemsMissing, order: Order) -> bool:
        self._cut(turn, e, order)
        turn.emit(ShortageRemedied(e.order, e.product, e.quantity, Rescue.GO_WITHOUT))
        return True

    def _cut(self, turn: Turn, e: ItemsMissing, order: Order) -> None:
        for event in gone_without(e.order, order, e.product, e.quantity, turn.at):
            turn.emit(event)

    def _move(self, turn: Turn, key: OrderId, order: Order) -> bool:
        """All of it or nothing: let go here, kept there; whoever was to fetch it need not come."""
        if order.status not in TO_PREPARE or not order.may_move or not self._is_plain(order):
            return False
        found = min(self._elsewhere(turn.at, order), default=None)
        if found is None:
            return False
        lines, before = without_prices(order.lines), order.placed.store
        held = self._held(key, before, lines)
        delivery = self.deliveries.of_order.get(key)
        if held:
            turn.emit(StockReleased(before, key, held))
        turn.emit(StockReserved(found.store, key, lines))
        turn.emit(OrderMoved(key, before, found.store, found.promised_at))
        if delivery is not None:
            courier = self.deliveries[delivery].courier
            turn.emit(DeliveryCancelled(delivery, courier, moved=True))
        return True

    def _is_plain(self, order: Order) -> bool:
        """Nothing waits for an answer, and no store bears a part of it that is not its own."""
        is_shared = any(x.bearer != PLATFORM for x in order.placed.discounts)
        return bool(order.lines) and not (order.substitutes or order.edit or is_shared)

    def _held(self, key: OrderId, store: StoreId, lines: list[Line]) -> list[Line]:
        """What is still kept for it there: what is missing is let go of already."""
        levels = self.inventory.levels[store]
        kept = ((x.product, levels[x.product].held.get(key, 0)) for x in lines)
        return [Line(product, pieces) for product, pieces in kept if pieces]

    def _elsewhere(self, now: Millis, order: Order) -> Iterator[Elsewhere]:
        placed, settings = order.placed, self.settings.current
        fleet = fleet_at_work(
            self.couriers, self.positions, self.deliveries, self.orders, placed.skills
        )
        latest_at = placed.promised_at + settings.rescue_later_max_ms
        for key, store in self.stores.stores.items():
            if key == placed.store or not self._sells_all(now, key, store, order):
                continue
            at = self._promised_at(now, key, store, order, fleet)
            if at is not None and at <= latest_at:
                yield Elsewhere(Millis(max(at, placed.promised_at)), key)

    def _sells_all(self, now: Millis, key: StoreId, store: Store, order: Order) -> bool:
        """Within reach, open, and for no more than was agreed, so that nobody pays or gets less."""
        placed, settings = order.placed, self.settings.current
        at, offset_min = Millis(max(placed.window_from_at, now)), settings.utc_offset_min
        if area_fault(store, settings, placed.dropoff):
            return False
        if closure(store, at, offset_min) or desertion(self.staff, key, now):
            return False
        for line in order.lines:
            price = self.prices.current(key, line.product, now)
            if price is None or price > line.price_minor:
                return False
        pieces = without_prices(order.lines)
        wanted = [*(x.product for x in order.lines), *(x.product for x in pieces)]
        if sale_fault(self.products, self.listings, key, wanted, at, offset_min):
            return False
        return self.inventory.short(key, pieces) is None

    def _promised_at(
        self, now: Millis, key: StoreId, store: Store, order: Order, fleet: Fleet
    ) -> int | None:
        """When it would be at the door; None if that cannot be promised."""
        placed, settings = order.placed, self.settings.current
        way_ms = ride_ms(settings, store.location, placed.dropoff)
        if window := window_of(placed):
            earliest_at = now + promised_ms(settings, late_preparation_ms(store), way_ms, IDLE)
            fault = slot_fault(settings, self.orders, key, window, earliest_at)
            return None if fault else window[1]
        preparation_ms = preparing_ms(store, self.orders, self.staff, key)
        load = workload(settings, fleet, store.location, self.promises)
        promised = promised_ms(settings, preparation_ms, way_ms, load)
        if not has_capacity(settings, load) or promised > settings.promise_max_ms:
            return None
        return now + promised


def _parts(line: Line) -> tuple[ProductId, int]:
    return line.product, line.quantity
