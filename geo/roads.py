"""A road network in arrays, for one kind of vehicle: travel times along streets, exactly.

Every point of a way is a node and every piece between two an arc, so that a place on a street lies
on one straight edge. Times are milliseconds; arcs have directions, edges are what arcs run along.
"""

from typing import Any, Self

import numpy as np
import shapely
from msgspec import Struct
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from geo.points import Point
from geo.sphere import Floats, Int64s, Places, straight_mm_between
from geo.travel import project

Int32s = NDArray[np.int32]

BOTH_WAYS, ONE_WAY, ONE_WAY_BACK = 0, 1, -1  # directions of ways
BLOCKED_MS = 1 << 40  # the cost of what is not allowed: more than any way, and sums do not overflow
SHARES = 1 << 16  # a place on an edge is so many parts of it away from its first node


class RoadError(ValueError):
    """No network can be made of this; the words say why."""


class Ways(Struct, frozen=True):
    """What a street file says, for one kind of vehicle: W ways over M points."""

    places: Places  # (M, 2)
    start: Int64s  # (W + 1,): way w passes nodes[start[w]:start[w + 1]]
    nodes: Int64s  # rows of places
    speed_mm_s: Int64s  # (W,)
    direction: Int64s  # (W,) BOTH_WAYS, ONE_WAY or ONE_WAY_BACK


class RoadGraph(Struct, frozen=True):
    """N nodes, A arcs, E edges. From every node every other can be reached."""

    places: Places  # (N, 2)
    tail: Int32s  # (A,), ascending; then by head
    head: Int32s  # (A,), no two arcs with the same ends
    ms: Int64s  # (A,), at least 1
    first: Int32s  # (E,) the end with the lower number
    second: Int32s  # (E,)
    forward_ms: Int64s  # (E,) from first to second, or BLOCKED_MS
    backward_ms: Int64s  # (E,)

    @classmethod
    def of_ways(cls, ways: Ways) -> Self:
        """The largest strongly connected part; of parallel arcs the fastest. Raises RoadError."""
        tail, head, ms = _fastest_arcs(*_arcs(ways))
        if len(tail) == 0:
            raise RoadError("no way has two different points")
        size = len(ways.places)
        network = csr_array((ms, (tail, head)), shape=(size, size))
        _, label = connected_components(network, directed=True, connection="strong")
        largest = int(np.bincount(label).argmax())
        inside = label == largest
        if inside.sum() < 2:
            raise RoadError("no two places can be reached from each other")
        number = np.cumsum(inside) - 1
        kept = inside[tail] & inside[head]
        tail, head, ms = number[tail[kept]], number[head[kept]], ms[kept]
        first, second, forward, backward = _edges(tail, head, ms)
        return cls(
            places=ways.places[inside],
            tail=tail.astype(np.int32),
            head=head.astype(np.int32),
            ms=ms,
            first=first.astype(np.int32),
            second=second.astype(np.int32),
            forward_ms=forward,
            backward_ms=backward,
        )

    def times_ms(self, nodes: Int64s, *, backwards: bool = False) -> Floats:
        """(n, N) from each of these nodes to all others; backwards: from all others to them.

        Dijkstra: about 0.2 us a node of the network for each of these nodes.
        """
        size = len(self.places)
        # scipy would add parallel arcs up; there are none.
        ends = (self.head, self.tail) if backwards else (self.tail, self.head)
        times: Floats = dijkstra(csr_array((self.ms, ends), shape=(size, size)), indices=nodes)
        return times


class Snapped(Struct, frozen=True):
    """Places (n,) put on their nearest edges, and what it takes to the ends of those and back."""

    edge: Int64s  # (n,)
    share: Int64s  # (n,) 0 at the edge's first node to SHARES at its second
    node: Int64s  # (n, 2) first and second node
    leave_ms: Int64s  # (n, 2) from the place to each end, or BLOCKED_MS
    enter_ms: Int64s  # (n, 2) from each end to the place, or BLOCKED_MS
    forward_ms: Int64s  # (n,) the whole edge, or BLOCKED_MS
    backward_ms: Int64s  # (n,)
    off_road_m: Floats  # (n,) how far it was moved

    def __len__(self) -> int:
        return len(self.edge)


