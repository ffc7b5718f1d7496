"""Which orders are related and which couriers are near: the lists that bound a search."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.kernels.boarding import group_courier
from solvers.kernels.borrowing import inlined
from solvers.kernels.schedule import NOWHERE, City, Records, Routes, leg_s
from solvers.problem import Ints

Singles = NDArray[np.float32]

UNKNOWN = -2  # not looked for yet
ORDERS = 40
COURIERS = 16
# A second between two promises counts for a third of a second between two places.
DUE_SHARE = 1.0 / 3.0


class Neighbors(NamedTuple):
    """Filled row by row, when a row is first asked for."""

    orders: Ints  # (N, K) related orders, nearest first; -1 at the end
    couriers: Ints  # (N, KC) couriers near the pickup, nearest first; -1 at the end
    order_points: Singles  # (5, N) x, y of pickup, x, y of drop-off, due x DUE_SHARE
    courier_points: Singles  # (4, C) x, y, free, pace
    distance: Singles  # (max(N, C),) scratch


def neighbors_of(city: City, orders: int = ORDERS, couriers: int = COURIERS) -> Neighbors:
    """Empty lists, to be filled on demand by `order_row` and `courier_row`."""
    n, c = len(city.orders), len(city.couriers)
    pickups, dropoffs = city.tasks[:n], city.tasks[n:]
    start = city.xy[city.couriers["place"], :2] if len(city.xy) else np.zeros((c, 2))
    columns = [pickups["x"], pickups["y"], dropoffs["x"], dropoffs["y"]]
    return Neighbors(
        np.full((n, max(1, min(orders, n - 1))), UNKNOWN, np.int32),
        np.full((n, max(1, min(couriers, c))), UNKNOWN, np.int32),
        np.array([*columns, dropoffs["due"] * DUE_SHARE], np.float32),
        np.array([*start.T, city.couriers["free"], city.couriers["pace"]], np.float32),
        np.zeros(max(n, c), np.float32),
    )


@njit(nogil=True, cache=True)
def order_row(city: City, neighbors: Neighbors, o: int) -> Ints:
    """The orders most related to o: near in both places, promised for about the same time."""
    row = neighbors.orders[o]
    if row[0] == UNKNOWN:
        n = city.orders.shape[0]
        distance = neighbors.distance
        if city.metric:
            _apart(neighbors.order_points, o, distance)
        else:
            pickup, dropoff = city.tasks[o], city.tasks[n + o]
            for other in range(n):
                there = city.tasks[n + other]
                distance[other] = abs(there.due - dropoff.due) * DUE_SHARE
                distance[other] += leg_s(city.table, city.round_up_s, pickup, city.tasks[other])
                distance[other] += leg_s(city.table, city.round_up_s, dropoff, there)
        distance[o] = np.inf
        _nearest(distance, n, row)
    return row


@njit(nogil=True, cache=True)
def courier_row(city: City, neighbors: Neighbors, starts: Records, o: int) -> Ints:
    """The couriers who could be at the pickup of o first, setting out from where they are."""
    row = neighbors.couriers[o]
    if row[0] == UNKNOWN:
        order, pickup = city.orders[o], city.tasks[o]
        distance = neighbors.distance
        count = city.couriers.shape[0]
        if city.metric:
            _away(neighbors.courier_points, pickup.x, pickup.y, count, distance)
        else:
            for c in range(count):
                ride = leg_s(city.table, city.round_up_s, starts[c, 0], pickup)
                distance[c] = city.couriers[c].free + ride * city.couriers[c].pace
        if order.skills != 0 or order.bound >= 0:
            for c in range(count):
                unskilled = order.skills & ~city.couriers[c].skills
                if unskilled or (order.bound >= 0 and order.bound != c):
                    distance[c] = np.inf
        _nearest(distance, count, row)
    return row


# Two plain loops over columns, because those become vector instructions; the selection, which
# does not, then has little to do.


@njit(nogil=True, cache=True)
def _apart(points: Singles, o: int, distance: Singles) -> None:
    px, py, dx, dy, due = points[0], points[1], points[2], points[3], points[4]
    for k in range(px.shape[0]):
        pickup = np.sqrt((px[k] - px[o]) * (px[k] - px[o]) + (py[k] - py[o]) * (py[k] - py[o]))
        dropoff = np.sqrt((dx[k] - dx[o]) * (dx[k] - dx[o]) + (dy[k] - dy[o]) * (dy[k] - dy[o]))
        distance[k] = pickup + dropoff + abs(due[k] - due[o])


@njit(nogil=True, cache=True)
def _away(points: Singles, x: float, y: float, count: int, distance: Singles) -> None:
    px, py, free, pace = points[0], points[1], points[2], points[3]
    x32, y32 = np.float32(x), np.float32(y)
    for k in range(count):
        dx, dy = px[k] - x32, py[k] - y32
        distance[k] = free[k] + pace[k] * np.sqrt(dx * dx + dy * dy)


@njit(nogil=True, cache=True)
def _nearest(distance: Singles, count: int, row: Ints) -> None:
    """Fill `row` with the columns of the smallest distances, ascending; -1 where there are none."""
    row[:] = -1
    last = row.shape[0] - 1
    held = np.full(row.shape[0], np.inf, np.float32)
    for candidate in range(count):
        apart = distance[candidate]
        if apart < held[last]:
            k = last
            while k > 0 and held[k - 1] > apart:
                held[k] = held[k - 1]
                row[k] = row[k - 1]
                k -= 1
            held[k] = apart
            row[k] = candidate


@inlined
def candidates(
    city: City, routes: Routes, neighbors: Neighbors, o: int, mark: Ints, stamp: int, near: Ints
) -> int:
    """Fill `near` with the couriers worth asking for order o; how many they are.

    They are those near its pickup, and those who serve related orders. `mark` and `stamp`
    keep them apart without clearing.
    """
    count = 0
    if city.orders[o].group >= 0:
        keeper = group_courier(city, routes, o)
        if keeper != NOWHERE:
            near[0] = keeper
            return 1
    for c in courier_row(city, neighbors, routes.seq, o):
        if c >= 0 and mark[c] != stamp:
            mark[c] = stamp
            near[count] = c
            count += 1
    for other in order_row(city, neighbors, o):
        if other >= 0:
            c = routes.route_of[other]
            if c >= 0 and mark[c] != stamp:
                mark[c] = stamp
                near[count] = c
                count += 1
    return count
