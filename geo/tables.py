"""Travel times between stores and everywhere, looked up: tables in quarters of a second.

A table of S stores over N nodes takes 2 x S x N x 2 bytes; a lookup is two reads and two additions
for each end of the edge where a place was snapped.
"""

from typing import Any, Self

import numpy as np
from msgspec import Struct
from numba import njit
from numpy.typing import NDArray

from geo.roads import BLOCKED_MS, SHARES, RoadGraph, Snapped
from geo.sphere import Floats, Int64s

Quarters = NDArray[np.uint16]

QUARTER_MS = 250
TOO_FAR = 65_535  # an entry: 4.55 hours or more
TOO_FAR_MS = BLOCKED_MS  # an answer
_SOURCES_AT_ONCE = 32


class StoreTables(Struct, frozen=True):
    """Replaced as a whole when speeds change, never edited: a reader keeps the one it has."""

    stores: Snapped
    from_store: Quarters  # (S, N)
    to_store: Quarters  # (S, N)

    @classmethod
    def of(cls, graph: RoadGraph, stores: Snapped) -> Self:
        """Two Dijkstra runs for each end of each store's edge: seconds, in a worker."""
        shape = (len(stores), len(graph.places))
        from_store, to_store = np.empty(shape, np.uint16), np.empty(shape, np.uint16)
        for start in range(0, len(stores), _SOURCES_AT_ONCE):
            rows = slice(start, start + _SOURCES_AT_ONCE)
            ends = stores.node[rows]
            from_store[rows] = _quarters(graph, ends, stores.leave_ms[rows], backwards=False)
            to_store[rows] = _quarters(graph, ends, stores.enter_ms[rows], backwards=True)
        return cls(stores, from_store, to_store)

    def from_stores_ms(self, store: Int64s, points: Snapped, row: Int64s) -> Int64s:
        """(n,) from the store of each number to the point of each row, or TOO_FAR_MS."""
        return self._look_up(self.from_store, store, points, row, points.enter_ms, 1)

    def to_stores_ms(self, row: Int64s, points: Snapped, store: Int64s) -> Int64s:
        """(n,) from the point of each row to the store of each number, or TOO_FAR_MS."""
        return self._look_up(self.to_store, store, points, row, points.leave_ms, -1)

    def _look_up(
        self,
        table: Quarters,
        store: Int64s,
        points: Snapped,
        row: Int64s,
        end_ms: Int64s,
        away: int,
    ) -> Int64s:
        ms = np.empty(len(row), np.int64)
        s = self.stores
        _look_up_each(
            table, (store, s.edge, s.share), (row, points.edge, points.share),
            points.node, end_ms, (points.forward_ms, points.backward_ms), away, ms,
        )  # fmt: skip
        return ms


def _quarters(graph: RoadGraph, ends: Int64s, end_ms: Int64s, *, backwards: bool) -> Quarters:
    best = np.full((len(ends), len(graph.places)), float(TOO_FAR_MS))
    for k in (0, 1):
        nodes, which = np.unique(ends[:, k], return_inverse=True)
        times: Floats = graph.times_ms(nodes, backwards=backwards)[which]
        best = np.minimum(best, times + end_ms[:, k, None])
    quarters: Quarters = np.minimum(np.rint(best / QUARTER_MS), TOO_FAR).astype(np.uint16)
    return quarters


_kernel: Any = njit(cache=True, nogil=True)


@_kernel
def _look_up_each(table, stores, points, node, end_ms, edge_ms, away, ms):  # type: ignore[no-untyped-def]
    store, store_edge, store_share = stores
    row, point_edge, point_share = points
    for i in range(row.size):
        s, p = store[i], row[i]
        best = TOO_FAR_MS
        for k in range(2):
            entry = table[s, node[p, k]]
            if entry != TOO_FAR:
                best = min(best, entry * QUARTER_MS + end_ms[p, k])
        if store_edge[s] == point_edge[p]:  # along the edge, past neither end
            step = (point_share[p] - store_share[s]) * away
            whole = edge_ms[0][p] if step >= 0 else edge_ms[1][p]
            if step == 0:
                best = 0
            elif whole != BLOCKED_MS:
                best = min(best, (whole * abs(step) + SHARES // 2) // SHARES)
        ms[i] = min(best, TOO_FAR_MS)
