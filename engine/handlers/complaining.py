"""Complaining: from a customer's first word to an outcome, with a clock for every answer."""

from dataclasses import dataclass
from typing import NoReturn

from engine.commands import (
    AnswerComplaint,
    ApproveRefund,
    CloseComplaint,
    EscalateComplaint,
    ExpireComplaint,
    OpenComplaint,
)
from engine.events import (
    ComplaintAnswered,
    ComplaintClosed,
    ComplaintEscalated,
    ComplaintOpened,
    CustomerForgotten,
    InstructionFailed,
    InstructionSettled,
    RefundApproved,
    RefundDropped,
    RefundMissed,
)
from engine.rejections import RejectionReason as Reason
from engine.rules.complaints import (
    ABOUT_AN_ORDER,
    ANSWER_WITHIN_MS,
    FORGOTTEN,
    MESSAGES_MAX,
    NO_REPLY,
    NO_REPLY_MS,
    OUTCOMES,
    REASONS,
    REFUNDED,
)
from engine.rules.returns import refundable_minor
from engine.state.complaints import Complaint, Complaints, ComplaintStatus
from engine.state.customers import Customers
from engine.state.order_changes import OrderChanges
from engine.state.orders import Orders
from engine.state.payments import Payments
from engine.state.refunds import Refunds
from engine.turn import Turn
from engine.values import Actor, ComplaintId, InstructionId, Millis, ServiceId

S = ComplaintStatus


