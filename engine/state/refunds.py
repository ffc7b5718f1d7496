"""Refunds that wait: for a second person to agree, or for the money to have arrived."""

from msgspec import Struct

from engine.events import RefundDropped, RefundEndorsed, RefundProposed, RefundReleased
from engine.values import InstructionId, Minor, OrderId, PaymentId, Posting


class Refund(Struct, array_like=True):
    order: OrderId
    payment: PaymentId
    amount_minor: Minor
    reason: str
    by: str
    charged: list[Posting]
    needs_approval: bool


class Refunds(Struct):
    """Invariant: whoever approved a refund is not who asked for it."""

    pending: dict[InstructionId, Refund] = {}

    # queries

    def __getitem__(self, instruction: InstructionId) -> Refund:
        return self.pending[instruction]

    def get(self, instruction: InstructionId) -> Refund | None:
        return self.pending.get(instruction)

    def pending_minor(self, payment: PaymentId) -> int:
        """So much of it is spoken for."""
        return sum(x.amount_minor for x in self.pending.values() if x.payment == payment)

    # events

    def refund_proposed(self, e: RefundProposed) -> None:
        assert e.instruction not in self.pending
        self.pending[e.instruction] = Refund(
            e.order, e.payment, e.amount_minor, e.reason, e.by, e.charged, e.needs_approval
        )

    def refund_endorsed(self, e: RefundEndorsed) -> None:
        refund = self.pending[e.instruction]
        assert refund.needs_approval
        assert refund.by != e.by
        refund.needs_approval = False

    def refund_dropped(self, e: RefundDropped) -> None:
        del self.pending[e.instruction]

    def refund_released(self, e: RefundReleased) -> None:
        refund = self.pending.pop(e.instruction)
        assert not refund.needs_approval
