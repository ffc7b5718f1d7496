"""Preparing: what a store answers, and when the goods are ready."""

from dataclasses import dataclass
from typing import NoReturn

from engine.commands import (
    AcceptOrder,
    ExpireAcceptance,
    LabelOrder,
    ReceiveReturn,
    RejectOrder,
    ReportMissing,
    ReportReady,
    UpdateReadyTime,
)
from engine.events import (
    DeliveryReturned,
    ItemsMissing,
    OrderAccepted,
    OrderCancelled,
    OrderConfirmed,
    OrderGivenUp,
    OrderLabelled,
    OrderMoved,
    OrderReady,
    PreparationMeasured,
    ReadyTimeChanged,
    StockCounted,
    StockReleased,
    StockShortfall,
    StoreAsked,
)
from engine.rejections import RejectionReason as Reason
from engine.rules.cancelling import reasons
from engine.rules.lines import pieces_of
from engine.rules.pending import let_go, pending_pieces
from engine.rules.promising import crowd_permille
from engine.rules.shortages import gone_without
from engine.state.deliveries import Deliveries, DeliveryStatus
from engine.state.orders import Order, Orders, OrderStatus
from engine.state.settings import CurrentSettings
from engine.state.staff import Staff
from engine.state.timers import Timers
from engine.turn import Turn
from engine.values import HOUR, Actor, Line, Millis, OrderId, ProductId, StoreId

READY_WITHIN_MS = 24 * HOUR
LABELS_MAX = 20  # bags of one order


