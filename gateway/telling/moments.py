"""A city's whole day as its live map would have shown it: any moment of it at once.

Records go in once, in order; what comes out are segments: the whole city, and its changes every
few seconds from there. Looking at a moment takes one segment, however long the day was.
"""

import gzip
from bisect import bisect_left, bisect_right
from threading import Lock

import msgspec
from msgspec import Raw, Struct

from engine.engine import Engine, Record
from engine.projections import Projections
from engine.queries.open_work import OpenWork, order_of
from engine.state.orders import Order
from engine.values import SECOND, Millis
from gateway.telling.city import (
    Changes,
    Doors,
    city_changes,
    city_kpis,
    city_whole,
    touched_couriers,
)
from gateway.telling.silences import Silences

TICK_MS = 5 * SECOND
SEGMENT_MS = 300 * SECOND
GZIP_LEVEL = 3

_json = msgspec.json.encode


class Frame(Struct, frozen=True):
    """What changed until `at_ms`; `seq` is the last record it shows."""

    at_ms: Millis
    seq: int
    body: Raw  # CityChanges, as JSON


class Segment(Struct, frozen=True):
    """`whole` is the city at `from_ms`, after record `seq`; `frames` lead from there to `to_ms`."""

    index: int
    from_ms: Millis
    to_ms: Millis
    seq: int
    whole: Raw  # CityWhole, as JSON
    frames: list[Frame]


class Point(Struct, frozen=True):
    """How a segment began: for the line above the slider."""

    at_ms: Millis
    open: int
    late: int


class Span(Struct, frozen=True):
    """What there is to look at; `is_reading` while older records are still on their way."""

    from_ms: Millis
    to_ms: Millis
    seq: int
    is_reading: bool
    tick_ms: int
    points: list[Point]


def _is_late(order: Order, at: Millis) -> bool:
    return order.placed.promised_at < at and not order.waits_for_customer


class Moments:
    """`see` every record, then `settle`; from another thread, ask at any time."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.is_reading = True
        self._work = OpenWork()
        self._projections = Projections()
        self._changes, self._doors, self._silences = Changes(), Doors(), Silences()
        self._lock = Lock()
        self._ready: list[bytes] = []  # segments that are complete, as gzipped JSON
        self._froms: list[Millis] = []  # of every segment, the one being made included
        self._seqs: list[int] = []
        self._points: list[Point] = []
        self._whole = Raw()
        self._frames: list[Frame] = []
        self._told = 0  # the last record a frame shows
        self._due_at = Millis(0)  # when the tick being collected ends

    # records in

    def see(self, record: Record) -> None:
        """The next one. Changes before it are told as of the end of their tick."""
        if not self._froms:
            self._due_at = _up(record.at)
            self._begin(Millis(self._due_at - TICK_MS))
        elif record.at > self._due_at:
            self.settle()
            if self._due_at >= self._froms[-1] + SEGMENT_MS:
                self._complete()
                self._begin(self._due_at)
            self._due_at = _up(record.at)
        self.engine.apply(record)
        s = self.engine.state
        self._projections.fold(record)
        for event in record.events:
            self._work.fold(event, s)
        orders = {key: None for x in record.events if (key := order_of(x, s)) is not None}
        self._changes.note(record, touched_couriers(record, s), orders, s)

    def settle(self) -> None:
        """Tell what is not told yet: at the end of a tick, and of what there is to read."""
        s, at, work = self.engine.state, self._due_at, self._work
        self._changes.stores |= self._doors.turned(s, at)
        couriers, orders = self._silences.turned(s, at)
        self._changes.couriers |= couriers
        self._changes.orders |= orders
        if not self._changes and self.engine.seq == self._told:
            return
        self._told = self.engine.seq
        changes, self._changes = self._changes, Changes()
        kpis = city_kpis(s, work, self._projections, {})
        body = Raw(_json(city_changes(s, at, work, changes, kpis)))
        with self._lock:
            self._frames.append(Frame(at, self.engine.seq, body))

    # moments out

    def span(self) -> Span:
        with self._lock:
            frames, points = self._frames, list(self._points)
            first = self._froms[0] if self._froms else Millis(0)
            last = frames[-1].at_ms if frames else self._froms[-1] if self._froms else first
            seq = frames[-1].seq if frames else self._seqs[-1] if self._seqs else 0
        return Span(first, last, seq, self.is_reading, TICK_MS, points)

    def at_time(self, at: int) -> int | None:
        """The number of the segment that shows it, or the nearest; None: there is nothing yet."""
        with self._lock:
            return max(0, bisect_right(self._froms, at) - 1) if self._froms else None

    def at_seq(self, seq: int) -> int | None:
        """The same, of the moment at which that record was the last."""
        with self._lock:
            return max(0, bisect_left(self._seqs, seq) - 1) if self._froms else None

    def segment(self, index: int) -> bytes:
        """As gzipped JSON. Raises IndexError."""
        with self._lock:
            if index < len(self._ready):
                return self._ready[index]
            if index != len(self._froms) - 1:
                raise IndexError(index)
            return self._packed(self._frames[-1].at_ms if self._frames else self._froms[-1])

    # internals

    def _begin(self, at: Millis) -> None:
        s, work = self.engine.state, self._work
        whole = city_whole(s, at, work, city_kpis(s, work, self._projections, {}))
        late = sum(_is_late(s.orders[x], at) for x in work.statuses)
        with self._lock:
            self._whole, self._frames = Raw(_json(whole)), []
            self._froms.append(at)
            self._seqs.append(self.engine.seq)
            self._points.append(Point(at, len(work.statuses), late))

    def _complete(self) -> None:
        with self._lock:
            self._ready.append(self._packed(self._due_at))

    def _packed(self, to: Millis) -> bytes:
        n = len(self._froms) - 1
        made = Segment(n, self._froms[n], to, self._seqs[n], self._whole, self._frames)
        return gzip.compress(_json(made), GZIP_LEVEL, mtime=0)


def _up(at: Millis) -> Millis:
    """The end of its tick."""
    return Millis(-(-at // TICK_MS) * TICK_MS)
