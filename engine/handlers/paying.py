"""Paying: money is held before a store prepares, taken at the door, and given back by rule."""

from dataclasses import dataclass

from engine.commands import ExpirePayment, ReportAuthorization, ReportInstruction
from engine.events import (
    CreditReturned,
    DeliveryCompleted,
    DeliveryReturned,
    InstructionFailed,
    InstructionSettled,
    MoneyMoved,
    OrderCancelled,
    OrderFulfilled,
    OrderPlaced,
    OrderReturned,
    OrderWrittenOff,
    PaymentAuthorized,
    PaymentFailed,
    PaymentRequested,
    PaymentWithdrawn,
)
from engine.rejections import RejectionReason as Reason
from engine.rules.bookkeeping import (
    COURIER_COST,
    EXCHANGES,
    FEES,
    HELD,
    REFUNDS,
    UNCOLLECTED,
    of_courier,
    of_provider,
    of_store,
    posted,
    source_of,
)
from engine.rules.cancelling import CUSTOMERS_FAULT
from engine.rules.instructing import captured, voided
from engine.rules.pricing import courier_fee, no_show_fee
from engine.state.deliveries import Deliveries
from engine.state.order_changes import OrderChanges
from engine.state.orders import Order, Orders, OrderStatus
from engine.state.payments import (
    DECLINED,
    Instruction,
    InstructionStatus,
    Payment,
    Payments,
    PaymentStatus,
    is_sent_back,
    payment_of,
)
from engine.state.settings import CurrentSettings
from engine.state.timers import Timers
from engine.turn import Turn
from engine.values import (
    CASH,
    CourierId,
    InstructionId,
    InstructionKind,
    Millis,
    Minor,
    MovementKind,
    OrderId,
    PaymentPurpose,
    Posting,
)
from geo.points import distance_m


