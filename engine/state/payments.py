"""Payments: what was asked of the payment providers, and what they answered."""

from enum import StrEnum

from msgspec import Struct

from engine.events import (
    InstructionFailed,
    InstructionIssued,
    InstructionSettled,
    PaymentAuthorized,
    PaymentFailed,
    PaymentReplaced,
    PaymentRequested,
    PaymentWithdrawn,
)
from engine.values import (
    InstructionId,
    InstructionKind,
    Millis,
    Minor,
    OrderId,
    PaymentId,
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


class InstructionStatus(StrEnum):
    PENDING = "pending"
    SETTLED = "settled"
    FAILED = "failed"


class Payment(Struct):
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


class Instruction(Struct):
    payment: PaymentId
    kind: InstructionKind
    amount_minor: Minor
    status: InstructionStatus = InstructionStatus.PENDING


class Payments(Struct):
    """Invariant: 0 <= refunded <= captured <= amount for every payment, always."""

    payments: dict[PaymentId, Payment] = {}
    replaced: dict[OrderId, PaymentId] = {}  # by which, where it is not the first
    instructions: dict[InstructionId, Instruction] = {}

    # queries

    def __getitem__(self, payment: PaymentId) -> Payment:
        return self.payments[payment]

    def get(self, payment: PaymentId) -> Payment | None:
        return self.payments.get(payment)

    def current(self, order: OrderId) -> PaymentId:
        """What the bargain itself is paid with, if it costs anything."""
        return self.replaced.get(order) or payment_of(order)

    def next_of(self, order: OrderId) -> PaymentId:
        number = 2
        while PaymentId(f"{order}/{number}") in self.payments:
            number += 1
        return PaymentId(f"{order}/{number}")

    def refundable_minor(self, key: PaymentId) -> int:
        """What the provider says it took, less what was given back."""
        payment = self.payments.get(key)
        capture = self.instructions.get(instruction_of(key, InstructionKind.CAPTURE))
        if not payment or not capture or capture.status is not InstructionStatus.SETTLED:
            return 0
        return payment.captured_minor - payment.refunded_minor

    # events

    def payment_requested(self, e: PaymentRequested) -> None:
        assert e.payment not in self.payments
        self.payments[e.payment] = Payment(
            e.order, e.provider, e.amount_minor, purpose=e.purpose, expires_at=e.expires_at
        )

    def payment_authorized(self, e: PaymentAuthorized) -> None:
        payment = self.payments[e.payment]
        expected = PaymentStatus.FAILED if e.late else PaymentStatus.REQUESTED
        assert payment.status is expected
        payment.status, payment.reference = PaymentStatus.AUTHORIZED, e.reference
        payment.taken = e.taken

    def payment_failed(self, e: PaymentFailed) -> None:
        payment = self.payments[e.payment]
        assert payment.status is PaymentStatus.REQUESTED
        payment.status, payment.withdrawn = PaymentStatus.FAILED, e.reason == DECLINED

    def payment_withdrawn(self, e: PaymentWithdrawn) -> None:
        payment = self.payments[e.payment]
        assert payment.status is PaymentStatus.FAILED
        assert not payment.withdrawn
        payment.withdrawn = True

    def payment_replaced(self, e: PaymentReplaced) -> None:
        assert self.payments[e.payment].status is PaymentStatus.AUTHORIZED
        self.replaced[e.order] = e.payment

    def instruction_issued(self, e: InstructionIssued) -> None:
        assert e.instruction not in self.instructions
        self.instructions[e.instruction] = Instruction(e.payment, e.kind, e.amount_minor)
        payment = self.payments[e.payment]
        if e.kind is InstructionKind.REFUND:
            payment.refunded_minor += e.amount_minor
            assert payment.refunded_minor <= payment.captured_minor
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
        if instruction.kind is InstructionKind.REFUND:  # the money is still ours to give back
            payment.refunded_minor -= instruction.amount_minor
        elif instruction.kind is InstructionKind.CAPTURE:
            assert payment.refunded_minor == 0
            assert not payment.taken
            payment.status, payment.captured_minor = PaymentStatus.UNCOLLECTED, 0

    # internals

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
