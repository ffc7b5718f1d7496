"""Segmenting: what kind of customer each one is, judged at each purchase and as time goes by."""

from engine.commands import ReviewCustomer, ReviewCustomers, SetSegmentation
from engine.events import (
    CustomerPurchased,
    CustomerSegmented,
    CustomersReviewed,
    OrderFulfilled,
    ReviewPlanned,
    SegmentationSet,
)
from engine.rejections import RejectionReason as Reason
from engine.rules.segmentation import falls_at, fault_of, scores_of, segment_of
from engine.state.customers import Customer, Customers
from engine.state.orders import Orders
from engine.turn import Turn
from engine.values import SECOND, CustomerId, Millis, Minor

AT_ONCE = 500  # customers a turn looks at
BETWEEN_MS = SECOND  # two such turns
NEVER = Millis(0)


class Segmenting:
    def __init__(self, customers: Customers, orders: Orders) -> None:
        self.customers = customers
        self.orders = orders

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
        turn.emit(CustomerPurchased(customer, e.order, Minor(order.due_minor), e.at))

    def judge_again(self, turn: Turn, e: CustomerPurchased) -> None:
        self._judge(turn, e.customer)

    # internals

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
        falls = falls_at(self.customers.segmentation, customer.last_at)
        at, planned = next((x for x in falls if x > turn.at), NEVER), customer.review_at
        if at == planned or (planned > turn.at and not NEVER < at < planned):
            return
        turn.emit(ReviewPlanned(key, at))
        if at != NEVER:
            turn.set_timer(at - turn.at, ReviewCustomer(key))
