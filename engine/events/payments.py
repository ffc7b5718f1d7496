"""Facts about money: what was asked of providers, what they answered, what the books say."""

from engine.events.event import Event
from engine.values import (
    InstructionId,
    InstructionKind,
    Minor,
    OrderId,
    PaymentId,
    Posting,
    ProviderId,
)


class PaymentRequested(Event, frozen=True):
    payment: PaymentId
    order: OrderId
    provider: ProviderId
    amount_minor: Minor


class PaymentAuthorized(Event, frozen=True):
    """The provider holds the money. `late`: we had given up; it is voided in the same turn."""

    payment: PaymentId
    reference: str
    late: bool = False


class PaymentFailed(Event, frozen=True):
    """Declined, or the provider was silent for too long."""

    payment: PaymentId
    reason: str


class InstructionIssued(Event, frozen=True):
    """We told the provider to capture, void or refund so much."""

    instruction: InstructionId
    payment: PaymentId
    kind: InstructionKind
    amount_minor: Minor
    reason: str


class InstructionSettled(Event, frozen=True):
    """The provider did it."""

    instruction: InstructionId
    reference: str


class InstructionFailed(Event, frozen=True):
    """The provider could not; somebody has to look at it."""

    instruction: InstructionId
    reference: str


class LedgerPosted(Event, frozen=True):
    """One entry of the double-entry ledger. Its postings sum to zero."""

    order: OrderId
    memo: str
    postings: list[Posting]
