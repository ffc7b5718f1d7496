"""Editing: other lines or another door, as long as nobody has begun; what costs more is paid
first, by a payment for all of it that takes the place of the one before."""

from dataclasses import dataclass

from engine.commands import EditDropoff, EditLines
from engine.events import (
    Amendment,
    EditDropped,
    EditRequested,
    OrderAccepted,
    OrderCancelled,
    OrderEdited,
    OrderReduced,
    PaymentAuthorized,
    PaymentFailed,
    PaymentReplaced,
    PaymentRequested,
    StockReleased,
    StockReserved,
)
from engine.rejections import RejectionReason as Reason
from engine.rules.areas import area_fault
from engine.rules.availability import sale_fault
from engine.rules.bundling import composed, demand
from engine.rules.instructing import voided
from engine.rules.lines import goods_total
from engine.rules.pending import edit_dropped
from engine.rules.pricing import delivery_fee, summed, without_prices
from engine.rules.promising import IDLE, late_preparation_ms, promised_ms, ride_ms
from engine.rules.repricing import difference, repriced
from engine.rules.skills import lacking, missing_anywhere, needed, unable_now
from engine.state.couriers import Couriers
from engine.state.inventory import Inventory
from engine.state.listings import Listings
from engine.state.orders import EDITABLE, Order, Orders
from engine.state.payments import Payments, PaymentStatus
from engine.state.prices import Prices
from engine.state.products import Products
from engine.state.settings import CurrentSettings
from engine.state.stores import Stores
from engine.turn import Turn
from engine.values import (
    CASH,
    Line,
    Millis,
    Minor,
    OrderId,
    PaymentPurpose,
    PricedLine,
    ProductId,
    ServiceId,
    Skill,
)
from geo.points import distance_m


