"""The newest plausible GPS fix of each courier, and one batch of them per interval.

A position is the latest of a stream: what a slow interval leaves out is out of date anyway.
"""

import asyncio
from typing import Any, NoReturn, Protocol

from engine.columns import PositionBatch
from engine.commands import ReportPositions
from engine.engine import Engine
from engine.values import SECOND, CourierId
from gateway.clock import Clock
from gateway.codes import Refusal
from gateway.messages import Fix
from gateway.metrics import Counters
from gateway.submissions import SubmissionError
from gateway.wire import millis, point
from geo.points import Point, distance_m

INTERVAL_S = 1.0
AHEAD_MAX_MS = 5 * SECOND  # of our clock
AGE_MAX_MS = 600 * SECOND
ACCURACY_MAX_M = 200.0  # worse says less than the fix before
SPEED_MAX_MPS = 60.0  # above: somebody else's phone, or an invented place
JUMP_MIN_M = 300  # below: noise of the measurement


class Loop(Protocol):
    @property
    def engine(self) -> Engine: ...
    @property
    def clock(self) -> Clock: ...
    async def submit(self, command: Any) -> object: ...


class Fixes:
    """Keeps at most one fix per courier between two batches."""

    def __init__(
        self,
        loop: Loop,
        counters: Counters,
        ahead_max_ms: int = AHEAD_MAX_MS,
    ) -> None:
        self._loop = loop
        self._counters = counters
        self._ahead_max_ms = ahead_max_ms
        self._pending: dict[int, tuple[Point, int]] = {}  # courier number -> place, time
        self._last: dict[int, tuple[Point, int]] = {}

    def take(self, courier: str, fix: Fix) -> None:
        """Raises Refusal if it is out of range, or implausible: the detail says which way."""
        place = point(fix, "fix")
        at = millis(fix.fix_time, "fix_time")
        registered = self._loop.engine.state.couriers.get(CourierId(courier))
        if registered is None:
            raise Refusal("unknown", detail={"what": "courier", "id": courier})
        now = self._loop.clock.now()
        self._check(fix, at, place, now, self._last.get(registered.number))
        at = min(at, now)  # the engine knows no future
        self._pending[registered.number] = self._last[registered.number] = place, at
        self._counters.fixes += 1

    def batch(self) -> PositionBatch | None:
        """What came since the last call, as columns."""
        if not self._pending:
            return None
        pending, self._pending = self._pending, {}
        places = [place for place, _ in pending.values()]
        return PositionBatch.pack(
            list(pending),
            [p.lat_e7 for p in places],
            [p.lon_e7 for p in places],
            [at for _, at in pending.values()],
        )

    async def run(self, interval_s: float = INTERVAL_S) -> None:
        """One ReportPositions per interval, until cancelled. A refused one is not missed."""
        while True:
            await asyncio.sleep(interval_s)
            batch = self.batch()
            if batch is None:
                continue
            try:
                await self._loop.submit(ReportPositions(batch))
            except SubmissionError:
                continue  # newer ones are on their way

    def _check(
        self, fix: Fix, at: int, place: Point, now: int, last: tuple[Point, int] | None
    ) -> None:
        if at > now + self._ahead_max_ms:
            _refuse("in_the_future")
        if at < now - AGE_MAX_MS:
            _refuse("too_old")
        if fix.accuracy_m is not None and fix.accuracy_m > ACCURACY_MAX_M:
            _refuse("too_inaccurate")
        if last is None:
            return
        before, measured_at = last
        if at <= measured_at:
            _refuse("not_newer")
        jumped_m = distance_m(before, place)
        if jumped_m > JUMP_MIN_M and jumped_m > SPEED_MAX_MPS * (at - measured_at) / SECOND:
            _refuse("too_fast")


def _refuse(why: str) -> NoReturn:
    raise Refusal("implausible_fix", detail={"why": why})
