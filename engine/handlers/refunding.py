"""Refunding: money goes back once it is there to be given, and two have agreed if it is much."""

from collections.abc import Iterator
from dataclasses import dataclass

from engine.commands import DeclineRefund, EndorseRefund, RefundOrder
from engine.events import (
    AnyEvent,
    ChangeReceived,
    CreditReturned,
    InstructionFailed,
    InstructionIssued,
    InstructionSettled,
    LedgerPosted,
    RefundApproved,
    RefundDropped,
    RefundEndorsed,
    RefundProposed,
    RefundReleased,
)
from engine.rejections import RejectionReason as Reason
from engine.rules.bookkeeping import EXCHANGES, REFUNDS, UNCOLLECTED, of_provider, posted
from engine.rules.returns import divided, refundable_minor
from engine.state.order_changes import OrderChanges
from engine.state.orders import Orders
from engine.state.payments import Payments, PaymentStatus
from engine.state.refunds import Refund, Refunds
from engine.state.settings import CurrentSettings
from engine.turn import Turn
from engine.values import InstructionId, InstructionKind, Minor, OrderId, PaymentId, Posting

OUR_INSTRUCTIONS = (f"/{InstructionKind.CAPTURE}", f"/{InstructionKind.VOID}", "/rest")


@dataclass(eq=False, slots=True)
class Refunding:
    settings: CurrentSettings
    orders: Orders
    payments: Payments
    refunds: Refunds
    changes: OrderChanges

    # commands

    def refund_order(self, turn: Turn, c: RefundOrder) -> None:
        """What one person gives back of one order adds up, however it is divided."""
        if c.amount_minor < 1:
            turn.reject(Reason.MALFORMED, field="amount_minor")
        if c.instruction.endswith(OUR_INSTRUCTIONS):
            turn.reject(Reason.MALFORMED, field="instruction")
        if self.payments.find_instruction(c.instruction) or self.refunds.get(c.instruction):
            turn.reject(Reason.ALREADY_EXISTS)
        if not self.orders.get(c.order):
            turn.reject(Reason.UNKNOWN, what="order", id=c.order)
        key = self.payments.current(c.order)
        refundable = 0
        if self.payments.refundable_minor(key):
            refundable = refundable_minor(self.payments, self.refunds, self.changes, c.order)
        if c.amount_minor > refundable:
            turn.reject(Reason.EXCEEDS_CAPTURED, refundable_minor=max(0, refundable))
        self._decide(turn, c)

    def endorse_refund(self, turn: Turn, c: EndorseRefund) -> None:
        refund = self._waiting(turn, c.instruction)
        if not refund.needs_approval:
            turn.reject(Reason.ALREADY_EXISTS)
        if c.by == refund.by:
            turn.reject(Reason.SECOND_PERSON_NEEDED)
        turn.emit(RefundEndorsed(c.instruction, c.by))
        self._release(turn, c.instruction, refund)

    def decline_refund(self, turn: Turn, c: DeclineRefund) -> None:
        refund = self._waiting(turn, c.instruction)
        if not refund.needs_approval:
            turn.reject(Reason.ALREADY_EXISTS)
        turn.emit(RefundDropped(c.instruction, c.by, c.reason))

    # follow-ups

    def refund_complaint(self, turn: Turn, e: RefundApproved) -> None:
        self._decide(turn, e)

    def refund_change(self, turn: Turn, e: ChangeReceived) -> None:
        """For goods that came back, as far as they pay for no other order. Who never paid for
        them owes that much less."""
        amount = e.goods_minor + e.delivery_minor - e.fee_minor
        payment = self.payments.get(self.payments.current(e.order))
        if payment and payment.status is PaymentStatus.UNCOLLECTED:
            self._write_off(turn, e.order, e.charged)
            return
        charged, credit = e.charged, self.changes[e.change].credit_minor
        if credit:
            spent, charged = divided(charged, credit)
            entry = [*spent, Posting(EXCHANGES, -credit)]
            turn.emit(LedgerPosted(e.order, "credit", entry))
        amount -= credit
        own = min(amount, self._own_minor(e.order))
        mine, lent = divided(charged, own) if own < amount else (charged, [])
        if own:
            key = InstructionId(f"{e.order}/change/{e.change}")
            self._give(turn, key, e.order, Minor(own), e.reason, e.by, mine)
        elif mine and not lent:
            turn.emit(LedgerPosted(e.order, "refund", mine))
        if own < amount:
            origin, rest = self.orders[e.order].placed.exchange, Minor(amount - own)
            turn.emit(CreditReturned(origin, e.order, rest, lent, e.reason))

    def refund_credit(self, turn: Turn, e: CreditReturned) -> None:
        """To whoever paid for what came back: it pays for nothing else any more."""
        origin, left = self.changes[e.change].order, self.changes[e.change].credit_minor
        key = InstructionId(f"{origin}/exchange/{e.change}/{left}")
        self._give(turn, key, origin, e.amount_minor, e.reason, f"order:{e.order}", e.charged)

    def release(self, turn: Turn, e: InstructionSettled) -> None:
        """What waited for the money to arrive."""
        instruction = self.payments.instruction(e.instruction)
        if instruction.kind is InstructionKind.CAPTURE:
            for key, refund in self._of(instruction.payment):
                self._release(turn, key, refund)

    def drop(self, turn: Turn, e: InstructionFailed) -> None:
        """What was never paid is not given back."""
        instruction = self.payments.instruction(e.instruction)
        if instruction.kind is InstructionKind.CAPTURE:
            for key, refund in self._of(instruction.payment):
                turn.emit(RefundDropped(key, "", "capture_failed"))
                self._write_off(turn, refund.order, refund.charged)

    # internals

    def _decide(self, turn: Turn, x: RefundOrder | RefundApproved) -> None:
        charged = [Posting(REFUNDS, x.amount_minor)]
        self._give(turn, x.instruction, x.order, x.amount_minor, x.reason, x.by, charged)

    def _give(
        self,
        turn: Turn,
        instruction: InstructionId,
        order: OrderId,
        amount: Minor,
        reason: str,
        by: str,
        charged: list[Posting],
    ) -> None:
        """At once; or when the money has arrived, and a second person agreed if it is much."""
        key = self.payments.current(order)
        alone = amount + self._given_back_minor(key)
        needs_approval = alone > self.settings.current.refund_alone_max_minor
        asked = order, key, amount, reason, by, charged
        if needs_approval or self.payments.refundable_minor(key) < amount:
            turn.emit(RefundProposed(instruction, *asked, needs_approval))
        else:
            self._carry_out(turn, instruction, Refund(*asked, needs_approval))

    def _write_off(self, turn: Turn, order: OrderId, charged: list[Posting]) -> None:
        amount = sum(x.amount_minor for x in charged)
        entry = ((x.account, x.amount_minor) for x in charged)
        if charged:
            turn.emit(posted(order, "refund", *entry, (UNCOLLECTED, -amount)))

    def _own_minor(self, order: OrderId) -> int:
        """What is left of what was paid for it in money."""
        key = self.payments.current(order)
        payment = self.payments.get(key)
        if payment is None:
            return 0
        spoken_for = self.refunds.pending_minor(key) + self.changes.credited_minor(order)
        return max(0, payment.captured_minor - payment.refunded_minor - spoken_for)

    def _waiting(self, turn: Turn, key: InstructionId) -> Refund:
        refund = self.refunds.get(key)
        if not refund:
            turn.reject(Reason.UNKNOWN, what="refund", id=key)
        return refund

    def _of(self, payment: PaymentId) -> list[tuple[InstructionId, Refund]]:
        return [(k, x) for k, x in self.refunds.pending.items() if x.payment == payment]

    def _given_back_minor(self, key: PaymentId) -> int:
        """By somebody's decision, or about to be; not what was taken and never owed."""
        decided = self.payments[key].refunded_minor - self.payments.rest_minor(key)
        return decided + self.refunds.pending_minor(key)

    def _release(self, turn: Turn, key: InstructionId, refund: Refund) -> None:
        arrived = self.payments.refundable_minor(refund.payment) >= refund.amount_minor
        if arrived and not refund.needs_approval:
            turn.emit(RefundReleased(key))
            self._carry_out(turn, key, refund)

    def _carry_out(self, turn: Turn, key: InstructionId, refund: Refund) -> None:
        for event in self._carried_out(key, refund):
            turn.emit(event)

    def _carried_out(self, key: InstructionId, refund: Refund) -> Iterator[AnyEvent]:
        kind, amount = InstructionKind.REFUND, refund.amount_minor
        provider = of_provider(self.payments[refund.payment].provider)
        yield InstructionIssued(key, refund.payment, kind, amount, refund.reason)
        charged = ((x.account, x.amount_minor) for x in refund.charged)
        yield posted(refund.order, "refund", *charged, (provider, -amount))