@dataclass(eq=False, slots=True)
class Complaining:
    customers: Customers
    orders: Orders
    payments: Payments
    refunds: Refunds
    changes: OrderChanges
    complaints: Complaints

    # commands

    def open_complaint(self, turn: Turn, c: OpenComplaint) -> None:
        if self.complaints.get(c.complaint):
            turn.reject(Reason.ALREADY_EXISTS)
        self._check_whose(turn, c)
        if c.reason not in REASONS:
            turn.reject(Reason.REASON_NOT_ALLOWED, actor=Actor.CUSTOMER, allowed=list(REASONS))
        within_ms = ANSWER_WITHIN_MS[c.reason]
        until = Millis(turn.at + within_ms)
        turn.emit(
            ComplaintOpened(c.complaint, c.customer, c.service, c.reason, c.order, until, turn.at)
        )
        turn.set_timer(within_ms, EscalateComplaint(c.complaint, 1))

    def answer_complaint(self, turn: Turn, c: AnswerComplaint) -> None:
        complaint = self._own_complaint(turn, c.complaint, c.service)
        to = S.OPEN if c.service else S.ANSWERED
        if complaint.status not in (S.OPEN, S.ANSWERED) or complaint.messages >= MESSAGES_MAX:
            self._illegal(turn, complaint, to)
        if c.service:
            self._ask_again(turn, c.complaint, complaint)
            return
        turn.emit(ComplaintAnswered(c.complaint, Actor.OPERATOR, turn.at))
        turn.set_timer(NO_REPLY_MS, ExpireComplaint(c.complaint, complaint.messages))

    def approve_refund(self, turn: Turn, c: ApproveRefund) -> None:
        """The amount is checked here; the follow-up that instructs the provider cannot say no."""
        if c.amount_minor < 1:
            turn.reject(Reason.MALFORMED, field="amount_minor")
        complaint = self._own_complaint(turn, c.complaint)
        if complaint.status not in (S.OPEN, S.ANSWERED):
            self._illegal(turn, complaint, S.REFUNDING)
        refundable = 0
        if complaint.order:
            known = self.payments, self.refunds, self.changes
            if self.payments.refundable_minor(self.payments.current(complaint.order)):
                refundable = refundable_minor(*known, complaint.order)
        if c.amount_minor > refundable:
            turn.reject(Reason.EXCEEDS_CAPTURED, refundable_minor=refundable)
        number = complaint.refunds + 1
        instruction = InstructionId(f"{complaint.order}/complaint/{c.complaint}/{number}")
        what = complaint.order, instruction, c.amount_minor, complaint.reason
        turn.emit(RefundApproved(c.complaint, *what, turn.at, c.by))

    def close_complaint(self, turn: Turn, c: CloseComplaint) -> None:
        complaint = self._own_complaint(turn, c.complaint, c.service)
        if complaint.status not in (S.OPEN, S.ANSWERED):
            self._illegal(turn, complaint, S.CLOSED)
        actor = Actor.CUSTOMER if c.service else Actor.OPERATOR
        if c.outcome not in OUTCOMES[actor]:
            turn.reject(Reason.REASON_NOT_ALLOWED, actor=actor, allowed=list(OUTCOMES[actor]))
        turn.emit(ComplaintClosed(c.complaint, actor, c.outcome, turn.at))

    def escalate_complaint(self, turn: Turn, c: EscalateComplaint) -> None:
        complaint = self.complaints[c.complaint]
        if complaint.status is S.OPEN and complaint.messages == c.messages:
            turn.emit(ComplaintEscalated(c.complaint, turn.at))

    def expire_complaint(self, turn: Turn, c: ExpireComplaint) -> None:
        complaint = self.complaints[c.complaint]
        if complaint.status is S.ANSWERED and complaint.messages == c.messages:
            turn.emit(ComplaintClosed(c.complaint, Actor.SYSTEM, NO_REPLY, turn.at))

    # follow-ups

    def refund_landed(self, turn: Turn, e: InstructionSettled) -> None:
        key = self.complaints.refunding.get(e.instruction)
        if key is not None:
            turn.emit(ComplaintClosed(key, Actor.SYSTEM, REFUNDED, turn.at))

    def refund_failed(self, turn: Turn, e: InstructionFailed) -> None:
        self._wait_again(turn, e.instruction)

    def refund_dropped(self, turn: Turn, e: RefundDropped) -> None:
        """A second person did not agree."""
        self._wait_again(turn, e.instruction)

    def close_of_forgotten(self, turn: Turn, e: CustomerForgotten) -> None:
        """Nobody is left to hear an answer; money under way still lands."""
        for key in self.complaints.of_customer.get(e.customer, []):
            if self.complaints[key].status in (S.OPEN, S.ANSWERED):
                turn.emit(ComplaintClosed(key, Actor.SYSTEM, FORGOTTEN, turn.at))

    # internals

    def _wait_again(self, turn: Turn, instruction: InstructionId) -> None:
        key = self.complaints.refunding.get(instruction)
        if key is not None:
            complaint = self.complaints[key]
            within_ms = ANSWER_WITHIN_MS[complaint.reason]
            turn.emit(RefundMissed(key, turn.at, Millis(turn.at + within_ms)))
            turn.set_timer(within_ms, EscalateComplaint(key, complaint.messages))

    def _ask_again(self, turn: Turn, key: ComplaintId, complaint: Complaint) -> None:
        """Whoever waits already does not wait longer because he said something more."""
        within_ms = ANSWER_WITHIN_MS[complaint.reason]
        until = complaint.answer_by if complaint.status is S.OPEN else turn.at + within_ms
        turn.emit(ComplaintAnswered(key, Actor.CUSTOMER, turn.at, Millis(until)))
        if until > turn.at:
            turn.set_timer(until - turn.at, EscalateComplaint(key, complaint.messages))

    def _check_whose(self, turn: Turn, c: OpenComplaint) -> None:
        """A service speaks for its own customers, and for anybody's whose order it placed."""
        order = self.orders.get(c.order)
        placed = order.placed if order and order.placed.customer == c.customer else None
        if placed and c.service not in ("", placed.service):
            placed = None
        customer = self.customers.get(c.customer)
        is_own = customer and (
            c.service in ("", customer.service) or (placed and customer.service == "")
        )
        if not customer or customer.is_forgotten or not is_own:
            turn.reject(Reason.UNKNOWN, what="customer", id=c.customer)
        if (c.order or c.reason in ABOUT_AN_ORDER) and not placed:
            turn.reject(Reason.UNKNOWN, what="order", id=c.order)

    def _own_complaint(
        self, turn: Turn, key: ComplaintId, service: ServiceId | None = None
    ) -> Complaint:
        """An operator, who has no service, sees them all."""
        complaint = self.complaints.get(key)
        if not complaint or (service and complaint.service != service):
            turn.reject(Reason.UNKNOWN, what="complaint", id=key)
        return complaint

    def _illegal(self, turn: Turn, complaint: Complaint, to: ComplaintStatus) -> NoReturn:
        allowed = complaint.next_statuses
        turn.reject(
            Reason.ILLEGAL_TRANSITION, **{"from": complaint.status, "to": to}, allowed=allowed
        )
