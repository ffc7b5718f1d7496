"""What a payment's end is told as: capture, void or refund, with its entry in the books.

Cash is collected, and money that a provider has taken is ours: there nobody is asked to capture,
and the instruction is settled as it is issued. What was taken and not earned is sent back.
"""

from collections.abc import Iterator

from engine.events import AnyEvent, InstructionIssued, InstructionSettled
from engine.rules.bookkeeping import HELD, Entry, of_provider, posted
from engine.state.payments import Payment, instruction_of, rest_of
from engine.values import CASH, InstructionKind, Minor, PaymentId


def captured(
    key: PaymentId, payment: Payment, source: str, earned: Entry, reason: str
) -> Iterator[AnyEvent]:
    """Take what was `earned` (account, amount) in all; void it if that is nothing."""
    amount = sum([x for _, x in earned])
    if amount == 0:
        yield from voided(key, payment, reason)
        return
    capture, at_once = InstructionKind.CAPTURE, payment.taken or payment.provider == CASH
    instruction = instruction_of(key, capture)
    charged = payment.amount_minor if payment.taken else Minor(amount)
    yield InstructionIssued(instruction, key, capture, charged, reason)
    if at_once:
        yield InstructionSettled(instruction, payment.reference)
    credits_ = [(account, -x) for account, x in earned]
    yield posted(payment.order, reason, (source, amount), *credits_)
    rest = charged - amount
    if rest:
        refund = InstructionKind.REFUND
        yield InstructionIssued(rest_of(key), key, refund, Minor(rest), reason)
        yield posted(payment.order, "rest", (HELD, rest), (of_provider(payment.provider), -rest))


def voided(key: PaymentId, payment: Payment, reason: str) -> Iterator[AnyEvent]:
    """Let go of it all."""
    void, amount = InstructionKind.VOID, payment.amount_minor
    instruction = instruction_of(key, void)
    yield InstructionIssued(instruction, key, void, amount, reason)
    if payment.provider == CASH:
        yield InstructionSettled(instruction, payment.reference)
    elif payment.taken:
        provider = of_provider(payment.provider)
        yield posted(payment.order, reason, (HELD, amount), (provider, -amount))
