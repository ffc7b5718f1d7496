"""Recovery: the engine as it was after the last acknowledged command.

The newest intact snapshot, then the records after it, applied and not decided again: it works
even if the code that decides has changed.
"""

import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from engine import snapshot
from engine.codec import decode_outcome
from engine.engine import Engine, Record
from engine.errors import CorruptJournalError, OtherLayoutError
from gateway.storage.journal import JournalReader
from gateway.storage.snapshots import Snapshot, Snapshots

log = logging.getLogger("o2o.gateway")


class Recovery:
    """First the newest usable snapshot; iterating then applies the tail, a record at a time.

    Whoever iterates sees the state each record left, as `EngineLoop.on_record` does live:
    how the gateway rebuilds its feed counters from `feeds`, the bytes kept beside the snapshot.
    """

    def __init__(self, journal: JournalReader, to_seq: int | None = None) -> None:
        self.engine, self.feeds = Engine(), b""
        self._journal, self._to_seq = journal, to_seq
        for kept in Snapshots(journal.path.parent).intact():
            if to_seq is not None and kept.seq > to_seq:
                continue
            must_follow(kept, journal)
            try:
                self.engine, self.feeds = snapshot.load(kept.state), kept.feeds
            except OtherLayoutError as error:
                log.warning("the snapshot at record %d is of no use: %s", kept.seq, error)
            else:
                break

    def __iter__(self) -> Iterator[Record]:
        engine = self.engine
        for record in self._journal.read(engine.seq + 1, self._to_seq):
            engine.apply(record)
            yield record


def recover(journal: JournalReader, to_seq: int | None = None) -> Engine:
    """The engine alone, for who keeps nothing beside it: commands are not even read.

    `to_seq`: only up to that record. Raises CorruptJournalError.
    """
    with collector_paused():
        engine = Recovery(journal, to_seq).engine
        engine.apply_all(map(decode_outcome, journal.bodies(engine.seq + 1, to_seq)))
    return engine


def must_follow(kept: Snapshot, journal: JournalReader) -> None:
    """Raises CorruptJournalError: what a snapshot knows and the journal does not, was lost."""
    seq, _ = journal.head()
    if kept.seq > seq:
        said = f"a snapshot follows record {kept.seq}, the journal ends at {seq}"
        raise CorruptJournalError(said, seq + 1)
    if kept.digest != journal.digest_at(kept.seq):
        said = f"the snapshot at record {kept.seq} follows another history than the journal"
        raise CorruptJournalError(said, kept.seq)


@contextmanager
def collector_paused() -> Iterator[None]:
    """While only state is made, and no garbage, looking for garbage is half of the work.

    Afterwards what was made counts as permanent and is not looked at again.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()
