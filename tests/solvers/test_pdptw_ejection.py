"""Ejection: what is chosen is the cheapest that there is, found by trying every choice."""

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.pdptw import Budget, Instance, solve
from solvers.pdptw.arrays import ABSENT
from solvers.pdptw.ejection import choose, eject
from solvers.pdptw.improvement import begin, undo
from solvers.pdptw.preparation import load, prepare, routes_now
from tests.solvers.test_pdptw import city, slow_insertions


def slow_choice(instance, routes, request, counts, most):
    """The smallest sum of counts of requests whose leaving a route makes room, or None."""
    sums = []
    for _, route in routes:
        members = [r for r in range(len(counts)) if instance.pickup[r] in route]
        for size in range(1, most + 1):
            for chosen in combinations(members, size):
                gone = {int(v) for r in chosen for v in (instance.pickup[r], instance.delivery[r])}
                rest = [v for v in route if v not in gone]
                if next(iter(slow_insertions(instance, 0, rest, request)), None) is not None:
                    sums.append(sum(int(counts[r]) for r in chosen))
    return min(sums, default=None)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    most=st.integers(1, 3),
    capacity=st.sampled_from([8, 20]),
    width=st.sampled_from([20.0, 300.0]),
)
def test_the_ejection_with_the_smallest_absence_counts_is_found(seed, most, capacity, width):
    instance = city(14, seed, capacity=capacity, width=width)
    routes = solve(instance, Budget(iterations=200, seed=seed)).routes
    request = seed % 14
    own = (int(instance.pickup[request]), int(instance.delivery[request]))
    kept = [(0, tuple(v for v in route if v not in own)) for route in routes]
    arrays = load(
        prepare(instance), [0] * len(kept), [route for route in kept if route[1]], 60,
        np.array([seed], dtype=np.uint64),
    )  # fmt: skip
    rng = np.random.default_rng(seed)
    arrays.work.failures[:] = rng.integers(1, 9, 14)
    arrays.work.failures[request] = 20
    before = routes_now(arrays)
    expected = slow_choice(instance, before, request, arrays.work.failures, most)
    slot, count = choose(arrays, request, most, 10**9)
    if expected is None or expected >= 20:
        assert slot == -1
        return
    chosen = arrays.work.chosen[:count].tolist()
    assert arrays.work.failures[chosen].sum() == expected
    begin(arrays)
    assert eject(arrays, request, most, 10**9)
    assert arrays.routes.slot[request] >= 0
    assert arrays.work.tally[ABSENT] >= 1
    undo(arrays, 1)
    assert routes_now(arrays) == before


def test_a_way_that_only_what_is_ejected_made_short_does_not_count():
    """Without the triangle inequality, a route without a stop may come too late to the next.

    Request 3 -> 4 can only go first, where 1 -> 2 is; and only by way of 2 does one get from 6 to 7
    in time.
    """
    travel = np.ones((9, 9))
    np.fill_diagonal(travel, 0.0)
    travel[6, 7] = 100.0
    due = np.full(9, 200.0)
    due[[1, 3]], due[7] = 1.0, 20.0
    instance = Instance(
        name="detour",
        travel=travel,
        ready=np.zeros(9),
        due=due,
        service=np.zeros(9),
        quantity=np.array([0, 1, -1, 2, -2, 1, -1, 1, -1]),
        pickup=np.array([1, 3, 5, 7], dtype=np.int32),
        delivery=np.array([2, 4, 6, 8], dtype=np.int32),
        depots=np.zeros(1, dtype=np.int32),
        vehicles=np.full(1, 4, dtype=np.int32),
        capacity=2,
    )
    arrays = load(
        prepare(instance), [0], [(0, (1, 5, 6, 2, 7, 8))], 13, np.zeros(1, dtype=np.uint64)
    )
    arrays.work.failures[1:3] = 20, 5
    assert choose(arrays, 1, 1, 10**9)[0] == -1
    slot, count = choose(arrays, 1, 2, 10**9)
    assert (slot, sorted(arrays.work.chosen[:count].tolist())) == (0, [0, 3])
