"""What the gateway itself did on request: under which ids, and what it answered.

The engine remembers the keys of what it decided (`state.requests`); this is the same for webhooks,
links, revocations and whatever else has an effect and no record: done once, answered alike.
"""

import asyncio
import hmac
import logging
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from msgspec import Struct, msgpack

from engine.state.requests import KEPT_MS
from engine.values import Millis
from gateway import messages as m
from gateway.codes import Refusal
from gateway.running import Locks, OwnThread
from gateway.storage.databases import opened, refusal_of
from gateway.submissions import SubmissionError

log = logging.getLogger("o2o.gateway")

FILE = "deeds.db"
SCHEMA = """
CREATE TABLE IF NOT EXISTS deed (
    key TEXT PRIMARY KEY, customer TEXT NOT NULL, tag BLOB NOT NULL, at_ms INTEGER NOT NULL,
    said BLOB) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS deed_of ON deed (customer) WHERE customer <> '';
"""
TAG_BYTES = 16
PRUNED_EVERY_S = 3_600.0
ENDS_S = 5.0  # what is under way when the server stops; after that it is cut, as by a crash
# Of what is no command, what has an effect all the same: done once, whoever repeats it.
DEEDS = frozenset(
    {
        m.CreateTrackingLink,
        m.RedriveWebhook,
        m.RemoveAddress,
        m.RemoveWebhook,
        m.RevokeAccess,
        m.RotateWebhookSecret,
        m.SaveAddress,
        m.SaveProfile,
        m.SetWebhook,
        m.StartFork,
        m.StartPayment,
    }
)
# A repeat that finds nothing to remove, after the answer was lost in a crash, has removed it.
REMOVING = (m.RemoveWebhook, m.RemoveAddress)


class Said(Struct, frozen=True):
    """An answer, all but its id."""

    seq: int
    body: m.ReplyBody | None = None
    error: m.Error | None = None


_said = msgpack.Decoder(Said).decode
Do = Callable[[], Awaitable[m.ReplyBody | None]]  # raises Refusal
T = TypeVar("T")


