"""Follows the logs for every endpoint: what is told goes into its outbox, each number once.

What was told is kept in memory until it is noted; after a crash, or a disk that was full, it is
read from the log, behind the last number noted.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Protocol

import msgspec

from gateway.hooks.outbox import Endpoint, Letter, Outbox
from gateway.hooks.postman import OnThread, Postman, event_id
from gateway.messages import Feed
from gateway.telling.logs import Log

TOLD_MAX = 50_000  # of a log, and not yet noted: beyond, they are read from the log again
AGAIN_S = 1.0  # after a failure of the disk
SUBJECTS = ("order", "product", "complaint", "customer", "timecard", "duty", "delivery", "payment")

Key = tuple[Feed, str]  # of a log
Numbered = tuple[int, bytes]  # number and body


class Hub(Protocol):
    """What is asked of the feeds: everything told, once it is durable; and what is kept of it."""

    def on_told(self, callback: Callable[[Feed, str, int, bytes], None]) -> None: ...
    def log(self, feed: Feed, subject: str) -> Log: ...


class Follower:
    """One per office; `run` is its life."""

    def __init__(
        self, hub: Hub, outbox: Outbox, wall_ms: Callable[[], int], on_thread: OnThread
    ) -> None:
        self._hub = hub
        self._outbox = outbox
        self._wall_ms = wall_ms
        self._on_thread = on_thread
        self._postmen: dict[Key, dict[int, Postman]] = {}
        self._told: dict[Key, list[Numbered]] = {}
        self._upto: dict[Key, int] = {}  # the last number told of each log
        self._news = asyncio.Event()
        self._noting = asyncio.Lock()

    def begin(self) -> None:
        """Before anything is told: all that is in the logs now is durable."""
        for log in self._postmen:
            self._upto[log] = self._hub.log(*log).seq
        self._hub.on_told(self._on_told)

    def follow(self, postman: Postman) -> None:
        log = _log_of(postman.endpoint)
        self._postmen.setdefault(log, {})[postman.endpoint.id] = postman
        self._told.setdefault(log, [])  # what was told while nobody noted it
        self._news.set()

    async def forget(self, postman: Postman) -> None:
        """When this returns, nothing more is noted for it."""
        log = _log_of(postman.endpoint)
        if of_log := self._postmen.get(log):
            of_log.pop(postman.endpoint.id, None)
            if not of_log:
                del self._postmen[log]
        async with self._noting:
            pass

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            told, self._told = self._told, {}
            for log, news in told.items():
                try:
                    async with self._noting:
                        for postman in list(self._postmen.get(log, {}).values()):
                            await self._note(log, postman, news)
                except sqlite3.Error:
                    await asyncio.sleep(AGAIN_S)
                    self._told.setdefault(log, [])
                    self._news.set()

    # internals

    def _on_told(self, feed: Feed, subject: str, seq: int, body: bytes) -> None:
        log = feed, subject
        self._upto[log] = seq
        if log in self._postmen:
            told = self._told.setdefault(log, [])
            if len(told) < TOLD_MAX:
                told.append((seq, body))
            self._news.set()

    async def _note(self, log: Key, postman: Postman, told: list[Numbered]) -> None:
        endpoint = postman.endpoint
        upto = self._upto.get(log, endpoint.noted)
        news = [x for x in told if x[0] > endpoint.noted]
        dropped, begin = endpoint.dropped, endpoint.noted
        if (news[0][0], news[-1][0]) != (begin + 1, upto) if news else upto != begin:
            begin, news = _missed(self._hub.log(*log), begin, upto)
            dropped += begin != endpoint.noted
        if begin == upto == endpoint.noted:
            return
        noted, now_ms = begin + len(news), self._wall_ms()
        found = (letter_of(endpoint, seq, body, now_ms) for seq, body in news)
        letters = [x for x in found if x is not None]
        await self._on_thread(self._outbox.note, endpoint.id, noted, letters, dropped)
        endpoint.noted, endpoint.dropped = noted, dropped
        for letter in letters:
            postman.queue.add(letter.seq, letter.subject, letter.noted_ms)
        postman.wake()


def _missed(kept: Log, noted: int, upto: int) -> tuple[int, list[Numbered]]:
    """What comes after `noted` in a log, up to `upto`. If that is not kept any more, or was never
    of this log: after another number, the oldest there is; what lies between is lost."""
    missed = kept.after(noted)
    if missed is None:
        missed, noted = kept.latest, kept.seq - len(kept.latest)
    return noted, list(enumerate(missed[: max(0, upto - noted)], noted + 1))


def letter_of(endpoint: Endpoint, seq: int, body: bytes, now_ms: int) -> Letter | None:
    """None: of a kind that is not wanted."""
    data = msgspec.msgpack.decode(body)
    kind, terms = data["type"], endpoint.terms
    if terms.kinds and kind not in terms.kinds:
        return None
    subject = next((f"{x}:{data[x]}" for x in SUBJECTS if x in data), kind)
    told = {
        "id": event_id(endpoint, seq),
        "type": kind,
        "feed": terms.feed,
        "seq": seq,
        "data": data,
    }
    return Letter(seq, subject, kind, msgspec.json.encode(told), now_ms)


def _log_of(endpoint: Endpoint) -> Key:
    return endpoint.terms.feed, endpoint.terms.subject
