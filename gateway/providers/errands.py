"""Errands: what the engine wants of providers, asked until it is answered.

Everything comes from the state: after a restart the same errands are run again, with the same
ids. A payment is followed until it is answered and nobody can pay it any more, whether or not a
notice ever comes; an instruction until it is carried out.
"""

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from typing import Any

from engine.engine import Record
from engine.events import (
    InstructionFailed,
    InstructionIssued,
    InstructionSettled,
    PaymentAuthorized,
    PaymentFailed,
    PaymentRequested,
    PaymentWithdrawn,
)
from engine.state.payments import Instruction as Instructed
from engine.state.payments import InstructionStatus, Payment, PaymentStatus
from engine.values import (
    SECOND,
    InstructionId,
    InstructionKind,
    PaymentId,
    PaymentMethod,
    ProviderId,
)
from gateway.clock import wall_s
from gateway.loop import EngineLoop
from gateway.providers.currencies import AmountError
from gateway.providers.port import (
    NOBODY,
    Due,
    Instruction,
    NoticeRefusedError,
    NotPayableError,
    Outcome,
    Page,
    Payer,
    Provider,
    Standing,
    TryAgainError,
    number_of,
)
from gateway.providers.reports import Reports
from gateway.running import cancelled
from gateway.submissions import SubmissionError

AT_ONCE = 32  # questions to all providers
FIRST_REST_S, LAST_REST_S = 1.0, 60.0  # between two tries, twice as long each time
SOONER = 8  # what is on its way there is usually done in a moment
FIRST_LOOK_S, LAST_LOOK_S = 10.0, 30.0  # at a payment nobody told us about
BEFORE_EXPIRY_S = 3.0  # one more look
CLOSING_S = 60.0  # between two tries to close what cannot be closed yet
NOTICE_ID_MAX = 128
FAILURES = (TryAgainError, NoticeRefusedError, SubmissionError)
log = logging.getLogger("o2o.payments")


class Errand:
    """One payment or instruction on its way."""

    __slots__ = ("news", "one", "task")

    def __init__(self) -> None:
        self.one = asyncio.Lock()  # it is not shut while it is being made payable
        self.news = asyncio.Event()
        self.task: asyncio.Task[None] | None = None


