"""Rows of money: what was asked of whom, what became of it, and every posting of the ledger."""

from engine import events as e
from engine.projections.sales import kind_of
from engine.values import InstructionId, InstructionKind, Millis, PaymentId
from gateway.history.rows import Rows


class Money:
    def __init__(self, rows: Rows) -> None:
        self._payments, self._events = rows["payments"], rows["payment_events"]
        self._ledger = rows["ledger"]
        self._pending: dict[InstructionId, tuple[PaymentId, InstructionKind, int]] = {}
        self._entries = 0
        self.currency = ""

    def requested(self, at: Millis, x: e.PaymentRequested) -> None:
        purpose, method = x.purpose.value, x.method.value
        row = (x.payment, x.order, x.provider, purpose, x.amount_minor, self.currency, at, method)
        self._payments.append(row)

    def authorized(self, at: Millis, x: e.PaymentAuthorized) -> None:
        self._event(at, x.payment, "authorized_late" if x.late else "authorized")

    def failed(self, at: Millis, x: e.PaymentFailed) -> None:
        self._event(at, x.payment, "failed", reason=x.reason)

    def withdrawn(self, at: Millis, x: e.PaymentWithdrawn) -> None:
        self._event(at, x.payment, "withdrawn")

    def issued(self, at: Millis, x: e.InstructionIssued) -> None:
        self._pending[x.instruction] = x.payment, x.kind, x.amount_minor
        self._event(at, x.payment, x.kind.value, x.instruction, x.amount_minor, x.reason)

    def settled(self, at: Millis, x: e.InstructionSettled) -> None:
        self._answered(at, x.instruction, "settled")

    def instruction_failed(self, at: Millis, x: e.InstructionFailed) -> None:
        self._answered(at, x.instruction, "failed")

    def posted(self, at: Millis, x: e.LedgerPosted) -> None:
        self._entries += 1
        for posting in x.postings:
            self._ledger.append(
                (
                    at,
                    self._entries,
                    x.order or None,
                    x.memo,
                    posting.account,
                    kind_of(posting.account),
                    posting.amount_minor,
                    self.currency,
                )
            )

    # internals

    def _answered(self, at: Millis, instruction: InstructionId, how: str) -> None:
        found = self._pending.pop(instruction, None)
        if found is not None:
            payment, kind, amount = found
            self._event(at, payment, f"{kind.value}_{how}", instruction, amount)

    def _event(
        self,
        at: Millis,
        payment: PaymentId,
        what: str,
        instruction: str | None = None,
        amount: int | None = None,
        reason: str | None = None,
    ) -> None:
        row = (at, payment, instruction, what, amount, self.currency, reason)
        self._events.append(row)
