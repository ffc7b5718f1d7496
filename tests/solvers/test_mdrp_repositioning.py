"""Couriers with nothing to do wait where orders are expected, and nowhere else."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.meals.forecast import ORDERS_MIN, Forecast
from solvers.meals.repositioning import Demand, best_move, moves, nearest, rides_between
from tests.solvers.test_mdrp_meals import random_day, ride_s

BUSY = 0.4


def demand_of(day, seed: int) -> Demand:
    rng = np.random.default_rng(seed)
    delay = np.maximum(0.0, np.arange(61) * 60.0 - 300.0)
    return Demand(rng.uniform(0, 4, len(day.store_x_m)), delay, BUSY)


def plain_delay(day, demand: Demand, places) -> float:
    """Expected delay over all stores; `places` holds (free, x, y, end, way) of each courier."""
    total = 0.0
    for s, expected in enumerate(demand.orders):
        delays = []
        for free, x, y, end, way in places:
            eta = free + ride_s(x, y, day.store_x_m[s], day.store_y_m[s])
            if eta + way <= end:
                delays.append(demand.delay_s[min(int(eta / 60), 60)])
        share, delay = 1.0, 0.0
        for d in sorted(delays)[:6]:
            delay += share * (1 - BUSY) * d
            share *= BUSY
        missing = 6 - min(6, len(delays))  # as far away as the table reaches
        for _ in range(missing):
            delay += share * (1 - BUSY) * demand.delay_s[-1]
            share *= BUSY
        total += expected * (delay + share * demand.delay_s[-1])
    return total


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_a_move_saves_what_it_says(seed):
    day, _ = random_day(seed)
    demand = demand_of(day, seed)
    free = day.free_s.copy()
    c = seed % len(free)
    free[c] = 0.0
    near = nearest(day, demand, free, day.courier_x_m, day.courier_y_m)
    here = day.courier_x_m[c], day.courier_y_m[c]
    saved, store, ride = best_move(day, demand, c, *here, near, rides_between(day))
    rows = range(len(free))
    places = [(free[k], day.courier_x_m[k], day.courier_y_m[k], day.end_s[k], 0.0) for k in rows]
    stay = plain_delay(day, demand, places)
    best = 0.0
    for s in range(len(day.store_x_m)):
        x, y = day.store_x_m[s], day.store_y_m[s]
        way = ride_s(places[c][1], places[c][2], x, y)
        if 0.0 < way <= day.end_s[c]:
            there = [*places]
            there[c] = (0.0, x, y, day.end_s[c], way)
            best = max(best, stay - plain_delay(day, demand, there))
    assert abs(saved - best) < 1e-6
    assert (store >= 0) == (best > 0.0)
    assert store < 0 or ride > 0.0


def test_two_couriers_are_not_sent_for_the_demand_of_one():
    day, _ = random_day(3)
    far = np.full(2, 20_000.0)
    day = day._replace(
        courier_x_m=far,
        courier_y_m=far,
        free_s=np.zeros(2),
        end_s=np.full(2, 36_000.0),
        heading=np.full(2, -1, np.int32),
        arrival_s=np.zeros(2),
        store_x_m=np.array([0.0, 20_000.0]),
        store_y_m=np.array([0.0, 20_000.0]),
        store=np.zeros(0, np.int32),
        x_m=np.zeros(0),
        y_m=np.zeros(0),
        ready_s=np.zeros(0),
        placed_s=np.zeros(0),
        holder=np.zeros(0, np.int32),
    )
    demand = Demand(np.array([1.0, 1.0]), np.arange(120) * 60.0, 0.0)
    assert moves(day, [[], []], [0, 1], demand, rides_between(day), 30.0) == [(0, 0)]
    assert moves(day, [[], []], [], demand, rides_between(day), 30.0) == []


def test_nothing_is_expected_before_anything_is_known():
    forecast = Forecast(3, 120.0)
    for k in range(ORDERS_MIN - 1):
        forecast.learn(0, 60.0 * k, 60.0 * k + 900.0)
    assert forecast.demand(600.0, 1_800.0, BUSY, 60.0) is None
    forecast.learn(2, 600.0, 1_500.0)
    demand = forecast.demand(600.0, 1_800.0, BUSY, 60.0)
    assert demand is not None
    # five orders in the last hour are 2.5 in half an hour; each store is credited with one more
    assert np.allclose(demand.orders, 2.5 * np.array([5, 1, 2]) / 8)
    assert demand.delay_s[13] == 0.0  # fifteen minutes' notice: thirteen of riding are in time
    assert demand.delay_s[14] == 60.0
