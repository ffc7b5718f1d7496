"""Putting an order on a route and taking it off, and which courier may serve it (kernels)."""

from solvers.kernels.borrowing import inlined
from solvers.kernels.schedule import NOWHERE, City, Routes, refresh


@inlined
def _open_gap(city: City, routes: Routes, c: int, at: int, stop: int) -> None:
    """Make `stop` the stop number `at` of route c; the later ones move on by one."""
    seq = routes.seq[c]
    for m in range(routes.length[c], at, -1):
        seq[m + 1] = seq[m]
    seq[at + 1] = city.tasks[stop]
    seq[at + 1].latest += city.couriers[c].end
    routes.length[c] += 1


@inlined
def put_on(city: City, routes: Routes, c: int, o: int, i: int, j: int) -> None:
    """Insert order o as best_place says; of an anchored order only the drop-off."""
    _open_gap(city, routes, c, j, city.orders.shape[0] + o)
    if not city.orders[o].anchored:
        _open_gap(city, routes, c, i, o)
    routes.route_of[o] = c
    refresh(city, routes, c)


@inlined
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


@inlined
def may_serve(city: City, routes: Routes, c: int, o: int) -> bool:
    """Whether skills, bindings and the order's group let courier c serve order o."""
    order = city.orders[o]
    if order.bound >= 0 and order.bound != c:
        return False
    if order.skills & ~city.couriers[c].skills:
        return False
    keeper = group_courier(city, routes, o)
    return bool(keeper == NOWHERE) or bool(keeper == c)


@inlined
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
