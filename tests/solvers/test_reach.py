"""Who is not looked at, because a bound says that it would be in vain, would not have been chosen."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from solvers.explaining.ranking import rank_couriers
from solvers.kernels.boarding import may_serve, put_on
from solvers.kernels.layout import city_of
from solvers.kernels.placement import best_place
from solvers.kernels.reach import best_of_all, bound_all, note, reach_of
from solvers.kernels.routes import plan_of, routes_of, wider
from solvers.policies.insertion import insertion
from solvers.problem import Budget
from solvers.validation import ProblemError, check_problem
from tests.solver_problems import plain_problem, random_problem, running

NOWHERE = -1
many = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def exhaustive(city, routes, o, limit):
    """(cost, courier, i, j): every courier is asked, without a limit; of equals the first."""
    found = limit, NOWHERE, NOWHERE, NOWHERE
    for c in range(len(city.couriers)):
        if may_serve(city, routes, c, o):
            cost, i, j = best_place(city, routes, c, o, np.inf)
            if cost < found[0]:
                found = cost, c, i, j
    return found


def laid_out(problem):
    """City, routes, and the orders that are on none."""
    city = city_of(problem)
    routes = routes_of(problem, city)
    return city, routes, np.flatnonzero(routes.route_of < 0).tolist()


def random_city(seed, metric=True):
    problem = random_problem(seed)
    try:
        check_problem(problem)
    except ProblemError:
        assume(False)
    assume(not metric or city_of(problem).metric)
    return laid_out(problem)


@many
@given(seed=st.integers(0, 10**6), share=st.floats(0.0, 2.0))
def test_the_best_of_all_is_the_best_of_everybody(seed, share):
    city, routes, loose = random_city(seed)
    reach = reach_of(city, routes)
    for o in loose:
        for limit in (np.inf, float(city.orders[o]["unserved"]) * share):
            expected = exhaustive(city, routes, o, limit)
            assert best_of_all(city, routes, reach, o, limit) == expected
        bound_all(city, reach, o)
        for c in range(len(city.couriers)):
            cost, _, _ = best_place(city, routes, c, o, np.inf)
            assert reach.least[c] <= cost


@many
@given(seed=st.integers(0, 10**6))
def test_a_limit_spares_work_and_hides_nothing_below_it(seed):
    city, routes, loose = random_city(seed)
    for o in loose:
        for c in range(len(city.couriers)):
            cost, i, j = best_place(city, routes, c, o, np.inf)
            if np.isfinite(cost):
                above = cost + max(1e-6, abs(cost) * 1e-9)
                assert best_place(city, routes, c, o, above) == (cost, i, j)
                assert best_place(city, routes, c, o, cost)[1] == NOWHERE


@many
@given(seed=st.integers(0, 10**6), top=st.integers(1, 7))
def test_the_ranking_is_that_of_everybody(seed, top):
    problem = random_problem(seed)
    city, routes, loose = random_city(seed, metric=False)
    for o in loose:
        asked = [
            (best_place(city, routes, c, o, np.inf), c)
            for c in range(problem.couriers)
            if may_serve(city, routes, c, o)
        ]
        ranked = sorted((cost, c, i, j) for (cost, i, j), c in asked if np.isfinite(cost))
        offers = rank_couriers(problem, o, top)
        assert [x.courier for x in offers] == [c for _, c, _, _ in ranked[:top]]
        for offer, (_, c, i, j) in zip(offers, ranked, strict=False):
            old = plan_of(routes).route(c)
            assert offer.stops == [*old[:i], o, *old[i:j], problem.orders + o, *old[j:]]


def test_of_couriers_who_stand_together_the_first_ones_are_named():
    crowd = plain_problem(2, 9)
    crowd.xy_s[[0, 2, 5, 6, 8]] = crowd.xy_s[4]
    named = [x.courier for x in rank_couriers(crowd, 1, 9)]
    standing = [c for c in named if c in (0, 2, 4, 5, 6, 8)]
    assert standing == sorted(standing)


@pytest.mark.parametrize("seed", range(8))
def test_insertion_places_everything_as_if_everybody_had_been_asked(seed):
    """One after the other into routes that grow, from a crowd in which some stand together."""
    rng = np.random.default_rng(seed)
    problem = plain_problem(60, 25, due_s=rng.uniform(-300, 2_400, 60))
    problem.xy_s[5:10] = problem.xy_s[4]
    plan = insertion(running(problem, [[]] * 25), Budget())
    city = city_of(problem)
    routes = routes_of(problem, city)
    reach = reach_of(city, routes)
    for o in np.argsort(problem.due_s, kind="stable").tolist():
        _, c, i, j = exhaustive(city, routes, o, float(city.orders[o]["unserved"]))
        assert best_of_all(city, routes, reach, o, float(city.orders[o]["unserved"]))[1] == c
        if c != NOWHERE:
            put_on(city, routes, c, o, i, j)
            note(city, routes, reach, c)
            routes = wider(routes) if routes.length.max() + 3 > routes.seq.shape[1] else routes
    expected = plan_of(routes)
    assert plan.route_stops.tolist() == expected.route_stops.tolist()
    assert plan.route_start.tolist() == expected.route_start.tolist()


def test_a_place_beside_a_leg_may_be_nearer_to_it_than_to_the_circle_around_all_stops():
    places = [[-100, 0], [99, 14.1], [101.5, 0], [99, -14.1], [101.5, 0]]
    alone = plain_problem(2, 1, xy_s=np.array(places, np.float64), due_s=np.full(2, 1e6))
    city, routes, loose = laid_out(running(alone, [[0, 2]]))
    reach = reach_of(city, routes)
    cost, _, i, j = best_of_all(city, routes, reach, loose[0], np.inf)
    assert (i, j) == (1, 1)
    assert 0.4 < cost < 0.5
    assert reach.least[0] <= cost
