"""Ordering: from an accepted quote to a fulfilled order, or to the early end of one."""

from dataclasses import dataclass

from engine.commands import AskStore, CancelOrder, PlaceOrder, RenewProof
from engine.events import (
    ChangeExchanged,
    ChangeReceived,
    DeliveryCompleted,
    DeliveryPickedUp,
    OrderCancelled,
    OrderConfirmed,
    OrderEdited,
    OrderFulfilled,
    OrderHandedOver,
    OrderPlaced,
    OrderRecalled,
    OrderScheduled,
    OrderWrittenOff,
    PaymentAuthorized,
    PaymentFailed,
    ProofRenewed,
    QuoteAccepted,
    QuoteOffered,
    StockIssued,
    StockReleased,
    StockReserved,
)
from engine.rejections import RejectionReason as Reason
from engine.rules.availability import sale_fault
from engine.rules.cancelling import WRITE_OFF, reasons
from engine.rules.couponing import used_up
from engine.rules.grouping import group_of, members, quoted, together_fault
from engine.rules.opening import closure
from engine.rules.pricing import without_prices
from engine.rules.promising import (
    broken_promise,
    fleet_at_work,
    late_preparation_ms,
    preparing_ms,
    ride_ms,
    workload,
)
from engine.rules.proving import CODE_LENGTH_MIN
from engine.rules.scheduling import Window, ask_store_at, slot_fault, window_of
from engine.rules.skills import unable_now
from engine.rules.wishing import wish_fault
from engine.state.couriers import Couriers
from engine.state.customers import Customers
from engine.state.deliveries import Deliveries
from engine.state.groups import Groups
from engine.state.inventory import Inventory
from engine.state.listings import Listings
from engine.state.order_changes import TRANSITIONS, ChangeStatus, OrderChanges
from engine.state.orders import ENDED, Order, Orders, OrderStatus
from engine.state.payments import Payments
from engine.state.positions import Positions
from engine.state.products import Products
from engine.state.promises import Promises
from engine.state.promotions import Promotions
from engine.state.quotes import Quotes
from engine.state.settings import CurrentSettings
from engine.state.staff import Staff
from engine.state.stores import Stores
from engine.turn import Turn
from engine.values import (
    Actor,
    Fulfillment,
    GroupId,
    Line,
    Millis,
    Minor,
    OrderId,
    PaymentPurpose,
    Proof,
    Rescue,
)

ASKING = (Actor.CUSTOMER, Actor.OPERATOR)  # a store rejects, the others are never asked


