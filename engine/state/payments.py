"""Payments: what was asked of the payment providers, and what they answered.

What is settled, and whose order is archived, lies in the archive, together with what was
instructed for it. Whoever asks is told of it as of any other; what changes it brings it back.
"""

from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct, field, msgpack

from engine.archive import Archive
from engine.deadlines import Deadlines
from engine.events import (
    InstructionFailed,
    InstructionIssued,
    InstructionSettled,
    PaymentAuthorized,
    PaymentFailed,
    PaymentReplaced,
    PaymentRequested,
    PaymentsArchived,
    PaymentWithdrawn,
)
from engine.values import (
    InstructionId,
    InstructionKind,
    Millis,
    Minor,
    OrderId,
    PaymentId,
    PaymentMethod,
    PaymentPurpose,
    ProviderId,
    TipId,
)

DECLINED = "payment_declined"  # by the provider: nobody can pay it any more


class PaymentStatus(StrEnum):
    REQUESTED = "requested"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    UNCOLLECTED = "uncollected"  # the capture failed: delivered, and not paid for
    VOIDED = "voided"
    FAILED = "failed"


FAILED = PaymentStatus.FAILED
WAITING = (PaymentStatus.REQUESTED, PaymentStatus.AUTHORIZED)


class InstructionStatus(StrEnum):
    PENDING = "pending"
    SETTLED = "settled"
    FAILED = "failed"


class Payment(Struct, array_like=True):
    order: OrderId
    provider: ProviderId
    amount_minor: Minor
    status: PaymentStatus = PaymentStatus.REQUESTED
    captured_minor: int = 0
    refunded_minor: int = 0
    reference: str = ""
    purpose: PaymentPurpose = PaymentPurpose.ORDER
    expires_at: Millis = Millis(0)
    taken: bool = False  # the provider moved it when it was authorized
    withdrawn: bool = False  # failed, and the provider knows
    instructions: list[InstructionId] = []
    method: PaymentMethod = PaymentMethod.DEFAULT


class Instruction(Struct, array_like=True):
    payment: PaymentId
    kind: InstructionKind
    amount_minor: Minor
    status: InstructionStatus = InstructionStatus.PENDING
    first: InstructionId = InstructionId("")  # of the tries, if it is not the first
    next: InstructionId = InstructionId("")  # the try after this one failed


class Archived(Struct, array_like=True):
    payment: Payment
    instructions: dict[InstructionId, Instruction]


_THAW = msgpack.Decoder(Archived).decode
_THAW_ALL = msgpack.Decoder(dict[PaymentId, Archived]).decode


