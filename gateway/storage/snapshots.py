"""Snapshots: where recovery may begin, so that it need not read the whole journal.

A file each, and each names the digest of the record it follows. A missing or damaged one costs
time and nothing else: the journal has everything. Both parts are compressed: nine tenths of the
second are what feeds said lately, which is much alike.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from zlib import compress, decompress

from engine.codec import chain
from gateway.storage.files import UNFINISHED, write_whole

KEPT = 2
MAGIC, PLAIN = b"o2o-snp2", b"o2o-snap"  # PLAIN: of an older version, not compressed
FASTEST = 1  # of zlib's levels
HEADER = struct.Struct("<8sQ16sQQ16s")  # magic, seq, its digest, sizes of both parts, seal
PREFIX, SUFFIX = "snapshot-", ".bin"


class Snapshot(NamedTuple):
    """The engine as record `seq` left it, and what the gateway keeps beside it.

    `digest` is the journal's at that record: it vouches for the history the state stands for.
    """

    seq: int
    digest: bytes
    state: bytes
    feeds: bytes


class Snapshots:
    """In one directory: the journal's. Never changed once they have their names."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def save(self, snapshot: Snapshot) -> Path:
        """Written, synced, named, and only then are older ones removed. Raises OSError."""
        path = self.directory / f"{PREFIX}{snapshot.seq:015d}{SUFFIX}"
        state, feeds = compress(snapshot.state, FASTEST), compress(snapshot.feeds, FASTEST)
        packed = snapshot._replace(state=state, feeds=feeds)
        write_whole(path, _header(MAGIC, packed), state, feeds)
        self._prune()
        return path

    def intact(self) -> Iterator[Snapshot]:
        """Newest first; damaged ones are passed by."""
        for path in self.paths():
            snapshot = _read(path)
            if snapshot is not None:
                yield snapshot

    def paths(self) -> list[Path]:
        """Newest first."""
        return sorted(self.directory.glob(f"{PREFIX}*{SUFFIX}"), reverse=True)

    def _prune(self) -> None:
        for path in self.paths()[KEPT:]:
            path.unlink()
        for path in self.directory.glob(f"{PREFIX}*{UNFINISHED}"):
            path.unlink()


def _header(magic: bytes, snapshot: Snapshot) -> bytes:
    seq, digest, state, feeds = snapshot
    front = HEADER.pack(magic, seq, digest, len(state), len(feeds), bytes(16))
    seal = chain(chain(chain(digest, front), state), feeds)
    return front[: -len(seal)] + seal


def _read(path: Path) -> Snapshot | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if len(data) < HEADER.size:
        return None
    magic, seq, digest, size, feeds_size, _ = HEADER.unpack_from(data)
    end = HEADER.size + size
    snapshot = Snapshot(seq, digest, data[HEADER.size : end], data[end:])
    intact = len(snapshot.feeds) == feeds_size and data[: HEADER.size] == _header(magic, snapshot)
    if not intact or magic not in (MAGIC, PLAIN):
        return None
    if magic == PLAIN:
        return snapshot
    return snapshot._replace(state=decompress(snapshot.state), feeds=decompress(snapshot.feeds))
