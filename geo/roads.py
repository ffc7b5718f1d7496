"""A road network in arrays, for one kind of vehicle: travel times along streets, exactly.

Streets are edges between junctions, drawn in straight pieces, on which places are put; arcs are
what the search sees, one for each direction that is open. Times are milliseconds.
"""

from typing import Self

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from geo.chains import chains_of
from geo.sphere import Int64s, Places, straight_mm_between

Int32s = NDArray[np.int32]
Arcs = tuple[Int64s, Int64s, Int64s]  # tail, head, milliseconds

BOTH_WAYS, ONE_WAY, ONE_WAY_BACK = 0, 1, -1  # directions of ways
BLOCKED_MS = 1 << 40  # the cost of what is not allowed: more than any way, and sums do not overflow


class RoadError(ValueError):
    """No network can be made of this; the words say why."""


class Ways(Struct, frozen=True):
    """What a street file says, for one kind of vehicle: W ways over M points."""

    places: Places  # (M, 2)
    start: Int64s  # (W + 1,): way w passes nodes[start[w]:start[w + 1]]
    nodes: Int64s  # rows of places
    speed_mm_s: Int64s  # (W,)
    direction: Int64s  # (W,) BOTH_WAYS, ONE_WAY or ONE_WAY_BACK


class Pieces(Struct, frozen=True):
    """G straight lines that the edges are drawn in, each from nearer the edge's first node."""

    edge: Int64s  # (G,)
    start: Places  # (G, 2)
    end: Places  # (G, 2)
    forward_at_ms: Int64s  # (G,) from the edge's first node to the start, as if it were open
    forward_ms: Int64s  # (G,) from start to end, as if it were open
    backward_at_ms: Int64s  # (G,) from the start back to the edge's first node, likewise
    backward_ms: Int64s


class RoadGraph(Struct, frozen=True):
    """N junctions, A arcs, E edges. From every junction every other can be reached."""

    places: Places  # (N, 2)
    tail: Int32s  # (A,) ascending; then by head
    head: Int32s  # (A,) no two arcs with the same ends
    ms: Int64s  # (A,) at least 1
    first: Int64s  # (E,) the junction where the edge begins
    second: Int64s  # (E,) and ends; the same in a loop
    forward_ms: Int64s  # (E,) from first to second, or BLOCKED_MS
    backward_ms: Int64s  # (E,)
    pieces: Pieces

    @classmethod
    def of_ways(cls, ways: Ways) -> Self:
        """The largest strongly connected part; of parallel arcs the fastest. Raises RoadError."""
        places, (tail, head, ms) = _connected(ways.places, _arcs(ways))
        a, b, forward, backward = _pairs(tail, head, ms)
        chains = chains_of(len(places), a, b, forward < BLOCKED_MS, backward < BLOCKED_MS)
        piece, flipped, edge = chains.piece, chains.flipped, chains.chain
        start, end = np.where(flipped, b[piece], a[piece]), np.where(flipped, a[piece], b[piece])
        there = np.where(flipped, backward[piece], forward[piece])
        back = np.where(flipped, forward[piece], backward[piece])
        to, fro = as_if_open(there, back), as_if_open(back, there)
        opens = np.flatnonzero(np.diff(edge, prepend=-1))  # the first piece of each edge
        closes = np.append(opens[1:], len(edge)) - 1
        whole, whole_back = np.add.reduceat(to, opens), np.add.reduceat(fro, opens)
        whole[there[opens] == BLOCKED_MS] = BLOCKED_MS  # all pieces of an edge are open alike
        whole_back[back[opens] == BLOCKED_MS] = BLOCKED_MS
        junctions, number = np.unique((start[opens], end[closes]), return_inverse=True)
        first, second = number.reshape(2, -1)
        arcs = _both_directions(first, second, whole, whole_back)
        return cls(
            places[junctions], arcs[0].astype(np.int32), arcs[1].astype(np.int32), arcs[2],
            first, second, whole, whole_back,
            Pieces(
                edge, places[start], places[end],
                _before(to, opens, edge), to, _before(fro, opens, edge), fro,
            ),
        )  # fmt: skip


def fastest_arcs(tail: Int64s, head: Int64s, ms: Int64s) -> Arcs:
    """Ordered by tail, then head, and of those with the same ends only the fastest."""
    order = np.lexsort((ms, head, tail))
    tail, head, ms = tail[order], head[order], ms[order]
    fastest = np.ones(len(tail), np.bool_)
    fastest[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    return tail[fastest], head[fastest], ms[fastest]


def as_if_open(ms: Int64s, other_way_ms: Int64s) -> Int64s:
    """Where one direction is blocked, places along it are told by the other."""
    return np.where(ms == BLOCKED_MS, other_way_ms, ms)


def _arcs(ways: Ways) -> Arcs:
    """Of every piece of every way, in each direction that is open."""
    if (ways.speed_mm_s <= 0).any():
        raise RoadError("a way without speed cannot be used")
    way = np.repeat(np.arange(len(ways.start) - 1), np.diff(ways.start))
    inner = np.flatnonzero(way[:-1] == way[1:])  # from here to the next is a piece of one way
    a, b, way = ways.nodes[inner], ways.nodes[inner + 1], way[inner]
    mm = straight_mm_between(ways.places[a], ways.places[b])
    ms = np.maximum(-(-mm * 1_000 // ways.speed_mm_s[way]), 1)
    there = np.where((ways.direction[way] != ONE_WAY_BACK) & (a != b), ms, BLOCKED_MS)
    back = np.where((ways.direction[way] != ONE_WAY) & (a != b), ms, BLOCKED_MS)
    return _both_directions(a, b, there, back)


def _both_directions(a: Int64s, b: Int64s, there_ms: Int64s, back_ms: Int64s) -> Arcs:
    """The fastest arcs between different ends, ordered by tail, then head."""
    tail, head = np.concatenate((a, b)), np.concatenate((b, a))
    ms = np.concatenate((there_ms, back_ms))
    useful = (ms < BLOCKED_MS) & (tail != head)
    return fastest_arcs(tail[useful], head[useful], ms[useful])


def _connected(places: Places, arcs: Arcs) -> tuple[Places, Arcs]:
    """The largest part in which everything can be reached from everywhere, renumbered."""
    tail, head, ms = arcs
    size = len(places)
    network = csr_array((ms, (tail, head)), shape=(size, size))
    _, label = connected_components(network, directed=True, connection="strong")
    inside = label == np.bincount(label).argmax() if size else np.zeros(0, np.bool_)
    if inside.sum() < 2:
        raise RoadError("no two places can be reached from each other")
    number = np.cumsum(inside) - 1
    kept = inside[tail] & inside[head]
    return places[inside], (number[tail[kept]], number[head[kept]], ms[kept])


def _pairs(tail: Int64s, head: Int64s, ms: Int64s) -> tuple[Int64s, Int64s, Int64s, Int64s]:
    """Arcs there and back joined: two ends, and milliseconds in both directions."""
    ends = np.column_stack((np.minimum(tail, head), np.maximum(tail, head)))
    pair, row = np.unique(ends, axis=0, return_inverse=True)
    row = row.reshape(-1)
    forward, backward = (np.full(len(pair), BLOCKED_MS, np.int64) for _ in range(2))
    up = tail < head
    forward[row[up]] = ms[up]
    backward[row[~up]] = ms[~up]
    return pair[:, 0], pair[:, 1], forward, backward


def _before(ms: Int64s, opens: Int64s, edge: Int64s) -> Int64s:
    """What comes before each piece on its edge."""
    before = np.cumsum(ms) - ms
    result: Int64s = before - before[opens][edge]
    return result
