"""What the ground costs: distances, travel times, and the live grid beside scipy's cKDTree."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from geo.grid import PositionGrid
from geo.points import Point, distance_m, places
from geo.roads import BOTH_WAYS, RoadGraph, Ways
from geo.snapping import Snapper
from geo.sphere import straight_mm_between
from geo.tracks import NEVER, Fixes, FixLimits, LastKnown, judge
from geo.travel import TravelModel, project
from tests.spaces import folded

COURIERS, NEAREST, BATCH = 10_000, 50, 1_000
SOUTH_WEST, NORTH_EAST = Point(411_000_000, -86_700_000), Point(411_900_000, -85_500_000)
A, B = Point(411_500_000, -86_100_000), Point(411_600_000, -86_200_000)


@pytest.fixture(scope="module")
def rows():
    """A city of 10 x 10 km: (n, 2) positions of couriers."""
    low, high = places([SOUTH_WEST, NORTH_EAST])
    return np.random.default_rng(1).integers(low, high, (COURIERS, 2))


@pytest.fixture(scope="module")
def grid(rows):
    """With every kernel compiled."""
    grid = PositionGrid(SOUTH_WEST, NORTH_EAST, 150)
    grid.update(np.arange(COURIERS, dtype=np.int32), *rows.astype(np.int32).T)
    grid.nearest(A, 1)
    grid.nearest_each(rows[:1], 1)
    return grid


@pytest.fixture(scope="module")
def moves(rows):
    """Batches of a thousand couriers who moved by up to 30 m."""
    random = np.random.default_rng(2)
    batches = []
    for _ in range(50):
        who = random.permutation(COURIERS)[:BATCH].astype(np.int32)
        there = (rows[who] + random.integers(-2_700, 2_700, (BATCH, 2))).astype(np.int32)
        batches.append((who, there[:, 0].copy(), there[:, 1].copy()))
    return batches


def test_1000_travel_times(benchmark):
    model = TravelModel()

    def ask():
        for _ in range(1_000):
            model.travel_ms(A, B, 4_200)

    benchmark(ask)


def test_1000_haversines(benchmark):
    def ask():
        for _ in range(1_000):
            distance_m(A, B)

    benchmark(ask)


def test_1000_travel_times_by_streets(benchmark):
    model = TravelModel(streets=folded())
    benchmark(lambda: [model.travel_ms(A, B, 4_200) for _ in range(1_000)])


def test_50_batches_of_1000_moves_grid(benchmark, grid, moves):
    def update():
        for batch in moves:
            grid.update(*batch)

    benchmark(update)


def test_rebuild_of_10000_kdtree(benchmark, rows):
    """What a tree costs instead of moves: it cannot be updated."""
    xy = project(rows, A)
    benchmark(cKDTree, xy)


def test_1000_times_50_nearest_grid_one_by_one(benchmark, grid, rows):
    points = [Point(*row) for row in rows[:1_000].tolist()]

    def ask():
        for point in points:
            grid.nearest(point, NEAREST)

    benchmark(ask)


def test_1000_times_50_nearest_grid_batched(benchmark, grid, rows):
    benchmark(grid.nearest_each, rows[:1_000], NEAREST)


def test_1000_times_50_nearest_kdtree_one_by_one(benchmark, rows):
    xy = project(rows, A)
    tree, questions = cKDTree(xy), list(xy[:1_000])

    def ask():
        for question in questions:
            tree.query(question, NEAREST)

    benchmark(ask)


def test_1000_times_50_nearest_kdtree_batched(benchmark, rows):
    xy = project(rows, A)
    tree = cKDTree(xy)
    benchmark(tree.query, xy[:1_000], NEAREST)


def test_1000_times_50_nearest_by_measuring_everyone(benchmark, rows):
    """The obvious way, ten times instead of a thousand."""

    def ask():
        for row in rows[:10]:
            mm = straight_mm_between(row[None, :], rows)
            np.argpartition(mm, NEAREST)[:NEAREST]

    benchmark(ask)


def test_1000_fixes_judged(benchmark, rows):
    here = rows[:1_000]
    one = np.ones(1_000, np.int64)
    last = LastKnown(here[:, 0] + 500, here[:, 1], one * 1_700_000_000_000)
    fixes = Fixes(np.arange(1_000), here[:, 0], here[:, 1], last.measured_at_ms + 5_000, one * 8)
    assert not judge(fixes, last, FixLimits(), 1_700_000_006_000).any()
    assert NEVER not in last.measured_at_ms
    benchmark(judge, fixes, last, FixLimits(), 1_700_000_006_000)


@pytest.fixture(scope="module")
def streets():
    """A grid of 150 x 150 junctions, 67 m apart: 22,500 junctions and 89,400 arcs."""
    size, step = 150, np.arange(150)
    lat, lon = (x.ravel() for x in np.meshgrid(step * 6_000, step * 8_000, indexing="ij"))
    number = np.arange(size * size).reshape(size, size)
    speeds = np.random.default_rng(4).integers(3_000, 14_000, 2 * size)
    ways = Ways(
        places=np.column_stack((lat + SOUTH_WEST.lat_e7, lon + SOUTH_WEST.lon_e7)),
        start=np.arange(0, 2 * size * size + 1, size),
        nodes=np.concatenate((number.ravel(), number.T.ravel())),
        speed_mm_s=speeds,
        direction=np.full(2 * size, BOTH_WAYS),
    )
    return RoadGraph.of_ways(ways)


@pytest.fixture(scope="module")
def snapper(streets):
    return Snapper(streets)


def test_1000_places_put_on_streets(benchmark, snapper, rows):
    benchmark(snapper.snap, rows[:1_000])
