"""Travel times between stores and everywhere, looked up: tables in quarters of a second.

A table of S stores over N nodes takes 2 x S x N x 2 bytes; a lookup is two reads and two additions
for each end of the edge where a place was snapped.
"""

from typing import Any, Self

import numpy as np
from msgspec import Struct
from numba import njit
from numpy.typing import NDArray

from geo.roads import BLOCKED_MS, RoadGraph
from geo.snapping import Snapped, times_ms
from geo.sphere import Int64s

Quarters = NDArray[np.uint16]

QUARTER_MS = 250
TOO_FAR = 65_535  # an entry: 4.55 hours or more
TOO_FAR_MS = BLOCKED_MS  # an answer
_SEARCHES_AT_ONCE = 32


class StoreTables(Struct, frozen=True):
    """Replaced as a whole when speeds change, never edited: a reader keeps the one it has."""

    stores: Snapped
    from_store: Quarters  # (S, N)
    to_store: Quarters  # (S, N)

    @classmethod
    def of(cls, graph: RoadGraph, stores: Snapped) -> Self:
        """Two Dijkstra searches a store: seconds for a city, so in a worker."""
        return cls(
            stores,
            _quarters(graph, stores, backwards=False),
            _quarters(graph, stores, backwards=True),
        )

    def from_stores_ms(self, store: Int64s, points: Snapped, row: Int64s) -> Int64s:
        """(n,) from the store of each number to the point of each row, or TOO_FAR_MS."""
        return _look_up(self.from_store, self.stores, store, points, row, points.enter_ms, 1)

    def to_stores_ms(self, row: Int64s, points: Snapped, store: Int64s) -> Int64s:
        """(n,) from the point of each row to the store of each number, or TOO_FAR_MS."""
        return _look_up(self.to_store, self.stores, store, points, row, points.leave_ms, -1)


def _quarters(graph: RoadGraph, stores: Snapped, *, backwards: bool) -> Quarters:
    table = np.empty((len(stores), len(graph.places)), np.uint16)
    for start in range(0, len(stores), _SEARCHES_AT_ONCE):
        some = slice(start, start + _SEARCHES_AT_ONCE)
        times = times_ms(graph, stores.rows(some), backwards=backwards)
        table[some] = np.minimum(np.rint(times / QUARTER_MS), TOO_FAR)
    return table


def _look_up(
    table: Quarters,
    stores: Snapped,
    store: Int64s,
    points: Snapped,
    row: Int64s,
    end_ms: Int64s,
    away: int,
) -> Int64s:
    # The kernel would read whatever lies beside the arrays.
    if len(store) != len(row):
        raise ValueError(f"{len(store)} stores for {len(row)} rows")
    if len(row) and (store.min() < 0 or store.max() >= len(stores)):
        raise IndexError("no such store in the table")
    if len(row) and (row.min() < 0 or row.max() >= len(points)):
        raise IndexError("no such row among the points")
    ms = np.empty(len(row), np.int64)
    _look_up_each(table, points.node, end_ms, store, _along(stores), row, _along(points), away, ms)
    return ms


def _along(s: Snapped) -> tuple[Int64s, Int64s, Int64s, NDArray[np.bool_]]:
    return s.edge, s.forward_at_ms, s.backward_at_ms, s.is_open


_kernel: Any = njit(cache=True, nogil=True)


@_kernel
def _look_up_each(table, node, end_ms, store, stores, row, points, away, ms):  # type: ignore[no-untyped-def]
    """`away` is 1 from the stores and -1 to them: along one edge everything is the other way."""
    store_edge, store_forward, store_backward, _ = stores
    edge, forward, backward, is_open = points
    for i in range(row.size):
        s, p = store[i], row[i]
        best = TOO_FAR_MS
        for k in range(2):
            entry = table[s, node[p, k]]
            if entry != TOO_FAR:
                best = min(best, entry * QUARTER_MS + end_ms[p, k])
        if store_edge[s] == edge[p]:  # along the edge, past neither end
            step = (forward[p] - store_forward[s]) * away
            if step >= 0 and (is_open[p, 0] or step == 0):
                best = min(best, step)
            step = (store_backward[s] - backward[p]) * away
            if step >= 0 and (is_open[p, 1] or step == 0):
                best = min(best, step)
        ms[i] = best
