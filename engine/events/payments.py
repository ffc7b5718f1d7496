"""Facts about money: what was asked of providers, what they answered, what the books say."""

from engine.events.event import Event
from engine.values import (
    CourierId,
    HandoverId,
    InstructionId,
    InstructionKind,
    Millis,
    Minor,
    OrderId,
    PaymentId,
    PaymentMethod,
    PaymentPurpose,
    Posting,
    ProviderId,
)


class PaymentRequested(Event, frozen=True):
    """Wanted from the customer until `expires_at` (0: not said)."""

    payment: PaymentId
    order: OrderId
    provider: ProviderId
    amount_minor: Minor
    purpose: PaymentPurpose = PaymentPurpose.ORDER
    expires_at: Millis = Millis(0)
    method: PaymentMethod = PaymentMethod.DEFAULT


class PaymentAuthorized(Event, frozen=True):
    """The provider holds the money. `late`: we had given up; it is voided in the same turn.

    `taken`: it is with us already, and whatever is not earned has to be sent back.
    """

    payment: PaymentId
    reference: str
    late: bool = False
    taken: bool = False


class PaymentFailed(Event, frozen=True):
    """Declined, or the provider was silent for too long."""

    payment: PaymentId
    reason: str


class PaymentWithdrawn(Event, frozen=True):
    """We had given up, and the provider says nobody can pay it any more."""

    payment: PaymentId


class PaymentReplaced(Event, frozen=True):
    """From now on this payment is the order's; what the one before held is let go in the turn."""

    order: OrderId
    payment: PaymentId


class InstructionIssued(Event, frozen=True):
    """We told the provider to capture, void or refund so much."""

    instruction: InstructionId
    payment: PaymentId
    kind: InstructionKind
    amount_minor: Minor
    reason: str
    again_of: InstructionId = InstructionId("")  # what failed and is tried once more
    by: str = ""  # who said so


class InstructionSettled(Event, frozen=True):
    """The provider did it."""

    instruction: InstructionId
    reference: str


class InstructionFailed(Event, frozen=True):
    """The provider could not; somebody has to look at it."""

    instruction: InstructionId
    reference: str


class PaymentsArchived(Event, frozen=True):
    """Nothing is waited for, and their orders are archived. What is given back later undoes it."""

    payments: list[PaymentId]


class CashHandedIn(Event, frozen=True):
    handover: HandoverId
    courier: CourierId
    amount_minor: Minor


class LedgerPosted(Event, frozen=True):
    """One entry of the double-entry ledger. Its postings sum to zero. No order: of several."""

    order: OrderId
    memo: str
    postings: list[Posting]
