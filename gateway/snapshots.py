"""Snapshots: where recovery may begin, so that it need not read the whole journal.

A file each, chained to the digest of the record it follows. A missing or damaged one costs
time and nothing else: the journal has everything.
"""

import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from engine.codec import chain
from gateway.journal import sync_directory

KEPT = 2
MAGIC = b"o2o-snap"
HEADER = struct.Struct("<8sQQQ16s")  # magic, seq, bytes of state, bytes of feeds, digest
PREFIX, SUFFIX, UNFINISHED = "snapshot-", ".bin", ".tmp"


class Snapshot(NamedTuple):
    """The engine as record `seq` left it, and what the gateway keeps beside it."""

    seq: int
    state: bytes
    feeds: bytes


class Snapshots:
    """In one directory. Written by one thread at a time; never changed once it has its name."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def save(self, snapshot: Snapshot, digest: bytes) -> Path:
        """Written, synced, named, and only then are older ones removed.

        `digest` is the one of record `seq`: the snapshot vouches for the history it stands for.
        """
        path = self._directory / f"{PREFIX}{snapshot.seq:015d}{SUFFIX}"
        unfinished = path.with_suffix(UNFINISHED)
        with unfinished.open("wb") as file:
            file.write(_header(snapshot, digest))
            file.write(snapshot.state)
            file.write(snapshot.feeds)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
        sync_directory(self._directory)
        self._prune()
        return path

    def intact(self, digest_at: Callable[[int], bytes]) -> Iterator[Snapshot]:
        """Those that follow the journal's own records, newest first."""
        for path in self.paths():
            snapshot = _read(path, digest_at)
            if snapshot is not None:
                yield snapshot

    def paths(self) -> list[Path]:
        """Newest first."""
        return sorted(self._directory.glob(f"{PREFIX}*{SUFFIX}"), reverse=True)

    def _prune(self) -> None:
        for path in self.paths()[KEPT:]:
            path.unlink()
        for path in self._directory.glob(f"{PREFIX}*{UNFINISHED}"):
            path.unlink()


def _header(snapshot: Snapshot, digest: bytes) -> bytes:
    seq, state, feeds = snapshot
    content = chain(chain(digest, state), feeds)
    return HEADER.pack(MAGIC, seq, len(state), len(feeds), content)


def _read(path: Path, digest_at: Callable[[int], bytes]) -> Snapshot | None:
    try:
        data = path.read_bytes()
        _, seq, state_size, feeds_size, _ = HEADER.unpack_from(data)
        end = HEADER.size + state_size
        snapshot = Snapshot(seq, data[HEADER.size : end], data[end : end + feeds_size])
        whole = HEADER.size + state_size + feeds_size == len(data)
        if not whole or data[: HEADER.size] != _header(snapshot, digest_at(seq)):
            return None
    except (OSError, ValueError, OverflowError, struct.error):
        return None
    return snapshot
