"""What the engine is told about money: how a payment stands, what an instruction came to."""

import logging
from typing import NoReturn

from msgspec import Struct

from engine.commands import AnyCommand, ReportAuthorization, ReportInstruction
from engine.engine import NO_KEY
from engine.rejections import RejectionReason
from engine.values import InstructionId, Minor, PaymentId, RequestKey
from gateway.loop import EngineLoop
from gateway.providers.port import NoticeRefusedError, Outcome, Standing
from gateway.submissions import IdempotencyConflictError

REFERENCE_MAX = 200
log = logging.getLogger("o2o.payments")


class Tally(Struct):
    """Since the process started."""

    asked: int = 0
    tries_failed: int = 0
    notices: int = 0
    notices_refused: int = 0
    notices_unmatched: int = 0
    mismatches: int = 0  # of amount or currency: somebody has to look


class Reports:
    """`request` is the notice that said it: it counts once, for 26 hours, whatever happens."""

    def __init__(self, loop: EngineLoop) -> None:
        self.tally = Tally()
        self._loop = loop
        self._state = loop.engine.state

    @property
    def currency(self) -> str:
        return self._state.settings.current.currency

    async def stands(
        self, key: PaymentId, standing: Standing, request: RequestKey = NO_KEY
    ) -> None:
        """Raises NoticeRefusedError if that cannot be, SubmissionError if nobody can listen."""
        if standing.status == "unpaid":
            return
        payment, paid = self._state.payments[key], standing.status != "closed"
        if paid and standing.currency != self.currency:
            self.mismatch(key, f"{standing.currency} for {self.currency}")
        report = ReportAuthorization(
            payment.provider,
            key,
            paid,
            Minor(standing.amount_minor) if paid else payment.amount_minor,
            standing.reference[:REFERENCE_MAX],
            standing.status == "taken",
            standing.moved_at,
        )
        await self._submit(report, request, key)

    async def came_to(
        self, name: InstructionId, outcome: Outcome, request: RequestKey = NO_KEY
    ) -> None:
        """Raises NoticeRefusedError, SubmissionError."""
        if outcome.status == "pending":
            return
        told = self._state.payments.instruction(name)
        provider = self._state.payments[told.payment].provider
        done, reference = outcome.status == "done", outcome.reference[:REFERENCE_MAX]
        report = ReportInstruction(provider, name, done, reference, outcome.moved_at)
        await self._submit(report, request, name)

    def mismatch(self, key: str, what: str) -> NoReturn:
        """Raises NoticeRefusedError("amount_mismatch")."""
        self.tally.mismatches += 1
        log.error("%s: the provider says %s", key, what)
        raise NoticeRefusedError("amount_mismatch", what)

    async def _submit(self, command: AnyCommand, request: RequestKey, key: str) -> None:
        try:
            record = (await self._loop.submit(command, request)).record
        except IdempotencyConflictError:
            raise NoticeRefusedError("idempotency_conflict") from None
        rejection = record.rejection
        if rejection is None:
            return
        if rejection.reason is RejectionReason.AMOUNT_MISMATCH:
            self.mismatch(key, str(rejection.detail))
        # It was settled otherwise before: nothing to repeat, and the next bill will show it.
        log.warning("%s of %s: %s", type(command).__name__, key, rejection.reason)
