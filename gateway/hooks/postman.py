"""Brings one endpoint what is due there, until it is taken: soon again at first, then more seldom.

Who cannot be reached, is overloaded or broken gets one attempt at a time, and everything at once
when one of them succeeds. What fails to the last retry is dead: kept, counted, to be driven again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from gateway.hooks import signing
from gateway.hooks.outbox import Endpoint, Letter, Outbox, Outcome
from gateway.hooks.queue import Queue

T = TypeVar("T")
RETRIES_S = (1, 5, 30, 120, 600, 3_600, 21_600, 86_400)  # after the first attempt
OUTAGE_S = (1, 5, 30, 120, 300)  # between attempts at an endpoint that is down; the last repeats
DOWN_AFTER = 3  # failures in a row
AT_ONCE = 32
NOT_NOW = (0, 408, 425, 429)  # and all from 500: it is not about this event
SECOND = 1_000


class HttpAnswer(Struct, frozen=True):
    """`status` 0: there was none, and `error` says why."""

    status: int
    error: str = ""

    @property
    def is_taken(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_down(self) -> bool:
        return self.status in NOT_NOW or self.status >= 500


class Sender(Protocol):
    async def send(self, url: str, headers: dict[str, str], body: bytes) -> HttpAnswer:
        """Does not raise."""


OnThread = Callable[..., Awaitable[Any]]


class Postman:
    """`run` is its life; `round` one look at what is due, for who keeps the time himself."""

    def __init__(
        self,
        endpoint: Endpoint,
        outbox: Outbox,
        sender: Sender,
        wall_ms: Callable[[], int],
        on_thread: OnThread,
    ) -> None:
        self.endpoint = endpoint
        self.queue = Queue()
        self.failures = 0  # in a row
        self.last_error = ""
        self._outbox = outbox
        self._sender = sender
        self._wall_ms = wall_ms
        self._on_thread = on_thread
        self._not_before_ms = 0
        self._news = asyncio.Event()

    async def load(self) -> None:
        """What was waiting when the server ended."""
        for x in await self._on_thread(self._outbox.waiting, self.endpoint.id):
            self.queue.add(*x)

    def wake(self) -> None:
        self._news.set()

    async def run(self) -> None:
        """Until cancelled: who is cancelled on the way will be sent again."""
        while True:
            self._news.clear()
            due_ms = await self.round()
            wait_s = None if due_ms is None else max(0.0, (due_ms - self._wall_ms()) / SECOND)
            try:
                async with asyncio.timeout(wait_s):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def round(self) -> int | None:
        """Brings what is due; returns when to look again, None if nothing waits."""
        now_ms = self._wall_ms()
        if self.endpoint.terms.suspended:
            return None
        if now_ms < self._not_before_ms:
            return self._not_before_ms if len(self.queue) else None
        seqs = self.queue.take(now_ms, 1 if self.is_down else AT_ONCE)
        if not seqs:
            return self.queue.next_due()
        letters = await self._on_thread(self._outbox.letters, self.endpoint.id, seqs)
        outcomes = await asyncio.gather(*(self._bring(x) for x in letters))
        await self._on_thread(self._outbox.settle, self.endpoint.id, outcomes)
        self._settle(outcomes)
        due_ms = self.queue.next_due()
        return None if due_ms is None else max(due_ms, self._not_before_ms)

    @property
    def lag_s(self) -> int:
        """How long the oldest of what it has not taken has been waiting."""
        return self.queue.lag_ms(self._wall_ms()) // SECOND

    @property
    def is_down(self) -> bool:
        return self.failures >= DOWN_AFTER

    async def _bring(self, letter: Letter) -> Outcome:
        terms, now_ms = self.endpoint.terms, self._wall_ms()
        keys = [key for key, until_ms in terms.secrets if not until_ms or now_ms < until_ms]
        event = event_id(self.endpoint, letter.seq)
        headers = signing.headers(keys, event, now_ms // SECOND, letter.body)
        headers |= {
            "content-type": "application/json",
            "x-delivery-attempt": str(letter.attempts + 1),
        }
        answer = await self._sender.send(terms.url, headers, letter.body)
        if answer.is_taken:
            return Outcome(letter, delivered=True)
        due_ms = None
        if letter.attempts < len(RETRIES_S):
            due_ms = self._wall_ms() + RETRIES_S[letter.attempts] * SECOND
        error = answer.error or f"status {answer.status}"
        return Outcome(letter, False, due_ms, error, answer.is_down)

    def _settle(self, outcomes: list[Outcome]) -> None:
        endpoint = self.endpoint
        for x in outcomes:
            if x.delivered:
                endpoint.delivered += 1
                self.queue.done(x.letter.seq, x.letter.subject)
                continue
            endpoint.failed += 1
            self.last_error = x.error
            if x.due_ms is None:
                endpoint.dead += 1
                self.queue.done(x.letter.seq, x.letter.subject)
            else:
                self.queue.again(x.letter.seq, x.letter.subject, x.due_ms)
        if any(not x.is_down for x in outcomes):  # somebody is there
            if self.is_down:
                self.queue.hurry()
            self.failures, self._not_before_ms = 0, 0
        elif outcomes:
            wait_s = OUTAGE_S[min(self.failures, len(OUTAGE_S) - 1)]
            self.failures += 1
            if self.is_down:
                self._not_before_ms = self._wall_ms() + wait_s * SECOND


def event_id(endpoint: Endpoint, seq: int) -> str:
    """The same however often it is sent, and to whichever endpoint."""
    terms = endpoint.terms
    return ":".join(x for x in (terms.feed, terms.subject, str(seq)) if x)
