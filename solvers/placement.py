"""Where an order fits best on one route, and putting it there or taking it off (kernels)."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.problem import Floats, Ints
from solvers.schedule import (
    City,
    Records,
    Routes,
    begin_service,
    leg_s,
    refresh,
    shares_service,
    toll_of,
)

NOWHERE = -1


# Inner functions index whole arrays instead of slicing them: a slice counts a reference, which is
# an atomic operation, and ten nanoseconds here.


@njit(nogil=True, cache=True)
def fits(load: Ints, c: int, k: int, quantity: Ints, o: int, capacity: Ints) -> bool:
    """Whether order o fits on top of the load of courier c after k stops."""
    room = True
    for d in range(quantity.shape[1]):
        room = room and load[c, k, d] + quantity[o, d] <= capacity[c, d]
    return room


@njit(nogil=True, cache=True)
def suffix_delta(
    rule: bool,
    per_work_s: float,
    seq: Records,
    c: int,
    k: int,
    n: int,
    before: Any,
    arrive: float,
    limit: float,
) -> float:
    """Cost change of stops k..n of route c when stop k follows `before` and is reached then.

    Riding excluded. inf when a pickup becomes too late; stops counting beyond `limit`.
    """
    delta = 0.0
    for m in range(k, n + 1):
        task = seq[c, m]
        previous = before if m == k else seq[c, m - 1]
        if task.arrive <= arrive <= task.calm and not (rule and m == k):
            return delta
        begin = begin_service(task, arrive, shares_service(rule, previous, task))
        if begin > task.latest:
            return np.inf
        delta += toll_of(task, arrive) - task.toll
        if delta > limit:
            return delta
        leave = begin + task.service
        if m < n:
            arrive = leave + seq[c, m + 1].ride
        else:
            delta += per_work_s * (leave - task.depart)
    return delta


@njit(nogil=True, cache=True)
def keeps_trips(city: City, routes: Routes, c: int, o: int, i: int, j: int) -> bool:
    """Whether every trip beyond the pinned stops stays one of a single store (see best_place).

    A pickup is legal with nothing on board, or right after a pickup of the same store.
    i = -1: order o is anchored, and only its drop-off is inserted.
    """
    seq = routes.seq[c]
    n, pinned = routes.length[c], city.couriers[c].pinned
    aboard = city.couriers[c].carrying
    last_store = -1
    for k in range(n + 1):
        if k == i:
            if aboard > 0 and last_store != city.tasks[o].store:
                return False
            aboard += 1
            last_store = city.tasks[o].store
        if k == j:
            aboard -= 1
            last_store = -1
        if k < n:
            store = seq[k + 1].store
            if store >= 0 and aboard > 0 and last_store != store and k >= pinned:
                return False
            aboard += 1 if store >= 0 else -1
            last_store = store
    return True


@njit(nogil=True, cache=True)
def _measure(
    table: NDArray[np.float32],
    round_up_s: float,
    pace: float,
    task: Any,
    seq: Records,
    c: int,
    first: int,
    n: int,
    rides: Floats,
    row: int,
) -> None:
    """Riding times from records first..n of a route to `task`, and back again."""
    for k in range(first, n + 1):
        there = leg_s(table, round_up_s, seq[c, k], task) * pace
        rides[row, k] = there
        rides[row + 1, k] = there
        if table.shape[0] > 0:
            rides[row + 1, k] = leg_s(table, round_up_s, task, seq[c, k]) * pace


@njit(nogil=True, cache=True)
def best_place(city: City, routes: Routes, c: int, o: int, limit: float) -> tuple[float, int, int]:
    """Cheapest places for pickup and drop-off of order o on route c: (cost change, i, j).

    The pickup goes before old stop i, the drop-off before old stop j >= i. (inf, -1, -1) if
    nothing legal costs less than `limit`. Skills and bindings are the caller's business.
    """
    best, best_i, best_j = limit, NOWHERE, NOWHERE
    rule, rides = city.shared_service, routes.rides
    courier, n = city.couriers[c], routes.length[c]
    seq, load, quantity, capacity = routes.seq, routes.load, city.quantity, city.capacity
    if n + 3 > seq.shape[1]:
        return np.inf, NOWHERE, NOWHERE
    pickup, dropoff = city.tasks[o], city.tasks[city.orders.shape[0] + o]
    table, up = city.table, city.round_up_s
    _measure(table, up, courier.pace, pickup, seq, c, courier.pinned, n, rides, 0)
    _measure(table, up, courier.pace, dropoff, seq, c, courier.pinned, n, rides, 2)
    direct = leg_s(table, up, pickup, dropoff) * courier.pace
    latest = np.inf if pickup.exempt == 1 else courier.end
    home = city.orders[o].home
    fixed = city.disruption if home >= 0 and home != c else 0.0
    per_ride_s, end = courier.per_ride_s, seq[c, n].depart if n > 0 else 0.0
    for i in range(courier.pinned, n + 1):
        before = seq[c, i]
        ride_out = rides[1, i + 1] - seq[c, i + 1].ride if i < n else 0.0
        # acc: change in cost up to old stop j, the order being on board since old stop i
        acc = fixed + rides[0, i] * per_ride_s
        if city.metric and acc + ride_out * per_ride_s >= best:
            continue
        arrive = before.depart + rides[0, i]
        begin = begin_service(pickup, arrive, shares_service(rule, before, pickup))
        if begin > latest or not fits(load, c, i, quantity, o, capacity):
            continue
        depart = begin + pickup.service
        for j in range(i, n + 1):
            if j > i:
                task = seq[c, j]
                arrive = depart + task.ride
                if j == i + 1:
                    arrive += ride_out
                    acc += ride_out * per_ride_s
                last = seq[c, j - 1]
                shared = shares_service(rule, pickup if j == i + 1 else last, task)
                begin = begin_service(task, arrive, shared)
                if begin > task.latest or not fits(load, c, j, quantity, o, capacity):
                    break
                depart = begin + task.service
                acc += toll_of(task, arrive) - task.toll
                if city.metric and acc >= best:
                    break
            ride = direct if j == i else rides[2, j]
            total = acc + ride * per_ride_s + toll_of(dropoff, depart + ride)
            leave = depart + ride + dropoff.service
            if j == n:
                total += courier.per_work_s * (leave - end)
            else:
                total += (rides[3, j + 1] - seq[c, j + 1].ride) * per_ride_s
                if city.metric and total >= best:
                    continue
                arrive = leave + rides[3, j + 1]
                room = best - total if city.metric else np.inf
                total += suffix_delta(
                    rule, courier.per_work_s, seq, c, j + 1, n, dropoff, arrive, room
                )
            if total < best and (not city.single_store or keeps_trips(city, routes, c, o, i, j)):
                best, best_i, best_j = total, i, j
    if best_i == NOWHERE:
        best = np.inf
    return best, best_i, best_j


@njit(nogil=True, cache=True)
def best_dropoff(city: City, routes: Routes, c: int, o: int) -> tuple[float, int]:
    """Cheapest place on route c of the drop-off of an anchored order: (change, j).

    Until it is put on, the order counts as on board to the end of the route.
    """
    best, best_j = np.inf, NOWHERE
    table, up = city.table, city.round_up_s
    courier, n = city.couriers[c], routes.length[c]
    seq = routes.seq
    if n + 2 > seq.shape[1]:
        return best, best_j
    dropoff = city.tasks[city.orders.shape[0] + o]
    end = seq[c, n].depart if n > 0 else 0.0
    for j in range(courier.pinned, n + 1):
        before = seq[c, j]
        if not _fits_until(routes.load, c, j, city.capacity):
            break
        ride = leg_s(table, up, before, dropoff) * courier.pace
        total = ride * courier.per_ride_s + toll_of(dropoff, before.depart + ride)
        leave = before.depart + ride + dropoff.service
        if j == n:
            total += courier.per_work_s * (leave - end)
        else:
            after = leg_s(table, up, dropoff, seq[c, j + 1]) * courier.pace
            total += (after - seq[c, j + 1].ride) * courier.per_ride_s
            total += suffix_delta(
                city.shared_service,
                courier.per_work_s,
                seq,
                c,
                j + 1,
                n,
                dropoff,
                leave + after,
                np.inf,
            )
        if total < best and (not city.single_store or keeps_trips(city, routes, c, o, -1, j)):
            best, best_j = total, j
    return best, best_j


@njit(nogil=True, cache=True)
def _fits_until(load: Ints, c: int, k: int, capacity: Ints) -> bool:
    """Whether the load of courier c after k stops is within capacity."""
    room = True
    for d in range(capacity.shape[1]):
        room = room and load[c, k, d] <= capacity[c, d]
    return room


@njit(nogil=True, cache=True)
def _open_gap(city: City, routes: Routes, c: int, at: int, stop: int) -> None:
    """Make `stop` the stop number `at` of route c; the later ones move on by one."""
    seq = routes.seq[c]
    for m in range(routes.length[c], at, -1):
        seq[m + 1] = seq[m]
    seq[at + 1] = city.tasks[stop]
    if city.tasks[stop].exempt == 0:
        seq[at + 1].latest = city.couriers[c].end
    routes.length[c] += 1


@njit(nogil=True, cache=True)
def put_on(city: City, routes: Routes, c: int, o: int, i: int, j: int) -> None:
    """Insert order o as best_place says; of an anchored order only the drop-off."""
    _open_gap(city, routes, c, j, city.orders.shape[0] + o)
    if not city.orders[o].anchored:
        _open_gap(city, routes, c, i, o)
    routes.route_of[o] = c
    refresh(city, routes, c)


@njit(nogil=True, cache=True)
def take_off(city: City, routes: Routes, o: int) -> None:
    """Remove order o from its route, or only its drop-off if it is anchored.

    The caller refreshes the route afterwards.
    """
    c = routes.route_of[o]
    seq = routes.seq[c]
    pickup = NOWHERE if city.orders[o].anchored else o
    dropoff = city.orders.shape[0] + o
    kept = 0
    for k in range(1, routes.length[c] + 1):
        if seq[k].stop != pickup and seq[k].stop != dropoff:
            kept += 1
            if kept != k:
                seq[kept] = seq[k]
    routes.length[c] = kept
    routes.route_of[o] = NOWHERE


@njit(nogil=True, cache=True)
def may_serve(city: City, routes: Routes, c: int, o: int) -> bool:
    """Whether skills, bindings and the order's group let courier c serve order o."""
    order = city.orders[o]
    if order.bound >= 0 and order.bound != c:
        return False
    if order.skills & ~city.couriers[c].skills:
        return False
    keeper = group_courier(city, routes, o)
    return keeper == NOWHERE or keeper == c  # noqa: PLR1714 (numba)


@njit(nogil=True, cache=True)
def group_courier(city: City, routes: Routes, o: int) -> int:
    """The courier who must serve order o for the sake of its group, or -1.

    One who serves a member already; otherwise one to whom a member is bound.
    """
    g = city.orders[o].group
    if g < 0:
        return NOWHERE
    bound = NOWHERE
    for m in range(city.member_start[g], city.member_start[g + 1]):
        member = city.members[m]
        if routes.route_of[member] >= 0:
            return int(routes.route_of[member])
        if city.orders[member].bound >= 0:
            bound = city.orders[member].bound
    return int(bound)