@dataclass(eq=False, slots=True)
class Paying:
    settings: CurrentSettings
    timers: Timers
    orders: Orders
    payments: Payments
    deliveries: Deliveries
    changes: OrderChanges

    # commands

    def report_authorization(self, turn: Turn, c: ReportAuthorization) -> None:
        """Providers repeat themselves and are late: the same answer twice changes nothing."""
        payment = self._own_payment(turn, c)
        status = payment.status
        if c.authorized and c.amount_minor != payment.amount_minor:
            turn.reject(Reason.AMOUNT_MISMATCH, expected_minor=payment.amount_minor)
        if not c.authorized:
            if status is PaymentStatus.REQUESTED:
                turn.emit(PaymentFailed(c.payment, DECLINED))
            elif status is PaymentStatus.FAILED and not payment.withdrawn:
                turn.emit(PaymentWithdrawn(c.payment))
            elif status is not PaymentStatus.FAILED:
                to = PaymentStatus.FAILED  # the money is held, and we relied on it
                turn.reject(Reason.ILLEGAL_TRANSITION, **{"from": status, "to": to}, allowed=[])
        elif status is PaymentStatus.REQUESTED:
            self._authorized(turn, c, payment, late=False)
        elif status is PaymentStatus.FAILED:  # we had given up: the money goes back
            self._authorized(turn, c, payment, late=True)
            for event in voided(c.payment, self.payments[c.payment], "authorized_late"):
                turn.emit(event)

    def report_instruction(self, turn: Turn, c: ReportInstruction) -> None:
        instruction = self.payments.find_instruction(c.instruction)
        payment = self.payments[instruction.payment] if instruction else None
        if not instruction or not payment or payment.provider != c.provider:
            turn.reject(Reason.UNKNOWN, what="instruction", id=c.instruction)
        answer = InstructionStatus.SETTLED if c.succeeded else InstructionStatus.FAILED
        if instruction.status is answer:
            return
        if instruction.status is not InstructionStatus.PENDING:
            turn.reject(
                Reason.ILLEGAL_TRANSITION, **{"from": instruction.status, "to": answer}, allowed=[]
            )
        if c.succeeded:
            turn.emit(InstructionSettled(c.instruction, c.reference))
            self._moved(turn, c, instruction, payment)
            return
        turn.emit(InstructionFailed(c.instruction, c.reference))
        self._undo(turn, c.instruction, instruction, payment)

    def expire_payment(self, turn: Turn, c: ExpirePayment) -> None:
        """The timer of the first that was waited for: all that are due, and then the next."""
        named, requested = self.payments[c.payment], PaymentStatus.REQUESTED
        is_undated = named.status is requested and not named.expires_at  # an old journal's
        for key in [c.payment] if is_undated else self.payments.unanswered.due(turn.at):
            turn.emit(PaymentFailed(key, "payment_timeout"))
        self._wait(turn)

    # follow-ups

    def request_payment(self, turn: Turn, e: OrderPlaced) -> None:
        amount = Minor(e.total_minor + e.tip_minor - e.credit_minor)
        if amount == 0:
            return
        key = payment_of(e.order)
        if e.provider == CASH:  # the courier will ask for it, at the door
            turn.emit(PaymentRequested(key, e.order, e.provider, amount))
            turn.emit(PaymentAuthorized(key, CASH))
            return
        until = Millis(turn.at + self.settings.current.payment_timeout_ms)
        order = PaymentPurpose.ORDER
        turn.emit(PaymentRequested(key, e.order, e.provider, amount, order, until, e.method))

    def await_answer(self, turn: Turn, _: PaymentRequested) -> None:
        self._wait(turn)

    def give_back(self, turn: Turn, e: OrderCancelled | OrderWrittenOff) -> None:
        key = self.payments.current(e.order)
        payment = self.payments.get(key)
        order = self.orders[e.order]
        if payment is None or payment.status is PaymentStatus.AUTHORIZED:
            fee = no_show_fee(self.settings.current, order.due_minor, e.reason)
            ridden = order.reattempts and e.reason in CUSTOMERS_FAULT  # in vain, to a door
            ride = min(order.placed.delivery_fee_minor, order.due_minor) if ridden else 0
            self._capture(turn, e.order, order, fee, ride, e.reason)
            return
        if payment.status is PaymentStatus.REQUESTED:
            turn.emit(PaymentFailed(key, "order_cancelled"))
        self._spend_credit(turn, e.order, order, 0, 0, e.reason)

    def capture(self, turn: Turn, e: OrderFulfilled) -> None:
        """What was owed at the door: less than was held, if items were missing."""
        order = self.orders[e.order]
        fee = min(order.placed.delivery_fee_minor, order.due_minor)
        self._capture(turn, e.order, order, order.due_minor - fee, fee, "delivered")

    def charge_for_return(self, turn: Turn, e: OrderReturned) -> None:
        """Who was not there pays for the ride; who was failed by us pays nothing."""
        order = self.orders[e.order]
        at_fault = e.reason in CUSTOMERS_FAULT
        fee = min(order.placed.delivery_fee_minor, order.due_minor) if at_fault else 0
        self._capture(turn, e.order, order, 0, fee, e.reason)

    def pay_for_fetching(self, turn: Turn, e: DeliveryReturned) -> None:
        """A way back that was asked for is a ride like any other."""
        if self.deliveries[e.delivery].change:
            self.pay_courier(turn, e)

    def pay_courier(self, turn: Turn, e: DeliveryCompleted | DeliveryReturned) -> None:
        delivery = self.deliveries[e.delivery]
        far_m = distance_m(delivery.pickup, delivery.dropoff)
        fee = courier_fee(self.settings.current, far_m)
        if fee:
            entry = (COURIER_COST, fee), (of_courier(e.courier), -fee)
            turn.emit(posted(e.order, "courier pay", *entry))

    # internals

    def _wait(self, turn: Turn) -> None:
        """One timer for all, set for the first of them."""
        if first := self.payments.unanswered.first():
            turn.look_by(first[0], ExpirePayment(first[1]), self.timers.planned(ExpirePayment))

    def _own_payment(self, turn: Turn, c: ReportAuthorization) -> Payment:
        payment = self.payments.get(c.payment)
        if not payment or payment.provider != c.provider:
            turn.reject(Reason.UNKNOWN, what="payment", id=c.payment)
        return payment

    def _authorized(
        self, turn: Turn, c: ReportAuthorization, payment: Payment, *, late: bool
    ) -> None:
        turn.emit(PaymentAuthorized(c.payment, c.reference, late, c.taken))
        if c.taken:
            amount, provider = payment.amount_minor, of_provider(payment.provider)
            turn.emit(posted(payment.order, "taken", (provider, amount), (HELD, -amount)))
            if c.moved_at:
                moved, key = (payment.provider, MovementKind.PAYMENT), c.payment
                turn.emit(MoneyMoved(*moved, key, key, amount, c.moved_at))

    def _moved(
        self, turn: Turn, c: ReportInstruction, instruction: Instruction, payment: Payment
    ) -> None:
        """For who compares with the provider's bill. What was only held moved nowhere."""
        key, amount, at = instruction.payment, instruction.amount_minor, c.moved_at
        if not at or (instruction.kind is InstructionKind.VOID and not payment.taken):
            return
        if instruction.kind is InstructionKind.CAPTURE:
            kind, name = MovementKind.PAYMENT, str(key)
        else:
            kind, name = MovementKind.REFUND, str(c.instruction)
        turn.emit(MoneyMoved(payment.provider, kind, name, key, amount, at))

    def _capture(
        self, turn: Turn, key: OrderId, order: Order, goods: int, fee: int, reason: str
    ) -> None:
        payment_key = self.payments.current(key)
        payment = self.payments.get(payment_key)
        is_cash = (payment.provider if payment else order.placed.provider) == CASH
        if is_cash and order.status is not OrderStatus.FULFILLED:
            goods = fee = 0  # nobody was there to collect it from
        goods, fee = self._spend_credit(turn, key, order, goods, fee, reason)
        if not payment:
            return  # it cost nothing, or was paid with what came back
        courier, store = self._courier_of(key), order.placed.store
        source = source_of(payment, courier, store)
        earned = [(of_store(store), goods), (FEES, fee)]
        if courier is not None and order.status is OrderStatus.FULFILLED:
            earned.append((of_courier(courier), order.placed.tip_minor))
        for event in captured(payment_key, payment, source, tuple(earned), reason):
            turn.emit(event)

    def _spend_credit(
        self, turn: Turn, key: OrderId, order: Order, goods: int, fee: int, reason: str
    ) -> tuple[int, int]:
        """First what came back for it; what is left of that goes back to who had paid it."""
        credit, change = self.changes.credit_of(order.placed), order.placed.exchange
        if not credit:
            return goods, fee
        of_goods = min(credit, goods)
        of_fee = min(credit - of_goods, fee)
        used = of_goods + of_fee
        if used:
            store = of_store(order.placed.store)
            entry = (EXCHANGES, used), (store, -of_goods), (FEES, -of_fee)
            turn.emit(posted(key, "exchange", *entry))
        if used < credit:
            rest = Minor(credit - used)
            turn.emit(CreditReturned(change, key, rest, [Posting(EXCHANGES, rest)], reason))
        return goods - of_goods, fee - of_fee

    def _courier_of(self, order: OrderId) -> CourierId | None:
        delivery = self.deliveries.of_order.get(order)
        return None if delivery is None else self.deliveries[delivery].courier

    def _undo(
        self, turn: Turn, key: InstructionId, instruction: Instruction, payment: Payment
    ) -> None:
        """The books, after a provider could not do as it was told."""
        amount, provider = instruction.amount_minor, of_provider(payment.provider)
        kind, order = instruction.kind, payment.order
        if kind is InstructionKind.CAPTURE:
            entry = (UNCOLLECTED, amount), (provider, -amount)
        elif is_sent_back(payment, instruction.first or key, instruction):
            entry = (provider, amount), (HELD, -amount)  # we still have it, and still owe it
        elif kind is InstructionKind.REFUND:
            entry = (provider, amount), (REFUNDS, -amount)
        else:
            return
        turn.emit(posted(order, f"{kind} failed", *entry))