@dataclass(eq=False, slots=True)
class Ordering:
    settings: CurrentSettings
    stores: Stores
    products: Products
    inventory: Inventory
    quotes: Quotes
    orders: Orders
    payments: Payments
    deliveries: Deliveries
    customers: Customers
    promotions: Promotions
    listings: Listings
    changes: OrderChanges
    couriers: Couriers
    positions: Positions
    staff: Staff
    promises: Promises
    groups: Groups

    # commands

    def place_order(self, turn: Turn, c: PlaceOrder) -> None:
        if (c.proof is Proof.PIN) != bool(c.pin):
            turn.reject(Reason.MALFORMED, field="pin")
        if c.tip_minor < 0:
            turn.reject(Reason.MALFORMED, field="tip_minor")
        turn.reject_for(wish_fault(self.products, c.if_missing, c.instead))
        if self.orders.get(c.order):
            turn.reject(Reason.ALREADY_EXISTS)
        offered = self._valid_quote(turn, c)
        limit = self.settings.current.unpaid_orders_max
        if limit and self.orders.awaited.get(offered.customer, 0) >= limit:
            turn.reject(Reason.TOO_MANY_UNPAID, limit=limit)
        lines = without_prices(offered.lines)
        self._check_goods(turn, offered, lines)
        busy = self._check_promise(turn, offered)
        if offered.fulfillment is Fulfillment.COLLECTION and len(c.pin) < CODE_LENGTH_MIN:
            turn.reject(Reason.PROOF_REQUIRED, proof=Proof.PIN, at_least=CODE_LENGTH_MIN)
        if offered.fulfillment is Fulfillment.COLLECTION and Rescue.OTHER_STORE in c.if_missing:
            turn.reject(Reason.MALFORMED, field="if_missing")  # its customer is on his way here
        self._check_discounts(turn, offered)
        window = self._open_window(turn, offered)
        promised_at = Millis(window[1] if window else turn.at + offered.promised_ms)
        group = self._check_group(turn, c, offered, promised_at)
        credit = self._credit(turn, c, offered)
        # From here on the order exists; nothing below may reject.
        turn.emit(StockReserved(offered.store, c.order, lines))
        turn.emit(QuoteAccepted(c.quote, c.order))
        turn.emit(
            OrderPlaced(
                c.order,
                c.service,
                offered.customer,
                offered.store,
                offered.lines,
                offered.dropoff,
                offered.delivery_fee_minor,
                offered.total_minor,
                c.provider,
                c.proof,
                c.pin,
                offered.load,
                turn.at,
                promised_at,
                offered.fulfillment,
                c.tip_minor,
                offered.window_from_at,
                offered.window_to_at,
                offered.discounts,
                c.exchange,
                credit,
                busy,
                c.if_missing,
                c.instead,
                c.method,
                offered.skills,
                offered.sooner_ms,
                group,
            )
        )
        if c.exchange:
            turn.emit(ChangeExchanged(c.exchange, c.order, credit))

    def renew_proof(self, turn: Turn, c: RenewProof) -> None:
        if not c.pin:
            turn.reject(Reason.MALFORMED, field="pin")
        order = self.orders.get(c.order)
        if not order or order.placed.service != c.service:
            turn.reject(Reason.UNKNOWN, what="order", id=c.order)
        if order.placed.proof is not Proof.PIN:
            turn.reject(Reason.MALFORMED, field="pin")  # another proof was agreed on
        if order.status in ENDED:
            turn.reject(
                Reason.ILLEGAL_TRANSITION, **{"from": order.status, "to": "renewed"}, allowed=[]
            )
        if order.is_collection and len(c.pin) < CODE_LENGTH_MIN:
            turn.reject(Reason.PROOF_REQUIRED, proof=Proof.PIN, at_least=CODE_LENGTH_MIN)
        turn.emit(ProofRenewed(c.order, c.pin))

    def cancel_order(self, turn: Turn, c: CancelOrder) -> None:
        if c.actor not in ASKING:
            turn.reject(Reason.MALFORMED, field="actor")
        order = self.orders.get(c.order)
        if not order or c.service not in ("", order.placed.service):
            turn.reject(Reason.UNKNOWN, what="order", id=c.order)
        allowed = reasons(c.actor, order.status)
        is_lost = c.reason in WRITE_OFF
        if order.status is OrderStatus.HANDED_OVER and not is_lost and self._comes_back(c, order):
            allowed = ()
        if not allowed:
            turn.reject(
                Reason.ILLEGAL_TRANSITION,
                **{"from": order.status, "to": OrderStatus.CANCELLED},
                allowed=[str(x) for x in order.next_statuses if x != OrderStatus.CANCELLED],
            )
        if c.reason not in allowed:
            turn.reject(Reason.REASON_NOT_ALLOWED, actor=c.actor, allowed=list(allowed))
        if order.status is OrderStatus.HANDED_OVER and is_lost:
            turn.emit(OrderWrittenOff(c.order, c.actor, c.reason, turn.at))
        elif order.status is OrderStatus.HANDED_OVER:
            turn.emit(OrderRecalled(c.order, c.actor, c.reason))
        else:
            turn.emit(OrderCancelled(c.order, c.actor, c.reason, turn.at))

    def ask_store(self, turn: Turn, c: AskStore) -> None:
        if self.orders[c.order].status is OrderStatus.SCHEDULED:
            turn.emit(OrderConfirmed(c.order))

    # follow-ups

    def ask_sooner(self, turn: Turn, e: OrderEdited) -> None:
        """To another door it may be a longer way."""
        order = self.orders[e.order]
        if order.status is not OrderStatus.SCHEDULED or self.changes.is_awaited(order.placed):
            return
        ask_at = self._ask_store_at(order.placed)
        if ask_at <= turn.at:
            turn.emit(OrderConfirmed(e.order))
        else:
            turn.set_timer(ask_at - turn.at, AskStore(e.order))

    def go_on(self, turn: Turn, e: ChangeReceived) -> None:
        """What an order is paid with has come back: it is like any other now."""
        key = self.changes[e.change].replacement
        if key is None or self.orders[key].status is not OrderStatus.SCHEDULED:
            return  # or its payment is still awaited
        ask_at = self._ask_store_at(self.orders[key].placed)
        if ask_at <= turn.at:
            turn.emit(OrderConfirmed(key))
        else:
            turn.set_timer(ask_at - turn.at, AskStore(key))

    def confirm_free(self, turn: Turn, e: OrderPlaced) -> None:
        """What costs nothing is paid for already."""
        if e.total_minor + e.tip_minor - e.credit_minor == 0:
            self._confirm(turn, e.order)

    def confirm(self, turn: Turn, e: PaymentAuthorized) -> None:
        payment = self.payments[e.payment]
        if payment.purpose is PaymentPurpose.ORDER and not e.late:
            self._confirm(turn, payment.order)

    def cancel_unpaid(self, turn: Turn, e: PaymentFailed) -> None:
        payment = self.payments[e.payment]
        order, is_its_own = payment.order, payment.purpose is PaymentPurpose.ORDER
        is_waited_for = is_its_own and self.payments.current(order) == e.payment
        if is_waited_for and self.orders[order].status is OrderStatus.PLACED:
            turn.emit(OrderCancelled(order, Actor.PAYMENT, e.reason, turn.at))

    def release_stock(self, turn: Turn, e: OrderCancelled) -> None:
        order = self.orders[e.order]
        if order.lines:
            lines = without_prices(order.lines)
            turn.emit(StockReleased(order.placed.store, e.order, lines))

    def hand_over(self, turn: Turn, e: DeliveryPickedUp) -> None:
        """The goods leave the store once; a rescue only changes who carries them."""
        order = self.orders[e.order]
        if order.status in (OrderStatus.ACCEPTED, OrderStatus.READY):
            turn.emit(OrderHandedOver(e.order))
            turn.emit(StockIssued(order.placed.store, e.order, without_prices(order.lines)))

    def fulfill(self, turn: Turn, e: DeliveryCompleted) -> None:
        turn.emit(OrderFulfilled(e.order, turn.at, e.occurred_at))

    # internals

    def _check_group(self, turn: Turn, c: PlaceOrder, q: QuoteOffered, at: Millis) -> GroupId:
        """What it goes together with, if it can, promised by then, without breaking a promise."""
        group = group_of(c.service, c.group) or q.group
        if group:
            found = members(self.groups, self.stores, self.orders, self.deliveries, group)
            found.append(quoted(self.settings.current, c.order, q, self.stores, at))
            turn.reject_for(together_fault(self.settings.current, self.couriers, found))
        return group

    def _credit(self, turn: Turn, c: PlaceOrder, offered: QuoteOffered) -> Minor:
        """How much of it is paid with what comes back: of the same customer, and once."""
        if not c.exchange:
            return Minor(0)
        change = self.changes.get(c.exchange)
        bought = self.orders[change.order].placed if change else None
        whose = (bought.service, bought.customer) if bought else None
        if not change or not bought or whose != (c.service, offered.customer):
            turn.reject(Reason.UNKNOWN, what="change", id=c.exchange)
        if change.status is not ChangeStatus.CONFIRMED:
            turn.reject(
                Reason.ILLEGAL_TRANSITION,
                **{"from": change.status, "to": "exchanged"},
                allowed=[str(x) for x in TRANSITIONS[change.status]],
            )
        if change.replacement is not None or bought.exchange:
            turn.reject(Reason.ALREADY_EXCHANGED)
        return Minor(min(change.refund_minor, offered.total_minor))

    def _comes_back(self, c: CancelOrder, order: Order) -> bool:
        """Already, and for good."""
        delivery = self.deliveries[self.deliveries.of_order[c.order]]
        return delivery.is_return and not order.is_redelivery_wanted

    def _valid_quote(self, turn: Turn, c: PlaceOrder) -> QuoteOffered:
        quote = self.quotes.get(c.quote)
        if not quote or quote.offered.service != c.service:
            turn.reject(Reason.UNKNOWN, what="quote", id=c.quote)
        customer = quote.offered.customer
        if self.customers[customer].is_forgotten:
            turn.reject(Reason.UNKNOWN, what="customer", id=customer)
        if quote.order is not None:
            turn.reject(Reason.QUOTE_USED, order=quote.order)
        if turn.at >= quote.offered.expires_at:
            turn.reject(Reason.QUOTE_EXPIRED, expired_at=quote.offered.expires_at)
        window = window_of(quote.offered)
        at, offset_min = window[0] if window else turn.at, self.settings.current.utc_offset_min
        turn.reject_for(closure(self.stores[quote.offered.store], at, offset_min))
        return quote.offered

    def _check_goods(self, turn: Turn, offered: QuoteOffered, lines: list[Line]) -> None:
        wanted = [x.product for x in offered.lines] + [x.product for x in lines]
        at, offset_min = offered.window_from_at or turn.at, self.settings.current.utc_offset_min
        turn.reject_for(
            sale_fault(self.products, self.listings, offered.store, wanted, at, offset_min)
        )
        if short := self.inventory.short(offered.store, lines):
            available = short.quantity
            turn.reject(Reason.INSUFFICIENT_STOCK, product=short.product, available=available)

    def _check_promise(self, turn: Turn, offered: QuoteOffered) -> int:
        """A quote holds no courier: of all who were promised the same one, the first gets him.
        How busy they all are."""
        if offered.fulfillment is not Fulfillment.DELIVERY or window_of(offered):
            return 0
        settings, store, skills = self.settings.current, self.stores[offered.store], offered.skills
        turn.reject_for(unable_now(settings, self.couriers, skills, offered.load))
        fleet = fleet_at_work(self.couriers, self.positions, self.deliveries, self.orders, skills)
        load = workload(settings, fleet, store.location, self.promises)
        preparation_ms = preparing_ms(store, self.orders, self.staff, offered.store)
        way_ms = ride_ms(settings, store.location, offered.dropoff)
        turn.reject_for(broken_promise(settings, offered.promised_ms, preparation_ms, way_ms, load))
        return load.busy

    def _check_discounts(self, turn: Turn, offered: QuoteOffered) -> None:
        """Of all who were promised the last use of a coupon, the first to order gets it."""
        if not offered.discounts:
            return
        customer = offered.customer
        is_first = not self.orders.has_ordered(customer)
        spent = used_up(self.promotions, offered.discounts, customer, is_first=is_first)
        turn.reject_for(spent)

    def _open_window(self, turn: Turn, offered: QuoteOffered) -> Window | None:
        """Still to be met, and not taken by others meanwhile: a quote holds no place in it."""
        window = window_of(offered)
        if window is not None:
            earliest_at = turn.at + offered.promised_ms
            settings = self.settings.current
            fault = slot_fault(settings, self.orders, offered.store, window, earliest_at)
            turn.reject_for(fault)
        return window

    def _confirm(self, turn: Turn, key: OrderId) -> None:
        """The store is asked now, or when there is just time enough."""
        placed = self.orders[key].placed
        ask_at = self._ask_store_at(placed)
        if self.changes.is_awaited(placed):
            turn.emit(OrderScheduled(key, Millis(0)))  # what comes back for it says when
        elif ask_at <= turn.at:
            turn.emit(OrderConfirmed(key))
        else:
            turn.emit(OrderScheduled(key, Millis(ask_at)))
            turn.set_timer(ask_at - turn.at, AskStore(key))

    def _ask_store_at(self, placed: OrderPlaced) -> int:
        if not window_of(placed):
            return 0
        store = self.stores[placed.store]
        return ask_store_at(
            self.settings.current,
            placed.fulfillment,
            store.location,
            placed.dropoff,
            placed.window_from_at,
            late_preparation_ms(store),
        )
