"""Streets: what becomes of ways, where places land on them, and times against another Dijkstra."""

from heapq import heappop, heappush
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from geo.points import Point, places
from geo.roads import (
    BLOCKED_MS,
    BOTH_WAYS,
    ONE_WAY,
    ONE_WAY_BACK,
    RoadError,
    RoadGraph,
    Ways,
)
from geo.snapping import SHARES, Snapped, Snapper, exact_ms
from geo.sphere import straight_mm_between

CORNER = Point.of_degrees(41.15, -8.61)
BLOCK_E7 = 9_000  # 100 m north, 75 m east
OSM = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "osm"


def ways_of(nodes: list[tuple[int, int]], *ways: tuple[list[int], int, int]) -> Ways:
    """Nodes in blocks from the corner; ways as (nodes, speed_mm_s, direction)."""
    start = np.cumsum([0] + [len(w[0]) for w in ways])
    return Ways(
        places=np.array(nodes, np.int64) * BLOCK_E7 + [CORNER.lat_e7, CORNER.lon_e7],
        start=start,
        nodes=np.array([n for w in ways for n in w[0]], np.int64),
        speed_mm_s=np.array([w[1] for w in ways], np.int64),
        direction=np.array([w[2] for w in ways], np.int64),
    )


def grid_city(size: int, seed: int) -> Ways:
    """Streets and avenues of random speed; every second one is a one-way, alternating."""
    random = np.random.default_rng(seed)
    nodes = [(y, x) for y in range(size) for x in range(size)]
    ways = []
    for k in range(size):
        for line in ([k * size + x for x in range(size)], [y * size + k for y in range(size)]):
            direction = [BOTH_WAYS, ONE_WAY, BOTH_WAYS, ONE_WAY_BACK][k % 4]
            ways.append((line, int(random.integers(3_000, 14_000)), direction))
    return ways_of(nodes, *ways)


def streets_of(graph: RoadGraph) -> dict[tuple, int]:
    """Every piece in every direction that is open, by its ends in blocks from the corner."""
    p, streets = graph.pieces, {}
    for k, edge in enumerate(p.edge.tolist()):
        start, end = (named(rows[k]) for rows in (p.start, p.end))
        if graph.forward_ms[edge] < BLOCKED_MS:
            streets[start, end] = int(p.forward_ms[k])
        if graph.backward_ms[edge] < BLOCKED_MS:
            streets[end, start] = int(p.backward_ms[k])
    return streets


def named(place: np.ndarray) -> tuple[float, float]:
    y, x = ((place - [CORNER.lat_e7, CORNER.lon_e7]) / BLOCK_E7).tolist()
    return y, x


def slow_ms(streets: dict, origin: tuple, destination: tuple) -> float:
    """From and to (start, end, part of the way): both become nodes; a textbook Dijkstra then."""
    near: dict[object, list[tuple[object, float]]] = {}
    on: dict[frozenset, list[tuple[float, object]]] = {}
    for name, (start, end, part) in (("from", origin), ("to", destination)):
        low, high = sorted((start, end))
        on.setdefault(frozenset((low, high)), []).append((part if start == low else 1 - part, name))
    for low, high in {tuple(sorted(ends)) for ends in streets}:
        places_on = sorted(on.get(frozenset((low, high)), []), key=lambda x: x[0])
        chain = [(0.0, low), *places_on, (1.0, high)]
        for (s, u), (t, v) in pairwise(chain):
            for one, other, way in ((u, v, (low, high)), (v, u, (high, low))):
                # A place exactly at a node is that node, whatever the signs say.
                if way in streets or s == t:
                    near.setdefault(one, []).append((other, streets.get(way, 0) * (t - s)))
    heap, done, tie = [(0.0, 0, "from")], set(), 0
    while heap:
        ms, _, here = heappop(heap)
        if here == "to":
            return ms
        if here not in done:
            done.add(here)
            for there, more in near.get(here, []):
                tie += 1
                heappush(heap, (ms + more, tie, there))
    raise AssertionError("not connected")


def some_places(graph: RoadGraph, count: int, seed: int) -> np.ndarray:
    low, high = graph.places.min(axis=0) - 2_000, graph.places.max(axis=0) + 2_000
    return np.random.default_rng(seed).integers(low, high, (count, 2))


def some_snapped(graph: RoadGraph, count: int, seed: int) -> Snapped:
    """A third of them exactly on junctions, and several on one piece."""
    rows = some_places(graph, count, seed)
    rows[::3] = graph.places[
        np.random.default_rng(seed).integers(0, len(graph.places), len(rows[::3]))
    ]
    middle = (graph.pieces.start[0] + graph.pieces.end[0]) // 2
    rows[1:7:2] = middle + np.array([[-900, -900], [0, 0], [900, 900]])
    return Snapper(graph).snap(rows)


# from ways to edges


