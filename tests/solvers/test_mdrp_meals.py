"""The meal solver: legal trips, honest costs, silence while silence is free."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.meals.day import Day, Rates
from solvers.meals.improvement import improve
from solvers.meals.planning import first_trip, must_tell, plan_trips
from solvers.meals.schedule import INFEASIBLE, route_cost
from solvers.meals.trips import trips_of
from solvers.problem import Budget

RATES = Rates(
    step_m=320.0,
    step_s=60.0,
    pickup_half_s=120.0,
    dropoff_half_s=120.0,
    late_s=5_400.0,
    late_cost_s=1_800.0,
    late_rate=1.0,
    busy_rate=0.1,
    finish_rate=0.2,
    horizon_s=3_600.0,
    unserved_s=1e6,
)


def random_day(seed: int) -> tuple[Day, list[list[int]]]:
    """A minute of a busy day: some couriers ride with orders they were told."""
    rng = np.random.default_rng(seed)
    couriers, stores, orders = rng.integers(1, 8), rng.integers(1, 5), rng.integers(1, 25)
    store = rng.integers(0, stores, orders).astype(np.int32)
    heading = np.full(couriers, -1, np.int32)
    holder = np.full(orders, -1, np.int32)
    routes: list[list[int]] = [[] for _ in range(couriers)]
    for c in range(couriers):
        o = int(rng.integers(0, orders))
        if rng.random() < 0.4 and holder[o] < 0:
            heading[c], holder[o], routes[c] = store[o], c, [o << 1 | 1]
    free = np.where(heading >= 0, 0.0, 60.0 * rng.integers(0, 20, couriers))
    ready = 60.0 * rng.integers(-10, 25, orders)
    end = 60.0 * rng.integers(30, 200, couriers)
    for c in range(couriers):
        if routes[c]:
            o = routes[c][0] >> 1
            end[c] = max(end[c], ready[o], 900.0)
    day = Day(
        RATES,
        *(rng.uniform(0, 6_000, couriers) for _ in range(2)),
        free,
        end,
        heading,
        60.0 * rng.integers(-3, 10, couriers),
        *(rng.uniform(0, 6_000, stores) for _ in range(2)),
        store,
        *(rng.uniform(0, 6_000, orders) for _ in range(2)),
        ready,
        ready - 60.0 * rng.integers(5, 30, orders),
        holder,
    )
    return day, routes


def trips(route: list[int]) -> list[list[int]]:
    result = []
    while route:
        result.append(first_trip(route))
        route = route[len(result[-1]) :]
    return result


def ride_s(ax, ay, bx, by) -> float:
    return float(np.ceil(np.hypot(bx - ax, by - ay) / 320.0) * 60.0)


def plain_cost(day: Day, c: int, route: list[int]) -> float:
    """The same by hand: pickups when all is ready, two minutes before and after each hand-over."""
    now, x, y, cost = day.free_s[c], day.courier_x_m[c], day.courier_y_m[c], 0.0
    for k, trip in enumerate(trips(route)):
        s = day.store[trip[0]]
        sx, sy = day.store_x_m[s], day.store_y_m[s]
        started = k == 0 and day.heading[c] >= 0
        way = 0.0 if started else ride_s(x, y, sx, sy)
        arrival = day.arrival_s[c] if started else now + way
        pickup = max(arrival + 120.0, 0.0, *(day.ready_s[o] for o in trip))
        if pickup > day.end_s[c]:
            return INFEASIBLE
        left = 0.0 if started else pickup - 120.0 - way
        now, x, y = pickup + 120.0, sx, sy
        for o in trip:
            door = now + ride_s(x, y, day.x_m[o], day.y_m[o]) + 120.0
            click = door - day.placed_s[o]
            cost += click + (1_800.0 + click - 5_400.0 if click > 5_400.0 else 0.0)
            now, x, y = door + 120.0, day.x_m[o], day.y_m[o]
        cost += 0.1 * (now - left)
    return cost + 0.2 * min(now, day.end_s[c], 3_600.0)


def total(day: Day, routes: list[list[int]]) -> float:
    served = {stop >> 1 for route in routes for stop in route}
    missing = RATES.unserved_s * (len(day.store) - len(served))
    return missing + sum(plain_cost(day, c, route) for c, route in enumerate(routes))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_every_plan_is_legal(seed):
    day, running = random_day(seed)
    routes = plan_trips(day, running, Budget(iterations=40, seed=1))
    stops = [stop >> 1 for route in routes for stop in route]
    assert len(stops) == len({*stops})
    for c, route in enumerate(routes):
        assert all(len({day.store[o] for o in trip}) == 1 for trip in trips(route))
        assert plain_cost(day, c, route) < INFEASIBLE
        told = {o for o in range(len(day.store)) if day.holder[o] == c}
        if told:
            assert told <= {*first_trip(route)}
            assert day.store[first_trip(route)[0]] == day.heading[c]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_the_cost_is_what_the_rules_say(seed):
    day, running = random_day(seed)
    routes = plan_trips(day, running, Budget(iterations=10, seed=seed))
    for c, route in enumerate(routes):
        coded = np.array(route, np.int32)
        assert route_cost(day, c, coded, len(route)) == pytest.approx(plain_cost(day, c, route))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_improvement_gains_what_it_says_and_never_loses(seed):
    day, running = random_day(seed)
    inserted = plan_trips(day, running, Budget(iterations=0, seed=1))
    draft = trips_of(day, running, 1)
    gain = improve(day, draft, 60, 60.0, 5.0)
    improved = [draft.routes[c, :n].tolist() for c, n in enumerate(draft.length)]
    assert gain >= 0.0
    assert total(day, inserted) - total(day, improved) == pytest.approx(gain, abs=1e-3)
    assert draft.courier_of.tolist() == [
        next((c for c, r in enumerate(improved) if o in {s >> 1 for s in r}), -1)
        for o in range(len(day.store))
    ]


def test_the_same_question_has_the_same_answer():
    day, running = random_day(7)
    budget = Budget(iterations=80, seed=3)
    assert plan_trips(day, running, budget) == plan_trips(day, running, budget)


def one_order(ready_min: float, *, told: bool = False) -> Day:
    """A courier 1,600 m (five minutes) from the only store."""
    zero = np.zeros(1)
    return Day(
        RATES,
        np.array([1_600.0]),
        zero,
        zero,
        np.array([36_000.0]),
        np.array([0 if told else -1], np.int32),
        np.array([300.0]),
        zero,
        zero,
        np.zeros(1, np.int32),
        zero,
        np.array([640.0]),
        np.array([ready_min * 60.0]),
        zero,
        np.array([0 if told else -1], np.int32),
    )


def test_a_courier_is_told_only_when_waiting_longer_would_make_it_late():
    assert not must_tell(one_order(ready_min=8), 0, [0], 60.0)  # there in 7 if told at 1
    assert must_tell(one_order(ready_min=7), 0, [0], 60.0)


def test_the_list_is_final_a_round_before_the_pickup():
    assert not must_tell(one_order(ready_min=9, told=True), 0, [0], 60.0)
    there = one_order(ready_min=1, told=True)._replace(arrival_s=np.array([-60.0]))
    assert must_tell(there, 0, [0], 60.0)


def test_an_order_nobody_can_take_over_in_time_is_on_no_route():
    day = one_order(ready_min=60)._replace(end_s=np.array([600.0]))
    assert plan_trips(day, [[]], Budget(iterations=5, seed=1)) == [[]]