@dataclass(eq=False, slots=True)
class Editing:
    settings: CurrentSettings
    stores: Stores
    products: Products
    listings: Listings
    prices: Prices
    inventory: Inventory
    orders: Orders
    payments: Payments
    couriers: Couriers

    # commands

    def edit_lines(self, turn: Turn, c: EditLines) -> None:
        order = self._editable(turn, c.order, c.service)
        if order.placed.discounts:  # which nobody could divide among other goods
            turn.reject(Reason.DISCOUNTED)
        wanted = summed(c.lines)
        lines = self._lines(turn, order, wanted)
        if lines == order.lines:
            turn.reject(Reason.ALREADY_EXISTS)
        pieces = without_prices(lines)
        load = sum(x.quantity * self.products[x.product].load for x in pieces)
        limit = self.settings.current.load_max
        if load > limit and not order.is_collection:
            turn.reject(Reason.TOO_LARGE, load=load, limit=limit)
        added, _ = difference(without_prices(order.lines), pieces)
        if short := self.inventory.short(order.placed.store, added):
            available = short.quantity
            turn.reject(Reason.INSUFFICIENT_STOCK, product=short.product, available=available)
        placed, fee = order.placed, order.placed.delivery_fee_minor
        skills = self._skills(turn, order, pieces, load)
        total = Minor(goods_total(lines) + fee)
        new = Amendment(lines, placed.dropoff, fee, total, load, placed.promised_at, skills)
        self._amend(turn, c.order, order, new, added)

    def edit_dropoff(self, turn: Turn, c: EditDropoff) -> None:
        order = self._editable(turn, c.order, c.service)
        placed, settings = order.placed, self.settings.current
        if order.is_collection:
            turn.reject(Reason.MALFORMED, field="dropoff")
        if any(x.fee_minor for x in placed.discounts):
            turn.reject(Reason.DISCOUNTED)
        if c.dropoff == placed.dropoff:
            turn.reject(Reason.ALREADY_EXISTS)
        home = self.stores[placed.store].location
        turn.reject_for(area_fault(self.stores[placed.store], settings, c.dropoff))
        before_ms, after_ms = (ride_ms(settings, home, x) for x in (placed.dropoff, c.dropoff))
        later_ms = 0 if placed.window_to_at else max(0, after_ms - before_ms)
        if placed.window_to_at:
            preparation_ms = late_preparation_ms(self.stores[placed.store])
            earliest_at = turn.at + promised_ms(settings, preparation_ms, after_ms, IDLE)
            if earliest_at > placed.window_to_at:
                turn.reject(Reason.WINDOW_TOO_SOON, earliest_at=earliest_at)
        fee = delivery_fee(settings, distance_m(home, c.dropoff))
        total = Minor(order.due_minor - placed.delivery_fee_minor + fee)
        promised_at = Millis(placed.promised_at + later_ms)
        same = placed.load, promised_at, placed.skills
        new = Amendment(order.lines, c.dropoff, fee, total, *same)
        self._amend(turn, c.order, order, new, [])

    # follow-ups

    def carry_out(self, turn: Turn, e: PaymentAuthorized) -> None:
        """The new payment holds all of it: the one before is let go."""
        payment = self.payments[e.payment]
        if payment.purpose is not PaymentPurpose.EDIT or e.late:
            return
        key, order = payment.order, self.orders[payment.order]
        assert order.edit is not None
        assert order.edit.payment == e.payment
        amendment, before = order.edit.amendment, self.payments.current(key)
        turn.emit(PaymentReplaced(key, e.payment))
        if held := self.payments.get(before):
            for event in voided(before, held, "edited"):
                turn.emit(event)
        self._carry_out(turn, key, order, amendment)

    def give_up(self, turn: Turn, e: PaymentFailed) -> None:
        payment = self.payments[e.payment]
        order = self.orders[payment.order]
        if payment.purpose is PaymentPurpose.EDIT and order.edit is not None:
            self._drop(turn, payment.order, order, e.reason)

    def drop(self, turn: Turn, e: OrderAccepted | OrderCancelled | OrderReduced) -> None:
        """The store has begun, nobody is to, or what was to be changed is not what it was: what
        is not paid for by now is not done."""
        order = self.orders[e.order]
        if order.edit is not None:
            reason = "reduced" if isinstance(e, OrderReduced) else "too_late"
            self._drop(turn, e.order, order, reason)

    def withdraw_payment(self, turn: Turn, e: EditDropped) -> None:
        if self.payments[e.payment].status is PaymentStatus.REQUESTED:
            turn.emit(PaymentFailed(e.payment, "edit_dropped"))

    # internals

    def _editable(self, turn: Turn, key: OrderId, service: ServiceId) -> Order:
        order = self.orders.get(key)
        if not order or order.placed.service != service:
            turn.reject(Reason.UNKNOWN, what="order", id=key)
        if order.status not in EDITABLE:
            allowed = [str(x) for x in order.next_statuses]
            turn.reject(
                Reason.ILLEGAL_TRANSITION, **{"from": order.status, "to": "edited"}, allowed=allowed
            )
        if order.edit is not None:
            turn.reject(Reason.EDIT_PENDING, payment=order.edit.payment)
        return order

    def _lines(self, turn: Turn, order: Order, wanted: list[Line]) -> list[PricedLine]:
        """What is more than was bought has to be for sale, and costs what it costs now."""
        store, offset_min = order.placed.store, self.settings.current.utc_offset_min
        for line in wanted:
            if not self.products.get(line.product):
                turn.reject(Reason.UNKNOWN, what="product", id=line.product)
        had = {x.product: x.quantity for x in order.lines}
        more = [x for x in wanted if x.quantity > had.get(x.product, 0)]
        inside = demand(more, [self.products[x.product] for x in more])
        at = order.placed.window_from_at or turn.at
        products = [x.product for x in (*more, *inside)]
        turn.reject_for(sale_fault(self.products, self.listings, store, products, at, offset_min))

        def known(product: ProductId) -> Minor | None:
            return self.prices.current(store, product, turn.at)

        def price_of(product: ProductId) -> Minor:
            price = known(product)
            if price is None:
                turn.reject(Reason.NO_PRICE, product=product)
            return price

        lines = repriced(order.lines, wanted, price_of)
        inside_of = [self.products[x.product] for x in lines]
        return [
            x if x.components else composed([x], [product], known)[0]
            for x, product in zip(lines, inside_of, strict=True)
        ]

    def _skills(self, turn: Turn, order: Order, pieces: list[Line], load: int) -> list[Skill]:
        """What it then takes to carry it: more than before only where somebody has it."""
        if order.is_collection:
            return []
        skills = needed(self.products[x.product] for x in pieces)
        if lacking(skills, order.placed.skills):
            turn.reject_for(missing_anywhere(self.couriers, skills))
            if not order.placed.window_from_at:
                turn.reject_for(unable_now(self.settings.current, self.couriers, skills, load))
        return skills

    def _amend(
        self, turn: Turn, key: OrderId, order: Order, new: Amendment, added: list[Line]
    ) -> None:
        placed = order.placed
        payment = self.payments.get(self.payments.current(key))
        held = payment.amount_minor if payment else 0
        amount = Minor(max(0, new.total_minor + placed.tip_minor - placed.credit_minor))
        if added:
            turn.emit(StockReserved(placed.store, key, added))
        if amount <= held:
            self._carry_out(turn, key, order, new)
            return
        another = self.payments.next_of(key)
        turn.emit(EditRequested(key, new, added, another))
        edit = PaymentPurpose.EDIT
        paid = payment or placed  # as it was paid, or as it would have been
        if paid.provider == CASH:  # the courier will ask for so much
            turn.emit(PaymentRequested(another, key, paid.provider, amount, edit))
            turn.emit(PaymentAuthorized(another, CASH))
            return
        until = Millis(turn.at + self.settings.current.payment_timeout_ms)
        turn.emit(PaymentRequested(another, key, paid.provider, amount, edit, until, paid.method))

    def _carry_out(self, turn: Turn, key: OrderId, order: Order, new: Amendment) -> None:
        _, removed = difference(without_prices(order.lines), without_prices(new.lines))
        turn.emit(OrderEdited(key, new))
        if removed:
            turn.emit(StockReleased(order.placed.store, key, removed))

    def _drop(self, turn: Turn, key: OrderId, order: Order, reason: str) -> None:
        for event in edit_dropped(key, order, reason):
            turn.emit(event)
