"""Facts about complaints: who waits for an answer since when, and what came of it."""

from engine.events.event import Event
from engine.values import (
    Actor,
    ComplaintId,
    CustomerId,
    InstructionId,
    Millis,
    Minor,
    OrderId,
    ServiceId,
)


class ComplaintOpened(Event, frozen=True):
    complaint: ComplaintId
    customer: CustomerId
    service: ServiceId
    reason: str
    order: OrderId  # empty: about none
    answer_by: Millis
    at: Millis


class ComplaintAnswered(Event, frozen=True):
    """By an operator, or by the customer, who then waits again until `answer_by`."""

    complaint: ComplaintId
    actor: Actor
    at: Millis
    answer_by: Millis = Millis(0)


class ComplaintEscalated(Event, frozen=True):
    """Nobody has answered in time."""

    complaint: ComplaintId
    at: Millis


class RefundApproved(Event, frozen=True):
    complaint: ComplaintId
    order: OrderId
    instruction: InstructionId
    amount_minor: Minor
    reason: str
    at: Millis
    by: str = ""  # which operator


class RefundMissed(Event, frozen=True):
    """The provider could not pay it: the customer still waits for an answer."""

    complaint: ComplaintId
    at: Millis
    answer_by: Millis


class ComplaintClosed(Event, frozen=True):
    complaint: ComplaintId
    actor: Actor
    outcome: str
    at: Millis