class Payments(Struct, dict=True):
    """Invariant: 0 <= refunded <= captured <= amount for every payment, always."""

    payments: dict[PaymentId, Payment] = {}  # all but the archived
    replaced: dict[OrderId, PaymentId] = {}  # by which, where it is not the first
    instructions: dict[InstructionId, Instruction] = {}  # of these payments
    archive: Archive[PaymentId] = field(default_factory=Archive)
    archived: dict[InstructionId, PaymentId] = {}  # those that are not named after their payment
    failed: dict[InstructionId, None] = {}  # voids and refunds that nobody has tried again

    def __post_init__(self) -> None:
        # Derived, hence not a field: what is not answered yet.
        requested = PaymentStatus.REQUESTED
        asked = ((k, x.expires_at) for k, x in self.payments.items() if x.status is requested)
        self.unanswered = Deadlines[PaymentId](asked)

    # queries

    def __getitem__(self, payment: PaymentId) -> Payment:
        try:
            return self.payments[payment]
        except KeyError:
            if (found := self.get(payment)) is None:
                raise
            return found

    def get(self, payment: PaymentId) -> Payment | None:
        found = self.payments.get(payment)
        if found is None and (frozen := self.archive.get(payment)) is not None:
            return _THAW(frozen).payment
        return found

    def instruction(self, key: InstructionId) -> Instruction:
        found = self.find_instruction(key)
        if found is None:
            raise KeyError(key)
        return found

    def find_instruction(self, key: InstructionId) -> Instruction | None:
        found = self.instructions.get(key)
        if found is not None:
            return found
        payment = self.archived.get(key) or PaymentId(key.rpartition("/")[0])
        frozen = self.archive.get(payment)
        return None if frozen is None else _THAW(frozen).instructions.get(key)

    def last_try(self, key: InstructionId) -> tuple[InstructionId, Instruction | None]:
        """Of this instruction, which may have failed and been issued again."""
        found = self.find_instruction(key)
        while found is not None and found.next:
            key, found = found.next, self.find_instruction(found.next)
        return key, found

    def rest_minor(self, key: PaymentId) -> int:
        """What was taken and not earned, and is sent back."""
        _, rest = self.last_try(rest_of(key))
        failed = rest is None or rest.status is InstructionStatus.FAILED
        return 0 if rest is None or failed else rest.amount_minor

    def everything(self) -> Iterator[tuple[PaymentId, Payment, dict[InstructionId, Instruction]]]:
        """Each with what was instructed for it, the archived first."""
        for key, x in self.archive.thawed(_THAW_ALL):
            yield key, x.payment, x.instructions
        for key, payment in self.payments.items():
            yield key, payment, {x: self.instructions[x] for x in payment.instructions}

    def is_settled(self, key: PaymentId) -> bool:
        """Nothing is waited for, of a payment that is not archived."""
        payment = self.payments[key]
        if payment.status in WAITING or (payment.status is FAILED and not payment.withdrawn):
            return False
        pending = InstructionStatus.PENDING
        for instruction in payment.instructions:
            if self.instructions[instruction].status is pending:
                return False
        return True

    def current(self, order: OrderId) -> PaymentId:
        """What the bargain itself is paid with, if it costs anything."""
        return self.replaced.get(order) or payment_of(order)

    def next_of(self, order: OrderId) -> PaymentId:
        number = 2
        while self.get(PaymentId(f"{order}/{number}")) is not None:
            number += 1
        return PaymentId(f"{order}/{number}")

    def ways(self, order: OrderId) -> int:
        """How many payments have been asked for it, tips aside."""
        return int(self.next_of(order).rpartition("/")[2]) - 1

    def refundable_minor(self, key: PaymentId) -> int:
        """What the provider says it took, less what was given back."""
        payment = self.get(key)
        capture = self.find_instruction(instruction_of(key, InstructionKind.CAPTURE))
        if not payment or not capture or capture.status is not InstructionStatus.SETTLED:
            return 0
        return payment.captured_minor - payment.refunded_minor

    # events

    def payment_requested(self, e: PaymentRequested) -> None:
        assert self.get(e.payment) is None
        self.payments[e.payment] = Payment(
            e.order,
            e.provider,
            e.amount_minor,
            purpose=e.purpose,
            expires_at=e.expires_at,
            method=e.method,
        )
        if e.expires_at:
            self.unanswered.note(e.payment, e.expires_at)

    def payment_authorized(self, e: PaymentAuthorized) -> None:
        payment = self._changing(e.payment)
        expected = PaymentStatus.FAILED if e.late else PaymentStatus.REQUESTED
        assert payment.status is expected
        payment.status, payment.reference = PaymentStatus.AUTHORIZED, e.reference
        payment.taken = e.taken
        self.unanswered.forget(e.payment)

    def payment_failed(self, e: PaymentFailed) -> None:
        payment = self._changing(e.payment)
        assert payment.status is PaymentStatus.REQUESTED
        payment.status, payment.withdrawn = PaymentStatus.FAILED, e.reason == DECLINED
        self.unanswered.forget(e.payment)

    def payment_withdrawn(self, e: PaymentWithdrawn) -> None:
        payment = self._changing(e.payment)
        assert payment.status is PaymentStatus.FAILED
        assert not payment.withdrawn
        payment.withdrawn = True

    def payment_replaced(self, e: PaymentReplaced) -> None:
        assert self.payments[e.payment].status in WAITING
        self.replaced[e.order] = e.payment

    def instruction_issued(self, e: InstructionIssued) -> None:
        assert self.find_instruction(e.instruction) is None
        payment = self._changing(e.payment)
        issued = Instruction(e.payment, e.kind, e.amount_minor)
        self.instructions[e.instruction] = issued
        payment.instructions = [*payment.instructions, e.instruction]
        if e.again_of:
            issued.first = self._tried_again(e)
        if e.kind is InstructionKind.REFUND:
            payment.refunded_minor += e.amount_minor
            assert payment.refunded_minor <= payment.captured_minor
            return
        if e.again_of:
            assert payment.status is PaymentStatus.VOIDED
            return
        assert payment.status is PaymentStatus.AUTHORIZED
        if e.kind is InstructionKind.CAPTURE:
            payment.status, payment.captured_minor = PaymentStatus.CAPTURED, e.amount_minor
            assert 0 < e.amount_minor <= payment.amount_minor
        else:
            payment.status = PaymentStatus.VOIDED

    def instruction_settled(self, e: InstructionSettled) -> None:
        self._answer(e.instruction, InstructionStatus.SETTLED)

    def instruction_failed(self, e: InstructionFailed) -> None:
        instruction = self._answer(e.instruction, InstructionStatus.FAILED)
        payment = self.payments[instruction.payment]
        if instruction.kind is not InstructionKind.CAPTURE:
            self.failed[e.instruction] = None
        if instruction.kind is InstructionKind.REFUND:  # the money is still ours to give back
            payment.refunded_minor -= instruction.amount_minor
        elif instruction.kind is InstructionKind.CAPTURE:
            assert payment.refunded_minor == 0
            assert not payment.taken
            payment.status, payment.captured_minor = PaymentStatus.UNCOLLECTED, 0

    def payments_archived(self, e: PaymentsArchived) -> None:
        settled: dict[PaymentId, Archived] = {}
        for key in e.payments:
            assert self.is_settled(key)
            payment = self.payments.pop(key)
            instructions = {x: self.instructions.pop(x) for x in payment.instructions}
            settled[key] = Archived(payment, instructions)
            self.archived |= {x: key for x in instructions if x.rpartition("/")[0] != key}
        self.archive.put(settled)

    # internals

    def _changing(self, key: PaymentId) -> Payment:
        """The one that is to change, out of the archive if it lies there."""
        if key in self.archive:
            x = _THAW(self.archive.take(key))
            self.payments[key] = x.payment
            self.instructions |= x.instructions
            for instruction in x.instructions:
                self.archived.pop(instruction, None)
        return self.payments[key]

    def _tried_again(self, e: InstructionIssued) -> InstructionId:
        """Returns which was the first."""
        failed = self.instructions[e.again_of]
        assert failed.status is InstructionStatus.FAILED
        assert (failed.kind, failed.amount_minor) == (e.kind, e.amount_minor)
        assert not failed.next
        failed.next = e.instruction
        self.failed.pop(e.again_of, None)  # it may have failed before these were kept
        return failed.first or e.again_of

    def _answer(self, key: InstructionId, status: InstructionStatus) -> Instruction:
        instruction = self.instructions[key]
        assert instruction.status is InstructionStatus.PENDING
        instruction.status = status
        return instruction


def payment_of(order: OrderId) -> PaymentId:
    """The first for the bargain itself; tips have payments of their own."""
    return PaymentId(f"{order}/1")


def payment_of_tip(order: OrderId, tip: TipId) -> PaymentId:
    return PaymentId(f"{order}/tip/{tip}")


def instruction_of(payment: PaymentId, kind: InstructionKind) -> InstructionId:
    """A payment is captured or voided, at most once. Refunds are named by whoever asks."""
    return InstructionId(f"{payment}/{kind}")


def rest_of(payment: PaymentId) -> InstructionId:
    """The refund of what was taken and not earned."""
    return InstructionId(f"{payment}/rest")


def is_sent_back(payment: Payment, key: InstructionId, instruction: Instruction) -> bool:
    """Does it move money that was taken and never earned? `key` of the first try."""
    is_void = instruction.kind is InstructionKind.VOID
    return payment.taken and (is_void or key == rest_of(instruction.payment))