@dataclass(eq=False, slots=True)
class Preparing:
    settings: CurrentSettings
    timers: Timers
    orders: Orders
    deliveries: Deliveries
    staff: Staff

    # commands

    def accept_order(self, turn: Turn, c: AcceptOrder) -> None:
        self._check_ready_time(turn, c.ready_at)
        order = self._own_order(turn, c.store, c.order)
        if order.status is not OrderStatus.CONFIRMED:
            self._illegal(turn, order, OrderStatus.ACCEPTED)
        turn.emit(OrderAccepted(c.order, Millis(max(c.ready_at, turn.at)), turn.at))

    def reject_order(self, turn: Turn, c: RejectOrder) -> None:
        order = self._own_order(turn, c.store, c.order)
        allowed = reasons(Actor.STORE, order.status)
        if not allowed:
            self._illegal(turn, order, OrderStatus.CANCELLED)
        if c.reason not in allowed:
            turn.reject(Reason.REASON_NOT_ALLOWED, actor=Actor.STORE, allowed=list(allowed))
        self._give_up(turn, c.order, Actor.STORE, c.reason)

    def update_ready_time(self, turn: Turn, c: UpdateReadyTime) -> None:
        self._check_ready_time(turn, c.ready_at)
        order = self._own_order(turn, c.store, c.order)
        if order.status is not OrderStatus.ACCEPTED:
            self._illegal(turn, order, OrderStatus.ACCEPTED)
        ready_at = Millis(max(c.ready_at, turn.at))
        if ready_at != order.ready_at:
            turn.emit(ReadyTimeChanged(c.order, ready_at))

    def report_ready(self, turn: Turn, c: ReportReady) -> None:
        order = self._own_order(turn, c.store, c.order)
        if order.status is not OrderStatus.ACCEPTED:
            self._illegal(turn, order, OrderStatus.READY)
        if order.substitutes:
            until = max(x.expires_at for x in order.substitutes.values())
            turn.reject(Reason.SUBSTITUTE_PENDING, expires_at=until)
        turn.emit(OrderReady(c.order, turn.at))
        forgotten_ms = self.settings.current.promise_max_ms // 2
        took_ms = min(turn.at - order.accepted_at, forgotten_ms)
        crowd = crowd_permille(len(self.orders.in_kitchen(c.store)), self.staff.pickers(c.store))
        turn.emit(PreparationMeasured(c.store, took_ms, crowd))

    def label_order(self, turn: Turn, c: LabelOrder) -> None:
        """Of what a courier fetches; a customer at the counter has a code instead."""
        if len(c.labels) > LABELS_MAX or len(dict.fromkeys(c.labels)) < len(c.labels):
            turn.reject(Reason.MALFORMED, field="labels", limit=LABELS_MAX)
        order = self._own_order(turn, c.store, c.order)
        if order.is_collection or order.status not in (OrderStatus.ACCEPTED, OrderStatus.READY):
            self._illegal(turn, order, "labelled")
        turn.emit(OrderLabelled(c.order, c.labels))

    def report_missing(self, turn: Turn, c: ReportMissing) -> None:
        """The shelf is set right, the order goes on without the items, and less is owed."""
        if c.quantity < 1:
            turn.reject(Reason.MALFORMED, field="quantity")
        order = self._own_order(turn, c.store, c.order)
        pieces = pieces_of(order.lines, c.product)
        bundle = next((x for x in order.lines if x.product == c.product and x.components), None)
        if bundle is not None:
            inside = [str(x.product) for x in bundle.components]
            turn.reject(Reason.IS_BUNDLE, product=c.product, components=inside)
        if not pieces:
            turn.reject(Reason.UNKNOWN, what="product", id=c.product)
        if order.status not in (OrderStatus.CONFIRMED, OrderStatus.ACCEPTED, OrderStatus.READY):
            self._illegal(turn, order, "reduced")
        if c.quantity > pieces:
            turn.reject(Reason.MALFORMED, field="quantity", limit=pieces)
        turn.emit(StockReleased(c.store, c.order, [Line(c.product, c.quantity)]))
        turn.emit(StockCounted(c.store, c.product, -c.quantity, c.order))
        self._remedy(turn, c.order, c.product, c.quantity)

    def receive_return(self, turn: Turn, c: ReceiveReturn) -> None:
        delivery = self.deliveries.get(c.delivery)
        if not delivery or delivery.store != c.store:
            turn.reject(Reason.UNKNOWN, what="delivery", id=c.delivery)
        if delivery.status is not DeliveryStatus.RETURNING:
            turn.reject(
                Reason.ILLEGAL_TRANSITION,
                **{"from": delivery.status, "to": DeliveryStatus.RETURNED},
                allowed=[str(x) for x in delivery.next_statuses],
            )
        assert delivery.courier is not None
        turn.emit(DeliveryReturned(c.delivery, delivery.order, delivery.courier, c.sellable))

    def expire_acceptance(self, turn: Turn, c: ExpireAcceptance) -> None:
        """The timer of the first that was waited for: all that are due, and then the next."""
        named = self.orders[c.order]
        is_asked = named.status is OrderStatus.CONFIRMED and named.moves == c.moves
        is_undated = is_asked and not named.answer_until  # an old journal's
        for key in [c.order] if is_undated else self.orders.unanswered.due(turn.at):
            self._give_up(turn, key, Actor.SYSTEM, "store_silent")
        self._wait(turn)

    # follow-ups

    def await_acceptance(self, turn: Turn, e: OrderConfirmed | OrderMoved) -> None:
        timeout_ms = self.settings.current.acceptance_timeout_ms
        turn.emit(StoreAsked(e.order, Millis(turn.at + timeout_ms)))
        self._wait(turn)

    def go_without(self, turn: Turn, e: StockShortfall) -> None:
        """The shelf let these orders down before anybody picked them: as if found missing then."""
        for short in e.orders:
            order = self.orders[short.order]
            pending = min(pending_pieces(order, e.product), short.quantity)
            if pending:
                for event in let_go(short.order, order, e.product, pending):
                    turn.emit(event)
            if pending < short.quantity:
                self._remedy(turn, short.order, e.product, short.quantity - pending)

    # internals

    def _wait(self, turn: Turn) -> None:
        """One timer for all, set for the first of them."""
        if first := self.orders.unanswered.first():
            until, key = first
            expire = ExpireAcceptance(key, self.orders[key].moves)
            turn.look_by(until, expire, self.timers.planned(ExpireAcceptance))

    def _remedy(self, turn: Turn, key: OrderId, product: ProductId, quantity: int) -> None:
        """As whoever ordered it said beforehand; who said nothing goes without."""
        order = self.orders[key]
        if order.placed.if_missing:
            turn.emit(ItemsMissing(key, order.placed.store, product, quantity))
            return
        for event in gone_without(key, order, product, quantity, turn.at):
            turn.emit(event)

    def _give_up(self, turn: Turn, key: OrderId, actor: Actor, reason: str) -> None:
        order = self.orders[key]
        if order.may_move:
            turn.emit(OrderGivenUp(key, order.placed.store, actor, reason))
        else:
            turn.emit(OrderCancelled(key, actor, reason, turn.at))

    def _own_order(self, turn: Turn, store: StoreId, key: OrderId) -> Order:
        order = self.orders.get(key)
        if not order or order.placed.store != store:
            turn.reject(Reason.UNKNOWN, what="order", id=key)
        return order

    def _check_ready_time(self, turn: Turn, ready_at: Millis) -> None:
        """A time gone by means now; one beyond a day is a slip of the clock or the pen."""
        if ready_at > turn.at + READY_WITHIN_MS:
            turn.reject(Reason.MALFORMED, field="ready_at", limit_at=turn.at + READY_WITHIN_MS)

    def _illegal(self, turn: Turn, order: Order, to: str) -> NoReturn:
        allowed = [str(x) for x in order.next_statuses if x != to]  # not by what was asked
        turn.reject(Reason.ILLEGAL_TRANSITION, **{"from": order.status, "to": to}, allowed=allowed)
