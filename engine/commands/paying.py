"""What payment providers report, and what support decides about money."""

from engine.commands.command import Command
from engine.values import (
    CourierId,
    HandoverId,
    InstructionId,
    Millis,
    Minor,
    OrderId,
    PaymentId,
    PaymentMethod,
    ProviderId,
    ServiceId,
    TipId,
)


class ReportAuthorization(Command, frozen=True):
    """The provider answered a PaymentRequested: the money is held, or it never will be.

    `taken`: it is more than held, it has been moved (WeChat, Alipay). `moved_at`: when, by the
    provider's clock, if the provider sends a bill to compare with; else 0.
    """

    provider: ProviderId
    payment: PaymentId
    authorized: bool
    amount_minor: Minor
    reference: str = ""
    taken: bool = False
    moved_at: Millis = Millis(0)


class ReportInstruction(Command, frozen=True):
    """The provider carried out a capture, void or refund, or could not."""

    provider: ProviderId
    instruction: InstructionId
    succeeded: bool
    reference: str = ""
    moved_at: Millis = Millis(0)


class AddTip(Command, frozen=True):
    """The customer was content: a payment of its own, for the courier alone."""

    tip: TipId
    order: OrderId
    service: ServiceId
    amount_minor: Minor
    provider: ProviderId
    method: PaymentMethod = PaymentMethod.DEFAULT


class PayOtherwise(Command, frozen=True):
    """While the money for an order is waited for: by another provider, or another way of his."""

    order: OrderId
    service: ServiceId
    provider: ProviderId
    method: PaymentMethod = PaymentMethod.DEFAULT


class HandInCash(Command, frozen=True):
    """A courier gave the office what was collected at doors."""

    handover: HandoverId
    courier: CourierId
    amount_minor: Minor


class ExpirePayment(Command, frozen=True):
    """The payment provider has had long enough."""

    payment: PaymentId