class Deeds:
    """A key is on the disk before its deed is done: whatever happens then, a repeat of something
    else is a conflict. Every deed can be repeated without doing more, for that is what follows a
    crash between the deed and its answer.

    Whoever asked may leave meanwhile: what was begun is done to its end, in a task of its own.

    What was asked for is kept as a tag that nobody can read without the server's secret, and that
    of somebody who is forgotten is not kept at all.
    """

    def __init__(
        self,
        folder: Path,
        secret: bytes,
        now: Callable[[], Millis],
        settled: Callable[[], Awaitable[int]],
    ) -> None:
        """`now`: the engine's time. `settled`: when all that was read may be told, as of which
        record; raises SubmissionError. Raises DamagedDatabaseError, StorageError.
        """
        self._secret = secret
        self._now = now
        self._settled = settled
        self._db = opened(folder / FILE, SCHEMA, "secure_delete = ON")
        self._thread = OwnThread("deeds")
        self._locks = Locks()
        self._used: dict[str, Millis] = dict(self._db.execute("SELECT key, at_ms FROM deed"))
        self._under_way: dict[asyncio.Task[Said], str] = {}
        self._begun: Counter[str] = Counter()  # how often each key is under way

    async def run(self, interval_s: float = PRUNED_EVERY_S) -> None:
        """Forgets what is too old to be asked again, whether or not anybody asks. Until cancelled.

        Answers hold secrets and links: none stays longer than its key counts.
        """
        while True:
            with suppress(Refusal):  # it is in the log; there may be room in an hour
                await self.prune()
            await asyncio.sleep(interval_s)

    async def prune(self) -> None:
        """Raises Refusal."""
        before = self._oldest()
        self._used = {k: at for k, at in self._used.items() if at >= before}
        await self._on_thread(self._prune, before)

    async def ended(self) -> None:
        """When nobody asks any more: returns when nothing is under way."""
        if self._under_way:
            await asyncio.wait(tuple(self._under_way), timeout=ENDS_S)
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def close(self) -> None:
        self._thread.close()
        self._db.close()

    def has_used(self, key: str) -> bool:
        """Whoever wants it for a command comes too late."""
        return key in self._begun or self._used.get(key, self._oldest() - 1) >= self._oldest()

    async def answer(self, body: m.RequestBody, key: str, do: Do) -> Said:
        """Does it, unless this key was used: then what was said first, refusals included.

        Raises SubmissionError and Refusal: `idempotency_conflict`, or what may be another time,
        which is no answer and not kept. If who waits is cancelled, the deed is not.
        """
        task = asyncio.create_task(self._answer(body, key, do))
        self._under_way[task] = key
        self._begun[key] += 1
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    async def forget(self, customer: str) -> None:
        """No tag of what was said about somebody outlives him. Raises Refusal."""
        await self._on_thread(self._forget, customer)

    # internals

    def _oldest(self) -> Millis:
        """Keys that were used before count no more."""
        return Millis(self._now() - KEPT_MS)

    def _ended(self, task: asyncio.Task[Said]) -> None:
        key = self._under_way.pop(task)
        self._begun[key] -= 1
        if not self._begun[key]:
            del self._begun[key]
        if task.cancelled():
            log.error("a deed was cut: %s", key)
            return
        error = task.exception()
        if error is not None and not isinstance(error, (Refusal, SubmissionError)):
            log.error("a deed failed: %s: %r", key, error, exc_info=error)  # who asked may be gone

    async def _answer(self, body: m.RequestBody, key: str, do: Do) -> Said:
        tag, customer, now = self._tag(body), getattr(body, "customer", ""), self._now()
        async with self._locks.of(key):
            claim = (key, customer, tag, now)
            used_at, was_begun, said = await self._on_thread(self._claim, *claim)
            self._used[key] = used_at
            if said is None:
                said = await self._done(body, was_begun, do)
                await self._on_thread(self._keep, key, said)
            return said

    async def _done(self, body: m.RequestBody, was_begun: bool, do: Do) -> Said:
        try:
            told = await do()
        except Refusal as refusal:
            error = refusal.error
            if error.retryable:
                raise
            seq = await self._settled()
            if was_begun and error.code == "unknown" and isinstance(body, REMOVING):
                return Said(seq)
            return Said(seq, error=error)
        return Said(await self._settled(), told)

    def _tag(self, body: m.RequestBody) -> bytes:
        said = msgpack.encode(body, order="deterministic")
        return hmac.digest(self._secret, b"deed\0" + said, sha256)[:TAG_BYTES]

    async def _on_thread(self, call: Callable[..., T], *args: object) -> T:
        try:
            return await self._thread(call, *args)
        except sqlite3.Error as error:
            log.error("deeds cannot be kept: %s", error.sqlite_errorname)
            raise refusal_of(error) from None

    # on the thread

    def _claim(
        self, key: str, customer: str, tag: bytes, now: Millis
    ) -> tuple[Millis, bool, Said | None]:
        """When it was first used, whether before, and what was said then. Raises Refusal."""
        find = "SELECT tag, said, at_ms FROM deed WHERE key = ? AND at_ms >= ?"
        known = self._db.execute(find, (key, now - KEPT_MS)).fetchone()
        if known is None:
            row = (key, customer, tag, now)
            self._db.execute("INSERT OR REPLACE INTO deed VALUES (?, ?, ?, ?, NULL)", row)
            return now, False, None
        if not hmac.compare_digest(known[0], tag):
            raise Refusal("idempotency_conflict")
        return known[2], True, None if known[1] is None else _said(known[1])

    def _keep(self, key: str, said: Said) -> None:
        told = msgpack.encode(said)
        self._db.execute("UPDATE deed SET said = ? WHERE key = ?", (told, key))

    def _forget(self, customer: str) -> None:
        self._db.execute("UPDATE deed SET customer = '', tag = x'' WHERE customer = ?", (customer,))
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _prune(self, before: Millis) -> None:
        if self._db.execute("DELETE FROM deed WHERE at_ms < ?", (before,)).rowcount:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