class Errands:
    """Follows the loop by itself; `resume` once, `close` at the end."""

    def __init__(
        self, loop: EngineLoop, providers: Mapping[ProviderId, Provider], reports: Reports
    ) -> None:
        self._loop = loop
        self._reports = reports
        self._tally = reports.tally
        self._providers = providers
        self._state = loop.engine.state
        self._pages: dict[PaymentId, Page] = {}
        self._payments: dict[PaymentId, Errand] = {}
        self._instructions: dict[InstructionId, Errand] = {}
        self._payment_of: dict[
            tuple[ProviderId, str], PaymentId
        ] = {}  # by number, while it is on its way
        self._instruction_of: dict[tuple[ProviderId, str], InstructionId] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        loop.on_durable(self._look)

    def resume(self) -> None:
        """After a restart: everything that is not answered yet."""
        for key, payment in self._state.payments.payments.items():
            if self._is_open(payment):
                self._collect(key, again=True)
        for name, instruction in self._state.payments.instructions.items():
            if instruction.status is InstructionStatus.PENDING:
                self._carry(name)

    async def close(self) -> None:
        tasks = [x.task for x in (*self._payments.values(), *self._instructions.values()) if x.task]
        await cancelled(*tasks)

    @property
    def under_way(self) -> int:
        return len(self._payments) + len(self._instructions)

    def page(self, payment: PaymentId) -> Page | None:
        """Where it can be paid, if it can."""
        return self._pages.get(payment)

    async def start(self, key: PaymentId, payer: Payer) -> Page | None:
        """What it can be paid with, made now; None if it waits for nobody any more.

        Raises PayerIncompleteError; TryAgainError, which may be a NotPayableError.
        """
        await self._loop.settled()
        errand = self._payments.get(key)
        if errand is None:
            if self._state.payments[key].status is PaymentStatus.REQUESTED:
                raise TryAgainError("nobody follows it yet")
            return None
        async with errand.one:
            payment = self._state.payments[key]
            if payment.status is not PaymentStatus.REQUESTED:
                return None
            provider = self._providers[payment.provider]
            async with self._slots:
                self._tally.asked += 1
                standing, page = await self._open(provider, self._due(key, payment), payer)
            await self._reports.stands(key, standing)
        waits = self._state.payments[key].status is PaymentStatus.REQUESTED
        return page if waits else None

    # whom a notice is about

    def payment_of(self, provider: ProviderId, number: str) -> PaymentId | None:
        """One that is on its way, by what that provider calls it."""
        return self._payment_of.get((provider, number))

    def instruction_of(self, provider: ProviderId, number: str) -> InstructionId | None:
        """The same for instructions; a capture goes by the number of its payment, too."""
        return self._instruction_of.get((provider, number))

    def nudge(self, provider: ProviderId, number: str) -> bool:
        """Ask about that payment now. False if it is not on its way."""
        key = self._payment_of.get((provider, number))
        if key is not None:
            _tell(self._payments.get(key))
        return key is not None

    # what the engine wants

    def _look(self, records: list[Record]) -> None:
        for record in records:
            for event in record.events:
                match event:
                    case PaymentRequested(payment=key):
                        self._collect(key)
                    case PaymentFailed(payment=key) | PaymentAuthorized(payment=key):
                        self._collect(key)
                        _tell(self._payments.get(key))
                    case PaymentWithdrawn(payment=key):
                        _tell(self._payments.get(key))
                    case InstructionIssued(instruction=name):
                        self._carry(name)
                    case InstructionSettled(instruction=name) | InstructionFailed(instruction=name):
                        _tell(self._instructions.get(name))

    def _collect(self, key: PaymentId, *, again: bool = False) -> None:
        payment = self._state.payments[key]
        provider = self._providers.get(payment.provider)
        if provider is None or key in self._payments or not self._is_open(payment):
            return
        errand = self._payments[key] = Errand()
        self._payment_of[provider.name, number_of(key)] = key
        errand.task = self._start(self._collecting(provider, key, errand, again))

    def _carry(self, name: InstructionId) -> None:
        instruction = self._state.payments.instruction(name)
        provider = self._providers.get(self._state.payments[instruction.payment].provider)
        pending = instruction.status is InstructionStatus.PENDING
        if provider is None or name in self._instructions or not pending:
            return
        errand = self._instructions[name] = Errand()
        for number in _numbers(name, instruction):
            self._instruction_of[provider.name, number] = name
        errand.task = self._start(self._carrying(provider, name, errand))

    @staticmethod
    def _is_open(payment: Payment) -> bool:
        """Wanted, or given up and perhaps still payable."""
        if payment.status is PaymentStatus.FAILED:
            return not payment.withdrawn
        return payment.status is PaymentStatus.REQUESTED

    # a payment, from the first question to the last

    async def _collecting(
        self, provider: Provider, key: PaymentId, errand: Errand, again: bool
    ) -> None:
        """`again`: it may have been paid while nobody was here to hear of it."""
        try:
            failures, looks = 0, -1 if again else 0
            while self._is_open(payment := self._state.payments[key]):
                await self._loop.until_durable()
                errand.news.clear()
                try:
                    await self._ask(provider, key, payment, errand)
                    failures, looks = 0, looks + 1
                    rest_s = self._next_look_s(payment, looks)
                except (*FAILURES, AmountError) as error:
                    failures += 1
                    rest_s = self._failed(key, error, failures)
                await _rest(errand, rest_s)
        finally:
            self._pages.pop(key, None)
            self._payments.pop(key, None)
            self._payment_of.pop((provider.name, number_of(key)), None)

    async def _ask(
        self, provider: Provider, key: PaymentId, payment: Payment, errand: Errand
    ) -> None:
        """The next thing to ask about it."""
        due = self._due(key, payment)
        async with errand.one, self._slots:
            self._tally.asked += 1
            if self._state.payments[key].status is PaymentStatus.FAILED:
                standing = await provider.close(due)
            elif key not in self._pages and due.method is PaymentMethod.DEFAULT:
                standing, _ = await self._open(provider, due, NOBODY)
            else:  # by any other method, whoever places the order asks when his customer pays
                standing = await provider.look(due)
        await self._reports.stands(key, standing)

    async def _open(
        self, provider: Provider, due: Due, payer: Payer
    ) -> tuple[Standing, Page | None]:
        """Who has paid already cannot be asked again: then that is how it stands."""
        try:
            if provider.currencies and due.currency not in provider.currencies:
                raise NotPayableError("currency")
            page = await provider.ask(due, payer)
        except TryAgainError:
            standing = await provider.look(due)
            if standing.status == "unpaid":
                raise
            return standing, None
        if due.method is PaymentMethod.DEFAULT:
            self._pages[due.payment] = page
        return Standing("unpaid"), page

    def _next_look_s(self, payment: Payment, looks: int) -> float:
        if payment.status is PaymentStatus.FAILED:
            return CLOSING_S
        left_s = self._loop.clock.wall_s_until(payment.expires_at)
        look_s = min(FIRST_LOOK_S * looks, LAST_LOOK_S)
        last_s = left_s - BEFORE_EXPIRY_S
        return min(look_s, last_s) if last_s > 0 else LAST_LOOK_S

    def _due(self, key: PaymentId, payment: Payment) -> Due:
        clock = self._loop.clock
        expires_at_s = payment.expires_at // SECOND
        if clock.speed != 1:  # the provider lives by the wall's clock
            expires_at_s = wall_s() + int(clock.wall_s_until(payment.expires_at)) + 1
        return Due(
            key,
            payment.order,
            payment.amount_minor,
            self._reports.currency,
            expires_at_s,
            payment.reference,
            payment.method,
        )

    # an instruction, until it is carried out

    async def _carrying(self, provider: Provider, name: InstructionId, errand: Errand) -> None:
        try:
            failures, waits = 0, 0
            while self._is_pending(name):
                await self._loop.until_durable()
                errand.news.clear()
                told = self._instruction(name)
                try:
                    async with self._slots:
                        self._tally.asked += 1
                        outcome = await provider.instruct(told)
                    await self._reports.came_to(name, outcome)
                    failures, waits = 0, waits + 1
                    rest_s = _rest_s(waits) / SOONER
                except AmountError as error:
                    await self._reports.came_to(name, Outcome("failed", str(error)))
                    return
                except FAILURES as error:
                    failures += 1
                    rest_s = self._failed(name, error, failures)
                await _rest(errand, rest_s)
        finally:
            self._instructions.pop(name, None)
            for number in _numbers(name, self._state.payments.instruction(name)):
                self._instruction_of.pop((provider.name, number), None)

    def _is_pending(self, name: InstructionId) -> bool:
        pending = InstructionStatus.PENDING
        return self._state.payments.instruction(name).status is pending

    def _instruction(self, name: InstructionId) -> Instruction:
        told = self._state.payments.instruction(name)
        payment = self._state.payments[told.payment]
        due = self._due(told.payment, payment)
        return Instruction(name, told.kind, told.amount_minor, told.kind.value, due, payment.taken)

    # internals

    def _failed(self, key: str, error: Exception, failures: int) -> float:
        self._tally.tries_failed += 1
        log.warning("%s: %s", key, error)
        return _rest_s(failures - 1)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        task.add_done_callback(_done)
        return task


def _numbers(name: InstructionId, told: Instructed) -> list[str]:
    """What a notice may call it: a capture goes by the number of its payment."""
    captures = told.kind is InstructionKind.CAPTURE
    return [number_of(name), *([number_of(told.payment)] if captures else [])]


def _rest_s(tries: int) -> float:
    """Twice as long each time."""
    return min(FIRST_REST_S * (1 << min(tries, 10)), LAST_REST_S)


def _tell(errand: Errand | None) -> None:
    if errand is not None:
        errand.news.set()


async def _rest(errand: Errand, rest_s: float) -> None:
    """Until then, or until there is news."""
    try:
        async with asyncio.timeout(rest_s):
            await errand.news.wait()
    except TimeoutError:
        pass


def _done(task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None and not isinstance(error, SubmissionError):
        log.error("an errand failed: %r", error, exc_info=error)
