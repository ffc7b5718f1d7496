"""The fastest way itself, as a line to move along: for maps. How long it takes is `exact_ms`.

Between two corners of a street one is where the share of its time says.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple, Self

import numpy as np
from msgspec import Struct
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from geo.points import Point, interpolate
from geo.roads import RoadGraph, fastest_arcs
from geo.snapping import Snapped
from geo.sphere import Int64s, Places

NOBODY = -9999  # scipy: no junction before it


class Way(Struct, frozen=True):
    """K >= 2 corners, and when each is passed."""

    corners: Places  # (K, 2)
    at_ms: Int64s  # (K,) ascending, from 0

    @classmethod
    def straight(cls, a: Point, b: Point) -> Self:
        corners = np.array(((a.lat_e7, a.lon_e7), (b.lat_e7, b.lon_e7)), np.int64)
        return cls(corners, np.array((0, 1), np.int64))

    def after(self, done_ms: int, trip_ms: int) -> Point:
        """Where one is after so much of a ride that takes `trip_ms`, however fast it is."""
        whole_ms = int(self.at_ms[-1])
        if done_ms >= trip_ms or not whole_ms:
            return _point(self.corners, -1)
        done = max(0, done_ms) * whole_ms
        k = int(np.searchsorted(self.at_ms, done // trip_ms, "right")) - 1
        begins, ends = (int(x) for x in self.at_ms[k : k + 2])
        here, there = _point(self.corners, k), _point(self.corners, k + 1)
        return interpolate(here, there, done - begins * trip_ms, (ends - begins) * trip_ms)


class Stretch(NamedTuple):
    """Along one street from one place on it to another; places by `forward_at_ms`."""

    edge: int
    from_at_ms: int
    to_at_ms: int
    took_ms: int


def way_between(graph: RoadGraph, origin: Snapped, destination: Snapped, a: Point, b: Point) -> Way:
    """From a to b, each of them snapped alone. Corners are those of the streets in between."""
    corners, at_ms, now = [np.array([[a.lat_e7, a.lon_e7]])], [np.zeros(1)], 0
    for stretch in _stretches(graph, origin, destination):
        if not stretch.took_ms:
            continue
        places, shares = _along(graph, stretch)
        corners.append(places[1:])
        at_ms.append(now + shares[1:] * stretch.took_ms)
        now += stretch.took_ms
    if len(corners) == 1:
        return Way.straight(a, b)
    found, times = np.concatenate(corners), np.concatenate(at_ms)
    found[-1] = b.lat_e7, b.lon_e7  # from the street to the door
    return Way(np.rint(found).astype(np.int64), np.rint(times).astype(np.int64))


def _stretches(graph: RoadGraph, origin: Snapped, destination: Snapped) -> Iterator[Stretch]:
    """Of the fastest way, one after another."""
    size = len(graph.places)
    tail, head, ms = fastest_arcs(
        np.append(graph.tail, (size, size)),
        np.append(graph.head, origin.node[0]),
        np.append(graph.ms, origin.leave_ms[0]),
    )
    network = csr_array((ms, (tail, head)), shape=(size + 1, size + 1))
    times, before = dijkstra(network, indices=size, return_predecessors=True)
    whole = [float(times[destination.node[0, x]]) + int(destination.enter_ms[0, x]) for x in (0, 1)]
    here, there = int(origin.forward_at_ms[0]), int(destination.forward_at_ms[0])
    direct = _direct_ms(origin, destination)
    if direct is not None and direct <= min(whole):
        yield Stretch(int(origin.edge[0]), here, there, direct)
        return
    into = int(whole[1] < whole[0])
    nodes = [int(destination.node[0, into])]
    while (previous := int(before[nodes[-1]])) not in (size, NOBODY):
        nodes.append(previous)
    nodes.reverse()
    out = _left_by(origin, nodes[0])
    edge, lasts = int(origin.edge[0]), _lasts_ms(graph, int(origin.edge[0]))
    yield Stretch(edge, here, lasts if out else 0, int(origin.leave_ms[0, out]))
    for u, v in pairwise(nodes):
        yield _street(graph, u, v)
    edge = int(destination.edge[0])
    lasts = _lasts_ms(graph, edge)
    yield Stretch(edge, lasts if into else 0, there, int(destination.enter_ms[0, into]))


def _direct_ms(origin: Snapped, destination: Snapped) -> int | None:
    """Along the street both are on, without leaving it; None where that is not allowed."""
    if origin.edge[0] != destination.edge[0]:
        return None
    forward = int(destination.forward_at_ms[0] - origin.forward_at_ms[0])
    backward = int(origin.backward_at_ms[0] - destination.backward_at_ms[0])
    possible = [
        step
        for step, is_open in zip((forward, backward), origin.is_open[0].tolist(), strict=True)
        if step >= 0 and (is_open or not step)
    ]
    return min(possible, default=None)


def _left_by(origin: Snapped, node: int) -> int:
    """Which end of its street one leaves by; both in a loop: the nearer."""
    ends = [x for x in (0, 1) if int(origin.node[0, x]) == node]
    return min(ends, key=lambda x: int(origin.leave_ms[0, x]))


def _street(graph: RoadGraph, u: int, v: int) -> Stretch:
    """The fastest street from one junction to the next."""
    there = np.flatnonzero((graph.first == u) & (graph.second == v))
    back = np.flatnonzero((graph.first == v) & (graph.second == u))
    rides = [(int(graph.forward_ms[x]), int(x), True) for x in there]
    rides += [(int(graph.backward_ms[x]), int(x), False) for x in back]
    ms, edge, is_forward = min(rides)
    lasts = _lasts_ms(graph, edge)
    return Stretch(edge, 0 if is_forward else lasts, lasts if is_forward else 0, ms)


def _pieces(graph: RoadGraph, edge: int) -> slice:
    first, last = (np.searchsorted(graph.pieces.edge, edge, x) for x in ("left", "right"))
    return slice(int(first), int(last))


def _lasts_ms(graph: RoadGraph, edge: int) -> int:
    """All of it, forward, as if it were open."""
    last = _pieces(graph, edge).stop - 1
    return int(graph.pieces.forward_at_ms[last] + graph.pieces.forward_ms[last])


def _along(graph: RoadGraph, x: Stretch) -> tuple[np.ndarray, np.ndarray]:
    """Its places (K, 2), and which share of it (K,) lies before each."""
    pieces, which = graph.pieces, _pieces(graph, x.edge)
    marks = np.append(pieces.forward_at_ms[which], _lasts_ms(graph, x.edge))
    vertices = np.vstack((pieces.start[which], pieces.end[which.stop - 1 : which.stop]))
    low, high = sorted((x.from_at_ms, x.to_at_ms))
    at = np.concatenate(([low], marks[(marks > low) & (marks < high)], [high])).astype(np.float64)
    places = np.column_stack([np.interp(at, marks, vertices[:, n]) for n in (0, 1)])
    shares = (at - low) / max(1, high - low)
    return (places, shares) if x.from_at_ms <= x.to_at_ms else (places[::-1], 1 - shares[::-1])


def _point(corners: Places, row: int) -> Point:
    return Point(int(corners[row, 0]), int(corners[row, 1]))
