"""Substituting: something else for what is missing, if whoever ordered it agrees in time."""

from dataclasses import dataclass

from engine.commands import (
    AcceptSubstitute,
    DeclineSubstitute,
    ExpireSubstitute,
    ProposeSubstitute,
)
from engine.events import (
    OrderCancelled,
    OrderReduced,
    StockCounted,
    StockReleased,
    StockReserved,
    SubstituteAccepted,
    SubstituteDropped,
    SubstituteProposed,
)
from engine.rejections import RejectionReason as Reason
from engine.rules.lines import cut, pieces_of
from engine.rules.pending import substitute_dropped
from engine.rules.substitution import price_instead
from engine.state.inventory import Inventory
from engine.state.listings import Listings
from engine.state.orders import HOLDS_STOCK, Order, Orders, OrderStatus
from engine.state.prices import Prices
from engine.state.products import Products
from engine.state.settings import CurrentSettings
from engine.turn import Turn
from engine.values import Actor, Line, Millis, Minor, OrderId, PricedLine, ProductId, ServiceId


@dataclass(eq=False, slots=True)
class Substituting:
    settings: CurrentSettings
    products: Products
    listings: Listings
    prices: Prices
    inventory: Inventory
    orders: Orders

    # commands

    def propose_substitute(self, turn: Turn, c: ProposeSubstitute) -> None:
        """The shelf is set right and less is owed, as for anything missing; and it is asked."""
        for field in ("quantity", "pieces"):
            if getattr(c, field) < 1:
                turn.reject(Reason.MALFORMED, field=field)
        order = self._missing_from(turn, c)
        price = self._price(turn, c, order)
        left, reduction = cut(order.lines, c.missing, c.quantity)
        each = Minor(min(price, reduction // c.pieces))  # never more than what is missing cost
        timeout_ms = self.settings.current.substitute_timeout_ms
        until = Millis(turn.at + timeout_ms)
        line = PricedLine(c.substitute, c.pieces, each)
        turn.emit(StockReleased(c.store, c.order, [Line(c.missing, c.quantity)]))
        turn.emit(StockCounted(c.store, c.missing, -c.quantity, c.order))
        turn.emit(StockReserved(c.store, c.order, [Line(c.substitute, c.pieces)]))
        turn.emit(OrderReduced(c.order, left, reduction))
        turn.emit(SubstituteProposed(c.order, c.missing, c.quantity, line, until))
        turn.set_timer(timeout_ms, ExpireSubstitute(c.order, c.missing, until))

    def accept_substitute(self, turn: Turn, c: AcceptSubstitute) -> None:
        self._offered(turn, c.order, c.service, c.missing)
        turn.emit(SubstituteAccepted(c.order, c.missing))

    def decline_substitute(self, turn: Turn, c: DeclineSubstitute) -> None:
        self._offered(turn, c.order, c.service, c.missing)
        self._drop(turn, c.order, c.missing, "declined")

    def expire_substitute(self, turn: Turn, c: ExpireSubstitute) -> None:
        offered = self.orders[c.order].substitutes.get(c.missing)
        if offered and offered.expires_at == c.expires_at:
            self._drop(turn, c.order, c.missing, "lapsed")

    # follow-ups

    def drop_substitutes(self, turn: Turn, e: OrderCancelled) -> None:
        for missing in self.orders[e.order].substitutes:
            self._drop(turn, e.order, missing, "cancelled")

    def end_without(self, turn: Turn, e: SubstituteDropped) -> None:
        """Nothing was found, and nothing else is left of it."""
        order = self.orders[e.order]
        if order.status in HOLDS_STOCK and not order.lines and not order.substitutes:
            turn.emit(OrderCancelled(e.order, Actor.STORE, "item_missing", turn.at))

    # internals

    def _drop(self, turn: Turn, key: OrderId, missing: ProductId, reason: str) -> None:
        for event in substitute_dropped(key, self.orders[key], missing, reason):
            turn.emit(event)

    def _missing_from(self, turn: Turn, c: ProposeSubstitute) -> Order:
        order = self.orders.get(c.order)
        if not order or order.placed.store != c.store:
            turn.reject(Reason.UNKNOWN, what="order", id=c.order)
        pieces = pieces_of(order.lines, c.missing)
        if not pieces:
            turn.reject(Reason.UNKNOWN, what="product", id=c.missing)
        if not self.products.get(c.substitute):
            turn.reject(Reason.UNKNOWN, what="product", id=c.substitute)
        if order.status is not OrderStatus.ACCEPTED:
            allowed = [str(x) for x in order.next_statuses]
            turn.reject(
                Reason.ILLEGAL_TRANSITION,
                **{"from": order.status, "to": "substituted"},
                allowed=allowed,
            )
        if c.missing in order.substitutes:
            turn.reject(Reason.ALREADY_EXISTS)
        if c.quantity > pieces:
            turn.reject(Reason.MALFORMED, field="quantity", limit=pieces)
        return order

    def _price(self, turn: Turn, c: ProposeSubstitute, order: Order) -> Minor:
        price = price_instead(
            self.products,
            self.listings,
            self.prices,
            self.inventory,
            order,
            Line(c.missing, c.quantity),
            Line(c.substitute, c.pieces),
            turn.at,
            self.settings.current.utc_offset_min,
        )
        if isinstance(price, tuple):
            turn.reject(price[0], **price[1])
        return price

    def _offered(self, turn: Turn, key: OrderId, service: ServiceId, missing: ProductId) -> None:
        order = self.orders.get(key)
        if not order or order.placed.service != service:
            turn.reject(Reason.UNKNOWN, what="order", id=key)
        if missing not in order.substitutes:
            turn.reject(Reason.UNKNOWN, what="substitute", id=missing)
