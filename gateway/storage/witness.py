"""Beside the journal: up to which record it was durable. What the journal then lacks was lost.

Overwritten after each sync and not synced itself: it may know less than the journal, never more.
"""

import os
import struct
from contextlib import suppress
from pathlib import Path

from engine.codec import GENESIS, chain

WITNESS_FILE = "journal.durable"
LAYOUT = struct.Struct("<8sQ16s16s")  # magic, seq, its digest, seal
MAGIC = b"o2o-wit1"


class Witness:
    """Of the one writer."""

    def __init__(self, folder: Path) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._file = os.fdopen(os.open(folder / WITNESS_FILE, flags, 0o600), "r+b", buffering=0)

    def close(self) -> None:
        self._file.close()

    def note(self, seq: int, digest: bytes) -> None:
        """Of what is durable already: a note that fails costs no more than the note."""
        with suppress(OSError):
            os.pwrite(self._file.fileno(), _written(seq, digest), 0)


def last_witnessed(folder: Path) -> tuple[int, bytes]:
    """The record that was durable, and its digest; none, if nobody can say."""
    try:
        found = (folder / WITNESS_FILE).read_bytes()
        magic, seq, digest, _ = LAYOUT.unpack(found)
    except (OSError, struct.error):
        return 0, GENESIS
    return (seq, digest) if magic == MAGIC and found == _written(seq, digest) else (0, GENESIS)


def _written(seq: int, digest: bytes) -> bytes:
    front = LAYOUT.pack(MAGIC, seq, digest, bytes(16))
    return front[:-16] + chain(digest, front)
