"""Complaints: who waits for an answer, and what came of it. What was written is in the vault."""

from enum import StrEnum

from msgspec import Struct

from engine.events import (
    ComplaintAnswered,
    ComplaintClosed,
    ComplaintEscalated,
    ComplaintOpened,
    RefundApproved,
    RefundMissed,
)
from engine.values import (
    Actor,
    ComplaintId,
    CustomerId,
    InstructionId,
    Millis,
    OrderId,
    ServiceId,
)


class ComplaintStatus(StrEnum):
    OPEN = "open"  # somebody waits for our answer
    ANSWERED = "answered"  # we wait for theirs, if there is one
    REFUNDING = "refunding"  # the provider has to pay
    CLOSED = "closed"


S = ComplaintStatus
TRANSITIONS: dict[ComplaintStatus, tuple[ComplaintStatus, ...]] = {
    S.OPEN: (S.OPEN, S.ANSWERED, S.REFUNDING, S.CLOSED),
    S.ANSWERED: (S.OPEN, S.ANSWERED, S.REFUNDING, S.CLOSED),
    S.REFUNDING: (S.OPEN, S.CLOSED),
    S.CLOSED: (),
}


class Move(Struct, frozen=True, array_like=True):
    """One line of a complaint's history."""

    at: Millis
    actor: Actor
    what: str


class Complaint(Struct, array_like=True):
    customer: CustomerId
    service: ServiceId  # who may follow it; empty: operators only
    reason: str
    order: OrderId
    answer_by: Millis
    history: list[Move]
    number: int  # in the order they were opened, from 1
    status: ComplaintStatus = S.OPEN
    messages: int = 1
    escalations: int = 0
    refunds: int = 0  # tried
    refund: InstructionId | None = None  # the last one tried
    refund_minor: int = 0
    outcome: str = ""

    @property
    def next_statuses(self) -> list[str]:
        return [str(x) for x in TRANSITIONS[self.status]]


class Complaints(Struct, dict=True):
    """Invariant: closed has an outcome; refunded is closed only once the money has landed."""

    complaints: dict[ComplaintId, Complaint] = {}

    def __post_init__(self) -> None:
        # Derived, hence not fields: snapshots neither write nor read them.
        known = self.complaints.items()
        self.open: dict[ComplaintId, Complaint] = {k: x for k, x in known if x.status != S.CLOSED}
        self.of_customer: dict[CustomerId, list[ComplaintId]] = {}
        for key, complaint in known:
            self.of_customer.setdefault(complaint.customer, []).append(key)
        self.refunding: dict[InstructionId, ComplaintId] = {
            x.refund: k for k, x in known if x.refund and x.status is S.REFUNDING
        }

    # queries

    def __getitem__(self, complaint: ComplaintId) -> Complaint:
        return self.complaints[complaint]

    def get(self, complaint: ComplaintId) -> Complaint | None:
        return self.complaints.get(complaint)

    # events

    def complaint_opened(self, e: ComplaintOpened) -> None:
        assert e.complaint not in self.complaints
        history = [Move(e.at, Actor.CUSTOMER, "opened")]
        number = len(self.complaints) + 1
        complaint = Complaint(
            e.customer, e.service, e.reason, e.order, e.answer_by, history, number
        )
        self.complaints[e.complaint] = self.open[e.complaint] = complaint
        self.of_customer.setdefault(e.customer, []).append(e.complaint)

    def complaint_answered(self, e: ComplaintAnswered) -> None:
        status = S.OPEN if e.actor is Actor.CUSTOMER else S.ANSWERED
        complaint = self._move(e.complaint, status, Move(e.at, e.actor, "answered"))
        complaint.answer_by = e.answer_by
        complaint.messages += 1

    def complaint_escalated(self, e: ComplaintEscalated) -> None:
        complaint = self.complaints[e.complaint]
        assert complaint.status is S.OPEN
        complaint.escalations += 1
        complaint.history.append(Move(e.at, Actor.SYSTEM, "escalated"))

    def refund_approved(self, e: RefundApproved) -> None:
        move = Move(e.at, Actor.OPERATOR, "refund_approved")
        complaint = self._move(e.complaint, S.REFUNDING, move)
        complaint.refunds += 1
        complaint.refund, complaint.refund_minor = e.instruction, e.amount_minor
        self.refunding[e.instruction] = e.complaint

    def refund_missed(self, e: RefundMissed) -> None:
        complaint = self._move(e.complaint, S.OPEN, Move(e.at, Actor.PAYMENT, "refund_failed"))
        complaint.answer_by, complaint.refund_minor = e.answer_by, 0
        complaint.messages += 1
        self._landed(complaint)

    def complaint_closed(self, e: ComplaintClosed) -> None:
        complaint = self._move(e.complaint, S.CLOSED, Move(e.at, e.actor, e.outcome))
        assert e.outcome
        complaint.outcome = e.outcome
        del self.open[e.complaint]
        self._landed(complaint)

    # internals

    def _landed(self, complaint: Complaint) -> None:
        if complaint.refund is not None:
            self.refunding.pop(complaint.refund, None)

    def _move(self, key: ComplaintId, status: ComplaintStatus, move: Move) -> Complaint:
        """The only line in the project that changes a complaint's status."""
        complaint = self.complaints[key]
        assert status in TRANSITIONS[complaint.status], f"{key}: {complaint.status} to {status}"
        complaint.status = status
        complaint.history.append(move)
        return complaint
