"""Streets: what becomes of ways, where places land on them, and times against another Dijkstra."""

from heapq import heappop, heappush
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from gateway.streets import read_ways
from geo.points import Point, places
from geo.roads import (
    BOTH_WAYS,
    ONE_WAY,
    ONE_WAY_BACK,
    SHARES,
    RoadError,
    RoadGraph,
    Snapped,
    Snapper,
    Ways,
    exact_ms,
)
from geo.sphere import straight_mm_between
from geo.tables import TOO_FAR_MS, StoreTables
from geo.travel import Vehicle

CORNER = Point.of_degrees(41.15, -8.61)
BLOCK_E7 = 9_000  # 100 m north, 75 m east
OSM = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "osm"


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


def arcs_of(graph: RoadGraph) -> dict[tuple[int, int], int]:
    columns = zip(graph.tail.tolist(), graph.head.tolist(), graph.ms.tolist(), strict=True)
    return {(a, b): ms for a, b, ms in columns}


def slow_ms(graph: RoadGraph, origin: tuple, destination: tuple) -> float:
    """From and to (edge, share): places become nodes of their own; then a textbook Dijkstra."""
    near: dict[object, list[tuple[object, float]]] = {}
    on_edge: dict[int, list[tuple[int, object]]] = {}
    for name, (edge, share) in (("from", origin), ("to", destination)):
        on_edge.setdefault(edge, []).append((share, name))
    arcs = arcs_of(graph)
    for edge, (a, b) in enumerate(zip(graph.first.tolist(), graph.second.tolist(), strict=True)):
        chain = [(0, a), *sorted(on_edge.get(edge, []), key=lambda x: x[0]), (SHARES, b)]
        for (s, u), (t, v) in pairwise(chain):
            for one, other, way in ((u, v, (a, b)), (v, u, (b, a))):
                # A place exactly at a node is that node, whatever the signs say.
                if way in arcs or s == t:
                    ms = arcs.get(way, 0) * (t - s) / SHARES
                    near.setdefault(one, []).append((other, ms))
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
    """A third of them exactly on nodes, and several on one edge."""
    rows = some_places(graph, count, seed)
    rows[::3] = graph.places[
        np.random.default_rng(seed).integers(0, len(graph.places), len(rows[::3]))
    ]
    middle = (graph.places[graph.first[0]] + graph.places[graph.second[0]]) // 2
    rows[1:7:2] = middle + np.array([[-900, -900], [0, 0], [900, 900]])
    return Snapper(graph).snap(rows)


# from ways to arcs


