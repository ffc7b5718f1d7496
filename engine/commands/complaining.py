"""Complaints of customers, from the first word to the outcome. The words are kept elsewhere."""

from engine.commands.command import Command
from engine.values import ComplaintId, CustomerId, Minor, OrderId, ServiceId


class OpenComplaint(Command, frozen=True):
    """`order` is empty if it is about none; `service` if an operator wrote it down."""

    complaint: ComplaintId
    customer: CustomerId
    reason: str
    order: OrderId = OrderId("")
    service: ServiceId = ServiceId("")


class AnswerComplaint(Command, frozen=True):
    """By an operator, who has no service; by a service: the customer says something more."""

    complaint: ComplaintId
    service: ServiceId = ServiceId("")


class ApproveRefund(Command, frozen=True):
    """So much goes back; once the provider has paid it, the complaint is closed."""

    complaint: ComplaintId
    amount_minor: Minor
    by: str = ""  # which operator


class CloseComplaint(Command, frozen=True):
    complaint: ComplaintId
    outcome: str
    service: ServiceId = ServiceId("")


class EscalateComplaint(Command, frozen=True):
    """It should have been answered by now: the message of this number."""

    complaint: ComplaintId
    messages: int


class ExpireComplaint(Command, frozen=True):
    """Nobody has said anything since the answer of this number."""

    complaint: ComplaintId
    messages: int
