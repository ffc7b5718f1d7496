"""Which position reports to believe, and how far a track goes.

Reports come late, twice and out of order. Every verdict follows the time of the fix, not of its
arrival: a batch shuffled is a batch judged the same.
"""

from enum import IntEnum
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import astuple
from numba import njit
from numpy.typing import NDArray

from geo.sphere import (
    HALF_TURN_E7,
    RIGHT_ANGLE_E7,
    Int64s,
    Places,
    straight_mm,
    straight_mm_between,
)

Booleans = NDArray[np.bool_]
Verdicts = NDArray[np.uint8]  # of FixProblem

NEVER = -1  # in LastKnown.measured_at_ms
UNKNOWN_ACCURACY = -1


class FixProblem(IntEnum):
    """Why a fix is not believed; the first that applies, in this order."""

    NONE = 0
    OUT_OF_RANGE = 1
    ZERO_COORDINATES = 2
    FUTURE = 3
    PAST = 4
    INACCURATE = 5
    DUPLICATE = 6
    TOO_SOON = 7
    TOO_FAST = 8

    @property
    def code(self) -> str:
        """The stable word for messages: `too_fast`."""
        return self.name.lower()


class FixLimits(Struct, frozen=True, kw_only=True):
    """What a believable fix is. Raises ValueError."""

    future_ms: int = 30_000  # a clock may be ahead of ours by that much
    past_ms: int = 86_400_000  # buffered fixes are worth having for a day
    accuracy_m: int = 200  # radius; a fix that does not tell passes
    min_period_ms: int = 500  # 0: any
    max_speed_mm_s: int = 60_000
    position_error_m: int = 50  # of two fixes together: no sign of speed
    speed_memory_ms: int = 300_000  # after so long a jump proves nothing, and may mend an error

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative")


class Fixes(Struct, frozen=True):
    """Columns (n,), one row a report, in any order."""

    courier: Int64s
    lat_e7: Int64s
    lon_e7: Int64s
    measured_at_ms: Int64s
    accuracy_m: Int64s  # or UNKNOWN_ACCURACY


class LastKnown(Struct, frozen=True):
    """Columns (n,), row by row for the courier of that fix: the newest fix believed so far."""

    lat_e7: Int64s
    lon_e7: Int64s
    measured_at_ms: Int64s  # or NEVER


def is_out_of_range(fixes: Fixes) -> Booleans:
    outside: Booleans = np.abs(fixes.lat_e7) > RIGHT_ANGLE_E7
    return outside | (np.abs(fixes.lon_e7) > HALF_TURN_E7)


def is_zero(fixes: Fixes) -> Booleans:
    """Exactly (0, 0): a receiver without a fix, not a courier in the Gulf of Guinea."""
    zero: Booleans = (fixes.lat_e7 == 0) & (fixes.lon_e7 == 0)
    return zero


def is_future(fixes: Fixes, limits: FixLimits, now_ms: int) -> Booleans:
    future: Booleans = fixes.measured_at_ms > now_ms + limits.future_ms
    return future


def is_past(fixes: Fixes, limits: FixLimits, now_ms: int) -> Booleans:
    past: Booleans = fixes.measured_at_ms < now_ms - limits.past_ms
    return past


def is_inaccurate(fixes: Fixes, limits: FixLimits) -> Booleans:
    inaccurate: Booleans = fixes.accuracy_m > limits.accuracy_m
    return inaccurate


def judge(fixes: Fixes, last: LastKnown, limits: FixLimits, now_ms: int) -> Verdicts:
    """(n,) a FixProblem for each row; NONE is to be believed.

    Duplicates, period and speed are measured against the fix believed before it in time, of the
    same courier in this batch, and against the last one known. Of two fixes at one moment the more
    accurate one is believed. Raises ValueError if columns are not equally long.
    """
    if len({column.shape for column in (*astuple(fixes), *astuple(last))}) != 1:
        raise ValueError("columns of different length")
    verdicts = np.select(
        [
            is_out_of_range(fixes),
            is_zero(fixes),
            is_future(fixes, limits, now_ms),
            is_past(fixes, limits, now_ms),
            is_inaccurate(fixes, limits),
        ],
        [
            FixProblem.OUT_OF_RANGE,
            FixProblem.ZERO_COORDINATES,
            FixProblem.FUTURE,
            FixProblem.PAST,
            FixProblem.INACCURATE,
        ],
        FixProblem.NONE,
    ).astype(np.uint8)
    accuracy = np.where(fixes.accuracy_m < 0, limits.accuracy_m, fixes.accuracy_m)
    order = np.lexsort((fixes.lon_e7, fixes.lat_e7, accuracy, fixes.measured_at_ms, fixes.courier))
    _judge_in_order(
        order,
        *_int64s(fixes.courier, fixes.lat_e7, fixes.lon_e7, fixes.measured_at_ms),
        *_int64s(last.lat_e7, last.lon_e7, last.measured_at_ms),
        (
            limits.min_period_ms,
            limits.max_speed_mm_s,
            limits.position_error_m * 1_000,
            limits.speed_memory_ms,
        ),
        verdicts,
    )
    return verdicts


def warm() -> None:
    """Compile what judges: seconds once on a machine, then milliseconds."""
    nothing = np.zeros(1, np.int64)
    judge(Fixes(*[nothing] * 5), LastKnown(nothing, nothing, nothing + NEVER), FixLimits(), 0)


def length_m(track: Places) -> int:
    """How far a track (n, 2) goes, in the order of its rows."""
    return int(straight_mm_between(track[:-1], track[1:]).sum()) // 1_000


_kernel: Any = njit(cache=True, nogil=True)

_NONE, _DUPLICATE = int(FixProblem.NONE), int(FixProblem.DUPLICATE)
_TOO_SOON, _TOO_FAST = int(FixProblem.TOO_SOON), int(FixProblem.TOO_FAST)


@_kernel
def _judge_in_order(  # type: ignore[no-untyped-def]
    order, courier, lat, lon, at, last_lat, last_lon, last_at, limits, verdicts
):
    """Walk along each courier's fixes in time; a fix that is refused leaves no trace."""
    believed = -1
    for row in order:
        if believed >= 0 and courier[believed] != courier[row]:
            believed = -1
        if verdicts[row] != _NONE:
            continue
        fix, verdict = (lat[row], lon[row], at[row]), _NONE
        if last_at[row] != NEVER:
            verdict = _compare(fix, (last_lat[row], last_lon[row], last_at[row]), limits)
        if believed >= 0:
            other = _compare(fix, (lat[believed], lon[believed], at[believed]), limits)
            if verdict == _NONE or (other != _NONE and other < verdict):
                verdict = other
        verdicts[row] = verdict
        if verdict == _NONE:
            believed = row


@_kernel
def _compare(fix, other, limits):  # type: ignore[no-untyped-def]
    min_period, max_speed, error_mm, memory = limits
    apart_ms = abs(fix[2] - other[2])
    if apart_ms == 0:
        return _DUPLICATE
    if apart_ms < min_period:
        return _TOO_SOON
    if apart_ms <= memory:
        excess_mm = straight_mm(fix[0], fix[1], other[0], other[1]) - error_mm
        if excess_mm * 1_000 > max_speed * apart_ms:
            return _TOO_FAST
    return _NONE


def _int64s(*columns: Int64s) -> list[Int64s]:
    """One type, so that one compiled kernel serves columns of 32 bits as well."""
    return [np.asarray(column, np.int64) for column in columns]
