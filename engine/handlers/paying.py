"""Paying: money is held before a store prepares, taken at the door, and given back by rule."""

from engine.commands import ExpirePayment, RefundOrder, ReportAuthorization, ReportInstruction
from engine.events import (
    DeliveryCompleted,
    InstructionFailed,
    InstructionIssued,
    InstructionSettled,
    LedgerPosted,
    OrderCancelled,
    OrderFulfilled,
    OrderPlaced,
    OrderReturned,
    OrderWrittenOff,
    PaymentAuthorized,
    PaymentFailed,
    PaymentRequested,
)
from engine.rejections import RejectionReason as Reason
from engine.rules.cancelling import CUSTOMERS_FAULT
from engine.rules.pricing import courier_fee, no_show_fee
from engine.state.deliveries import Deliveries
from engine.state.orders import Order, Orders
from engine.state.payments import (
    InstructionStatus,
    Payment,
    Payments,
    PaymentStatus,
    instruction_of,
    payment_of,
)
from engine.state.settings import CurrentSettings
from engine.turn import Turn
from engine.values import (
    InstructionKind,
    Minor,
    OrderId,
    PaymentId,
    Posting,
)
from geo.points import distance_m

FEES, COURIER_COST = "platform:delivery_fees", "platform:courier_cost"
REFUNDS, UNCOLLECTED = "platform:refunds", "platform:uncollected"
OUR_INSTRUCTIONS = (f"/{InstructionKind.CAPTURE}", f"/{InstructionKind.VOID}")


