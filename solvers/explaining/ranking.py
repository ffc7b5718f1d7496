"""Who could take an order, and at what cost, term by term."""

import numpy as np
from msgspec import Struct
from numba import njit

from solvers.check import visits
from solvers.kernels.boarding import may_serve, take_off
from solvers.kernels.borrowing import borrowed
from solvers.kernels.layout import city_of
from solvers.kernels.placement import best_place
from solvers.kernels.reach import Reach, bound_all, reach_of
from solvers.kernels.routes import FEW_STOPS, routes_of
from solvers.kernels.schedule import NOWHERE, City, Routes, refresh
from solvers.problem import Floats, Ints, Problem
from solvers.validation import check_problem


class Terms(Struct, frozen=True):
    """The change of each weighted term of J."""

    lateness: float
    freshness: float
    travel: float
    courier_time: float
    co2e: float
    disruption: float

    @property
    def total(self) -> float:
        """The change of J."""
        served = self.lateness + self.freshness + self.travel
        return served + self.courier_time + self.co2e + self.disruption

    def minus(self, other: "Terms") -> "Terms":
        """Term by term."""
        mine = [getattr(self, name) for name in self.__struct_fields__]
        theirs = [getattr(other, name) for name in self.__struct_fields__]
        return Terms(*(a - b for a, b in zip(mine, theirs, strict=True)))


class Offer(Struct, frozen=True):
    """One courier's cheapest way to take an order into the running route."""

    courier: int
    terms: Terms  # against the route without the order
    stops: list[int]  # the route with it
    pickup_s: float  # arrival at the store, seconds from now
    dropoff_s: float  # arrival at the door


def rank_couriers(problem: Problem, order: int, top: int = 5) -> list[Offer]:
    """The `top` cheapest couriers for an order, best first; fewer if fewer may take it.

    An order on the running plan is taken off first. None may be chosen for one that is on board
    or whose pickup is pinned. Raises ProblemError; IndexError for an unknown order.
    """
    if not 0 <= order < problem.orders:
        raise IndexError(order)
    check_problem(problem)
    city = city_of(problem)
    routes = routes_of(problem, city, spare=FEW_STOPS)
    if city.orders["anchored"][order]:
        return []
    if routes.route_of[order] != NOWHERE:
        courier = int(routes.route_of[order])
        take_off(city, routes, order)
        refresh(city, routes, courier)
    kept = min(top, len(city.couriers))
    cost, where = np.full(kept, np.inf), np.full((kept, 3), NOWHERE, np.int32)
    if kept:
        _cheapest(city, routes, reach_of(city, routes), order, cost, where)
    found = where[np.isfinite(cost)].tolist()
    return [_offer(problem, routes, order, c, i, j) for c, i, j in found]


def route_terms(problem: Problem, courier: int, stops: list[int]) -> Terms:
    """What one route contributes to each term of J."""
    p, w, n = problem, problem.weights, problem.orders
    published = np.full(2 * n, courier, np.int32)
    published[p.route_stops] = np.repeat(np.arange(p.couriers), np.diff(p.route_start))
    lateness = freshness = ride = end = 0.0
    for visit in visits(p, courier, stops):
        ride += visit.ride_s
        end = visit.depart_s
        if visit.stop >= n:
            o = visit.stop - n
            lateness += max(0.0, visit.arrive_s - float(p.due_s[o])) * float(p.priority[o])
            freshness += visit.arrive_s - float(p.ready_s[o])
    return Terms(
        lateness=w.lateness_per_s * lateness,
        freshness=w.freshness_per_s * freshness,
        travel=w.travel_per_s * ride,
        courier_time=w.courier_time_per_s * float(p.courier_cost[courier]) * end,
        co2e=w.co2e_per_g * float(p.courier_co2e[courier]) * ride,
        disruption=w.disruption_per_stop * int((published[stops] != courier).sum()),
    )


def _offer(problem: Problem, routes: Routes, order: int, c: int, i: int, j: int) -> Offer:
    without: list[int] = routes.seq["stop"][c, 1 : routes.length[c] + 1].tolist()
    stops = [*without[:i], order, *without[i:j], problem.orders + order, *without[j:]]
    arrive = {visit.stop: visit.arrive_s for visit in visits(problem, c, stops)}
    terms = route_terms(problem, c, stops).minus(route_terms(problem, c, without))
    return Offer(c, terms, stops, arrive[order], arrive[problem.orders + order])


@njit(nogil=True, cache=True)
def _cheapest(city: City, routes: Routes, reach: Reach, o: int, cost: Floats, where: Ints) -> None:
    """Fill the rows with the cheapest (courier, i, j), ascending; of equals the first courier."""
    city, routes, reach = borrowed(city), borrowed(routes), borrowed(reach)
    least, kept = reach.least, cost.shape[0]
    least[:] = -np.inf
    if city.metric:
        bound_all(city, reach, o)
    for turn in range(kept + least.shape[0]):
        # Those who promise most come first, so that most of the rest are not worth a look.
        c = int(np.argmin(least)) if turn < kept else turn - kept
        if least[c] <= cost[kept - 1] and least[c] < np.inf:
            least[c] = np.inf  # has been looked at
            if may_serve(city, routes, c, o):
                limit = np.nextafter(cost[kept - 1], np.inf)
                price, i, j = best_place(city, routes, c, o, limit)
                if price < limit:
                    _note(price, c, i, j, cost, where)


@njit(nogil=True, cache=True)
def _note(price: float, c: int, i: int, j: int, cost: Floats, where: Ints) -> None:
    k = cost.shape[0] - 1
    if price == cost[k] and where[k, 0] < c:
        return
    while k > 0 and (cost[k - 1] > price or (cost[k - 1] == price and where[k - 1, 0] > c)):
        cost[k] = cost[k - 1]
        where[k] = where[k - 1]
        k -= 1
    cost[k] = price
    where[k, 0], where[k, 1], where[k, 2] = c, i, j
