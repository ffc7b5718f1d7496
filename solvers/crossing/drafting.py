"""The arithmetic of a briefing: slots and routes become the rows of a problem (kernels).

What a slot, a code and a crew are, briefing.py and workforce.py say.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.problem import Flags, Floats, Ints, Singles

Int64s = NDArray[np.int64]
Codes = NDArray[np.uint8]

WORTH_A_RIDE_S = 3_600.0  # what can be at the door within that time is not left out
LAT, LON, LAST_LAT, LAST_LON, LOAD, DUE_AT, STORE, FROM_AT = range(8)  # of what is fixed


class Statuses(NamedTuple):
    """What some statuses of a delivery are coded as."""

    created: int
    at_pickup: int
    at_dropoff: int
    is_aboard: Flags  # of all, by code


class Columns(NamedTuple):
    """By slot."""

    fixed: Int64s  # (S, 8) places, load, promise, store, window
    corners: Singles  # (S, 8) as in Problem.xy_s: four of the pickup, four of the last stop
    ready_at: Int64s
    status: Codes
    is_open: Flags
    is_cooking: Flags
    is_return: Flags


def empty_columns(size: int) -> Columns:
    """Room for so many slots."""
    return Columns(
        np.zeros((size, 8), np.int64),
        np.zeros((size, 8), np.float32),
        np.zeros(size, np.int64),
        np.zeros(size, np.uint8),
        np.zeros(size, np.bool_),
        np.zeros(size, np.bool_),
        np.zeros(size, np.bool_),
    )


def with_more_room(columns: Columns) -> Columns:
    """The same for twice as many slots."""
    return Columns._make(np.concatenate((x, np.zeros_like(x))) for x in columns)


class Prices(NamedTuple):
    """Of the objective."""

    unserved: float
    lateness_per_s: float
    freshness_per_s: float


@njit(nogil=True, cache=True)
def choose(
    columns: Columns, count: int, created: int, codes: Ints, start: Ints
) -> tuple[Ints, Ints, Ints]:
    """Open deliveries, the oldest first; but not what somebody off shift still carries.

    (N,) slots, (N,) row of the courier or -1, and by slot the row of the problem or -1.
    """
    slots, holder = np.empty(count, np.int32), np.empty(count, np.int32)
    row_of, holder_of = np.full(count, -1, np.int32), np.full(count, -1, np.int32)
    for c in range(start.shape[0] - 1):
        for k in range(start[c], start[c + 1]):
            holder_of[codes[k] >> 1] = c
    n = 0
    for slot in range(count):
        mine = holder_of[slot]
        if columns.is_open[slot] and (mine >= 0 or columns.status[slot] == created):
            slots[n], holder[n], row_of[slot] = slot, mine, n
            n += 1
    return slots[:n].copy(), holder[:n].copy(), row_of


@njit(nogil=True, cache=True)
def draw_up_orders(
    columns: Columns,
    statuses: Statuses,
    slots: Ints,
    holder: Ints,
    spread_ms: Int64s,
    now: int,
    handling_ms: int,
    prices: Prices,
    times: Floats,
    counts: Ints,
    flags: Flags,
    corners: Singles,
) -> None:
    """Fill times (4, N): ready, ready for nine of ten, promised arrival, cost of leaving it out;
    counts (4, N): load, store, rows of who has it on board and of whom it is bound to; flags
    (2, N): is a return, is not told; and corners (2N, 2 or 4) of pickups, then last stops.

    An order costs never less than what serving it would for lateness that has happened already:
    otherwise one that is late enough would be cheaper to leave out, and wait for ever.
    """
    n = slots.shape[0]
    for row in range(n):
        slot = slots[row]
        fixed, status = columns.fixed[slot], columns.status[slot]
        ready_s = (max(columns.ready_at[slot], fixed[FROM_AT]) - now) / 1_000
        late_s = 0.0
        if columns.is_cooking[slot]:
            ready_s, late_s = max(ready_s, 0.0), spread_ms[fixed[STORE]] / 1_000
        due_s = (fixed[DUE_AT] - handling_ms - now) / 1_000
        lateness = prices.lateness_per_s * max(0.0, WORTH_A_RIDE_S - due_s)
        freshness = prices.freshness_per_s * max(0.0, WORTH_A_RIDE_S - ready_s)
        times[0, row], times[1, row], times[2, row] = ready_s, ready_s + late_s, due_s
        times[3, row] = prices.unserved + lateness + freshness
        counts[0, row], counts[1, row] = fixed[LOAD], fixed[STORE]
        counts[2, row] = holder[row] if statuses.is_aboard[status] else -1
        counts[3, row] = -1 if status == statuses.created else holder[row]
        flags[0, row], flags[1, row] = columns.is_return[slot], status == statuses.created
        for axis in range(corners.shape[1]):
            corners[row, axis] = columns.corners[slot, axis]
            corners[n + row, axis] = columns.corners[slot, 4 + axis]


@njit(nogil=True, cache=True)
def draw_up_couriers(
    columns: Columns,
    statuses: Statuses,
    orders: int,
    row_of: Ints,
    codes: Ints,
    start: Ints,
    ends_at: Int64s,
    break_until: Int64s,
    now: int,
    vehicle: Ints,
    paces: Floats,
    places: Int64s,
    hours: Floats,
    stops: Ints,
) -> None:
    """Put whoever says to have arrived at the first stop there, (C, 2); fill hours (4, C), when
    each is free and until when pickups may be planned, in seconds from now, and his paces, which
    are (2, V) by vehicle; and the stops.

    A break begins when everything a courier was told of is done. Who is busy until then gets no
    more pickups, as at the end of the shift; anybody else is free after the break.
    """
    for c in range(start.shape[0] - 1):
        is_busy = False
        for k in range(start[c], start[c + 1]):
            slot, is_last = codes[k] >> 1, codes[k] & 1
            stops[k] = row_of[slot] + orders * is_last
            status = columns.status[slot]
            is_busy = is_busy or status != statuses.created
            there = statuses.at_dropoff if is_last else statuses.at_pickup
            if k == start[c] and status == there:
                places[c, 0] = columns.fixed[slot, LAST_LAT if is_last else LAT]
                places[c, 1] = columns.fixed[slot, LAST_LON if is_last else LON]
        free_at, end_at = now, ends_at[c]
        if break_until[c] > now:
            if is_busy:
                end_at = min(end_at, now)
            else:
                free_at = break_until[c]
        hours[0, c], hours[1, c] = (free_at - now) / 1_000, (end_at - now) / 1_000
        hours[2, c], hours[3, c] = paces[0, vehicle[c]], paces[1, vehicle[c]]
