"""Where an order fits best on one route, and putting it there or taking it off (kernels)."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.kernels.borrowing import inlined
from solvers.kernels.schedule import (
    NOWHERE,
    City,
    Records,
    Routes,
    begin_service,
    leg_s,
    moved,
    shares_service,
    toll_of,
)
from solvers.problem import Floats, Ints

# Inner functions take arrays one by one and index them whole. Binding an array to a name or
# slicing it counts a reference, which is an atomic operation: ten nanoseconds where the work
# takes three, and a City has a dozen arrays.


@inlined
def fits(load: Ints, c: int, k: int, quantity: Ints, o: int, capacity: Ints) -> bool:
    """Whether order o fits on top of the load of courier c after k stops."""
    room = True
    for d in range(quantity.shape[1]):
        room = room and load[c, k, d] + quantity[o, d] <= capacity[c, d]
    return room


@inlined
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
def keeps_trips(
    couriers: Records, store: int, seq: Records, c: int, n: int, i: int, j: int
) -> bool:
    """Whether every trip beyond the pinned stops stays one of a single store (see best_place).

    A pickup is legal with nothing on board, or right after a pickup of the same store.
    The order inserted is one of `store`; i = -1: it is anchored, and only dropped off.
    """
    aboard, pinned = couriers[c].carrying, couriers[c].pinned
    last_store = -1
    for k in range(n + 1):
        if k == i:
            if aboard > 0 and last_store != store:
                return False
            aboard += 1
            last_store = store
        if k == j:
            aboard -= 1
            last_store = -1
        if k < n:
            here = seq[c, k + 1].store
            if here >= 0 and aboard > 0 and last_store != here and k >= pinned:
                return False
            aboard += 1 if here >= 0 else -1
            last_store = here
    return True


@inlined
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


@inlined
def _least_detours(seq: Records, c: int, first: int, n: int, rides: Floats, row: int) -> float:
    """The least detour by way of the task measured in `row`; row 4: the same from record k on."""
    least = np.inf
    rides[4, n + 1] = least
    for k in range(n, first - 1, -1):
        detour = rides[row, k]
        if k < n:
            detour += rides[row + 1, k + 1] - seq[c, k + 1].ride
        least = min(least, detour)
        rides[4, k] = least
    return least


@inlined
def _measured(
    table: NDArray[np.float32],
    round_up_s: float,
    courier: Any,
    pickup: Any,
    dropoff: Any,
    seq: Records,
    c: int,
    n: int,
    rides: Floats,
    room: float,
) -> bool:
    """Fill `rides` for both tasks; False if going by way of one of them costs more than `room`."""
    first, pace = courier.pinned, courier.pace
    for row in range(0, 4, 2):
        task = pickup if row == 0 else dropoff
        _measure(table, round_up_s, pace, task, seq, c, first, n, rides, row)
        if _least_detours(seq, c, first, n, rides, row) * courier.per_ride_s >= room:
            return False
    return True


@inlined
def _with_dropoff(
    rule: bool,
    metric: bool,
    courier: Any,
    seq: Records,
    c: int,
    j: int,
    n: int,
    rides: Floats,
    dropoff: Any,
    depart_s: float,
    ride_s: float,
    cost: float,
    limit: float,
) -> float:
    """`cost` plus that of riding to the drop-off and going on with old stop j; inf if too dear."""
    arrive = depart_s + ride_s
    total = cost + ride_s * courier.per_ride_s + toll_of(dropoff, arrive)
    leave = arrive + dropoff.service
    if j == n:
        end = seq[c, n].depart if n > 0 else 0.0
        return float(total + courier.per_work_s * (leave - end))
    task = seq[c, j + 1]
    arrive = leave + rides[3, j + 1]
    total += (rides[3, j + 1] - task.ride) * courier.per_ride_s
    if rule or not task.arrive <= arrive <= task.calm:
        room = limit - total if metric else np.inf
        if metric and not rule and task.slope * (arrive - task.arrive) >= room:
            return np.inf
        total += suffix_delta(rule, courier.per_work_s, seq, c, j + 1, n, dropoff, arrive, room)
    return float(total)


@inlined
def _onward(
    rule: bool,
    seq: Records,
    c: int,
    i: int,
    n: int,
    rides: Floats,
    dropoff: Any,
    depart_s: float,
    direct_s: float,
) -> float:
    """The least that leaving the pickup before old stop i then costs, riding excluded.

    However it goes on, the door is reached no earlier, and the next stop no earlier.
    """
    toll = toll_of(dropoff, depart_s + direct_s)
    if i < n and not rule:
        late_s = depart_s + rides[1, i + 1] - seq[c, i + 1].arrive
        toll += seq[c, i + 1].slope * max(0.0, late_s)
    return float(toll)


@inlined
def best_place(city: City, routes: Routes, c: int, o: int, limit: float) -> tuple[float, int, int]:
    """Cheapest places for pickup and drop-off of order o on route c: (cost change, i, j).

    The pickup goes before old stop i, the drop-off before old stop j >= i. (inf, -1, -1) if
    nothing legal costs less than `limit`. Skills and bindings are the caller's business.
    """
    return place_on(
        city.couriers,
        city.orders,
        city.tasks,
        city.quantity,
        city.capacity,
        city.table,
        city.round_up_s,
        city.disruption,
        city.metric,
        city.single_store,
        city.shared_service,
        routes.seq,
        routes.load,
        routes.length,
        routes.rides,
        c,
        o,
        limit,
    )


@inlined
def place_on(
    couriers: Records,
    orders: Records,
    tasks: Records,
    quantity: Ints,
    capacity: Ints,
    table: NDArray[np.float32],
    round_up_s: float,
    disruption: float,
    metric: bool,
    single_store: bool,
    rule: bool,
    seq: Records,
    load: Ints,
    length: Ints,
    rides: Floats,
    c: int,
    o: int,
    limit: float,
) -> tuple[float, int, int]:
    """`best_place` for loops: handing over a City takes as long as a look at a short route."""
    n, best, best_i, best_j = length[c], limit, NOWHERE, NOWHERE
    if n + 3 > seq.shape[1]:
        return np.inf, NOWHERE, NOWHERE
    courier, pickup, dropoff = couriers[c], tasks[o], tasks[orders.shape[0] + o]
    per_ride_s = courier.per_ride_s
    fixed = disruption if moved(orders, o, c) else 0.0
    room = best - fixed if metric else np.inf
    if not _measured(table, round_up_s, courier, pickup, dropoff, seq, c, n, rides, room):
        return np.inf, NOWHERE, NOWHERE
    direct = leg_s(table, round_up_s, pickup, dropoff) * courier.pace
    for i in range(courier.pinned, n + 1):
        before = seq[c, i]
        ride_out = rides[1, i + 1] - seq[c, i + 1].ride if i < n else 0.0
        # acc: change in cost up to old stop j, the order being on board since old stop i
        acc = fixed + rides[0, i] * per_ride_s
        if metric and acc + ride_out * per_ride_s >= best:
            continue
        arrive = before.depart + rides[0, i]
        begin = begin_service(pickup, arrive, shares_service(rule, before, pickup))
        if begin > pickup.latest + courier.end or not fits(load, c, i, quantity, o, capacity):
            continue
        depart = begin + pickup.service
        least = acc + ride_out * per_ride_s
        least += _onward(rule, seq, c, i, n, rides, dropoff, depart, direct)
        if metric and least >= best:
            continue
        # Apart from each other both detours count in full, and the second has a least one.
        near_only = metric and least + rides[4, i + 1] * per_ride_s >= best
        for j in range(i, (i if near_only else n) + 1):
            if j > i:
                task = seq[c, j]
                last = pickup if j == i + 1 else seq[c, j - 1]
                detour = ride_out if j == i + 1 else 0.0
                arrive = depart + task.ride + detour
                begin = begin_service(task, arrive, shares_service(rule, last, task))
                if begin > task.latest or not fits(load, c, j, quantity, o, capacity):
                    break
                depart = begin + task.service
                acc = acc + detour * per_ride_s + (toll_of(task, arrive) - task.toll)
                toll = toll_of(dropoff, depart + rides[2, j])
                if metric and acc + toll + rides[4, j] * per_ride_s >= best:
                    break
            total = _with_dropoff(
                rule,
                metric,
                courier,
                seq,
                c,
                j,
                n,
                rides,
                dropoff,
                depart,
                direct if j == i else rides[2, j],
                acc,
                best,
            )
            if total < best and (
                not single_store or keeps_trips(couriers, pickup.store, seq, c, n, i, j)
            ):
                best, best_i, best_j = total, i, j
    return best if best_i != NOWHERE else np.inf, best_i, best_j


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
        if total < best and (
            not city.single_store or keeps_trips(city.couriers, NOWHERE, seq, c, n, NOWHERE, j)
        ):
            best, best_j = total, j
    return best, best_j


@inlined
def _fits_until(load: Ints, c: int, k: int, capacity: Ints) -> bool:
    """Whether the load of courier c after k stops is within capacity."""
    room = True
    for d in range(capacity.shape[1]):
        room = room and load[c, k, d] <= capacity[c, d]
    return room
