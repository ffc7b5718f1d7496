"""Where couriers with nothing to do should wait, so that orders yet to come start on time.

The dynamic maximum expected covering heuristic of ambulance redeployment: Daskin (Transportation
Science 17, 1983); Jagtenberg, Bhulai & van der Mei (Operations Research for Health Care 4, 2015),
with the expected delay of a pickup in the place of coverage.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.meals.day import Day, Floats, Ints
from solvers.meals.schedule import leg_s
from solvers.meals.trips import trips_of

Bools = NDArray[np.bool_]
NEAREST = 6  # couriers that count for a store
CANDIDATES = 24  # stores a courier may be sent to: the nearest
MOVES = 3  # in one round: the next round sees what became of them
RIDE_RATE = 0.05  # seconds of expected delay that a second of riding must save


class Demand(NamedTuple):
    """What is expected, learned from the orders seen so far."""

    orders: Floats  # (S,) expected at each store before couriers could be sent again
    delay_s: Floats  # (M,) expected delay of a pickup by a courier who is there after m steps
    busy: float  # share of couriers who are taken when one is needed


class Near(NamedTuple):
    """For each store the couriers who would be there first."""

    delays: Floats  # (S, NEAREST + 1) expected delay of a pickup by each, ascending
    who: Ints  # (S, NEAREST + 1) or -1
    expected: Floats  # (S,) expected delay of an order there


@njit(nogil=True, cache=True)
def _delay(day: Day, demand: Demand, eta_s: float) -> float:
    step = int(eta_s / day.rates.step_s + 0.5)
    return float(demand.delay_s[min(step, len(demand.delay_s) - 1)])


@njit(nogil=True, cache=True)
def _expected(demand: Demand, delays: Floats, who: Ints, without: int, mine: float) -> float:
    """Expected delay at a store, from the ascending `delays` of its couriers.

    Courier `without` (-1: nobody) is left out; one more comes with `mine` (infinity: nobody).
    """
    total, share, used, count = 0.0, 1.0, mine == np.inf, 0
    for k in range(len(delays)):
        if not used and mine <= delays[k]:
            used = True
            total += share * (1.0 - demand.busy) * mine
            share *= demand.busy
            count += 1
        if who[k] == without or count >= NEAREST:
            continue
        total += share * (1.0 - demand.busy) * delays[k]
        share *= demand.busy
        count += 1
    if not used and count < NEAREST:
        total += share * (1.0 - demand.busy) * mine
        share *= demand.busy
    return float(total + share * demand.delay_s[-1])


@njit(nogil=True, cache=True)
def nearest(day: Day, demand: Demand, free_s: Floats, x_m: Floats, y_m: Floats) -> Near:
    """From when and where each courier is free."""
    stores = len(day.store_x_m)
    delays = np.full((stores, NEAREST + 1), demand.delay_s[-1])
    who = np.full((stores, NEAREST + 1), -1, np.int32)
    for s in range(stores):
        for c in range(len(free_s)):
            eta = free_s[c] + leg_s(day.rates, x_m[c], y_m[c], day.store_x_m[s], day.store_y_m[s])
            if eta > day.end_s[c]:
                continue
            delay, j = _delay(day, demand, eta), NEAREST
            if delay >= delays[s, j]:
                continue
            while j > 0 and delays[s, j - 1] > delay:
                delays[s, j], who[s, j] = delays[s, j - 1], who[s, j - 1]
                j -= 1
            delays[s, j], who[s, j] = delay, c
    expected = np.empty(stores)
    for s in range(stores):
        expected[s] = _expected(demand, delays[s], who[s], -1, np.inf)
    return Near(delays, who, expected)


@njit(nogil=True, cache=True)
def rides_between(day: Day) -> Floats:
    """(S, S) seconds from store to store; the same all day."""
    stores = len(day.store_x_m)
    between = np.empty((stores, stores))
    x, y = day.store_x_m, day.store_y_m
    for s in range(stores):
        for r in range(stores):
            between[s, r] = leg_s(day.rates, x[s], y[s], x[r], y[r])
    return between


@njit(nogil=True, cache=True)
def _with_courier_at(
    day: Day, demand: Demand, c: int, ride_s: Floats, way_s: float, near: Near, counted: Bools
) -> float:
    """Expected delay over all stores when courier c waits at a place `way_s` away.

    `ride_s` leads from there to each store; `counted` are the stores that reckon with c as it is.
    """
    total = 0.0
    for s in range(len(ride_s)):
        # What counts is where he waits; the way there is not held against him.
        mine = np.inf
        if way_s + ride_s[s] <= day.end_s[c]:
            mine = _delay(day, demand, ride_s[s])
        expected = near.expected[s]
        if counted[s] or mine < near.delays[s, NEAREST]:
            expected = _expected(demand, near.delays[s], near.who[s], c, mine)
        total += demand.orders[s] * expected
    return total


@njit(nogil=True, cache=True)
def best_move(
    day: Day, demand: Demand, c: int, x_m: float, y_m: float, near: Near, between_s: Floats
) -> tuple[float, int, float]:
    """Seconds of expected delay saved by sending courier c to a store; which; and the ride."""
    stores = len(day.store_x_m)
    rides = np.empty(stores)
    counted = np.zeros(stores, np.bool_)
    for s in range(stores):
        rides[s] = leg_s(day.rates, x_m, y_m, day.store_x_m[s], day.store_y_m[s])
        counted[s] = (near.who[s] == c).any()
    stay = _with_courier_at(day, demand, c, rides, 0.0, near, counted)
    best, best_s = 0.0, -1
    for s in np.argsort(rides, kind="mergesort")[:CANDIDATES]:
        if rides[s] == 0.0 or rides[s] > day.end_s[c]:
            continue
        there = _with_courier_at(day, demand, c, between_s[s], rides[s], near, counted)
        if stay - there > best:
            best, best_s = stay - there, s
    return best, best_s, rides[best_s] if best_s >= 0 else 0.0


def moves(
    day: Day,
    routes: list[list[int]],
    idle: list[int],
    demand: Demand,
    between_s: Floats,
    least_s: float,
) -> list[tuple[int, int]]:
    """(courier, store) for those of `idle` whose moving is worth it, best first, at most MOVES.

    `between_s` is what `rides_between` says. Each move saves at least `least_s` of expected
    delay, and RIDE_RATE of the ride on top.
    """
    trips = trips_of(day, routes, 1)
    last = trips.slot_count - 1
    rows = np.arange(len(last))
    free_s = trips.slot_s[rows, last]
    x_m, y_m = trips.slot_x[rows, last], trips.slot_y[rows, last]
    near = nearest(day, demand, free_s, x_m, y_m)

    def net(c: int) -> tuple[float, int, float]:
        saved_s, store, ride_s = best_move(day, demand, c, x_m[c], y_m[c], near, between_s)
        return saved_s - RIDE_RATE * ride_s - least_s, store, ride_s

    wishes = sorted((-net(c)[0], c) for c in idle)
    chosen = []
    for wish, c in wishes[:MOVES]:
        if wish >= 0.0:
            break
        gain_s, store, ride_s = net(c)  # again: the moves before this one count
        if gain_s > 0.0 and store >= 0:
            chosen.append((c, store))
            free_s[c] = ride_s
            x_m[c], y_m[c] = day.store_x_m[store], day.store_y_m[store]
            near = nearest(day, demand, free_s, x_m, y_m)
    return chosen
