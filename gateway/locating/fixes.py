"""Which GPS fixes are believed: the newest of each courier in a batch per interval, all in trails.

All that came within an interval is judged at once, by the time of the fix: it does not matter in
which order it came. A late fix mends the past; the present is the newest.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

import numpy as np
from msgspec import Struct

from engine.columns import PositionBatch
from engine.commands import ReportPositions
from engine.engine import Engine
from engine.values import SECOND, CourierId
from gateway.clock import Clock
from gateway.codes import Refusal, unknown
from gateway.locating.trails import Trails
from gateway.messages import Fix
from gateway.metrics import Counters
from gateway.submissions import SubmissionError
from gateway.wire import millis, point
from geo import tracks
from geo.tracks import NEVER, UNKNOWN_ACCURACY, FixLimits, FixProblem, LastKnown

INTERVAL_S = 1.0
AHEAD_MAX_MS = 5 * SECOND  # of our clock
LIMITS = FixLimits(future_ms=AHEAD_MAX_MS)
PENDING_MAX = 100_000  # of one interval; beyond, whoever sends more is asked to wait

TellWhy = Callable[[Refusal], None]


class Loop(Protocol):
    @property
    def engine(self) -> Engine: ...
    @property
    def clock(self) -> Clock: ...
    async def submit(self, command: Any) -> object: ...


class Pending(Struct, frozen=True):
    """One fix that waits for its verdict, and who is told if it is not believed."""

    courier: int
    lat_e7: int
    lon_e7: int
    measured_at: int
    accuracy_m: int
    received_at: int
    answer: TellWhy


class Fixes:
    """`limits`: of what is believed; times in them are the engine's."""

    def __init__(
        self,
        loop: Loop,
        counters: Counters,
        trails: Trails | None = None,
        limits: FixLimits = LIMITS,
    ) -> None:
        self._loop = loop
        self._counters = counters
        self._trails = trails
        self._limits = limits
        self._pending: list[Pending] = []
        self._last = np.full((0, 3), NEVER, np.int64)  # by courier number: lat, lon, when

    def take(self, courier: str, fix: Fix, answer: TellWhy) -> None:
        """Its verdict comes with the next batch; `answer` hears if it is not believed.

        Raises Refusal if nobody can read it, or nobody knows the courier.
        """
        place = point(fix, "fix")
        at = millis(fix.fix_time, "fix_time")
        registered = self._loop.engine.state.couriers.get(CourierId(courier))
        if registered is None:
            raise unknown("courier", courier)
        if len(self._pending) >= PENDING_MAX:
            raise Refusal("overloaded", retry_after_s=INTERVAL_S)
        accuracy_m = UNKNOWN_ACCURACY if fix.accuracy_m is None else round(fix.accuracy_m)
        now = self._loop.clock.now()
        self._pending.append(
            Pending(registered.number, place.lat_e7, place.lon_e7, at, accuracy_m, now, answer)
        )

    def batch(self) -> tuple[PositionBatch | None, list[Pending]]:
        """What was believed since the last call: the newest of each courier that is news, and
        all of it, for the trails. Everybody else is answered."""
        pending, self._pending = self._pending, []
        if not pending:
            return None, []
        now = self._loop.clock.now()
        columns = np.array(
            [(x.courier, x.lat_e7, x.lon_e7, x.measured_at, x.accuracy_m) for x in pending],
            np.int64,
        ).T
        fixes = tracks.Fixes(*columns)
        self._grow(int(fixes.courier.max()) + 1)
        last = LastKnown(*self._last[fixes.courier].T)
        verdicts = tracks.judge(fixes, last, self._limits, now)
        for row in np.flatnonzero(verdicts != FixProblem.NONE).tolist():
            why = FixProblem(int(verdicts[row])).code
            self._counters.fixes_refused += 1
            pending[row].answer(Refusal("implausible_fix", detail={"why": why}))
        believed = np.flatnonzero(verdicts == FixProblem.NONE)
        self._counters.fixes += len(believed)
        return self._newest(fixes, believed, now), [pending[row] for row in believed.tolist()]

    async def run(self, interval_s: float = INTERVAL_S) -> None:
        """One ReportPositions per interval, until cancelled. A refused one is not missed."""
        while True:
            await asyncio.sleep(interval_s)
            batch, believed = self.batch()
            if batch is not None:
                with suppress(SubmissionError):  # newer ones are on their way
                    await self._loop.submit(ReportPositions(batch))
            if believed and self._trails is not None:
                try:
                    await self._trails.keep([_row(x) for x in believed])
                except sqlite3.Error:
                    self._counters.trail_failures += 1

    # internals

    def _newest(
        self, fixes: tracks.Fixes, believed: np.ndarray[Any, Any], now: int
    ) -> PositionBatch | None:
        """The last of each courier, where it is newer than what is known."""
        rows = believed[np.lexsort((fixes.measured_at_ms[believed], fixes.courier[believed]))]
        courier, at = fixes.courier[rows], fixes.measured_at_ms[rows]
        is_last = np.diff(courier, append=-1) != 0
        rows = rows[is_last & (at > self._last[courier, 2])]
        if not rows.size:
            return None
        courier, at = fixes.courier[rows], fixes.measured_at_ms[rows]
        self._last[courier] = np.column_stack((fixes.lat_e7[rows], fixes.lon_e7[rows], at))
        # The engine knows no future: a phone that is a little ahead is taken at our time.
        return PositionBatch.pack(
            courier, fixes.lat_e7[rows], fixes.lon_e7[rows], np.minimum(at, now)
        )

    def _grow(self, size: int) -> None:
        """After a restart, where the engine says they were."""
        old = len(self._last)
        if size <= old:
            return
        positions = self._loop.engine.state.positions
        new = np.full((max(size, 2 * old) - old, 3), NEVER, np.int64)
        self._last = np.concatenate((self._last, new))
        known = min(positions.measured_at.size, len(self._last))
        if known > old:
            some = slice(old, known)
            self._last[some] = np.column_stack(
                (positions.lat_e7[some], positions.lon_e7[some], positions.measured_at[some])
            )


def _row(x: Pending) -> tuple[int, int, int, int, int, int]:
    return x.courier, x.measured_at, x.received_at, x.lat_e7, x.lon_e7, x.accuracy_m
