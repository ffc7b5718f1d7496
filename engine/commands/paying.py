"""What payment providers report, and what support decides about money."""

from engine.commands.command import Command
from engine.values import InstructionId, Minor, OrderId, PaymentId, ProviderId


class ReportAuthorization(Command, frozen=True):
    """The provider answered a PaymentRequested: the money is held, or it is not."""

    provider: ProviderId
    payment: PaymentId
    authorized: bool
    amount_minor: Minor
    reference: str = ""


class ReportInstruction(Command, frozen=True):
    """The provider carried out a capture, void or refund, or could not."""

    provider: ProviderId
    instruction: InstructionId
    succeeded: bool
    reference: str = ""


class RefundOrder(Command, frozen=True):
    """Give back part or all of what was captured."""

    instruction: InstructionId
    order: OrderId
    amount_minor: Minor
    reason: str


class ExpirePayment(Command, frozen=True):
    """The payment provider has had long enough."""

    payment: PaymentId
