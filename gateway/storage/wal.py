"""SQLite's write-ahead log as it lies on the disk, looked at before SQLite opens it.

SQLite reads a log up to the first frame that is not whole and forgets the rest: right for an end
that a power cut tore, wrong for a bit that flipped in the middle. Here the two are told apart.
"""

from functools import cache
from pathlib import Path
from struct import Struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

HEADER = Struct(">8I")  # magic, version, page size, checkpoints, two salts, two sums
FRAME = Struct(">6I")  # page, pages after a commit (else 0), two salts, two sums
MAGIC, BIG_ENDIAN = 0x377F0682, 1  # the latter is added if sums are of big-endian words
SUMMED_OF_HEADER, SUMMED_OF_FRAME = 24, 8
PAGE_MIN, PAGE_MAX = 512, 65_536

Sums = tuple[int, int]


class Tail(NamedTuple):
    """Bytes up to `whole` are whole transactions; what follows, up to `size`, is none.

    `torn`: something was being written there. `cut`: all that follows is the beginning of a
    transaction. `damaged`: after what is broken comes what was only written once it was synced.
    """

    whole: int
    size: int
    torn: bool = False
    cut: bool = False
    damaged: bool = False


def log_of(database: Path) -> Path:
    return database.with_name(database.name + "-wal")


def examined(database: Path) -> Tail:
    """Also beside a process that writes: a log that begins anew meanwhile is not damaged."""
    path = log_of(database)
    if not path.exists():
        return Tail(0, 0)
    data = path.read_bytes()
    tail = _examined(data)
    if tail.damaged:
        with path.open("rb") as file:
            if file.read(HEADER.size) != data[: HEADER.size]:
                return tail._replace(damaged=False)
    return tail


def _examined(data: bytes) -> Tail:
    size = len(data)
    if size < HEADER.size:
        return Tail(0, size, torn=size > 0, cut=True)
    magic, _, page, _, *salts, first, second = HEADER.unpack_from(data)
    words = np.dtype(">u4" if magic & BIG_ENDIAN else "<u4")
    sums = _sums((0, 0), data[:SUMMED_OF_HEADER], words)
    if magic & ~BIG_ENDIAN != MAGIC or sums != (first, second):
        return Tail(0, size, torn=True, damaged=_follows_itself(data))
    frames = _Frames(data, page, words)
    whole = k = 0
    while k < frames.count and frames.salts(k) == tuple(salts) and frames.follows(k, sums):
        sums = frames.sums(k)
        k += 1
        whole = k if frames.commits(k - 1) else whole
    end, rest = frames.begin(k), size - frames.begin(frames.count)
    if k == frames.count:
        return Tail(frames.begin(whole), size, torn=size > frames.begin(whole), cut=True)
    torn = frames.salts(k) == tuple(salts) or rest > 0
    later = frames.later_than(k, tuple(salts))
    return Tail(min(end, frames.begin(whole)), size, torn, damaged=later)


class _Frames:
    def __init__(self, data: bytes, page: int, words: "np.dtype[np.uint32]") -> None:
        self._data, self._words = data, words
        self._step = FRAME.size + page
        self.count = (len(data) - HEADER.size) // self._step

    def begin(self, k: int) -> int:
        return HEADER.size + k * self._step

    def salts(self, k: int) -> Sums:
        _, _, first, second, _, _ = FRAME.unpack_from(self._data, self.begin(k))
        return first, second

    def sums(self, k: int) -> Sums:
        *_, first, second = FRAME.unpack_from(self._data, self.begin(k))
        return first, second

    def commits(self, k: int) -> bool:
        return bool(FRAME.unpack_from(self._data, self.begin(k))[1])

    def follows(self, k: int, before: Sums) -> bool:
        """Whether the frame is what its sums say, after a frame with those sums."""
        at = self.begin(k)
        summed = self._data[at : at + SUMMED_OF_FRAME]
        page = self._data[at + FRAME.size : at + self._step]
        return _sums(before, summed + page, self._words) == self.sums(k)

    def later_than(self, k: int, salts: Sums) -> bool:
        """Whether anything after frame `k` was written after a commit that is not before `k`.

        A transaction is written once the one before is synced: what a power cut tears is part
        of the last one, in whatever order its sectors came to the disk.
        """
        committed = False
        for j in range(k + 1, self.count):
            of_this_log = self.salts(j - 1) == salts
            committed |= of_this_log and self.commits(j - 1)
            if committed and self.salts(j) == salts and self.follows(j, self.sums(j - 1)):
                return True
        return False


def _follows_itself(data: bytes) -> bool:
    """Whether there is a log behind a header that is none."""
    page = PAGE_MIN
    while page <= PAGE_MAX:
        for words in ("<u4", ">u4"):
            frames = _Frames(data, page, np.dtype(words))
            last = frames.count - 1
            if last > 0 and any(
                frames.later_than(0, frames.salts(k)) for k in (0, min(1, last), last)
            ):
                return True
        page *= 2
    return False


def _sums(before: Sums, data: bytes, words: "np.dtype[np.uint32]") -> Sums:
    """s0 += x + s1, s1 += y + s0 over all pairs of words: linear, hence a weighted sum."""
    x, y = np.frombuffer(data, words).astype(np.uint32).reshape(-1, 2).T
    weights = _weights(len(x))
    inputs = np.array(before, np.uint32), x, y
    first, second = (
        sum(int((w * v).sum(dtype=np.uint32)) for w, v in zip(row, inputs, strict=True))
        for row in weights
    )
    return first & 0xFFFFFFFF, second & 0xFFFFFFFF


@cache
def _weights(pairs: int) -> list[list[NDArray[np.uint32]]]:
    """For each sum: of the sums before, of every x, of every y. Fibonacci numbers."""
    fibonacci = [0, 1]
    while len(fibonacci) < 2 * pairs + 2:
        fibonacci.append((fibonacci[-1] + fibonacci[-2]) & 0xFFFFFFFF)
    numbers = np.array(fibonacci, np.uint32)
    back = 2 * np.arange(pairs - 1, -1, -1)
    n = 2 * pairs
    return [
        [numbers[[n - 1, n]], numbers[back + 1], numbers[back]],
        [numbers[[n, n + 1]], numbers[back + 2], numbers[back + 1]],
    ]
