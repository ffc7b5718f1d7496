"""Repeating: what a provider could not do is asked of it once more, by somebody's decision.

Under a name of its own, for a provider answers a name it knows as it did before.
"""

from dataclasses import dataclass

from engine.commands import InstructAgain
from engine.events import InstructionIssued
from engine.rejections import RejectionReason as Reason
from engine.rules.bookkeeping import HELD, REFUNDS, of_provider, posted
from engine.rules.returns import refundable_minor
from engine.state.order_changes import OrderChanges
from engine.state.payments import (
    Instruction,
    InstructionStatus,
    Payment,
    Payments,
    is_sent_back,
)
from engine.state.refunds import Refunds
from engine.turn import Turn
from engine.values import InstructionId, InstructionKind

AGAIN = "again"


@dataclass(eq=False, slots=True)
class Repeating:
    payments: Payments
    refunds: Refunds
    changes: OrderChanges

    # commands

    def instruct_again(self, turn: Turn, c: InstructAgain) -> None:
        """Whichever try is named, it is the last one that has to have failed."""
        name, failed = self.payments.last_try(c.instruction)
        if failed is None:
            turn.reject(Reason.UNKNOWN, what="instruction", id=c.instruction)
        is_final = failed.kind is InstructionKind.CAPTURE  # the order is written off
        if failed.status is not InstructionStatus.FAILED or is_final:
            to = InstructionStatus.PENDING
            turn.reject(Reason.ILLEGAL_TRANSITION, **{"from": failed.status, "to": to}, allowed=[])
        payment, amount = self.payments[failed.payment], failed.amount_minor
        if failed.kind is InstructionKind.REFUND:
            left = self._left_minor(failed, payment)
            if amount > left:
                turn.reject(Reason.EXCEEDS_CAPTURED, refundable_minor=max(0, left))
        first = failed.first or name
        number = 1
        while self.payments.find_instruction(again := InstructionId(f"{first}/{AGAIN}/{number}")):
            number += 1
        told = failed.payment, failed.kind, amount, AGAIN
        turn.emit(InstructionIssued(again, *told, again_of=name, by=c.by))
        provider = of_provider(payment.provider)
        if is_sent_back(payment, first, failed):
            entry = (HELD, amount), (provider, -amount)
        elif failed.kind is InstructionKind.REFUND:
            entry = (REFUNDS, amount), (provider, -amount)
        else:
            return  # what was only held is in no book
        turn.emit(posted(payment.order, f"{failed.kind} {AGAIN}", *entry))

    # internals

    def _left_minor(self, failed: Instruction, payment: Payment) -> int:
        """Somebody may have given it back in another way meanwhile."""
        if failed.payment == self.payments.current(payment.order):
            return refundable_minor(self.payments, self.refunds, self.changes, payment.order)
        return payment.captured_minor - payment.refunded_minor