def test_a_two_way_street_is_an_arc_each_way_and_takes_its_time():
    graph = RoadGraph.of_ways(ways_of([(0, 0), (1, 0)], ([0, 1], 10_000, BOTH_WAYS)))
    mm = int(straight_mm_between(graph.places[:1], graph.places[1:])[0])
    assert mm == pytest.approx(100_075, abs=5)
    assert arcs_of(graph) == {(0, 1): -(-mm // 10), (1, 0): -(-mm // 10)}


def test_of_parallel_streets_the_faster_one_counts():
    """A sparse matrix would have added them up."""
    slow, fast = ([0, 1], 1_000, BOTH_WAYS), ([1, 0], 20_000, ONE_WAY)
    graph = RoadGraph.of_ways(ways_of([(0, 0), (1, 0)], slow, fast))
    assert arcs_of(graph) == {
        (0, 1): pytest.approx(100_075, abs=5),
        (1, 0): pytest.approx(5_004, abs=1),
    }
    assert len(graph.first) == 1
    assert graph.times_ms(np.array([0])).tolist() == [[0, arcs_of(graph)[0, 1]]]


def test_what_cannot_be_left_or_reached_again_is_left_out():
    nodes = [(0, 0), (0, 1), (1, 1), (1, 0), (5, 5), (6, 6), (2, 2)]
    ring = ([0, 1, 2, 3, 0], 5_000, ONE_WAY)
    island, dead_end = ([4, 5], 5_000, BOTH_WAYS), ([2, 6], 5_000, ONE_WAY)
    graph = RoadGraph.of_ways(ways_of(nodes, island, ring, dead_end))
    assert sorted(arcs_of(graph)) == [(0, 1), (1, 2), (2, 3), (3, 0)]
    assert len(graph.places) == 4


def test_a_one_way_against_its_drawing_goes_the_other_way():
    ring = ([0, 1, 2, 0], 5_000, ONE_WAY_BACK)
    graph = RoadGraph.of_ways(ways_of([(0, 0), (0, 1), (1, 1)], ring))
    assert sorted(arcs_of(graph)) == [(0, 2), (1, 0), (2, 1)]


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


def test_a_place_is_put_on_the_nearest_of_all_edges():
    graph = RoadGraph.of_ways(grid_city(6, seed=1))
    rows = some_places(graph, 300, seed=2)
    snapped = Snapper(graph).snap(rows)
    scale = np.array([1.0, np.cos(np.radians(CORNER.lat_deg))])
    xy = (rows - graph.places[0]) * scale
    a, b = ((graph.places[e] - graph.places[0]) * scale for e in (graph.first, graph.second))
    for i in range(len(rows)):
        part = np.clip(((xy[i] - a) * (b - a)).sum(axis=1) / ((b - a) ** 2).sum(axis=1), 0, 1)
        off = np.hypot(*(xy[i] - a - (b - a) * part[:, None]).T) * 0.0111195
        assert snapped.off_road_m[i] == pytest.approx(off.min(), abs=0.05)
        edge = snapped.edge[i]
        assert off[edge] == pytest.approx(off.min(), abs=0.05)
        assert snapped.share[i] / SHARES == pytest.approx(part[edge], abs=0.002)


def test_offsets_to_both_ends_follow_the_direction_of_the_street():
    ring = ([0, 1, 2, 0], 5_000, ONE_WAY)
    graph = RoadGraph.of_ways(ways_of([(0, 0), (4, 0), (0, 4)], ring))
    snapped = Snapper(graph).snap(places([Point(CORNER.lat_e7 + BLOCK_E7, CORNER.lon_e7 - 50)]))
    whole = arcs_of(graph)[0, 1]
    assert snapped.node.tolist() == [[0, 1]]
    assert snapped.share[0] == pytest.approx(SHARES / 4, abs=5)
    assert snapped.leave_ms[0] == pytest.approx([TOO_FAR_MS, whole * 3 / 4], abs=10)
    assert snapped.enter_ms[0] == pytest.approx([whole / 4, TOO_FAR_MS], abs=10)


# times


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_exact_times_are_those_of_a_textbook_dijkstra(seed):
    graph = RoadGraph.of_ways(grid_city(7, seed))
    snapped = some_snapped(graph, 12, seed)
    found = exact_ms(graph, snapped, snapped)
    where = list(zip(snapped.edge.tolist(), snapped.share.tolist(), strict=True))
    for i, origin in enumerate(where):
        for j, destination in enumerate(where):
            assert found[i, j] == pytest.approx(slow_ms(graph, origin, destination), abs=2), (i, j)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_looked_up_times_are_exact_to_a_quarter_of_a_second(seed):
    graph = RoadGraph.of_ways(grid_city(12, seed))
    points = some_snapped(graph, 200, seed)
    stores = some_snapped(graph, 40, seed + 10)
    check_tables(graph, stores, points)


def check_tables(graph: RoadGraph, stores: Snapped, points: Snapped) -> None:
    tables = StoreTables.of(graph, stores)
    store, row = (x.ravel() for x in np.indices((len(stores), len(points))))
    there = exact_ms(graph, stores, points).ravel()
    back = exact_ms(graph, points, stores).T.ravel()
    assert np.abs(tables.from_stores_ms(store, points, row) - there).max() <= 250
    assert np.abs(tables.to_stores_ms(row, points, store) - back).max() <= 250
    assert (there != back).any()


def test_a_way_that_takes_longer_than_a_table_can_say_is_too_far():
    graph = RoadGraph.of_ways(ways_of([(0, 0), (300, 0), (600, 0)], ([0, 1, 2], 1_000, BOTH_WAYS)))
    snapped = Snapper(graph).snap(graph.places)
    tables = StoreTables.of(graph, snapped)
    ms = tables.from_stores_ms(np.array([0, 0, 1]), snapped, np.array([0, 2, 2]))
    along_one_edge = int(graph.ms[0])
    assert ms.tolist() == [0, TOO_FAR_MS, along_one_edge]
    assert along_one_edge > 4.55 * 3_600_000
    short = Snapper(graph).snap(graph.places[:1] + np.array([BLOCK_E7, 0]))
    assert tables.to_stores_ms(np.array([0]), short, np.array([0]))[0] == pytest.approx(
        100_000, rel=0.01
    )


def test_monaco_is_looked_up_as_exactly():
    pytest.importorskip("osmium", reason="needs osmium to read street files")
    path = OSM / "monaco.osm.pbf"
    if not path.exists():
        pytest.skip("needs ../shared/data/osm/monaco.osm.pbf")
    graph = RoadGraph.of_ways(read_ways(path, Vehicle.SCOOTER))
    assert len(graph.places) > 500
    random = np.random.default_rng(1)
    snapper = Snapper(graph)
    points, stores = (
        snapper.snap(graph.places[random.integers(0, len(graph.places), n)] + random.integers(-2_000, 2_000, (n, 2)))
        for n in (150, 20)
    )  # fmt: skip
    check_tables(graph, stores, points)
