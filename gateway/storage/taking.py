"""When snapshots are taken: every so many records beside the engine, and one as it stops.

One that fails is one not taken: the journal has everything.
"""

import asyncio
from collections.abc import Awaitable, Callable

from engine import snapshot
from engine.engine import Engine
from gateway.storage.snapshots import Snapshot, Snapshots
from gateway.storage.snapshotting import snapshot_beside

SNAPSHOT_EVERY = 200_000  # records: about a second of recovery


class Snapshotting:
    """`feeds` gives the bytes to keep beside each; `durable` waits until all that is decided
    is so. Without `snapshots` none is taken.
    """

    def __init__(
        self,
        engine: Engine,
        snapshots: Snapshots | None,
        feeds: Callable[[], bytes],
        durable: Callable[[], Awaitable[int]],
        every: int = SNAPSHOT_EVERY,
    ) -> None:
        self.failure: OSError | None = None  # of the latest; costs time, not data
        self._engine = engine
        self._snapshots = snapshots
        self._feeds = feeds
        self._until_durable = durable
        self._every = every
        self._latest = engine.seq
        self._due = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._due.wait()
            self._due.clear()
            try:
                await self.take()
                self.failure = None
            except OSError as error:
                self.failure = error

    def note(self, durable_seq: int) -> None:
        """So far the journal has come, and there is room for more."""
        if self._snapshots is not None and durable_seq - self._latest >= self._every:
            self._due.set()

    async def take(self) -> int:
        """Returns the record it follows. A process of its own takes it: nothing stands still.

        Raises OSError.
        """
        assert self._snapshots is not None
        seq, feeds = self._engine.seq, self._feeds()
        self._latest = seq
        await self._until_durable()
        await snapshot_beside(self._snapshots.directory, seq, feeds)
        return seq

    def take_here(self, digest: bytes) -> None:
        """Of an engine that has stopped: nobody waits any more, so the state may be copied.

        `digest` is the journal's at its last record.
        """
        if self._snapshots is None:
            return
        taken = Snapshot(self._engine.seq, digest, snapshot.dump(self._engine), self._feeds())
        try:
            self._snapshots.save(taken)
            self.failure = None
        except OSError as error:
            self.failure = error
