"""The fastest way as a line: it takes as long as it should, and leads along streets only."""

import numpy as np
import pytest

from geo.points import Point
from geo.roads import BOTH_WAYS, ONE_WAY, RoadGraph, Ways
from geo.snapping import Snapped, Snapper, exact_ms
from geo.wayfinding import Way, way_between

BLOCK_E7, SIZE = 9_000, 7
ROUNDED_MS = 3


def city(seed: int) -> RoadGraph:
    """Crooked streets of random speed; every third one-way; two ways around a block."""
    random = np.random.default_rng(seed)
    nodes = [(y, x) for y in range(SIZE) for x in range(SIZE)]
    lines = [([k * SIZE + x for x in range(SIZE)], k) for k in range(SIZE)]
    lines += [([y * SIZE + k for y in range(SIZE)], k + 1) for k in range(SIZE)]
    lines += [([0, SIZE * SIZE, 1], 0), ([2, SIZE * SIZE + 1, SIZE * SIZE + 2, 2], 0)]
    nodes += [(-1, 0.5), (-1, 2), (-1, 3)]
    places = np.array(nodes) * BLOCK_E7 + random.integers(-2_000, 2_000, (len(nodes), 2))
    return RoadGraph.of_ways(
        Ways(
            places=places.astype(np.int64) + np.array((411_500_000, -86_100_000)),
            start=np.cumsum([0] + [len(x) for x, _ in lines]),
            nodes=np.array([n for x, _ in lines for n in x], np.int64),
            speed_mm_s=random.integers(3_000, 14_000, len(lines)),
            direction=np.array([ONE_WAY if k % 3 == 2 else BOTH_WAYS for _, k in lines], np.int64),
        )
    )


def point(row: np.ndarray) -> Point:
    return Point(int(row[0]), int(row[1]))


def one(snapped: Snapped, n: int) -> Snapped:
    return snapped.rows(slice(n, n + 1))


@pytest.mark.parametrize("seed", range(4))
def test_a_way_takes_as_long_as_the_fastest_and_leads_along_streets(seed):
    graph = city(seed)
    snapper = Snapper(graph)
    low, high = graph.places.min(axis=0), graph.places.max(axis=0)
    rows = np.random.default_rng(seed).integers(low, high, (24, 2))
    rows[::4] = graph.places[: len(rows[::4])]  # exactly on junctions
    rows[1] = rows[2] + 40  # two on one street
    snapped = snapper.snap(rows)
    times, long = exact_ms(graph, snapped, snapped), 0
    for a in range(len(rows)):
        for b in range(len(rows)):
            found = way_between(
                graph, one(snapped, a), one(snapped, b), point(rows[a]), point(rows[b])
            )
            assert (np.diff(found.at_ms) >= 0).all()
            assert point(found.corners[0]) == point(rows[a])
            assert point(found.corners[-1]) == point(rows[b])
            inner = found.corners[1:-1]
            if not len(inner):
                continue
            assert int(found.at_ms[-1]) == times[a, b]
            long += len(inner) > 3
            on = snapper.snap(np.concatenate((inner, (inner[1:] + inner[:-1]) // 2)))
            assert on.off_road_m.max() < 0.1
            until = exact_ms(graph, one(snapped, a), snapper.snap(inner))[0]
            assert np.abs(until - found.at_ms[1:-1]).max() <= ROUNDED_MS, "no way there is faster"
    assert long > 100


def test_who_rides_it_is_where_its_time_says():
    corners = np.array([[0, 0], [100, 0], [100, 300]], np.int64)
    found = Way(corners, np.array([0, 1_000, 2_000], np.int64))
    asked = [found.after(done, 400) for done in (-5, 0, 100, 200, 300, 400, 999)]
    assert asked == [
        Point(0, 0), Point(0, 0), Point(50, 0), Point(100, 0), Point(100, 150), Point(100, 300),
        Point(100, 300),
    ]  # fmt: skip


def test_without_streets_it_is_straight():
    a, b = Point(0, 0), Point(1_000, 2_000)
    assert [Way.straight(a, b).after(x, 10) for x in (0, 5, 10)] == [a, Point(500, 1_000), b]
    assert Way.straight(a, a).after(0, 0) == a
