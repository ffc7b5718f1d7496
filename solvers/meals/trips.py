"""The plan of all couriers while it is being changed. Numba kernels; each keeps the columns of
slots and costs true.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.meals.day import Day, Floats, Ints
from solvers.meals.schedule import route_cost, slots

STOPS_MAX = 24  # of one route
NEW, IN_FRONT, INSIDE = 0, 1, 2  # a trip of its own; before or among those of a trip


class Trips(NamedTuple):
    """The plan while it is being changed."""

    routes: Ints  # (C, STOPS_MAX) coded stops
    length: Ints  # (C,)
    cost: Floats  # (C,)
    courier_of: Ints  # (N,) or -1
    slot_at: Ints  # (C, STOPS_MAX + 1)
    slot_s: Floats
    slot_x: Floats
    slot_y: Floats
    slot_count: Ints  # (C,)
    random: NDArray[np.uint64]  # (1,)


def trips_of(day: Day, routes: list[list[int]], seed: int) -> Trips:
    """Arrays for `routes`, the coded stops of each courier."""
    couriers = len(day.free_s)
    table = np.zeros((couriers, STOPS_MAX), np.int32)
    length = np.zeros(couriers, np.int32)
    courier_of = np.full(len(day.store), -1, np.int32)
    for c, route in enumerate(routes):
        length[c] = len(route)
        table[c, : len(route)] = route
        for stop in route:
            courier_of[stop >> 1] = c
    shape = (couriers, STOPS_MAX + 1)
    trips = Trips(
        table,
        length,
        np.zeros(couriers),
        courier_of,
        np.zeros(shape, np.int32),
        np.zeros(shape),
        np.zeros(shape),
        np.zeros(shape),
        np.zeros(couriers, np.int32),
        np.array([seed * 2 + 1], np.uint64),
    )
    _refresh_all(day, trips)
    return trips


@njit(nogil=True, cache=True)
def draw(state: NDArray[np.uint64]) -> float:
    """Uniform in [0, 1): xorshift64* (Marsaglia 2003; Vigna 2016)."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return float((x * np.uint64(2685821657736338717)) >> np.uint64(11)) / 9007199254740992.0


@njit(nogil=True, cache=True)
def refresh(day: Day, trips: Trips, c: int) -> None:
    n = trips.length[c]
    trips.cost[c] = route_cost(day, c, trips.routes[c], n)
    trips.slot_count[c] = slots(
        day,
        c,
        trips.routes[c],
        n,
        trips.slot_at[c],
        trips.slot_s[c],
        trips.slot_x[c],
        trips.slot_y[c],
    )


@njit(nogil=True, cache=True)
def _refresh_all(day: Day, trips: Trips) -> None:
    for c in range(len(trips.length)):
        refresh(day, trips, c)


@njit(nogil=True, cache=True)
def with_order(route: Ints, n: int, at: int, order: int, how: int, out: Ints) -> None:
    """The route with an order put in before position `at`."""
    for j in range(at):
        out[j] = route[j]
    for j in range(at, n):
        out[j + 1] = route[j]
    out[at] = order << 1 | (1 if how != INSIDE else 0)
    if how == IN_FRONT:
        out[at + 1] &= ~1


@njit(nogil=True, cache=True)
def put(day: Day, trips: Trips, o: int, c: int, at: int, how: int, out: Ints) -> None:
    n = trips.length[c]
    with_order(trips.routes[c], n, at, o, how, out)
    trips.routes[c, : n + 1] = out[: n + 1]
    trips.length[c] = n + 1
    trips.courier_of[o] = c
    refresh(day, trips, c)


@njit(nogil=True, cache=True)
def take(day: Day, trips: Trips, o: int) -> None:
    c = trips.courier_of[o]
    route, n = trips.routes[c], trips.length[c]
    at = 0
    while route[at] >> 1 != o:
        at += 1
    if route[at] & 1 and at + 1 < n:
        route[at + 1] |= 1
    for j in range(at, n - 1):
        route[j] = route[j + 1]
    trips.length[c] = n - 1
    trips.courier_of[o] = -1
    refresh(day, trips, c)
