"""Which orders are related and which couriers are near: the lists that bound a search."""

from typing import NamedTuple

import numpy as np
from numba import njit

from solvers.problem import Floats, Ints
from solvers.schedule import City, Records, leg_s

UNKNOWN = -2  # not looked for yet
ORDERS = 40
COURIERS = 16
# A second between two promises counts for a third of a second between two places.
DUE_SHARE = 1.0 / 3.0


class Neighbors(NamedTuple):
    """Filled row by row, when a row is first asked for."""

    orders: Ints  # (N, K) related orders, nearest first; -1 at the end
    couriers: Ints  # (N, KC) couriers near the pickup, nearest first; -1 at the end


def neighbors_of(city: City, orders: int = ORDERS, couriers: int = COURIERS) -> Neighbors:
    """Empty lists, to be filled on demand by `order_row` and `courier_row`."""
    n, c = len(city.orders), len(city.couriers)
    return Neighbors(
        np.full((n, max(1, min(orders, n - 1))), UNKNOWN, np.int32),
        np.full((n, max(1, min(couriers, c))), UNKNOWN, np.int32),
    )


@njit(nogil=True, cache=True)
def order_row(city: City, neighbors: Neighbors, o: int) -> Ints:
    """The orders most related to o: near in both places, promised for about the same time."""
    row = neighbors.orders[o]
    if row[0] == UNKNOWN:
        n = city.orders.shape[0]
        distance = np.full(row.shape[0], np.inf)
        row[:] = -1
        pickup, dropoff = city.tasks[o], city.tasks[n + o]
        for other in range(n):
            if other != o:
                there = city.tasks[n + other]
                apart = abs(there.due - dropoff.due) * DUE_SHARE
                if apart < distance[-1]:
                    apart += leg_s(city.table, city.round_up_s, pickup, city.tasks[other])
                    if apart < distance[-1]:
                        _keep(
                            row,
                            distance,
                            other,
                            apart + leg_s(city.table, city.round_up_s, dropoff, there),
                        )
    return row


@njit(nogil=True, cache=True)
def courier_row(city: City, neighbors: Neighbors, starts: Records, o: int) -> Ints:
    """The couriers who could be at the pickup of o first, setting out from where they are."""
    row = neighbors.couriers[o]
    if row[0] == UNKNOWN:
        distance = np.full(row.shape[0], np.inf)
        row[:] = -1
        order = city.orders[o]
        for c in range(city.couriers.shape[0]):
            courier = city.couriers[c]
            if order.skills & ~courier.skills or (order.bound >= 0 and order.bound != c):
                continue
            ride = leg_s(city.table, city.round_up_s, starts[c, 0], city.tasks[o]) * courier.pace
            _keep(row, distance, c, courier.free + ride)
    return row


@njit(nogil=True, cache=True)
def _keep(row: Ints, distance: Floats, candidate: int, apart: float) -> None:
    """Insertion into a short sorted list."""
    if apart >= distance[-1]:
        return
    k = row.shape[0] - 1
    while k > 0 and distance[k - 1] > apart:
        distance[k] = distance[k - 1]
        row[k] = row[k - 1]
        k -= 1
    distance[k] = apart
    row[k] = candidate
