"""Rows of what is sold: quotes, orders, their lines and deliveries, told when they end; tills."""

from collections import defaultdict
from itertools import chain
from typing import Any

from msgspec.structs import replace

from engine import events as e
from engine.projections import Projections
from engine.projections.clocks import NEVER, Clock
from engine.projections.demand import RESOLUTION
from engine.rules.lines import cost, goods_total
from engine.values import (
    Fulfillment,
    Millis,
    Minor,
    OrderId,
    PricedLine,
    ProductId,
    QuoteId,
    StoreId,
)
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
        self._scheduled: dict[OrderId, None] = {}
        self._quotes: dict[QuoteId, tuple[Millis, e.QuoteOffered]] = {}  # neither used nor expired
        self._products: dict[ProductId, tuple[str, str]] = {}
        self._stores: dict[StoreId, Point] = {}
        self.currency = ""

    def listed(self, _: Millis, x: e.ProductListed) -> None:
        self._products[x.product] = x.name, x.category

    def registered(self, _: Millis, x: e.StoreRegistered) -> None:
        self._stores[x.store] = x.location
        self._rows["stores"].append(_store_row(x))

    def store_changed(self, _: Millis, x: e.StoreChanged) -> None:
        """The table says how things are."""
        self._stores[x.store] = x.location
        rows = self._rows["stores"]
        rows[next(n for n, row in enumerate(rows) if row[0] == x.store)] = _store_row(x)

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

    def edited(self, _: Millis, x: e.OrderEdited) -> None:
        """The row says what was agreed on in the end."""
        new = x.amendment
        self._placed[x.order] = replace(
            self._placed[x.order],
            lines=new.lines,
            dropoff=new.dropoff,
            delivery_fee_minor=new.delivery_fee_minor,
            total_minor=new.total_minor,
            load=new.load,
            promised_at=new.promised_at,
        )

    def scheduled(self, _: Millis, x: e.OrderScheduled) -> None:
        self._scheduled[x.order] = None

    def receipt(self, at: Millis, x: e.ReceiptRecorded) -> None:
        for line in x.lines:
            self._till_line(at, x.sold_at, x, None, x.till, x.tender.value, line, 1)

    def receipt_refunded(self, at: Millis, x: e.ReceiptRefunded) -> None:
        for line in x.lines:
            self._till_line(at, at, x, x.refund, None, None, line, -1)

    def ended(self, order: OrderId, clock: Clock, event: e.AnyEvent) -> None:
        reason = "" if isinstance(event, e.OrderFulfilled) else f"{event.actor}/{event.reason}"  # type: ignore[union-attr]
        self._order(order, clock, STATUS[type(event)], reason)

    def finish(self) -> None:
        """What is still open, as it stands."""
        for at, quote in self._quotes.values():
            self._quote(at, quote)
        for order, clock in self._projections.clocks.open.items():
            self._order(order, clock, self._stage(order, clock), "")
        for product, (name, category) in self._products.items():
            self._rows["products"].append((product, name, category))

    # internals

    def _product(self, product: ProductId) -> tuple[str, str]:
        return self._products.get(product, (product, ""))

    def _stage(self, order: OrderId, clock: Clock) -> str:
        """Of an order that is open."""
        if clock.is_handed_over:
            return "handed_over"
        if clock.attempts > 1:
            return "ready"  # brought back, whether or not the store had said so before
        steps = (
            ("ready", clock.ready_at),
            ("accepted", clock.accepted_at),
            ("confirmed", clock.confirmed_at),
        )
        first = "scheduled" if order in self._scheduled else "placed"
        return next((status for status, at in steps if at != NEVER), first)

    def _till_line(
        self,
        at: Millis,
        sold_at: Millis,
        x: e.ReceiptRecorded | e.ReceiptRefunded,
        refund: str | None,
        till: str | None,
        tender: str | None,
        line: PricedLine,
        sign: int,
    ) -> None:
        self._rows["till_lines"].append(
            (
                *(at, sold_at, x.store, x.receipt, refund, till, tender, line.product),
                *self._product(line.product),
                *(sign * line.quantity, line.price_minor, sign * cost(line), self.currency),
            )
        )

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
                x.promised_ms - x.sooner_ms if x.sooner_ms else None,
            )
        )

    def _order(self, order: OrderId, clock: Clock, status: str, reason: str) -> None:
        x = self._placed.pop(order)
        self._scheduled.pop(order, None)
        discount = sum(line.discount_minor for line in clock.lines)
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
                goods_total(clock.lines),
                discount,
                x.delivery_fee_minor,
                x.tip_minor,
                clock.due_minor,
                self.currency,
                cell_text(x.dropoff, x.fulfillment),
                x.placed_at,
                x.promised_at,
                x.window_from_at or None,
                x.window_to_at or None,
                time_or_none(clock.confirmed_at),
                time_or_none(clock.accepted_at),
                time_or_none(clock.ready_at),
                time_or_none(clock.ended_at),
                clock.attempts,
            )
        )
        self._lines(x, clock)
        if x.fulfillment is Fulfillment.DELIVERY and clock.deliveries:
            self._delivery(order, x, clock, status)

    def _lines(self, x: e.OrderPlaced, clock: Clock) -> None:
        """More of the same, added at another price, is a line of its own."""
        kept: defaultdict[tuple[ProductId, Minor], list[PricedLine]] = defaultdict(list)
        for line in clock.lines:
            kept[line.product, line.price_minor].append(line)
        for line in x.lines:
            same = kept[line.product, line.price_minor]
            left = same.pop(0) if same else PricedLine(line.product, 0, line.price_minor)
            self._line(x.order, line.quantity, left)
        for instead in chain(*kept.values()):  # of what was missing: nobody had ordered it
            self._line(x.order, 0, instead)

    def _line(self, order: OrderId, ordered: int, left: PricedLine) -> None:
        name, category = self._product(left.product)
        self._rows["order_lines"].append(
            (
                order,
                left.product,
                name,
                category,
                ordered,
                left.quantity,
                left.price_minor,
                left.discount_minor,
                left.subsidy_minor,
                cost(left),
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
                clock.door_at if is_done else None,
                clock.click_to_taken_ms,
                clock.click_to_door_ms if is_done else None,
                clock.ready_to_pickup_ms,
                clock.in_store_to_pickup_ms,
                clock.ready_to_door_ms if is_done else None,
                clock.drop_off_lateness_ms if is_done else None,
                distance_m(store, x.dropoff) if store else None,
                clock.carried_mm / MM,
                clock.co2e_ug / GRAM_UG,
                time_or_none(clock.expected_at),
            )
        )


def _store_row(x: e.StoreRegistered | e.StoreChanged) -> tuple[object, ...]:
    cell = f"{cell_of(x.location, RESOLUTION):x}"
    return x.store, x.name, x.location.lat_deg, x.location.lon_deg, cell