class Snapper:
    """Finds the nearest edge of places up to 200 km from the middle of the network."""

    def __init__(self, graph: RoadGraph) -> None:
        self.graph = graph
        middle = graph.places.min(axis=0) + np.ptp(graph.places, axis=0) // 2
        self._origin = Point(int(middle[0]), int(middle[1]))
        self._xy_m = project(graph.places, self._origin)
        ends = np.stack((self._xy_m[graph.first], self._xy_m[graph.second]), axis=1)
        self._tree: Any = shapely.STRtree(shapely.linestrings(ends))

    def snap(self, rows: Places) -> Snapped:
        """(n, 2) rows of lat_e7, lon_e7. Raises ValueError for places too far away."""
        xy = project(rows, self._origin)
        row, edge = self._tree.query_nearest(shapely.points(xy), all_matches=False)
        edge = edge[np.argsort(row)].astype(np.int64)
        graph = self.graph
        start = self._xy_m[graph.first[edge]]
        along = self._xy_m[graph.second[edge]] - start
        length = np.maximum((along * along).sum(axis=1), 1e-12)
        part = np.clip(((xy - start) * along).sum(axis=1) / length, 0, 1)
        off = xy - (start + along * part[:, None])
        return _on_edges(graph, edge, np.rint(part * SHARES).astype(np.int64), np.hypot(*off.T))


def exact_ms(graph: RoadGraph, origins: Snapped, destinations: Snapped) -> Int64s:
    """(O, D) fastest ways between snapped places, by Dijkstra from both ends of each origin."""
    best = np.full((len(origins), len(destinations)), float(BLOCKED_MS))
    for start in (0, 1):
        times = origins.leave_ms[:, start, None] + graph.times_ms(origins.node[:, start])
        for end in (0, 1):
            whole = times[:, destinations.node[:, end]] + destinations.enter_ms[None, :, end]
            best = np.minimum(best, whole)
    same = origins.edge[:, None] == destinations.edge[None, :]
    step = destinations.share[None, :] - origins.share[:, None]
    rate = np.where(step >= 0, origins.forward_ms[:, None], origins.backward_ms[:, None])
    direct = np.where(same, _part(rate, np.abs(step)), BLOCKED_MS)
    return np.minimum(best.astype(np.int64), direct)


def _on_edges(graph: RoadGraph, edge: Int64s, share: Int64s, off_road_m: Floats) -> Snapped:
    forward, backward = graph.forward_ms[edge], graph.backward_ms[edge]
    rest = SHARES - share
    return Snapped(
        edge=edge,
        share=share,
        node=np.column_stack((graph.first[edge], graph.second[edge])).astype(np.int64),
        leave_ms=np.column_stack((_part(backward, share), _part(forward, rest))),
        enter_ms=np.column_stack((_part(forward, share), _part(backward, rest))),
        forward_ms=forward,
        backward_ms=backward,
        off_road_m=off_road_m,
    )


def _part(whole_ms: Int64s, share: Int64s) -> Int64s:
    """So many shares of an edge. None of it is free even where driving it is not allowed."""
    part = (whole_ms * share + SHARES // 2) // SHARES
    return np.where(share == 0, 0, np.where(whole_ms == BLOCKED_MS, BLOCKED_MS, part))


def _arcs(ways: Ways) -> tuple[Int64s, Int64s, Int64s]:
    """Tail, head and milliseconds of every piece of every way, in each direction allowed."""
    if (ways.speed_mm_s <= 0).any():
        raise RoadError("a way without speed cannot be used")
    way = np.repeat(np.arange(len(ways.start) - 1), np.diff(ways.start))
    inner = np.flatnonzero(way[:-1] == way[1:])  # from here to the next is a piece of one way
    a, b, way = ways.nodes[inner], ways.nodes[inner + 1], way[inner]
    mm = straight_mm_between(ways.places[a], ways.places[b])
    ms = np.maximum(-(-mm * 1_000 // ways.speed_mm_s[way]), 1)
    there = (ways.direction[way] != ONE_WAY_BACK) & (a != b)
    back = (ways.direction[way] != ONE_WAY) & (a != b)
    return (
        np.concatenate((a[there], b[back])),
        np.concatenate((b[there], a[back])),
        np.concatenate((ms[there], ms[back])),
    )


def _fastest_arcs(tail: Int64s, head: Int64s, ms: Int64s) -> tuple[Int64s, Int64s, Int64s]:
    """Ordered by tail, then head, and of those with the same ends only the fastest."""
    order = np.lexsort((ms, head, tail))
    tail, head, ms = tail[order], head[order], ms[order]
    fastest = np.ones(len(tail), np.bool_)
    fastest[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    return tail[fastest], head[fastest], ms[fastest]


def _edges(tail: Int64s, head: Int64s, ms: Int64s) -> tuple[Int64s, Int64s, Int64s, Int64s]:
    """Arcs there and back joined: ends, and milliseconds in both directions."""
    low, high = np.minimum(tail, head), np.maximum(tail, head)
    ends, edge = np.unique(np.column_stack((low, high)), axis=0, return_inverse=True)
    edge = edge.reshape(-1)
    forward, backward = (np.full(len(ends), BLOCKED_MS, np.int64) for _ in range(2))
    up = tail < head
    forward[edge[up]] = ms[up]
    backward[edge[~up]] = ms[~up]
    return ends[:, 0], ends[:, 1], forward, backward
