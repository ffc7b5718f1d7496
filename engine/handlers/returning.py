"""Returning: goods that come back after an order was fulfilled, and what is given back for them."""

from dataclasses import dataclass
from typing import NoReturn

from engine.commands import (
    ConfirmChange,
    ExpireChange,
    ExpirePreview,
    FetchReturn,
    PreviewChange,
    ReceiveChange,
    WaiveReturn,
    WithdrawChange,
)
from engine.events import (
    ChangeClosed,
    ChangeConfirmed,
    ChangePreviewed,
    ChangeReceived,
    DeliveryCancelled,
    DeliveryReturned,
    ReturnFetched,
    StockReturned,
)
from engine.rejections import RejectionReason as Reason
from engine.rules.bookkeeping import FEES, PROMOTIONS, REFUNDS, RETURN_FEES, of_store
from engine.rules.bounds import COUNT, ID_CHARACTERS, LINES
from engine.rules.pricing import summed
from engine.rules.returns import REASONS, Terms, kept, refundable_minor, shortage, terms
from engine.rules.skills import needed
from engine.state.deliveries import ENDED, ON_BOARD, Deliveries, Delivery, DeliveryStatus
from engine.state.order_changes import TRANSITIONS, ChangeStatus, OrderChange, OrderChanges
from engine.state.orders import Order, Orders, OrderStatus
from engine.state.payments import Payments
from engine.state.products import Products
from engine.state.refunds import Refunds
from engine.state.settings import CurrentSettings
from engine.turn import Turn
from engine.values import (
    HOUR,
    Actor,
    ChangeId,
    DeliveryId,
    Line,
    Millis,
    Minor,
    OrderId,
    Posting,
    ReturnedLine,
    ReturnWay,
    ServiceId,
)

S = ChangeStatus
Numbers = tuple[Minor, Minor, Minor]  # for the goods, of the delivery fee, for fetching
SAID_MS = HOUR  # so long an expired preview is remembered to be one