class Paying:
    def __init__(
        self,
        settings: CurrentSettings,
        orders: Orders,
        payments: Payments,
        deliveries: Deliveries,
    ) -> None:
        self.settings = settings
        self.orders = orders
        self.payments = payments
        self.deliveries = deliveries

    # commands

    def report_authorization(self, turn: Turn, c: ReportAuthorization) -> None:
        """Providers repeat themselves and are late: the same answer twice changes nothing."""
        payment = self._own_payment(turn, c)
        status = payment.status
        if c.authorized and c.amount_minor != payment.amount_minor:
            turn.reject(Reason.AMOUNT_MISMATCH, expected_minor=payment.amount_minor)
        if not c.authorized:
            if status is PaymentStatus.REQUESTED:
                turn.emit(PaymentFailed(c.payment, "payment_declined"))
            elif status is not PaymentStatus.FAILED:
                to = PaymentStatus.FAILED  # the money is held, and we relied on it
                turn.reject(Reason.ILLEGAL_TRANSITION, **{"from": status, "to": to}, allowed=[])
        elif status is PaymentStatus.REQUESTED:
            turn.emit(PaymentAuthorized(c.payment, c.reference))
        elif status is PaymentStatus.FAILED:  # we had given up: the money goes back
            turn.emit(PaymentAuthorized(c.payment, c.reference, late=True))
            self._void(turn, c.payment, payment, "authorized_late")

    def report_instruction(self, turn: Turn, c: ReportInstruction) -> None:
        instruction = self.payments.instructions.get(c.instruction)
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
            return
        turn.emit(InstructionFailed(c.instruction, c.reference))
        amount = instruction.amount_minor
        provider = f"provider:{payment.provider}"
        if instruction.kind is InstructionKind.CAPTURE:
            memo = "capture failed"
            self._post(turn, payment.order, memo, (UNCOLLECTED, amount), (provider, -amount))
        elif instruction.kind is InstructionKind.REFUND:
            memo = "refund failed"
            self._post(turn, payment.order, memo, (provider, amount), (REFUNDS, -amount))

    def refund_order(self, turn: Turn, c: RefundOrder) -> None:
        if c.amount_minor < 1:
            turn.reject(Reason.MALFORMED, field="amount_minor")
        if c.instruction.endswith(OUR_INSTRUCTIONS):
            turn.reject(Reason.MALFORMED, field="instruction")
        if c.instruction in self.payments.instructions:
            turn.reject(Reason.ALREADY_EXISTS)
        if not self.orders.get(c.order):
            turn.reject(Reason.UNKNOWN, what="order", id=c.order)
        key = payment_of(c.order)
        refundable = self.payments.refundable_minor(key)
        if c.amount_minor > refundable:
            turn.reject(Reason.EXCEEDS_CAPTURED, refundable_minor=refundable)
        refund = InstructionKind.REFUND
        turn.emit(InstructionIssued(c.instruction, key, refund, c.amount_minor, c.reason))
        provider, amount = f"provider:{self.payments[key].provider}", c.amount_minor
        self._post(turn, c.order, "refund", (REFUNDS, amount), (provider, -amount))

    def expire_payment(self, turn: Turn, c: ExpirePayment) -> None:
        """A timer is never cancelled; it looks again, and may find nothing to do."""
        if self.payments[c.payment].status is PaymentStatus.REQUESTED:
            turn.emit(PaymentFailed(c.payment, "payment_timeout"))

    # follow-ups

    def request_payment(self, turn: Turn, e: OrderPlaced) -> None:
        if e.total_minor > 0:
            payment = payment_of(e.order)
            turn.emit(PaymentRequested(payment, e.order, e.provider, e.total_minor))
            turn.set_timer(self.settings.current.payment_timeout_ms, ExpirePayment(payment))

    def give_back(self, turn: Turn, e: OrderCancelled | OrderWrittenOff) -> None:
        key = payment_of(e.order)
        payment = self.payments.get(key)
        if payment and payment.status is PaymentStatus.AUTHORIZED:
            order = self.orders[e.order]
            fee = no_show_fee(self.settings.current, order.due_minor, e.reason)
            self._capture(turn, e.order, order, fee, 0, e.reason)
        elif payment and payment.status is PaymentStatus.REQUESTED:
            turn.emit(PaymentFailed(key, "order_cancelled"))

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

    def pay_courier(self, turn: Turn, e: DeliveryCompleted) -> None:
        delivery = self.deliveries[e.delivery]
        far_m = distance_m(delivery.pickup, delivery.dropoff)
        fee = courier_fee(self.settings.current, far_m)
        if fee:
            self._post(
                turn, e.order, "courier pay", (COURIER_COST, fee), (f"courier:{e.courier}", -fee)
            )

    # internals

    def _own_payment(self, turn: Turn, c: ReportAuthorization) -> Payment:
        payment = self.payments.get(c.payment)
        if not payment or payment.provider != c.provider:
            turn.reject(Reason.UNKNOWN, what="payment", id=c.payment)
        return payment

    def _capture(
        self, turn: Turn, key: OrderId, order: Order, goods: int, fee: int, reason: str
    ) -> None:
        payment_key = payment_of(key)
        payment = self.payments.get(payment_key)
        if not payment:
            return  # it cost nothing
        amount = goods + fee
        if amount == 0:
            self._void(turn, payment_key, payment, reason)
            return
        capture = InstructionKind.CAPTURE
        instruction = instruction_of(payment_key, capture)
        turn.emit(InstructionIssued(instruction, payment_key, capture, Minor(amount), reason))
        provider, store = f"provider:{payment.provider}", f"store:{order.placed.store}"
        postings = ((provider, amount), (store, -goods), (FEES, -fee))
        self._post(turn, key, reason, *(x for x in postings if x[1]))

    def _void(self, turn: Turn, key: PaymentId, payment: Payment, reason: str) -> None:
        void = InstructionKind.VOID
        instruction = instruction_of(key, void)
        turn.emit(InstructionIssued(instruction, key, void, payment.amount_minor, reason))

    def _post(self, turn: Turn, order: OrderId, memo: str, *postings: tuple[str, int]) -> None:
        turn.emit(LedgerPosted(order, memo, [Posting(*posting) for posting in postings]))
