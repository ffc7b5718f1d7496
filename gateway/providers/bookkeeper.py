"""The bookkeeper: reads a provider's bill and lays it before the engine, line by line."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TypeVar

from msgspec import Struct

from engine.commands import (
    AnyCommand,
    CloseReconciliation,
    OpenReconciliation,
    ReportBillLines,
)
from engine.values import BillLine, MovementKind, ProviderId, ReconciliationId
from gateway.asking.accounts import list_differences, reconciliation_told
from gateway.clock import wall_ms
from gateway.loop import EngineLoop
from gateway.messages import Differences, ListDifferences
from gateway.messages.reconciliations import Reconciliation
from gateway.providers.port import Billed, Provider, number_of

T = TypeVar("T")
LINES_AT_ONCE = 500
SHOWN = 100
LOOKED_AT_ONCE = 2_000  # payments, before others get their turn


class BillRefusedError(Exception):
    """`already_exists` for a bill that was read before; `day_not_over`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Known(Struct):
    """Ids by the numbers that providers know them by."""

    payments: dict[str, str] = {}
    refunds: dict[str, str] = {}


class Bookkeeper:
    """One bill at a time."""

    def __init__(self, loop: EngineLoop) -> None:
        self._loop = loop
        self._one = asyncio.Lock()

    async def reconcile(
        self, provider: Provider, day: date, data: bytes | None = None, *, early: bool = False
    ) -> Reconciliation:
        """What became of it; the bill is fetched if it is not given.

        A bill is read once: so not before its day is over, unless `early`. Raises BillError,
        BillRefusedError, TryAgainError, SubmissionError.
        """
        if provider.period(day)[1] > wall_ms() and not early:
            raise BillRefusedError("day_not_over")
        async with self._one:
            if data is None:
                data = await provider.bill(day)
            currency = self._loop.engine.state.settings.current.currency
            billed = await asyncio.to_thread(provider.bill_lines, data, currency)
            known = await self._known(provider.name, {x.number for x in billed})
            return await self._lay_out(provider, day, [_line(x, known) for x in billed])

    def differences(self, told: Reconciliation) -> Differences:
        """The first of them."""
        asked = ListDifferences(told.reconciliation, limit=SHOWN)
        return list_differences(asked, self._loop.engine)

    async def _lay_out(
        self, provider: Provider, day: date, lines: list[BillLine]
    ) -> Reconciliation:
        key = ReconciliationId(f"{provider.name}/{day.isoformat()}")
        from_at, to_at = provider.period(day)
        await self._submit(OpenReconciliation(key, provider.name, from_at, to_at))
        for part in _parts(lines):
            await self._submit(ReportBillLines(key, part))
        await self._submit(CloseReconciliation(key, len(lines)))
        return reconciliation_told(key, self._loop.engine.state.reconciliations[key])

    async def _submit(self, command: AnyCommand) -> None:
        record = (await self._loop.submit(command)).record
        if record.rejection is not None:
            raise BillRefusedError(record.rejection.reason)

    async def _known(self, provider: ProviderId, numbers: set[str]) -> Known:
        """Numbers cannot be read backwards: whoever has one of these is looked for, in pieces."""
        found, payments = Known(), self._loop.engine.state.payments
        for some in _pieces([*payments.archive.places, *payments.payments]):
            for key in some:
                payment = payments[key]
                if payment.provider == provider:
                    found.payments |= {n: key for n in (number_of(key),) if n in numbers}
                    named = ((number_of(x), x) for x in payment.instructions)
                    found.refunds |= {n: name for n, name in named if n in numbers}
            await asyncio.sleep(0)
        return found


def _line(billed: Billed, known: Known) -> BillLine:
    ids = known.payments if billed.kind is MovementKind.PAYMENT else known.refunds
    return BillLine(
        billed.kind,
        ids.get(billed.number, ""),
        billed.number[:200] or "-",
        billed.amount_minor,
        billed.fee_minor,
        billed.moved,
        billed.state,
        billed.final,
    )


def _parts(lines: Sequence[BillLine]) -> Iterator[list[BillLine]]:
    for start in range(0, len(lines), LINES_AT_ONCE):
        yield list(lines[start : start + LINES_AT_ONCE])


def _pieces(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), LOOKED_AT_ONCE):
        yield items[start : start + LOOKED_AT_ONCE]