def test_a_two_way_street_takes_its_time_in_both_directions():
    graph = RoadGraph.of_ways(ways_of([(0, 0), (1, 0)], ([0, 1], 10_000, BOTH_WAYS)))
    mm = int(straight_mm_between(graph.places[:1], graph.places[1:])[0])
    assert mm == pytest.approx(100_075, abs=5)
    assert streets_of(graph) == {((0, 0), (1, 0)): -(-mm // 10), ((1, 0), (0, 0)): -(-mm // 10)}


def test_of_parallel_streets_the_faster_one_counts():
    """A sparse matrix would have added them up."""
    slow, fast = ([0, 1], 1_000, BOTH_WAYS), ([1, 0], 20_000, ONE_WAY)
    graph = RoadGraph.of_ways(ways_of([(0, 0), (1, 0)], slow, fast))
    assert streets_of(graph) == {
        ((0, 0), (1, 0)): pytest.approx(100_075, abs=5),
        ((1, 0), (0, 0)): pytest.approx(5_004, abs=1),
    }
    ends = Snapper(graph).snap(graph.places)
    assert exact_ms(graph, ends, ends).tolist() == [[0, graph.ms.max()], [graph.ms.min(), 0]]


def test_points_that_only_bend_a_street_are_no_junctions():
    """A bend, and another where the speed changes; a fork; and a ring that hangs on it."""
    nodes = [(0, 0), (1, 1), (2, 1), (3, 1), (3, 2), (4, 1), (4, 2)]
    graph = RoadGraph.of_ways(
        ways_of(
            nodes,
            ([0, 1, 2], 5_000, BOTH_WAYS),
            ([3, 2], 10_000, BOTH_WAYS),
            ([3, 4], 5_000, BOTH_WAYS),
            ([3, 5, 6, 3], 5_000, ONE_WAY),
        )
    )
    assert sorted(named(p) for p in graph.places) == [(0, 0), (3, 1), (3, 2)]
    assert sorted(np.bincount(graph.pieces.edge).tolist()) == [1, 3, 3]
    assert len(streets_of(graph)) == 3 * 2 + 2 + 3


def test_a_bend_where_a_one_way_begins_is_a_junction():
    """One can turn round there, and nowhere else on the way."""
    nodes = [(0, 0), (1, 1), (2, 1), (2, 0)]
    there, back = ([0, 1, 2], 5_000, ONE_WAY), ([2, 3, 0], 5_000, BOTH_WAYS)
    graph = RoadGraph.of_ways(ways_of(nodes, there, back))
    assert sorted(named(p) for p in graph.places) == [(0, 0), (2, 1)]


def test_what_cannot_be_left_or_reached_again_is_left_out():
    nodes = [(0, 0), (0, 1), (1, 1), (1, 0), (5, 5), (6, 6), (2, 2)]
    ring = ([0, 1, 2, 3, 0], 5_000, ONE_WAY)
    island, dead_end = ([4, 5], 5_000, BOTH_WAYS), ([2, 6], 5_000, ONE_WAY)
    graph = RoadGraph.of_ways(ways_of(nodes, island, ring, dead_end))
    corners = [(0, 0), (0, 1), (1, 1), (1, 0), (0, 0)]
    assert sorted(streets_of(graph)) == sorted(pairwise(corners))


def test_a_one_way_against_its_drawing_goes_the_other_way():
    ring = ([0, 1, 2, 0], 5_000, ONE_WAY_BACK)
    graph = RoadGraph.of_ways(ways_of([(0, 0), (0, 1), (1, 1)], ring))
    assert sorted(streets_of(graph)) == sorted(pairwise([(0, 0), (1, 1), (0, 1), (0, 0)]))
    assert len(graph.places) == 1  # a lone ring has to begin somewhere


@pytest.mark.parametrize(
    "ways",
    [
        ways_of([(0, 0)], ([0, 0], 5_000, BOTH_WAYS)),
        ways_of([(0, 0), (1, 1)], ([0], 5_000, BOTH_WAYS), ([1], 5_000, BOTH_WAYS)),
        ways_of([(0, 0), (1, 1)], ([0, 1], 5_000, ONE_WAY)),
        ways_of([(0, 0), (1, 1)], ([0, 1], 0, BOTH_WAYS)),
    ],
    ids=["a loop", "single points", "no way back", "no speed"],
)
def test_what_makes_no_network_is_refused(ways):
    with pytest.raises(RoadError):
        RoadGraph.of_ways(ways)


# snapping


def test_a_place_is_put_on_the_nearest_of_all_pieces():
    graph = RoadGraph.of_ways(grid_city(6, seed=1))
    rows = some_places(graph, 300, seed=2)
    snapped = Snapper(graph).snap(rows)
    scale = np.array([1.0, np.cos(np.radians(CORNER.lat_deg))])
    xy, a, b = ((r - graph.places[0]) * scale for r in (rows, graph.pieces.start, graph.pieces.end))
    for i in range(len(rows)):
        part = np.clip(((xy[i] - a) * (b - a)).sum(axis=1) / ((b - a) ** 2).sum(axis=1), 0, 1)
        off = np.hypot(*(xy[i] - a - (b - a) * part[:, None]).T) * 0.0111195
        assert snapped.off_road_m[i] == pytest.approx(off.min(), abs=0.05)
        piece = snapped.piece[i]
        assert off[piece] == pytest.approx(off.min(), abs=0.05)
        assert snapped.share[i] / SHARES == pytest.approx(part[piece], abs=0.002)


@pytest.mark.parametrize("direction", [ONE_WAY, ONE_WAY_BACK])
def test_offsets_to_both_ends_follow_the_direction_of_the_street(direction):
    """A one-way with a bend, from (0, 0) by (4, 0) to (4, 4), and a street back."""
    bent, back = ([0, 1, 2], 5_000, direction), ([2, 0], 5_000, BOTH_WAYS)
    graph = RoadGraph.of_ways(ways_of([(0, 0), (4, 0), (4, 4)], bent, back))
    assert len(graph.places) == 2
    at = places(
        [Point(CORNER.lat_e7 + BLOCK_E7, CORNER.lon_e7 - 50)]
    )  # a quarter up the first piece
    snapped = Snapper(graph).snap(at)
    streets = streets_of(graph)
    way = [(0, 0), (4, 0), (4, 4)][:: 1 if direction == ONE_WAY else -1]
    whole = [streets[leg] for leg in pairwise(way)]
    from_corner = whole[direction == ONE_WAY_BACK] / 4
    to_end, to_corner = sum(whole) - from_corner, from_corner
    corner = 0 if named(graph.places[snapped.node[0, 0]]) == (0, 0) else 1
    if direction == ONE_WAY:
        assert snapped.enter_ms[0, corner] == pytest.approx(to_corner, abs=20)
        assert snapped.leave_ms[0, 1 - corner] == pytest.approx(to_end, abs=20)
        assert snapped.leave_ms[0, corner] == snapped.enter_ms[0, 1 - corner] == BLOCKED_MS
    else:
        assert snapped.leave_ms[0, corner] == pytest.approx(to_corner, abs=20)
        assert snapped.enter_ms[0, 1 - corner] == pytest.approx(to_end, abs=20)
        assert snapped.enter_ms[0, corner] == snapped.leave_ms[0, 1 - corner] == BLOCKED_MS


# times


def bent_city(seed: int) -> Ways:
    """A third of the streets of a grid left out, so that many corners are bends or dead ends;
    along some of the others a faster street leads one way."""
    whole, random = grid_city(8, seed), np.random.default_rng(seed)
    one, other = (
        whole.nodes.reshape(16, 8)[:, :-1].ravel(),
        whole.nodes.reshape(16, 8)[:, 1:].ravel(),
    )
    kept = random.random(len(one)) < 0.67
    ends = np.column_stack((one[kept], other[kept]))
    speed, direction = (np.repeat(x, 7)[kept] for x in (whole.speed_mm_s, whole.direction))
    direction = np.where(random.random(len(speed)) < 0.5, BOTH_WAYS, direction)
    fast = random.random(len(ends)) < 0.3
    return Ways(
        places=whole.places,
        start=np.arange(0, 2 * (len(ends) + fast.sum()) + 1, 2),
        nodes=np.vstack((ends, ends[fast])).ravel(),
        speed_mm_s=np.append(speed, speed[fast] * 2),
        direction=np.append(direction, np.where(direction[fast] == ONE_WAY_BACK, -1, ONE_WAY)),
    )


@pytest.mark.parametrize("direction", [BOTH_WAYS, ONE_WAY])
def test_on_a_ring_the_way_back_may_be_the_rest_of_the_ring(direction):
    """The ring begins and ends at one junction: both arcs of a place on it lead there."""
    nodes = [(0, 0), (0, 4), (4, 4), (4, 0)]
    graph = RoadGraph.of_ways(ways_of(nodes, ([0, 1, 2, 3, 0], 5_000, direction)))
    at = [CORNER.lat_e7, CORNER.lon_e7] + np.array([[0, 1], [0, 3], [4, 3]]) * BLOCK_E7
    snapped = Snapper(graph).snap(at)
    found, streets = exact_ms(graph, snapped, snapped), streets_of(graph)
    corners = [(0, 0), (0, 4), (4, 4), (4, 0), (0, 0)]
    first, second, third, fourth = (streets[leg] for leg in pairwise(corners))
    assert found[0, 1] == pytest.approx(first / 2, abs=20)
    assert found[1, 2] == pytest.approx(first / 4 + second + third / 4, abs=20)
    around = first / 2 + second + third + fourth
    assert found[1, 0] == pytest.approx(around if direction == ONE_WAY else first / 2, abs=20)


@pytest.mark.parametrize("city", [grid_city(7, 1), grid_city(7, 2), *map(bent_city, range(6))])
def test_exact_times_are_those_of_a_textbook_dijkstra(city):
    graph = RoadGraph.of_ways(city)
    snapped = some_snapped(graph, 12, seed=1)
    found, p, streets = exact_ms(graph, snapped, snapped), graph.pieces, streets_of(graph)
    where = [
        (named(p.start[piece]), named(p.end[piece]), share / SHARES)
        for piece, share in zip(snapped.piece, snapped.share, strict=True)
    ]
    for i, origin in enumerate(where):
        for j, destination in enumerate(where):
            assert found[i, j] == pytest.approx(slow_ms(streets, origin, destination), abs=2), (
                i,
                j,
            )
