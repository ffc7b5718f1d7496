"""Facts about refunds that cannot be carried out at once."""

from engine.events.event import Event
from engine.values import InstructionId, Minor, OrderId, PaymentId, Posting


class RefundProposed(Event, frozen=True):
    """It waits: for a second person, for the capture to be settled, or for both."""

    instruction: InstructionId
    order: OrderId
    payment: PaymentId
    amount_minor: Minor
    reason: str
    by: str
    charged: list[Posting]  # who bears it, once it is carried out
    needs_approval: bool


class RefundEndorsed(Event, frozen=True):
    instruction: InstructionId
    by: str


class RefundDropped(Event, frozen=True):
    """It will not be carried out."""

    instruction: InstructionId
    by: str  # "" if there was nothing to give back
    reason: str


class RefundReleased(Event, frozen=True):
    """Nothing stands in its way any more: the provider is instructed in the same turn."""

    instruction: InstructionId
