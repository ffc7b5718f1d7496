"""Rows of quotes, orders, their lines and deliveries: kept while open, told when they end."""

from typing import Any

from engine import events as e
from engine.projections import Projections
from engine.projections.clocks import NEVER, Clock
from engine.projections.demand import RESOLUTION
from engine.values import Fulfillment, Millis, OrderId, ProductId, QuoteId, StoreId
from gateway.history.rows import Rows, cell_text, time_or_none
from geo.cells import cell_of
from geo.points import Point, distance_m

MM, GRAM_UG = 1_000, 1_000_000
STATUS: dict[type[Any], str] = {
    e.OrderFulfilled: "fulfilled",
    e.OrderCancelled: "cancelled",
    e.OrderReturned: "returned",
    e.OrderWrittenOff: "cancelled",
}


class Bargains:
    """`ended` and `finish` need the clocks of projections that folded the same records."""

    def __init__(self, rows: Rows, projections: Projections) -> None:
        self._rows = rows
        self._projections = projections
        self._placed: dict[OrderId, e.OrderPlaced] = {}
        self._quotes: dict[QuoteId, tuple[Millis, e.QuoteOffered]] = {}  # neither used nor expired
        self._products: dict[ProductId, tuple[str, str]] = {}
        self._stores: dict[StoreId, Point] = {}
        self.currency = ""

    def listed(self, _: Millis, x: e.ProductListed) -> None:
        self._products[x.product] = x.name, x.category

    def registered(self, _: Millis, x: e.StoreRegistered) -> None:
        self._stores[x.store] = x.location
        cell = f"{cell_of(x.location, RESOLUTION):x}"
        place = x.location.lat_deg, x.location.lon_deg
        self._rows["stores"].append((x.store, x.name, *place, cell))

    def offered(self, at: Millis, x: e.QuoteOffered) -> None:
        """And those that have expired are told: they became no order."""
        quotes = self._quotes
        while quotes:
            oldest = next(iter(quotes))
            if quotes[oldest][1].expires_at >= at:
                break
            self._quote(*quotes.pop(oldest))
        quotes[x.quote] = at, x

    def accepted(self, at: Millis, x: e.QuoteAccepted) -> None:
        found = self._quotes.pop(x.quote, None)
        if found is not None:
            self._quote(*found, at, x.order)

    def placed(self, _: Millis, x: e.OrderPlaced) -> None:
        self._placed[x.order] = x

    def ended(self, order: OrderId, clock: Clock, event: e.AnyEvent) -> None:
        reason = "" if isinstance(event, e.OrderFulfilled) else f"{event.actor}/{event.reason}"  # type: ignore[union-attr]
        self._order(order, clock, STATUS[type(event)], reason)

    def finish(self) -> None:
        """What is still open, as it stands."""
        for at, quote in self._quotes.values():
            self._quote(at, quote)
        for order, clock in self._projections.clocks.open.items():
            self._order(order, clock, _stage(clock), "")
        for product, (name, category) in self._products.items():
            self._rows["products"].append((product, name, category))

    # internals

    def _quote(
        self, at: Millis, x: e.QuoteOffered, accepted_at: Millis | None = None, order: str = ""
    ) -> None:
        self._rows["quotes"].append(
            (
                x.quote,
                x.customer,
                x.store,
                x.fulfillment.value,
                x.total_minor,
                self.currency,
                x.promised_ms,
                cell_text(x.dropoff, x.fulfillment),
                at,
                accepted_at,
                order or None,
            )
        )

    def _order(self, order: OrderId, clock: Clock, status: str, reason: str) -> None:
        x = self._placed.pop(order)
        goods = sum(line.quantity * line.price_minor for line in clock.lines)
        self._rows["orders"].append(
            (
                order,
                x.service,
                x.customer,
                x.store,
                x.fulfillment.value,
                x.provider,
                status,
                reason or None,
                goods,
                x.delivery_fee_minor,
                x.tip_minor,
                clock.due_minor,
                self.currency,
                cell_text(x.dropoff, x.fulfillment),
                x.placed_at,
                x.promised_at,
                time_or_none(clock.confirmed_at),
                time_or_none(clock.accepted_at),
                time_or_none(clock.ready_at),
                time_or_none(clock.ended_at),
            )
        )
        self._lines(x, clock)
        if x.fulfillment is Fulfillment.DELIVERY and clock.deliveries:
            self._delivery(order, x, clock, status)

    def _lines(self, x: e.OrderPlaced, clock: Clock) -> None:
        kept = {line.product: line.quantity for line in clock.lines}
        for line in x.lines:
            name, category = self._products.get(line.product, (line.product, ""))
            quantity = kept.pop(line.product, 0)
            self._rows["order_lines"].append(
                (
                    x.order,
                    line.product,
                    name,
                    category,
                    line.quantity,
                    quantity,
                    line.price_minor,
                    self.currency,
                )
            )

    def _delivery(self, order: OrderId, x: e.OrderPlaced, clock: Clock, status: str) -> None:
        emissions = self._projections.emissions
        vehicle = emissions.vehicle_of(clock.courier)
        is_done = status == "fulfilled"
        store = self._stores.get(x.store)
        self._rows["deliveries"].append(
            (
                clock.deliveries[-1],
                order,
                x.store,
                clock.courier,
                vehicle.value if vehicle else None,
                status,
                clock.placed_at,
                clock.promised_at,
                time_or_none(clock.taken_at),
                time_or_none(clock.ready_at),
                time_or_none(clock.in_store_at),
                time_or_none(clock.picked_up_at),
                clock.ended_at if is_done else None,
                clock.click_to_taken_ms,
                clock.click_to_door_ms if is_done else None,
                clock.ready_to_pickup_ms,
                clock.in_store_to_pickup_ms,
                clock.ready_to_door_ms if is_done else None,
                clock.drop_off_lateness_ms if is_done else None,
                distance_m(store, x.dropoff) if store else None,
                clock.carried_mm / MM,
                clock.co2e_ug / GRAM_UG,
            )
        )


def _stage(clock: Clock) -> str:
    """Of an order that is open."""
    steps = (
        ("handed_over", clock.picked_up_at),
        ("ready", clock.ready_at),
        ("accepted", clock.accepted_at),
        ("confirmed", clock.confirmed_at),
    )
    return next((status for status, at in steps if at != NEVER), "placed")
