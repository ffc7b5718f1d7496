"""Places put on the streets of a network, and exact travel times between them."""

from typing import Any, Self

import numpy as np
import shapely
from msgspec import Struct
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from geo.points import Point
from geo.roads import BLOCKED_MS, RoadGraph, as_if_open, fastest_arcs
from geo.sphere import Floats, Int64s, Places
from geo.travel import project

Booleans = NDArray[np.bool_]

SHARES = 1 << 16  # a place on a piece is so many parts of it away from its start


class Snapped(Struct, frozen=True):
    """Places (n,) on their nearest edges, and what it takes to the ends of those and back."""

    piece: Int64s  # (n,) of RoadGraph.pieces
    share: Int64s  # (n,) 0 at the start of the piece to SHARES at its end
    edge: Int64s  # (n,)
    is_open: Booleans  # (n, 2) the edge, forward and backward
    forward_at_ms: Int64s  # (n,) from the edge's first node, as if it were open
    backward_at_ms: Int64s  # (n,) back to the edge's first node, likewise
    node: Int64s  # (n, 2) first and second node
    leave_ms: Int64s  # (n, 2) from the place to each of them, or BLOCKED_MS
    enter_ms: Int64s  # (n, 2) from each of them to the place, or BLOCKED_MS
    off_road_m: Floats  # (n,) how far it was moved

    def __len__(self) -> int:
        return len(self.edge)

    def rows(self, which: slice | Int64s) -> Self:
        """Some of them."""
        return type(self)(*(getattr(self, name)[which] for name in self.__struct_fields__))


class Snapper:
    """Finds the nearest piece of street for places up to 200 km from the middle of the network."""

    def __init__(self, graph: RoadGraph) -> None:
        self.graph = graph
        middle = graph.places.min(axis=0) + np.ptp(graph.places, axis=0) // 2
        self._origin = Point(int(middle[0]), int(middle[1]))
        self._start_m = project(graph.pieces.start, self._origin)
        self._along_m = project(graph.pieces.end, self._origin) - self._start_m
        ends = np.stack((self._start_m, self._start_m + self._along_m), axis=1)
        self._tree: Any = shapely.STRtree(shapely.linestrings(ends))

    def snap(self, rows: Places) -> Snapped:
        """(n, 2) rows of lat_e7, lon_e7. Raises ValueError for places too far away."""
        xy = project(rows, self._origin)
        row, piece = self._tree.query_nearest(shapely.points(xy), all_matches=False)
        piece = piece[np.argsort(row)].astype(np.int64)
        start, along = self._start_m[piece], self._along_m[piece]
        length = np.maximum((along * along).sum(axis=1), 1e-12)
        part = np.clip(((xy - start) * along).sum(axis=1) / length, 0, 1)
        off = xy - (start + along * part[:, None])
        share = np.rint(part * SHARES).astype(np.int64)
        return _on_pieces(self.graph, piece, share, np.hypot(off[:, 0], off[:, 1]))


def times_ms(graph: RoadGraph, places: Snapped, *, backwards: bool = False) -> Floats:
    """(n, N) from each place to all junctions; backwards: from all junctions to each place.

    One Dijkstra search a place: about 0.2 us a junction.
    """
    size, n = len(graph.places), len(places)
    # Each place becomes a junction of its own, with an arc to each end of its edge.
    own = np.repeat(np.arange(size, size + n), 2)
    end, ms = places.node.ravel(), (places.enter_ms if backwards else places.leave_ms).ravel()
    ends = (graph.head, graph.tail) if backwards else (graph.tail, graph.head)
    # scipy adds parallel arcs up: the two of a place on a loop must become one.
    tail, head, ms = fastest_arcs(
        np.append(ends[0], own), np.append(ends[1], end), np.append(graph.ms, ms)
    )
    network = csr_array((ms, (tail, head)), shape=(size + n, size + n))
    times: Floats = dijkstra(network, indices=np.arange(size, size + n))[:, :size]
    return times


def exact_ms(graph: RoadGraph, origins: Snapped, destinations: Snapped) -> Int64s:
    """(O, D) fastest ways between snapped places: one search an origin, nothing rounded."""
    times = times_ms(graph, origins)
    best = np.full((len(origins), len(destinations)), float(BLOCKED_MS))
    for end in (0, 1):
        whole = times[:, destinations.node[:, end]] + destinations.enter_ms[None, :, end]
        best = np.minimum(best, whole)
    same = origins.edge[:, None] == destinations.edge[None, :]
    forward = destinations.forward_at_ms[None, :] - origins.forward_at_ms[:, None]
    backward = origins.backward_at_ms[:, None] - destinations.backward_at_ms[None, :]
    for step, is_open in ((forward, origins.is_open[:, 0]), (backward, origins.is_open[:, 1])):
        direct = same & (step >= 0) & (is_open[:, None] | (step == 0))
        best = np.where(direct, np.minimum(best, step), best)
    return best.astype(np.int64)


def _on_pieces(graph: RoadGraph, piece: Int64s, share: Int64s, off_road_m: Floats) -> Snapped:
    p, edge = graph.pieces, graph.pieces.edge[piece]
    there = p.forward_at_ms[piece] + _part(p.forward_ms[piece], share)
    back = p.backward_at_ms[piece] + _part(p.backward_ms[piece], share)
    forward, backward = graph.forward_ms[edge], graph.backward_ms[edge]
    rest = as_if_open(forward, backward) - there
    rest_back = as_if_open(backward, forward) - back
    return Snapped(
        piece=piece,
        share=share,
        edge=edge,
        is_open=np.column_stack((forward, backward)) < BLOCKED_MS,
        forward_at_ms=there,
        backward_at_ms=back,
        node=np.column_stack((graph.first[edge], graph.second[edge])),
        leave_ms=np.column_stack((_if_open(backward, back), _if_open(forward, rest))),
        enter_ms=np.column_stack((_if_open(forward, there), _if_open(backward, rest_back))),
        off_road_m=off_road_m,
    )


def _part(whole_ms: Int64s, share: Int64s) -> Int64s:
    return (whole_ms * share + SHARES // 2) // SHARES


def _if_open(edge_ms: Int64s, ms: Int64s) -> Int64s:
    """No way at all is free, even where driving is not allowed."""
    return np.where((edge_ms < BLOCKED_MS) | (ms == 0), ms, BLOCKED_MS)
