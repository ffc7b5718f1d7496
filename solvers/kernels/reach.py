"""The least an order can cost on each route, from a few numbers of it (kernels).

Most couriers are too far away to be worth a look. Where a detour never shortens a ride, a bound
says so without looking at any stop: the ride to the nearest place a route could come by, and
the lateness and freshness of the earliest arrival at the door.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from solvers.kernels.boarding import may_serve
from solvers.kernels.borrowing import borrowed
from solvers.kernels.placement import place_on
from solvers.kernels.schedule import NOWHERE, City, Routes, leg_s
from solvers.problem import Floats

SAFETY = 1.0 - 1e-9  # a bound stays one when it is rounded


class Reach(NamedTuple):
    """Rows of (C,): what the bounds of a route follow from. `note` keeps them up."""

    x: Floats  # a circle around all places the order may be put next to
    y: Floats
    radius: Floats
    longest: Floats  # ride between two of these places, seconds
    start_x: Floats  # where and when the first of them is left
    start_y: Floats
    start: Floats
    pace: Floats  # 1 / speed
    per_ride_s: Floats
    least: Floats  # scratch: the bounds of one order


def reach_of(city: City, routes: Routes) -> Reach:
    """Of all routes as they are."""
    reach = Reach(*np.zeros((len(Reach._fields), len(city.couriers))))
    reach.pace[:], reach.per_ride_s[:] = city.couriers["pace"], city.couriers["per_ride_s"]
    _note_all(city, routes, reach)
    return reach


@njit(nogil=True, cache=True)
def _note_all(city: City, routes: Routes, reach: Reach) -> None:
    city, routes, reach = borrowed(city), borrowed(routes), borrowed(reach)
    for c in range(city.couriers.shape[0]):
        note(city, routes, reach, c)


@njit(nogil=True, cache=True)
def note(city: City, routes: Routes, reach: Reach, c: int) -> None:
    """Route c has changed."""
    seq, n, first = routes.seq[c], routes.length[c], city.couriers[c].pinned
    left = right = seq[first].x
    low = high = seq[first].y
    longest = 0.0
    for k in range(first + 1, n + 1):
        left, right = min(left, seq[k].x), max(right, seq[k].x)
        low, high = min(low, seq[k].y), max(high, seq[k].y)
        longest = max(longest, seq[k].ride)
    x, y = (left + right) / 2.0, (low + high) / 2.0
    square = 0.0
    for k in range(first, n + 1):
        dx, dy = seq[k].x - x, seq[k].y - y
        square = max(square, dx * dx + dy * dy)
    reach.x[c], reach.y[c], reach.radius[c] = x, y, np.sqrt(square)
    reach.longest[c] = longest
    reach.start_x[c], reach.start_y[c] = seq[first].x, seq[first].y
    reach.start[c] = seq[first].depart


@njit(nogil=True, cache=True)
def bound_all(city: City, reach: Reach, o: int) -> None:
    """Fill `least`: order o costs no less on each route. Only where the city is metric."""
    pickup, dropoff = city.tasks[o], city.tasks[city.orders.shape[0] + o]
    direct = leg_s(city.table, city.round_up_s, pickup, dropoff)
    # Handed over together with another order, service may count as begun before arrival.
    shared = pickup.service if city.shared_service else 0.0
    service = pickup.service - shared
    _bound_all(
        pickup.x,
        pickup.y,
        dropoff.x,
        dropoff.y,
        direct,
        pickup.ready + shared,
        service,
        dropoff.due,
        dropoff.late,
        dropoff.fresh,
        dropoff.origin,
        reach.x,
        reach.y,
        reach.radius,
        reach.longest,
        reach.start_x,
        reach.start_y,
        reach.start,
        reach.pace,
        reach.per_ride_s,
        reach.least,
    )


@njit(nogil=True, cache=True)
def _bound_all(
    px: float,
    py: float,
    dx: float,
    dy: float,
    direct: float,
    ready: float,
    service: float,
    due: float,
    late: float,
    fresh: float,
    origin: float,
    x: Floats,
    y: Floats,
    radius: Floats,
    longest: Floats,
    start_x: Floats,
    start_y: Floats,
    start: Floats,
    pace: Floats,
    per_ride_s: Floats,
    least: Floats,
) -> None:
    """A plain loop over columns, because that becomes vector instructions."""
    for c in range(least.shape[0]):
        ax, ay = x[c] - px, y[c] - py
        bx, by = x[c] - dx, y[c] - dy
        far = np.sqrt(max(ax * ax + ay * ay, bx * bx + by * by))
        ride = max(0.0, far - radius[c]) * pace[c]
        detour = max(0.0, min(ride, 2.0 * ride - longest[c]))
        sx, sy = start_x[c] - px, start_y[c] - py
        arrive = start[c] + np.sqrt(sx * sx + sy * sy) * pace[c]
        at_door = max(arrive, ready) + service + direct * pace[c]
        toll = late * max(0.0, at_door - due) + fresh * (at_door - origin)
        least[c] = (detour * per_ride_s[c] + toll) * SAFETY


@njit(nogil=True, cache=True)
def best_of_all(
    city: City, routes: Routes, reach: Reach, o: int, limit: float
) -> tuple[float, int, int, int]:
    """The cheapest place of order o on any route: (cost, courier, i, j); of equals the first.

    (limit, -1, -1, -1) if there is none below the limit.
    """
    bound_all(city, reach, o)
    least, couriers, orders, tasks = reach.least, city.couriers, city.orders, city.tasks
    quantity, capacity, table = city.quantity, city.capacity, city.table
    round_up_s, disruption, metric = city.round_up_s, city.disruption, city.metric
    trips, rule = city.single_store, city.shared_service
    seq, load, length, rides = routes.seq, routes.load, routes.length, routes.rides
    best, best_c, best_i, best_j = limit, NOWHERE, NOWHERE, NOWHERE
    nearest = int(np.argmin(least)) if least.shape[0] > 0 else 0
    for turn in range(-1, least.shape[0]):
        c = nearest if turn < 0 else turn  # a good price to begin with spares most of the rest
        if turn == nearest or c >= least.shape[0] or least[c] >= best:
            continue
        if may_serve(city, routes, c, o):
            enough = np.nextafter(best, np.inf) if c < best_c else best
            cost, i, j = place_on(
                couriers,
                orders,
                tasks,
                quantity,
                capacity,
                table,
                round_up_s,
                disruption,
                metric,
                trips,
                rule,
                seq,
                load,
                length,
                rides,
                c,
                o,
                enough,
            )
            if cost < enough:
                best, best_c, best_i, best_j = cost, c, i, j
    return best, best_c, best_i, best_j
