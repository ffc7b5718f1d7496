"""Whoever can be there first: routes are only walked to their ends, as a search would time them."""

import numpy as np
import pytest

from solvers.kernels.layout import city_of
from solvers.kernels.routes import FEW_STOPS, routes_of
from solvers.kernels.schedule import NOWHERE
from solvers.policies import nearest
from solvers.problem import Problem
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


@pytest.mark.parametrize("some", range(12))
def test_routes_end_where_and_when_a_search_says_unless_it_would_take_something_off(some):
    for seed in range(40 * some, 40 * some + 40):
        problem = disturbed(random_problem(seed), np.random.default_rng(seed))
        try:
            check_problem(problem)
        except ProblemError:
            continue
        facts, terms = nearest._facts(problem), nearest._terms(problem)
        ends, is_whole = nearest._walk(facts, terms, problem.route_start, problem.route_stops)
        routes = routes_of(problem, city_of(problem), spare=FEW_STOPS)
        stays = np.array_equal(ends.route_of, routes.route_of)
        assert is_whole == (stays and problem.group.max(initial=NOWHERE) < 0), f"seed {seed}"
        if stays:
            last = routes.seq[np.arange(problem.couriers), routes.length]
            assert last["depart"].tolist() == ends.depart_s.tolist(), f"seed {seed}"
            assert last["place"].tolist() == ends.place.tolist(), f"seed {seed}"
