"""Segmenting: what kind of customer each one is, judged at each purchase and as time goes by."""

from dataclasses import dataclass

from engine.commands import ReviewCustomer, ReviewCustomers, SetSegmentation
from engine.events import (
    CustomerPurchased,
    CustomerRefunded,
    CustomerSegmented,
    CustomersReviewed,
    InstructionSettled,
    OrderFulfilled,
    ReviewPlanned,
    SegmentationSet,
)
from engine.rejections import RejectionReason as Reason
from engine.rules.segmentation import fault_of, next_fall_at, scores_of, segment_of
from engine.state.customers import Customer, Customers
from engine.state.order_changes import OrderChanges
from engine.state.orders import Order, Orders, OrderStatus
from engine.state.payments import InstructionStatus, Payments, rest_of
from engine.turn import Turn
from engine.values import (
    SECOND,
    CustomerId,
    InstructionId,
    InstructionKind,
    Millis,
    Minor,
    PaymentPurpose,
)

AT_ONCE = 500  # customers a turn looks at
BETWEEN_MS = SECOND  # two such turns
NEVER = Millis(0)


@dataclass(eq=False, slots=True)
class Segmenting:
    customers: Customers
    orders: Orders
    payments: Payments
    changes: OrderChanges

    # commands

    def set_segmentation(self, turn: Turn, c: SetSegmentation) -> None:
        if fault := fault_of(c.segmentation):
            turn.reject(Reason.MALFORMED, **fault)
        turn.emit(SegmentationSet(c.segmentation))
        turn.set_timer(0, ReviewCustomers(self.customers.rule, 0))

    def review_customers(self, turn: Turn, c: ReviewCustomers) -> None:
        """By an older rule than the one in force nobody is judged any more."""
        if c.rule != self.customers.rule:
            return
        end = min(c.first + AT_ONCE, len(self.customers.ids))
        for key in self.customers.ids[c.first : end]:
            self._judge(turn, key)
        turn.emit(CustomersReviewed(c.rule, c.first, end))
        if end < len(self.customers.ids):
            turn.set_timer(BETWEEN_MS, ReviewCustomers(c.rule, end))

    def review_customer(self, turn: Turn, c: ReviewCustomer) -> None:
        """Another timer may have taken the place of this one."""
        if self.customers[c.customer].review_at == turn.at:
            self._judge(turn, c.customer)

    # follow-ups

    def note_purchase(self, turn: Turn, e: OrderFulfilled) -> None:
        order = self.orders[e.order]
        customer = order.placed.customer
        turn.emit(CustomerPurchased(customer, e.order, self._paid_minor(order), e.at))

    def note_refund(self, turn: Turn, e: InstructionSettled) -> None:
        """Of a purchase, and at most what was paid for it: a tip is none."""
        if not self._gives_back(e.instruction):
            return
        refund = self.payments.instruction(e.instruction)
        payment = self.payments[refund.payment]
        order = self.orders[payment.order]
        if order.status is not OrderStatus.FULFILLED:
            return
        customer, paid = order.placed.customer, self._paid_minor(order)
        names = [x for x in payment.instructions if self._gives_back(x)]
        after = sum(self.payments.instruction(x).amount_minor for x in names)
        less = min(paid, after) - min(paid, after - refund.amount_minor)
        if less and not self.customers[customer].is_forgotten:
            turn.emit(CustomerRefunded(customer, payment.order, Minor(less), turn.at))

    def judge_again(self, turn: Turn, e: CustomerPurchased | CustomerRefunded) -> None:
        self._judge(turn, e.customer)

    # internals

    def _paid_minor(self, order: Order) -> Minor:
        """In money; what came back for it was paid for before."""
        credit = self.changes.credit_of(order.placed)
        return Minor(order.due_minor - min(credit, order.due_minor))

    def _gives_back(self, key: InstructionId) -> bool:
        """What was earned; the rest of what was taken never was."""
        x = self.payments.instruction(key)
        if x.kind is not InstructionKind.REFUND or x.status is not InstructionStatus.SETTLED:
            return False
        is_rest = (x.first or key) == rest_of(x.payment)
        of_order = self.payments[x.payment].purpose is not PaymentPurpose.TIP
        return of_order and not is_rest

    def _judge(self, turn: Turn, key: CustomerId) -> None:
        customer, rule = self.customers[key], self.customers.segmentation
        if not customer.purchases:
            return
        since_ms = turn.at - customer.last_at
        scores = scores_of(rule, since_ms, customer.purchases, customer.spent_minor)
        segments = [segment_of(scores)]
        if segments != customer.segments:
            turn.emit(CustomerSegmented(key, segments, *scores))
        self._plan_review(turn, key, customer)

    def _plan_review(self, turn: Turn, key: CustomerId, customer: Customer) -> None:
        """One timer a customer: when it is too early it looks again, and is never too late."""
        rule, planned = self.customers.segmentation, customer.review_at
        at = next_fall_at(rule, customer.last_at, turn.at) or NEVER
        if at == planned or (planned > turn.at and not NEVER < at < planned):
            return
        turn.emit(ReviewPlanned(key, at))
        if at != NEVER:
            turn.set_timer(at - turn.at, ReviewCustomer(key))