@dataclass(eq=False, slots=True)
class Returning:
    settings: CurrentSettings
    products: Products
    orders: Orders
    payments: Payments
    refunds: Refunds
    deliveries: Deliveries
    changes: OrderChanges

    # commands

    def preview_change(self, turn: Turn, c: PreviewChange) -> None:
        if self.changes.get(c.change):
            turn.reject(Reason.ALREADY_EXISTS)
        order = self.orders.get(c.order)
        if not order or c.service not in ("", order.placed.service):
            turn.reject(Reason.UNKNOWN, what="order", id=c.order)
        if order.is_collection and c.way is ReturnWay.COURIER:
            turn.reject(Reason.MALFORMED, field="way")  # nobody knows where to
        if order.status is not OrderStatus.FULFILLED:
            allowed = [str(x) for x in order.next_statuses]
            turn.reject(
                Reason.ILLEGAL_TRANSITION,
                **{"from": order.status, "to": S.PREVIEWED},
                allowed=allowed,
            )
        if c.reason not in REASONS:
            turn.reject(Reason.REASON_NOT_ALLOWED, actor=Actor.CUSTOMER, allowed=list(REASONS))
        settings, lines, placed = self.settings.current, summed(c.lines), order.placed
        until_at = order.ended_at + settings.after_sales_ms
        if turn.at > until_at:
            turn.reject(Reason.RETURN_PERIOD_OVER, until_at=until_at)
        offered = self._terms_now(turn, c.order, order, lines, c.reason, c.way)
        turn.emit(
            ChangePreviewed(
                c.change,
                c.order,
                placed.service,
                placed.store,
                lines,
                c.reason,
                c.way,
                offered.goods_minor,
                offered.delivery_minor,
                offered.fee_minor,
                sum(x.quantity * self.products[x.product].load for x in lines),
                Millis(turn.at + settings.preview_life_ms),
                needed(self.products[x.product] for x in lines),
            )
        )
        turn.set_timer(settings.preview_life_ms + SAID_MS, ExpirePreview(c.change))

    def confirm_change(self, turn: Turn, c: ConfirmChange) -> None:
        change = self._own(turn, c.change, c.service)
        if change.status is not S.PREVIEWED:
            self._illegal(turn, change, S.CONFIRMED)
        if turn.at >= change.expires_at:
            turn.reject(Reason.PREVIEW_EXPIRED, expired_at=change.expires_at)
        asked = change.order, self.orders[change.order], change.lines, change.reason, change.way
        now = self._terms_now(turn, *asked)
        then = change.goods_minor, change.delivery_minor, change.fee_minor
        if (now.goods_minor, now.delivery_minor, now.fee_minor) != then:
            turn.reject(Reason.PREVIEW_STALE, refund_minor=now.refund_minor)
        turn.emit(ChangeConfirmed(c.change, turn.at))
        turn.set_timer(self.settings.current.return_life_ms, ExpireChange(c.change))
        if change.way is ReturnWay.COURIER:
            self._fetch(turn, c.change, change)

    def withdraw_change(self, turn: Turn, c: WithdrawChange) -> None:
        """As long as the customer has the goods."""
        change = self._expected(turn, c.change, c.service, S.CLOSED)
        if self._is_under_way(change):
            self._illegal(turn, change, S.CLOSED)
        self._call_off(turn, change)
        turn.emit(ChangeClosed(c.change, "withdrawn"))

    def fetch_return(self, turn: Turn, c: FetchReturn) -> None:
        change = self._expected(turn, c.change, c.service, S.CONFIRMED)
        if self.orders[change.order].is_collection:
            turn.reject(Reason.MALFORMED, field="change")  # nobody knows where to
        if self._leg(change) is not None:
            turn.reject(Reason.ALREADY_EXISTS)
        limit = self.settings.current.delivery_attempts_max
        if change.fetches >= limit:
            turn.reject(Reason.ATTEMPTS_EXHAUSTED, limit=limit)
        self._fetch(turn, c.change, change)

    def receive_change(self, turn: Turn, c: ReceiveChange) -> None:
        if not _are_sound(c.received):
            turn.reject(Reason.MALFORMED, field="received")
        change = self.changes.get(c.change)
        if not change or change.store != c.store:
            turn.reject(Reason.UNKNOWN, what="change", id=c.change)
        if change.status is not S.CONFIRMED:
            self._illegal(turn, change, S.RECEIVED)
        announced = {x.product: x.quantity for x in change.lines}
        for x in c.received:
            if x.sellable + x.damaged > announced.get(x.product, 0):
                refundable = announced.get(x.product, 0)
                turn.reject(Reason.EXCEEDS_BOUGHT, product=x.product, refundable=refundable)
        leg = self._leg(change)
        received = [x for x in c.received if x.sellable + x.damaged]
        self._receive(turn, c.change, change, received, f"store:{c.store}")
        if leg is not None:
            self._arrive(turn, *leg)

    def waive_return(self, turn: Turn, c: WaiveReturn) -> None:
        """Whatever became of the goods: the platform bears it."""
        change = self._expected(turn, c.change, ServiceId(""), S.RECEIVED)
        self._call_off(turn, change)
        charged = (Posting(REFUNDS, change.refund_minor),)
        self._received(turn, c.change, change, [], _as_agreed(change), charged, c.by)

    def expire_preview(self, turn: Turn, c: ExpirePreview) -> None:
        change = self.changes.get(c.change)
        if change and change.status is S.PREVIEWED:
            turn.emit(ChangeClosed(c.change, "expired"))

    def expire_change(self, turn: Turn, c: ExpireChange) -> None:
        """Who never sent the goods keeps them; what a courier has on board is on its way."""
        change = self.changes[c.change]
        if change.status is not S.CONFIRMED:
            return
        if self._is_under_way(change):
            turn.set_timer(HOUR, c)
            return
        self._call_off(turn, change)
        turn.emit(ChangeClosed(c.change, "lapsed"))

    # follow-ups

    def receive_fetched(self, turn: Turn, e: DeliveryReturned) -> None:
        """The store took all of it from the courier, in one condition."""
        key = self.deliveries[e.delivery].change
        change = self.changes.get(key)
        if change and change.status is S.CONFIRMED:
            received = [
                ReturnedLine(x.product, x.quantity, 0)
                if e.sellable
                else ReturnedLine(x.product, 0, x.quantity)
                for x in change.lines
            ]
            self._receive(turn, key, change, received, f"store:{change.store}")

    # internals

    def _terms_now(
        self, turn: Turn, key: OrderId, order: Order, lines: list[Line], reason: str, way: ReturnWay
    ) -> Terms:
        has = kept(order, self.changes.of(key))
        if short := shortage(has, lines):
            turn.reject(Reason.EXCEEDS_BOUGHT, product=short.product, refundable=short.quantity)
        offered = terms(self.settings.current, order, has, lines, reason, way)
        left = refundable_minor(self.payments, self.refunds, self.changes, key)
        left += self.changes.credit_of(order.placed)  # paid with what came back for it
        if offered.refund_minor > left:
            turn.reject(Reason.EXCEEDS_CAPTURED, refundable_minor=max(0, left))
        return offered

    def _receive(
        self, turn: Turn, key: ChangeId, change: OrderChange, received: list[ReturnedLine], by: str
    ) -> None:
        """As agreed if everything came; else for what came, and never more than was agreed."""
        order = self.orders[change.order]
        others = [x for x in self.changes.of(change.order) if x is not change]
        back = [Line(x.product, x.sellable + x.damaged) for x in received]
        has, settings = kept(order, others), self.settings.current
        given = terms(settings, order, has, back, change.reason, change.way)
        if _sorted(back) == _sorted(change.lines):
            given = Terms(*_as_agreed(change), given.subsidy_minor)
        charged = (
            Posting(of_store(change.store), given.goods_minor + given.subsidy_minor),
            Posting(PROMOTIONS, -given.subsidy_minor),
            Posting(FEES, given.delivery_minor),
            Posting(RETURN_FEES, -given.fee_minor),
        )
        numbers = given.goods_minor, given.delivery_minor, given.fee_minor
        self._received(turn, key, change, received, numbers, charged, by)
        delivery = DeliveryId(f"{change.order}/return/{key}")
        fit = [Line(x.product, x.sellable) for x in received if x.sellable]
        unfit = [Line(x.product, x.damaged) for x in received if x.damaged]
        for lines, sellable in ((fit, True), (unfit, False)):
            if lines:
                turn.emit(StockReturned(change.store, change.order, lines, delivery, sellable))

    def _received(
        self,
        turn: Turn,
        key: ChangeId,
        change: OrderChange,
        received: list[ReturnedLine],
        numbers: Numbers,
        charged: tuple[Posting, ...],
        by: str,
    ) -> None:
        order, reason = change.order, change.reason
        borne = [x for x in charged if x.amount_minor]
        turn.emit(ChangeReceived(key, order, received, *numbers, borne, reason, by, turn.at))

    def _fetch(self, turn: Turn, key: ChangeId, change: OrderChange) -> None:
        delivery = DeliveryId(f"{change.order}/return/{key}/{change.fetches + 1}")
        due_at = Millis(turn.at + self.settings.current.promise_max_ms)
        turn.emit(ReturnFetched(key, delivery, due_at))

    def _leg(self, change: OrderChange) -> tuple[DeliveryId, Delivery] | None:
        """The delivery that is to bring it, if one is under way."""
        delivery = self.deliveries.get(change.delivery) if change.delivery else None
        if change.delivery is None or delivery is None or delivery.status in ENDED:
            return None
        return change.delivery, delivery

    def _is_under_way(self, change: OrderChange) -> bool:
        """A courier took over the goods; stranded with them or not."""
        leg = self._leg(change)
        return leg is not None and (leg[1].status in ON_BOARD or leg[1].attempt > 1)

    def _call_off(self, turn: Turn, change: OrderChange) -> None:
        if (leg := self._leg(change)) is not None:
            turn.emit(DeliveryCancelled(leg[0], leg[1].courier))

    def _arrive(self, turn: Turn, key: DeliveryId, delivery: Delivery) -> None:
        """Brought by its courier; or by the customer after all, and nobody need come."""
        if delivery.status is DeliveryStatus.RETURNING:
            assert delivery.courier is not None
            turn.emit(DeliveryReturned(key, delivery.order, delivery.courier, sellable=True))
        else:
            turn.emit(DeliveryCancelled(key, delivery.courier))

    def _own(self, turn: Turn, key: ChangeId, service: ServiceId) -> OrderChange:
        change = self.changes.get(key)
        if not change or service not in ("", change.service):
            turn.reject(Reason.UNKNOWN, what="change", id=key)
        return change

    def _expected(
        self, turn: Turn, key: ChangeId, service: ServiceId, to: ChangeStatus
    ) -> OrderChange:
        change = self._own(turn, key, service)
        if change.status is not S.CONFIRMED:
            self._illegal(turn, change, to)
        return change

    def _illegal(self, turn: Turn, change: OrderChange, to: ChangeStatus) -> NoReturn:
        allowed = [str(x) for x in TRANSITIONS[change.status]]
        turn.reject(Reason.ILLEGAL_TRANSITION, **{"from": change.status, "to": to}, allowed=allowed)


def _as_agreed(change: OrderChange) -> Numbers:
    return change.goods_minor, change.delivery_minor, change.fee_minor


def _sorted(lines: list[Line]) -> list[tuple[str, int]]:
    return sorted((x.product, x.quantity) for x in lines)


def _are_sound(received: list[ReturnedLine]) -> bool:
    """Something of something, each product once."""
    products = [x.product for x in received]
    return (
        len(products) == len(dict.fromkeys(products)) <= LINES
        and all(0 < len(x) <= ID_CHARACTERS for x in products)
        and all(0 <= x.sellable <= COUNT and 0 <= x.damaged <= COUNT for x in received)
        and any(x.sellable + x.damaged for x in received)
    )
