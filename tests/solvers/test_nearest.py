"""Whoever can be there first: routes are only walked to their ends, as a search would time them."""

import numpy as np
import pytest

from solvers.kernels.layout import city_of
from solvers.kernels.routes import FEW_STOPS, routes_of
from solvers.kernels.schedule import NOWHERE
from solvers.policies import nearest
from solvers.problem import Problem, Rules
from solvers.validation import ProblemError, check_problem
from tests.solver_problems import changed, random_problem


def disturbed(problem: Problem, rng: np.random.Generator) -> Problem:
    """With a running plan that may break any rule: orders bundled, bound and asking for skills."""
    n, start, stops = problem.orders, problem.route_start, problem.route_stops.copy()
    loose, store = problem.on_board < 0, problem.store % 2
    for c, pinned in enumerate(problem.pinned.tolist()):
        route = stops[start[c] : start[c + 1]]
        loose[route[:pinned] % n] = False
        if rng.random() < 0.6:
            in_turn = np.lexsort((store[route[pinned:] % n], route[pinned:] >= n))
            route[pinned:] = route[pinned:][in_turn]  # all pickups by store, then all drop-offs
    skills = np.where(loose & (rng.random(n) < 0.15), 4, problem.skills)
    anybody = rng.integers(0, problem.couriers, n)
    bound_to = np.where(loose & (rng.random(n) < 0.15), anybody, problem.bound_to)
    group = problem.group if rng.random() < 0.1 else np.full(n, NOWHERE)
    return changed(
        problem,
        {
            "route_stops": stops,
            "store": store,
            "skills": skills,
            "bound_to": bound_to.astype(np.int32),
            "group": group.astype(np.int32),
        },
    )


def lenient(problem: Problem) -> Problem:
    """All goods are of one store, handed over together, and nobody has to leave anything out."""
    couriers, dimensions = problem.courier_capacity.shape
    return changed(
        problem,
        {
            "store": np.zeros(problem.orders, np.int32),
            "courier_capacity": np.full((couriers, dimensions), 1_000, np.int32),
            "courier_skills": np.full(couriers, 7, np.int64),
            "courier_end_s": np.full(couriers, 1e6),
            "bound_to": np.full(problem.orders, NOWHERE, np.int32),
            "group": np.full(problem.orders, NOWHERE, np.int32),
            "rules": Rules(False, True, True),
        },
    )


def ends_alike(problem: Problem, seed: int) -> bool:
    """Where and when a search says that routes end; False if it would take something off."""
    facts, terms = nearest._facts(problem), nearest._terms(problem)
    ends, is_whole = nearest._walk(facts, terms, problem.route_start, problem.route_stops)
    routes = routes_of(problem, city_of(problem), spare=FEW_STOPS)
    stays = np.array_equal(ends.route_of, routes.route_of)
    assert is_whole == (stays and problem.group.max(initial=NOWHERE) < 0), f"seed {seed}"
    if stays:
        last = routes.seq[np.arange(problem.couriers), routes.length]
        assert last["depart"].tolist() == ends.depart_s.tolist(), f"seed {seed}"
        assert last["place"].tolist() == ends.place.tolist(), f"seed {seed}"
    return stays


@pytest.mark.parametrize("some", range(12))
def test_routes_end_where_and_when_a_search_says_unless_it_would_take_something_off(some):
    for seed in range(40 * some, 40 * some + 40):
        problem = disturbed(random_problem(seed), np.random.default_rng(seed))
        try:
            check_problem(problem)
        except ProblemError:
            continue
        ends_alike(problem, seed)


def test_what_is_handed_over_together_takes_one_service():
    together = 0
    for seed in range(480):
        problem = lenient(disturbed(random_problem(seed), np.random.default_rng(seed)))
        check_problem(problem)
        assert ends_alike(problem, seed)
        stops, n = problem.route_stops, problem.orders
        together += int(np.sum((stops[:-1] < n) & (stops[1:] < n)))
    assert together > 100
